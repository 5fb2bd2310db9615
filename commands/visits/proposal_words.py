"""The words of a proposal: what was understood, and the one question that a date leaves open."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from commands.dates.reader import Span, Trouble, Why
from commands.reply import Block, Code, Inline, Items, Paragraph, Reply, Strong, items, paragraphs
from commands.visits.replies import Named, headline
from commands.words import Words


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to know about a date before it is asked about."""

    kind: str  # holiday, weekend, clash, overlap, same week
    days: tuple[date, ...] = ()
    name: str = ""  # of the holiday, the visit, the number
    who: tuple[str, ...] = ()  # cities or people


@dataclass(frozen=True, slots=True)
class Understood:
    """A proposal, before anybody is asked."""

    visit: Named
    dates: tuple[tuple[Span, tuple[Remark, ...]], ...]
    cities: tuple[str, ...]
    required: tuple[str, ...]
    deadline: datetime
    first: bool
    missing: tuple[str, ...] = ()  # cities without anybody in the room


def understood(words: Words, given: Understood) -> Reply:
    """The draft: nobody has been asked."""
    dated = tuple(
        ((Strong(words.days(span.start, span.last)),), *(_remark(words, one) for one in remarks))
        for span, remarks in given.dates
    )
    asked = words.listing(list(given.cities))
    blocks: list[Block] = [
        Paragraph(headline(words, given.visit)),
        Paragraph(words.say("This is what I understood. Nobody has been asked yet.")),
        Items(dated, ordered=True),
        items(
            words.say("Cities: {cities}", cities=asked),
            words.say("Must be able to come: {who}", who=words.listing(list(given.required))),
            *_first(words, given.first),
            words.say("Answers until {moment}", moment=words.moment(given.deadline)),
            *_nobody_here(words, given.missing),
        ),
        Paragraph(_what_next(words, given)),
    ]
    return Reply(tuple(blocks))


def _what_next(words: Words, given: Understood) -> Inline:
    begin, drop = given.visit.command("open"), given.visit.command("cancel")
    if given.first:
        return words.say(
            "✅ here, or {open}, asks them, and then everybody. {cancel} drops it. To change"
            " something, edit your message.",
            open=begin,
            cancel=drop,
        )
    return words.say(
        "✅ here, or {open}, asks everybody. {cancel} drops it. To change something, edit your"
        " message.",
        open=begin,
        cancel=drop,
    )


def _first(words: Words, first: bool) -> list[Inline]:
    return [words.say("These are asked first, in their direct chats.")] if first else []


def _nobody_here(words: Words, missing: Sequence[str]) -> list[Inline]:
    if not missing:
        return []
    names = words.listing(list(missing))
    return [words.say("Nobody of {cities} is in this room yet.", cities=names)]


def _remark(words: Words, remark: Remark) -> Inline:
    days = words.listing([words.days(day, day) for day in remark.days])
    who = words.listing(list(remark.who))
    match remark.kind:
        case "holiday":
            return words.say(
                "🎉 {name} in {cities}, {days}", name=remark.name, cities=who, days=days
            )
        case "weekend":
            return words.say("🛌 at a weekend: {days}", days=days)
        case "clash":
            return words.say(
                "⚠️ {who} is booked for {visit}, {days}", who=who, visit=remark.name, days=days
            )
        case "week":
            return words.say("📅 {visit} is in the same week", visit=remark.name)
        case _:
            return words.say("↔️ overlaps date {number}", number=remark.name)


def which_date(words: Words, trouble: Trouble) -> Reply:
    """One clear question about a date that cannot be taken as it stands."""
    return paragraphs(_trouble(words, trouble), _again(words))


def _again(words: Words) -> Inline:
    return words.say("Edit your message, or send it again.")


def _trouble(words: Words, trouble: Trouble) -> Inline:
    typed = Code(trouble.typed)
    days = [words.days(day, day) for day in trouble.candidates]
    match trouble.why:
        case Why.IMPOSSIBLE:
            return words.say("{typed} is not in the calendar. Which day do you mean?", typed=typed)
        case Why.PAST:
            return words.say(
                "{day} has gone by. Which day do you mean?",
                day=Strong("".join(days) or trouble.typed),
            )
        case Why.FAR:
            return words.say("{day} is years ahead. Do you mean that?", day=Strong("".join(days)))
        case Why.WEEKDAY:
            return words.say(
                "{typed} does not fit: that day is {day}. Which do you mean?",
                typed=typed,
                day=Strong("".join(days)),
            )
        case Why.AMBIGUOUS:
            return words.say(
                "Is {typed} {one} or {other}?",
                typed=typed,
                one=Strong(days[0]),
                other=Strong(days[-1]),
            )
        case Why.BACKWARDS:
            return words.say("{typed} ends before it begins. Which days do you mean?", typed=typed)
        case Why.LONG:
            return words.say("{typed} is longer than a month. Which days do you mean?", typed=typed)
        case Why.UNREADABLE:
            return words.say(
                "I can't read {typed} as a date. Try {one} or {other}.",
                typed=typed,
                one=Code("9-11 March"),
                other=Code("2027-03-09"),
            )


def no_dates(words: Words, example: str) -> Reply:
    return paragraphs(words.say("Which dates? For example {example}.", example=Code(example)))


def same_dates(words: Words, span: Span) -> Reply:
    day = Strong(words.days(span.start, span.last))
    return paragraphs(words.say("{day} is there twice. Which other date do you mean?", day=day))


def too_many_dates(words: Words, most: int) -> Reply:
    return paragraphs(
        words.plural(
            "Ask about {number} date at most; five or six are answered best.",
            "Ask about {number} dates at most; five or six are answered best.",
            most,
        )
    )


def late_deadline(words: Words, deadline: datetime, first: date) -> Reply:
    return paragraphs(
        words.say(
            "Answers until {deadline} come too late for {day}. An earlier deadline, or later"
            " dates?",
            deadline=words.moment(deadline),
            day=words.days(first, first),
        ),
        _again(words),
    )


def quorum_too_large(words: Words, cities: int) -> Reply:
    return paragraphs(
        words.plural(
            "Only {number} city is asked, so that many can never come.",
            "Only {number} cities are asked, so that many can never come.",
            cities,
        )
    )


def opened(words: Words, visit: Named, *, first: bool) -> Reply:
    if first:
        return paragraphs(
            words.say("{name}: those who must come are asked first.", name=visit.name)
        )
    return paragraphs(words.say("{name}: everybody is asked now.", name=visit.name))


def dropped(words: Words, visit: Named) -> Reply:
    return paragraphs(words.say("{name} is dropped. Nobody was asked.", name=visit.name))

"""The words of a decision: what was decided, for calendars, and what stands in its way."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.dates.reader import Span
from commands.reply import Code, Inline, Mention, Reply, Strong, join, paragraphs
from commands.visits.replies import Named, headline, named_in_turn
from commands.words import Words


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided, for all to read."""

    visit: Named
    span: Span
    comes: tuple[str, ...]  # names of parties
    people: tuple[Mention, ...] = ()
    override: str = ""


def decided(words: Words, given: Decision) -> Reply:
    lines = [
        join(
            headline(words, given.visit),
            " · ",
            words.say(
                "decided: {days}", days=Strong(words.days(given.span.start, given.span.last))
            ),
        )
    ]
    if given.comes:
        lines.append(words.say("Who comes: {who}", who=words.listing(list(given.comes))))
    if given.override:
        lines.append(words.say("Decided all the same, because: {why}", why=given.override))
    if given.people:
        who = named_in_turn(given.people)
        lines.append(words.say("Please keep these days free: {who}", who=who))
    return paragraphs(*lines)


def calendar_caption(words: Words, visit: Named, revision: int, link: Inline) -> Reply:
    """A human sentence beside the file; corrected files say what to do with the old entry."""
    first = words.say("{visit}, for your calendar. {link}", visit=headline(words, visit), link=link)
    if not revision:
        return paragraphs(first)
    return paragraphs(
        first,
        words.say(
            "It replaces revision {number}. Many calendars do not update by themselves: delete the"
            " old entry, then open this one.",
            number=revision - 1,
        ),
    )


def summary(words: Words, visit: Named) -> str:
    """What a calendar shows in its grid."""
    if visit.title:
        return words.text("{host}: {title}", host=visit.host, title=visit.title)
    return words.text("Visit to {host}", host=visit.host)


def who_comes(words: Words, who: Sequence[str]) -> str:
    return words.text("Who comes: {who}", who=words.listing(list(who)))


def local_time(words: Words, at: datetime, zone: str) -> str:
    """Calendars are told the moment in UTC; people, what their host's clock shows then."""
    return words.text("{moment} in {zone}", moment=words.moment(at), zone=zone)


def google(words: Words) -> str:
    return words.text("Without a file: Google Calendar")


def needs_a_reason(words: Words, visit: Named, number: int, who: Sequence[str]) -> Reply:
    return paragraphs(
        words.say(
            "{who} cannot on date {number}. If it is to be that date all the same, say why:"
            " {example}",
            who=words.listing(list(who)),
            number=number,
            example=_because(words, visit, "confirm", str(number)),
        )
    )


def move_needs_a_reason(words: Words, visit: Named, span: Span, who: Sequence[str]) -> Reply:
    return paragraphs(
        words.say(
            "{who} cannot on {days}. If it is to be these days all the same, say why: {example}",
            who=words.listing(list(who)),
            days=words.days(span.start, span.last),
            example=_because(words, visit, "move", span.start.isoformat()),
        )
    )


def _because(words: Words, visit: Named, verb: str, date: str) -> Code:
    return visit.command(verb, f' {date} because:"{words.text("the reason")}"')


def one_date(words: Words, visit: Named) -> Reply:
    return paragraphs(
        words.say(
            "{name} can be moved to one date alone. {reopen} asks about several.",
            name=visit.name,
            reopen=visit.command("reopen", " …"),
        )
    )


def choose_one(words: Words, visit: Named, numbers: Sequence[int]) -> Reply:
    return paragraphs(
        words.say(
            "Which date? {numbers} are possible. For example {example}.",
            numbers=words.listing([str(n) for n in numbers]),
            example=visit.command("confirm", f" {numbers[0]}" if numbers else " 1"),
        )
    )


def already_decided(words: Words, visit: Named, span: Span) -> Reply:
    """Somebody was quicker, perhaps with another date."""
    return paragraphs(
        words.say(
            "{name} is decided: {days}. {move} changes it.",
            name=visit.name,
            days=Strong(words.days(span.start, span.last)),
            move=visit.command("move", " …"),
        )
    )


def clash_appeared(
    words: Words, visit: Named, number: int, other: Named, who: Sequence[str]
) -> Reply:
    return paragraphs(
        words.say(
            "{name}: date {number} now clashes with {other}, which takes {who}.",
            name=visit.name,
            number=number,
            other=headline(words, other),
            who=words.listing(list(who)),
        )
    )

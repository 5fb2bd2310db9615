"""The words about finding a date: what was understood, the card, the result, and refusals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from commands.dates.reader import Span, Trouble, Why
from commands.dates.rules import (
    Because,
    Choice,
    Standing,
    Status,
    Value,
    Voice,
    smallest_obstacle,
)
from commands.reply import (
    Block,
    Code,
    Heading,
    Inline,
    Items,
    Mention,
    Paragraph,
    Reply,
    Strong,
    items,
    join,
    paragraphs,
)
from commands.words import N_, Words

VALUES = {Value.YES: N_("Yes"), Value.MAYBE: N_("If need be"), Value.NO: N_("No")}
SIGNS = {Value.YES: "✅", Value.MAYBE: "🟡", Value.NO: "❌"}
STATUSES = {
    Status.POSSIBLE: N_("✅ possible"),
    Status.WAITING: N_("⏳ waiting"),
    Status.OUT: N_("⛔ out"),
}


@dataclass(frozen=True, slots=True)
class Named:
    """A visit as it is spoken of."""

    name: str  # "V-3"
    host: str  # the city's name
    title: str = ""
    sign: str = "!"  # what commands begin with where it is read

    def command(self, verb: str, more: str = "") -> Code:
        return Code(f"{self.sign}visit {verb} {self.name}{more}")


def headline(words: Words, visit: Named) -> Inline:
    if visit.title:
        return words.say(
            "{name}: {host} hosts “{title}”",
            name=Strong(visit.name),
            host=visit.host,
            title=visit.title,
        )
    return words.say("{name}: a visit to {host}", name=Strong(visit.name), host=visit.host)


# ── what was understood ───────────────────────────────────────────────────────────────────────


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
        Paragraph(
            words.say(
                "✅ here, or {open}, asks everybody. {cancel} drops it. To change something,"
                " edit your message.",
                open=given.visit.command("open"),
                cancel=given.visit.command("cancel"),
            )
        ),
    ]
    return Reply(tuple(blocks))


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


# ── questions about what was typed ────────────────────────────────────────────────────────────


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


def unknown_visit(words: Words, typed: str) -> Reply:
    """Missing and forbidden read the same."""
    return paragraphs(
        words.say(
            "I don't know {typed} here. {list} shows the visits.",
            typed=Code(typed),
            list=Code("!visit list"),
        )
    )


def which_visit(words: Words, visits: Sequence[Named], example: str) -> Reply:
    lines = [headline(words, one) for one in visits]
    question = words.say("Which visit? For example {example}.", example=Code(example))
    if not lines:
        return paragraphs(words.say("There is no visit to speak of here."), question)
    return Reply((Paragraph(question), items(*lines)))


def not_in_this_state(words: Words, visit: Named, state: str) -> Reply:
    return paragraphs(
        join(headline(words, visit), ". ", words.say(STATES[state])),
    )


STATES = {
    "draft": N_("Nobody has been asked yet."),
    "asking": N_("Those who must come are asked first."),
    "polling": N_("Its dates are being asked."),
    "closing": N_("Its dates are being counted."),
    "closed": N_("Its dates are counted, and wait for somebody to decide."),
    "confirmed": N_("Its date is decided."),
    "postponed": N_("It is postponed; new dates can be asked about."),
    "held": N_("It has taken place."),
    "reported": N_("It has taken place, and its report is final."),
    "followed-up": N_("It has taken place, and what came of it was reviewed."),
    "cancelled": N_("It is cancelled."),
}


def not_yours_to_decide(words: Words, visit: Named) -> Reply:
    return paragraphs(
        words.say(
            "That is for coordinators and for the city lead of {host}. One of them can do it.",
            host=visit.host,
        )
    )


# ── votes ─────────────────────────────────────────────────────────────────────────────────────


def unread_vote(words: Words, typed: str, numbers: Sequence[int], sign: str) -> Reply:
    known = words.listing([str(number) for number in numbers])
    return paragraphs(
        words.say("I can't read {typed} as an answer.", typed=Code(typed)),
        words.say(
            "The dates are {numbers}. Write {one} or {other}.",
            numbers=known,
            one=Code(f"{sign}vote 1 yes 2 maybe 3 no"),
            other=Code(f"{sign}vote yes 1 3"),
        ),
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is written down of one vote."""

    visit: Named
    parties: tuple[str, ...]  # names of those it counts for
    said: tuple[tuple[int, Value], ...]  # all that counts of this person now
    deadline: datetime
    by_proxy: bool = False


def receipt(words: Words, given: Receipt) -> Reply:
    said = "  ".join(f"{number} {SIGNS[value]}" for number, value in given.said)
    if not given.parties:
        return paragraphs(
            words.say("Noted, {name}: {said}", name=given.visit.name, said=said),
            words.say(
                "I don't know which city you speak for, so it is not counted. A coordinator can"
                " tell me, or {example} says it.",
                example=Code(
                    f"{given.visit.sign}vote {given.visit.name} city:{given.visit.host} …"
                ),
            ),
        )
    return paragraphs(
        words.say(
            "Noted for {who}: {said}. You can change it until {deadline}.",
            who=words.listing(list(given.parties)),
            said=said,
            deadline=words.moment(given.deadline),
        )
    )


def vote_too_late(words: Words, visit: Named, closed: datetime) -> Reply:
    return paragraphs(
        words.say(
            "The dates of {name} closed on {moment}.", name=visit.name, moment=words.moment(closed)
        ),
        words.say("{reopen} asks again.", reopen=visit.command("reopen")),
    )


def not_a_speaker(words: Words, city: str) -> Reply:
    return paragraphs(
        words.say("For {city} its own people answer, its city lead, or a coordinator.", city=city)
    )


# ── the card ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Card:
    """A visit as its room sees it, pinned."""

    visit: Named
    state: str
    names: Mapping[str, str]  # of parties, by key
    choice: Choice | None = None
    deadline: datetime | None = None
    silent: tuple[str, ...] = ()  # names
    decided: Span | None = None
    comes: tuple[str, ...] = ()  # names, once it is decided
    place: str = ""
    online: datetime | None = None
    override: str = ""
    tasks: tuple[tuple[str, str, date | None, bool], ...] = ()  # text, owner, due, done
    agenda: tuple[tuple[date | None, str], ...] = ()
    delegations: tuple[tuple[str, int], ...] = ()
    travel: tuple[str, ...] = ()


def card(words: Words, given: Card) -> Reply:
    blocks: list[Block] = [Heading(headline(words, given.visit))]
    if given.decided is not None:
        blocks += _decided(words, given)
    else:
        blocks.append(Paragraph(_state_line(words, given)))
        if given.choice is not None:
            blocks.append(_dates(words, given.choice, given.names))
        if given.silent and given.state in ("polling", "asking"):
            who = words.listing(list(given.silent))
            blocks.append(Paragraph(words.say("Not answered yet: {who}", who=who)))
        if given.state == "polling":
            blocks.append(
                Paragraph(
                    words.say(
                        "Answer in the polls in this thread, with {vote}, or with 1️⃣ 2️⃣ … here"
                        " (yes). The latest counts.",
                        vote=Code(f"{given.visit.sign}vote {given.visit.name} 1 yes 2 maybe 3 no"),
                    )
                )
            )
    return Reply(tuple(blocks))


def _state_line(words: Words, given: Card) -> Inline:
    if given.state == "polling" and given.deadline is not None:
        return words.say(
            "Which dates suit you? Until {moment}.", moment=words.moment(given.deadline)
        )
    return words.say(STATES[given.state])


def _decided(words: Words, given: Card) -> list[Block]:
    assert given.decided is not None
    lines: list[Inline] = []
    if given.online is not None:
        lines.append(words.say("Online, on {moment}", moment=words.moment(given.online)))
    if given.place:
        lines.append(words.say("Where: {place}", place=given.place))
    if given.comes:
        lines.append(words.say("Who comes: {who}", who=words.listing(list(given.comes))))
    for city, count in given.delegations:
        lines.append(
            words.plural(
                "{city} sends {number} person", "{city} sends {number} people", count, city=city
            )
        )
    if given.override:
        lines.append(words.say("Decided all the same, because: {why}", why=given.override))
    lines += [words.say("Travel: {text}", text=text) for text in given.travel]
    day = words.days(given.decided.start, given.decided.last)
    blocks: list[Block] = [Paragraph(join(Strong(day), ". ", words.say(STATES[given.state])))]
    if lines:
        blocks.append(items(*lines))
    if given.agenda:
        blocks.append(Heading(words.say("Agenda")))
        blocks.append(items(*(_agenda_line(words, when, text) for when, text in given.agenda)))
    if given.tasks:
        blocks.append(Heading(words.say("Checklist")))
        blocks.append(items(*(_task(words, *task) for task in given.tasks)))
    return blocks


def _agenda_line(words: Words, when: date | None, text: str) -> Inline:
    shown = Strong(text) if text else words.say("(taken back)")
    return join(shown) if when is None else join(words.days(when, when), ": ", shown)


def _task(words: Words, text: str, owner: str, due: date | None, done: bool) -> Inline:
    mark = "☑ " if done else "☐ "
    shown: Inline = join(text) if text else words.say("(taken back)")
    if due is not None and not done:
        return join(mark, shown, " · ", owner, " · ", words.days(due, due))
    return join(mark, shown, " · ", owner)


def _dates(words: Words, choice: Choice, names: Mapping[str, str]) -> Items:
    """Each date with its standing and the reason, in the order of their numbers."""
    inorder = sorted(choice.standings, key=lambda s: s.option.number)
    lines = tuple(
        (
            join(
                Strong(words.days(s.option.span.start, s.option.span.last)),
                "  ",
                words.say(STATUSES[s.status]),
            ),
            _counts(words, s),
            *_why(words, s, names),
        )
        for s in inorder
    )
    return Items(lines, ordered=True, start=inorder[0].option.number if inorder else 1)


def _counts(words: Words, s: Standing) -> Inline:
    told = words.plural(
        "{comes} of {number} city", "{comes} of {number} cities", s.of, comes=s.comes
    )
    if s.maybe:
        kinds = words.say("{maybe} only if need be", maybe=s.maybe)
        told = join(told, " (", kinds, ")")
    if s.no:
        told = join(told, " · ", words.plural("{number} no", "{number} no", s.no))
    if s.silent:
        told = join(told, " · ", words.plural("{number} silent", "{number} silent", s.silent))
    return told


def _why(words: Words, s: Standing, names: Mapping[str, str]) -> list[Inline]:
    told: list[Inline] = []
    for reason in s.reasons:
        who = words.listing([names.get(key, key) for key in reason.parties])
        told.append(_because(words, reason.because, who, len(reason.parties)))
    for key, voice in s.voices.items():
        if voice.others and voice.value is not None:
            told.append(_contested(words, names, key, voice))
    return told


def _contested(words: Words, names: Mapping[str, str], key: str, voice: Voice) -> Inline:
    """Conflicts are shown, never averaged: "Gdańsk: If need be (Ola; Jan: No)"."""
    assert voice.value is not None
    others = [
        words.text(
            "{person}: {value}",
            person=names.get(one.person, one.person),
            value=words.text(VALUES[one.value]),
        )
        for one in voice.others
    ]
    return words.say(
        "{city}: {value} ({person}; {others})",
        city=names.get(key, key),
        value=words.text(VALUES[voice.value]),
        person=names.get(voice.by or "", voice.by or ""),
        others=words.listing(others),
    )


def _because(words: Words, because: Because, who: str, count: int) -> Inline:
    match because:
        case Because.PAST:
            return words.say("it begins too soon")
        case Because.WITHDRAWN:
            return words.say("it was withdrawn")
        case Because.REFUSED:
            return words.say("{who} cannot", who=who)
        case Because.TOO_FEW:
            return words.say("too few cities can")
        case Because.SILENT:
            return words.plural(
                "{who} must come and has not answered",
                "{who} must come and have not answered",
                count,
                who=who,
            )
        case Because.QUORUM:
            return words.say("not enough cities have said yes yet")


# ── the result ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Result:
    """What the count came to."""

    visit: Named
    choice: Choice
    names: Mapping[str, str]
    closed: datetime
    planned: datetime | None = None  # if it was to close at another time


def result(words: Words, given: Result) -> Reply:
    """Explained date by date; a pure function of electorate, ledger and the moment of closing."""
    choice = given.choice
    blocks: list[Block] = [
        Paragraph(join(headline(words, given.visit), " · ", _closed(words, given))),
        _dates(words, choice, given.names),
        Paragraph(_suggestion(words, given)),
    ]
    for hoped, missing in choice.would_win:
        who = words.listing([given.names.get(key, key) for key in missing])
        blocks.append(
            Paragraph(
                words.plural(
                    "Date {date} would win with {number} city if {who} can come.",
                    "Date {date} would win with {number} cities if {who} can come.",
                    hoped.comes,
                    date=hoped.option.number,
                    who=who,
                )
            )
        )
    reopen = given.visit.command("reopen", " …")
    if choice.winner is not None:
        blocks.append(
            Paragraph(
                words.say(
                    "✅ here, or {confirm}, decides it; {reopen} asks about other dates.",
                    confirm=given.visit.command("confirm"),
                    reopen=reopen,
                )
            )
        )
    else:
        number = choice.best[0].option.number if choice.best else 1
        blocks.append(
            Paragraph(
                words.say(
                    "{confirm} decides one; {reopen} asks about other dates.",
                    reopen=reopen,
                    confirm=given.visit.command("confirm", f" {number}"),
                )
            )
        )
    return Reply(tuple(blocks))


def _closed(words: Words, given: Result) -> Inline:
    closed = words.moment(given.closed)
    if given.planned is None:
        return words.say("closed on {moment}", moment=closed)
    planned = words.moment(given.planned)
    return words.say("closed on {moment} (planned: {planned})", moment=closed, planned=planned)


def _suggestion(words: Words, given: Result) -> Inline:
    choice = given.choice
    if not choice.best:
        return _nothing_works(words, given)
    best = choice.best[0]
    day = Strong(words.days(best.option.span.start, best.option.span.last))
    if len(choice.best) > 1:
        numbers = words.listing([str(s.option.number) for s in choice.best])
        return words.say(
            "Dates {numbers} are level. The earlier one, {day}, is only a suggestion.",
            numbers=numbers,
            day=day,
        )
    return words.say(
        "Suggested: date {number}, {day}, because {why}.",
        number=best.option.number,
        day=day,
        why=_better(words, choice),
    )


def _better(words: Words, choice: Choice) -> Inline:
    best, *rest = choice.standings
    second = next((s for s in rest if s.status is Status.POSSIBLE), None)
    if second is None:
        return words.say("it is the only possible one")
    if best.comes != second.comes:
        return words.say("most cities can come")
    if best.hesitant != second.hesitant:
        return words.say("it suits those who must come best")
    if best.yes != second.yes:
        return words.say("most cities say yes to it")
    return words.say("fewest cities say no to it")


def _nothing_works(words: Words, given: Result) -> Inline:
    nearest = smallest_obstacle(given.choice)
    if nearest is None:
        return words.say("No date works as things stand.")
    who = words.listing([given.names.get(k, k) for r in nearest.reasons for k in r.parties])
    return words.say(
        "No date works. Nearest is date {number}: only {who} cannot.",
        number=nearest.option.number,
        who=who,
    )


def extended(words: Words, visit: Named, who: Sequence[Mention | str], until: datetime) -> Reply:
    """Once, because a required party is silent and a date hangs on it."""
    names: Inline = ()
    for place, one in enumerate(who):
        names = join(names, ", " if place else "", one)
    return paragraphs(
        words.say(
            "{name} waits once more, until {moment}: a date hangs on the answer of {who}.",
            name=visit.name,
            moment=words.moment(until),
            who=names,
        )
    )


def please_answer(words: Words, visit: Named, who: Sequence[Mention]) -> Reply:
    """Under the card, so that a poll rings at all: homeservers let polls notify nobody."""
    names: Inline = ()
    for place, one in enumerate(who):
        names = join(names, ", " if place else "", one)
    return paragraphs(
        words.say("Please answer for your city: {who}. One tap a date will do.", who=names)
    )


def poll_question(words: Words, span: Span, number: int) -> str:
    return words.text(
        "{number}. {days}: can your city come?",
        number=number,
        days=words.days(span.start, span.last),
    )


def poll_answers(words: Words) -> dict[Value, str]:
    return {value: words.text(text) for value, text in VALUES.items()}


def poll_over(words: Words, visit: Named) -> str:
    return words.text("The dates of {name} are being counted.", name=visit.name)


def reminder(
    words: Words, visit: Named, dates: Sequence[tuple[int, Span]], until: datetime
) -> Reply:
    """To somebody whose city has not answered, in their direct chat."""
    return Reply(
        (
            Paragraph(
                words.say(
                    "{visit}: your answer is still missing, and dates close on {moment}.",
                    visit=headline(words, visit),
                    moment=words.moment(until),
                )
            ),
            Items(
                tuple(((Strong(words.days(s.start, s.last)),),) for _n, s in dates), ordered=True
            ),
            Paragraph(
                words.say(
                    "Write {one} or {other} here.",
                    one=Code(f"vote {visit.name} 1 yes 2 maybe"),
                    other=Code(f"vote {visit.name} yes 1"),
                )
            ),
        )
    )


def asked_first(
    words: Words, visit: Named, dates: Sequence[tuple[int, Span]], until: datetime
) -> Reply:
    """To those who must come, before the room hears of any date."""
    return Reply(
        (
            Paragraph(
                words.say(
                    "{visit}. You are asked first, until {moment}: a date that you refuse never"
                    " reaches the room.",
                    visit=headline(words, visit),
                    moment=words.moment(until),
                )
            ),
            Items(
                tuple(((Strong(words.days(s.start, s.last)),),) for _n, s in dates), ordered=True
            ),
            Paragraph(
                words.say("Write {one} here.", one=Code(f"vote {visit.name} 1 yes 2 maybe 3 no"))
            ),
        )
    )


def opened(words: Words, visit: Named, *, first: bool) -> Reply:
    if first:
        return paragraphs(
            words.say("{name}: those who must come are asked first.", name=visit.name)
        )
    return paragraphs(words.say("{name}: everybody is asked now.", name=visit.name))


def none_left(words: Words, visit: Named, who: Sequence[str]) -> Reply:
    """Those asked first refused every date."""
    return paragraphs(
        words.say(
            "{visit}: no date suits all who must come ({who}).",
            visit=headline(words, visit),
            who=words.listing(list(who)),
        ),
        words.say("{reopen} asks about others.", reopen=visit.command("reopen", " …")),
    )


# ── decided, and changed ──────────────────────────────────────────────────────────────────────


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
    names: Inline = ()
    for place, one in enumerate(given.people):
        names = join(names, ", " if place else "", one)
    if names:
        lines.append(names)
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
    because = words.text("the reason")
    return paragraphs(
        words.say(
            "{who} cannot on date {number}. If it is to be that date all the same, say why:"
            " {example}",
            who=words.listing(list(who)),
            number=number,
            example=visit.command("confirm", f' {number} because:"{because}"'),
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


def moved(words: Words, visit: Named, before: Span, now: Span, who: Sequence[Mention]) -> Reply:
    names: Inline = ()
    for place, one in enumerate(who):
        names = join(names, ", " if place else "", one)
    lines = [
        words.say(
            "{visit} is moved from {before} to {now}.",
            visit=headline(words, visit),
            before=words.days(before.start, before.last),
            now=Strong(words.days(now.start, now.last)),
        )
    ]
    if names:
        lines.append(words.say("Can you still come? {who}", who=names))
    return paragraphs(*lines)


def cancelled(words: Words, visit: Named, why: str) -> Reply:
    told = words.say("{visit} is cancelled.", visit=headline(words, visit))
    if not why:
        return paragraphs(told)
    return paragraphs(told, words.say("Because: {why}", why=why))


def dropped(words: Words, visit: Named) -> Reply:
    return paragraphs(words.say("{name} is dropped. Nobody was asked.", name=visit.name))


def postponed(words: Words, visit: Named) -> Reply:
    return paragraphs(
        words.say("{visit} is postponed.", visit=headline(words, visit)),
        words.say("{reopen} asks about new dates.", reopen=visit.command("reopen", " …")),
    )


def online(words: Words, visit: Named, at: datetime) -> Reply:
    return paragraphs(
        words.say(
            "{visit} is held online, on {moment}.",
            visit=headline(words, visit),
            moment=Strong(words.moment(at)),
        )
    )


def host_changed(words: Words, visit: Named) -> Reply:
    return paragraphs(
        words.say("{name}: {host} is the host now.", name=visit.name, host=visit.host)
    )


def soon(words: Words, visit: Named, days: int, span: Span, undone: Sequence[str]) -> Reply:
    """So many days before a visit: what is still to do."""
    told = words.plural(
        "{visit} is in {number} day, {days}.",
        "{visit} is in {number} days, {days}.",
        days,
        visit=headline(words, visit),
        days=words.days(span.start, span.last),
    )
    if not undone:
        return paragraphs(told)
    return Reply(
        (
            Paragraph(join(told, " ", words.say("Still to do:"))),
            items(*((join(one)) for one in undone)),
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


# ── lists ─────────────────────────────────────────────────────────────────────────────────────


def visit_list(words: Words, visits: Sequence[tuple[Named, str, Span | None]]) -> Reply:
    if not visits:
        return paragraphs(
            words.say("No visits yet."),
            words.say("{propose} begins one.", propose=Code("!visit propose")),
        )
    lines = []
    for visit, state, span in visits:
        when = () if span is None else (" · ", words.days(span.start, span.last))
        lines.append(join(headline(words, visit), *when, " · ", words.say(STATES[state])))
    return Reply((items(*lines),))


def reminded(words: Words, visit: Named, count: int) -> Reply:
    if not count:
        return paragraphs(words.say("{name}: nobody is left to remind.", name=visit.name))
    return paragraphs(
        words.plural(
            "{name}: {number} person is reminded, in the direct chat.",
            "{name}: {number} people are reminded, in their direct chats.",
            count,
            name=visit.name,
        )
    )


def speaker_set(words: Words, city: str, person: str) -> Reply:
    return paragraphs(words.say("{person} speaks for {city} now.", person=person, city=city))

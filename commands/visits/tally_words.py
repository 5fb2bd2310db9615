"""The words of a count: each date with its standing and its reason, and what follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.dates.reader import Span
from commands.dates.rules import Because, Choice, Standing, Status, Value, Voice, smallest_obstacle
from commands.reply import Block, Inline, Items, Mention, Paragraph, Reply, Strong, join, paragraphs
from commands.visits.replies import Named, headline, named_in_turn
from commands.words import N_, Words

PUNCTUAL = timedelta(minutes=1)  # a close within it is as planned

VALUES = {Value.YES: N_("Yes"), Value.MAYBE: N_("If need be"), Value.NO: N_("No")}
SIGNS = {Value.YES: "✅", Value.MAYBE: "🟡", Value.NO: "❌"}
STATUSES = {
    Status.POSSIBLE: N_("✅ possible"),
    Status.WAITING: N_("⏳ waiting"),
    Status.OUT: N_("⛔ out"),
}


def dates(words: Words, choice: Choice, names: Mapping[str, str]) -> Items:
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


@dataclass(frozen=True, slots=True)
class Result:
    """What the count came to."""

    visit: Named
    choice: Choice
    names: Mapping[str, str]
    closed: datetime
    planned: datetime | None = None  # if it was to close at another time
    unread: int = 0  # answers that came encrypted, without their key
    deciders: tuple[Mention, ...] = ()
    free: tuple[Span, ...] = ()  # days ahead on which nothing is known to be, if no date works


def result(words: Words, given: Result) -> Reply:
    """Explained date by date; a pure function of electorate, ledger and the moment of closing."""
    choice = given.choice
    blocks: list[Block] = [
        Paragraph(join(headline(words, given.visit), " · ", _closed(words, given))),
        dates(words, choice, given.names),
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
    if given.unread:
        blocks.append(
            Paragraph(
                words.plural(
                    "{number} answer could not be read: its key is missing.",
                    "{number} answers could not be read: their keys are missing.",
                    given.unread,
                )
            )
        )
    if given.free:
        blocks.append(Paragraph(_free(words, given)))
    reopen = given.visit.command("reopen", " …")
    if choice.winner is not None:
        blocks.append(
            Paragraph(
                _to_whom(
                    words,
                    given,
                    words.say(
                        "✅ here, or {confirm}, decides it; {reopen} asks about other dates.",
                        confirm=given.visit.command("confirm"),
                        reopen=reopen,
                    ),
                )
            )
        )
    else:
        number = choice.best[0].option.number if choice.best else 1
        blocks.append(
            Paragraph(
                _to_whom(
                    words,
                    given,
                    words.say(
                        "{confirm} decides one; {reopen} asks about other dates.",
                        reopen=reopen,
                        confirm=given.visit.command("confirm", f" {number}"),
                    ),
                )
            )
        )
    return Reply(tuple(blocks))


def _to_whom(words: Words, given: Result, told: Inline) -> Inline:
    """What is to be done, with those before it who can do it."""
    if not given.deciders:
        return told
    return words.say("{who}: {told}", who=named_in_turn(given.deciders), told=told)


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


def _free(words: Words, given: Result) -> Inline:
    days = [words.days(span.start, span.last) for span in given.free]
    dates = ", ".join(
        span.start.isoformat()
        if span.start == span.last
        else f"{span.start.isoformat()} - {span.last.isoformat()}"
        for span in given.free
    )
    return words.say(
        "Free as far as I know: {days}. {reopen} asks about them.",
        days=words.listing(days),
        reopen=given.visit.command("reopen", f" {dates}"),
    )


def recounted(words: Words, visit: Named, best: Sequence[int]) -> Reply:
    """A vote came late that was cast in time, or one was taken back: the outcome is another."""
    numbers = words.listing([str(number) for number in best])
    if not best:
        return paragraphs(
            words.say("{name} is counted anew: no date works any more.", name=visit.name)
        )
    return paragraphs(
        words.plural(
            "{name} is counted anew, for the votes have changed: now date {numbers} is best.",
            "{name} is counted anew, for the votes have changed: now dates {numbers} are level.",
            len(best),
            name=visit.name,
            numbers=numbers,
        )
    )


def _better(words: Words, choice: Choice) -> Inline:
    best, *rest = choice.standings
    second = next((s for s in rest if s.status is Status.POSSIBLE), None)
    if second is None:
        return words.say("it is the only possible one")
    if best.comes != second.comes:
        return words.say("most cities can come")
    if best.hesitant != second.hesitant:
        return words.say("it suits best those who must come")
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

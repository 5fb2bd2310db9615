"""Which of several dates suits: parties with one voice each, hard conditions first, then an order.

It knows nothing of visits: a party is whoever must, or may, be able to come.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum, StrEnum

from commands.dates.reader import Span
from storage.records import UserId


class Value(StrEnum):
    """What a voice says to a date; a silent one is not a no."""

    YES = "yes"
    MAYBE = "maybe"  # if need be
    NO = "no"


COMES = frozenset({Value.YES, Value.MAYBE})


@dataclass(frozen=True, slots=True)
class Party:
    """One voice: a city, or somebody who must be there."""

    key: str  # "city/havnvoll", "facilitator"
    people: tuple[UserId, ...] = ()  # who may answer for it
    contact: UserId | None = None  # whose answer goes before any other
    required: bool = False
    counts: bool = True  # False: present, but no city

    def has(self, person: UserId) -> bool:
        return person in self.people or person == self.contact


@dataclass(frozen=True, slots=True)
class Option:
    """A date to choose, by its number in the list."""

    number: int
    span: Span
    refused_by: str | None = None  # key of a party that was asked first and cannot
    withdrawn: bool = False
    closed_at: datetime | None = None  # votes of that very moment still count


# ── one ledger ────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Vote:
    """What somebody said to one date, by whatever way; value None: they took it back."""

    event_id: str
    option: int
    person: UserId
    at: datetime
    value: Value | None
    party: str | None = None  # said for that party, by somebody who stands in for it
    seq: int = 0  # order of arrival, between votes of the same moment


@dataclass(frozen=True, slots=True)
class Said:
    """The answer that counts of one person."""

    person: UserId
    value: Value
    at: datetime


@dataclass(frozen=True, slots=True)
class Voice:
    """What a party says to a date, and who of it says otherwise."""

    value: Value | None = None
    by: UserId | None = None
    others: tuple[Said, ...] = ()  # other answers of its people that differ


def fold(votes: Sequence[Vote], closes: Mapping[int, datetime | None]) -> dict[
    tuple[int, UserId, str | None], Said
]:  # fmt: skip
    """The latest word of each person on each date, whatever order they came in.

    Votes later than their date's close are as if they had never been; exactly at it they count.
    """
    latest: dict[tuple[int, UserId, str | None], Vote] = {}
    for vote in votes:
        close = closes.get(vote.option)
        if close is not None and vote.at > close:
            continue
        key = (vote.option, vote.person, vote.party)
        known = latest.get(key)
        if known is None or _order(vote) > _order(known):
            latest[key] = vote
    return {
        key: Said(vote.person, vote.value, vote.at)
        for key, vote in latest.items()
        if vote.value is not None
    }


def _order(vote: Vote) -> tuple[datetime, int, str]:
    return vote.at, vote.seq, vote.event_id


def voice_of(
    party: Party, option: int, said: Mapping[tuple[int, UserId, str | None], Said]
) -> Voice:
    """The contact's answer if there is one, else the latest of anybody who may answer."""
    mine = [
        answer
        for (number, person, named), answer in said.items()
        if number == option and (named == party.key or (named is None and party.has(person)))
    ]
    if not mine:
        return Voice()
    mine.sort(key=lambda one: (one.at, one.person))
    of_contact = [one for one in mine if one.person == party.contact]
    chosen = (of_contact or mine)[-1]
    others = tuple(
        one for one in mine if one.person != chosen.person and one.value is not chosen.value
    )
    return Voice(chosen.value, chosen.person, others)


# ── how a date stands ─────────────────────────────────────────────────────────────────────────


class Status(Enum):
    POSSIBLE = "possible"
    WAITING = "waiting"
    OUT = "out"


class Because(Enum):
    """Why a date is out, or must wait."""

    PAST = "it begins too soon"
    WITHDRAWN = "it was withdrawn"
    REFUSED = "a required party cannot"
    TOO_FEW = "the quorum cannot be reached"
    SILENT = "a required party has not answered"
    QUORUM = "the quorum is not reached yet"


@dataclass(frozen=True, slots=True)
class Reason:
    because: Because
    parties: tuple[str, ...] = ()  # keys


@dataclass(frozen=True, slots=True)
class Standing:
    """A date with all that speaks for and against it."""

    option: Option
    status: Status
    yes: int
    maybe: int
    no: int
    silent: int
    reasons: tuple[Reason, ...] = ()
    hesitant: int = 0  # required parties that come only if need be
    voices: Mapping[str, Voice] = field(default_factory=dict)

    @property
    def comes(self) -> int:
        return self.yes + self.maybe

    @property
    def of(self) -> int:
        return self.yes + self.maybe + self.no + self.silent

    def merit(self) -> tuple[int, int, int, int]:
        """Level on all four is a tie."""
        return (-self.comes, self.hesitant, -self.yes, self.no)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a date must meet."""

    quorum: int = 1  # parties that count
    today: date | None = None  # None: dates do not become past
    lead: timedelta = timedelta()  # how long before its first day a date must be decided


def standing(
    option: Option, parties: Sequence[Party], voices: Mapping[str, Voice], terms: Terms
) -> Standing:
    """Conditions that nothing outweighs, then the counts of the parties that count."""
    counted = [voices[party.key].value for party in parties if party.counts]
    yes, maybe, no = (sum(value is one for value in counted) for one in Value)
    silent = len(counted) - yes - maybe - no
    required = [party for party in parties if party.required]
    refused = tuple(p.key for p in required if voices[p.key].value is Value.NO)
    if option.refused_by is not None and option.refused_by not in refused:
        refused = (*refused, option.refused_by)
    quiet = tuple(p.key for p in required if voices[p.key].value is None)
    out, waits = [], []
    if option.withdrawn:
        out.append(Reason(Because.WITHDRAWN))
    if terms.today is not None and option.span.start < terms.today + terms.lead:
        out.append(Reason(Because.PAST))
    if refused:
        out.append(Reason(Because.REFUSED, refused))
    if yes + maybe + silent < terms.quorum:
        out.append(Reason(Because.TOO_FEW))
    if quiet:
        waits.append(Reason(Because.SILENT, quiet))
    if yes + maybe < terms.quorum and not quiet:
        waits.append(Reason(Because.QUORUM))
    status = Status.OUT if out else Status.WAITING if waits else Status.POSSIBLE
    hesitant = sum(voices[p.key].value is Value.MAYBE for p in required)
    return Standing(
        option, status, yes, maybe, no, silent, tuple(out or waits), hesitant, dict(voices)
    )


_STATUSES = list(Status)


def ranked(standings: Sequence[Standing]) -> list[Standing]:
    """Best first: possible before waiting before out; then the published order."""
    return sorted(
        standings,
        key=lambda s: (
            _STATUSES.index(s.status),
            s.merit(),
            s.option.span.start,
            s.option.number,
        ),
    )


@dataclass(frozen=True, slots=True)
class Choice:
    """What the rule says: the dates in order, which of the best are level, who could still win."""

    standings: tuple[Standing, ...]  # best first
    best: tuple[Standing, ...]  # one, several that are level, or none
    would_win: tuple[tuple[Standing, tuple[str, ...]], ...] = ()  # if these parties say yes

    @property
    def winner(self) -> Standing | None:
        """The one best date; None if there is none, or a tie."""
        return self.best[0] if len(self.best) == 1 else None


def choose(
    options: Sequence[Option],
    parties: Sequence[Party],
    said: Mapping[tuple[int, UserId, str | None], Said],
    terms: Terms,
) -> Choice:
    """The dates in their order, with what each lacks. A person decides."""
    voices = {
        option.number: {party.key: voice_of(party, option.number, said) for party in parties}
        for option in options
    }
    standings = [standing(o, parties, voices[o.number], terms) for o in options]
    order = ranked(standings)
    best = level_at_the_top(order)
    hopes = []
    for one in order:
        missing = tuple(
            key for r in one.reasons if r.because is Because.SILENT for key in r.parties
        )
        if one.status is not Status.WAITING or not missing:
            continue
        hoped = voices[one.option.number] | {key: Voice(Value.YES) for key in missing}
        then = standing(one.option, parties, hoped, terms)
        others = [s for s in standings if s.option.number != one.option.number]
        if then.status is Status.POSSIBLE and ranked([*others, then])[0] is then:
            hopes.append((then, missing))
    return Choice(tuple(order), best, tuple(hopes))


def level_at_the_top(order: Sequence[Standing]) -> tuple[Standing, ...]:
    """The best possible dates of a ranking: more than one are a declared tie."""
    if not order or order[0].status is not Status.POSSIBLE:
        return ()
    return tuple(s for s in order if s.status is Status.POSSIBLE and s.merit() == order[0].merit())


def all_answered(choice: Choice) -> bool:
    """Whether nobody is silent on any date that is still to choose."""
    open_dates = [s for s in choice.standings if not s.option.withdrawn and not s.option.refused_by]
    return bool(open_dates) and all(
        voice.value is not None for s in open_dates for voice in s.voices.values()
    )


def silent_parties(choice: Choice) -> tuple[str, ...]:
    """Parties that have said nothing to some date still to choose, in their order."""
    quiet = {
        key: None
        for s in sorted(choice.standings, key=lambda s: s.option.number)
        if not s.option.withdrawn and not s.option.refused_by
        for key, voice in s.voices.items()
        if voice.value is None
    }
    return tuple(quiet)


def smallest_obstacle(choice: Choice) -> Standing | None:
    """Of dates that are all out, the one with the fewest parties in its way."""
    blocked = [
        s
        for s in choice.standings
        if s.status is Status.OUT and all(r.because is Because.REFUSED for r in s.reasons)
    ]
    return min(
        blocked,
        key=lambda s: (sum(len(r.parties) for r in s.reasons), s.merit(), s.option.number),
        default=None,
    )

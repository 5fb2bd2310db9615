"""The vocabulary of visits and of what was promised there, with no database behind it."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from storage.records import EventId, RoomId, UserId


class VisitState(StrEnum):
    DRAFT = "draft"  # understood, not asked yet
    ASKING = "asking"  # host and required parties first, in their direct chats
    POLLING = "polling"
    CLOSING = "closing"  # the ends of the polls are on their way
    CLOSED = "closed"  # counted; a person decides
    CONFIRMED = "confirmed"
    POSTPONED = "postponed"
    HELD = "held"
    REPORTED = "reported"
    FOLLOWED_UP = "followed-up"
    CANCELLED = "cancelled"


ASKED = frozenset({VisitState.ASKING, VisitState.POLLING})
UNDECIDED = frozenset({*ASKED, VisitState.CLOSING, VisitState.CLOSED, VisitState.POSTPONED})
OVER = frozenset({VisitState.HELD, VisitState.REPORTED, VisitState.FOLLOWED_UP})
TAKES_PLACE = frozenset({VisitState.CONFIRMED, *OVER})


@dataclass(frozen=True, slots=True)
class Electorate:
    """One voice, as it was when the poll opened."""

    key: str  # "city/havnvoll", "facilitator", "coordinator", "person/@ines:hs"
    people: tuple[UserId, ...] = ()
    contact: UserId | None = None
    required: bool = False
    counts: bool = True
    anew: int = 0  # the last round in which it was asked about other days of a decided visit


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit, from the first idea of a date to its review."""

    id: int
    cluster: str  # slug
    room_id: RoomId
    host: str  # slug of a city
    title: str  # "" if none was given, or it was taken back
    days: int
    state: VisitState
    proposer: UserId
    source: EventId  # the command that proposed it
    created_at: datetime
    deadline: datetime
    time_zone: str  # in which the deadline is told
    quorum: int = 1
    first: bool = False  # required parties are asked before the room
    electorate: tuple[Electorate, ...] = ()
    round: int = 1  # of asking
    extended: bool = False  # the deadline was put off once, for a required party
    closing_since: datetime | None = None
    start: date | None = None  # decided
    last: date | None = None
    override: str = ""  # why a date was confirmed that the rule had refused
    place: str = ""
    online_at: datetime | None = None
    sequence: int = 0  # of the calendar file
    stamp: datetime | None = None
    card: int = 1  # the how manieth card: it is made anew when words of it are taken back
    report: int = 1
    override_source: EventId | None = None
    place_source: EventId | None = None

    @property
    def name(self) -> str:
        return f"V-{self.id}"

    @property
    def card_key(self) -> str:
        """The post that is its card."""
        key = f"visit/{self.id}/card"
        return key if self.card == 1 else f"{key}/{self.card}"

    @property
    def sources(self) -> tuple[EventId, ...]:
        """The messages that its own words are from: title, reason, place."""
        of_title = self.source if self.title else None
        found = (of_title, self.override_source, self.place_source)
        return tuple(one for one in found if one is not None)


@dataclass(frozen=True, slots=True)
class VisitOption:
    """One date that was asked about."""

    visit: int
    number: int
    start: date
    last: date
    refused_by: str | None = None
    withdrawn: bool = False
    closed_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class VisitVote:
    """What somebody said to one date; "" where they took it back."""

    event_id: EventId
    visit: int
    option: int
    person: UserId
    at: datetime
    value: str
    party: str | None = None
    channel: str = ""  # poll, tap, command


class LineKind(StrEnum):
    AGENDA = "agenda"
    DELEGATION = "delegation"
    TRAVEL = "travel"
    TASK = "task"
    NOTE = "note"
    REPORT = "report"
    LEAVING = "leaving"  # asked whether they no longer come, the date being decided
    MUTE = "mute"  # wants no more reminders of it


@dataclass(frozen=True, slots=True)
class Line:
    """Something that somebody wrote about a visit."""

    id: int
    visit: int
    kind: LineKind
    text: str  # "" once it was taken back
    author: UserId
    source: EventId | None
    created_at: datetime
    city: str | None = None
    owner: UserId | None = None
    day: date | None = None
    count: int | None = None  # of people in a delegation
    done_at: datetime | None = None
    cites: str | None = None  # what it builds on, by name: "P-12", a practice; "F-3", a finding


class Verdict(StrEnum):
    MADE = "made"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What a visit advises a city to do."""

    id: int
    visit: int
    city: str
    text: str
    author: UserId
    source: EventId
    created_at: datetime
    verdict: Verdict = Verdict.MADE
    why: str = ""
    why_source: EventId | None = None

    @property
    def name(self) -> str:
        return f"R-{self.id}"

    @property
    def sources(self) -> tuple[EventId, ...]:
        """The messages that its words are from."""
        return (self.source,) if self.why_source is None else (self.source, self.why_source)


class Progress(StrEnum):
    OPEN = "open"
    STARTED = "started"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Promise:
    """An action that somebody took on; it stays visible until it is done, or dropped."""

    id: int
    cluster: str
    city: str | None
    text: str
    owner: UserId
    author: UserId
    source: EventId
    created_at: datetime
    progress: Progress = Progress.OPEN
    due: date | None = None
    why: str = ""
    visit: int | None = None
    recommendation: int | None = None
    changed_at: datetime | None = None
    why_source: EventId | None = None
    muted: bool = False  # its owner wants no more reminders

    @property
    def name(self) -> str:
        return f"A-{self.id}"

    @property
    def sources(self) -> tuple[EventId, ...]:
        """The messages that its words are from."""
        return (self.source,) if self.why_source is None else (self.source, self.why_source)

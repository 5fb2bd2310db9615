"""The vocabulary of the hall: small frozen records, with no database behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, NewType

RoomId = NewType("RoomId", str)
EventId = NewType("EventId", str)
UserId = NewType("UserId", str)

# Who stands where somebody was whose traces were erased, and something must stand.
NOBODY = UserId("@erased:hall.invalid")


# ── the community, as configured ──────────────────────────────────────────────────────────────


class Role(StrEnum):
    """What a person is in the community; one person may hold several."""

    MEMBER = "member"
    CITY_LEAD = "city-lead"
    VOLUNTEER = "volunteer"
    VOLUNTEER_COORDINATOR = "volunteer-coordinator"
    EXPERT_FACILITATOR = "expert-facilitator"
    VOLUNTEERING_EXPERT = "volunteering-expert"
    REPORTING_OFFICER = "reporting-officer"
    CLUSTER_COORDINATOR = "cluster-coordinator"
    PROJECT_COORDINATOR = "project-coordinator"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class City:
    """A city of the network."""

    slug: str
    name: str
    country: str  # ISO 3166-1 alpha-2, "NO"
    time_zone: str  # IANA, "Europe/Oslo"
    languages: tuple[str, ...]  # ISO 639-1, the first is the city's own
    cluster: str  # slug of its cluster
    holidays: tuple[tuple[date, str], ...] = ()  # its own, besides those of its country


@dataclass(frozen=True, slots=True)
class Cluster:
    """A thematic cluster: one room, a few cities."""

    slug: str
    title: str
    topic: str
    coordinators: tuple[UserId, ...] = ()
    room: str | None = None  # alias or id of a room to adopt; None: the hall makes it
    encrypted: bool = False
    own_retention: bool = False  # how long words are kept in its room differs
    retention: timedelta | None = None  # then: None for ever


@dataclass(frozen=True, slots=True)
class Community:
    """The network that the hall keeps house for."""

    name: str
    slug: str  # prefix of the aliases that the hall makes: #<slug>-<cluster>:server
    time_zone: str
    language: str
    coordinators: tuple[UserId, ...]
    operators: tuple[UserId, ...]
    clusters: tuple[Cluster, ...]
    cities: tuple[City, ...]
    space: str | None = None  # alias or id of a Space to adopt
    coordinators_room: str | None = None  # alias or id of a room to adopt
    coordinators_encrypted: bool = False
    room_version: str | None = None  # for new rooms; None: the homeserver's default
    welcome: tuple[str, ...] = ()  # users and servers whose invitations are accepted
    commitments: Mapping[str, str] = field(default_factory=dict)  # of its Charter, by tag
    describe_commands: bool = True  # in each room, for clients that offer them

    def cluster(self, slug: str) -> Cluster | None:
        """The cluster of that slug, if the configuration has it."""
        return next((cluster for cluster in self.clusters if cluster.slug == slug), None)

    def city(self, slug: str) -> City | None:
        """The city of that slug, if the configuration has it."""
        return next((city for city in self.cities if city.slug == slug), None)


@dataclass(frozen=True, slots=True)
class Limits:
    """How much, how often, how late."""

    command_age: timedelta = timedelta(hours=1)  # older commands are archived, not carried out
    unprompted_a_day: int = 1  # messages a room that nobody asked for
    quiet_days: tuple[int, ...] = (5, 6)  # weekdays without unprompted messages, Monday is 0
    commands_a_minute: int = 12  # by one person; more is refused once, kindly, then quiet


# What opens anywhere and runs nothing.
MEDIA_TYPES = (
    "image/jpeg", "image/png", "image/gif", "image/webp", "application/pdf", "text/plain",
    "text/csv", "text/calendar",
    "application/vnd.oasis.opendocument.text",
    "application/vnd.oasis.opendocument.spreadsheet",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class ArchiveRules:
    """What members are told about the archive, and how long words are kept."""

    controller: str = ""  # who is responsible, shown in the notice
    contact: str = ""  # whom to ask, shown in the notice
    retention: timedelta | None = timedelta(days=730)  # None: for as long as the hall stands
    of_clusters: Mapping[str, timedelta | None] = field(default_factory=dict)  # where it differs
    # Of a room that the hall has left, or was sent away from; None: as long as elsewhere.
    kept_after_leaving: timedelta | None = timedelta(days=90)
    media: bool = False  # whether files are kept, too
    media_types: tuple[str, ...] = MEDIA_TYPES  # of which types: "image/png", "image/*"
    media_max_mb: int = 10  # MiB, of one file
    media_total_mb: int = 10_240  # MiB, of all of them

    def kept_for(self, room: "Room") -> timedelta | None:
        """How long words of a room are kept: as configured, or less if the room itself asks so."""
        configured = self.of_clusters.get(room.cluster or "", self.retention)
        told = [one for one in (configured, room.retention) if one is not None]
        return min(told, default=None)


@dataclass(frozen=True, slots=True)
class VisitRules:
    """When people are reminded of visits, and where calendars may be subscribed to."""

    reminders: tuple[int, ...] = (28, 14, 3)  # days before
    feed_listen: str | None = None  # "127.0.0.1:8800"; None: no calendars are served
    feed_url: str | None = None  # as calendars reach it


@dataclass(frozen=True, slots=True)
class DigestRules:
    """When a week is summed up, in the community's time zone, and on which days it is not."""

    weekday: int = 0  # Monday is 0
    draft_at: time = time(7, 0)
    send_at: time = time(9, 0)  # where it sends itself
    own_at: time = time(8, 0)  # somebody's own digest, in their time zone
    countries: tuple[str, ...] = ()  # whose public holidays are the community's
    closed: tuple[tuple[date, str], ...] = ()  # the community's own
    on_holidays: bool = False
    automatic: tuple[str, ...] = ()  # slugs of clusters whose digest sends itself


# ── rooms and people, as known ────────────────────────────────────────────────────────────────


class RoomKind(StrEnum):
    SPACE = "space"
    CLUSTER = "cluster"
    COORDINATORS = "coordinators"
    DIRECT = "direct"  # the bot and one person
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Room:
    """A room the hall is, or was, in."""

    id: int  # ours, for the archive's rows
    room_id: RoomId
    kind: RoomKind
    cluster: str | None = None  # slug
    name: str = ""
    version: str = "1"
    encrypted: bool = False
    history_visibility: str = "shared"
    archive_on: bool = False
    joined: bool = True  # we are in it
    direct_with: UserId | None = None
    via: tuple[str, ...] = ()  # servers through which the room can be found
    retention: timedelta | None = None  # what the room itself asks for, by m.room.retention
    predecessor: RoomId | None = None
    successor: RoomId | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the hall has met, or was told about."""

    id: int  # ours, for the archive's rows
    user_id: UserId
    display_name: str
    city: str | None = None  # slug
    organisation: str = ""
    roles: frozenset[Role] = (
        frozenset()
    )  # granted in chat; configured ones are added by permissions
    language: str | None = None  # None: the community's
    time_zone: str | None = None  # None: the city's, else the community's
    digest: bool = False
    archive: bool = True  # False: their words are not stored
    # What our rooms say of them now, clusters as slugs; commands/rights.py fills it in.
    given: frozenset[str] = frozenset()  # its power levels give them a coordinator's say
    gone_from: frozenset[str] = frozenset()  # they left, or were removed
    banned: bool = False  # from the Space or the coordinators' room
    left_staff: bool = False  # they left the coordinators' room, or were removed


# ── what happens in rooms ─────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class RoomEvent:
    """One event of a room's timeline, decrypted if it was encrypted: what inbox and archive keep.

    Relations are taken from the clear part of the event, never from inside the ciphertext.
    """

    event_id: EventId
    room_id: RoomId
    type: str
    sender: UserId
    at: int  # origin_server_ts, milliseconds since 1970, told by the sender's server
    content: Mapping[str, Any]
    state_key: str | None = None
    relates_to: Mapping[str, Any] | None = None  # clear m.relates_to, when it is a mapping
    redacts: EventId | None = None  # of m.room.redaction, from either place
    encrypted: bool = False
    redacted: bool = False  # it came without its content
    txn_id: str | None = None  # our own events: the transaction id we sent it with


@dataclass(frozen=True, slots=True)
class KeptFile:
    """The bytes of a file that somebody sent, where they are kept."""

    sha256: str  # hexadecimal, of the bytes; their name in the data folder
    mime: str  # as its sender says; "" if they do not
    size_bytes: int


@dataclass(frozen=True, slots=True)
class FilesHeld:
    """What is kept of the files of a room."""

    files: int = 0
    size_bytes: int = 0
    coming: int = 0
    left_out: int = 0  # of another type, or too large
    missing: int = 0  # the homeserver does not have them, or they are damaged
    no_room: int = 0  # came when all files together had reached their limit


@dataclass(frozen=True, slots=True)
class ArchivedMessage:
    """A message as the archive shows it now: latest words, or none if they were taken back."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    sender_name: str
    at: datetime
    body: str  # "" if redacted or expired, or withheld because its author opted out
    thread_root: EventId | None  # None: the message stands alone or is a root
    language: str = ""
    edited: bool = False
    redacted: bool = False
    withheld: bool = False  # the author's words are not stored
    expired: bool = False  # redacted, but by nobody: its time was over
    reactions: Mapping[str, int] = field(default_factory=dict)  # key → number of people
    files: tuple[str, ...] = ()  # names
    kept: KeptFile | None = None  # the bytes, where they are kept
    thread_h: int | None = None  # check value of its thread's root, which may not be archived


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that is due at a local wall time."""

    key: str  # unique for ever: "say/3/2026-W14"
    kind: str  # which handler; see commands/routing.py
    wall_time: datetime  # naive, local
    time_zone: str  # IANA
    room_id: RoomId | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)


# ── practices ─────────────────────────────────────────────────────────────────────────────────


class PracticeState(StrEnum):
    CAPTURED = "captured"  # by somebody else: its author has not agreed yet
    DRAFT = "draft"
    SHARED = "shared"
    UNDER_REVIEW = "under_review"
    NEEDS_INFO = "needs_info"
    PUBLISHED = "published"
    RETIRED = "retired"
    WITHDRAWN = "withdrawn"


class PracticeField(StrEnum):
    """What may be said of a practice: the five answers, then what is optional."""

    TITLE = "title"
    PROBLEM = "problem"
    WHAT_WE_DO = "what_we_do"
    WHAT_CHANGED = "what_changed"
    WATCH_OUT = "watch_out"
    ORGANISATION = "organisation"
    TARGET_GROUP = "target_group"
    SINCE = "since"
    UNTIL = "until"
    EVIDENCE = "evidence"
    COST_BAND = "cost_band"
    STAFF_TIME = "staff_time"
    VOLUNTEERS = "volunteers"
    PARTNERS = "partners"
    CONDITIONS = "conditions"
    MATERIALS = "materials"
    LINK = "link"
    CHARTER = "charter"
    KEY_FACTOR = "key_factor"
    TAGS = "tags"
    LANGUAGES = "languages"
    MAY_BE_VISITED = "may_be_visited"
    BASED_ON = "based_on"  # P-12: the practice of another city that it grew from
    ENGLISH_TITLE = "english_title"
    ENGLISH_SUMMARY = "english_summary"


@dataclass(frozen=True, slots=True)
class Answered:
    """What was answered, and the message that says so."""

    text: str
    room_id: RoomId | None = None
    event_id: EventId | None = None


@dataclass(frozen=True, slots=True)
class Practice:
    """Something that a city does, told so that another can try it."""

    number: int  # P-12
    state: PracticeState
    author: Person
    city: str | None  # slug
    cluster: str | None  # slug
    language: str  # that it is written in; "" if nobody can tell
    created_at: datetime
    changed_at: datetime
    shared_at: datetime | None = None
    published_at: datetime | None = None
    source_room: RoomId | None = None
    source: EventId | None = None  # the message that it began with
    asking: PracticeField | None = None  # what its author is asked for
    card: int = 0  # how many cards it has had
    reason: str = ""  # why it was retired, or what a reviewer needs to know
    reason_event: EventId | None = None
    fields: Mapping[PracticeField, Answered] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"P-{self.number}"

    @property
    def card_key(self) -> str:
        """The key of the post that is its card now."""
        return f"practice/{self.number}/card/{self.card}"

    def text(self, field: PracticeField) -> str:
        """What was answered; "" if nothing was."""
        answered = self.fields.get(field)
        return "" if answered is None else answered.text


class Verdict(StrEnum):
    YES = "yes"
    PARTLY = "partly"
    NO = "no"


class ReviewQuestion(StrEnum):
    TUESDAY = "tuesday"  # do I understand what happens on a Tuesday?
    CHANGE = "change"  # do I believe the change?
    YEAR = "year"  # could we start within a year, and what would we change?


@dataclass(frozen=True, slots=True)
class ReviewAnswer:
    """One answer of a reviewer."""

    reviewer: Person
    question: ReviewQuestion
    verdict: Verdict
    text: str
    city: str | None  # slug, as of then
    facilitator: bool
    event_id: EventId | None = None


class TransferState(StrEnum):
    INTERESTED = "interested"
    UNDERSTANDING = "understanding"
    ADAPTING = "adapting"
    PILOTING = "piloting"
    IN_USE = "in_use"
    STOPPED = "stopped"


class Degree(StrEnum):
    """How much of a practice was taken over."""

    INSPIRED = "inspired"
    ADAPTED = "adapted"
    COPIED = "copied"


@dataclass(frozen=True, slots=True)
class Transfer:
    """A city that takes over a practice of another."""

    number: int  # T-4
    practice: int
    city: str  # slug
    person: Person  # who began it
    state: TransferState
    room_id: RoomId  # where its card is
    created_at: datetime
    heard_at: datetime
    changed_at: datetime
    degree: Degree | None = None

    @property
    def name(self) -> str:
        return f"T-{self.number}"

    @property
    def card_key(self) -> str:
        return f"transfer/{self.number}/card"


@dataclass(frozen=True, slots=True)
class TransferNote:
    """One entry of a transfer's diary."""

    person: Person
    text: str
    at: datetime
    room_id: RoomId
    event_id: EventId
    state: TransferState | None = None  # the step that it tells of

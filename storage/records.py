"""The vocabulary of the hall: small frozen records, with no database behind them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, NewType

RoomId = NewType("RoomId", str)
EventId = NewType("EventId", str)
UserId = NewType("UserId", str)


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


@dataclass(frozen=True, slots=True)
class ArchiveRules:
    """What members are told about the archive, and how long words are kept."""

    controller: str = ""  # who is responsible, shown in the notice
    contact: str = ""  # whom to ask, shown in the notice
    retention: timedelta | None = timedelta(days=730)  # None: for as long as the hall stands


@dataclass(frozen=True, slots=True)
class VisitRules:
    """When people are reminded of visits, and where calendars may be subscribed to."""

    reminders: tuple[int, ...] = (28, 14, 3)  # days before
    feed_listen: str | None = None  # "127.0.0.1:8800"; None: no calendars are served
    feed_url: str | None = None  # as calendars reach it


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
    predecessor: RoomId | None = None
    successor: RoomId | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody the hall has met, or was told about."""

    id: int  # ours, for the archive's rows
    user_id: UserId
    display_name: str
    city: str | None = None  # slug
    roles: frozenset[Role] = (
        frozenset()
    )  # granted in chat; configured ones are added by permissions
    language: str | None = None  # None: the community's
    time_zone: str | None = None  # None: the city's, else the community's
    digest: bool = False
    archive: bool = True  # False: their words are not stored
    # What cluster rooms say of them now, as slugs; commands/rights.py fills it in.
    given: frozenset[str] = frozenset()  # its power levels give them a coordinator's say
    gone_from: frozenset[str] = frozenset()  # they left, or were removed


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
class ArchivedMessage:
    """A message as the archive shows it now: latest words, or none if they were taken back."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    sender_name: str
    at: datetime
    body: str  # "" if redacted, or withheld because its author opted out
    thread_root: EventId | None  # None: the message stands alone or is a root
    language: str = ""
    edited: bool = False
    redacted: bool = False
    withheld: bool = False  # the author's words are not stored
    reactions: Mapping[str, int] = field(default_factory=dict)  # key → number of people
    files: tuple[str, ...] = ()  # names


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that is due at a local wall time."""

    key: str  # unique for ever: "say/3/2026-W14"
    kind: str  # which handler; see commands/routing.py
    wall_time: datetime  # naive, local
    time_zone: str  # IANA
    room_id: RoomId | None = None
    payload: Mapping[str, Any] = field(default_factory=dict)

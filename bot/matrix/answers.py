"""What the homeserver tells us, as frozen dataclasses: intake reads these and never sees nio."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from storage.records import EventId, RoomEvent, RoomId, UserId

RawEvent = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An encrypted event whose key has not come (or that nobody can decrypt)."""

    raw: RawEvent  # as on the wire, with room_id: enough to try again later
    event_id: EventId
    room_id: RoomId
    session_id: str | None


@dataclass(frozen=True, slots=True)
class Invitation:
    room_id: RoomId
    sender: UserId
    direct: bool
    raw_state: tuple[RawEvent, ...]  # stripped state


@dataclass(frozen=True, slots=True)
class RoomNews:
    """One joined or left room's part of a sync answer, in the server's order."""

    room_id: RoomId
    state: tuple[RawEvent, ...]  # before the timeline; all of it on a full-state sync
    timeline: tuple[RoomEvent, ...]  # decrypted; state events of the timeline are in here too
    unreadable: tuple[Unreadable, ...] = ()
    malformed: tuple[RawEvent, ...] = ()  # cannot be parsed: kept raw and reported
    limited: bool = False
    prev_batch: str | None = None
    left: bool = False
    state_after: tuple[RawEvent, ...] = ()  # as it is now: it overrules the timeline's


@dataclass(frozen=True, slots=True)
class SyncAnswer:
    next_batch: str
    rooms: tuple[RoomNews, ...]
    invitations: tuple[Invitation, ...]
    withdrawn: tuple[RoomId, ...]  # invitations taken back, or rooms left while only invited
    new_keys: tuple[tuple[RoomId, str], ...]  # (room, megolm session) whose key just came


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page of /messages as it came: the next can be asked for before this one is read."""

    room_id: RoomId
    chunk: tuple[Any, ...]  # in the order asked for; none means there is no more
    end: str | None  # token for the next page; may still be set on the last


@dataclass(frozen=True, slots=True)
class Page:
    """What a page of /messages says, in the order asked for."""

    events: tuple[RoomEvent, ...]
    unreadable: tuple[Unreadable, ...]
    malformed: tuple[RawEvent, ...]

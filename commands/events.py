"""What can happen in the hall, as frozen dataclasses; `routing.py` matches on them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from storage.records import EventId, RoomId, UserId


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody wrote a message (not an edit)."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    at: datetime
    body: str  # as typed, reply fallback stripped
    msgtype: str = "m.text"
    thread_root: EventId | None = None  # of an m.thread relation
    reply_to: EventId | None = None  # a real reply, not a thread's fallback
    mentions: frozenset[UserId] = frozenset()
    invocation: Mapping[str, Any] | None = None  # MSC4391: {"command": …, "arguments": {…}}
    encrypted: bool = False
    may_be_root: bool = True  # homeservers refuse a thread under what is itself related

    @property
    def answered_in(self) -> EventId | None:
        """The thread in which an answer stands; None: a plain reply, where none can begin."""
        return self.thread_root or (self.event_id if self.may_be_root else None)


@dataclass(frozen=True, slots=True)
class Edited:
    """Somebody replaced the words of an earlier message."""

    event_id: EventId
    original: EventId
    now: Said  # the new words, under the original's event id


@dataclass(frozen=True, slots=True)
class Reacted:
    """Somebody put an emoji, or a word, on a message."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    at: datetime
    target: EventId
    key: str


@dataclass(frozen=True, slots=True)
class PollAnswered:
    """Somebody answered a poll in their client."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    at: datetime
    poll: EventId  # its start
    answers: tuple[str, ...]  # ids; none: they took their answer back


@dataclass(frozen=True, slots=True)
class PollEnded:
    """A poll was ended: by us, or by a moderator. Its moment is what clients go by, too."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    at: datetime
    poll: EventId


@dataclass(frozen=True, slots=True)
class Redacted:
    """Somebody, or a moderator, took an event back."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    at: datetime
    target: EventId


@dataclass(frozen=True, slots=True)
class Invited:
    """Somebody asks the bot into a room."""

    room_id: RoomId
    sender: UserId
    at: datetime
    direct: bool


@dataclass(frozen=True, slots=True)
class MembershipChanged:
    """Somebody joined, left, was invited, kicked or banned."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    person: UserId
    at: datetime
    membership: str  # join, leave, invite, ban, knock


@dataclass(frozen=True, slots=True)
class RoomReplaced:
    """A room was upgraded; the bot has joined the successor and the link holds both ways."""

    event_id: EventId
    room_id: RoomId
    replacement: RoomId


@dataclass(frozen=True, slots=True)
class CommandsMissed:
    """Commands came in while the hall was away, and are too old to be carried out."""

    key: str
    room_id: RoomId
    at: datetime


@dataclass(frozen=True, slots=True)
class TimerDue:
    """A timer's moment has come, or passed while the hall was away."""

    key: str
    kind: str
    room_id: RoomId | None
    due: datetime
    payload: Mapping[str, Any] = field(default_factory=dict)


Event = (
    Said
    | Edited
    | Reacted
    | PollAnswered
    | PollEnded
    | Redacted
    | Invited
    | MembershipChanged
    | RoomReplaced
    | CommandsMissed
    | TimerDue
)

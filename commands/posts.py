"""What a handler may ask the hall to do in Matrix: it returns these, and delivery does the rest.

Each post has a meaningful key, unique for ever: sending it again under the same key is the same
event. Keys for answers are made by the worker (`reply/$event/0`); a handler names a key itself
where a post lives on ("visit/7/card") or must never come twice ("welcome/!room").
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from commands.reply import Reply
from storage.records import EventId, RoomId, Timer, UserId


@dataclass(frozen=True, slots=True)
class Say:
    """Say something in a room, in a thread if one is named."""

    room_id: RoomId
    reply: Reply
    thread: EventId | None = None  # the root
    reply_to: EventId | None = None  # the message that is answered
    notice: bool = True  # m.notice: a receipt that counts as nothing unread
    key: str | None = None
    quotes: tuple[EventId, ...] = ()  # messages whose words it repeats: erased with them
    under: str | None = None  # key of the post of ours whose thread it goes into


@dataclass(frozen=True, slots=True)
class Tell:
    """Say something to one person, in their direct chat; it is made if there is none yet."""

    person: UserId
    reply: Reply
    notice: bool = False
    key: str | None = None
    quotes: tuple[EventId, ...] = ()


@dataclass(frozen=True, slots=True)
class Attach:
    """A file, in a room or in somebody's direct chat (`to` is then their user id)."""

    to: RoomId | UserId
    name: str  # "visit-lodz-2027-03-30.ics": ASCII, as it is saved
    mime: str
    data: bytes = field(repr=False)
    caption: Reply | None = None
    thread: EventId | None = None
    under: str | None = None  # key of the post of ours whose thread it goes into
    key: str | None = None
    quotes: tuple[EventId, ...] = ()  # messages whose words it holds: taken back with them


@dataclass(frozen=True, slots=True)
class Announce:
    """Say something in a room that nobody asked for: held back to the room's daily allowance."""

    room_id: RoomId
    reply: Reply
    key: str


@dataclass(frozen=True, slots=True)
class Ready:
    """An announcement that was rendered and held back before, and is due now."""

    room_id: RoomId
    content: Mapping[str, Any]
    key: str


@dataclass(frozen=True, slots=True)
class Change:
    """Replace the words of an earlier post of ours, named by its key."""

    post: str
    reply: Reply


@dataclass(frozen=True, slots=True)
class React:
    """Acknowledge with an emoji."""

    room_id: RoomId
    event_id: EventId
    emoji: str


@dataclass(frozen=True, slots=True)
class Offer:
    """Put an emoji on a post of ours, so that people have it at hand."""

    post: str
    emoji: str


@dataclass(frozen=True, slots=True)
class AskPoll:
    """A poll of one choice, in the thread under an earlier post of ours."""

    room_id: RoomId
    question: str
    answers: tuple[tuple[str, str], ...]  # ids and texts, in order
    key: str
    under: str | None = None


@dataclass(frozen=True, slots=True)
class EndPoll:
    """End a poll of ours, named by its key."""

    poll: str
    text: str


@dataclass(frozen=True, slots=True)
class Gather:
    """Ask the homeserver once for all answers to a poll of ours; those that are new are heard.

    So is that one was taken back of which we hold that it stands.
    """

    poll: str  # its key
    held: tuple[EventId, ...] = ()  # what was said to it, as far as we know


@dataclass(frozen=True, slots=True)
class Alarm:
    """Set an alarm; a key that was ever set stands as it was."""

    timer: Timer


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Redact an earlier post of ours, named by its key."""

    post: str


@dataclass(frozen=True, slots=True)
class Examine:
    """Say how the hall is: examined, and put into words, when it is sent."""

    to: RoomId | UserId
    language: str
    thread: EventId | None = None
    reply_to: EventId | None = None


@dataclass(frozen=True, slots=True)
class Compile:
    """A file that is put together when it is sent: what it holds is copied nowhere before."""

    to: RoomId | UserId
    kind: str  # see bot/compiling.py
    asked: Mapping[str, Any]
    thread: EventId | None = None


@dataclass(frozen=True, slots=True)
class ReadOn:
    """Older history is wanted: whoever reads it looks now."""


@dataclass(frozen=True, slots=True)
class CleanUp:
    """Words were erased: let them leave the files, too."""


@dataclass(frozen=True, slots=True)
class SetState:
    """Write a state event; the key is derived from type, state key and content."""

    room_id: RoomId
    type: str
    state_key: str
    content: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pin:
    """Pin an earlier post of ours, named by its key."""

    room_id: RoomId
    post: str


@dataclass(frozen=True, slots=True)
class Join:
    """Accept an invitation, or follow a room to its successor."""

    room_id: RoomId
    via: tuple[str, ...] = ()
    direct_with: UserId | None = None


@dataclass(frozen=True, slots=True)
class Leave:
    """Leave a room, or decline an invitation, with a word why."""

    room_id: RoomId
    reason: str


Post = (
    Say
    | Tell
    | Attach
    | Announce
    | Ready
    | Change
    | React
    | Offer
    | AskPoll
    | EndPoll
    | Gather
    | Alarm
    | TakeBack
    | Examine
    | Compile
    | CleanUp
    | ReadOn
    | SetState
    | Pin
    | Join
    | Leave
)
Posts = Sequence[Post]

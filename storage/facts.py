"""An event as the archive takes it: read and analysed before the transaction that stores it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from storage.bodies import body_of, body_of_poll, clean
from storage.records import RoomEvent
from storage.search import Analysed, analyse, marks_of
from storage.search.marks import FILE, IMAGE, POLL
from storage.types import event_hash

POLL_START = ("org.matrix.msc3381.poll.start", "m.poll.start")
STICKER = "m.sticker"
MESSAGE_TYPES = ("m.room.message", STICKER, *POLL_START)
FILES = ("m.file", "m.image", "m.audio", "m.video")
LONGEST_NAME = 255  # of a file, characters
LONGEST_KEY = 64  # of a reaction, characters; more is no reaction but a text


class Kind(Enum):
    MESSAGE = "message"
    EDIT = "edit"
    REACTION = "reaction"
    REDACTION = "redaction"
    OTHER = "other"  # kept in the log, for what may be built on it


@dataclass(frozen=True, slots=True)
class Fact:
    """An event, read and analysed before the transaction that stores it."""

    event: RoomEvent
    hash: int
    kind: Kind
    body: str = ""
    target: int | None = None  # hash of what is edited, reacted to or redacted
    analysed: Analysed | None = None
    at: int = 0  # its timestamp (ms), held within what can be stored
    root: int | None = None  # hash of the thread's root that it names
    answers: int | None = None  # hash of what it plainly replies to
    name: str | None = None  # of a file
    kept: str = ""  # marks that its words do not tell
    marks: tuple[str, ...] = ()  # all of them


def read_fact(room_event: RoomEvent, language: str) -> Fact:
    """Read one event. language: what the hall takes a text for that tells nothing itself."""
    kind, target = _kind_of(room_event)
    hashed = event_hash(room_event.event_id)
    body = ""
    if kind is Kind.MESSAGE and not room_event.redacted:
        body = _body_of(room_event, room_event.content)
    elif kind is Kind.EDIT:
        body = _body_of(room_event, room_event.content["m.new_content"])
    at = _within(room_event.at)
    if kind is Kind.EDIT:
        name = file_name(room_event.type, room_event.content["m.new_content"])
        return Fact(room_event, hashed, kind, body, target, at=at, name=name)
    if kind is not Kind.MESSAGE:
        return Fact(room_event, hashed, kind, body, target, at=at)
    analysed = analyse(body, language) if body else None
    kept = _kept_marks(room_event)
    marks = marks_of(body, analysed.language, kept) if analysed else ()
    root, answers = _thread_relation(room_event), _reply_of(room_event)
    name = file_name(room_event.type, room_event.content)
    return Fact(
        room_event, hashed, kind, body, target, analysed, at, root, answers, name, kept, marks
    )


def wordless(fact: Fact) -> Fact:
    """An edit that leaves its message without words: those it brings are not for the archive."""
    content = {"m.relates_to": fact.event.relates_to, "m.new_content": {"body": ""}}
    return replace(fact, event=replace(fact.event, content=content), body="", name=None)


def _kind_of(room_event: RoomEvent) -> tuple[Kind, int | None]:
    relation = room_event.relates_to or {}
    related = relation.get("event_id")
    target = event_hash(related) if isinstance(related, str) else None
    if room_event.type == "m.room.redaction":
        redacts = room_event.redacts
        return (Kind.REDACTION, event_hash(redacts)) if redacts else (Kind.OTHER, None)
    if room_event.redacted or room_event.state_key is not None:
        return Kind.OTHER, None
    if room_event.type == "m.reaction":
        whole = relation.get("rel_type") == "m.annotation" and target is not None
        return (Kind.REACTION, target) if whole and key_of(room_event) else (Kind.OTHER, None)
    if room_event.type not in MESSAGE_TYPES:
        return Kind.OTHER, None
    if relation.get("rel_type") == "m.replace":
        whole = isinstance(room_event.content.get("m.new_content"), Mapping) and target is not None
        return (Kind.EDIT, target) if whole else (Kind.OTHER, None)
    # Bots speak in notices: what they say is not the members' archive.
    notice = room_event.content.get("msgtype") == "m.notice"
    return (Kind.OTHER if notice else Kind.MESSAGE), None


def key_of(room_event: RoomEvent) -> str:
    """The emoji of a reaction; "" if it is none."""
    key = clean((room_event.relates_to or {}).get("key"))
    return key if len(key) <= LONGEST_KEY else ""


def _body_of(room_event: RoomEvent, content: Mapping[str, Any]) -> str:
    if room_event.type in POLL_START:
        return body_of_poll(content)
    return body_of(content, reply=_reply_of(room_event) is not None)


def _reply_of(room_event: RoomEvent) -> int | None:
    """What a plain reply answers; a thread's fallback is no reply."""
    relation = room_event.relates_to or {}
    inner = relation.get("m.in_reply_to")
    answered = inner.get("event_id") if isinstance(inner, Mapping) else None
    if not isinstance(answered, str):
        return None
    if relation.get("rel_type") == "m.thread" and relation.get("is_falling_back") is True:
        return None
    return event_hash(answered)


def _thread_relation(room_event: RoomEvent) -> int | None:
    relation = room_event.relates_to or {}
    root = relation.get("event_id")
    if relation.get("rel_type") == "m.thread" and isinstance(root, str):
        return event_hash(root)
    return None


def file_name(type_: str, content: Mapping[str, Any]) -> str | None:
    """What a file is called; None: it is none."""
    if type_ == STICKER or content.get("msgtype") not in FILES:
        return None
    return clean(content.get("filename") or content.get("body"))[:LONGEST_NAME].strip()


def name_beside(name: str | None, body: str) -> str | None:
    """The name of a file, where its message says something else; without a caption it is that."""
    return None if not name or name in body else name


def _kept_marks(room_event: RoomEvent) -> str:
    """What a message is found by that its words do not tell."""
    if room_event.type in POLL_START:
        return POLL
    if room_event.type == STICKER:
        return IMAGE  # a picture; but who looks for files means none of these
    kind = room_event.content.get("msgtype")
    if kind == "m.image":
        return f"{FILE} {IMAGE}"
    return FILE if holds_file(room_event) else ""


def holds_file(room_event: RoomEvent) -> bool:
    """Whether a message is a file, which may be kept; a sticker's picture never is."""
    return room_event.type != STICKER and room_event.content.get("msgtype") in FILES


def _within(at: int) -> int:
    """A timestamp (ms) that both engines can store and a datetime can show."""
    return min(max(at, 0), 253_402_300_799_000)

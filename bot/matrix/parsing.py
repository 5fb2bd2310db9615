"""Raw JSON becomes our events: first the fact (`RoomEvent`), then what it means (`Event`)."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final, TypeGuard

from bot.matrix import polls
from commands.events import (
    Edited,
    Event,
    MembershipChanged,
    PollAnswered,
    PollEnded,
    Reacted,
    Redacted,
    Said,
)
from storage.records import EventId, RoomEvent, RoomId, UserId

ENCRYPTED: Final = "m.room.encrypted"
_REDACTION: Final = "m.room.redaction"

# PostgreSQL stores no NUL, and nothing encodes a lone surrogate as UTF-8.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
_LONGEST_ID: Final = 255  # bytes, by the specification; characters are near enough
_DEEPEST: Final = 60  # levels of JSON; nothing real needs ten
_LAST_MOMENT: Final = 253_402_300_799_999  # 9999-12-31: what a datetime can hold, in milliseconds
_LONGEST_KEY: Final = 255  # a reaction's key; clients send an emoji or a few words
_MOST_MENTIONS: Final = 100
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MEMBERSHIPS: Final = frozenset({"join", "leave", "invite", "ban", "knock"})
_FILES: Final = frozenset({"m.image", "m.file", "m.audio", "m.video"})
_INVOCATIONS: Final = ("org.matrix.msc4391.command", "m.bot.command")
_MESSAGES: Final = frozenset({"m.room.message", "m.room.bot.command"})


# ── the fact ──────────────────────────────────────────────────────────────────────────────────


def read_room_event(
    raw: Any, room_id: RoomId, *, payload: Mapping[str, Any] | None = None
) -> RoomEvent | None:
    """Read one event as the homeserver sent it; None if it cannot be one.

    `payload` is what came out of an encrypted event: its `type` and `content` replace the outer
    ones, while the relation is the outer one whatever the payload says.
    """
    if not isinstance(raw, dict):
        return None
    event_id, sender, type_ = raw.get("event_id"), raw.get("sender"), raw.get("type")
    content, at, state_key = raw.get("content"), raw.get("origin_server_ts"), raw.get("state_key")
    if not (_is_id(event_id) and _is_id(sender) and _is_id(type_)):
        return None
    if not isinstance(content, dict) or not (state_key is None or _is_text(state_key)):
        return None
    if isinstance(at, bool) or not isinstance(at, int | float) or at != at:
        return None

    encrypted = type_ == ENCRYPTED
    relates_to = content.get("m.relates_to")
    if payload is not None:
        type_, content = payload.get("type"), payload.get("content")
        if not (_is_id(type_) and isinstance(content, dict)):
            return None
        content = {key: value for key, value in content.items() if key != "m.relates_to"}
        if relates_to is not None:
            content["m.relates_to"] = relates_to
    try:
        content = clean(content)
    except RecursionError:
        return None

    unsigned = raw.get("unsigned")
    if not isinstance(unsigned, dict):
        unsigned = {}
    relates_to = content.get("m.relates_to")
    txn_id = unsigned.get("transaction_id")
    gone = "redacted_because" in unsigned or not (
        content or state_key is not None or type_ == _REDACTION
    )
    return RoomEvent(
        event_id=EventId(event_id),
        room_id=room_id,
        type=type_,
        sender=UserId(sender),
        at=int(min(max(at, 0), _LAST_MOMENT)),  # senders choose it: 1970 and 2100 both come
        content=content,
        state_key=state_key,
        relates_to=relates_to if isinstance(relates_to, dict) else None,
        redacts=_redacted_by(raw, content) if type_ == _REDACTION else None,
        encrypted=encrypted,
        redacted=gone,
        txn_id=txn_id if _is_id(txn_id) else None,
    )


def clean(value: Any, depth: int = 0) -> Any:
    """Any JSON without what no database stores; RecursionError if it is absurdly deep."""
    if isinstance(value, str):
        return value if _is_storable(value) else _UNSTORABLE.sub("�", value)
    if isinstance(value, dict):
        if depth > _DEEPEST:
            raise RecursionError
        return {clean(key): clean(inner, depth + 1) for key, inner in value.items()}
    if isinstance(value, list):
        if depth > _DEEPEST:
            raise RecursionError
        return [clean(inner, depth + 1) for inner in value]
    if isinstance(value, float) and not -1e300 < value < 1e300:
        return None  # NaN and Infinity, which Python reads and PostgreSQL refuses
    return value


def _is_text(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and _is_storable(value)


def _is_storable(text: str) -> bool:
    # Nearly all of it is ASCII, and this is asked five times for every event of a history.
    return "\0" not in text if text.isascii() else not _UNSTORABLE.search(text)


def _is_id(value: Any) -> TypeGuard[str]:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST_ID and _is_text(value)


def _redacted_by(raw: Mapping[str, Any], content: Mapping[str, Any]) -> EventId | None:
    # Top level up to room version 10, in the content since 11. Synapse tells both; where they
    # differ, the older place cannot be forged in the rooms that use it.
    for place in (raw, content):
        target = place.get("redacts")
        if _is_id(target):
            return EventId(target)
    return None


# ── what it means ─────────────────────────────────────────────────────────────────────────────


def what_happened(event: RoomEvent, me: UserId) -> Event | None:
    """What the hall may have to answer; None for everything else and for our own words."""
    if event.type == "m.room.member":
        return _membership_changed(event)
    if event.type in polls.ENDS and event.state_key is None:
        return _poll_ended(event)  # our own, too: it tells when
    if event.sender == me or event.state_key is not None:
        return None
    if event.type == _REDACTION:
        return _redacted(event)
    if event.redacted:
        return None
    if event.type == "m.reaction":
        return _reacted(event)
    if event.type in polls.RESPONSES:
        return _poll_answered(event)
    if event.type in _MESSAGES:
        return _edited(event, me) if _relation(event) == "m.replace" else _said(event, me)
    return None


def _membership_changed(event: RoomEvent) -> MembershipChanged | None:
    membership = event.content.get("membership")
    if not event.state_key or not isinstance(membership, str) or membership not in _MEMBERSHIPS:
        return None
    return MembershipChanged(
        event_id=event.event_id,
        room_id=event.room_id,
        sender=event.sender,
        person=UserId(event.state_key),
        at=_instant(event.at),
        membership=membership,
    )


def _redacted(event: RoomEvent) -> Redacted | None:
    if event.redacts is None:
        return None
    return Redacted(
        event.event_id, event.room_id, event.sender, _instant(event.at), target=event.redacts
    )


def _reacted(event: RoomEvent) -> Reacted | None:
    relation = event.relates_to or {}
    target, key = _event_id(relation), relation.get("key")
    if relation.get("rel_type") != "m.annotation" or target is None:
        return None
    if not isinstance(key, str) or not 0 < len(key) <= _LONGEST_KEY:
        return None
    return Reacted(event.event_id, event.room_id, event.sender, _instant(event.at), target, key)


def _poll_answered(event: RoomEvent) -> PollAnswered | None:
    poll = _event_id(event.relates_to) if _relation(event) == "m.reference" else None
    if poll is None:
        return None
    answers = polls.answers_of(event.content)
    at = _instant(event.at)
    return PollAnswered(event.event_id, event.room_id, event.sender, at, poll, answers)


def _poll_ended(event: RoomEvent) -> PollEnded | None:
    poll = _event_id(event.relates_to) if _relation(event) == "m.reference" else None
    if poll is None or event.redacted:
        return None
    return PollEnded(event.event_id, event.room_id, event.sender, _instant(event.at), poll)


def _edited(event: RoomEvent, me: UserId) -> Edited | None:
    original, words = _event_id(event.relates_to), event.content.get("m.new_content")
    if original is None or not isinstance(words, Mapping):
        return None  # an edit without new words changes nothing
    return Edited(event.event_id, original, now=_words(event, words, me, event_id=original))


def _said(event: RoomEvent, me: UserId) -> Said:
    relation = event.relates_to or {}
    in_thread = relation.get("rel_type") == "m.thread"
    reply_to = _event_id(relation.get("m.in_reply_to"))
    if in_thread and relation.get("is_falling_back") is True:
        reply_to = None  # for clients without threads: names the thread's last message
    return _words(
        event,
        event.content,
        me,
        event_id=event.event_id,
        thread_root=_event_id(relation) if in_thread else None,
        reply_to=reply_to,
        may_be_root=in_thread or not relation.get("rel_type"),
    )


def _words(
    event: RoomEvent,
    content: Mapping[str, Any],
    me: UserId,
    *,
    event_id: EventId,
    thread_root: EventId | None = None,
    reply_to: EventId | None = None,
    may_be_root: bool = True,
) -> Said:
    msgtype = content.get("msgtype")
    mentions = _mentions(content)
    return Said(
        event_id=event_id,
        room_id=event.room_id,
        sender=event.sender,
        at=_instant(event.at),
        body=without_reply_fallback(body_of(content)) if reply_to else body_of(content),
        msgtype=msgtype if isinstance(msgtype, str) else "m.text",
        thread_root=thread_root,
        reply_to=reply_to,
        mentions=mentions,
        invocation=_invocation(content) if me in mentions else None,
        encrypted=event.encrypted,
        may_be_root=may_be_root,
    )


def body_of(content: Mapping[str, Any]) -> str:
    """The words of a message: its body, or a file's caption; a bare file has none."""
    body = content.get("body")
    if not isinstance(body, str):
        return ""
    msgtype = content.get("msgtype")
    a_file = isinstance(msgtype, str) and msgtype in _FILES
    if a_file and content.get("filename", body) == body:
        return ""  # without a caption the body repeats the file's name
    return _UNSTORABLE.sub("�", body)


def without_reply_fallback(body: str) -> str:
    """Drop the quote that older clients put before a reply."""
    if body.lstrip().startswith("<mx-reply>"):
        _, found, after = body.partition("</mx-reply>")
        body = after if found else body
    lines = body.split("\n")
    quoted = 0
    while quoted < len(lines) and (lines[quoted].startswith("> ") or lines[quoted] == ">"):
        quoted += 1
    if not quoted:
        return body
    rest = lines[quoted:]
    return "\n".join(rest[1:] if rest and not rest[0] else rest)


def _mentions(content: Mapping[str, Any]) -> frozenset[UserId]:
    block = content.get("m.mentions")
    people = block.get("user_ids") if isinstance(block, Mapping) else None
    if not isinstance(people, list):
        return frozenset()
    return frozenset(UserId(person) for person in people[:_MOST_MENTIONS] if _is_id(person))


def _invocation(content: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """MSC4391: a command that a client put together; the words beside it may be anything."""
    for name in _INVOCATIONS:
        block = content.get(name)
        if isinstance(block, Mapping) and isinstance(block.get("command"), str):
            arguments = block.get("arguments")
            return {
                "command": block["command"],
                "arguments": arguments if isinstance(arguments, Mapping) else {},
            }
    return None


def _relation(event: RoomEvent) -> Any:
    return event.relates_to.get("rel_type") if event.relates_to else None


def _event_id(relation: Any) -> EventId | None:
    target = relation.get("event_id") if isinstance(relation, Mapping) else None
    return EventId(target) if _is_id(target) else None


def _instant(milliseconds: int) -> datetime:
    return _EPOCH + timedelta(milliseconds=milliseconds)

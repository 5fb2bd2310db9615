"""Raw answers of the homeserver become our records; what is encrypted goes through the keys."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from bot.matrix.answers import (
    Invitation,
    Page,
    RawEvent,
    RawPage,
    RoomNews,
    SyncAnswer,
    Unreadable,
)
from bot.matrix.parsing import ENCRYPTED, clean, read_room_event
from storage.records import RoomEvent, RoomId, UserId

LONGEST_SESSION_ID = 255  # characters; megolm's own has 43


class Decrypt(Protocol):
    """What an encrypted event holds (`type` and `content`), or None without its key."""

    def __call__(self, raw: RawEvent, room_id: RoomId, /) -> Mapping[str, Any] | None: ...


Read = tuple[tuple[RoomEvent, ...], tuple[Unreadable, ...], tuple[RawEvent, ...]]


def read_events(raws: Iterable[Any], room_id: RoomId, decrypt: Decrypt) -> Read:
    """Sort events into those that can be read, those that wait for a key, and the malformed."""
    events: list[RoomEvent] = []
    unreadable: list[Unreadable] = []
    malformed: list[RawEvent] = []
    for raw in raws:
        match read_event(raw, room_id, decrypt):
            case RoomEvent() as event:
                events.append(event)
            case Unreadable() as closed:
                unreadable.append(closed)
            case None:
                malformed.append(_presentable(raw))
    return tuple(events), tuple(unreadable), tuple(malformed)


def read_event(raw: Any, room_id: RoomId, decrypt: Decrypt) -> RoomEvent | Unreadable | None:
    """One event: read, waiting for its key, or None if it cannot be one."""
    event = read_room_event(raw, room_id)
    if event is None or event.type != ENCRYPTED or event.state_key is not None or event.redacted:
        return event
    payload = decrypt(raw, room_id)
    if payload is not None:
        return read_room_event(raw, room_id, payload=payload)
    session_id = event.content.get("session_id")
    return Unreadable(
        raw={**_presentable(raw), "room_id": room_id},
        event_id=event.event_id,
        room_id=room_id,
        # A longer one is nobody's, and PostgreSQL could not index it.
        session_id=session_id
        if isinstance(session_id, str) and len(session_id) <= LONGEST_SESSION_ID
        else None,
    )


def read_raw_page(answer: Mapping[str, Any], room_id: RoomId) -> RawPage:
    """An answer of /messages, its events still to be read."""
    end = answer.get("end")
    chunk = tuple(_list(answer.get("chunk")))
    return RawPage(room_id, chunk, end if isinstance(end, str) else None)


def read_page(page: RawPage, decrypt: Decrypt) -> Page:
    """The events of a page."""
    return Page(*read_events(page.chunk, page.room_id, decrypt))


def read_references(answer: Mapping[str, Any]) -> tuple[list[Any], str | None]:
    """A page of what refers to an event, newest first, and the token of the next one."""
    token = answer.get("next_batch")
    return _list(answer.get("chunk")), token if isinstance(token, str) else None


def read_redaction_of(raw: RawEvent, room_id: RoomId) -> RoomEvent | None:
    """The redaction that an event shows, if it was taken back."""
    redaction = read_room_event(_mapping(raw.get("unsigned")).get("redacted_because"), room_id)
    of_this = redaction is not None and redaction.redacts == raw.get("event_id")
    return redaction if of_this else None


def joined_rooms(answer: Mapping[str, Any]) -> list[tuple[RoomId, dict[str, Any]]]:
    """Each joined room's part of a raw sync answer."""
    return _rooms(_mapping(answer.get("rooms")).get("join"))


def has_events(part: Mapping[str, Any], section: str) -> bool:
    """Whether a room's `state` or `timeline` tells anything."""
    return bool(_list(_mapping(part.get(section)).get("events")))


def read_sync_answer(
    answer: Mapping[str, Any],
    me: UserId,
    decrypt: Decrypt,
    new_keys: Iterable[tuple[RoomId, str]],
) -> SyncAnswer:
    """An answer of /sync; its keys are in the store already."""
    sections = _mapping(answer.get("rooms"))
    rooms: list[RoomNews] = []
    withdrawn: list[RoomId] = []
    # Left before joined: who was away and came back has both, in this order.
    for room_id, part in _rooms(sections.get("leave")):
        if _was_only_invited(part, me):
            withdrawn.append(room_id)
        else:
            rooms.append(_read_room(room_id, part, decrypt, left=True))
    for room_id, part in _rooms(sections.get("join")):
        rooms.append(_read_room(room_id, part, decrypt, left=False))
    invitations = (
        _read_invitation(room_id, part, me) for room_id, part in _rooms(sections.get("invite"))
    )
    return SyncAnswer(
        next_batch=answer["next_batch"],
        rooms=tuple(rooms),
        invitations=tuple(invitation for invitation in invitations if invitation is not None),
        withdrawn=tuple(withdrawn),
        new_keys=tuple(new_keys),
    )


def _read_room(room_id: RoomId, part: Any, decrypt: Decrypt, *, left: bool) -> RoomNews:
    timeline = _mapping(part.get("timeline"))
    events, unreadable, malformed = read_events(_list(timeline.get("events")), room_id, decrypt)
    prev_batch = timeline.get("prev_batch")
    return RoomNews(
        room_id=room_id,
        state=raw_events(_mapping(part.get("state")).get("events")),
        timeline=events,
        unreadable=unreadable,
        malformed=malformed,
        limited=timeline.get("limited") is True,
        prev_batch=prev_batch if isinstance(prev_batch, str) else None,
        left=left,
        state_after=raw_events(_mapping(part.get("state_after")).get("events")),
    )


def raw_events(events: Any) -> tuple[RawEvent, ...]:
    """State events as they came, without what is no event and what no database stores."""
    return tuple(_presentable(event) for event in _list(events) if isinstance(event, dict))


def _read_invitation(room_id: RoomId, part: Any, me: UserId) -> Invitation | None:
    state = raw_events(_mapping(part.get("invite_state")).get("events"))
    ours = next((event for event in state if _is_membership_of(event, me)), None)
    if ours is None or not isinstance(ours.get("sender"), str):
        return None  # nobody to ask whether we may accept
    direct = _mapping(ours.get("content")).get("is_direct") is True
    return Invitation(room_id, UserId(ours["sender"]), direct, state)


def _was_only_invited(part: Any, me: UserId) -> bool:
    """Whether we leave a room that we had not joined: our last membership was an invitation."""
    events = [
        *raw_events(_mapping(part.get("state")).get("events")),
        *raw_events(_mapping(part.get("timeline")).get("events")),
    ]
    ours = [event for event in events if _is_membership_of(event, me)]
    if not ours:
        return False
    before = _mapping(_mapping(ours[-1].get("unsigned")).get("prev_content"))
    return before.get("membership") == "invite"


def _is_membership_of(event: Mapping[str, Any], me: UserId) -> bool:
    return event.get("type") == "m.room.member" and event.get("state_key") == me


def _presentable(raw: Any) -> RawEvent:
    """Something to keep and to report, whatever came."""
    if not isinstance(raw, dict):
        raw = {"not_an_event": raw}
    try:
        cleaned: RawEvent = clean(raw)
    except RecursionError:
        event_id = raw.get("event_id")  # which may be what is too deep
        return {"event_id": clean(event_id) if isinstance(event_id, str) else "", "too_deep": True}
    return cleaned


def _rooms(section: Any) -> list[tuple[RoomId, dict[str, Any]]]:
    return [
        (RoomId(room_id), part)
        for room_id, part in _mapping(section).items()
        if isinstance(part, dict)
    ]


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []

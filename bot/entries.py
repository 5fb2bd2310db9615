"""Between what happens and what the inbox keeps of it until it is answered."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from bot.matrix.parsing import what_happened
from commands.events import CommandsMissed, Event, Invited, RoomReplaced, TimerDue
from storage.inbox import Entry
from storage.records import EventId, RoomEvent, RoomId, UserId
from storage.types import instant, milliseconds


def entry_of(event: RoomEvent) -> Entry:
    """An event of a room that may want an answer."""
    return Entry(
        key=event.event_id,
        lane=event.room_id,
        kind="event",
        position=event.at,
        payload={
            "event_id": event.event_id,
            "room_id": event.room_id,
            "type": event.type,
            "sender": event.sender,
            "at": event.at,
            "content": dict(event.content),
            "state_key": event.state_key,
            "relates_to": None if event.relates_to is None else dict(event.relates_to),
            "redacts": event.redacts,
            "encrypted": event.encrypted,
        },
    )


def invitation_entry(
    room_id: RoomId, sender: UserId, *, direct: bool, position: str, now: datetime
) -> Entry:
    """Somebody asks us in. position: of the sync answer, for a key that is new each time."""
    return Entry(
        key=f"invite/{room_id}/{position}",
        lane=room_id,
        kind="invite",
        position=milliseconds(now),
        payload={"room_id": room_id, "sender": sender, "direct": direct},
    )


def missed_entry(room_id: RoomId, position: str, now: datetime) -> Entry:
    """Commands of a room came in too late to be carried out; somebody should say so."""
    return Entry(
        key=f"missed/{room_id}/{position}",
        lane=room_id,
        kind="missed",
        position=milliseconds(now),
        payload={"room_id": room_id},
    )


def replaced_entry(room_id: RoomId, replacement: RoomId, now: datetime) -> Entry:
    """A room was upgraded and the hall has moved with it."""
    return Entry(
        key=f"replaced/{room_id}/{replacement}",
        lane=replacement,
        kind="replaced",
        position=milliseconds(now),
        payload={"room_id": room_id, "replacement": replacement},
    )


def revive(entry: Entry, me: UserId) -> Event | None:
    """What happened, as handlers know it; None if there is nothing to it after all."""
    payload: Mapping[str, Any] = entry.payload
    said_at = datetime.fromtimestamp(entry.position / 1000, UTC)
    match entry.kind:
        case "event":
            return what_happened(RoomEvent(**payload), me)
        case "invite":
            return Invited(
                RoomId(payload["room_id"]), UserId(payload["sender"]), said_at, payload["direct"]
            )
        case "missed":
            return CommandsMissed(entry.key, RoomId(payload["room_id"]), said_at)
        case "replaced":
            return RoomReplaced(
                EventId(entry.key), RoomId(payload["room_id"]), RoomId(payload["replacement"])
            )
        case "timer":
            return TimerDue(
                key=payload["key"],
                kind=payload["kind"],
                room_id=payload["room_id"],
                due=instant(payload["due"]),
                payload=payload["payload"],
            )
        case unknown:
            raise ValueError(f"inbox entry of unknown kind {unknown}")

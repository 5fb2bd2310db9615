"""Reactions that a feature was told of: taking one back is told, too."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, delete, select

from storage.database import insert_once
from storage.records import EventId, RoomId, UserId
from storage.tables.spine import heeded_reaction
from storage.types import event_hash


@dataclass(frozen=True, slots=True)
class Heeded:
    """A reaction as it was: its redaction names nothing but its event."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    target: EventId
    key: str


def add(connection: Connection, heeded: Heeded) -> None:
    """Remember a reaction that somebody was told of."""
    connection.execute(
        insert_once(connection, heeded_reaction),
        {
            "event_h": event_hash(heeded.event_id),
            "event_id": heeded.event_id,
            "room_id": heeded.room_id,
            "sender": heeded.sender,
            "target": heeded.target,
            "key": heeded.key,
        },
    )


def get(connection: Connection, event_id: EventId) -> Heeded | None:
    """The reaction of that event, if it was heeded and still stands."""
    row = connection.execute(
        select(heeded_reaction).where(heeded_reaction.c.event_h == event_hash(event_id))
    ).first()
    return None if row is None else _heeded(row)


def on(connection: Connection, target: EventId) -> list[Heeded]:
    """The reactions on a message that were heeded and stand; in the order of their events' ids."""
    rows = connection.execute(
        select(heeded_reaction)
        .where(heeded_reaction.c.target == target)
        .order_by(heeded_reaction.c.event_id)
    )
    return [_heeded(row) for row in rows]


def _heeded(row: Row[Any]) -> Heeded:
    return Heeded(
        EventId(row.event_id), RoomId(row.room_id), UserId(row.sender), EventId(row.target), row.key
    )


def stands(connection: Connection, target: EventId, sender: UserId) -> list[str]:
    """The keys of somebody's reactions on a message, as far as they were heeded and stand."""
    rows = connection.scalars(
        select(heeded_reaction.c.key).where(
            heeded_reaction.c.target == target, heeded_reaction.c.sender == sender
        )
    )
    return list(rows)


def forget(connection: Connection, event_id: EventId) -> None:
    """It was taken back."""
    connection.execute(
        delete(heeded_reaction).where(heeded_reaction.c.event_h == event_hash(event_id))
    )

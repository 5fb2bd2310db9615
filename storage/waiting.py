"""Encrypted events that wait for their key, and events that nobody could parse."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import attrgetter
from typing import Any

from sqlalchemy import Connection, delete, func, insert, select, update

from storage.database import in_parts, insert_once
from storage.records import EventId, RoomId
from storage.tables.spine import malformed_event, waiting_event


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event as it came over the wire, and how often we tried to read it."""

    event_id: EventId
    room_id: RoomId
    session_id: str | None
    raw: Mapping[str, Any]
    tries: int = 0
    received_at: datetime | None = None  # None until it is stored


_COLUMNS = (
    waiting_event.c.event_id,
    waiting_event.c.room_id,
    waiting_event.c.session_id,
    waiting_event.c.raw,
    waiting_event.c.tries,
    waiting_event.c.received_at,
)


def add(
    connection: Connection, events: Sequence[Waiting], now: datetime, next_try: datetime | None
) -> None:
    """Keep events until their key comes."""
    if events:
        connection.execute(
            insert_once(connection, waiting_event),
            [
                {
                    "event_id": one.event_id,
                    "room_id": one.room_id,
                    "session_id": one.session_id,
                    "raw": dict(one.raw),
                    "received_at": now,
                    "next_try": next_try,
                }
                for one in events
            ],
        )


def sessions(connection: Connection) -> set[tuple[RoomId, str]]:
    """Of which Megolm sessions, in which rooms, something waits for the key."""
    named = select(waiting_event.c.room_id, waiting_event.c.session_id).distinct()
    return {(RoomId(room), session) for room, session in connection.execute(named) if session}


def of_sessions(connection: Connection, keys: Iterable[tuple[str, str]]) -> list[Waiting]:
    """Events that wait for these keys, each a room and a session of it; oldest first."""
    rows = [
        row
        for part in in_parts(sorted(keys))
        for row in connection.execute(
            # Not pairs, for which SQLite has no index: no two rooms share a session.
            select(*_COLUMNS).where(
                waiting_event.c.room_id.in_({room for room, _ in part}),
                waiting_event.c.session_id.in_({session for _, session in part}),
            )
        )
    ]
    return [Waiting(*row) for row in sorted(rows, key=attrgetter("received_at"))]


def in_room(connection: Connection, room_id: RoomId) -> list[Waiting]:
    """Events that wait in a room, oldest first."""
    rows = connection.execute(
        select(*_COLUMNS)
        .where(waiting_event.c.room_id == room_id)
        .order_by(waiting_event.c.received_at)
    )
    return [Waiting(*row) for row in rows]


def due(connection: Connection, now: datetime) -> list[Waiting]:
    """Events that it is time to try again, whether a key was announced or not."""
    rows = connection.execute(select(*_COLUMNS).where(waiting_event.c.next_try <= now).limit(200))
    return [Waiting(*row) for row in rows]


def postpone(connection: Connection, event_id: EventId, next_try: datetime | None) -> None:
    """Still unreadable: try again then, or only when the key comes."""
    connection.execute(
        update(waiting_event)
        .where(waiting_event.c.event_id == event_id)
        .values(tries=waiting_event.c.tries + 1, next_try=next_try)
    )


def forget(connection: Connection, events: Sequence[EventId]) -> int:
    """Read at last, or taken back before it could be; how many of them still waited."""
    if not events:
        return 0
    gone = delete(waiting_event).where(waiting_event.c.event_id.in_(events))
    return connection.execute(gone).rowcount


def add_malformed(
    connection: Connection, room_id: RoomId, raw: Mapping[str, Any], now: datetime
) -> None:
    """Keep what cannot be parsed, as it came."""
    connection.execute(
        insert(malformed_event), {"room_id": room_id, "raw": dict(raw), "received_at": now}
    )


def forget_old(connection: Connection, before: datetime) -> None:
    """Drop what nobody will read any more: keys come within days, or never."""
    connection.execute(delete(waiting_event).where(waiting_event.c.received_at < before))
    connection.execute(delete(malformed_event).where(malformed_event.c.received_at < before))


def forget_rooms(connection: Connection, room_ids: Sequence[RoomId]) -> None:
    """What waits to be read in these rooms is wanted no more."""
    for table in (waiting_event, malformed_event):
        connection.execute(delete(table).where(table.c.room_id.in_(room_ids)))


def counts(connection: Connection) -> dict[str, int]:
    """How many events wait for a key, and how many could not be parsed."""
    keyless = connection.scalar(select(func.count()).select_from(waiting_event))
    malformed = connection.scalar(select(func.count()).select_from(malformed_event))
    return {"waiting for keys": keyless or 0, "malformed": malformed or 0}

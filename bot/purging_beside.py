"""`moothall purge`: an operator has a room's archive thrown away, and sees in numbers what went."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from storage import beside, purges, rooms, timers
from storage.records import Room, RoomId

EVERY = 1.0  # seconds between two looks


async def purge(url: URL, named: str, *, sure: bool, wait: int) -> list[str]:
    """What to tell the operator. named: the id of a room, or the slug of a cluster."""
    room = await beside.look(url, lambda c: _room(c, named))
    if room is None:
        return [f"No room is called {named} here: it takes a room's id, or a cluster's slug."]
    counts = await beside.look(url, lambda c: _would_go(c, room))
    name = room.name or room.room_id
    if counts is None:
        return [f"The archive holds nothing of {name}."]
    if not sure:
        return [
            f"Of {name} this would go: {_told(counts)}.",
            "Its archive would be off from then on. Practices and visits would stay.",
            "Repeat it with --yes to throw it away for good.",
        ]
    now = datetime.now(UTC)
    await beside.change(url, lambda c: timers.schedule(c, [purges.order(room.room_id, now)]))
    for _ in range(max(1, int(wait / EVERY))):
        if await beside.look(url, lambda c: _is_done(c, room.room_id)):
            return [f"Thrown away: {_told(counts)}."]
        await asyncio.sleep(EVERY)
    return ["It is asked for, and done as soon as the hall runs."]


def _room(connection: Connection, named: str) -> Room | None:
    by_id = rooms.get(connection, RoomId(named))
    return rooms.of_cluster(connection, named) if by_id is None else by_id


def _would_go(connection: Connection, room: Room) -> dict[str, int] | None:
    numbers = [one.id for one in rooms.with_earlier(connection, room)]
    return purges.tally(connection, numbers) if purges.holds_any(connection, numbers) else None


def _is_done(connection: Connection, room_id: RoomId) -> bool:
    room = rooms.get(connection, room_id)
    under_way = purges.get(connection, room_id) is not None
    return room is not None and not under_way and _would_go(connection, room) is None


def _told(counts: Mapping[str, int]) -> str:
    listed = [f"{name} {number}" for name, number in sorted(counts.items()) if number]
    return ", ".join(listed) or "nothing but who wrote when"

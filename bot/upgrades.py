"""Follows a room to its successor, with its archive, once the link holds in both directions."""

import logging
from typing import Any

from sqlalchemy import Connection

from bot.entries import replaced_entry
from bot.hall import Hall
from bot.matrix.errors import RateLimited, Refused, Unreachable
from storage import asked, gaps, inbox, outbox, rooms, timers, visits
from storage.records import Room, RoomId, RoomKind

log = logging.getLogger(__name__)

SOON = 15.0  # seconds


async def follow_upgrades(hall: Hall, space: RoomId | None) -> float | None:
    """Move with every room whose tombstone names a successor that names it back.

    Returns after how many seconds to try again, if some could not be followed yet.
    """
    waits: list[float] = []
    for room, replacement in await hall.database.read(rooms.replaced):
        try:
            await _follow(hall, room, replacement, space)
        except Refused as refusal:
            log.warning("upgrade not followed: room=%s error=%s", room.room_id, refusal)
        except RateLimited as limit:
            waits.append(limit.retry_after)
        except Unreachable as trouble:
            log.warning("upgrade not followed yet: room=%s error=%s", room.room_id, trouble)
            waits.append(SOON)
    return min(waits, default=None)


async def _follow(hall: Hall, room: Room, replacement: RoomId, space: RoomId | None) -> None:
    if not replacement.startswith("!"):
        return  # an alias leads wherever its owner likes
    known = await hall.database.read(lambda c: rooms.get(c, replacement))
    was_in = known is not None and known.joined
    via = room.via or (hall.me.partition(":")[2],)
    joined = await hall.client.join(replacement, via)
    create = await hall.client.state_event(joined, "m.room.create") or {}
    predecessor = create.get("predecessor")
    points_back = isinstance(predecessor, dict) and predecessor.get("room_id") == room.room_id
    if not points_back or joined == room.room_id:
        # Anybody who may write a tombstone could lead us anywhere: the successor must agree.
        log.warning("forged upgrade ignored: room=%s claimed=%s", room.room_id, replacement)
        if not was_in:
            await hall.client.leave(joined, "")
        await hall.database.write(lambda c: rooms.change(c, room.room_id, replacement=None))
        return
    now = hall.clock.now()

    def move(connection: Connection) -> None:
        rooms.know(connection, joined)
        rooms.succeed(connection, room, joined, version=str(create.get("room_version", "1")))
        timers.move(connection, room.room_id, joined)
        inbox.move_timers(connection, room.room_id, joined)
        outbox.move_room(connection, room.room_id, joined)
        visits.move_room(connection, room.room_id, joined)
        asked.move_room(connection, room.room_id, joined)
        if room.archive_on:
            # What was said there before we came belongs to the archive, too.
            gaps.open_gap(connection, joined, None, gaps.NEWEST, now)
        inbox.add(connection, [replaced_entry(room.room_id, joined, now)], now)

    # First, and again until it succeeds: once the move is written, nobody looks here any more.
    await _move_in_space(hall, room, joined, space)
    await hall.database.write(move)
    log.info("room upgraded: old=%s new=%s", room.room_id, joined)
    hall.bells.inbox.ring([joined])
    hall.bells.gaps.ring()
    hall.bells.outbox.ring([joined])


async def _move_in_space(hall: Hall, room: Room, joined: RoomId, space: RoomId | None) -> None:
    """Neither the parent link nor the Space's child entry is copied by an upgrade."""
    if room.kind is not RoomKind.CLUSTER or space is None:
        return
    via = [hall.me.partition(":")[2]]
    wishes: list[tuple[RoomId, str, str, dict[str, Any]]] = [
        (joined, "m.space.parent", space, {"via": via, "canonical": True}),
        (space, "m.space.child", joined, {"via": via, "suggested": True}),
        (space, "m.space.child", room.room_id, {}),
    ]
    for room_id, type_, key, content in wishes:
        try:
            if await hall.client.state_event(room_id, type_, key) != content:
                await hall.client.put_state(room_id, type_, key, content)
        except Refused as refusal:
            log.warning("space link not written: room=%s error=%s", room_id, refusal)

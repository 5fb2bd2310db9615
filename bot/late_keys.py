"""Reads encrypted events whose key was not here when they came; acknowledges what stays closed."""

import logging
from collections.abc import Sequence, Set
from datetime import timedelta

from sqlalchemy import Connection

from bot.hall import Hall
from bot.intake import Taken, keep, read_facts, speak_of_missed
from bot.matrix.answers import Unreadable
from bot.posting import queue_posts
from commands.posts import React, TakeBack
from storage import rooms, waiting
from storage.records import RoomEvent
from storage.types import instant

log = logging.getLogger(__name__)

LOOK_SECONDS = 5.0
RETRIES = (timedelta(minutes=1), timedelta(minutes=10))  # after the first, ten seconds; see intake
UNREADABLE = "\N{LOCK}"  # on a message that we could not read; taken back when we can


async def keep_trying(hall: Hall) -> None:
    """Try again when a key comes and at set times, as nio announces no key twice."""
    # A key that came just before we ended is in the store, and nobody will announce it again.
    # That look counts as none: whoever restarts us three times has not waited any longer.
    every = await hall.database.read(waiting.sessions)
    await _open(hall, set(map(" ".join, every)))
    while True:
        held = await hall.database.read(lambda c: waiting.due(c, hall.clock.now()))
        await _try_again(hall, held)
        await _open(hall, await hall.bells.keys.wait(LOOK_SECONDS))


async def _open(hall: Hall, keys: Set[str]) -> None:
    """These keys came, each "room session": read what waited for them."""
    parts = (key.partition(" ") for key in keys)
    named = [(room_id, session_id) for room_id, _, session_id in parts]
    held = await hall.database.read(lambda c: waiting.of_sessions(c, named))
    for one in held:
        event = hall.client.try_again(_as_came(one))
        if event is not None:  # else another's key came; its own times go on
            await _enter(hall, one, event)


async def _try_again(hall: Hall, held: Sequence[waiting.Waiting]) -> None:
    """Try to decrypt waiting events; those that can be read are taken in."""
    for one in held:
        event = hall.client.try_again(_as_came(one))
        if event is None:
            await _wait_longer(hall, one)
        else:
            await _enter(hall, one, event)


def _as_came(one: waiting.Waiting) -> Unreadable:
    return Unreadable(one.raw, one.event_id, one.room_id, one.session_id)


async def _wait_longer(hall: Hall, one: waiting.Waiting) -> None:
    now = hall.clock.now()
    next_try = now + RETRIES[one.tries] if one.tries < len(RETRIES) else None

    def postpone(connection: Connection) -> set[str]:
        waiting.postpone(connection, one.event_id, next_try)
        if one.tries != len(RETRIES) or not _is_live(hall, one):
            return set()
        # So that its author knows: the key may still come, and tells by itself.
        log.warning("no key came: room=%s event=%s", one.room_id, one.event_id)
        mark = React(one.room_id, one.event_id, UNREADABLE)
        return queue_posts(connection, hall, [mark], one.event_id, now)

    lanes = await hall.database.write(postpone)
    hall.bells.outbox.ring(lanes)


def _is_live(hall: Hall, one: waiting.Waiting) -> bool:
    """Whether it was new when it came: history from before our time is nobody's concern."""
    at = one.raw.get("origin_server_ts")
    if not isinstance(at, int) or one.received_at is None:
        return False
    return one.received_at - instant(at) <= hall.settings.limits.command_age


async def _enter(hall: Hall, one: waiting.Waiting, event: RoomEvent) -> None:
    facts = await read_facts(hall, [event])
    now = hall.clock.now()

    def enter(connection: Connection) -> tuple[Taken, set[str]]:
        taken = Taken()
        if not waiting.forget(connection, [one.event_id]):
            return taken, set()  # taken back meanwhile
        room = rooms.know(connection, one.room_id)
        keep(connection, hall, room, [event], facts, now, taken, heard_at=one.received_at)
        speak_of_missed(connection, one.room_id, one.event_id, now, taken)
        # Without a mark there is nothing to take back.
        mark = f"react/{one.event_id}/{UNREADABLE}"
        return taken, queue_posts(connection, hall, [TakeBack(mark)], one.event_id, now)

    taken, lanes = await hall.database.write(enter, alone=True)
    taken.ring(hall)
    hall.bells.outbox.ring(lanes)

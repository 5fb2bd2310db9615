"""Throws rooms' archives away a few events at a time, and those of rooms that the hall has left."""

import logging
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.hall import Hall
from bot.pace import Pace
from storage import purges, timers
from storage.purges import Left, Purge
from storage.records import Timer

log = logging.getLogger(__name__)

AT_ONCE, MOST = 10, 200  # events a step, at first and at most
LAST_CALL = timedelta(days=7)  # before the archive of a room that was left goes


async def carry_out(hall: Hall) -> None:
    """Everything that was begun and not finished, also before a crash."""
    for one in await hall.database.read(lambda c: purges.find(c, purges.BEGUN)):
        await _sweep(hall, one)


async def _sweep(hall: Hall, one: Purge) -> None:
    language = hall.settings.community.language
    last: int | None = -1
    pace = Pace(AT_ONCE, most=MOST)
    while (place := last) is not None:
        last = await pace.step(
            hall.database,
            lambda c, size: purges.step(c, one, language, size, place),
        )
    now = hall.clock.now()

    def finish(connection: Connection) -> None:
        purges.advance(connection, one, purges.SWEPT)
        timers.schedule(connection, [purges.alarm(one, now, purges.TELL)])

    await hall.database.write(finish)
    hall.bells.timers.ring()
    hall.bells.erasures.ring()
    log.info("archive purged: room=%s why=%s", one.room_id, one.why)


async def follow_rooms_left(hall: Hall) -> None:
    """Once a day: what is kept of rooms that the hall is not in any more goes when its time is
    over. The coordinators are told when that is, at once and a week before."""
    kept = hall.settings.archive.kept_after_leaving
    if kept is None:
        return
    now, language = hall.clock.now(), hall.settings.community.language

    def look(connection: Connection) -> list[Timer]:
        alarms = []
        for left in purges.rooms_left(connection, hall.me, now):
            until = left.since + kept
            if until <= now:
                asked = purges.request(connection, left.room, now, language, why=purges.LEFT)
                alarms.append(purges.alarm(asked, now))
            elif left.notices == 0 or (left.notices == 1 and _is_last_call(left, until, now)):
                alarms.append(purges.give_notice(connection, left, until, now))
        timers.schedule(connection, alarms)
        return alarms

    if await hall.database.write(look, alone=True):
        hall.bells.timers.ring()


def _is_last_call(left: Left, until: datetime, now: datetime) -> bool:
    """Where an archive is kept for a few days only, the first notice is the last."""
    return left.since < until - LAST_CALL <= now

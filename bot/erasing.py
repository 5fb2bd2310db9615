"""Erases people's messages a few at a time, between answers, and has the receipt written; rooms'
archives that are thrown away go on the same round."""

import logging

from sqlalchemy import Connection

from bot import ledger, purging
from bot.hall import Hall
from bot.pace import Pace
from commands.audience import of_person
from storage import erasures, people, timers
from storage.erasures import Erasure, Mention
from storage.records import UserId

log = logging.getLogger(__name__)

AT_ONCE, MOST = 10, 200  # messages a step, at first and at most
LEAST = 5  # PostgreSQL answers a step's statements one by one: for one message as slowly
SWEEP = 600.0  # seconds
SHOWN = 8  # messages of others that a receipt links to


async def keep_erasing(hall: Hall) -> None:
    """For ever: what was asked for, and who has left since they were erased."""
    while True:
        await carry_out(hall)
        await hall.bells.people.wait(SWEEP)


async def carry_out(hall: Hall) -> None:
    """Everything that was asked for and not finished, also before a crash."""
    await purging.carry_out(hall)
    for one in await hall.database.read(lambda c: erasures.find(c, erasures.BEGUN)):
        await _sweep(hall, one)
    if await hall.database.write(erasures.forget_gone):
        hall.bells.erasures.ring()
    await ledger.keep(hall)


async def _sweep(hall: Hall, one: Erasure) -> None:
    language = hall.settings.community.language
    last: int | None = -1
    pace = Pace(AT_ONCE, most=MOST, least=LEAST)
    while last is not None:
        last = await pace.step(
            hall.database,
            lambda c, size: erasures.step(c, one, language, size, -1 if last is None else last),  # noqa: B023 — awaited at once
        )
    named = await hall.database.study(lambda c: _named(c, one))
    now = hall.clock.now()

    def finish(connection: Connection) -> None:
        erasures.change(connection, one.id, state=erasures.SWEPT)
        links = [[mention.room_id, mention.event_id] for mention in named[:SHOWN]]
        more = max(0, len(named) - SHOWN)
        told = erasures.alarm(one, now, erasures.TELL, named=links, more=more)
        timers.schedule(connection, [told])

    await hall.database.write(finish)
    hall.bells.timers.ring()
    hall.bells.erasures.ring()
    log.info("erased a person: erasure=%d", one.id)


def _named(connection: Connection, one: Erasure) -> list[Mention]:
    user_id = UserId(erasures.whose(connection, one))
    who = people.get(connection, user_id)
    if who is None:
        return []
    names = {user_id, user_id[1:].partition(":")[0], who.display_name}
    named = erasures.named_by_others(connection, who.id, sorted(n for n in names if len(n) > 2))
    # Of rooms that are none of theirs they learn nothing.
    theirs = of_person(connection, who)
    return [one for one in named if theirs.may_read(one.room_number, one.at)]

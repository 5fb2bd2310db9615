"""Wakes the hall at the next alarm; the truth about alarms is a table, APScheduler is the bell."""

import logging
from datetime import datetime

from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.hall import Hall
from storage import timers

log = logging.getLogger(__name__)

SWEEP = 30.0  # seconds: a jump of the wall clock or a sleeping machine wakes no alarm by itself


class Timers:
    """Turns alarms that are due into inbox entries, whose keys make two sweeps one."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._scheduler = AsyncIOScheduler(
            timezone="UTC",
            # The default grace of one second would drop what a busy second delays.
            job_defaults={"misfire_grace_time": None, "coalesce": True, "max_instances": 1},
        )

    async def run(self) -> None:
        """Ring for ever. Start this after the first sync: what was said in time comes first."""
        moved = await self._hall.database.write(timers.rederive)
        if moved:
            log.info("time-zone rules changed: %d alarms moved", moved)
        self._scheduler.start()
        try:
            while True:
                await self._ring()
                await self._set_alarm()
                await self._hall.bells.timers.wait(SWEEP)
        finally:
            self._scheduler.shutdown(wait=False)

    async def _ring(self) -> None:
        now = self._hall.clock.now()
        due = await self._hall.database.read(timers.next_due)
        if due is None or due > now:
            return
        lanes = await self._hall.database.write(lambda c: timers.ring(c, now))
        self._hall.bells.inbox.ring(lanes)

    async def _wake(self) -> None:
        # A coroutine, so that APScheduler runs it in our loop and not in a thread.
        self._hall.bells.timers.ring()

    async def _set_alarm(self) -> None:
        due: datetime | None = await self._hall.database.read(timers.next_due)
        if due is None:
            return
        # The hall's clock may be a shifted one; the scheduler knows only the machine's.
        delay = due - self._hall.clock.now()
        self._scheduler.add_job(
            self._wake,
            "date",
            run_date=datetime.now(due.tzinfo) + delay,
            id="next",
            replace_existing=True,
        )

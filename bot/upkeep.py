"""Quiet work between commands: erased words leave the files, old keys leave the inbox."""

import asyncio
import logging
from datetime import timedelta

from bot.hall import Hall
from storage import inbox
from storage.search import upkeep

log = logging.getLogger(__name__)

NIGHTLY = timedelta(days=1)
SETTLE = 60.0  # seconds after an erasure, so that several are cleaned up in one go
PAUSE = 0.02  # seconds between steps: answers go first
KEYS_KEPT = timedelta(days=60)  # handled inbox keys: far longer than any homeserver repeats itself


class Upkeep:
    """Steps of a few milliseconds each, so that nobody waits for them."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    async def run(self) -> None:
        """Clean up a minute after each erasure, and once a day thoroughly."""
        thoroughly_at = self._hall.clock.now() + NIGHTLY
        while True:
            left = (thoroughly_at - self._hall.clock.now()).total_seconds()
            await self._hall.bells.erasures.wait(max(left, 0))
            await asyncio.sleep(SETTLE)
            thoroughly = self._hall.clock.now() >= thoroughly_at
            if thoroughly:
                thoroughly_at += NIGHTLY
            await self.clean(thoroughly=thoroughly)

    async def clean(self, *, thoroughly: bool) -> None:
        """Drive erased words out of index and write-ahead log, and forget old keys."""
        now = self._hall.clock.now()
        database, steps = self._hall.database, 1
        more = await database.write(upkeep.start_merge, alone=True, durable=False)
        while more:
            await asyncio.sleep(PAUSE)
            more = await database.write(upkeep.merge_step, alone=True, durable=False)
            steps += 1
        await database.tidy(thoroughly=thoroughly)
        forgotten = await database.write(lambda c: inbox.forget(c, now, KEYS_KEPT))
        log.info("upkeep done: merge steps=%d keys forgotten=%d", steps, forgotten)

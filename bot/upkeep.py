"""Quiet work between commands: erased words leave the files, old keys leave the inbox."""

import asyncio
import logging
from datetime import timedelta

from bot.hall import Hall
from storage import inbox, search

log = logging.getLogger(__name__)

NIGHTLY = 24 * 3600.0  # seconds
SETTLE = 60.0  # seconds after an erasure, so that several are cleaned up in one go
PAUSE = 0.02  # seconds between steps: answers go first
KEYS_KEPT = timedelta(days=60)  # handled inbox keys: far longer than any homeserver repeats itself


class Upkeep:
    """Steps of a few milliseconds each, so that nobody waits for them."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    async def run(self) -> None:
        """Clean up a minute after each erasure, and once a day."""
        while True:
            await self._hall.bells.erasures.wait(NIGHTLY)
            await asyncio.sleep(SETTLE)
            await self.clean()

    async def clean(self) -> None:
        """Drive erased words out of index and write-ahead log, and forget old keys."""
        now = self._hall.clock.now()
        steps = 0
        while await self._hall.database.write(search.merge_step, alone=True, durable=False):
            steps += 1
            await asyncio.sleep(PAUSE)
        await self._hall.database.checkpoint()
        forgotten = await self._hall.database.write(lambda c: inbox.forget(c, now, KEYS_KEPT))
        log.info("upkeep done: merge steps=%d keys forgotten=%d", steps, forgotten)

"""Steps of work beside answers, as large as the time allows that the last one took."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from time import monotonic
from typing import TypeVar

from sqlalchemy import Connection

from storage.database import Database

T = TypeVar("T")

HOLD = 0.02  # seconds of the writer: an answer that comes just then is not noticeably late
REST = 0.02  # seconds between steps, and never less than the last one took
GROWS, SHRINKS = 2.0, 0.1  # from one step to the next, at most


@dataclass(slots=True)
class Pace:
    """How much to do at once."""

    size: int  # of the first step: messages, pages, …
    most: int
    least: int = 1
    clock: Callable[[], float] = monotonic  # seconds
    longest: float = 0.0  # seconds that a step took

    def took(self, seconds: float) -> None:
        """The next step is larger or smaller, so that it takes HOLD."""
        self.longest = max(self.longest, seconds)
        factor = HOLD / seconds if seconds > 0 else GROWS
        wanted = int(self.size * min(GROWS, max(SHRINKS, factor)))
        self.size = min(self.most, max(self.least, wanted))

    async def step(self, database: Database, work: Callable[[Connection, int], T]) -> T:
        """Let the writer do one step of that size, then rest, so that others have their turn.

        A power cut may undo it: it is work that is done again from where it was.
        """
        size, begun = self.size, self.clock()

        def timed(connection: Connection) -> T:
            nonlocal begun
            begun = self.clock()  # only now: others were before us
            return work(connection, size)

        result = await database.write(timed, alone=True, durable=False)
        seconds = self.clock() - begun
        self.took(seconds)
        await asyncio.sleep(max(REST, seconds))
        return result

"""One task a lane: what belongs to one room keeps its order, and rooms go side by side."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from bot.hall import Bell

SWEEP = 30.0  # seconds; everything that matters also rings


class Lanes:
    """Works off lanes as their bell calls them; inbox and outbox are two such."""

    def __init__(
        self, work_off: Callable[[str], Awaitable[None]], bell: Bell, busy: set[str] | None = None
    ) -> None:
        """work_off: until the lane is empty, or must wait. busy: the lanes that have a task now."""
        self._work_off = work_off
        self._bell = bell
        self._busy = set() if busy is None else busy
        self._called: set[str] = set()  # while they were busy

    async def run(self, waiting: Callable[[], Awaitable[Iterable[str]]]) -> None:
        """Work for ever. waiting: lanes that hold something, whether or not they called."""
        async with asyncio.TaskGroup() as group:
            loop = asyncio.get_running_loop()
            lanes, swept = set(await waiting()), loop.time()
            while True:
                for lane in lanes:
                    self._start(group, lane)
                lanes = await self._bell.wait(SWEEP)
                if not lanes or loop.time() - swept > SWEEP:
                    # An operator's `parked retry` rings no bell, however busy we are.
                    lanes |= set(await waiting())
                    swept = loop.time()

    def looks(self, lane: str) -> None:
        """The lane is about to be looked at: what called before that will be seen."""
        self._called.discard(lane)

    def _start(self, group: asyncio.TaskGroup, lane: str) -> None:
        if lane in self._busy:
            self._called.add(lane)  # it may just have found its lane empty
            return
        self._busy.add(lane)
        task = group.create_task(self._task(lane), name=f"lane {lane}")
        task.add_done_callback(lambda _task: self._ended(lane))

    async def _task(self, lane: str) -> None:
        await self._work_off(lane)

    def _ended(self, lane: str) -> None:
        self._busy.discard(lane)
        if lane in self._called:
            self._called.discard(lane)
            self._bell.ring([lane])

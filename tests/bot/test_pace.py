"""Work beside answers: large steps on a fast disk, small ones on a slow one."""

from typing import Any, cast

import pytest

from bot.pace import Pace
from storage.database import Database


class Disk:
    """A clock that goes on by what each unit of work takes, and a database that runs it."""

    def __init__(self, seconds_each: float, seconds_besides: float = 0.0) -> None:
        self.each, self.besides, self.now = seconds_each, seconds_besides, 0.0
        self.held: list[float] = []

    async def write(self, work: Any, *, alone: bool, durable: bool) -> Any:
        self.now += 5.0  # others are first: that says nothing about the disk
        return work(None)

    def does(self, _connection: Any, size: int) -> int:
        took = self.besides + size * self.each
        self.now += took
        self.held.append(took)
        return size


async def _no_rest(_seconds: float) -> None: ...


@pytest.mark.promise(
    "Clean-up, erasing, expiry and re-indexing go in steps whose size follows the time that the"
    " last one took, so that on a slow disk, too, no answer waits long"
)
async def test_steps_follow_the_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.pace.asyncio.sleep", _no_rest)
    disk = Disk(0.0001)
    steps = Pace(10, most=1_000, clock=lambda: disk.now)

    async def works(times: int) -> list[float]:
        disk.held.clear()
        for _ in range(times):
            await steps.step(cast(Database, disk), disk.does)
        return disk.held

    assert max(await works(30)) <= 0.05
    assert steps.size > 150, "a fast disk is used"
    disk.each = 0.02  # two hundred times slower, all at once
    held = await works(10)
    assert max(held[2:]) <= 0.1
    assert steps.size in (1, 2)
    disk.each = 0.5  # nothing is small enough, and still it goes on
    await works(5)
    assert steps.size == 1
    assert steps.longest >= 0.5
    disk.each = 0.0001
    await works(30)
    assert steps.size > 150, "and it recovers"

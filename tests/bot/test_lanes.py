"""Lanes are worked off when they call, and looked for when nobody calls."""

import asyncio

import pytest

from bot import lanes
from bot.hall import Bell
from bot.lanes import Lanes


async def test_what_rings_no_bell_is_found_however_busy_the_others_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(lanes, "SWEEP", 0.05)
    bell, found = Bell(), asyncio.Event()
    waiting: set[str] = set()

    async def work_off(lane: str) -> None:
        if lane == "quiet":
            found.set()
        waiting.discard(lane)

    async def look() -> set[str]:
        return set(waiting)

    async def keep_ringing() -> None:
        while True:
            bell.ring(["busy"])
            await asyncio.sleep(0.01)

    running = [asyncio.create_task(Lanes(work_off, bell).run(look))]
    running.append(asyncio.create_task(keep_ringing()))
    await asyncio.sleep(0.02)
    waiting.add("quiet")
    async with asyncio.timeout(5):
        await found.wait()
    for task in running:
        task.cancel()
    await asyncio.wait(running)

"""Erasing a person of 10,000 messages while others are answered: how long does an answer wait?

And how long, while the files are cleaned, and while an upgrade makes the index anew?
"""

import asyncio
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Connection

from benchmarks.report import Line
from bot import erasing
from bot.hall import Bells, Hall
from bot.reindexing import keep_reindexing
from bot.upkeep import Upkeep
from commands.context import Settings
from storage import erasures, folding, meta, people, reindexing
from storage.database import Database, open_database
from storage.facts import read_fact
from storage.migrations import bring_up_to_date
from storage.records import ArchiveRules, Community, EventId, Limits, RoomEvent, RoomId, UserId
from storage.types import milliseconds

MESSAGES, THEIRS = 100_000, 10  # every tenth is the person's
ANN, BEN = UserId("@ann:test"), UserId("@ben:test")
WORDS = ("visit", "library", "volunteer", "coffee", "neighbour", "winter", "garden", "school")


async def measure(folder: Path) -> list[Line]:
    """On SQLite: erase, then clean up, and knock at the writer's door all the while."""
    database = await open_database(f"sqlite:///{folder}/moothall.db")
    try:
        return await _measure(database, folder)
    finally:
        await database.close()


async def _measure(database: Database, folder: Path) -> list[Line]:
    await database.write(bring_up_to_date, alone=True)
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    await fill(database, now)
    idle, _ = await _knock(database, asyncio.sleep(2))

    def ask(connection: Connection) -> None:
        one = erasures.request(connection, people.know(connection, ANN), now, now)
        erasures.begin(connection, one)

    await database.write(ask)
    hall = cast(
        Hall,
        SimpleNamespace(
            database=database,
            settings=Settings(Community("N", "n", "UTC", "en", (), (), (), ()), Limits(),
                              ArchiveRules()),
            clock=SimpleNamespace(now=lambda: now),
            bells=Bells(),
            folder=folder,
        ),
    )  # fmt: skip
    began = time.perf_counter()
    erased, worst = await _knock(database, erasing.carry_out(hall))
    took = time.perf_counter() - began
    cleaned, worst_clean = await _knock(database, Upkeep(hall).clean(thoroughly=True))
    await database.write(lambda c: meta.put(c, reindexing.ANALYSER, "of before"))
    await database.write(reindexing.begin, alone=True)
    began_anew = time.perf_counter()
    renewed, worst_renewed = await _knock(database, keep_reindexing(hall))
    took_anew = time.perf_counter() - began_anew
    return [
        Line("a writer's wait, p95, idle", idle * 1000, None, "ms"),
        Line("… while 10,000 messages are erased, p95", erased * 1000, None, "ms", most_ours=100),
        Line("… at most", worst * 1000, None, "ms", most_ours=100),
        Line("… while the files are cleaned, p95", cleaned * 1000, None, "ms", most_ours=100),
        Line("… at most", worst_clean * 1000, None, "ms", most_ours=100),
        Line("… while the index is made anew, p95", renewed * 1000, None, "ms", most_ours=100),
        Line("… at most", worst_renewed * 1000, None, "ms", most_ours=100),
        Line("10,000 messages of 100,000 erased in", took, None, "s", most_ours=300),
        Line("the index of 100,000 made anew in", took_anew, None, "s", most_ours=300),
    ]


async def fill(database: Database, now: datetime, messages: int = MESSAGES) -> None:
    """An archive of so many messages by two people, one a minute."""
    moment = milliseconds(now)
    for start in range(0, messages, 500):
        events = [_said(number, now) for number in range(start, start + 500)]
        facts = [read_fact(one, "en") for one in events]
        await database.write(lambda c: folding.record(c, facts, moment, "en"), alone=True)  # noqa: B023


def _said(number: int, now: datetime) -> RoomEvent:
    words = [WORDS[(number * step) % len(WORDS)] + str(number % 97) for step in range(1, 18)]
    at = milliseconds(now - timedelta(minutes=MESSAGES - number))
    content = {"msgtype": "m.text", "body": " ".join(words)}
    who = ANN if number % THEIRS == 0 else BEN
    return RoomEvent(EventId(f"$e{number}"), RoomId("!r"), "m.room.message", who, at, content)


async def _knock(database: Database, work: Coroutine[Any, Any, None]) -> tuple[float, float]:
    """p95 and the longest wait of a small write, while work goes on."""
    task = asyncio.create_task(work)
    waits: list[float] = []
    while not task.done():
        begun = time.perf_counter()
        await database.write(lambda c: meta.put(c, "bench", "1"))
        waits.append(time.perf_counter() - begun)
        await asyncio.sleep(0.005)
    await task
    waits.sort()
    return waits[int(len(waits) * 0.95)], waits[-1]

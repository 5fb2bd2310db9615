"""Erasing a person of 10,000 messages while others are answered: how long does an answer wait?

And how long, while the files are cleaned, and while an upgrade makes the index anew? After the
clean-up no file holds a word of theirs: within a quarter of an hour on SQLite, a day on PostgreSQL.

The floor beside each wait is the same writer's beside steps as long as ours that only compute:
what is above 20 ms there comes from this machine's scheduler and disk, and is in ours, too.
"""

import asyncio
import shutil
import tempfile
import time
from collections.abc import Coroutine
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from sqlalchemy import Connection, text

from benchmarks.report import Line
from bot import erasing
from bot.hall import Bells, Hall
from bot.memory import settle
from bot.pace import HOLD, Pace
from bot.reindexing import keep_reindexing
from bot.upkeep import Upkeep
from commands.context import Settings
from demo.postgres import Postgres
from storage import erasures, folding, meta, people, reindexing
from storage.database import Database, open_database
from storage.facts import read_fact
from storage.migrations import bring_up_to_date
from storage.postgres import PostgresDatabase
from storage.records import ArchiveRules, Community, EventId, Limits, RoomEvent, RoomId, UserId
from storage.types import milliseconds

MESSAGES, THEIRS = 100_000, 10  # every tenth is the person's
ANN, BEN = UserId("@ann:test"), UserId("@ben:test")
CANARY = "zqbdfhjlnprtvxzbdf"  # in each message of hers, and nowhere else
LONGEST = 100  # ms
CONTROL = 10.0  # seconds
WORDS = ("visit", "library", "volunteer", "coffee", "neighbour", "winter", "garden", "school")


async def measure(folder: Path) -> list[Line]:
    """Erase, then clean up, and knock at the writer's door all the while; on either database."""
    database = await open_database(f"sqlite:///{folder}/moothall.db")
    try:
        lines = await _measure("SQLite", database, folder, folder)
    finally:
        await database.close()
    server_folder = Path(tempfile.mkdtemp(prefix="moothall-"))  # which the server can reach
    with Postgres.start(server_folder) as server:  # durable, so that the waits are true
        server.create_database("hall")
        database = await open_database(server.url("hall"))
        try:
            lines += await _measure("PostgreSQL", database, server_folder, folder)
        finally:
            await database.close()
    shutil.rmtree(server_folder, ignore_errors=True)
    return lines


async def _measure(name: str, database: Database, files: Path, folder: Path) -> list[Line]:
    """files: where the database keeps its own; folder: of the hall."""
    await database.write(bring_up_to_date, alone=True)
    now = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    await fill(database, now)
    await _on_disk(database)
    if not _traces(files):
        raise RuntimeError("what is erased was never found on the disk")
    settle()  # as a hall does at its start
    idle, worst_idle = await _knock(database, asyncio.sleep(CONTROL))
    floor, worst_floor = await _knock(database, _only_compute(database))

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
            saving_ledger=asyncio.Lock(),
            me="",
            bells=Bells(),
            folder=folder,
        ),
    )  # fmt: skip
    began = time.perf_counter()
    erased, worst = await _knock(database, erasing.carry_out(hall))
    took = time.perf_counter() - began
    began_clean = time.perf_counter()
    cleaned, worst_clean = await _knock(database, Upkeep(hall).clean(thoroughly=True))
    took_clean = time.perf_counter() - began_clean
    afterwards = await _knock(database, _only_compute(database))  # others may have come meanwhile
    floor, worst_floor = max(floor, afterwards[0]), max(worst_floor, afterwards[1])
    await _on_disk(database)
    left = _traces(files)

    def waits(when: str, p95: float, longest: float) -> list[Line]:
        return [
            Line(f"… {when}, p95", p95 * 1000, floor * 1000, "ms", most_ours=LONGEST),
            Line("… at most", longest * 1000, worst_floor * 1000, "ms", most_ours=LONGEST),
        ]

    lines = [
        Line(f"{name}: a writer's wait, p95, idle", idle * 1000, None, "ms"),
        Line("… at most", worst_idle * 1000, None, "ms"),
        *waits("while 10,000 messages are erased", erased, worst),
        *waits("while the files are cleaned", cleaned, worst_clean),
        Line("10,000 messages of 100,000 erased in", took, None, "s", most_ours=300),
        Line("… and cleaned out of the files in", took_clean, None, "s", most_ours=600),
        Line("files in which a word of theirs is left", left, None, "", most_ours=0),
    ]
    if name != "SQLite":  # there its index is a table of its own; here it is a column
        return lines
    await database.write(lambda c: meta.put(c, reindexing.ANALYSER, "of before"))
    await database.write(reindexing.begin, alone=True)
    began_anew = time.perf_counter()
    renewed, worst_renewed = await _knock(database, keep_reindexing(hall))
    took_anew = time.perf_counter() - began_anew
    return [
        *lines,
        *waits("while the index is made anew", renewed, worst_renewed),
        Line("the index of 100,000 made anew in", took_anew, None, "s", most_ours=300),
    ]


async def _only_compute(database: Database) -> None:
    """Hold the writer as our steps do, with nothing that needs a disk."""
    pace, end = Pace(1, most=1), time.perf_counter() + CONTROL

    def compute(_connection: Connection, _size: int) -> None:
        begun = time.perf_counter()
        while time.perf_counter() - begun < HOLD:
            sum(range(1_000))

    while time.perf_counter() < end:
        await pace.step(database, compute)


async def _on_disk(database: Database) -> None:
    """On PostgreSQL pages lie in its memory until then; we look into files."""
    if isinstance(database, PostgresDatabase):
        await database.write(lambda c: c.execute(text("CHECKPOINT")) and None)


def _traces(folder: Path) -> int:
    """In how many files the end of their word stands; a server's own log is the server's."""
    end = CANARY[-10:].encode()  # an index may store the beginnings of words once
    paths = [path for path in folder.rglob("*") if path.is_file() and "pg_wal" not in path.parts]
    return sum(end in path.read_bytes() for path in paths)


async def fill(database: Database, now: datetime, messages: int = MESSAGES) -> None:
    """An archive of so many messages by two people, one a minute."""
    moment = milliseconds(now)
    for start in range(0, messages, 500):
        events = [_said(number, now) for number in range(start, start + 500)]
        facts = [read_fact(one, "en") for one in events]
        await database.write(lambda c: folding.record(c, facts, moment, "en"), alone=True)  # noqa: B023 — awaited at once
    if isinstance(database, PostgresDatabase):  # the server does in a minute
        await database.write(lambda c: c.execute(text("ANALYZE")) and None)


def _said(number: int, now: datetime) -> RoomEvent:
    words = [WORDS[(number * step) % len(WORDS)] + str(number % 97) for step in range(1, 18)]
    at = milliseconds(now - timedelta(minutes=MESSAGES - number))
    who = ANN if number % THEIRS == 0 else BEN
    if who == ANN:
        words.append(CANARY)
    content = {"msgtype": "m.text", "body": " ".join(words)}
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

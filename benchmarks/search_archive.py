"""A large archive for the benchmarks, filled by the road that messages take, and how fast."""

import asyncio
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median

from sqlalchemy import Connection

from benchmarks import search_peers
from benchmarks.corpus import ROOMS, Corpus
from benchmarks.report import Line
from storage import folding, people, reindexing, rooms
from storage.database import SqliteDatabase, open_database
from storage.facts import Fact, read_fact
from storage.migrations import bring_up_to_date
from storage.records import EventId, RoomEvent, RoomId, RoomKind, UserId
from storage.search.rows import LATEST

BATCH, SLICE, ROUNDS = 500, 10_000, 3
ME = UserId("@person-0:localhost")
PRAGMAS = (
    *("journal_mode=WAL", "secure_delete=ON", "synchronous=FULL", "temp_store=MEMORY"),
    *("cache_size=-2048", "wal_autocheckpoint=8000"),
)


async def open_archive(path: Path) -> SqliteDatabase:
    """An empty archive with its rooms, and a member of all of them."""
    database = await open_database(f"sqlite:///{path}")
    assert isinstance(database, SqliteDatabase)
    await database.write(bring_up_to_date, alone=True)
    await database.write(_furnish, alone=True)
    return database


def _furnish(connection: Connection) -> None:
    """Rooms whose history is shared, and a member of all."""
    number = people.know(connection, ME).id
    for index in range(ROOMS):
        room = rooms.know(connection, RoomId(f"!bench-{index}:localhost"), RoomKind.CLUSTER)
        rooms.record_visibility(connection, room.id, EventId(f"$v{index}"), 1, "shared")
        change = rooms.MembershipChange(EventId(f"$m{index}"), room.id, number, 1, "join")
        rooms.record_memberships(connection, [change], current=True)


async def fill(database: SqliteDatabase, corpus: Corpus, first: int, last: int) -> None:
    """Read, analyse and store the messages of these numbers."""
    await take(database, corpus.events(last - first, first))


async def take(database: SqliteDatabase, events: Iterable[RoomEvent]) -> None:
    """The same with these messages."""
    waiting = iter(events)
    while batch := list(islice(waiting, BATCH)):
        # In a thread, as the hall does with more than a few.
        await _store(database, await asyncio.to_thread(_analysed, batch, database.give_way))


def _analysed(events: Sequence[RoomEvent], give_way: Callable[[], None]) -> list[Fact]:
    facts = []
    for event in events:
        give_way()
        facts.append(read_fact(event, "en"))
    return facts


async def _store(database: SqliteDatabase, facts: Sequence[Fact]) -> None:
    def work(connection: Connection) -> None:
        folding.record(connection, facts, facts[-1].event.at, "en")

    await database.write(work, alone=True)


async def measure_ingest(folder: Path, corpus: Corpus) -> list[Line]:
    """A slice stored by us, analysed before and not, beside bare executemany of the same rows.

    In CPU seconds of this process, all its threads.
    """
    events = list(corpus.events(SLICE))
    facts = [read_fact(event, "en") for event in events]
    whole, stored, raw = [], [], []
    for turn in range(ROUNDS):
        database = await open_archive(folder / f"whole-{turn}.db")
        began = time.process_time()
        await take(database, events)
        whole.append(SLICE / (time.process_time() - began))
        await database.close()
        database = await open_archive(folder / f"stored-{turn}.db")
        began = time.process_time()
        for start in range(0, SLICE, BATCH):
            await _store(database, facts[start : start + BATCH])
        stored.append(SLICE / (time.process_time() - began))
        rows = await database.write(
            lambda c: reindexing.next_messages(c, LATEST, SLICE), alone=True
        )
        await database.close()
        index = [search_peers.index_values(row) for row in reversed(rows)]
        raw.append(SLICE / _bare(folder / f"stored-{turn}.db", folder / f"raw-{turn}.db", index))
    return [
        Line("ingest with analysis and index", median(whole), None, "messages/s", least_ours=4000),
        Line("ingest of what is analysed", median(stored), median(raw), "messages/s", least=0.6),
    ]


def _bare(source: Path, target: Path, index: Sequence[tuple[object, ...]]) -> float:
    """The same rows in the same tables and batches by sqlite3 alone: CPU seconds."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        new.isolation_level = None
        for pragma in PRAGMAS:
            new.execute(f"PRAGMA {pragma}")
        schema = old.execute(
            "SELECT sql FROM sqlite_master WHERE sql NOT NULL AND tbl_name IN ('event', 'message')"
            " OR name = 'ft' ORDER BY type = 'index'"
        ).fetchall()
        for (statement,) in schema:
            new.execute(statement)
        tables = {name: old.execute(f"SELECT * FROM {name} ORDER BY 1").fetchall()
                  for name in ("event", "message")}  # fmt: skip
        began = time.process_time()
        for start in range(0, SLICE, BATCH):
            new.execute("BEGIN IMMEDIATE")
            for name, rows in (*tables.items(), ("ft(rowid,title,tags,surface,stem,scope)", index)):
                part = rows[start : start + BATCH]
                marks = ",".join("?" * len(part[0]))
                new.executemany(f"INSERT INTO {name} VALUES ({marks})", part)
            new.execute("COMMIT")
        return time.process_time() - began

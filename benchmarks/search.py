"""Search over a large archive: ours beside plain bm25, tantivy and Synapse, in one run.

`MESSAGES=1000000 make bench ARGS=search` takes ten minutes and a gigabyte; by default a tenth.
What runs in this process is timed by its CPU, so that others on the machine hardly count; beside
Synapse and under a writer the time of day counts for both.
"""

import asyncio
import os
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from itertools import islice, takewhile
from pathlib import Path
from statistics import median

from sqlalchemy import Connection

from benchmarks import search_peers
from benchmarks.corpus import APART, BEGAN, ROOMS, Corpus
from benchmarks.report import Line
from benchmarks.search_archive import ME, fill, measure_ingest, open_archive, take
from benchmarks.search_queries import SELECTIVE, Asked, questions
from benchmarks.synapse_search import synapse_times
from benchmarks.timing import TODAY, p95
from bot.memory import settle
from commands.audience import Audience
from commands.context import Context, Settings
from commands.search import ranking
from commands.search.looking import look_widely
from commands.search.rules import parse_query
from storage import archive, people, rooms
from storage.courtesy import take_short_turns
from storage.database import SqliteDatabase
from storage.records import ArchiveRules, Community, Limits, RoomEvent
from storage.search.snippets import snippet

MESSAGES = int(os.environ.get("MESSAGES", "100000"))
SMALL = 100_000
ROUNDS = 3
MANY = 20_000  # messages: more than a writer takes in while all is asked once
Clock = Callable[[], float]
SETTINGS = Settings(
    Community("Bench", "bench", "UTC", "en", (), (), (), ()), Limits(), ArchiveRules()
)


async def measure(folder: Path) -> list[Line]:
    """Fill an archive, ask it, and let the peers do the same."""
    take_short_turns()  # as the hall does
    corpus = Corpus()
    asked = questions(corpus)
    lines = await measure_ingest(folder, corpus)
    database = await open_archive(folder / "hall.db")
    small = min(SMALL, MESSAGES)
    await fill(database, corpus, 0, small)
    early = await _ask(database, asked)
    waited = await _ask(database, asked, time.perf_counter)
    if small < MESSAGES:
        await fill(database, corpus, small, MESSAGES)
    times = await _ask(database, asked)
    naive = await database.write(lambda c: _plain(c, asked), alone=True)
    busy = await _under_a_writer(database, corpus, asked)
    await database.close()
    tantivy = search_peers.Tantivy(folder / "tantivy")
    tantivy.fill(corpus, MESSAGES)
    theirs = [tantivy.search(it) for _ in range(ROUNDS) for it in asked]
    synapse = await asyncio.to_thread(synapse_times, folder / "synapse", corpus, small, asked)
    everything = [time for each in times.values() for time in each]
    selective = [time for kind in SELECTIVE for time in times[kind]]
    first = [time for each in early.values() for time in each]
    by_day = [time for each in waited.values() for time in each]
    size, least = f"{MESSAGES // 1000:,}k", f"{small // 1000}k"
    bounded = 0.15 if MESSAGES >= 300_000 else 0.3
    exact = 4 if MESSAGES >= 1_000_000 else None  # of fewer messages, theirs takes next to nothing
    return [
        *lines,
        Line(f"selective searches p95, {size}", p95(selective), None, "ms", most_ours=20),
        Line(f"all searches p95, {size}", p95(everything), None, "ms", most_ours=50),
        *(Line(f"  {kind}: median", median(each), None, "ms") for kind, each in times.items()),
        Line("p95 beside plain bm25", p95(everything), p95(naive), "ms", most=bounded),
        Line("p95 beside tantivy", p95(everything), p95(theirs), "ms", most=exact),
        Line(f"p95 beside Synapse, {least}", p95(by_day), p95(synapse), "ms", most=0.1),
        Line(f"p95, {size} beside {least}", p95(everything), p95(first), "ms", most=3),
        Line("p95 under a full-speed writer", p95(busy[1]), p95(busy[0]), "ms", most=2),
    ]


# ── ours ──────────────────────────────────────────────────────────────────────────────────────


async def _ask(
    database: SqliteDatabase, asked: Sequence[Asked], clock: Clock = time.thread_time
) -> dict[str, list[float]]:
    """Times by kind, in milliseconds, after a round to warm up."""

    def work(connection: Connection) -> dict[str, list[float]]:
        times: dict[str, list[float]] = {}
        for turn in range(ROUNDS + 1):
            for one in asked:
                took = search_once(connection, one, clock)
                if turn:
                    times.setdefault(one.kind, []).append(took)
        return times

    return await database.write(work, alone=True)


def search_once(connection: Connection, asked: Asked, clock: Clock = time.perf_counter) -> float:
    """All that a search does before it is put into words: milliseconds."""
    now = datetime.fromtimestamp((BEGAN + MESSAGES * APART) / 1000, UTC)
    context = Context(connection, now, ME, SETTINGS, "$bench")
    asker = people.get(connection, ME)
    assert asker is not None
    here = tuple(rooms.by_number(connection, [1 + number for number in asked.rooms]).values())
    audience = Audience(connection, (asker.id,), here, frozenset(room.id for room in here))
    began = clock()
    query = parse_query(asked.query, today=TODAY).query
    found, _ = look_widely(audience, query, asker, context, None)
    page = ranking.page(found.ordered, found.candidates, None, 5)
    for message in archive.by_ids(connection, [hit.message_id for hit in page.hits]):
        snippet(message.body, message.language, found.matcher)
    return (clock() - began) * 1000


def _plain(connection: Connection, asked: Sequence[Asked]) -> list[float]:
    numbers = [1 + index for index in range(ROOMS)]
    return [search_peers.plain(connection, it, numbers) for _ in range(2) for it in asked]


async def _under_a_writer(
    database: SqliteDatabase, corpus: Corpus, asked: Sequence[Asked]
) -> tuple[list[float], list[float]]:
    """Reading connections, idle and while messages come in as fast as they can.

    Timed from where the answer is awaited: what holds up the loop counts, too. As many times as
    elsewhere: of a few dozen, p95 is one unlucky answer.
    """

    async def one(it: Asked) -> float:
        began = time.perf_counter()
        await database.read(partial(search_once, asked=it))
        return (time.perf_counter() - began) * 1000

    async def ask() -> list[float]:
        return [await one(it) for it in asked]

    idle: list[float] = []
    busy: list[float] = []
    coming = corpus.events(ROUNDS * MANY, MESSAGES)
    for _ in range(ROUNDS):  # in turns: a machine's speed changes within minutes
        made_up = list(islice(coming, MANY))  # before: inventing them is none of the hall's work
        settle()  # as the hall does
        idle += await ask()
        answered = asyncio.Event()
        filling = asyncio.create_task(take(database, _until(answered, made_up)))
        busy += await ask()
        assert not filling.done(), "no writer was there for the last answers"
        answered.set()
        await filling
    return idle, busy


def _until(done: asyncio.Event, events: Sequence[RoomEvent]) -> Iterator[RoomEvent]:
    return takewhile(lambda _: not done.is_set(), events)

"""A room with 100,000 messages in its week: how long its draft takes, and how much memory."""

import asyncio
import json
import random
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from benchmarks.report import Line
from commands.context import Context, Settings
from commands.digests import rules
from commands.digests.gathering import compose
from commands.digests.showing import begins, scope_of
from storage import folding, people, rooms, search
from storage.database import Database, open_database
from storage.facts import Fact, Kind, read_fact
from storage.migrations import bring_up_to_date
from storage.records import (
    ArchiveRules,
    City,
    Cluster,
    Community,
    EventId,
    Limits,
    RoomEvent,
    RoomId,
    RoomKind,
    UserId,
)
from storage.types import milliseconds

MESSAGES, PEOPLE, A_BATCH = 100_000, 200, 2_000
ROOM, ME = RoomId("!busy:bench"), UserId("@moothall:bench")
MONDAY = datetime(2026, 3, 9, 6, tzinfo=UTC)
WORDS = ("roof", "form", "tea", "bus", "school", "volunteer", "language", "evening", "table",
         "bread", "tour", "guide", "street")  # fmt: skip
COMMUNITY = Community(
    name="Bench", slug="bench", time_zone="Europe/Brussels", language="en",
    coordinators=(), operators=(),
    clusters=(Cluster("busy", "Busy", ""),),
    cities=tuple(City(f"c{n}", f"City {n}", "BE", "Europe/Brussels", ("en",), "busy")
                 for n in range(8)),
)  # fmt: skip
SECONDS, MEGABYTES = 2.0, 50.0


async def measure(folder: Path) -> list[Line]:
    """The week is written once; the draft is made by a fresh process, as after a start."""
    path = folder / "digest.db"
    database = await open_database(f"sqlite:///{path}")
    await fill(database)
    await database.close()
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.digest", str(path), stdout=asyncio.subprocess.PIPE
    )
    out, _err = await process.communicate()
    told = json.loads(out)
    return [
        Line("draft of a week of 100,000 messages", told["seconds"], None, "s", most_ours=SECONDS),
        Line("memory that it takes, over idle", told["megabytes"], None, "MB",
             most_ours=MEGABYTES),
    ]  # fmt: skip


async def fill(database: Database) -> None:
    """A week of talk: a third of it alone, the rest in threads, some of it questions."""
    await database.write(_furnish, alone=True)
    chance = random.Random(7)
    roots: list[EventId] = []
    begun = MONDAY - timedelta(days=7)
    facts: list[Fact] = []
    for number in range(MESSAGES):
        at = begun + timedelta(days=7) * number / MESSAGES
        said = EventId(f"$m{number}")
        thread = chance.choice(roots[-300:]) if roots and chance.random() < 0.66 else None
        if thread is None:
            roots.append(said)
        text = " ".join(chance.choices(WORDS, k=14)) + ("?" if chance.random() < 0.2 else "")
        relation = None if thread is None else {"rel_type": "m.thread", "event_id": thread}
        event = RoomEvent(
            said, ROOM, "m.room.message", UserId(f"@p{chance.randrange(PEOPLE)}:bench"),
            milliseconds(at), {"msgtype": "m.text", "body": text}, relates_to=relation,
        )  # fmt: skip
        facts.append(read_fact(event, "en"))
        if len(facts) == A_BATCH:
            await _keep(database, facts, at)
            facts = []
    await _keep(database, facts, MONDAY - timedelta(minutes=1))


async def _keep(database: Database, facts: list[Fact], at: datetime) -> None:
    assert all(fact.kind is Kind.MESSAGE for fact in facts)
    await database.write(lambda c: folding.record(c, facts, milliseconds(at), "en"), alone=True)


def _furnish(connection: Connection) -> None:
    bring_up_to_date(connection)
    search.create(connection)
    room = rooms.know(connection, ROOM, RoomKind.CLUSTER)
    rooms.change(connection, ROOM, cluster="busy", name="Busy", archive_on=True,
                 archive_since=MONDAY - timedelta(days=60))  # fmt: skip
    rooms.record_visibility(connection, room.id, EventId("$v"), 1, "shared")
    users = [ME, *(UserId(f"@p{n}:bench") for n in range(PEOPLE))]
    numbers = people.numbers(connection, users)
    for place, user in enumerate(users[1:]):
        people.change(connection, user, city=f"c{place % 8}", display_name=f"Person {place}")
    rooms.record_memberships(
        connection,
        [rooms.MembershipChange(EventId(f"$j{u}"), room.id, numbers[u], 1, "join") for u in users],
        current=True,
    )


def _draft(connection: Connection) -> rules.Digest:
    settings = Settings(COMMUNITY, Limits(), ArchiveRules())
    context = Context(connection, MONDAY, ME, settings, "bench")
    since = begins("busy", MONDAY, context)
    return compose(scope_of("busy", since, MONDAY, context), context)


def _memory(name: str) -> float:
    """A figure of this process, in kilobytes; of Linux alone."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return float(next(line for line in lines if line.startswith(name)).split()[1])


async def _once(path: str) -> dict[str, float]:
    """In a process of its own: what is loaded and open already is idle."""
    search.topics("Is anybody there, or is it all quiet?", "en")
    database = await open_database(f"sqlite:///{path}")
    await database.read(rooms.find)
    idle = _memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    began = time.perf_counter()
    digest = await database.write(_draft)
    seconds = time.perf_counter() - began
    peak = _memory("VmHWM")
    await database.close()
    assert len(digest.lines) > 5
    return {"seconds": seconds, "megabytes": (peak - idle) / 1024}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(_once(sys.argv[1]))))

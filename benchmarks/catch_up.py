"""How fast a hall that was away reads 20,000 messages, beside merely fetching and parsing them."""

import asyncio
import json
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from urllib.parse import quote

import aiohttp

from benchmarks.report import Line
from benchmarks.stage import Stage, clusters, stage
from demo.history import PastMessage, write_history

ROOMS, MESSAGES, REPEATS = 4, 20_000, 3
PAGE = 500
WORDS = Path(__file__).parent.parent / "demo" / "sample-content.json"


def past(sender: str, count: int, seed: int) -> list[PastMessage]:
    """Messages made of the sample community's own sentences, in its ten languages."""
    content: dict[str, Any] = json.loads(WORDS.read_text(encoding="utf-8"))
    said = [message["body"] for thread in content["threads"] for message in thread["messages"]]
    bodies = [body for body in said if not body.startswith("/")]  # commands are not archived
    random = Random(seed)
    start = int(time.time() * 1000) - count * 1000
    return [
        PastMessage(sender, f"{random.choice(bodies)} {n}", start + n * 1000) for n in range(count)
    ]


async def measure(folder: Path) -> list[Line]:
    """The same hole filled three times, each beside a walk over the same history."""
    async with stage(folder, clusters(ROOMS)) as here:
        rooms = await _joined_rooms(here)
        await here.hall.stop()
        here.homeserver.stop()
        for number, room in enumerate(rooms):
            write_history(
                here.homeserver.folder, room, past(here.keeper.user_id, MESSAGES // ROOMS, number)
            )
        here.homeserver.resume()
        before = folder / "before"
        data = here.hall.config.parent / "data"
        archive_from_the_beginning(data / "moothall.db")
        shutil.copytree(data, before)
        await _walk(here, rooms)  # warm the homeserver's caches for both alike
        ours, floor = [], []
        for _ in range(REPEATS):
            floor.append(MESSAGES / await _walk(here, rooms))
            shutil.rmtree(data)
            shutil.copytree(before, data)
            ours.append(MESSAGES / await _catch_up(here, data / "moothall.db"))
    return [
        Line("catch-up of 20,000", median(ours), median(floor), "messages/s", least=0.8),
    ]


def archive_from_the_beginning(database: Path) -> None:
    """The written past is older than the room: let the archive begin before it."""
    with closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE room SET archive_since = 0")


async def _joined_rooms(here: Stage) -> list[str]:
    headers = {"Authorization": f"Bearer {here.keeper.access_token}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        found = []
        for number in range(1, ROOMS + 1):
            alias = quote(here.alias(f"room{number}"))
            url = f"{here.homeserver.url}/_matrix/client/v3/join/{alias}"
            async with session.post(url, json={}) as answer:
                found.append((await answer.json())["room_id"])
        return found


async def _walk(here: Stage, rooms: list[str]) -> float:
    """Fetch and parse, one page after another: what no archive can be faster than."""
    headers = {"Authorization": f"Bearer {here.keeper.access_token}"}
    began, seen = time.perf_counter(), 0
    async with aiohttp.ClientSession(headers=headers) as session:
        for room in rooms:
            query = {"dir": "b", "limit": str(PAGE)}
            while True:
                url = f"{here.homeserver.url}/_matrix/client/v3/rooms/{quote(room)}/messages"
                async with session.get(url, params=query) as answer:
                    page = json.loads(await answer.read())
                seen += len(page["chunk"])
                if not page["chunk"] or "end" not in page:
                    break
                query["from"] = page["end"]
    assert seen >= MESSAGES, seen
    return time.perf_counter() - began


async def _catch_up(here: Stage, database: Path) -> float:
    """From the moment the hall sees its holes to the commit that closes the last."""
    here.hall.log.clear()
    await here.hall.start()
    try:
        await caught_up(database, MESSAGES)
    finally:
        await here.hall.stop()
    with closing(sqlite3.connect(database)) as connection:
        first, last = connection.execute(
            "SELECT min(opened_at), max(closed_at) FROM gap WHERE closed_at IS NOT NULL"
        ).fetchone()
        hits = connection.execute("SELECT count(*) FROM ft WHERE ft MATCH 'surface:1999'")
        assert hits.fetchone()[0] > 0, "archived, but not searchable"
    return (int(last) - int(first)) / 1000


async def caught_up(database: Path, messages: int) -> None:
    """Wait until that many messages are archived and no hole is left."""
    async with asyncio.timeout(180):
        while _archived(database) < messages or _open_gaps(database):
            await asyncio.sleep(0.5)


def _archived(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        count: int = connection.execute("SELECT count(*) FROM message").fetchone()[0]
        return count


def _open_gaps(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        query = "SELECT count(*) FROM gap WHERE closed_at IS NULL"
        count: int = connection.execute(query).fetchone()[0]
        return count

"""What the hall weighs with 100,000 archived messages, and whether 20,000 more make it grow."""

import asyncio
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from sqlalchemy import Connection

from benchmarks.catch_up import archive_from_the_beginning, caught_up, past
from benchmarks.report import Line
from benchmarks.stage import clusters, members, stage
from demo.history import write_history
from storage import folding
from storage.database import open_database
from storage.facts import Fact, read_fact
from storage.records import EventId, RoomEvent, RoomId, UserId

ARCHIVED, MORE, SETTLE = 100_000, 20_000, 5.0


async def measure(folder: Path) -> list[Line]:
    """Resident memory of the hall's process, from the operating system."""
    async with stage(folder, clusters(1)) as here:
        async with members(here.homeserver, [here.keeper]) as (keeper,):
            room = await keeper.join(here.alias("room1"))
        await here.hall.stop()
        data = here.hall.config.parent / "data" / "moothall.db"
        archive_from_the_beginning(data)
        await _archive(data, room, here.keeper.user_id)
        await here.hall.start()
        await asyncio.sleep(SETTLE)
        idle = here.memory()
        await here.hall.stop()
        here.homeserver.stop()
        write_history(here.homeserver.folder, room, past(here.keeper.user_id, MORE, 7))
        here.homeserver.resume()
        await here.hall.start()
        await caught_up(data, ARCHIVED + MORE)
        await asyncio.sleep(SETTLE)
        after = here.memory()
    return [
        Line("resident memory, idle", idle, None, "MB", most_ours=110.0),
        Line("growth over 20,000 more", after - idle, None, "MB", most_ours=5.0),
    ]


def _record(facts: Sequence[Fact], now: int, connection: Connection) -> None:
    folding.record(connection, facts, now, "en")


async def _archive(path: Path, room: str, sender: str) -> None:
    database = await open_database(f"sqlite:///{path}")
    now = int(time.time() * 1000)
    history = past(sender, ARCHIVED, 3)
    for start in range(0, ARCHIVED, 500):
        facts = [
            read_fact(
                RoomEvent(
                    EventId(f"$past-{start + n}"),
                    RoomId(room),
                    "m.room.message",
                    UserId(sender),
                    message.origin_ts_ms,
                    {"msgtype": "m.text", "body": message.body},
                ),
                "en",
            )
            for n, message in enumerate(history[start : start + 500])
        ]
        await database.write(partial(_record, facts, now), alone=True, durable=False)
    await database.close()

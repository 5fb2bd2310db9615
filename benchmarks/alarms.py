"""10,000 pending alarms: what they add to a start, and how exactly the next one rings."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks.report import Line
from benchmarks.stage import Stage, clusters, members, stage
from bot.matrix.rendering import POST_KEY
from storage import timers
from storage.database import open_database
from storage.records import RoomId, Timer

PENDING, STARTS, SOON = 10_000, 3, timedelta(seconds=20)


async def measure(folder: Path) -> list[Line]:
    """Starts with none and with all of them, in one run; then one that is due is waited for."""
    async with (
        stage(folder, clusters(1)) as here,
        members(here.homeserver, [here.keeper]) as (keeper,),
    ):
        room = await keeper.join(here.alias("room1"))
        none = await _starts(here)
        await here.hall.stop()
        year = datetime.now(UTC) + timedelta(days=365)
        far = [_alarm(f"bench/{n}", year + timedelta(minutes=n), room) for n in range(PENDING)]
        await _schedule(here, far)
        await here.hall.start()
        many = await _starts(here)
        await here.hall.stop()
        due = datetime.now(UTC) + SOON
        await _schedule(here, [_alarm("bench/soon", due, room)])
        await keeper.listen()
        await here.hall.start()
        await keeper.hears(lambda event: event.get("content", {}).get("body") == "bench/soon")
        rang = time.time()
    return [
        Line("a start with 10,000 alarms, over none", many - none, None, "s", most_ours=1.0),
        Line(
            "an alarm's delay, seen by a member", rang - due.timestamp(), None, "s", most_ours=1.0
        ),
    ]


def _alarm(key: str, due: datetime, room: str) -> Timer:
    return Timer(
        key=key,
        kind="announce",
        wall_time=due.replace(tzinfo=None),
        time_zone="UTC",
        room_id=RoomId(room),
        payload={
            "key": key,
            "content": {"msgtype": "m.text", "body": key, "m.mentions": {}, POST_KEY: key},
        },
    )


async def _schedule(here: Stage, alarms: Sequence[Timer]) -> None:
    data = here.hall.config.parent / "data" / "moothall.db"
    database = await open_database(f"sqlite:///{data}")
    try:
        await database.write(lambda c: timers.schedule(c, alarms), alone=True)
    finally:
        await database.close()


async def _starts(here: Stage) -> float:
    """The quickest of a few starts, until the rooms stand; seconds."""
    taken = []
    for _ in range(STARTS):
        await here.hall.stop()
        began = time.perf_counter()
        await here.hall.start()
        taken.append(time.perf_counter() - began)
        await asyncio.sleep(1)  # what a start leaves to do is not in the way of the next
    return min(taken)

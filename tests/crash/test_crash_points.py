"""The power is cut at every boundary of the spine, and nothing is lost or said twice.

Each place before and after a commit or a request is tried once; Hypothesis then chooses several
in a row. Two sabotaged halls show that the checker would notice.
"""

import asyncio
import inspect
import itertools
import shutil
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.clock import ShiftedClock
from bot.intake import Intake
from bot.matrix.answers import SyncAnswer
from bot.matrix.client import MatrixClient
from demo.postgres import Postgres
from storage import meta, outbox
from storage.database import open_database
from storage.migrations import bring_up_to_date
from storage.records import EventId, RoomId
from tests.crash.fakes import FakeClient
from tests.crash.fuse import Fuse, Place
from tests.crash.scene import (
    Scene,
    copy_sqlite,
    find_faults,
    new_scene,
    prepare,
    put_back,
    rich_answers,
    run,
)

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-3")]

AT_ONCE = 4  # halls side by side: each waits most of its time
# Wherever it begins and however it ends, the spine passes through all of these.
SPINE = {
    f"{side} {what}"
    for side in ("before", "after")
    for what in (
        "request: sync",
        "commit: Intake._take",
        "request: messages",
        "commit: Backfill._store.store",
        "commit: Worker._work_off",
        "commit: Delivery._settle_and_claim",
        "request: send",
        "request: create_room",
        "commit: Delivery._open_direct_chat.note",
        "request: put_state",
        "commit: Timers._ring",
        "commit: _enter_late.enter",
    )
}

NewDatabase = Callable[[], str]  # its url


async def fresh(url: str) -> Scene:
    """A database as the hall left it, and what was said since."""
    scene = new_scene()
    database = await open_database(url)
    try:
        await prepare(database, scene)
    finally:
        await database.close()
    scene.first_half()
    return scene


async def survive(
    url: str,
    cuts: Sequence[Place | int],
    *,
    asleep: timedelta = timedelta(),
    client: Callable[[FakeClient], Any] = lambda client: client,
    device: str = "DEVICE",
) -> tuple[list[str], list[Fuse]]:
    """The scene with power cuts, one a start, and a last start without; what was wrong in the end.

    asleep: how long the hall lies still after each cut; after a day the homeserver has forgotten
    the transactions. device: that of the last start.
    """
    scene = await fresh(url)
    clock = ShiftedClock()
    fuses: list[Fuse] = []
    settled = True
    for cut in (*cuts, None):
        fuses.append(fuse := Fuse(cut))
        last = cut is None
        settled = await run(
            url, scene, fuse, clock=clock, client=client, device=device if last else "DEVICE"
        )
        clock.shift += asleep
        if asleep >= timedelta(days=1):
            scene.server.forget_transactions()
    again = asleep >= timedelta(days=1) or device != "DEVICE"
    faults = await find_faults(url, scene, edits_at_most=1 + len(cuts) if again else 1)
    return (faults if settled else ["stuck", *faults]), fuses


async def survey(url: str) -> list[Place]:
    """All places that the scene passes when nothing goes wrong."""
    faults, (fuse,) = await survive(url, [])
    assert not faults
    assert set(fuse.seen) >= SPINE
    return fuse.places()


async def try_each(
    places: Sequence[Place], new: NewDatabase, **how: Any
) -> dict[Place, list[str]]:
    """The scene once for each place; the places at which something was wrong, and what."""
    found: dict[Place, list[str]] = {}
    turns = asyncio.Semaphore(AT_ONCE)
    cut: set[str] = set()

    async def once(place: Place) -> None:
        async with turns:
            faults, fuses = await survive(new(), [place], **how)
        cut.update(fuse.blown_at[0] for fuse in fuses if fuse.blown_at is not None)
        if faults:
            found[place] = faults

    with rich_answers():
        await asyncio.gather(*map(once, places))
    assert cut >= {name for name, _ in places}, "some places were never reached"
    return found


@pytest.fixture
async def sqlite(tmp_path: Path) -> NewDatabase:
    """Urls of migrated databases, a new one each time."""
    template = tmp_path / "template.db"
    database = await open_database(f"sqlite:///{template}")
    await database.write(bring_up_to_date, alone=True)
    await database.close()
    numbers = itertools.count()

    def new() -> str:
        path = tmp_path / f"{next(numbers)}.db"
        shutil.copyfile(template, path)
        return f"sqlite:///{path}"

    return new


@pytest.mark.promise("Power may be cut before or after any commit and any request")
async def test_a_cut_at_any_place_is_only_a_delay(sqlite: NewDatabase) -> None:
    with rich_answers():
        places = await survey(sqlite())
    assert len(places) > 100
    assert await try_each(places, sqlite) == {}

"""The power is cut at every boundary of the spine, and nothing is lost or said twice.

Each place before and after a commit or a request is tried once; Hypothesis then chooses several
in a row. Two sabotaged halls show that the checker would notice.
"""

import asyncio
import itertools
import shutil
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, text

from bot.clock import ShiftedClock
from bot.intake import Intake
from bot.matrix.answers import SyncAnswer
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
    rich_answers,
    run,
)

pytestmark = pytest.mark.slow

OF_A_KIND = 4  # places of one name that are tried
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
        "commit: _enter.enter",
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
    most = 1 + len(cuts) if again else 1
    faults = await find_faults(url, scene, edits_at_most=most, taken_back_at_most=most)
    return (faults if settled else ["stuck", *faults]), fuses


async def survey(url: str) -> list[Place]:
    """All places that the scene passes when nothing goes wrong."""
    faults, (fuse,) = await survive(url, [])
    assert not faults
    assert set(fuse.seen) >= SPINE
    return fuse.places()


async def try_each(
    places: Sequence[Place], new: NewDatabase, *, at_once: int = AT_ONCE, **how: Any
) -> dict[Place, list[str]]:
    """The scene once for each place; the places at which something was wrong, and what."""
    found: dict[Place, list[str]] = {}
    turns = asyncio.Semaphore(at_once)
    cut: set[str] = set()

    async def once(place: Place) -> None:
        async with turns:
            faults, fuses = await survive(new(), [place], **how)
        cut.update(fuse.blown_at[0] for fuse in fuses if fuse.blown_at is not None)
        if faults:
            found[place] = faults

    with rich_answers():
        await asyncio.gather(*map(once, places))
    assert cut >= {name for name, n in places if n == 1}, "some places were never reached"
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
@pytest.mark.xdist_group("heavy-3")
async def test_a_cut_at_any_place_is_only_a_delay(sqlite: NewDatabase) -> None:
    with rich_answers():
        places = await survey(sqlite())
    assert len(places) > 100
    # The later ones of a kind differ in nothing of ours; several cuts in a row try them, too.
    chosen = [(name, n) for name, n in places if n <= OF_A_KIND]
    assert await try_each(chosen, sqlite) == {}


@pytest.mark.xdist_group("heavy-4")
async def test_cuts_with_postgresql_are_only_delays(postgres: Postgres) -> None:
    template = f"cut_{uuid4().hex[:12]}"
    database = await open_database(postgres.create_database(template))
    await database.write(bring_up_to_date, alone=True)
    await database.close()

    def new() -> str:
        return postgres.create_database(f"cut_{uuid4().hex[:12]}", template=template)

    with rich_answers():
        places = await survey(new())
    # One place of each kind: the others differ in nothing of ours.
    chosen = [(name, n) for name, n in places if n == 1 and name in SPINE]
    assert await try_each(chosen, new, at_once=2) == {}


@pytest.mark.xdist_group("heavy-4")
@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(cuts=st.lists(st.integers(1, 90), min_size=2, max_size=5))
async def test_several_cuts_in_a_row_are_only_delays(sqlite: NewDatabase, cuts: list[int]) -> None:
    with rich_answers():
        faults, _ = await survive(sqlite(), cuts)
    assert faults == []


@pytest.mark.xdist_group("heavy-4")
async def test_a_cut_and_a_day_of_silence_double_nothing(sqlite: NewDatabase) -> None:
    """Synapse has forgotten the transactions by then; posts are looked up in their rooms."""
    with rich_answers():
        places = await survey(sqlite())
    names = ("request: send", "request: put", "request: create", "request: messages", "_settle")
    chosen = [place for place in places if place[1] <= 4 and any(n in place[0] for n in names)]
    assert await try_each(chosen, sqlite, asleep=timedelta(hours=25)) == {}


@pytest.mark.xdist_group("heavy-4")
async def test_a_cut_and_a_new_device_double_nothing(sqlite: NewDatabase) -> None:
    """Another device's transactions are unknown to the homeserver from the first moment."""
    with rich_answers():
        places = await survey(sqlite())
    names = ("request: send", "_settle")
    chosen = [place for place in places if place[1] <= 4 and any(n in place[0] for n in names)]
    assert await try_each(chosen, sqlite, device="OTHER") == {}


# ── the last commits are lost, too ────────────────────────────────────────────────────────────


async def lose_commits(tmp_path: Path, new: NewDatabase, *, every: int = 1) -> dict[int, list[str]]:
    """Play the scene to its end, then go on from each earlier state of the database.

    What was wrong, by the number of commits that were kept.
    """
    url = new()
    path = Path(url.removeprefix("sqlite:///"))
    scene = await fresh(url)
    states: list[Path] = []

    def keep() -> None:
        states.append(tmp_path / f"state-{len(states)}.db")
        copy_sqlite(path, states[-1])

    found: dict[int, list[str]] = {}
    turns = asyncio.Semaphore(AT_ONCE)

    async def replay(number: int, state: Path) -> None:
        async with turns:
            # The homeserver remembers all that was said to the end.
            again = replace(scene, server=scene.server.copy())
            settled = await run(f"sqlite:///{state}", again, Fuse())
            # Where our own edit is heard before the command that asked for it is done again, the
            # same words are put there a second time, under the edit's next number: nobody sees it.
            faults = await find_faults(f"sqlite:///{state}", again, edits_at_most=2)
        if faults or not settled:
            found[number] = faults if settled else ["stuck", *faults]

    with rich_answers():
        keep()
        assert await run(url, scene, Fuse(), committed=keep)
        assert len(states) > 40
        tried = list(enumerate(states))[::every]
        await asyncio.gather(*(replay(number, state) for number, state in tried))
    return found


@pytest.mark.promise("Going back to an older state of the database says nothing twice")
@pytest.mark.xdist_group("heavy-4")
async def test_lost_commits_are_made_up_for_and_nothing_is_said_twice(
    tmp_path: Path, sqlite: NewDatabase
) -> None:
    assert await lose_commits(tmp_path, sqlite) == {}


@pytest.mark.parametrize("position", [None, "s-1"], ids=["lost", "unknown to the homeserver"])
async def test_a_lost_position_is_found_again_from_history(
    sqlite: NewDatabase, position: str | None
) -> None:
    url = sqlite()
    scene = await fresh(url)
    with rich_answers():
        assert await run(url, scene, Fuse())
        scene.while_lost()
        database = await open_database(url)
        await database.write(lambda c: lose_position(c, position))
        await database.close()
        assert await run(url, scene, Fuse())
    assert await find_faults(url, scene) == []


def lose_position(connection: Connection, instead: str | None) -> None:
    if instead is not None:
        meta.put(connection, meta.SYNC_POSITION, instead)
    else:
        connection.execute(text("DELETE FROM meta WHERE key = :key"), {"key": meta.SYNC_POSITION})


# ── the checker notices ───────────────────────────────────────────────────────────────────────


def kinds(found: Mapping[Any, Sequence[str]]) -> set[str]:
    return {fault.partition(":")[0] for faults in found.values() for fault in faults}


@pytest.mark.xdist_group("heavy-4")
async def test_random_transaction_ids_are_noticed_when_commits_are_lost(
    tmp_path: Path, sqlite: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    by_chance = SimpleNamespace(uuid5=lambda _hall, _key: uuid.uuid4(), UUID=uuid.UUID)
    monkeypatch.setattr(outbox, "uuid", by_chance)
    assert "twice" in kinds(await lose_commits(tmp_path, sqlite, every=5))


class ByChance:
    """A client that takes a new transaction id for each attempt."""

    def __init__(self, client: FakeClient) -> None:
        self._client = client

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    async def send(
        self, room_id: RoomId, type: str, content: Mapping[str, Any], txn_id: str
    ) -> EventId:
        return await self._client.send(room_id, type, content, str(uuid4()))


@pytest.mark.xdist_group("heavy-4")
async def test_random_transaction_ids_are_noticed_at_a_cut(sqlite: NewDatabase) -> None:
    places = [("after request: send", n) for n in range(1, 5)]
    assert "twice" in kinds(await try_each(places, sqlite, client=ByChance))


@pytest.mark.xdist_group("heavy-4")
async def test_a_position_saved_before_what_it_stands_for_is_noticed(
    sqlite: NewDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    take = Intake._take

    async def position_first(
        self: Intake, answer: SyncAnswer, since: str | None, *, first: bool
    ) -> None:
        position = answer.next_batch
        await self._hall.database.write(lambda c: meta.put(c, meta.SYNC_POSITION, position))
        await take(self, answer, since, first=first)

    monkeypatch.setattr(Intake, "_take", position_first)
    with rich_answers():
        faults, (fuse,) = await survive(sqlite(), [])
    assert not faults  # without a cut all is well
    places = [("after commit: " + position_first.__qualname__.replace(".<locals>", ""), 1)]
    assert places[0] in fuse.places()
    assert "lost" in kinds(await try_each(places, sqlite))

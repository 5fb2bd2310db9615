"""The process as a service manager sees it: how it ends, and that it never runs hot."""

import asyncio
import os
import random
import re
import socket
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from bot.cli import Exit
from bot.config import load
from demo.hall import HallProcess, Setup
from demo.homeserver import Account, Homeserver
from demo.people import Person
from demo.postgres import Postgres
from storage.records import RoomId
from tests.conftest import new_account
from tests.crash import crowd
from tests.crash.crowd import Ledger
from tests.faults import Answer, FaultProxy, Rule, Stall, anything
from tests.forked import ForkedHall
from tests.hall import CLEAR, CLUSTERS, setup_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-5")]

FAREWELL = 5.0  # seconds that a service manager may wait after SIGTERM


@dataclass
class Stage:
    """A hall as a process, with one clear room and the network between it and the homeserver."""

    hall: HallProcess
    proxy: FaultProxy
    setup: Setup
    bot: Account
    folder: Path

    def room(self) -> str:
        return f"#{self.setup.slug}-{CLEAR}:localhost"

    async def terminated(self) -> float:
        """SIGTERM; the seconds until it has ended, with status 0."""
        begun = time.monotonic()
        assert await self.hall.stop() == Exit.FINE, crowd.tail(self.hall.log)
        assert "Traceback" not in "\n".join(self.hall.log), crowd.tail(self.hall.log)
        return time.monotonic() - begun


@pytest.fixture
async def stage(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Stage]:
    bot, paula = new_account(homeserver, "moothall"), new_account(homeserver, "paula")
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(FaultProxy(homeserver.url, 1))
        setup = setup_for(
            proxy.url,
            bot,
            paula,
            slug=f"process-{uuid4().hex[:6]}",
            clusters=CLUSTERS[:1],
            cities=(),
        )
        hall = await stack.enter_async_context(ForkedHall(setup.write(tmp_path)))
        yield Stage(hall, proxy, setup, bot, tmp_path)


async def lets_in(stage: Stage, homeserver: Homeserver, tmp_path: Path) -> Person:
    """The coordinator, at their client, in the clear room."""
    account = Account(stage.setup.coordinators[0], "secret", "", "")
    paula = await Person.log_in(
        homeserver.url, account.user_id, account.password, store=tmp_path / "paula"
    )
    await paula.join(f"#{stage.setup.slug}:localhost")
    await paula.join(stage.room())
    await paula.catch_up()
    return paula


# ── SIGTERM ───────────────────────────────────────────────────────────────────────────────────


async def test_an_idle_hall_ends_at_once(stage: Stage) -> None:
    await stage.hall.start()
    assert await stage.terminated() < FAREWELL


async def test_a_start_clears_away_the_draft_of_a_ledger_that_a_crash_left(stage: Stage) -> None:
    folder = load(stage.hall.config, os.environ).data_folder
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / ".erasures.jsonl.0a1b2c3d"
    draft.touch()
    await stage.hall.start()
    assert not draft.exists()


@pytest.mark.promise("SIGTERM ends the hall within five seconds, and nothing is lost")
async def test_a_busy_hall_ends_at_once_and_goes_on_where_it_was(
    stage: Stage, homeserver: Homeserver, tmp_path: Path
) -> None:
    await stage.hall.start()
    async with await lets_in(stage, homeserver, tmp_path) as paula:
        room = await paula.join(stage.room())
        before = {one.event_id for one in paula.timeline}
        ledger, chance = Ledger(), random.Random(5)
        lines = crowd.script(
            chance, messages=60, commands=60, private=0, clear=room, sealed=room, in_sealed=0
        )
        talking = asyncio.create_task(crowd.speak(paula, lines, ledger, seconds=0, chance=chance))
        await asyncio.sleep(1.0)
        assert await stage.terminated() < FAREWELL
        await talking
        await stage.hall.start()
        for _ in range(60):
            await paula.catch_up()
            if not crowd.unanswered(paula, stage.bot.user_id, ledger, (room,)):
                break
            await asyncio.sleep(0.25)
        await stage.terminated()
        config = load(stage.hall.config, os.environ)
        left = await crowd.remembered(config.database.url, (room,), datetime.now(UTC))
        faults = crowd.faults_heard(paula, stage.bot.user_id, ledger, (room,), known=before)
        assert faults + crowd.faults_in_archive(left.archived, ledger) == []
        assert not left.unfinished


SLOW_THREAD = """
import asyncio, sys, time
from types import SimpleNamespace
from bot import cli

async def guarded(options, config):
    asyncio.get_running_loop().run_in_executor(None, time.sleep, 60)
    print("closed")
    return 3

cli._guarded = guarded
cli.load = lambda *_: SimpleNamespace(warnings=(), log_level="INFO", log="text")
sys.exit(cli.main(["run"]))
"""


async def test_a_hall_that_is_closed_waits_for_no_thread() -> None:
    """As one that reads for the export of a large archive, which nobody can stop."""
    pipe = asyncio.subprocess.PIPE
    hall = await asyncio.create_subprocess_exec(sys.executable, "-c", SLOW_THREAD, stdout=pipe)
    said, _ = await asyncio.wait_for(hall.communicate(), timeout=20)
    assert said == b"closed\n"
    assert hall.returncode == 3


@pytest.mark.parametrize("trouble", [Answer(502), Stall(30.0)], ids=["refusing", "silent"])
async def test_a_hall_whose_homeserver_is_away_ends_at_once(
    stage: Stage, trouble: Answer | Stall
) -> None:
    await stage.hall.start()
    stage.proxy.change([Rule(anything, {trouble: 1.0})], cut=True)
    await asyncio.sleep(1.0)
    assert await stage.terminated() < FAREWELL


@pytest.mark.parametrize("trouble", [Answer(502), Stall(30.0)], ids=["refusing", "silent"])
async def test_a_hall_that_waits_for_its_homeserver_to_begin_ends_at_once(
    stage: Stage, trouble: Answer | Stall
) -> None:
    stage.proxy.change([Rule(anything, {trouble: 1.0})])
    await stage.hall.start(wait=False)
    await _until_asked(stage.proxy, 1)
    assert await stage.terminated() < FAREWELL


# ── a dead token ──────────────────────────────────────────────────────────────────────────────


async def log_out(homeserver: Homeserver, stage: Stage) -> None:
    """Sign all of the bot's devices out, as an administrator or the bot's owner may."""
    owner = await Person.log_in(
        homeserver.url, stage.bot.user_id, stage.bot.password, store=stage.folder / "owner"
    )
    async with owner:
        # The answer ends this session, too.
        await owner.request("POST", "/logout/all", {})


@pytest.mark.promise("A dead token ends the hall with status 3 and one clear line")
@pytest.mark.parametrize("when", ["running", "starting", "speaking"])
async def test_a_dead_token_ends_the_hall_with_one_line(
    stage: Stage, homeserver: Homeserver, tmp_path: Path, when: str
) -> None:
    await stage.hall.start()
    if when == "speaking":
        # Long polls hang, so that delivery is the first to meet the dead token.
        async with await lets_in(stage, homeserver, tmp_path) as paula:
            room = await paula.join(stage.room())
            await stage.hall.stop()
            await paula.say(room, "!whoami")
            await stage.hall.start()
    if when == "starting":
        await stage.hall.stop()
    stage.hall.log.clear()
    await log_out(homeserver, stage)
    asked = len(stage.proxy.seen)
    if when == "starting":
        await stage.hall.start(wait=False)
    async with asyncio.timeout(20):
        assert await stage.hall.ended() == Exit.UNAUTHORISED, crowd.tail(stage.hall.log)
    await stage.hall.stop()  # reads the log to its end
    said = [line for line in stage.hall.log if not re.search(" (INFO|WARNING) ", line)]
    assert len(said) == 1, "\n".join(said)
    assert "does not accept our credentials" in said[0]
    assert len(stage.proxy.seen) - asked < 20


# ── two of them ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("A second process on the same database is refused with status 4")
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
async def test_a_second_process_is_refused_and_the_first_goes_on(
    homeserver: Homeserver, request: pytest.FixtureRequest, tmp_path: Path, backend: str
) -> None:
    database = f"sqlite:///{tmp_path}/shared.db"
    if backend == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        database = server.create_database(f"hall_{uuid4().hex[:12]}").replace("+asyncpg", "")
    bot, paula = new_account(homeserver, "moothall"), new_account(homeserver, "paula")
    setup = setup_for(
        homeserver.url,
        bot,
        paula,
        database=database,
        slug=f"two-{uuid4().hex[:6]}",
        clusters=CLUSTERS[:1],
        cities=(),
    )
    first = HallProcess(setup.write(tmp_path / "first"))
    second = HallProcess(setup.write(tmp_path / "second"))
    async with first, second:
        await first.start()
        await second.start(wait=False)
        async with asyncio.timeout(20):
            assert await second.ended() == Exit.RUNNING
        await second.stop()
        assert len(second.log) == 1, "\n".join(second.log)
        assert "Another process keeps this hall" in second.log[0]
        assert first.running
        await first.kill()
        # Killed, it leaves nothing behind that would keep its successor out.
        await second.start()
        assert await second.stop() == Exit.FINE


@pytest.mark.promise("A second process with the same device is refused, whatever its database")
async def test_a_second_process_with_the_same_keys_is_refused(stage: Stage, tmp_path: Path) -> None:
    await stage.hall.start()
    other = replace(stage.setup, database=f"sqlite:///{tmp_path}/other.db")
    config = other.write(tmp_path / "other")
    shared = f'[hall]\ndata_folder = "{tmp_path}/data"\n\n{config.read_text()}'
    config.write_text(shared)
    async with HallProcess(config) as second:
        await second.start(wait=False)
        async with asyncio.timeout(20):
            assert await second.ended() == Exit.RUNNING
        await second.stop()
        assert second.log == [
            f"Another process keeps this hall already ({tmp_path}/data/device.lock)."
        ]
        assert not (tmp_path / "other.db").exists()
        await stage.hall.kill()
        await second.start()
        assert await second.stop() == Exit.FINE


# ── nobody there ──────────────────────────────────────────────────────────────────────────────


async def _until_asked(proxy: FaultProxy, times: int) -> None:
    async with asyncio.timeout(20):
        while len(proxy.seen) < times:
            await asyncio.sleep(0.02)


@pytest.mark.promise("A homeserver that is away is asked ever more rarely, and the hall recovers")
async def test_a_hall_begins_when_its_homeserver_does(
    stage: Stage,
) -> None:
    stage.proxy.change([Rule(anything, {Answer(502): 1.0})])
    await stage.hall.start(wait=False)
    await _until_asked(stage.proxy, 1)
    await asyncio.sleep(4.0)
    assert len(stage.proxy.seen) <= 6  # after 0.5, 1, 2 and 4 seconds, and a little sooner
    stage.proxy.change([])
    await stage.hall.ready()
    await stage.terminated()


async def test_a_hall_begins_before_anything_listens(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    bot, paula = new_account(homeserver, "moothall"), new_account(homeserver, "paula")
    setup = setup_for(
        f"http://127.0.0.1:{port}",
        bot,
        paula,
        slug=f"early-{uuid4().hex[:6]}",
        clusters=CLUSTERS[:1],
        cities=(),
    )
    async with HallProcess(setup.write(tmp_path)) as hall:
        await hall.start(wait=False)
        await asyncio.sleep(2.5)
        assert hall.running, crowd.tail(hall.log)
        assert len(hall.log) <= 5, "\n".join(hall.log)
        async with FaultProxy(homeserver.url, 1, port=port):
            await hall.ready()
            assert await hall.stop() == Exit.FINE


async def test_an_outage_while_it_runs_is_waited_out_without_haste(
    stage: Stage, homeserver: Homeserver, tmp_path: Path
) -> None:
    await stage.hall.start()
    async with await lets_in(stage, homeserver, tmp_path) as paula:
        room: RoomId = await paula.join(stage.room())
        stage.proxy.change([Rule(anything, {Answer(502): 1.0})], cut=True)
        asked = len(stage.proxy.seen)
        said = await paula.say(room, "!whoami")
        await asyncio.sleep(4.0)
        # Whatever was under way when the homeserver went is tried again, each at its own pace.
        tried = Counter((one.method, one.path.split("?")[0]) for one in stage.proxy.seen[asked:])
        assert tried["GET", "/_matrix/client/v3/sync"] >= 2
        assert max(tried.values()) <= 6
        stage.proxy.change([])
        answer = await paula.hears(lambda one: one.thread_root == said, room=room, timeout=20)
        assert answer.sender == stage.bot.user_id
    assert await stage.terminated() < FAREWELL
    told = [line for line in stage.hall.log if "homeserver does not answer" in line]
    assert 1 <= len(told) <= 6, crowd.tail(stage.hall.log)

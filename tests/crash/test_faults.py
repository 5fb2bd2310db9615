"""A bad network, a homeserver that limits or restarts, a failing database: all only delays."""

import asyncio
import itertools
import random
import sqlite3
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import OperationalError

from bot import retry
from bot.hall import Hall
from demo.homeserver import Homeserver
from demo.people import Person
from storage import inbox, outbox
from storage.database import Database, Work
from storage.records import RoomId
from tests.conftest import new_account
from tests.crash import crowd
from tests.crash.crowd import Ledger
from tests.faults import (
    Answer,
    DropResponse,
    FaultProxy,
    Rule,
    Stall,
    anything,
    sends,
    syncs,
)
from tests.hall import CLEAR, CLUSTERS, SEALED, RunningHall, running_hall, setup_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-6")]


@dataclass
class Stage:
    """A hall in this process behind a bad network, and two people with a good one."""

    hall: RunningHall
    proxy: FaultProxy
    people: list[Person]
    before: set[Any]

    @property
    def rooms(self) -> tuple[RoomId, RoomId]:
        return self.hall.rooms[CLEAR], self.hall.rooms[SEALED]

    async def talk(
        self, *, messages: int, commands: int, seconds: float, seed: int, in_sealed: float = 0.3
    ) -> Ledger:
        """Let the people talk; comes back when all is said."""
        ledger, chance = Ledger(), random.Random(seed)
        clear, sealed = self.rooms
        lines = crowd.script(
            chance,
            messages=messages,
            commands=commands,
            private=0,
            clear=clear,
            sealed=sealed,
            in_sealed=in_sealed,
        )
        async with asyncio.TaskGroup() as group:
            for place, person in enumerate(self.people):
                share = lines[place :: len(self.people)]
                own = random.Random(chance.random())
                group.create_task(crowd.speak(person, share, ledger, seconds=seconds, chance=own))
        return ledger

    async def answers(self, ledger: Ledger, *, within: float) -> None:
        """Wait until all is answered and nothing is left to do, then look at every word of it."""
        judge, hall = self.people[0], self.hall.hall
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        while loop.time() < deadline:
            await judge.catch_up()
            waits = crowd.unanswered(judge, hall.me, ledger, self.rooms)
            if not waits and not await hall.database.read(_unfinished):
                break
            await asyncio.sleep(0.2)
        await judge.catch_up()
        archived = [one for room in self.rooms for one in await self.hall.archived(room)]
        faults = crowd.faults_heard(judge, hall.me, ledger, self.rooms, known=self.before)
        assert faults + crowd.faults_in_archive(archived, ledger) == []
        assert await hall.database.read(_unfinished) == {}


def _unfinished(connection: Any) -> dict[str, int]:
    now = datetime.now(UTC)
    queues = inbox.counts(connection, now) | outbox.counts(connection, now)
    return {name: count for name, count in queues.items() if count}


@asynccontextmanager
async def set_up(homeserver: Homeserver, folder: Path) -> AsyncIterator[Stage]:
    bot, paula, ben = (new_account(homeserver, name) for name in ("moothall", "paula", "ben"))
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(FaultProxy(homeserver.url, 11))
        setup = setup_for(
            proxy.url,
            bot,
            paula,
            slug=f"faults-{uuid4().hex[:6]}",
        )
        hall = await stack.enter_async_context(running_hall(setup, folder))
        people = [
            await stack.enter_async_context(
                await Person.log_in(
                    homeserver.url, account, store=folder / account.user_id, accept_invites=True
                )
            )
            for account in (paula, ben)
        ]
        space = await people[0].join(f"#{setup.slug}:localhost")
        await people[0].invite(space, ben.user_id)
        await people[1].enters(space)
        for person in people:
            await hall.enters(person, CLEAR, SEALED)
        for person in people:
            await person.catch_up()
        before = {one.event_id for one in people[0].timeline}
        yield Stage(hall, proxy, people, before)


@pytest.fixture
async def stage(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Stage]:
    async with set_up(homeserver, tmp_path) as prepared:
        yield prepared


@pytest.fixture
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    """Back-off as ever, but in tenths: a storm of minutes in seconds."""
    monkeypatch.setattr(retry, "FIRST", 0.05)
    monkeypatch.setattr(retry, "LONGEST", 1.0)


# ── the network ───────────────────────────────────────────────────────────────────────────────

SENDS = Rule(
    sends,
    {
        DropResponse(): 0.12,
        DropResponse(begun=False): 0.08,
        Answer(429, retry_after_ms=150): 0.08,
        Answer(502): 0.06,
        Answer(502, forwarded=True): 0.06,
        Answer(504, forwarded=True): 0.06,
        Stall(0.3): 0.04,
        Stall(0.3, forwarded=True): 0.04,
    },
)
SYNCS = Rule(
    syncs,
    {
        DropResponse(): 0.1,
        Answer(502): 0.05,
        Answer(504): 0.05,
        Answer(429, retry_after_ms=100): 0.05,
        Stall(0.2): 0.05,
    },
)
REST = Rule(anything, {DropResponse(): 0.1, Answer(502): 0.1, Answer(429, 100): 0.05})


@pytest.mark.promise("Lost answers, refusals and stalls of the network lose and double nothing")
@pytest.mark.usefixtures("hurry")
async def test_a_storm_costs_time_but_no_word_and_doubles_none(stage: Stage) -> None:
    stage.proxy.change([SENDS, SYNCS, REST], cut=True)
    ledger = await stage.talk(messages=60, commands=60, seconds=4.0, seed=1)
    await stage.answers(ledger, within=60)
    counts = stage.proxy.counts
    met = {"drop_response", "answer_429", "answer_502", "answer_504", "stall"}
    assert met <= set(counts), counts
    assert sum(counts[name] for name in met) >= 20


@pytest.mark.usefixtures("hurry")
async def test_history_is_fetched_through_a_storm(stage: Stage) -> None:
    """More than an answer of sync holds is said while the hall cannot be reached."""

    def history(method: str, path: str) -> bool:
        return path.endswith("/messages")

    stage.proxy.change([Rule(syncs, {Answer(502): 1.0})], cut=True)
    ledger = await stage.talk(messages=120, commands=6, seconds=0, seed=2, in_sealed=0.0)
    for trouble in (DropResponse(), Answer(502), Answer(429, 100), Stall(0.2), Answer(504)):
        stage.proxy.next(trouble, history)
    stage.proxy.change([])
    await stage.answers(ledger, within=40)
    assert sum(seen.path.endswith("/messages") for seen in stage.proxy.seen) >= 6


async def test_a_limit_of_the_homeserver_holds_the_whole_account(stage: Stage) -> None:
    """After a 429 nothing is sent until it is over, in whatever room."""
    stage.proxy.next(Answer(429, retry_after_ms=1500), sends)
    ledger = await stage.talk(messages=0, commands=8, seconds=0.3, seed=3)
    await stage.answers(ledger, within=20)
    tries = [seen for seen in stage.proxy.seen if sends(seen.method, seen.path)]
    (refused,) = [seen for seen in tries if seen.plan.name == "answer_429"]
    # What was on its way to the other room when the refusal came is none of its business.
    early = [seen for seen in tries if 0.2 < seen.at - refused.at < 1.4]
    assert early == []


# ── the homeserver ────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """A Synapse with its default limits for sending; making rooms and joining would take hours."""
    if not Homeserver.available():
        pytest.skip("matrix-synapse has no wheel for this platform")
    high = {"per_second": 1000, "burst_count": 1000}
    generous = {
        "rc_login": {"address": high, "account": high, "failed_attempts": high},
        "rc_joins": {"local": high, "remote": high},
        "rc_joins_per_room": high,
        "rc_invites": {"per_room": high, "per_user": high, "per_issuer": high},
        "rc_room_creation": high,
        "rc_registration": high,
    }
    folder = tmp_path_factory.mktemp("strict")
    with Homeserver.start(folder, limits=True, config=generous) as server:
        yield server


@pytest.mark.promise("The homeserver's rate limits delay answers and drop none")
async def test_a_burst_under_the_default_limits_is_delayed_and_nothing_dropped(
    strict: Homeserver, tmp_path: Path
) -> None:
    """Ten at once, then one in five seconds; making the rooms has used up some of the ten."""
    bot, paula = new_account(strict, "moothall"), new_account(strict, "paula")
    setup = setup_for(
        strict.url,
        bot,
        paula,
        slug=f"strict-{uuid4().hex[:6]}",
        clusters=CLUSTERS[:1],
        cities=(),
    )
    loop = asyncio.get_running_loop()
    async with AsyncExitStack() as stack:
        hall = await stack.enter_async_context(running_hall(setup, tmp_path))
        judge = await stack.enter_async_context(
            await Person.log_in(strict.url, paula, store=tmp_path / "paula", accept_invites=True)
        )
        await judge.join(f"#{setup.slug}:localhost")
        await hall.enters(judge, CLEAR)
        room = hall.rooms[CLEAR]
        before = {one.event_id for one in judge.timeline}
        ledger = Ledger()
        for text in itertools.islice(itertools.cycle(crowd.COMMANDS), 7):
            ledger.commands[await judge.say(room, text)] = text
        begun = loop.time()
        for _ in range(200):
            await judge.catch_up()
            if not crowd.unanswered(judge, hall.me, ledger, (room,)):
                break
            await asyncio.sleep(0.3)
        assert crowd.faults_heard(judge, hall.me, ledger, (room,), known=before) == []
        assert loop.time() - begun > 5  # or no limit was met, and this test shows nothing


@pytest.mark.usefixtures("hurry")
async def test_a_restart_of_the_homeserver_is_waited_out(tmp_path: Path) -> None:
    if not Homeserver.available():
        pytest.skip("matrix-synapse has no wheel for this platform")
    with Homeserver.start(tmp_path / "synapse") as server:
        async with set_up(server, tmp_path / "hall") as stage:
            talking = asyncio.create_task(stage.talk(messages=40, commands=40, seconds=6.0, seed=4))
            await asyncio.sleep(1.5)
            await asyncio.to_thread(server.restart)
            await asyncio.sleep(1.0)
            await asyncio.to_thread(server.kill)
            await asyncio.to_thread(server.resume)
            await stage.answers(await talking, within=40)


# ── the database ──────────────────────────────────────────────────────────────────────────────


class Failing(Database):
    """A database that fails at times, as one on a full disk or a busy file does."""

    def __init__(self, database: Database, seed: int) -> None:
        self.failing = 0.0  # chance of 1
        self.failed = 0
        self._database = database
        self._chance = random.Random(seed)

    def _maybe_fail(self) -> None:
        if self._chance.random() < self.failing:
            self.failed += 1
            error = Exception("database is locked")
            raise OperationalError("UPDATE inbox SET …", {"body": "SECRET WORDS"}, error)

    async def write(self, work: Work[Any], *, alone: bool = False, durable: bool = True) -> Any:
        self._maybe_fail()

        def fail_at_the_end(connection: Any) -> Any:
            result = work(connection)
            self._maybe_fail()  # everything it did is rolled back
            return result

        return await self._database.write(fail_at_the_end, alone=alone, durable=durable)

    async def read(self, work: Work[Any]) -> Any:
        self._maybe_fail()
        return await self._database.read(work)

    async def study(self, work: Work[Any]) -> Any:
        self._maybe_fail()
        return await self._database.study(work)

    def give_way(self) -> None:
        self._database.give_way()

    async def tidy(self, *, thoroughly: bool) -> None:
        await self._database.tidy(thoroughly=thoroughly)

    async def close(self) -> None:
        await self._database.close()


@pytest.mark.promise("A database that fails for a while delays answers; the hall goes on by itself")
@pytest.mark.usefixtures("hurry")
async def test_a_failing_database_is_waited_out(
    homeserver: Homeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing: list[Failing] = []
    make = Hall.__init__

    def with_trouble(self: Hall, *arguments: Any, **named: Any) -> None:
        failing.append(Failing(named["database"], seed=5))
        make(self, *arguments, **named | {"database": failing[-1]})

    monkeypatch.setattr(Hall, "__init__", with_trouble)
    async with set_up(homeserver, tmp_path) as stage:
        (database,) = failing
        database.failing = 0.15
        ledger = await stage.talk(messages=40, commands=40, seconds=4.0, seed=6)
        database.failing = 1.0
        more = await stage.talk(messages=10, commands=10, seconds=0.5, seed=7)
        bells = stage.hall.hall.bells  # whoever waits looks into the database now
        async with asyncio.timeout(30):
            while database.failed <= 20:
                await asyncio.sleep(0.1)
                for bell in (bells.gaps, bells.timers, bells.inbox, bells.outbox):
                    bell.ring()
        database.failing = 0.0
        ledger.messages |= more.messages
        ledger.commands |= more.commands
        await stage.answers(ledger, within=40)


@pytest.mark.promise("A database that another program locks is waited for")
async def test_a_locked_database_is_waited_for(
    stage: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Somebody looks into the file with a tool that locks it, for longer than SQLite waits."""
    other = sqlite3.connect(tmp_path / "data" / "moothall.db", timeout=30, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    ledger = await stage.talk(messages=5, commands=5, seconds=0.5, seed=8)
    async with asyncio.timeout(30):
        while "SQLITE_BUSY" not in caplog.text:
            await asyncio.sleep(0.1)
    other.execute("ROLLBACK")
    other.close()
    await stage.answers(ledger, within=30)
    assert "error=OperationalError SQLITE_BUSY" in caplog.text
    assert "Traceback" not in caplog.text

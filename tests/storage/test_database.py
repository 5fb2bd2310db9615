"""Both databases behave alike when something goes wrong."""

import asyncio
import time
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from demo.postgres import Postgres
from storage import courtesy, meta, scrubbing
from storage import database as databases
from storage.database import Database, HallIsRunning, after_commit, is_passing, open_database
from storage.migrations import bring_up_to_date

SECRET = "what Ann wrote to Ben"


async def test_an_error_does_not_repeat_what_people_wrote(database: Database) -> None:
    """Errors are logged, and a log holds no message."""

    def fail(connection: Any) -> None:
        connection.execute(text("INSERT INTO meta VALUES (:key, :key, :key)"), {"key": SECRET})

    for attempt in (database.write, database.read):
        with pytest.raises(DBAPIError) as caught:
            await attempt(fail)
        assert SECRET not in str(caught.value)


async def test_a_unit_that_fails_takes_no_other_with_it(database: Database) -> None:
    def write(number: int) -> Any:
        def work(connection: Any) -> None:
            meta.put(connection, str(number), "here")
            if number % 3 == 0:
                raise ValueError(number)

        return work

    outcomes = await asyncio.gather(
        *(database.write(write(number)) for number in range(12)), return_exceptions=True
    )
    assert [isinstance(one, ValueError) for one in outcomes] == [n % 3 == 0 for n in range(12)]

    def read(connection: Any) -> list[bool]:
        return [meta.get(connection, str(number)) == "here" for number in range(12)]

    assert await database.read(read) == [number % 3 != 0 for number in range(12)]


async def test_who_is_to_look_is_woken_once_there_is_something_to_see(database: Database) -> None:
    """Woken sooner, they see nothing, and an alarm that is due waits until they look again."""
    woken: list[asyncio.Task[str | None]] = []

    def look() -> None:  # in the loop, or this raises
        loop = asyncio.get_running_loop()
        woken.append(loop.create_task(database.read(lambda c: meta.get(c, "word"))))

    def write(word: str) -> Any:
        def work(connection: Connection) -> str:
            after_commit(connection, look)
            meta.put(connection, "word", word)
            time.sleep(0.05)
            assert not woken, "too early"
            if word == "broken":
                raise ValueError(word)
            return word

        return work

    for alone in (True, False):
        with pytest.raises(ValueError, match="broken"):
            await database.write(write("broken"), alone=alone)
    outcomes = await asyncio.gather(
        *(database.write(write(word)) for word in ("broken", "whole")), return_exceptions=True
    )
    assert outcomes[1] == "whole"
    assert [await one for one in woken] == ["whole"], "once, and after the commit"
    await database.write(lambda c: meta.put(c, "word", "silent"))
    assert len(woken) == 1


async def test_a_full_disk_fails_every_unit_of_the_group_and_keeps_none(tmp_path: Path) -> None:
    """SQLite then ends the whole transaction: nobody may believe that his part was kept."""
    database = await open_database(f"sqlite:///{tmp_path}/full.db")

    def prepare(connection: Connection) -> None:
        connection.exec_driver_sql("CREATE TABLE note (x BLOB)")
        connection.exec_driver_sql("PRAGMA max_page_count=40")

    def note(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO note VALUES ('x')")

    def too_much(connection: Connection) -> None:
        with connection.begin_nested():
            for _ in range(100):
                connection.exec_driver_sql("INSERT INTO note VALUES (zeroblob(20000))")

    def count(connection: Connection) -> int:
        return int(connection.exec_driver_sql("SELECT count(*) FROM note").scalar_one())

    await database.write(prepare, alone=True)
    ended = await asyncio.gather(
        *(database.write(work) for work in (note, too_much, note, note)), return_exceptions=True
    )
    kept = sum(not isinstance(one, BaseException) for one in ended)
    assert await database.read(count) == kept
    assert all(is_passing(one) for one in ended if isinstance(one, BaseException))
    await database.write(lambda c: c.exec_driver_sql("PRAGMA max_page_count=4000"), alone=True)
    await database.write(too_much)
    assert await database.read(count) == kept + 100
    await database.close()


async def test_what_is_no_database_is_told_and_let_go_of(tmp_path: Path) -> None:
    file, url = tmp_path / "hall.db", f"sqlite:///{tmp_path}/hall.db"
    file.write_bytes(b"a shopping list" * 400)
    with pytest.raises(DBAPIError):
        await open_database(url)
    assert file.read_bytes() == b"a shopping list" * 400
    file.unlink()
    database = await open_database(url)  # nobody holds its lock
    await database.close()


@pytest.mark.parametrize("level", ["NORMAL", "FULL"])
async def test_whatever_happens_to_one_unit_the_next_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, level: str
) -> None:
    """Nobody writes but one thread: were it to end, everybody would wait for ever."""
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    set_level = databases._set_synchronous
    troubles = [OSError("a disk in flames"), OSError("still")]

    def fail(connection: Connection, wanted: str) -> None:
        if wanted == level and troubles:
            raise troubles.pop()
        set_level(connection, wanted)

    monkeypatch.setattr(databases, "_set_synchronous", fail)

    def write(connection: Connection) -> str:
        meta.put(connection, "word", "here")
        return str(connection.exec_driver_sql("PRAGMA journal_mode").scalar_one())

    await database.write(lambda c: c.exec_driver_sql("CREATE TABLE meta (key UNIQUE, value)"))
    async with asyncio.timeout(10):
        with pytest.raises(OSError, match=r"flames|still"):
            await database.write(write, durable=False)
        if level == "NORMAL":
            with pytest.raises(OSError, match="flames"):
                await database.write(write, durable=False)
        assert await database.write(write, durable=False) == "wal"
        assert await database.write(lambda c: c.exec_driver_sql("PRAGMA synchronous").scalar()) == 2
    await database.close()


async def test_long_work_moves_the_log_so_that_no_answer_has_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the commit that fills the log moves 32 MB of it, while its answer waits."""
    monkeypatch.setattr(databases, "MOVES", 0.0)
    path = tmp_path / "long.db"
    database = await open_database(f"sqlite:///{path}")
    await database.write(bring_up_to_date, alone=True)
    await database.write(lambda c: meta.put(c, "answer", "for Ann"))
    assert b"for Ann" not in path.read_bytes(), "a commit alone stays in the log"
    await database.write(lambda c: meta.put(c, "step", "of long work"), durable=False)
    assert b"of long work" in path.read_bytes()
    assert b"for Ann" in path.read_bytes()
    await database.close()


async def test_a_clean_up_that_breaks_leaves_no_haste_behind(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for locks but a moment; whoever has its connection next waits as ever."""
    database = await open_database(postgres.create_database(f"haste_{uuid4().hex[:12]}"))
    await database.write(bring_up_to_date, alone=True)
    monkeypatch.setattr(scrubbing, "STATISTICS", "no_such_table")

    def patience(connection: Connection) -> str:
        connection.execute(text("SELECT pg_sleep(0.2)"))  # so that each read has its own
        return str(connection.scalar(text("SHOW lock_timeout")))

    with pytest.raises(DBAPIError):
        await database.tidy(thoroughly=True)
    assert await asyncio.gather(*(database.read(patience) for _ in range(3))) == ["0"] * 3
    await database.close()


async def test_long_work_pauses_while_an_answer_is_worked_on(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For readers and small writers, not for a large batch of the background."""
    paused: list[float] = []
    monkeypatch.setattr(courtesy, "STRETCH", 0.0)
    monkeypatch.setattr(courtesy, "PATIENCE", 0.0)
    monkeypatch.setattr(time, "sleep", paused.append)

    def long_work(_connection: Connection) -> int:
        before = len(paused)
        database.give_way()
        return len(paused) - before

    assert await database.read(long_work) == 1
    assert await database.write(long_work) == 1
    assert await database.write(long_work, alone=True) == 0
    assert await database.write(long_work, durable=False) == 0
    with pytest.raises(ZeroDivisionError):
        await database.read(lambda _connection: 1 / 0)
    database.give_way()
    assert len(paused) == 2


def test_the_longer_an_answer_takes_the_longer_others_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most are ready at once, and nobody waits for them; and others go on whatever it takes."""
    now, paused = [100.0], [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(time, "sleep", paused.append)
    ours = courtesy.Courtesy()

    def pause_after(seconds: float) -> float:
        del paused[1:]
        now[0] = 100.0 + seconds
        ours.give_way()
        return paused[-1]

    with ours.working():
        assert pause_after(0.001) == 0.0
        assert pause_after(0.0022) == 0.001
        assert pause_after(0.0024) == 0.0, "they work for a moment between two pauses"
        assert pause_after(0.005) == pytest.approx(0.002)
        assert pause_after(0.5) == 0.004
    assert pause_after(0.6) == 0.0


async def test_a_hall_that_was_just_killed_keeps_nobody_out(postgres: Postgres) -> None:
    """PostgreSQL may know of it for a moment longer than it lived; of one that lives it says so."""
    url = postgres.create_database(f"lock_{uuid4().hex[:12]}")
    first = await open_database(url)
    with pytest.raises(HallIsRunning):
        await open_database(url)
    coming = asyncio.create_task(open_database(url))
    await asyncio.sleep(0.6)
    assert not coming.done()
    await first.close()
    second = await coming
    assert await second.read(lambda c: c.scalar(text("SELECT 7"))) == 7
    await second.close()

"""Both databases behave alike when something goes wrong."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from storage import meta
from storage.database import Database, is_passing, open_database

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

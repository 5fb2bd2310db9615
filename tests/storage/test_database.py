"""Both databases behave alike when something goes wrong."""

import asyncio
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from storage import meta
from storage.database import Database

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

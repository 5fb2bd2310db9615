"""Ids follow time, and two messages never have the same, in whatever order they come."""

from functools import partial

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, insert

from storage.database import Database
from storage.tables.archive import message
from storage.time_keys import time_keys

START = 1_772_438_400_000  # 2 March 2026, ms
moments = st.one_of(
    st.integers(0, 3),  # a flood
    st.integers(0, 300),
    st.integers(0, 40_000),  # half a day
    st.sampled_from([0, 59, 60, 61, 7199, 7200, 7201]),
).map(lambda seconds: START + seconds * 1000)


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(batches=st.lists(st.lists(moments, min_size=1, max_size=60), min_size=1, max_size=4))
async def test_no_id_is_given_twice_and_all_follow_time(
    database: Database, batches: list[list[int]]
) -> None:
    given_to: dict[int, int] = {}

    def give(connection: Connection, batch: list[int]) -> None:
        keys = time_keys(connection, batch)
        assert len(set(keys)) == len(keys)
        assert not set(keys) & given_to.keys()
        given_to.update(zip(keys, batch, strict=True))
        store(connection, keys)

    await database.write(lambda c: c.execute(message.delete()))
    for batch in batches:
        await database.write(partial(give, batch=batch))
    assert all(key >= at // 1000 * 16 for key, at in given_to.items())


def store(connection: Connection, keys: list[int]) -> None:
    rows = [
        {"id": key, "seq": key, "room_id": 1, "sender_id": 1, "ts": 1, "thread_h": 1,
         "thread_fixed": False, "lang": "", "body": ""}
        for key in keys
    ]  # fmt: skip
    connection.execute(insert(message), rows)


async def test_a_flood_of_one_second_goes_on_beyond_what_was_looked_at(database: Database) -> None:
    def flood(connection: Connection) -> list[int]:
        keys: list[int] = []
        for size in (700, 700, 5000):
            made = time_keys(connection, [START] * size)
            store(connection, made)
            keys += made
        return keys

    keys = await database.write(flood)
    first = START // 1000 * 16
    assert sorted(keys) == list(range(first, first + 6400))

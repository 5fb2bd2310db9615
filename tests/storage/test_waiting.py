"""Encrypted events wait for the key of their own session, and for no other."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from storage import waiting
from storage.database import Database
from storage.records import EventId, RoomId
from storage.waiting import Waiting

HALL, ATTIC = RoomId("!hall:test"), RoomId("!attic:test")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


async def test_a_key_opens_what_waits_for_it_oldest_first(database: Database) -> None:
    def wait(connection: Connection) -> None:
        for minutes, name, room, session in (
            (3, "$late", HALL, "one"), (1, "$early", HALL, "one"), (2, "$else", HALL, "two"),
            (0, "$attic", ATTIC, "one"), (0, "$none", HALL, None),
        ):  # fmt: skip
            held = Waiting(EventId(name), room, session, {})
            waiting.add(connection, [held], NOW + timedelta(minutes=minutes), None)

    def read(connection: Connection, *keys: tuple[str, str]) -> list[str]:
        return [one.event_id for one in waiting.of_sessions(connection, keys)]

    await database.write(wait)
    assert await database.read(lambda c: read(c, (HALL, "one"))) == ["$early", "$late"]
    assert await database.read(lambda c: read(c, (HALL, "three"))) == []
    assert await database.read(lambda c: read(c)) == []
    every = await database.read(waiting.sessions)
    assert every == {(HALL, "one"), (HALL, "two"), (ATTIC, "one")}
    assert len(await database.read(lambda c: read(c, *every))) == 4


async def test_so_many_keys_at_once_are_looked_up_all_the_same(database: Database) -> None:
    def wait(connection: Connection) -> None:
        held = [Waiting(EventId(f"$e{n}"), HALL, f"s{n}", {}) for n in range(900)]
        waiting.add(connection, held, NOW, None)

    await database.write(wait)
    every = await database.read(waiting.sessions)
    assert len(await database.read(lambda c: waiting.of_sessions(c, every))) == 900

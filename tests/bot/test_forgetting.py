"""What was taken back, erased, edited away or too old is in no file that the hall owns."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from bot import erasing
from bot.hall import Bells, Hall
from bot.upkeep import Upkeep
from commands.context import Settings
from demo.postgres import Postgres
from storage import erasures, folding, inbox, meta, outbox, people, rooms, scrubbing
from storage.database import Database, open_database
from storage.migrations import bring_up_to_date
from storage.outbox import Action, Row
from storage.postgres import PostgresDatabase
from storage.records import (
    ArchiveRules,
    Community,
    EventId,
    Limits,
    RoomEvent,
    RoomId,
    UserId,
)
from storage.types import milliseconds

ANN, BEN, ROOM = UserId("@ann:test"), UserId("@ben:test"), RoomId("!hall:test")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=800)
COMMUNITY = Community("N", "n", "UTC", "en", (), (), (), ())
FILLING = 300  # messages of others all around


def canary() -> str:
    """A word whose end stands nowhere else: the index stores the beginnings of words once."""
    return "zq" + "".join("bcdfghjklmnpqrst"[int(digit, 16)] for digit in uuid4().hex[:20])


def said(event_id: str, who: UserId, body: str, at: datetime = NOW, **more: Any) -> RoomEvent:
    content = {"msgtype": "m.text", "body": body, **more.pop("content", {})}
    when = milliseconds(at)
    return RoomEvent(EventId(event_id), ROOM, "m.room.message", who, when, content, **more)


def history(words: dict[str, str]) -> list[RoomEvent]:
    long = " ".join([words["redacted"], "and so on", *map(str, range(900))])
    new = {"m.new_content": {"msgtype": "m.text", "body": "other words"}}
    return [
        *(said(f"$f{n}", BEN, f"filling {n} " + "of a page " * (n % 9)) for n in range(FILLING)),
        said("$old", BEN, f"an {words['expired']} word", OLD),
        said("$red", BEN, f"a {words['redacted']} word"),
        said("$long", BEN, long),
        said("$gone", ANN, f"an {words['erased']} word"),
        said("$edit", BEN, f"an {words['edited']} word"),
        said("$edit2", BEN, "* other words", content=new,
             relates_to={"rel_type": "m.replace", "event_id": "$edit"}),
        *(said(f"$g{n}", BEN, f"more filling {n} " + "of it " * (n % 9)) for n in range(FILLING)),
    ]  # fmt: skip


def redaction(target: str) -> RoomEvent:
    return RoomEvent(EventId(f"$r{target}"), ROOM, "m.room.redaction", BEN, milliseconds(NOW), {},
                     redacts=EventId(target))  # fmt: skip


async def record(database: Database, events: Sequence[RoomEvent]) -> None:
    facts = [folding.read_fact(one, "en") for one in events]
    moment = milliseconds(NOW)
    for start in range(0, len(facts), 100):
        part = facts[start : start + 100]
        await database.write(lambda c: folding.record(c, part, moment, "en"), alone=True)  # noqa: B023


def hall_of(database: Database, folder: Path) -> Hall:
    hall = SimpleNamespace(
        database=database,
        settings=Settings(COMMUNITY, Limits(), ArchiveRules()),
        clock=SimpleNamespace(now=lambda: NOW),
        bells=Bells(),
        folder=folder,
    )
    return cast(Hall, hall)


def found_in(folder: Path, words: dict[str, str]) -> dict[str, list[str]]:
    """What `grep -a` finds, in every file of a folder but the server's own write-ahead log."""
    found: dict[str, list[str]] = {kind: [] for kind in words}
    for path in folder.rglob("*"):
        if path.is_file() and "pg_wal" not in path.parts:
            content = path.read_bytes()
            for kind, word in words.items():
                if word[-12:].encode() in content:
                    found[kind].append(path.name)
    return found


@pytest.mark.promise(
    "Words that were deleted, erased, edited away or too old stand in no file of the hall: not in"
    " the database, its log or its index; a quarter of an hour later on SQLite, the next day on"
    " PostgreSQL, in the free space of whose pages they would stay"
)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_no_canary_is_left_in_any_file(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {kind: canary() for kind in ("expired", "redacted", "erased", "edited", "unsent")}
    files, url = tmp_path, f"sqlite:///{tmp_path}/moothall.db"
    if engine == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = f"hall_{uuid4().hex[:12]}"
        server.create_database(name)
        files, url = server.folder, server.url(name)
    database = await open_database(url)
    await database.write(bring_up_to_date, alone=True)
    await database.write(lambda c: _stand(c, words))
    await record(database, history(words))
    if isinstance(database, PostgresDatabase):
        await _checkpoint(database)
    assert all(found_in(files, words).values())

    await record(database, [redaction("$red"), redaction("$long"), redaction("$edit")])
    await database.write(_erase_ann)
    hall = hall_of(database, tmp_path)
    await erasing.carry_out(hall)
    upkeep = Upkeep(hall)
    await upkeep.expire()
    # Large tables are filled up in place of being written anew: here all count as large.
    monkeypatch.setattr(scrubbing, "SMALL", 0)
    await upkeep.clean(thoroughly=True)
    if isinstance(database, PostgresDatabase):
        await _checkpoint(database)

    assert found_in(files, words) == {kind: [] for kind in words}
    await database.close()


def _stand(connection: Connection, words: dict[str, str]) -> None:
    hall = meta.hall_id(connection)
    rooms.know(connection, ROOM)
    rooms.change(connection, ROOM, archive_on=True, archive_since=OLD)
    # An answer that quotes, and a command not answered yet, both still on their way.
    said_ = Row("reply/$q/0", ROOM, Action.MESSAGE, {"body": words["unsent"]}, "m.room.message")
    outbox.add(connection, hall, [said_], NOW)
    payload = {"event_id": "$c", "sender": ANN, "content": {"body": words["erased"]}}
    inbox.add(connection, [inbox.Entry("$c", ROOM, "event", 1, payload)], NOW)


def _erase_ann(connection: Connection) -> None:
    outbox.drop_unsent(connection, "reply/$q/0", NOW)
    one = erasures.request(connection, people.know(connection, ANN), NOW, NOW)
    erasures.begin(connection, one)


async def _checkpoint(database: PostgresDatabase) -> None:
    engine = database._engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text("CHECKPOINT"))

"""What waits to be said follows those it is meant for."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, select

from storage import outbox
from storage.database import Database
from storage.outbox import Action, Row
from storage.records import RoomId, UserId
from storage.tables.spine import outbox as table

CHAT, ANN = RoomId("!chat:test"), UserId("@ann:test")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SAID = "m.room.message"
THREAD = {"rel_type": "m.thread", "event_id": "$there"}


async def test_what_waits_for_a_chat_that_is_none_any_more_refers_to_nothing_there(
    database: Database,
) -> None:
    rows = [
        Row("answer", CHAT, Action.MESSAGE, {"body": "a", "m.relates_to": THREAD}, SAID),
        Row("under", CHAT, Action.MESSAGE, {"body": "b"}, SAID, changes="answer"),
        Row("file", CHAT, Action.COMPILE, {"kind": "archive", "thread": "$there"}, SAID),
        Row("over", CHAT, Action.MESSAGE, {"body": "c"}, "m.poll.end", changes="poll"),
        Row("edit", CHAT, Action.EDIT, {"body": "d"}, SAID, changes="sent before"),
        Row("thumb", CHAT, Action.REACTION, {"m.relates_to": THREAD}, "m.reaction"),
    ]

    def withdraw(connection: Connection) -> bool:
        outbox.add(connection, UUID(int=7), rows, NOW)
        return outbox.withdraw_from(connection, CHAT, ANN, NOW)

    def waiting(connection: Connection, lane: str) -> dict[str, object]:
        unsent = select(table.c.key, table.c.content, table.c.changes).where(
            table.c.lane == lane, table.c.settled_at.is_(None)
        )
        found = connection.execute(unsent).all()
        assert all(row.changes is None for row in found)
        return {row.key: row.content for row in found}

    assert await database.write(withdraw)
    assert await database.read(lambda c: waiting(c, ANN)) == {
        "answer": {"body": "a"},
        "under": {"body": "b"},
        "file": {"kind": "archive"},
    }
    assert await database.read(lambda c: list(waiting(c, CHAT))) == ["thumb"]
    assert not await database.write(lambda c: outbox.withdraw_from(c, CHAT, ANN, NOW))

"""What waits to be said follows those it is meant for."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection, select

from storage import outbox
from storage.database import Database
from storage.outbox import Action, Row
from storage.records import RoomId, UserId
from storage.tables.spine import outbox as table

CHAT, NEW, ANN = RoomId("!chat:test"), RoomId("!new:test"), UserId("@ann:test")
HALL = UUID(int=7)
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SAID = "m.room.message"
THREAD = {"rel_type": "m.thread", "event_id": "$there"}


def card(lane: RoomId) -> list[Row]:
    """A visit's card, and what belongs to it."""
    thumb = {"m.relates_to": {"rel_type": "m.annotation", "key": "👍"}}
    return [
        Row("card", lane, Action.MESSAGE, {"body": "card"}, SAID),
        Row("card/pinned", lane, Action.PIN, None, "m.room.pinned_events", changes="card"),
        Row("card/poll", lane, Action.MESSAGE, {"q": 1}, "m.poll.start", changes="card"),
        Row("react/card/x", lane, Action.REACTION, thumb, "m.reaction", changes="card"),
    ]


async def lanes_of(database: Database) -> dict[str, str]:
    places = select(table.c.key, table.c.lane).where(table.c.settled_at.is_(None))
    rows = await database.read(lambda c: c.execute(places).all())
    return {row.key: row.lane for row in rows}


async def test_a_card_moves_with_all_that_belongs_to_it(database: Database) -> None:
    await database.write(lambda c: outbox.add(c, HALL, card(CHAT), NOW))
    await database.write(lambda c: outbox.move_room(c, CHAT, NEW))
    assert set((await lanes_of(database)).values()) == {NEW}
    assert len(await lanes_of(database)) == 4
    await database.write(lambda c: outbox.withdraw_from(c, NEW, ANN, NOW))
    moved = await lanes_of(database)
    assert moved == dict.fromkeys(("card", "card/pinned", "card/poll", "react/card/x"), ANN)


async def test_a_claim_that_counts_for_nothing_leaves_another_s_alone(database: Database) -> None:
    """The first lane's refusal comes when the post has moved and is on its way again."""
    letter = Row("letter", CHAT, Action.MESSAGE, {"body": "x"}, SAID)
    await database.write(lambda c: outbox.add(c, HALL, [letter], NOW))
    row = await database.write(lambda c: outbox.claim(c, CHAT, "D", NOW))
    assert row is not None
    await database.write(lambda c: outbox.withdraw_from(c, CHAT, ANN, NOW))
    await database.write(lambda c: outbox.move_lane(c, ANN, NEW))
    assert await database.write(lambda c: outbox.claim(c, NEW, "D", NOW))
    await database.write(lambda c: outbox.not_taken(c, row))
    assert not await database.write(lambda c: outbox.drop_unsent(c, "letter", NOW))


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
        outbox.add(connection, HALL, rows, NOW)
        return outbox.withdraw_from(connection, CHAT, ANN, NOW)

    def waiting(connection: Connection, lane: str) -> dict[str, object]:
        unsent = select(table.c.key, table.c.content, table.c.changes).where(
            table.c.lane == lane, table.c.settled_at.is_(None)
        )
        found = connection.execute(unsent).all()
        assert [row.changes for row in found if row.changes] == ["answer"] * (lane == ANN)
        return {row.key: row.content for row in found}

    assert await database.write(withdraw)
    assert await database.read(lambda c: waiting(c, ANN)) == {
        "answer": {"body": "a"},
        "under": {"body": "b"},
        "file": {"kind": "archive"},
    }
    assert await database.read(lambda c: list(waiting(c, CHAT))) == ["thumb"]
    assert not await database.write(lambda c: outbox.withdraw_from(c, CHAT, ANN, NOW))


async def test_where_a_file_lies_is_not_written_over_a_post_that_has_moved(
    database: Database,
) -> None:
    file = Row("file", CHAT, Action.FILE, {"data": "x", "m.relates_to": THREAD}, SAID)
    await database.write(lambda c: outbox.add(c, HALL, [file], NOW))
    row = await database.write(lambda c: outbox.claim(c, CHAT, "D", NOW))
    assert row is not None
    await database.write(lambda c: outbox.withdraw_from(c, CHAT, ANN, NOW))
    uploaded = {"url": "mxc://test/x", "m.relates_to": THREAD}
    await database.write(lambda c: outbox.note_upload(c, row, uploaded))
    await database.write(lambda c: outbox.move_lane(c, ANN, NEW))
    again = await database.write(lambda c: outbox.claim(c, NEW, "D", NOW))
    assert again is not None
    assert again.content == {"data": "x"}

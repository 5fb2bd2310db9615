"""In which room an event was said, on both databases."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import Connection

from storage import folding, inbox, outbox, rooms
from storage.database import Database
from storage.facts import read_fact
from storage.inbox import Entry
from storage.outbox import Action, Row
from storage.records import EventId, RoomEvent, RoomId, UserId
from storage.whereabouts import is_elsewhere

HERE, THERE = RoomId("!here:hs"), RoomId("!there:hs")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
HEARD, SAID, KEPT, UNKNOWN, ANN = (
    EventId("$heard"),
    EventId("$said"),
    EventId("$kept"),
    EventId("$unknown"),
    UserId("@ann:hs"),
)


async def test_an_event_is_at_home_where_it_was_heard_said_or_kept(database: Database) -> None:
    def remember(connection: Connection) -> None:
        inbox.add(connection, [Entry(HEARD, HERE, "event", 1, {})], NOW)
        row = Row("card/7", HERE, Action.MESSAGE, {"body": "x"}, "m.room.message")
        letter = Row("letter/7", ANN, Action.MESSAGE, {"body": "x"}, "m.room.message")
        outbox.add(connection, UUID(int=1), [row, letter], NOW)
        for lane, event in ((HERE, SAID), (ANN, EventId("$letter"))):
            claimed = outbox.claim(connection, lane, "DEVICE", NOW)
            assert claimed is not None
            outbox.settle(connection, claimed.id, NOW, event_id=event)
        rooms.know(connection, HERE)
        rooms.change(connection, HERE, archive_on=True, archive_since=NOW)
        content = {"msgtype": "m.text", "body": "Tea"}
        kept = RoomEvent(KEPT, HERE, "m.room.message", ANN, int(NOW.timestamp() * 1000), content)
        facts = [read_fact(kept, "en")]
        folding.record(connection, facts, int(NOW.timestamp() * 1000), "en")

    def look(connection: Connection) -> None:
        for event in (HEARD, SAID, KEPT):
            assert not is_elsewhere(connection, event, HERE), event
            assert is_elsewhere(connection, event, THERE), event
        for event in (UNKNOWN, EventId("$letter")):
            assert not is_elsewhere(connection, event, THERE), event

    await database.write(remember)
    await database.read(look)

"""Older history is read a page at a time; whatever cuts it off, it goes on where it stopped."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, select

from bot.backfill import Backfill
from bot.hall import Bells, Hall
from bot.intake import Taken, keep_past, read_facts
from bot.matrix.answers import Page, RawPage, Unreadable
from bot.matrix.parsing import read_room_event
from bot.posting import queue_posts
from commands.archive import past
from commands.context import Context, Settings
from commands.posts import Say
from commands.reply import Text, paragraphs
from demo.postgres import Postgres
from storage import archive, erasures, gaps, outbox, people, rooms, silences
from storage.database import Database, open_database
from storage.migrations import bring_up_to_date
from storage.records import ArchiveRules, Community, EventId, Limits, RoomEvent, RoomId, UserId
from storage.tables.spine import outbox as outbox_table
from storage.types import milliseconds

ANN, BEN, ERIN, GONE, ME = (UserId(f"@{who}:test") for who in ("ann", "ben", "erin", "gone", "me"))
ROOM, LATE = RoomId("!attic:test"), RoomId("!late:test")
NOW = datetime(2026, 3, 9, 9, 0, tzinfo=UTC)
BEGAN = NOW - timedelta(days=7)  # the archive
BACK_TO = NOW - timedelta(days=60)
PAGES, SIZE = 6, 4


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    url = f"sqlite:///{tmp_path}/moothall.db"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = f"hall_{uuid4().hex[:12]}"
        server.create_database(name)
        url = server.url(name)
    opened = await open_database(url)
    await opened.write(bring_up_to_date, alone=True)
    await opened.write(furnish)
    yield opened
    await opened.close()


def furnish(connection: Connection) -> None:
    room = rooms.know(connection, ROOM)
    rooms.change(connection, ROOM, archive_on=True, archive_since=BACK_TO)
    for who in (ANN, BEN, ERIN, ME):
        rooms.expect(connection, room.id, {people.know(connection, who).id: "join"})
    # Ben objected in the week; Erin was erased and has come back since.
    silences.begin(connection, people.know(connection, BEN).id, milliseconds(NOW))
    erin = people.know(connection, ERIN)
    one = erasures.request(connection, erin, BEGAN, BEGAN)
    erasures.begin(connection, one)
    erasures.step(connection, one, "en", 100)
    silences.end(connection, people.know(connection, ERIN).id, milliseconds(NOW))


class Homeserver:
    """History in pages, newest first; some of it is encrypted for others, and after `most` pages
    the hall's process ends."""

    def __init__(self, most: int | None = None) -> None:
        self.most, self.asked = most, list[str | None]()

    async def messages(self, room: RoomId, *, start: str | None, **_: Any) -> RawPage:
        if self.most is not None and len(self.asked) >= self.most:
            raise asyncio.CancelledError
        self.asked.append(start)
        number = int(start or 0)
        end = str(number + 1) if number + 1 < PAGES else None
        return RawPage(room, tuple(range(SIZE)), end)

    def read(self, raw: RawPage) -> Page:
        number = PAGES - 1 if raw.end is None else int(raw.end) - 1
        at = milliseconds(NOW - timedelta(days=5 + 5 * number))
        events = tuple(
            RoomEvent(EventId(f"${number}-{who}"), ROOM, "m.room.message", who, at,
                      {"msgtype": "m.text", "body": f"page {number} of {who}"})
            for who in (ANN, BEN, ERIN, GONE, ME)
        )  # fmt: skip
        sealed = {"origin_server_ts": at, "sender": ANN}
        return Page(events, (Unreadable(sealed, EventId(f"$s{number}"), ROOM, "s"),), ())


def hall_of(database: Database, client: Homeserver) -> Hall:
    community = Community("N", "n", "UTC", "en", (), (), (), ())
    return cast(Hall, SimpleNamespace(
        database=database, client=client, bells=Bells(), me=ME, name="Moothall", id=UUID(int=7),
        settings=Settings(community, Limits(), ArchiveRules()),
        clock=SimpleNamespace(now=lambda: NOW),
    ))  # fmt: skip


def open_late(connection: Connection) -> None:
    rooms.know(connection, LATE)
    gaps.open_gap(connection, LATE, "before", "after", NOW)


async def reads(database: Database, client: Homeserver) -> None:
    """A hall runs until all is read, or its process ends."""
    backfill = Backfill(hall_of(database, client))
    with contextlib.suppress(asyncio.CancelledError):
        for hole in await database.read(gaps.find_open):
            await backfill._fill(hole)


@pytest.mark.promise(
    "The reading of older history goes on where it stopped, whatever ended it; nothing comes twice,"
    " and nothing of those who objected, were erased or have left"
)
async def test_older_history_goes_on_after_every_kill(database: Database) -> None:
    def begin(connection: Connection) -> gaps.Gap:
        back, reached = milliseconds(BACK_TO), milliseconds(BEGAN)
        hole = gaps.open_past(connection, ROOM, back, reached, NOW)
        hall = hall_of(database, Homeserver())
        told = Say(ROOM, paragraphs((Text("reading"),)), key=hole.told_as)
        queue_posts(connection, hall, [told], "begin", NOW)
        outbox.settle(connection, 1, NOW, event_id=EventId("$told"))
        return hole

    hole = await database.write(begin)
    asked: list[str | None] = []
    for _ in range(PAGES):
        client = Homeserver(most=2)
        await reads(database, client)
        asked += client.asked
    assert await database.read(gaps.find_open) == []
    assert asked[0] is None
    assert set(asked[1:]) == {str(number) for number in range(1, PAGES)}

    def look(connection: Connection) -> tuple[list[Any], Any, list[Any]]:
        room = rooms.know(connection, ROOM)
        kept = [(one.sender, one.body) for one in archive.everything(connection, room.id)]
        edits = select(outbox_table.c.content).where(outbox_table.c.changes == hole.told_as)
        return kept, gaps.past_by(connection, hole.id), list(connection.scalars(edits))

    kept, over, told = await database.read(look)
    assert sorted(body for who, body in kept if who == ANN) == [
        f"page {number} of {ANN}" for number in range(PAGES)
    ]
    assert {(who, body) for who, body in kept if who != ANN} == {(BEN, ""), (ERIN, "")}
    assert len(kept) == 3 * PAGES
    assert (over.kept, over.unreadable) == (PAGES, PAGES)
    assert "6 messages came into the archive" in str(told[-1])
    assert "6 messages are encrypted" in str(told[-1])


async def test_who_stops_it_can_ask_for_the_rest_another_time(database: Database) -> None:
    await database.write(
        lambda c: gaps.open_past(c, ROOM, milliseconds(BACK_TO), milliseconds(BEGAN), NOW)
    )
    await reads(database, Homeserver(most=3))

    def stop(connection: Connection) -> datetime | None:
        settings = hall_of(database, Homeserver()).settings
        context = Context(connection, NOW, ME, settings, "$stop")
        ended = past.end(rooms.know(connection, ROOM), context)
        assert ended is not None
        (told,) = ended
        assert "I have stopped" in str(told.reply)
        assert past.end(rooms.know(connection, ROOM), context) is None
        return rooms.archive_since(connection, ROOM)

    since = await database.write(stop)
    assert since == NOW - timedelta(days=15)  # of the third page, the last that was stored
    assert await database.read(gaps.find_open) == []


class EndlessHistory(Homeserver):
    """Older history that goes on and on; while it is read, a hole opens in another room."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self._database = database
        self.bells = Bells()
        self.missed = asyncio.Event()

    async def messages(self, room: RoomId, *, start: str | None, **_: Any) -> RawPage:
        if room == LATE:
            self.missed.set()
            return RawPage(room, (), None)
        self.asked.append(start)
        if len(self.asked) == PAGES:
            await self._database.write(open_late)
            self.bells.gaps.ring()
        await asyncio.sleep(0)
        return RawPage(room, tuple(range(SIZE)), str(len(self.asked)))

    def read(self, _raw: RawPage) -> Page:
        return Page((), (), ())


async def test_what_was_missed_just_now_waits_for_no_older_history(database: Database) -> None:
    back, reached = milliseconds(BACK_TO), milliseconds(BEGAN)
    await database.write(lambda c: gaps.open_past(c, ROOM, back, reached, NOW))
    client = EndlessHistory(database)
    hall = hall_of(database, client)
    client.bells = hall.bells
    reading = asyncio.create_task(Backfill(hall).run())
    try:
        await asyncio.wait_for(client.missed.wait(), 20)
        while await database.read(lambda c: gaps.is_open(c, LATE)):
            await asyncio.sleep(0.01)
        assert not reading.done()
        assert await database.read(lambda c: gaps.past_of(c, ROOM)) is not None
    finally:
        reading.cancel()
        await asyncio.wait([reading])


async def test_words_that_were_edited_into_a_command_are_gone_from_the_past_too(
    database: Database,
) -> None:
    """As they are when it happens now: the old words are said no more, the new ones to the hall."""
    at = milliseconds(BEGAN) - 86_400_000
    said = {"msgtype": "m.text", "body": "secret talk"}
    command = {"msgtype": "m.text", "body": "!search foo"}
    edited = {
        **command, "m.new_content": command,
        "m.relates_to": {"rel_type": "m.replace", "event_id": "$said"},
    }  # fmt: skip
    raw = {"sender": ANN, "type": "m.room.message", "origin_server_ts": at}
    newest_first = (("$edit", edited), ("$said", said))
    read = [
        read_room_event({**raw, "event_id": event_id, "content": content}, ROOM)
        for event_id, content in newest_first
    ]
    events = [event for event in read if event is not None]
    hall = hall_of(database, Homeserver())
    facts = await read_facts(hall, events)

    def take(connection: Connection) -> list[str]:
        room = rooms.know(connection, ROOM)
        keep_past(connection, hall, room, events, facts, NOW, Taken(), {ANN})
        return [one.body for one in archive.everything(connection, room.id)]

    assert await database.write(take, alone=True) == [""]

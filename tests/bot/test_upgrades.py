"""A room is upgraded while alarms have rung, posts wait, or the homeserver is in trouble."""

import asyncio
import contextlib
import uuid
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Connection, select

from bot.clock import ShiftedClock
from bot.hall import Hall
from bot.matrix.client import MatrixClient
from bot.matrix.errors import RateLimited, Unreachable
from bot.upgrades import follow_upgrades
from bot.worker import answer_next
from commands.clusters import mornings
from storage import outbox, rooms, timers
from storage.database import open_database
from storage.outbox import Action, Row
from storage.records import RoomId, Timer
from storage.tables.spine import outbox as outbox_table
from tests.commands.conftest import DESK, HOUSING, ME, furnish
from tests.fuzz.wire import SETTINGS

NEW, SPACE = RoomId("!new:hs"), RoomId("!space:hs")


class Client:
    """A homeserver with an upgraded room, and trouble at one request."""

    def __init__(self, old: RoomId, trouble: BaseException | None = None) -> None:
        self.old, self.trouble = old, trouble
        self.space: dict[str, Any] = {old: {"via": ["hs"], "suggested": True}}

    async def join(self, room_id: str, via: Any = ()) -> RoomId:
        return RoomId(room_id)

    async def state_event(self, room_id: str, type: str, key: str = "") -> Any:
        if type == "m.room.create":
            return {"room_version": "12", "predecessor": {"room_id": self.old}}
        return self.space.get(key) if type == "m.space.child" else None

    async def put_state(self, room_id: str, type: str, key: str, content: Any) -> str:
        if (trouble := self.trouble) is not None:
            self.trouble = None
            raise trouble
        if type == "m.space.child":
            self.space[key] = content
        return "$x"


Makes = Callable[[Client], Awaitable[Hall]]


@pytest.fixture
async def makes(tmp_path: Path) -> Any:
    async with contextlib.AsyncExitStack() as stack:

        async def make(client: Client) -> Hall:
            database = await open_database(f"sqlite:///{tmp_path}/hall.db")
            stack.push_async_callback(database.close)
            await database.write(furnish)
            await database.write(lambda c: rooms.change(c, client.old, replacement=NEW))
            return Hall(
                me=ME, device="D", name="Moothall", id=uuid.UUID(int=7), settings=SETTINGS,
                client=cast(MatrixClient, client), database=database, clock=ShiftedClock(),
                folder=tmp_path,
            )  # fmt: skip

        yield make


async def answers_all(hall: Hall) -> None:
    """What waits in the old room and in the new one."""
    now = hall.clock.now()
    for lane in (HOUSING, DESK, NEW, NEW, NEW):
        await hall.database.write(partial(_answer, hall=hall, lane=lane, now=now))


def _answer(connection: Connection, hall: Hall, lane: str, now: datetime) -> None:
    answer_next(connection, hall, lane, now, now)


@pytest.mark.parametrize(
    "trouble", [RateLimited(0.1), Unreachable("gone"), asyncio.CancelledError("killed")], ids=str
)
async def test_the_space_leads_to_the_new_room_whatever_happens_between(
    makes: Makes, trouble: BaseException
) -> None:
    client = Client(HOUSING, trouble)
    hall = await makes(client)
    with contextlib.suppress(asyncio.CancelledError):
        await follow_upgrades(hall, SPACE)
    await follow_upgrades(hall, SPACE)
    assert client.space[NEW]["via"] == ["hs"]
    assert client.space[HOUSING] == {}
    followed = await hall.database.read(lambda c: rooms.get(c, HOUSING))
    assert followed is not None
    assert followed.successor == NEW


async def test_an_alarm_that_has_rung_is_heard_in_the_new_room(makes: Makes) -> None:
    hall = await makes(Client(HOUSING))
    now = hall.clock.now()
    past = now.replace(tzinfo=None) - timedelta(minutes=1)
    told = {"key": "announce/a", "content": {"msgtype": "m.text", "body": "On Friday"}}
    alarm = Timer("announce/a", "announce", past, "UTC", room_id=HOUSING, payload=told)
    await hall.database.write(lambda c: timers.schedule(c, [alarm]))
    await hall.database.write(lambda c: timers.ring(c, now))
    await follow_upgrades(hall, SPACE)
    await answers_all(hall)
    assert await hall.database.read(lambda c: outbox.lane_of(c, "announce/a")) == NEW


async def test_the_coordinators_mornings_go_on_in_their_new_room(makes: Makes) -> None:
    hall = await makes(Client(DESK))
    now = hall.clock.now()
    alarm = mornings.next_morning(SETTINGS, DESK, now - timedelta(days=7))
    await hall.database.write(lambda c: timers.schedule(c, [alarm]))
    await hall.database.write(lambda c: timers.ring(c, now))
    await follow_upgrades(hall, SPACE)
    await answers_all(hall)
    kind = mornings.KIND
    assert not await hall.database.read(lambda c: timers.find_pending(c, DESK, kind))
    assert await hall.database.read(lambda c: timers.find_pending(c, NEW, kind))


async def test_what_waits_to_be_said_is_said_in_the_new_room_unless_it_belongs_to_the_old(
    makes: Makes,
) -> None:
    hall = await makes(Client(HOUSING))
    reply = {"body": "an answer", "m.relates_to": {"m.in_reply_to": {"event_id": "$e"}}}
    kind = "m.room.message"
    rows = [
        Row("digest/1", HOUSING, Action.MESSAGE, {"body": "digest"}, kind),
        Row("reply/$e/0", HOUSING, Action.MESSAGE, reply, kind),
        Row("tried", HOUSING, Action.MESSAGE, {"body": "perhaps it is there"}, kind),
        Row("edit", HOUSING, Action.EDIT, {"body": "of a post there"}, kind, changes="x"),
    ]
    now = hall.clock.now()

    def wait(connection: Any) -> None:
        outbox.add(connection, hall.id, [rows[2]], now)
        assert outbox.claim(connection, HOUSING, "D", now)
        outbox.add(connection, hall.id, [*rows[:2], rows[3]], now)

    await hall.database.write(wait)
    await follow_upgrades(hall, SPACE)
    moved = select(outbox_table.c.key).where(outbox_table.c.lane == NEW)
    assert await hall.database.read(lambda c: list(c.scalars(moved))) == ["digest/1"]

"""Older history: announced to all, a week to object, then read for the archive alone."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot import intake, older_history
from bot.hall import Bells
from bot.hall import Hall as RealHall
from bot.matrix.answers import Page
from commands.posts import Alarm, Pin, Say
from storage import archive, gaps, rooms
from storage.facts import read_fact
from storage.records import EventId, RoomEvent, UserId
from storage.types import milliseconds
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, ME, Hall, plain
from tests.commands.delivered import Delivered

DAY = "2026-01-10"


@pytest.mark.promise(
    "Older history is taken into the archive a week after all in the room were told, back to the"
    " day that was named, of those who are in the room and have not objected"
)
async def test_older_history_is_announced_and_a_week_later_it_is_read(hall: Hall) -> None:
    hall = Delivered(hall.database)
    await hall.keeps_archive()
    asked = await hall.hears(CORA, f"!archive backfill {DAY}")
    assert "since Saturday, 10 January 2026" in asked
    assert "until Monday, 9 March 2026" in asked
    assert await hall.do(lambda c: gaps.past_of(c, HOUSING)) is None
    notice, pin, alarm = await hall.says(CORA, f"!archive backfill {DAY} yes")
    assert isinstance(notice, Say)
    assert notice.thread is None
    assert "The archive of this room will reach further back" in plain(notice.reply)
    assert isinstance(pin, Pin)
    assert isinstance(alarm, Alarm)
    assert "from Monday, 9 March 2026 on" in await hall.hears(ANN, "!archive status")

    await hall.says(BEN, "!privacy archive off")
    await hall.passes(hall.now + timedelta(days=8))
    hole = await hall.do(lambda c: gaps.past_of(c, HOUSING))
    assert hole is not None
    assert not await hall.do(lambda c: gaps.is_open(c, HOUSING))
    await takes_in(hall, hole.back_to or 0)
    kept = await hall.do(lambda c: archive.everything(c, rooms.know(c, HOUSING).id))
    assert [(one.sender, one.body) for one in kept] == [(ANN, "first words"), (BEN, "")]
    assert "have been read so far" in await hall.hears(ANN, "!archive status")
    assert "No older history is taken in" in await hall.hears(CORA, "!archive backfill stop")
    assert await hall.do(lambda c: gaps.past_of(c, HOUSING)) is None


async def takes_in(hall: Hall, since: int) -> None:
    """A page of history, as the homeserver gives it."""

    def said(number: int, who: UserId, body: str, at: int) -> RoomEvent:
        content: dict[str, Any] = {"msgtype": "m.text", "body": body}
        return RoomEvent(EventId(f"$old{number}"), HOUSING, "m.room.message", who, at, content)

    events = [
        said(1, ANN, "before the day", since - 1),
        said(2, ANN, "first words", since + 1000),
        said(3, BEN, "objected", since + 2000),
        said(4, UserId("@left:hs"), "has left since", since + 3000),
        said(5, ANN, "!search something", since + 4000),
    ]
    facts = {one.event_id: read_fact(one, "en") for one in events}
    real = SimpleNamespace(me=ME, name="Moothall", settings=hall.settings, bells=Bells())
    taken = intake.Taken()

    def work(connection: Any) -> None:
        fake = cast(RealHall, real)
        hole = gaps.past_of(connection, HOUSING)
        assert hole is not None
        page = Page(tuple(events[::-1]), (), ())
        further, over = older_history.take_in(connection, fake, hole, page, facts, hall.now, taken)
        assert not over
        assert (further.kept, further.unreadable) == (1, 0)
        gaps.count_past(connection, further)
        gaps.move(connection, hole.id, "next", len(events))

    await hall.do(work)
    assert not taken.lanes


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("soon", "I can't read soon as a day"),
        ("2099-01-01", "a day that is over"),
        ("2020-01-01", "Words are kept for 2 years here"),
        ("2026-03-02", "a day that is over"),
        ("stop", "No older history is being taken in"),
    ],
)
async def test_a_day_that_makes_no_sense_is_told_why(hall: Hall, typed: str, says: str) -> None:
    await hall.keeps_archive()
    assert says in await hall.hears(CORA, f"!archive backfill {typed}")
    assert milliseconds(hall.now)


@pytest.mark.parametrize(
    "typed",
    ["31 January", "31 January 2026", "am 31. Januar", "31.1.", "31-01-2026", '"31 January"',
     "2026. gada 31. janvārī"],
)  # fmt: skip
async def test_a_day_is_read_as_people_write_it(hall: Hall, typed: str) -> None:
    await hall.keeps_archive()
    shown = await hall.hears(CORA, f"!archive backfill {typed}")
    assert "since Saturday, 31 January 2026" in shown
    assert "!archive backfill 2026-01-31 yes" in shown
    assert "reach further back" in await hall.hears(CORA, f"!archive backfill {typed} YES")


async def test_a_month_is_taken_from_its_first_day(hall: Hall) -> None:
    await hall.keeps_archive()
    shown = await hall.hears(CORA, "!archive backfill last month")
    assert "since Sunday, 1 February 2026" in shown


async def test_only_where_the_archive_is_on_and_by_its_admins(hall: Hall) -> None:
    assert "archive on" in await hall.hears(CORA, f"!archive backfill {DAY}")
    await hall.keeps_archive()
    assert "admins of this room" in await hall.hears(BEN, f"!archive backfill {DAY}")
    hall.later(timedelta(days=30))
    shown = await hall.hears(CORA, "!archive backfill 2026-03-20")
    assert shown.startswith("Everything since Monday, 2 March 2026 is kept")


@pytest.mark.parametrize("typed", ["stop!", "stop please", "stop.", "Stop now"])
async def test_stop_is_stop(hall: Hall, typed: str) -> None:
    hall = Delivered(hall.database)
    await hall.keeps_archive()
    hall.later(timedelta(minutes=1))
    told = await hall.hears(CORA, "!archive backfill 2026-01-31 yes")
    assert "will reach further back" in told
    assert "No older history is taken in" in await hall.hears(CORA, f"!archive backfill {typed}")

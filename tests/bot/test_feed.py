"""Calendars to subscribe to, over a real socket."""

import asyncio
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import aiohttp
from ical.calendar_stream import IcsCalendarStream

from bot.app import keep_going
from bot.clock import ShiftedClock
from bot.feed import Feed
from bot.hall import Hall as RealHall
from storage.database import open_database
from storage.records import VisitRules
from tests.commands.conftest import CORA, ME, furnish
from tests.commands.delivered import Delivered
from tests.commands.visits.conftest import cast_people, decided


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Served:
    """What the server needs of a hall."""

    def __init__(self, hall: Delivered) -> None:
        self.settings, self.database, self.me = hall.settings, hall.database, ME
        self.clock = ShiftedClock()


async def fetched(url: str) -> tuple[int, str]:
    async with aiohttp.ClientSession() as session, session.get(url) as answer:
        return answer.status, await answer.text()


async def test_a_calendar_is_served_at_its_address_until_it_is_taken_back(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    await database.write(cast_people)
    hall = Delivered(database)
    await decided(hall)
    assert "serves no calendars" in await hall.hears(CORA, "!visit feed on")
    url = f"http://127.0.0.1:{free_port()}"
    rules = VisitRules(feed_listen=url.removeprefix("http://"), feed_url=url)
    hall.settings = replace(hall.settings, visits=rules)
    told = (await hall.says(CORA, "!visit feed on"))[0]
    address = cast(Any, told).reply.blocks[1].parts[0].text
    serving = asyncio.create_task(
        keep_going("feed", lambda: Feed(cast(RealHall, Served(hall))).run())
    )
    try:
        for _ in range(100):
            try:
                status, text = await fetched(address)
                break
            except aiohttp.ClientError:
                await asyncio.sleep(0.05)
        assert status == 200
        (event,) = IcsCalendarStream.calendar_from_ics(text).events
        assert str(event.dtstart) == "2026-05-12"
        assert "São Bento" in text
        assert "Cora" not in text, "cities, no names"
        assert (await fetched(f"{url}/calendar/{'0' * 40}.ics"))[0] == 404
        assert (await fetched(f"{url}/"))[0] == 404
        await hall.says(CORA, "!visit feed on")
        assert (await fetched(address))[0] == 404, "a new address ends the old one"
    finally:
        serving.cancel()
        await asyncio.wait({serving})
        await database.close()

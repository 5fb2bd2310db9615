"""A hall that is not running, to be configured, run and broken."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import pytest

from bot.app import open_hall
from bot.config import load
from bot.matrix.device import read_device
from bot.provisioning import initialise
from demo.hall import Setup
from demo.homeserver import Homeserver
from demo.people import Person
from tests.conftest import new_account
from tests.hall import RunningHall, running_hall, setup_for


@dataclass
class Place:
    """A hall that is not running: its configuration, and how to run `moothall` on it."""

    setup: Setup
    folder: Path
    people: list[Person] = field(default_factory=list)  # coordinator, operator

    @property
    def paula(self) -> Person:
        return self.people[0]

    @property
    def olaf(self) -> Person:
        return self.people[1]

    @property
    def me(self) -> str:
        return self.setup.user

    async def init(self) -> list[str]:
        """What `moothall init` does, in this process; what it would print."""
        async with open_hall(load(self.setup.write(self.folder), os.environ)) as hall:
            return list(await initialise(hall))

    async def runs_init(self, *, kill_after: float | None = None) -> list[str]:
        """`moothall init`, as an operator runs it; what it printed."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.cli", "--config", str(self.setup.write(self.folder))),
            "init",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        if kill_after is not None:
            await asyncio.sleep(kill_after)
            if process.returncode is None:
                process.send_signal(signal.SIGKILL)
            await process.communicate()
            return []
        async with asyncio.timeout(120):
            printed, log = await process.communicate()
        assert process.returncode == 0, log.decode()[-3000:]
        assert b"Traceback" not in log
        return printed.decode().splitlines()

    def changed(self, **changes: Any) -> None:
        self.setup = replace(self.setup, **changes)

    @asynccontextmanager
    async def runs(self) -> AsyncIterator[RunningHall]:
        async with running_hall(self.setup, self.folder) as hall:
            yield hall

    # ── what the homeserver holds, seen through the bot's own account ─────────────────────────

    async def ask(self, path: str) -> Any:
        device = read_device(self.folder / "data" / "crypto")
        assert device is not None
        headers = {"Authorization": f"Bearer {device.access_token}"}
        address = f"{self.setup.homeserver}/_matrix/client/v3{path}"
        async with aiohttp.request("GET", address, headers=headers) as answer:
            return await answer.json()

    async def lowers_the_bot(self, room: str, level: int, **levels: int) -> None:
        """The bot gives its own rights in a room away (before version 12), as nobody else can."""
        device = read_device(self.folder / "data" / "crypto")
        assert device is not None
        headers = {"Authorization": f"Bearer {device.access_token}"}
        content = await self.content(room, "m.room.power_levels")
        content = {**content, "users": {**content["users"], self.me: level}, **levels}
        path = f"/_matrix/client/v3/rooms/{quote(room)}/state/m.room.power_levels/"
        address = self.setup.homeserver + path
        async with aiohttp.request("PUT", address, headers=headers, json=content) as answer:
            answer.raise_for_status()

    async def rooms(self) -> set[str]:
        return set((await self.ask("/joined_rooms"))["joined_rooms"])

    async def state(self, room: str) -> dict[tuple[str, str], dict[str, Any]]:
        events = await self.ask(f"/rooms/{quote(room)}/state")
        return {(one["type"], one["state_key"]): one for one in events}

    async def content(self, room: str, kind: str, key: str = "") -> dict[str, Any]:
        event = (await self.state(room)).get((kind, key), {})
        content: dict[str, Any] = event.get("content", {})
        return content

    async def events(self, room: str) -> list[str]:
        page = await self.ask(f"/rooms/{quote(room)}/messages?dir=b&limit=1000")
        return [event["event_id"] for event in page["chunk"]]

    async def snapshot(self) -> dict[str, tuple[list[str], list[str]]]:
        """Each room with the ids of all its state and of all its events."""
        return {
            room: (
                sorted(one["event_id"] for one in (await self.state(room)).values()),
                await self.events(room),
            )
            for room in sorted(await self.rooms())
        }

    async def named(self, name: str) -> str:
        """The one room of that name."""
        found = [
            r for r in await self.rooms() if await self.content(r, "m.room.name") == {"name": name}
        ]
        assert len(found) == 1, f"{len(found)} rooms are called {name}"
        return found[0]

    async def pinned(self, room: str) -> list[str]:
        pinned: list[str] = (await self.content(room, "m.room.pinned_events")).get("pinned", [])
        return pinned


class MakePlace(Protocol):
    async def __call__(self, homeserver: Homeserver | None = None, **more: Any) -> Place: ...


@pytest.fixture
async def make_place(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[MakePlace]:
    """`place = await make_place(room_version="12")`: a community to be, its staff logged in."""
    usual = homeserver
    async with AsyncExitStack() as stack:

        async def make(homeserver: Homeserver | None = None, **more: Any) -> Place:
            server = homeserver or usual
            bot, paula, olaf = (new_account(server, who) for who in ("moothall", "paula", "olaf"))
            setup = setup_for(
                server.url,
                bot,
                paula,
                operators=[olaf.user_id],
                slug=f"p{uuid4().hex[:8]}",
                **{"limits": {"quiet_days": []}, **more},
            )
            place = Place(setup, tmp_path / f"hall-{uuid4().hex[:4]}")
            for account in (paula, olaf):
                person = await Person.log_in(
                    server.url, account, store=tmp_path / account.user_id, accept_invites=True
                )
                place.people.append(await stack.enter_async_context(person))
            return place

        yield make

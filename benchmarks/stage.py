"""What every benchmark stands on: a homeserver, a hall as a process, members with stopwatches."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from benchmarks.members import Member
from demo.hall import HallProcess, Setup
from demo.homeserver import Account, Homeserver

SLUG = "bench"
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Stage:
    """A hall with its rooms, and one member who keeps them."""

    folder: Path
    homeserver: Homeserver
    hall: HallProcess
    bot: Account
    keeper: Account

    def alias(self, slug: str) -> str:
        """The alias of a cluster's room."""
        return f"#{SLUG}-{slug}:localhost"

    def cpu_seconds(self) -> float:
        """CPU time of the hall's process so far, user and system."""
        times = psutil.Process(self.hall.pid).cpu_times()
        return times.user + times.system

    def memory(self) -> float:
        """Resident memory of the hall's process, in MB."""
        return float(psutil.Process(self.hall.pid).memory_info().rss) / MEGABYTE


def clusters(count: int, *, encrypted: bool = False) -> Sequence[Mapping[str, Any]]:
    """Rows of [[cluster]]: room1, room2, …"""
    return [
        {"slug": f"room{n}", "title": f"Room {n}", "encrypted": encrypted}
        for n in range(1, count + 1)
    ]


@asynccontextmanager
async def stage(
    folder: Path, rooms: Sequence[Mapping[str, Any]], *, cities: Sequence[Mapping[str, Any]] = ()
) -> AsyncIterator[Stage]:
    """Homeserver and hall, up and with their rooms made; gone when the block ends."""
    with Homeserver.start(folder / "homeserver") as homeserver:
        bot = homeserver.register("moothall", "secret", display_name="Moothall")
        keeper = homeserver.register("keeper", "secret", display_name="Keeper")
        setup = Setup(
            homeserver=homeserver.url,
            user=bot.user_id,
            password=bot.password,
            coordinators=[keeper.user_id],
            operators=[keeper.user_id],
            clusters=rooms,
            cities=cities,
            slug=SLUG,
            limits={"commands_a_minute": 600, "command_age": "7d", "quiet_days": []},
        )
        async with HallProcess(setup.write(folder / "hall")) as hall:
            await hall.start()
            yield Stage(folder, homeserver, hall, bot, keeper)


@asynccontextmanager
async def members(
    homeserver: Homeserver, accounts: Sequence[Account]
) -> AsyncIterator[list[Member]]:
    """Members, logged in."""
    async with AsyncExitStack() as open_members:
        yield [
            await open_members.enter_async_context(Member(homeserver.url, account))
            for account in accounts
        ]

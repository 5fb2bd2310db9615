"""A database that is away is asked again soon, however long it was away; a mistake is not."""

import asyncio
from pathlib import Path

import pytest

from bot.app import keep_going
from storage.database import Database, Work, open_database
from tests.commands.conftest import ANN
from tests.crash.fuse import T
from tests.fuzz.wire import raw_message, timeline, wired_hall


class NoServer(Database):
    """A database whose server has no socket for the first few writes after `goes`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.refuses = 0

    async def write(self, work: Work[T], *, alone: bool = False, durable: bool = True) -> T:
        if self.refuses:
            self.refuses -= 1
            raise FileNotFoundError("/run/postgresql/.s.PGSQL.5432")
        return await self._database.write(work, alone=alone, durable=durable)

    async def read(self, work: Work[T]) -> T:
        return await self._database.read(work)

    async def study(self, work: Work[T]) -> T:
        return await self._database.study(work)

    def give_way(self) -> None:
        self._database.give_way()

    async def tidy(self, *, thoroughly: bool) -> None:
        await self._database.tidy(thoroughly=thoroughly)

    async def close(self) -> None:
        await self._database.close()


async def test_what_was_heard_while_the_database_is_away_is_answered(tmp_path: Path) -> None:
    """And heard once: the same answer is written down as soon as it is back."""
    database = NoServer(await open_database(f"sqlite:///{tmp_path}/hall.db"))
    async with wired_hall(database) as wired:
        await wired.wire.heard_all()
        database.refuses = 2
        await wired.hears(timeline([raw_message("$ask", ANN, "!whoami")]))
        assert len(wired.wire.said) == 1
    await database.close()


@pytest.mark.parametrize(
    ("trouble", "at_most"),
    [(ConnectionRefusedError(), 5.0), (ValueError(), 60.0)],
    ids=["database away", "mistake"],
)
async def test_a_part_comes_back_soon_when_the_database_does(
    monkeypatch: pytest.MonkeyPatch, trouble: Exception, at_most: float
) -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    async def part() -> None:
        if len(waits) < 12:
            raise trouble

    with monkeypatch.context() as patch:
        patch.setattr(asyncio, "sleep", note)
        await keep_going("part", part)
    assert 0 < waits[0] < 1
    assert at_most * 0.6 < max(waits) <= at_most

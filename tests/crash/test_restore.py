"""A hall that is backed up amid its work, lost, and restored on another machine."""

import asyncio
import os
import random
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest

from bot.cli import Exit
from bot.config import load
from demo.homeserver import Account, Homeserver
from demo.people import Person
from demo.postgres import Postgres
from storage.records import RoomId
from tests.conftest import new_account
from tests.crash import crowd
from tests.crash.crowd import Ledger
from tests.faults import FaultProxy, sends
from tests.forked import ForkedHall, moothall
from tests.hall import CLEAR, SEALED, setup_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-7")]


def device_of(folder: Path) -> str:
    return (folder / "data" / "crypto" / "device.json").read_text()


@pytest.mark.promise(
    "A backup taken amid the work and restored elsewhere is the same hall: same device, same "
    "archive, nothing answered twice"
)
@pytest.mark.parametrize("backend", ["sqlite", "postgresql"])
async def test_a_hall_restored_elsewhere_goes_on_and_repeats_nothing(
    backend: str, homeserver: Homeserver, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    def fresh_database() -> str:
        if backend == "sqlite":
            return "sqlite:///moothall.db"
        server: Postgres = request.getfixturevalue("postgres")
        return server.create_database(f"hall_{uuid4().hex[:12]}").replace("+asyncpg", "")

    bot, paula, ben, cora, dan = (
        new_account(homeserver, name) for name in ("moothall", "paula", "ben", "cora", "dan")
    )
    slug = f"restore-{uuid4().hex[:6]}"
    old_setup = setup_for(homeserver.url, bot, paula, slug=slug, database=fresh_database())
    file, chance, ledger = tmp_path / "monday.zip", random.Random(11), Ledger()
    async with AsyncExitStack() as stack:
        old = await stack.enter_async_context(ForkedHall(old_setup.write(tmp_path / "old")))
        await old.start()

        async def comes(account: Account) -> Person:
            person = await stack.enter_async_context(
                await Person.log_in(
                    homeserver.url, account, store=tmp_path / account.user_id, accept_invites=True
                )
            )
            await person.join(f"#{slug}:localhost")
            await person.join(f"#{slug}-{CLEAR}:localhost")
            await person.enters(await person.join(f"#{slug}-{SEALED}:localhost"))
            await person.catch_up()
            return person

        judge = await comes(paula)
        space, clear, sealed = [
            await judge.join(f"#{slug}{part}:localhost") for part in ("", f"-{CLEAR}", f"-{SEALED}")
        ]
        for late in (ben, cora, dan):
            await judge.invite(space, late.user_id)
        people = [judge, await comes(ben)]
        other = people[1]
        await judge.catch_up()
        both = (clear, sealed)
        before = {one.event_id for one in judge.timeline}

        talking = [
            asyncio.create_task(talk(person, chance.random(), both, ledger)) for person in people
        ]
        await asyncio.sleep(2.0)
        async with asyncio.timeout(60):
            while len(ledger.commands) < 6:
                await asyncio.sleep(0.1)
        status, said = await moothall(old.config, "backup", str(file))
        assert status == Exit.FINE, said
        said_at_backup = len(ledger.commands)
        await asyncio.gather(*talking)
        # Who comes now uses a key of the hall's that the backup holds, too, or the one after it.
        ledger.commands[await (await comes(cora)).say(sealed, "!whoami")] = "!whoami"
        # A start shares new keys: what the backup holds of them is then of the past.
        assert await old.stop() == Exit.FINE, crowd.tail(old.log)
        await old.start()
        for room in both:
            ledger.commands[await other.say(room, "!whoami")] = "!whoami"
        assert 5 < said_at_backup < len(ledger.commands) - 5, "the backup was not amid the work"
        await all_answered(judge, bot.user_id, ledger, both)
        assert await old.stop() == Exit.FINE, crowd.tail(old.log)
        then = await remembered(old.config, both)

        proxy = await stack.enter_async_context(FaultProxy(homeserver.url, 12))
        new_setup = replace(old_setup, homeserver=proxy.url, database=fresh_database())
        new = await stack.enter_async_context(ForkedHall(new_setup.write(tmp_path / "new")))
        status, said = await moothall(new.config, "restore", str(file))
        assert status == Exit.FINE, said
        assert device_of(tmp_path / "new") == device_of(tmp_path / "old")
        await new.start()
        for room in both:
            ledger.commands[await judge.say(room, "!whoami")] = "!whoami"
        newcomer = await comes(dan)
        ledger.commands[await newcomer.say(sealed, "!whoami")] = "!whoami"
        await all_answered(judge, bot.user_id, ledger, both)
        await newcomer.catch_up()
        assert not crowd.unanswered(newcomer, bot.user_id, last_of(ledger), (sealed,))
        await asyncio.sleep(1.0)  # late and second answers would come now
        await judge.catch_up()
        assert await new.stop() == Exit.FINE, crowd.tail(new.log)

        faults = crowd.faults_heard(judge, bot.user_id, ledger, both, known=before)
        now = await remembered(new.config, both)
        faults += crowd.faults_in_archive(now.archived, ledger)
        assert not faults, "\n".join([*faults[:40], crowd.tail(new.log)])
        assert words(now) == words(then)
        assert not now.unfinished
        # Not by the homeserver's memory of a day: what was said is known from its echo.
        asked_again = [seen for seen in proxy.seen if sends(seen.method, seen.path)]
        assert len(asked_again) == 3, "\n".join(seen.path for seen in asked_again)


def last_of(ledger: Ledger) -> Ledger:
    return Ledger(commands=dict([list(ledger.commands.items())[-1]]))


def words(left: crowd.Remembered) -> list[tuple[str, str]]:
    return [(one.event_id, one.body) for one in left.archived]


async def remembered(config: Path, both: tuple[RoomId, RoomId]) -> crowd.Remembered:
    url = load(config, os.environ).database.url
    return await crowd.remembered(url, both, datetime.now(UTC))


async def talk(person: Person, seed: float, both: tuple[RoomId, RoomId], ledger: Ledger) -> None:
    chance = random.Random(seed)
    lines = crowd.script(
        chance,
        messages=40,
        commands=25,
        private=0,
        clear=both[0],
        sealed=both[1],
        in_sealed=0.4,
    )
    await crowd.speak(person, lines, ledger, seconds=8.0, chance=chance)


async def all_answered(
    judge: Person, hall: str, ledger: Ledger, both: tuple[RoomId, RoomId]
) -> None:
    """At most half a minute; what is missing then is told by the checks."""
    for _ in range(100):
        await judge.catch_up()
        if not crowd.unanswered(judge, hall, ledger, both):
            return
        await asyncio.sleep(0.3)

"""`kill -9` at random moments while people talk: a crash is a delay and nothing else."""

import asyncio
import os
import random
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import aiohttp
import pytest

from bot.config import load
from demo.homeserver import Homeserver
from demo.people import Person
from demo.postgres import Postgres
from storage.records import RoomId
from tests.conftest import new_account
from tests.crash import crowd
from tests.crash.crowd import Ledger, Voice
from tests.forked import ForkedHall
from tests.hall import CLEAR, SEALED, setup_for

SEED = 20260401
KILLS = 20
MESSAGES = 1000
COMMANDS = 200  # of which some are answered in private
PRIVATE = 16
ALARMS = 10
SECONDS = 45.0  # over which it is all said
LISTENERS = 2  # of four who talk: they hear, judge, and talk in the encrypted room, too
# Half of the commands and alarms are in the encrypted room; of the talk around them less, as
# encryption costs each speaker three requests more.
ASKED_IN_SEALED = 0.5
TALK_IN_SEALED = 0.05


async def kill_again_and_again(hall: ForkedHall, chance: random.Random) -> None:
    """A third of the kills hit the hall while it starts, the others while it works."""
    for _ in range(KILLS):
        if chance.random() < 0.3:
            await hall.start(wait=False)
            await asyncio.sleep(chance.uniform(0.1, 1.8))
        else:
            await hall.start()
            await asyncio.sleep(chance.uniform(0.0, 3.0))
        await hall.kill()


@pytest.mark.promise("A crash at any moment loses nothing and says nothing twice")
@pytest.mark.promise("Killed twenty times, it answers once in encrypted rooms, too")
@pytest.mark.slow
@pytest.mark.parametrize(
    "backend",
    [
        pytest.param("sqlite", marks=pytest.mark.xdist_group("heavy-1")),
        pytest.param("postgresql", marks=pytest.mark.xdist_group("heavy-2")),
    ],
)
async def test_twenty_kills_during_1200_lines_lose_nothing_and_double_nothing(
    backend: str, homeserver: Homeserver, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    database = "sqlite:///moothall.db"
    if backend == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        database = server.create_database(f"hall_{uuid4().hex[:12]}").replace("+asyncpg", "")
    slug = f"kill-{uuid4().hex[:6]}"
    accounts = [new_account(homeserver, name) for name in ("paula", "ben", "cora", "dan")]
    bot = new_account(homeserver, "moothall")
    setup = setup_for(
        homeserver.url,
        bot,
        accounts[0],
        database=database,
        slug=slug,
        limits={"commands_a_minute": 600, "command_age": "1d"},
    )
    config = load(path := setup.write(tmp_path), os.environ)
    chance = random.Random(SEED)
    async with AsyncExitStack() as stack:
        hall = await stack.enter_async_context(ForkedHall(path))
        # The very first start is cut short, too: rooms half made are found again.
        for delay in (1.0, 1.6, 2.2):
            await hall.start(wait=False)
            await asyncio.sleep(delay)
            await hall.kill()
        await hall.start()
        people = [
            await stack.enter_async_context(
                await Person.log_in(
                    homeserver.url,
                    account,
                    store=tmp_path / account.user_id,
                    accept_invites=True,
                )
            )
            for account in accounts[:LISTENERS]
        ]
        session = await stack.enter_async_context(aiohttp.ClientSession())
        voices = [Voice(session, homeserver.url, account) for account in accounts[LISTENERS:]]
        judge = people[0]
        await _enter(people, voices, slug)
        clear = await judge.join(f"#{slug}-{CLEAR}:localhost")
        sealed = await judge.join(f"#{slug}-{SEALED}:localhost")
        await hall.stop()
        both = (clear, sealed)
        await judge.catch_up()
        before = {one.event_id for one in judge.timeline}

        ledger = Ledger()
        now = datetime.now(UTC).replace(microsecond=0)
        moments = [
            now + timedelta(seconds=chance.randint(5, 5 + int(SECONDS))) for _ in range(ALARMS)
        ]
        await crowd.set_alarms(config.database.url, ledger, both, moments)
        lines = crowd.script(
            chance,
            messages=MESSAGES,
            commands=COMMANDS - PRIVATE,
            private=PRIVATE,
            clear=clear,
            sealed=sealed,
            in_sealed=TALK_IN_SEALED,
            asked_in_sealed=ASKED_IN_SEALED,
        )
        speakers: list[Person | Voice] = [*people, *voices]
        shares = crowd.shares(lines, len(people), len(voices), clear)
        for person in people:
            await person.rest()  # a third of the work of the homeserver is their listening
        async with asyncio.TaskGroup() as group:
            for speaker, share in zip(speakers, shares, strict=True):
                own = random.Random(chance.random())
                group.create_task(crowd.speak(speaker, share, ledger, seconds=SECONDS, chance=own))
            group.create_task(kill_again_and_again(hall, chance))
        await hall.start()
        for person in people:
            await person.wake()
        await _until_answered(judge, bot.user_id, ledger, both)
        await asyncio.sleep(0.5)
        log = hall.log
        assert await hall.stop() == 0, crowd.tail(log)
        for person in people:
            await person.catch_up()

        assert len(ledger.messages) == MESSAGES
        assert len(ledger.commands) + len(ledger.private) == COMMANDS
        asked = [one for one in judge.timeline if one.event_id in ledger.commands]
        assert sum(one.encrypted for one in asked) >= COMMANDS * 0.4, "half in the encrypted room"
        left = await crowd.remembered(config.database.url, both, datetime.now(UTC))
        faults = crowd.faults_heard(judge, bot.user_id, ledger, both, known=before)
        faults += crowd.faults_in_letters(bot.user_id, ledger, people)
        faults += crowd.faults_in_archive(left.archived, ledger)
        assert not faults, "\n".join([*faults[:40], crowd.tail(log)])
        assert not left.unfinished, crowd.tail(log)


async def _enter(people: list[Person], voices: list[Voice], slug: str) -> None:
    """The coordinator was asked in; the others join the Space, and through it the clusters."""
    judge = people[0]
    space = await judge.join(f"#{slug}:localhost")
    members: list[Person | Voice] = [*people[1:], *voices]
    for member in members:
        await judge.invite(space, member.user_id)
        await member.join(f"#{slug}:localhost")
        await member.join(f"#{slug}-{CLEAR}:localhost")
    await judge.join(f"#{slug}-{CLEAR}:localhost")
    for person in people:
        await person.join(f"#{slug}-{SEALED}:localhost")
    for person in people:
        await person.catch_up()


async def _until_answered(
    judge: Person, hall: str, ledger: Ledger, rooms: tuple[RoomId, RoomId]
) -> None:
    """At most a minute; what is missing then is told by the checks."""
    for _ in range(120):
        await judge.catch_up()
        if not crowd.unanswered(judge, hall, ledger, rooms):
            return
        await asyncio.sleep(0.5)

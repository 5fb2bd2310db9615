"""The hall was away while people talked: afterwards its archive is as if it had been there."""

import asyncio
import random
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from bot.clock import ShiftedClock
from bot.config import load
from demo.hall import Setup
from demo.homeserver import Account, Homeserver
from demo.people import Person
from demo.timeline import Heard
from storage import gaps, meta, rooms
from storage.database import open_database
from storage.records import ArchivedMessage, EventId, RoomId
from tests.conftest import new_account
from tests.hall import CLEAR, SEALED, RunningHall, running_hall, setup_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-7")]

IN_CLEAR, IN_SEALED = 380, 120  # messages in the gap; sync shows a hundred of a room
WORDS = ("tea", "kettle", "mentor", "bicycle", "library", "form", "evening", "harbour")


@dataclass
class Stage:
    """A community whose hall can go and come back."""

    setup: Setup
    folder: Path
    bot: Account
    people: list[Person]
    clock: ShiftedClock
    rooms: dict[str, RoomId] = field(default_factory=dict)

    @asynccontextmanager
    async def hall(self) -> AsyncIterator[RunningHall]:
        """The hall, for as long as the block lasts."""
        async with running_hall(self.setup, self.folder, clock=self.clock) as hall:
            self.rooms = hall.rooms
            yield hall

    async def change(self, work: Any) -> None:
        """Do something to the database while the hall is away."""
        database = await open_database(load(self.setup.write(self.folder), {}).database.url)
        try:
            await database.write(work)
        finally:
            await database.close()

    async def said_by_hall(self, room: RoomId, known: set[EventId]) -> list[Heard]:
        """What the judge has heard of the hall in a room, since then and by now."""
        judge = self.people[0]
        await judge.catch_up()
        return judge.timeline.find(
            lambda one: (
                one.sender == self.bot.user_id
                and one.room_id == room
                and one.type == "m.room.message"
                and one.event_id not in known
            )
        )

    async def known(self) -> set[EventId]:
        await self.people[0].catch_up()
        return {one.event_id for one in self.people[0].timeline}


@asynccontextmanager
async def set_up(
    homeserver: Homeserver, folder: Path, *, command_age: str = "1d"
) -> AsyncIterator[Stage]:
    bot, paula, ben = (new_account(homeserver, name) for name in ("moothall", "paula", "ben"))
    setup = setup_for(
        homeserver.url,
        bot,
        paula,
        slug=f"away-{uuid4().hex[:6]}",
        limits={"commands_a_minute": 600, "command_age": command_age},
    )
    async with AsyncExitStack() as stack:
        people = [
            await stack.enter_async_context(
                await Person.log_in(
                    homeserver.url, account, store=folder / account.user_id, accept_invites=True
                )
            )
            for account in (paula, ben)
        ]
        stage = Stage(setup, folder / "hall", bot, people, ShiftedClock())
        async with stage.hall() as hall:
            space = await people[0].join(f"#{setup.slug}:localhost")
            await people[0].invite(space, ben.user_id)
            await people[1].enters(space)
            for person in people:
                await hall.enters(person, CLEAR, SEALED)
            for room in (CLEAR, SEALED):
                # Now everybody has everybody's keys, and the hall has seen them come.
                said = await people[1].say(hall.rooms[room], "!whoami")
                await people[1].hears(thread=said)
        yield stage


async def chatter(stage: Stage, *, seed: int, clear: int, sealed: int) -> None:
    """Messages in two rooms, with threads, replies, reactions, edits and redactions among them."""
    chance = random.Random(seed)
    lock = asyncio.Lock()

    async def talk(person: Person, room: RoomId, count: int) -> None:
        said: list[EventId] = []
        roots: list[EventId] = []  # a thread begins at a message that has no relation itself
        for number in range(count):
            words = f"{chance.choice(WORDS)} {chance.choice(WORDS)} {number}"
            match chance.random() if said else 1.0:
                case dice if dice < 0.1:
                    said.append(await person.say(room, words, thread=chance.choice(roots)))
                case dice if dice < 0.15:
                    said.append(await person.say(room, words, reply_to=chance.choice(said)))
                case _:
                    roots.append(await person.say(room, words))
                    said.append(roots[-1])
            match chance.random():
                case dice if dice < 0.06:
                    await person.edit(room, chance.choice(said), f"{words}, corrected")
                case dice if dice < 0.10:
                    await person.redact(room, chance.choice(said))
                case dice if dice < 0.16:
                    async with lock:
                        emoji = chance.choice("👍🎉☕") + str(number)
                    await person.react(room, chance.choice(said), emoji)

    async with asyncio.TaskGroup() as group:
        for person in stage.people:
            share = len(stage.people)
            group.create_task(talk(person, stage.rooms[CLEAR], clear // share))
            group.create_task(talk(person, stage.rooms[SEALED], sealed // share))


def as_shown(stage: Stage, archived: list[ArchivedMessage]) -> list[Any]:
    """What readers see of people's words; what was taken back shows nothing."""
    people = {person.user_id for person in stage.people}
    return [
        (
            one.event_id,
            one.sender,
            one.at,
            one.body,
            one.thread_root,
            one.edited,
            dict(one.reactions),
        )
        for one in archived
        if not one.redacted and one.sender in people
    ]


def as_heard(stage: Stage, room: RoomId) -> dict[EventId, tuple[str, bool]]:
    """The same, of the judge's timeline: words, and whether they were edited."""
    judge, people = stage.people[0], {person.user_id for person in stage.people}
    shown: dict[EventId, tuple[str, bool]] = {}
    for one in judge.timeline:
        spoken = one.room_id == room and one.type == "m.room.message" and one.replaces is None
        if not spoken or one.sender not in people or one.body.startswith("!"):
            continue
        words = judge.shown(one.event_id)
        if words is not None:
            shown[one.event_id] = (words, bool(judge.edits_of(one.event_id)))
    return shown


async def until_filled(hall: RunningHall, *, timeout: float = 40.0) -> None:
    """Wait until no hole is open in any room."""
    async with asyncio.timeout(timeout):
        while (await hall.hall.database.read(gaps.counts))["gaps open"]:
            await asyncio.sleep(0.05)


@pytest.mark.promise("What was said while the hall was away is archived as if it had been there")
async def test_five_hundred_missed_messages_are_archived_as_by_a_twin_that_was_there(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """The twin is another hall, of the same rooms, that never left."""
    async with set_up(homeserver, tmp_path) as stage, AsyncExitStack() as stack:
        twin = await stack.enter_async_context(twin_of(stage, homeserver, tmp_path / "twin"))
        for room in (CLEAR, SEALED):
            await stage.people[0].say(stage.rooms[room], "Hello, both of you")
            await twin.settled(stage.rooms[room], 1)
        async with stage.hall():
            pass  # it hears the hello, and goes again
        await chatter(stage, seed=1, clear=IN_CLEAR, sealed=IN_SEALED)
        for person in stage.people:
            await person.catch_up()
        async with stage.hall() as hall:
            await until_filled(hall)
            for slug in (CLEAR, SEALED):
                room = stage.rooms[slug]
                heard = as_heard(stage, room)
                mine = as_shown(stage, await hall.archived(room))
                theirs = as_shown(stage, await twin.archived(room))
                assert len(mine) > 100
                assert mine == theirs
                assert {one[0]: (one[3], one[5]) for one in mine} == heard
                assert any(one[4] for one in mine), "threads"
                assert any(one[6] for one in mine), "reactions"


@asynccontextmanager
async def twin_of(stage: Stage, homeserver: Homeserver, folder: Path) -> AsyncIterator[RunningHall]:
    """A second bot that adopts the same rooms, and archives them from now on."""
    paula = stage.people[0]
    bot = new_account(homeserver, "twin")
    for slug in (CLEAR, SEALED):
        await paula.invite(stage.rooms[slug], bot.user_id)
    clusters = [
        {**cluster, "room": f"#{stage.setup.slug}-{cluster['slug']}:localhost"}
        for cluster in stage.setup.clusters
    ]
    setup = setup_for(
        homeserver.url,
        bot,
        Account(paula.user_id, "", "", ""),
        slug=f"twin-{uuid4().hex[:6]}",
        clusters=clusters,
    )
    async with running_hall(setup, folder) as twin:
        for slug in (CLEAR, SEALED):
            await paula.hears(
                lambda one: one.content.get("membership") == "join",
                room=stage.rooms[slug],
                sender=bot.user_id,
                type="m.room.member",
                timeout=20,
            )
        long_ago = datetime(2020, 1, 1, tzinfo=UTC)

        def switch_on(connection: Any) -> None:
            for room in stage.rooms.values():
                rooms.change(connection, room, archive_on=True, archive_since=long_ago)

        await twin.hall.database.write(switch_on)
        yield twin


# ── commands that came meanwhile ──────────────────────────────────────────────────────────────


@pytest.mark.promise("Commands that came too late are not carried out, and one line a room says so")
async def test_old_commands_are_not_carried_out_and_one_line_a_room_says_so(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    async with set_up(homeserver, tmp_path, command_age="1h") as stage:
        ben = stage.people[1]
        await chatter(stage, seed=2, clear=20, sealed=8)
        old: dict[str, list[EventId]] = {CLEAR: [], SEALED: []}
        for slug, number in ((CLEAR, 110), (SEALED, 4)):
            # In the clear room more of them than a sync answer shows.
            old[slug] = [await ben.say(stage.rooms[slug], "!whoami") for _ in range(number)]
        known = await stage.known()
        # Two hours pass; then a few more commands are said, and the hall comes back at last.
        stage.clock.shift += timedelta(hours=2)
        async with stage.hall() as hall:
            await until_filled(hall)
            for slug in old:
                await _lines(stage, stage.rooms[slug], known, 1)
            fresh = await ben.say(stage.rooms[CLEAR], "!help")  # is old by the hall's clock, too
            for slug, number in ((CLEAR, 110), (SEALED, 4)):
                said = await _lines(stage, stage.rooms[slug], known, 1)
                assert f"did not carry out {number} commands" in said[0].body
                assert said[0].thread_root is None
            # That one is told of on its own.
            said = await _lines(stage, stage.rooms[CLEAR], known, 2)
            assert "1 command" in said[1].body
            assert fresh
        async with stage.hall():
            await asyncio.sleep(1.0)  # nobody is told again
        for slug, lines in ((CLEAR, 2), (SEALED, 1)):
            assert len(await stage.said_by_hall(stage.rooms[slug], known)) == lines


async def _lines(stage: Stage, room: RoomId, known: set[EventId], count: int) -> list[Heard]:
    async with asyncio.timeout(20):
        while len(said := await stage.said_by_hall(room, known)) < count:
            await asyncio.sleep(0.1)
    return said


async def test_young_commands_of_a_gap_are_answered_in_the_order_they_were_said(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    """The newest come with sync at once, the older ones from history: they are answered first."""
    async with set_up(homeserver, tmp_path) as stage:
        ben = stage.people[1]
        asked: list[EventId] = []
        room = stage.rooms[CLEAR]
        for number in range(150):
            if number % 15 == 0:
                asked.append(await ben.say(room, "!whoami"))
            else:
                await ben.say(room, f"tea {number}")
        known = await stage.known()
        async with stage.hall():
            asked.append(await ben.say(room, "!whoami"))
            said = await _lines(stage, room, known, len(asked))
        assert [one.thread_root for one in said] == asked


# ── without a position ────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("position", [None, "s1_2_3_nonsense"], ids=["lost", "invalid"])
async def test_a_hall_without_its_position_reads_history_back_to_its_archive(
    homeserver: Homeserver, tmp_path: Path, position: str | None
) -> None:
    async with set_up(homeserver, tmp_path) as stage:
        before = await stage.people[0].say(stage.rooms[CLEAR], "Said while it was there")
        async with stage.hall() as hall:
            await hall.settled(stage.rooms[CLEAR], 1)
        await chatter(stage, seed=3, clear=160, sealed=20)
        asked = await stage.people[1].say(stage.rooms[CLEAR], "!whoami")
        known = await stage.known()

        def lose(connection: Any) -> None:
            if position is None:
                connection.execute(
                    text("DELETE FROM meta WHERE key = :key"), {"key": meta.SYNC_POSITION}
                )
            else:
                meta.put(connection, meta.SYNC_POSITION, position)

        await stage.change(lose)
        async with stage.hall() as hall:
            await until_filled(hall)
            said = await _lines(stage, stage.rooms[CLEAR], known, 1)
            assert [one.thread_root for one in said] == [asked]
            for slug in (CLEAR, SEALED):
                room = stage.rooms[slug]
                mine = {
                    one.event_id: (one.body, one.edited)
                    for one in await hall.archived(room)
                    if not one.redacted
                }
                assert mine == as_heard(stage, room)
            assert before in {one.event_id for one in await hall.archived(stage.rooms[CLEAR])}

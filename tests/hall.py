"""A hall in the test's own process, with people to talk to it as people do."""

import asyncio
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.app import open_hall, run_hall
from bot.clock import ShiftedClock
from bot.config import load
from bot.hall import Hall
from demo.hall import Setup
from demo.homeserver import Account
from demo.people import Person
from demo.timeline import Heard
from storage import archive, rooms
from storage.records import ArchivedMessage, RoomId

CLEAR, SEALED = "welcoming", "language"  # slugs of the usual two clusters
CLUSTERS: Sequence[Mapping[str, Any]] = (
    {"slug": CLEAR, "title": "Welcoming culture", "topic": "How newcomers are met"},
    {"slug": SEALED, "title": "Learning the language", "topic": "Words", "encrypted": True},
)
CITIES: Sequence[Mapping[str, Any]] = (
    {
        "name": "Havnvoll",
        "country": "NO",
        "time_zone": "Europe/Oslo",
        "languages": ["no"],
        "cluster": CLEAR,
    },
    {
        "name": "Lipohrad",
        "country": "CZ",
        "time_zone": "Europe/Prague",
        "languages": ["cs"],
        "cluster": SEALED,
    },
)


@dataclass
class RunningHall:
    """The hall while it runs, and its rooms."""

    hall: Hall
    setup: Setup
    clock: ShiftedClock
    folder: Path
    rooms: dict[str, RoomId] = field(default_factory=dict)  # by cluster slug, or by kind
    staff: dict[str, Account] = field(default_factory=dict)  # who is in every room, by name

    @property
    def me(self) -> str:
        """The bot's user id."""
        return self.hall.me

    async def asks(
        self,
        person: Person,
        room: str,
        text: str,
        *,
        thread: str | None = None,
        timeout: float = 20.0,
    ) -> Heard:
        """Say something to the hall and wait for its answer to that."""
        said = await person.say(room, text, thread=thread)
        return await self.answer_to(person, room, said, timeout=timeout)

    async def answer_to(
        self, person: Person, room: str, said: str, *, timeout: float = 20.0
    ) -> Heard:
        """Wait for what the hall says in answer to a message."""
        return await person.hears(
            lambda heard: answers(heard) == said, room=room, sender=self.me, timeout=timeout
        )

    async def keeps_quiet(self, person: Person, room: str) -> None:
        """Check that the hall has left unanswered whatever was said here and not yet heard."""
        said = await person.say(room, "!whoami")
        next_words = await person.hears(room=room, sender=self.me, edits=True, timeout=20.0)
        assert answers(next_words) == said, f"it was to be quiet, and said {next_words.body!r}"

    async def chats_with(self, person: Person, *, encrypted: bool = False) -> RoomId:
        """A direct chat that the person begins; the hall has come when this returns."""
        room_id = await person.create_direct(self.me, encrypted=encrypted)
        await self.comes_into(person, room_id)
        return room_id

    async def comes_into(self, person: Person, room_id: str) -> None:
        """Wait until the hall has followed an invitation."""
        await person.hears(
            lambda heard: heard.content.get("membership") == "join",
            room=room_id,
            sender=self.me,
            type="m.room.member",
        )
        await person.catch_up()  # only now does this client encrypt for it

    async def enters(self, person: Person, *slugs: str) -> None:
        """Let a member of the Space join cluster rooms, and skip what was said there before."""
        for slug in slugs or tuple(self.rooms):
            await person.join(self.rooms[slug])
            await person.enters(self.rooms[slug])
        await person.catch_up()
        for slug in slugs or tuple(self.rooms):
            person.forget(room=self.rooms[slug])

    async def archived(self, room_id: str) -> list[ArchivedMessage]:
        """What the archive holds of a room."""

        def read(connection: Any) -> list[ArchivedMessage]:
            room = rooms.get(connection, RoomId(room_id))
            return [] if room is None else archive.everything(connection, room.id)

        return await self.hall.database.read(read)

    async def settled(self, room_id: str, messages: int, *, timeout: float = 20.0) -> None:
        """Wait until the archive holds that many messages of a room."""
        async with asyncio.timeout(timeout):
            while len(await self.archived(room_id)) < messages:
                await asyncio.sleep(0.05)


def answers(heard: Heard) -> str | None:
    """The message that another one answers, in a thread or not."""
    relation = heard.content.get("m.relates_to")
    answered = relation.get("m.in_reply_to") if isinstance(relation, dict) else None
    return answered.get("event_id") if isinstance(answered, dict) else None


@asynccontextmanager
async def running_hall(
    setup: Setup, folder: Path, *, clock: ShiftedClock | None = None
) -> AsyncIterator[RunningHall]:
    """Run a hall in this process until the block ends; its rooms stand when it begins."""
    config = load(setup.write(folder), os.environ)
    own_clock = clock or ShiftedClock()
    async with open_hall(config, own_clock) as hall:
        stop = asyncio.Event()
        running = asyncio.create_task(run_hall(hall, stop))
        try:
            ready = asyncio.create_task(hall.ready.wait())
            await asyncio.wait({ready, running}, return_when=asyncio.FIRST_COMPLETED, timeout=60)
            if running.done():
                ready.cancel()
                await running
            assert ready.done(), "the hall's rooms do not stand after a minute"
            known = await hall.database.read(rooms.find)
            yield RunningHall(
                hall,
                setup,
                own_clock,
                folder,
                {
                    room.cluster or room.kind.value: room.room_id
                    for room in known
                    if room.successor is None and room.joined
                },
            )
        finally:
            stop.set()
            await running


# A description of each command in each room is most of the work of making rooms and joining them;
# where a test looks at descriptions, it asks for them.
COMMUNITY: Mapping[str, Any] = {"welcome": ["localhost"], "describe_commands": False}


def setup_for(
    homeserver: str,
    bot: Account,
    coordinator: Account,
    *,
    database: str = "sqlite:///moothall.db",
    slug: str,
    **more: Any,
) -> Setup:
    """The usual small community: a clear and an encrypted cluster, one coordinator."""
    return Setup(
        **{
            "homeserver": homeserver,
            "user": bot.user_id,
            "password": bot.password,
            "coordinators": [coordinator.user_id],
            "operators": [coordinator.user_id],
            "clusters": CLUSTERS,
            "cities": CITIES,
            "database": database,
            "slug": slug,
            "limits": {"commands_a_minute": 600},
            **more,
            "community": {**COMMUNITY, **more.get("community", {})},
        }
    )

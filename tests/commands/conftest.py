"""A hall without a network: a real database, real handlers, and people who say things."""

import itertools
import shutil
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar, cast

import pytest
from sqlalchemy import Connection

from bot.hall import Hall as RealHall
from bot.upkeep import Upkeep
from commands.context import Context, Settings
from commands.events import Edited, Event, Redacted, Said
from commands.posts import Post, Say, Tell
from commands.reply import CodeBlock, Items, Part, Reply
from commands.routing import respond
from storage import folding, people, rooms, search
from storage.database import Database, open_database
from storage.facts import read_fact
from storage.records import (
    ArchiveRules,
    City,
    Cluster,
    Community,
    EventId,
    Limits,
    Role,
    RoomEvent,
    RoomId,
    RoomKind,
    UserId,
)
from storage.tables.base import metadata
from storage.types import milliseconds

T = TypeVar("T")

ME = UserId("@moothall:hs")
ANN = UserId("@ann:hs")  # city lead of Havnvoll
BEN = UserId("@ben:hs")  # nobody in particular
CORA = UserId("@cora:hs")  # coordinates housing
PAULA = UserId("@paula:hs")  # coordinates the project
OTTO = UserId("@otto:hs")  # operator
HOUSING = RoomId("!housing:hs")
WELCOME = RoomId("!welcome:hs")
DESK = RoomId("!coordinators:hs")

COMMUNITY = Community(
    name="Arrival Cities",
    slug="arrival",
    time_zone="Europe/Brussels",
    language="en",
    coordinators=(PAULA,),
    operators=(OTTO,),
    clusters=(
        Cluster("housing", "Housing first", "A roof before a form", coordinators=(CORA,)),
        Cluster("welcome", "Welcoming culture", "The first week in town"),
    ),
    cities=(
        City("havnvoll", "Havnvoll", "NO", "Europe/Oslo", ("no",), "housing"),
        City("sao-bento", "São Bento", "PT", "Europe/Lisbon", ("pt",), "housing"),
        City("lipohrad", "Lipohrad", "CZ", "Europe/Prague", ("cs", "en"), "welcome"),
    ),
    welcome=("friendly.example", "@guest:elsewhere"),
)


def plain(reply: Reply) -> str:
    """A reply as one reads it: a line a paragraph or item."""
    return "\n".join(line for block in reply.blocks for line in _lines(block))


def _lines(block: Any) -> list[str]:
    match block:
        case CodeBlock(text):
            return [text]
        case Items(lines):
            return ["- " + "\n  ".join(_line(line) for line in item) for item in lines]
        case _:
            return [_line(block.parts)]


def _line(parts: Sequence[Part]) -> str:
    return "".join(getattr(part, "text", "") or getattr(part, "name", "") for part in parts)


def heard(posts: Sequence[Post]) -> str:
    """What people read of posts."""
    return "\n".join(plain(post.reply) for post in posts if isinstance(post, Say | Tell))


@dataclass
class Hall:
    """Talk to it: `await hall.says(ANN, "!help")` gives the posts."""

    database: Database
    now: datetime = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
    settings: Settings = field(
        default_factory=lambda: Settings(
            COMMUNITY, Limits(), ArchiveRules("City of Havnvoll", "privacy@havnvoll.example")
        )
    )
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def next_event(self) -> EventId:
        return EventId(f"$e{next(self.numbers)}")

    async def responds(self, event: Event, cause: str = "$cause") -> Sequence[Post]:
        return await self.database.write(
            lambda c: respond(event, Context(c, self.now, ME, self.settings, cause))
        )

    def said(self, who: UserId, body: str, room: RoomId = HOUSING, **more: Any) -> Said:
        event_id = more.pop("event_id", None) or self.next_event()
        return Said(event_id, room, who, self.now, body, **more)

    async def says(
        self, who: UserId, body: str, room: RoomId = HOUSING, **more: Any
    ) -> Sequence[Post]:
        return await self.responds(self.said(who, body, room, **more))

    async def hears(self, who: UserId, body: str, room: RoomId = HOUSING, **more: Any) -> str:
        return heard(await self.says(who, body, room, **more))

    async def edits(self, original: Said, body: str) -> Sequence[Post]:
        now = replace(original, body=body)
        return await self.responds(Edited(self.next_event(), original.event_id, now))

    async def redacts(self, who: UserId, target: EventId, room: RoomId = HOUSING) -> Sequence[Post]:
        return await self.responds(Redacted(self.next_event(), room, who, self.now, target))

    async def do(self, work: Callable[[Connection], T]) -> T:
        """Look at, or change, what is stored."""
        return await self.database.write(work)

    async def keeps_archive(self, room: RoomId = HOUSING, visibility: str = "shared") -> None:
        """The archive of a room is on, and its history visibility is known."""

        def work(connection: Connection) -> None:
            rooms.change(connection, room, archive_on=True, archive_since=self.now)
            known = rooms.get(connection, room)
            assert known is not None
            rooms.record_visibility(connection, known.id, EventId(f"$v{room}"), 1, visibility)

        await self.database.write(work)

    async def opens_history(self, room: RoomId, visibility: str) -> None:
        """The history visibility of a room changes now."""

        def work(connection: Connection) -> None:
            number = rooms.know(connection, room).id
            moment = milliseconds(self.now)
            rooms.record_visibility(connection, number, self.next_event(), moment, visibility)

        await self.database.write(work)

    async def talks(
        self,
        who: UserId,
        body: str,
        room: RoomId = HOUSING,
        *,
        thread: EventId | None = None,
        reactions: Sequence[UserId] = (),
    ) -> EventId:
        """Somebody says something that goes into the archive, a minute after what came before."""
        self.later(timedelta(minutes=1))
        relation = None if thread is None else {"rel_type": "m.thread", "event_id": thread}
        said = self._event(who, room, "m.room.message", {"msgtype": "m.text", "body": body})
        events = [replace(said, relates_to=relation)]
        events += [self._reaction(fan, said.event_id, room) for fan in reactions]
        await self.archives(events)
        return said.event_id

    async def likes(self, who: UserId, target: EventId, room: RoomId = HOUSING) -> None:
        """Somebody reacts to a message with a thumb."""
        await self.archives([self._reaction(who, target, room)])

    def _reaction(self, who: UserId, target: EventId, room: RoomId) -> RoomEvent:
        hand = {"rel_type": "m.annotation", "event_id": target, "key": "👍"}
        reaction = self._event(who, room, "m.reaction", {"m.relates_to": hand})
        return replace(reaction, relates_to=hand)

    def _event(self, who: UserId, room: RoomId, type_: str, content: dict[str, Any]) -> RoomEvent:
        return RoomEvent(self.next_event(), room, type_, who, milliseconds(self.now), content)

    async def archives(self, events: Sequence[RoomEvent]) -> None:
        now = milliseconds(self.now)
        facts = [read_fact(event, "en") for event in events]
        await self.database.write(lambda c: folding.record(c, facts, now, "en"))

    async def takes_back(self, who: UserId, target: EventId, room: RoomId = HOUSING) -> None:
        """Somebody deletes a message; the archive hears of it."""
        redaction = self._event(who, room, "m.room.redaction", {"redacts": target})
        await self.archives([replace(redaction, redacts=target)])

    async def puts_right(
        self, who: UserId, target: EventId, body: str, room: RoomId = HOUSING
    ) -> EventId:
        """Somebody edits a message, a minute later; the archive hears of it."""
        self.later(timedelta(minutes=1))
        told = {"msgtype": "m.text", "body": body}
        content = {**told, "body": f"* {body}", "m.new_content": told}
        edit = self._event(who, room, "m.room.message", content)
        await self.archives(
            [replace(edit, relates_to={"rel_type": "m.replace", "event_id": target})]
        )
        return edit.event_id

    async def moves(self, who: UserId, room: RoomId, membership: str) -> None:
        """Somebody joins, leaves, …, now."""

        def work(connection: Connection) -> None:
            known = rooms.know(connection, room)
            number = people.know(connection, who).id
            change = rooms.MembershipChange(
                self.next_event(), known.id, number, milliseconds(self.now), membership
            )
            rooms.record_memberships(connection, [change], current=True)

        await self.database.write(work)

    def later(self, length: timedelta) -> None:
        self.now += length

    async def expires(self) -> None:
        """What is too old goes, as it does by and by in a running hall."""
        clock = SimpleNamespace(now=lambda: self.now)
        fake = SimpleNamespace(database=self.database, settings=self.settings, clock=clock)
        await Upkeep(cast(RealHall, fake)).expire()


def direct(who: UserId) -> RoomId:
    """The direct chat with somebody."""
    return RoomId(f"!direct-{who[1:4]}:hs")


def furnish(connection: Connection) -> None:
    """The rooms of the community and its people in them."""
    metadata.create_all(connection)
    search.create(connection)
    everybody = (ANN, BEN, CORA, PAULA, OTTO)
    names = {
        ME: "Moothall",
        ANN: "Ann Berg",
        BEN: "Ben",
        CORA: "Cora",
        PAULA: "Paula",
        OTTO: "Otto",
    }
    for user_id, name in names.items():
        people.know(connection, user_id)
        people.change(connection, user_id, display_name=name)
    people.change(connection, ANN, city="havnvoll")
    people.set_roles(connection, ANN, {Role.CITY_LEAD})
    join(connection, HOUSING, RoomKind.CLUSTER, (ANN, BEN, CORA, PAULA, OTTO, ME), "housing")
    join(connection, WELCOME, RoomKind.CLUSTER, (BEN, PAULA, ME), "welcome")
    join(connection, DESK, RoomKind.COORDINATORS, (CORA, PAULA, OTTO, ME))
    for who in everybody:
        join(connection, direct(who), RoomKind.DIRECT, (who, ME))
        rooms.change(connection, direct(who), direct_with=who)


def join(
    connection: Connection,
    room_id: RoomId,
    kind: RoomKind,
    who: Sequence[UserId],
    cluster: str | None = None,
) -> None:
    """A room with people in it."""
    room = rooms.know(connection, room_id, kind)
    rooms.change(connection, room_id, cluster=cluster, name=(cluster or kind.value).title())
    numbers = people.numbers(connection, who)
    rooms.record_memberships(
        connection,
        [
            rooms.MembershipChange(EventId(f"$join-{room_id}-{w}"), room.id, numbers[w], 1, "join")
            for w in who
        ],
        current=True,
    )


@pytest.fixture(scope="session")
async def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The database of a hall in which nothing has happened yet, to be copied."""
    path = tmp_path_factory.mktemp("furnished") / "hall.db"
    database = await open_database(f"sqlite:///{path}")
    await database.write(furnish)
    await database.close()
    return path


@pytest.fixture
async def hall(furnished: Path, tmp_path: Path) -> AsyncIterator[Hall]:
    shutil.copy(furnished, tmp_path)
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    yield Hall(database)
    await database.close()


@dataclass(frozen=True)
class Furnished:
    """One database for many tests, each of which finds it as it was furnished.

    An engine learns its statements once; a new one for each test would learn them each time.
    """

    database: Database
    rows: dict[str, list[dict[str, Any]]]

    async def again(self) -> Database:
        def renew(connection: Connection) -> None:
            search.clear(connection)
            for table in metadata.sorted_tables:
                connection.execute(table.delete())
                if self.rows[table.name]:
                    connection.execute(table.insert(), self.rows[table.name])

        await self.database.write(renew, alone=True)
        return self.database


@pytest.fixture(scope="session")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Furnished]:
    """Everybody is in their rooms; `await house.again()` before each test."""
    path = tmp_path_factory.mktemp("furnished") / "hall.db"
    database = await open_database(f"sqlite:///{path}")
    await database.write(furnish)

    def read(connection: Connection) -> dict[str, list[dict[str, Any]]]:
        return {
            table.name: [dict(row._mapping) for row in connection.execute(table.select())]
            for table in metadata.sorted_tables
        }

    yield Furnished(database, await database.read(read))
    await database.close()

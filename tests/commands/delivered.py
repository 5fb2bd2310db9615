"""A hall whose posts stand in their rooms at once, and whose alarms ring when time passes."""

import uuid
from base64 import b64decode
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, cast

from sqlalchemy import Connection, select

from bot.entries import revive
from bot.hall import Bells
from bot.hall import Hall as RealHall
from bot.matrix import polls
from bot.posting import queue_posts
from commands.context import Context
from commands.events import Event, PollAnswered, PollEnded, Reacted
from commands.posts import Post
from commands.routing import respond
from storage import inbox, outbox, timers
from storage.database import Database
from storage.inbox import Entry
from storage.outbox import Action
from storage.records import EventId, RoomId, UserId
from storage.tables.spine import outbox as outbox_table
from tests.commands.conftest import HOUSING, ME, Hall


@dataclass
class Stood:
    """A post of ours as it stands in a room."""

    key: str
    lane: str
    action: Action
    content: dict[str, Any]
    type: str
    event_id: EventId
    changes: str | None = None

    @property
    def body(self) -> str:
        return str(self.content.get("body", ""))


@dataclass
class FakeHall:
    """What queueing posts needs of a hall."""

    settings: Any
    id: uuid.UUID = field(default_factory=lambda: uuid.UUID(int=7))
    bells: Bells = field(default_factory=Bells)
    me: UserId = ME


@dataclass
class Delivered(Hall):
    """The hall of the tests, with an outbox that is delivered and alarms that ring."""

    stood: list[Stood] = field(default_factory=list)
    ends_come_back: bool = True

    async def responds(self, event: Event, cause: str = "") -> Sequence[Post]:
        cause = cause or str(getattr(event, "event_id", "") or getattr(event, "key", "$cause"))
        fake = cast(RealHall, FakeHall(self.settings))

        def work(connection: Connection) -> tuple[Sequence[Post], list[Stood]]:
            posts = respond(event, Context(connection, self.now, ME, self.settings, cause))
            queue_posts(connection, fake, posts, cause, self.now)
            return posts, self._deliver(connection)

        posts, new = await self.database.write(work)
        self.stood += new
        for one in new:
            if one.type == polls.END and self.ends_come_back:
                await self.ends(one)
        return posts

    def _deliver(self, connection: Connection) -> list[Stood]:
        rows = connection.execute(
            select(outbox_table)
            .where(outbox_table.c.settled_at.is_(None))
            .order_by(outbox_table.c.id)
        ).all()
        new = []
        for row in rows:
            event_id = EventId(f"$out-{row.id}")
            content = dict(row.content or {})
            new.append(
                Stood(
                    row.key, row.lane, Action(row.action), content, row.type, event_id, row.changes
                )
            )
            outbox.settle(connection, row.id, self.now, event_id=event_id)
        return new

    async def ends(self, end: Stood, who: UserId = ME) -> None:
        """The end of a poll comes back from the homeserver, with its moment."""
        poll = self.post(end.changes or "").event_id
        event = PollEnded(end.event_id, RoomId(end.lane), who, self.now, poll)
        await self.responds(event)

    def post(self, key: str) -> Stood:
        """The post of a key, as it was said first."""
        return next(one for one in self.stood if one.key == key)

    def standing(self) -> list[Stood]:
        """What stands in rooms and chats: each message and each edit that was not taken back."""
        gone = {one.changes for one in self.stood if one.action is Action.REDACTION}
        return [one for one in self.stood if one.content and one.key not in gone]

    def readable(self) -> str:
        """All that can still be read somewhere, in edit histories and in files, too."""
        told = [repr(one.content) for one in self.standing()]
        data = [one.content.get("org.moothall.data") for one in self.standing()]
        return "\n".join([*told, *(b64decode(one).decode() for one in data if one)])

    def latest(self, key: str) -> str:
        """What a post says now, edits and all."""
        said = [
            one
            for one in self.stood
            if one.key == key or (one.changes == key and one.action is Action.EDIT)
        ]
        return said[-1].body

    def bodies(self, lane: str) -> list[str]:
        """What was said in a room or direct chat, edits left out."""
        return [
            one.body
            for one in self.stood
            if one.lane == lane and one.action in (Action.MESSAGE, Action.FILE)
        ]

    async def taps(self, who: UserId, post: str, emoji: str, room: RoomId = HOUSING) -> EventId:
        event_id = self.next_event()
        target = self.post(post).event_id
        await self.responds(Reacted(event_id, room, who, self.now, target, emoji))
        return event_id

    async def answers(
        self,
        who: UserId,
        post: str,
        choice: int | None,
        room: RoomId = HOUSING,
        *,
        at: datetime | None = None,
    ) -> EventId:
        """A vote in a client's poll: by the place of the answer, None takes it back."""
        event_id = self.next_event()
        poll = self.post(post)
        offered = poll.content[polls.START]["answers"]
        ids = () if choice is None else (offered[choice]["id"],)
        await self.responds(PollAnswered(event_id, room, who, at or self.now, poll.event_id, ids))
        return event_id

    async def passes(self, until: datetime) -> None:
        """Time goes on; alarms ring at their moments, one after another."""
        while True:
            due = await self.do(timers.next_due)
            if due is None or due > until:
                break
            self.now = max(self.now, due)
            await self.rings()
        self.now = until

    async def rings(self) -> None:
        """All alarms that are due go off."""

        await self._deal_with(lambda c: timers.ring(c, self.now))

    async def deals_with(self, lane: str) -> None:
        """What intake has handed on of a room is answered."""
        await self._deal_with(lambda _: [lane])

    async def _deal_with(self, lanes: Callable[[Connection], Iterable[str]]) -> None:
        def work(connection: Connection) -> list[Entry]:
            found = []
            for lane in lanes(connection):
                while (turn := inbox.turn(connection, lane)) is not None:
                    found.append(turn.entry)
                    inbox.mark_handled(connection, turn.entry.id, self.now)
            return found

        for entry in await self.do(work):
            event = revive(entry, ME)
            assert event is not None
            await self.responds(event, entry.key)


def moment(text: str) -> datetime:
    """An instant in UTC: moment("2026-03-09 18:00")."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


async def delivered(database: Database) -> Delivered:
    """A hall of that kind on a furnished database."""
    return Delivered(database)

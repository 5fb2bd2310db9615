"""A hall whose weeks go by: drafts come into its coordinators' room, and are acted upon."""

from collections.abc import Sequence
from typing import cast

from sqlalchemy import Connection

from bot.hall import Hall as RealHall
from bot.posting import queue_posts
from commands import greetings
from storage import digests, rooms
from storage.database import Database
from storage.digests import DigestState, KeptDigest
from storage.outbox import Action
from storage.records import UserId
from tests.commands.conftest import DESK, HOUSING
from tests.commands.delivered import Delivered, FakeHall, Stood, moment


class Weeks(Delivered):
    """`await hall.passes(…)`, then look at `hall.drafts()` and `hall.sent()`."""

    async def begins(self) -> None:
        """The hall has started: what comes by itself has its alarms."""

        def begin(connection: Connection) -> list[Stood]:
            desk = rooms.get(connection, DESK)
            assert desk is not None
            posts = greetings.greet(connection, desk, self.settings, self.now)
            fake = cast(RealHall, FakeHall(self.settings))
            queue_posts(connection, fake, posts, f"greet/{self.now}", self.now)
            return self._deliver(connection)

        self.stood += await self.do(begin)

    def drafts(self, of: str = "") -> list[Stood]:
        return self._said("/draft", of)

    def sent(self, of: str = "") -> list[Stood]:
        return [one for one in self.stood if "/sent" in one.key and self._matches(one, of)]

    def _said(self, ending: str, of: str) -> list[Stood]:
        return [one for one in self.stood if one.key.endswith(ending) and self._matches(one, of)]

    def _matches(self, one: Stood, of: str) -> bool:
        return of in one.body and one.action is Action.MESSAGE and one.key.startswith("digest/")

    def draft(self, of: str = "Housing first") -> str:
        """The key of the newest draft."""
        return self.drafts(of)[-1].key

    async def replies(self, who: UserId, text: str, of: str = "Housing first") -> Sequence[object]:
        """Somebody answers the newest draft."""
        draft = self.post(self.draft(of)).event_id
        said = self.said(who, text, DESK, thread_root=draft)
        self.last_reply = said
        return await self.responds(said)

    async def kept(self, of: str = "housing", state: DigestState | None = None) -> KeptDigest:
        found = await self.do(lambda c: digests.newest(c, of, state))
        assert found is not None
        return found


async def weeks(database: Database) -> Weeks:
    """A Monday in March; the archive of one room is on."""
    hall = Weeks(database)
    hall.now = moment("2026-03-02 09:00")
    await hall.keeps_archive(HOUSING)
    await hall.begins()
    return hall

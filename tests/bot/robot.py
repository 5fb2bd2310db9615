"""A MatrixClient with a sync position, as intake keeps it, for tests below the spine."""

import asyncio
import json
from pathlib import Path
from typing import Any

from bot.matrix.answers import RoomNews, SyncAnswer
from bot.matrix.client import MatrixClient
from bot.matrix.http import Http, path_of
from bot.matrix.rendering import message
from commands.reply import Text, paragraphs
from demo.homeserver import Account
from demo.people import Person
from storage.records import EventId, RoomEvent, RoomId, UserId

MESSAGE = "m.room.message"


class Bot:
    """A MatrixClient and a sync position, as intake keeps it: restarts continue the device."""

    def __init__(self, url: str, account: Account, store: Path) -> None:
        self.url = url
        self.account = account
        self.store = store
        self.since: str | None = None
        self._client: MatrixClient | None = None

    @property
    def client(self) -> MatrixClient:
        assert self._client is not None
        return self._client

    async def open(self, **changes: Any) -> MatrixClient:
        """Another client of the same device; the caller closes it."""
        options: dict[str, Any] = {
            "password": self.account.password,
            "access_token": None,
            "device_name": "Moothall",
            "store": self.store,
            "pickle_key": None,
        }
        return await MatrixClient.open(
            self.url, UserId(self.account.user_id), **(options | changes)
        )

    async def start(self) -> None:
        self._client = await self.open()
        await self.take(await self.sync(timeout_ms=0, full_state=True))

    async def stop(self) -> None:
        if self._client is not None:
            await self._client.close()
            self._client = None

    async def restart(self) -> SyncAnswer:
        """Stop, start, and what the first sync says."""
        await self.stop()
        self._client = await self.open()
        answer = await self.sync(timeout_ms=0, full_state=True)
        await self.take(answer)
        return answer

    async def sync(self, *, timeout_ms: int = 5000, full_state: bool = False) -> SyncAnswer:
        return await self.client.sync(self.since, timeout_ms=timeout_ms, full_state=full_state)

    async def take(self, answer: SyncAnswer) -> None:
        self.since = answer.next_batch
        await self.client.after_sync()

    async def joins(self, room_id: RoomId) -> None:
        await self.client.join(room_id)
        await self.news(room_id)

    async def news(self, room_id: RoomId) -> RoomNews:
        """The next news of that room."""
        async with asyncio.timeout(10):
            while True:
                answer = await self.sync()
                await self.take(answer)
                for room in answer.rooms:
                    if room.room_id == room_id:
                        return room

    async def hears(self, room_id: RoomId, body: str) -> RoomEvent:
        """Sync until somebody has said that."""
        async with asyncio.timeout(10):
            while True:
                for event in (await self.news(room_id)).timeline:
                    if event.content.get("body") == body:
                        return event

    async def says(
        self, room_id: RoomId, words: str, txn_id: str, *, thread: EventId | None = None
    ) -> EventId:
        content = message(
            paragraphs((Text(words),)),
            notice=True,
            thread=thread,
            reply_to=None,
            post_key=f"key/{txn_id}",
        )
        return await self.client.send(room_id, MESSAGE, content, txn_id)


async def new_room(ann: Person, bot: Bot, *, encrypted: bool) -> RoomId:
    """A room with the bot invited, whose encryption Ann's client has seen."""
    room = await ann.create_room("x", invite=[bot.client.user_id], encrypted=encrypted)
    # A sync may show a new room before the last events of its creation.
    await ann.catch_up()
    return room


def bot_device(bot: Bot) -> str:
    return str(json.loads((bot.store / "device.json").read_text())["device_id"])


async def key_count(bot: Bot) -> int:
    http = Http(bot.url)
    http.use_token(json.loads((bot.store / "device.json").read_text())["access_token"])
    counts = (await http.post(path_of("keys", "upload"), {}))["one_time_key_counts"]
    await http.close()
    return int(counts.get("signed_curve25519", 0))

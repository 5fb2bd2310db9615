"""A member reduced to what a stopwatch needs: raw requests, no parsing, no encryption."""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import Any, Self
from urllib.parse import quote

import aiohttp

from demo.homeserver import Account

Predicate = Callable[[dict[str, Any]], bool]
FILTER = json.dumps(
    {
        "presence": {"types": []},
        "account_data": {"types": []},
        "room": {
            "timeline": {"limit": 100},
            "ephemeral": {"types": []},
            "state": {"lazy_load_members": True},
        },
    }
)


class Member:
    """Sends, and notes when each event of the others came in."""

    def __init__(self, url: str, account: Account) -> None:
        self.account = account
        self._url = url
        self._session = aiohttp.ClientSession(
            headers={"Authorization": f"Bearer {account.access_token}"},
            timeout=aiohttp.ClientTimeout(total=90),
        )
        self._since: str | None = None
        self._sent = 0
        self._listening: asyncio.Task[None] | None = None
        self._news = asyncio.Condition()
        self.heard: list[tuple[float, str, dict[str, Any]]] = []  # moment, room, event

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._listening is not None:
            self._listening.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._listening
        await self._session.close()

    async def request(self, method: str, path: str, body: Any = None, **query: str) -> Any:
        """One request to the client-server API; raises on any refusal."""
        url = f"{self._url}/_matrix/client/v3{path}"
        async with self._session.request(method, url, json=body, params=query) as answer:
            content = await answer.json()
            if answer.status != 200:
                raise RuntimeError(f"{method} {path}: {answer.status} {content.get('errcode')}")
            return content

    async def join(self, room: str) -> str:
        """Join by id or alias; the room id."""
        joined: str = (await self.request("POST", f"/join/{quote(room)}", {}))["room_id"]
        return joined

    async def say(self, room: str, body: str) -> str:
        """Send a message as clients do, telling whom it mentions; its event id.

        Synapse takes a fifth longer for an event with `m.mentions`: it reads it against a schema.
        """
        self._sent += 1
        path = f"/rooms/{quote(room)}/send/m.room.message/{self._sent}-{time.time_ns()}"
        content = {"msgtype": "m.text", "body": body, "m.mentions": {}}
        return str((await self.request("PUT", path, content))["event_id"])

    async def listen(self, *, breath: float = 0.0) -> None:
        """Begin to note what is said from now on.

        breath: seconds between two looks, where the stopwatch must not slow what it measures.
        """
        answer = await self.request("GET", "/sync", timeout="0", filter=FILTER)
        self._since = answer["next_batch"]
        self._listening = asyncio.create_task(self._listen(breath))

    async def _listen(self, breath: float) -> None:
        while True:
            await asyncio.sleep(breath)
            assert self._since is not None
            answer = await self.request(
                "GET", "/sync", timeout="30000", filter=FILTER, since=self._since
            )
            moment = time.perf_counter()
            self._since = answer["next_batch"]
            for room, news in answer.get("rooms", {}).get("join", {}).items():
                for event in news["timeline"]["events"]:
                    self.heard.append((moment, room, event))
            async with self._news:
                self._news.notify_all()

    async def hears(self, wanted: Predicate, *, after: int = 0, timeout: float = 60.0) -> float:
        """The moment at which the first such event came, from place `after` of `heard` on."""
        async with asyncio.timeout(timeout):
            place = after
            while True:
                for moment, _room, event in self.heard[place:]:
                    if wanted(event):
                        return moment
                place = len(self.heard)
                async with self._news:
                    if len(self.heard) == place:
                        await self._news.wait()

    async def counts(self, wanted: Predicate, number: int, *, timeout: float = 300.0) -> float:
        """The moment at which the `number`-th such event came."""
        async with asyncio.timeout(timeout):
            while True:
                found = [moment for moment, _room, event in self.heard if wanted(event)]
                if len(found) >= number:
                    return found[number - 1]
                async with self._news:
                    await self._news.wait()

"""A client that listens and misses nothing: it fills the gaps of limited timelines."""

import asyncio
import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import nio
from nio.exceptions import EncryptionError

from demo import asking, keys
from demo.asking import PATIENCE_SECONDS, RefusedError, pauses
from demo.homeserver import Account
from demo.keys import LOST
from demo.timeline import Content, Heard, Timeline
from storage.records import RoomId, UserId

T = TypeVar("T")

_MARK = "org.moothall.demo.mark"
_FILTER = {
    "presence": {"types": []},
    "room": {"timeline": {"limit": 100}, "ephemeral": {"types": []}},
}
_LONG_POLL_MS = 30_000
REQUEST_SECONDS = 30.0


class Listener:
    """Someone logged in, and all that their client is told. `close` it or use `async with`."""

    def __init__(self, client: nio.AsyncClient, store: Path, accept_invites: bool) -> None:
        self.client = client
        self.timeline = Timeline()
        self.rooms: set[RoomId] = set()
        self.invites: dict[RoomId, list[dict[str, Any]]] = {}
        self._store = store
        self._accepts_invites = accept_invites
        self._since: str | None = None
        self._mark = ""
        self._bedtime: str | None = None  # the mark that ends listening
        self._news = asyncio.Condition()
        self._encrypting = asyncio.Lock()
        self._listening: asyncio.Task[None] | None = None
        self._ended_by: Exception | None = None

    # ── coming and going ──────────────────────────────────────────────────────────────────────

    @classmethod
    async def log_in(
        cls,
        homeserver_url: str,
        user: Account | str,
        password: str | None = None,
        *,
        store: Path,
        display_name: str | None = None,
        accept_invites: bool = False,
    ) -> Self:
        """Log in and listen. `user` is an Account (its own device) or a user id (a new device).

        `store` keeps device, keys and sync position: logging in on a used one continues that
        device, and `hears` then returns what was said in between.
        """
        store.mkdir(parents=True, exist_ok=True)
        client = nio.AsyncClient(
            homeserver_url,
            user.user_id if isinstance(user, Account) else user,
            store_path=str(store),
            config=nio.AsyncClientConfig(
                store_sync_tokens=False,
                pickle_key="demo",
                request_timeout=REQUEST_SECONDS,
                max_limit_exceeded=0,  # we decide about repeating, nio would do it for ever
                max_timeouts=0,
            ),
        )
        person = cls(client, store, accept_invites)
        try:
            await person._begin(user, password, display_name)
        except BaseException:
            await person.close()
            raise
        return person

    async def close(self) -> None:
        """Stop listening; the store may be logged in on again."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            await self._end(RuntimeError("closed"))
        await self.client.close()
        if self.client.store is not None:
            self.client.store.database.close()

    async def rest(self) -> None:
        """Stop listening until `wake`: a client that listens costs the homeserver each message.

        What is said at rest is encrypted for the devices that were known before.
        """
        self._bedtime = uuid4().hex
        await self._leave_mark(self._bedtime)
        if self._listening is not None:
            await self._listening

    async def wake(self) -> None:
        """Listen again; returns when what was said in between has been heard."""
        self._bedtime = None
        self._listening = asyncio.create_task(self._listen_until_stopped(full_state=False))
        await self.catch_up()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def user_id(self) -> UserId:
        return UserId(self.client.user_id)

    @property
    def device_id(self) -> str:
        return str(self.client.device_id)

    async def request(
        self, method: str, path: str, body: Content | None = None, *, repeat: bool = True
    ) -> dict[str, Any]:
        """Ask the client-server API (`path` below /_matrix/client/v3), repeating while it is away.

        With `repeat=False` only a 429 is repeated, which is known to have done nothing.
        """
        return await asking.ask(self.client, method, path, body, repeat=repeat)

    async def catch_up(self, *, timeout: float = PATIENCE_SECONDS) -> None:
        """Return when all that the homeserver accepted before this call has been heard."""
        # A mark in our account data: the sync that brings it has brought all before it.
        mark = uuid4().hex
        await self._leave_mark(mark)
        await self._until(lambda: self._mark == mark or None, timeout)

    async def _leave_mark(self, mark: str) -> None:
        path = f"/user/{quote(self.user_id)}/account_data/{_MARK}"
        await self.request("PUT", path, {"mark": mark})

    # ── listening ─────────────────────────────────────────────────────────────────────────────

    async def _begin(
        self, user: Account | str, password: str | None, display_name: str | None
    ) -> None:
        session_file = self._store / "session.json"
        is_new = not session_file.exists()
        if not is_new:
            session = json.loads(session_file.read_text())
        elif isinstance(user, Account):
            session = {"device_id": user.device_id, "access_token": user.access_token}
        else:
            login = {
                "type": "m.login.password",
                "identifier": {"type": "m.id.user", "user": user},
                "password": password,
            }
            session = await self.request("POST", "/login", login)
        self._since = session.get("since")
        self.client.restore_login(
            session.get("user_id") or self.client.user,
            session["device_id"],
            session["access_token"],
        )
        if display_name is not None and is_new:
            path = f"/profile/{quote(self.user_id)}/displayname"
            await self.request("PUT", path, {"displayname": display_name})
        self._listening = asyncio.create_task(self._listen_until_stopped())
        # Once our keys are up, others can write to this device.
        await self.catch_up()

    async def _listen_until_stopped(self, *, full_state: bool = True) -> None:
        try:
            await self._listen(full_state)
        except Exception as error:
            await self._end(error)  # raised again wherever somebody waits for news

    async def _end(self, reason: Exception) -> None:
        self._ended_by = self._ended_by or reason
        async with self._news:
            self._news.notify_all()

    async def _listen(self, first: bool) -> None:
        waits = pauses(patience=None)
        while True:
            try:
                # Not wait_for: in Python 3.11 it swallows a cancellation that meets an answer.
                async with asyncio.timeout(_LONG_POLL_MS / 1000 + REQUEST_SECONDS):
                    response = await self.client.sync(
                        timeout=0 if first else _LONG_POLL_MS,
                        sync_filter=_FILTER,
                        since=self._since,
                        full_state=first,
                    )
                raw = await response.transport_response.json(content_type=None)
            except (*LOST, ValueError):
                # ValueError: a proxy's error page is not JSON.
                await asyncio.sleep(next(waits) or 0)
                continue
            if not isinstance(response, nio.SyncResponse):
                status = response.transport_response.status
                if status != 429 and status < 500:
                    raise RefusedError(status, response.status_code or "", response.message)
                await asyncio.sleep((response.retry_after_ms or 0) / 1000 or next(waits) or 0)
                continue
            await self._take_in(raw)
            await keys.tend(self.client, raw)
            self._remember(raw["next_batch"])
            first, waits = False, pauses(patience=None)
            async with self._news:
                # Last of all, so that a caught-up person also knows everyone's keys.
                self._mark = _mark_in(raw) or self._mark
                self._news.notify_all()
            if self._mark == self._bedtime:
                return

    async def _take_in(self, raw: Content) -> None:
        """Record what a sync response brought: gaps first, then timelines, then rooms."""
        rooms = raw.get("rooms", {})
        joined, left = rooms.get("join", {}), rooms.get("leave", {})
        is_first_ever = self._since is None
        for room_id, section in [*joined.items(), *left.items()]:
            timeline = section.get("timeline", {})
            if timeline.get("limited") and not is_first_ever:
                for event in await self._gap(room_id, timeline["prev_batch"]):
                    self.timeline.record(self._understand(room_id, event))
            for event in timeline.get("events", ()):
                # What precedes the first login is history, nothing to be waited for.
                self.timeline.record(self._understand(room_id, event), fresh=not is_first_ever)
        if raw.get("to_device", {}).get("events"):
            for heard in self.timeline.find(lambda one: one.type == "m.room.encrypted"):
                self.timeline.record(self._understand(heard.room_id, heard.raw))
        self.rooms = (self.rooms | joined.keys()) - left.keys()
        for room_id in joined.keys() | left.keys():
            self.invites.pop(room_id, None)
        for room_id, section in rooms.get("invite", {}).items():
            self.invites[room_id] = section["invite_state"]["events"]
            if self._accepts_invites:
                with contextlib.suppress(RefusedError):  # withdrawn in the meantime
                    await self.request("POST", f"/join/{quote(room_id)}", {})
        async with self._news:
            self._news.notify_all()

    async def _gap(self, room_id: str, until: str) -> list[dict[str, Any]]:
        """The events between our last sync and the beginning of a limited timeline, in order."""
        events: list[dict[str, Any]] = []
        position = self._since
        while True:
            path = f"/rooms/{quote(room_id)}/messages?dir=f&limit=500&to={quote(until)}"
            page = await self.request("GET", f"{path}&from={quote(position or '')}")
            # `end` is still there on the last page; only an empty one says that it was the last.
            if not page["chunk"]:
                return events
            events += page["chunk"]
            position = page.get("end")

    def _understand(self, room_id: str, raw: Content) -> Heard:
        """Read a raw event, decrypting it if we can."""
        heard = Heard(
            event_id=raw["event_id"],
            room_id=RoomId(room_id),
            sender=raw["sender"],
            type=raw["type"],
            content=raw["content"],
            origin_ts=raw["origin_server_ts"],
            encrypted=raw["type"] == "m.room.encrypted",
            state_key=raw.get("state_key"),
            txn_id=raw.get("unsigned", {}).get("transaction_id"),
            raw=raw,
        )
        event = nio.Event.parse_event(dict(raw) | {"room_id": room_id}) if heard.encrypted else None
        if not isinstance(event, nio.MegolmEvent) or not self._has_key(room_id, event):
            return heard
        try:
            clear = self.client.decrypt_event(event).source
        except EncryptionError:
            return heard
        # nio prefers the payload's relation; the specification says only the clear one counts.
        content = {key: value for key, value in clear["content"].items() if key != "m.relates_to"}
        if relation := raw["content"].get("m.relates_to"):
            content["m.relates_to"] = relation
        return replace(heard, type=clear["type"], content=content)

    def _has_key(self, room_id: str, event: nio.MegolmEvent) -> bool:
        """Whether trying is worth it: at each try in vain nio asks the sender for the key again."""
        known = self.client.olm.inbound_group_store
        return known.get(room_id, event.sender_key, event.session_id) is not None

    def _remember(self, since: str) -> None:
        self._since = since
        session = {
            "user_id": self.user_id,
            "device_id": self.device_id,
            "access_token": self.client.access_token,
            "since": since,
        }
        (self._store / "session.json").write_text(json.dumps(session))

    async def _until(self, ask: Callable[[], T | None], timeout: float) -> T:
        """Ask again after each sync until there is an answer."""
        try:
            async with asyncio.timeout(timeout), self._news:
                while not (answer := ask()):
                    if self._ended_by is not None:
                        raise RuntimeError(
                            f"{self.user_id} has stopped listening"
                        ) from self._ended_by
                    await self._news.wait()
                return answer
        except TimeoutError:
            latest = [f"  {one.sender} {one.type} {one.body!r}" for one in self.timeline][-10:]
            said = "\n".join(latest)
            raise TimeoutError(
                f"{self.user_id} waited {timeout} s in vain; heard last:\n{said}"
            ) from None


def _mark_in(raw: Content) -> str | None:
    events = raw.get("account_data", {}).get("events", ())
    return next((one["content"].get("mark") for one in events if one["type"] == _MARK), None)

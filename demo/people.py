"""A member as seen from a keyboard: a real Matrix client that says things and waits to hear things.

`Person` works alike in clear and encrypted rooms, outlives restarts of the homeserver and misses
nothing (it fills the gaps of limited timelines), so that tests may use it as the judge of what
a room has really seen.
"""

import asyncio
import contextlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self, TypeVar
from urllib.parse import quote
from uuid import uuid4

import nio
from nio.exceptions import EncryptionError

from demo import keys
from demo.homeserver import Account
from demo.keys import LOST
from storage.records import EventId, RoomId, UserId

Content = Mapping[str, Any]
T = TypeVar("T")

MESSAGE = "m.room.message"
_CLIENT = "/_matrix/client/v3"
_MARK = "org.moothall.demo.mark"
_MEGOLM = {"algorithm": "m.megolm.v1.aes-sha2"}
_FILTER = {
    "presence": {"types": []},
    "room": {"timeline": {"limit": 100}, "ephemeral": {"types": []}},
}
_LONG_POLL_MS = 30_000
_REQUEST_SECONDS = 30.0
_PATIENCE_SECONDS = 60.0  # how long a request is repeated while the homeserver is away
_LONGEST_PAUSE = 2.0


class RefusedError(Exception):
    """The homeserver answered no; repeating the request would not help."""

    def __init__(self, status: int, errcode: str, message: str) -> None:
        super().__init__(f"{status} {errcode}: {message}")
        self.status = status
        self.errcode = errcode


@dataclass(frozen=True, slots=True)
class Heard:
    """One event of a timeline, decrypted if a key was at hand."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    type: str  # still "m.room.encrypted" while its key is missing
    content: Content  # m.relates_to is that of the clear event, as the specification wants it
    origin_ts: int  # milliseconds since 1970
    encrypted: bool  # whether it travelled encrypted
    state_key: str | None
    txn_id: str | None  # only on what this very device sent
    raw: Content  # as the homeserver gave it: with `unsigned`, undecrypted

    @property
    def body(self) -> str:
        return str(self.content.get("body", ""))

    @property
    def html(self) -> str | None:
        return self.content.get("formatted_body")

    @property
    def is_notice(self) -> bool:
        return self.content.get("msgtype") == "m.notice"

    @property
    def mentions(self) -> list[str]:
        return list(_part(self.content, "m.mentions").get("user_ids", ()))

    @property
    def thread_root(self) -> EventId | None:
        return self._related("m.thread")

    @property
    def replaces(self) -> EventId | None:
        """The event this is an edit of."""
        return self._related("m.replace")

    @property
    def reacts_to(self) -> EventId | None:
        return self._related("m.annotation")

    @property
    def key(self) -> str | None:
        """The emoji of a reaction."""
        return _part(self.content, "m.relates_to").get("key")

    @property
    def redacts(self) -> EventId | None:
        if self.type != "m.room.redaction":
            return None
        # Room versions before 11 have it at the top level.
        event_id: EventId | None = self.content.get("redacts") or self.raw.get("redacts")
        return event_id

    def _related(self, rel_type: str) -> EventId | None:
        relation = _part(self.content, "m.relates_to")
        target = relation.get("event_id") if relation.get("rel_type") == rel_type else None
        return EventId(target) if isinstance(target, str) else None


Predicate = Callable[[Heard], bool]


class Timeline:
    """Everything one person has heard, in order of arrival, each event once."""

    def __init__(self) -> None:
        self._all: dict[EventId, Heard] = {}
        self._arrival: dict[EventId, int] = {}
        self._fresh: dict[EventId, None] = {}  # not yet handed out by `take`
        self._related: dict[EventId, list[EventId]] = {}  # edits and reactions, by their target
        self._redacted: set[EventId] = set()

    def __iter__(self) -> Iterator[Heard]:
        return iter(self._all.values())

    def __contains__(self, event_id: object) -> bool:
        return event_id in self._all

    def record(self, heard: Heard, *, fresh: bool = True) -> None:
        known = self._all.get(heard.event_id)
        if known is not None and not (known.type == "m.room.encrypted" != heard.type):
            return  # the same event again, and not because its key has come
        self._all[heard.event_id] = heard
        if known is None:
            self._arrival[heard.event_id] = len(self._arrival)
            if fresh:
                self._fresh[heard.event_id] = None
        if (target := heard.replaces or heard.reacts_to) and known is None:
            self._related.setdefault(target, []).append(heard.event_id)
        if heard.redacts:
            self._redacted.add(heard.redacts)
        if "redacted_because" in heard.raw.get("unsigned", {}):
            self._redacted.add(heard.event_id)

    def get(self, event_id: str) -> Heard | None:
        return self._all.get(EventId(event_id))

    def find(self, wanted: Predicate) -> list[Heard]:
        return [heard for heard in self._all.values() if wanted(heard)]

    def peek(self, wanted: Predicate) -> Heard | None:
        """The earliest fresh event that is wanted."""
        fresh = (self._all[event_id] for event_id in self._fresh)
        return next((heard for heard in fresh if wanted(heard)), None)

    def take(self, wanted: Predicate) -> Heard | None:
        """The same, and it is no longer fresh."""
        heard = self.peek(wanted)
        if heard is not None:
            del self._fresh[heard.event_id]
        return heard

    def forget_fresh(self, wanted: Predicate) -> None:
        stale = [event_id for event_id in self._fresh if wanted(self._all[event_id])]
        for event_id in stale:
            del self._fresh[event_id]

    def arrived_after(self, heard: Heard, earlier: EventId) -> bool:
        return self._arrival[heard.event_id] > self._arrival[earlier]

    def related(self, event_id: str) -> list[Heard]:
        """What edits or reacts to an event and has not been redacted."""
        ids = self._related.get(EventId(event_id), ())
        return [self._all[one] for one in ids if one not in self._redacted]

    def is_redacted(self, event_id: str) -> bool:
        return event_id in self._redacted


class Person:
    """A member at their client. Make one with `Person.log_in`; `close` it or use `async with`.

    What `hears` returns: the earliest event that matches and that `hears` has not returned
    before; what does not match stays for a later call, so that answers may come in any order.
    """

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
                request_timeout=_REQUEST_SECONDS,
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

    # ── rooms ─────────────────────────────────────────────────────────────────────────────────

    async def create_room(
        self,
        name: str | None = None,
        *,
        invite: Sequence[str] = (),
        alias: str | None = None,
        topic: str | None = None,
        encrypted: bool = False,
        public: bool = False,
        space: bool = False,
        room_version: str | None = None,
        more: Content | None = None,
    ) -> RoomId:
        """Create a room; `more` is merged into the createRoom request."""
        # Not trusted_private_chat: in room version 12 that makes each invitee a creator.
        request: dict[str, Any] = {"preset": "public_chat" if public else "private_chat"}
        request |= {"name": name} if name is not None else {}
        request |= {"topic": topic} if topic is not None else {}
        request |= {"room_alias_name": alias} if alias is not None else {}
        request |= {"room_version": room_version} if room_version is not None else {}
        request |= {"invite": list(invite)} if invite else {}
        request |= {"creation_content": {"type": "m.space"}} if space else {}
        request |= more or {}
        if encrypted:
            encryption = {"type": "m.room.encryption", "state_key": "", "content": _MEGOLM}
            request["initial_state"] = [*request.get("initial_state", ()), encryption]
        # Not repeated when the answer is lost: there might then be two rooms.
        answer = await self.request("POST", "/createRoom", request, repeat=False)
        return await self.enters(answer["room_id"])

    async def create_direct(self, user_id: str, *, encrypted: bool) -> RoomId:
        room_id = await self.create_room(
            invite=[user_id], encrypted=encrypted, more={"is_direct": True}
        )
        path = f"/user/{quote(self.user_id)}/account_data/m.direct"
        try:
            direct = await self.request("GET", path)
        except RefusedError:
            direct = {}
        direct[user_id] = [*direct.get(user_id, ()), room_id]
        await self.request("PUT", path, direct)
        return room_id

    async def join(self, room_id_or_alias: str) -> RoomId:
        answer = await self.request("POST", f"/join/{quote(room_id_or_alias)}", {})
        return await self.enters(answer["room_id"])

    async def enters(self, room_id: str, *, timeout: float = 10.0) -> RoomId:
        """Wait until this client knows that it is in the room (it can't encrypt before)."""
        await self._until(lambda: room_id in self.rooms or None, timeout)
        return RoomId(room_id)

    async def leave(self, room_id: str) -> None:
        await self.request("POST", f"/rooms/{quote(room_id)}/leave", {})
        await self._until(lambda: room_id not in self.rooms or None, 10.0)

    async def accept_invites(self, *, timeout: float = 10.0) -> list[RoomId]:
        """Wait until there is an invitation and accept all there are."""
        pending = await self._until(lambda: list(self.invites), timeout)
        return [await self.join(room_id) for room_id in pending]

    async def invite(self, room_id: str, user_id: str) -> None:
        await self.request("POST", f"/rooms/{quote(room_id)}/invite", {"user_id": user_id})

    async def kick(self, room_id: str, user_id: str, reason: str = "") -> None:
        body = {"user_id": user_id, "reason": reason}
        await self.request("POST", f"/rooms/{quote(room_id)}/kick", body)

    async def send_state(
        self, room_id: str, event_type: str, content: Content, state_key: str = ""
    ) -> EventId:
        path = f"/rooms/{quote(room_id)}/state/{quote(event_type)}/{quote(state_key)}"
        return EventId((await self.request("PUT", path, content))["event_id"])

    async def state(self, room_id: str, event_type: str, state_key: str = "") -> dict[str, Any]:
        """A piece of the room's current state, from the homeserver."""
        path = f"/rooms/{quote(room_id)}/state/{quote(event_type)}/{quote(state_key)}"
        return await self.request("GET", path)

    # ── saying ────────────────────────────────────────────────────────────────────────────────

    async def say(
        self,
        room_id: str,
        text: str,
        *,
        thread: str | None = None,
        reply_to: str | None = None,
        html: str | None = None,
        mentions: Sequence[str] = (),
        emote: bool = False,
        falling_back: bool = True,
    ) -> EventId:
        """Send a message in the shape that Element gives it.

        `thread` is the thread's root. In a thread without `reply_to` the message answers the
        thread's last one, marked as a mere fallback unless `falling_back=False`.
        """
        content = _text(text, html, self._mentioned(mentions, reply_to), emote)
        if thread is not None:
            content["m.relates_to"] = {
                "rel_type": "m.thread",
                "event_id": thread,
                "is_falling_back": falling_back and reply_to is None,
                "m.in_reply_to": {"event_id": reply_to or self._last_of_thread(thread)},
            }
        elif reply_to is not None:
            content["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
        return await self.send_raw(room_id, MESSAGE, content)

    async def edit(
        self,
        room_id: str,
        event_id: str,
        new_text: str,
        *,
        html: str | None = None,
        mentions: Sequence[str] = (),
    ) -> EventId:
        new_content = _text(new_text, html, mentions)
        # Like Element: the outer mentions are those that the edit adds, and we add none.
        content = {
            **_text(f"* {new_text}", f"* {html}" if html else None, ()),
            "m.new_content": new_content,
            "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
        }
        return await self.send_raw(room_id, MESSAGE, content)

    async def react(self, room_id: str, event_id: str, key: str) -> EventId:
        relation = {"rel_type": "m.annotation", "event_id": event_id, "key": key}
        return await self.send_raw(room_id, "m.reaction", {"m.relates_to": relation})

    async def redact(self, room_id: str, event_id: str, reason: str | None = None) -> EventId:
        path = f"/rooms/{quote(room_id)}/redact/{quote(event_id)}/{uuid4().hex}"
        answer = await self.request("PUT", path, {"reason": reason} if reason else {})
        return EventId(answer["event_id"])

    async def send_file(
        self, room_id: str, data: bytes, name: str, *, mime: str = "application/pdf"
    ) -> EventId:
        """Upload a file and tell the room of it, as clients do: encrypted if the room is."""
        room = self.client.rooms.get(room_id)
        sealed = room is not None and room.encrypted
        answer, opens = await self.client.upload(
            lambda *_: io.BytesIO(data), mime, name, encrypt=sealed, filesize=len(data)
        )
        if not isinstance(answer, nio.UploadResponse):
            raise RefusedError(answer.transport_response.status, "", answer.message)
        content: dict[str, Any] = {"msgtype": "m.file", "body": name, "filename": name}
        content["info"] = {"mimetype": mime, "size": len(data)}
        if sealed:
            content["file"] = {**(opens or {}), "url": answer.content_uri}
        else:
            content["url"] = answer.content_uri
        return await self.send_raw(room_id, MESSAGE, content)

    async def send_raw(
        self, room_id: str, event_type: str, content: Content, *, txn_id: str | None = None
    ) -> EventId:
        """Send any event; in an encrypted room it is encrypted (reactions never are)."""
        txn_id = txn_id or uuid4().hex
        if room_id not in self.rooms:
            await self.catch_up()  # joined by somebody else's doing, a moment ago?
        room = self.client.rooms.get(room_id)
        if room is not None and room.encrypted and event_type != "m.reaction":
            return await self._send_encrypted(room_id, event_type, content, txn_id)
        path = f"/rooms/{quote(room_id)}/send/{quote(event_type)}/{quote(txn_id)}"
        return EventId((await self.request("PUT", path, content))["event_id"])

    # ── hearing ───────────────────────────────────────────────────────────────────────────────

    async def hears(
        self,
        predicate: Predicate | None = None,
        *,
        room: str | None = None,
        sender: str | None = None,
        thread: str | None = None,
        after: Heard | str | None = None,
        type: str | None = MESSAGE,
        edits: bool = False,
        timeout: float = 10.0,
    ) -> Heard:
        """Wait for the next matching event and take it; see the class for what "next" means.

        Others' new messages unless told otherwise: name yourself as `sender` for your own,
        `type` for reactions, polls or state (None: all), `edits=True` to include edits.
        `after` an event (its id, or a Heard) that this person has heard.
        """
        wanted = self._wanted(predicate, room, sender, thread, after, type, edits)
        mine = sender is not None
        return await self._until(
            lambda: self.timeline.take(lambda one: wanted(one) and (mine or self._by_others(one))),
            timeout,
        )

    async def hears_edit(
        self, event_id: str, predicate: Predicate | None = None, *, timeout: float = 10.0
    ) -> Heard:
        """Wait for the next edit of a message and take it; `shown` gives the text it leads to."""

        def wanted(one: Heard) -> bool:
            return one.replaces == event_id and (predicate is None or predicate(one))

        return await self._until(lambda: self.timeline.take(wanted), timeout)

    def heard(
        self,
        predicate: Predicate | None = None,
        *,
        room: str | None = None,
        sender: str | None = None,
        thread: str | None = None,
        after: Heard | str | None = None,
        type: str | None = MESSAGE,
        edits: bool = False,
    ) -> list[Heard]:
        """All matching events so far, one's own too, whether or not `hears` has taken them."""
        return self.timeline.find(self._wanted(predicate, room, sender, thread, after, type, edits))

    async def quiet(self, room: str, seconds: float, predicate: Predicate | None = None) -> None:
        """Check that the room holds no message by others that `hears` has not taken, nor gets one.

        After `seconds` all that the homeserver has accepted by then is looked at.
        """
        wanted = self._wanted(predicate, room, None, None, None, MESSAGE, False)

        def unexpected() -> Heard | None:
            return self.timeline.peek(lambda one: wanted(one) and self._by_others(one))

        with contextlib.suppress(TimeoutError):
            await self._until(unexpected, seconds)
        await self.catch_up()
        if (noise := unexpected()) is not None:
            raise AssertionError(f"{self.user_id} expected silence and heard {noise}")

    def forget(self, *, room: str | None = None) -> None:
        """Take everything heard so far, so that `hears` returns only what is yet to come."""
        self.timeline.forget_fresh(lambda one: room is None or one.room_id == room)

    async def catch_up(self, *, timeout: float = _PATIENCE_SECONDS) -> None:
        """Return when all that the homeserver accepted before this call has been heard."""
        # A mark in our account data: the sync that brings it has brought all before it.
        mark = uuid4().hex
        await self._leave_mark(mark)
        await self._until(lambda: self._mark == mark or None, timeout)

    async def _leave_mark(self, mark: str) -> None:
        path = f"/user/{quote(self.user_id)}/account_data/{_MARK}"
        await self.request("PUT", path, {"mark": mark})

    def shown(self, event_id: str) -> str | None:
        """The text a client shows for a message: the latest edit; None if redacted or unheard."""
        original = self.timeline.get(event_id)
        if original is None or self.timeline.is_redacted(event_id):
            return None
        edits = self.edits_of(event_id)
        return str(edits[-1].content["m.new_content"].get("body", "")) if edits else original.body

    def edits_of(self, event_id: str) -> list[Heard]:
        """The valid edits of a message (its author's, not redacted), oldest first."""
        original = self.timeline.get(event_id)
        edits = [
            one
            for one in self.timeline.related(event_id)
            if one.replaces
            and _part(one.content, "m.new_content")
            and original is not None
            and (one.sender, one.type) == (original.sender, original.type)
        ]
        return sorted(edits, key=lambda one: (one.origin_ts, one.event_id))

    def reactions_on(self, event_id: str) -> dict[str, set[UserId]]:
        """Who reacted to an event with what, redacted reactions left out."""
        reactions: dict[str, set[UserId]] = {}
        for one in self.timeline.related(event_id):
            if one.reacts_to and one.key:
                reactions.setdefault(one.key, set()).add(one.sender)
        return reactions

    def is_redacted(self, event_id: str) -> bool:
        return self.timeline.is_redacted(event_id)

    # ── requests ──────────────────────────────────────────────────────────────────────────────

    async def request(
        self, method: str, path: str, body: Content | None = None, *, repeat: bool = True
    ) -> dict[str, Any]:
        """Ask the client-server API (`path` below /_matrix/client/v3), repeating while it is away.

        With `repeat=False` only a 429 is repeated, which is known to have done nothing.
        """
        data = json.dumps(body) if body is not None else None
        headers = {
            "Authorization": f"Bearer {self.client.access_token}",
            "Content-Type": "application/json",
        }
        for pause in _pauses():
            try:
                response = await self.client.send(method, _CLIENT + path, data, headers)
                text = await response.text()
            except LOST:
                if not repeat or pause is None:
                    raise
            else:
                if response.status < 300:
                    answer: dict[str, Any] = json.loads(text)
                    return answer
                refusal = _refusal(response.status, text)
                limited = response.status == 429
                if pause is None or not (limited or (repeat and response.status >= 500)):
                    raise refusal
                if limited:
                    pause = max(pause, json.loads(text).get("retry_after_ms", 0) / 1000)
            await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last pause is None")

    async def _send_encrypted(
        self, room_id: str, event_type: str, content: Content, txn_id: str
    ) -> EventId:
        if self._bedtime is None:
            # Else a member who joined a moment ago would get a message without a key.
            await self.catch_up()
        async with self._encrypting:
            for pause in _pauses():
                try:
                    async with asyncio.timeout(_REQUEST_SECONDS):
                        await keys.give_key(self.client, room_id, self.request)
                        answer = await self.client.room_send(
                            room_id,
                            event_type,
                            dict(content),
                            txn_id,
                            ignore_unverified_devices=True,
                        )
                except LOST:
                    if pause is None:
                        raise
                else:
                    if isinstance(answer, nio.RoomSendResponse):
                        return EventId(answer.event_id)
                    status = answer.transport_response.status
                    if pause is None or not (status == 429 or status >= 500):
                        raise RefusedError(status, answer.status_code or "", answer.message)
                    pause = max(pause, (answer.retry_after_ms or 0) / 1000)
                finally:
                    # nio leaves it behind when claiming keys fails; all later sends would wait.
                    if stuck := self.client.sharing_session.pop(room_id, None):
                        stuck.set()
                await asyncio.sleep(pause)
        raise AssertionError("unreachable: the last pause is None")

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
        pauses = _pauses(patience=None)
        while True:
            try:
                # Not wait_for: in Python 3.11 it swallows a cancellation that meets an answer.
                async with asyncio.timeout(_LONG_POLL_MS / 1000 + _REQUEST_SECONDS):
                    response = await self.client.sync(
                        timeout=0 if first else _LONG_POLL_MS,
                        sync_filter=_FILTER,
                        since=self._since,
                        full_state=first,
                    )
                raw = await response.transport_response.json(content_type=None)
            except (*LOST, ValueError):
                # ValueError: a proxy's error page is not JSON.
                await asyncio.sleep(next(pauses) or 0)
                continue
            if not isinstance(response, nio.SyncResponse):
                status = response.transport_response.status
                if status != 429 and status < 500:
                    raise RefusedError(status, response.status_code or "", response.message)
                await asyncio.sleep((response.retry_after_ms or 0) / 1000 or next(pauses) or 0)
                continue
            await self._take_in(raw)
            await keys.tend(self.client, raw)
            self._remember(raw["next_batch"])
            first, pauses = False, _pauses(patience=None)
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

    # ── little helpers ────────────────────────────────────────────────────────────────────────

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

    def _wanted(
        self,
        predicate: Predicate | None,
        room: str | None,
        sender: str | None,
        thread: str | None,
        after: Heard | str | None,
        type: str | None,
        edits: bool,
    ) -> Predicate:
        earlier = after.event_id if isinstance(after, Heard) else after
        if earlier is not None and earlier not in self.timeline:
            raise ValueError(f"{self.user_id} has not heard {earlier}, so nothing can be after it")

        def wanted(one: Heard) -> bool:
            return (
                (type is None or one.type == type)
                and (room is None or one.room_id == room)
                and (sender is None or one.sender == sender)
                and (thread is None or one.thread_root == thread)
                and (edits or one.replaces is None)
                and (earlier is None or self.timeline.arrived_after(one, EventId(earlier)))
                and (predicate is None or predicate(one))
            )

        return wanted

    def _by_others(self, one: Heard) -> bool:
        return one.sender != self.user_id

    def _mentioned(self, mentions: Sequence[str], reply_to: str | None) -> list[str]:
        """Element mentions the author of what one replies to."""
        answered = self.timeline.get(reply_to) if reply_to is not None else None
        author = [answered.sender] if answered is not None and self._by_others(answered) else []
        return list(dict.fromkeys([*mentions, *author]))

    def _last_of_thread(self, root: str) -> EventId:
        messages = self.timeline.find(lambda one: one.thread_root == root)
        return messages[-1].event_id if messages else EventId(root)


def _part(content: Content, name: str) -> Content:
    part = content.get(name)
    return part if isinstance(part, dict) else {}  # anyone may write anything into an event


def _text(
    text: str, html: str | None, mentions: Sequence[str], emote: bool = False
) -> dict[str, Any]:
    content: dict[str, Any] = {"msgtype": "m.emote" if emote else "m.text", "body": text}
    if html is not None:
        content |= {"format": "org.matrix.custom.html", "formatted_body": html}
    return content | {"m.mentions": {"user_ids": list(mentions)} if mentions else {}}


def _mark_in(raw: Content) -> str | None:
    events = raw.get("account_data", {}).get("events", ())
    return next((one["content"].get("mark") for one in events if one["type"] == _MARK), None)


def _refusal(status: int, text: str) -> RefusedError:
    try:
        answer = json.loads(text)
        return RefusedError(status, answer.get("errcode", ""), answer.get("error", ""))
    except ValueError:
        return RefusedError(status, "", text[:200])


def _pauses(patience: float | None = _PATIENCE_SECONDS) -> Iterator[float | None]:
    """Growing seconds between tries, then None: give up."""
    pause, passed = 0.05, 0.0
    while patience is None or passed < patience:
        yield pause
        passed += pause
        pause = min(pause * 2, _LONGEST_PAUSE)
    while True:
        yield None

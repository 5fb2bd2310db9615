"""A homeserver at the network's edge, for crashes that a real one cannot be made to meet on demand.

It keeps its timeline whatever happens to the hall, knows a transaction by device, room and id as
Synapse does, and refuses what Synapse refuses.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

from bot.matrix.answers import Page, RawEvent, RawPage, RoomNews, SyncAnswer, Unreadable
from bot.matrix.errors import Refused, Unreachable
from bot.matrix.examining import Devices, Examiner
from bot.matrix.http import Http
from bot.matrix.rendering import POST_KEY
from storage.records import EventId, RoomEvent, RoomId, UserId

ALL = 10**9  # a position after everything


@dataclass
class FakeRoom:
    """A room: who is in it, and its state."""

    room_id: RoomId
    members: dict[UserId, str] = field(default_factory=dict)
    state: dict[tuple[str, str], RoomEvent] = field(default_factory=dict)


class FakeHomeserver:
    """One account's view of a few rooms; positions count events over all of them."""

    def __init__(self, me: UserId, *, timeline: int, page: int) -> None:
        self.me = me
        self.events: list[RoomEvent] = []
        self.rooms: dict[RoomId, FakeRoom] = {}
        self.transactions: dict[tuple[str, RoomId, str], EventId] = {}
        self.keys: dict[str, int] = {}  # session → the position at which its key came
        self.sealed: dict[EventId, str] = {}  # event → its session
        self.files = 0  # uploaded
        self.media: dict[str, bytes | Exception] = {}  # by their addresses
        self.downloads: list[str] = []  # addresses that were asked for
        self.read_up_to = 0  # the latest position that a sync has asked from
        self._timeline, self._page = timeline, page
        self._news = asyncio.Condition()
        self._last_ms = 0

    # ── what people do ────────────────────────────────────────────────────────────────────────

    def open_room(self, room_id: RoomId, members: Sequence[UserId], **state: Any) -> FakeRoom:
        room = self.rooms[room_id] = FakeRoom(room_id)
        self._state(room, self.me, "m.room.create", "", {"room_version": "11"})
        for member in (self.me, *members):
            self._join(room, member)
        return room

    def _join(self, room: FakeRoom, member: UserId) -> None:
        room.members[member] = "join"
        name = member[1:].partition(":")[0].title()
        content = {"membership": "join", "displayname": name}
        self._state(room, member, "m.room.member", member, content)

    def say(
        self, room_id: RoomId, sender: UserId, text: str, *, sealed: str | None = None
    ) -> EventId:
        """A message; sealed: the session whose key the hall needs to read it."""
        event_id = self.tell(room_id, sender, "m.room.message", {"msgtype": "m.text", "body": text})
        if sealed is not None:
            self.sealed[event_id] = sealed
        return event_id

    def tell(
        self, room_id: RoomId, sender: UserId, type_: str, content: Mapping[str, Any]
    ) -> EventId:
        return self._add(self.rooms[room_id], sender, type_, content).event_id

    def give_key(self, session: str) -> None:
        self.keys[session] = len(self.events)
        # A key comes with news of its own; an event keeps this fake's positions simple.
        room = next(iter(self.rooms.values()))
        self._add(room, self.me, "org.moothall.test.key", {})

    async def ring(self) -> None:
        """Wake the long polls."""
        async with self._news:
            self._news.notify_all()

    # ── the timeline ──────────────────────────────────────────────────────────────────────────

    def _add(
        self,
        room: FakeRoom,
        sender: UserId,
        type_: str,
        content: Mapping[str, Any],
        *,
        state_key: str | None = None,
        redacts: EventId | None = None,
        txn_id: str | None = None,
    ) -> RoomEvent:
        relation = content.get("m.relates_to")
        self._last_ms = max(self._last_ms + 1, time.time_ns() // 1_000_000)
        event = RoomEvent(
            EventId(f"$e{len(self.events)}"),
            room.room_id,
            type_,
            sender,
            self._last_ms,
            dict(content),
            state_key=state_key,
            relates_to=relation if isinstance(relation, dict) else None,
            redacts=redacts,
            txn_id=txn_id,
        )
        self.events.append(event)
        return event

    def _state(
        self, room: FakeRoom, sender: UserId, type_: str, key: str, content: Mapping[str, Any]
    ) -> EventId:
        known = room.state.get((type_, key))
        if known is not None and known.content == content:
            return known.event_id
        event = self._add(room, sender, type_, content, state_key=key)
        room.state[type_, key] = event
        return event.event_id

    def find(self, event_id: str) -> RoomEvent | None:
        return next((one for one in self.events if one.event_id == event_id), None)

    def is_redacted(self, event_id: EventId) -> bool:
        return any(one.redacts == event_id for one in self.events)

    def readable(self, event_id: EventId, position: int = ALL) -> bool:
        session = self.sealed.get(event_id)
        return session is None or self.keys.get(session, ALL) < position

    def copy(self) -> "FakeHomeserver":
        """Another one with the same past."""
        other = FakeHomeserver(self.me, timeline=self._timeline, page=self._page)
        other.events, other.sealed = list(self.events), dict(self.sealed)
        other.keys, other.transactions = dict(self.keys), dict(self.transactions)
        other.read_up_to, other._last_ms = self.read_up_to, self._last_ms
        other.rooms = {
            room_id: FakeRoom(room_id, dict(room.members), dict(room.state))
            for room_id, room in self.rooms.items()
        }
        return other

    def forget_transactions(self) -> None:
        """As Synapse does after a day."""
        self.transactions.clear()

    async def wait_beyond(self, position: int, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds), self._news:
                await self._news.wait_for(lambda: len(self.events) > position)
        except TimeoutError:
            pass

    @property
    def limits(self) -> tuple[int, int]:
        return self._timeline, self._page


class FakeClient:
    """What `MatrixClient` is to the hall, before a `FakeHomeserver`."""

    def __init__(self, server: FakeHomeserver, device: str = "DEVICE") -> None:
        self.user_id = server.me
        self.server_time = None
        self.url = "https://hs"
        self.device_id = device
        self._server = server

    async def close(self) -> None:
        """Nothing to close."""

    # ── what happened ─────────────────────────────────────────────────────────────────────────

    async def sync(self, since: str | None, *, timeout_ms: int, full_state: bool) -> SyncAnswer:
        server = self._server
        position = 0 if since is None else _position(since)
        if not 0 <= position <= len(server.events):
            raise Refused(400, "M_UNKNOWN")
        server.read_up_to = max(server.read_up_to, position)
        if since is not None:
            await server.wait_beyond(position, timeout_ms / 1000)
        head = len(server.events)
        return SyncAnswer(
            next_batch=f"s{head}",
            rooms=tuple(
                news
                for room in list(server.rooms.values())
                if (news := self._news(room, position, head, full_state or since is None))
            ),
            invitations=(),
            withdrawn=(),
            new_keys=tuple(
                (RoomId(server_event.room_id), session)
                for session, came in server.keys.items()
                if position <= came < head
                for server_event in server.events
                if server.sealed.get(server_event.event_id) == session
            ),
        )

    def _news(self, room: FakeRoom, position: int, head: int, full: bool) -> RoomNews | None:
        server = self._server
        if room.members.get(server.me) != "join":
            return None
        most, _ = server.limits
        fresh = [
            (place, one)
            for place, one in enumerate(server.events[:head])
            if place >= position and one.room_id == room.room_id
        ]
        if not (fresh or full):
            return None
        shown = fresh[-most:]
        events, unreadable = self._split([one for _, one in shown], head)
        return RoomNews(
            room.room_id,
            state=tuple(_raw(one) for one in room.state.values()) if full else (),
            timeline=events,
            unreadable=unreadable,
            limited=len(fresh) > len(shown),
            prev_batch=f"t{shown[0][0] if shown else head}",
        )

    def _split(
        self, events: Sequence[RoomEvent], position: int
    ) -> tuple[tuple[RoomEvent, ...], tuple[Unreadable, ...]]:
        server = self._server
        read = tuple(
            self._as_told(one) for one in events if server.readable(one.event_id, position)
        )
        closed = tuple(
            Unreadable({"event_id": one.event_id}, one.event_id, one.room_id, session)
            for one in events
            if not server.readable(one.event_id, position)
            and (session := server.sealed[one.event_id])
        )
        return read, closed

    def _as_told(self, event: RoomEvent) -> RoomEvent:
        if event.state_key is None and self._server.is_redacted(event.event_id):
            return replace(event, content={}, relates_to=None, redacted=True)
        return event

    async def after_sync(self) -> None:
        """No keys to look after."""

    def try_again(self, unreadable: Unreadable) -> RoomEvent | None:
        event = self._server.find(unreadable.event_id)
        if event is None or not self._server.readable(event.event_id):
            return None
        return self._as_told(event)

    async def messages(
        self,
        room_id: RoomId,
        *,
        start: str | None,
        end: str | None,
        backwards: bool,
        limit: int = 500,
    ) -> RawPage:
        assert backwards
        server = self._server
        head = len(server.events)
        first = head if start is None else _position(start)
        last = 0 if end is None else _position(end)
        room = self._room(room_id)
        found = [
            (place, one)
            for place, one in reversed(list(enumerate(server.events[:first])))
            if place >= last and one.room_id == room.room_id
        ][: min(limit, server.limits[1])]
        end = f"t{found[-1][0]}" if found else None
        return RawPage(room_id, tuple(one for _, one in found), end)

    def read(self, page: RawPage) -> Page:
        return Page(*self._split(page.chunk, ALL), ())

    async def references(self, room_id: RoomId, event_id: EventId) -> Page:
        wanted = {"rel_type": "m.reference", "event_id": event_id}
        found = [
            one
            for one in self._server.events
            if one.room_id == self._room(room_id).room_id and one.relates_to == wanted
        ]
        standing = [one for one in found if not self._server.is_redacted(one.event_id)]
        return Page(*self._split(standing, ALL), ())

    async def event(self, room_id: RoomId, event_id: EventId) -> RoomEvent | None:
        event = self._server.find(event_id)
        return None if event is None or event.room_id != room_id else self._as_told(event)

    async def redaction_of(self, room_id: RoomId, event_id: EventId) -> RoomEvent | None:
        found = (one for one in self._server.events if one.redacts == event_id)
        return next((one for one in found if one.room_id == room_id), None)

    async def find_post(
        self, room_id: RoomId, key: str, since_ms: int, *, txn_id: str | None = None
    ) -> EventId | None:
        for one in reversed(self._server.events):
            mine = one.room_id == room_id and one.sender == self.user_id and one.at >= since_ms
            if mine and one.content.get(POST_KEY) == key:
                return one.event_id
        return None

    # ── saying ────────────────────────────────────────────────────────────────────────────────

    async def send(
        self, room_id: RoomId, type: str, content: Mapping[str, Any], txn_id: str
    ) -> EventId:
        room, server = self._room(room_id), self._server
        known = server.transactions.get((self.device_id, room_id, txn_id))
        if known is not None:
            return known
        relation = content.get("m.relates_to") or {}
        target = relation.get("event_id")
        if target is not None and server.find(target) is None:
            raise Refused(400, "M_UNKNOWN")
        if relation.get("rel_type") == "m.annotation" and self._has_reacted(relation):
            raise Refused(400, "M_DUPLICATE_ANNOTATION")
        event = server._add(room, self.user_id, type, content, txn_id=txn_id)
        server.transactions[self.device_id, room_id, txn_id] = event.event_id
        await server.ring()
        return event.event_id

    def _has_reacted(self, relation: Mapping[str, Any]) -> bool:
        return any(
            one.sender == self.user_id
            and one.relates_to == relation
            and not self._server.is_redacted(one.event_id)
            for one in self._server.events
        )

    async def redact(
        self, room_id: RoomId, event_id: EventId, txn_id: str, reason: str | None = None
    ) -> EventId:
        room, server = self._room(room_id), self._server
        known = server.transactions.get((self.device_id, room_id, txn_id))
        if known is not None:
            return known
        event = server._add(
            room, self.user_id, "m.room.redaction", {}, redacts=event_id, txn_id=txn_id
        )
        server.transactions[self.device_id, room_id, txn_id] = event.event_id
        await server.ring()
        return event.event_id

    async def put_state(
        self, room_id: RoomId, type: str, state_key: str, content: Mapping[str, Any]
    ) -> EventId:
        event_id = self._server._state(self._room(room_id), self.user_id, type, state_key, content)
        await self._server.ring()
        return event_id

    def _room(self, room_id: RoomId) -> FakeRoom:
        room = self._server.rooms.get(room_id)
        if room is None or room.members.get(self.user_id) != "join":
            raise Refused(403, "M_FORBIDDEN")
        return room

    # ── rooms ─────────────────────────────────────────────────────────────────────────────────

    async def state(self, room_id: RoomId) -> list[RawEvent]:
        return [_raw(one) for one in self._room(room_id).state.values()]

    async def state_event(
        self, room_id: RoomId, type: str, key: str = ""
    ) -> Mapping[str, Any] | None:
        event = self._room(room_id).state.get((type, key))
        return None if event is None else event.content

    async def create_room(self, body: Mapping[str, Any]) -> RoomId:
        """Everybody who is asked in comes at once."""
        room_id = RoomId(f"!made{len(self._server.rooms)}:hs")
        room = self._server.open_room(room_id, [UserId(one) for one in body["invite"]])
        for one in body["initial_state"]:
            self._server._state(room, self.user_id, one["type"], one["state_key"], one["content"])
        await self._server.ring()
        return room_id

    async def join(self, room_id_or_alias: str, via: Sequence[str] = ()) -> RoomId:
        room_id = RoomId(room_id_or_alias)
        if room_id not in self._server.rooms:
            raise Refused(404, "M_NOT_FOUND")
        self._server._join(self._server.rooms[room_id], self.user_id)
        await self._server.ring()
        return room_id

    async def leave(self, room_id: RoomId, reason: str | None = None) -> None:
        room = self._room(room_id)
        room.members[self.user_id] = "leave"
        content = {"membership": "leave"}
        self._server._state(room, self.user_id, "m.room.member", self.user_id, content)

    async def upload(self, room_id: RoomId, data: bytes, mime: str, name: str) -> Mapping[str, Any]:
        self._server.files += 1
        return {"url": f"mxc://hs/{self._server.files}"}

    async def download(self, mxc: str, most: int) -> bytes:
        self._server.downloads.append(mxc)
        found = self._server.media.get(mxc, Refused(404, "M_NOT_FOUND"))
        if isinstance(found, Exception):
            raise found
        if len(found) > most:
            raise Refused(413, "M_TOO_LARGE")
        return found

    def devices(self) -> Devices:
        return Devices(frozenset(), frozenset())

    def examiner(self) -> Examiner:
        return silent_examiner()

    async def joined_rooms(self) -> tuple[RoomId, ...]:
        rooms = self._server.rooms.values()
        return tuple(room.room_id for room in rooms if room.members.get(self.user_id) == "join")


class Silence:
    """A homeserver that does not answer what doctor asks."""

    async def get(self, *asked: Any, **more: Any) -> Any:
        raise Unreachable("no answer")

    post = call = date = get


def silent_examiner() -> Examiner:
    """Doctor, when nothing answers."""
    return Examiner(cast(Http, Silence()), None)


def _position(token: str) -> int:
    return int(token[1:])


def _raw(event: RoomEvent) -> RawEvent:
    return {
        "event_id": event.event_id,
        "sender": event.sender,
        "type": event.type,
        "state_key": event.state_key,
        "content": dict(event.content),
        "origin_server_ts": event.at,
    }

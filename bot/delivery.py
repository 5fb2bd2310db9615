"""Sends what the outbox holds: each post once, in order within a room, whatever breaks."""

import asyncio
import contextlib
import logging
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot import compiling, gathering
from bot.doctor import visit as doctor
from bot.hall import LOOK_AGAIN, Hall
from bot.lanes import Lanes
from bot.logs import kind_of
from bot.matrix import polls, rendering
from bot.matrix.errors import RateLimited, Refused, Unauthorised, Unreachable
from bot.retry import wait_after, wait_before
from bot.state import DIRECT_STATE, OURS
from storage import outbox, people, rooms
from storage.database import is_passing
from storage.outbox import Action, Row
from storage.records import EventId, RoomId, RoomKind, UserId
from storage.types import milliseconds

log = logging.getLogger(__name__)

LANES_AT_ONCE = 8
CHATS_AT_ONCE = 2  # that are being made
# Synapse forgets transaction ids after 24 h; an older attempt is looked up in the room first.
TXN_REMEMBERED = timedelta(hours=23)
ALREADY = "M_DUPLICATE_ANNOTATION"  # our reaction stands there: that is success
TIMED_OUT = 408  # what was asked for may have been done all the same
PASSING = {404, TIMED_OUT, 425}  # the room may be known in a moment: an alias, a join on its way
# These carry the key of their post.
LOOKED_UP = frozenset({Action.MESSAGE, Action.FILE, Action.EXAMINE, Action.COMPILE})
FORBIDDEN = 403
WHILE_IT_MOVES = 60  # attempts in a room that was upgraded, until it is followed: about an hour
GIVE_UP_AFTER = 6  # attempts at something the homeserver keeps refusing in passing


@dataclass(frozen=True, slots=True)
class _Sent:
    """What became of a row; written down together with the claim of the next one."""

    row: int
    event_id: EventId | None = None
    failure: str | None = None


class Delivery:
    """One task a lane; the account as a whole waits when the homeserver says so."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._lanes = Lanes(self._deliver, hall.bells.outbox, busy=hall.delivering)
        self._places = asyncio.Semaphore(LANES_AT_ONCE)
        # Making a room asks the homeserver of whoever is invited, which may be away for a minute.
        self._chat_places = asyncio.Semaphore(CHATS_AT_ONCE)
        self._quiet_until = 0.0  # loop time

    async def run(self) -> None:
        """Deliver for ever."""
        self._hall.delivering.clear()  # of an earlier run that broke
        await self._lanes.run(lambda: self._hall.database.read(outbox.lanes))

    async def _deliver(self, lane: str) -> None:
        """Send a lane's posts until there is none, or one must wait."""
        sent: _Sent | None = None
        row = self._hall.claimed.pop(lane, None)
        while True:
            self._lanes.looks(lane)
            if row is None and sent is None:
                await self._account_pause()
            if row is None:
                row = await self._settle_and_claim(lane, sent)
                sent = None
                # The worker may have claimed the same; nobody is to send it again later.
                self._hall.claimed.pop(lane, None)
            if row is None:
                return
            now = self._hall.clock.now()
            if row.not_before is not None and row.not_before > now:
                self._come_back(lane, (row.not_before - now).total_seconds())
                return
            try:
                if lane.startswith("@"):  # its chat is to be made first, which takes a while
                    await self._note_untried(row)
                async with self._chat_places if lane.startswith("@") else self._places:
                    if self._is_paused():
                        await self._give_back(row)
                    else:
                        sent = await self._send(row)
            except RateLimited as limit:
                self._pause_account(limit.retry_after)
                await self._give_back(row)
            except Unreachable as trouble:
                delay = wait_before(row.attempts + 1)
                log.warning("not sent: key=%s error=%s", row.key, trouble)
                await self._postpone(row, delay)
            except Refused as refusal:
                sent = await self._refused(row, refusal)
            except Unauthorised:
                raise
            except Exception as trouble:
                sent = await self._broke(row, trouble)
            row = None

    async def _broke(self, row: Row, trouble: Exception) -> _Sent | None:
        """Ours or the database's fault: the same id again is the same event, but not for ever."""
        log.error(
            "not sent: key=%s error=%s",
            row.key,
            kind_of(trouble),
            exc_info=not is_passing(trouble),
        )
        # What a file cannot be made of may never be there: the lane goes on.
        passing = is_passing(trouble) and row.action is not Action.COMPILE
        outside = isinstance(trouble, DBAPIError) or passing
        if row.attempts >= GIVE_UP_AFTER and not outside:
            return _Sent(row.id, failure="broken")
        await asyncio.sleep(wait_after(trouble, row.attempts + 1))
        return None

    async def _settle_and_claim(self, lane: str, sent: _Sent | None) -> Row | None:
        """Until the database takes it: what was sent is written down before anything else."""
        failures = 0
        while True:
            now = self._hall.clock.now()
            try:
                return await self._hall.database.write(
                    lambda c: settle_and_claim(c, lane, self._hall.device, sent, now)  # noqa: B023 — awaited at once
                )
            except Exception as trouble:
                failures += 1
                log.error(
                    "outbox cannot be read: lane=%s error=%s",
                    lane,
                    kind_of(trouble),
                    exc_info=not is_passing(trouble),
                )
                await asyncio.sleep(wait_after(trouble, failures))

    async def _give_back(self, row: Row) -> None:
        """Whoever takes it back while the account rests, or changes it, finds it untouched."""
        with contextlib.suppress(DBAPIError, OSError):  # then it counts as tried, and no more
            await self._hall.database.write(lambda c: outbox.not_taken(c, row))

    async def _note_untried(self, row: Row) -> None:
        """Nothing was said: it is not looked for, may move, and is dropped if it is taken back."""
        with contextlib.suppress(DBAPIError, OSError):
            await self._hall.database.write(lambda c: outbox.not_said(c, row))

    def _is_paused(self) -> bool:
        return self._quiet_until > asyncio.get_running_loop().time()

    async def _account_pause(self) -> None:
        loop = asyncio.get_running_loop()
        while (left := self._quiet_until - loop.time()) > 0:  # noqa: ASYNC110 — it may grow
            await asyncio.sleep(left)

    def _pause_account(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._quiet_until = max(self._quiet_until, loop.time() + seconds)

    def _come_back(self, lane: str, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        loop.call_later(max(seconds, 0.05), self._hall.bells.outbox.ring, [lane])

    async def _postpone(self, row: Row, seconds: float) -> None:
        until = self._hall.clock.now() + timedelta(seconds=seconds)
        await self._hall.database.write(lambda c: outbox.postpone(c, row.id, until))

    async def _refused(self, row: Row, refusal: Refused) -> _Sent | None:
        if refusal.errcode == ALREADY:
            return _Sent(row.id)
        moving = refusal.status == FORBIDDEN and await self._is_moving(row.lane)
        patience = WHILE_IT_MOVES if moving else GIVE_UP_AFTER
        if (moving or refusal.status in PASSING) and row.attempts < patience:
            if refusal.status != TIMED_OUT:
                await self._note_untried(row)
            await self._postpone(row, wait_before(row.attempts + 1))
            return None
        if not await self._waits_here(row):
            return None  # it has moved meanwhile, and is said where it waits now
        log.error("refused for good: key=%s error=%s", row.key, refusal)
        return _Sent(row.id, failure=refusal.errcode)

    async def _is_moving(self, lane: str) -> bool:
        """Where a room was upgraded nobody may speak: it is said in the one that follows."""
        left = await self._hall.database.read(rooms.replaced)
        return any(room.room_id == lane for room, _ in left)

    # ── one row ───────────────────────────────────────────────────────────────────────────────

    async def _send(self, row: Row) -> _Sent | None:
        if row.lane.startswith("@"):
            await self._open_direct_chat(UserId(row.lane))
            return None  # the row has moved to that room's lane
        room_id = RoomId(row.lane)
        # Meanwhile its direct chat may have become none, or its room have a successor.
        if not await self._waits_here(row):
            return None
        earlier = await self._sent_before(row, room_id)
        if earlier is not None:
            return _Sent(row.id, earlier)
        match row.action:
            case Action.MESSAGE | Action.REACTION:
                related = await self._related(row, row.content or {})
                if related is None:
                    return _Sent(row.id, failure="nothing to relate to")
                event_id = await self._hall.client.send(room_id, row.type, related, row.txn_id)
            case Action.EXAMINE:
                # After a crash the words may be others: under the same id the first ones stand.
                said = await doctor.report(self._hall, row.content or {}, post_key=row.key)
                if not await self._waits_here(row):
                    return None
                event_id = await self._hall.client.send(room_id, row.type, said, row.txn_id)
            case Action.COMPILE:
                wanted = row.content or {}
                made = await compiling.compiled(self._hall, room_id, wanted, post_key=row.key)
                sent = await self._upload(made, room_id)
                if not await self._waits_here(row):  # it took its time
                    return None
                event_id = await self._hall.client.send(room_id, row.type, sent, row.txn_id)
            case Action.FILE:
                uploaded = await self._uploaded(row, room_id)
                content = await self._related(row, uploaded) or uploaded
                if not await self._waits_here(row):
                    return None
                event_id = await self._hall.client.send(room_id, row.type, content, row.txn_id)
            case Action.EDIT:
                original = await self._event_of(row)
                if original is None:
                    return _Sent(row.id, failure="nothing to edit")
                content = rendering.edit(row.content or {}, original)
                event_id = await self._hall.client.send(room_id, row.type, content, row.txn_id)
            case Action.REDACTION:
                original = await self._event_of(row)
                if original is None:
                    return _Sent(row.id, failure="nothing to redact")
                event_id = await self._hall.client.redact(room_id, original, row.txn_id)
            case Action.STATE:
                event_id = await self._hall.client.put_state(
                    room_id, row.type, row.state_key or "", row.content or {}
                )
            case Action.PIN:
                return await self._pin(row, room_id)
            case Action.GATHER:
                poll = await self._event_of(row)
                if poll is None:
                    return _Sent(row.id, failure="nothing to gather")
                held = (row.content or {}).get("held", ())
                await gathering.gather(self._hall, room_id, poll, held)
                return _Sent(row.id)
            case Action.JOIN:
                await self._join(row, room_id)
                return _Sent(row.id)
            case Action.LEAVE:
                await self._hall.client.leave(room_id, str((row.content or {}).get("reason", "")))
                return _Sent(row.id)
        return _Sent(row.id, event_id)

    async def _waits_here(self, row: Row) -> bool:
        return await self._hall.database.read(lambda c: outbox.waits_in(c, row.id, row.lane))

    async def _sent_before(self, row: Row, room_id: RoomId) -> EventId | None:
        """The event of an earlier attempt that Synapse would no longer recognise by its id.

        A row that waited as long as that may come from a backup, and have been sent since.
        """
        if row.known_as is not None:
            return row.known_as
        since = row.attempted_at or row.created_at
        if since is None or row.action not in LOOKED_UP:
            return None
        old = self._hall.clock.now() - since > TXN_REMEMBERED
        if not old and row.device in (None, self._hall.device):
            return None
        return await self._hall.client.find_post(
            room_id, row.key, milliseconds(since), txn_id=row.txn_id
        )

    async def _uploaded(self, row: Row, room_id: RoomId) -> Mapping[str, Any]:
        """The content with the file's address, written down before it is used."""
        content = dict(row.content or {})
        if rendering.DATA not in content:
            return content  # an earlier attempt has uploaded it
        content = await self._upload(content, room_id)
        await self._hall.database.write(lambda c: outbox.note_upload(c, row, content))
        return content

    async def _upload(self, content: Mapping[str, Any], room_id: RoomId) -> dict[str, Any]:
        """The content with the file's address in place of its bytes."""
        rest = {key: value for key, value in content.items() if key != rendering.DATA}
        data = b64decode(content[rendering.DATA])
        info = rest["info"]["mimetype"]
        return rest | dict(await self._hall.client.upload(room_id, data, info, rest["filename"]))

    async def _related(self, row: Row, content: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The content with its relation to an earlier post of ours, if it names one.

        None if that post never became an event, and this one makes no sense without it.
        """
        if row.changes is None:
            return content
        target = await self._event_of(row)
        if row.action is Action.REACTION or row.type == polls.END:
            return None if target is None else rendering.related(content, row.type, target)
        return content if target is None else rendering.in_thread(content, target)

    async def _event_of(self, row: Row) -> EventId | None:
        return await self._hall.database.read(lambda c: outbox.event_of(c, row.changes or ""))

    async def _pin(self, row: Row, room_id: RoomId) -> _Sent:
        target = await self._event_of(row)
        if target is None:
            return _Sent(row.id, failure="nothing to pin")
        pins: Mapping[str, Any] = await self._hall.client.state_event(room_id, row.type) or {}
        listed = pins.get("pinned")  # anybody with the power may have written anything
        pinned = [e for e in listed if isinstance(e, str)] if isinstance(listed, list) else []
        gone = await self._hall.database.read(lambda c: outbox.taken_back(c, pinned))
        pinned = [e for e in pinned if e not in gone]
        if target in pinned:
            return _Sent(row.id)
        content = {"pinned": [*pinned, target]}
        try:
            return _Sent(row.id, await self._hall.client.put_state(room_id, row.type, "", content))
        except Refused as refusal:
            if refusal.status != 403:
                raise
            # A guest in somebody else's room: what was to be pinned stands there all the same.
            log.info("not allowed to pin: room=%s key=%s", room_id, row.key)
            return _Sent(row.id)

    async def _join(self, row: Row, room_id: RoomId) -> None:
        content = row.content or {}
        joined = await self._hall.client.join(room_id, tuple(content.get("via", ())))
        person = content.get("direct_with")

        def note(connection: Connection) -> RoomKind:
            known = rooms.know(connection, joined)
            rooms.change(connection, joined, joined=True)
            if person and known.kind not in OURS:
                rooms.change(connection, joined, kind=RoomKind.DIRECT.value, direct_with=person)
            return known.kind

        kind = await self._hall.database.write(note)
        # It may be a successor that we were waiting for, or a room that we had been removed from.
        self._hall.bells.upgrades.ring([LOOK_AGAIN] if kind in OURS else [])

    async def _open_direct_chat(self, person: UserId) -> None:
        """Make a direct chat, unless one came to be since the post was queued."""
        chat = await self._hall.database.read(lambda c: rooms.direct_with(c, person))
        if chat is not None:
            room_id = chat.room_id
        else:
            room_id = await self._made_before(person) or await self._hall.client.create_room(
                direct_chat(person)
            )
        me, now = self._hall.me, self._hall.clock.now()

        def note(connection: Connection) -> None:
            if chat is None:
                room = rooms.know(connection, room_id, RoomKind.DIRECT)
                rooms.change(connection, room_id, direct_with=person, encrypted=True)
                numbers = people.numbers(connection, (me, person))
                rooms.expect(connection, room.id, {numbers[me]: "join", numbers[person]: "invite"})
            outbox.move_lane(connection, person, room_id)

        await self._hall.database.write(note)
        log.info("direct chat opened: room=%s at=%s", room_id, now.isoformat())
        self._hall.bells.outbox.ring([room_id])

    async def _made_before(self, person: UserId) -> RoomId | None:
        """A direct chat whose making was never answered to us: createRoom has no transaction id."""
        known = await self._hall.database.read(
            lambda c: {room.room_id for room in rooms.find(c) if room.kind is not RoomKind.OTHER}
        )
        for room_id in await self._hall.client.joined_rooms():
            if room_id in known:
                continue
            if is_our_direct_chat(await self._hall.client.state(room_id), self._hall.me, person):
                return room_id
        return None


def is_our_direct_chat(state: Sequence[Mapping[str, Any]], me: UserId, person: UserId) -> bool:
    """Whether a room is one that we made for this person, and nobody else is in it.

    The mark alone proves nothing: anybody can write it into a room and invite us there.
    """
    made = marked = False
    present = set()
    for raw in state:
        content = raw.get("content")
        content = content if isinstance(content, Mapping) else {}
        match raw.get("type"):
            case "m.room.create":
                made = raw.get("sender") == me
            case type_ if type_ == DIRECT_STATE:
                marked = raw.get("sender") == me and content.get("user_id") == person
            case "m.room.member" if content.get("membership") in ("join", "invite"):
                present.add(raw.get("state_key"))
    return made and marked and present <= {me, person}


def direct_chat(person: UserId) -> dict[str, Any]:
    """What a direct chat is created with: private, encrypted, and knowing whom it is for."""
    return {
        # Never trusted_private_chat: in version 12 it makes the invited a creator.
        "preset": "private_chat",
        "is_direct": True,
        "invite": [person],
        "initial_state": [
            {
                "type": "m.room.encryption",
                "state_key": "",
                "content": {"algorithm": "m.megolm.v1.aes-sha2"},
            },
            {"type": DIRECT_STATE, "state_key": "", "content": {"user_id": person}},
        ],
    }


def settle_and_claim(
    connection: Connection, lane: str, device: str, sent: _Sent | None, now: datetime
) -> Row | None:
    """Write down what became of the last row and claim the next: one commit for both."""
    if sent is not None:
        outbox.settle(connection, sent.row, now, event_id=sent.event_id, failure=sent.failure)
    return outbox.claim(connection, lane, device, now)

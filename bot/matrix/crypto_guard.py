"""End-to-end encryption through nio, with guards around what nio gets wrong.

nio sees only what encryption needs: to-device messages, device lists, and who is in the encrypted
rooms. Everything else is read from the raw answer, so that a fault in here costs a key at most,
never an answer. Numbers in comments are the rows of the trap table in the Matrix reference.
"""

import asyncio
import contextlib
import json
import logging
import secrets
from collections import defaultdict
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import aiohttp
from nio import (
    AsyncClient,
    AsyncClientConfig,
    ErrorResponse,
    KeysClaimResponse,
    MegolmEvent,
    RoomKeyEvent,
    SyncResponse,
    ToDeviceEvent,
)
from nio.crypto import Olm
from nio.exceptions import EncryptionError
from nio.store import SqliteStore

from bot.matrix import renewal
from bot.matrix.device import Device
from bot.matrix.errors import MatrixError, Unauthorised, Unreachable
from bot.matrix.http import Http, failure, path_of
from bot.matrix.key_store import is_store_trouble, store_must_work
from bot.matrix.own_keys import OwnKeys
from storage.records import RoomId

_LOG = logging.getLogger(__name__)
_MEGOLM: Final = "m.megolm.v1.aes-sha2"
_NIO_SECONDS: Final = 30.0  # for one request that nio makes itself
_UNREACHED_SECONDS: Final = 600.0  # between attempts to reach devices without keys
_DEAD_SERVER_SECONDS: Final = 300.0  # Synapse itself waits ten seconds for one that is away
_VISIBILITY: Final = "m.room.history_visibility"
_FOR_NIO: Final = frozenset({"m.room.member", "m.room.encryption"})


class CryptoGuard:
    """The device's keys, and which rooms need them."""

    def __init__(self, http: Http, device: Device, store: Path, pickle_key: str) -> None:
        """Open the key store; Unauthorised if it is not ours to open."""
        # At ERROR nio logs what failed its schemas: bodies, and once room keys.
        logging.getLogger("nio").setLevel(logging.CRITICAL)
        self._http = http
        self._nio = AsyncClient(
            http.url,
            device.user_id,
            device.device_id,
            store_path=str(store),
            config=AsyncClientConfig(
                store=SqliteStore,  # one file, to be backed up with ease
                pickle_key=pickle_key,  # 7: the default is a known word
                store_sync_tokens=False,  # the sync position is ours
                max_limit_exceeded=0,  # 429 is answered, not slept away
                max_timeouts=0,
                request_timeout=_NIO_SECONDS,
            ),
        )
        self._nio.client_session = http.session
        try:
            self._nio.restore_login(device.user_id, device.device_id, device.access_token)
        except Exception as error:
            raise Unauthorised(
                f"the key store cannot be opened ({type(error).__name__}): wrong pickle key?"
            ) from None
        self.own = OwnKeys(http, self._nio)
        self._locks: defaultdict[RoomId, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._querying = asyncio.Lock()
        self._told_meanwhile: set[str] = set()  # whose devices changed while we asked for them
        self._unanswered: frozenset[str] = frozenset()
        self._ask_again_at = 0.0
        self._for_members_only: set[RoomId] = set()  # history visibility "joined"
        self._shared_with: dict[RoomId, set[tuple[str, str]]] = {}  # who has the session's key
        self._unreached: dict[RoomId, _Unreached] = {}
        self.changed_devices: set[tuple[str, str]] = set()  # user and device, with other keys now

    @property
    def unreached(self) -> set[tuple[str, str]]:
        """Members' devices that have no keys left to be reached by, and so read nothing."""
        return {device for room in self._unreached.values() for device in room.devices}

    def is_encrypted(self, room_id: RoomId) -> bool:
        """Whether the room is known to be encrypted; once is for ever."""
        return room_id in self._nio.encrypted_rooms

    def knows_members(self, room_id: RoomId) -> bool:
        """Whether a sync has brought the room, so that one can encrypt for its members."""
        room = self._nio.rooms.get(room_id)
        return room is not None and bool(room.encrypted)

    def close(self) -> None:
        """Close the key store; the connection pool belongs to the client."""
        self._nio.client_session = None
        self._nio.store.database.close()

    async def begin_anew(self) -> None:
        """After a restore: new one-time keys, and a new session with every device we know.

        The old sessions stay, to read what others send until they notice.
        """
        await renewal.use_up_our_keys(self._http, self._nio.user_id, self._nio.device_id)
        await self.own.replace_fallback()  # that on the homeserver may be younger than the backup
        devices = defaultdict(list)
        for device in self._nio.device_store:
            if self._nio.olm.session_store.get(device.curve25519) is not None:
                devices[device.user_id].append(device.id)
        for portion in renewal.in_portions(devices):
            await self._claim_keys(portion)

    # ── receiving ─────────────────────────────────────────────────────────────────────────────

    async def receive(self, answer: Mapping[str, Any]) -> list[tuple[RoomId, str]]:
        """Take the keys and the members out of a raw sync answer; tell whose keys came.

        Unreachable if the key store cannot be written: nothing is lost then, because the same
        position will be asked for again.
        """
        try:
            with store_must_work():
                new_keys = self._receive_to_device(_events(answer.get("to_device")))
        except MatrixError:
            self._forget_unsaved()
            raise
        try:
            with store_must_work():
                await self._receive_rooms(answer)
        except MatrixError:
            raise
        except Exception as error:
            _LOG.error("nio could not read the members of a sync answer: %s", type(error).__name__)
        self.own.count(answer)
        return new_keys

    def _receive_to_device(self, events: list[Any]) -> list[tuple[RoomId, str]]:
        if not events:
            return []
        # All or nothing: nio stores that a ratchet was turned before it stores the key that the
        # turn gave. Killed in between, we could not read the same message when it comes again.
        with self._nio.store.database.atomic():
            return self._receive_each(events)

    def _receive_each(self, events: list[Any]) -> list[tuple[RoomId, str]]:
        new_keys: list[tuple[RoomId, str]] = []
        for raw in events:
            event = None
            try:
                event = ToDeviceEvent.parse_event(raw)
                decrypted = self._nio.olm.handle_to_device_event(event)
            except Exception as error:
                if is_store_trouble(error):
                    raise
                # 1: one bad message, from anybody, would otherwise end the whole sync.
                _LOG.warning("a to-device message could not be read: %s", type(error).__name__)
                self._unwedge(event)
                continue
            if isinstance(decrypted, RoomKeyEvent):
                new_keys.append((RoomId(decrypted.room_id), str(decrypted.session_id)))
        return new_keys

    def _forget_unsaved(self) -> None:
        """Go back to what is stored, so that the same messages can be taken in once more."""
        nio = self._nio
        nio.olm = Olm(nio.user_id, nio.device_id, nio.store)
        for room in nio.rooms.values():
            nio.olm.update_tracked_users(room)

    def _unwedge(self, event: Any) -> None:
        sender, key = getattr(event, "sender", None), getattr(event, "sender_key", None)
        if sender and key:
            with contextlib.suppress(Exception):
                self._nio.olm._mark_device_for_unwedging(sender, key)

    async def _receive_rooms(self, answer: Mapping[str, Any]) -> None:
        rooms = answer.get("rooms")
        rooms = rooms if isinstance(rooms, dict) else {}
        joined: dict[str, Any] = {}
        for room_id, room in _items(rooms.get("join")):
            parts = ("state", "timeline", "state_after")
            events = [event for part in parts for event in _events(room.get(part))]
            self._note_visibility(room_id, events)
            news = [event for event in events if _is_for_nio(event)]
            if news and (room_id in self._nio.encrypted_rooms or any(map(_encrypts, news))):
                joined[room_id] = {"state": {"events": news}, "timeline": {"events": []}}
        for room_id, _ in _items(rooms.get("leave")):
            # nio keeps left rooms for ever, and would share keys with their members.
            self._nio.rooms.pop(room_id, None)
            self._nio.olm.outbound_group_sessions.pop(room_id, None)
        device_lists = answer.get("device_lists") or {}
        self._told_meanwhile.update(_changed(device_lists))
        if not joined and not any(device_lists.values()):
            return  # a clear room's news is none of nio's business, and costs it 0.5 ms
        self._nio.next_batch = ""  # else nio skips an answer that it has seen before
        response = SyncResponse.from_dict(
            {
                "next_batch": str(answer.get("next_batch")),
                "rooms": {"join": joined, "invite": {}, "leave": {}},
                "device_lists": device_lists,
                "device_one_time_keys_count": {},
                "to_device": {"events": []},
            }
        )
        if isinstance(response, ErrorResponse):
            raise _GarbledError
        await self._nio.receive_response(response)

    def _note_visibility(self, room_id: RoomId, events: list[Any]) -> None:
        for event in events:
            if isinstance(event, dict) and event.get("type") == _VISIBILITY:
                content = event.get("content")
                visibility = content.get("history_visibility") if isinstance(content, dict) else 0
                if visibility == "joined":
                    self._for_members_only.add(room_id)
                else:
                    self._for_members_only.discard(room_id)

    def decrypt(self, raw: Mapping[str, Any], room_id: RoomId) -> Mapping[str, Any] | None:
        """What an encrypted event holds (`type` and `content`); None without its key.

        nio's own way checks each payload against schemas, and lets a message without `msgtype`
        end the whole sync with a KeyError.
        """
        try:
            return self._decrypt(raw, room_id)
        except Exception as error:
            _LOG.warning("%s cannot be decrypted: %s", raw.get("event_id"), type(error).__name__)
            return None

    def _decrypt(self, raw: Mapping[str, Any], room_id: RoomId) -> Mapping[str, Any] | None:
        content, olm = raw["content"], self._nio.olm
        if content.get("algorithm") != _MEGOLM:
            return None
        session_id = content["session_id"]
        # 15: sender_key and device_id may be missing since version 1.3 of the specification.
        sender_key = content.get("sender_key") or self._sender_key(room_id, session_id) or ""
        event = MegolmEvent(
            {**raw}, content.get("device_id", ""), content["ciphertext"], _MEGOLM, room_id
        )
        event.sender_key, event.session_id = sender_key, session_id
        session = olm.inbound_group_store.get(room_id, sender_key, session_id)
        if session is None:
            olm.check_if_wedged(event)
            return None
        plaintext, index = session.decrypt(event.ciphertext)
        if not olm.message_index_ok(index, event):
            raise EncryptionError("replayed")
        payload = json.loads(plaintext)
        if not isinstance(payload, dict) or payload.get("room_id") != room_id:
            raise EncryptionError("meant for another room")
        return payload

    def _sender_key(self, room_id: RoomId, session_id: str) -> str | None:
        senders = self._nio.olm.inbound_group_store[room_id]
        return next((key for key, sessions in senders.items() if session_id in sessions), None)

    def has_key(self, raw: Mapping[str, Any], room_id: RoomId) -> bool:
        """Whether it is worth trying: without the key nio would ask for it each time."""
        content = raw.get("content")
        session_id = content.get("session_id") if isinstance(content, dict) else None
        return isinstance(session_id, str) and self._sender_key(room_id, session_id) is not None

    # ── sending ───────────────────────────────────────────────────────────────────────────────

    async def encrypt(
        self, room_id: RoomId, type: str, content: Mapping[str, Any]
    ) -> tuple[str, Mapping[str, Any]]:
        """The type and content to send; the relation stays readable, as servers need it.

        6: to every device of every member, verified or not: trust on first use, as documented.
        """
        async with self._locks[room_id]:
            try:
                with store_must_work():
                    await self._prepare(room_id)
                    encrypted: tuple[str, Mapping[str, Any]] = self._nio.encrypt(
                        room_id, type, dict(content)
                    )
                    return encrypted
            except MatrixError:
                raise
            except Exception as error:
                raise Unreachable(f"cannot encrypt: {_name(error)}") from None

    async def _prepare(self, room_id: RoomId) -> None:
        """See to it that all devices in the room have the key of what is said next."""
        if not self.knows_members(room_id):
            raise Unreachable("the next sync brings this room's members")  # 12
        while not self._nio.rooms[room_id].members_synced:
            await self._learn_members(room_id)
        await self._reach_more(room_id)
        if self._devices_in(room_id) != self._shared_with.get(room_id):
            # Somebody came or went, or the invited are to read along from now on, or no more.
            self._nio.olm.outbound_group_sessions.pop(room_id, None)
        while self._nio.olm.should_share_group_session(room_id):
            await self._query_devices()  # 5: devices that came since
            await self._claim(room_id)
            devices = self._devices_in(room_id)
            await self._share(room_id)
            self._shared_with[room_id] = devices
            if self._devices_in(room_id) != devices:
                # A sync came in between, and nio leaves a session alone that is not shared yet:
                # who joined would have no key, and who left would have one too many.
                self._nio.olm.outbound_group_sessions.pop(room_id, None)

    async def _learn_members(self, room_id: RoomId) -> None:
        """Ask who is in a room or invited: a sync in the midst of its making has not told all.

        Instead of nio's, which overlooks the invited: they could not read what is said to them
        before they come.
        """
        room = self._nio.rooms[room_id]
        known = set(room.users)
        path, query = path_of("rooms", room_id, "members"), {"not_membership": "leave"}
        members = (await self._http.get(path, query)).get("chunk")
        if set(room.users) != known:
            return  # a sync came in between and knows better: ask again
        for user, membership in _memberships(members):
            if membership in ("join", "invite"):
                room.add_member(user, None, None, invited=membership == "invite")
        room.members_synced = True
        self._nio.olm.update_tracked_users(room)

    def _readers(self, room_id: RoomId) -> list[str]:
        """Who may read what is said next: the invited, too, unless the room wants them to wait."""
        room = self._nio.rooms[room_id]
        invited = () if room_id in self._for_members_only else room.invited_users
        return [user for user in room.users if user in invited or user not in room.invited_users]

    def _devices_in(self, room_id: RoomId) -> set[tuple[str, str]]:
        users, store = self._readers(room_id), self._nio.device_store
        return {(user, device.id) for user in users for device in store.active_user_devices(user)}

    async def _share(self, room_id: RoomId) -> None:
        """Give the room's key to all devices in it.

        Instead of nio's, which (3) waits for ever after one that failed, and (4) calls a session
        shared although the homeserver refused the messages.
        """
        olm = self._nio.olm
        for devices, messages in olm.share_group_session_parallel(
            room_id, self._readers(room_id), ignore_unverified_devices=True
        ):
            path = path_of("sendToDevice", "m.room.encrypted", secrets.token_urlsafe(16))
            await self._http.put(path, messages)
            # Noted at once: if the next batch fails, the next attempt goes on from here.
            olm.outbound_group_sessions[room_id].users_shared_with.update(devices)
        olm.outbound_group_sessions[room_id].shared = True

    async def _query_devices(self) -> None:
        """Learn whose devices there are; users of a dead server are asked about now and then."""
        async with self._querying:
            users = frozenset(self._nio.users_for_key_query)
            now = _now()
            if not users or (users <= self._unanswered and now < self._ask_again_at):
                return
            self._told_meanwhile.clear()
            try:
                answer = await self._ask(self._nio.keys_query())
                self._notice_changes(answer.device_keys if answer is not None else {})
            except MatrixError:
                raise
            except Exception as error:
                _LOG.warning("devices could not be read: %s", type(error).__name__)
            # Not those of whom a sync told since: they were not asked about.
            self._unanswered = users & self._nio.users_for_key_query
            self._ask_again_at = now + _DEAD_SERVER_SECONDS
            # The answer may be older than the news, and nio calls everybody in it known: a device
            # that was logged in meanwhile would read nothing for as long as it lives.
            self._nio.olm.add_changed_users(self._told_meanwhile)

    def _notice_changes(self, answer: Mapping[str, Mapping[str, Any]]) -> None:
        """8: a device whose signing key is another now is read by nobody, and nio says nothing.

        Somebody lost their keys and kept the token, or somebody else has the token.
        """
        for user, devices in answer.items():
            # Those that were logged out since are nobody's concern any more.
            logged_out = {
                one for one in self.changed_devices if one[0] == user and one[1] not in devices
            }
            self.changed_devices -= logged_out
            known = self._nio.device_store[user]
            for device, keys in devices.items():
                key = keys.get("keys", {}).get(f"ed25519:{device}")
                changed = device in known and known[device].ed25519 != key
                if changed and (user, device) not in self.changed_devices:
                    self.changed_devices.add((user, device))
                    _LOG.warning("the keys of %s %s are others now: not trusted", user, device)

    async def _reach_more(self, room_id: RoomId) -> None:
        """Now and then: whoever was left out because no key could be claimed gets the next one.

        5: nio leaves such a device out for as long as the session lasts, up to seven days.
        """
        short = self._unreached.get(room_id)
        if short is None or _now() < short.try_at:
            return
        await self._claim(room_id)
        still = self._unreached.get(room_id)
        if still is None or len(still.devices) < len(short.devices):
            self._nio.olm.outbound_group_sessions.pop(room_id, None)

    async def _claim(self, room_id: RoomId) -> None:
        missing = self._nio.olm.get_missing_sessions(self._readers(room_id))
        if missing:
            await self._claim_keys(missing)
            missing = self._nio.olm.get_missing_sessions(self._readers(room_id))
        devices = frozenset((user, device) for user, ids in missing.items() for device in ids)
        if devices:
            self._unreached[room_id] = _Unreached(devices, _now() + _UNREACHED_SECONDS)
            _LOG.warning("%s: %d devices have no keys to be reached by", room_id, len(devices))
        else:
            self._unreached.pop(room_id, None)

    async def _claim_keys(self, devices: Mapping[str, list[str]]) -> None:
        """Open sessions with those devices, as far as they have keys left.

        Instead of nio's, which ends in a TypeError at any refusal, and in which one device's bad
        key keeps the others from theirs.
        """
        wanted = {user: dict.fromkeys(ids, "signed_curve25519") for user, ids in devices.items()}
        answer = await self._http.post(path_of("keys", "claim"), {"one_time_keys": wanted})
        for user, keys in _items(answer.get("one_time_keys")):
            for device, key in keys.items():
                try:
                    with store_must_work():
                        claimed = KeysClaimResponse({user: {device: key}}, {})
                        self._nio.olm.handle_response(claimed)
                except MatrixError:
                    raise
                except Exception as error:
                    _LOG.warning("bad keys of %s %s: %s", user, device, type(error).__name__)

    # ── chores ────────────────────────────────────────────────────────────────────────────────

    async def chores(self) -> None:
        """What encryption needs after a sync; a failure is logged and tried again next time."""
        nio, own = self._nio, self.own
        chores: tuple[tuple[str, bool, Callable[[], Coroutine[Any, Any, Any]]], ...] = (
            ("upload our keys", own.should_upload, own.upload),
            ("upload a fallback key", own.should_replace_fallback, own.replace_fallback),
            ("query devices", nio.should_query_keys, self._query_devices),
            ("claim keys", nio.should_claim_keys, self._claim_for_wedged),
            ("send to devices", bool(nio.outgoing_to_device_messages), self._send_to_devices),
        )
        for name, is_due, chore in chores:
            if not is_due:
                continue
            try:
                async with asyncio.timeout(_NIO_SECONDS):
                    _raise_if_error(await chore())
            except Exception as error:
                _LOG.warning("could not %s: %s", name, _name(error))

    async def _claim_for_wedged(self) -> None:
        await self._claim_keys(self._nio.get_users_for_key_claiming())

    async def _send_to_devices(self) -> None:
        for answer in await self._nio.send_to_device_messages():
            _raise_if_error(answer)

    async def _ask(self, request: Coroutine[Any, Any, Any]) -> Any:
        """Await one of nio's requests; its answers that are errors are raised."""
        try:
            with store_must_work():
                # Not wait_for: in Python 3.11 it swallows a cancellation that meets an answer.
                async with asyncio.timeout(_NIO_SECONDS):
                    answer = await request
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Unreachable(type(error).__name__) from None
        _raise_if_error(answer)
        return answer


@dataclass(frozen=True, slots=True)
class _Unreached:
    """Devices in a room that could not be given its key."""

    devices: frozenset[tuple[str, str]]  # user and device
    try_at: float  # by the loop's clock


class _GarbledError(Exception):
    """A good answer with something in it that nio's schemas refuse."""


def _raise_if_error(answer: Any) -> None:
    if answer is None:
        return
    # nio takes a proxy's empty error page for a good answer with nothing in it.
    response = answer.transport_response
    status = response.status if response is not None else 500
    if status >= 300:
        errcode, wait = (getattr(answer, name, None) for name in ("status_code", "retry_after_ms"))
        raise failure(status, {"errcode": errcode, "retry_after_ms": wait})
    if isinstance(answer, ErrorResponse):
        raise _GarbledError


def _now() -> float:
    return asyncio.get_running_loop().time()


def _name(error: Exception) -> str:
    return str(error) if isinstance(error, MatrixError) else type(error).__name__


def _events(part: Any) -> list[Any]:
    events = part.get("events") if isinstance(part, dict) else None
    return events if isinstance(events, list) else []


def _changed(device_lists: Any) -> list[str]:
    changed = device_lists.get("changed") if isinstance(device_lists, dict) else None
    listed = changed if isinstance(changed, list) else []
    return [user for user in listed if isinstance(user, str)]


def _items(section: Any) -> list[tuple[RoomId, dict[str, Any]]]:
    if not isinstance(section, dict):
        return []
    return [(RoomId(room_id), room) for room_id, room in section.items() if isinstance(room, dict)]


def _memberships(events: Any) -> Iterator[tuple[str, Any]]:
    for event in events if isinstance(events, list) else []:
        content = event.get("content") if isinstance(event, dict) else None
        if isinstance(content, dict) and isinstance(event.get("state_key"), str):
            yield event["state_key"], content.get("membership")


def _is_for_nio(event: Any) -> bool:
    return isinstance(event, dict) and event.get("type") in _FOR_NIO and "state_key" in event


def _encrypts(event: Mapping[str, Any]) -> bool:
    content = event.get("content")
    return (
        event.get("type") == "m.room.encryption"
        and isinstance(content, dict)
        and isinstance(content.get("algorithm"), str)
    )

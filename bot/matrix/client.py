"""The homeserver, as the hall sees it: one account, one device, our own records in and out."""

import asyncio
import json
import logging
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NoReturn, Self

from nio.crypto.attachments import encrypt_attachment

from bot.matrix import renewal
from bot.matrix.answers import Page, RawEvent, RawPage, SyncAnswer, Unreadable
from bot.matrix.cross_signing import CrossSigning, Signing
from bot.matrix.crypto_guard import CryptoGuard
from bot.matrix.device import Device, pickle_key_of, prepare_store
from bot.matrix.errors import MatrixError, Refused, Unreachable
from bot.matrix.examining import Devices, Examiner, server_version
from bot.matrix.http import DOWNLOADS, MEDIA, V1, Http, path_of, text_of
from bot.matrix.login import device_of_store, device_of_token, whoami
from bot.matrix.parsing import clean, read_room_event
from bot.matrix.reading import (
    has_events,
    joined_rooms,
    raw_events,
    read_event,
    read_page,
    read_raw_page,
    read_redaction_of,
    read_references,
    read_sync_answer,
)
from bot.matrix.rendering import POST_KEY
from storage.records import EventId, RoomEvent, RoomId, UserId

# One filter everywhere. All members come with a room's state: our tables hold who is in it.
_FILTER: Final = json.dumps(
    {
        "presence": {"not_types": ["*"]},
        "account_data": {"not_types": ["*"]},
        "room": {
            "timeline": {"limit": 100},  # 10 by default; Synapse gives 100 at most
            "state": {"lazy_load_members": False},
            "ephemeral": {"not_types": ["*"]},
            "account_data": {"not_types": ["*"]},
        },
    },
    separators=(",", ":"),
)
_SYNC_GRACE: Final = 30.0  # seconds that an answer may come after the long poll's end
_FULL_SYNC_SECONDS: Final = 300.0  # all rooms with all their state
_NOT_ENCRYPTED: Final = frozenset({"m.reaction"})  # always in clear, also in encrypted rooms
_SIGNING_SECONDS: Final = 3600.0  # between looks at a signature that is missing
_FILE_SECONDS: Final = 300.0  # for one file
_UPLOAD_WAIT_MS: Final = 20_000
# https://spec.matrix.org/v1.16/client-server-api/#matrix-content-mxc-uris
_MXC: Final = re.compile(r"mxc://([A-Za-z0-9.:\[\]-]{1,255})/([A-Za-z0-9_-]{1,255})")
_MOST_PAGES: Final = 200  # when looking for a post; 20,000 events of our own
_REFERENCES: Final = 100  # a page; Synapse gives five if it is not asked for more


_LOG = logging.getLogger(__name__)


class MatrixClient:
    """One device of one account. Every method raises a MatrixError when it fails."""

    def __init__(
        self, http: Http, crypto: CryptoGuard, cross_signing: CrossSigning, device: Device
    ) -> None:
        """Use `open`."""
        self.user_id = device.user_id
        self.device_id = device.device_id
        self.url = http.url
        self._http = http
        self._crypto = crypto
        self._cross_signing = cross_signing
        self.signing = Signing.UNSIGNED  # as it was when we last looked
        self._look_again_at = 0.0
        self._clear: set[RoomId] = set()  # rooms known not to be encrypted

    @classmethod
    async def open(
        cls,
        url: str,
        user_id: UserId,
        *,
        password: str | None,
        access_token: str | None,
        device_name: str,
        store: Path,
        pickle_key: str | None,
        replace_signing_keys: bool = False,
    ) -> Self:
        """Log in at the first start, and be the same device at every later one; sign it.

        The device is kept in `store/device.json`. A later start with a password asks nobody: a
        dead token shows at the first sync, as Unauthorised, and never makes another device.
        A configured token is asked whose it is. `pickle_key` None: one is made and kept.
        The account's signing keys are made if it has none; see `CrossSigning` for replacing them.
        """
        await asyncio.to_thread(prepare_store, store)
        http = Http(url)
        try:
            if access_token is not None:
                device = await device_of_token(http, user_id, access_token.strip())
            else:
                device = await device_of_store(http, user_id, password, device_name, store)
            http.use_token(device.access_token)
            secret = pickle_key or pickle_key_of(store)
            crypto = CryptoGuard(http, device, store, secret)
            try:
                await crypto.own.introduce()
                cross_signing = CrossSigning(
                    http, device, crypto.own, store, secret=secret, password=password
                )
                client = cls(http, crypto, cross_signing, device)
                if renewal.is_due(store):
                    await crypto.begin_anew()
                    renewal.done(store)
                await client.keep_signed(replace=replace_signing_keys)
            except BaseException:
                crypto.close()
                raise
        except BaseException:
            await http.close()
            raise
        return client

    async def close(self) -> None:
        """Close the connections and the key store; the device stays logged in."""
        self._crypto.close()
        await self._http.close()

    # ── what happened ─────────────────────────────────────────────────────────────────────────

    async def sync(self, since: str | None, *, timeout_ms: int, full_state: bool) -> SyncAnswer:
        """What happened since that position, decrypted where the keys are here.

        The keys in it are stored before this returns; our position is the caller's to keep. The
        answer is a plain value: if a commit fails, process it again. Full state at every start:
        encryption needs to see who is in the rooms.
        """
        query: dict[str, str | int] = {"filter": _FILTER, "timeout": timeout_ms}
        if since is not None:
            query["since"] = since
        if full_state:
            query["full_state"] = "true"
        waits = _FULL_SYNC_SECONDS if full_state or since is None else _SYNC_GRACE
        answer = await self._http.get(path_of("sync"), query, seconds=timeout_ms / 1000 + waits)
        text_of(answer, "next_batch")  # without a position it is no answer
        await self._settle_state(answer)
        new_keys = await self._crypto.receive(answer)
        return read_sync_answer(answer, self.user_id, self._crypto.decrypt, new_keys)

    async def _settle_state(self, answer: Mapping[str, Any]) -> None:
        """Put the state that holds now in place of a state block that comes with a timeline.

        The block is the state before the timeline's first event, as that event saw it. Where two
        events crossed (one leaves while another joins) it can tell older news than the answer
        before, and no later answer would put it right: who left would stay in the room. Matrix
        1.16 has `state_after` for that (MSC4222), which few homeservers give yet.
        """
        for room_id, part in joined_rooms(answer):
            if has_events(part, "state") and has_events(part, "timeline"):
                try:
                    current = await self.state(room_id)
                except Refused:
                    continue  # we left it meanwhile: the next answer says so
                part["state"], part["state_after"] = {}, {"events": current}

    async def after_sync(self) -> None:
        """Upload, query and claim keys: call it after the answer is committed. Never fails."""
        await self._crypto.chores()
        if self.signing is not Signing.SIGNED and _now() >= self._look_again_at:
            try:
                await self.keep_signed()
            except MatrixError as trouble:
                _LOG.warning("could not sign our device: %s", trouble)

    async def keep_signed(self, *, replace: bool = False) -> None:
        """Look whether our device is signed, and sign it; `signing` then tells."""
        self._look_again_at = _now() + _SIGNING_SECONDS
        self.signing = await self._cross_signing.sign_device(replace=replace)
        if self.signing is not Signing.SIGNED:
            _LOG.warning("our device is not signed (%s): `moothall doctor`", self.signing.value)

    def try_again(self, unreadable: Unreadable) -> RoomEvent | None:
        """The event, if its key has come since; None if not."""
        if not self._crypto.has_key(unreadable.raw, unreadable.room_id):
            return None
        event = read_event(unreadable.raw, unreadable.room_id, self._crypto.decrypt)
        return event if isinstance(event, RoomEvent) else None

    async def messages(
        self,
        room_id: RoomId,
        *,
        start: str | None,
        end: str | None,
        backwards: bool,
        limit: int = 500,
    ) -> RawPage:
        """One page of history, from `start` (None: the newest, or the very first) towards `end`.

        Go on with `page.end` until the chunk is empty; `read` tells what a page says. 500 is
        where Synapse is fastest.
        """
        return await self._page(room_id, start, end, backwards, limit)

    def read(self, page: RawPage) -> Page:
        """The events of a page, decrypted where the keys are here."""
        return read_page(page, self._decrypt_if_possible)

    async def references(self, room_id: RoomId, event_id: EventId) -> Page:
        """All that refers to an event, as the answers to a poll do; oldest first.

        No type is asked for: in an encrypted room it would be `m.room.encrypted` for all of them.
        """
        path = path_of("rooms", room_id, "relations", event_id, "m.reference", base=V1)
        found: list[RawEvent] = []
        start: str | None = None
        for _ in range(_MOST_PAGES):
            query: dict[str, str | int] = {"limit": _REFERENCES}
            if start is not None:
                query["from"] = start
            chunk, start = read_references(await self._http.get(path, query))
            found += chunk
            if start is None:
                break
        return self.read(RawPage(room_id, tuple(reversed(found)), None))

    async def event(self, room_id: RoomId, event_id: EventId) -> RoomEvent | None:
        """One event, None if there is none for us; without its key it keeps the encrypted type."""
        raw = await self._or_none(path_of("rooms", room_id, "event", event_id))
        if raw is None:
            return None
        event = read_event(raw, room_id, self._decrypt_if_possible)
        return read_room_event(raw, room_id) if isinstance(event, Unreadable) else event

    async def redaction_of(self, room_id: RoomId, event_id: EventId) -> RoomEvent | None:
        """What took an event back; None if it stands, or is none that we may see."""
        raw = await self._or_none(path_of("rooms", room_id, "event", event_id))
        return None if raw is None else read_redaction_of(raw, room_id)

    async def find_post(
        self, room_id: RoomId, key: str, since_ms: int, *, txn_id: str | None = None
    ) -> EventId | None:
        """Our own event with that post key, or sent under that transaction id, if there is one.

        Looks from now back to `since_ms` (milliseconds since 1970, by the server's clock).
        """
        start: str | None = None
        ours = json.dumps({"senders": [self.user_id]})
        for _ in range(_MOST_PAGES):
            page = await self._page(room_id, start, None, True, 100, event_filter=ours)
            read = self.read(page)
            # After a restore the key of what we said ourselves may be gone; its id is in clear.
            sealed = (read_room_event(one.raw, room_id) for one in read.unreadable)
            events = (*read.events, *filter(None, sealed))
            for event in events:
                if event.sender == self.user_id and _is_post(event, key, txn_id):
                    return event.event_id
            start = page.end
            oldest = min((event.at for event in events), default=since_ms)
            if not page.chunk or start is None or oldest < since_ms:
                return None
        return None

    async def _page(
        self,
        room_id: RoomId,
        start: str | None,
        end: str | None,
        backwards: bool,
        limit: int,
        event_filter: str | None = None,
    ) -> RawPage:
        query: dict[str, str | int] = {"dir": "b" if backwards else "f", "limit": limit}
        for name, value in (("from", start), ("to", end), ("filter", event_filter)):
            if value is not None:
                query[name] = value
        answer = await self._http.get(path_of("rooms", room_id, "messages"), query)
        return read_raw_page(answer, room_id)

    def _decrypt_if_possible(self, raw: RawEvent, room_id: RoomId) -> Mapping[str, Any] | None:
        # In history nobody is asked for missing keys: a page may hold hundreds.
        return self._crypto.decrypt(raw, room_id) if self._crypto.has_key(raw, room_id) else None

    # ── saying ────────────────────────────────────────────────────────────────────────────────

    async def send(
        self, room_id: RoomId, type: str, content: Mapping[str, Any], txn_id: str
    ) -> EventId:
        """Send an event, encrypted if the room is; the same id again is the same event.

        Synapse keys the id by device and room, *not* by type, and forgets it after 24 hours.
        """
        if type not in _NOT_ENCRYPTED and await self._is_encrypted(room_id):
            if not self._crypto.knows_members(room_id):
                await self._wait_for_members(room_id)
            type, content = await self._crypto.encrypt(room_id, type, content)
        return _event_id(
            await self._http.put(path_of("rooms", room_id, "send", type, txn_id), content)
        )

    async def redact(
        self, room_id: RoomId, event_id: EventId, txn_id: str, reason: str | None = None
    ) -> EventId:
        """Take an event back; twice, or one that is not there, is no error."""
        path = path_of("rooms", room_id, "redact", event_id, txn_id)
        return _event_id(await self._http.put(path, {} if reason is None else {"reason": reason}))

    async def put_state(
        self, room_id: RoomId, type: str, state_key: str, content: Mapping[str, Any]
    ) -> EventId:
        """Write a state event; what equals the current one makes no new event."""
        path = path_of("rooms", room_id, "state", type, state_key)
        return _event_id(await self._http.put(path, content))

    async def upload(self, room_id: RoomId, data: bytes, mime: str, name: str) -> Mapping[str, Any]:
        """Upload a file for a room, encrypted if the room is; what its event says of it.

        That is `url`, or in an encrypted room `file` with key and hash. Twice is two files.
        """
        if not await self._is_encrypted(room_id):
            answer = await self._http.upload(data, mime, {"filename": name})
            return {"url": text_of(answer, "content_uri")}
        sealed, keys = await asyncio.to_thread(encrypt_attachment, data)
        answer = await self._http.upload(sealed, "application/octet-stream")
        return {"file": {**keys, "url": text_of(answer, "content_uri")}}

    async def download(self, mxc: str, most: int) -> bytes:
        """The bytes of a file, encrypted if it is; more than `most` are Refused M_TOO_LARGE.

        Refused 404 M_NOT_FOUND: nobody has it any more. What is no address is Refused M_BAD.
        """
        found = _MXC.fullmatch(mxc)
        if found is None:
            raise Refused(400, "M_BAD")
        query: dict[str, str | int] = {"timeout_ms": _UPLOAD_WAIT_MS}  # it may be on its way there
        try:
            path = path_of("download", found[1], found[2], base=DOWNLOADS)
            return await self._http.download(path, most, query, seconds=_FILE_SECONDS)
        except Refused as refusal:
            if refusal.errcode != "M_UNRECOGNIZED":
                raise
        # A homeserver of before version 1.11 of the specification.
        path = path_of("download", found[1], found[2], base=MEDIA)
        return await self._http.download(path, most, query, seconds=_FILE_SECONDS)

    async def _is_encrypted(self, room_id: RoomId) -> bool:
        if self._crypto.is_encrypted(room_id):
            return True
        if room_id in self._clear:
            return False
        # Asked once a room and run. A sync can't tell: it may show a new room before the last
        # events of its creation, and what we say first would be read by the server.
        settings = await self.state_event(room_id, "m.room.encryption")
        if settings is not None and isinstance(settings.get("algorithm"), str):
            return True
        self._clear.add(room_id)
        return False

    async def _wait_for_members(self, room_id: RoomId) -> NoReturn:
        """Raise: later if we are in the room, never if not."""
        ours = await self.state_event(room_id, "m.room.member", self.user_id)
        if ours is None or ours.get("membership") != "join":
            raise Refused(403, "M_FORBIDDEN")
        raise Unreachable("the next sync brings this room's members")

    # ── rooms ─────────────────────────────────────────────────────────────────────────────────

    async def state(self, room_id: RoomId) -> list[RawEvent]:
        """The whole current state."""
        return list(raw_events(await self._http.call("GET", path_of("rooms", room_id, "state"))))

    async def state_event(
        self, room_id: RoomId, type: str, key: str = ""
    ) -> Mapping[str, Any] | None:
        """The content of one state event, None if there is none."""
        content = await self._or_none(path_of("rooms", room_id, "state", type, key))
        return None if content is None else _cleaned(content)

    async def create_room(self, body: Mapping[str, Any]) -> RoomId:
        """Create a room. A lost answer and a second try is a second room, unless it has an alias:
        then the second try is Refused M_ROOM_IN_USE, and the alias tells the room."""
        answer = await self._http.post(path_of("createRoom"), body)
        return RoomId(text_of(answer, "room_id"))

    async def join(self, room_id_or_alias: str, via: Sequence[str] = ()) -> RoomId:
        """Join, through one of those servers if ours is not in the room. Twice is no error."""
        # The second name is what servers before version 1.12 of the specification read.
        query = {"via": list(via), "server_name": list(via)} if via else None
        answer = await self._http.post(path_of("join", room_id_or_alias), {}, query)
        return RoomId(text_of(answer, "room_id"))

    async def leave(self, room_id: RoomId, reason: str | None = None) -> None:
        """Leave, or decline an invitation."""
        body = {} if reason is None else {"reason": reason}
        await self._http.post(path_of("rooms", room_id, "leave"), body)

    async def forget(self, room_id: RoomId) -> None:
        """Let the homeserver forget that we were in a room that we have left."""
        await self._http.post(path_of("rooms", room_id, "forget"), {})

    async def invite(self, room_id: RoomId, user_id: UserId) -> None:
        """Invite; an invited person again is no error, a member is Refused M_FORBIDDEN."""
        await self._http.post(path_of("rooms", room_id, "invite"), {"user_id": user_id})

    async def upgrade(self, room_id: RoomId, version: str) -> RoomId:
        """Replace a room by one of another version. Read the tombstone first: twice is two."""
        answer = await self._http.post(
            path_of("rooms", room_id, "upgrade"), {"new_version": version}
        )
        return RoomId(text_of(answer, "replacement_room"))

    async def resolve(self, alias: str) -> tuple[RoomId, tuple[str, ...]] | None:
        """The room of an alias and servers that know it, None if there is none."""
        answer = await self._or_none(path_of("directory", "room", alias))
        if answer is None:
            return None
        servers = answer.get("servers")
        via = servers if isinstance(servers, list) else []
        return RoomId(text_of(answer, "room_id")), tuple(s for s in via if isinstance(s, str))

    async def put_alias(self, alias: str, room_id: RoomId) -> None:
        """Give a room an alias; one that exists is Refused 409 M_UNKNOWN."""
        await self._http.put(path_of("directory", "room", alias), {"room_id": room_id})

    async def joined_rooms(self) -> tuple[RoomId, ...]:
        """The rooms that we are in."""
        rooms = (await self._http.get(path_of("joined_rooms"))).get("joined_rooms")
        return tuple(RoomId(room) for room in rooms) if isinstance(rooms, list) else ()

    @property
    def server_time(self) -> datetime | None:
        """The homeserver's clock, as its newest answer told it; None if it did not."""
        return self._http.server_time

    # ── the account and the server ────────────────────────────────────────────────────────────

    async def whoami(self) -> tuple[UserId, str | None]:
        """Who the homeserver says we are, and on which device."""
        return await whoami(self._http)

    async def account_data(self, type: str) -> Mapping[str, Any] | None:
        """Something kept with the account, None if there is none."""
        content = await self._or_none(path_of("user", self.user_id, "account_data", type))
        return None if content is None else _cleaned(content)

    async def put_account_data(self, type: str, content: Mapping[str, Any]) -> None:
        """Keep something with the account."""
        await self._http.put(path_of("user", self.user_id, "account_data", type), content)

    async def display_name(self, user_id: UserId | None = None) -> str | None:
        """Somebody's name, or ours."""
        answer = await self._or_none(path_of("profile", user_id or self.user_id, "displayname"))
        name = answer.get("displayname") if answer is not None else None
        return str(clean(name)) if isinstance(name, str) else None

    async def set_display_name(self, name: str) -> None:
        """Change our name: one member event in every room we are in."""
        await self._http.put(path_of("profile", self.user_id, "displayname"), {"displayname": name})

    async def default_room_version(self) -> str:
        """The version that a new room gets when none is asked for."""
        answer = await self._http.get(path_of("capabilities"))
        versions = answer.get("capabilities", {}).get("m.room_versions", {})
        return str(versions.get("default", "1"))

    async def server_version(self) -> str:
        """Name and version of the homeserver's software, as far as it tells."""
        return await server_version(self._http)

    def devices(self) -> Devices:
        """Members' devices that our encryption has trouble with."""
        guard = self._crypto
        return Devices(frozenset(guard.unreached), frozenset(guard.changed_devices))

    def examiner(self) -> Examiner:
        """Asks how our login, our device and our rooms are, over our own connections."""
        return Examiner(self._http, Device(self.user_id, self.device_id, ""))

    async def _or_none(self, path: str) -> dict[str, Any] | None:
        try:
            return await self._http.get(path)
        except Refused as refusal:
            if refusal.status == 404:
                return None
            raise


def _now() -> float:
    return asyncio.get_running_loop().time()


def _cleaned(content: dict[str, Any]) -> Mapping[str, Any]:
    cleaned: Mapping[str, Any] = clean(content)
    return cleaned


def _is_post(event: RoomEvent, key: str, txn_id: str | None) -> bool:
    return event.content.get(POST_KEY) == key or (txn_id is not None and event.txn_id == txn_id)


def _event_id(answer: Any) -> EventId:
    return EventId(text_of(answer, "event_id"))

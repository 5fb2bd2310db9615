"""What the homeserver says of our login, our device and our rooms: only asked, nothing changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum, auto
from pathlib import Path
from typing import Any, Self

from bot.matrix.cross_signing import Published
from bot.matrix.device import Device, read_device
from bot.matrix.errors import Refused, Unauthorised, Unreachable
from bot.matrix.http import Http, path_of
from bot.matrix.reading import raw_events
from storage.records import RoomId, UserId

VERSIONS = "/_matrix/client/versions"


class Signed(Enum):
    """Whether clients can tell that a device is its owner's."""

    YES = auto()
    NO = auto()  # the account has no keys to sign with
    FOREIGN = auto()  # it has, and they do not vouch for the device
    NO_KEYS = auto()  # the homeserver has no keys of the device at all


@dataclass(frozen=True, slots=True)
class Devices:
    """Members' devices, by user and device id, with which something is wrong."""

    unreached: frozenset[tuple[str, str]]  # they have no keys left to be reached by
    changed: frozenset[tuple[str, str]]  # their keys are others now, so they are not trusted


@dataclass(frozen=True, slots=True)
class RoomState:
    """A room as the homeserver shows it to us; after we have left, as it was then."""

    membership: str  # ours: "join", "leave", …; empty if we are not shown the room at all
    state: Mapping[tuple[str, str], Mapping[str, Any]]  # raw events by type and state key

    def content(self, type: str, key: str = "") -> Mapping[str, Any]:
        """The content of a state event; empty if there is none."""
        content = self.state.get((type, key), {}).get("content")
        return content if isinstance(content, Mapping) else {}


class Examiner:
    """Asks with the hall's own login, beside the hall: no sync, no keys taken, no other device."""

    def __init__(self, http: Http, device: Device | None, *, ours: bool = False) -> None:
        """device: None if the hall has never logged in. ours: close the connections, too."""
        self.device = device
        self._http = http
        self._ours = ours
        if ours and device is not None:
            http.use_token(device.access_token)

    @classmethod
    def beside(cls, url: str, user_id: UserId, *, access_token: str | None, store: Path) -> Self:
        """With the login of the store, or with the configured token; nobody logs in."""
        try:
            stored = read_device(store)
        except (Unauthorised, OSError):
            stored = None  # no login that can be read
        if access_token is not None:
            known = "" if stored is None else stored.device_id
            return cls(Http(url), Device(user_id, known, access_token.strip()), ours=True)
        return cls(Http(url), stored, ours=True)

    async def close(self) -> None:
        if self._ours:
            await self._http.close()

    async def server(self) -> str:
        """Name and version of the homeserver; Unreachable if it does not answer."""
        await self._http.get(VERSIONS, seconds=20)
        return await server_version(self._http)

    async def server_time(self) -> datetime:
        """The homeserver's clock, to the second."""
        header = await self._http.date(VERSIONS)
        try:
            return parsedate_to_datetime(header or "").astimezone(UTC)
        except ValueError:
            raise Unreachable("an answer without a date") from None

    async def whoami(self) -> tuple[str, str]:
        """The user and the device that our login is for."""
        answer = await self._http.get(path_of("account", "whoami"))
        return str(answer.get("user_id")), str(answer.get("device_id"))

    async def signed(self, user: UserId, device_id: str) -> Signed:
        """Whether valid signatures lead from the account's master key to a device of ours."""
        answer = await self._http.post(
            path_of("keys", "query"), {"device_keys": {user: [device_id]}}
        )
        published = Published(user, answer)
        device = published.device(device_id)
        if device is None:
            return Signed.NO_KEYS
        key = device["keys"].get(f"ed25519:{device_id}")
        if isinstance(key, str) and published.vouch_for(device_id, key):
            return Signed.YES
        return Signed.NO if published.master is None else Signed.FOREIGN

    async def one_time_keys(self) -> int:
        """How many one-time keys the homeserver holds for our device."""
        # An upload of nothing changes nothing, and is answered with the count; only a sync
        # would tell it otherwise, and a second one would take the hall's messages away.
        answer = await self._http.post(path_of("keys", "upload"), {})
        count = _dig(answer, "one_time_key_counts").get("signed_curve25519", 0)
        return count if isinstance(count, int) else 0

    async def room(self, room_id: RoomId) -> RoomState:
        """A room's state and our membership in it."""
        assert self.device is not None
        try:
            raw = raw_events(await self._http.call("GET", path_of("rooms", room_id, "state")))
        except Refused as refusal:
            if refusal.status not in (403, 404):
                raise
            return RoomState("", {})  # banned, or the room is gone: Synapse says no more
        state = {(str(one.get("type")), str(one.get("state_key"))): one for one in raw}
        ours = RoomState("", state).content("m.room.member", self.device.user_id)
        return RoomState(str(ours.get("membership", "leave")), state)


async def server_version(http: Http) -> str:
    """Name and version of the homeserver's software, as far as it tells."""
    try:
        answer = await http.get("/_matrix/federation/v1/version")
        server = answer["server"]
        return f"{server['name']} {server['version']}"
    except (Refused, Unreachable, KeyError, TypeError):
        pass  # not every client address serves federation; Synapse has a second place
    try:
        answer = await http.get("/_synapse/admin/v1/server_version")
        return f"Synapse {answer['server_version']}"
    except (Refused, Unreachable, KeyError, TypeError):
        return "unknown"


def _dig(value: Any, *names: str) -> Mapping[str, Any]:
    for name in names:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value if isinstance(value, Mapping) else {}

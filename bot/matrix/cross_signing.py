"""Signs the hall's own device, so that people's clients show no warning and send it their keys.

nio knows nothing of cross-signing. These are the requests and signatures of the client-server
specification, "Cross-signing", with three Ed25519 keys of the account: the master key vouches for
the other two, and the self-signing key for the device.
"""

import base64
import binascii
import hashlib
import json
import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import Any, Final, Protocol, Self

from Crypto.Cipher import AES
from Crypto.PublicKey import ECC
from Crypto.Signature import eddsa

from bot.matrix.device import Device, write_secret
from bot.matrix.errors import Challenged, Refused
from bot.matrix.http import Http, path_of
from storage.records import UserId

_LOG = logging.getLogger(__name__)
_FILE: Final = "cross_signing.json"
_SEED_BYTES: Final = 32
_USAGES: Final = ("master", "self_signing", "user_signing")


class Signing(Enum):
    """How the device stands with those who look at its signatures."""

    SIGNED = "signed"
    UNSIGNED = "unsigned"  # not yet: the homeserver was away, or has no cross-signing
    FOREIGN = "foreign"  # the account has signing keys on the homeserver that are not ours
    LOCKED = "locked"  # the homeserver wants the password for it, and none is configured


class DeviceKeys(Protocol):
    """What signing needs to know of the device."""

    @property
    def ed25519(self) -> str:
        """Its public signing key."""

    def sign(self, thing: Mapping[str, Any]) -> str:
        """Its signature of an object."""


class _SealBrokenError(Exception):
    """The file of the seeds is damaged, or was written under another pickle key."""


@dataclass(frozen=True, slots=True)
class _Key:
    """One of the account's three keys."""

    seed: bytes = field(repr=False)  # 32 bytes

    @property
    def public(self) -> str:
        key = eddsa.import_private_key(self.seed).public_key()
        return _unpadded(key.export_key(format="raw"))

    def sign(self, thing: Mapping[str, Any]) -> str:
        signer = eddsa.new(eddsa.import_private_key(self.seed), "rfc8032")
        return _unpadded(signer.sign(_canonical(thing)))


@dataclass(frozen=True, slots=True)
class _Identity:
    """The account's three keys; whoever has them can sign devices in its name."""

    master: _Key
    self_signing: _Key
    user_signing: _Key

    @classmethod
    def make(cls) -> Self:
        return cls(*(_Key(ECC.generate(curve="Ed25519").seed) for _ in _USAGES))

    def uploads(self, user: UserId, device_id: str, device: DeviceKeys) -> dict[str, Any]:
        """The body of `/keys/device_signing/upload`."""
        keys = {usage: _public_part(user, usage, getattr(self, usage)) for usage in _USAGES}
        master = {f"ed25519:{self.master.public}": self.master.sign}
        for usage in ("self_signing", "user_signing"):
            _add_signatures(keys[usage], user, master)
        _add_signatures(keys["master"], user, {f"ed25519:{device_id}": device.sign})
        return {f"{usage}_key": key for usage, key in keys.items()}


class CrossSigning:
    """The signing keys of one account, as its homeserver has them and as the store keeps them."""

    def __init__(
        self,
        http: Http,
        device: Device,
        keys: DeviceKeys,
        store: Path,
        *,
        secret: str,
        password: str | None,
    ) -> None:
        """secret: what seals the seeds on the disk. password: for homeservers that ask for it."""
        self._http = http
        self._user = device.user_id
        self._device_id = device.device_id
        self._device = keys
        self._path = store / _FILE
        self._secret = secret
        self._password = password

    async def sign_device(self, *, replace: bool = False) -> Signing:
        """See to it that the device is signed; changes nothing if it is.

        Keys that the account has on its homeserver and that are not ours stay, unless `replace`:
        they may be somebody's, and whoever had verified them would be warned of an impostor.
        Raises Unauthorised for a dead token, and Unreachable; another refusal is an answer.
        """
        try:
            return await self._sign_device(replace=replace)
        except Refused as refusal:
            _LOG.warning("the homeserver refuses to keep our signatures: %s", refusal)
            return Signing.UNSIGNED

    async def _sign_device(self, *, replace: bool) -> Signing:
        published = await self._published()
        if not replace and published.vouch_for(self._device_id, self._device.ed25519):
            return Signing.SIGNED
        identity = self._read_seeds()
        if replace or published.master is None:
            identity = await self._publish(None if replace else identity)
            if identity is None:
                return Signing.LOCKED
        elif identity is None or identity.master.public != published.master:
            return Signing.FOREIGN
        published = await self._published()
        await self._sign(identity, published)
        published = await self._published()
        done = published.vouch_for(self._device_id, self._device.ed25519)
        return Signing.SIGNED if done else Signing.UNSIGNED

    async def _published(self) -> "Published":
        body: dict[str, Any] = {"device_keys": {self._user: []}}
        return Published(self._user, await self._http.post(path_of("keys", "query"), body))

    async def _publish(self, identity: _Identity | None) -> _Identity | None:
        """Give the homeserver our keys: those of an attempt that was cut short, or new ones."""
        is_new = identity is None
        if identity is None:
            identity = _Identity.make()
        if is_new and not self._path.exists():
            self._keep_seeds(identity)  # before anybody relies on them
        body = identity.uploads(self._user, self._device_id, self._device)
        path = path_of("keys", "device_signing", "upload")
        try:
            await self._http.post(path, body)  # the first time it asks for no password
        except Challenged as challenge:
            if self._password is None:
                return None
            proof = {
                "type": "m.login.password",
                "session": challenge.session,
                "identifier": {"type": "m.id.user", "user": self._user},
                "password": self._password,
            }
            try:
                await self._http.post(path, {**body, "auth": proof})
            except Challenged:
                return None
        if is_new:
            self._keep_seeds(identity)
        return identity

    async def _sign(self, identity: _Identity, published: "Published") -> None:
        device = published.device(self._device_id)
        if device is None or device["keys"].get(f"ed25519:{self._device_id}") != (
            self._device.ed25519
        ):
            return  # not uploaded yet: the next attempt finds it
        key = identity.self_signing
        _add_signatures(device, self._user, {f"ed25519:{key.public}": key.sign})
        master = _public_part(self._user, "master", identity.master)
        _add_signatures(master, self._user, {f"ed25519:{self._device_id}": self._device.sign})
        signed = {self._device_id: device, identity.master.public: master}
        answer = await self._http.post(
            path_of("keys", "signatures", "upload"), {self._user: signed}
        )
        if answer.get("failures"):
            _LOG.warning("the homeserver does not take some of our signatures")

    # ── the seeds on the disk ─────────────────────────────────────────────────────────────────

    def _read_seeds(self) -> _Identity | None:
        if not self._path.exists():
            return None
        try:
            seeds = _unseal(self._path.read_text("utf-8"), self._secret)
        except _SealBrokenError:
            _LOG.warning("%s in the store cannot be opened: another pickle key?", _FILE)
            return None
        return _Identity(*map(_Key, seeds))

    def _keep_seeds(self, identity: _Identity) -> None:
        seeds = [identity.master.seed, identity.self_signing.seed, identity.user_signing.seed]
        write_secret(self._path, _seal(b"".join(seeds), self._secret))


class Published:
    """The account's keys, as an answer of `/keys/query` has them."""

    def __init__(self, user: UserId, answer: Mapping[str, Any]) -> None:
        self._user = user
        self._answer = answer

    @property
    def master(self) -> str | None:
        """The public master key, if there is one."""
        return _only_key(self._key("master"))

    def device(self, device_id: str) -> dict[str, Any] | None:
        """The device's keys, as they were signed."""
        device = _at(self._answer, "device_keys", self._user, device_id)
        if not isinstance(device, dict) or not isinstance(device.get("keys"), dict):
            return None
        return {name: value for name, value in device.items() if name != "unsigned"}

    def vouch_for(self, device_id: str, ed25519: str) -> bool:
        """Whether a chain of valid signatures leads from the master key to this device."""
        self_signing, device = self._key("self_signing"), self.device(device_id)
        signer = _only_key(self_signing)
        return (
            device is not None
            and device["keys"].get(f"ed25519:{device_id}") == ed25519
            and self._is_signed(self_signing, self.master)
            and self._is_signed(device, signer)
        )

    def _key(self, usage: str) -> Mapping[str, Any]:
        key = _at(self._answer, f"{usage}_keys", self._user)
        return key if isinstance(key, dict) else {}

    def _is_signed(self, thing: Mapping[str, Any], by: str | None) -> bool:
        signature = _at(thing, "signatures", self._user, f"ed25519:{by}")
        if by is None or not isinstance(signature, str):
            return False
        try:
            key = eddsa.import_public_key(_padded(by))
            eddsa.new(key, "rfc8032").verify(_canonical(thing), _padded(signature))
        except ValueError:
            return False
        return True


def _public_part(user: UserId, usage: str, key: _Key) -> dict[str, Any]:
    return {"user_id": user, "usage": [usage], "keys": {f"ed25519:{key.public}": key.public}}


def _add_signatures(thing: dict[str, Any], user: UserId, signers: Mapping[str, Any]) -> None:
    """Sign an object in place, beside the signatures that it has."""
    there = _at(thing, "signatures", user)
    added = {name: sign(thing) for name, sign in signers.items()}
    thing["signatures"] = {user: {**(there if isinstance(there, dict) else {}), **added}}


def _only_key(key: Mapping[str, Any]) -> str | None:
    keys = key.get("keys")
    values = list(keys.values()) if isinstance(keys, dict) else []
    return values[0] if len(values) == 1 and isinstance(values[0], str) else None


def _at(thing: Any, *names: str) -> Any:
    for name in names:
        thing = thing.get(name) if isinstance(thing, Mapping) else None
    return thing


def _canonical(thing: Mapping[str, Any]) -> bytes:
    """What is signed: an object's canonical JSON without its signatures."""
    bare = {name: value for name, value in thing.items() if name not in ("signatures", "unsigned")}
    text = json.dumps(bare, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def _unpadded(data: bytes) -> str:
    return base64.b64encode(data).decode().rstrip("=")


def _padded(text: str) -> bytes:
    """The bytes of unpadded base64; ValueError if it is none."""
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def _seal(seeds: bytes, secret: str) -> str:
    salt = secrets.token_bytes(16)
    cipher = AES.new(_key_from(secret, salt), AES.MODE_GCM)
    sealed, tag = cipher.encrypt_and_digest(seeds)
    parts = {"salt": salt, "nonce": cipher.nonce, "tag": tag, "sealed": sealed}
    return json.dumps({name: _unpadded(part) for name, part in parts.items()})


def _unseal(text: str, secret: str) -> list[bytes]:
    try:
        parts = {name: _padded(part) for name, part in json.loads(text).items()}
        cipher = AES.new(_key_from(secret, parts["salt"]), AES.MODE_GCM, nonce=parts["nonce"])
        seeds = cipher.decrypt_and_verify(parts["sealed"], parts["tag"])
    except (ValueError, KeyError, TypeError, AttributeError, binascii.Error):
        raise _SealBrokenError from None
    if len(seeds) != _SEED_BYTES * len(_USAGES):
        raise _SealBrokenError
    return [seeds[at : at + _SEED_BYTES] for at in range(0, len(seeds), _SEED_BYTES)]


def _key_from(secret: str, salt: bytes) -> bytes:
    # 50 ms: a configured pickle key may be a sentence.
    return hashlib.scrypt(secret.encode(), salt=salt, n=2**14, r=8, p=1, dklen=_SEED_BYTES)

"""The bot's one device: who it is, kept beside its encryption keys, and never made twice."""

import contextlib
import json
import os
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final

from bot.matrix.errors import Unauthorised
from storage.records import UserId

_DEVICE_FILE: Final = "device.json"
_PICKLE_KEY_FILE: Final = "pickle_key"


@dataclass(frozen=True, slots=True)
class Device:
    """A login, as the homeserver gave it."""

    user_id: UserId
    device_id: str
    access_token: str = field(repr=False)


def prepare_store(store: Path) -> None:
    """Make the folder of the keys, for its owner alone."""
    store.mkdir(mode=0o700, parents=True, exist_ok=True)
    store.chmod(0o700)


def read_device(store: Path) -> Device | None:
    """The device of an earlier start."""
    path = store / _DEVICE_FILE
    if not path.exists():
        return None
    try:
        known = json.loads(path.read_text("utf-8"))
        return Device(
            UserId(str(known["user_id"])), str(known["device_id"]), str(known["access_token"])
        )
    except (ValueError, KeyError, TypeError):
        # Logging in anew would leave every key behind: somebody has to look first.
        raise Unauthorised(f"{_DEVICE_FILE} in the store cannot be read") from None


def keep_device(store: Path, device: Device) -> None:
    """Write the device down, readable by its owner alone."""
    write_secret(store / _DEVICE_FILE, json.dumps(asdict(device)))


def pickle_key_of(store: Path) -> str:
    """The key that the key store is encrypted with; made at the first start."""
    path = store / _PICKLE_KEY_FILE
    if not path.exists():
        write_secret(path, secrets.token_urlsafe(32))
    return path.read_text("utf-8").strip()


def write_secret(path: Path, text: str) -> None:
    """Write all of it or nothing, even if the power fails, and 0600 from the first byte."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)

"""The members' files on disk: each under the check value of its bytes, whole or not at all.

`media/ab/abcdef…` in the data folder. No name that anybody has given is ever part of a path.
"""

import hashlib
import os
import secrets
from collections.abc import Collection
from pathlib import Path

from storage.media import is_check_value

FOLDER = "media"


def path_of(data_folder: Path, sha256: str) -> Path:
    """Where the bytes of that check value lie, or would lie."""
    if not is_check_value(sha256):
        raise ValueError("not a check value")
    return data_folder / FOLDER / sha256[:2] / sha256


def check_value(data: bytes) -> str:
    """The name that these bytes have, or would have."""
    return hashlib.sha256(data).hexdigest()


def put(data_folder: Path, data: bytes) -> str:
    """Keep bytes, for the owner of the folder alone; returns their check value.

    They are on disk when this returns, and nothing else is ever under that name.
    """
    sha256 = check_value(data)
    target = path_of(data_folder, sha256)
    if read(data_folder, sha256) is not None:
        return sha256
    data_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for folder in (target.parent.parent, target.parent):  # `parents=True` would forget the mode
        folder.mkdir(mode=0o700, exist_ok=True)
    draft = target.with_name(f".{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    for folder in (target.parent, target.parent.parent, data_folder):
        sync_folder(folder)
    return sha256


def read(data_folder: Path, sha256: str) -> bytes | None:
    """The bytes of that check value; None if they are not there, or are others by now."""
    try:
        data = path_of(data_folder, sha256).read_bytes()
    except FileNotFoundError:
        return None
    return data if check_value(data) == sha256 else None


def drop(data_folder: Path, sha256: str) -> None:
    """Nobody names these bytes any more."""
    path_of(data_folder, sha256).unlink(missing_ok=True)


def sweep(data_folder: Path, named: Collection[str]) -> tuple[int, set[str]]:
    """Remove what nobody names, drafts of a crash with it; how many went, and what is missing."""
    there: set[str] = set()
    gone = 0
    for folder, _folders, names in os.walk(data_folder / FOLDER):
        for name in names:
            path = Path(folder) / name
            if name in named and path == path_of(data_folder, name):
                there.add(name)
            else:
                path.unlink(missing_ok=True)
                gone += 1
    return gone, set(named) - there


def sync_folder(folder: Path) -> None:
    """A file's name is on disk only when its folder is."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)

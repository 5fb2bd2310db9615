"""The folder of the device's keys: held by one process at a time, and copied while it is in use."""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from bot.files import sync_folder
from bot.matrix.renewal import RESTORED
from storage.database import lock_file

FOLDER = "crypto"  # within the data folder
_LOCK = "device.lock"
_RESTORING = "restore-unfinished"
_SQLITE = b"SQLite format 3\x00"
_SQLITE_BESIDE = ("-journal", "-wal", "-shm")  # part of what the copy of their file holds


class RestoreUnfinished(Exception):
    """A restore was cut short: keys and database may be of different days."""


@contextlib.contextmanager
def held(data_folder: Path, *, restoring: bool = False) -> Iterator[None]:
    """Keep the device to ourselves: two processes with one device lock each other out of rooms.

    Raises HallIsRunning if another process of this machine has this folder. A copy of the folder
    is another file: that nobody runs it, here or elsewhere, only the operator can see to.
    """
    data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle = lock_file(data_folder / _LOCK)
    try:
        if not restoring and (data_folder / _RESTORING).exists():
            raise RestoreUnfinished
        yield
    finally:
        os.close(handle)


def mark_unfinished(data_folder: Path) -> None:
    """From now on no hall starts here, until `unmark`."""
    (data_folder / _RESTORING).touch(mode=0o600)
    sync_folder(data_folder)


def unmark(data_folder: Path) -> None:
    """Keys and database belong together again."""
    (data_folder / _RESTORING).unlink()
    sync_folder(data_folder)


def files(data_folder: Path) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of the folder, each as it was at one moment.

    Small files are only ever replaced as a whole; the key store is a database, and copied as one.
    """
    folder = data_folder / FOLDER
    for path in sorted(folder.iterdir()) if folder.is_dir() else ():
        if (
            path.name == RESTORED
            or path.name.startswith(".")
            or path.name.endswith(_SQLITE_BESIDE)
            or not path.is_file()
        ):
            continue  # a mark; drafts; and what belongs to a database
        content = path.read_bytes()
        yield path.name, _database(path) if content.startswith(_SQLITE) else content


def _database(path: Path) -> bytes:
    with (
        contextlib.closing(sqlite3.connect(path, timeout=30)) as source,
        contextlib.closing(sqlite3.connect(":memory:")) as copy,
    ):
        source.backup(copy)
        return copy.serialize()


def replace_files(data_folder: Path, contents: Iterator[tuple[str, bytes]]) -> None:
    """Put these files in place of whatever the folder holds, for its owner alone."""
    folder = data_folder / FOLDER
    folder.mkdir(mode=0o700, exist_ok=True)
    folder.chmod(0o700)
    for path in folder.iterdir():
        if path.is_file():
            path.unlink()
    for name, content in chain(contents, [(RESTORED, b"")]):
        handle = os.open(folder / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    sync_folder(folder)

"""One file with all that a hall is: what it remembers, its device and its keys; made while it runs.

The order matters. A sync answer's keys are stored before its position is committed, and once the
position has moved on the homeserver drops the keys it has handed out. So the database is read
first and the key store after it: the store then holds the keys of all that the position has
passed, and perhaps some more, which does no harm. The other way round, the keys that came between
the two would be in neither, and what they open would stay unread for ever.
"""

import contextlib
import hashlib
import json
import os
import secrets
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from bot import files, keyring
from bot.config import Config
from storage import beside, dump, media, meta, migrations

FORMAT = 1
MANIFEST = "manifest.json"
TABLES = "database/"
KEYS = f"{keyring.FOLDER}/"
MEDIA = f"{files.FOLDER}/"


class BackupError(Exception):
    """It cannot be made, or not be put back; the text says why, in words for the operator."""


@dataclass(frozen=True, slots=True)
class Part:
    """One member of the file, and what it must hold."""

    name: str
    sha256: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the file says about itself; written last, so that a half-written file has none."""

    version: str  # of Moothall
    schema: str  # newest migration
    made_at: str  # ISO, UTC
    user: str
    own_pickle_key: bool  # the key store's key is configured, and not in the file
    parts: list[Part] = field(default_factory=list)
    format: int = FORMAT

    def told(self) -> str:
        """How much it is, in a few words."""
        counts = {part.name: part.rows or 0 for part in self.parts}
        keys = sum(part.name.startswith(KEYS) for part in self.parts)
        kept = sum(part.name.startswith(MEDIA) for part in self.parts)
        return (
            f"{counts.get(f'{TABLES}message.jsonl', 0)} messages, {sum(counts.values())} rows in "
            f"all, {keys} files of keys" + (f", {kept} files of members" if kept else "")
        )


async def back_up(
    config: Config, target: Path, *, overwrite: bool, now: datetime, version: str
) -> Manifest:
    """Write the file, readable by its owner alone; whole or not at all. Raises BackupError."""
    manifest = Manifest(
        version=version,
        schema=migrations.HEAD,
        made_at=now.isoformat(timespec="seconds"),
        user=config.homeserver.user,
        own_pickle_key=config.homeserver.pickle_key is not None,
    )
    with (
        _whole(target, overwrite) as draft,
        zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED) as file,
    ):
        try:
            named, parts = await beside.look(
                config.database.url, lambda c: (media.all_kept(c), _write_tables(c, file))
            )
            manifest.parts.extend(parts)
        except beside.NoDatabase:
            raise BackupError("There is no hall here yet: nothing to back up.") from None
        manifest.parts.extend(_write_keys(config.data_folder, file))
        manifest.parts.extend(_write_media(config.data_folder, named, file))
        file.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
    return manifest


def _write_tables(connection: Connection, file: zipfile.ZipFile) -> list[Part]:
    found = migrations.current(connection)
    if found != migrations.HEAD:
        raise BackupError(
            f"The database is at version {found or 'none'}, this program at {migrations.HEAD}: "
            "back up with the version that ran last, or start this one first."
        )
    if meta.get(connection, meta.HALL_ID) is None:
        raise BackupError("There is no hall here yet: nothing to back up.")
    return [_write_table(connection, name, file) for name in dump.names()]


def _write_table(connection: Connection, name: str, file: zipfile.ZipFile) -> Part:
    """A line with the columns, then a line a row, all of them JSON."""
    member, digest, count = f"{TABLES}{name}.jsonl", hashlib.sha256(), -1
    with file.open(member, "w", force_zip64=True) as lines:
        for count, row in enumerate(_with_columns(connection, name)):  # noqa: B007 — counted
            line = json.dumps(row, separators=(",", ":")).encode() + b"\n"
            digest.update(line)
            lines.write(line)
    return Part(member, digest.hexdigest(), rows=count)


def _with_columns(connection: Connection, name: str) -> Iterable[list[Any]]:
    yield dump.columns(name)
    yield from dump.rows(connection, name)


def _write_keys(data_folder: Path, file: zipfile.ZipFile) -> list[Part]:
    parts = []
    for name, content in keyring.files(data_folder):
        file.writestr(f"{KEYS}{name}", content)
        parts.append(Part(f"{KEYS}{name}", hashlib.sha256(content).hexdigest()))
    if not parts:
        raise BackupError(f"No keys are in {data_folder}: is data_folder the running hall's?")
    return parts


def _write_media(data_folder: Path, named: Iterable[str], file: zipfile.ZipFile) -> Iterator[Part]:
    """The files that the tables name; what was erased while they were read is gone already."""
    for sha256 in sorted(named):
        content = files.read(data_folder, sha256)
        if content is not None:
            file.writestr(f"{MEDIA}{sha256}", content)
            yield Part(f"{MEDIA}{sha256}", sha256)


@contextlib.contextmanager
def _whole(target: Path, overwrite: bool) -> Iterator[Any]:
    """A file that has its name only when all of it is on disk."""
    if target.exists() and not overwrite:
        raise BackupError(f"{target} is there already: choose another name, or say --overwrite.")
    draft = target.with_name(f".{target.name}.{secrets.token_hex(4)}")
    try:
        handle = os.open(draft, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}.") from None
    try:
        with os.fdopen(handle, "w+b") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, target)
    except ConnectionError:
        raise  # the database's
    except OSError as error:
        raise BackupError(f"{target} cannot be written: {error.strerror}.") from None
    finally:
        draft.unlink(missing_ok=True)

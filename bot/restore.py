"""Puts a backup back: all of it is checked before anything is touched, then all of it is put."""

import contextlib
import hashlib
import json
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from bot import files, keyring, ledger
from bot.backup import FORMAT, KEYS, MANIFEST, MEDIA, TABLES, BackupError, Manifest, Part
from bot.config import Config
from storage import dump, migrations
from storage.database import Database, open_database

_CHUNK = 1 << 20  # bytes


async def restore(config: Config, source: Path, *, overwrite: bool) -> Manifest:
    """Make this place the hall that the file holds. Raises BackupError, HallIsRunning.

    The database is changed in one transaction. Should the power fail between it and the keys, a
    mark keeps every hall from starting here until the restore was repeated.
    """
    with _opened(source) as file:
        manifest = _read_manifest(file)
        _check(manifest, config)
        _verify(file, manifest)
        with keyring.held(config.data_folder, restoring=True):
            if any(keyring.files(config.data_folder)) and not overwrite:
                raise BackupError(f"{config.data_folder} holds a device already: {_HOW}")
            database = await open_database(config.database.url)
            try:
                if not overwrite and not await database.read(dump.is_empty):
                    raise BackupError(f"The database holds a hall already: {_HOW}")
                await _save_ledger(database, config.data_folder)
                await _put(database, config.data_folder, file, manifest)
            finally:
                await database.close()
    return manifest


_HOW = "say --overwrite to throw it away and put the backup in its place."


async def _save_ledger(database: Database, data_folder: Path) -> None:
    """What was erased here stays erased: the next start plays it again over what is put back.

    The file may know more than the database: a ledger kept apart from the backups was put here, or
    a restore was cut short and the database is the older one already.
    """
    if await database.read(migrations.current) == migrations.HEAD:
        await ledger.add(database, data_folder)


async def _put(
    database: Database, data_folder: Path, file: zipfile.ZipFile, manifest: Manifest
) -> None:
    keyring.mark_unfinished(data_folder)
    try:
        await database.write(lambda c: _load(c, file, manifest), alone=True)
    except Exception as error:
        # Rolled back; unless the server went away, and nobody knows whether it had committed.
        if not (isinstance(error, DBAPIError) and error.connection_invalidated):
            keyring.unmark(data_folder)
        if isinstance(error, dump.Unfit):
            raise BackupError("The backup does not fit its version: nothing was changed.") from None
        raise
    # Those of the hall that was here go at the next start: nothing names them any more.
    for part in manifest.parts:
        if part.name.startswith(MEDIA):
            files.put(data_folder, file.read(part.name))
    keyring.replace_files(data_folder, _keys(file, manifest))
    keyring.unmark(data_folder)


@contextlib.contextmanager
def _opened(source: Path) -> Iterator[zipfile.ZipFile]:
    try:
        with zipfile.ZipFile(source) as file:
            yield file
    except FileNotFoundError:
        raise BackupError(f"{source} is not there.") from None
    except (zipfile.BadZipFile, zlib.error, EOFError):
        raise BackupError(f"{source} is no backup, or damaged: nothing was changed.") from None


def _read_manifest(file: zipfile.ZipFile) -> Manifest:
    try:
        content: dict[str, Any] = json.loads(file.read(MANIFEST))
        if content["format"] != FORMAT:
            raise BackupError(
                f"The backup has format {content['format']}, this program reads {FORMAT}: restore "
                f"it with Moothall {content['version']}. Nothing was changed."
            )
        parts = [Part(**part) for part in content.pop("parts")]
        return Manifest(**content, parts=parts)
    except (KeyError, ValueError, TypeError, AttributeError):
        raise BackupError("The backup does not say what it holds: nothing was changed.") from None


def _check(manifest: Manifest, config: Config) -> None:
    if not migrations.knows(manifest.schema):
        raise BackupError(
            f"The backup is of a newer version, Moothall {manifest.version}: install that one. "
            "Nothing was changed."
        )
    if manifest.user != config.homeserver.user:
        raise BackupError(
            f"The backup is of {manifest.user}, the configuration of {config.homeserver.user}. "
            "Nothing was changed."
        )
    if manifest.own_pickle_key and config.homeserver.pickle_key is None:
        raise BackupError(
            "The keys in the backup are encrypted with a pickle_key of the configuration: set the "
            "same here. Nothing was changed."
        )


def _verify(file: zipfile.ZipFile, manifest: Manifest) -> None:
    """Every part is there, as it was written, and nothing besides."""
    names = {part.name for part in manifest.parts}
    complete = names == set(file.namelist()) - {MANIFEST}
    if not complete or not all(_is_whole(file, part) for part in manifest.parts):
        raise BackupError("The backup is damaged: nothing was changed. Take an older one.")


def _is_whole(file: zipfile.ZipFile, part: Part) -> bool:
    digest, lines = hashlib.sha256(), 0
    with file.open(part.name) as content:
        while chunk := content.read(_CHUNK):
            digest.update(chunk)
            lines += chunk.count(b"\n")
    table = part.name.startswith(TABLES)
    # No path leads elsewhere.
    plain = table or part.name in (KEYS + Path(part.name).name, MEDIA + part.sha256)
    return digest.hexdigest() == part.sha256 and plain and (not table or lines - 1 == part.rows)


def _load(connection: Connection, file: zipfile.ZipFile, manifest: Manifest) -> None:
    dump.begin_anew(connection, manifest.schema)
    for part in manifest.parts:
        if part.name.startswith(TABLES):
            name = part.name.removeprefix(TABLES).removesuffix(".jsonl")
            with file.open(part.name) as lines:
                columns = json.loads(lines.readline())
                dump.load(connection, name, columns, map(json.loads, lines))
    dump.finish(connection)


def _keys(file: zipfile.ZipFile, manifest: Manifest) -> Iterator[tuple[str, bytes]]:
    for part in manifest.parts:
        if part.name.startswith(KEYS):
            yield part.name.removeprefix(KEYS), file.read(part.name)

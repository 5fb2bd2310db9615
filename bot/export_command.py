"""`moothall export` and `moothall import`: the archive into a folder, and out of a file."""

import asyncio
import logging
import os
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from bot import files
from bot.config import Config
from bot.hall import settings_of
from commands.archive.book import FILES
from storage import beside, media, migrations, portable, rooms
from storage.database import Database, open_database
from storage.portable_lines import Unreadable
from storage.records import UserId

log = logging.getLogger(__name__)


class ExportError(Exception):
    """It cannot be written, or not be taken in; the text says why, in words for the operator."""


async def export(
    config: Config,
    folder: Path,
    *,
    forms: Sequence[str] | None,
    rooms_named: Sequence[str],
    language: str | None,
    overwrite: bool,
    now: datetime,
) -> list[str]:
    """What to tell the operator. The hall may run meanwhile."""
    from bot import exporting

    _require_room(folder, overwrite)

    def work(connection: Connection) -> exporting.Made:
        found = migrations.current(connection)
        if found != migrations.HEAD:
            raise ExportError("The database is of another version: start this one first.")
        wanted = exporting.Wanted(
            settings=settings_of(config),
            me=UserId(config.homeserver.user),
            now=now,
            language=language or config.community.language,
            forms=forms or exporting.FORMS,
            rooms=_numbers(connection, rooms_named),
            folder=config.data_folder,
        )
        return exporting.compose_all(connection, wanted)

    made = await beside.look(config.database.url, work)
    try:
        await asyncio.to_thread(exporting.write, folder, made)
    except OSError as trouble:
        raise ExportError(f"{folder} cannot be written: {trouble.strerror}.") from None
    log.info("exported: files=%d", len(made))
    told = [f"{folder}: {len(made)} files."]
    if any(path.startswith("site/") for path in made.texts):
        told.append(f"Open {folder / 'site' / 'index.html'} in any browser; it needs no server.")
    return [*told, "It holds everybody's words: what is erased later does not leave it by itself."]


def _require_room(folder: Path, overwrite: bool) -> None:
    if folder.exists() and not folder.is_dir():
        raise ExportError(f"{folder} is no folder: choose another name.")
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise ExportError(f"{folder} is not empty: choose another name, or say --overwrite.")


def _require_file(source: Path) -> None:
    if source.is_dir():
        raise ExportError(f"{source} is a folder: the archive is the file archive.jsonl in it.")
    if not source.is_file():
        raise ExportError(f"{source} is not there.")
    if not os.access(source, os.R_OK):
        raise ExportError(f"{source} cannot be read by this user.")


def _numbers(connection: Connection, named: Sequence[str]) -> list[int] | None:
    if not named:
        return None
    known = rooms.find(connection)
    found = [one.id for one in known if one.room_id in named or one.cluster in named]
    missing = [
        name for name in named if not any(name in (one.room_id, one.cluster) for one in known)
    ]
    if missing:
        raise ExportError(f"There is no room {', '.join(missing)} here.")
    return found


async def _take_files_in(database: Database, config: Config, beside_it: Path) -> Counter[str]:
    """Bytes of what was taken in, as this hall keeps files; of the others it is noted why not.

    Returns how many came, under "", and how many did not, by reason.
    """
    rules, data_folder = config.archive, config.data_folder
    there = {path.stem: path for path in sorted(beside_it.glob("*"))}  # noqa: ASYNC240 — a command: nobody else waits
    named = {one.file.sha256: one.file for one in await database.read(media.references)}
    known = [it for it in named if files.path_of(data_folder, it).is_file()]
    room = rules.media_total_mb * media.MEBIBYTE - sum(named[it].size_bytes for it in known)
    left_out: dict[str, str] = {}
    for sha256, file in named.items():  # the newest first
        if sha256 in known:
            continue
        source = there.get(sha256)
        content = source.read_bytes() if source is not None and source.is_file() else b""
        why = media.LOST if files.check_value(content) != sha256 else None
        why = why or media.unwanted(file.mime, len(content), rules)
        why = why or (media.FULL if len(content) > room else None)
        if why is None:
            files.put(data_folder, content)
            room -= len(content)
        else:
            left_out[sha256] = why
    if left_out:
        await database.write(lambda c: media.leave_out(c, left_out))
    return Counter(left_out.values()) + Counter({"": len(named) - len(known) - len(left_out)})


async def take_in(config: Config, source: Path) -> list[str]:
    """Take an archive in, all of it or nothing."""
    _require_file(source)
    database = await open_database(config.database.url)
    try:
        await database.write(migrations.bring_up_to_date, alone=True)

        def work(connection: Connection) -> portable.Taken:
            with source.open(encoding="utf-8") as lines:
                return portable.take_in(connection, lines)

        taken = await database.write(work, alone=True)
        came = await _take_files_in(database, config, source.parent / FILES)
    except Unreadable as trouble:
        raise ExportError(f"{source}: {trouble}. Nothing was changed.") from None
    except UnicodeDecodeError:
        raise ExportError(f"{source} is no text. Nothing was changed.") from None
    finally:
        await database.close()
    told = (
        f"Taken in: {taken.events} events with {taken.messages} messages, {taken.rows} other rows; "
        f"{taken.known} events were here already."
    )
    silent = f"{taken.withheld} messages came without their words: erased, deleted or silent here."
    return [told, silent, *_told_of_files(came), *([] if taken.whole else [CUT_SHORT])]


CUT_SHORT = (
    "The file does not say where it ends, as older exports do not: look whether all is there."
)
_WHY_NOT = {
    media.OFF: "this hall keeps no files (media = false)",
    media.TYPE: "of no type in media_types",
    media.SIZE: "larger than media_max_mb",
    media.FULL: "more than media_total_mb leaves room for",
    media.LOST: f"not in the folder {FILES} beside the lines, or damaged there",
}


def _told_of_files(came: Counter[str]) -> list[str]:
    left_out = [f"{came[why]} {text}" for why, text in _WHY_NOT.items() if came[why]]
    told = [f"{came['']} files came with it."] if came[""] or left_out else []
    return [*told, f"Left as names: {'; '.join(left_out)}."] if left_out else told

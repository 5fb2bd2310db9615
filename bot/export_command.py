"""`moothall export` and `moothall import`: the archive into a folder, and out of a file."""

import logging
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from bot.config import Config
from bot.hall import settings_of
from storage import beside, migrations, portable, rooms
from storage.database import open_database
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

    def work(connection: Connection) -> dict[str, str]:
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
        )
        return exporting.compose(connection, wanted)

    files = await beside.look(config.database.url, work)
    exporting.write(folder, files)
    log.info("exported: files=%d", len(files))
    told = [f"{folder}: {len(files)} files."]
    if any(path.startswith("site/") for path in files):
        told.append(f"Open {folder / 'site' / 'index.html'} in any browser; it needs no server.")
    return [*told, "It holds everybody's words: what is erased later does not leave it by itself."]


def _require_room(folder: Path, overwrite: bool) -> None:
    if folder.exists() and any(folder.iterdir()) and not overwrite:
        raise ExportError(f"{folder} is not empty: choose another name, or say --overwrite.")


def _require_file(source: Path) -> None:
    if not source.is_file():
        raise ExportError(f"{source} is not there.")


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
    except portable.Unreadable as trouble:
        raise ExportError(f"{source}: {trouble}. Nothing was changed.") from None
    finally:
        await database.close()
    told = (
        f"Taken in: {taken.events} events with {taken.messages} messages, {taken.rows} other rows; "
        f"{taken.known} events were here already."
    )
    silent = f"{taken.withheld} messages came without their words: erased, deleted or silent here."
    return [told, silent]

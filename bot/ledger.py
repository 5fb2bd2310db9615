"""The ledger of erasures as a file of its own: a backup that is put back must not undo them.

It lies in the data folder, is written after each erasure and played again at each start, before
anybody is answered. Keep a copy apart from the backups; it has no name and no word in it.
"""

import os
import secrets
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path

from sqlalchemy import Connection

from bot import files
from bot.hall import Hall
from storage import erasures, ledger, timers
from storage.database import Database

NAME = "erasures.jsonl"


def write(data_folder: Path, lines: Iterable[str]) -> None:
    """Put the lines into the file; whole or not at all."""
    draft = data_folder / f".{NAME}.{secrets.token_hex(4)}"
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.writelines(f"{line}\n" for line in lines)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, data_folder / NAME)
        files.sync_folder(data_folder)
    finally:
        draft.unlink(missing_ok=True)


def clear(data_folder: Path) -> None:
    """Remove the drafts of a crash. Only whoever has the data folder to themselves may."""
    for draft in data_folder.glob(f".{NAME}.*"):
        draft.unlink(missing_ok=True)


def read(data_folder: Path) -> list[str]:
    """The lines of the file; none if there is none."""
    path = data_folder / NAME
    return path.read_text(encoding="ascii").splitlines() if path.is_file() else []


async def save(database: Database, data_folder: Path) -> None:
    """Write down what the database knows."""
    # Beside the loop: after years it may have many lines.
    await database.study(lambda c: write(data_folder, ledger.lines(c)))


async def add(database: Database, data_folder: Path) -> None:
    """Write down what the database knows besides: what only the file tells of stays."""
    known = read(data_folder)
    told = set(known)

    def lines(connection: Connection) -> Iterator[str]:
        yield from known
        yield from (line for line in ledger.lines(connection) if line not in told)

    await database.study(lambda c: write(data_folder, lines(c)))


async def replay(database: Database, data_folder: Path, now: datetime, language: str) -> int:
    """Let the database follow the file; returns how many people are erased anew."""
    kept = read(data_folder)
    known = set(await database.read(lambda c: list(ledger.lines(c))))
    missing = [line for line in kept if line not in known]
    if not missing:
        return 0

    def work(connection: Connection) -> int:
        begun = ledger.replay(connection, missing, now, language)
        for number in begun:
            one = erasures.get(connection, number)
            assert one is not None
            timers.schedule(connection, [erasures.alarm(one, now)])
        return len(begun)

    return await database.write(work, alone=True)


async def keep(hall: Hall) -> None:
    """After an erasure: the file tells of it, too."""
    # One at a time: the older of two looks must not be written last.
    async with hall.saving_ledger:
        await save(hall.database, hall.folder)

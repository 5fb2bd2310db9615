"""What a hall does not carry about: libraries that few halls need, or that are needed at times."""

import subprocess
import sys
from pathlib import Path

# Each with what it brings along, as measured on Python 3.11.
LATE = {
    "alembic": "7 MB; where a migration is due",
    "sqlalchemy.orm": "6 MB, comes with the next; nobody maps objects here",
    "sqlalchemy.ext.asyncio": "for PostgreSQL alone",
    "sqlalchemy.dialects.postgresql": "2 MB; for PostgreSQL alone",
    "asyncpg": "2 MB; for PostgreSQL alone",
    "icalendar": "3 MB; where the file of a visit is written",
    "holidays": "4 MB; where dates are proposed",
    "demo": "nothing of it belongs to a hall",
}

# All that `moothall run` loads, then both doors of a database of the usual kind.
A_HALL = """
import asyncio, sys
import bot.cli, bot.app, bot.backup, bot.export_command, bot.keyring, storage.beside
from sqlalchemy import insert, select
from storage import database, tables

def put(connection):
    connection.exec_driver_sql("CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT)")
    row = {"key": "a", "value": "b"}
    connection.execute(database.insert_once(connection, tables.spine.meta), row)
    connection.execute(database.upsert(connection, tables.spine.meta, ["key"], ["value"]), row)

async def main():
    hall = await database.open_database(sys.argv[1])
    await hall.write(put)
    assert len(await hall.read(lambda c: c.execute(select(tables.spine.meta)).all())) == 1
    await hall.close()

asyncio.run(main())
print(*sys.modules)
"""


def _carried(program: str, folder: Path) -> set[str]:
    """Which of LATE a process has loaded at its end."""
    ended = subprocess.run(
        [sys.executable, "-c", program, f"sqlite:///{folder}/hall.db"],
        capture_output=True,
        text=True,
        check=True,
    )
    return LATE.keys() & set(ended.stdout.split())


def test_a_hall_on_sqlite_carries_nothing_that_it_has_no_use_for(tmp_path: Path) -> None:
    assert _carried(A_HALL, tmp_path) == set()


def test_what_is_too_heavy_would_be_seen(tmp_path: Path) -> None:
    drawing = A_HALL + "\nimport icalendar, holidays; print(*sys.modules)"
    assert _carried(drawing, tmp_path) == {"icalendar", "holidays"}

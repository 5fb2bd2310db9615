"""A look into the database of a hall that may be running: without its lock, and out of its way."""

import asyncio
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import NullPool, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import create_async_engine

from storage.database import PRAGMAS, Work

T = TypeVar("T")


class NoDatabase(Exception):
    """There is no database at that place yet."""


async def look(url: URL, work: Work[T]) -> T:
    """Run work that only reads, all of it on one moment's state, while others go on writing."""
    return await _run(url, work, writing=False)


async def change(url: URL, work: Work[T]) -> T:
    """Run work that writes, in a transaction of its own; waits its turn for a few seconds.

    Only for what a running hall reads anew each time: it is not told.
    """
    return await _run(url, work, writing=True)


async def _run(url: URL, work: Work[T], *, writing: bool) -> T:
    if url.get_backend_name() == "sqlite":
        return await asyncio.to_thread(_run_on_sqlite, url, work, writing)
    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"), poolclass=NullPool, hide_parameters=True
    )
    # Read committed would see each table at another moment.
    level = {} if writing else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        async with engine.execution_options(**level).begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _run_on_sqlite(url: URL, work: Work[T], writing: bool) -> T:
    if not Path(url.database or "").exists():
        raise NoDatabase  # or SQLite would make an empty one
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite"),
        poolclass=NullPool,
        connect_args={"isolation_level": None},
        hide_parameters=True,
    )

    def prepare(driver: Any, _record: Any) -> None:
        for pragma in (*PRAGMAS, f"PRAGMA query_only={'OFF' if writing else 'ON'}"):
            driver.execute(pragma)

    event.listen(engine, "connect", prepare)
    # In write-ahead mode a plain transaction reads one moment's state to its end.
    begin = "BEGIN IMMEDIATE" if writing else "BEGIN"
    event.listen(engine, "begin", lambda c: c.exec_driver_sql(begin))
    try:
        with engine.begin() as connection:
            return work(connection)
    finally:
        engine.dispose()

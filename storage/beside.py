"""A look into the database of a hall that may be running: without its lock, and out of its way."""

import asyncio
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, create_engine, event, make_url
from sqlalchemy.engine import URL

from storage.database import PRAGMAS, T, Work

CONNECT_SECONDS = 10


class NoDatabase(Exception):
    """There is no file at that place, and reading must not make one."""


class Beside:
    """A second look at a database that another process may keep; a connection for each."""

    def __init__(self, url: str | URL) -> None:
        self._url = make_url(url)

    async def read(self, work: Work[T]) -> T:
        """Run work that writes nothing, all of it on one moment's state."""
        return await look(self._url, work)


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
    from sqlalchemy.ext.asyncio import create_async_engine  # 6 MB, for PostgreSQL alone

    engine = create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={"timeout": CONNECT_SECONDS},
    )
    # Read committed would see each table at another moment.
    level = {} if writing else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    try:
        async with engine.execution_options(**level).begin() as connection:
            return await connection.run_sync(work)
    finally:
        await engine.dispose()


def _run_on_sqlite(url: URL, work: Work[T], writing: bool) -> T:
    path = Path(url.database or "")
    if not path.is_file():
        raise NoDatabase(str(path))  # or SQLite would make an empty one
    # Read-only, not only query_only: the last to close must not tidy up behind a hall that has
    # crashed. Through the write-ahead log readers and the writer never wait for each other.
    query = {} if writing else {"mode": "ro", "uri": "true"}
    place = str(path) if writing else path.as_uri()
    engine = create_engine(
        url.set(drivername="sqlite+pysqlite", database=place, query=query),
        poolclass=NullPool,
        connect_args={"isolation_level": None},
        hide_parameters=True,
    )

    def prepare(driver: Any, _record: Any) -> None:
        for pragma in PRAGMAS if writing else PRAGMAS[:1]:
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

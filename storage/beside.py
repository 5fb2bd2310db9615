"""Reads a hall's database beside the hall: without its lock, and without writing a byte."""

import asyncio
from pathlib import Path

from sqlalchemy import event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from storage.database import T, Work


class NoDatabase(Exception):
    """There is no such file; reading must not make one."""


class Beside:
    """A second look at a database that another process may keep."""

    def __init__(self, url: str | URL) -> None:
        self._url = make_url(url)
        is_file = self._url.get_backend_name() == "sqlite"
        self._file = Path(self._url.database or "") if is_file else None
        self._engine: AsyncEngine | None = None

    async def read(self, work: Work[T]) -> T:
        """Run work that writes nothing."""
        if self._file is not None and not await asyncio.to_thread(self._file.is_file):
            raise NoDatabase(str(self._file))
        if self._engine is None:  # only now: a driver that is missing is a finding, too
            self._engine = _postgres(self._url) if self._file is None else _sqlite(self._url)
        async with self._engine.begin() as connection:
            return await connection.run_sync(work)

    async def close(self) -> None:
        if self._engine is not None:
            await self._engine.dispose()


def _sqlite(url: URL) -> AsyncEngine:
    # Through the write-ahead log readers and the writer never wait for each other. Read-only,
    # not only query_only: the last to close must not tidy up behind a hall that has crashed.
    path = Path(url.database or "").as_uri()
    engine = create_async_engine(
        url.set(drivername="sqlite+aiosqlite", database=path, query={"mode": "ro", "uri": "true"}),
        poolclass=NullPool,
        hide_parameters=True,
    )
    event.listen(
        engine.sync_engine,
        "connect",
        lambda driver, _record: driver.execute("PRAGMA busy_timeout=5000"),
    )
    return engine


def _postgres(url: URL) -> AsyncEngine:
    return create_async_engine(
        url.set(drivername="postgresql+asyncpg"),
        poolclass=NullPool,
        hide_parameters=True,
        connect_args={
            "timeout": 10,
            "server_settings": {"default_transaction_read_only": "on"},
        },
    )

"""Where storage functions run: one writer and a few readers, on SQLite or PostgreSQL."""

import asyncio
import contextlib
import fcntl
import json
import math
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from sqlalchemy import (
    Boolean,
    Connection,
    Dialect,
    Insert,
    NullPool,
    QueuePool,
    StaticPool,
    Table,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, InterfaceError
from sqlalchemy.exc import TimeoutError as SQLAlchemyTimeout

from storage.courtesy import Courtesy

T = TypeVar("T")
Work = Callable[[Connection], T]

PARAMETERS = 400  # in one IN list; PostgreSQL takes 32,767 in a statement
GROUP = 16  # units of work that share one commit
MOVES = 0.25  # seconds between two moves of the write-ahead log while long work goes on
_AFTER = "after commit"  # in what SQLAlchemy keeps of a connection
READERS = 2  # connections of SQLite, each with a thread of its own

PRAGMAS = (
    "PRAGMA busy_timeout=5000",
    "PRAGMA journal_mode=WAL",
    "PRAGMA foreign_keys=ON",
    "PRAGMA secure_delete=ON",
    "PRAGMA temp_store=MEMORY",
    "PRAGMA cache_size=-2048",  # KiB; malloc keeps what a larger one takes, and gains no speed here
)


class HallIsRunning(Exception):
    """Another process keeps this database; two of them would answer everything twice."""


# Which SQLite errors are no mistake in a statement; then classes of PostgreSQL's: connection,
# deadlock, full disk or memory, shutdown, and locks.
_PASSING_SQLITE = ("FULL", "BUSY", "LOCKED", "IOERR", "CANTOPEN", "READONLY", "NOMEM", "PROTOCOL")
_PASSING_POSTGRES = ("08", "40", "53", "55", "57", "58")


def is_passing(error: BaseException) -> bool:
    """Whether a database failed for a reason outside: full, locked or away. The same may go well
    another time, and whoever asked has made no mistake."""
    if not isinstance(error, DBAPIError):
        return isinstance(error, OSError | SQLAlchemyTimeout | HallIsRunning)
    if error.connection_invalidated or isinstance(error, InterfaceError):
        return True
    lite, postgres = (getattr(error.orig, name, None) for name in ("sqlite_errorname", "pgcode"))
    if lite == "SQLITE_ERROR":
        # A full disk ends the whole transaction; going back to a savepoint is then a mistake.
        return any(is_passing(one) for one in _before(error) if isinstance(one, DBAPIError))
    if lite is not None:
        return str(lite).removeprefix("SQLITE_").startswith(_PASSING_SQLITE)
    return str(postgres).startswith(_PASSING_POSTGRES)


def _before(error: BaseException) -> Iterator[BaseException]:
    """What was being handled when this went wrong."""
    while (context := error.__context__) is not None:
        yield context
        error = context


class Database(Protocol):
    """`write` and `read` run a plain function of a connection in a transaction of its own."""

    async def write(self, work: Work[T], *, alone: bool = False, durable: bool = True) -> T:
        """Run work in the writer's transaction; its effects are committed when this returns.

        alone: no savepoint and no company, for units that write the search index.
        durable=False: the commit may be lost by a power cut (never by a crash): for work that
        would be done again anyway.
        A caller that is cancelled goes at once; the work is done and committed all the same.
        """

    async def read(self, work: Work[T]) -> T:
        """Run work that writes nothing, beside the writer."""

    async def study(self, work: Work[T]) -> T:
        """Run long work that writes nothing, on one moment's state, so that nobody waits for it."""

    def give_way(self) -> None:
        """Between two steps of long work in another thread: let answers go first."""

    async def tidy(self, *, thoroughly: bool) -> None:
        """Let erased words leave the files, too; thoroughly: with what is too slow by day."""

    async def close(self) -> None:
        """Finish what is queued, then let go of the database and its lock."""


async def open_database(url: str | URL) -> Database:
    """Open, lock and set up a database; raises HallIsRunning if another process has it."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        return await asyncio.to_thread(SqliteDatabase, parsed)
    # SQLAlchemy's asyncio, with the mapper that it brings along, weighs 6 MB, which a hall on
    # SQLite has no use for.
    from storage.postgres import PostgresDatabase

    return await PostgresDatabase.open(parsed)


def after_commit(connection: Connection, call: Callable[[], None]) -> None:
    """Have the caller's loop call this as soon as what is written here is committed, and not at
    all if it is undone. Who is woken sooner does not see it yet, and waits for the next time."""
    connection.info.setdefault(_AFTER, []).append(call)


def run_with_calls(connection: Connection, work: Work[T]) -> tuple[T, list[Callable[[], None]]]:
    """Do work; also what is to be called once it is committed, for whoever commits."""
    calls: list[Callable[[], None]] = []
    connection.info[_AFTER] = calls  # in place of those of work that failed
    return work(connection), calls


def insert_once(connection: Connection, table: Table) -> Insert:
    """An INSERT that lets a row stand which is already there."""
    return _insert_once(connection.dialect.name, table)


def upsert(connection: Connection, table: Table, keys: list[str], columns: list[str]) -> Insert:
    """An INSERT that overwrites `columns` where a row with the same `keys` stands."""
    return _upsert(connection.dialect.name, table, tuple(keys), tuple(columns))


def fetch_plainly(connection: Connection, statement: str, values: Sequence[Any]) -> list[Any]:
    """What a statement in the driver's own words brings, as plain tuples.

    For hundreds of rows that somebody waits for: SQLAlchemy's cost more than SQLite's work.
    """
    result = connection.exec_driver_sql(statement, tuple(values))
    try:
        assert result.cursor is not None
        return list(result.cursor.fetchall())
    except sqlite3.Error as error:
        raise DBAPIError.instance(
            statement, None, error, sqlite3.Error, hide_parameters=True
        ) from error
    finally:
        result.close()


def find_among(connection: Connection, statement: str, values: Iterable[int]) -> list[Any]:
    """What a statement finds that ends in `column {among}`, for any number of values at once."""
    if connection.dialect.name == "sqlite":
        among = "IN (SELECT value FROM json_each(?))"
        return fetch_plainly(connection, statement.format(among=among), [json.dumps([*values])])
    among = "= ANY(CAST(:among AS bigint[]))"
    found = connection.execute(text(statement.format(among=among)), {"among": [*values]})
    return list(found.all())


def in_parts(values: Sequence[T]) -> Iterator[Sequence[T]]:
    """For IN lists: as many at once as every engine takes."""
    for start in range(0, len(values), PARAMETERS):
        yield values[start : start + PARAMETERS]


def find_named(connection: Connection, statement: str, names: Sequence[str]) -> list[Any]:
    """The same for up to some hundred names, which may hold what JSON does not carry."""
    if connection.dialect.name == "sqlite":
        among = f"IN ({', '.join('?' * len(names))})"
        return fetch_plainly(connection, statement.format(among=among), names)
    among = "= ANY(CAST(:among AS text[]))"
    found = connection.execute(text(statement.format(among=among)), {"among": [*names]})
    return list(found.all())


def insert_many(
    connection: Connection, table: Table, columns: tuple[str, ...], rows: Sequence[tuple[Any, ...]]
) -> None:
    """Insert rows, of these columns in this order."""
    if connection.dialect.name != "sqlite":
        named = [dict(zip(columns, row, strict=True)) for row in rows]
        connection.execute(table.insert(), named)
        return
    statement, written = _insert_plainly(connection.dialect, table, columns)
    for place, write in written:
        rows = [
            row if row[place] is None else (*row[:place], write(row[place]), *row[place + 1 :])
            for row in rows
        ]
    connection.exec_driver_sql(statement, list(rows))


@lru_cache(maxsize=64)
def _insert_plainly(
    dialect: Dialect, table: Table, columns: tuple[str, ...]
) -> tuple[str, tuple[tuple[int, Callable[[Any], Any]], ...]]:
    """A statement for the driver, and how the values are written that it does not know."""
    marks = ", ".join("?" * len(columns))
    processors = [
        (place, table.c[name].type.dialect_impl(dialect).bind_processor(dialect))
        for place, name in enumerate(columns)
        if not isinstance(table.c[name].type, Boolean)
    ]
    return (
        f"INSERT INTO {table.name} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 — names of ours
        tuple((place, write) for place, write in processors if write is not None),
    )


# Statements are made once: building one costs SQLAlchemy more than SQLite takes to run it.
@lru_cache(maxsize=256)
def _insert_once(dialect: str, table: Table) -> Insert:
    if dialect == "sqlite":
        return sqlite.insert(table).on_conflict_do_nothing()
    from sqlalchemy.dialects import postgresql  # 2 MB

    return postgresql.insert(table).on_conflict_do_nothing()


@lru_cache(maxsize=256)
def _upsert(dialect: str, table: Table, keys: tuple[str, ...], columns: tuple[str, ...]) -> Insert:
    if dialect == "sqlite":
        lite = sqlite.insert(table)
        return lite.on_conflict_do_update(list(keys), set_={c: lite.excluded[c] for c in columns})
    from sqlalchemy.dialects import postgresql  # 2 MB

    pg = postgresql.insert(table)
    return pg.on_conflict_do_update(
        index_elements=list(keys), set_={c: pg.excluded[c] for c in columns}
    )


# ── SQLite ────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Unit(Generic[T]):
    work: Work[T]
    alone: bool
    durable: bool
    bare: bool  # outside a transaction: SQLite's own housekeeping
    loop: asyncio.AbstractEventLoop
    done: asyncio.Future[T]
    result: T | None = None
    error: BaseException | None = field(default=None)
    calls: list[Callable[[], None]] = field(default_factory=list)  # after the commit


class SqliteDatabase:
    """One thread writes, in groups that share a commit; two read beside it.

    A driver for asyncio (aiosqlite) hops between threads for every statement; a unit of work here
    takes one hop, which is worth a factor of four to ten in speed, and 6 MB.
    """

    def __init__(self, url: URL) -> None:
        self._url = url
        path = Path(url.database or "")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._lock = lock_file(path.with_name(path.name + ".lock"))
        if not path.exists():
            path.touch(mode=0o600)
        self._engine = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            poolclass=StaticPool,
            connect_args={"check_same_thread": False, "isolation_level": None},
            hide_parameters=True,  # errors are logged, and parameters are what people wrote
        )
        event.listen(self._engine, "connect", _prepare_writer)
        self._readers = create_engine(
            url.set(drivername="sqlite+pysqlite"),
            poolclass=QueuePool,
            pool_size=READERS,
            max_overflow=0,
            connect_args={"check_same_thread": False, "isolation_level": None},
            hide_parameters=True,
        )
        event.listen(self._readers, "connect", _prepare_reader)
        self._reading = ThreadPoolExecutor(READERS, thread_name_prefix="reader")
        # Here, and not in its thread: what is no database is told to whoever opens it, and no
        # reader is in the way while a new one gets its write-ahead log.
        try:
            self._writing = self._engine.connect()
        except BaseException:
            os.close(self._lock)
            raise
        self._courtesy = Courtesy()
        self._queue: queue.SimpleQueue[_Unit[Any] | None] = queue.SimpleQueue()
        self._moved_at = -math.inf
        self._writer = threading.Thread(target=self._keep_writing, name="writer", daemon=True)
        self._writer.start()

    async def write(self, work: Work[T], *, alone: bool = False, durable: bool = True) -> T:
        result = await self._put(work, alone=alone or not durable, durable=durable, bare=False)
        if not durable:
            await self._keep_log_short()
        return result

    async def _keep_log_short(self) -> None:
        """Long work moves what it logs itself: else a commit does, which somebody waits for."""
        now = time.monotonic()
        if now - self._moved_at >= MOVES:
            self._moved_at = now
            with contextlib.suppress(sqlite3.Error):  # it is committed; a later commit moves it
                await asyncio.to_thread(self._move_log)

    async def _put(self, work: Work[T], *, alone: bool, durable: bool, bare: bool) -> T:
        loop = asyncio.get_running_loop()
        unit = _Unit(work, alone, durable, bare, loop, loop.create_future())
        self._queue.put(unit)
        # A cancelled caller goes at once, and must not believe that nothing happened: the work is
        # done and committed all the same.
        return await asyncio.shield(unit.done)

    async def read(self, work: Work[T]) -> T:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._reading, self._read, work)

    def give_way(self) -> None:
        self._courtesy.give_way()

    def _read(self, work: Work[T]) -> T:
        with self._courtesy.working(), self._readers.begin() as connection:
            connection.exec_driver_sql("BEGIN")
            return work(connection)

    async def study(self, work: Work[T]) -> T:
        return await asyncio.to_thread(self._study, work)

    def _study(self, work: Work[T]) -> T:
        engine = create_engine(
            self._url.set(drivername="sqlite+pysqlite"),
            poolclass=NullPool,
            connect_args={"isolation_level": None},
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_reader)
        try:
            with engine.begin() as connection:
                connection.exec_driver_sql("BEGIN")
                return work(connection)
        finally:
            engine.dispose()

    async def tidy(self, *, thoroughly: bool) -> None:
        # Most of it beside the writer, so that what is left for it to do is short.
        await asyncio.to_thread(self._move_log)
        for _attempt in range(50):  # a reader may hold it back for a moment
            if not await self._put(_truncate_log, alone=True, durable=True, bare=True):
                return
            await asyncio.sleep(0.1)

    def _move_log(self) -> None:
        """Copy the write-ahead log into the database, as far as no reader needs it."""
        driver = sqlite3.connect(self._url.database or "", isolation_level=None)
        with contextlib.closing(driver):
            for pragma in PRAGMAS:
                driver.execute(pragma)
            driver.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()

    async def close(self) -> None:
        self._queue.put(None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._reading.shutdown, cancel_futures=True)
        self._readers.dispose()
        self._engine.dispose()
        os.close(self._lock)

    def _keep_writing(self) -> None:
        with self._writing as connection:
            waiting: _Unit[Any] | None = None
            while (unit := waiting or self._queue.get()) is not None:
                waiting, stopping, group = None, False, [unit]
                while not unit.alone and len(group) < GROUP:
                    try:
                        following = self._queue.get_nowait()
                    except queue.Empty:
                        break
                    if following is None:
                        stopping = True
                        break
                    if following.alone:
                        waiting = following
                        break
                    group.append(following)
                with contextlib.nullcontext() if unit.alone else self._courtesy.working():
                    self._commit(connection, group)
                if stopping:
                    return

    def _commit(self, connection: Connection, group: list[_Unit[Any]]) -> None:
        try:
            if not group[0].durable:
                _set_synchronous(connection, "NORMAL")
            with contextlib.nullcontext() if group[0].bare else connection.begin():
                if not group[0].bare:
                    # pysqlite begins only before a write; a read-modify-write would lose updates.
                    # Not by SQLAlchemy's event: with one listener each statement asks for all.
                    connection.exec_driver_sql("BEGIN IMMEDIATE")
                for unit in group:
                    _run(connection, unit, savepoint=len(group) > 1)
                    if unit.error is not None and not _in_transaction(connection):
                        raise unit.error  # a full disk took the others' work with it
                if len(group) == 1 and group[0].error is not None:
                    raise group[0].error
            if not group[0].durable:
                _set_synchronous(connection, "FULL")
        except BaseException as error:
            for unit in group:
                unit.error = unit.error or error
            _come_to_rest(connection)
        for loop in {id(unit.loop): unit.loop for unit in group}.values():
            mine = [unit for unit in group if unit.loop is loop]
            with contextlib.suppress(RuntimeError):  # the caller's loop is gone
                loop.call_soon_threadsafe(_tell, mine)


def _run(connection: Connection, unit: _Unit[Any], *, savepoint: bool) -> None:
    try:
        if savepoint:
            with connection.begin_nested():
                unit.result, unit.calls = run_with_calls(connection, unit.work)
        else:
            unit.result, unit.calls = run_with_calls(connection, unit.work)
    except BaseException as error:
        unit.error = error


def _tell(group: list[_Unit[Any]]) -> None:
    for unit in group:
        if unit.error is None:
            for call in unit.calls:
                call()
        if unit.done.done():
            continue
        if unit.error is not None:
            unit.done.set_exception(unit.error)
        else:
            unit.done.set_result(unit.result)


def _truncate_log(connection: Connection) -> bool:
    """Empty the write-ahead log; returns whether a reader was in the way."""
    driver = connection.connection.driver_connection
    assert driver is not None
    busy, _pages, _moved = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return bool(busy)


def _in_transaction(connection: Connection) -> bool:
    driver = connection.connection.driver_connection
    assert driver is not None
    return bool(driver.in_transaction)


def _set_synchronous(connection: Connection, level: str) -> None:
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA synchronous={level}")  # refused inside a transaction


def _come_to_rest(connection: Connection) -> None:
    """After an error, whatever it was: ready for the next unit. Never fails: nobody writes else."""
    try:
        if _in_transaction(connection):
            connection.connection.rollback()
        _set_synchronous(connection, "FULL")
    except Exception:
        connection.invalidate()  # the next one gets a new connection, prepared like the first


def _prepare_writer(driver: Any, _record: Any) -> None:
    for pragma in (*PRAGMAS, "PRAGMA synchronous=FULL", "PRAGMA wal_autocheckpoint=8000"):
        driver.execute(pragma)


def _prepare_reader(driver: Any, _record: Any) -> None:
    cursor = driver.cursor()
    for pragma in (*PRAGMAS, "PRAGMA query_only=ON"):
        cursor.execute(pragma)
    cursor.close()


def lock_file(path: Path) -> int:
    """Hold a file against other processes until its handle is closed, or this process ends."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(handle)
        raise HallIsRunning(str(path)) from error
    return handle

"""PostgreSQL, for larger networks: the same two doors, and a lock that the server keeps."""

import asyncio

from sqlalchemy import text
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from storage.courtesy import Courtesy
from storage.database import HallIsRunning, T, Work, run_with_calls
from storage.scrubbing import scrub

ADVISORY_LOCK = 0x6D6F6F74  # "moot"
LOCK_ATTEMPTS, LOCK_PAUSE = 21, 0.25  # five seconds


async def _lock(engine: AsyncEngine) -> AsyncConnection:
    """A connection that holds the hall's lock; raises HallIsRunning if another one keeps it.

    Of a hall that was killed the server may know for a moment longer than it lived.
    """
    keeper = await engine.connect()
    try:
        for attempt in range(LOCK_ATTEMPTS):
            await asyncio.sleep(LOCK_PAUSE if attempt else 0)
            if await keeper.scalar(
                text("SELECT pg_try_advisory_lock(:key)"), {"key": ADVISORY_LOCK}
            ):
                await keeper.commit()
                return keeper
            await keeper.commit()
        raise HallIsRunning(engine.url.database or "")
    except BaseException:
        await keeper.close()
        raise


class PostgresDatabase:
    """One writing transaction at a time, as on SQLite; readers from the pool."""

    def __init__(self, engine: AsyncEngine, keeper: AsyncConnection) -> None:
        self._engine = engine
        self._keeper = keeper  # writes, and holds the advisory lock for as long as we run
        self._turn = asyncio.Lock()
        self._courtesy = Courtesy()

    @classmethod
    async def open(cls, url: URL) -> "PostgresDatabase":
        engine = create_async_engine(
            url.set(drivername="postgresql+asyncpg"),
            pool_size=4,
            pool_pre_ping=True,
            hide_parameters=True,
            connect_args={
                # A generic plan walks the primary key for a rare word: 531 ms against 0.5.
                "server_settings": {"plan_cache_mode": "force_custom_plan", "jit": "off"},
            },
        )
        try:
            return cls(engine, await _lock(engine))
        except BaseException:
            await engine.dispose()
            raise

    async def write(self, work: Work[T], *, alone: bool = False, durable: bool = True) -> T:
        # A cancelled caller goes at once; the work is done and committed all the same.
        writing = asyncio.shield(asyncio.ensure_future(self._write(work, durable)))
        if alone or not durable:
            return await writing
        with self._courtesy.working():
            return await writing

    async def _write(self, work: Work[T], durable: bool) -> T:
        async with self._turn:
            if self._keeper.invalidated or self._keeper.closed:
                # The server let go of us, and of our lock: nothing is written without it.
                await self._keeper.close()
                self._keeper = await _lock(self._engine)
            async with self._keeper.begin():
                if not durable:
                    await self._keeper.execute(text("SET LOCAL synchronous_commit TO OFF"))
                result, calls = await self._keeper.run_sync(run_with_calls, work)
            for call in calls:
                call()
            return result

    async def read(self, work: Work[T]) -> T:
        with self._courtesy.working():
            async with self._engine.begin() as connection:
                return await connection.run_sync(work)

    def give_way(self) -> None:
        self._courtesy.give_way()

    async def study(self, work: Work[T]) -> T:
        engine = self._engine.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
        async with engine.begin() as connection:
            return await connection.run_sync(work)

    async def tidy(self, *, thoroughly: bool) -> None:
        if not thoroughly:
            return
        await scrub(self._engine)

    async def close(self) -> None:
        async with self._turn:
            await self._keeper.close()
            await self._engine.dispose()

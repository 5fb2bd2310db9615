"""On PostgreSQL erased words stay in free space, indexes, dead rows and statistics: out with them.

VACUUM frees the rows and leaves their bytes where they were, until something is written over them.
So a small table is written anew (a moment's lock), and a large one is filled up with rows that
are rolled back: they take the place of whatever stood in its free space, and nobody waits for
it. What the server's own write-ahead log holds goes when the server recycles it.

For its plans the server keeps samples of every column, whole messages among them, until it counts
anew; and then where they stood they stay. So it is made to count, and its samples are written anew.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from storage.tables.base import metadata

SMALL = 1 << 20  # bytes, with indexes: written anew in some 20 ms
PAGE = 8192
# Bytes of one filling row, beside its fixed columns: each hole is filled by the largest that fits,
# as what is left of it can be as long as the shortest row. 32: the server knows holes by that.
PADDINGS = range(1800, -1, -32)
# Of 32 bytes in a long text: it lies in pieces of 1,996 bytes and a last one, of each length.
HASHES = range(125, 62, -1)
BATCH = 1 << 15  # bytes of filling rows, about
NAMES_IN_KEYS = ("person", "outbox", "inbox", "timer", "quote")
STATISTICS = "pg_statistic"
TRIES = 5  # at a table that others look into all the time, each for a moment
INDEX = "REINDEX INDEX CONCURRENTLY message_tsv"

FILLERS = {
    "integer": "-n", "bigint": "-n", "boolean": "false", "tsvector": "''::tsvector",
    "text": "'x' || n", "character varying": "'x' || n",
}  # fmt: skip


async def scrub(engine: AsyncEngine) -> None:
    """Let nothing of what was erased stay in the files of tables and indexes."""
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await connection.execute(text(f"VACUUM {', '.join(sorted(metadata.tables))}"))
        names = [name for name in sorted(metadata.tables) if await _pages(connection, name)]
        large = [name for name in names if await _size(connection, name) > SMALL]
        # A table that somebody works on is not waited for: it is filled up instead.
        async with _waiting_at_most(connection, "50ms"):
            for name in set(names) - set(large):
                try:
                    await connection.execute(text(f"VACUUM FULL {name}"))
                except DBAPIError as refusal:
                    if not _is_locked(refusal):
                        raise
                    large.append(name)
    for name in large:
        await _fill(engine, name)
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        if large:
            await connection.execute(text(f"VACUUM {', '.join(large)}"))
        await connection.execute(text(INDEX))
        for name in sorted(set(large) & set(NAMES_IN_KEYS)):
            await connection.execute(text(f"REINDEX TABLE CONCURRENTLY {name}"))
    for name in sorted(metadata.tables):
        await _count_anew(engine, name)
    async with engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
        await _write_statistics_anew(connection)


async def _count_anew(engine: AsyncEngine, name: str) -> None:
    """Of a table without rows the server keeps its old samples: it is shown one for the moment."""
    async with engine.begin() as connection:
        there = await connection.scalar(text(f'SELECT EXISTS (SELECT FROM "{name}")'))  # noqa: S608 — our schema's names
        place: str | None = None
        if not there:
            statement, _ = await _filler(connection, name)
            shown = text(statement.replace("%pad%", "''") + " RETURNING CAST(ctid AS text)")
            place = await connection.scalar(shown, {"first": 1, "last": 1})
        await connection.execute(text(f'ANALYZE "{name}"'))
        if place is not None:  # this row alone: others may have come since
            gone = text(f'DELETE FROM "{name}" WHERE ctid = CAST(CAST(:place AS text) AS tid)')  # noqa: S608 — our schema's names
            await connection.execute(gone, {"place": place})


async def _write_statistics_anew(connection: AsyncConnection) -> None:
    """The server only warns, and leaves them, if the database is not the hall's own."""
    async with _waiting_at_most(connection, "200ms"):
        for left in reversed(range(TRIES)):
            try:
                await connection.execute(text(f"VACUUM FULL {STATISTICS}"))
                break
            except DBAPIError as refusal:
                if left == 0 or not _is_locked(refusal):
                    raise


@contextlib.asynccontextmanager
async def _waiting_at_most(connection: AsyncConnection, limit: str) -> AsyncIterator[None]:
    """The connection goes back to the pool: whoever has it next must not be in this hurry."""
    await connection.execute(text(f"SET lock_timeout = '{limit}'"))
    try:
        yield
    finally:
        await connection.execute(text("RESET lock_timeout"))


def _is_locked(refusal: DBAPIError) -> bool:
    return getattr(refusal.orig, "pgcode", "") == "55P03"  # lock_not_available


async def _size(connection: AsyncConnection, name: str) -> int:
    size = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
    return int(await connection.scalar(size, {"name": name}) or 0)


async def _fill(engine: AsyncEngine, name: str) -> None:
    """Write over the free space of a table, and of what it keeps beside it for long texts."""
    async with engine.connect() as connection:
        statement, padded = await _filler(connection, name)
        first = 1
        for padding in PADDINGS if padded else (0,):
            first = await _until_it_grows(
                connection, name, statement, "repeat('x', :size)", padding, first
            )
        if padded:
            # Longer than fits a row, and incompressible: it goes where long texts go.
            noise = "(SELECT string_agg(md5(random()::text), '') FROM generate_series(1, :size))"
            with contextlib.suppress(DBAPIError):
                for hashes in HASHES:
                    first = await _until_it_grows(connection, name, statement, noise, hashes, first)
        await connection.rollback()


async def _until_it_grows(
    connection: AsyncConnection, name: str, statement: str, pad: str, size: int, first: int
) -> int:
    """Once rows of that size only make the table longer, no hole of that size is left.

    first: number of the first filling row; returns the next.
    """
    filled = text(
        f"WITH filled AS ({statement.replace('%pad%', pad)}"  # noqa: S608 — our schema's names
        f' RETURNING pg_column_size("{name}".*) AS size) SELECT sum(size) FROM filled'
    )
    before = await _pages(connection, name)
    rows, written, most = 10, 0, 2 * before * PAGE  # an end, should the server tell nonsense
    while written <= most:
        values = {"first": first, "last": first + rows - 1, "size": size}
        added = int(await connection.scalar(filled, values) or 0)
        first, written = first + rows, written + added
        now = await _pages(connection, name)
        grown, before = (now - before) * PAGE, now
        if added > BATCH // 2 and grown > added - PAGE:
            break
        rows = max(10, BATCH * rows // max(added, 1))
    return first


async def _pages(connection: AsyncConnection, name: str) -> int:
    """Of the table and of what it keeps beside it for long texts."""
    size = text(
        "SELECT pg_relation_size(oid) + coalesce(pg_relation_size(nullif(reltoastrelid, 0)), 0)"
        " FROM pg_class WHERE oid = CAST(:name AS regclass)"
    )
    return int(await connection.scalar(size, {"name": name}) or 0) // PAGE


async def _filler(connection: AsyncConnection, name: str) -> tuple[str, bool]:
    """An INSERT of rows that mean nothing, and whether it has a place for padding."""
    told = await connection.execute(
        text(
            "SELECT column_name, data_type, is_nullable = 'YES' FROM information_schema.columns"
            " WHERE table_schema = current_schema() AND table_name = :name"
            " ORDER BY ordinal_position"
        ),
        {"name": name},
    )
    columns: Sequence[tuple[str, str, bool]] = [(row[0], row[1], row[2]) for row in told]
    unique = {
        column.name
        for constraint in metadata.tables[name].constraints
        for column in getattr(constraint, "columns", ())
    } | {column.name for index in metadata.tables[name].indexes for column in index.columns}
    pad = next((c for c, kind, _ in columns if kind == "text" and c not in unique), None)
    values = {
        column: "%pad%" if column == pad else FILLERS[kind]
        for column, kind, nullable in columns
        if column == pad or not nullable or column in unique
    }
    return (
        f'INSERT INTO "{name}" ({", ".join(values)}) SELECT {", ".join(values.values())}'  # noqa: S608 — our schema's names
        " FROM generate_series(CAST(:first AS bigint), CAST(:last AS bigint)) n"
    ), pad is not None

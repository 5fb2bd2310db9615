"""All that the hall remembers, table by table, in a form that both databases read and write.

The search index is left out: it is made anew from the messages, as the other engine needs another.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from sqlalchemy import Connection, column, inspect, select, table, text, type_coerce
from sqlalchemy.types import TypeDecorator

from storage import meta, migrations, reindexing
from storage.tables.base import metadata

AT_ONCE = 1000  # rows

Value = int | str | bool | None


class Unfit(Exception):
    """What is to be loaded does not fit the tables of its version."""


def columns(name: str) -> list[str]:
    """The columns of a table, in the order in which `rows` gives their values."""
    return [one.name for one in metadata.tables[name].columns]


def names() -> list[str]:
    """The tables that are dumped."""
    return sorted(metadata.tables)


def rows(connection: Connection, name: str) -> Iterator[list[Value]]:
    """The rows of a table as they are stored, in the order of its key."""
    source = metadata.tables[name]
    # As stored: reading a million JSON values only to write them again would take minutes.
    stored = [
        type_coerce(one, one.type.impl_instance) if isinstance(one.type, TypeDecorator) else one
        for one in source.columns
    ]
    statement = select(*stored).order_by(*source.primary_key.columns)
    streaming = connection.execution_options(stream_results=True, yield_per=AT_ONCE)
    for row in streaming.execute(statement):
        yield list(row)


def is_empty(connection: Connection) -> bool:
    """Whether no hall has ever used this database."""
    return migrations.current(connection) is None


def begin_anew(connection: Connection, revision: str) -> None:
    """Throw away all that the hall has here, and make the tables of an earlier version."""
    known = {*metadata.tables, "alembic_version"}
    if connection.dialect.name == "sqlite":
        connection.execute(text("DROP TABLE IF EXISTS ft"))  # with its tables
    # Others may have tables in a PostgreSQL database, too.
    for name in known & set(inspect(connection).get_table_names()):
        connection.exec_driver_sql(f'DROP TABLE "{name}"')
    migrations.bring_to(connection, revision)


def load(
    connection: Connection, name: str, given: Sequence[str], values: Iterable[Sequence[Value]]
) -> int:
    """Fill a table that `begin_anew` has made; returns how many rows. Unfit if they do not fit."""
    if not inspect(connection).has_table(name):
        raise Unfit(f"table {name}")
    there = {one["name"] for one in inspect(connection).get_columns(name)}
    if not given or not there.issuperset(given):
        raise Unfit(f"columns of {name}")
    insert = table(name, *(column(one) for one in given)).insert()
    count, remaining = 0, iter(values)
    while batch := list(islice(remaining, AT_ONCE)):
        connection.execute(insert, [dict(zip(given, row, strict=True)) for row in batch])
        count += len(batch)
    return count


def finish(connection: Connection) -> int:
    """Bring what was loaded up to date; returns how many messages were indexed."""
    migrations.bring_up_to_date(connection)
    if connection.dialect.name == "postgresql":
        _set_sequences(connection)
    meta.put(connection, reindexing.ANALYSER, "of a dump, which has no index")
    return reindexing.bring_up_to_date(connection)


def _set_sequences(connection: Connection) -> None:
    """Numbers go on after the highest loaded; SQLite does so by itself."""
    for name, one in metadata.tables.items():
        if one.autoincrement_column is None:
            continue
        key: Any = one.autoincrement_column
        connection.execute(
            text("SELECT setval(pg_get_serial_sequence(:name, :key), :highest, :used)"),
            _highest(connection, name, key.name),
        )


def _highest(connection: Connection, name: str, key: str) -> dict[str, Any]:
    highest = connection.scalar(
        select(column(key)).select_from(table(name)).order_by(column(key).desc()).limit(1)
    )
    return {"name": name, "key": key, "highest": highest or 1, "used": highest is not None}

"""Making the index anew while questions are answered, newest messages first.

Which messages wait to be indexed is one number, kept with the hall's facts: those with ids up to
it. On SQLite the old index cannot be corrected any more, as taking a message out needs the tokens
that went in: it is laid aside at once, asked nothing, and emptied at leisure. On PostgreSQL each
message holds its own tokens, and is found by the old ones until its turn comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from storage import meta
from storage.search.fts5 import create
from storage.search.rows import IndexRow
from storage.tables.archive import document, message

MESSAGES, DOCUMENTS = "index waits/messages", "index waits/documents"
ASIDE = "ft_aside"  # and a number: an index that was laid aside
_WAITING = f"SELECT key, value FROM meta WHERE key IN ('{MESSAGES}', '{DOCUMENTS}')"  # noqa: S608 — names of ours
SHADOWS = ("data", "docsize", "idx")  # what FTS5 keeps of an index without content
STRUCTURE = 10  # rows of the data up to here say what there is


@dataclass(frozen=True, slots=True)
class Waiting:
    """What is not in the new index yet: ids up to these; None: nothing waits."""

    messages: int | None = None
    documents: int | None = None

    @property
    def any(self) -> bool:
        return self.messages is not None or self.documents is not None

    def spares(self, row: IndexRow) -> bool:
        """Whether a message or document (its id is negative) waits for its turn."""
        border = self.messages if row.message_id > 0 else self.documents
        return border is not None and abs(row.message_id) <= border


def waiting(connection: Connection) -> Waiting:
    """What waits to be indexed."""
    # Asked before every write of the index: as plain as can be.
    known = {key: int(value) for key, value in connection.exec_driver_sql(_WAITING)}
    return Waiting(known.get(MESSAGES), known.get(DOCUMENTS))


def come_to(connection: Connection, key: str, border: int | None) -> None:
    """What waits, of MESSAGES or DOCUMENTS, are ids up to that; None: nothing any more."""
    if border is None:
        meta.forget(connection, key)
    else:
        meta.put(connection, key, str(border))


def lay_aside(connection: Connection) -> None:
    """Everything waits. It takes no time, however much there is."""
    for key, column in ((MESSAGES, message.c.id), (DOCUMENTS, document.c.id)):
        come_to(connection, key, connection.scalar(select(func.max(column))))
    if connection.dialect.name == "sqlite":
        number = len(_laid_aside(connection))
        connection.exec_driver_sql(f"ALTER TABLE ft RENAME TO {ASIDE}{number}")
        create(connection)


def still_there(connection: Connection, rows: Sequence[IndexRow]) -> list[IndexRow]:
    """Those that do not wait: on SQLite only they are in the index, or go into it."""
    if connection.dialect.name != "sqlite":
        return list(rows)
    known = waiting(connection)
    return [row for row in rows if not known.spares(row)] if known.any else list(rows)


def throw_away(connection: Connection, pages: int) -> bool:
    """Some pages of what was laid aside; returns whether there is more."""
    if connection.dialect.name != "sqlite":
        return False
    for name in _laid_aside(connection):
        for shadow in SHADOWS:
            table = f"{name}_{shadow}"
            if shadow == "idx":
                some = f"(segid, term) IN (SELECT segid, term FROM {table} LIMIT :pages)"  # noqa: S608 — named by us
            else:
                above = STRUCTURE if shadow == "data" else -1
                some = f"id IN (SELECT id FROM {table} WHERE id > {above} LIMIT :pages)"  # noqa: S608 — named by us
            found = connection.execute(
                text(f"DELETE FROM {table} WHERE {some}"),  # noqa: S608 — as said
                {"pages": pages},
            )
            if found.rowcount:
                return True
        connection.exec_driver_sql(f"DROP TABLE {name}")
        return True
    return False


def _laid_aside(connection: Connection) -> list[str]:
    if connection.dialect.name != "sqlite":
        return []
    found = connection.execute(
        text(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name GLOB :names"
            " AND sql LIKE 'CREATE VIRTUAL TABLE%' ORDER BY name"
        ),
        {"names": f"{ASIDE}[0-9]*"},
    )
    return list(found.scalars())

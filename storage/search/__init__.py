"""Finding messages: one query tree, one text analyser, two engines.

The engine is chosen by the connection; both index the same tokens and find the same messages.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from sqlalchemy import Connection

from storage.search import fts5, renewal, tsvector
from storage.search.analyser import Analysed, analyse, analyse_as, topics
from storage.search.marks import marks_of
from storage.search.query import Node
from storage.search.rows import DocumentRow, IndexRow, Reach, Row, Scope
from storage.search.stemming import LANGUAGES, analyser_version

__all__ = [
    "LANGUAGES", "Analysed", "DocumentRow", "IndexRow", "Reach", "Row", "Scope", "analyse",
    "analyse_as", "analyser_version", "candidates", "clear", "create", "documents",
    "erase_rows", "index_documents", "index_row", "index_rows", "marks_of", "title_of", "topics",
    "unindex_documents", "unindex_rows",
]  # fmt: skip

NEWEST = 400  # matches that are ranked; more are said to be "400+"


def create(connection: Connection) -> None:
    """Make what the index needs, after the message table; harmless if it is there."""
    _engine(connection).create(connection)


def index_rows(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Put stored messages into the index, each once; those without words stay out."""
    worded = renewal.still_there(connection, [row for row in rows if _worded(row)])
    _engine(connection).index_rows(connection, worded)


def unindex_rows(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Take messages out of the index, with the words and the language they went in with."""
    worded = renewal.still_there(connection, [row for row in rows if _worded(row)])
    _engine(connection).unindex_rows(connection, worded)


def erase_rows(
    connection: Connection, rows: Sequence[IndexRow], ids: Sequence[int], **columns: Any
) -> None:
    """Take messages out of the index, and write columns of all with these ids.

    On PostgreSQL at once: each version of a row between would leave its words in another page.
    """
    worded = renewal.still_there(connection, [row for row in rows if _worded(row)])
    _engine(connection).erase_rows(connection, worded, ids, columns)


def candidates(
    connection: Connection, tree: Node | None, scope: Scope, limit: int = NEWEST
) -> list[Row]:
    """The newest `limit` messages of the scope that match a tree (None: all), newest first.

    Fewer than `limit` are all there are.
    """
    if not scope.rooms or scope.highest_id < scope.lowest_id:
        return []
    found: list[Row] = _engine(connection).candidates(connection, tree, scope, limit)
    return found


def index_documents(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Put documents into the index; their ids are negative there."""
    _engine(connection).index_documents(connection, renewal.still_there(connection, rows))


def unindex_documents(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Take documents out of the index, with the words and the language they went in with."""
    _engine(connection).unindex_documents(connection, renewal.still_there(connection, rows))


def documents(
    connection: Connection, tree: Node | None, scope: Scope, reach: Reach, limit: int = NEWEST
) -> list[DocumentRow]:
    """The newest documents within reach that match a tree; of a scope only days and marks count."""
    found: list[DocumentRow] = _engine(connection).documents(connection, tree, scope, reach, limit)
    return found


def clear(connection: Connection) -> None:
    """Empty the index, whatever tokens it holds."""
    _engine(connection).clear(connection)


def title_of(title: str | None, language: str) -> Analysed | None:
    """The words of a title that stands beside a text in that language."""
    return analyse_as(title, language) if title else None


def index_row(
    message_id: int,
    room_id: int,
    sender_id: int,
    *,
    body: str,
    lang: str,
    title: str | None = None,
    kept: str = "",
) -> IndexRow:
    """The index row of a message as it is stored: the same again, to take it out."""
    return IndexRow(
        message_id,
        room_id,
        sender_id,
        analyse_as(body, lang),
        title_of(title, lang),
        marks_of(body, lang, kept),
    )


def _worded(row: IndexRow) -> bool:
    return bool(row.analysed.surface or row.analysed.tags or (row.title and row.title.surface))


def _engine(connection: Connection) -> ModuleType:
    return fts5 if connection.dialect.name == "sqlite" else tsvector

"""The index on SQLite: a contentless FTS5 table that holds our tokens and no text."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, update

from storage.database import fetch_plainly
from storage.search.analyser import Terms, terms_of
from storage.search.marks import DOCUMENT
from storage.search.query import And, Filter, Marked, Node, Not, Or
from storage.search.rows import DocumentRow, IndexRow, Reach, Row, Scope
from storage.tables.archive import message

# The column scope holds room, person and marks: 'r44 p9 hlink'. Tokens are taken as they are:
# beyond ASCII every sign belongs to a word, and nothing is folded a second time.
CREATE = """CREATE VIRTUAL TABLE IF NOT EXISTS ft USING
    fts5(title, tags, surface, stem, scope, content='', tokenize='ascii')"""
INSERT = "INSERT INTO ft(rowid, title, tags, surface, stem, scope) VALUES (?, ?, ?, ?, ?, ?)"
DELETE = """INSERT INTO ft(ft, rowid, title, tags, surface, stem, scope)
    VALUES ('delete', ?, ?, ?, ?, ?, ?)"""
# CROSS JOIN keeps the index in front: newer SQLite turns a plain join round and never ends.
FIND = """SELECT m.id, m.seq, m.room_id, m.thread_h, m.sender_id, m.ts, m.lang, m.body, m.title
    FROM ft CROSS JOIN message m ON m.id = ft.rowid
    WHERE ft MATCH ? AND ft.rowid BETWEEN ? AND ?
    AND (? IS NULL OR m.room_id IN (SELECT value FROM json_each(?)))
    AND m.ts >= ? AND m.ts < ? AND m.body <> '' AND (? IS NULL OR m.thread_h = ?)
    AND (? IS NULL OR ? = EXISTS (SELECT 1 FROM message o
        WHERE o.thread_h = m.thread_h AND o.room_id = m.room_id AND o.id <> m.id AND o.body <> ''))
    ORDER BY ft.rowid DESC LIMIT ?"""
FEW_ROOMS = 4  # that cost nothing to name
# What was said in some rooms in a stretch of time: the index would have to pass by it.
PASSED = """SELECT count(*) FROM (SELECT 1 FROM message
    WHERE room_id IN (SELECT value FROM json_each(?)) AND id BETWEEN ? AND ? LIMIT ?)"""
PASSING = 8  # messages cost as much as looking up one match and its room

# Documents have negative row ids: a search for messages never meets them.
FIND_DOCUMENTS = """SELECT d.id, d.kind, d.subject, d.room_id, d.author_id, d.city, d.ts, d.lang,
        d.title, d.body
    FROM ft CROSS JOIN document d ON d.id = -ft.rowid
    WHERE ft MATCH ? AND ft.rowid < 0 AND d.ts >= ? AND d.ts < ?
    AND (d.room_id IN (SELECT value FROM json_each(?))
        OR d.cluster IN (SELECT value FROM json_each(?)) OR (? AND d.everyone))
    ORDER BY d.ts DESC, d.id DESC LIMIT ?"""
ANY_DOCUMENT = "SELECT 1 FROM document LIMIT 1"


def create(connection: Connection) -> None:
    """Make the index, if it is not there."""
    connection.exec_driver_sql(CREATE)


def index_rows(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Index messages that are not in the index yet: a second time would double them silently."""
    if rows:
        connection.exec_driver_sql(INSERT, [values(row) for row in rows])


def unindex_rows(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Take messages out; the rows must be exactly those that went in.

    The words stay in deleted pages until the index is merged and the log is emptied.
    """
    if rows:
        connection.exec_driver_sql(DELETE, [values(row) for row in rows])


def erase_rows(
    connection: Connection, rows: Sequence[IndexRow], ids: Sequence[int], values: Mapping[str, Any]
) -> None:
    """Take messages out, and write columns of all with these ids."""
    unindex_rows(connection, rows)
    connection.execute(update(message).where(message.c.id.in_(ids)).values(**values))


def candidates(connection: Connection, tree: Node | None, scope: Scope, limit: int) -> list[Row]:
    """The newest `limit` messages that match, newest first.

    Where the words are rare, or the rooms are most of them, the newest matches of all rooms hold
    what is wanted. Else what they tell of decides how the rest is found: by the rooms' names in the
    index, which passes by all that was said there, or by the rooms of the matches.
    """
    rooms = any_of(f"r{room}" for room in scope.rooms)
    words = rooms if tree is None else compile_tree(tree, rooms)
    if words is None:
        return []
    for group in scope.groups:
        words = f"({words}) AND {any_of(group)}"
    if scope.without:
        words = f"({words}) NOT {any_of(scope.without)}"
    if tree is None:
        return _find(connection, words, scope, limit, scope.rooms)
    named = f"({words}) AND {rooms}"
    if len(scope.rooms) <= FEW_ROOMS:
        return _find(connection, named, scope, limit, scope.rooms)
    newest = _find(connection, words, scope, limit + 1)
    allowed = set(scope.rooms)
    found = [row for row in newest if row.room_id in allowed]
    if len(newest) <= limit or len(found) >= limit:
        return found[:limit]
    older = replace(scope, below=newest[-1].message_id)
    worded = named if _pays_to_name(connection, scope.rooms, newest) else words
    return found + _find(connection, worded, older, limit - len(found), scope.rooms)


def _pays_to_name(connection: Connection, rooms: Sequence[int], matches: Sequence[Row]) -> bool:
    """Whether so little was said in some rooms between these matches that passing by it is less
    work than looking for the room of each match."""
    most = PASSING * len(matches)
    between = (json.dumps(rooms), matches[-1].message_id, matches[0].message_id, most)
    ((said,),) = fetch_plainly(connection, PASSED, between)
    return bool(said < most)


def _find(
    connection: Connection, words: str, scope: Scope, limit: int, among: Sequence[int] = ()
) -> list[Row]:
    """The newest matches in some rooms, or in all."""
    rooms = json.dumps(among) if among else None
    values = (
        words, scope.lowest_id, scope.highest_id, rooms, rooms, scope.after_ms, scope.before_ms,
        scope.thread, scope.thread, scope.answered, scope.answered, limit,
    )  # fmt: skip
    return list(map(Row._make, fetch_plainly(connection, FIND, values)))


def documents(
    connection: Connection, tree: Node | None, scope: Scope, reach: Reach, limit: int
) -> list[DocumentRow]:
    """The newest documents that match and may be read."""
    if not fetch_plainly(connection, ANY_DOCUMENT, ()):
        return []
    everything = any_of([DOCUMENT])
    words = everything if tree is None else compile_tree(tree, everything)
    if words is None:
        return []
    for group in scope.groups:
        words = f"({words}) AND {any_of(group)}"
    if scope.without:
        words = f"({words}) NOT {any_of(scope.without)}"
    values = (
        words,
        scope.after_ms,
        scope.before_ms,
        json.dumps(reach.rooms),
        json.dumps(reach.clusters),
        reach.everyone,
        limit,
    )
    return [DocumentRow(*found) for found in fetch_plainly(connection, FIND_DOCUMENTS, values)]


index_documents, unindex_documents = index_rows, unindex_rows


def compile_tree(node: Node, everything: str) -> str | None:
    """A tree as an FTS5 expression; None if nothing in it has letters.

    everything: the expression that a lone Not is taken from, as FTS5's NOT has two sides.
    """
    match node:
        case And(nodes):
            wanted = [compile_tree(it, everything) for it in nodes if not isinstance(it, Not)]
            spared = [compile_tree(it.node, everything) for it in nodes if isinstance(it, Not)]
            kept, gone = [it for it in wanted if it], [it for it in spared if it]
            if not kept and not gone:
                return None
            base = " AND ".join(f"({it})" for it in kept) or everything
            return f"({base})" + "".join(f" NOT ({it})" for it in gone)
        case Or(nodes):
            either = [compile_tree(it, everything) for it in nodes]
            return " OR ".join(f"({it})" for it in either if it) or None
        case Not(inner):
            spare = compile_tree(inner, everything)
            return f"{everything} NOT ({spare})" if spare else None
        case Marked(marks):
            return any_of(marks)
        case Filter():
            raise TypeError("a filter is resolved into marks before it is looked up")
        case leaf:
            return _leaf(terms_of(leaf)) or None


def any_of(scopes: Iterable[str]) -> str:
    """Rooms (r44), people (p9) or other marks as an FTS5 expression."""
    return "{scope}:(" + " OR ".join(f'"{it}"' for it in scopes) + ")"


def _leaf(terms: Terms) -> str:
    words = " OR ".join(_quoted(it) for it in terms.any_of)
    phrase = " + ".join(_quoted(it) for it in terms.phrase)
    start = f"{_quoted(terms.prefix)} *" if terms.prefix else ""
    either = [
        words and f"{{title tags surface stem}}:({words})",
        phrase and f"{{title surface}}:({f'{phrase} + {start}' if start else phrase})",
        start and not phrase and f"{{title tags surface stem}}:({start})",
        terms.tag and f"{{tags}}:({_quoted(terms.tag)})",
    ]
    return " OR ".join(it for it in either if it)


def _quoted(token: str) -> str:
    return '"' + token.replace('"', '""') + '"'


def values(row: IndexRow) -> tuple[int, str, str, str, str, str]:
    """A message as a row of the index."""
    if row.title is None:
        analysed = row.analysed
        return (
            row.message_id,
            "",
            " ".join(analysed.tags),
            " ".join(analysed.surface),
            " ".join(analysed.extras),
            f"r{row.room_id} p{row.sender_id} {' '.join(row.marks)}",
        )
    return (
        row.message_id,
        " ".join(row.title_words),
        " ".join(row.tags),
        " ".join(row.analysed.surface),
        " ".join(row.extras),
        " ".join(row.scope),
    )


def clear(connection: Connection) -> None:
    """Empty the index; the only deletion that needs no tokens."""
    connection.exec_driver_sql("INSERT INTO ft(ft) VALUES ('delete-all')")

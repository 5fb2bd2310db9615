"""The index on SQLite: a contentless FTS5 table that holds our tokens and no text."""

import json
from collections.abc import Iterable, Mapping, Sequence
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
# A row id is a message's id and the last bits of its room's: most messages of other rooms are
# passed by without being looked up.
ROOM_BITS = 6
BUCKETS = 1 << ROOM_BITS
# CROSS JOIN keeps the index in front: newer SQLite turns a plain join round and never ends.
FIND = f"""SELECT m.id, m.seq, m.room_id, m.thread_h, m.sender_id, m.ts, m.lang, m.body, m.title
    FROM ft CROSS JOIN message m ON m.id = ft.rowid >> {ROOM_BITS}
    WHERE ft MATCH ? AND ft.rowid BETWEEN ? AND ? AND (? >> (ft.rowid & {BUCKETS - 1})) & 1
    AND m.room_id IN (SELECT value FROM json_each(?))
    AND m.ts >= ? AND m.ts < ? AND m.body <> '' AND (? IS NULL OR m.thread_h = ?)
    AND (? IS NULL OR ? = EXISTS (SELECT 1 FROM message o
        WHERE o.thread_h = m.thread_h AND o.room_id = m.room_id AND o.id <> m.id AND o.body <> ''))
    ORDER BY ft.rowid DESC LIMIT ?"""  # noqa: S608 — numbers of ours
FEW_ROOMS = 2  # whose messages, named in the index, are fewer than most words' matches

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
    connection: Connection, rows: Sequence[IndexRow], ids: Sequence[int], columns: Mapping[str, Any]
) -> None:
    """Take messages out, and write columns of all with these ids."""
    unindex_rows(connection, rows)
    connection.execute(update(message).where(message.c.id.in_(ids)).values(**columns))


def candidates(connection: Connection, tree: Node | None, scope: Scope, limit: int) -> list[Row]:
    """The newest `limit` messages that match, newest first."""
    rooms = any_of(f"r{room}" for room in scope.rooms)
    words = None if tree is None else compile_tree(tree, rooms)
    if words is None and tree is not None:
        return []
    wanted = [words, *map(any_of, scope.groups)]
    if len(scope.rooms) <= FEW_ROOMS or not any(wanted):
        wanted.append(rooms)
    matching = " AND ".join(f"({it})" for it in wanted if it)
    if scope.without:
        matching = f"({matching}) NOT {any_of(scope.without)}"
    asked = (
        matching, scope.lowest_id << ROOM_BITS, row_id(scope.highest_id, -1), _buckets(scope.rooms),
        json.dumps(scope.rooms), scope.after_ms, scope.before_ms, scope.thread, scope.thread,
        scope.answered, scope.answered, limit,
    )  # fmt: skip
    return list(map(Row._make, fetch_plainly(connection, FIND, asked)))


def row_id(message_id: int, room_id: int) -> int:
    """Where a message stands in the index, in the order of their ids; documents: their own id."""
    return message_id if message_id < 0 else message_id << ROOM_BITS | room_id % BUCKETS


def _buckets(rooms: Iterable[int]) -> int:
    """One bit for each last bits that rooms' ids have, as SQLite's signed 64."""
    bits = sum(1 << number for number in {room % BUCKETS for room in rooms})
    return bits - (1 << BUCKETS) if bits >> (BUCKETS - 1) else bits


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
            row_id(row.message_id, row.room_id),
            "",
            " ".join(analysed.tags),
            " ".join(analysed.surface),
            " ".join(analysed.extras),
            f"r{row.room_id} p{row.sender_id} {' '.join(row.marks)}",
        )
    return (
        row_id(row.message_id, row.room_id),
        " ".join(row.title_words),
        " ".join(row.tags),
        " ".join(row.analysed.surface),
        " ".join(row.extras),
        " ".join(row.scope),
    )


def clear(connection: Connection) -> None:
    """Empty the index; the only deletion that needs no tokens."""
    connection.exec_driver_sql("INSERT INTO ft(ft) VALUES ('delete-all')")

"""The index on PostgreSQL: a tsvector column made of our own tokens."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import (
    Connection,
    String,
    TextClause,
    bindparam,
    column,
    table,
    text,
    update,
)

from storage.search.analyser import Terms, terms_of
from storage.search.marks import DOCUMENT
from storage.search.query import And, Filter, Marked, Node, Not, Or
from storage.search.rows import TITLE_WORDS, DocumentRow, IndexRow, Reach, Row, Scope
from storage.tables.archive import message

# Tags and stems share one position each, beyond all words: of two weights at one position
# PostgreSQL keeps only the higher.
TAG, STEM = "16382B", "16383D"
FIND = text(
    "SELECT m.id, m.seq, m.room_id, m.thread_h, m.sender_id, m.ts, m.lang, m.body, m.title"
    " FROM message m WHERE m.tsv @@ CAST(:words AS tsquery) AND m.id BETWEEN :lo AND :hi"
    " AND m.room_id IN :rooms AND m.ts >= :after AND m.ts < :before AND m.body <> ''"
    " AND (CAST(:thread AS bigint) IS NULL OR m.thread_h = :thread)"
    " AND (CAST(:answered AS boolean) IS NULL OR CAST(:answered AS boolean) = EXISTS ("
    "SELECT 1 FROM message o WHERE o.thread_h = m.thread_h AND o.room_id = m.room_id"
    " AND o.id <> m.id AND o.body <> ''))"
    " ORDER BY m.id DESC LIMIT :limit"
).bindparams(bindparam("rooms", expanding=True))

_MESSAGE = table("message", *(column(it.name, it.type) for it in message.c), column("tsv"))
_NEW = "unnest(CAST(:ids AS bigint[]), CAST(:vectors AS text[])) AS new(id, tsv)"
UPDATE = text(
    f"UPDATE message SET tsv = CAST(new.tsv AS tsvector) FROM {_NEW} WHERE message.id = new.id"  # noqa: S608 — both parts are ours
)
UPDATE_DOCUMENTS = text(
    f"UPDATE document SET tsv = CAST(new.tsv AS tsvector) FROM {_NEW} WHERE document.id = new.id"  # noqa: S608 — both parts are ours
)
FIND_DOCUMENTS = text(
    "SELECT d.id, d.kind, d.subject, d.room_id, d.author_id, d.city, d.ts, d.lang, d.title, d.body"
    " FROM document d WHERE d.tsv @@ CAST(:words AS tsquery) AND d.ts >= :after AND d.ts < :before"
    " AND (d.room_id IN :rooms OR d.cluster IN :clusters OR (:everyone AND d.everyone))"
    " ORDER BY d.ts DESC, d.id DESC LIMIT :limit"
).bindparams(
    bindparam("rooms", expanding=True), bindparam("clusters", expanding=True, type_=String)
)


def create(connection: Connection) -> None:
    """Add column and index to the message table, if they are not there."""
    for statement in (
        "ALTER TABLE message ADD COLUMN IF NOT EXISTS tsv TSVECTOR NOT NULL DEFAULT ''",
        "ALTER TABLE IF EXISTS document ADD COLUMN IF NOT EXISTS tsv TSVECTOR NOT NULL DEFAULT ''",
        "ALTER TABLE message ALTER COLUMN tsv SET STATISTICS 1000",
        "CREATE INDEX IF NOT EXISTS message_tsv ON message USING gin(tsv) WITH (fastupdate=on)",
    ):
        connection.execute(text(statement))


def index_rows(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Index messages whose rows are there already."""
    _update(connection, [row.message_id for row in rows], [vector(row) for row in rows])


def unindex_rows(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Take messages out. The words stay in dead tuples until VACUUM and REINDEX."""
    _update(connection, [row.message_id for row in rows], ["" for _ in rows])


def erase_rows(
    connection: Connection, rows: Sequence[IndexRow], ids: Sequence[int], columns: Mapping[str, Any]
) -> None:
    """Take messages out, and write columns of all with these ids, in one version of each row."""
    empty = text("''::tsvector")
    connection.execute(update(_MESSAGE).where(_MESSAGE.c.id.in_(ids)).values(**columns, tsv=empty))


def candidates(connection: Connection, tree: Node | None, scope: Scope, limit: int) -> list[Row]:
    """The newest `limit` messages that match, newest first."""
    parts = [any_of(f"r{room}" for room in scope.rooms)]
    if tree is not None:
        words = compile_tree(tree)
        if words is None:
            return []
        parts.append(words)
    parts += [any_of(group) for group in scope.groups]
    if scope.without:
        parts.append(f"!({any_of(scope.without)})")
    values = {
        "words": " & ".join(f"({part})" for part in parts),
        "rooms": scope.rooms,
        "lo": scope.lowest_id,
        "hi": scope.highest_id,
        "after": scope.after_ms,
        "before": scope.before_ms,
        "thread": scope.thread,
        "answered": scope.answered,
        "limit": limit,
    }
    return [Row(*found) for found in connection.execute(FIND, values)]


def documents(
    connection: Connection, tree: Node | None, scope: Scope, reach: Reach, limit: int
) -> list[DocumentRow]:
    """The newest documents that match and may be read."""
    parts = [any_of([DOCUMENT])]
    if tree is not None:
        words = compile_tree(tree)
        if words is None:
            return []
        parts.append(words)
    parts += [any_of(group) for group in scope.groups]
    if scope.without:
        parts.append(f"!({any_of(scope.without)})")
    values = {
        "words": " & ".join(f"({part})" for part in parts),
        "rooms": reach.rooms,
        "clusters": reach.clusters,
        "everyone": reach.everyone,
        "after": scope.after_ms,
        "before": scope.before_ms,
        "limit": limit,
    }
    return [DocumentRow(*found) for found in connection.execute(FIND_DOCUMENTS, values)]


def index_documents(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Index documents whose rows are there already."""
    numbers = [-row.message_id for row in rows]
    _update(connection, numbers, [vector(row) for row in rows], UPDATE_DOCUMENTS)


def unindex_documents(connection: Connection, rows: Sequence[IndexRow]) -> None:
    """Take documents out."""
    numbers = [-row.message_id for row in rows]
    _update(connection, numbers, ["" for _ in rows], UPDATE_DOCUMENTS)


def compile_tree(node: Node) -> str | None:
    """A tree as a tsquery; None if nothing in it has letters."""
    match node:
        case And(nodes):
            return " & ".join(f"({it})" for it in map(compile_tree, nodes) if it) or None
        case Or(nodes):
            return " | ".join(f"({it})" for it in map(compile_tree, nodes) if it) or None
        case Not(inner):
            spare = compile_tree(inner)
            return f"!({spare})" if spare else None
        case Marked(marks):
            return any_of(marks)
        case Filter():
            raise TypeError("a filter is resolved into marks before it is looked up")
        case leaf:
            return _leaf(terms_of(leaf)) or None


def any_of(scopes: Iterable[str]) -> str:
    """Rooms (r44), people (p9) or other marks as a tsquery."""
    return " | ".join(f"'={it}'" for it in scopes)


def _leaf(terms: Terms) -> str:
    either = [quoted(it) for it in terms.any_of]
    if terms.phrase:
        # Weight by weight, as title and words are counted from 1 each.
        either += [_phrase(terms, "A"), _phrase(terms, "C")]
    elif terms.prefix:
        either.append(f"{quoted(terms.prefix)}:*")
    if terms.tag:
        either.append(f"{quoted(terms.tag)}:B")
    return " | ".join(either)


def _phrase(terms: Terms, weight: str) -> str:
    parts = [f"{quoted(it)}:{weight}" for it in terms.phrase]
    parts += [f"{quoted(terms.prefix)}:*{weight}"] if terms.prefix else []
    return "(" + " <-> ".join(parts) + ")"


def vector(row: IndexRow) -> str:
    """The tsvector of a message: 'kaffee':201C,204C 'kaff':16383D '=r44' '=p9'.

    Weights: A title, B tags, C words, D stems. No token of ours begins with "=", so nobody can
    type a scope.
    """
    places: dict[str, list[str]] = {}
    for position, token in enumerate(row.title_words, 1):
        places.setdefault(token, []).append(f"{position}A")
    for position, token in enumerate(row.analysed.surface, TITLE_WORDS + 1):
        places.setdefault(token, []).append(f"{position}C")
    for token in row.tags:
        places.setdefault(token, []).append(TAG)
    for token in row.extras:
        places.setdefault(token, []).append(STEM)
    words = (f"{quoted(token)}:{','.join(at)}" for token, at in places.items())
    return " ".join((*words, *(f"'={mark}'" for mark in row.scope)))


def quoted(token: str) -> str:
    """A token as a lexeme of tsvector and tsquery notation."""
    return "'" + token.replace("\\", "\\\\").replace("'", "''") + "'"


def _update(
    connection: Connection, ids: list[int], vectors: list[str], statement: TextClause | None = None
) -> None:
    if ids:
        chosen = UPDATE if statement is None else statement
        connection.execute(chosen, {"ids": ids, "vectors": vectors})


def clear(connection: Connection) -> None:
    """Empty the index."""
    connection.exec_driver_sql("UPDATE message SET tsv = ''::tsvector")
    connection.exec_driver_sql("UPDATE document SET tsv = ''::tsvector")

"""Builds the search index anew when the analyser gives other tokens than those it holds."""

from sqlalchemy import Connection, func, select

from storage import documents, meta, practices, search, visits
from storage.revisions import index_row
from storage.search import IndexRow, renewal
from storage.tables.archive import document, message
from storage.tables.practices import practice
from storage.tables.visits import visit

BEGINNING = (0, 0)
_RENEWED = ((practice, practices.renew_document), (visit, visits.renew_document))

ANALYSER = "analyser version"
BATCH = 500
PAGES = 2_000


def begin(connection: Connection) -> bool:
    """Lay the index aside if the analyser has changed since; returns whether anything waits."""
    version = str(search.analyser_version())
    known = meta.get(connection, ANALYSER)
    meta.put(connection, ANALYSER, version)
    if known not in (None, version):
        renewal.lay_aside(connection)
    return renewal.waiting(connection).any


def step(connection: Connection, at_most: int) -> int:
    """Index that many of those that wait, newest first; returns how many, 0 if none wait.

    Run it alone: it writes the index.
    """
    waiting = renewal.waiting(connection)
    if waiting.documents is not None:
        rows = documents.next_to_index(connection, waiting.documents, at_most)
        border = -rows[-1].message_id - 1 if rows else None
        renewal.come_to(connection, renewal.DOCUMENTS, border)
        search.index_documents(connection, rows)
        if rows:
            return len(rows)
    if waiting.messages is not None:
        rows = next_messages(connection, waiting.messages, at_most)
        border = rows[-1].message_id - 1 if rows else None
        renewal.come_to(connection, renewal.MESSAGES, border)
        search.index_rows(connection, rows)
        return len(rows)
    return 0


def next_messages(connection: Connection, up_to: int, at_most: int) -> list[IndexRow]:
    """Messages with words, newest first, as the index should hold them: for building it anew."""
    rows = connection.execute(
        select(message)
        .where(message.c.id <= up_to, message.c.body != "")
        .order_by(message.c.id.desc())
        .limit(at_most)
    )
    return [index_row(row) for row in rows]


def newest_words(connection: Connection, at_most: int) -> list[tuple[str, str]]:
    """The newest messages' words and languages."""
    rows = connection.execute(
        select(message.c.body, message.c.lang).order_by(message.c.id.desc()).limit(at_most)
    )
    return [(row.body, row.lang) for row in rows]


def left(connection: Connection) -> int:
    """How many messages and documents wait to be indexed anew."""
    waiting, count = renewal.waiting(connection), select(func.count())
    number = 0
    if waiting.messages is not None:
        worded = (message.c.id <= waiting.messages, message.c.body != "")
        number += connection.scalar(count.select_from(message).where(*worded)) or 0
    if waiting.documents is not None:
        of_them = count.select_from(document).where(document.c.id <= waiting.documents)
        number += connection.scalar(of_them) or 0
    return number


def bring_up_to_date(connection: Connection) -> int:
    """All of it at once, for a database that nobody asks yet; returns how many were indexed."""
    begin(connection)
    count = 0
    while done := step(connection, BATCH):
        count += done
    while renewal.throw_away(connection, PAGES):
        pass
    return count


def renew_documents(
    connection: Connection, after: tuple[int, int], at_most: int
) -> tuple[int, int] | None:
    """Let search find practices and visits as they stand now, nightly and soon after a first start.

    after: where the last step ended, BEGINNING at first; returns where to go on, None at the end.
    """
    stage, last = after
    for place in range(stage, len(_RENEWED)):
        table, renew = _RENEWED[place]
        coming = select(table.c.id).where(table.c.id > last).order_by(table.c.id)
        numbers = list(connection.scalars(coming.limit(at_most)))
        for number in numbers:
            renew(connection, number)
        if numbers:
            return place, numbers[-1]
        last = 0
    return None

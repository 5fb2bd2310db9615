"""Keeping the index small and quick, and redacted words out of the database's files.

SQLite: taking a message out only marks it; its words stay in the index until segments are merged,
and in the write-ahead log until that is truncated. `start_merge` once, `merge_step` until it says
there is no more, each a transaction of its own between other work; then `Database.tidy`.

PostgreSQL: words stay in dead tuples, free space and the GIN index; `Database.tidy` clears them.
The server's own write-ahead log keeps them until it is recycled.
"""

from sqlalchemy import Connection, text

PAGES = 64  # of one step: about 10 ms at 100,000 messages
_MERGE = text("INSERT INTO ft(ft, rank) VALUES ('merge', :pages)")
_CHANGES = text("SELECT total_changes()")


def start_merge(connection: Connection, pages: int = PAGES) -> bool:
    """Begin to merge all of the index into one; true if `merge_step` has more to do."""
    return _merge(connection, -pages)


def merge_step(connection: Connection, pages: int = PAGES) -> bool:
    """Merge a few more pages; true if there is more to do. On PostgreSQL flush what is pending."""
    return _merge(connection, pages)


def _merge(connection: Connection, pages: int) -> bool:
    if connection.dialect.name != "sqlite":
        connection.execute(text("SELECT gin_clean_pending_list('message_tsv')"))
        return False
    before = connection.execute(_CHANGES).scalar_one()
    connection.execute(_MERGE, {"pages": pages})
    after = connection.execute(_CHANGES).scalar_one()
    return bool(after - before >= 2)

"""Which edit counts: the message shows its words, in text and index alike."""

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import Connection, select, update

from storage import documents
from storage.database import find_among, in_parts
from storage.facts import STICKER, name_beside
from storage.search import (
    IndexRow,
    analyse,
    analyse_as,
    index_rows,
    marks_of,
    title_of,
    unindex_rows,
)
from storage.tables.archive import attachment, event, message, revision

_EDITED = "SELECT DISTINCT original_h FROM revision WHERE original_h {among}"
MESSAGE_WITH_EVENT = select(message, event.c.event_h, event.c.type.label("event_type")).join(
    event, event.c.seq == message.c.seq
)


def revisions_of(connection: Connection, originals: Sequence[int]) -> dict[int, list[Any]]:
    """The edits of messages, counting or not, by the hash of what they edit."""
    known = {hashed for (hashed,) in find_among(connection, _EDITED, originals)}
    found: dict[int, list[Any]] = {}
    for part in in_parts(list(known)):
        for row in connection.execute(select(revision).where(revision.c.original_h.in_(part))):
            found.setdefault(row.original_h, []).append(row)
    return found


def newest(revisions: Iterable[Any], room: int, sender: int, kind: str) -> Any | None:
    """The edit that counts: same room, sender and type, latest by timestamp, then event id."""
    valid = [
        row for row in revisions if (row.room_id, row.sender_id, row.type) == (room, sender, kind)
    ]
    return max(valid, key=lambda row: (row.ts, row.edit_id), default=None)


def recompute(connection: Connection, originals: Iterable[int], language: str) -> None:
    """Let stored messages show the edit that counts now, in text and index alike."""
    wanted = list(originals)
    edits = revisions_of(connection, wanted)
    for part in in_parts(wanted):
        files = {
            row.event_h: row
            for row in connection.execute(select(attachment).where(attachment.c.event_h.in_(part)))
        }
        rows = connection.execute(
            MESSAGE_WITH_EVENT.where(
                event.c.event_h.in_(part), ~message.c.redacted, ~message.c.withheld
            )
        ).all()
        for row in rows:
            latest = newest(edits.get(row.event_h, ()), row.room_id, row.sender_id, row.event_type)
            first = row.body if row.original_body is None else row.original_body
            words = first if latest is None else latest.body
            original = None if latest is None else first
            title = row.title
            if (file := files.get(row.event_h)) is not None and row.event_type != STICKER:
                name = _rename(connection, file, None if latest is None else latest.file_name)
                title = name_beside(name, words)
            if (words, original, title) == (row.body, row.original_body, row.title):
                continue
            unindex_rows(connection, [index_row(row)] if row.body else [])
            documents.forget_repeating(connection, row.event_h, row.body, words)
            analysed = analyse(words, language) if words else None
            connection.execute(
                update(message)
                .where(message.c.id == row.id)
                .values(
                    body=words,
                    original_body=original,
                    title=title if words else None,
                    lang=analysed.language if analysed else "",
                )
            )
            if analysed is not None:
                marks = marks_of(words, analysed.language, row.marks)
                named = title_of(title, analysed.language)
                again = IndexRow(row.id, row.room_id, row.sender_id, analysed, named, marks)
                index_rows(connection, [again])


def _rename(connection: Connection, file: Any, name: str | None) -> str:
    """Let a file have the name that an edit gives it, or the one it had before; which one."""
    first = file.name if file.first_name is None else file.first_name
    now: str = name or first
    if now != file.name:
        connection.execute(
            update(attachment)
            .where(attachment.c.event_h == file.event_h)
            .values(name=now, first_name=None if now == first else first)
        )
    return now


def index_row(row: Any) -> IndexRow:
    """What the index holds of a stored message: the same words in the same language."""
    marks = marks_of(row.body, row.lang, row.marks)
    analysed = analyse_as(row.body, row.lang)
    named = title_of(row.title, row.lang)
    return IndexRow(row.id, row.room_id, row.sender_id, analysed, named, marks)

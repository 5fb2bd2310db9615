"""Taking events back: redacted, erased or expired, their words go at once and for good."""

from collections.abc import Mapping, Sequence

from sqlalchemy import ColumnElement, Connection, delete, or_, select, tuple_, update

from storage import documents
from storage.database import find_among, in_parts, insert_once
from storage.revisions import MESSAGE_WITH_EVENT, index_row, recompute
from storage.search import erase_rows
from storage.tables.archive import (
    attachment,
    event,
    message,
    reaction,
    redaction,
    revision,
    wanted_file,
)
from storage.time_keys import was_said_before

_HELD = "SELECT event_h, room_id FROM event WHERE event_h {among}"


def remember(connection: Connection, room: int, taken_back: Mapping[int, int]) -> None:
    """Write down which events of a room that the archive holds were taken back: an older backup or
    export must not bring them back. taken_back: their hashes, and when (ms)."""
    rows = [
        {"target_h": hashed, "room_id": room, "ts": taken_back[hashed]}
        for hashed, its_room in find_among(connection, _HELD, taken_back)
        if its_room == room
    ]
    if rows:
        connection.execute(insert_once(connection, redaction), rows)


def erase(
    connection: Connection,
    targets: Sequence[tuple[int, int]],
    language: str,
    *,
    expired: bool = False,
) -> None:
    """Take events back: (hash, room) pairs. Words go from text, revisions, index and log at once.

    A tombstone stays, so that threads stay whole and late edits stay erased.
    expired: nobody took them back, their time was over; they are still counted.
    """
    for part in in_parts(list(targets)):
        rows = connection.execute(
            MESSAGE_WITH_EVENT.where(
                _among(event.c.event_h, event.c.room_id, part), ~message.c.redacted
            )
        ).all()
        documents.forget_quoting(connection, [hashed for hashed, _ in part])
        if rows:
            hashes = [row.event_h for row in rows]
            erase_rows(
                connection,
                [index_row(row) for row in rows if row.body],
                [row.id for row in rows],
                body="",
                original_body=None,
                title=None,
                lang="",
                marks="",
                redacted=True,
                withheld=False,
                expired=expired,
            )
            connection.execute(delete(revision).where(revision.c.original_h.in_(hashes)))
            connection.execute(delete(attachment).where(attachment.c.event_h.in_(hashes)))
            connection.execute(delete(wanted_file).where(wanted_file.c.event_h.in_(hashes)))
        # Edits of an original that never came, too.
        connection.execute(
            delete(revision).where(_among(revision.c.original_h, revision.c.room_id, part))
        )
        edited = set(
            connection.scalars(
                select(revision.c.original_h).where(
                    _among(revision.c.edit_h, revision.c.room_id, part)
                )
            )
        )
        connection.execute(
            delete(revision).where(_among(revision.c.edit_h, revision.c.room_id, part))
        )
        connection.execute(
            delete(reaction).where(_among(reaction.c.event_h, reaction.c.room_id, part))
        )
        connection.execute(
            update(event).where(_among(event.c.event_h, event.c.room_id, part)).values(content=None)
        )
        recompute(connection, edited, language)


def _among(
    hashed: ColumnElement[int], room: ColumnElement[int], pairs: Sequence[tuple[int, int]]
) -> ColumnElement[bool]:
    """Whether a row is one of these (hash, room) pairs.

    SQLite looks pairs up in no index and would read the whole table: the hashes alone lead there.
    """
    return hashed.in_([pair[0] for pair in pairs]) & tuple_(hashed, room).in_(pairs)


def erase_since(
    connection: Connection,
    since: int,
    language: str,
    *,
    sender: int | None = None,
    room: int | None = None,
    before: int | None = None,
) -> None:
    """Erase what was said from a moment (ms) on, by one person or in one room; up to another."""
    query = (
        select(event.c.event_h, event.c.room_id)
        .join(message, message.c.seq == event.c.seq)
        .where(message.c.ts >= since, ~message.c.redacted)
    )
    if sender is not None:
        query = query.where(message.c.sender_id == sender)
    if room is not None:
        query = query.where(message.c.room_id == room)
    if before is not None:
        query = query.where(was_said_before(before))
    erase(connection, [(row.event_h, row.room_id) for row in connection.execute(query)], language)


def find_old(connection: Connection, room: int, before: int, at_most: int) -> list[tuple[int, int]]:
    """Messages of a room from before a moment (ms) whose words are there: (hash, room) pairs.

    It passes by all that the room has ever said: run it beside the writer.
    """
    old = connection.execute(
        select(event.c.event_h, event.c.room_id)
        .join(message, message.c.seq == event.c.seq)
        .where(message.c.room_id == room, was_said_before(before), ~message.c.redacted)
        .limit(at_most)
    )
    return [(row.event_h, row.room_id) for row in old]


def find_old_beside(connection: Connection, room: int, before: int, at_most: int) -> list[int]:
    """What is old and no message, such as votes and places: numbers of events. Beside the writer,
    too."""
    was_before = or_(event.c.ts < before, event.c.received < before)  # clocks run ahead
    old = (event.c.room_id == room, was_before, event.c.content.is_not(None))
    return list(connection.scalars(select(event.c.seq).where(*old).limit(at_most)))


def blank(connection: Connection, numbers: Sequence[int]) -> None:
    """Erase what events hold that are no messages."""
    for part in in_parts(numbers):
        connection.execute(update(event).where(event.c.seq.in_(part)).values(content=None))


def find_old_edits(connection: Connection, room: int, before: int, at_most: int) -> list[int]:
    """Old edits whose original never came: their hashes. Beside the writer, too."""
    came = select(event.c.received).where(event.c.event_h == revision.c.edit_h).scalar_subquery()
    old = (revision.c.room_id == room, or_(revision.c.ts < before, came < before))
    return list(connection.scalars(select(revision.c.edit_h).where(*old).limit(at_most)))


def erase_edits(connection: Connection, hashes: Sequence[int]) -> None:
    """Erase edits whose original never came."""
    for part in in_parts(hashes):
        connection.execute(delete(revision).where(revision.c.edit_h.in_(part)))

"""What the archive shows: threads, messages and counts, as they stand now."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from storage.lists import in_sizes, places
from storage.records import ArchivedMessage, EventId, KeptFile, RoomId, UserId
from storage.tables.archive import attachment, event, message, reaction
from storage.tables.people import person, room
from storage.time_keys import was_said_before
from storage.types import event_hash, instant


@dataclass(frozen=True, slots=True)
class ArchiveStatus:
    """How much the archive holds, of one room or of all."""

    messages: int  # with words
    threads: int  # of two messages or more
    people: int
    withheld: int  # messages of people who opted out
    first: datetime | None
    last: datetime | None
    expired: int = 0  # messages whose time was over: counted, and no more


_root = event.alias("root")

_SHOWN = (
    select(
        message.c.id,
        message.c.ts,
        message.c.body,
        message.c.lang,
        message.c.original_body,
        message.c.redacted,
        message.c.withheld,
        message.c.expired,
        message.c.thread_h,
        message.c.room_id.label("room_number"),
        event.c.event_id,
        event.c.event_h,
        room.c.room_id.label("matrix_room"),
        person.c.user_id,
        person.c.display_name,
        _root.c.event_id.label("root_id"),
    )
    .join(event, event.c.seq == message.c.seq)
    .join(room, room.c.id == message.c.room_id)
    .join(person, person.c.id == message.c.sender_id)
    .outerjoin(
        _root, (_root.c.event_h == message.c.thread_h) & (_root.c.room_id == message.c.room_id)
    )
)


@cache
def _shown_among(size: int) -> Select[Any]:
    return _SHOWN.where(message.c.id.in_(places(size)))


def by_ids(connection: Connection, ids: Sequence[int]) -> list[ArchivedMessage]:
    """Messages by their index ids, in the order asked for."""
    shown = {
        row.id: row
        for size, values in in_sizes(ids)
        for row in connection.execute(_shown_among(size), values)
    }
    return _show(connection, [shown[number] for number in ids if number in shown])


def get(connection: Connection, event_id: EventId) -> ArchivedMessage | None:
    """One message as it stands now, if the archive holds it."""
    rows = connection.execute(_SHOWN.where(event.c.event_h == event_hash(event_id))).all()
    return next(iter(_show(connection, rows)), None)


def thread(
    connection: Connection, room_numbers: Sequence[int], root: EventId
) -> list[ArchivedMessage]:
    """A thread within the rooms named, its root first, in the order things were said.

    A message on which nothing hangs stands for the thread that it belongs to, whose root may be
    a post of ours, or older than the archive.
    """
    rows = _hanging(connection, room_numbers, event_hash(root))
    if not rows and (known := thread_of(connection, root)) is not None:
        rows = _hanging(connection, room_numbers, known)
    ordered = sorted(rows, key=lambda row: (row.event_id != root, row.ts, row.event_id))
    return _show(connection, ordered)


def _hanging(connection: Connection, room_numbers: Sequence[int], root: int) -> Sequence[Any]:
    there = (message.c.thread_h == root, message.c.room_id.in_(list(room_numbers)))
    return connection.execute(_SHOWN.where(*there)).all()


def root_of(connection: Connection, event_id: EventId) -> EventId | None:
    """The root of the thread that a message belongs to; itself if it stands alone."""
    row = connection.execute(
        select(_root.c.event_id)
        .select_from(event)
        .join(message, message.c.seq == event.c.seq)
        .join(_root, (_root.c.event_h == message.c.thread_h) & (_root.c.room_id == event.c.room_id))
        .where(event.c.event_h == event_hash(event_id))
    ).first()
    return None if row is None else EventId(row.event_id)


def thread_of(connection: Connection, event_id: EventId) -> int | None:
    """The thread of a message, by the hash of its root, whether the archive holds that or not."""
    return connection.scalar(
        select(message.c.thread_h)
        .join(event, event.c.seq == message.c.seq)
        .where(event.c.event_h == event_hash(event_id))
    )


def thread_span(connection: Connection, thread_h: int) -> tuple[int, int] | None:
    """The lowest and the highest id of a thread's messages; None if the archive holds none."""
    lowest, highest = connection.execute(
        select(func.min(message.c.id), func.max(message.c.id)).where(message.c.thread_h == thread_h)
    ).one()
    return None if lowest is None else (lowest, highest)


@dataclass(frozen=True, slots=True)
class Standing:
    """What makes a message weigh more, besides its words."""

    root: bool  # it began its thread
    answers: int  # messages of others in the thread that it began
    reactors: int  # people


@cache
def _standing(size: int) -> Select[Any]:
    place = (
        select(message.c.id, message.c.thread_h, message.c.sender_id, event.c.event_h)
        .join(event, event.c.seq == message.c.seq)
        .where(message.c.id.in_(places(size)))
        .subquery("place")
    )
    answer = message.alias("answer")
    return select(
        place.c.id,
        place.c.thread_h == place.c.event_h,
        select(func.count())
        .select_from(answer)
        .where(
            place.c.thread_h == place.c.event_h,
            answer.c.thread_h == place.c.event_h,
            answer.c.sender_id != place.c.sender_id,
            answer.c.body != "",
        )
        .scalar_subquery(),
        select(func.count(reaction.c.sender_id.distinct()))
        .where(reaction.c.target_h == place.c.event_h)
        .scalar_subquery(),
    )


def standing(connection: Connection, ids: Sequence[int]) -> dict[int, Standing]:
    """How messages stand, by their index ids; one question for a page's candidates."""
    return {
        number: Standing(bool(root), answers, reactors)
        for size, values in in_sizes(ids)
        for number, root, answers, reactors in connection.execute(_standing(size), values)
    }


def everything(connection: Connection, room_number: int) -> list[ArchivedMessage]:
    """All messages of a room, in the order things were said."""
    rows = connection.execute(_SHOWN.where(message.c.room_id == room_number)).all()
    return _show(connection, sorted(rows, key=lambda row: (row.ts, row.event_id)))


def status(connection: Connection, *room_numbers: int) -> ArchiveStatus:
    """How much the archive holds of a room, or of several together."""
    return _status(connection, message.c.room_id.in_(room_numbers))


def totals(connection: Connection) -> ArchiveStatus:
    """How much the archive holds altogether."""
    return _status(connection, message.c.id >= 0)


def _status(connection: Connection, scope: ColumnElement[bool]) -> ArchiveStatus:
    worded = ~message.c.redacted & ~message.c.withheld
    messages, members, withheld, expired, first, last = connection.execute(
        select(
            func.count().filter(worded),
            func.count(message.c.sender_id.distinct()).filter(worded),
            func.count().filter(message.c.withheld),
            func.count().filter(message.c.expired),
            func.min(message.c.ts).filter(worded),
            func.max(message.c.ts).filter(worded),
        ).where(scope)
    ).one()
    several = (
        select(message.c.thread_h)
        .where(scope)
        .group_by(message.c.room_id, message.c.thread_h)
        .having(func.count() > 1)
        .subquery()
    )
    threads = connection.scalar(select(func.count()).select_from(several)) or 0
    return ArchiveStatus(
        messages,
        threads,
        members,
        withheld,
        None if first is None else instant(first),
        None if last is None else instant(last),
        expired,
    )


def said_before(connection: Connection, room_number: int, before: int) -> int:
    """How many messages with words were said in a room before a moment (ms)."""
    worded = ~message.c.redacted & ~message.c.withheld
    mine = (message.c.room_id == room_number, was_said_before(before), worded)
    return connection.scalar(select(func.count()).where(*mine)) or 0


@cache
def _reactions(size: int) -> Select[Any]:
    return (
        select(
            reaction.c.target_h,
            reaction.c.room_id,
            reaction.c.key,
            func.count(reaction.c.sender_id.distinct()),
        )
        .where(reaction.c.target_h.in_(places(size)))
        .group_by(reaction.c.target_h, reaction.c.room_id, reaction.c.key)
        .order_by(reaction.c.key)
    )


@cache
def _files(size: int) -> Select[Any]:
    one = attachment.c
    return select(one.event_h, one.name, one.sha256, one.mime, one.kept_bytes).where(
        one.event_h.in_(places(size))
    )


def _show(connection: Connection, rows: Iterable[Any]) -> list[ArchivedMessage]:
    listed = list(rows)
    hashes = [row.event_h for row in listed]
    # By message and room: an event of another room may name it, and means nothing here.
    reactions: dict[tuple[int, int], dict[str, int]] = {}
    files: dict[int, list[str]] = {}
    kept: dict[int, KeptFile] = {}
    for size, values in in_sizes(hashes):
        for target, room_number, key, people in connection.execute(_reactions(size), values):
            reactions.setdefault((target, room_number), {})[key] = people
        for hashed, name, sha256, mime, length in connection.execute(_files(size), values):
            files.setdefault(hashed, []).append(name)
            if sha256 is not None:
                kept[hashed] = KeptFile(sha256, mime or "", length or 0)
    return [
        ArchivedMessage(
            event_id=EventId(row.event_id),
            room_id=RoomId(row.matrix_room),
            sender=UserId(row.user_id),
            sender_name=row.display_name or row.user_id,
            at=instant(row.ts),
            body=row.body,
            thread_root=EventId(row.root_id)
            if row.root_id is not None and row.root_id != row.event_id
            else None,
            language=row.lang,
            edited=row.original_body is not None,
            redacted=row.redacted,
            withheld=row.withheld,
            expired=row.expired,
            reactions={} if row.redacted else reactions.get((row.event_h, row.room_number), {}),
            files=tuple(files.get(row.event_h, ())),
            kept=kept.get(row.event_h),
            thread_h=row.thread_h,
        )
        for row in listed
    ]

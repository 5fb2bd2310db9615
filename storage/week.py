"""What was said in a span of time, as a digest looks at it: few rows, however much it was."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, func, select

from storage.records import EventId, RoomId, UserId
from storage.tables.archive import event, message, reaction
from storage.tables.people import member, membership_fact, person, room
from storage.tables.visits import visit_vote
from storage.types import instant, milliseconds

LATE = timedelta(days=3)  # how much older than its arrival a message may be, and still be news
REMARKS = 40  # of one thread
THREADS = 60
LONE = 60  # questions and links that nobody answered
BATCH = 300


@dataclass(frozen=True, slots=True)
class Spoken:
    """One message of a thread."""

    event_id: EventId
    event_h: int
    thread_h: int
    room_id: RoomId
    author: UserId
    name: str
    city: str | None  # slug
    at: datetime
    text: str
    gone: bool
    withheld: bool
    marks: tuple[tuple[str, UserId, str | None], ...] = ()  # emoji, who, city


def _since(rooms: Sequence[int], since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    """What arrived in a span; ids tell when it was said, so that only recent rows are looked at."""
    low = (milliseconds(since - LATE) // 1000) * 16
    high = (milliseconds(until) // 1000 + 1) * 16
    return [message.c.room_id.in_(list(rooms)), message.c.id >= low, message.c.id < high]


def _arrived(since: datetime, until: datetime) -> list[ColumnElement[bool]]:
    return [event.c.received >= milliseconds(since), event.c.received < milliseconds(until)]


def busy_threads(
    connection: Connection, rooms: Sequence[int], since: datetime, until: datetime
) -> list[int]:
    """Threads in which people talked, by the number of people before that of messages."""
    query = (
        select(message.c.thread_h)
        .join(event, event.c.seq == message.c.seq)
        .where(*_since(rooms, since, until), *_arrived(since, until))
        .group_by(message.c.thread_h)
        .having(func.count().filter(event.c.event_h != message.c.thread_h) > 0)
        .order_by(
            func.count(message.c.sender_id.distinct()).desc(),
            func.count().desc(),
            message.c.thread_h,
        )
        .limit(THREADS)
    )
    return list(connection.scalars(query))


def lone_roots(
    connection: Connection,
    rooms: Sequence[int],
    since: datetime,
    until: datetime,
    marks: Sequence[str],
) -> list[int]:
    """First messages that hold one of these signs ("?"), oldest first."""
    signs = [message.c.body.contains(mark, autoescape=True) for mark in marks]
    holds = signs[0]
    for sign in signs[1:]:
        holds = holds | sign
    query = (
        select(message.c.thread_h)
        .join(event, event.c.seq == message.c.seq)
        .where(
            *_since(rooms, since, until),
            message.c.body != "",
            holds,
            event.c.event_h == message.c.thread_h,
        )
        .order_by(message.c.id)
        .limit(LONE)
    )
    return list(connection.scalars(query))


def threads(
    connection: Connection, rooms: Sequence[int], roots: Collection[int]
) -> dict[int, list[Spoken]]:
    """The first messages of threads, in the order in which they were said."""
    wanted = sorted(roots)
    found: dict[int, list[Spoken]] = {}
    for start in range(0, len(wanted), BATCH):
        part = wanted[start : start + BATCH]
        rows = connection.execute(_first_of(part, rooms)).all()
        marks = _marks(connection, [row.event_h for row in rows])
        for row in rows:
            spoken = _spoken(row, marks.get(row.event_h, ()))
            found.setdefault(row.thread_h, []).append(spoken)
    for remarks in found.values():
        remarks.sort(key=lambda one: (one.event_h != one.thread_h, one.at, one.event_id))
    return found


def _first_of(roots: Sequence[int], rooms: Sequence[int]) -> Select[Any]:
    place = func.row_number().over(partition_by=message.c.thread_h, order_by=message.c.id)
    numbered = (
        select(
            message.c.seq, message.c.thread_h, message.c.room_id, message.c.sender_id,
            message.c.ts, message.c.body, message.c.redacted, message.c.withheld,
            place.label("place"),
        )
        .where(message.c.thread_h.in_(roots), message.c.room_id.in_(list(rooms)))
        .subquery()
    )  # fmt: skip
    return (
        select(
            numbered, event.c.event_id, event.c.event_h, room.c.room_id.label("matrix_room"),
            person.c.user_id, person.c.display_name, person.c.city,
        )
        .join(event, event.c.seq == numbered.c.seq)
        .join(room, room.c.id == numbered.c.room_id)
        .join(person, person.c.id == numbered.c.sender_id)
        .where(numbered.c.place <= REMARKS)
    )  # fmt: skip


def _marks(
    connection: Connection, events: Sequence[int]
) -> dict[int, tuple[tuple[str, UserId, str | None], ...]]:
    found: dict[int, list[tuple[str, UserId, str | None]]] = {}
    for start in range(0, len(events), BATCH):
        rows = connection.execute(
            select(reaction.c.target_h, reaction.c.key, person.c.user_id, person.c.city)
            .join(person, person.c.id == reaction.c.sender_id)
            .where(reaction.c.target_h.in_(events[start : start + BATCH]))
        )
        for row in rows:
            found.setdefault(row.target_h, []).append((row.key, UserId(row.user_id), row.city))
    return {target: tuple(given) for target, given in found.items()}


def _spoken(row: Any, marks: tuple[tuple[str, UserId, str | None], ...]) -> Spoken:
    return Spoken(
        EventId(row.event_id),
        row.event_h,
        row.thread_h,
        RoomId(row.matrix_room),
        UserId(row.user_id),
        row.display_name or row.user_id,
        row.city,
        instant(row.ts),
        row.body,
        row.redacted,
        row.withheld,
        marks,
    )


@dataclass(frozen=True, slots=True)
class Unsaid:
    """Messages of a span of which no words may be told."""

    withheld: int
    taken_back: int


def unsaid(
    connection: Connection, rooms: Sequence[int], since: datetime, until: datetime
) -> Unsaid:
    """How many messages of a span have no words."""
    row = connection.execute(
        select(
            func.count().filter(message.c.withheld),
            func.count().filter(message.c.redacted),
        ).where(*_since(rooms, since + LATE, until))
    ).one()
    return Unsaid(*row)


# ── cities and people ─────────────────────────────────────────────────────────────────────────


def last_signs(
    connection: Connection, rooms: Sequence[int], since: datetime, until: datetime
) -> dict[str, datetime]:
    """When each city last said or voted something, as far back as `since`."""
    spoke = connection.execute(
        select(person.c.city, func.max(message.c.ts))
        .join(person, person.c.id == message.c.sender_id)
        .where(*_since(rooms, since, until), person.c.city.is_not(None))
        .group_by(person.c.city)
    ).all()
    voted = connection.execute(
        select(person.c.city, func.max(visit_vote.c.at))
        .join(person, person.c.user_id == visit_vote.c.person)
        .where(visit_vote.c.at >= since, person.c.city.is_not(None))
        .group_by(person.c.city)
    ).all()
    signs = {city: instant(ts) for city, ts in spoke}
    for city, at in voted:
        signs[city] = max(signs.get(city, at), at)
    return signs


def moved(
    connection: Connection, room_number: int, since: datetime, until: datetime
) -> tuple[list[int], list[int]]:
    """Who joined and who left a room in a span: our numbers, each only if it still holds."""
    rows = connection.execute(
        select(membership_fact.c.person_id, membership_fact.c.ts, membership_fact.c.membership)
        .where(membership_fact.c.room_id == room_number, membership_fact.c.ts < milliseconds(until))
        .order_by(membership_fact.c.ts, membership_fact.c.event_h)
    )
    before: dict[int, bool] = {}
    now: dict[int, bool] = {}
    for row in rows:
        inside = row.membership == "join"
        if row.ts < milliseconds(since):
            before[row.person_id] = inside
        now[row.person_id] = inside
    joined = [one for one, inside in now.items() if inside and not before.get(one, False)]
    left = [one for one, inside in now.items() if not inside and before.get(one, False)]
    return joined, left


def present(connection: Connection, room_number: int) -> set[int]:
    """Who is in a room now, by our numbers."""
    return set(
        connection.scalars(
            select(member.c.person_id).where(
                member.c.room_id == room_number, member.c.membership == "join"
            )
        )
    )

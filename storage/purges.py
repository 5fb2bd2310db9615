"""Throwing a room's archive away: asked for, begun, swept a few events at a time, told in numbers.

Up to when a room was purged is a fact for ever, in `meta` and in the ledger beside the database:
nothing older is stored again, wherever it comes from. How far the work has come stands beside it
until it is done.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select

from storage import archive, documents, meta, redacting, rooms, waiting
from storage.database import insert_once
from storage.records import EventId, Room, RoomId, Timer, UserId
from storage.sources import Source
from storage.tables.archive import attachment, event, message, redaction
from storage.tables.people import member, person
from storage.tables.people import room as room_table
from storage.tables.spine import quote, source
from storage.types import instant, milliseconds

ASKED, BEGUN, SWEPT = "asked", "begun", "swept"
# Kinds of alarms.
ORDER, BEGIN, TELL, AHEAD = "purge ordered", "purge", "purged", "purge ahead"
# Why it is done: that decides who is told.
SAID, BY_OPERATOR, LEFT, LEDGER = "said", "operator", "left", "ledger"
EVERYTHING = (1 << 31) - 1  # rows
SPAN = 20  # events of all rooms that are looked through for each that may be deleted


@dataclass(frozen=True, slots=True)
class Purge:
    """A purge that is not finished."""

    room_id: RoomId  # where it was asked for
    rooms: tuple[int, ...]  # ours: the room, and those that it was upgraded from
    until: int  # ms: what was said up to then
    why: str
    state: str = ASKED
    counts: Mapping[str, int] = field(default_factory=dict)  # as they were when it was asked for


def tally(connection: Connection, numbers: Sequence[int]) -> dict[str, int]:
    """How much the archive holds of these rooms."""
    held = archive.status(connection, *numbers)
    files = select(func.count()).where(attachment.c.room_id.in_(list(numbers)))
    return {
        "messages": held.messages,
        "threads": held.threads,
        "people": held.people,
        "files": connection.scalar(files) or 0,
    }


def holds_any(connection: Connection, numbers: Sequence[int]) -> bool:
    """Whether there is anything to throw away."""
    mine = select(event.c.seq).where(event.c.room_id.in_(list(numbers))).limit(1)
    return connection.execute(mine).first() is not None


# ── asked for ─────────────────────────────────────────────────────────────────────────────────


def request(
    connection: Connection, room: Room, until: datetime, language: str, *, why: str = SAID
) -> Purge:
    """Turn a room's archive off and write down that it is to be purged; nothing older is stored
    from then on. Run it alone: it writes the index."""
    forum = rooms.with_earlier(connection, room)
    numbers = tuple(one.id for one in forum)
    asked = Purge(
        room.room_id, numbers, milliseconds(until), why, counts=tally(connection, numbers)
    )
    for one in forum:
        rooms.change(connection, one.room_id, archive_on=False, archive_since=None)
        remember(connection, one.room_id, asked.until)
    _take_back_from_the_future(connection, asked, language)
    _keep(connection, asked)
    return asked


def remember(connection: Connection, room_id: RoomId, until: int) -> None:
    """Nothing that was said in a room up to a moment (ms) is stored again."""
    until = max(until, purged_until(connection, room_id) or 0)
    meta.put(connection, meta.PURGED + room_id, str(until))


def purged_until(connection: Connection, room_id: RoomId) -> int | None:
    """Up to when a room was purged, in ms; None if it never was."""
    told = meta.get(connection, meta.PURGED + room_id)
    return None if told is None else int(told)


def all_purged(connection: Connection) -> dict[RoomId, int]:
    """Up to when which rooms were purged, in ms."""
    told = meta.beginning_with(connection, meta.PURGED)
    return {RoomId(key.removeprefix(meta.PURGED)): int(until) for key, until in told.items()}


def _take_back_from_the_future(connection: Connection, one: Purge, language: str) -> None:
    """Clocks lie: what seems to be said later, and is here already, counts as deleted."""
    later = select(event.c.event_h, event.c.room_id).where(
        event.c.room_id.in_(one.rooms), event.c.ts > one.until
    )
    pairs = [(row.event_h, row.room_id) for row in connection.execute(later)]
    for hashed, number in pairs:
        row = {"target_h": hashed, "room_id": number, "ts": one.until}
        connection.execute(insert_once(connection, redaction), row)
    redacting.erase(connection, pairs, language)


def _keep(connection: Connection, one: Purge) -> None:
    meta.put(connection, meta.PURGING + one.room_id, json.dumps(asdict(one)))


def find(connection: Connection, *states: str) -> list[Purge]:
    """Purges that are not finished; in these states, or all."""
    told = meta.beginning_with(connection, meta.PURGING)
    every = [_read(text) for _key, text in sorted(told.items())]
    return [one for one in every if not states or one.state in states]


def get(connection: Connection, room_id: RoomId) -> Purge | None:
    """The unfinished purge of a room."""
    text = meta.get(connection, meta.PURGING + room_id)
    return None if text is None else _read(text)


def _read(text: str) -> Purge:
    values = json.loads(text)
    return Purge(**{**values, "rooms": tuple(values["rooms"])})


def advance(connection: Connection, one: Purge, state: str) -> None:
    """It has come so far."""
    _keep(connection, replace(one, state=state))


def finish(connection: Connection, one: Purge) -> None:
    """It was told: what is left is up to when."""
    meta.forget(connection, meta.PURGING + one.room_id)


def alarm(one: Purge, now: datetime, kind: str = BEGIN) -> Timer:
    """It is the hall's turn, at once."""
    return _at_once(kind, f"{one.room_id}/{one.until}/{one.why}", now, {"room": one.room_id})


def order(room_id: RoomId, now: datetime) -> Timer:
    """An alarm by which the hall is asked from beside it: the index has one writer."""
    until = milliseconds(now)
    return _at_once(ORDER, f"{room_id}/{until}", now, {"room": room_id, "until": until})


def _at_once(kind: str, name: str, now: datetime, payload: Mapping[str, Any]) -> Timer:
    wall_time = now.astimezone(UTC).replace(tzinfo=None)
    return Timer(f"{kind}/{name}", kind, wall_time, "UTC", payload=payload)


# ── carried out ───────────────────────────────────────────────────────────────────────────────


def quoting_posts(connection: Connection, one: Purge) -> list[str]:
    """Posts of ours that repeat what was said in these rooms."""
    posts = (
        select(quote.c.post)
        .join(event, event.c.event_h == quote.c.event_h)
        .where(event.c.room_id.in_(one.rooms))
    )
    return sorted(set(connection.scalars(posts)))


def made_from(
    connection: Connection, one: Purge, kinds: Iterable[str]
) -> list[tuple[EventId, Source]]:
    """What features of these kinds have made of what was said in these rooms."""
    rows = connection.execute(
        select(event.c.event_id, source.c.kind, source.c.subject, source.c.sender, source.c.talk)
        .join(event, event.c.event_h == source.c.event_h)
        .where(event.c.room_id.in_(one.rooms), source.c.kind.in_(list(kinds)))
        .order_by(event.c.seq, source.c.kind, source.c.subject)
    )
    return [
        (EventId(event_id), Source(kind, subject, UserId(sender), talk))
        for event_id, kind, subject, sender, talk in rows
    ]


def begin(connection: Connection, one: Purge) -> None:
    """All but the events goes at once. Run it alone: it writes the index."""
    documents.forget_of_rooms(connection, one.rooms)
    known = rooms.by_number(connection, one.rooms).values()
    waiting.forget_rooms(connection, [room.room_id for room in known])
    advance(connection, one, BEGUN)


def step(
    connection: Connection, one: Purge, language: str, at_most: int, after: int = -1
) -> int | None:
    """Delete a few events, with all that rests on them; from where to go on, None at the end. Run
    it alone: it writes the index."""
    up_to = after + SPAN * at_most
    rows = connection.execute(
        select(event.c.seq, event.c.event_h, event.c.room_id)
        .where(
            event.c.seq > after,
            event.c.seq <= up_to,
            event.c.room_id.in_(one.rooms),
            event.c.ts <= one.until,
        )
        .order_by(event.c.seq)
        .limit(at_most)
    ).all()
    if rows:
        redacting.erase(connection, [(row.event_h, row.room_id) for row in rows], language)
        seqs = [row.seq for row in rows]
        connection.execute(delete(message).where(message.c.seq.in_(seqs)))
        connection.execute(delete(event).where(event.c.seq.in_(seqs)))
    reached = int(rows[-1].seq) if len(rows) == at_most else up_to
    last = connection.scalar(select(func.max(event.c.seq))) or 0
    return reached if reached < last else None


def again(connection: Connection, room_id: RoomId, until: int, language: str) -> Purge:
    """A database that does not know of a purge follows it: words are gone when this returns, the
    rest goes in the background. Run it alone, before anybody is answered."""
    room = rooms.know(connection, room_id)
    remember(connection, room_id, until)
    since = rooms.archive_since(connection, room_id)
    redacting.erase_since(connection, 0, language, room=room.id, before=until + 1)
    beside = (connection, room.id, until + 1, EVERYTHING)
    redacting.blank(connection, redacting.find_old_beside(*beside))
    redacting.erase_edits(connection, redacting.find_old_edits(*beside))
    documents.forget_of_rooms(connection, [room.id])
    # On again in the meantime, or not: nobody knows. Where nobody says so, nothing is kept.
    if since is not None and milliseconds(since) <= until + 1:
        rooms.change(connection, room_id, archive_on=False, archive_since=None)
    one = Purge(room_id, (room.id,), until, LEDGER)
    _keep(connection, one)
    return one


# ── rooms that the hall is not in any more ────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Left:
    """A room with an archive that the hall left, or was sent away from."""

    room: Room
    since: datetime  # when it was first found so
    notices: int  # of what is ahead, so far


def rooms_left(connection: Connection, me: UserId, now: datetime) -> list[Left]:
    """Rooms with an archive that the hall is not in any more.

    Notes when it first looks at one without being there; coming back ends it.
    """
    gone = {room.room_id: room for room in _left(connection, me)}
    noted = meta.beginning_with(connection, meta.LEFT)
    for key in noted:
        if key.removeprefix(meta.LEFT) not in gone:
            meta.forget(connection, key)
    found = []
    for room_id, room in gone.items():
        text = noted.get(meta.LEFT + room_id)
        if text is None:
            text = str(milliseconds(now))
            meta.put(connection, meta.LEFT + room_id, text)
        since, _, notices = text.partition(" ")
        found.append(Left(room, instant(int(since)), int(notices or 0)))
    return found


def give_notice(connection: Connection, left: Left, until: datetime, now: datetime) -> Timer:
    """An alarm by which the coordinators are told that a room's archive goes at that moment."""
    since, notices = milliseconds(left.since), left.notices + 1
    meta.put(connection, meta.LEFT + left.room.room_id, f"{since} {notices}")
    room_id = left.room.room_id
    told = {"room": room_id, "since": since, "until": milliseconds(until)}
    return _at_once(AHEAD, f"{room_id}/{since}/{notices}", now, told)


def _left(connection: Connection, me: UserId) -> list[Room]:
    """Where the hall has been, is no more, and something is kept.

    An archive that was imported from another hall has no membership of ours: nobody sent us away.
    """
    been = (
        select(room_table.c.room_id)
        .join(member, member.c.room_id == room_table.c.id)
        .join(person, (person.c.id == member.c.person_id) & (person.c.user_id == me))
        .where(~room_table.c.joined)
    )
    found = [rooms.know(connection, RoomId(room_id)) for room_id in connection.scalars(been)]
    return [
        room
        for room in found
        if room.successor is None  # upgraded, it lives on there
        and get(connection, room.room_id) is None
        and holds_any(connection, [one.id for one in rooms.with_earlier(connection, room)])
    ]

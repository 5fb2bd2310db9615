"""Erasing a person: asked for, begun, swept a few messages at a time, and told in numbers.

The ledger outlives what it tells of. It has no name and no word in it, and is played again over a
database that comes from an older backup.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, func, or_, select, update

from storage import marks, personal, redacting, silences
from storage.database import insert_once
from storage.records import EventId, Person, RoomId, Timer, UserId
from storage.tables.archive import attachment, erasure, event, message, redaction, revision
from storage.tables.people import person, room
from storage.types import milliseconds

ASKED, BEGUN, SWEPT, DONE = "asked", "begun", "swept", "done"
UNDER_WAY = (ASKED, BEGUN, SWEPT)
BEGIN, TELL = "erase", "erased"  # kinds of alarms


@dataclass(frozen=True, slots=True)
class Erasure:
    """One line of the ledger."""

    id: int
    mark: str
    person_id: int  # ours
    until: int  # ms: what was said up to then
    asked_at: datetime
    by_operator: bool
    keep_practices: bool
    state: str
    report: Mapping[str, int] = field(default_factory=dict)
    done_at: datetime | None = None


def _erasure(row: Row[Any]) -> Erasure:
    values = dict(row._mapping)
    return Erasure(**{**values, "report": values["report"] or {}})


def request(
    connection: Connection,
    who: Person,
    until: datetime,
    now: datetime,
    *,
    by_operator: bool = False,
    keep_practices: bool = False,
) -> Erasure:
    """Write down that a person is to be erased; from that moment nothing they say is stored."""
    mark, moment = marks.mark_of(connection, who.user_id), milliseconds(until)
    silences.begin(connection, who.id, 0)
    connection.execute(
        insert_once(connection, erasure),
        {
            "mark": mark,
            "person_id": who.id,
            "until": moment,
            "asked_at": now,
            "by_operator": by_operator,
            "keep_practices": keep_practices,
            "state": ASKED,
        },
    )
    mine = select(erasure).where(erasure.c.mark == mark, erasure.c.until == moment)
    return _erasure(connection.execute(mine).one())


def alarm(one: Erasure, now: datetime, kind: str = BEGIN, **more: Any) -> Timer:
    """It is the hall's turn, at once."""
    return Timer(
        key=f"{kind}/{one.id}",
        kind=kind,
        wall_time=now.astimezone(UTC).replace(tzinfo=None),
        time_zone="UTC",
        payload={"erasure": one.id, **more},
    )


def get(connection: Connection, number: int) -> Erasure | None:
    """The line of that number."""
    row = connection.execute(select(erasure).where(erasure.c.id == number)).first()
    return None if row is None else _erasure(row)


def find(connection: Connection, *states: str) -> list[Erasure]:
    """Lines of the ledger, oldest first; in these states, or all."""
    query = select(erasure).order_by(erasure.c.id)
    if states:
        query = query.where(erasure.c.state.in_(states))
    return [_erasure(row) for row in connection.execute(query)]


def whose(connection: Connection, one: Erasure) -> UserId:
    """The address of whoever it is about, as long as their row has one."""
    found = connection.scalar(select(person.c.user_id).where(person.c.id == one.person_id))
    return UserId(found or "")


def change(connection: Connection, number: int, **values: Any) -> None:
    """Write columns of a line."""
    connection.execute(update(erasure).where(erasure.c.id == number).values(**values))


def count(connection: Connection, one: Erasure, counts: Mapping[str, int]) -> None:
    """Add to what the receipt tells."""
    found = get(connection, one.id)
    so_far = dict(found.report) if found is not None else {}
    for name, more in counts.items():
        so_far[name] = so_far.get(name, 0) + more
    change(connection, one.id, report=so_far)


def step(
    connection: Connection, one: Erasure, language: str, at_most: int, after: int = -1
) -> int | None:
    """Erase a few messages; the last one's id, from where to go on. Run it alone: it writes the
    index."""
    rows = connection.execute(
        select(message.c.id, message.c.ts, event.c.event_h, event.c.room_id)
        .join(message, message.c.seq == event.c.seq)
        .where(
            message.c.sender_id == one.person_id,
            message.c.id > after,
            # All that was there when it was asked for, too: clocks run ahead, and after an outage
            # what was said since comes in before the command is dealt with.
            or_(message.c.ts <= one.until, event.c.received <= milliseconds(one.asked_at)),
            ~message.c.redacted,
            ~message.c.withheld,
        )
        .order_by(message.c.id)
        .limit(at_most)
    ).all()
    if not rows:
        return None
    hashes = [row.event_h for row in rows]
    edits = select(func.count()).where(revision.c.original_h.in_(hashes))
    files = select(func.count()).where(attachment.c.event_h.in_(hashes))
    counts = {
        "messages": len(rows),
        "edits": connection.scalar(edits) or 0,
        "files": connection.scalar(files) or 0,
    }
    count(connection, one, {name: number for name, number in counts.items() if number})
    ahead = [(row.event_h, row.room_id) for row in rows if row.ts > one.until]
    _count_as_deleted(connection, one, ahead)
    redacting.erase(connection, [(row.event_h, row.room_id) for row in rows], language)
    return int(rows[-1].id)


def _count_as_deleted(
    connection: Connection, one: Erasure, pairs: Sequence[tuple[int, int]]
) -> None:
    """Of what seems to be said after an erasure, and was here by then: (hash, room) pairs.

    Silence goes by what clocks say, and may be over at that time.
    """
    for hashed, number in pairs:
        row = {"target_h": hashed, "room_id": number, "ts": one.until}
        connection.execute(insert_once(connection, redaction), row)


def _edits_from_the_future(connection: Connection, one: Erasure) -> list[tuple[int, int]]:
    edits = (
        select(revision.c.edit_h, revision.c.room_id)
        .join(event, event.c.event_h == revision.c.edit_h)
        .where(
            revision.c.sender_id == one.person_id,
            revision.c.ts > one.until,
            event.c.received <= milliseconds(one.asked_at),
        )
    )
    return [(row.edit_h, row.room_id) for row in connection.execute(edits)]


def begin(connection: Connection, one: Erasure) -> None:
    """All but the messages goes at once."""
    user_id = whose(connection, one)
    _count_as_deleted(connection, one, _edits_from_the_future(connection, one))
    count(connection, one, personal.erase(connection, one.person_id, user_id))
    change(connection, one.id, state=BEGUN)


def finish(connection: Connection, one: Erasure, now: datetime) -> None:
    """It was told; city, roles and settings go last: they said in which language to tell it."""
    personal.strip(connection, one.person_id)
    change(connection, one.id, state=DONE, done_at=now)


def forget_gone(connection: Connection) -> int:
    """Addresses of those who were erased and have left since; returns how many went.

    Who has let the archive keep their words again since has left like anybody else.
    """
    gone = 0
    for one in find(connection, DONE):
        user_id = whose(connection, one)
        if not user_id.startswith("@") or personal.is_present(connection, one.person_id):
            continue
        if connection.scalar(select(person.c.archive).where(person.c.id == one.person_id)):
            continue
        personal.erase(connection, one.person_id, user_id)
        personal.forget_gone(connection, one.person_id, user_id, one.mark)
        gone += 1
    return gone


def known_by_mark(connection: Connection, mark: str) -> int:
    """Our number for somebody who was erased and has left; their row is made if there is none."""
    user_id = personal.gone_as(mark)
    named = or_(person.c.user_id == user_id, person.c.user_id.startswith(f"{user_id}."))
    mine = select(person.c.id).where(named).order_by(person.c.id).limit(1)
    number: int | None = connection.scalar(mine)
    if number is None:
        row = {"user_id": user_id, "display_name": personal.NOBODY_S_NAME}
        connection.execute(insert_once(connection, person), row)
        number = connection.scalar(mine)
        assert number is not None
        silences.begin(connection, number, 0)
    return number


@dataclass(frozen=True, slots=True)
class Mention:
    """A message of somebody else that names a person."""

    event_id: EventId
    room_id: RoomId
    room_number: int  # ours
    at: int  # ms


def named_by_others(connection: Connection, number: int, names: Sequence[str]) -> list[Mention]:
    """Messages of others that name somebody in whole words, newest first. Reads all of the
    archive's words: study them."""
    if not names:
        return []
    # SQLite's LIKE knows capitals of ASCII alone.
    spelt = {form for name in names for form in (name, name.lower(), name.upper(), name.title())}
    likes = [message.c.body.icontains(form, autoescape=True) for form in sorted(spelt)]
    whole = re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, names))})(?!\w)", re.IGNORECASE)
    rows = connection.execute(
        select(event.c.event_id, room.c.room_id, message.c.room_id, message.c.ts, message.c.body)
        .join(message, message.c.seq == event.c.seq)
        .join(room, room.c.id == message.c.room_id)
        .where(message.c.sender_id != number, ~message.c.redacted, or_(*likes))
        .order_by(message.c.id.desc())
    )
    return [
        Mention(EventId(event_id), RoomId(room_id), room_number, at)
        for event_id, room_id, room_number, at, body in rows
        if whole.search(body)
    ]

"""What wants an answer, written down before anybody acts on it; each key enters once, for ever."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, bindparam, delete, func, or_, select, update

from storage.database import in_parts, insert_once, upsert
from storage.records import EventId, RoomId, UserId
from storage.tables.spine import gap, inbox
from storage.types import event_hash, instant


@dataclass(frozen=True, slots=True)
class Entry:
    """Something to answer: an event of a room, or a timer that is due."""

    key: str
    lane: str
    kind: str
    position: int  # order within the lane, ms
    payload: Mapping[str, Any] = field(default_factory=dict)
    attempts: int = 0
    id: int = 0


def add(connection: Connection, entries: Sequence[Entry], now: datetime) -> None:
    """Write entries down; one whose key was ever here before is left out."""
    _insert(connection, entries, now, "ready")


def add_missed(connection: Connection, entries: Sequence[Entry], now: datetime) -> None:
    """Write down commands that are too old to be carried out, to be spoken of later."""
    _insert(connection, entries, now, "missed")


def _insert(connection: Connection, entries: Sequence[Entry], now: datetime, state: str) -> None:
    if entries:
        connection.execute(
            insert_once(connection, inbox),
            [
                {
                    "key": entry.key,
                    "lane": entry.lane,
                    "kind": entry.kind,
                    "position": entry.position,
                    "payload": dict(entry.payload) if state == "ready" else None,
                    "received_at": now,
                    "state": state,
                }
                for entry in entries
            ],
        )


def lanes(connection: Connection) -> list[str]:
    """Lanes that hold something unanswered."""
    return list(connection.scalars(select(inbox.c.lane).where(inbox.c.state == "ready").distinct()))


@dataclass(frozen=True, slots=True)
class Turn:
    """A lane's oldest unanswered entry, and what decides whether it may be answered now."""

    entry: Entry
    ready_at: datetime | None  # it failed before, and waits
    hole_since: datetime | None  # the room's history is being fetched since
    more: bool  # another entry stands behind it


_TURN = (
    select(
        inbox.c.key,
        inbox.c.lane,
        inbox.c.kind,
        inbox.c.position,
        inbox.c.payload,
        inbox.c.attempts,
        inbox.c.id,
        inbox.c.ready_at,
        select(func.max(gap.c.opened_at))
        .where(gap.c.closed_at.is_(None), gap.c.back_to.is_(None), gap.c.room_id == inbox.c.lane)
        .scalar_subquery()
        .label("hole_since"),
    )
    .where(inbox.c.state == "ready", inbox.c.lane == bindparam("lane"))
    .order_by(inbox.c.position, inbox.c.id)
    .limit(2)
)


def turn(connection: Connection, lane: str) -> Turn | None:
    """The oldest unanswered entry of a lane."""
    rows = connection.execute(_TURN, {"lane": lane}).all()
    if not rows:
        return None
    return Turn(Entry(*rows[0][:7]), rows[0].ready_at, rows[0].hole_since, len(rows) > 1)


_HANDLED = (
    update(inbox)
    .where(inbox.c.id == bindparam("entry"))
    .values(
        state="handled",
        handled_at=bindparam("now"),
        payload=bindparam("kept"),
        attempts=inbox.c.attempts + 1,
    )
)


def mark_handled(
    connection: Connection,
    entry: int,
    now: datetime,
    *,
    thread: EventId | None = None,
    said: tuple[EventId, UserId] | None = None,
) -> None:
    """Done: the key stays so that it never enters again, the payload goes.

    thread: the root of the thread it was said in, so that a corrected command is answered there.
    said: the message and its author, who alone may correct it; of both a check value is kept.
    """
    kept: dict[str, Any] = {} if thread is None else {"thread": thread}
    if said is not None:
        kept["by"] = _check_value(*said)
    connection.execute(_HANDLED, {"entry": entry, "now": now, "kept": kept or None})


def _check_value(event_id: EventId, author: UserId) -> int:
    return event_hash(f"{event_id} {author}")


def thread_of(connection: Connection, key: EventId) -> EventId | None:
    """The root of the thread in which a handled message was said; None: in no thread."""
    kept = _kept(connection, key)
    return EventId(kept["thread"]) if "thread" in kept else None


def may_be_by(connection: Connection, key: EventId, author: UserId) -> bool:
    """Whether a message that the hall was told of may be this person's; True if it is unknown."""
    kept = _kept(connection, key)
    return "by" not in kept or bool(kept["by"] == _check_value(key, author))


def is_newest_edit(
    connection: Connection, original: EventId, author: UserId, at: int, now: datetime
) -> bool:
    """Whether no later edit (at: ms) of a message by this author was heard before; notes this one.

    Of message and author a check value is kept.
    """
    key = _edited_by(original, author)
    known = connection.scalar(select(inbox.c.position).where(inbox.c.key == key))
    if known is not None and known > at:
        return False
    connection.execute(
        upsert(connection, inbox, ["key"], ["position", "handled_at"]),
        {
            "key": key,
            "lane": "",
            "kind": "edited",
            "position": at,
            "payload": None,
            "received_at": now,
            "state": "handled",
            "handled_at": now,
        },
    )
    return True


def was_edited(connection: Connection, original: EventId, author: UserId) -> bool:
    """Whether an edit of a message by this author was heard before."""
    known = select(inbox.c.id).where(inbox.c.key == _edited_by(original, author))
    return connection.execute(known).first() is not None


def _edited_by(original: EventId, author: UserId) -> str:
    return f"edited/{_check_value(original, author)}"


def _kept(connection: Connection, key: EventId) -> Mapping[str, Any]:
    """What is left of a handled entry."""
    row = connection.execute(
        select(inbox.c.payload).where(inbox.c.key == key, inbox.c.state == "handled")
    ).first()
    return {} if row is None else row.payload or {}


def move_timers(connection: Connection, old: RoomId, new: RoomId) -> None:
    """A room has a successor: alarms that have gone off, and were not heard yet, are about that."""
    rung = (inbox.c.lane == old, inbox.c.kind == "timer", inbox.c.state == "ready")
    for row in connection.execute(select(inbox.c.id, inbox.c.payload).where(*rung)).all():
        payload = {**(row.payload or {}), "room_id": new}
        there = update(inbox).where(inbox.c.id == row.id).values(lane=new, payload=payload)
        connection.execute(there)


def count_attempt(connection: Connection, entry: int, retry_at: datetime, failure: str) -> None:
    """It failed: try again later. failure: kind and place of the error, without its words."""
    connection.execute(
        update(inbox)
        .where(inbox.c.id == entry)
        .values(attempts=inbox.c.attempts + 1, ready_at=retry_at, failure=failure)
    )


def park(connection: Connection, entry: int, now: datetime, failure: str) -> None:
    """It failed too often: set it aside, payload and all, for an operator."""
    connection.execute(
        update(inbox)
        .where(inbox.c.id == entry)
        .values(state="parked", handled_at=now, attempts=inbox.c.attempts + 1, failure=failure)
    )


@dataclass(frozen=True, slots=True)
class Parked:
    """An entry that was set aside, without what was said."""

    id: int
    key: str  # event id, or a timer's key
    lane: str
    kind: str
    said_at: datetime | None
    parked_at: datetime | None
    attempts: int
    failure: str | None  # kind and place of the last error


def parked(connection: Connection) -> list[Parked]:
    """Everything that was set aside, oldest first."""
    rows = connection.execute(
        select(
            inbox.c.id,
            inbox.c.key,
            inbox.c.lane,
            inbox.c.kind,
            inbox.c.position,
            inbox.c.handled_at,
            inbox.c.attempts,
            inbox.c.failure,
        )
        .where(inbox.c.state == "parked")
        .order_by(inbox.c.id)
    )
    return [Parked(*row[:4], instant(row.position), *row[5:]) for row in rows]


def unpark(connection: Connection, numbers: Sequence[int]) -> list[int]:
    """Let entries be tried anew, as often as new ones; all, if none is named."""
    return _take_parked(
        connection, numbers, state="ready", attempts=0, ready_at=None, handled_at=None
    )


def drop_parked(connection: Connection, numbers: Sequence[int], now: datetime) -> list[int]:
    """Give entries up: the key stays, the payload goes; all, if none is named."""
    return _take_parked(connection, numbers, state="handled", handled_at=now, payload=None)


def _take_parked(connection: Connection, numbers: Sequence[int], **values: Any) -> list[int]:
    taken = [one.id for one in parked(connection) if not numbers or one.id in numbers]
    connection.execute(update(inbox).where(inbox.c.id.in_(taken)).values(**values))
    return taken


def take_missed(connection: Connection, lane: RoomId, now: datetime) -> tuple[int, int, int]:
    """Commands of a room that were missed and not yet spoken of: how many, first and last (ms)."""
    missed = (inbox.c.state == "missed") & (inbox.c.lane == lane) & inbox.c.handled_at.is_(None)
    count, first_ms, last_ms = connection.execute(
        select(func.count(), func.min(inbox.c.position), func.max(inbox.c.position)).where(missed)
    ).one()
    connection.execute(update(inbox).where(missed).values(handled_at=now))
    return count, first_ms or 0, last_ms or 0


def has_missed(connection: Connection, lane: str) -> bool:
    """Whether a room has missed commands that were not yet spoken of."""
    missed = (inbox.c.state == "missed") & (inbox.c.lane == lane) & inbox.c.handled_at.is_(None)
    return connection.execute(select(inbox.c.id).where(missed).limit(1)).first() is not None


def erase(connection: Connection, lane: RoomId, events: Sequence[EventId], now: datetime) -> None:
    """Taken back by their authors: unanswered they are not answered, nor are their edits, and no
    words stay."""
    if not events:
        return
    mine = (inbox.c.lane == lane, inbox.c.state.in_(("ready", "parked")))
    waits = connection.execute(select(inbox.c.id, inbox.c.key, inbox.c.payload).where(*mine)).all()
    gone = {*events}
    numbers = [row.id for row in waits if {row.key, _edited(row.payload)} & gone]
    for part in in_parts(numbers):
        connection.execute(
            update(inbox)
            .where(inbox.c.id.in_(part))
            .values(state="handled", handled_at=now, payload=None)
        )
    # A page of history may be on its way that was fetched before.
    connection.execute(
        insert_once(connection, inbox),
        [
            {
                "key": _gone(lane, event),
                "lane": lane,
                "kind": "gone",
                "position": 0,
                "payload": None,
                "received_at": now,
                "state": "handled",
                "handled_at": now,
            }
            for event in events
        ],
    )


def without_gone(connection: Connection, lane: RoomId, entries: Sequence[Entry]) -> list[Entry]:
    """Entries but those that were taken back before they came, by themselves or with the message
    that they edit."""
    keys = {
        _gone(lane, name): None
        for entry in entries
        for name in (entry.key, _edited(entry.payload))
        if name is not None
    }
    gone = {
        key
        for part in in_parts(list(keys))
        for key in connection.scalars(select(inbox.c.key).where(inbox.c.key.in_(part)))
    }
    return [
        one
        for one in entries
        if not {_gone(lane, one.key), _gone(lane, _edited(one.payload) or one.key)} & gone
    ]


def _edited(payload: Mapping[str, Any] | None) -> str | None:
    """The message that an entry edits; None: it is no edit."""
    relation = (payload or {}).get("relates_to") or {}
    target = relation.get("event_id") if relation.get("rel_type") == "m.replace" else None
    return target if isinstance(target, str) else None


def _gone(lane: str, key: str) -> str:
    return f"gone/{lane}/{key}"  # with the room: nobody takes back what was said in another


def forget(connection: Connection, now: datetime, after: timedelta) -> int:
    """Drop the keys of what was handled long ago; the archive still knows the events."""
    gone = connection.execute(
        delete(inbox).where(
            inbox.c.state.in_(("handled", "missed")), inbox.c.handled_at < now - after
        )
    )
    return gone.rowcount


def counts(connection: Connection, now: datetime, *, besides: str = "") -> dict[str, int]:
    """How many entries are ready, late (waiting after a failure) and parked.

    besides: the key of the entry in hand, which is about to be answered.
    """
    late = or_(inbox.c.ready_at.is_(None), inbox.c.ready_at <= now)
    ready, waiting = connection.execute(
        select(func.count().filter(late), func.count().filter(~late)).where(
            inbox.c.state == "ready", inbox.c.key != besides
        )
    ).one()
    parked = connection.scalar(
        select(func.count()).select_from(inbox).where(inbox.c.state == "parked")
    )
    return {"ready": ready, "waiting": waiting, "parked": parked or 0}

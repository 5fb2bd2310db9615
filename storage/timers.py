"""Alarms at local wall times, each with a key that is unique for ever."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, func, select, update

from storage import inbox
from storage.database import insert_once
from storage.records import RoomId, Timer
from storage.tables.spine import timer
from storage.types import milliseconds

HALL_LANE = "hall"  # timers that belong to no room
MANDATE = "mandate"  # in a payload: it rings only while the asker still has the say


def due_instant(wall_time: datetime, time_zone: str) -> datetime:
    """The UTC instant of a local wall time.

    In the spring gap it is the first minute that exists after it; in the autumn overlap the first
    of the two.
    """
    zone = ZoneInfo(time_zone)
    local = wall_time.replace(tzinfo=zone, fold=0)
    instant = local.astimezone(UTC)
    if instant.astimezone(zone).replace(tzinfo=None) == wall_time:
        return instant
    # Inside the gap: fold=1 reads the wall with the later offset, so both readings bracket it;
    # the first minute that exists is the moment of the jump itself.
    before = wall_time.replace(tzinfo=zone, fold=1).astimezone(UTC)
    low, high = before, instant
    while high - low > timedelta(seconds=1):
        middle = low + (high - low) / 2
        if middle.astimezone(zone).utcoffset() == before.astimezone(zone).utcoffset():
            low = middle
        else:
            high = middle
    return high.replace(microsecond=0)


def schedule(connection: Connection, timers: Sequence[Timer]) -> None:
    """Set alarms; a key that was ever set stands as it was."""
    for alarm in timers:
        connection.execute(
            insert_once(connection, timer),
            {
                "key": alarm.key,
                "kind": alarm.kind,
                "room_id": alarm.room_id,
                "payload": dict(alarm.payload),
                "wall_time": alarm.wall_time.isoformat(),
                "time_zone": alarm.time_zone,
                "due": due_instant(alarm.wall_time, alarm.time_zone),
                "state": "pending",
            },
        )


def move(connection: Connection, old: RoomId, new: RoomId) -> None:
    """A room has a successor: its alarms go off there."""
    connection.execute(
        update(timer).where(timer.c.room_id == old, timer.c.state == "pending").values(room_id=new)
    )


def cancel(connection: Connection, key: str) -> None:
    """Unset an alarm that has not gone off."""
    connection.execute(
        update(timer)
        .where(timer.c.key == key, timer.c.state == "pending")
        .values(state="cancelled")
    )


def next_due(connection: Connection) -> datetime | None:
    """When the next alarm goes off."""
    moment: datetime | None = connection.scalar(
        select(func.min(timer.c.due)).where(timer.c.state == "pending")
    )
    return moment


def ring(connection: Connection, now: datetime) -> list[str]:
    """Turn every alarm that is due into an inbox entry; returns the lanes that got one."""
    due = connection.execute(
        select(timer).where(timer.c.state == "pending", timer.c.due <= now).order_by(timer.c.due)
    ).all()
    entries = [
        inbox.Entry(
            key=f"timer/{row.key}",
            lane=row.room_id or HALL_LANE,
            kind="timer",
            position=milliseconds(row.due),
            payload={
                "key": row.key,
                "kind": row.kind,
                "room_id": row.room_id,
                "due": milliseconds(row.due),
                "payload": row.payload,
            },
        )
        for row in due
    ]
    inbox.add(connection, entries, now)
    if due:
        connection.execute(
            update(timer)
            .where(timer.c.key.in_([row.key for row in due]))
            .values(state="done", payload={})
        )
    return sorted({entry.lane for entry in entries})


def rederive(connection: Connection) -> int:
    """Compute every pending instant anew, after the time-zone rules changed; returns how many."""
    moved = 0
    for row in connection.execute(select(timer).where(timer.c.state == "pending")).all():
        due = due_instant(datetime.fromisoformat(row.wall_time), row.time_zone)
        if milliseconds(due) != milliseconds(row.due):  # what the table keeps
            connection.execute(update(timer).where(timer.c.key == row.key).values(due=due))
            moved += 1
    return moved


def find_pending(connection: Connection, room_id: RoomId, kind: str) -> list[datetime]:
    """When the pending alarms of one kind in a room go off."""
    return list(
        connection.scalars(
            select(timer.c.due).where(
                timer.c.room_id == room_id, timer.c.kind == kind, timer.c.state == "pending"
            )
        )
    )


def cancel_all(connection: Connection, room_id: RoomId, kind: str) -> int:
    """Unset all alarms of one kind in a room that have not gone off; returns how many."""
    mine = (timer.c.room_id == room_id, timer.c.kind == kind, timer.c.state == "pending")
    return connection.execute(
        update(timer).where(*mine).values(state="cancelled", payload={})
    ).rowcount


def pending(connection: Connection) -> int:
    """How many alarms are set."""
    count = connection.scalar(
        select(func.count()).select_from(timer).where(timer.c.state == "pending")
    )
    return count or 0

"""Holes in timelines, kept until history has filled them."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, func, insert, select, update

from storage.records import RoomId
from storage.tables.spine import gap

NEWEST = ""  # the newer end of a hole that reaches up to now


@dataclass(frozen=True, slots=True)
class Gap:
    """What of a room's timeline is missing: from `next_token` back to `from_token`."""

    id: int
    room_id: RoomId
    from_token: str | None
    next_token: str
    opened_at: datetime
    attempts: int = 0
    back_to: int | None = None  # ms: older history for the archive alone
    events: int = 0  # read so far
    kept: int = 0  # messages that came into the archive
    unreadable: int = 0  # messages whose key we do not have
    reached: int | None = None  # ms: since then nothing of older history is missing

    @property
    def told_as(self) -> str:
        """The key of the post that shows how far older history has come."""
        return f"archive/past/{self.id}"


_COLUMNS = (
    gap.c.id,
    gap.c.room_id,
    gap.c.from_token,
    gap.c.next_token,
    gap.c.opened_at,
    gap.c.attempts,
    gap.c.back_to,
    gap.c.events,
    gap.c.kept,
    gap.c.unreadable,
    gap.c.reached,
)


def open_gap(
    connection: Connection,
    room_id: RoomId,
    from_token: str | None,
    next_token: str,
    now: datetime,
) -> None:
    """Note a hole; in the transaction of the sync answer that shows it."""
    connection.execute(
        insert(gap),
        {
            "room_id": room_id,
            "from_token": from_token,
            "next_token": next_token,
            "opened_at": now,
        },
    )


def find_open(connection: Connection) -> list[Gap]:
    """Holes to fill, newest first: what was said last matters first."""
    rows = connection.execute(
        select(*_COLUMNS).where(gap.c.closed_at.is_(None)).order_by(gap.c.id.desc())
    )
    return [Gap(*row) for row in rows]


def is_open(connection: Connection, room_id: str) -> bool:
    """Whether something of a room is still missing; what is older than its archive is not."""
    missing = (gap.c.closed_at.is_(None), gap.c.back_to.is_(None), gap.c.room_id == room_id)
    return connection.execute(select(gap.c.id).where(*missing).limit(1)).first() is not None


def open_past(
    connection: Connection, room_id: RoomId, back_to: int, reached: int, now: datetime
) -> Gap:
    """Older history is wanted, back to a moment; reached: since when all is kept (both ms)."""
    row = {
        "room_id": room_id,
        "next_token": NEWEST,
        "opened_at": now,
        "back_to": back_to,
        "reached": reached,
    }
    number = connection.execute(insert(gap).returning(gap.c.id), row).scalar_one()
    return Gap(number, room_id, None, NEWEST, now, back_to=back_to, reached=reached)


def count_past(connection: Connection, hole: Gap) -> None:
    """How much of older history came in, and how far back it reaches by now."""
    connection.execute(
        update(gap)
        .where(gap.c.id == hole.id)
        .values(kept=hole.kept, unreadable=hole.unreadable, reached=hole.reached)
    )


def past_of(connection: Connection, room_id: str) -> Gap | None:
    """The older history of a room that is being read now."""
    wanted = (gap.c.closed_at.is_(None), gap.c.back_to.is_not(None), gap.c.room_id == room_id)
    row = connection.execute(select(*_COLUMNS).where(*wanted).limit(1)).first()
    return None if row is None else Gap(*row)


def past_by(connection: Connection, number: int) -> Gap | None:
    """Older history by its number, open or not; None if it is a hole of another kind."""
    wanted = (gap.c.id == number, gap.c.back_to.is_not(None))
    row = connection.execute(select(*_COLUMNS).where(*wanted)).first()
    return None if row is None else Gap(*row)


def move(connection: Connection, number: int, next_token: str, events: int) -> None:
    """A page came in: go on from there."""
    connection.execute(
        update(gap)
        .where(gap.c.id == number)
        .values(next_token=next_token, events=gap.c.events + events, attempts=0)
    )


def close(
    connection: Connection, number: int, now: datetime, *, abandoned: str | None = None
) -> None:
    """Filled; or given up, with the homeserver's reason."""
    connection.execute(
        update(gap).where(gap.c.id == number).values(closed_at=now, abandoned=abandoned)
    )


def count_attempt(connection: Connection, number: int) -> None:
    """The homeserver did not answer."""
    connection.execute(update(gap).where(gap.c.id == number).values(attempts=gap.c.attempts + 1))


def counts(connection: Connection) -> dict[str, int]:
    """How many holes are open, and how many were given up."""
    still_open, abandoned = connection.execute(
        select(
            func.count().filter(gap.c.closed_at.is_(None)),
            func.count().filter(gap.c.abandoned.is_not(None)),
        )
    ).one()
    return {"gaps open": still_open, "gaps abandoned": abandoned}

"""What waits to be done, and since when: counted for operators, changed by nobody."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Table, and_, func, or_, select

from storage.tables.spine import gap, inbox, outbox, timer, waiting_event


@dataclass(frozen=True, slots=True)
class Queue:
    """How many wait, and since when the first of them does."""

    number: int
    since: datetime | None


def unanswered(connection: Connection, now: datetime) -> Queue:
    """Inbox entries that could be answered now."""
    ready = or_(inbox.c.ready_at.is_(None), inbox.c.ready_at <= now)
    return _queue(connection, inbox, inbox.c.received_at, (inbox.c.state == "ready") & ready)


def retrying(connection: Connection) -> Queue:
    """Inbox entries that have failed and will be tried again."""
    failed = (inbox.c.state == "ready") & (inbox.c.attempts > 0)
    return _queue(connection, inbox, inbox.c.received_at, failed)


def parked(connection: Connection) -> Queue:
    """Inbox entries that were given up."""
    return _queue(connection, inbox, inbox.c.received_at, inbox.c.state == "parked")


def unsent(connection: Connection) -> Queue:
    """Posts on their way."""
    return _queue(connection, outbox, outbox.c.created_at, outbox.c.settled_at.is_(None))


def refused(connection: Connection, now: datetime, within: timedelta) -> Queue:
    """Posts that the homeserver has refused for good lately."""
    lately = and_(
        outbox.c.failure.is_not(None),
        outbox.c.failure != "taken back",
        outbox.c.settled_at > now - within,
    )
    return _queue(connection, outbox, outbox.c.settled_at, lately)


def gaps_open(connection: Connection) -> Queue:
    """Stretches of history still to be fetched."""
    return _queue(connection, gap, gap.c.opened_at, gap.c.closed_at.is_(None))


def gaps_abandoned(connection: Connection, now: datetime, within: timedelta) -> Queue:
    """Stretches of history that the homeserver would not give lately."""
    lately = gap.c.abandoned.is_not(None) & (gap.c.closed_at > now - within)
    return _queue(connection, gap, gap.c.opened_at, lately)


def waiting_for_keys(connection: Connection) -> Queue:
    """Encrypted events that cannot be read yet."""
    return _queue(
        connection, waiting_event, waiting_event.c.received_at, waiting_event.c.event_id != ""
    )


def timers_set(connection: Connection) -> Queue:
    """Alarms that are set."""
    return _queue(connection, timer, timer.c.due, timer.c.state == "pending")


def timers_overdue(connection: Connection, now: datetime) -> Queue:
    """Alarms that should have gone off."""
    overdue = (timer.c.state == "pending") & (timer.c.due <= now)
    return _queue(connection, timer, timer.c.due, overdue)


def _queue(
    connection: Connection, table: Table, since: ColumnElement[datetime], which: ColumnElement[bool]
) -> Queue:
    number, first = connection.execute(
        select(func.count(), func.min(since)).select_from(table).where(which)
    ).one()
    return Queue(number, first)

"""Where the hall keeps quiet for a while: `!cluster pause`."""

from datetime import datetime

from sqlalchemy import Connection

from storage import meta

FOR_EVER = ""


def pause(connection: Connection, cluster: str, until: datetime | None) -> None:
    """Say nothing unasked in a cluster; None: until somebody resumes it."""
    meta.put(connection, meta.PAUSED + cluster, FOR_EVER if until is None else until.isoformat())


def resume(connection: Connection, cluster: str) -> None:
    """Go on."""
    meta.forget(connection, meta.PAUSED + cluster)


def is_paused(connection: Connection, cluster: str | None, now: datetime) -> bool:
    """Whether the hall keeps quiet in a cluster now."""
    if cluster is None:
        return False
    until = meta.get(connection, meta.PAUSED + cluster)
    return until is not None and (until == FOR_EVER or datetime.fromisoformat(until) > now)


def paused_until(connection: Connection, cluster: str, now: datetime) -> datetime | None:
    """Until when; None if it is not paused, or if nobody said how long."""
    until = meta.get(connection, meta.PAUSED + cluster)
    return datetime.fromisoformat(until) if until and is_paused(connection, cluster, now) else None

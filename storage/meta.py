"""Facts about the hall itself: how far it has read, who it is."""

import uuid

from sqlalchemy import Connection, delete, select

from storage.database import upsert
from storage.tables.spine import meta

SYNC_POSITION = "sync position"
HALL_ID = "hall id"
SPACE = "space"  # the room id of the community's Space
VERSION = "version"  # of the program that last started on this database
NO_POINTERS = "no pointers/"  # with a room id: where nothing is suggested
PAUSED = "paused/"  # with a cluster: until when I keep quiet there; "": until somebody says so
AUTOMATIC = "digest by itself/"  # with a cluster: "on" or "off", where a coordinator said so
SILENT = "silent/"  # with a check value: times of silence of somebody who is not known here yet
PURGED = "purged/"  # with a room id: up to when (ms) its archive was thrown away
PURGING = "purging/"  # with a room id: a purge that is not finished
# With a room id: since when (ms) the hall is not in it, and its archive is kept; behind a space how
# often that was told.
LEFT = "left/"
TROUBLES = "troubles"  # what the coordinators' room was told is broken


def get(connection: Connection, key: str) -> str | None:
    """The fact of that name, if it is known."""
    value: str | None = connection.scalar(select(meta.c.value).where(meta.c.key == key))
    return value


def put(connection: Connection, key: str, value: str) -> None:
    """Remember a fact, in place of an earlier one."""
    connection.execute(upsert(connection, meta, ["key"], ["value"]), {"key": key, "value": value})


def forget(connection: Connection, key: str) -> None:
    """A fact is none any more."""
    connection.execute(delete(meta).where(meta.c.key == key))


def beginning_with(connection: Connection, prefix: str) -> dict[str, str]:
    """All facts whose names begin so."""
    rows = connection.execute(
        select(meta.c.key, meta.c.value).where(meta.c.key.startswith(prefix, autoescape=True))
    )
    return {row.key: row.value for row in rows}


def hall_id(connection: Connection) -> uuid.UUID:
    """The hall's own id, made once: transaction ids are derived from it."""
    known = get(connection, HALL_ID)
    if known is None:
        known = str(uuid.uuid4())
        put(connection, HALL_ID, known)
    return uuid.UUID(known)

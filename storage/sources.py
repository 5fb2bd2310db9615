"""Which of our things were made from which message: corrected or taken back, they hear of it."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from storage.database import upsert
from storage.records import EventId, UserId
from storage.tables.spine import source
from storage.types import event_hash


@dataclass(frozen=True, slots=True)
class Source:
    """A message whose words a feature has taken."""

    kind: str  # of the listener: "practice"
    subject: str  # what was made of it, for the feature to know: "P-12/problem"
    sender: UserId  # who may correct it
    talk: bool = False  # it is also the members' own talk, and archived as such


def add(connection: Connection, event_id: EventId, origin: Source) -> None:
    """Remember that something was made from a message."""
    connection.execute(
        upsert(connection, source, ["event_h", "kind", "subject"], ["sender", "talk"]),
        {
            "event_h": event_hash(event_id),
            "kind": origin.kind,
            "subject": origin.subject,
            "sender": origin.sender,
            "talk": origin.talk,
        },
    )


def of(connection: Connection, event_id: EventId) -> list[Source]:
    """What was made from a message."""
    rows = connection.execute(
        select(source.c.kind, source.c.subject, source.c.sender, source.c.talk)
        .where(source.c.event_h == event_hash(event_id))
        .order_by(source.c.kind, source.c.subject)
    )
    return [Source(*row) for row in rows]


def forget_message(connection: Connection, event_id: EventId, kind: str) -> None:
    """A message was taken back: nothing of that kind rests on it any more."""
    connection.execute(
        delete(source).where(source.c.event_h == event_hash(event_id), source.c.kind == kind)
    )


def forget(connection: Connection, kind: str, subject: str) -> None:
    """What was made is gone, or no longer rests on any message."""
    connection.execute(delete(source).where(source.c.kind == kind, source.c.subject == subject))

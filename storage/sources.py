"""Which of our things were made from which message: corrected or taken back, they hear of it."""

from dataclasses import dataclass

from sqlalchemy import Connection, delete, select

from storage.database import upsert
from storage.records import EventId, UserId
from storage.tables.archive import revision
from storage.tables.people import person
from storage.tables.spine import source
from storage.types import event_hash

_EDIT = "edit"  # in place of a kind: of an edit, with the message that it edits as the subject


@dataclass(frozen=True, slots=True)
class Source:
    """A message whose words a feature has taken."""

    kind: str  # of the listener: "practice"
    subject: str  # what was made of it, for the feature to know: "P-12/problem"
    sender: UserId  # who may correct it
    talk: bool = False  # it is also the members' own talk, and archived as such


def add(connection: Connection, event_id: EventId, origin: Source) -> None:
    """Remember that something was made from a message.

    With the edits of its author that the words come from: each may be taken back by itself.
    """
    hashed = event_hash(event_id)
    edits = (
        select(revision.c.edit_h)
        .join(person, person.c.id == revision.c.sender_id)
        .where(revision.c.original_h == hashed, person.c.user_id == origin.sender)
    )
    rows = [(hashed, origin.kind, origin.subject, origin.talk)]
    rows += [(edit, _EDIT, event_id, False) for edit in connection.scalars(edits)]
    connection.execute(
        upsert(connection, source, ["event_h", "kind", "subject"], ["sender", "talk"]),
        [
            {
                "event_h": event_h,
                "kind": kind,
                "subject": subject,
                "sender": origin.sender,
                "talk": talk,
            }
            for event_h, kind, subject, talk in rows
        ],
    )


def add_edit(connection: Connection, edit: EventId, original: EventId, sender: UserId) -> None:
    """Remember that what was made of a message has the words of this edit. Of an edit by anybody
    but its author nothing is remembered: it brings no words."""
    if any(one.sender == sender for one in of(connection, original)):
        add(connection, edit, Source(_EDIT, original, sender))


def of(connection: Connection, event_id: EventId) -> list[Source]:
    """What was made from a message."""
    rows = connection.execute(
        select(source.c.kind, source.c.subject, source.c.sender, source.c.talk)
        .where(source.c.event_h == event_hash(event_id), source.c.kind != _EDIT)
        .order_by(source.c.kind, source.c.subject)
    )
    return [Source(*row) for row in rows]


def edited_by(connection: Connection, event_id: EventId) -> EventId | None:
    """The message that an edit gave the words from which something was made."""
    original: str | None = connection.scalar(
        select(source.c.subject).where(
            source.c.event_h == event_hash(event_id), source.c.kind == _EDIT
        )
    )
    return None if original is None else EventId(original)


def forget_message(connection: Connection, event_id: EventId, kind: str) -> None:
    """A message was taken back: nothing of that kind rests on it any more."""
    connection.execute(
        delete(source).where(source.c.event_h == event_hash(event_id), source.c.kind == kind)
    )
    forget_edits(connection, event_id)


def forget_edits(connection: Connection, event_id: EventId) -> None:
    """Forget the edits of a message from which nothing is made any more."""
    if not of(connection, event_id):
        forget(connection, _EDIT, event_id)


def forget(connection: Connection, kind: str, subject: str) -> None:
    """What was made is gone, or no longer rests on any message."""
    connection.execute(delete(source).where(source.c.kind == kind, source.c.subject == subject))

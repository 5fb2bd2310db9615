"""Where the hall listens to plain words: a conversation that a feature has begun."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, or_, select

from storage.database import upsert
from storage.records import EventId, RoomId, UserId
from storage.tables.people import person
from storage.tables.spine import listening

ANYBODY = 0  # instead of a person's number

# A thread's root, a direct chat, a person (whichever direct chat they write in), or the key of a
# post of ours that people reply to.
Place = EventId | RoomId | UserId | str


@dataclass(frozen=True, slots=True)
class Conversation:
    """A feature listens here, to one person or to anybody."""

    place: Place
    kind: str  # of its listener: "interview"
    subject: str  # what it is about, for the feature to know: "P-12"
    person: int = ANYBODY
    talk: bool = False  # what is said is the members' own talk, too, and archived as such
    since: datetime | None = None  # when it was begun, or went on


def begin(connection: Connection, conversation: Conversation, now: datetime) -> None:
    """Listen from now on; a conversation of that kind at the same place goes on with this one."""
    connection.execute(
        upsert(connection, listening, ["place", "person_id", "kind"], ["subject", "talk", "since"]),
        {
            "place": conversation.place,
            "person_id": conversation.person,
            "kind": conversation.kind,
            "subject": conversation.subject,
            "talk": conversation.talk,
            "since": now,
        },
    )


def end(connection: Connection, kind: str, subject: str, *, person: int | None = None) -> None:
    """Listen no longer to what is said about that subject; person: to one person only."""
    ended = delete(listening).where(listening.c.kind == kind, listening.c.subject == subject)
    if person is not None:
        ended = ended.where(listening.c.person_id == person)
    connection.execute(ended)


def find(connection: Connection, places: Sequence[Place], speaker: UserId) -> Conversation | None:
    """The conversation that somebody's words at these places belong to: their own before any."""
    row = connection.execute(
        select(listening)
        .outerjoin(person, person.c.id == listening.c.person_id)
        .where(
            listening.c.place.in_(places),
            or_(listening.c.person_id == ANYBODY, person.c.user_id == speaker),
        )
        .order_by(listening.c.person_id.desc(), listening.c.since.desc())
        .limit(1)
    ).first()
    if row is None:
        return None
    return Conversation(row.place, row.kind, row.subject, row.person_id, row.talk, row.since)

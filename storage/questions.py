"""Commands that wait for one missing argument: the next words of their person are the answer."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, bindparam, delete, select

from storage.database import upsert
from storage.records import EventId, RoomId
from storage.tables.people import open_question

PATIENCE = timedelta(minutes=10)  # later words are talk again, not an answer

# A thread's root; in a direct chat the chat itself, where nobody minds threads.
Place = EventId | RoomId


@dataclass(frozen=True, slots=True)
class Question:
    """A command that lacks an argument."""

    command: str
    given: str  # what was typed after the command's name


def ask(
    connection: Connection, place: Place, person: int, question: Question, now: datetime
) -> None:
    """Remember what was asked, in place of an earlier question at the same place."""
    forget_old(connection, now)
    connection.execute(
        upsert(
            connection,
            open_question,
            ["thread", "person_id"],
            ["command", "given", "asked_at"],
        ),
        {
            "thread": place,
            "person_id": person,
            "command": question.command,
            "given": question.given,
            "asked_at": now,
        },
    )


_WAITING = select(open_question.c.command, open_question.c.given).where(
    open_question.c.thread == bindparam("place"),
    open_question.c.person_id == bindparam("person"),
    open_question.c.asked_at > bindparam("since"),
)


def waiting(connection: Connection, place: Place, person: int, now: datetime) -> Question | None:
    """What the hall waits to hear from a person at a place."""
    row = connection.execute(
        _WAITING, {"place": place, "person": person, "since": now - PATIENCE}
    ).first()
    return None if row is None else Question(row.command, row.given)


def open_threads(connection: Connection) -> frozenset[str]:
    """Places where an answer may be awaited: intake lets plain words through there."""
    return frozenset(connection.scalars(select(open_question.c.thread).distinct()))


def forget(connection: Connection, place: Place, person: int) -> None:
    """Answered, cancelled, or overtaken by another command."""
    connection.execute(
        delete(open_question).where(
            open_question.c.thread == place, open_question.c.person_id == person
        )
    )


def erase(connection: Connection, event_id: EventId) -> None:
    """The command that began a thread was taken back: its words go."""
    connection.execute(delete(open_question).where(open_question.c.thread == event_id))


def forget_old(connection: Connection, now: datetime) -> None:
    """Drop questions that nobody answered in time, and what was given with them."""
    connection.execute(delete(open_question).where(open_question.c.asked_at <= now - PATIENCE))

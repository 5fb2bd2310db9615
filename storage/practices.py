"""Practices: what cities share, field by field, with the message that each answer came in."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, literal, select, update

from storage import documents
from storage.database import upsert
from storage.people import person_of
from storage.practice_documents import document_of
from storage.records import (
    Answered,
    EventId,
    Person,
    Practice,
    PracticeField,
    PracticeState,
    RoomId,
)
from storage.tables.people import person
from storage.tables.practices import practice, practice_field, practice_step
from storage.types import Instant

P = PracticeState
FIELDS = {field.value: field for field in PracticeField}
UNFINISHED = frozenset({P.CAPTURED, P.DRAFT})


def start(
    connection: Connection,
    author: Person,
    state: PracticeState,
    now: datetime,
    *,
    cluster: str | None,
    source: tuple[RoomId, EventId] | None = None,
    by: Person | None = None,
) -> Practice:
    """A new practice with nothing in it yet; its number was never given before.

    by: who began it, if that was not its author.
    """
    highest = connection.scalar(select(func.max(practice.c.id))) or 0
    room_id, event_id = source or (None, None)
    connection.execute(
        insert(practice).values(
            id=highest + 1,
            state=state,
            author_id=author.id,
            city=author.city,
            cluster=cluster,
            source_room=room_id,
            source_event=event_id,
            created_at=now,
            changed_at=now,
        )
    )
    _note_step(connection, highest + 1, state, by or author, now)
    made = get(connection, highest + 1)
    assert made is not None
    return made


def get(connection: Connection, number: int) -> Practice | None:
    """The practice of that number, whatever became of it."""
    return next(iter(_read(connection, _ALL.where(practice.c.id == number))), None)


def find(
    connection: Connection,
    *,
    states: Collection[PracticeState] | None = None,
    author: int | None = None,
) -> list[Practice]:
    """Practices in the order of their numbers; in these states, of that person."""
    query = _ALL.order_by(practice.c.id)
    if states is not None:
        query = query.where(practice.c.state.in_(sorted(states)))
    if author is not None:
        query = query.where(practice.c.author_id == author)
    return _read(connection, query)


def of_source(connection: Connection, event_id: EventId) -> Practice | None:
    """What was made of a message, and not withdrawn since."""
    query = _ALL.where(practice.c.source_event == event_id, practice.c.state != P.WITHDRAWN)
    return next(iter(_read(connection, query)), None)


def grown_from(connection: Connection, name: str) -> list[Practice]:
    """Practices that say they grew out of that one: "P-12"."""
    based = select(practice_field.c.practice_id).where(
        practice_field.c.field == PracticeField.BASED_ON, practice_field.c.text == name
    )
    return _read(connection, _ALL.where(practice.c.id.in_(based)).order_by(practice.c.id))


def answer(
    connection: Connection, number: int, field: PracticeField, answered: Answered, now: datetime
) -> None:
    """Write an answer, in place of an earlier one."""
    keys, columns = ["practice_id", "field"], ["text", "room_id", "event_id"]
    connection.execute(
        upsert(connection, practice_field, keys, columns),
        {
            "practice_id": number,
            "field": field.value,
            "text": answered.text,
            "room_id": answered.room_id,
            "event_id": answered.event_id,
        },
    )
    change(connection, number, changed_at=now)


def unanswer(
    connection: Connection, number: int, fields: Iterable[PracticeField], now: datetime
) -> None:
    """Take answers out."""
    connection.execute(
        delete(practice_field).where(
            practice_field.c.practice_id == number, practice_field.c.field.in_(sorted(fields))
        )
    )
    change(connection, number, changed_at=now)


def change(connection: Connection, number: int, **values: Any) -> None:
    """Write columns of a practice; whatever was written of it before is searched from now on."""
    connection.execute(update(practice).where(practice.c.id == number).values(**values))
    renew_document(connection, number)


def renew_document(connection: Connection, number: int) -> None:
    """Let search find a practice as it stands now, or no more."""
    found = get(connection, number)
    told = None if found is None else document_of(found)
    if told is None:
        documents.remove(connection, documents.PRACTICE, [f"P-{number}"])
    else:
        documents.put(connection, told)


def step(
    connection: Connection,
    number: int,
    state: PracticeState,
    by: Person | None,
    now: datetime,
    *,
    reason: str = "",
) -> None:
    """Take a practice to a state; the first time that it was shared and published is kept."""
    first = {P.SHARED: practice.c.shared_at, P.PUBLISHED: practice.c.published_at}.get(state)
    dates = {} if first is None else {first.name: func.coalesce(first, literal(now, Instant()))}
    change(connection, number, state=state, reason=reason, asking=None, changed_at=now, **dates)
    _note_step(connection, number, state, by, now)


def erase(connection: Connection, number: int, by: Person | None, now: datetime) -> None:
    """Withdrawn: the words go, the number and its dates stay."""
    connection.execute(delete(practice_field).where(practice_field.c.practice_id == number))
    step(connection, number, P.WITHDRAWN, by, now)


def stand_alone(connection: Connection, number: int, city: str | None) -> None:
    """A practice stays under its city's name; nothing leads to who told it, and in which words."""
    nowhere = {"room_id": None, "event_id": None}
    connection.execute(
        update(practice_field).where(practice_field.c.practice_id == number).values(nowhere)
    )
    change(connection, number, city=city, source_room=None, source_event=None, reason_event=None)


def last_step_by(connection: Connection, number: int) -> int | None:
    """Our number for the person by whom a practice came to the state it is in."""
    found: int | None = connection.scalar(
        select(practice_step.c.person_id)
        .where(practice_step.c.practice_id == number)
        .order_by(practice_step.c.id.desc())
        .limit(1)
    )
    return found


def begun_by(connection: Connection, number: int) -> int | None:
    """Our number for the person who began a practice."""
    found: int | None = connection.scalar(
        select(practice_step.c.person_id)
        .where(practice_step.c.practice_id == number)
        .order_by(practice_step.c.id)
        .limit(1)
    )
    return found


def steps(connection: Connection, number: int) -> list[tuple[PracticeState, datetime]]:
    """The states that a practice went through, in order."""
    rows = connection.execute(
        select(practice_step.c.state, practice_step.c.at)
        .where(practice_step.c.practice_id == number)
        .order_by(practice_step.c.id)
    )
    return [(PracticeState(row.state), row.at) for row in rows]


# ── from rows to records ──────────────────────────────────────────────────────────────────────

_ALL = select(practice, *(column.label(f"person_{column.name}") for column in person.c)).join(
    person, person.c.id == practice.c.author_id
)


def _note_step(
    connection: Connection, number: int, state: PracticeState, by: Person | None, now: datetime
) -> None:
    connection.execute(
        insert(practice_step).values(
            practice_id=number, state=state, person_id=None if by is None else by.id, at=now
        )
    )


def _read(connection: Connection, query: Select[Any]) -> list[Practice]:
    rows = connection.execute(query).all()
    numbers = [row.id for row in rows]
    answers: dict[int, dict[PracticeField, Answered]] = {}
    for start_ in range(0, len(numbers), 400):
        part = numbers[start_ : start_ + 400]
        for row in connection.execute(
            select(practice_field).where(practice_field.c.practice_id.in_(part))
        ):
            if row.field in FIELDS:
                answers.setdefault(row.practice_id, {})[FIELDS[row.field]] = Answered(
                    row.text, row.room_id, row.event_id
                )
    return [_practice(row, answers.get(row.id, {})) for row in rows]


def _practice(row: Row[Any], answers: Mapping[PracticeField, Answered]) -> Practice:
    author = person_of(row, "person_")
    return Practice(
        number=row.id,
        state=PracticeState(row.state),
        author=author,
        city=row.city or author.city,
        cluster=row.cluster,
        language=row.language,
        created_at=row.created_at,
        changed_at=row.changed_at,
        shared_at=row.shared_at,
        published_at=row.published_at,
        source_room=row.source_room,
        source=row.source_event,
        asking=FIELDS.get(row.asking or ""),
        card=row.card,
        reason=row.reason,
        reason_event=row.reason_event,
        fields={field: answers[field] for field in PracticeField if field in answers},
    )

"""Transfers: which city looks at, tries and adapts a practice of another, with its diary."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, delete, func, insert, select, update

from storage.database import upsert
from storage.people import person_of
from storage.records import (
    Degree,
    EventId,
    Person,
    RoomId,
    Transfer,
    TransferNote,
    TransferState,
)
from storage.tables.people import person
from storage.tables.practices import transfer, transfer_note


def start(
    connection: Connection,
    practice: int,
    city: str,
    person_: Person,
    room_id: RoomId,
    now: datetime,
) -> Transfer:
    """A city begins to look at a practice."""
    highest = connection.scalar(select(func.max(transfer.c.id))) or 0
    connection.execute(
        insert(transfer).values(
            id=highest + 1,
            practice_id=practice,
            city=city,
            person_id=person_.id,
            state=TransferState.INTERESTED,
            room_id=room_id,
            created_at=now,
            heard_at=now,
            changed_at=now,
        )
    )
    made = get(connection, highest + 1)
    assert made is not None
    return made


def get(connection: Connection, number: int) -> Transfer | None:
    """The transfer of that number."""
    return next(iter(_read(connection, _ALL.where(transfer.c.id == number))), None)


def find(
    connection: Connection, *, practice: int | None = None, city: str | None = None
) -> list[Transfer]:
    """Transfers in the order of their numbers: of a practice, of a city."""
    query = _ALL.order_by(transfer.c.id)
    if practice is not None:
        query = query.where(transfer.c.practice_id == practice)
    if city is not None:
        query = query.where(transfer.c.city == city)
    return _read(connection, query)


def change(connection: Connection, number: int, **values: Any) -> None:
    """Write columns of a transfer."""
    connection.execute(update(transfer).where(transfer.c.id == number).values(**values))


def note(connection: Connection, number: int, entry: TransferNote) -> None:
    """Write an entry into the diary; the same message again replaces its words."""
    columns = ["text", "state"]
    connection.execute(
        upsert(connection, transfer_note, ["event_id"], columns),
        {
            "transfer_id": number,
            "person_id": entry.person.id,
            "state": entry.state,
            "text": entry.text,
            "room_id": entry.room_id,
            "event_id": entry.event_id,
            "at": entry.at,
        },
    )


def notes(connection: Connection, number: int) -> list[TransferNote]:
    """The diary of a transfer, oldest first."""
    rows = connection.execute(
        select(transfer_note, *(column.label(f"who_{column.name}") for column in person.c))
        .join(person, person.c.id == transfer_note.c.person_id)
        .where(transfer_note.c.transfer_id == number)
        .order_by(transfer_note.c.at, transfer_note.c.id)
    )
    return [
        TransferNote(
            person=person_of(row, "who_"),
            text=row.text,
            at=row.at,
            room_id=RoomId(row.room_id),
            event_id=EventId(row.event_id),
            state=None if row.state is None else TransferState(row.state),
        )
        for row in rows
    ]


def written_by(connection: Connection, number: int) -> int:
    """How many entries of diaries a person wrote."""
    count = connection.scalar(
        select(func.count())
        .select_from(transfer_note)
        .where(transfer_note.c.person_id == number, transfer_note.c.text != "")
    )
    return count or 0


def reword(connection: Connection, event_id: EventId, text: str) -> None:
    """The words of an entry are others now."""
    connection.execute(
        update(transfer_note).where(transfer_note.c.event_id == event_id).values(text=text)
    )


def unnote(connection: Connection, event_id: EventId) -> None:
    """An entry was taken back: a step stays without its words, a diary entry goes."""
    mine = transfer_note.c.event_id == event_id
    connection.execute(delete(transfer_note).where(mine, transfer_note.c.state.is_(None)))
    connection.execute(update(transfer_note).where(mine).values(text=""))


_ALL = select(transfer, *(column.label(f"who_{column.name}") for column in person.c)).join(
    person, person.c.id == transfer.c.person_id
)


def _read(connection: Connection, query: Select[Any]) -> list[Transfer]:
    return [_transfer(row) for row in connection.execute(query)]


def _transfer(row: Row[Any]) -> Transfer:
    return Transfer(
        number=row.id,
        practice=row.practice_id,
        city=row.city,
        person=person_of(row, "who_"),
        state=TransferState(row.state),
        room_id=RoomId(row.room_id),
        created_at=row.created_at,
        heard_at=row.heard_at,
        changed_at=row.changed_at,
        degree=None if row.degree is None else Degree(row.degree),
    )

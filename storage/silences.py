"""When people's words are not for the archive; told late, they are still not stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, delete, select, update

from storage.database import insert_once
from storage.tables.archive import silence
from storage.tables.people import person

Spans = tuple[tuple[int, int | None], ...]  # ms, the end exclusive; None: it goes on


@dataclass(frozen=True, slots=True)
class Silences:
    """Who is silent now, and who was when."""

    now: frozenset[int]
    spans: Mapping[int, Spans]

    def covers(self, person_number: int, at: int) -> bool:
        """Whether what this person said at a moment (ms) is not to be stored."""
        if person_number in self.now:
            return True
        spans = self.spans.get(person_number)
        return spans is not None and any(
            since <= at and (until is None or at < until) for since, until in spans
        )


def all_of(connection: Connection) -> Silences:
    """Everybody's."""
    spans: dict[int, Spans] = {}
    for row in connection.execute(select(silence)):
        spans[row.person_id] = (*spans.get(row.person_id, ()), (row.since, row.until))
    now = connection.scalars(select(person.c.id).where(~person.c.archive))
    return Silences(frozenset(now), spans)


def begin(connection: Connection, number: int, since: int) -> None:
    """From a moment (ms) on a person's words are not stored; what was said before may be."""
    connection.execute(update(person).where(person.c.id == number).values(archive=False))
    going_on = (silence.c.person_id == number) & silence.c.until.is_(None)
    started = connection.scalar(select(silence.c.since).where(going_on))
    if started is not None and started <= since:
        return
    connection.execute(delete(silence).where(going_on))
    connection.execute(
        insert_once(connection, silence), {"person_id": number, "since": since, "until": None}
    )


def add(connection: Connection, number: int, since: int, until: int | None) -> None:
    """A time of silence as it was written down elsewhere."""
    if until is None:
        begin(connection, number, since)
    else:
        row = {"person_id": number, "since": since, "until": until}
        connection.execute(insert_once(connection, silence), row)


def end(connection: Connection, number: int, until: int) -> None:
    """From a moment (ms) on a person's words are stored again."""
    connection.execute(update(person).where(person.c.id == number).values(archive=True))
    connection.execute(
        update(silence)
        .where(silence.c.person_id == number, silence.c.until.is_(None))
        .values(until=until)
    )

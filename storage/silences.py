"""When people's words are not for the archive; told late, they are still not stored."""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, delete, select, update

from storage.database import insert_once, upsert
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
    """From a moment (ms) on a person's words are not stored; what was said before may be.

    Times of silence that are over stay as they are: this one begins where they end.
    """
    _keep(connection, number, archive=False)
    started = connection.scalar(select(silence.c.since).where(_goes_on(number)))
    if started is not None and started <= since:
        return
    connection.execute(delete(silence).where(_goes_on(number)))
    row = {"person_id": number, "since": _outside(connection, number, since), "until": None}
    connection.execute(upsert(connection, silence, ["person_id", "since"], ["until"]), row)


def add(connection: Connection, number: int, since: int, until: int | None) -> bool:
    """A time of silence as it was written down elsewhere; whether it is not known to be over."""
    if until is None:
        if _outside(connection, number, since) != since:
            return False
        begin(connection, number, since)
        return True
    started = connection.scalar(select(silence.c.since).where(_goes_on(number)))
    if started is not None and since <= started < until:
        connection.execute(delete(silence).where(_goes_on(number)))
        _keep(connection, number, archive=True)
    row = {"person_id": number, "since": since, "until": until}
    connection.execute(insert_once(connection, silence), row)
    return True


def by_age(span: tuple[int, int | None]) -> tuple[int, bool]:
    """The order in which to add times: of two that began at once, the one that is over first."""
    since, until = span
    return since, until is None


def end(connection: Connection, number: int, until: int) -> None:
    """From a moment (ms) on a person's words are stored again."""
    _keep(connection, number, archive=True)
    connection.execute(update(silence).where(_goes_on(number)).values(until=until))


def _keep(connection: Connection, number: int, *, archive: bool) -> None:
    connection.execute(update(person).where(person.c.id == number).values(archive=archive))


def _goes_on(number: int) -> ColumnElement[bool]:
    return (silence.c.person_id == number) & silence.c.until.is_(None)


def _outside(connection: Connection, number: int, moment: int) -> int:
    """The first moment, from this one on, that is in no time of silence that is over."""
    over = select(silence).where(silence.c.person_id == number, silence.c.until.is_not(None))
    for row in connection.execute(over.order_by(silence.c.since)):
        if row.since <= moment < row.until:
            moment = row.until
    return moment

"""Visits, the dates that were asked about, and what people wrote about them."""

from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from storage import documents
from storage.database import insert_once
from storage.records import EventId, RoomId, UserId
from storage.tables.visits import visit, visit_line, visit_option
from storage.visit_documents import document_of
from storage.visit_records import (
    Electorate,
    Line,
    LineKind,
    Visit,
    VisitOption,
    VisitState,
)


def day(text: str | None) -> date | None:
    """A local day as it is stored."""
    return None if text is None else date.fromisoformat(text)


def _visit(row: Row[Any]) -> Visit:
    values = dict(row._mapping)
    voices = [
        Electorate(**{**one, "people": tuple(one["people"])}) for one in values.pop("electorate")
    ]
    return Visit(
        **{
            **values,
            "state": VisitState(values["state"]),
            "electorate": tuple(voices),
            "start": day(values["start"]),
            "last": day(values["last"]),
        }
    )


def as_columns(values: dict[str, Any]) -> dict[str, Any]:
    """Values as columns hold them."""

    def one(value: Any) -> Any:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value.isoformat()
        return value

    columns = {name: one(value) for name, value in values.items()}
    if "electorate" in columns:
        columns["electorate"] = [
            {**asdict(voice), "people": list(voice.people)} for voice in columns["electorate"]
        ]
    return columns


def add(connection: Connection, **values: Any) -> Visit:
    """A new visit; the same command again is the same visit."""
    connection.execute(insert_once(connection, visit), as_columns(values))
    row = connection.execute(select(visit).where(visit.c.source == values["source"])).one()
    renew_document(connection, row.id)
    return _visit(row)


def get(connection: Connection, number: int) -> Visit | None:
    """The visit of that number."""
    row = connection.execute(select(visit).where(visit.c.id == number)).first()
    return None if row is None else _visit(row)


def change(connection: Connection, number: int, **values: Any) -> Visit:
    """Write columns of a visit, and read it again."""
    connection.execute(update(visit).where(visit.c.id == number).values(**as_columns(values)))
    changed = get(connection, number)
    assert changed is not None
    renew_document(connection, number)
    return changed


def renew_document(connection: Connection, number: int) -> None:
    """Let search find a visit as it stands now, or no more."""
    found = get(connection, number)
    told = None if found is None else document_of(found, lines(connection, number))
    if told is None:
        documents.remove(connection, documents.VISIT, [f"V-{number}"])
    else:
        documents.put(connection, told)


def remove(connection: Connection, number: int) -> None:
    """A draft that nobody asked about yet is given up."""
    connection.execute(delete(visit_option).where(visit_option.c.visit == number))
    connection.execute(delete(visit).where(visit.c.id == number))
    renew_document(connection, number)


def find(
    connection: Connection,
    *,
    states: Collection[VisitState] | None = None,
    cluster: str | None = None,
    host: str | None = None,
) -> list[Visit]:
    """Visits, the newest last."""
    query = select(visit).order_by(visit.c.id)
    if states is not None:
        query = query.where(visit.c.state.in_(sorted(states)))
    if cluster is not None:
        query = query.where(visit.c.cluster == cluster)
    if host is not None:
        query = query.where(visit.c.host == host)
    return [_visit(row) for row in connection.execute(query)]


def move_room(connection: Connection, old: RoomId, new: RoomId) -> None:
    """A room has a successor: its visits go on there."""
    connection.execute(update(visit).where(visit.c.room_id == old).values(room_id=new))


# ── dates ─────────────────────────────────────────────────────────────────────────────────────


def options(connection: Connection, number: int) -> list[VisitOption]:
    """The dates of a visit, by their numbers."""
    rows = connection.execute(
        select(visit_option).where(visit_option.c.visit == number).order_by(visit_option.c.number)
    )
    return [
        VisitOption(
            row.visit,
            row.number,
            date.fromisoformat(row.start),
            date.fromisoformat(row.last),
            row.refused_by,
            row.withdrawn,
            row.closed_at,
        )
        for row in rows
    ]


def add_options(
    connection: Connection, number: int, spans: Sequence[tuple[date, date]]
) -> list[VisitOption]:
    """More dates, numbered on from those there are; returns all."""
    last = connection.scalar(
        select(func.max(visit_option.c.number)).where(visit_option.c.visit == number)
    )
    for place, (start, end) in enumerate(spans, (last or 0) + 1):
        connection.execute(
            insert(visit_option).values(
                visit=number, number=place, start=start.isoformat(), last=end.isoformat()
            )
        )
    return options(connection, number)


def forget_options(connection: Connection, number: int) -> None:
    """A draft's dates are replaced."""
    connection.execute(delete(visit_option).where(visit_option.c.visit == number))


def change_option(connection: Connection, number: int, option: int, **values: Any) -> None:
    """Write columns of one date."""
    connection.execute(
        update(visit_option)
        .where(visit_option.c.visit == number, visit_option.c.number == option)
        .values(**values)
    )


def close_option(connection: Connection, number: int, option: int, at: datetime) -> bool:
    """The first end of a date's poll closes it; later ones change nothing."""
    closed = connection.execute(
        update(visit_option)
        .where(
            visit_option.c.visit == number,
            visit_option.c.number == option,
            visit_option.c.closed_at.is_(None),
        )
        .values(closed_at=at)
    )
    return closed.rowcount > 0


# ── what people wrote ─────────────────────────────────────────────────────────────────────────


def _line(row: Row[Any]) -> Line:
    values = dict(row._mapping)
    return Line(
        **{
            **values,
            "kind": LineKind(values["kind"]),
            "author": UserId(values["author"]),
            "source": None if values["source"] is None else EventId(values["source"]),
            "day": day(values["day"]),
        }
    )


def add_line(connection: Connection, **values: Any) -> Line:
    """Something about a visit."""
    made = connection.execute(insert(visit_line).values(**as_columns(values)).returning(visit_line))
    added = _line(made.one())
    renew_document(connection, added.visit)
    return added


def lines(connection: Connection, number: int, *kinds: LineKind) -> list[Line]:
    """What was written about a visit, oldest first."""
    query = select(visit_line).where(visit_line.c.visit == number).order_by(visit_line.c.id)
    if kinds:
        query = query.where(visit_line.c.kind.in_(kinds))
    return [_line(row) for row in connection.execute(query)]


def line(connection: Connection, number: int) -> Line | None:
    """One line, by its own number."""
    row = connection.execute(select(visit_line).where(visit_line.c.id == number)).first()
    return None if row is None else _line(row)


def change_line(connection: Connection, number: int, **values: Any) -> None:
    """Write columns of one line."""
    connection.execute(
        update(visit_line).where(visit_line.c.id == number).values(**as_columns(values))
    )
    if (changed := line(connection, number)) is not None:
        renew_document(connection, changed.visit)


def remove_line(connection: Connection, number: int) -> None:
    """A line is written anew."""
    gone = line(connection, number)
    connection.execute(delete(visit_line).where(visit_line.c.id == number))
    if gone is not None:
        renew_document(connection, gone.visit)


def remove_lines(connection: Connection, number: int, kind: LineKind, city: str) -> None:
    """What a city had written of a kind makes room for something newer."""
    connection.execute(
        delete(visit_line).where(
            visit_line.c.visit == number, visit_line.c.kind == kind, visit_line.c.city == city
        )
    )
    renew_document(connection, number)

"""What visits recommended, and what somebody took on: visible until it is done, or dropped."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import Connection, Row, select, update

from storage.database import insert_once
from storage.tables.visits import promise, recommendation
from storage.visit_records import Progress, Promise, Recommendation, Verdict
from storage.visits import as_columns, day

UNFINISHED = frozenset({Progress.OPEN, Progress.STARTED})


def _recommendation(row: Row[Any]) -> Recommendation:
    values = dict(row._mapping)
    return Recommendation(**{**values, "verdict": Verdict(values["verdict"])})


def _promise(row: Row[Any]) -> Promise:
    values = dict(row._mapping)
    progress, due = Progress(values["progress"]), day(values["due"])
    return Promise(**{**values, "progress": progress, "due": due})


def recommend(connection: Connection, **values: Any) -> Recommendation:
    """A recommendation; the same message again, or corrected, is the same one."""
    connection.execute(insert_once(connection, recommendation), as_columns(values))
    changed = update(recommendation).where(recommendation.c.source == values["source"])
    connection.execute(changed.values(text=values["text"]))
    found = select(recommendation).where(recommendation.c.source == values["source"])
    return _recommendation(connection.execute(found).one())


def recommended(connection: Connection, number: int) -> Recommendation | None:
    """The recommendation of that number."""
    row = connection.execute(select(recommendation).where(recommendation.c.id == number)).first()
    return None if row is None else _recommendation(row)


def recommendations(
    connection: Connection, *, visit: int | None = None, city: str | None = None
) -> list[Recommendation]:
    """Recommendations, oldest first: of a visit, or to a city."""
    query = select(recommendation).order_by(recommendation.c.id)
    if visit is not None:
        query = query.where(recommendation.c.visit == visit)
    if city is not None:
        query = query.where(recommendation.c.city == city)
    return [_recommendation(row) for row in connection.execute(query)]


def judge(connection: Connection, number: int, **values: Any) -> None:
    """Write columns of a recommendation."""
    connection.execute(
        update(recommendation).where(recommendation.c.id == number).values(**as_columns(values))
    )


def take_on(connection: Connection, **values: Any) -> Promise:
    """A promise; the same message again, or corrected, is the same one."""
    connection.execute(insert_once(connection, promise), as_columns(values))
    kept = {name: values[name] for name in ("text", "owner", "due", "city")}
    changed = update(promise).where(promise.c.source == values["source"])
    connection.execute(changed.values(**as_columns(kept)))
    found = select(promise).where(promise.c.source == values["source"])
    return _promise(connection.execute(found).one())


def get(connection: Connection, number: int) -> Promise | None:
    """The promise of that number."""
    row = connection.execute(select(promise).where(promise.c.id == number)).first()
    return None if row is None else _promise(row)


def find(
    connection: Connection,
    *,
    visit: int | None = None,
    city: str | None = None,
    cluster: str | None = None,
    progress: Collection[Progress] | None = None,
) -> list[Promise]:
    """Promises, those that are due first before those without a day."""
    query = select(promise).order_by(promise.c.due.is_(None), promise.c.due, promise.c.id)
    for column, wanted in ((promise.c.visit, visit), (promise.c.city, city)):
        if wanted is not None:
            query = query.where(column == wanted)
    if cluster is not None:
        query = query.where(promise.c.cluster == cluster)
    if progress is not None:
        query = query.where(promise.c.progress.in_(sorted(progress)))
    return [_promise(row) for row in connection.execute(query)]


def change(connection: Connection, number: int, **values: Any) -> Promise:
    """Write columns of a promise, and read it again."""
    connection.execute(update(promise).where(promise.c.id == number).values(**as_columns(values)))
    changed = get(connection, number)
    assert changed is not None
    return changed

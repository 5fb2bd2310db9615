"""Who was greeted in which cluster, or was there before anybody was."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from storage.database import insert_once
from storage.tables.week import greeted


def known_in(connection: Connection, cluster: str) -> set[int]:
    """Our numbers of those who were greeted in a cluster."""
    query = select(greeted.c.person_id).where(greeted.c.cluster == cluster)
    return set(connection.scalars(query))


def anywhere(connection: Connection) -> set[int]:
    """Our numbers of those who were greeted at all."""
    return set(connection.scalars(select(greeted.c.person_id).distinct()))


def note(connection: Connection, cluster: str, numbers: Iterable[int]) -> None:
    """They are known there from now on."""
    rows = [{"person_id": number, "cluster": cluster} for number in sorted(numbers)]
    if rows:
        connection.execute(insert_once(connection, greeted), rows)

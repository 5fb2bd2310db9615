"""What of a person is kept about visits, in numbers: for whoever asks what is stored."""

from sqlalchemy import ColumnElement, Connection, Table, func, or_, select

from storage.records import UserId
from storage.tables.visits import promise, recommendation, visit, visit_line, visit_vote


def votes(connection: Connection, user_id: UserId) -> int:
    """How many answers to dates."""
    return _count(connection, visit_vote, visit_vote.c.person == user_id)


def written(connection: Connection, user_id: UserId) -> int:
    """How many things they wrote about visits, or took on there."""
    return (
        _count(connection, visit, visit.c.proposer == user_id)
        + _count(connection, visit_line, visit_line.c.author == user_id)
        + _count(connection, recommendation, recommendation.c.author == user_id)
        + _count(connection, promise, or_(promise.c.author == user_id, promise.c.owner == user_id))
    )


def _count(connection: Connection, table: Table, condition: ColumnElement[bool]) -> int:
    found = connection.scalar(select(func.count()).select_from(table).where(condition))
    return found or 0

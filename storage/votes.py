"""The ledger of votes on dates: folded by its readers, so order and repetition do not matter."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, delete, select, update

from storage.database import upsert
from storage.records import EventId, UserId
from storage.tables.visits import visit_vote
from storage.types import event_hash
from storage.visit_records import VisitVote


def record(connection: Connection, votes: Sequence[VisitVote]) -> None:
    """Write votes down; the same event says the same again."""
    for vote in votes:
        connection.execute(
            upsert(
                connection, visit_vote, ["event_h", "visit", "option"], ["value", "at", "party"]
            ),
            {
                "event_h": event_hash(vote.event_id),
                "visit": vote.visit,
                "option": vote.option,
                "event_id": vote.event_id,
                "person": vote.person,
                "party": vote.party,
                "at": vote.at,
                "value": vote.value,
                "channel": vote.channel,
            },
        )


def find(connection: Connection, number: int) -> list[VisitVote]:
    """All votes on a visit's dates."""
    rows = connection.execute(
        select(visit_vote)
        .where(visit_vote.c.visit == number)
        .order_by(visit_vote.c.at, visit_vote.c.event_id)
    )
    return [
        VisitVote(
            EventId(row.event_id),
            row.visit,
            row.option,
            UserId(row.person),
            row.at,
            row.value,
            row.party,
            row.channel,
        )
        for row in rows
    ]


def forget(connection: Connection, event_id: EventId) -> None:
    """It was taken back, and what its person had said before stands again."""
    connection.execute(delete(visit_vote).where(visit_vote.c.event_h == event_hash(event_id)))


def silence(connection: Connection, event_id: EventId) -> None:
    """A tap was taken back: whoever has said nothing since is silent."""
    connection.execute(
        update(visit_vote).where(visit_vote.c.event_h == event_hash(event_id)).values(value="")
    )


def forget_later(connection: Connection, number: int, option: int, close: datetime) -> None:
    """Votes after a date's close are as if never sent, also when it is asked anew."""
    connection.execute(
        delete(visit_vote).where(
            visit_vote.c.visit == number,
            visit_vote.c.option == option,
            visit_vote.c.at > close,
        )
    )

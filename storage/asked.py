"""Questions that members ask each other: where they were asked, and which messages answer them."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from storage.asked_records import WAITING, AskedQuestion, GivenAnswer, QuestionState
from storage.database import insert_once, upsert
from storage.records import EventId, RoomId, UserId
from storage.tables.week import asked_question, question_answer, question_route
from storage.types import event_hash


def _question(row: Row[Any]) -> AskedQuestion:
    values = dict(row._mapping)
    return AskedQuestion(**{**values, "state": QuestionState(values["state"])})


def ask(connection: Connection, **values: Any) -> AskedQuestion:
    """A new question; the same message again is the same one, with the words that it has now."""
    new = {"state": QuestionState.OPEN, "changed_at": values["asked_at"], **values}
    connection.execute(insert_once(connection, asked_question), new)
    mine = asked_question.c.source == values["source"]
    connection.execute(update(asked_question).where(mine).values(text=values["text"]))
    return _question(connection.execute(select(asked_question).where(mine)).one())


def get(connection: Connection, number: int) -> AskedQuestion | None:
    """The question of that number."""
    query = select(asked_question).where(asked_question.c.id == number)
    row = connection.execute(query).first()
    return None if row is None else _question(row)


def of_source(connection: Connection, event_id: EventId) -> AskedQuestion | None:
    """The question that a message asks."""
    query = select(asked_question).where(asked_question.c.source == event_id)
    row = connection.execute(query).first()
    return None if row is None else _question(row)


def find(
    connection: Connection,
    *,
    cluster: str | None = None,
    asker: UserId | None = None,
    states: Collection[QuestionState] = WAITING,
) -> list[AskedQuestion]:
    """Questions, oldest first."""
    query = (
        select(asked_question)
        .where(asked_question.c.state.in_(sorted(states)))
        .order_by(asked_question.c.asked_at, asked_question.c.id)
    )
    if cluster is not None:
        query = query.where(asked_question.c.cluster == cluster)
    if asker is not None:
        query = query.where(asked_question.c.asker == asker)
    return [_question(row) for row in connection.execute(query)]


def change(connection: Connection, number: int, **values: Any) -> AskedQuestion:
    """Write columns of a question, and read it again."""
    mine = asked_question.c.id == number
    connection.execute(update(asked_question).where(mine).values(**values))
    return _question(connection.execute(select(asked_question).where(mine)).one())


def move_room(connection: Connection, old: RoomId, new: RoomId) -> None:
    """A room has a successor: its questions go on there."""
    mine = asked_question.c.room_id == old
    connection.execute(update(asked_question).where(mine).values(room_id=new))


def asked_by(connection: Connection, user_id: UserId) -> int:
    """How many questions of a person are kept with their words."""
    query = select(func.count()).where(
        asked_question.c.asker == user_id, asked_question.c.text != ""
    )
    return connection.scalar(query) or 0


# ── where else it was asked ───────────────────────────────────────────────────────────────────


def route(connection: Connection, number: int, cluster: str, by: UserId, now: datetime) -> bool:
    """It is asked in another cluster, too; False if it was before."""
    made = connection.execute(
        insert_once(connection, question_route),
        {"question": number, "cluster": cluster, "by": by, "at": now},
    )
    return made.rowcount > 0


def routes(connection: Connection, number: int) -> list[str]:
    """The clusters in which it was asked besides its own, in that order."""
    query = (
        select(question_route.c.cluster)
        .where(question_route.c.question == number)
        .order_by(question_route.c.at, question_route.c.cluster)
    )
    return list(connection.scalars(query))


# ── answers ───────────────────────────────────────────────────────────────────────────────────


def answer(connection: Connection, given: GivenAnswer) -> None:
    """A message answers it."""
    connection.execute(
        upsert(connection, question_answer, ["event_h", "question"], ["carried"]),
        {
            "event_h": event_hash(given.event_id),
            "question": given.question,
            "event_id": given.event_id,
            "author": given.author,
            "city": given.city,
            "cluster": given.cluster,
            "at": given.at,
            "carried": given.carried,
        },
    )


def answers(connection: Connection, number: int) -> list[GivenAnswer]:
    """The answers to a question, oldest first."""
    rows = connection.execute(
        select(question_answer)
        .where(question_answer.c.question == number)
        .order_by(question_answer.c.at, question_answer.c.event_id)
    )
    return [_answer(row) for row in rows]


def _answer(row: Row[Any]) -> GivenAnswer:
    return GivenAnswer(
        row.question, EventId(row.event_id), UserId(row.author), row.city, row.cluster, row.at,
        row.carried, row.accepted,
    )  # fmt: skip


def answer_of(connection: Connection, event_id: EventId) -> GivenAnswer | None:
    """The answer that a message is."""
    query = select(question_answer).where(question_answer.c.event_h == event_hash(event_id))
    row = connection.execute(query).first()
    return None if row is None else _answer(row)


def answer_carried_as(connection: Connection, key: str) -> GivenAnswer | None:
    """The answer of which a post of ours is the copy."""
    row = connection.execute(
        select(question_answer).where(question_answer.c.carried == key)
    ).first()
    return None if row is None else _answer(row)


def accept(connection: Connection, event_id: EventId, *, accepted: bool) -> None:
    """The asker says that it helped; or takes that back."""
    mine = question_answer.c.event_h == event_hash(event_id)
    connection.execute(update(question_answer).where(mine).values(accepted=accepted))


def unanswer(connection: Connection, event_id: EventId) -> None:
    """An answer was taken back."""
    mine = question_answer.c.event_h == event_hash(event_id)
    connection.execute(delete(question_answer).where(mine))

"""What reviewers answered: three questions about a practice, each with a word and a reason."""

from datetime import datetime

from sqlalchemy import Connection, delete, func, select

from storage.database import upsert
from storage.people import person_of
from storage.records import EventId, ReviewAnswer, ReviewQuestion, Verdict
from storage.tables.people import person
from storage.tables.practices import practice_review


def answer(connection: Connection, number: int, answered: ReviewAnswer, now: datetime) -> None:
    """Write a reviewer's answer, in place of an earlier one to the same question."""
    keys = ["practice_id", "person_id", "question"]
    columns = ["city", "facilitator", "verdict", "text", "event_id", "at"]
    connection.execute(
        upsert(connection, practice_review, keys, columns),
        {
            "practice_id": number,
            "person_id": answered.reviewer.id,
            "question": answered.question.value,
            "city": answered.city,
            "facilitator": answered.facilitator,
            "verdict": answered.verdict.value,
            "text": answered.text,
            "event_id": answered.event_id,
            "at": now,
        },
    )


def unanswer(connection: Connection, number: int, reviewer: int, question: ReviewQuestion) -> None:
    """A reviewer took an answer back."""
    connection.execute(
        delete(practice_review).where(
            practice_review.c.practice_id == number,
            practice_review.c.person_id == reviewer,
            practice_review.c.question == question,
        )
    )


def find(connection: Connection, number: int) -> list[ReviewAnswer]:
    """All answers about a practice, reviewer by reviewer, in the order of the questions."""
    rows = connection.execute(
        select(practice_review, *(column.label(f"who_{column.name}") for column in person.c))
        .join(person, person.c.id == practice_review.c.person_id)
        .where(practice_review.c.practice_id == number)
    )
    order = list(ReviewQuestion)
    found = [
        ReviewAnswer(
            reviewer=person_of(row, "who_"),
            question=ReviewQuestion(row.question),
            verdict=Verdict(row.verdict),
            text=row.text,
            city=row.city,
            facilitator=row.facilitator,
            event_id=None if row.event_id is None else EventId(row.event_id),
        )
        for row in rows
    ]
    return sorted(found, key=lambda one: (one.reviewer.id, order.index(one.question)))


def given_by(connection: Connection, reviewer: int) -> int:
    """How many practices a person has answered about."""
    count = connection.scalar(
        select(func.count(practice_review.c.practice_id.distinct())).where(
            practice_review.c.person_id == reviewer
        )
    )
    return count or 0


def erase(connection: Connection, number: int) -> None:
    """The practice was withdrawn: what was said of it goes, too."""
    connection.execute(delete(practice_review).where(practice_review.c.practice_id == number))

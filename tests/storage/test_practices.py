"""Practices, reviews and transfers as they are remembered, on both databases."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from storage import people, practices, reviews, transfers
from storage.database import Database
from storage.records import (
    Answered,
    Degree,
    EventId,
    PracticeField,
    PracticeState,
    ReviewAnswer,
    ReviewQuestion,
    RoomId,
    TransferNote,
    TransferState,
    UserId,
    Verdict,
)

F, S = PracticeField, PracticeState
NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ROOM = RoomId("!room:hs")


async def test_a_practice_comes_back_as_it_was_written_and_goes_when_withdrawn(
    database: Database,
) -> None:
    def write(connection: Connection) -> None:
        ann = people.know(connection, UserId("@ann:hs"))
        source = (ROOM, EventId("$source"))
        made = practices.start(connection, ann, S.DRAFT, NOW, cluster="housing", source=source)
        assert made.number == 1
        for text in ("Tea", "Coffee"):
            answered = Answered(text, ROOM, EventId(f"${text}"))
            practices.answer(connection, 1, F.TITLE, answered, NOW)
        practices.answer(connection, 1, F.PROBLEM, Answered("x" * 3000), NOW)
        for day, state in enumerate((S.SHARED, S.UNDER_REVIEW, S.NEEDS_INFO, S.UNDER_REVIEW)):
            practices.step(connection, 1, state, ann, NOW + timedelta(days=day), reason="why")

    await database.write(write)
    found = await database.read(lambda c: practices.of_source(c, EventId("$source")))
    assert found is not None
    assert (found.name, found.state, found.reason) == ("P-1", S.UNDER_REVIEW, "why")
    assert found.fields[F.TITLE] == Answered("Coffee", ROOM, EventId("$Coffee"))
    assert len(found.text(F.PROBLEM)) == 3000
    assert found.shared_at == NOW
    steps = await database.read(lambda c: practices.steps(c, 1))
    assert [state for state, _at in steps] == [
        S.DRAFT, S.SHARED, S.UNDER_REVIEW, S.NEEDS_INFO, S.UNDER_REVIEW,
    ]  # fmt: skip
    await database.write(lambda c: practices.erase(c, 1, None, NOW))
    gone = await database.read(lambda c: practices.get(c, 1))
    assert gone is not None
    assert (gone.state, gone.fields, gone.reason) == (S.WITHDRAWN, {}, "")
    assert await database.read(lambda c: practices.of_source(c, EventId("$source"))) is None

    def again(connection: Connection) -> int:
        ann = people.know(connection, UserId("@ann:hs"))
        return practices.start(connection, ann, S.DRAFT, NOW, cluster=None).number

    assert await database.write(again) == 2, "a number is never given twice"


async def test_answers_of_reviewers_stand_once_and_in_order(database: Database) -> None:
    def write(connection: Connection) -> None:
        ben = people.know(connection, UserId("@ben:hs"))
        for verdict in (Verdict.NO, Verdict.YES):
            for question in reversed(ReviewQuestion):
                answer = ReviewAnswer(ben, question, verdict, "why", "oslo", False, EventId("$1"))
                reviews.answer(connection, 1, answer, NOW)
        reviews.unanswer(connection, 1, ben.id, ReviewQuestion.CHANGE)

    await database.write(write)
    found = await database.read(lambda c: reviews.find(c, 1))
    assert [(one.question, one.verdict, one.city) for one in found] == [
        (ReviewQuestion.TUESDAY, Verdict.YES, "oslo"),
        (ReviewQuestion.YEAR, Verdict.YES, "oslo"),
    ]


async def test_a_transfer_keeps_its_diary_without_what_was_taken_back(database: Database) -> None:
    def write(connection: Connection) -> None:
        dora = people.know(connection, UserId("@dora:hs"))
        made = transfers.start(connection, 1, "lipohrad", dora, ROOM, NOW)
        transfers.change(
            connection, made.number, state=TransferState.PILOTING, degree=Degree.ADAPTED
        )
        for place, (state, text) in enumerate(
            [(TransferState.PILOTING, "Tea"), (None, "We asked"), (None, "They said yes")]
        ):
            event = EventId(f"${place}")
            entry = TransferNote(dora, text, NOW + timedelta(hours=place), ROOM, event, state)
            transfers.note(connection, made.number, entry)
        transfers.reword(connection, EventId("$2"), "They said no")
        for one in ("$0", "$1"):
            transfers.unnote(connection, EventId(one))

    await database.write(write)
    (found,) = await database.read(lambda c: transfers.find(c, practice=1, city="lipohrad"))
    assert (found.name, found.state, found.degree) == (
        "T-1", TransferState.PILOTING, Degree.ADAPTED,
    )  # fmt: skip
    diary = await database.read(lambda c: transfers.notes(c, 1))
    assert [(note.state, note.text) for note in diary] == [
        (TransferState.PILOTING, ""),
        (None, "They said no"),
    ]
    assert await database.read(lambda c: transfers.written_by(c, found.person.id)) == 1

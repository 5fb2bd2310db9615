"""Digests and questions as they are stored, on both databases."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from storage import asked, digests, week
from storage.asked_records import GivenAnswer, QuestionState
from storage.database import Database
from storage.digests import DigestState
from storage.records import EventId, RoomId, UserId

NOW = datetime(2026, 3, 9, 6, tzinfo=UTC)
ROOM, ANN = RoomId("!a:hs"), UserId("@ann:hs")


async def test_a_week_has_one_digest_that_is_settled_once(database: Database) -> None:
    def work(connection: Connection) -> None:
        given: dict[str, Any] = {
            "since": NOW - timedelta(days=7), "until": NOW, "due": NOW, "content": {"lines": []},
        }  # fmt: skip
        first = digests.draft(connection, "housing", "2026-W11", **given)
        assert first is not None
        assert digests.draft(connection, "housing", "2026-W11", **given) is None
        assert digests.told_until(connection, "housing") == NOW - timedelta(days=7)
        sent = digests.settle(connection, first.id, DigestState.SENT, NOW, ANN)
        assert sent is not None
        assert digests.settle(connection, first.id, DigestState.SKIPPED, NOW, None) is None
        assert digests.told_until(connection, "housing") == NOW
        assert digests.told_until(connection, "other") is None
        assert [one.id for one in digests.with_lines(connection)] == [first.id]
        assert digests.forget_lines(connection, NOW + timedelta(days=1)) == [first.id]
        assert digests.with_lines(connection) == []

    await database.write(work)


async def test_a_question_is_one_however_often_it_is_asked(database: Database) -> None:
    def work(connection: Connection) -> None:
        given: dict[str, Any] = {
            "cluster": "housing", "room_id": ROOM, "source": EventId("$q"), "root": EventId("$q"),
            "asker": ANN, "city": None, "asked_at": NOW,
        }  # fmt: skip
        first = asked.ask(connection, text="Who?", **given)
        second = asked.ask(connection, text="Who else?", **given)
        assert (second.id, second.text, second.state) == (first.id, "Who else?", QuestionState.OPEN)
        assert asked.route(connection, first.id, "welcome", ANN, NOW)
        assert not asked.route(connection, first.id, "welcome", ANN, NOW)
        assert asked.routes(connection, first.id) == ["welcome"]
        answer = GivenAnswer(first.id, EventId("$a"), ANN, "c", "welcome", NOW, "key")
        for _ in range(2):
            asked.answer(connection, answer)
        assert asked.answers(connection, first.id) == [answer]
        assert asked.answer_carried_as(connection, "key") == answer
        asked.accept(connection, answer.event_id, accepted=True)
        assert asked.answers(connection, first.id)[0].accepted
        asked.unanswer(connection, answer.event_id)
        assert asked.answer_of(connection, answer.event_id) is None
        asked.move_room(connection, ROOM, RoomId("!b:hs"))
        assert asked.find(connection, asker=ANN)[0].room_id == "!b:hs"
        assert asked.asked_by(connection, ANN) == 1

    await database.write(work)


async def test_an_empty_room_has_no_week(database: Database) -> None:
    def work(connection: Connection) -> None:
        assert week.busy_threads(connection, [1], NOW, NOW) == []
        assert week.lone_roots(connection, [1], NOW, NOW, ("?", "://")) == []
        assert week.threads(connection, [1], []) == {}
        assert week.last_signs(connection, [1], NOW, NOW) == {}
        assert week.moved(connection, 1, NOW, NOW) == ([], [])

    await database.write(work)

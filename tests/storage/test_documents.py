"""Practices and summaries in the index: found as they stand now, by who may read them."""

from datetime import UTC, datetime

from sqlalchemy import Connection, insert

from storage import documents, meta, people, practices, reindexing, search
from storage.database import Database
from storage.documents import SUMMARY, Document
from storage.records import Answered, EventId, PracticeField, PracticeState, RoomId, UserId
from storage.search import Reach, Scope
from storage.search.query import Node, Not, Phrase, Prefix, Word
from storage.tables.spine import quote
from storage.types import event_hash

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ALL = Reach(rooms=(1,), clusters=("housing",), everyone=True)


def found(
    connection: Connection, tree: Node | None, reach: Reach = ALL, **scope: object
) -> list[str]:
    where = Scope(rooms=(), **scope)  # type: ignore[arg-type]
    return sorted(it.subject for it in search.documents(connection, tree, where, reach))


def a_practice(connection: Connection, state: PracticeState) -> int:
    author = people.know(connection, UserId("@ann:hs"))
    made = practices.start(connection, author, PracticeState.DRAFT, NOW, cluster="housing")
    for field, text in (
        (PracticeField.TITLE, "A key for every door"),
        (PracticeField.PROBLEM, "Volunteers waited in the rain"),
        (PracticeField.TAGS, "welcome kit, keys"),
    ):
        said = Answered(text, RoomId("!r:hs"), EventId(f"${field}"))
        practices.answer(connection, made.number, field, said, NOW)
    practices.step(connection, made.number, state, author, NOW)
    return made.number


async def test_a_practice_is_found_by_title_words_and_tags_once_it_is_shared(
    database: Database,
) -> None:
    def work(connection: Connection) -> None:
        number = a_practice(connection, PracticeState.DRAFT)
        assert found(connection, Word("doors")) == []
        practices.step(connection, number, PracticeState.SHARED, None, NOW)
        for tree in (Word("doors"), Word("volunteer"), Word("#welcome-kit"), Phrase("in the rain"),
                     Prefix("volunt"), None, Not(Word("bicycle"))):  # fmt: skip
            assert found(connection, tree) == ["P-1"], tree
        assert found(connection, Word("bicycle")) == []
        assert found(connection, None, marks=(("kpractice",),)) == ["P-1"]
        assert found(connection, None, marks=(("ksummary",),)) == []
        assert found(connection, None, without=("kpractice",)) == []
        # Shared with its cluster; published for everyone.
        elsewhere = Reach(rooms=(1,), clusters=("welcome",), everyone=True)
        assert found(connection, Word("doors"), elsewhere) == []
        practices.step(connection, number, PracticeState.PUBLISHED, None, NOW)
        assert found(connection, Word("doors"), elsewhere) == ["P-1"]
        assert found(connection, Word("doors"), Reach((1,), (), everyone=False)) == []

    await database.write(work)


async def test_a_practice_is_found_by_its_words_as_they_are_now(database: Database) -> None:
    def work(connection: Connection) -> None:
        number = a_practice(connection, PracticeState.SHARED)
        new = Answered("Windows instead", RoomId("!r:hs"), EventId("$new"))
        practices.answer(connection, number, PracticeField.TITLE, new, NOW)
        assert found(connection, Word("door")) == []
        assert found(connection, Word("window")) == ["P-1"]
        practices.unanswer(connection, number, [PracticeField.PROBLEM], NOW)
        assert found(connection, Word("volunteers")) == []
        practices.erase(connection, number, None, NOW)
        assert found(connection, None) == []

    await database.write(work)


async def test_a_summary_goes_with_any_message_that_it_quotes(database: Database) -> None:
    def work(connection: Connection) -> None:
        for key, said in (("reply/a/0", "$a"), ("reply/b/0", "$b")):
            documents.put(connection, Document(SUMMARY, key, "Keys", "Who has one?", 5, room_id=1))
            connection.execute(insert(quote).values(event_h=event_hash(EventId(said)), post=key))
        assert found(connection, Word("key")) == ["reply/a/0", "reply/b/0"]
        assert found(connection, Word("key"), Reach((2,), ("housing",), everyone=True)) == []
        documents.forget_quoting(connection, [event_hash(EventId("$a"))])
        assert found(connection, Word("key")) == ["reply/b/0"]

    await database.write(work)


async def test_documents_survive_an_index_made_anew(database: Database) -> None:
    def work(connection: Connection) -> None:
        reindexing.bring_up_to_date(connection)
        a_practice(connection, PracticeState.SHARED)
        search.clear(connection)
        assert found(connection, Word("door")) == []
        meta.put(connection, reindexing.ANALYSER, "of before")
        reindexing.bring_up_to_date(connection)
        assert found(connection, Word("door")) == ["P-1"]

    await database.write(work)


async def test_practices_are_made_searchable_a_few_at_a_time(database: Database) -> None:
    def work(connection: Connection) -> None:
        for _ in range(3):
            a_practice(connection, PracticeState.SHARED)
        documents.remove(connection, documents.PRACTICE, ["P-1", "P-2", "P-3"])
        last, steps = reindexing.renew_documents(connection, reindexing.BEGINNING, 2), 0
        assert found(connection, Word("door")) == ["P-1", "P-2"]
        while last is not None:
            last, steps = reindexing.renew_documents(connection, last, 2), steps + 1
        assert found(connection, Word("door")) == ["P-1", "P-2", "P-3"]
        assert steps == 2

    await database.write(work)

"""The index follows the analyser, a few messages at a time, while questions are answered."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from sqlalchemy import Connection, inspect

from bot.hall import Bells, Hall
from bot.reindexing import keep_reindexing
from storage import documents, folding, redacting, reindexing, rooms, search
from storage.database import Database, SqliteDatabase
from storage.documents import Document
from storage.facts import read_fact
from storage.search import analyse, renewal
from storage.search.query import Word
from storage.types import event_hash
from tests.storage.histories import ROOMS
from tests.storage.test_folding import edit, said

MOMENT = 1_772_438_400_000
MANY = 9


async def found(database: Database, word: str) -> list[str]:
    """The words of the messages that are found, newest first."""

    def look(connection: Connection) -> list[str]:
        room = rooms.know(connection, ROOMS[0])
        scope = search.Scope(rooms=(room.id,))
        return [row.body for row in search.candidates(connection, Word(word), scope)]

    return await database.write(look)


async def tell(database: Database, *events: Any) -> None:
    facts = [read_fact(one, "en") for one in events]
    await database.write(lambda c: folding.record(c, facts, MOMENT, "en"), alone=True)


async def an_old_index(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Messages whose tokens the new analyser would never give."""
    await database.write(reindexing.bring_up_to_date, alone=True)
    await tell(database, *(said(n, f"coffee number{n}") for n in range(MANY)))

    def with_other_tokens(connection: Connection) -> None:
        rows = reindexing.next_messages(connection, 2**53, MANY)
        search.unindex_rows(connection, rows)
        search.index_rows(connection, [replace(one, analysed=analyse("tea", "en")) for one in rows])
        summary = Document(documents.SUMMARY, "a", "Biscuits", "of oats", 5, room_id=1)
        documents.put(connection, summary)

    await database.write(with_other_tokens, alone=True)
    monkeypatch.setattr(search, "analyser_version", lambda: 0)


async def test_another_analyser_builds_the_index_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await an_old_index(database, monkeypatch)
    assert await database.write(reindexing.bring_up_to_date, alone=True) == MANY + 1
    assert len(await found(database, "coffee")) == MANY
    assert await found(database, "tea") == []
    assert await database.write(reindexing.bring_up_to_date, alone=True) == 0


@pytest.mark.promise(
    "After an upgrade that reads words in another way the hall answers at once: the index is made"
    " anew in steps beside the answers, newest messages first, and goes on after a restart"
)
async def test_while_the_index_is_made_anew_nothing_wrong_is_found(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await an_old_index(database, monkeypatch)
    assert await database.write(reindexing.begin, alone=True)
    assert await database.read(reindexing.left) == MANY + 1

    async def goes(number: int) -> None:
        gone = event_hash(said(number, "").event_id)

        def erase(connection: Connection) -> None:
            redacting.erase(connection, [(gone, rooms.know(connection, ROOMS[0]).id)], "en")

        await database.write(erase, alone=True)

    await goes(6)  # not there to be taken out
    # Step by step, with a restart after each, and with news, edits and deletions in between.
    for number in range(3):
        assert await database.write(lambda c: reindexing.step(c, 1), alone=True) == 1
        assert await database.write(reindexing.begin, alone=True)
        await tell(database, said(20 + number, f"coffee news{number}"))
        await tell(database, edit(30 + number, number, f"cocoa number{number}", at=40))
        await goes(8 - number)
    told = await found(database, "coffee")
    assert "coffee news2" in told
    assert not [one for one in told if one.startswith("cocoa")]
    assert not [one for one in told if "number8" in one or "number7" in one]

    while await database.write(lambda c: reindexing.step(c, 2), alone=True):
        pass
    assert await database.read(reindexing.left) == 0
    kept = [f"coffee number{n}" for n in (5, 4, 3)]
    assert sorted(await found(database, "coffee")) == sorted(
        [*kept, "coffee news0", "coffee news1", "coffee news2"]
    )
    assert sorted(await found(database, "cocoa")) == [f"cocoa number{n}" for n in range(3)]
    assert await found(database, "tea") == []
    # What went in went in once, and can be taken out again.
    await tell(database, edit(50, 5, "milk", at=60), edit(51, 0, "milk", at=60))
    assert len(await found(database, "coffee")) == 5
    assert sorted(await found(database, "cocoa")) == ["cocoa number1", "cocoa number2"]


async def test_an_index_that_was_laid_aside_is_thrown_away_in_steps(
    database: Database, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    await an_old_index(database, monkeypatch)
    await database.write(reindexing.begin, alone=True)
    monkeypatch.setattr(search, "analyser_version", lambda: 1)
    await database.write(reindexing.begin, alone=True)  # upgraded again, half-way

    hall = SimpleNamespace(database=database, bells=Bells())
    await keep_reindexing(cast(Hall, hall))

    assert len(await found(database, "coffee")) == MANY
    assert not (await database.read(renewal.waiting)).any
    names = await database.read(lambda c: inspect(c).get_table_names())
    assert not [name for name in names if name.startswith(renewal.ASIDE)]
    if isinstance(database, SqliteDatabase):
        check = "INSERT INTO ft(ft) VALUES ('integrity-check')"
        await database.write(lambda c: c.exec_driver_sql(check), alone=True)

"""The index follows the analyser."""

from typing import Any

import pytest

from storage import folding, reindexing, rooms, search
from storage.database import Database
from storage.search.query import Word
from tests.storage.histories import ROOMS
from tests.storage.test_folding import said


async def test_another_analyser_builds_the_index_anew(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = [folding.read_fact(said(n, f"coffee {n}"), "en") for n in range(3)]
    await database.write(reindexing.bring_up_to_date, alone=True)
    await database.write(lambda c: folding.record(c, facts, 1_772_438_400_000, "en"), alone=True)
    assert await database.write(reindexing.bring_up_to_date, alone=True) == 0

    await database.write(search.clear, alone=True)
    monkeypatch.setattr(search, "analyser_version", lambda: 0)
    assert await database.write(reindexing.bring_up_to_date, alone=True) == 3

    def hits(connection: Any) -> int:
        room = rooms.know(connection, ROOMS[0])
        return len(search.candidates(connection, Word("coffee"), search.Scope(rooms=(room.id,))))

    assert await database.read(hits) == 3

"""Visits among what is searched: found as they stand, by those who may see them, gone when gone."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, select

from storage import documents, visits
from storage.database import open_database
from storage.reindexing import BEGINNING, renew_documents
from storage.tables.archive import document
from storage.visit_records import LineKind
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, WELCOME, direct, furnish
from tests.commands.delivered import Delivered
from tests.commands.test_erasure import erases, where
from tests.commands.visits.conftest import cast_people, opened


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Delivered]:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    await database.write(cast_people)
    hall = Delivered(database)
    yield hall
    await database.close()


async def test_a_visit_is_found_by_who_is_in_the_room_of_its_cluster(hall: Delivered) -> None:
    await opened(hall)
    await hall.keeps_archive(HOUSING)
    await hall.keeps_archive(WELCOME)
    shown = await hall.hears(CORA, "!search Havnvoll kind:visit")
    assert shown.startswith("Found 1 for Havnvoll in Housing, only visits.")
    assert "V-1" in shown
    assert "Found 1 for" in await hall.hears(ANN, "search Havnvoll", direct(ANN))
    assert "V-1" in await hall.hears(CORA, "!search kind:visit city:havnvoll")
    assert "V-1" not in await hall.hears(CORA, "!search kind:visit -(city:Havnvoll)")
    assert "V-1" in await hall.hears(BEN, "search kind:visit", direct(BEN))
    assert "V-1" not in await hall.hears(BEN, "search kind:visit in:welcome", direct(BEN))
    await hall.moves(BEN, HOUSING, "leave")
    assert "V-1" not in await hall.hears(BEN, "search kind:visit", direct(BEN))


async def test_a_visit_is_found_by_its_place_and_programme_as_they_stand(hall: Delivered) -> None:
    await opened(hall)
    await hall.keeps_archive(HOUSING)
    await hall.do(lambda c: visits.change(c, 1, place="Old Library"))
    line = await hall.do(
        lambda c: visits.add_line(
            c, visit=1, kind=LineKind.AGENDA, text="Tour of the heatworks", author=ANN,
            source=None, created_at=hall.now,
        )
    )  # fmt: skip
    assert "V-1" in await hall.hears(CORA, "!search libraries kind:visit")
    assert "V-1" in await hall.hears(CORA, "!search heatworks")
    await hall.do(lambda c: visits.change_line(c, line.id, text=""))
    assert "V-1" not in await hall.hears(CORA, "!search heatworks")
    await hall.do(lambda c: visits.change(c, 1, place=""))
    assert "V-1" not in await hall.hears(CORA, "!search library")


async def test_what_an_erased_person_wrote_of_a_visit_is_not_searched_any_more(
    hall: Delivered, tmp_path: Path
) -> None:
    await opened(hall)
    await hall.do(
        lambda c: visits.add_line(
            c, visit=1, kind=LineKind.AGENDA, text="canaryone", author=ANN, source=None,
            created_at=hall.now,
        )
    )  # fmt: skip
    assert await where(hall.database, "canaryone") == {"visit_line", "document"}
    await hall.says(ANN, "privacy erase", direct(ANN))
    await hall.says(ANN, "privacy erase yes", direct(ANN))
    await erases(hall, tmp_path)
    assert await where(hall.database, "canaryone") == set()


async def test_the_nightly_look_finds_visits_from_before(hall: Delivered) -> None:
    await opened(hall)

    def forget(connection: Connection) -> list[str]:
        documents.remove(connection, documents.VISIT, ["V-1"])
        renew_documents(connection, BEGINNING, 10)
        return list(connection.scalars(select(document.c.subject)))

    assert await hall.do(forget) == ["V-1"]

"""What the tests of visits share: a hall with two cities, and how far a visit has come."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage import people, visits
from storage.database import open_database
from storage.visit_records import Visit
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    furnish,
)
from tests.commands.delivered import Delivered

YES, NO = 0, 2
CARD = "visit/1/card"
PROPOSAL = "!visit propose Havnvoll 5-7 May, 12-14 May, 19-21 May"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Delivered]:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    await database.write(cast_people)
    yield Delivered(database)
    await database.close()


def cast_people(connection: Connection) -> None:
    """Ann leads Havnvoll (host), Ben speaks for São Bento, Cora coordinates the cluster."""
    people.change(connection, BEN, city="sao-bento")


async def visit(hall: Delivered, number: int = 1) -> Visit:
    found = await hall.do(lambda c: visits.get(c, number))
    assert found is not None
    return found


async def opened(hall: Delivered, proposal: str = PROPOSAL) -> None:
    """Proposed by Ann, and asked: Havnvoll, São Bento, and Cora as lead partner must answer."""
    await hall.says(ANN, proposal)
    await hall.hears(ANN, "!visit open V-1")


async def decided(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes 3 no")
    await hall.says(CORA, "!vote yes")
    await hall.says(BEN, "!vote 1 maybe 2 yes 3 yes")
    await hall.says(CORA, "!visit confirm V-1")


def calendar(hall: Delivered, revision: int) -> str:
    from base64 import b64decode

    content = hall.post(f"visit/1/ics/{revision}").content
    return b64decode(content["org.moothall.data"]).decode().replace("\r\n ", "")

"""Both databases, fresh for each test."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from demo.postgres import Postgres
from storage.database import Database, open_database
from storage.migrations import bring_up_to_date


@pytest.fixture(params=["sqlite", "postgresql"])
async def bare(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database without any tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/moothall.db"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        name = f"hall_{uuid4().hex[:12]}"
        server.create_database(name)
        url = server.url(name)
    opened = await open_database(url)
    yield opened
    await opened.close()


@pytest.fixture
async def database(bare: Database) -> Database:
    """An empty hall's database."""
    await bare.write(bring_up_to_date, alone=True)
    return bare

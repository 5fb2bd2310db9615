"""Both databases, fresh for each test."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import pytest

from demo.postgres import Postgres
from storage.database import Database, open_database
from storage.migrations import bring_up_to_date


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """An empty hall's database."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/moothall.db"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        name = f"hall_{uuid4().hex[:12]}"
        server.create_database(name)
        url = server.url(name)
    opened = await open_database(url)
    await opened.write(bring_up_to_date, alone=True)
    yield opened
    await opened.close()

"""Both databases, fresh for each test."""

import pytest

from storage.database import Database
from storage.migrations import bring_up_to_date


@pytest.fixture
async def database(bare: Database) -> Database:
    """An empty hall's database."""
    await bare.write(bring_up_to_date, alone=True)
    return bare

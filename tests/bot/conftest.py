"""One device of its own for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from demo.homeserver import Homeserver
from tests.bot.robot import Bot
from tests.conftest import new_account


@pytest.fixture
async def bot(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Bot]:
    one = Bot(homeserver.url, new_account(homeserver, "bot"), tmp_path / "store")
    await one.start()
    yield one
    await one.stop()

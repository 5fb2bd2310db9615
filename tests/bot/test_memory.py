"""What a hall does about Python's memory."""

import gc
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from bot import memory, upkeep
from bot.hall import Hall
from storage.database import open_database
from storage.migrations import bring_up_to_date


async def test_what_stands_after_the_start_is_not_looked_through_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All answers would wait for it, some 90 ms each time."""
    monkeypatch.setattr(upkeep, "settle", memory.settle)  # which tests do without
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(bring_up_to_date, alone=True)
    gc.unfreeze()
    try:
        await upkeep.Upkeep(cast(Hall, SimpleNamespace(database=database)))._warm_up()
        assert gc.get_freeze_count() > 10_000
    finally:
        gc.unfreeze()
        await database.close()

"""The archive of 100,000 messages as JSON Lines, into PostgreSQL, and out again: the same bytes."""

import shutil
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.erasure import fill
from benchmarks.report import Line
from demo.postgres import Postgres
from storage import portable
from storage.database import open_database
from storage.migrations import bring_up_to_date

MESSAGES = 100_000


async def measure(folder: Path) -> list[Line]:
    """Out of SQLite, into PostgreSQL, out again."""
    here = await open_database(f"sqlite:///{folder}/moothall.db")
    await here.write(bring_up_to_date, alone=True)
    await fill(here, datetime(2026, 3, 2, 9, 0, tzinfo=UTC), MESSAGES)
    began = time.perf_counter()
    told = await here.study(lambda c: list(portable.lines(c)))
    out = time.perf_counter() - began
    await here.close()
    server_folder = Path(tempfile.mkdtemp(prefix="moothall-"))
    with Postgres.start(server_folder, durable=False) as server:
        server.create_database("portable")
        there = await open_database(server.url("portable"))
        await there.write(bring_up_to_date, alone=True)
        began = time.perf_counter()
        await there.write(lambda c: portable.take_in(c, told), alone=True)
        taken = time.perf_counter() - began
        same = await there.study(lambda c: list(portable.lines(c))) == told
        await there.close()
    shutil.rmtree(server_folder, ignore_errors=True)
    thousands = MESSAGES / 1000
    return [
        Line("1,000 messages exported, of 100,000", out / thousands, None, "s", most_ours=0.2),
        Line("… taken in by PostgreSQL", taken / thousands, None, "s", most_ours=1.0),
        Line("… and out again: other bytes", float(not same), None, "", most_ours=0.0),
    ]

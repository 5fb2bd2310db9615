"""`make bench`: every figure beside its floor, in one table; exit status 1 if a promise broke."""

import asyncio
import sys
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks import (
    alarms,
    burst,
    catch_up,
    digest,
    erasure,
    memory,
    portable,
    round_trip,
    search,
    two_years,
    votes,
)
from benchmarks.report import Line, show

ALL: dict[str, Callable[[Path], Awaitable[list[Line]]]] = {
    "round-trip": round_trip.measure,
    "catch-up": catch_up.measure,
    "burst": burst.measure,
    "memory": memory.measure,
    "votes": votes.measure,
    "alarms": alarms.measure,
    "digest": digest.measure,
    "two-years": two_years.measure,
    "erasure": erasure.measure,
    "export": portable.measure,
    "search": search.measure,
}


def main(names: list[str]) -> int:
    """Measure what is named, or everything; absolutes are noise, ratios are not."""
    unknown = set(names) - set(ALL)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(ALL)}")
        return 2
    lines: list[Line] = []
    for name in names or ALL:
        print(f"{name} …", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="moothall-bench-") as folder:
            lines += asyncio.run(_measure(name, Path(folder)))
    return 0 if show(lines) else 1


async def _measure(name: str, folder: Path) -> list[Line]:
    return await ALL[name](folder)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

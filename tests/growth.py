"""How much longer something takes for more: by the processor's clock, against itself."""

import time
from collections.abc import Callable

TRIES = 3


def growth(work: Callable[[int], object], size: int) -> float:
    """How many times as long four times as much takes: some 4 where time grows with the size, 16
    where it grows with its square. The shortest of a few tries counts."""
    return _shortest(work, 4 * size) / _shortest(work, size)


def _shortest(work: Callable[[int], object], size: int) -> float:
    taken = []
    for _ in range(TRIES):
        begun = time.process_time()
        work(size)
        taken.append(time.process_time() - begun)
    return min(taken)

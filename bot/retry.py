"""How long to wait before trying again."""

import random

from storage.database import is_passing

FIRST, LONGEST = 0.5, 60.0  # seconds
LONGEST_FOR_DATABASE = 5.0  # it is near, and asking costs next to nothing


def wait_before(attempt: int, longest: float | None = None) -> float:
    """Seconds before the given attempt (1 is the first repeat): doubling, with jitter, capped.

    longest: the cap, a minute if it is not given.

    Jitter keeps the halls of one homeserver from coming back all at once after its restart.
    """
    cap = LONGEST if longest is None else longest
    delay = min(FIRST * 2.0 ** min(attempt - 1, 10), cap)
    return delay * random.uniform(0.7, 1.0)  # noqa: S311 — spreading load is no secret


def wait_after(error: BaseException, attempt: int) -> float:
    """The same after an error: a database that is away is asked again soon, a mistake is not."""
    return wait_before(attempt, LONGEST_FOR_DATABASE if is_passing(error) else LONGEST)

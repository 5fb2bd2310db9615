"""How long to wait before trying again."""

import random

from storage.database import is_passing

FIRST, LONGEST = 0.5, 60.0  # seconds
LONGEST_FOR_DATABASE = 5.0  # it is near, and asking costs next to nothing


def wait_before(attempt: int, longest: float = LONGEST) -> float:
    """Seconds before the given attempt (1 is the first repeat): doubling, with jitter, capped.

    Jitter keeps the halls of one homeserver from coming back all at once after its restart.
    """
    delay = min(FIRST * 2.0 ** min(attempt - 1, 10), longest)
    return delay * random.uniform(0.7, 1.0)  # noqa: S311 — spreading load is no secret


def wait_after(error: BaseException, attempt: int) -> float:
    """The same after an error: a database that is away is asked again soon, a mistake is not."""
    return wait_before(attempt, LONGEST_FOR_DATABASE if is_passing(error) else LONGEST)

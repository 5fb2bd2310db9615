"""How long to wait before trying again."""

import random

FIRST, LONGEST = 0.5, 60.0  # seconds


def wait_before(attempt: int) -> float:
    """Seconds before the given attempt (1 is the first repeat): doubling, with jitter, capped.

    Jitter keeps the halls of one homeserver from coming back all at once after its restart.
    """
    delay = min(FIRST * 2.0 ** min(attempt - 1, 10), LONGEST)
    return delay * random.uniform(0.7, 1.0)  # noqa: S311 — spreading load is no secret

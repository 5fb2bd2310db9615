"""Long work in a thread of its own lets those go first who wait for the database.

Threads share one interpreter: whoever only waits for their turn gets a third of it beside two that
are busy, and so takes three times as long.
"""

import contextlib
import sys
import time
from collections.abc import Iterator

TURN = 0.0005  # seconds that a thread keeps the interpreter while another one waits for it
PAUSE = 0.001  # seconds; who waits takes the interpreter
STRETCH = 0.0005  # seconds of work between two pauses: it goes on all the same


def take_short_turns() -> None:
    """Let threads of this process change more often than Python does, each 5 ms: an answer changes
    hands between the loop and the writer."""
    sys.setswitchinterval(TURN)


class Courtesy:
    """Knows whether somebody waits."""

    def __init__(self) -> None:
        self._waiting = 0
        self._next_pause = 0.0  # of the monotonic clock

    @contextlib.contextmanager
    def waiting(self) -> Iterator[None]:
        """Somebody waits for as long as this lasts; only the event loop's thread says so."""
        self._waiting += 1
        try:
            yield
        finally:
            self._waiting -= 1

    def give_way(self) -> None:
        """Pause for a moment if somebody waits: called between two short steps of long work."""
        if self._waiting and time.monotonic() >= self._next_pause:
            time.sleep(PAUSE)
            self._next_pause = time.monotonic() + STRETCH

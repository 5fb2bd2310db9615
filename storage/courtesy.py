"""Long work in a thread of its own lets those go first on whom an answer waits.

Threads share one interpreter: beside two that are busy, a third takes three times as long.
"""

import contextlib
import sys
import threading
import time
from collections.abc import Iterator

TURN = 0.0005  # seconds that a thread keeps the interpreter while another one waits for it
PATIENCE = 0.002  # seconds of an answer's work until others give way; most are ready by then
PAUSE, LONG_PAUSE = 0.001, 0.004  # seconds; the answer's thread takes the interpreter
SHARE = 0.4  # of the time that the answer takes already: the longer it takes, the longer we pause
STRETCH = 0.0005  # seconds of work between two pauses: it goes on all the same


def take_short_turns() -> None:
    """Let threads of this process change more often than Python does, each 5 ms: an answer changes
    hands between the loop and the writer."""
    sys.setswitchinterval(TURN)


class Courtesy:
    """Knows whether somebody works on an answer."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._working = 0
        self._since = self._next_pause = 0.0  # of the monotonic clock

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """An answer is worked on for as long as this lasts, in any thread."""
        with self._lock:
            if self._working == 0:
                self._since = time.monotonic()
            self._working += 1
        try:
            yield
        finally:
            with self._lock:
                self._working -= 1

    def give_way(self) -> None:
        """Pause for a moment if somebody works: called between two short steps of long work."""
        now = time.monotonic()
        if self._working and now >= max(self._next_pause, self._since + PATIENCE):
            pause = min(max(PAUSE, (now - self._since) * SHARE), LONG_PAUSE)
            time.sleep(pause)  # in the thread of the long work, never in the loop's
            self._next_pause = time.monotonic() + STRETCH

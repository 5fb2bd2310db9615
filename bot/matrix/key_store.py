"""What the disk under the keys can do to us: a full or a locked one is a delay, never an end."""

import contextlib
import sqlite3
from collections.abc import Iterator

import aiohttp

from bot.matrix.errors import Unreachable


@contextlib.contextmanager
def store_must_work() -> Iterator[None]:
    """A full disk or a locked file is a delay, like a homeserver that is away."""
    try:
        yield
    except Exception as error:
        if not is_store_trouble(error):
            raise
        raise Unreachable(f"the key store: {type(error).__name__}") from None


def is_store_trouble(error: Exception) -> bool:
    """Whether the disk is to blame, and not what was read or written."""
    if isinstance(error, aiohttp.ClientError | TimeoutError):
        return False  # network errors are OSErrors, too
    # nio's store speaks peewee, which is no dependency of ours to import.
    return isinstance(error, OSError | sqlite3.Error) or type(error).__module__ == "peewee"

"""Gives memory back to the operating system after a large piece of work."""

import ctypes
import gc


def give_back() -> None:
    """Let go of what is free. glibc keeps it otherwise; elsewhere there is nothing to do."""
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return

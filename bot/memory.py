"""Python's memory: what stays is looked through no more, what is free goes back."""

import ctypes
import gc


def settle() -> None:
    """Take what there is for what stays: else Python looks through all of it at times, and nobody
    is answered for 90 ms."""
    gc.collect()
    gc.freeze()


def unsettle() -> None:
    """A hall has ended: what it was made of may go, where the process lives on."""
    gc.unfreeze()


def give_back() -> None:
    """Let go of what is free. glibc keeps it otherwise; elsewhere there is nothing to do."""
    gc.collect()
    try:
        ctypes.CDLL("libc.so.6").malloc_trim(0)
    except (OSError, AttributeError):
        return

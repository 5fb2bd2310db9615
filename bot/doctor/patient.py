"""What a check may look at: the same from inside a running hall and from beside it."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from bot.clock import Clock
from bot.matrix.examining import Devices, Examiner
from commands.context import Settings
from commands.words import Words
from storage.database import T, Work
from storage.records import UserId


class Memory(Protocol):
    """A database, to be read."""

    async def read(self, work: Work[T]) -> T: ...


def free_bytes(folder: Path) -> int:
    """Space left on a folder's disk."""
    return shutil.disk_usage(folder).free


@dataclass(frozen=True, slots=True)
class Patient:
    """A hall that is examined."""

    me: UserId
    settings: Settings
    homeserver: str  # url
    examiner: Examiner
    memory: Memory
    folder: Path
    clock: Clock
    words: Words
    devices: Devices | None = None  # known within a running hall alone
    free_bytes: Callable[[Path], int] = free_bytes

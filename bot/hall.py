"""What every part of the spine knows about the hall it runs."""

import asyncio
import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path

from bot.clock import Clock
from bot.config import Config
from bot.matrix.client import MatrixClient
from commands.context import Settings
from storage.database import Database
from storage.outbox import Row
from storage.records import UserId

LOOK_AGAIN = "look again"  # rung on the bell of upgrades: our place in a room has changed


@dataclass(frozen=True, slots=True)
class Hall:
    """Built once in `app.py`, handed to intake, worker, delivery and timers."""

    me: UserId
    device: str
    name: str  # our display name, by which people call us
    id: uuid.UUID  # transaction ids are derived from it
    settings: Settings
    client: MatrixClient
    database: Database
    clock: Clock
    folder: Path  # of the device, its keys and our own files
    bells: "Bells" = field(default_factory=lambda: Bells())
    ready: asyncio.Event = field(default_factory=asyncio.Event)  # the community's rooms stand
    # Held while bytes and their row come together, and while what nobody names is swept away.
    keeping: asyncio.Lock = field(default_factory=asyncio.Lock)
    saving_ledger: asyncio.Lock = field(default_factory=asyncio.Lock)
    # Lanes that delivery is busy with, and rows that the worker has claimed for it in the commit
    # that made them: a claim of its own would cost each answer one more commit.
    delivering: set[str] = field(default_factory=set)
    claimed: dict[str, Row] = field(default_factory=dict)


def settings_of(config: Config) -> Settings:
    """What handlers may know of the configuration."""
    return Settings(
        community=config.community,
        limits=config.limits,
        archive=config.archive,
        visits=config.visits,
        digests=config.digests,
        prefix=config.prefix,
        version=version("moothall"),
    )


class Bell:
    """Lanes that want attention; whoever looks after them waits here."""

    def __init__(self) -> None:
        self._lanes: set[str] = set()
        self._rung = asyncio.Event()

    def ring(self, lanes: Iterable[str] = ()) -> None:
        """Call for attention to these lanes."""
        self._lanes.update(lanes)
        self._rung.set()

    async def wait(self, at_most: float | None = None) -> set[str]:
        """Lanes that called since last time; empty after `at_most` seconds of silence."""
        try:
            async with asyncio.timeout(at_most):
                await self._rung.wait()
        except TimeoutError:
            return set()
        self._rung.clear()
        lanes, self._lanes = self._lanes, set()
        return lanes


@dataclass(frozen=True, slots=True)
class Bells:
    """Within the process only: what a bell would have told is in the database, too."""

    inbox: Bell = field(default_factory=Bell)
    outbox: Bell = field(default_factory=Bell)
    gaps: Bell = field(default_factory=Bell)
    upgrades: Bell = field(default_factory=Bell)
    timers: Bell = field(default_factory=Bell)
    erasures: Bell = field(default_factory=Bell)
    people: Bell = field(default_factory=Bell)  # somebody is to be erased
    files: Bell = field(default_factory=Bell)  # files are to be fetched
    keys: Bell = field(default_factory=Bell)  # "room session" whose keys came

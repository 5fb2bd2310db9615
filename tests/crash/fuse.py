"""Power cuts on demand: every commit and every request has a before and an after to stop at."""

import inspect
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from storage.database import Database, Work

T = TypeVar("T")

# A request that waits for others to speak, or that does nothing: no place to be cut at.
_WITHOUT_PLACES = frozenset({"close", "after_sync"})


class PowerCut(BaseException):
    """The process is gone. Not an Exception: nothing in the hall may catch it."""


Place = tuple[str, int]  # what is about to happen or has just happened, for the n-th time


@dataclass
class Fuse:
    """Cuts the power at a place; from then on nothing happens any more."""

    blows_at: Place | int | None = None  # int: the n-th place, whatever it is
    blown_at: Place | None = None
    seen: Counter[str] = field(default_factory=Counter)

    def reach(self, name: str) -> None:
        """A place where the process may end."""
        self.check()
        self.seen[name] += 1
        place = (name, self.seen[name])
        if self.blows_at in (place, self.seen.total()):
            self.blown_at = place
            raise PowerCut(place)

    def check(self) -> None:
        """Nothing works without power."""
        if self.blown_at is not None:
            raise PowerCut(self.blown_at)

    def places(self) -> list[Place]:
        """All places that were passed."""
        return [(name, n + 1) for name, count in self.seen.items() for n in range(count)]


class FusedDatabase(Database):
    """A database whose commits can be cut off, before and after."""

    def __init__(
        self, database: Database, fuse: Fuse, committed: Callable[[], None] = lambda: None
    ) -> None:
        self._database = database
        self._fuse = fuse
        self._committed = committed

    async def write(self, work: Work[T], *, alone: bool = False, durable: bool = True) -> T:
        name = name_of(work)
        self._fuse.reach(f"before commit: {name}")
        result = await self._database.write(work, alone=alone, durable=durable)
        self._committed()
        self._fuse.reach(f"after commit: {name}")
        return result

    async def read(self, work: Work[T]) -> T:
        self._fuse.check()
        return await self._database.read(work)

    async def study(self, work: Work[T]) -> T:
        self._fuse.check()
        return await self._database.study(work)

    def give_way(self) -> None:
        self._database.give_way()

    async def tidy(self, *, thoroughly: bool) -> None:
        await self._database.tidy(thoroughly=thoroughly)

    async def close(self) -> None:
        """The test closes what it has opened."""


def name_of(work: Callable[..., Any]) -> str:
    """Which part of the spine it belongs to: "Delivery._deliver", "Backfill._store.store"."""
    return work.__qualname__.replace(".<locals>", "").replace(".<lambda>", "")


class FusedClient:
    """A client whose requests can be cut off: before they leave, or before the answer is read."""

    def __init__(self, client: Any, fuse: Fuse) -> None:
        self._client = client
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._client, name)
        if name in _WITHOUT_PLACES or not inspect.iscoroutinefunction(member):
            return member

        async def request(*arguments: Any, **named: Any) -> Any:
            self._fuse.reach(f"before request: {name}")
            asked: Awaitable[Any] = member(*arguments, **named)
            answer = await asked
            self._fuse.reach(f"after request: {name}")
            return answer

        return request

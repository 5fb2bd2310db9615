"""Answers inbox entries: the handler's changes, its replies and "handled" are one transaction."""

import asyncio
import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection

from bot.entries import revive
from bot.hall import Hall
from bot.lanes import Lanes
from bot.logs import kind_of, place_of
from bot.posting import queue_posts
from bot.retry import wait_after, wait_before
from commands import apologies, posts
from commands.context import Context
from commands.events import Edited, Event, Said
from commands.reply import Reply
from commands.routing import respond
from storage import inbox, outbox
from storage.database import is_passing
from storage.inbox import Entry
from storage.outbox import Row
from storage.records import EventId

log = logging.getLogger(__name__)

ATTEMPTS = 5  # then the entry is parked, and the queue moves on
LANES_AT_ONCE = 16  # as many as share a commit
HOLD = timedelta(seconds=60)  # how long a room waits for its history before commands go on


@dataclass(frozen=True, slots=True)
class Answered:
    """What one turn of a lane came to."""

    outbox_lanes: frozenset[str] = frozenset()
    claimed: tuple[Row, ...] = ()  # first posts of lanes that nobody delivers yet
    more: bool = False
    look_again_at: datetime | None = None
    entry: Entry | None = None
    command: str | None = None


class Failed(Exception):
    """A handler broke; everything it did is rolled back."""

    def __init__(self, entry: Entry, event: Event | None, command: str | None) -> None:
        super().__init__(entry.key)
        self.entry = entry
        self.event = event
        self.command = command


class Worker:
    """Oldest entry first within a room, rooms side by side; there is no "running" state."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._begun = hall.clock.now()
        self._lanes = Lanes(self._work_off, hall.bells.inbox)
        self._places = asyncio.Semaphore(LANES_AT_ONCE)
        self._again: dict[str, asyncio.TimerHandle] = {}

    async def run(self) -> None:
        """Answer for ever."""
        await self._lanes.run(lambda: self._hall.database.read(inbox.lanes))

    async def _work_off(self, lane: str) -> None:
        """Answer one lane until it is empty, or waits."""
        failures = 0
        while True:
            self._lanes.looks(lane)
            now, begun = self._hall.clock.now(), time.perf_counter()
            try:
                async with self._places:
                    answered = await self._hall.database.write(
                        lambda c: answer_next(c, self._hall, lane, now, self._begun)  # noqa: B023 — awaited at once
                    )
            except Failed as failure:
                await self._count_failure(failure)
                continue
            except Exception as trouble:  # the database, most likely: nothing was committed
                failures += 1
                log.error(
                    "lane cannot be worked off: lane=%s error=%s",
                    lane,
                    kind_of(trouble),
                    exc_info=not is_passing(trouble),
                )
                await asyncio.sleep(wait_after(trouble, failures))
                continue
            if answered.entry is not None:
                _tell(answered, time.perf_counter() - begun)
            if answered.outbox_lanes:
                self._hall.claimed.update({row.lane: row for row in answered.claimed})
                self._hall.bells.outbox.ring(answered.outbox_lanes)
            if answered.look_again_at is not None:
                delay = (answered.look_again_at - self._hall.clock.now()).total_seconds()
                self._look_again(lane, max(delay, 0.05))
                return
            if not answered.more:
                return

    def _look_again(self, lane: str, seconds: float) -> None:
        """One alarm a lane, however often it is called meanwhile."""
        loop = asyncio.get_running_loop()
        waiting = self._again.get(lane)
        if waiting is not None and loop.time() < waiting.when() <= loop.time() + seconds:
            return
        if waiting is not None:
            waiting.cancel()
        self._again[lane] = loop.call_later(seconds, self._hall.bells.inbox.ring, [lane])

    async def _count_failure(self, failure: Failed) -> None:
        """Wait longer each time; at the fifth, set it aside and apologise."""
        entry, now = failure.entry, self._hall.clock.now()
        attempt, cause = entry.attempts + 1, failure.__cause__ or failure
        why = f"{kind_of(cause)} at {place_of(cause)}"
        log.error(
            "handler failed: event=%s room=%s kind=%s command=%s attempt=%d error=%s",
            entry.key,
            entry.lane,
            entry.kind,
            failure.command,
            attempt,
            why,
            exc_info=cause if log.isEnabledFor(logging.DEBUG) else None,
        )
        if attempt < ATTEMPTS:
            later = now + timedelta(seconds=wait_before(attempt))
            await self._hall.database.write(lambda c: inbox.count_attempt(c, entry.id, later, why))
            return
        log.error("parked: event=%s room=%s kind=%s", entry.key, entry.lane, entry.kind)

        def park(connection: Connection) -> set[str]:
            inbox.park(connection, entry.id, now, why)
            sorry = _apology(self._hall, failure.event)
            return queue_posts(connection, self._hall, sorry, f"parked/{entry.key}", now)

        self._hall.bells.outbox.ring(await self._hall.database.write(park))


def _tell(answered: Answered, seconds: float) -> None:
    assert answered.entry is not None
    log.info(
        "handled: event=%s room=%s kind=%s command=%s duration_ms=%.1f",
        answered.entry.key,
        answered.entry.lane,
        answered.entry.kind,
        answered.command,
        seconds * 1000,
    )


def answer_next(
    connection: Connection, hall: Hall, lane: str, now: datetime, begun: datetime
) -> Answered:
    """Answer the oldest entry of a lane, if it has one that may be answered now.

    begun: when this process began to fetch what history lacks.
    """
    turn = inbox.turn(connection, lane)
    if turn is None:
        return Answered()
    if turn.ready_at is not None and turn.ready_at > now:
        return Answered(look_again_at=turn.ready_at)
    if turn.hole_since is not None and now - max(turn.hole_since, begun) < HOLD:
        # What was said before must be answered before: wait for history.
        return Answered(look_again_at=now + timedelta(seconds=1))
    entry = turn.entry
    event: Event | None = None
    commands: list[str] = []
    try:
        event = revive(entry, hall.me)
        answers = _respond(connection, hall, entry, event, now, commands)
        lanes = queue_posts(connection, hall, answers, entry.key, now)
    except Exception as error:
        if is_passing(error):
            raise  # a full disk is no reason to give a command up
        raise Failed(entry, event, next(iter(commands), None)) from error
    said = (event.event_id, event.sender) if isinstance(event, Said) else None
    inbox.mark_handled(connection, entry.id, now, thread=_thread(event), said=said)
    return Answered(
        frozenset(lanes),
        _claim(connection, hall, lanes, now),
        turn.more,
        entry=entry,
        command=next(iter(commands), None),
    )


def _claim(connection: Connection, hall: Hall, lanes: set[str], now: datetime) -> tuple[Row, ...]:
    """Claim the first post of each idle lane in the commit that makes it.

    Should delivery claim it, too, it is sent twice under one transaction id: the same event.
    """
    idle = sorted(lane for lane in lanes - hall.delivering if lane.startswith("!"))
    rows = [outbox.claim(connection, lane, hall.device, now) for lane in idle]
    return tuple(row for row in rows if row is not None and row.not_before is None)


def _respond(
    connection: Connection,
    hall: Hall,
    entry: Entry,
    event: Event | None,
    now: datetime,
    commands: list[str],
) -> posts.Posts:
    if event is None:
        return ()
    return respond(
        event,
        Context(
            connection, now, hall.me, hall.settings, entry.key, hall.name, note=commands.append
        ),
    )


def _thread(event: Event | None) -> EventId | None:
    return event.thread_root if isinstance(event, Said) else None


def _said(event: Event | None) -> Said | None:
    return event.now if isinstance(event, Edited) else event if isinstance(event, Said) else None


def _answer(said: Said, reply: Reply) -> posts.Say:
    return posts.Say(
        said.room_id,
        reply,
        thread=said.answered_in,
        reply_to=said.event_id,
    )


def _apology(hall: Hall, event: Event | None) -> posts.Posts:
    said = _said(event)
    if said is None:
        return ()
    return (_answer(said, apologies.something_went_wrong(hall.settings.community.language)),)

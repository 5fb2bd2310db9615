"""Fills holes in timelines from history, newest first, through the same door as sync."""

import asyncio
import logging
from dataclasses import replace
from datetime import datetime
from functools import partial
from time import monotonic

from sqlalchemy import Connection

from bot import older_history
from bot.hall import Hall
from bot.intake import (
    Taken,
    keep,
    keep_unreadable,
    read_facts,
    speak_of_missed,
)
from bot.matrix.answers import RawPage
from bot.matrix.errors import RateLimited, Refused, Unreachable
from bot.memory import give_back
from bot.retry import wait_before
from bot.state import record_past
from commands.archive.replies import Stage
from storage import gaps, rooms, waiting
from storage.gaps import Gap

log = logging.getLogger(__name__)

PAGE = 500  # events; the homeserver is > 90 % of the time whatever the size
SIDE_BY_SIDE = 2  # rooms, of holes and of older history; each holds two pages in memory
MANY = 1_000  # events leave memory to give back
SWEEP = 60.0  # seconds
ATTEMPTS = 5  # at one page, before other rooms have their turn
TELL = 15.0  # seconds between two edits that show how far older history has come


class Backfill:
    """Resumes where it stopped: each page moves the hole's edge in its own transaction."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall
        self._stored = 0  # events, since memory was last given back
        self._rests: dict[int, float] = {}  # holes that were tried rest until then; loop time
        self._told: dict[int, float] = {}  # holes whose progress was shown, and when

    async def run(self) -> None:
        """Fill holes for ever.

        Older history takes hours and has places of its own: what was missed just now, and the
        commands that wait for it, do not wait for its end.
        """
        busy: dict[bool, set[int]] = {False: set(), True: set()}  # holes; True: older history
        loop = asyncio.get_running_loop()
        async with asyncio.TaskGroup() as group:
            while True:
                holes = await self._hall.database.read(gaps.find_open)
                now, known = loop.time(), {hole.id for hole in holes}
                self._rests = {n: until for n, until in self._rests.items() if n in known}
                for older, places in busy.items():
                    free = [
                        hole
                        for hole in holes
                        if (hole.back_to is not None) is older
                        and hole.id not in places
                        and self._rests.get(hole.id, now) <= now
                    ]
                    # The newest first, whenever it came.
                    for hole in free[: SIDE_BY_SIDE - len(places)]:
                        places.add(hole.id)
                        task = group.create_task(self._fill(hole))
                        task.add_done_callback(partial(self._end, places, hole.id))
                if not any(busy.values()) and self._stored >= MANY:
                    give_back()
                    self._stored = 0
                await self._hall.bells.gaps.wait(SWEEP)

    def _end(self, places: set[int], number: int, task: asyncio.Task[None]) -> None:
        places.discard(number)
        if not task.cancelled() and task.exception() is None:
            # If it is open still, its homeserver did not answer: others have their turn first.
            self._rests[number] = asyncio.get_running_loop().time() + SWEEP
        self._hall.bells.gaps.ring()

    async def _fill(self, hole: Gap) -> None:
        """Fetch the next page while the last one is being stored."""
        fetching = asyncio.ensure_future(self._fetch(hole, hole.next_token))
        try:
            while True:
                try:
                    page = await fetching
                except Refused as refusal:
                    await self._give_up(hole, refusal)
                    return
                except Unreachable:
                    return
                done = not page.chunk or page.end is None
                if not done and page.end is not None:
                    fetching = asyncio.ensure_future(self._fetch(hole, page.end))
                if hole.back_to is not None:
                    further = await self._store_older(hole, page, done=done)
                    if further is None:
                        return
                    hole = further
                elif await self._store(hole, page, done=done):
                    return
        finally:
            fetching.cancel()

    async def _fetch(self, hole: Gap, start: str) -> RawPage:
        attempt = 0
        while True:
            try:
                return await self._hall.client.messages(
                    hole.room_id,
                    start=start or None,
                    end=hole.from_token,
                    backwards=True,
                    limit=PAGE,
                )
            except RateLimited as limit:
                await asyncio.sleep(limit.retry_after)
            except Unreachable as trouble:
                attempt += 1
                log.warning("history does not come: room=%s error=%s", hole.room_id, trouble)
                if attempt >= ATTEMPTS:
                    raise  # other rooms have holes, too; this one has its turn again later
                await asyncio.sleep(wait_before(attempt))

    async def _store(self, hole: Gap, raw_page: RawPage, *, done: bool) -> bool:
        """One page in one transaction; returns whether the hole is closed."""
        await asyncio.sleep(0)  # the next page is asked for before this one is read
        page = self._hall.client.read(raw_page)
        facts = await read_facts(self._hall, page.events)
        now = self._hall.clock.now()

        def store(connection: Connection) -> tuple[Taken, bool]:
            taken = Taken()
            room = rooms.know(connection, hole.room_id)
            record_past(connection, room, page.events)
            # Oldest first: of two commands of one millisecond the earlier is answered first.
            keep(connection, self._hall, room, page.events[::-1], facts, now, taken)
            keep_unreadable(connection, self._hall, page.unreadable, now)
            for raw in page.malformed:
                waiting.add_malformed(connection, hole.room_id, raw, now)
            closed = done or _reached_the_archive(hole, taken)
            if closed:
                gaps.close(connection, hole.id, now)
                taken.lanes.add(hole.room_id)
            elif raw_page.end is not None:
                gaps.move(connection, hole.id, raw_page.end, len(raw_page.chunk))
            speak_of_missed(connection, hole.room_id, f"gap/{hole.id}", now, taken)
            return taken, closed

        # Losing this commit to a power cut means fetching the page again.
        taken, closed = await self._hall.database.write(store, alone=True, durable=False)
        self._stored += len(page.events)
        taken.ring(self._hall)
        return closed

    async def _store_older(self, hole: Gap, raw_page: RawPage, *, done: bool) -> Gap | None:
        """One page of older history in one transaction; returns how far it has come by now."""
        await asyncio.sleep(0)
        page = self._hall.client.read(raw_page)
        facts = await read_facts(self._hall, page.events)
        now, token = self._hall.clock.now(), raw_page.end
        tell = monotonic() - self._told.get(hole.id, -TELL) >= TELL

        def store(connection: Connection) -> tuple[Taken, Gap | None]:
            taken = Taken()
            before = gaps.past_of(connection, hole.room_id)
            if before is None or before.id != hole.id:
                return taken, None  # somebody has ended it
            further, over = older_history.take_in(
                connection, self._hall, before, page, facts, now, taken
            )
            gaps.count_past(connection, further)
            if over or done or token is None:
                gaps.close(connection, hole.id, now)
                older_history.tell(connection, self._hall, further, Stage.DONE, now, taken)
                return taken, None
            gaps.move(connection, hole.id, token, len(raw_page.chunk))
            further = replace(
                further, next_token=token, events=further.events + len(raw_page.chunk)
            )
            if tell:
                older_history.tell(connection, self._hall, further, Stage.READING, now, taken)
            return taken, further

        taken, further = await self._hall.database.write(store, alone=True, durable=False)
        if tell:
            self._told[hole.id] = monotonic()
        self._stored += len(page.events)
        taken.ring(self._hall)
        return further

    async def _give_up(self, hole: Gap, refusal: Refused) -> None:
        log.error("gap abandoned: room=%s gap=%d error=%s", hole.room_id, hole.id, refusal)
        now: datetime = self._hall.clock.now()

        def abandon(connection: Connection) -> Taken:
            taken = Taken(lanes={hole.room_id})
            gaps.close(connection, hole.id, now, abandoned=refusal.errcode)
            if (past := gaps.past_by(connection, hole.id)) is not None:
                older_history.end(connection, self._hall, past, now, taken)
            speak_of_missed(connection, hole.room_id, f"gap/{hole.id}", now, taken)
            return taken

        (await self._hall.database.write(abandon)).ring(self._hall)


def _reached_the_archive(hole: Gap, taken: Taken) -> bool:
    """A walk without a lower end stops at the first page of which all is known.

    A page of nothing but commands and answers says nothing about the archive.
    """
    return hole.from_token is None and taken.new == 0 and taken.familiar > 0

"""Quiet work between commands: what is erased or too old leaves the files for good."""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from sqlalchemy import Connection

from bot import ledger, media
from bot.hall import Hall
from bot.memory import give_back, settle, unsettle
from bot.pace import Pace
from bot.purging import follow_rooms_left
from storage import (
    documents,
    inbox,
    outbox,
    questions,
    redacting,
    reindexing,
    rooms,
    search_pages,
    waiting,
)
from storage.search import analyse_as, upkeep
from storage.types import milliseconds

log = logging.getLogger(__name__)

T = TypeVar("T")

NIGHTLY = timedelta(days=1)
FIRST = timedelta(minutes=10)  # after the start: a hall that restarts every day cleans up, too
AT_ONCE, MOST = 10, 200  # messages a step, at first and at most
LOOKED_UP = 10_000  # at once, of what is too old
DOCUMENTS = 3  # practices a step, at first
PAGES, MOST_PAGES = 32, 256  # of the index
UNREAD_KEPT = timedelta(days=30)  # without key, or without sense
WARM = 10_000  # messages read at start
MANY = 1_000  # of them leave something to give back, which takes longer than a small start
SETTLE = 60.0  # seconds after an erasure, so that several are cleaned up in one go
KEYS_KEPT = timedelta(days=60)  # handled inbox keys: far longer than any homeserver repeats itself


class Upkeep:
    """Steps of a few milliseconds each, so that nobody waits for them."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    async def run(self) -> None:
        """Clean up after each erasure, and once a day thoroughly.

        It begins a minute after an erasure, or when the one before is done, and takes a while.
        """
        await self._warm_up()
        try:
            await self._keep_clean()
        finally:
            unsettle()

    async def _keep_clean(self) -> None:
        await media.sweep(self._hall)  # what a crash, or an older backup, has left behind
        thoroughly_at = self._hall.clock.now() + FIRST
        while True:
            left = (thoroughly_at - self._hall.clock.now()).total_seconds()
            await self._hall.bells.erasures.wait(max(left, 0))
            await ledger.keep(self._hall)
            await media.sweep(self._hall)
            await asyncio.sleep(SETTLE)
            thoroughly = self._hall.clock.now() >= thoroughly_at
            if thoroughly:
                thoroughly_at += NIGHTLY
            await self.clean(thoroughly=thoroughly)
            if thoroughly:
                await media.sweep(self._hall)

    async def _warm_up(self) -> None:
        """Read the newest messages once, so that caches stand before the first question comes.

        What they take is then seen at start, and not as growth in a busy week.
        """
        words = await self._hall.database.write(lambda c: reindexing.newest_words(c, WARM))
        await asyncio.to_thread(_analyse, words)
        if len(words) >= MANY:
            give_back()
        settle()

    async def expire(self) -> None:
        """Erase what was kept for as long as the notice says, room by room."""
        hall = self._hall
        for room in await hall.database.read(rooms.find):
            kept_for = hall.settings.archive.kept_for(room)
            if kept_for is None:
                continue
            gone = await self._expire_before(room.id, milliseconds(hall.clock.now() - kept_for))
            if gone:
                log.info("expired: room=%s events=%d", room.room_id, gone)

    async def _expire_before(self, room: int, before: int) -> int:
        """Messages, what stands beside them, and their edits; returns how many events."""
        language = self._hall.settings.community.language
        gone = await self._expire_each(
            lambda c: redacting.find_old(c, room, before, LOOKED_UP),
            lambda c, some: redacting.erase(c, some, language, expired=True),
        )
        gone += await self._expire_each(
            lambda c: redacting.find_old_beside(c, room, before, LOOKED_UP), redacting.blank
        )
        gone += await self._expire_each(
            lambda c: redacting.find_old_edits(c, room, before, LOOKED_UP), redacting.erase_edits
        )
        return gone

    async def _expire_each(
        self,
        find: Callable[[Connection], list[T]],
        erase: Callable[[Connection, Sequence[T]], None],
    ) -> int:
        """Look beside the writer, as that takes longer than anybody should wait; erase in steps."""
        gone, pace = 0, Pace(AT_ONCE, most=MOST)

        def erase_some(connection: Connection, size: int) -> int:
            some = found[:size]
            erase(connection, some)
            return len(some)

        while found := await self._hall.database.study(find):
            while found:
                done = await pace.step(self._hall.database, erase_some)
                found = found[done:]
                gone += done
        return gone

    async def _renew_documents(self) -> None:
        last: tuple[int, int] | None = reindexing.BEGINNING
        pace = Pace(DOCUMENTS, most=MOST)
        while (place := last) is not None:
            last = await pace.step(
                self._hall.database,
                lambda c, size: reindexing.renew_documents(c, place, size),
            )

    async def clean(self, *, thoroughly: bool) -> None:
        """Drive erased words out of index and write-ahead log, and forget old keys."""
        now, database, steps = self._hall.clock.now(), self._hall.database, 1
        pace = Pace(PAGES, most=MOST_PAGES)
        if thoroughly:
            await self.expire()
            await follow_rooms_left(self._hall)
            await self._renew_documents()
        more = await pace.step(database, upkeep.start_merge)
        while more:
            more = await pace.step(database, upkeep.merge_step)
            steps += 1
        await database.tidy(thoroughly=thoroughly)
        await database.write(lambda c: _forget_old(c, now))
        log.info("upkeep done: merge steps=%d longest=%.3f s", steps, pace.longest)


def _analyse(words: list[tuple[str, str]]) -> None:
    for body, language in words:
        analyse_as(body, language)


def _forget_old(connection: Connection, now: datetime) -> None:
    inbox.forget(connection, now, KEYS_KEPT)
    outbox.forget_echoes(connection, now - KEYS_KEPT)
    questions.forget_old(connection, now)
    search_pages.forget_old(connection, now)
    waiting.forget_old(connection, now - UNREAD_KEPT)
    documents.forget_drafts(connection, milliseconds(now - UNREAD_KEPT))

"""After an upgrade that reads words in another way: the index is made anew while people ask."""

import logging

from bot.hall import Hall
from bot.pace import Pace
from storage import reindexing
from storage.search import renewal

log = logging.getLogger(__name__)

MESSAGES, MOST_MESSAGES = 20, 2_000  # of the first step, and at most
PAGES, MOST_PAGES = 20, 5_000


async def keep_reindexing(hall: Hall) -> None:
    """Until nothing waits; whatever ends it, it goes on from where it was."""
    if (await hall.database.read(renewal.waiting)).any:
        log.info("search index is made anew")
        pace, count = Pace(MESSAGES, most=MOST_MESSAGES), 0
        while done := await pace.step(hall.database, reindexing.step):
            count += done
        log.info("search index made anew: entries=%d longest step=%.3f s", count, pace.longest)
    pace, thrown = Pace(PAGES, most=MOST_PAGES), False
    while await pace.step(hall.database, renewal.throw_away):
        thrown = True
    if thrown:
        hall.bells.erasures.ring()  # what it held leaves the write-ahead log, too

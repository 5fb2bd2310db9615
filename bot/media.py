"""Fetches the files of archived messages in the background; removes what nobody names any more.

What is to be fetched stands in the database, so that a kill is a delay and nothing else: bytes
without a row are swept away, and a row whose bytes did not come is fetched again.
"""

import asyncio
import logging
from datetime import timedelta

from bot import files
from bot.hall import Hall
from bot.matrix.attachments import Damaged, open_sealed
from bot.matrix.errors import MatrixError, RateLimited, Refused, Unauthorised
from storage import media
from storage.media import DAMAGED, FULL, MEBIBYTE, REFUSED, SIZE, UNREACHABLE, Wanted

log = logging.getLogger(__name__)

FIRST, LONGEST = timedelta(seconds=30), timedelta(hours=6)  # between two tries at one file
MOST_TRIES = 16  # some two days
LOOK_AGAIN = 3600.0  # seconds
TOO_LARGE = "M_TOO_LARGE"


async def keep_files(hall: Hall) -> None:
    """For ever: one file after another, so that nobody waits for them."""
    if not hall.settings.archive.media:
        if await hall.database.read(media.next_wanted) is not None:
            dropped = await hall.database.write(media.give_all_up)
            log.info("files are not kept any more: given up=%d", dropped)
        return
    while True:
        found = await hall.database.read(media.next_wanted)
        wait = LOOK_AGAIN
        if found is not None:
            wanted, at = found
            wait = min(wait, (at - hall.clock.now()).total_seconds())
            if wait <= 0:
                await _fetch(hall, wanted)
                continue
        await hall.bells.files.wait(wait)


async def _fetch(hall: Hall, wanted: Wanted) -> None:
    most = hall.settings.archive.media_max_mb * MEBIBYTE
    if max(wanted.told_bytes, 1) > await _room_left(hall):
        await _give_up(hall, wanted, FULL)
        return
    try:
        data = await hall.client.download(wanted.mxc, most)
        keys = wanted.keys
        if keys is not None:
            data = await asyncio.to_thread(open_sealed, data, keys)
        await _keep(hall, wanted, data)
    except Unauthorised:
        raise
    except RateLimited as limit:  # the whole account waits; the file is not to blame
        await asyncio.sleep(limit.retry_after)
    except Refused as refusal:
        await _give_up(hall, wanted, SIZE if refusal.errcode == TOO_LARGE else REFUSED)
    except Damaged:
        await _give_up(hall, wanted, DAMAGED)
    except (MatrixError, OSError) as trouble:  # no answer; or no room on our disk
        log.warning("file does not come (attempt %d): %s", wanted.tries + 1, _kind(trouble))
        if wanted.tries + 1 >= MOST_TRIES:
            await _give_up(hall, wanted, UNREACHABLE)
        else:
            at = hall.clock.now() + min(FIRST * 2**wanted.tries, LONGEST)
            await hall.database.write(lambda c: media.try_later(c, wanted.event_h, at))


async def _room_left(hall: Hall) -> int:
    """Bytes, until all files together are as large as they may be."""
    used = await hall.database.read(media.kept_bytes)
    return hall.settings.archive.media_total_mb * MEBIBYTE - used


def _kind(trouble: Exception) -> str:
    """Never a path or an address of the media: who sent what is nobody's business."""
    return type(trouble).__name__


async def _keep(hall: Hall, wanted: Wanted, data: bytes) -> None:
    """Bytes first, then their row; a sweep must not come between the two."""
    async with hall.keeping:
        if not await hall.database.read(lambda c: media.is_wanted(c, wanted.event_h)):
            return
        sha256 = await asyncio.to_thread(files.check_value, data)
        if len(data) > await _room_left(hall) and not await hall.database.read(
            lambda c: media.is_kept(c, sha256)
        ):
            await _give_up(hall, wanted, FULL)
            return
        await asyncio.to_thread(files.put, hall.folder, data)
        kept = await hall.database.write(
            lambda c: media.keep(c, wanted.event_h, sha256, len(data)), alone=True
        )
        if kept:
            log.info("file kept: bytes=%d", len(data))
        elif not await hall.database.read(lambda c: media.is_kept(c, sha256)):
            files.drop(hall.folder, sha256)  # its message was deleted while it came


async def _give_up(hall: Hall, wanted: Wanted, why: str) -> None:
    await hall.database.write(lambda c: media.give_up(c, wanted.event_h, why))
    log.info("file given up: why=%s", why)


async def sweep(hall: Hall) -> None:
    """Remove bytes that nothing refers to, and note which are missing. Never fails."""
    try:
        async with hall.keeping:
            named = await hall.database.read(media.all_kept)
            gone, lost = await asyncio.to_thread(files.sweep, hall.folder, named)
            # None of them is there: more likely a disk that is not mounted than a loss. Were they
            # noted as lost, the next sweep would remove them all.
            if named and lost == named:
                log.error("files are not where they were: missing=%d", len(lost))
            elif lost:
                await hall.database.write(lambda c: media.lose(c, lost))
    except OSError as trouble:
        log.error("files cannot be swept: error=%s", _kind(trouble))
        return
    if gone or lost:
        log.info("files swept: removed=%d lost=%d", gone, len(lost))

"""Builds the hall once and runs its parts side by side until it is told to stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from importlib.metadata import version
from typing import Any

from bot import keyring, ledger
from bot.backfill import Backfill
from bot.clock import Clock, SystemClock
from bot.config import Config
from bot.delivery import Delivery
from bot.erasing import keep_erasing
from bot.feed import Feed
from bot.hall import Hall, settings_of
from bot.intake import Intake
from bot.late_keys import keep_trying
from bot.logs import kind_of
from bot.matrix.client import MatrixClient
from bot.matrix.errors import RateLimited, Unauthorised, Unreachable
from bot.media import keep_files
from bot.provisioning import Provisioning
from bot.reindexing import keep_reindexing
from bot.retry import wait_after, wait_before
from bot.timers import Timers
from bot.upkeep import Upkeep
from bot.worker import Worker
from storage import meta, reindexing
from storage.courtesy import take_short_turns
from storage.database import is_passing, open_database
from storage.migrations import bring_up_to_date
from storage.records import UserId

log = logging.getLogger(__name__)

FAREWELL = 3.0  # seconds for what is on its way when we are told to stop
LONG = 60.0  # seconds of work after which an earlier failure is forgotten


@contextlib.asynccontextmanager
async def open_hall(
    config: Config,
    clock: Clock | None = None,
    *,
    patient: bool = False,
    replace_signing_keys: bool = False,
) -> AsyncIterator[Hall]:
    """The hall with its database and its homeserver; raises HallIsRunning, Unauthorised, …

    patient: wait for a homeserver that is away, instead of raising Unreachable.
    replace_signing_keys: make the account's cross-signing keys anew, whatever it has.
    """
    with keyring.held(config.data_folder):
        async with _open(config, clock, patient, replace_signing_keys) as hall:
            yield hall


@contextlib.asynccontextmanager
async def _open(
    config: Config, clock: Clock | None, patient: bool, replace_signing_keys: bool
) -> AsyncIterator[Hall]:
    database = await open_database(config.database.url)
    try:
        if await database.write(bring_up_to_date, alone=True):
            log.info("database brought up to date")
        await database.write(reindexing.begin, alone=True)
        hall_id = await database.write(meta.hall_id)
        now = (clock or SystemClock()).now()
        language = config.community.language
        ledger.clear(config.data_folder)
        if again := await ledger.replay(database, config.data_folder, now, language):
            log.info("erased anew, as the ledger says: people=%d", again)
        await database.write(lambda c: meta.put(c, meta.VERSION, version("moothall")))
        client, name = await (
            _connect_at_last(config) if patient else _connect(config, replace_signing_keys)
        )
        try:
            yield Hall(
                me=UserId(client.user_id),
                device=client.device_id,
                name=name,
                id=hall_id,
                settings=settings_of(config),
                client=client,
                database=database,
                clock=clock or SystemClock(),
                folder=config.data_folder,
            )
        finally:
            await client.close()
    finally:
        await database.close()


async def _connect(config: Config, replace_signing_keys: bool = False) -> tuple[MatrixClient, str]:
    """Our device, and the name by which people call us."""
    homeserver = config.homeserver
    client = await MatrixClient.open(
        homeserver.url,
        UserId(homeserver.user),
        password=None if homeserver.password is None else homeserver.password.reveal(),
        access_token=None if homeserver.access_token is None else homeserver.access_token.reveal(),
        device_name=homeserver.device_name,
        store=config.data_folder / keyring.FOLDER,
        pickle_key=None if homeserver.pickle_key is None else homeserver.pickle_key.reveal(),
        replace_signing_keys=replace_signing_keys,
    )
    try:
        return client, await client.display_name() or client.user_id
    except BaseException:
        await client.close()
        raise


async def _connect_at_last(config: Config) -> tuple[MatrixClient, str]:
    failures = 0
    while True:
        try:
            return await _connect(config)
        except RateLimited as limit:
            delay = limit.retry_after
        except Unreachable as trouble:
            failures += 1
            delay = wait_before(failures)
            log.warning("homeserver does not answer (attempt %d): %s", failures, trouble)
        await asyncio.sleep(delay)


async def run_hall(
    hall: Hall,
    stop: asyncio.Event,
    *,
    provision: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Run until `stop` is set; raises Unauthorised when the token dies, with all else ended.

    provision: what to do after the first sync, in place of keeping rooms and alarms.
    """
    take_short_turns()
    intake = Intake(hall)
    parts: list[Coroutine[Any, Any, None]] = [
        keep_going("intake", intake.run),
        # Who is in which room, and what was taken back, is known after the first answer.
        _after(intake.caught_up, lambda: keep_going("worker", lambda: Worker(hall).run())),
        _after(intake.caught_up, lambda: keep_going("delivery", lambda: Delivery(hall).run())),
        keep_going("backfill", lambda: Backfill(hall).run()),
        keep_going("late keys", lambda: keep_trying(hall)),
        keep_going("erasures", lambda: keep_erasing(hall)),
        keep_going("files", lambda: keep_files(hall)),
        keep_going("upkeep", lambda: Upkeep(hall).run()),
        keep_going("index", lambda: keep_reindexing(hall)),
        keep_going("calendars", lambda: Feed(hall).run()),
    ]
    if provision is not None:
        parts.append(_after(intake.caught_up, provision))
    else:
        # What must know the rooms first: making rooms, and alarms that rang while we were away.
        parts += [
            _after(intake.caught_up, lambda: keep_going("rooms", lambda: Provisioning(hall).run())),
            _after(intake.caught_up, lambda: keep_going("timers", lambda: Timers(hall).run())),
        ]
    running = [asyncio.create_task(part) for part in parts]
    stopping = asyncio.create_task(stop.wait())
    waiting: set[asyncio.Task[Any]] = {*running, stopping}
    try:
        while not stopping.done() and not any(map(_error_of, running)):
            _, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in (*running, stopping):
            task.cancel()
        await asyncio.wait(running, timeout=FAREWELL)
    errors = [error for task in running if (error := _error_of(task)) is not None]
    if errors:
        raise errors[0]


async def _after(event: asyncio.Event, part: Callable[[], Awaitable[None]]) -> None:
    await event.wait()
    await part()


def _error_of(task: asyncio.Task[Any]) -> BaseException | None:
    return task.exception() if task.done() and not task.cancelled() else None


async def keep_going(name: str, part: Callable[[], Awaitable[None]]) -> None:
    """Run a part of the hall for ever; only a dead token (Unauthorised) ends it.

    What breaks it otherwise (a failing disk, a mistake of ours) is logged, and the part begins
    anew from the database, as after a crash.
    """
    loop = asyncio.get_running_loop()
    failures = 0
    while True:
        begun = loop.time()
        try:
            return await part()
        except Exception as error:
            if (refusal := _find_refusal(error)) is not None:
                raise refusal from None
            failures = 1 if loop.time() - begun > LONG else failures + 1
            log.error(
                "%s broke and begins anew (attempt %d): error=%s",
                name,
                failures,
                kind_of(error),
                exc_info=not is_passing(error),
            )
            delay = wait_after(error, failures)
        await asyncio.sleep(delay)


def _find_refusal(error: BaseException) -> Unauthorised | None:
    """A dead token that one of a group's tasks has met."""
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_find_refusal, error.exceptions)), None)
    return error if isinstance(error, Unauthorised) else None


async def serve(config: Config, clock: Clock | None = None) -> None:
    """Open the hall and run it until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with contextlib.AsyncExitStack() as stack:
        hall_open = open_hall(config, clock, patient=True)
        opening = asyncio.create_task(stack.enter_async_context(hall_open))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({opening, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not opening.done():
            opening.cancel()  # the homeserver is away, and nothing has begun
            await asyncio.wait({opening})
            return
        hall = opening.result()
        log.info("hall open: user=%s device=%s", hall.me, hall.device)
        await run_hall(hall, stop)
    log.info("hall closed")

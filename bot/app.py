"""Builds the hall once and runs its parts side by side until it is told to stop."""

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from importlib.metadata import version
from typing import Any

from bot.backfill import Backfill
from bot.clock import Clock, SystemClock
from bot.config import Config
from bot.delivery import Delivery
from bot.hall import Hall
from bot.intake import Intake, keep_trying
from bot.matrix.client import MatrixClient
from bot.matrix.errors import Unauthorised
from bot.provisioning import Provisioning
from bot.timers import Timers
from bot.upkeep import Upkeep
from bot.worker import Worker
from commands.context import Settings
from storage import meta
from storage.database import open_database
from storage.migrations import bring_up_to_date
from storage.records import UserId

log = logging.getLogger(__name__)

FAREWELL = 3.0  # seconds for what is on its way when we are told to stop


@contextlib.asynccontextmanager
async def open_hall(config: Config, clock: Clock | None = None) -> AsyncIterator[Hall]:
    """The hall with its database and its homeserver; raises HallIsRunning, Unauthorised, …"""
    config.data_folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    database = await open_database(config.database.url)
    try:
        if await database.write(bring_up_to_date, alone=True):
            log.info("database brought up to date")
        hall_id = await database.write(meta.hall_id)
        homeserver = config.homeserver
        client = await MatrixClient.open(
            homeserver.url,
            UserId(homeserver.user),
            password=None if homeserver.password is None else homeserver.password.reveal(),
            access_token=None
            if homeserver.access_token is None
            else homeserver.access_token.reveal(),
            device_name=homeserver.device_name,
            store=config.data_folder / "crypto",
            pickle_key=None if homeserver.pickle_key is None else homeserver.pickle_key.reveal(),
        )
        try:
            yield Hall(
                me=UserId(client.user_id),
                device=client.device_id,
                name=await client.display_name() or client.user_id,
                id=hall_id,
                settings=Settings(
                    community=config.community,
                    limits=config.limits,
                    archive=config.archive,
                    prefix=config.prefix,
                    version=version("moothall"),
                ),
                client=client,
                database=database,
                clock=clock or SystemClock(),
            )
        finally:
            await client.close()
    finally:
        await database.close()


async def run_hall(
    hall: Hall,
    stop: asyncio.Event,
    *,
    provision: Callable[[], Awaitable[None]] | None = None,
) -> None:
    """Run until `stop` is set; raises Unauthorised when the token dies, with all else ended.

    provision: what to do after the first sync, in place of keeping rooms and alarms.
    """
    intake = Intake(hall)
    parts = [
        intake.run(),
        Worker(hall).run(),
        Delivery(hall).run(),
        Backfill(hall).run(),
        keep_trying(hall),
        Upkeep(hall).run(),
        _after_first_sync(intake, hall, provision),
    ]
    running: asyncio.Future[Any] = asyncio.gather(*parts)
    stopping: asyncio.Future[Any] = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()  # one part ended, which none may: tell why
    finally:
        stopping.cancel()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError, TimeoutError, Unauthorised):
            async with asyncio.timeout(FAREWELL):
                await running


async def _after_first_sync(
    intake: Intake, hall: Hall, provision: Callable[[], Awaitable[None]] | None
) -> None:
    """What must know the rooms first: making rooms, and alarms that rang while we were away."""
    await intake.caught_up.wait()
    if provision is not None:
        await provision()
        return
    async with asyncio.TaskGroup() as group:
        group.create_task(Provisioning(hall).run())
        group.create_task(Timers(hall).run())


async def serve(config: Config, clock: Clock | None = None) -> None:
    """Open the hall and run it until SIGTERM or SIGINT."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    async with open_hall(config, clock) as hall:
        log.info("hall open: user=%s device=%s", hall.me, hall.device)
        await run_hall(hall, stop)
    log.info("hall closed")

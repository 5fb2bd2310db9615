"""Serves calendars to subscribe to: one address each, that nobody can guess, and nothing else."""

import asyncio
import logging
import re

from aiohttp import web

from bot.hall import Hall
from commands.context import Context
from commands.visits.calendar import MIME
from commands.visits.feeds import calendar_of

log = logging.getLogger(__name__)

HEADERS = {"Cache-Control": "private, max-age=900", "X-Content-Type-Options": "nosniff"}


class Feed:
    """A small web server on an address of this machine."""

    def __init__(self, hall: Hall) -> None:
        self._hall = hall

    async def run(self) -> None:
        """Serve for ever; at once nothing, if no address is configured."""
        listen = self._hall.settings.visits.feed_listen
        if listen is None:
            return
        host, _, port = listen.rpartition(":")
        app = web.Application()
        app.router.add_get(r"/calendar/{token:[0-9a-f]{40}}.ics", self._calendar)
        runner = web.AppRunner(app, access_log=None)  # addresses are secrets: never logged
        await runner.setup()
        try:
            await web.TCPSite(runner, re.sub(r"[\[\]]", "", host), int(port)).start()
            log.info("calendars are served: listen=%s", listen)
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _calendar(self, request: web.Request) -> web.Response:
        hall, token = self._hall, request.match_info["token"]
        now = hall.clock.now()
        data = await hall.database.read(
            lambda c: calendar_of(token, Context(c, now, hall.me, hall.settings, "feed"))
        )
        if data is None:
            raise web.HTTPNotFound
        return web.Response(body=data, content_type=MIME, charset="utf-8", headers=HEADERS)

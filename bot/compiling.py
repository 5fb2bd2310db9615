"""Files that are put together when they are sent: what they hold lies in no queue before."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from bot import exporting
from bot.hall import Hall
from bot.matrix import rendering
from commands.members import dossier
from commands.posts import Attach
from commands.words import words_in
from storage import people, personal
from storage.records import EventId, RoomId, UserId

Maker = Callable[[Hall, Mapping[str, Any]], Awaitable[tuple[str, bytes]]]


async def _about_me(hall: Hall, asked: Mapping[str, Any]) -> tuple[str, bytes]:
    """All that is stored about somebody."""
    user_id = UserId(asked["person"])

    def look(connection: Any) -> tuple[str, dict[str, list[dict[str, Any]]], str | None]:
        who = people.know(connection, user_id)
        held = personal.held_of(connection, who.id, user_id)
        return who.display_name, held.rows, who.time_zone

    name, rows, zone = await hall.database.read(look)
    now, words = hall.clock.now(), words_in(str(asked["language"]))
    known = ZoneInfo(zone or hall.settings.community.time_zone)
    packed = await asyncio.to_thread(dossier.pack, words, rows, name=name, now=now, zone=known)
    return f"about-me-{now.date().isoformat()}.zip", packed


async def _archive(hall: Hall, asked: Mapping[str, Any]) -> tuple[str, bytes]:
    """What a coordinator may read of the archive of their rooms, in every form."""
    now = hall.clock.now()
    wanted = exporting.Wanted(
        settings=hall.settings,
        me=hall.me,
        now=now,
        language=str(asked["language"]),
        rooms=tuple(asked["rooms"]),
        reader=asked["reader"],
    )
    packed = await hall.database.study(lambda c: exporting.pack(exporting.compose(c, wanted), now))
    return f"archive-{now.date().isoformat()}.zip", packed


MAKERS: Mapping[str, Maker] = {"about me": _about_me, "archive": _archive}


async def compiled(
    hall: Hall, room_id: RoomId, wanted: Mapping[str, Any], *, post_key: str
) -> dict[str, Any]:
    """The content of an `m.file` as `rendering.attachment` makes it, with its bytes."""
    name, data = await MAKERS[wanted["kind"]](hall, wanted["asked"])
    thread = wanted.get("thread")
    file = Attach(
        room_id, name, "application/zip", data, thread=EventId(thread) if thread else None
    )
    return rendering.attachment(file, post_key=post_key)

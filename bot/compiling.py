"""Files that are put together when they are sent: what they hold lies in no queue before."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from bot import exporting, files
from bot.hall import Hall
from bot.matrix import rendering
from commands.archive.book import file_path
from commands.members import dossier
from commands.posts import Attach
from commands.words import words_in
from storage import media, people, personal
from storage.media import Reference
from storage.personal import Held
from storage.records import EventId, Person, RoomId, UserId

MOST_BYTES = 20 << 20  # of members' files in a message: homeservers take 50 MB and less

Maker = Callable[[Hall, Mapping[str, Any]], Awaitable[tuple[str, bytes]]]


async def _about_me(hall: Hall, asked: Mapping[str, Any]) -> tuple[str, bytes]:
    """All that is stored about somebody."""
    user_id = UserId(asked["person"])

    def look(connection: Any) -> tuple[Person, Held, list[Reference]]:
        who = people.know(connection, user_id)
        held = personal.held_of(connection, who.id, user_id)
        return who, held, media.references(connection, sender=who.id)

    who, held, sent = await hall.database.study(look)
    now, words = hall.clock.now(), words_in(str(asked["language"]))
    known = ZoneInfo(who.time_zone or hall.settings.community.time_zone)

    def pack() -> bytes:
        own, left_out = _files_of(sent, hall.folder)
        return dossier.pack(
            words, held.rows, name=who.display_name, now=now, zone=known, files=own,
            left_out=left_out,
        )  # fmt: skip

    packed = await asyncio.to_thread(pack)
    return f"about-me-{now.date().isoformat()}.zip", packed


def _files_of(sent: Sequence[Reference], folder: Path) -> tuple[dict[str, bytes], list[str]]:
    """As many of the newest as a message may hold, and the names of the others."""
    own: dict[str, bytes] = {}
    left_out, room = [], MOST_BYTES
    for one in sent:
        path = file_path(one.file)
        if path in own:
            continue
        if one.file.size_bytes > room:
            left_out.append(one.name)
        elif (content := files.read(folder, one.file.sha256)) is not None:
            own[path] = content
            room -= len(content)
    return own, left_out


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
        folder=hall.folder,
        most=MOST_BYTES,
    )
    made = await hall.database.study(lambda c: exporting.compose_all(c, wanted))
    packed = await asyncio.to_thread(exporting.pack, made, now)
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

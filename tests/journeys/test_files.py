"""A member sends a file: the hall keeps it, and it goes with its message."""

import asyncio
import hashlib
import io
import re
import stat
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import text

from bot import media
from storage import media as stored
from tests.hall import RunningHall
from tests.journeys.conftest import Meet, everywhere
from tests.journeys.test_archive import new_word
from tests.journeys.test_listening import file_of


def found_in(folder: Path, canary: bytes) -> list[Path]:
    """What `grep -a` finds in every file of the hall."""
    return [p for p in folder.rglob("*") if p.is_file() and canary in p.read_bytes()]


async def kept(hall: RunningHall, data: bytes) -> Path:
    """Where the hall keeps these bytes, once it does."""
    sha256 = hashlib.sha256(data).hexdigest()
    async with asyncio.timeout(20):
        while not await hall.hall.database.read(  # noqa: ASYNC110
            lambda c: stored.is_kept(c, sha256)
        ):
            await asyncio.sleep(0.05)
    return hall.folder / "data" / "media" / sha256[:2] / sha256


@pytest.mark.promise(
    "Where files are kept, a file that a member sends is fetched, decrypted, found by its name,"
    " handed out to its sender, and gone from the disk with its message; no key of it stays"
)
@everywhere
async def test_a_file_is_kept_found_and_gone_with_its_message(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann, ben = await meet("ann"), await meet("ben")
    data = f"%PDF-1.7 {word} of the winter".encode() * 50
    sent = await ann.send_file(room, data, f"../../{word}-plan.pdf")
    large = await ann.send_file(room, b"x" * (1 << 20) + b"y", f"{word}-large.pdf")
    page = await ann.send_file(room, b"<script>", f"{word}.html", mime="text/html")

    there = await kept(hall, data)
    assert there.read_bytes() == data
    assert stat.S_IMODE(there.stat().st_mode) == 0o600
    assert found_in(hall.folder / "data", data[-30:]) == [there]
    answer = await hall.asks(ben, room, f"!search {word} has:file")
    assert f"{word}-plan.pdf" in answer.body
    status = (await hall.asks(ben, room, "!archive status")).body
    assert "1 file, 2 kB" in status
    assert re.search(r"of \d+ files only the names, as they are too large", status)
    contents = await hall.hall.database.read(
        lambda c: c.execute(text("SELECT content FROM event WHERE content IS NOT NULL")).scalars()
    )
    assert not [one for one in contents if '"hashes"' in one or '"key_ops"' in one]
    assert not await hall.hall.database.read(
        lambda c: c.execute(text("SELECT keys FROM wanted_file")).all()
    )

    await ann.say(room, "!privacy export")
    copy = await ann.hears(
        lambda h: h.room_id != room and h.content.get("msgtype") == "m.file",
        sender=hall.me,
        timeout=20.0,
    )
    with zipfile.ZipFile(io.BytesIO(await file_of(copy, ann))) as folder:
        assert data in [folder.read(name) for name in folder.namelist()]

    for one in (sent, large, page):
        await ann.redact(room, one)
    assert "file, " not in (await hall.asks(ben, room, "!archive status")).body
    await media.sweep(hall.hall)  # upkeep does so after each erasure, at most a minute later
    assert found_in(hall.folder / "data", data[-30:]) == []

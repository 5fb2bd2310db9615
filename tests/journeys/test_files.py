"""A member sends a file: the hall keeps it, and it goes with its message."""

import asyncio
import hashlib
import io
import re
import stat
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from bot import media
from demo.postgres import Postgres
from storage import media as stored
from tests.hall import CLEAR, SEALED, RunningHall
from tests.journeys.conftest import Meet, everywhere
from tests.journeys.place import MakePlace
from tests.journeys.test_archive import new_word
from tests.journeys.test_listening import file_of
from tests.traces import bytes_of


def found_in(folder: Path, canary: bytes) -> list[Path]:
    """What `grep -a` finds in every file of the hall."""
    return [p for p in folder.rglob("*") if p.is_file() and canary in bytes_of(p)]


async def kept(hall: RunningHall, data: bytes) -> Path:
    """Where the hall keeps these bytes, once it does."""
    sha256 = hashlib.sha256(data).hexdigest()
    async with asyncio.timeout(20):
        while not await hall.hall.database.read(lambda c: stored.is_kept(c, sha256)):
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
    await media.sweep(hall.hall)  # upkeep does so after each erasure, within a quarter of an hour
    assert found_in(hall.folder / "data", data[-30:]) == []


@pytest.mark.promise(
    "All files of members together take no more of the disk than the operator allows; what no"
    " longer fits is kept by its name, and operators are told before that"
)
@pytest.mark.parametrize(
    ("database", "slug"), [("sqlite", CLEAR), ("sqlite", SEALED), ("postgres", CLEAR)]
)
async def test_when_the_space_for_files_is_used_up_their_names_are_kept_and_operators_told(
    make_place: MakePlace, request: pytest.FixtureRequest, database: str, slug: str
) -> None:
    place = await make_place(archive={"media": True, "media_max_mb": 1, "media_total_mb": 1})
    if database == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create_database(f"files_{uuid4().hex[:8]}")
        place.changed(database=url.replace("+asyncpg", ""))
    async with place.runs() as hall:
        (paula, olaf), room = place.people, hall.rooms[slug]
        for person in place.people:
            await person.enters(room)
        await paula.catch_up()
        data = b"%PDF-1.7" + bytes(1_000_000)
        await paula.send_file(room, data, "plan.pdf")
        await kept(hall, data)
        await paula.send_file(room, bytes(60_000), "late.pdf")
        async with asyncio.timeout(20):
            while "no room" not in (
                status := (await hall.asks(paula, room, "!archive status")).body
            ):
                await asyncio.sleep(0.1)
        assert "1 file, 1 MB" in status
        assert "of 1 file only the name, as there was no room for more files" in status
        assert "late.pdf" in (await hall.asks(paula, room, "!search late has:file")).body
        chat = await hall.chats_with(olaf)
        told = await hall.asks(olaf, chat, "admin doctor")
        assert "files take 0 of 1 MiB; for 1 there was no room" in told.body
        assert "media_total_mb" in told.body
    async with place.runs() as hall:  # looked at, unasked, at each start and every six hours
        warned = await olaf.hears(
            lambda heard: "space for members' files is nearly full" in heard.body, timeout=20.0
        )
        assert warned.room_id == hall.rooms["coordinators"]


@everywhere
async def test_a_sticker_is_found_as_a_picture_and_not_as_a_file(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann, ben = await meet("ann"), await meet("ben")
    picture = {"mimetype": "image/png", "w": 128, "h": 128}
    content = {"body": f"{word} waves", "info": picture, "url": "mxc://localhost/cat"}
    sent = await ann.send_raw(room, "m.sticker", content)
    found = await hall.asks(ben, room, f"!search {word} has:image")
    assert f"{word} waves" in found.body
    assert "Nothing found" in (await hall.asks(ben, room, f"!search {word} has:file")).body
    await ann.redact(room, sent)
    assert "Nothing found" in (await hall.asks(ben, room, f"!search {word} has:image")).body

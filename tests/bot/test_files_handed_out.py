"""Files leave the hall with what they belong to, and come back with it: exports and backups."""

import asyncio
import io
import stat
import zipfile
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from bot import compiling, export_command, exporting, files, ledger, media
from bot.backup import back_up
from bot.config import Config, load
from bot.hall import Hall as RealHall
from bot.restore import restore
from demo.hall import Setup
from demo.postgres import Postgres
from storage import folding, meta, migrations, people, rooms
from storage import media as stored
from storage.database import Database, open_database
from storage.facts import read_fact
from storage.records import ArchiveRules, EventId, FilesHeld, RoomEvent, UserId
from storage.types import event_hash, milliseconds
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, ME, Hall, furnish

EVERYTHING = ArchiveRules(media=True, media_types=("application/*", "text/*", "image/*"))
NASTY = '"><script>alert(1)</script>.html'
PLAN, PICTURE, PAGE = b"%PDF the plan", b"a picture", b"<script>alert(2)</script>"


async def keep(database: Database, folder: Path, event: RoomEvent, data: bytes) -> None:
    """A file is sent, and fetched."""
    sha256, facts = files.put(folder, data), [read_fact(event, "en")]

    def store(connection: Connection) -> None:
        folding.record(connection, facts, event.at, "en")
        assert stored.want(connection, facts, EVERYTHING, Hall(database).now)
        assert stored.keep(connection, event_hash(event.event_id), sha256, len(data))

    await database.write(store, alone=True)


@dataclass
class Desk:
    """A hall whose people have sent files."""

    hall: Hall
    folder: Path

    async def gets(self, who: UserId, name: str, mime: str, data: bytes) -> EventId:
        self.hall.later(timedelta(minutes=1))
        content = {"msgtype": "m.file", "body": name, "url": "mxc://hs/x",
                   "info": {"mimetype": mime}}  # fmt: skip
        event = self.hall._event(who, HOUSING, "m.room.message", content)
        await keep(self.hall.database, self.folder, event, data)
        return event.event_id

    async def made(self, **more: Any) -> exporting.Made:
        wanted = exporting.Wanted(self.hall.settings, ME, self.hall.now, "en", folder=self.folder,
                                  **more)  # fmt: skip
        return await self.hall.database.study(lambda c: exporting.compose_all(c, wanted))


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    hall = Hall(database)
    await hall.keeps_archive()
    made = Desk(hall, tmp_path / "data")
    made.folder.mkdir()
    await made.gets(ANN, "plan.pdf", "application/pdf", PLAN)
    await made.gets(ANN, "me.png", "image/png", PICTURE)
    await made.gets(BEN, NASTY, "text/html", PAGE)
    gone = await made.gets(CORA, "gone.pdf", "application/pdf", b"deleted canary")
    await hall.takes_back(CORA, gone)
    yield made
    await database.close()


def config_of(folder: Path, database: str = "sqlite:///moothall.db", **archive: object) -> Config:
    rules = {"media": True, "media_types": list(EVERYTHING.media_types), **archive}
    setup = Setup(
        homeserver="http://localhost:1", user=ME, password="x", coordinators=[CORA],
        operators=[CORA], slug="n", clusters=[{"slug": "housing", "title": "Housing"}],
        cities=[{"name": "Oslo", "country": "NO", "time_zone": "Europe/Oslo",
                 "languages": ["no"], "cluster": "housing"}], database=database, archive=rules,
    )  # fmt: skip
    return load(setup.write(folder), {})


def all_in(folder: Path) -> dict[str, bytes]:
    paths = (path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


@pytest.mark.promise(
    "An export carries the files that are kept and links them; taken in elsewhere, on either"
    " database, and exported again, it gives the same bytes"
)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_files_go_out_with_the_archive_and_come_in_with_it(
    desk: Desk, tmp_path: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    made = await desk.made()
    out, again = tmp_path / "out", tmp_path / "again"
    exporting.write(out, made)
    first = all_in(out)
    kept = {path: data for path, data in first.items() if path.startswith("files/")}
    assert sorted(kept.values()) == sorted([PLAN, PICTURE, PAGE])
    assert {Path(path).suffix for path in kept} == {".pdf", ".png", ".bin"}
    assert all(stat.S_IMODE((out / path).stat().st_mode) == 0o600 for path in kept)
    month = first["site/room-1-2026-03.html"].decode()
    for path in kept:
        assert f'href="../{path}"' in month
        assert f"](../{path})" in first["markdown/room-1-2026-03.md"].decode()
    assert "<script>alert(1)" not in month
    assert "canary" not in repr(first)

    url = "sqlite:///moothall.db"
    if engine == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create_database(f"files_{uuid4().hex[:8]}").replace("+asyncpg", "")
    config = config_of(tmp_path / "elsewhere", url)
    await export_command.take_in(config, out / "archive.jsonl")
    options: dict[str, Any] = {"forms": ["jsonl"], "rooms_named": [], "language": None}
    await export_command.export(config, again, overwrite=False, now=desk.hall.now, **options)
    assert all_in(again) == {**kept, "archive.jsonl": first["archive.jsonl"]}
    assert len(list((config.data_folder / "media").rglob("*/*"))) == 3


async def test_bytes_that_are_not_what_their_name_says_do_not_come_in(
    desk: Desk, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    exporting.write(out, await desk.made())
    one, two, _three = sorted((out / "files").iterdir())
    one.write_bytes(b"forged")
    two.unlink()
    config = config_of(tmp_path / "elsewhere")
    await export_command.take_in(config, out / "archive.jsonl")
    database = await open_database(config.database.url)
    number = await database.read(lambda c: rooms.know(c, HOUSING).id)
    held = await database.read(lambda c: stored.holdings(c, number))
    await database.close()
    assert (held.files, held.missing) == (1, 2)
    assert b"forged" not in all_in(config.data_folder).values()


LARGE = b"%PDF" + bytes(3 * stored.MEBIBYTE)


@pytest.mark.parametrize(
    ("archive", "kept", "says"),
    [
        ({"media": False}, [], "4 this hall keeps no files (media = false)."),
        ({"media_types": ["image/*", "text/*"]}, [PICTURE, PAGE], "2 of no type in media_types."),
        ({"media_max_mb": 2}, [PLAN, PICTURE, PAGE], "1 larger than media_max_mb."),
        ({"media_total_mb": 2}, [PLAN, PICTURE, PAGE], "1 more than media_total_mb leaves room"),
        ({"media_total_mb": 4}, [LARGE, PLAN, PICTURE, PAGE], ""),
    ],
)
async def test_an_import_takes_in_no_more_files_than_the_hall_would_keep(
    desk: Desk, tmp_path: Path, archive: dict[str, Any], kept: list[bytes], says: str
) -> None:
    await desk.gets(ANN, "large.pdf", "application/pdf", LARGE)
    out = tmp_path / "out"
    exporting.write(out, await desk.made())
    config = config_of(tmp_path / "elsewhere", **archive)
    for _twice in range(2):
        told = await export_command.take_in(config, out / "archive.jsonl")
        assert kept_in(config.data_folder) == sorted(kept)
        says_first, says = says, ""  # what is left out once is a name from then on
        assert any(says_first in line for line in told)
        assert says_first or not any("Left as names" in line for line in told)
    database = await open_database(config.database.url)
    assert await database.read(stored.kept_bytes) == sum(map(len, kept))
    await database.close()


async def test_in_a_chat_the_newest_files_come_and_the_others_are_named(desk: Desk) -> None:
    made = await desk.made(most=len(PICTURE) + len(PAGE))
    with zipfile.ZipFile(io.BytesIO(exporting.pack(made, desk.hall.now))) as packed:
        held = {name: packed.read(name) for name in packed.namelist()}
    shown = {name: data for name, data in held.items() if name.startswith("files/")}
    assert shown.pop("files/left-out.txt").decode().endswith(":\n- plan.pdf\n")
    assert sorted(shown.values()) == sorted([PICTURE, PAGE])
    month = held["site/room-1-2026-03.html"].decode()
    assert "file: plan.pdf" in month
    assert month.count('href="../files/') == 2


async def test_who_may_not_read_a_message_does_not_get_its_file(desk: Desk) -> None:
    hall, late = desk.hall, UserId("@late:hs")
    number = await hall.do(lambda c: rooms.know(c, HOUSING).id)
    await hall.do(lambda c: rooms.record_visibility(c, number, EventId("$j"), 1, "joined"))
    hall.later(timedelta(minutes=1))
    await hall.moves(late, HOUSING, "join")
    await desk.gets(CORA, "new.pdf", "application/pdf", b"for all who are here")
    reader = await hall.do(lambda c: people.know(c, late).id)
    made = await desk.made(rooms=(number,), reader=reader)
    with zipfile.ZipFile(io.BytesIO(exporting.pack(made, hall.now))) as packed:
        sent = [packed.read(name) for name in packed.namelist() if name.startswith("files/")]
    assert sent == [b"for all who are here"]


@pytest.mark.promise(
    "`!privacy export` holds the files that you sent, as many of the newest as a message may hold,"
    " and names those that it leaves out"
)
async def test_somebody_s_copy_has_their_own_files(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    hall = cast(RealHall, SimpleNamespace(
        database=desk.hall.database, settings=desk.hall.settings, folder=desk.folder,
        clock=SimpleNamespace(now=lambda: desk.hall.now),
    ))  # fmt: skip
    asked = {"person": ANN, "language": "en"}
    for most, sent in ((compiling.MOST_BYTES, {PLAN, PICTURE}), (len(PICTURE), {PICTURE})):
        monkeypatch.setattr(compiling, "MOST_BYTES", most)
        _name, data = await compiling._about_me(hall, asked)
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            names = [name for name in packed.namelist() if name.startswith("files/")]
            assert {packed.read(name) for name in names} == sent
            page = packed.read("about-me.html").decode()
        assert ("Left out, as all together would be too large: plan.pdf" in page) == (
            PLAN not in sent
        )


@pytest.mark.promise(
    "A backup holds the files that are kept; what was erased since stays erased when it is put back"
)
async def test_files_are_backed_up_put_back_and_erased_again(tmp_path: Path) -> None:
    config = config_of(tmp_path)
    data_folder = config.data_folder
    database = await open_database(config.database.url)
    await database.write(migrations.bring_up_to_date, alone=True)
    await database.write(meta.hall_id)
    await database.write(lambda c: rooms.know(c, HOUSING).id)
    (data_folder / "crypto").mkdir()
    (data_folder / "crypto" / "device.json").write_text("{}")
    now = Hall(database).now
    content = {"msgtype": "m.file", "url": "mxc://hs/x", "info": {"mimetype": "text/plain"}}
    one = RoomEvent(EventId("$one"), HOUSING, "m.room.message", ANN, milliseconds(now),
                    {**content, "body": "a.txt"})  # fmt: skip
    await keep(database, data_folder, one, b"canary")
    await keep(database, data_folder, replace(one, event_id=EventId("$two")), b"stays")
    file = tmp_path / "backup.zip"
    manifest = await back_up(config, file, overwrite=False, now=now, version="9")
    assert manifest.told().endswith("1 files of keys, 2 files of members")
    gone = RoomEvent(EventId("$r"), HOUSING, "m.room.redaction", ANN, milliseconds(now), {},
                     redacts=EventId("$one"))  # fmt: skip
    fact = read_fact(gone, "en")
    await database.write(lambda c: folding.record(c, [fact], milliseconds(now), "en"), alone=True)
    hall = cast(RealHall, SimpleNamespace(
        database=database, folder=data_folder, keeping=asyncio.Lock()
    ))  # fmt: skip
    await media.sweep(hall)
    assert kept_in(data_folder) == [b"stays"]
    await ledger.save(database, data_folder)
    await database.close()

    await restore(config, file, overwrite=True)
    assert kept_in(data_folder) == [b"canary", b"stays"]
    database = await open_database(config.database.url)
    await ledger.replay(database, data_folder, now, "en")
    cast(Any, hall).database = database
    await media.sweep(hall)
    assert kept_in(data_folder) == [b"stays"]
    number = await database.read(lambda c: rooms.know(c, HOUSING).id)
    held = await database.read(lambda c: stored.holdings(c, number))
    assert held == FilesHeld(files=1, size_bytes=5)
    await database.close()

    for name in (f"media/{'a' * 64}", "media/../x"):
        with zipfile.ZipFile(file, "a") as added:
            added.writestr(name, b"stray")
    with pytest.raises(Exception, match="damaged"):
        await restore(config, file, overwrite=True)


def kept_in(data_folder: Path) -> list[bytes]:
    paths = (data_folder / "media").rglob("*")
    return sorted(path.read_bytes() for path in paths if path.is_file())

"""The archive as files: what they tell and leave out, and that the pages work from a stick."""

import asyncio
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot import export_command, exporting
from bot.config import load
from commands.posts import Compile
from demo.hall import Setup
from storage import migrations, people, rooms
from storage.database import open_database
from storage.records import ArchiveRules, EventId, UserId
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, ME, WELCOME, Hall, direct, furnish
from tests.judges import npm_packages

MOMENT = datetime(2026, 3, 2, 9, tzinfo=UTC)
FORM = "Title: Welcome coffee\nProblem: Counters\nWhat we do: Coffee in the canteen"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Hall]:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    hall = Hall(database)
    await hall.keeps_archive()
    root = await hall.talks(ANN, "Where do we meet? <script>alert(1)</script>")
    await hall.talks(BEN, "In the Straße of the café", thread=root, reactions=[ANN])
    gone = await hall.talks(CORA, "deleted canary", thread=root)
    await hall.takes_back(CORA, gone)
    await hall.says(ANN, f"!practice share\n{FORM}")
    hall.later(timedelta(minutes=1))
    await hall.says(BEN, "!privacy archive off")
    await hall.talks(BEN, "silent canary", thread=root)
    await hall.talks(CORA, "A word in May", reactions=[ANN])
    yield hall
    await database.close()


async def files_of(hall: Hall, **more: object) -> dict[str, str]:
    wanted = exporting.Wanted(hall.settings, ME, hall.now, "en", **more)  # type: ignore[arg-type]
    return await hall.database.study(lambda c: exporting.compose(c, wanted))


@pytest.mark.promise(
    "`moothall export` writes the archive as JSON Lines, Markdown and pages; nothing deleted,"
    " erased or withheld is in any of them"
)
async def test_every_form_tells_what_is_kept_and_nothing_else(hall: Hall) -> None:
    files = await files_of(hall)
    everything = "\n".join(files.values())
    assert "canary" not in everything
    month = files["site/room-1-2026-03.html"]
    assert "&lt;script&gt;alert(1)" in month
    assert month.count("<li id=") == 5
    assert "Deleted." in month
    assert "Not kept, as its author wished." in month
    assert "👍 1" in month
    assert "Welcome coffee" in files["site/practices.html"]
    assert "city lead" in files["site/people.html"]
    assert "Ben" not in files["site/people.html"]
    assert "**Ann Berg**" in files["markdown/room-1-2026-03.md"]
    assert "Coffee in the canteen" in files["markdown/practice-1.md"]
    assert "<script>alert" not in files["site/search-data.js"]
    for path, text in files.items():
        if path.startswith("site/") and path.endswith(".html"):
            assert "default-src 'none'" in text
            assert text.count("<h1>") == 1


async def test_a_coordinator_gets_what_they_may_read_of_their_room_alone(hall: Hall) -> None:
    await hall.keeps_archive(WELCOME)
    await hall.talks(BEN, "elsewhere", WELCOME)
    assert "for coordinators" in await hall.hears(ANN, "!archive export")
    made, _mark = await hall.says(CORA, "!archive export")
    assert isinstance(made, Compile)
    assert made.to == CORA
    files = await files_of(hall, rooms=made.asked["rooms"], reader=made.asked["reader"])
    assert "elsewhere" not in "\n".join(files.values())
    assert "time_zone" not in files["archive.jsonl"]
    with zipfile.ZipFile(
        io.BytesIO(exporting.pack(exporting.Made(files, {}, None), hall.now))
    ) as packed:
        assert sorted(packed.namelist()) == sorted(files)
    shown = await hall.hears(CORA, "archive export", direct(CORA))
    assert "nothing to export" not in shown


async def test_who_opted_out_is_not_listed_among_the_people(hall: Hall) -> None:
    """Nor in the lines; where all goes to another hall, that serves them as this one does."""

    def listed(files: dict[str, str]) -> dict[str, Any]:
        lines = [json.loads(line) for line in files["archive.jsonl"].splitlines()]
        return {one["user_id"]: one for one in lines if one["kind"] == "person"}

    await hall.do(lambda c: people.change(c, BEN, city="havnvoll", roles=["city-lead"]))
    room = await hall.do(lambda c: rooms.know(c, HOUSING).id)
    theirs = listed(await files_of(hall, rooms=(room,)))
    assert theirs[ANN]["display_name"] == "Ann Berg"
    assert BEN not in theirs
    everybody = listed(await files_of(hall))
    assert "display_name" not in everybody[BEN]
    assert everybody[BEN]["city"] == "havnvoll"
    assert everybody[BEN]["roles"] == ["city-lead"]
    hall.later(timedelta(minutes=1))
    await hall.says(BEN, "!privacy archive on")
    assert "display_name" in listed(await files_of(hall, rooms=(room,)))[BEN]
    assert "display_name" in listed(await files_of(hall))[BEN]


async def test_an_export_says_why_words_are_missing(hall: Hall) -> None:
    """What nobody took back is not called deleted: its time was over."""
    hall.settings = replace(hall.settings, archive=ArchiveRules(retention=timedelta(days=30)))
    hall.later(timedelta(days=31))
    await hall.expires()
    files = await files_of(hall)
    for month in (files["site/room-1-2026-03.html"], files["markdown/room-1-2026-03.md"]):
        counts = [
            month.count(why)
            for why in ("Its time was over.", "Deleted.", "Not kept, as its author wished.")
        ]
        assert counts == [4, 1, 0]  # a placeholder has its time, too
        assert "In the Straße of the café" not in month


async def test_who_came_later_exports_nothing_from_before(hall: Hall) -> None:
    first = await hall.do(lambda c: rooms.know(c, HOUSING).id)
    late = UserId("@late:hs")
    event = EventId("$joined-only")
    await hall.do(lambda c: rooms.record_visibility(c, first, event, 1, "joined"))
    hall.later(timedelta(minutes=1))
    await hall.moves(late, HOUSING, "join")
    await hall.talks(CORA, "said to the latecomer as well")
    number = await hall.do(lambda c: people.know(c, late).id)
    files = await files_of(hall, rooms=(first,), reader=number)
    told = "".join(text for path, text in files.items() if "practice" not in path)
    assert "said to the latecomer" in files["archive.jsonl"]
    for word in ("Where do we meet", "café", "A word in May", "👍"):
        assert word not in told


@pytest.mark.promise("The exported pages search without a server, and ask nothing of the network")
@pytest.mark.promise("The exported pages can be read and searched without a mouse")
async def test_the_pages_work_from_a_stick_by_keyboard_and_no_request_leaves(
    hall: Hall, tmp_path: Path
) -> None:
    browser = shutil.which("chromium") or shutil.which("chromium-browser")
    if browser is None:
        pytest.skip("Chromium is not installed")
    made = exporting.Made(await files_of(hall, forms=("html",)), {}, None)
    exporting.write(tmp_path / "out", made)
    site = tmp_path / "out" / "site"
    pages = sorted(path.name for path in site.glob("*.html"))
    assert "room-1-2026-03.html" in pages
    wanted = {"browser": browser, "folder": str(site), "pages": pages, "query": "strasse CAFE"}
    done = await asyncio.to_thread(
        subprocess.run,
        ["node", str(npm_packages() / "pages.mjs")],
        input=json.dumps(wanted), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)
    assert seen["faults"] == {page: [] for page in pages}
    assert seen["broken"] == []
    assert seen["asked"]
    assert [url for url in seen["asked"] if not url.startswith(site.as_uri())] == []
    steps = seen["steps"]
    assert steps["met"][0] == "A To the text"
    assert steps["met"][-1] == "INPUT q"
    assert steps["told"] == "1 found."
    assert steps["live"] == "status"
    assert steps["marked"] == ["Straße", "café"]
    assert "In the Straße of the café" in steps["landed"]


async def test_operators_export_into_a_folder_and_take_it_in_elsewhere(
    tmp_path: Path, hall: Hall
) -> None:
    setup = Setup(
        homeserver="http://localhost:1", user="@moothall:hs", password="x", coordinators=[CORA],
        operators=[CORA], slug="n", clusters=[{"slug": "housing", "title": "Housing"}],
        cities=[{"name": "Oslo", "country": "NO", "time_zone": "Europe/Oslo",
                 "languages": ["no"], "cluster": "housing"}],
    )  # fmt: skip
    config = load(setup.write(tmp_path / "elsewhere"), {})
    lines = (await files_of(hall))["archive.jsonl"]
    source = tmp_path / "archive.jsonl"
    source.write_text(lines, encoding="utf-8")
    told = await export_command.take_in(config, source)
    assert told[0].startswith("Taken in: ")
    out = tmp_path / "again"
    options: dict[str, Any] = {"forms": None, "rooms_named": [], "language": None, "now": hall.now}
    told = await export_command.export(config, out, overwrite=False, **options)
    assert "site/index.html" in told[1]
    assert (out / "archive.jsonl").read_text(encoding="utf-8") == lines
    assert (out / "archive.jsonl").stat().st_mode & 0o777 == 0o600
    with pytest.raises(export_command.ExportError, match="not empty"):
        await export_command.export(config, out, overwrite=False, **options)
    source.write_text(lines + "nonsense\n", encoding="utf-8")
    with pytest.raises(export_command.ExportError, match="Nothing was changed"):
        await export_command.take_in(config, source)


async def test_what_people_wrote_is_no_markup_of_ours_and_reads_in_its_own_direction(
    hall: Hall,
) -> None:
    await hall.talks(ANN, "Tea\n---\n- one\n1986. A year\n+ two & &copy;\n=====\n5-6 people")
    await hall.talks(ANN, "مرحبا بكم في المدينة")
    files = await files_of(hall)
    written = files["markdown/room-1-2026-03.md"]
    expected = ("Tea", r"\---", r"\- one", r"1986\. A year", r"\+ two \& \&copy;", r"\=====",
                r"5\-6 people")  # fmt: skip
    assert "  \n".join(expected) in written
    page = files["site/room-1-2026-03.html"]
    assert re.search('<p class="said" dir="auto"[^>]*>مرحبا', page)


async def test_an_export_over_an_older_one_leaves_nothing_of_it_but_what_is_not_ours(
    tmp_path: Path, hall: Hall
) -> None:
    out = tmp_path / "out"
    old = {
        "site/room-9-2020-01.html": "canary", "markdown/room-9-2020-01.md": "canary",
        f"files/{'a' * 64}.pdf": "canary", "archive.jsonl": "canary", "notes.txt": "mine",
        "files/report.pdf": "mine",
    }  # fmt: skip
    for path, text in old.items():
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).write_text(text)
    texts = await files_of(hall, forms=["jsonl"])
    exporting.write(out, exporting.Made(texts, {}, None))
    left = {
        path.relative_to(out).as_posix(): path.read_text()
        for path in out.rglob("*")
        if path.is_file()
    }
    assert "canary" not in "".join(left.values())
    assert left == {**texts, "notes.txt": "mine", "files/report.pdf": "mine"}


async def test_a_place_that_cannot_be_written_or_read_is_named(tmp_path: Path) -> None:
    setup = Setup(
        homeserver="http://localhost:1", user="@moothall:hs", password="x", coordinators=[CORA],
        operators=[CORA], slug="n", clusters=[{"slug": "housing", "title": "Housing"}],
        cities=[{"name": "Oslo", "country": "NO", "time_zone": "Europe/Oslo",
                 "languages": ["no"], "cluster": "housing"}],
    )  # fmt: skip
    config = load(setup.write(tmp_path / "here"), {})
    database = await open_database(config.database.url)
    await database.write(migrations.bring_up_to_date, alone=True)
    await database.close()
    file = tmp_path / "file"
    file.write_bytes(b"\xff\xfe")
    options: dict[str, Any] = {"forms": None, "rooms_named": [], "language": None, "now": MOMENT,
                               "overwrite": True}  # fmt: skip
    for folder, says in ((file, "no folder"), (file / "below", "cannot be written: Not a dir")):
        with pytest.raises(export_command.ExportError, match=says):
            await export_command.export(config, folder, **options)
    for source, says in ((tmp_path, "is a folder"), (file, "no text"), (file / "x", "not there")):
        with pytest.raises(export_command.ExportError, match=says):
            await export_command.take_in(config, source)

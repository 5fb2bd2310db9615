"""A backup holds all there is, goes back whole into either database, and is refused if damaged."""

import asyncio
import shutil
import sqlite3
import stat
import threading
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Boolean, Connection, Integer, insert

from bot import keyring, ledger, logs
from bot.backup import BackupError, back_up
from bot.cli import Exit, main
from bot.config import Config, load
from bot.restore import restore
from demo.hall import Setup
from demo.postgres import Postgres
from storage import beside, dump, erasures, meta, migrations, people, reindexing, search
from storage.database import Database, open_database
from storage.records import UserId
from storage.search.query import Word
from storage.tables.base import metadata

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
AT_ONCE = 100  # rows read or written at once, instead of a thousand
ROWS = 2 * AT_ONCE + 43
ENGINES = ("sqlite", "postgresql")

NewHall = Callable[[str], Awaitable["Place"]]

pytestmark = pytest.mark.xdist_group("backup")  # they share what takes seconds to fill


class Place:
    """A configured hall that was never started: a database, and a folder for keys."""

    def __init__(self, folder: Path, config: Config) -> None:
        self.folder = folder
        self.config = config
        self.keys = config.data_folder / keyring.FOLDER

    async def write(self, work: Callable[[Connection], Any]) -> Any:
        database: Database = await open_database(self.config.database.url)
        try:
            return await database.write(work, alone=True)
        finally:
            await database.close()

    async def everything(self) -> dict[str, list[Any]]:
        def read(connection: Connection) -> dict[str, list[Any]]:
            return {name: list(dump.rows(connection, name)) for name in dump.names()}

        everything: dict[str, list[Any]] = await self.write(read)
        return everything

    async def fill(self) -> None:
        await self.write(populate)
        self.keys.mkdir(parents=True)
        (self.keys / "device.json").write_text('{"device_id": "ONE"}')
        (self.keys / ".device.json.ab12").write_text("a draft")
        with closing(sqlite3.connect(self.keys / "bot_ONE.db")) as store:
            store.execute("CREATE TABLE sessions (pickle TEXT)")
            store.execute("INSERT INTO sessions VALUES ('ratchet')")
            store.commit()

    async def back_up(self, name: str = "one.moothall", *, overwrite: bool = False) -> Path:
        file = self.folder / name
        await back_up(self.config, file, overwrite=overwrite, now=NOW, version="9.9")
        return file


@pytest.fixture(scope="module", autouse=True)
def _small_portions() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dump, "AT_ONCE", AT_ONCE)
        yield


@pytest.fixture
def new_hall(tmp_path: Path, request: pytest.FixtureRequest) -> NewHall:
    async def make(engine: str) -> Place:
        url = "sqlite:///moothall.db"
        if engine == "postgresql":
            server: Postgres = request.getfixturevalue("postgres")
            url = server.create_database(f"backup_{uuid4().hex[:8]}").replace("+asyncpg", "")
        return configured(tmp_path / uuid4().hex[:6], url)

    return make


def configured(folder: Path, url: str) -> Place:
    setup = Setup(
        homeserver="http://localhost:1",
        user="@moothall:localhost",
        password="secret",
        coordinators=["@paula:localhost"],
        operators=["@paula:localhost"],
        clusters=[{"slug": "welcoming", "title": "Welcoming"}],
        database=url,
    )
    return Place(folder, load(setup.write(folder), {}))


PARTICULAR: dict[tuple[str, str], Any] = {  # what documents are made of has to make sense
    ("practice", "state"): "published",
    ("visit", "state"): "confirmed",
    ("visit", "electorate"): [],
    ("visit", "start"): "2026-05-04",
    ("visit", "last"): "2026-05-05",
    ("visit_line", "kind"): "agenda",
    ("visit_line", "day"): "2026-05-04",
}


def populate(connection: Connection) -> None:
    """Every table full, whatever tables there are."""
    migrations.bring_up_to_date(connection)
    reindexing.bring_up_to_date(connection)
    meta.hall_id(connection)
    for table in metadata.sorted_tables:
        if table.name in ("meta", "document"):  # documents are made of practices and visits
            continue
        rows = [
            {column.name: _value(column, place) for column in table.columns}
            for place in range(1, ROWS)
        ]
        connection.execute(insert(table), rows)
    last: tuple[int, int] | None = reindexing.BEGINNING
    while last is not None:
        last = reindexing.renew_documents(connection, last, 1_000)


def _value(column: Any, place: int) -> Any:
    if column.nullable and place % 3 == 0:
        return None
    kind = getattr(column.type, "impl_instance", column.type)
    if column.name == "lang":
        return "en"
    if (column.table.name, column.name) in PARTICULAR:
        return PARTICULAR[column.table.name, column.name]
    if type(column.type).__name__ == "Instant":
        return NOW
    if type(column.type).__name__ == "Json":
        return {"words": f"Straße καφές\x00 {place}"}
    if isinstance(kind, Boolean):
        return place % 2 == 0
    if isinstance(kind, Integer):
        return place + (2**40 if "BigInteger" in repr(kind) else 0)
    return f"library “ķekars” {place}"


@pytest.mark.promise("A backup goes back whole, into SQLite and PostgreSQL, from either")
@pytest.mark.parametrize("target", ENGINES)
@pytest.mark.parametrize("source", ENGINES)
async def test_what_was_backed_up_is_there_again(
    new_hall: NewHall, source: str, target: str
) -> None:
    old, new = await new_hall(source), await new_hall(target)
    await old.fill()
    file = await old.back_up()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    await restore(new.config, file, overwrite=False)
    assert await new.everything() == await old.everything()
    assert sorted(path.name for path in new.keys.iterdir()) == [
        "bot_ONE.db",
        "device.json",
        "restored",
    ]
    assert all(stat.S_IMODE(path.stat().st_mode) == 0o600 for path in new.keys.iterdir())
    with closing(sqlite3.connect(new.keys / "bot_ONE.db")) as store:
        assert store.execute("SELECT pickle FROM sessions").fetchall() == [("ratchet",)]

    def goes_on(connection: Connection) -> int:
        scope = search.Scope(rooms=tuple(range(1, ROWS)))
        found = search.candidates(connection, Word("library"), scope, limit=ROWS)
        # New rows get numbers of their own.
        for table in ("inbox", "outbox", "person"):
            one = metadata.tables[table]
            row = {c.name: _value(c, ROWS + 1) for c in one.columns if c.name != "id"}
            connection.execute(insert(one), row)
        return len(found)

    assert await new.write(goes_on) > ROWS / 2


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_backup_is_one_moment_however_long_it_takes(
    new_hall: NewHall, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """What is written while the tables are read is in none of them."""
    old, new = await new_hall(engine), await new_hall("sqlite")
    await old.fill()
    before = await old.everything()
    database = await open_database(old.config.database.url)
    names = dump.names()
    rows = dump.rows

    def interrupted(connection: Connection, name: str) -> Any:
        if name == names[1]:  # the first table has been read
            late = connection_of_its_own(old.config)
            late(lambda c: meta.put(c, meta.SYNC_POSITION, "later"))
        return rows(connection, name)

    monkeypatch.setattr(dump, "rows", interrupted)
    file = await old.back_up()
    monkeypatch.undo()
    assert await database.read(lambda c: meta.get(c, meta.SYNC_POSITION)) == "later"
    await database.close()
    await restore(new.config, file, overwrite=False)
    assert await new.everything() == before


def connection_of_its_own(config: Config) -> Callable[[Callable[[Connection], Any]], None]:
    """Another program that writes, from within a loop that is busy."""

    def run(work: Callable[[Connection], Any]) -> None:
        thread = threading.Thread(
            target=lambda: asyncio.run(beside.change(config.database.url, work))
        )
        thread.start()
        thread.join()

    return run


# ── refusals ──────────────────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
async def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A full hall's folder, to be copied: filling one takes seconds."""
    place = configured(tmp_path_factory.mktemp("model") / "hall", "sqlite:///moothall.db")
    await place.fill()
    return place.folder


@pytest.fixture
def filled(model: Path, tmp_path: Path) -> Place:
    shutil.copytree(model, tmp_path / "filled")
    return Place(tmp_path / "filled", load(tmp_path / "filled" / "moothall.toml", {}))


async def test_nothing_is_overwritten_unasked(filled: Place, new_hall: NewHall) -> None:
    file = await filled.back_up()
    with pytest.raises(BackupError, match="there already"):
        await filled.back_up()
    await filled.back_up(overwrite=True)
    with pytest.raises(BackupError, match="--overwrite"):
        await restore(filled.config, file, overwrite=False)
    other = await new_hall("sqlite")
    await other.write(migrations.bring_up_to_date)
    with pytest.raises(BackupError, match="database holds a hall already"):
        await restore(other.config, file, overwrite=False)
    await restore(other.config, file, overwrite=True)
    assert await other.everything() == await filled.everything()


@pytest.mark.promise("A damaged or foreign backup is refused before anything is touched")
@pytest.mark.parametrize("damage", ["cut", "byte", "part", "stray", "rows", "newer", "text"])
async def test_a_damaged_backup_changes_nothing(
    filled: Place, new_hall: NewHall, damage: str
) -> None:
    file = await filled.back_up()
    new = await new_hall("sqlite")
    spoil(file, damage)
    with pytest.raises(BackupError, match="othing was changed"):
        await restore(new.config, file, overwrite=True)
    assert not new.config.data_folder.exists()


def spoil(file: Path, damage: str) -> None:
    content = file.read_bytes()
    match damage:
        case "cut":
            file.write_bytes(content[: len(content) // 2])
        case "byte":
            middle = len(content) // 2
            file.write_bytes(
                content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :]
            )
        case "text":
            file.write_text("not a backup")
        case _:
            rewrite(file, damage)


def rewrite(file: Path, damage: str) -> None:
    with zipfile.ZipFile(file) as read:
        parts: dict[str, bytes] = {name: read.read(name) for name in read.namelist()}
    manifest = parts["manifest.json"]
    match damage:
        case "part":
            del parts["database/message.jsonl"]
        case "stray":
            parts["crypto/../../outside"] = b"x"
        case "rows":
            parts["database/inbox.jsonl"] += b"[]\n"
        case "newer":
            schema = f'"schema": "{migrations.HEAD}"'.encode()
            parts["manifest.json"] = manifest.replace(schema, b'"schema": "9999"')
            assert parts["manifest.json"] != manifest
    with zipfile.ZipFile(file, "w") as write:
        for name, content in parts.items():
            write.writestr(name, content)


async def test_a_backup_of_another_account_is_refused(filled: Place, new_hall: NewHall) -> None:
    file = await filled.back_up()
    new = await new_hall("sqlite")
    homeserver = replace(new.config.homeserver, user="@other:localhost")
    with pytest.raises(BackupError, match="@moothall:localhost"):
        await restore(replace(new.config, homeserver=homeserver), file, overwrite=True)


async def test_a_running_hall_is_not_overwritten(
    filled: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    file = await filled.back_up()
    line = ["--config", str(filled.folder / "moothall.toml"), "restore", str(file), "--overwrite"]
    with keyring.held(filled.config.data_folder):
        assert await in_a_thread(line) == Exit.RUNNING
    database = await open_database(filled.config.database.url)
    assert await in_a_thread(line) == Exit.RUNNING
    await database.close()
    assert "Another process keeps this hall already" in capsys.readouterr().err
    assert await in_a_thread(line) == Exit.FINE
    told = capsys.readouterr().out
    assert "stop the old hall for good" in told


async def in_a_thread(line: list[str]) -> int:
    with pytest.MonkeyPatch.context() as patch:
        # In this process it would take pytest's handlers away, and leave one that writes to a
        # stream which ends with the test.
        patch.setattr(logs, "set_up", lambda _level, *, as_json: None)
        return await asyncio.to_thread(main, line)


def erase_somebody(connection: Connection) -> str:
    """After the backup: what only the ledger knows once it is put back."""
    who = people.know(connection, UserId("@zoe:localhost"))
    return erasures.request(connection, who, NOW, NOW).mark


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_restore_cut_short_lets_no_hall_start(
    new_hall: NewHall,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    filled: Place,
    engine: str,
) -> None:
    file = await filled.back_up()
    new = await new_hall(engine)
    await restore(new.config, file, overwrite=False)
    mark = await new.write(erase_somebody)

    def power_fails(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(keyring, "replace_files", power_fails)
    with pytest.raises(KeyboardInterrupt):
        await restore(new.config, file, overwrite=True)
    monkeypatch.undo()
    with pytest.raises(keyring.RestoreUnfinished), keyring.held(new.config.data_folder):
        pass
    line = ["--config", str(new.folder / "moothall.toml"), "init"]
    assert await in_a_thread(line) == Exit.UNFINISHED
    assert "--overwrite" in capsys.readouterr().err
    await restore(new.config, file, overwrite=True)
    with keyring.held(new.config.data_folder):
        assert await new.everything() == await filled.everything()
    assert mark in (new.config.data_folder / ledger.NAME).read_text()


@pytest.mark.parametrize("engine", ENGINES)
async def test_a_ledger_that_was_put_beside_the_database_is_kept_by_a_restore(
    filled: Place, new_hall: NewHall, engine: str
) -> None:
    file = await filled.back_up()
    new = await new_hall(engine)
    await restore(new.config, file, overwrite=False)
    here = await new.write(erase_somebody)
    copied = '{"kind":"erased","mark":"abcdef","until":1800000000000,"asked":1800000000000}'
    ledger.write(new.config.data_folder, [copied])
    for _ in range(2):
        await restore(new.config, file, overwrite=True)
        lines = ledger.read(new.config.data_folder)
        assert lines.count(copied) == 1
        assert any(here in line for line in lines)
        assert len(lines) == len(set(lines))


async def test_a_database_of_a_newer_version_is_left_alone(
    filled: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    await filled.write(lambda c: c.exec_driver_sql("UPDATE alembic_version SET version_num='9999'"))
    line = ["--config", str(filled.folder / "moothall.toml"), "init"]
    assert await in_a_thread(line) == Exit.UNFINISHED
    assert "newer version" in capsys.readouterr().err

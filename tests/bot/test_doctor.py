"""The doctor without a homeserver: what it finds in the database, on the machine, in itself."""

import asyncio
import json
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import Connection, make_url, text

from bot.doctor import beside as outside
from bot.doctor.examination import CHECKS, examine
from bot.doctor.homeserver import check_devices, check_signed
from bot.doctor.machine import warn_of_many_files
from bot.doctor.patient import Patient
from bot.matrix.device import Device
from bot.matrix.examining import Devices, Examiner
from bot.matrix.http import Http
from commands.context import Settings
from commands.doctor import findings as words_of
from commands.doctor.rules import (
    Finding,
    Level,
    judge_clock,
    judge_delay,
    judge_disk,
    judge_keys,
    judge_space,
)
from commands.words import words_in
from demo.postgres import Postgres
from storage import gaps, inbox, meta, outbox, timers, waiting
from storage.beside import Beside
from storage.database import Database, open_database
from storage.inbox import Entry
from storage.migrations import bring_up_to_date
from storage.outbox import Action, Row
from storage.records import ArchiveRules, EventId, Limits, RoomId, Timer, UserId
from storage.waiting import Waiting
from tests.commands.conftest import COMMUNITY

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROOM = RoomId("!housing:hs")
NOWHERE = "http://127.0.0.1:1"
RULES = ArchiveRules("City", "privacy@city.example", media=True, media_total_mb=10)
SETTINGS = Settings(COMMUNITY, Limits(), RULES, version="1")


def keys_signed_by(*keys: str) -> dict[str, Any]:
    """What /keys/query says of our device."""
    signatures = {"@moothall:hs": dict.fromkeys(keys, "c2ln")}
    device = {"keys": {"ed25519:DEV": "REVW"}, "signatures": signatures}
    return {"device_keys": {"@moothall:hs": {"DEV": device}}}


class Stopped:
    """A clock at one moment."""

    def now(self) -> datetime:
        return NOW


class Keeper:
    """A database, and the address by which a second process reads it."""

    def __init__(self, database: Database, url: str, folder: Path) -> None:
        self.database = database
        self.url = url
        self.folder = folder

    async def plants(self, work: Callable[[Connection], object]) -> None:
        await self.database.write(work)

    @asynccontextmanager
    async def patient(self, url: str | None = None) -> AsyncIterator[Patient]:
        examiner = Examiner(Http(NOWHERE), None, ours=True)
        memory = Beside(url or self.url)
        try:
            yield Patient(
                UserId("@moothall:hs"),
                SETTINGS,
                NOWHERE,
                examiner,
                memory,
                self.folder,
                Stopped(),
                words_in("en"),
            )
        finally:
            await examiner.close()

    async def finds(self, check: str, url: str | None = None) -> Finding:
        async with self.patient(url) as patient:
            found = await examine(patient)
        return next(finding for finding in found if finding.check == check)


@pytest.fixture(params=["sqlite", "postgresql"])
async def keeper(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Keeper]:
    """A hall's database, open and locked as by a running hall."""
    url = f"sqlite:///{tmp_path}/moothall.db"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = f"doctor_{uuid4().hex[:12]}"
        server.create_database(name)
        url = server.url(name)
    database = await open_database(url)
    await database.write(bring_up_to_date, alone=True)
    keeper = Keeper(database, url, tmp_path)
    yield keeper
    await keeper.database.close()


# ── faults in what is remembered ──────────────────────────────────────────────────────────────


def entry(key: str) -> Entry:
    return Entry(key=key, lane=ROOM, kind="event", position=1, payload={})


def leave_unanswered(c: Connection) -> None:
    inbox.add(c, [entry("$late")], NOW - timedelta(hours=2))


def keep_failing(c: Connection) -> None:
    inbox.add(c, [entry("$failing")], NOW)
    number = c.scalar(text("SELECT id FROM inbox"))
    inbox.count_attempt(c, number or 0, NOW + timedelta(minutes=1), "KeyError at x")


def park(c: Connection) -> None:
    inbox.add(c, [entry("$parked")], NOW)
    inbox.park(c, c.scalar(text("SELECT id FROM inbox")) or 0, NOW, "KeyError at x")


def leave_unsent(c: Connection) -> None:
    row = Row("stuck", ROOM, Action.MESSAGE, {"body": ""}, "m.room.message")
    outbox.add(c, uuid4(), [row], NOW - timedelta(minutes=20))


def have_refused(c: Connection) -> None:
    leave_unsent(c)
    row = c.scalar(text("SELECT id FROM outbox")) or 0
    outbox.settle(c, row, NOW - timedelta(days=1), failure="M_FORBIDDEN")


def leave_a_gap(c: Connection) -> None:
    gaps.open_gap(c, ROOM, "a", "b", NOW - timedelta(hours=3))


def give_up_a_gap(c: Connection) -> None:
    leave_a_gap(c)
    gaps.close(c, c.scalar(text("SELECT id FROM gap")) or 0, NOW, abandoned="M_FORBIDDEN")


def wait_for_a_key(c: Connection) -> None:
    event = Waiting(EventId("$shut"), ROOM, "session", {"type": "m.room.encrypted"})
    waiting.add(c, [event], NOW - timedelta(minutes=30), None)


def oversleep(c: Connection) -> None:
    wall = (NOW - timedelta(hours=2)).replace(tzinfo=None)
    timers.schedule(c, [Timer("digest/1", "digest", wall, "UTC")])


def run_another_version(c: Connection) -> None:
    meta.put(c, meta.VERSION, "0")


def fall_behind(c: Connection) -> None:
    c.execute(text("UPDATE alembic_version SET version_num = '0000'"))


def come_from_the_future(c: Connection) -> None:
    c.execute(text("UPDATE alembic_version SET version_num = '9999'"))


def fill_the_space(c: Connection) -> None:
    """Twice the same file, which lies there once, and one that found no room."""
    rows = [(1, "a", 9 << 20, None), (2, "a", 9 << 20, None), (3, None, None, "full")]
    for number, sha256, size, missing in rows:
        c.execute(
            text(
                "INSERT INTO attachment (event_h, room_id, name, sha256, kept_bytes, missing)"
                " VALUES (:n, 1, 'x', :sha256, :size, :missing)"
            ),
            {"n": number, "sha256": sha256, "size": size, "missing": missing},
        )


FAULTS: Sequence[tuple[Callable[[Connection], None], str, Level, str, str]] = (
    (leave_unanswered, "inbox", Level.FAIL, "Unanswered: 1", "Is the hall running?"),
    (keep_failing, "inbox", Level.WARN, "to be tried again: 1", "its log says"),
    (park, "parked", Level.WARN, "Given up after five attempts: 1", "moothall parked"),
    (leave_unsent, "outbox", Level.WARN, "Unsent: 1", "rate limit"),
    (have_refused, "refused", Level.WARN, "last week: 1", "right that is missing"),
    (leave_a_gap, "gaps", Level.FAIL, "oldest for 3 hours", "Is the hall running?"),
    (give_up_a_gap, "gaps", Level.WARN, "last month: 1", "joined"),
    (wait_for_a_key, "waiting-for-keys", Level.WARN, "key: 1", "open their client"),
    (oversleep, "timers", Level.FAIL, "Overdue: 1", "Is the hall running?"),
    (fill_the_space, "files", Level.WARN, "9 of 10 MiB; for 1 there was", "media_total_mb"),
    (run_another_version, "version", Level.WARN, "last started as 0", "Restart the hall"),
    (fall_behind, "migrations", Level.FAIL, "Tables are at 0000", "restart the hall"),
    (come_from_the_future, "migrations", Level.FAIL, "newer than", "newer Moothall"),
)


@pytest.mark.parametrize(
    ("plant", "check", "level", "said", "cure"), FAULTS, ids=[f[0].__name__ for f in FAULTS]
)
async def test_each_fault_in_the_database_is_found_with_its_cure(
    keeper: Keeper,
    plant: Callable[[Connection], None],
    check: str,
    level: Level,
    said: str,
    cure: str,
) -> None:
    healthy = await keeper.finds(check)
    assert (healthy.level, healthy.cure) == (Level.OK, "")

    await keeper.plants(plant)

    found = await keeper.finds(check)
    assert found.level is level
    assert said in found.said
    assert cure in found.cure


async def test_what_nobody_can_undo_is_not_shown_for_ever(keeper: Keeper) -> None:
    long_ago = NOW - timedelta(days=31)

    def plant(c: Connection) -> None:
        gaps.open_gap(c, ROOM, "a", "b", long_ago)
        number = c.scalar(text("SELECT id FROM gap")) or 0
        gaps.close(c, number, long_ago, abandoned="M_FORBIDDEN")
        leave_unsent(c)
        row = c.scalar(text("SELECT id FROM outbox")) or 0
        outbox.settle(c, row, long_ago, failure="M_FORBIDDEN")

    await keeper.plants(plant)

    assert (await keeper.finds("gaps")).level is Level.OK
    assert (await keeper.finds("refused")).level is Level.OK


async def test_a_database_that_is_not_there_is_found_and_not_made(
    keeper: Keeper, tmp_path: Path
) -> None:
    is_file = make_url(keeper.url).get_backend_name() == "sqlite"
    url = f"sqlite:///{tmp_path}/elsewhere.db" if is_file else keeper.url + "_elsewhere"
    found = await keeper.finds("database", url)
    assert found.level is Level.FAIL
    assert "database.url" in found.cure
    assert ("There is no database" in found.said) is is_file
    assert not (tmp_path / "elsewhere.db").exists()


async def test_a_file_that_is_no_database_is_found(tmp_path: Path) -> None:
    (tmp_path / "broken.db").write_bytes(b"not a database at all" * 400)
    url = f"sqlite:///{tmp_path}/broken.db"
    async with Keeper.patient(Keeper(None, url, tmp_path)) as patient:  # type: ignore[arg-type]  # never written to
        found = {finding.check: finding for finding in await examine(patient)}
    assert found["database"].level is Level.FAIL
    assert "back-up" in found["database"].cure
    assert found["disk"].level is not Level.FAIL, "one broken thing hid another"


async def test_reading_beside_a_hall_neither_locks_nor_writes(keeper: Keeper) -> None:
    """A second process may look; the hall goes on, and a hall that starts is not refused."""
    async with keeper.patient() as patient:
        with pytest.raises(Exception, match=r"(?i)read-?only"):
            await patient.memory.read(lambda c: c.execute(text("DELETE FROM inbox")))
        await keeper.plants(park)
        await keeper.database.close()
        again = await open_database(keeper.url)
        assert (
            await patient.memory.read(lambda c: c.scalar(text("SELECT count(*) FROM inbox"))) == 1
        )
        keeper.database = again


async def test_a_database_whose_hall_has_crashed_is_read_whole(tmp_path: Path) -> None:
    """What is only in the write-ahead log counts, and stays there."""
    source = sqlite3.connect(tmp_path / "a.db")
    source.execute("PRAGMA journal_mode=WAL")
    source.execute("CREATE TABLE t (x)")
    source.execute("INSERT INTO t VALUES (7)")
    source.commit()
    for suffix in ("", "-wal"):
        (tmp_path / f"b.db{suffix}").write_bytes((tmp_path / f"a.db{suffix}").read_bytes())
    source.close()
    memory = Beside(f"sqlite:///{tmp_path}/b.db")
    assert await memory.read(lambda c: c.scalar(text("SELECT x FROM t"))) == 7
    assert (tmp_path / "b.db-wal").stat().st_size > 0


# ── the machine, and the doctor itself ────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("free", "level"),
    [(1 << 20, Level.FAIL), (1 << 29, Level.WARN), (1 << 40, Level.OK)],
)
async def test_a_full_disk_is_found(tmp_path: Path, free: int, level: Level) -> None:
    keeper = Keeper(None, f"sqlite:///{tmp_path}/no.db", tmp_path)  # type: ignore[arg-type]  # never written to
    async with keeper.patient() as patient:
        full = replace(patient, free_bytes=lambda _folder: free)
        found = next(f for f in await examine(full) if f.check == "disk")
    assert found.level is level
    assert ("Make room" in found.cure) is (level is not Level.OK)


async def test_the_space_for_files_is_told_before_it_is_full(keeper: Keeper) -> None:
    async with keeper.patient() as patient:
        roomy = await warn_of_many_files(patient)
        await keeper.plants(fill_the_space)
        full = await warn_of_many_files(patient)
        off = replace(SETTINGS, archive=ArchiveRules())
        unwatched = await warn_of_many_files(replace(patient, settings=off))
    assert [one.level for one in (roomy, full, unwatched)] == [Level.OK, Level.WARN, Level.OK]
    assert "nearly full" in full.said
    assert not any(sign.isdigit() for sign in full.said), "the same words each time: told once"


async def test_one_broken_check_hides_no_other_and_the_order_stands(tmp_path: Path) -> None:
    async def breaks(_patient: Patient) -> Sequence[Finding]:
        raise RuntimeError("postgresql://moothall:hunter2@db/hall")

    keeper = Keeper(None, f"sqlite:///{tmp_path}/no.db", tmp_path)  # type: ignore[arg-type]  # never written to
    async with keeper.patient() as patient:
        broken = [(name, breaks if name == "inbox" else check) for name, check in CHECKS]
        found = await examine(patient, broken)
    # Members' devices are known within a running hall alone.
    told = [name for name, _check in CHECKS if name != "devices-unreached"]
    assert [finding.check for finding in found] == told
    inbox_line = next(finding for finding in found if finding.check == "inbox")
    assert inbox_line.level is Level.WARN
    assert "RuntimeError" in inbox_line.said
    assert "hunter2" not in outside.as_json(found)


async def test_a_homeserver_that_is_away_is_found(tmp_path: Path) -> None:
    keeper = Keeper(None, f"sqlite:///{tmp_path}/no.db", tmp_path)  # type: ignore[arg-type]  # never written to
    found = await keeper.finds("homeserver")
    assert found.level is Level.FAIL
    assert NOWHERE in found.said
    assert "homeserver.url" in found.cure


def test_the_json_is_as_documented() -> None:
    words = words_in("en")
    findings = [words_of.parked(words, 0), words_of.parked(words, 2)]
    told = json.loads(outside.as_json(findings))
    assert list(told) == ["version", "level", "findings"]
    assert told["level"] == "warn"
    assert [list(one) for one in told["findings"]] == [["check", "level", "said", "cure"]] * 2
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    for name, _check in CHECKS:
        assert f"`{name}`" in page, f"docs/doctor.md does not explain {name}"


class Told:
    """A homeserver that has one answer."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    async def post(self, _path: str, _body: Any) -> dict[str, Any]:
        return self._answer


ME = "@moothall:hs"
OWNER = {
    f"{usage}_keys": {ME: {"keys": {f"ed25519:{usage}": "U0VMRg"}, "signatures": {}}}
    for usage in ("master", "self_signing")
}


@pytest.mark.parametrize(
    ("answer", "check_level", "cure"),
    [
        # Signatures that are there and not valid; the journeys have those that are.
        (OWNER | keys_signed_by("ed25519:U0VMRg", "ed25519:DEV"), Level.WARN, "--replace-signing"),
        (OWNER | keys_signed_by("ed25519:DEV"), Level.WARN, "--replace-signing"),
        (keys_signed_by("ed25519:DEV"), Level.WARN, "which makes them"),
        ({"device_keys": {ME: {}}}, Level.FAIL, "Start the hall"),
        ({"device_keys": []}, Level.FAIL, "Start the hall"),
    ],
)
async def test_a_device_that_is_not_signed_is_found(
    tmp_path: Path, answer: dict[str, Any], check_level: Level, cure: str
) -> None:
    device = Device(UserId(ME), "DEV", "token")
    keeper = Keeper(None, f"sqlite:///{tmp_path}/no.db", tmp_path)  # type: ignore[arg-type]  # never written to
    async with keeper.patient() as patient:
        told: Any = Told(answer)
        found = await check_signed(replace(patient, examiner=Examiner(told, device)))
    assert found[0].level is check_level
    assert cure in found[0].cure


async def test_a_missing_driver_is_a_finding(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "asyncpg", None)
    keeper = Keeper(None, "postgresql://nobody:hunter2@127.0.0.1:1/hall", tmp_path)  # type: ignore[arg-type]  # never written to
    found = await keeper.finds("database")
    assert found.level is Level.FAIL
    assert "hunter2" not in found.said


@pytest.mark.parametrize(
    ("judged", "level"),
    [
        (judge_disk(0), Level.FAIL),
        (judge_clock(timedelta(seconds=29)), Level.OK),
        (judge_clock(timedelta(seconds=-31)), Level.WARN),
        (judge_clock(timedelta(minutes=-6)), Level.FAIL),
        (judge_delay(None), Level.OK),
        (judge_delay(timedelta(minutes=4)), Level.OK),
        (judge_delay(timedelta(minutes=6)), Level.WARN),
        (judge_delay(timedelta(hours=2)), Level.FAIL),
        (judge_keys(0), Level.FAIL),
        (judge_keys(4), Level.WARN),
        (judge_keys(5), Level.OK),
        (judge_space(89, 100), Level.OK),
        (judge_space(90, 100), Level.WARN),
        (judge_space(200, 100), Level.WARN),
    ],
)
def test_thresholds(judged: Level, level: Level) -> None:
    assert judged is level


async def test_a_check_that_hangs_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def hangs(_patient: Patient) -> Sequence[Finding]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr("bot.doctor.examination.LONGEST", 0.05)
    keeper = Keeper(None, f"sqlite:///{tmp_path}/no.db", tmp_path)  # type: ignore[arg-type]  # never written to
    async with keeper.patient() as patient:
        found = await examine(patient, [("slow", hangs), *CHECKS[:2]])
    assert [finding.check for finding in found] == ["slow", "version", "disk"]
    assert "TimeoutError" in found[0].said


async def test_devices_that_are_not_reached_or_not_trusted_are_told_by_their_owners(
    tmp_path: Path,
) -> None:
    ward = Keeper(cast(Database, None), "sqlite://", tmp_path)
    many = frozenset((f"@{number}:hs", "\x1b[31mRED") for number in range(7))
    async with ward.patient() as beside:
        assert await check_devices(beside) == [], "from beside nobody can know"
        healthy = replace(beside, devices=Devices(frozenset(), frozenset()))
        assert [one.level for one in await check_devices(healthy)] == [Level.OK, Level.OK]
        changed = frozenset({("@ben:hs", "A"), ("@ben:hs", "B")})
        unreached, others = await check_devices(replace(beside, devices=Devices(many, changed)))
    assert (unreached.check, unreached.level) == ("devices-unreached", Level.WARN)
    assert "@0:hs, @1:hs, @2:hs, @3:hs, @4:hs and 2 more" in unreached.said
    assert "open that client" in unreached.cure
    assert (others.check, others.level) == ("devices-changed", Level.WARN)
    assert others.said.endswith("of @ben:hs")
    assert "log that session out" in others.cure
    assert "RED" not in unreached.said, "their owners name them as they like"

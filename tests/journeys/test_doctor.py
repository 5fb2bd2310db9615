"""The doctor at work on a real homeserver, from beside the hall and from within."""

import asyncio
import json
import os
import shutil
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import pytest

from bot.app import open_hall
from bot.clock import ShiftedClock
from bot.config import load
from bot.doctor.beside import beside
from bot.doctor.examination import examine
from bot.doctor.patient import Patient
from bot.provisioning import initialise
from commands.doctor.rules import Finding, Level
from demo.hall import Setup
from demo.homeserver import Account, Homeserver
from demo.people import Person
from storage import rooms
from tests.conftest import new_account
from tests.hall import RunningHall, setup_for
from tests.journeys.conftest import everywhere

WARD = ("well", "removed", "banned", "mute", "weak", "unlisted", "orphan")


@dataclass
class Clinic:
    """A hall that does not run, with a room for each illness."""

    setup: Setup
    folder: Path
    olaf: Account
    rooms: dict[str, str]

    @property
    def device(self) -> dict[str, str]:
        path = self.folder / "data" / "crypto" / "device.json"
        known: dict[str, str] = json.loads(path.read_text("utf-8"))
        return known

    async def call(self, method: str, path: str, body: Any = None, *, token: str = "") -> Any:
        """Ask the homeserver, as the bot itself or with somebody's token."""
        headers = {"Authorization": f"Bearer {token or self.device['access_token']}"}
        address = f"{self.setup.homeserver}/_matrix/client/v3{path}"
        async with aiohttp.request(method, address, headers=headers, json=body) as answer:
            told = await answer.json()
            assert answer.status == 200, told
            return told

    async def sets(self, slug: str, kind: str, key: str, content: Any) -> None:
        path = f"/rooms/{quote(self.rooms[slug])}/state/{kind}/{quote(key)}"
        await self.call("PUT", path, content)

    async def lowers_the_bot(self, slug: str, level: int, **levels: int) -> None:
        path = f"/rooms/{quote(self.rooms[slug])}/state/m.room.power_levels/"
        content = await self.call("GET", path)
        content["users"][self.setup.user] = level
        await self.call("PUT", path, {**content, **levels})

    async def olaf_does(self, what: str, slug: str) -> None:
        path = f"/rooms/{quote(self.rooms[slug])}"
        await self.call("POST", f"{path}/join", {}, token=self.olaf.access_token)
        body = {"user_id": self.setup.user}
        await self.call("POST", f"{path}/{what}", body, token=self.olaf.access_token)

    def copied(self, folder: Path, **changes: Any) -> "Clinic":
        """The same hall with other files, so that they can be broken."""
        shutil.copytree(self.folder, folder)
        return replace(self, folder=folder, setup=replace(self.setup, **changes))

    @asynccontextmanager
    async def patient(self, **clock: Any) -> AsyncIterator[Patient]:
        config = load(self.setup.write(self.folder), os.environ)
        async with beside(config, ShiftedClock(**clock)) as patient:
            yield patient

    async def finds(self, **clock: Any) -> dict[str, Finding]:
        async with self.patient(**clock) as patient:
            return {finding.check: finding for finding in await examine(patient)}


@pytest.fixture(scope="module")
async def clinic(homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory) -> Clinic:
    paula, olaf = new_account(homeserver, "paula"), new_account(homeserver, "olaf")
    setup = setup_for(
        homeserver.url,
        new_account(homeserver, "moothall"),
        paula,
        operators=[olaf.user_id],
        slug=f"c{uuid4().hex[:8]}",
        clusters=[{"slug": slug, "title": f"Room {slug}"} for slug in WARD],
        cities=(),
        community={"room_version": "11"},
    )
    folder = tmp_path_factory.mktemp("clinic") / "hall"
    async with open_hall(load(setup.write(folder), os.environ)) as hall:
        await initialise(hall)
        known = await hall.database.read(rooms.find)
    return Clinic(
        setup, folder, olaf, {room.cluster or room.kind.value: room.room_id for room in known}
    )


# ── twelve faults ─────────────────────────────────────────────────────────────────────────────
# Each is planted in the hall that the fixture made; those in rooms stay in that room.


async def remove(clinic: Clinic, _folder: Path) -> Clinic:
    await clinic.lowers_the_bot("removed", 0)
    await clinic.olaf_does("kick", "removed")
    return clinic


async def ban(clinic: Clinic, _folder: Path) -> Clinic:
    await clinic.lowers_the_bot("banned", 0)
    await clinic.olaf_does("ban", "banned")
    return clinic


async def silence(clinic: Clinic, _folder: Path) -> Clinic:
    await clinic.lowers_the_bot("mute", 0, events_default=20)
    return clinic


async def weaken(clinic: Clinic, _folder: Path) -> Clinic:
    await clinic.lowers_the_bot("weak", 30)
    return clinic


async def unlist(clinic: Clinic, _folder: Path) -> Clinic:
    await clinic.sets("space", "m.space.child", clinic.rooms["unlisted"], {})
    return clinic


async def orphan(clinic: Clinic, _folder: Path) -> Clinic:
    await clinic.sets("orphan", "m.space.parent", clinic.rooms["space"], {})
    return clinic


async def name_a_cluster_that_has_no_room(clinic: Clinic, folder: Path) -> Clinic:
    new = {"slug": "absent", "title": "Room absent"}
    return clinic.copied(folder, clusters=[*clinic.setup.clusters, new])


async def log_out(clinic: Clinic, folder: Path) -> Clinic:
    """Another device, logged in and out again."""
    copy = clinic.copied(folder)
    told = await log_in(clinic)
    await clinic.call("POST", "/logout", {}, token=told["access_token"])
    rewrite(copy, access_token=told["access_token"], device_id=told["device_id"])
    return copy


async def restore_another_device(clinic: Clinic, folder: Path) -> Clinic:
    copy = clinic.copied(folder)
    rewrite(copy, device_id="OTHERDEVICE")
    return copy


async def lose_the_keys(clinic: Clinic, folder: Path) -> Clinic:
    copy = clinic.copied(folder)
    for path in (copy.folder / "data" / "crypto").glob("*.db*"):
        path.unlink()
    return copy


async def lose_the_login(clinic: Clinic, folder: Path) -> Clinic:
    copy = clinic.copied(folder)
    (copy.folder / "data" / "crypto" / "device.json").unlink()
    return copy


async def take_another_account(clinic: Clinic, folder: Path) -> Clinic:
    copy = clinic.copied(folder)
    rewrite(copy, access_token=clinic.olaf.access_token)
    return copy


async def begin_as_an_unsigned_device(clinic: Clinic, folder: Path) -> Clinic:
    copy = clinic.copied(folder)
    told = await log_in(clinic)
    me, device = clinic.setup.user, told["device_id"]
    keys = {
        "user_id": me,
        "device_id": device,
        "algorithms": [],
        "keys": {f"{kind}:{device}": "QUJD" for kind in ("ed25519", "curve25519")},
        "signatures": {me: {f"ed25519:{device}": "QUJD"}},
    }
    token = told["access_token"]
    await clinic.call("POST", "/keys/upload", {"device_keys": keys}, token=token)
    rewrite(copy, access_token=token, device_id=device)
    return copy


async def log_in(clinic: Clinic) -> dict[str, str]:
    body = {
        "type": "m.login.password",
        "identifier": {"type": "m.id.user", "user": clinic.setup.user},
        "password": clinic.setup.password,
    }
    told: dict[str, str] = await clinic.call("POST", "/login", body)
    return told


async def drain_keys(clinic: Clinic, _folder: Path) -> Clinic:
    me, device = clinic.setup.user, clinic.device["device_id"]
    body = {"one_time_keys": {me: {device: "signed_curve25519"}}}
    while (await clinic.call("POST", "/keys/upload", {}))["one_time_key_counts"].get(
        "signed_curve25519"
    ):
        await clinic.call("POST", "/keys/claim", body, token=clinic.olaf.access_token)
    return clinic


async def point_elsewhere(clinic: Clinic, folder: Path) -> Clinic:
    return clinic.copied(folder, homeserver="http://127.0.0.1:1")


def rewrite(clinic: Clinic, **changes: str) -> None:
    path = clinic.folder / "data" / "crypto" / "device.json"
    path.write_text(json.dumps({**clinic.device, **changes}), "utf-8")


Plant = Callable[[Clinic, Path], Awaitable[Clinic]]
FAULTS: Sequence[tuple[Plant, str, Level, str, str]] = (
    (remove, "room:removed", Level.FAIL, "not in Room removed any more", "ask @moothall"),
    (ban, "room:banned", Level.FAIL, "banned from Room banned", "lift the ban"),
    (silence, "room:mute", Level.FAIL, "m.room.message", "raise the power level"),
    (weaken, "room:weak", Level.WARN, "m.room.pinned_events", "raise the power level"),
    (unlist, "space:unlisted", Level.WARN, "The Space does not list", "Restart the hall"),
    (orphan, "space:orphan", Level.WARN, "does not name the Space", "Restart the hall"),
    (name_a_cluster_that_has_no_room, "room:absent", Level.FAIL, "no room", "Restart the hall"),
    (log_out, "token", Level.FAIL, "M_UNKNOWN_TOKEN", "logged the bot out"),
    (lose_the_login, "token", Level.FAIL, "no login", "moothall init"),
    (take_another_account, "token", Level.FAIL, "The login is for @olaf", "homeserver.user"),
    (restore_another_device, "device", Level.FAIL, "those of OTHERDEVICE", "same back-up"),
    (lose_the_keys, "device", Level.FAIL, "are not in the data folder", "from a back-up"),
    (
        begin_as_an_unsigned_device,
        "device-signed",
        Level.WARN,
        "not signed by",
        "--replace-signing",
    ),
    (drain_keys, "one-time-keys", Level.FAIL, "in stock: 0", "A running hall uploads"),
    (point_elsewhere, "homeserver", Level.FAIL, "does not answer", "homeserver.url"),
)


# Without the hall's own login and device there is more that cannot be well.
ANOTHER_LOGIN = (
    log_out,
    lose_the_login,
    take_another_account,
    restore_another_device,
    begin_as_an_unsigned_device,
    point_elsewhere,
)


@pytest.mark.promise("`moothall doctor` finds what is broken and names what helps.")
@pytest.mark.parametrize(
    ("plant", "check", "level", "said", "cure"), FAULTS, ids=[f[0].__name__ for f in FAULTS]
)
async def test_each_fault_is_found_with_its_cure(
    clinic: Clinic,
    tmp_path: Path,
    plant: Plant,
    check: str,
    level: Level,
    said: str,
    cure: str,
) -> None:
    before = await clinic.finds()
    assert check not in before or before[check].level is Level.OK
    ill_before = {one.check for one in before.values() if one.level is not Level.OK}

    ill = await plant(clinic, tmp_path / "copy")

    found = await ill.finds()
    assert found[check].level is level
    assert said in found[check].said
    assert cure in found[check].cure
    assert set(before) <= {*found, "rooms", *(c for c in before if ":" in c)}, "a line is missing"
    if plant not in ANOTHER_LOGIN:
        new = {one.check for one in found.values() if one.level is not Level.OK} - ill_before
        slug = check.partition(":")[2]
        assert new <= {check, f"space:{slug}"}, "it found more than there is"


async def test_a_clock_that_is_wrong_is_found(clinic: Clinic) -> None:
    assert (await clinic.finds())["clock"].level is Level.OK
    ahead = (await clinic.finds(shift=timedelta(hours=1)))["clock"]
    assert (ahead.level, "1 hour ahead" in ahead.said) == (Level.FAIL, True)
    behind = (await clinic.finds(shift=timedelta(minutes=-2)))["clock"]
    assert (behind.level, "2 minutes behind" in behind.said) == (Level.WARN, True)
    assert "NTP" in behind.cure


# ── beside a running hall, and within it ──────────────────────────────────────────────────────


async def runs_doctor(config: Path, *more: str) -> tuple[int, str]:
    """`moothall doctor`, as an operator runs it: exit status and what it printed, anywhere."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot.cli", "--config", str(config), "doctor", *more),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        printed, _none = await process.communicate()
    assert process.returncode is not None
    return process.returncode, printed.decode()


@everywhere
async def test_the_doctor_looks_at_a_running_hall_and_leaves_it_alone(
    hall: RunningHall, paula: Person, slug: str
) -> None:
    room = hall.rooms[slug]
    await hall.asks(paula, room, "!whoami")

    status, printed = await runs_doctor(hall.folder / "moothall.toml", "--json")

    told = json.loads(printed)
    ill = {one["check"] for one in told["findings"] if one["level"] != "ok"}
    # Other journeys leave their traces in the same hall; its rooms and its login are well.
    assert ill <= {"refused", "waiting-for-keys", "gaps", "parked"}
    assert status == 0
    device = json.loads((hall.folder / "data" / "crypto" / "device.json").read_text("utf-8"))
    pickle = (hall.folder / "data" / "crypto" / "pickle_key").read_text("utf-8").strip()
    for secret in (hall.setup.password, device["access_token"], pickle):
        assert len(secret) < 7 or secret not in printed
    assert "postgres:" not in printed
    await hall.asks(paula, room, "!whoami")


async def test_the_exit_status_tells_and_lines_are_for_people(
    clinic: Clinic, tmp_path: Path
) -> None:
    ill = clinic.copied(tmp_path / "copy", homeserver="http://127.0.0.1:1")
    status, printed = await runs_doctor(ill.setup.write(ill.folder))
    assert status == 1
    assert "fail  homeserver" in printed
    assert "→ Check homeserver.url" in printed
    assert "Traceback" not in printed


@pytest.mark.promise("`!admin doctor` tells operators, and only them, what is wrong with the hall.")
async def test_an_operator_asks_the_doctor_from_within(
    hall: RunningHall, olaf: Person, paula: Person, slug: str
) -> None:
    desk = hall.rooms["coordinators"]
    answer = await hall.asks(olaf, desk, "!admin doctor")
    assert "Fine:" in answer.body
    for check in ("homeserver", "room:welcoming", "space:language", "database", "clock"):
        assert check in answer.body.split("Fine:")[1]
    assert answer.content["m.relates_to"]["rel_type"] == "m.thread"

    refusal = await hall.asks(paula, desk, "!admin doctor")
    assert "Fine:" not in refusal.body

    # In a room full of members it is answered where only the operator reads it.
    await olaf.say(hall.rooms[slug], "!admin doctor")
    told = await olaf.hears(lambda heard: "Fine:" in heard.body, sender=hall.me, timeout=30.0)
    assert told.room_id not in hall.rooms.values()

"""Whatever the hall writes for operators, in either form, holds no secret and nobody's words."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from bot.cli import Exit
from bot.config import load
from demo.hall import HallProcess
from demo.homeserver import Homeserver
from demo.people import Person
from demo.postgres import Postgres
from demo.timeline import Heard
from storage import beside
from tests.conftest import new_account
from tests.crash import crowd
from tests.faults import Answer, FaultProxy, Rule, anything
from tests.forked import moothall
from tests.hall import CLEAR, SEALED, answers, setup_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-8")]


@dataclass
class Canaries:
    """Words that exist nowhere else; where one of them is found, something has leaked."""

    hatched: list[str] = field(default_factory=list)

    def __call__(self) -> str:
        self.hatched.append(f"canary{uuid4().hex}")
        return self.hatched[-1]

    def in_text(self, words: str) -> list[str]:
        return [one for one in self.hatched if one in words]


@dataclass
class Scene:
    hall: HallProcess
    proxy: FaultProxy
    paula: Person
    clear: str
    sealed: str
    canary: Canaries
    as_json: bool
    told: list[str] = field(default_factory=list)  # what commands printed

    async def command(self, *line: str, status: Exit = Exit.FINE) -> str:
        got, said = await moothall(self.hall.config, *line)
        self.told.append(said)
        assert got == status, said
        return said

    async def sql(self, statement: str) -> None:
        url = load(self.hall.config, {}).database.url
        await beside.change(url, lambda c: c.execute(text(statement)))

    async def logged(self, words: str) -> None:
        async with asyncio.timeout(30):
            while not any(words in line for line in self.hall.log):
                await asyncio.sleep(0.1)


@pytest.fixture(params=["plain-sqlite", "json-postgresql"])
async def scene(
    homeserver: Homeserver, request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[Scene]:
    form, _, backend = request.param.partition("-")
    canary, database = Canaries(), "sqlite:///moothall.db"
    if backend == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        database = server.create_database(f"hall_{uuid4().hex[:12]}").replace("+asyncpg", "")
        database = database.replace("postgres@", f"postgres:{canary()}@")
    paula = new_account(homeserver, "paula")
    bot = homeserver.register(f"moothall-{uuid4().hex[:8]}", canary())
    async with AsyncExitStack() as stack:
        proxy = await stack.enter_async_context(FaultProxy(homeserver.url, 3))
        slug = f"secrets-{uuid4().hex[:6]}"
        setup = setup_for(proxy.url, bot, paula, slug=slug, database=database)
        path = setup.write(tmp_path)
        inside = f'[homeserver]\npickle_key = "{canary()}"'
        written = path.read_text().replace("[homeserver]", inside)
        path.write_text(f'[hall]\nlog_level = "debug"\nlog = "{form}"\n\n{written}')
        hall = await stack.enter_async_context(HallProcess(path))
        await hall.start()
        device = json.loads((tmp_path / "data" / "crypto" / "device.json").read_text())
        canary.hatched.append(device["access_token"])
        person = await stack.enter_async_context(
            await Person.log_in(homeserver.url, paula, store=tmp_path / "p", accept_invites=True)
        )
        await person.join(f"#{slug}:localhost")
        clear = await person.join(f"#{slug}-{CLEAR}:localhost")
        sealed = await person.join(f"#{slug}-{SEALED}:localhost")
        await person.enters(sealed)
        await person.catch_up()
        yield Scene(hall, proxy, person, clear, sealed, canary, as_json=form == "json")


@pytest.mark.promise(
    "Logs, in plain and in JSON, command output and the process list hold no word of a member and "
    "no secret; what fails is parked, told without words, and retried or dropped"
)
async def test_no_canary_is_found_in_what_operators_read(scene: Scene) -> None:
    paula, canary = scene.paula, scene.canary
    # The search will break when it remembers what was asked for, for `!more`.
    await scene.sql("ALTER TABLE search_page RENAME COLUMN query TO gone")
    broken = []
    for room in (scene.clear, scene.sealed):
        for _ in range(8):  # more than a page shows
            await paula.say(room, f"tea with {canary()}")
        await paula.say(room, f"!{canary()} {canary()}")
        await paula.say(room, f"!city {canary()}")
        broken.append(await paula.say(room, f"!search tea -{canary()}"))
    odd = {"msgtype": "m.text", "body": canary(), "formatted_body": [canary()], "format": 7}
    await paula.send_raw(scene.clear, "m.room.message", odd)
    await paula.send_raw(scene.clear, "m.room.encrypted", {"algorithm": [], "x": canary()})
    await paula.send_raw(scene.sealed, "m.room.message", {"msgtype": 7, "body": [canary()]})
    scene.proxy.change([Rule(anything, {Answer(502): 1.0})], cut=True)
    await asyncio.sleep(1.0)
    scene.proxy.change([])
    for room, event_id in zip((scene.clear, scene.sealed), broken, strict=True):
        await scene.logged("attempt=5" if not scene.as_json else '"attempt": 5')
        await paula.hears(answer_to(event_id), room=room, timeout=20)

    listed = await scene.command("parked", "list")
    lines = listed.splitlines()
    assert len(lines) == 2
    for line, event_id in zip(sorted(lines, key=lambda one: broken[0] not in one), broken,
                              strict=True):  # fmt: skip
        assert event_id in line
        assert re.search(r"Error \w+ at storage/search_pages\.py:\d+ \(remember\)", line)
    first, second = (line.split()[0] for line in sorted(lines, key=lambda o: broken[0] not in o))
    await scene.sql("ALTER TABLE search_page RENAME COLUMN gone TO query")
    assert f"{first}: back in the queue" in await scene.command("parked", "retry", first)
    await paula.say(scene.clear, "!whoami")  # or half a minute would pass
    await paula.hears(answer_to(broken[0]), room=scene.clear, timeout=20)
    assert f"{second}: dropped" in await scene.command("parked", "drop", "--all")
    assert "Nothing is parked" in await scene.command("parked", "list")
    await scene.command("backup", str(scene.hall.config.parent / "one.zip"))
    await scene.command("run", status=Exit.RUNNING)

    listing = [path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline") if readable(path)]
    assert any(str(scene.hall.config).encode() in line for line in listing)
    assert await scene.hall.stop() == Exit.FINE, crowd.tail(scene.hall.log)
    log = "\n".join(scene.hall.log)
    assert canary.in_text(log) == []
    assert canary.in_text("\n".join(scene.told)) == []
    assert canary.in_text(b"\n".join(listing).decode(errors="replace")) == []
    # It did break, and was told with all it takes to find out why.
    assert "OperationalError" in log or "ProgrammingError" in log
    assert "search_pages.py" in log
    if scene.as_json:
        check_fields([json.loads(line) for line in scene.hall.log], broken[0], scene.clear)


def answer_to(said: str) -> Callable[[Heard], bool]:
    return lambda heard: answers(heard) == said


def readable(path: Path) -> bool:
    try:
        return bool(path.read_bytes())
    except OSError:
        return False


def check_fields(lines: list[dict[str, object]], event_id: str, room: str) -> None:
    assert all({"time", "level", "logger", "message"} <= set(line) for line in lines)
    (handled,) = [
        line for line in lines if line["message"] == "handled" and line["event"] == event_id
    ]
    assert handled["room"] == room
    assert handled["command"] == "search"
    assert isinstance(handled["duration_ms"], float)

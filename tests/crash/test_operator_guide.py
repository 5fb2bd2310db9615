"""Every command of the operator guide is run, in its order, against a real homeserver."""

import asyncio
import configparser
import os
import re
import shutil
import stat
import sys
import tomllib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from bot.cli import Exit
from demo.hall import Setup
from demo.homeserver import Account, Homeserver
from demo.people import Person
from tests.conftest import new_account
from tests.hall import CLEAR, CLUSTERS, answers, setup_for

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-10")]

ROOT = Path(__file__).resolve().parents[2]
GUIDE = (ROOT / "docs" / "operator-guide.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
SIGNED_OUT = "<!-- the test signs the bot out here -->"

# What stands in for the machine: a service manager, a journal, a package installer, a copier.
# Everything else on the page is the real thing.
SYSTEMCTL = """
import os, pathlib, signal, subprocess, sys, time
verb, pid, log = sys.argv[1], pathlib.Path("hall.pid"), pathlib.Path("hall.log")
def alive():
    try:
        os.kill(int(pid.read_text()), 0)
        return True
    except (OSError, ValueError):
        return False
if verb == "start" or (verb == "enable" and "--now" in sys.argv):
    with log.open("a") as out:
        before = log.stat().st_size
        one = subprocess.Popen(["moothall", "run"], stderr=out, stdout=out, start_new_session=True)
    pid.write_text(str(one.pid))
    while "hall ready" not in log.read_text()[before:]:
        if one.poll() is not None:
            sys.exit(f"it ended: {log.read_text()[before:]}")
        time.sleep(0.1)
elif verb in ("stop", "disable"):
    if alive():
        os.kill(int(pid.read_text()), signal.SIGTERM)
    while alive():
        time.sleep(0.1)
elif verb == "status":
    sys.exit(0 if alive() else 3)
elif verb != "daemon-reload":
    sys.exit(f"systemctl {verb}?")
"""
JOURNALCTL = "import pathlib; print(pathlib.Path('hall.log').read_text())"
PYTHON3 = """
import os, shutil, sys
assert sys.argv[1:] == ["-m", "venv", "venv"], sys.argv
os.makedirs("venv/bin")
shutil.copy(os.path.join(os.path.dirname(sys.argv[0]), "pip"), "venv/bin/pip")
"""
PIP = """
import re, sys, tomllib
assert sys.argv[1] == "install"
extra = re.fullmatch(r"\\.\\[(\\w+)\\]", sys.argv[-1])
with open(PYPROJECT, "rb") as file:
    assert extra[1] in tomllib.load(file)["project"]["optional-dependencies"]
"""
SCP = """
import shutil, sys
*files, target = sys.argv[1:]
assert target.startswith("new-machine:")
for one in files:
    shutil.copy(one, NEW_MACHINE)
"""


@dataclass
class Block:
    """The commands of one fence, and what stands in the page before it."""

    where: str
    commands: str
    before: str


def blocks() -> list[Block]:
    found, end = [], 0
    for match in FENCE.finditer(GUIDE):
        name, _, where = match[1].partition(" ")
        assert name in ("sh", "ini"), f"a fence of “{match[1]}” is run by nobody"
        if name == "sh":
            found.append(Block(where, match[2], GUIDE[end : match.start()]))
        end = match.end()
    return found


@dataclass
class Machines:
    """Two folders with programs of their own in front of the system's."""

    old: Path
    new: Path
    programs: Path
    variables: dict[str, str]

    def folder(self, where: str) -> Path:
        return {"": self.old, "new": self.new}[where]

    async def run(self, block: Block) -> str:
        process = await asyncio.create_subprocess_exec(
            *("bash", "-euo", "pipefail", "-c", block.commands),
            cwd=self.folder(block.where),
            env={**os.environ, **self.variables, "PATH": f"{self.programs}:{os.environ['PATH']}"},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        async with asyncio.timeout(120):
            said, _ = await process.communicate()
        assert process.returncode == 0, f"{block.commands}\n{said.decode()}"
        return said.decode()

    async def end(self) -> None:
        for folder in (self.old, self.new):
            if (folder / "hall.pid").exists():
                await self.run(Block("" if folder == self.old else "new", "systemctl stop x", ""))


@pytest.fixture
async def machines(tmp_path: Path, homeserver: Homeserver) -> AsyncIterator[Machines]:
    old, new, programs = (tmp_path / name for name in ("old", "new", "programs"))
    for folder in (old, new, programs):
        folder.mkdir()
    shutil.copy(ROOT / "config.example.toml", old)
    sources = {"systemctl": SYSTEMCTL, "journalctl": JOURNALCTL, "python3": PYTHON3, "scp": SCP}
    sources |= {"pip": PIP, "moothall": "from bot.cli import main; import sys; sys.exit(main())"}
    for name, source in sources.items():
        given = f"NEW_MACHINE, PYPROJECT = {str(new)!r}, {str(ROOT / 'pyproject.toml')!r}\n"
        (programs / name).write_text(f"#!{sys.executable}\n{given}{source}")
        (programs / name).chmod(0o755)
    admin = homeserver.register(f"admin-{uuid4().hex[:6]}", "secret", admin=True)
    variables = {
        "ADMIN_TOKEN": admin.access_token,
        "HOMESERVER": homeserver.url,
        "PYTHONPATH": str(ROOT),
        "MOOTHALL_PASSWORD": "unused",
    }
    made = Machines(old, new, programs, variables)
    yield made
    await made.end()


async def asks(person: Person, room: str, hall: str) -> None:
    said = await person.say(room, "!whoami")
    await person.hears(lambda one: answers(one) == said, room=room, sender=hall, timeout=30)


async def sign_out(homeserver: Homeserver, bot: Account, folder: Path) -> None:
    owner = await Person.log_in(homeserver.url, bot.user_id, bot.password, store=folder / "owner")
    async with owner:
        await owner.request("POST", "/logout/all", {})


@pytest.mark.promise("Every command of the operator guide was run as it stands there")
async def test_the_guide_leads_from_install_to_another_machine(
    machines: Machines, homeserver: Homeserver, tmp_path: Path
) -> None:
    bot, paula = new_account(homeserver, "moothall"), new_account(homeserver, "paula")
    machines.variables["BOT"] = bot.user_id
    slug = f"guide-{uuid4().hex[:6]}"
    setup: Setup = setup_for(
        homeserver.url, bot, paula, slug=slug, clusters=CLUSTERS[:1], cities=()
    )
    async with AsyncExitStack() as stack:
        person: Person | None = None
        room = ""
        for block in blocks():
            if SIGNED_OUT in block.before:
                await sign_out(homeserver, bot, tmp_path)
            await machines.run(block)
            if "cp config.example.toml moothall.toml" in block.commands:
                path = machines.old / "moothall.toml"
                assert stat.S_IMODE(path.stat().st_mode) == 0o600
                path.write_text(setup.toml())  # filled in
            if person is None and "enable --now" in block.commands:
                person = await stack.enter_async_context(
                    await Person.log_in(homeserver.url, paula, store=tmp_path / "p")
                )
                await person.join(f"#{slug}:localhost")
                room = await person.join(f"#{slug}-{CLEAR}:localhost")
            if person is not None and re.search("start moothall|enable --now", block.commands):
                await asks(person, room, bot.user_id)
        assert (machines.new / "hall.pid").exists(), "the guide did not lead to another machine"


def test_the_service_file_starts_again_what_may_go_better() -> None:
    (unit,) = [match[2] for match in FENCE.finditer(GUIDE) if match[1] == "ini"]
    parser = configparser.ConfigParser()
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # the documented way
    parser.read_string(unit)
    service = parser["Service"]
    hopeless = {Exit.CONFIG, Exit.UNAUTHORISED, Exit.RUNNING, Exit.UNFINISHED}
    assert {int(one) for one in service["RestartPreventExitStatus"].split()} == hopeless
    assert service["ExecStart"].endswith("venv/bin/moothall run")
    for status in Exit:
        assert re.search(rf"^\| {int(status)} \|", GUIDE, re.MULTILINE), status.name


def test_the_guide_names_every_extra_as_the_project_does() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    for extra in re.findall(r"\.\[(\w+)\]", GUIDE):
        assert extra in project["optional-dependencies"]

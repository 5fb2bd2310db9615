"""What the journeys share: one hall a database, its coordinator and operator, and newcomers."""

import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol
from urllib.parse import quote
from uuid import uuid4

import aiohttp
import pytest

from demo.asking import RefusedError
from demo.homeserver import Homeserver
from demo.people import Person
from demo.postgres import Postgres
from tests.conftest import new_account
from tests.hall import CLEAR, SEALED, RunningHall, running_hall, setup_for
from tests.journeys.place import make_place as make_place

GROUPS = {name: pytest.mark.xdist_group(f"journeys-{name}") for name in ("sqlite", "postgres")}
# Each journey is made in a clear and in an encrypted room (tests/contract/test_rooms.py sees to
# it), on SQLite; those that cross the whole hall also on PostgreSQL.
on_both = pytest.mark.parametrize(
    "hall",
    [pytest.param(name, marks=group) for name, group in GROUPS.items()],
    indirect=True,
    scope="session",
)
everywhere = pytest.mark.parametrize(
    ("hall", "slug"),
    [
        pytest.param("sqlite", CLEAR, marks=GROUPS["sqlite"]),
        pytest.param("sqlite", SEALED, marks=GROUPS["sqlite"]),
        pytest.param("postgres", CLEAR, marks=GROUPS["postgres"]),
    ],
    indirect=["hall"],
    scope="session",
)
# The same where people make rooms of their own, or chat with the hall directly.
in_rooms_of_their_own = pytest.mark.parametrize(
    ("hall", "encrypted"),
    [
        pytest.param("sqlite", False, marks=GROUPS["sqlite"]),
        pytest.param("sqlite", True, marks=GROUPS["sqlite"]),
        pytest.param("postgres", False, marks=GROUPS["postgres"]),
    ],
    indirect=["hall"],
    scope="session",
)


class Arrive(Protocol):
    """`ann = await arrive("ann", CLEAR)`: a new member of the Space, in these cluster rooms."""

    async def __call__(self, name: str, *slugs: str, display_name: str | None = None) -> Person: ...


@pytest.fixture(scope="session", params=[pytest.param("sqlite", marks=GROUPS["sqlite"])])
async def hall(
    request: pytest.FixtureRequest,
    homeserver: Homeserver,
    tmp_path_factory: pytest.TempPathFactory,
) -> AsyncIterator[RunningHall]:
    """A hall for all journeys on that database."""
    database = "sqlite:///moothall.db"
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        database = server.create_database(f"journeys_{uuid4().hex[:8]}")
        database = database.replace("+asyncpg", "")
    paula, olaf = new_account(homeserver, "paula"), new_account(homeserver, "olaf")
    setup = setup_for(
        homeserver.url,
        new_account(homeserver, "moothall"),
        paula,
        operators=[olaf.user_id],
        database=database,
        slug=f"j{uuid4().hex[:8]}",
        archive={
            "controller": "CityLink secretariat",
            "contact": "privacy@example.org",
            "media": True,
            "media_max_mb": 1,
        },
        limits={"commands_a_minute": 600, "quiet_days": []},
        digests={"weekday": far_from_today()},
    )
    folder = tmp_path_factory.mktemp("journeys")
    async with running_hall(setup, folder / "hall") as running:
        running.staff = {"paula": paula, "olaf": olaf}
        yield running


def far_from_today() -> str:
    """A day of the week on which no journey can end: digests come when they are asked for."""
    return f"{datetime.now(UTC) + timedelta(days=3):%A}".lower()


class Household:
    """Whom the journeys on a hall meet again: logged in once, at rest between two tests."""

    def __init__(self, hall: RunningHall, homeserver: Homeserver, folder: Path) -> None:
        self._hall = hall
        self._homeserver = homeserver
        self._folder = folder
        self._everybody: dict[str, Person] = {}

    @asynccontextmanager
    async def visited(self, name: str) -> AsyncIterator[Person]:
        """One of the staff, or a member of both cluster rooms, with nothing yet to be heard."""
        person = self._everybody.get(name)
        if person is None:
            self._everybody[name] = person = await self._move_in(name)
        else:
            await person.wake()
        person.forget()
        try:
            yield person
        finally:
            await person.rest()

    async def _move_in(self, name: str) -> Person:
        account = self._hall.staff.get(name) or new_account(self._homeserver, name)
        person = await Person.log_in(
            self._hall.setup.homeserver,
            account,
            store=self._folder / account.user_id,
            accept_invites=True,
        )
        if name in self._hall.staff:  # invited everywhere
            for room_id in self._hall.rooms.values():
                await person.enters(room_id)
            await person.catch_up()
        else:
            await _ask_in(self._hall, person)
            await person.enters(self._hall.rooms["space"])
            await self._hall.enters(person, CLEAR, SEALED)
        return person

    async def close(self) -> None:
        for person in self._everybody.values():
            await person.close()


@pytest.fixture(scope="session")
async def household(
    hall: RunningHall, homeserver: Homeserver, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Household]:
    house = Household(hall, homeserver, tmp_path_factory.mktemp("household"))
    for name in hall.staff:
        async with house.visited(name):
            pass  # invited, and now in every room
    yield house
    await house.close()


class Meet(Protocol):
    """`ann = await meet("ann")`: a member of both clusters, whom earlier tests have met, too.

    For journeys about what is said. Whoever changes what the hall knows of a person (their city,
    their settings, their rooms) asks for somebody new: `arrive`.
    """

    async def __call__(self, name: str) -> Person: ...


@pytest.fixture
async def meet(household: Household) -> AsyncIterator[Meet]:
    """Members who have long been here."""
    async with AsyncExitStack() as stack:

        async def meet(name: str) -> Person:
            return await stack.enter_async_context(household.visited(name))

        yield meet


@pytest.fixture
async def paula(household: Household) -> AsyncIterator[Person]:
    """The project coordinator; she is in every room."""
    async with household.visited("paula") as paula:
        yield paula


@pytest.fixture
async def olaf(household: Household) -> AsyncIterator[Person]:
    """The operator; he is in every room."""
    async with household.visited("olaf") as olaf:
        yield olaf


@pytest.fixture
async def arrive(
    hall: RunningHall, household: Household, homeserver: Homeserver, tmp_path: Path
) -> AsyncIterator[Arrive]:
    """New members, who are asked into the Space by the coordinator and join rooms by themselves."""
    async with AsyncExitStack() as stack:

        async def arrive(name: str, *slugs: str, display_name: str | None = None) -> Person:
            account = new_account(homeserver, name)
            person = await Person.log_in(
                homeserver.url,
                account,
                store=tmp_path / account.user_id,
                display_name=display_name,
                accept_invites=True,
            )
            await stack.enter_async_context(person)
            await _ask_in(hall, person)
            await person.enters(hall.rooms["space"])
            if slugs:
                await hall.enters(person, *slugs)
            if SEALED in slugs:
                stack.push_async_callback(_leave, person, hall.rooms[SEALED])
            return person

        yield arrive


async def _ask_in(hall: RunningHall, person: Person) -> None:
    """Let the coordinator ask somebody into the Space."""
    path = f"/_matrix/client/v3/rooms/{quote(hall.rooms['space'])}/invite"
    async with aiohttp.request(
        "POST",
        hall.setup.homeserver + path,
        headers={"Authorization": f"Bearer {hall.staff['paula'].access_token}"},
        json={"user_id": person.user_id},
    ) as answer:
        answer.raise_for_status()


async def _leave(person: Person, room_id: str) -> None:
    """Each device in an encrypted room costs those who speak there later."""
    with contextlib.suppress(RefusedError):  # gone already
        await person.request("POST", f"/rooms/{quote(room_id)}/leave", {})


@pytest.fixture
async def stranger(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Person]:
    """Somebody with an account, and in none of our rooms."""
    account = new_account(homeserver, "stranger")
    async with await Person.log_in(
        homeserver.url, account, store=tmp_path / account.user_id, accept_invites=True
    ) as person:
        yield person


@pytest.fixture(params=[CLEAR, SEALED])
def slug(request: pytest.FixtureRequest) -> str:
    """A clear room, and an encrypted one."""
    return str(request.param)


@pytest.fixture(params=[False, True], ids=["clear", "encrypted"])
def encrypted(request: pytest.FixtureRequest) -> bool:
    """The same choice for rooms that the test makes."""
    return bool(request.param)

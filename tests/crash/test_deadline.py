"""The hall is killed before a deadline: back again, it closes once, with the votes in time."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from bot.clock import ShiftedClock
from bot.matrix import polls
from demo.hall import HallProcess
from demo.homeserver import Homeserver
from demo.people import Person
from demo.timeline import Heard
from storage import visits
from storage.records import RoomId
from storage.visit_records import VisitState
from tests.conftest import new_account
from tests.hall import CLEAR, SEALED, RunningHall, answers, running_hall, setup_for
from tests.journeys.test_visits import NO, YES, votes_in_poll

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-7")]

CITIES = {CLEAR: "Havnvoll", SEALED: "Lipohrad"}


async def asks(person: Person, room: str, text: str) -> Heard:
    said = await person.say(room, text)
    return await person.hears(lambda heard: answers(heard) == said, room=room, timeout=30)


async def ask(person: Person, room: str, slug: str) -> tuple[str, list[Heard]]:
    """Three dates are asked in a room, of two cities; one of them will stay silent."""
    assert (
        "Noted"
        in (await asks(person, room, f"!member set {person.user_id} city:{CITIES[slug]}")).body
    )
    monday = datetime.now(UTC).date() + timedelta(days=90)
    dates = " ".join(str(monday + timedelta(weeks=n)) for n in range(3))
    cities = " ".join(f"cities:{city}" for city in CITIES.values())
    draft = await asks(person, room, f"!visit propose {CITIES[slug]} {dates} {cities}")
    number = draft.body.partition(":")[0]
    await person.say(room, f"!visit open {number}")
    found = [await person.hears(room=room, type=polls.START, timeout=20) for _ in range(3)]
    return number, found


async def vote(person: Person, room: str, number: str, found: list[Heard]) -> None:
    """Polls, the second one answered twice, and words; nobody is there to hear them."""
    await votes_in_poll(person, found[0], YES)
    await votes_in_poll(person, found[1], YES)
    await votes_in_poll(person, found[1], NO)
    await person.say(room, f"!vote {number} 3 maybe")


@pytest.mark.promise(
    "A poll whose deadline passes while the hall is killed closes once when it is back, with every"
    " vote that was cast in time, in clear and in encrypted rooms."
)
async def test_votes_cast_while_the_hall_was_killed_count_and_later_ones_do_not(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    bot, paula, ben = (new_account(homeserver, name) for name in ("moothall", "paula", "ben"))
    setup = setup_for(
        homeserver.url,
        bot,
        paula,
        slug=f"deadline-{uuid4().hex[:6]}",
        coordinators=[paula.user_id, ben.user_id],
        limits={"commands_a_minute": 600, "command_age": "1d"},
    )
    async with AsyncExitStack() as stack:
        process = HallProcess(setup.write(tmp_path))
        await stack.enter_async_context(process)
        starting = asyncio.create_task(process.start())
        people = {
            slug: await stack.enter_async_context(
                await Person.log_in(
                    homeserver.url, account, store=tmp_path / account.user_id, accept_invites=True
                )
            )
            for slug, account in ((CLEAR, ben), (SEALED, paula))
        }
        await starting
        rooms: dict[str, RoomId] = {}
        for slug, person in people.items():
            await person.join(f"#{setup.slug}:localhost")
            rooms[slug] = await person.join(f"#{setup.slug}-{slug}:localhost")
            await person.catch_up()
        asked = {slug: await ask(person, rooms[slug], slug) for slug, person in people.items()}
        await process.kill()
        for slug, person in people.items():
            await vote(person, rooms[slug], *asked[slug])
        clock = ShiftedClock(timedelta(days=12))
        async with running_hall(setup, tmp_path, clock=clock) as hall:
            for slug, person in people.items():
                await closes(hall, person, slug, *asked[slug])
            clock.shift = timedelta()  # or commands would seem too old
            for slug, person in people.items():
                await stays_closed(hall, person, slug, *asked[slug])


async def closes(
    hall: RunningHall, person: Person, slug: str, number: str, found: list[Heard]
) -> None:
    room = hall.rooms[slug]
    result = await person.hears(lambda heard: "closed on" in heard.body, room=room, timeout=30)
    assert result.encrypted == (slug == SEALED)
    assert result.body.startswith(f"{number}:")
    assert "(planned:" in result.body
    assert f"Suggested: date 1, {result.body.split('1. ')[1].split('  ')[0]}" in result.body
    assert result.body.count("1 of 2 cities") == 2
    assert "1 of 2 cities (1 only if need be)" in result.body, "the typed one"
    assert f"{CITIES[slug]} cannot" in result.body, "the second answer to date 2"
    ends = [await person.hears(room=room, type=polls.END, timeout=20) for _ in found]
    closed = {one.content["m.relates_to"]["event_id"] for one in ends}
    assert closed == {one.event_id for one in found}


async def stays_closed(
    hall: RunningHall, person: Person, slug: str, number: str, found: list[Heard]
) -> None:
    room = hall.rooms[slug]
    await votes_in_poll(person, found[1], YES)
    shown = await asks(person, room, f"!visit show {number}")
    assert f"{CITIES[slug]} cannot" in shown.body, "too late"
    visit = await hall.hall.database.read(lambda c: visits.get(c, int(number[2:])))
    assert visit is not None
    assert visit.state is VisitState.CLOSED
    told = person.timeline.find(
        lambda one: (
            one.room_id == room
            and "closed on" in one.body
            and one.type == "m.room.message"
            and one.replaces is None
        )
    )
    assert len(told) == 1, "once"

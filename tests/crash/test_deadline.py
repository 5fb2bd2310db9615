"""The hall is away over a poll's deadline: it closes once, with the votes that were in time."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.matrix import polls
from demo.homeserver import Homeserver
from demo.people import Heard, Person
from storage import visits
from storage.visit_records import VisitState
from tests.crash.test_away import Stage, set_up
from tests.hall import CLEAR, SEALED, RunningHall
from tests.journeys.test_visits import NO, YES, votes_in_poll

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-7")]

CITIES = {CLEAR: "Havnvoll", SEALED: "Lipohrad"}


async def ask(hall: RunningHall, person: Person, slug: str) -> tuple[str, list[Heard]]:
    """Three dates are asked in a room, of two cities; one of them will stay silent."""
    room = hall.rooms[slug]
    monday = datetime.now(UTC).date() + timedelta(days=90)
    dates = " ".join(str(monday + timedelta(weeks=n)) for n in range(3))
    cities = " ".join(f"cities:{city}" for city in CITIES.values())
    draft = await hall.asks(person, room, f"!visit propose {CITIES[slug]} {dates} {cities}")
    number = draft.body.partition(":")[0]
    await person.say(room, f"!visit open {number}")
    found = [await person.hears(room=room, type=polls.START, timeout=20) for _ in range(3)]
    return number, found


@pytest.mark.promise(
    "A poll whose deadline passes while the hall is away closes once when it is back, with every"
    " vote that was cast in time, in clear and in encrypted rooms."
)
async def test_votes_cast_while_the_hall_was_away_count_and_later_ones_do_not(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    async with set_up(homeserver, tmp_path) as stage:
        paula, ben = stage.people
        speakers = {CLEAR: ben, SEALED: paula}
        asked: dict[str, tuple[str, list[Heard]]] = {}
        async with stage.hall() as hall:
            for slug, person in speakers.items():
                command = f"!member set {person.user_id} city:{CITIES[slug]}"
                assert "Noted" in (await hall.asks(paula, hall.rooms[CLEAR], command)).body
                asked[slug] = await ask(hall, person, slug)
        for slug, person in speakers.items():
            number, found = asked[slug]
            await votes_in_poll(person, found[0], YES)
            await votes_in_poll(person, found[1], YES)
            await votes_in_poll(person, found[1], NO)
            await person.say(stage.rooms[slug], f"!vote {number} 3 maybe")
        stage.clock.shift = timedelta(days=12)
        async with stage.hall() as hall:
            for slug, person in speakers.items():
                number, found = asked[slug]
                await closes_once(hall, person, slug, number, found)
                stage.clock.shift = timedelta(days=12)
            for slug, person in speakers.items():
                assert len(results(stage, person, slug)) == 1


async def closes_once(
    hall: RunningHall, person: Person, slug: str, number: str, found: list[Heard]
) -> None:
    room = hall.rooms[slug]
    result = await person.hears(lambda heard: "closed on" in heard.body, room=room, timeout=30)
    assert "(planned:" in result.body
    assert f"Suggested: date 1, {result.body.split('1. ')[1].split('  ')[0]}" in result.body
    assert result.body.count("1 of 2 cities") == 2
    assert "1 of 2 cities (1 only if need be)" in result.body, "the typed one"
    assert f"{CITIES[slug]} cannot" in result.body, "the second answer to date 2"
    ends = [await person.hears(room=room, type=polls.END, timeout=20) for _ in found]
    assert len({one.content["m.relates_to"]["event_id"] for one in ends}) == 3
    await votes_in_poll(person, found[1], YES)
    hall.clock.shift = timedelta()  # or commands would seem too old
    shown = await hall.asks(person, room, f"!visit show {number}")
    assert f"{CITIES[slug]} cannot" in shown.body, "too late"
    visit = await hall.hall.database.read(lambda c: visits.get(c, int(number[2:])))
    assert visit is not None
    assert visit.state is VisitState.CLOSED


def results(stage: Stage, person: Person, slug: str) -> list[Heard]:
    """Everything that was ever said about the outcome."""
    return person.timeline.find(
        lambda one: (
            one.room_id == stage.rooms[slug]
            and "closed on" in one.body
            and one.type == "m.room.message"
            and one.replaces is None
        )
    )

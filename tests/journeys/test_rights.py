"""Who may do what, as people meet it in their clients."""

import pytest

from demo.people import Person
from tests.hall import CLEAR, RunningHall
from tests.journeys.conftest import Arrive, everywhere

TOWN = {CLEAR: "Havnvoll", "language": "Lipohrad"}  # in which cluster's city somebody is put


async def raises(hall: RunningHall, admin: Person, slug: str, level: int, who: Person) -> None:
    """A room's admin gives somebody a level, as a client does: all levels are written anew."""
    room = hall.rooms[slug]
    levels = await admin.state(room, "m.room.power_levels")
    levels["users"] = {**levels["users"], who.user_id: level}
    if not level:
        del levels["users"][who.user_id]
    await admin.send_state(room, "m.room.power_levels", levels)


@pytest.mark.promise("A room's admin makes somebody its coordinator in their own client.")
@everywhere
async def test_a_room_s_admin_gives_the_say_and_takes_it_back(
    hall: RunningHall, arrive: Arrive, olaf: Person, slug: str
) -> None:
    ann, room = await arrive("ann", slug), hall.rooms[slug]
    line = f"!member set {ann.user_id} city:{TOWN[slug]}"
    assert "is for coordinators" in (await hall.asks(ann, room, line)).body

    await raises(hall, olaf, slug, 50, ann)
    assert f"{TOWN[slug]}" in (await hall.asks(ann, room, line)).body

    await raises(hall, olaf, slug, 0, ann)
    assert "is for coordinators" in (await hall.asks(ann, room, line)).body


@pytest.mark.promise("Who loses the say in the middle of a command does not finish it.")
@everywhere
async def test_the_say_is_asked_for_again_when_a_command_takes_effect(
    hall: RunningHall, arrive: Arrive, olaf: Person, slug: str
) -> None:
    ann, room = await arrive("ann", slug), hall.rooms[slug]
    await raises(hall, olaf, slug, 50, ann)
    asked = await ann.say(room, "!member set")
    assert "Who is it?" in (await hall.answer_to(ann, room, asked)).body
    await raises(hall, olaf, slug, 0, ann)
    answer = await hall.asks(ann, room, f"{ann.user_id} city:{TOWN[slug]}", thread=asked)
    assert "is for coordinators" in answer.body

"""A command is corrected by its author alone."""

import pytest

from tests.hall import RunningHall
from tests.journeys.conftest import Meet, everywhere


@pytest.mark.promise("Nobody makes the hall answer under another's words.")
@everywhere
async def test_another_s_command_cannot_be_edited_into_one_of_mine(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room = hall.rooms[slug]
    ann, mallory = await meet("ann"), await meet("mallory")
    for thread in (None, await ann.say(room, "A thread")):
        asked = await ann.say(room, "!whoami", thread=thread)
        await hall.answer_to(ann, room, asked)
        await mallory.edit(room, asked, "!help")
        await mallory.catch_up()
        mallory.forget()
        await hall.keeps_quiet(mallory, room)
        # Ann herself may.
        await ann.edit(room, asked, "!city Havnvoll")
        assert "Havnvoll" in (await hall.answer_to(ann, room, asked)).body

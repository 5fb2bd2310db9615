"""Whose visits one sees, and what is told about oneself."""

from dataclasses import replace

from tests.commands.conftest import (
    BEN,
    HOUSING,
    WELCOME,
    direct,
)
from tests.commands.delivered import Delivered
from tests.commands.visits.conftest import opened


async def test_a_visit_of_a_room_one_is_not_in_reads_like_one_that_does_not_exist(
    hall: Delivered,
) -> None:
    await opened(hall)
    absent = await hall.hears(BEN, "!visit show V-9", WELCOME)
    assert (await hall.hears(BEN, "!visit show V-1", WELCOME)).replace("V-1", "V-9") == absent
    assert "V-1: a visit to Havnvoll" in await hall.hears(BEN, "visit show V-1", direct(BEN))
    await hall.moves(BEN, HOUSING, "leave")
    assert "I don't know V-1" in await hall.hears(BEN, "visit show V-1", direct(BEN))


async def test_what_shows_the_visits_is_told_as_it_is_typed_there(hall: Delivered) -> None:
    """With this community's sign in a room, without any in a direct chat."""
    hall.settings = replace(hall.settings, prefix="?")
    for unknown in ("visit show V-9", "visit show soon"):
        assert "?visit list shows" in await hall.hears(BEN, f"?{unknown}")
        assert "here. visit list shows" in await hall.hears(BEN, unknown, direct(BEN))
    assert "?visit propose begins one" in await hall.hears(BEN, "?visit list")
    assert "?action list shows" in await hall.hears(BEN, "?action done soon")


async def test_privacy_tells_of_votes_and_of_what_was_written(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(BEN, "!vote 1 yes 2 no")
    await hall.says(BEN, "!action add paint the door")
    told = await hall.hears(BEN, "privacy", direct(BEN))
    assert "2 answers of yours to dates of visits" in told
    assert "1 thing that you wrote about visits, or took on there" in told

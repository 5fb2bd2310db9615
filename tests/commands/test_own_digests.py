"""A digest of one's own: five lines, what needs the reader first, or nothing at all."""

from datetime import timedelta

import pytest

from storage import people
from storage.records import Role
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, PAULA, WELCOME, Furnished, direct
from tests.commands.delivered import moment
from tests.commands.weeks import Weeks, weeks

QUESTION = "Who insures volunteers that lead walking tours in the street?"


@pytest.fixture
async def hall(house: Furnished) -> Weeks:
    return await weeks(await house.again())


def own(hall: Weeks, who: object) -> list[str]:
    """What somebody's own digests said."""
    lane = direct(who)  # type: ignore[arg-type]
    return [one.body for one in hall.stood if one.lane == lane and one.key.startswith("own/")]


@pytest.mark.promise(
    "A digest of one's own comes at one's own hour, and not at all when there is nothing."
)
async def test_five_lines_at_ones_own_hour_and_nothing_when_there_is_nothing(hall: Weeks) -> None:
    told = await hall.hears(BEN, "digest me 7.30", direct(BEN))
    assert "the next on 9 Mar 2026, 07:30" in told
    assert "can't read half past" in await hall.hears(BEN, "digest me half past", direct(BEN))
    await hall.talks(ANN, QUESTION)
    await hall.passes(moment("2026-03-09 06:29"))
    assert own(hall, BEN) == []
    await hall.passes(moment("2026-03-09 06:30"))
    (first,) = own(hall, BEN)
    assert first.startswith("Your week")
    assert QUESTION in first
    await hall.passes(moment("2026-03-30 12:00"))
    assert len(own(hall, BEN)) >= 1
    await hall.says(BEN, "digest me off", direct(BEN))
    before = len(own(hall, BEN))
    await hall.talks(ANN, QUESTION + " Really?")
    await hall.passes(moment("2026-04-06 12:00"))
    assert len(own(hall, BEN)) == before


async def test_nothing_new_is_nothing_said(hall: Weeks) -> None:
    await hall.says(BEN, "settings digest on", direct(BEN))
    await hall.passes(moment("2026-03-24 12:00"))
    assert own(hall, BEN) == []
    assert "no digest of your own" in await hall.hears(BEN, "settings digest off", direct(BEN))


async def test_what_needs_the_reader_comes_first(hall: Weeks) -> None:
    await hall.says(ANN, "!action add Sow the seeds due:2026-03-10")
    for number in range(4):
        await hall.talks(ANN, f"{QUESTION} {number} or more?")
    await hall.do(lambda c: people.set_roles(c, ANN, {Role.MEMBER}))
    await hall.says(ANN, "digest me on", direct(ANN))
    await hall.passes(moment("2026-03-09 07:00"))
    (told,) = own(hall, ANN)
    lines = [line for line in told.splitlines() if line.startswith("•")]
    assert "A-1" in lines[0]
    assert "due on Tuesday, 10 March 2026" in lines[0]
    assert 2 <= len(lines) <= 5


async def test_a_city_lead_reads_of_the_city_and_a_project_coordinator_of_all_that_waits(
    hall: Weeks,
) -> None:
    await hall.keeps_archive(WELCOME)
    await hall.talks(BEN, "Who has a form for consent in three languages?", WELCOME)
    await hall.talks(ANN, QUESTION)
    for who in (ANN, PAULA):
        await hall.says(who, "digest me on", direct(who))
    await hall.passes(moment("2026-03-09 07:30"))
    (city,), (project,) = own(hall, ANN), own(hall, PAULA)
    assert city.startswith("Havnvoll: your city's week")
    assert "insures" in city
    assert "consent" not in city
    assert project.startswith("All clusters: what needs you")
    assert "insures" in project
    assert "consent" in project


async def test_who_left_a_room_reads_nothing_of_it_and_what_is_deleted_is_taken_back(
    hall: Weeks,
) -> None:
    asked = await hall.talks(ANN, QUESTION)
    for who in (BEN, CORA):
        await hall.says(who, "digest me on", direct(who))
    await hall.moves(CORA, HOUSING, "leave")
    await hall.passes(moment("2026-03-09 07:30"))
    assert own(hall, CORA) == []
    assert own(hall, BEN)
    await hall.redacts(ANN, asked)
    gone = [one.key for one in hall.stood if one.key.endswith("/taken back")]
    assert any(key.startswith("own/") for key in gone)
    hall.later(timedelta(days=1))

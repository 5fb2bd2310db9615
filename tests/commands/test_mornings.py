"""Quiet hands: newcomers greeted once, a coordinator who has left, a break for a cluster."""

import pytest

from storage import people
from storage.records import UserId
from tests.commands.conftest import ANN, BEN, CORA, DESK, HOUSING, PAULA, WELCOME, Furnished, direct
from tests.commands.delivered import moment
from tests.commands.weeks import Weeks, weeks

NINA = UserId("@nina:hs")


@pytest.fixture
async def hall(house: Furnished) -> Weeks:
    """The first morning has passed."""
    hall = await weeks(await house.again())
    await hall.passes(moment("2026-03-03 09:00"))
    return hall


@pytest.mark.promise("Newcomers are greeted once, in private, with a person to ask.")
async def test_newcomers_are_greeted_once_and_nobody_else(hall: Weeks) -> None:
    await hall.do(lambda c: people.know(c, NINA))
    await hall.do(lambda c: people.change(c, NINA, city="havnvoll", display_name="Nina"))
    await hall.moves(NINA, HOUSING, "join")
    await hall.passes(moment("2026-03-04 07:59"))
    assert not hall.bodies(NINA)
    await hall.moves(NINA, WELCOME, "join")
    await hall.moves(ANN, HOUSING, "leave")
    await hall.moves(ANN, HOUSING, "join")
    await hall.passes(moment("2026-03-12 09:00"))
    (greeting,) = hall.bodies(NINA)
    assert greeting.startswith("Welcome to Housing first. A roof before a form")
    assert "Whom to ask: Ann Berg." in greeting
    assert len(greeting.strip().split("\n\n")) == 4
    assert not hall.bodies(direct(ANN))
    assert not hall.bodies(direct(BEN))


async def test_no_morning_at_the_weekend(hall: Weeks) -> None:
    await hall.passes(moment("2026-03-06 12:00"))
    await hall.do(lambda c: people.know(c, NINA))
    await hall.moves(NINA, HOUSING, "join")
    await hall.passes(moment("2026-03-08 20:00"))
    assert not hall.bodies(NINA)
    await hall.passes(moment("2026-03-09 09:00"))
    assert hall.bodies(NINA)


async def test_a_coordinator_who_leaves_is_missed_once(hall: Weeks) -> None:
    await hall.moves(CORA, HOUSING, "leave")
    await hall.passes(moment("2026-03-06 09:00"))
    told = [one for one in hall.bodies(DESK) if "has left its room" in one]
    assert "Paula" in told[0]
    assert len(told) == 1
    await hall.passes(moment("2026-03-09 09:00"))
    assert "Cora, who coordinates Housing first, has left" in hall.post(hall.draft()).body
    await hall.moves(CORA, HOUSING, "join")
    await hall.passes(moment("2026-03-11 09:00"))
    await hall.moves(CORA, HOUSING, "leave")
    await hall.moves(PAULA, HOUSING, "leave")
    await hall.passes(moment("2026-03-12 09:00"))
    assert "who takes over?" in hall.bodies(DESK)[-1]


@pytest.mark.promise("A coordinator can pause all that is said unasked in a cluster.")
async def test_a_break_is_kept_and_ends_by_itself(hall: Weeks) -> None:
    assert "for coordinators" in await hall.hears(ANN, "!cluster pause")
    told = await hall.hears(CORA, "!cluster pause days:7")
    assert "takes a break" in told
    assert "It ends on 10 Mar 2026, 10:00" in told
    await hall.do(lambda c: people.know(c, NINA))
    await hall.moves(NINA, HOUSING, "join")
    await hall.passes(moment("2026-03-10 08:30"))
    assert not hall.drafts("Housing first")
    assert not hall.bodies(NINA)
    assert "On a break until 10 Mar 2026" in await hall.hears(CORA, "!cluster status")
    await hall.passes(moment("2026-03-16 09:00"))
    assert hall.bodies(NINA)
    assert len(hall.drafts("Housing first")) == 1


async def test_a_break_without_end_is_resumed(hall: Weeks) -> None:
    assert "cluster resume ends it" in await hall.hears(CORA, "!cluster pause housing", DESK)
    assert "for the coordinators of Welcoming" in await hall.hears(
        CORA, "!cluster pause welcome", DESK
    )
    assert "as a number of days" in await hall.hears(CORA, "!cluster pause days:many")
    assert "Which cluster?" in await hall.hears(PAULA, "!cluster resume", DESK)
    assert "goes on" in await hall.hears(CORA, "!cluster resume")
    status = await hall.hears(CORA, "!cluster status")
    assert "Coordinated by Cora" in status
    assert "On a break" not in status

"""Dates are proposed and understood, and clashes are seen, before anybody is asked."""

import pytest
from sqlalchemy import Connection

from storage import people, visits
from storage.records import Role
from storage.visit_records import VisitState
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    OTTO,
    PAULA,
    WELCOME,
)
from tests.commands.delivered import Delivered
from tests.commands.visits.conftest import CARD, PROPOSAL, opened, visit


async def test_what_was_understood_is_shown_before_anybody_is_asked(hall: Delivered) -> None:
    shown = await hall.hears(ANN, PROPOSAL.replace("5-7 May", "14-17 May") + " days:2 title:Roofs")
    lines = shown.splitlines()
    assert lines[0] == "V-1: Havnvoll hosts “Roofs”"
    assert "Nobody has been asked yet" in lines[1]
    assert "Thu, 14 May – Sun, 17 May 2026" in shown
    assert "Ascension Day in Havnvoll" in shown
    assert "Constitution Day in Havnvoll" in shown
    assert "at a weekend: Sat, 16 May 2026 and Sun, 17 May 2026" in shown
    assert "overlaps date 1" in shown
    assert "Cities: Havnvoll and São Bento" in shown
    assert "Must be able to come: Havnvoll and Cora (the lead partner)" in shown
    assert "Answers until 9 Mar 2026, 18:00" in shown
    assert (await visit(hall)).state is VisitState.DRAFT
    assert not [one for one in hall.stood if one.key == CARD]


@pytest.mark.parametrize(
    ("typed", "question"),
    [
        ("Havnvoll 31 April", "31 April is not in the calendar"),
        ("Havnvoll 2026-02-01", "has gone by"),
        ("Havnvoll Mon 5 May 2026", "that day is Tue, 5 May 2026"),
        ("Havnvoll 3/4/2026", "Is 3/4/2026 Fri, 3 Apr 2026 or Wed, 4 Mar 2026?"),
        ("Havnvoll soonish", "I can't read soonish as a date"),
        ("Havnvoll 5 May 5 May", "is there twice"),
        ("Havnvoll", "Which dates?"),
        ("Hafnvol 5 May", "Did you mean Havnvoll?"),
        ("Havnvoll 5 May deadline:2026-05-20", "come too late"),
        ("Havnvoll 5 May quorum:9", "so that many can never come"),
        ("Havnvoll 5 May require:nobody", "I don't know nobody"),
    ],
)
async def test_a_date_that_is_not_clear_gets_one_question(
    hall: Delivered, typed: str, question: str
) -> None:
    shown = await hall.hears(ANN, f"!visit propose {typed}")
    assert question in shown
    assert len(shown.splitlines()) <= 2
    assert await hall.do(visits.find) == []


async def test_an_edited_proposal_is_understood_anew_and_stays_the_same_visit(
    hall: Delivered,
) -> None:
    first = hall.said(ANN, "!visit propose Havnvoll 5-7 May")
    await hall.responds(first)
    await hall.edits(first, "!visit propose Havnvoll 6-8 May title:Roofs")
    (one,) = await hall.do(visits.find)
    (option,) = await hall.do(lambda c: visits.options(c, 1))
    assert (one.title, option.start.day) == ("Roofs", 6)


async def test_a_draft_is_opened_by_a_tap_of_who_proposed_it_and_by_nobody_else(
    hall: Delivered,
) -> None:
    await hall.says(BEN, PROPOSAL)
    draft = next(one.key for one in hall.stood if "/draft/" in one.key)
    await hall.taps(OTTO, draft, "🎉")
    assert (await visit(hall)).state is VisitState.DRAFT
    await hall.taps(BEN, draft, "✅")
    assert (await visit(hall)).state is VisitState.POLLING


async def test_what_does_not_fit_a_draft_says_how_to_go_on(hall: Delivered) -> None:
    await hall.says(ANN, PROPOSAL + " first:yes")
    asked = "V-1: a visit to Havnvoll. Nobody has been asked yet.\n"
    go_on = "!visit open V-1 asks about its dates."
    assert await hall.hears(CORA, "!visit close V-1") == asked + go_on
    assert await hall.hears(BEN, "!vote V-1 1 yes") == asked + go_on
    assert "asks them, and then everybody" in next(
        one.body for one in hall.stood if "/draft/" in one.key
    )
    await hall.says(ANN, "!visit open V-1")
    assert "!visit remind V-1 reminds them." in await hall.hears(CORA, "!visit close V-1")


async def test_opening_posts_a_pinned_card_a_poll_a_date_and_one_line_that_rings(
    hall: Delivered,
) -> None:
    await opened(hall)
    card = hall.post(CARD)
    assert "Which dates suit you? Until 9 Mar 2026, 18:00." in card.body
    assert "Not answered yet: Havnvoll, São Bento and Cora (the lead partner)" in card.body
    assert [one.action.value for one in hall.stood].count("pin") == 1
    questions = [one for one in hall.stood if one.type.endswith("poll.start")]
    assert [one.changes for one in questions] == [CARD] * 3, "in the card's thread"
    asked = questions[0].content["org.matrix.msc3381.poll.start"]
    assert asked["question"]["body"] == "1. Tue, 5 May – Thu, 7 May 2026: can your city come?"
    assert [a["org.matrix.msc1767.text"] for a in asked["answers"]] == ["Yes", "If need be", "No"]
    (please,) = [one for one in hall.stood if "/please/" in one.key]
    assert set(please.content["m.mentions"]["user_ids"]) == {ANN, BEN, CORA}


@pytest.mark.promise(
    "Two visits that need the same person on the same days are seen before the dates are asked,"
    " and again when another visit is decided meanwhile."
)
async def test_two_visits_that_share_a_facilitator_are_seen_to_clash(hall: Delivered) -> None:
    def facilitates(connection: Connection) -> None:
        people.set_roles(connection, PAULA, {Role.EXPERT_FACILITATOR})

    await hall.do(facilitates)
    await opened(hall)
    await hall.says(PAULA, "!visit propose Lipohrad 11-12 May, 20-22 May", WELCOME)
    await hall.says(PAULA, "!visit open V-2", WELCOME)
    for who in (ANN, CORA, PAULA, BEN):
        await hall.says(who, "!vote V-1 no 1 3 yes 2")
    await hall.says(CORA, "!visit confirm V-1")
    (told,) = [body for body in hall.bodies(WELCOME) if "now clashes" in body]
    assert "V-2: date 1 now clashes with V-1: a visit to Havnvoll, which takes Paula" in told
    shown = await hall.hears(PAULA, "!visit propose Lipohrad 13-15 May", WELCOME)
    assert "Paula is booked for V-1, Wed, 13 May 2026 and Thu, 14 May 2026" in shown

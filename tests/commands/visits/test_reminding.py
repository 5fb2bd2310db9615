"""Who was asked and is silent is reminded, by the clock and by hand, and nobody else."""

from datetime import timedelta

import pytest

from commands.events import Redacted
from storage.visit_records import VisitState
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    HOUSING,
    direct,
)
from tests.commands.delivered import Delivered, moment
from tests.commands.visits.conftest import CARD, PROPOSAL, YES, decided, opened, visit


async def test_only_the_silent_are_reminded_at_humane_hours_and_at_most_twice(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote yes")
    await hall.passes(moment("2026-03-09 16:00:00"))
    to = {
        who: [one for one in hall.bodies(direct(who)) if "still missing" in one]
        for who in (ANN, BEN, CORA)
    }
    assert [len(to[who]) for who in (ANN, BEN, CORA)] == [0, 2, 2]
    assert "vote V-1 1 yes" in to[BEN][0]
    assert "Noted for São Bento" in await hall.hears(BEN, "vote V-1 yes 1", direct(BEN))


async def test_reminders_that_fell_due_while_the_hall_was_away_are_one_or_none(
    hall: Delivered,
) -> None:
    await opened(hall)  # until Monday 9 March, 18:00
    hall.now = moment("2026-03-09 10:00")
    await hall.rings()
    assert len(hall.bodies(direct(BEN))) == 1, "both are due, and say the same"
    await hall.says(ANN, PROPOSAL)
    await hall.says(ANN, "!visit open V-2")
    two = await visit(hall, 2)
    hall.now = two.deadline + timedelta(hours=1)
    await hall.rings()
    assert not [one for one in hall.bodies(direct(BEN)) if "V-2" in one], "it is too late for it"


async def test_who_is_to_answer_for_a_city_is_told_so_while_the_answer_is_missing(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.says(ANN, "!visit speaker V-1 Ben city:Havnvoll")
    (told,) = hall.bodies(direct(BEN))
    assert "Ann Berg asks you to answer for Havnvoll, until 9 Mar 2026, 17:00" in told
    assert "vote V-1 1 yes 2 maybe 3 no" in told
    await hall.says(BEN, "!vote yes")
    await hall.says(ANN, "!visit speaker V-1 Ann city:Havnvoll")
    await hall.says(CORA, "!visit speaker V-1 Ben city:Havnvoll")
    assert len(hall.bodies(direct(BEN))) == 1


async def test_a_coordinator_reminds_by_hand(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes 3 no")
    assert "2 people are reminded" in await hall.hears(CORA, "!visit remind V-1")
    assert "for coordinators and for the city lead" in await hall.hears(BEN, "!visit remind V-1")
    assert len(hall.bodies(direct(BEN))) == 1
    again = await hall.hears(CORA, "!visit remind V-1")
    assert "V-1: I have nobody left to remind." in again
    assert "without a reminder from me: São Bento and Cora (the lead partner)." in again
    assert len(hall.bodies(direct(BEN))) == 1, "once by hand is enough"


async def test_while_some_are_asked_first_nobody_else_is_reminded(hall: Delivered) -> None:
    await hall.says(ANN, PROPOSAL + " first:yes")
    await hall.says(ANN, "!visit open V-1")
    await hall.says(ANN, "vote V-1 yes", direct(ANN))
    shown = await hall.hears(ANN, "!visit show V-1")
    assert "Those who must come are asked first." in shown
    assert "Not answered yet: Cora (the lead partner)" in shown
    asked = len(hall.bodies(direct(CORA)))
    assert "V-1: 1 person is reminded" in await hall.hears(ANN, "!visit remind V-1")
    assert len(hall.bodies(direct(CORA))) == asked + 1
    assert not hall.bodies(direct(BEN)), "he has not been asked yet"


async def test_a_bell_on_a_reminder_ends_them_and_taken_back_they_come_again(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.passes(moment("2026-03-06 12:00"))
    reminder = f"visit/1/remind/1/1/{BEN}"
    assert [one for one in hall.stood if one.changes == reminder], "it is at hand"
    tap = await hall.taps(BEN, reminder, "🔕", direct(BEN))
    assert "no more reminders for you" in await hall.hears(CORA, "!visit mute V-1")
    assert "1 person is reminded" in await hall.hears(CORA, "!visit remind V-1")
    await hall.responds(Redacted(hall.next_event(), direct(BEN), BEN, hall.now, tap))
    before = len(hall.bodies(direct(BEN)))
    await hall.says(CORA, "!visit remind V-1")
    assert len(hall.bodies(direct(BEN))) == before + 1


async def test_dates_that_those_asked_first_refuse_never_reach_the_room(hall: Delivered) -> None:
    await hall.says(ANN, PROPOSAL + " first:yes")
    await hall.says(ANN, "!visit open V-1")
    assert CARD not in [one.key for one in hall.stood]
    assert any("You are asked first" in one for one in hall.bodies(direct(CORA)))
    await hall.says(CORA, "vote V-1 1 yes 2 no 3 yes", direct(CORA))
    await hall.says(ANN, "vote V-1 yes", direct(ANN))
    assert (await visit(hall)).state is VisitState.POLLING
    asked = [one.key for one in hall.stood if one.type.endswith("poll.start")]
    assert asked == ["visit/1/poll/1/1", "visit/1/poll/3/1"]
    await hall.says(CORA, "!visit remind V-1")
    reminder = hall.bodies(direct(BEN))[-1]
    assert "1. Tue, 5 May – Thu, 7 May 2026" in reminder
    assert "3. Tue, 19 May – Thu, 21 May 2026" in reminder, "its number is the card's"
    refused = await hall.hears(BEN, "!vote 2 yes")
    assert "Date 2 of V-1 is not asked about any more." in refused
    assert "Still asked: dates 1 and 3." in refused


async def test_who_is_asked_first_and_silent_holds_the_room_up_for_a_day(hall: Delivered) -> None:
    await hall.says(ANN, PROPOSAL + " first:yes")
    await hall.says(ANN, "!visit open V-1")
    await hall.passes(hall.now + timedelta(hours=26))
    assert (await visit(hall)).state is VisitState.POLLING


@pytest.mark.promise(
    "After a move only those who were asked anew and have not answered are reminded, and only of"
    " the new days."
)
async def test_after_a_move_those_asked_anew_are_reminded_by_the_new_days_and_nobody_else(
    hall: Delivered,
) -> None:
    await decided(hall)  # for 12 to 14 May; Havnvoll has said no to 19 to 21 May
    hall.later(timedelta(minutes=1))
    await hall.says(CORA, "!visit move V-1 2-4 June")
    await hall.answers(CORA, "visit/1/poll/4/2", YES)
    before = len(hall.bodies(direct(ANN)))
    await hall.passes(hall.now + timedelta(days=6))
    (told,) = hall.bodies(direct(ANN))[before:]
    assert "moved to Tue, 2 Jun – Thu, 4 Jun 2026, and your answer is still missing" in told
    assert not hall.bodies(direct(CORA)), "who has answered is left alone"
    assert len(hall.bodies(direct(BEN))) == 1
    await hall.says(ANN, "vote V-1 yes", direct(ANN))
    await hall.taps(BEN, f"visit/1/remind/2/1/{BEN}", "🔕", direct(BEN))
    told_before = len(hall.bodies(HOUSING))
    await hall.passes(moment("2026-05-15 12:00"))
    assert len(hall.bodies(direct(ANN))) == before + 2, "her receipt is the last"
    assert len(hall.bodies(direct(BEN))) == 1
    assert [b for b in hall.bodies(HOUSING)[told_before:] if "is in" in b] == [
        one.body for one in hall.stood if one.key == "visit/1/soon/1/28"
    ], "the old days are not spoken of"
    await hall.passes(moment("2026-06-02 12:00"))
    soon = [one.key for one in hall.stood if "/soon/" in one.key]
    assert soon == [f"visit/1/soon/1/{days}" for days in (28, 14, 3)]
    assert (await visit(hall)).state is VisitState.CONFIRMED


async def test_who_did_not_come_anyway_is_neither_asked_nor_reminded_after_a_move(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes 3 no")
    await hall.says(CORA, "!vote yes")
    await hall.says(BEN, "!vote 1 yes 2 no 3 yes")
    await hall.says(CORA, "!visit confirm V-1 2")
    await hall.says(CORA, "!visit move V-1 2-4 June")
    assert BEN not in hall.post("visit/1/changed/1").content["m.mentions"]["user_ids"]
    await hall.passes(hall.now + timedelta(days=30))
    assert len(hall.bodies(direct(ANN))) == 2
    assert not hall.bodies(direct(BEN))


async def test_after_a_move_those_asked_anew_are_reminded_by_hand_and_nobody_else(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes 3 no")
    await hall.says(CORA, "!vote yes")
    await hall.says(BEN, "!vote 1 yes 2 no 3 yes")
    await hall.says(CORA, "!visit confirm V-1 2")
    nobody = "V-1 is decided, and nobody’s answer is awaited: there is nobody to remind."
    assert await hall.hears(CORA, "!visit remind V-1") == nobody
    await hall.says(CORA, "!visit move V-1 2-4 June")
    await hall.says(ANN, "!visit speaker V-1 Ann city:Havnvoll")
    before = {who: len(hall.bodies(direct(who))) for who in (ANN, BEN, CORA)}
    reached = await hall.hears(CORA, "!visit remind")
    assert reached.splitlines()[-1] == "V-1: 2 people are reminded, in their direct chats."
    told = hall.bodies(direct(ANN))[before[ANN] :]
    assert len(told) == 1
    assert "moved to Tue, 2 Jun – Thu, 4 Jun 2026, and your answer is still missing" in told[0]
    assert len(hall.bodies(direct(BEN))) == before[BEN], "he did not come to the old days either"
    await hall.says(ANN, "vote V-1 yes", direct(ANN))
    again = await hall.hears(CORA, "!visit remind V-1")
    assert "I have nobody left to remind" in again
    assert "from me: Cora (the lead partner). A word from you may do more." in again
    await hall.says(CORA, "vote V-1 yes", direct(CORA))
    answered = "V-1: everybody who was asked has answered."
    assert await hall.hears(CORA, "!visit remind V-1") == answered


async def test_without_a_number_those_are_reminded_whose_dates_are_asked(hall: Delivered) -> None:
    await decided(hall)
    await hall.says(CORA, "!visit move V-1 2-4 June")
    await hall.says(ANN, PROPOSAL)
    assert "V-1: 3 people" in await hall.hears(CORA, "!visit remind")
    await hall.says(ANN, "!visit open V-2")
    assert "V-2: 3 people" in await hall.hears(CORA, "!visit remind")


async def test_after_a_second_move_only_the_newest_days_are_reminded_of(hall: Delivered) -> None:
    await decided(hall)
    hall.later(timedelta(minutes=1))
    await hall.says(CORA, "!visit move V-1 2-4 June")
    await hall.says(CORA, "!visit move V-1 9-11 June")
    await hall.passes(hall.now + timedelta(days=30))
    reminded = [one.body for one in hall.stood if "/remind/" in one.key and one.body]
    assert len(reminded) == 6, "three people, twice"
    assert all("9 Jun – Thu, 11 Jun" in body for body in reminded)

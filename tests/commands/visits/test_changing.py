"""A decided visit lives on: moved, online, hosted by another city; and who no longer comes."""

from datetime import timedelta

from storage.visit_records import VisitState
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
)
from tests.commands.delivered import Delivered, moment
from tests.commands.visits.conftest import CARD, NO, YES, calendar, decided, opened, visit


async def test_each_change_is_a_calendar_file_of_the_same_entry_and_a_higher_revision(
    hall: Delivered,
) -> None:
    await decided(hall)
    await hall.says(CORA, "!visit move V-1 2-4 June")
    await hall.says(CORA, "!visit place V-1 Town Hall, room 12")
    await hall.says(CORA, "!visit online V-1 14:00 3 June")
    await hall.says(CORA, "!visit cancel V-1 the host is on strike")
    files = [calendar(hall, n) for n in range(5)]
    assert len({line for f in files for line in f.splitlines() if line.startswith("UID")}) == 1
    for number, text in enumerate(files):
        assert f"SEQUENCE:{number}\r\n" in text
    assert "DTSTART;VALUE=DATE:20260512" in files[0]
    assert "DTEND;VALUE=DATE:20260515" in files[0]
    assert "DTSTART;VALUE=DATE:20260602" in files[1]
    assert "LOCATION:Town Hall\\, room 12" in files[2]
    assert "DTSTART:20260603T120000Z" in files[3]
    assert "METHOD:CANCEL" in files[4]
    assert "STATUS:CANCELLED" in files[4]
    caption = hall.post("visit/1/ics/1").body
    assert "It replaces revision 0." in caption
    moved = hall.post("visit/1/changed/1")
    assert set(moved.content["m.mentions"]["user_ids"]) == {ANN, BEN, CORA}
    called_off = hall.post("visit/1/cancelled")
    assert "Because: the host is on strike" in called_off.body
    assert "You need not keep these days free any more: Ann" in called_off.body
    assert set(called_off.content["m.mentions"]["user_ids"]) == {ANN, BEN, CORA}
    assert "It is cancelled" in hall.latest(CARD)


async def test_after_a_move_only_those_are_asked_whose_answer_is_not_known(
    hall: Delivered,
) -> None:
    await decided(hall)  # for 12 to 14 May
    await hall.says(CORA, "!visit move V-1 13-14 May")
    moved = hall.post("visit/1/changed/1")
    assert "As they said before: Havnvoll, São Bento and Cora (the lead partner)" in moved.body
    assert not moved.content["m.mentions"], "within what they said yes to"
    assert "visit/1/poll/4/2" not in [one.key for one in hall.stood]
    hall.later(timedelta(minutes=1))
    refused = await hall.hears(CORA, "!visit move V-1 19-21 May")
    assert "Havnvoll cannot on Tue, 19 May – Thu, 21 May 2026" in refused
    assert "to one date alone" in await hall.hears(CORA, "!visit move V-1 19-21 May, 2-4 June")
    await hall.says(CORA, '!visit move V-1 19-21 May because:"a deputy hosts"')
    assert "Decided all the same, because: a deputy hosts" in hall.latest(CARD)
    moved = hall.post("visit/1/changed/2")
    assert "As they said before: São Bento and Cora" in moved.body
    assert not moved.content["m.mentions"], "Havnvoll has said no to these"
    hall.later(timedelta(minutes=1))
    await hall.says(CORA, "!visit move V-1 2-4 June")
    moved = hall.post("visit/1/changed/3")
    assert set(moved.content["m.mentions"]["user_ids"]) == {ANN, BEN, CORA}
    await hall.answers(BEN, "visit/1/poll/5/4", NO)
    await hall.answers(CORA, "visit/1/poll/5/4", YES)
    await hall.passes(hall.now + timedelta(seconds=3))
    assert "Who comes: Cora (the lead partner)" in hall.latest(CARD)
    await hall.answers(ANN, "visit/1/poll/5/4", NO)
    (lost,) = [one for one in hall.stood if "/lost/" in one.key]
    assert "Havnvoll must come and no longer can" in lost.body
    assert set(lost.content["m.mentions"]["user_ids"]) == {ANN, CORA}
    await hall.passes(moment("2026-06-05 12:00"))
    assert (await visit(hall)).state is VisitState.HELD
    assert "visit/1/poll/5/4/end" in [one.key for one in hall.stood]
    assert hall.post("visit/1/after/3").content["m.mentions"]["user_ids"] == [CORA]


async def test_an_online_meeting_on_one_of_the_days_keeps_who_comes(hall: Delivered) -> None:
    await decided(hall)
    await hall.says(CORA, "!visit online V-1 14:00 13 May")
    assert "Who comes: Havnvoll, São Bento and Cora" in hall.latest(CARD)


async def test_a_no_after_the_decision_is_asked_about_and_a_yes_is_noted(hall: Delivered) -> None:
    await decided(hall)
    hall.later(timedelta(hours=1))
    shown = await hall.hears(BEN, "!vote V-1 no")
    assert "Shall I mark São Bento as not coming?" in shown
    assert "São Bento" in hall.latest(CARD), "not yet"
    (question,) = [one for one in hall.stood if "/out/" in one.key and one.body]
    await hall.taps(ANN, question.key, "✅")
    await hall.passes(hall.now + timedelta(seconds=3))
    assert "Who comes: Havnvoll, São Bento" in hall.latest(CARD), "Ann was not asked"
    await hall.taps(BEN, question.key, "✅")
    await hall.passes(hall.now + timedelta(seconds=3))
    assert "Who comes: Havnvoll and Cora" in hall.latest(CARD)
    hall.later(timedelta(hours=1))
    assert "Noted: São Bento comes to V-1" in await hall.hears(BEN, "!vote V-1 2 yes")
    await hall.passes(hall.now + timedelta(seconds=3))
    assert "Who comes: Havnvoll, São Bento" in hall.latest(CARD)
    assert "V-1 is decided" in await hall.hears(BEN, "!vote V-1 1 no"), "another date"


async def test_a_no_in_a_client_that_missed_the_end_is_asked_about_too(hall: Delivered) -> None:
    await decided(hall)
    hall.later(timedelta(hours=1))
    await hall.answers(BEN, "visit/1/poll/2/1", NO)
    (question,) = [one for one in hall.stood if "/out/" in one.key and one.body]
    assert question.content["m.mentions"]["user_ids"] == [BEN]
    assert question.changes == CARD
    await hall.taps(BEN, question.key, "✅")
    await hall.passes(hall.now + timedelta(seconds=3))
    assert "Who comes: Havnvoll and Cora" in hall.latest(CARD)


async def test_a_change_of_host_moves_the_condition_with_it(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(CORA, "!visit host V-1 São Bento")
    one = await visit(hall)
    required = {voice.key for voice in one.electorate if voice.required}
    assert (one.host, required) == ("sao-bento", {"city/sao-bento", "coordinator"})

"""What is taken back goes with all that repeats it; a card that is deleted comes anew."""

from datetime import timedelta

from storage.outbox import Action
from storage.visit_records import VisitState
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
)
from tests.commands.delivered import Delivered, moment
from tests.commands.visits.conftest import CARD, NO, PROPOSAL, YES, calendar, opened, visit


async def test_a_card_that_a_moderator_deletes_comes_anew_once_and_is_pinned(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 no 3 no")
    await hall.passes(hall.now + timedelta(seconds=3))
    await hall.redacts(CORA, hall.post(CARD).event_id)
    assert "1 of 2 cities" in hall.latest(f"{CARD}/2")
    pins = [one.changes for one in hall.stood if one.action is Action.PIN]
    assert pins == [CARD, f"{CARD}/2"]
    gone = [one.changes for one in hall.stood if one.action is Action.REDACTION]
    assert gone == [f"{CARD}/edit/1"], "its edits say the same; itself is gone already"
    told = hall.post(f"{CARD}/anew")
    assert "was deleted; this is it once more. !visit cancel V-1 calls the visit off" in told.body
    assert told.changes == f"{CARD}/2"
    assert told.content["msgtype"] == "m.notice"
    await hall.taps(BEN, f"{CARD}/2", "2️⃣")
    await hall.answers(CORA, "visit/1/poll/3/1", YES)
    await hall.passes(hall.now + timedelta(seconds=3))
    assert hall.latest(f"{CARD}/2").count("1 of 2 cities") == 2
    before = len(hall.stood)
    await hall.redacts(CORA, hall.post(f"{CARD}/2").event_id)
    assert len(hall.stood) == before, "who deletes it again means it"


async def test_the_card_of_a_visit_that_is_called_off_stays_deleted(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(CORA, "!visit cancel V-1")
    before = len(hall.stood)
    await hall.redacts(CORA, hall.post(CARD).event_id)
    assert len(hall.stood) == before


async def test_a_title_goes_with_the_message_that_gave_it(hall: Delivered) -> None:
    said = hall.said(ANN, PROPOSAL + " title:Secrets")
    await hall.responds(said)
    await hall.says(ANN, "!visit open V-1")
    assert "Secrets" in hall.latest(CARD)
    for who in (ANN, CORA, BEN):
        await hall.says(who, "!vote V-1 1 yes 2 no 3 maybe")
    await hall.says(CORA, "!visit confirm V-1")
    assert hall.readable().count("Secrets") > 6, "card, result, decision, calendar"
    await hall.redacts(ANN, said.event_id)
    assert "Secrets" not in hall.readable(), "nor in any edit"
    assert (await visit(hall)).source == said.event_id
    anew = hall.latest(f"{CARD}/2")
    assert "V-1: a visit to Havnvoll" in anew
    assert "Who comes: Havnvoll, São Bento" in anew
    assert "Agenda agreed" in anew
    pins = [one.changes for one in hall.stood if one.action is Action.PIN]
    assert pins == [CARD, f"{CARD}/2"]
    assert "SUMMARY:Visit to Havnvoll" in calendar(hall, 1)
    assert "UID:" in calendar(hall, 0)
    await hall.passes(moment("2026-05-09 12:00"))
    assert (await visit(hall)).state is VisitState.HELD, "alarms are those of the newest revision"
    assert hall.post("visit/1/after/1").changes == f"{CARD}/2", "in the new card's thread"


async def test_dates_are_asked_on_when_the_title_goes_meanwhile(hall: Delivered) -> None:
    said = hall.said(ANN, PROPOSAL + " title:Secrets")
    await hall.responds(said)
    await hall.says(ANN, "!visit open V-1")
    await hall.taps(BEN, CARD, "1️⃣")
    await hall.redacts(ANN, said.event_id)
    hall.later(timedelta(seconds=1))
    await hall.taps(BEN, f"{CARD}/2", "2️⃣")
    await hall.answers(BEN, "visit/1/poll/3/1", NO)
    await hall.passes(hall.now + timedelta(seconds=3))
    assert hall.latest(f"{CARD}/2").count("1 of 2 cities") == 2
    assert hall.latest(f"{CARD}/2").count("1 no") == 1


async def test_a_reason_and_a_place_go_with_their_messages(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(CORA, "!visit close V-1")
    why = hall.said(CORA, '!visit confirm V-1 1 because:"secret reason"')
    await hall.responds(why)
    where = hall.said(CORA, "!visit place V-1 secret place")
    await hall.responds(where)
    await hall.says(BEN, "!visit show V-1")
    await hall.says(BEN, "!visit ics V-1")
    assert "secret reason" in hall.readable()
    await hall.redacts(CORA, why.event_id)
    assert "secret reason" not in hall.readable()
    assert "secret place" in hall.readable()
    await hall.redacts(CORA, where.event_id)
    assert "secret place" not in hall.readable()
    assert "LOCATION:Havnvoll" in calendar(hall, 2)
    await hall.passes(moment("2026-05-09 12:00"))
    assert (await visit(hall)).state is VisitState.HELD

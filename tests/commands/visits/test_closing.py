"""Dates close when all have answered or at the deadline, and late votes are gathered."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from storage import people, votes, waiting
from storage.outbox import Action
from storage.records import City, EventId
from storage.visit_records import VisitState
from storage.waiting import Waiting
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    HOUSING,
    OTTO,
)
from tests.commands.delivered import Delivered, moment
from tests.commands.visits.conftest import CARD, NO, YES, opened, visit

ZONES = {"NO": "Europe/Oslo", "PT": "Europe/Lisbon", "GR": "Europe/Athens", "GB": "Europe/London"}
SPRING = ("2026-03-27 09:00", "2026-03-30", {"NO": 16, "PT": 17, "GR": 15, "GB": 17})
AUTUMN = ("2026-10-23 09:00", "2026-10-26", {"NO": 17, "PT": 18, "GR": 16, "GB": 18})


async def test_when_all_have_answered_the_result_is_explained_and_a_tap_decides(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes 3 no")
    await hall.says(CORA, "!vote yes")
    await hall.says(BEN, "!vote 1 maybe 2 yes 3 yes")
    one = await visit(hall)
    assert one.state is VisitState.CLOSED
    result = hall.post("visit/1/result/1").body
    assert "Suggested: date 2, Tue, 12 May – Thu, 14 May 2026, because most cities" in result
    assert "Havnvoll cannot" in result
    assert "(planned: 9 Mar 2026, 18:00)" in result
    await hall.taps(BEN, "visit/1/result/1", "✅")
    assert (await visit(hall)).state is VisitState.CLOSED, "Ben decides nothing"
    await hall.taps(ANN, "visit/1/result/1", "✅")
    one = await visit(hall)
    assert one.state is VisitState.CONFIRMED
    assert str(one.start) == "2026-05-12"
    decision = hall.post("visit/1/decision/0")
    assert set(decision.content["m.mentions"]["user_ids"]) == {ANN, BEN, CORA}
    file = hall.post("visit/1/ics/0")
    assert file.content["filename"] == "visit-havnvoll-2026-05-12.ics"
    assert "Its date is decided" in hall.latest(CARD)


async def test_votes_up_to_the_end_of_the_poll_count_and_later_ones_never_were(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote yes")
    await hall.says(CORA, "!vote yes")
    hall.ends_come_back = False
    await hall.passes(moment("2026-03-09 17:00:00"))
    assert (await visit(hall)).state is VisitState.CLOSING
    end = hall.post("visit/1/poll/1/1/end")
    hall.now = moment("2026-03-09 17:00:01")
    await hall.answers(BEN, "visit/1/poll/1/1", NO, at=hall.now)
    for one in [one for one in hall.stood if one.key.endswith("/end")]:
        await hall.ends(one)
    await hall.answers(BEN, "visit/1/poll/1/1", YES, at=hall.now + timedelta(milliseconds=1))
    assert end.content["org.matrix.msc3381.poll.end"] == {}
    result = hall.post("visit/1/result/1").body
    assert "closed on 9 Mar 2026, 18:00" in result
    assert "planned" not in result
    shown = await hall.hears(ANN, "!visit show V-1")
    assert "1 of 2 cities · 1 no" in shown


async def test_an_end_that_never_comes_back_holds_nothing_up(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote yes")
    await hall.says(CORA, "!vote yes")
    hall.ends_come_back = False
    await hall.passes(moment("2026-03-09 17:02:00"))
    assert (await visit(hall)).state is VisitState.CLOSED
    results = [one for one in hall.stood if "/result/" in one.key and one.type]
    assert len([one for one in results if one.action.value == "message"]) == 1


async def test_the_deadline_waits_once_for_who_must_come(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote yes")
    await hall.says(BEN, "!vote yes")
    await hall.passes(moment("2026-03-09 17:00:00"))
    assert (await visit(hall)).state is VisitState.POLLING
    waits = hall.post("visit/1/extended/1")
    assert waits.content["m.mentions"]["user_ids"] == [CORA]
    await hall.passes(moment("2026-03-11 12:00:00"))
    assert (await visit(hall)).state is VisitState.CLOSED
    result = hall.post("visit/1/result/1").body
    assert "Cora (the lead partner) must come and has not answered" in result
    assert "Date 1 would win with 2 cities if Cora (the lead partner) can come" in result


async def test_a_moderator_closes_a_poll_and_a_member_does_not(hall: Delivered) -> None:
    await opened(hall, "!visit propose Havnvoll 5-7 May")

    def levels(connection: Connection) -> None:
        from storage import rooms

        rooms.change(connection, HOUSING, power_levels={"users": {OTTO: 50}})

    await hall.do(levels)
    end = hall.post("visit/1/poll/1/1")
    fake = type(end)(
        "x", HOUSING, end.action, {}, "org.matrix.msc3381.poll.end", end.event_id, end.key
    )
    await hall.ends(fake, BEN)
    assert (await visit(hall)).state is VisitState.POLLING
    await hall.ends(fake, OTTO)
    assert (await visit(hall)).state is VisitState.CLOSED


async def test_a_date_whose_poll_is_deleted_is_withdrawn_and_the_others_stand(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes")
    await hall.says(CORA, "!vote yes 1 2")
    await hall.says(BEN, "!vote yes 2")
    await hall.redacts(OTTO, hall.post("visit/1/poll/3/1").event_id)
    assert "date 3, Tue, 19 May – Thu, 21 May 2026, is withdrawn" in hall.bodies(HOUSING)[-1]
    assert "it was withdrawn" in hall.latest(CARD)
    assert (await visit(hall)).state is VisitState.POLLING
    await hall.redacts(OTTO, hall.post("visit/1/poll/1/1").event_id)
    assert (await visit(hall)).state is VisitState.CLOSED, "to date 2 all have answered"
    assert "Suggested: date 2" in hall.post("visit/1/result/1").body
    ledger = await hall.do(lambda c: votes.find(c, 1))
    assert {one.option for one in ledger} == {1, 2}, "kept"


async def test_without_a_date_that_is_left_the_result_says_so(hall: Delivered) -> None:
    await opened(hall, "!visit propose Havnvoll 5-7 May")
    await hall.redacts(OTTO, hall.post("visit/1/poll/1/1").event_id)
    assert "No date works" in hall.post("visit/1/result/1").body


async def test_a_vote_after_closing_is_refused_and_explained(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(CORA, "!visit close V-1")
    assert (await visit(hall)).state is VisitState.CLOSED
    shown = await hall.hears(BEN, "!vote V-1 1 yes")
    assert "The dates of V-1 closed on 2 Mar 2026" in shown
    assert "!visit reopen V-1 asks again" in shown


async def test_an_answer_without_its_key_is_named_in_the_result(hall: Delivered) -> None:
    await opened(hall)
    poll = hall.post("visit/1/poll/2/1").event_id
    relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": poll}}
    sealed = Waiting(EventId("$sealed"), HOUSING, "s", {"content": relation})
    other = Waiting(EventId("$other"), HOUSING, "s", {"content": {"m.relates_to": "?"}})
    await hall.do(lambda c: waiting.add(c, [sealed, other], hall.now, None))
    await hall.says(CORA, "!visit close V-1")
    assert "1 answer could not be read" in hall.post("visit/1/result/1").body


async def test_a_vote_in_time_that_comes_late_is_counted_and_told(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes 3 no")
    await hall.says(CORA, "!vote yes")
    cast = hall.now + timedelta(minutes=1)
    hall.later(timedelta(hours=1))
    await hall.says(CORA, "!visit close V-1")
    assert "level" in hall.post("visit/1/result/1").body
    hall.later(timedelta(hours=1))
    late = await hall.answers(BEN, "visit/1/poll/2/1", YES, at=cast)
    assert "because most cities can come" in hall.latest("visit/1/result/1")
    assert "counted anew, for the votes have changed: now date 2" in hall.bodies(HOUSING)[-1]
    await hall.answers(BEN, "visit/1/poll/1/1", YES)
    assert "date 2 is best" in hall.bodies(HOUSING)[-1], "too late"
    await hall.redacts(BEN, late)
    assert "now dates 1 and 2 are level" in hall.bodies(HOUSING)[-1]


async def test_a_minute_after_the_close_the_polls_of_that_round_are_gathered_once(
    hall: Delivered,
) -> None:
    def gathered() -> list[str]:
        return [one.changes or "" for one in hall.stood if one.action is Action.GATHER]

    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes 3 no")
    await hall.redacts(CORA, hall.post("visit/1/poll/3/1").event_id)
    await hall.says(CORA, "!visit close V-1")
    await hall.passes(hall.now + timedelta(seconds=59))
    assert gathered() == []
    await hall.passes(hall.now + timedelta(days=1))
    assert gathered() == ["visit/1/poll/1/1", "visit/1/poll/2/1"]
    await hall.says(CORA, "!visit reopen V-1")
    await hall.says(CORA, "!visit close V-1")
    await hall.says(CORA, "!visit cancel V-1")
    await hall.passes(hall.now + timedelta(days=1))
    assert len(gathered()) == 2, "nobody needs the votes of what is called off"


async def test_what_is_held_of_a_date_is_named_when_its_poll_is_gathered(hall: Delivered) -> None:
    await opened(hall)
    typed = hall.said(ANN, "!vote 1 yes 2 yes 3 no")
    await hall.responds(typed)
    given = await hall.answers(BEN, "visit/1/poll/2/1", YES)
    await hall.taps(CORA, "visit/1/poll/2/1", "🟡")
    tapped = (await hall.do(lambda c: votes.find(c, 1)))[-1].event_id
    gone = await hall.taps(CORA, "visit/1/poll/2/1", "❌")
    await hall.redacts(CORA, gone)
    relation = {"rel_type": "m.reference", "event_id": hall.post("visit/1/poll/2/1").event_id}
    sealed = Waiting(EventId("$sealed"), HOUSING, "s", {"content": {"m.relates_to": relation}})
    await hall.do(lambda c: waiting.add(c, [sealed], hall.now, None))
    await hall.says(CORA, "!visit close V-1")
    await hall.passes(hall.now + timedelta(minutes=2))
    asked = {one.changes: one.content for one in hall.stood if one.action is Action.GATHER}
    assert asked["visit/1/poll/1/1"] == {"held": [typed.event_id]}
    assert asked["visit/1/poll/2/1"] == {"held": [typed.event_id, given, tapped, sealed.event_id]}


@pytest.mark.parametrize("country", ZONES)
@pytest.mark.parametrize("change", [SPRING, AUTUMN], ids=["spring", "autumn"])
async def test_a_deadline_is_six_in_the_evening_where_the_host_is_whatever_its_clocks_do(
    hall: Delivered, country: str, change: tuple[str, str, dict[str, int]]
) -> None:
    begin, day, hours = change
    hall.now = moment(begin)
    town = City("town", "Town", country, ZONES[country], ("en",), "housing")
    community = replace(hall.settings.community, cities=(town,))
    hall.settings = replace(hall.settings, community=community)
    await hall.do(lambda c: people.change(c, ANN, city="town"))
    await opened(hall, f"!visit propose Town 2027-01-05 2027-01-06 deadline:{day}")
    await hall.says(ANN, "!vote 1 yes 2 no")
    await hall.says(CORA, "!vote 1 yes")
    close = moment(f"{day} {hours[country]}:00")
    assert (await visit(hall)).deadline == close
    await hall.passes(close - timedelta(seconds=1))
    assert (await visit(hall)).state is VisitState.POLLING
    await hall.passes(close)
    assert (await visit(hall)).state is VisitState.CLOSED
    assert "18:00" in hall.post("visit/1/result/1").body

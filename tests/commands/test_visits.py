"""A date is found: proposed, understood, asked, voted, counted, decided, changed."""

import random
import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from commands.context import Context
from commands.dates.rules import silent_parties
from commands.events import Redacted
from commands.visits.counting import count
from demo.postgres import Postgres
from storage import outbox, people, visits, votes, waiting
from storage.database import open_database
from storage.open_polls import open_polls
from storage.outbox import Action
from storage.records import City, EventId, Role
from storage.visit_records import Visit, VisitState
from storage.waiting import Waiting
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    HOUSING,
    ME,
    OTTO,
    PAULA,
    WELCOME,
    direct,
    furnish,
)
from tests.commands.delivered import Delivered, moment

YES, NO = 0, 2
CARD = "visit/1/card"
PROPOSAL = "!visit propose Havnvoll 5-7 May, 12-14 May, 19-21 May"


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Delivered]:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    await database.write(cast_people)
    yield Delivered(database)
    await database.close()


def cast_people(connection: Connection) -> None:
    """Ann leads Havnvoll (host), Ben speaks for São Bento, Cora coordinates the cluster."""
    people.change(connection, BEN, city="sao-bento")


async def visit(hall: Delivered, number: int = 1) -> Visit:
    found = await hall.do(lambda c: visits.get(c, number))
    assert found is not None
    return found


async def opened(hall: Delivered, proposal: str = PROPOSAL) -> None:
    """Proposed by Ann, and asked: Havnvoll, São Bento, and Cora as lead partner must answer."""
    await hall.says(ANN, proposal)
    await hall.hears(ANN, "!visit open V-1")


# ── proposing ─────────────────────────────────────────────────────────────────────────────────


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


# ── voting ────────────────────────────────────────────────────────────────────────────────────


async def test_polls_taps_and_typed_votes_are_one_ledger_and_the_latest_counts(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.answers(BEN, "visit/1/poll/1/1", NO)
    hall.later(timedelta(seconds=1))
    assert "Noted for São Bento: 1 ✅  2 🟡" in await hall.hears(BEN, "!vote 1 yes 2 maybe")
    hall.later(timedelta(seconds=1))
    tap = await hall.taps(BEN, CARD, "3️⃣")
    await hall.passes(hall.now + timedelta(seconds=3))
    assert hall.latest(CARD).count("1 of 2 cities") == 3
    hall.later(timedelta(seconds=1))
    await hall.answers(BEN, "visit/1/poll/2/1", NO)
    await hall.responds(Redacted(hall.next_event(), HOUSING, BEN, hall.now, tap))
    await hall.passes(hall.now + timedelta(seconds=3))
    shown = await hall.hears(BEN, "!visit show V-1")
    assert shown.count("1 of 2 cities") == 1, "date 1"
    assert shown.count("0 of 2 cities · 1 no") == 1, "date 2"
    assert shown.count("0 of 2 cities · 2 silent") == 1, "date 3, taken back"


async def test_who_taps_two_answers_to_one_date_is_told_once_which_counts(hall: Delivered) -> None:
    await opened(hall)
    await hall.taps(BEN, "visit/1/poll/1/1", "✅")
    hall.later(timedelta(seconds=1))
    no = await hall.taps(BEN, "visit/1/poll/1/1", "❌")
    told = [body for body in hall.bodies(HOUSING) if "both stand" in body]
    assert told == ["Ben: ✅ and ❌ both stand on date 1. The latest counts: ❌."]
    quoting = await hall.do(lambda c: outbox.posts_quoting(c, no))
    assert quoting == [f"visit/1/poll/1/1/both/{BEN}"], "it goes with the tap that it tells of"
    assert "1 no" in await hall.hears(ANN, "!visit show V-1")
    hall.later(timedelta(seconds=1))
    await hall.responds(Redacted(hall.next_event(), HOUSING, BEN, hall.now, no))
    hall.later(timedelta(seconds=1))
    await hall.taps(BEN, "visit/1/poll/1/1", "👎")
    assert len([body for body in hall.bodies(HOUSING) if "both stand" in body]) == 1, "once a date"
    await hall.taps(BEN, "visit/1/poll/2/1", "🟡")
    assert len([body for body in hall.bodies(HOUSING) if "both stand" in body]) == 1


async def test_a_poll_answer_that_is_redacted_gives_way_to_the_one_before(hall: Delivered) -> None:
    await opened(hall)
    await hall.answers(BEN, "visit/1/poll/1/1", YES)
    hall.later(timedelta(seconds=1))
    second = await hall.answers(BEN, "visit/1/poll/1/1", NO)
    await hall.responds(Redacted(hall.next_event(), HOUSING, BEN, hall.now, second))
    assert "1 of 2 cities" in await hall.hears(ANN, "!visit show V-1")
    hall.later(timedelta(seconds=1))
    await hall.answers(BEN, "visit/1/poll/1/1", None)
    assert "1 of 2 cities" not in await hall.hears(ANN, "!visit show V-1"), "un-voted"


async def test_an_edited_vote_counts_as_it_reads_now(hall: Delivered) -> None:
    await opened(hall)
    typed = hall.said(BEN, "!vote yes 1 2")
    await hall.responds(typed)
    await hall.edits(typed, "!vote no 1")
    ledger = await hall.do(lambda c: votes.find(c, 1))
    assert [(v.option, v.value) for v in ledger] == [(1, "no")]


@pytest.mark.parametrize("typed", ["!vote", "!vote 9 yes", "!vote perhaps not", "!vote 1"])
async def test_a_vote_that_cannot_be_read_says_how(hall: Delivered, typed: str) -> None:
    await opened(hall)
    shown = await hall.hears(BEN, typed)
    assert "1 yes 2 maybe 3 no" in shown


async def test_a_city_lead_or_coordinator_answers_for_a_city_and_nobody_else(
    hall: Delivered,
) -> None:
    await opened(hall)
    assert "its own people answer" in await hall.hears(BEN, "!vote city:Havnvoll 1 no")
    assert "Noted for São Bento: 1 ❌" in await hall.hears(CORA, '!vote city:"São Bento" 1 no')
    assert "1 no" in await hall.hears(ANN, "!visit show V-1")


async def test_who_speaks_for_no_city_is_told(hall: Delivered) -> None:
    await opened(hall)
    assert "I don't know which city you speak for" in await hall.hears(OTTO, "!vote 1 yes")


async def test_a_member_who_leaves_keeps_their_vote_and_the_banned_have_none(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.answers(BEN, "visit/1/poll/1/1", YES)
    await hall.moves(BEN, HOUSING, "leave")
    assert "1 of 2 cities" in await hall.hears(ANN, "!visit show V-1")
    await hall.moves(BEN, HOUSING, "ban")
    hall.later(timedelta(seconds=1))
    await hall.answers(BEN, "visit/1/poll/1/1", NO)
    assert "1 of 2 cities" in await hall.hears(ANN, "!visit show V-1")


async def test_who_moves_to_another_city_speaks_for_the_old_one_in_this_poll(
    hall: Delivered,
) -> None:
    await opened(hall)
    await hall.do(lambda c: people.change(c, BEN, city="havnvoll"))
    assert "Noted for São Bento" in await hall.hears(BEN, "!vote 1 yes")
    await hall.do(lambda c: people.change(c, OTTO, city="sao-bento"))
    assert "Noted for São Bento" in await hall.hears(OTTO, "!vote 1 no"), "a newcomer"


async def test_many_votes_are_one_edit_of_the_card(hall: Delivered) -> None:
    await opened(hall)
    before = len(hall.stood)
    for place in range(40):
        hall.later(timedelta(milliseconds=40))
        await hall.answers(BEN, "visit/1/poll/1/1", place % 3)
    await hall.passes(hall.now + timedelta(seconds=4))
    edits = [one for one in hall.stood[before:] if one.changes == CARD]
    assert 1 <= len(edits) <= 2


# ── for those who remind of several polls at once ──


async def test_open_polls_are_told_with_who_is_awaited_as_the_card_tells_it(
    hall: Delivered,
) -> None:
    async def silent() -> tuple[str, ...]:
        (poll,) = await hall.do(lambda c: open_polls(c, room_id=HOUSING))

        def counted(connection: Connection) -> tuple[str, ...]:
            context = Context(connection, hall.now, ME, hall.settings, "$cause")
            return silent_parties(count(poll.visit, context))

        assert set(poll.silent) == set(await hall.do(counted))
        return poll.silent

    await opened(hall)
    assert await silent() == ("city/havnvoll", "city/sao-bento", "coordinator")
    await hall.says(CORA, '!vote city:"São Bento" yes')
    assert await silent() == ("city/havnvoll", "coordinator")
    await hall.says(ANN, "!vote 1 yes 2 no")
    assert await silent() == ("city/havnvoll", "coordinator"), "date 3 lacks"
    await hall.do(lambda c: people.change(c, OTTO, city="havnvoll"))
    await hall.says(OTTO, "!vote 3 yes")
    assert await silent() == ("coordinator",), "a newcomer speaks for the city, too"
    hall.later(timedelta(minutes=1))
    await hall.answers(ANN, "visit/1/poll/1/1", None)
    assert await silent() == ("city/havnvoll", "coordinator"), "taken back"
    (poll,) = await hall.do(lambda c: open_polls(c, cluster="housing"))
    assert poll.awaited == (ANN, CORA)
    assert [number for number, _start, _last in poll.dates] == [1, 2, 3]
    await hall.says(CORA, "!visit mute V-1")
    (poll,) = await hall.do(open_polls)
    assert poll.awaited == (ANN,)
    assert await hall.do(lambda c: open_polls(c, room_id=WELCOME)) == []
    await hall.says(CORA, "!visit close V-1")
    assert await hall.do(open_polls) == []


# ── closing ───────────────────────────────────────────────────────────────────────────────────


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


# ── reminders ─────────────────────────────────────────────────────────────────────────────────


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


async def test_an_answer_without_its_key_is_named_in_the_result(hall: Delivered) -> None:
    await opened(hall)
    poll = hall.post("visit/1/poll/2/1").event_id
    relation = {"m.relates_to": {"rel_type": "m.reference", "event_id": poll}}
    sealed = Waiting(EventId("$sealed"), HOUSING, "s", {"content": relation})
    other = Waiting(EventId("$other"), HOUSING, "s", {"content": {"m.relates_to": "?"}})
    await hall.do(lambda c: waiting.add(c, [sealed, other], hall.now, None))
    await hall.says(CORA, "!visit close V-1")
    assert "1 answer could not be read" in hall.post("visit/1/result/1").body


# ── asked first ───────────────────────────────────────────────────────────────────────────────


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


async def test_who_is_asked_first_and_silent_holds_the_room_up_for_a_day(hall: Delivered) -> None:
    await hall.says(ANN, PROPOSAL + " first:yes")
    await hall.says(ANN, "!visit open V-1")
    await hall.passes(hall.now + timedelta(hours=26))
    assert (await visit(hall)).state is VisitState.POLLING


# ── deciding ──────────────────────────────────────────────────────────────────────────────────


async def decided(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes 3 no")
    await hall.says(CORA, "!vote yes")
    await hall.says(BEN, "!vote 1 maybe 2 yes 3 yes")
    await hall.says(CORA, "!visit confirm V-1")


async def test_two_who_decide_at_once_do_not_overrule_each_other(hall: Delivered) -> None:
    await decided(hall)
    shown = await hall.hears(ANN, "!visit confirm V-1 1")
    assert "V-1 is decided: Tue, 12 May – Thu, 14 May 2026. !visit move V-1 … changes it." in shown


async def test_a_date_that_a_required_party_refused_needs_a_reason(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes 3 no")
    await hall.says(CORA, "!visit close V-1")
    shown = await hall.hears(CORA, "!visit confirm V-1 3")
    assert "Havnvoll cannot on date 3" in shown
    await hall.says(CORA, '!visit confirm V-1 3 because:"Ann sends a deputy"')
    one = await visit(hall)
    assert (one.override, str(one.start)) == ("Ann sends a deputy", "2026-05-19")
    assert "because: Ann sends a deputy" in hall.post("visit/1/decision/0").body


async def test_where_no_date_works_the_next_free_days_are_named(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote no")
    await hall.says(CORA, "!visit close V-1")
    result = hall.post("visit/1/result/1").body
    free = "Tue, 26 May – Thu, 28 May 2026, Tue, 2 Jun – Thu, 4 Jun 2026"
    assert f"Free as far as I know: {free}" in result
    (command,) = re.findall(r"!visit reopen V-1 20.*?(?= asks)", result)
    await hall.says(CORA, command)
    dates = await hall.do(lambda c: visits.options(c, 1))
    assert [str(one.start) for one in dates[3:]] == ["2026-05-26", "2026-06-02", "2026-06-09"]


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
    assert "now date 1 and 2 is best" in hall.bodies(HOUSING)[-1]


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


async def test_dates_that_are_asked_again_stay_open_when_somebody_changes_a_vote(
    hall: Delivered,
) -> None:
    await opened(hall)
    for who in (ANN, CORA, BEN):
        await hall.says(who, "!vote yes")
    await hall.says(CORA, "!visit reopen V-1")
    hall.later(timedelta(minutes=1))
    await hall.says(BEN, "!vote 1 no")
    assert (await visit(hall)).state is VisitState.POLLING


async def test_reopening_with_new_dates_leaves_what_was_said(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote no")
    await hall.says(BEN, "!vote yes 1")
    await hall.says(CORA, "!visit close V-1")
    assert "No date works." in hall.post("visit/1/result/1").body
    await hall.says(CORA, "!visit reopen V-1 26-28 May")
    one = await visit(hall)
    assert (one.state, one.round) == (VisitState.POLLING, 2)
    again = [one.key for one in hall.stood if one.key.endswith("/2") and "/poll/" in one.key]
    assert len(again) == 4
    shown = await hall.hears(ANN, "!visit show V-1")
    assert "1 of 2 cities · 1 no" in shown
    assert "26 May" in shown


# ── living ────────────────────────────────────────────────────────────────────────────────────


def calendar(hall: Delivered, revision: int) -> str:
    from base64 import b64decode

    content = hall.post(f"visit/1/ics/{revision}").content
    return b64decode(content["org.moothall.data"]).decode().replace("\r\n ", "")


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
    assert "Because: the host is on strike" in hall.post("visit/1/cancelled").body
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


# ── the card ──────────────────────────────────────────────────────────────────────────────────


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


async def test_a_postponed_visit_is_asked_about_again(hall: Delivered) -> None:
    await decided(hall)
    await hall.says(CORA, "!visit postpone V-1")
    assert "METHOD:CANCEL" in calendar(hall, 1)
    assert (await visit(hall)).state is VisitState.POSTPONED
    await hall.says(CORA, "!visit reopen V-1 9-11 June")
    await hall.says(CORA, "!visit close V-1")
    await hall.says(CORA, '!visit confirm V-1 4 because:"as agreed by phone"')
    assert "SEQUENCE:2" in calendar(hall, 2)


async def test_a_stand_in_speaks_for_a_city(hall: Delivered) -> None:
    await opened(hall)
    assert "Otto speaks for Havnvoll now" in await hall.hears(
        ANN, "!visit speaker V-1 Otto city:Havnvoll"
    )
    await hall.says(OTTO, "!vote 1 no")
    await hall.says(ANN, "!vote 1 yes")
    assert "Havnvoll: No (Otto; Ann Berg: Yes)" in await hall.hears(BEN, "!visit show V-1")


# ── clashes ───────────────────────────────────────────────────────────────────────────────────


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


# ── what is not theirs ────────────────────────────────────────────────────────────────────────


async def test_a_visit_of_a_room_one_is_not_in_reads_like_one_that_does_not_exist(
    hall: Delivered,
) -> None:
    await opened(hall)
    absent = await hall.hears(BEN, "!visit show V-9", WELCOME)
    assert (await hall.hears(BEN, "!visit show V-1", WELCOME)).replace("V-1", "V-9") == absent
    assert "V-1: a visit to Havnvoll" in await hall.hears(BEN, "visit show V-1", direct(BEN))
    await hall.moves(BEN, HOUSING, "leave")
    assert "I don't know V-1" in await hall.hears(BEN, "visit show V-1", direct(BEN))


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


async def test_privacy_tells_of_votes_and_of_what_was_written(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(BEN, "!vote 1 yes 2 no")
    await hall.says(BEN, "!action add paint the door")
    told = await hall.hears(BEN, "privacy", direct(BEN))
    assert "2 answers of yours to dates of visits" in told
    assert "1 thing that you wrote about visits, or took on there" in told


# ── both databases ────────────────────────────────────────────────────────────────────────────


async def test_the_same_on_postgresql(postgres: Postgres) -> None:
    name = "visits_handlers"
    postgres.create_database(name)
    database = await open_database(postgres.url(name))
    await database.write(furnish)
    await database.write(cast_people)
    hall = Delivered(database)
    await decided(hall)
    await hall.says(CORA, "!visit move V-1 2-4 June")
    await hall.says(CORA, "!visit reopen V-1 9-11 June")
    one = await visit(hall)
    assert (one.state, one.sequence) == (VisitState.POLLING, 1)
    await database.close()


# ── clocks that change ────────────────────────────────────────────────────────────────────────

ZONES = {"NO": "Europe/Oslo", "PT": "Europe/Lisbon", "GR": "Europe/Athens", "GB": "Europe/London"}
SPRING = ("2026-03-27 09:00", "2026-03-30", {"NO": 16, "PT": 17, "GR": 15, "GB": 17})
AUTUMN = ("2026-10-23 09:00", "2026-10-26", {"NO": 17, "PT": 18, "GR": 16, "GB": 18})


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


# ── a great many votes ────────────────────────────────────────────────────────────────────────


async def test_a_burst_of_votes_is_counted_right_in_one_edit_every_two_seconds(
    hall: Delivered,
) -> None:
    await opened(hall)
    before, chance = len(hall.stood), random.Random(7)
    latest: dict[int, int] = {}
    for place in range(200):
        until = hall.now + timedelta(milliseconds=60)
        await hall.passes(until)
        number, choice = chance.randint(1, 3), chance.randint(0, 2)
        await hall.answers(BEN, f"visit/1/poll/{number}/1", choice)
        latest[number] = choice
        if place % 50 == 49:
            shown = await hall.hears(ANN, "!visit show V-1")
            comes = sum(said in (YES, 1) for said in latest.values())
            assert shown.count("1 of 2 cities") == comes
    await hall.passes(hall.now + timedelta(seconds=3))
    edits = [one for one in hall.stood[before:] if one.changes == CARD]
    assert 4 <= len(edits) <= 8, "in twelve seconds"

"""Votes by poll, tap and words are one ledger: the latest counts, person by person."""

import random
from datetime import timedelta

import pytest
from sqlalchemy import Connection

from commands.context import Context
from commands.dates.rules import silent_parties
from commands.events import Redacted
from commands.visits.counting import count
from storage import outbox, people, votes
from storage.open_polls import open_polls
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    HOUSING,
    ME,
    OTTO,
    WELCOME,
)
from tests.commands.delivered import Delivered
from tests.commands.visits.conftest import CARD, NO, YES, opened


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


async def test_a_stand_in_speaks_for_a_city(hall: Delivered) -> None:
    await opened(hall)
    assert "Otto speaks for Havnvoll now" in await hall.hears(
        ANN, "!visit speaker V-1 Otto city:Havnvoll"
    )
    await hall.says(OTTO, "!vote 1 no")
    await hall.says(ANN, "!vote 1 yes")
    assert "Havnvoll: No (Otto; Ann Berg: Yes)" in await hall.hears(BEN, "!visit show V-1")


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

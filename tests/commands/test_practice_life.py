"""Reviews and transfers, without a network: what each side says, sees and is told."""

import uuid
from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Connection, select

from commands.events import TimerDue
from commands.posts import Change, Post, Say, TakeBack, Tell
from storage import outbox, people, practices, timers, transfers
from storage.outbox import Action, Row
from storage.records import EventId, PracticeField, PracticeState, Role, TransferState, UserId
from storage.tables.spine import timer
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    HOUSING,
    OTTO,
    PAULA,
    WELCOME,
    Hall,
    direct,
    heard,
)
from tests.commands.test_practices import FIVE, card, share, stored

S = PracticeState
DORA = UserId("@dora:hs")  # of Lipohrad
EVA = UserId("@eva:hs")  # expert facilitator


@pytest.fixture
async def shared(hall: Hall) -> Hall:
    """P-1 of Havnvoll is shared; Ben is of São Bento, Dora of Lipohrad, Eva is the facilitator."""

    def settle(connection: Connection) -> None:
        for who, name in ((DORA, "Dora"), (EVA, "Eva")):
            people.know(connection, who)
            people.change(connection, who, display_name=name)
        people.change(connection, BEN, city="sao-bento")
        people.change(connection, DORA, city="lipohrad")
        people.set_roles(connection, EVA, {Role.EXPERT_FACILITATOR})

    await hall.do(settle)
    for who in (DORA, EVA):
        await hall.moves(who, HOUSING, "join")
    await share(hall)
    return hall


def told(posts: Sequence[Post], who: UserId) -> str:
    """What somebody is told in their direct chat."""
    return heard([post for post in posts if isinstance(post, Tell) and post.person == who])


async def review(hall: Hall, who: UserId, *answers: str) -> Sequence[Post]:
    begun = hall.said(who, "!practice review P-1")
    posts = await hall.responds(begun)
    assert "1/3 Do I understand what happens on a Tuesday?" in heard(posts)
    for text in answers:
        posts = await hall.says(who, text, thread_root=begun.event_id)
    return posts


# ── reviews ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise(
    "Two peers of two other cities and the facilitator review; disagreement shows."
)
async def test_a_review_from_its_opening_to_publication(shared: Hall) -> None:
    hall = shared
    assert "is shared, and not reviewed yet" in await hall.hears(ANN, "!practice publish P-1")
    assert "P-1 is under review." in await hall.hears(ANN, "!practice review P-1")
    assert "under review" in await hall.hears(ANN, "!practice review P-1")
    posts = await review(hall, BEN, "yes", "yes, 40 evenings", "partly, we have no library")
    assert "Your answers stand on the card of P-1." in heard(posts)
    assert "Ben, São Bento has reviewed P-1." in told(posts, ANN)
    waits = await hall.hears(ANN, "!practice publish P-1")
    assert "a peer of one more other city and the expert facilitator" in waits
    posts = await review(hall, DORA, "yes", "no, where is the number?", "yes")
    shown = card(posts)
    assert "Do I believe the change? They disagree." in shown
    assert "Ben, São Bento: yes – 40 evenings" in shown
    assert "Dora, Lipohrad: no – where is the number?" in shown
    assert "the expert facilitator" in await hall.hears(ANN, "!practice publish P-1")
    posts = await review(hall, EVA, "yes", "yes", "yes")
    assert "publish P-1 publishes it" in told(posts, ANN)
    posts = await hall.says(ANN, "!practice publish P-1")
    assert "P-1 is published" in heard(posts)
    assert "published" in card(posts)
    assert "is published already" in await hall.hears(ANN, "!practice publish P-1")
    # Everybody may see it now, and it ends with a reason.
    assert "Welcome coffee" in await hall.hears(BEN, "practice show P-1", direct(BEN))
    assert "Why does it end?" in await hall.hears(ANN, "!practice retire P-1")
    posts = await hall.says(ANN, "!practice retire P-1 The library closed")
    assert "Retired, because: The library closed" in card(posts)
    assert "Retired, because: The library closed" in await hall.hears(BEN, "!practice list stopped")
    assert "is retired" in await hall.hears(BEN, "!practice review P-1")


async def test_a_reviewer_who_needs_to_know_more_is_told_when_it_is_there(shared: Hall) -> None:
    hall = shared
    asking = hall.said(BEN, "!practice review P-1 needs who makes the coffee?")
    posts = await hall.responds(asking)
    assert "Ben has read P-1 and needs to know: who makes the coffee?" in told(posts, ANN)
    assert "A reviewer needs to know: who makes the coffee?" in card(posts)
    assert "waits for something" in await hall.hears(ANN, "!practice publish P-1")
    posts = await hall.edits(asking, "!practice review P-1 needs who pays?")
    assert "A reviewer needs to know: who pays?" in card(posts)
    posts = await hall.says(ANN, "!practice edit P-1 Watch out: The city pays for it.")
    assert "P-1 says so now: Watch out." in heard(posts)
    assert "P-1 has been added to" in told(posts, BEN)
    assert "needs to know" not in card(posts)
    assert (await stored(hall)).state is S.UNDER_REVIEW


async def test_who_cannot_review_hears_why_and_a_vague_answer_is_asked_again(shared: Hall) -> None:
    hall = shared
    await hall.do(lambda c: people.change(c, BEN, city="havnvoll"))
    assert "your own city's" in await hall.hears(BEN, "!practice review P-1")
    await hall.do(lambda c: people.change(c, BEN, city=None))
    assert "I don't know your city yet" in await hall.hears(BEN, "!practice review P-1")
    begun = hall.said(DORA, "!practice review P-1")
    await hall.responds(begun)
    root = begun.event_id
    assert "begin with yes, partly or no" in await hall.hears(DORA, "Hm", thread_root=root)
    assert "2/3" in await hall.hears(DORA, "ano", thread_root=root)
    assert "1/3" in await hall.hears(DORA, "back", thread_root=root)
    assert "2/3" in await hall.hears(DORA, "ne, nerozumím", thread_root=root)
    assert "is kept" in await hall.hears(DORA, "cancel", thread_root=root)
    assert "2/3" in await hall.hears(DORA, "!practice review P-1")


async def test_a_reviewers_answer_follows_its_message(shared: Hall) -> None:
    hall = shared
    begun = hall.said(DORA, "!practice review P-1")
    await hall.responds(begun)
    answer = hall.said(DORA, "no, too vague", thread_root=begun.event_id)
    await hall.responds(answer)
    assert "Dora, Lipohrad: yes – now I see" in card(await hall.edits(answer, "yes, now I see"))
    assert "Dora" not in card(await hall.redacts(DORA, answer.event_id))


# ── transfers ─────────────────────────────────────────────────────────────────────────────────


async def begin(hall: Hall, who: UserId = DORA) -> Sequence[Post]:
    posts = await hall.says(who, "!practice transfer P-1")

    def posted(connection: Connection) -> None:
        row = Row("transfer/1/card", HOUSING, Action.MESSAGE, {"body": "T-1"}, "m.room.message")
        outbox.add(connection, uuid.UUID(int=1), [row], hall.now)
        claimed = outbox.claim(connection, HOUSING, "DEVICE", hall.now)
        assert claimed is not None
        outbox.settle(connection, claimed.id, hall.now, event_id=EventId("$t1"))

    await hall.do(posted)
    return posts


def cards(posts: Sequence[Post]) -> dict[str, str]:
    return {post.post: heard([Tell(ANN, post.reply)]) for post in posts if isinstance(post, Change)}


@pytest.mark.promise("The city that gave a practice is told at each step of who takes it up.")
async def test_a_transfer_from_interest_to_use_with_its_diary(shared: Hall) -> None:
    hall = shared
    posts = await begin(hall)
    assert "T-1: your city is looking at P-1. I have told Ann Berg, Havnvoll." in heard(posts)
    assert "Lipohrad is looking at P-1 Welcome coffee (T-1). You may hear from Dora." in told(
        posts, ANN
    )
    assert "at it already: T-1" in await hall.hears(DORA, "!practice transfer P-1")

    entry = hall.said(DORA, "We asked the library.", thread_root=EventId("$t1"))
    posts = await hall.responds(entry)
    assert "Dora: We asked the library." in cards(posts)["transfer/1/card"]
    assert await hall.says(BEN, "Good luck!", thread_root=EventId("$t1")) == ()
    posts = await hall.edits(entry, "We asked two libraries.")
    assert "Dora: We asked two libraries." in cards(posts)["transfer/1/card"]

    assert "is Lipohrad's to tell" in await hall.hears(BEN, "!transfer T-1 adapting")
    posts = await hall.says(DORA, "!transfer t1 adapting degree:adapted Tea instead of coffee")
    assert "T-1 is adapting now." in heard(posts)
    assert "Lipohrad with P-1 Welcome coffee (T-1): adapting." in told(posts, ANN)
    assert "What they changed: Tea instead of coffee" in told(posts, ANN)
    shown = cards(posts)
    assert "adapting · adapted" in shown["transfer/1/card"]
    assert "T-1 Lipohrad · adapting · adapted" in shown["practice/1/card/1"]
    assert "What they changed: Tea instead of coffee" in shown["practice/1/card/1"]
    refused = await hall.hears(DORA, "!transfer T-1 understanding")
    assert refused == "T-1 is adapting. It can become piloting, in-use, stopped."
    assert "What did you change?" in await hall.hears(DORA, "!transfer T-1 piloting")
    posts = await hall.says(DORA, "!transfer T-1 in-use")
    assert "Lipohrad uses P-1 Welcome coffee now (T-1). Thank you!" in told(posts, ANN)
    assert "T-1 Lipohrad · in use" in await hall.hears(CORA, "!practice show P-1")
    whole = await hall.hears(BEN, "!transfer T-1")
    assert "We asked two libraries." in whole
    assert "Tea instead of coffee" in whole


async def test_a_transfer_that_stops_tells_why_and_stays_on_the_shelf(shared: Hall) -> None:
    hall = shared
    await begin(hall)
    stopping = hall.said(DORA, "!transfer T-1 stopped")
    assert "What stopped it?" in heard(await hall.responds(stopping))
    posts = await hall.says(DORA, "No library wants us", thread_root=stopping.event_id)
    assert "Thank you for saying why" in heard(posts)
    assert "Lipohrad has stopped with P-1" in told(posts, ANN)
    assert "Because: No library wants us" in told(posts, ANN)
    assert "Stopped, because: No library wants us" in await hall.hears(
        BEN, "!practice list stopped"
    )
    assert "To begin anew" in await hall.hears(DORA, "!transfer T-1 piloting")
    await hall.says(DORA, "!practice transfer P-1")
    again = await hall.do(lambda c: transfers.get(c, 2))
    assert again is not None
    assert again.state is TransferState.INTERESTED


async def test_the_lineage_goes_both_ways(shared: Hall) -> None:
    hall = shared
    form = "!practice share\nTitle: Tea\nProblem: Same\nWhat we do: Tea\nBased on: p1"
    posts = await hall.says(BEN, form)
    assert "Grew out of: P-1 Welcome coffee · Havnvoll" in card(posts)
    assert "Led to P-2 Tea · São Bento" in await hall.hears(ANN, "!practice show P-1")


async def due(hall: Hall) -> Sequence[Post]:
    """Let the next alarm ring."""
    row = await hall.do(
        lambda c: c.execute(select(timer).where(timer.c.state == "pending")).first()
    )
    assert row is not None
    hall.now = row.due
    await hall.do(lambda c: timers.ring(c, hall.now))
    return await hall.responds(TimerDue(row.key, row.kind, None, row.due, row.payload), row.key)


async def pending(hall: Hall) -> int:
    return await hall.do(timers.pending)


@pytest.mark.promise("After six weeks of silence one kind question is asked, and never a second.")
async def test_six_weeks_of_silence_bring_one_question_and_never_two(shared: Hall) -> None:
    hall = shared
    await begin(hall)
    begun = hall.now
    hall.later(timedelta(weeks=3))
    await hall.says(DORA, "We asked the library.", thread_root=EventId("$t1"))
    assert await due(hall) == (), "there was a sign of life"
    posts = await due(hall)
    assert hall.now - begun > timedelta(weeks=9)
    assert hall.now.weekday() < 5
    assert "How is it going with T-1 Welcome coffee?" in told(posts, DORA)
    assert await pending(hall) == 0, "nobody asks again"
    await hall.do(
        lambda c: outbox.add(
            c,
            uuid.UUID(int=1),
            [Row("transfer/1/asked", "!d:hs", Action.MESSAGE, {"body": ""}, "m.room.message")],
            hall.now,
        )
    )
    hall.later(timedelta(weeks=20))
    again = TimerDue("x", "transfer-silence", None, hall.now, {"transfer": 1})
    assert await hall.responds(again, "x") == ()


async def test_what_is_asked_of_a_stranger_city_or_of_ones_own_is_explained(shared: Hall) -> None:
    hall = shared
    assert "it is others who take it up" in await hall.hears(ANN, "!practice transfer P-1")
    assert "don't know your city" in await hall.hears(OTTO, "!practice transfer P-1")
    assert "no T-9 for you" in await hall.hears(PAULA, "!transfer T-9 adapting")
    await share(hall, answers=[FIVE[0], "done"])
    assert "no P-2 for you" in await hall.hears(BEN, "!practice transfer P-2")


async def test_a_shared_practice_is_not_told_to_another_cluster_by_its_transfers(
    shared: Hall,
) -> None:
    hall = shared
    await begin(hall)
    told_, _mark = await hall.says(BEN, "!transfer T-1", WELCOME)
    assert isinstance(told_, Tell)
    form = "!practice share\nTitle: Tea\nProblem: Same\nWhat we do: Tea\nBased on: P-1"
    await hall.moves(DORA, WELCOME, "join")
    posts = await hall.says(DORA, form, WELCOME)
    assert "Grew out of: P-1 Havnvoll" in card(posts)
    assert "Welcome coffee" not in card(posts)


async def test_a_title_that_is_taken_back_leaves_the_cards_of_relatives_too(shared: Hall) -> None:
    hall = shared
    form = "!practice share\nTitle: Tea\nProblem: Same\nWhat we do: Tea\nBased on: P-1"
    assert "Welcome coffee" in card(await hall.says(BEN, form))
    await begin(hall)
    title = (await stored(hall)).fields[PracticeField.TITLE].event_id
    assert title is not None
    posts = await hall.redacts(ANN, title)
    gone = [post.post for post in posts if isinstance(post, TakeBack)]
    assert gone == ["practice/1/card/1", "practice/2/card/1"]
    said = [heard([Tell(ANN, post.reply)]) for post in posts if isinstance(post, Say | Change)]
    assert len(said) == 2
    assert "Welcome coffee" not in "".join(said)


async def test_an_entry_that_is_taken_back_leaves_cards_and_diary(shared: Hall) -> None:
    hall = shared
    await begin(hall)
    step = hall.said(DORA, "!transfer T-1 piloting Two seats instead of four")
    await hall.responds(step)
    posts = await hall.redacts(DORA, step.event_id)
    assert "Two seats" not in "".join(cards(posts).values()) + card(posts)
    diary = await hall.do(lambda c: transfers.notes(c, 1))
    assert [(note.state, note.text) for note in diary] == [(TransferState.PILOTING, "")]
    found = await hall.do(lambda c: practices.get(c, 1))
    assert found is not None
    assert found.card == 2

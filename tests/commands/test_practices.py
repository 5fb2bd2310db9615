"""Practices, without a network: from a sentence in a chat to a card that others can use."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from commands.events import Reacted
from commands.posts import Change, Post, React, Say, TakeBack, Tell
from storage import practices
from storage.records import EventId, Practice, PracticeField, PracticeState, RoomId, UserId
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    HOUSING,
    PAULA,
    WELCOME,
    Hall,
    direct,
    heard,
    plain,
)

F = PracticeField
S = PracticeState
FIVE = (
    "Welcome coffee",
    "Newcomers meet counters, not people.",
    "Every Thursday two volunteers lay a long table in the library.",
    "About 40 evenings a year, 15 to 30 guests.",
    "Always roster two hosts.",
)


async def stored(hall: Hall, number: int = 1) -> Practice:
    found = await hall.do(lambda c: practices.get(c, number))
    assert found is not None
    return found


def card(posts: Sequence[Post]) -> str:
    """What the card says that these posts make or change; "" if they do neither."""
    for post in posts:
        if isinstance(post, Say | Change) and "/card" in (
            post.key or "" if isinstance(post, Say) else post.post
        ):
            return plain(post.reply)
    return ""


async def share(hall: Hall, who: UserId = ANN, answers: Sequence[str] = FIVE) -> Sequence[Post]:
    """Answer the five questions in a thread of the room."""
    said = hall.said(who, "!practice share")
    await hall.responds(said)
    posts: Sequence[Post] = ()
    for text in answers:
        posts = await hall.says(who, text, thread_root=said.event_id)
    return posts


@pytest.mark.promise("A sentence becomes a practice by five short questions, one at a time.")
@pytest.mark.parametrize("room", [HOUSING, direct(ANN)])
async def test_five_answers_make_a_practice_and_its_card(hall: Hall, room: RoomId) -> None:
    begun = hall.said(ANN, "!practice share", room)
    root = begun.event_id if room == HOUSING else None
    first = heard(await hall.responds(begun))
    assert "P-1: five short questions" in first
    assert "1/5 Give it a name your colleagues would use. (up to 60 characters)" in first
    asked = []
    for text in FIVE[:4]:
        asked.append(await hall.hears(ANN, text, room, thread_root=root))
        hall.later(timedelta(days=9))  # it waits for weeks
    assert [line[:3] for line in asked] == ["2/5", "3/5", "4/5", "5/5"]
    posts = await hall.says(ANN, FIVE[4], room, thread_root=root)
    assert "P-1 is shared with Housing first" in heard(posts)
    shown = card(posts)
    assert shown.startswith("P-1 · Welcome coffee\nHavnvoll · ask Ann Berg · shared · ")
    for label, text in zip(
        ("Problem", "What we do", "What changed", "Watch out"), FIVE[1:], strict=True
    ):
        assert f"{label}: {text}" in shown
    now = await stored(hall)
    assert (now.state, now.city, now.cluster, now.language) == (
        S.SHARED,
        "havnvoll",
        "housing",
        "en",
    )


async def test_city_and_organisation_are_filled_in_by_the_hall(hall: Hall) -> None:
    told = await hall.hears(CORA, '!member set Ben city:"São Bento" organisation:"Welcome House"')
    assert told.startswith("Noted: Ben @ben:hs · São Bento, Welcome House")
    assert "Organisation: Welcome House" in await hall.hears(BEN, "!whoami")
    shown = card(await share(hall, BEN))
    assert "São Bento · ask Ben · shared" in shown
    assert "Organisation: Welcome House" in shown


async def test_three_answers_are_enough_to_share(hall: Hall) -> None:
    posts = await share(hall, answers=[*FIVE[:3], "done"])
    assert "To be published it still needs: What changed and Watch out." in heard(posts)
    assert "Still missing: What changed and Watch out." in card(posts)


async def test_two_are_a_draft_that_only_its_author_and_the_coordinator_see(hall: Hall) -> None:
    posts = await share(hall, answers=[*FIVE[:2], "done"])
    assert "Kept as a draft, P-1" in heard(posts)
    assert "To share it I still need: What we do." in heard(posts)
    for who in (ANN, CORA):
        told, quiet = await hall.says(who, "!practice show p1")
        assert isinstance(told, Tell)
        assert isinstance(quiet, React)
        assert "Welcome coffee" in heard([told])
    missing = await hall.hears(BEN, "!practice show P-99")
    assert await hall.hears(BEN, "!practice show 1") == missing.replace("P-99", "P-1")
    assert "Welcome" not in await hall.hears(ANN, "!practice list")
    assert "P-1 Welcome coffee" in await hall.hears(ANN, "practice list mine", direct(ANN))
    # It goes on weeks later, in the direct chat.
    hall.later(timedelta(days=30))
    (question, _) = await hall.says(ANN, "!practice edit P-1")
    assert isinstance(question, Tell)
    assert "3/5" in heard([question])
    assert "4/5" in await hall.hears(ANN, FIVE[2], direct(ANN))
    assert "is shared" in await hall.hears(ANN, "done", direct(ANN))


async def test_skip_back_and_cancel_in_any_of_the_languages(hall: Hall) -> None:
    begun = hall.said(ANN, "!practice share Welcome coffee")
    assert "2/5" in heard(await hall.responds(begun))
    root = begun.event_id
    for word, number in (("skip", 3), ("!skip", 4), ("Zurück", 3), ("tilbake", 2), ("back.", 1)):
        assert f"{number}/5" in await hall.hears(ANN, word, thread_root=root)
    assert "first question" in await hall.hears(ANN, "zpět", thread_root=root)
    assert "kept as P-1" in await hall.hears(ANN, "cancel", thread_root=root)
    assert await hall.says(ANN, "and now to something else", thread_root=root) == ()
    assert (await stored(hall)).text(F.TITLE) == "Welcome coffee"


async def test_what_was_cancelled_empty_leaves_no_draft(hall: Hall) -> None:
    posts = await share(hall, answers=["abbrechen"])
    assert "nothing is kept" in heard(posts)
    assert (await stored(hall)).state is S.WITHDRAWN
    await share(hall)
    assert (await stored(hall, 2)).text(F.TITLE) == FIVE[0]


async def test_a_limit_is_shown_with_what_to_cut_and_nothing_is_lost(hall: Hall) -> None:
    begun = hall.said(ANN, "!practice share Welcome coffee")
    await hall.responds(begun)
    long = hall.said(ANN, "We met. " * 375, thread_root=begun.event_id)
    told = heard(await hall.responds(long))
    assert "Problem has 2999 characters, 2699 more than the 300 that fit." in told
    assert "I kept all of it." in told
    assert len((await stored(hall)).text(F.PROBLEM)) == 2999
    assert "3/5" in await hall.hears(ANN, "cut", thread_root=begun.event_id)
    kept = (await stored(hall)).text(F.PROBLEM)
    assert len(kept) <= 300
    assert kept.endswith("We met.")


async def test_two_people_share_at_once_in_one_room(hall: Hall) -> None:
    ann, ben = hall.said(ANN, "!practice share"), hall.said(BEN, "!practice share")
    for begun in (ann, ben):
        await hall.responds(begun)
    for text in FIVE[:3]:
        await hall.says(ANN, text, thread_root=ann.event_id)
        await hall.says(BEN, f"Ben's {text}", thread_root=ben.event_id)
    assert await hall.says(BEN, "What a nice idea", thread_root=ann.event_id) == ()
    assert (await stored(hall, 1)).text(F.TITLE) == FIVE[0]
    assert (await stored(hall, 2)).text(F.TITLE) == f"Ben's {FIVE[0]}"


# ── forms ─────────────────────────────────────────────────────────────────────────────────────

FORM = """!practice share
Tittel: Velkomstkaffe
Problem: Nyankomne møter skranker, ikke mennesker.
Hva vi gjør: Hver torsdag dekker vi et langbord.
Det er åpent: alle kan komme.
Pass på: Ha alltid to verter.
Tags: library, #meeting-place
Dokumentasjon: monitored
Charter: service_provider.2"""


@pytest.mark.promise("A form of `Field: text` lines is understood in ten languages.")
async def test_all_at_once_as_lines_in_ones_own_language(hall: Hall) -> None:
    posts = await hall.says(ANN, FORM)
    assert "I don't know the field Det er åpent" in heard(posts)
    now = await stored(hall)
    assert now.text(F.TITLE) == "Velkomstkaffe"
    assert now.text(F.WHAT_WE_DO).endswith("langbord.\nDet er åpent: alle kan komme.")
    assert now.text(F.TAGS) == "library, meeting-place"
    assert now.language == "no"
    whole = hall.said(ANN, FORM.replace("Det er åpent: alle", "Alle"))
    posts = await hall.responds(whole)
    assert "P-2 is shared with Housing first" in heard(posts)
    assert "Charter: service_provider.2 Ensure that migrants' needs are" in card(posts)
    # Its edit changes the card; its redaction withdraws it.
    await hall.edits(whole, whole.body.replace("torsdag", "fredag").replace("Pass på", "Pas på"))
    now = await stored(hall, 2)
    assert "fredag" in now.text(F.WHAT_WE_DO)
    assert not now.text(F.WATCH_OUT)
    posts = await hall.redacts(ANN, whole.event_id)
    assert "P-2 is withdrawn" in heard(posts)
    assert (await stored(hall, 2)).fields == {}


async def test_an_edit_or_a_redaction_of_an_answer_is_followed(hall: Hall) -> None:
    begun = hall.said(ANN, "!practice share")
    await hall.responds(begun)
    said = [hall.said(ANN, text, thread_root=begun.event_id) for text in FIVE]
    for one in said:
        await hall.responds(one)
    for field, one in zip((*F,)[:5], said, strict=True):
        posts = await hall.edits(one, f"{one.body} Truly.")
        assert (await stored(hall)).text(field) == f"{one.body} Truly."
        assert f"{one.body} Truly." in card(posts)
        # Somebody else's edit is nobody's answer.
        stranger = hall.said(BEN, one.body, event_id=one.event_id)
        await hall.edits(stranger, "Nonsense")
        assert (await stored(hall)).text(field) == f"{one.body} Truly."
    posts = await hall.redacts(ANN, said[1].event_id)
    assert TakeBack("practice/1/card/1") in posts, "an edit would leave the words behind"
    assert "Still missing: Problem." in card(posts)
    assert FIVE[1] not in card(posts)
    assert (await stored(hall)).card == 2


async def test_the_redaction_of_an_answer_to_an_unfinished_draft_opens_it_again(
    hall: Hall,
) -> None:
    begun = hall.said(ANN, "!practice share", direct(ANN))
    await hall.responds(begun)
    said = [hall.said(ANN, text, direct(ANN)) for text in FIVE[:3]]
    for one in said:
        await hall.responds(one)
    told = heard(await hall.redacts(ANN, said[1].event_id, direct(ANN)))
    assert "I took that out of P-1: Problem." in told
    assert "2/5" in told
    assert "4/5" in await hall.hears(ANN, "Nobody knew anybody.", direct(ANN))


async def test_a_shortened_message_goes_on_with_the_questions(hall: Hall) -> None:
    begun = hall.said(ANN, "!practice share", direct(ANN))
    await hall.responds(begun)
    long = hall.said(ANN, "A title that is much too long " * 4, direct(ANN))
    assert "I kept all of it" in heard(await hall.responds(long))
    assert "2/5" in heard(await hall.edits(long, "A short title"))


async def test_the_network_s_own_charter_takes_the_place_of_ours(hall: Hall) -> None:
    form = "!practice share\nTitle: Tea\nProblem: Thirst\nWhat we do: Tea\nCharter: employer.1"
    refused = await hall.hears(ANN, form)
    assert "Charter cannot be employer.1. It can be policy_maker.1, " in refused
    community = replace(hall.settings.community, commitments={"employer.1": "Hire fairly"})
    hall.settings = replace(hall.settings, community=community)
    assert "Charter: employer.1 Hire fairly" in card(await hall.says(ANN, form))


# ── who never reads a manual ──────────────────────────────────────────────────────────────────


@pytest.mark.promise("Who never reads a manual gets one helpful line.")
async def test_a_member_who_never_reads_a_manual(hall: Hall) -> None:
    for said, room in (("!practice", HOUSING), ("practice", direct(ANN))):
        told = await hall.hears(ANN, said, room)
        assert told.startswith(f"{said} share shares what your city does, in five short questions.")
        assert "\n" not in told
    assert "Did you mean !practice share?" in await hall.hears(ANN, "!practice shar")
    assert "I don't know coffee here." in await hall.hears(ANN, "!practice coffee")

    begun = hall.said(ANN, "!practice share", direct(ANN))
    await hall.responds(begun)
    photo = await hall.hears(ANN, "IMG_1.jpg", direct(ANN), msgtype="m.image")
    assert photo.startswith("I keep no pictures or files. Please tell it in words.\n1/5")
    wrong = await hall.hears(ANN, "Titel: Kaffee\nProblm: Niemand kennt sich", direct(ANN))
    assert "I don't know the field Problm. Did you mean Problem?" in wrong
    numbers = [await hall.hears(ANN, "skip", direct(ANN)) for _ in range(5)]
    assert [each[:3] for each in numbers[:4]] == ["2/5", "3/5", "4/5", "5/5"]
    assert numbers[4].startswith("Kept as a draft, P-1")
    assert "unknown" not in await hall.hears(ANN, "!practice edit P-1 Colour: red")
    assert "P-7x is no number" in await hall.hears(ANN, "!practice show P-7x")


async def test_after_a_pause_a_command_in_the_direct_chat_is_one(hall: Hall) -> None:
    await hall.says(ANN, "practice share Coffee", direct(ANN))
    assert "3/5" in await hall.hears(ANN, "search for a flat takes a year", direct(ANN))
    hall.later(timedelta(days=3))
    assert "You are Ann Berg" in await hall.hears(ANN, "whoami", direct(ANN))
    assert "4/5" in await hall.hears(ANN, "We ask landlords.", direct(ANN))


# ── capture ───────────────────────────────────────────────────────────────────────────────────


def pinned(hall: Hall, who: UserId, target: EventId) -> Reacted:
    return Reacted(hall.next_event(), HOUSING, who, hall.now, target, "📌")


@pytest.fixture
async def said(hall: Hall) -> EventId:
    await hall.keeps_archive()
    return await hall.talks(ANN, "Every Thursday we lay a long table.")


async def test_ones_own_words_are_captured_with_a_pin(hall: Hall, said: EventId) -> None:
    told, seen = await hall.responds(pinned(hall, ANN, said))
    assert isinstance(told, Tell)
    assert "P-1 begins with your words" in heard([told])
    assert seen == React(HOUSING, said, "✉️")
    now = await stored(hall)
    assert (now.state, now.text(F.WHAT_WE_DO)) == (S.DRAFT, "Every Thursday we lay a long table.")
    assert "2/5" in await hall.hears(ANN, "Long table", direct(ANN))
    assert "4/5" in await hall.hears(ANN, "Nobody met.", direct(ANN))
    assert "is shared" in await hall.hears(ANN, "done", direct(ANN))
    assert await hall.responds(pinned(hall, BEN, said)) == ()
    assert "That message is P-1 already." in await hall.hears(
        BEN, "!practice capture", reply_to=said
    )
    posts = await hall.redacts(ANN, said)
    assert (await stored(hall)).state is S.WITHDRAWN
    assert "withdrawn" in heard(posts)


@pytest.mark.promise("Nobody's message becomes a practice before its author has said yes.")
@pytest.mark.parametrize("by", ["pin", "command"])
@pytest.mark.parametrize("answer", ["yes", "no", "👍", "👎"])
async def test_the_author_is_asked_first(hall: Hall, said: EventId, by: str, answer: str) -> None:
    if by == "pin":
        posts = await hall.responds(pinned(hall, BEN, said))
    else:
        posts = await hall.says(BEN, "!practice capture", reply_to=said)
        assert "I have asked Ann Berg first." in heard(posts)
    (asked,) = [post for post in posts if isinstance(post, Tell)]
    assert asked.person == ANN
    assert "Ben thinks that other cities could use what you wrote" in heard([asked])
    now = await stored(hall)
    assert (now.state, now.fields) == (S.CAPTURED, {}), "nothing is kept before the yes"
    assert "yes or no" in await hall.hears(ANN, "What is that?", direct(ANN))
    posts = await hall.says(ANN, answer, direct(ANN))
    now = await stored(hall)
    if answer in ("yes", "👍"):
        assert now.state is S.DRAFT
        assert now.author.user_id == ANN
        assert "P-1 begins with your words" in heard(posts)
        return
    assert (now.state, now.fields) == (S.WITHDRAWN, {})
    assert "Ann Berg would rather not share it." in heard(posts)
    assert [post.person for post in posts if isinstance(post, Tell)] == [ANN, BEN]


async def test_a_captured_message_that_is_deleted_is_asked_for_no_more(
    hall: Hall, said: EventId
) -> None:
    await hall.responds(pinned(hall, BEN, said))
    assert not await hall.redacts(ANN, said)
    assert "I only understand commands" in await hall.hears(ANN, "yes", direct(ANN))
    assert (await stored(hall)).state is S.WITHDRAWN


async def test_a_pin_that_is_taken_back_asks_no_more(hall: Hall, said: EventId) -> None:
    pin = pinned(hall, BEN, said)
    await hall.responds(pin)
    await hall.redacts(BEN, pin.event_id)
    assert (await stored(hall)).state is S.WITHDRAWN
    assert await hall.responds(pinned(hall, CORA, said)), "somebody else may ask"


async def test_what_no_archive_holds_cannot_be_captured(hall: Hall) -> None:
    told = await hall.hears(ANN, "!practice capture", reply_to=EventId("$unknown"))
    assert "this room keeps no archive" in told
    assert "Reply with !practice capture to the message" in await hall.hears(
        ANN, "!practice capture"
    )


# ── what is kept ──────────────────────────────────────────────────────────────────────────────


async def test_privacy_tells_of_drafts_and_practices(hall: Hall) -> None:
    await share(hall)
    await share(hall, answers=[FIVE[0], "done"])
    told = await hall.hears(ANN, "!privacy")
    assert "Drafts of practices, for you and your coordinator: P-2" in told
    assert "Practices under your name: P-1" in told
    assert "ractices" not in await hall.hears(BEN, "!privacy")


# ── showing and ending ────────────────────────────────────────────────────────────────────────


async def test_a_shared_practice_is_for_its_cluster_alone(hall: Hall) -> None:
    await share(hall)
    assert "Welcome coffee" in await hall.hears(CORA, "!practice show P-1")
    await hall.moves(BEN, HOUSING, "leave")
    assert "no P-1 for you" in await hall.hears(BEN, "practice show P-1", direct(BEN))
    assert "no P-1 for you" in await hall.hears(BEN, "!practice show P-1", WELCOME)
    told, _ = await hall.says(PAULA, "!practice show P-1", WELCOME)
    assert isinstance(told, Tell), "Ben would read it, too"
    assert "Nothing" not in await hall.hears(PAULA, "!practice list Havnvoll", HOUSING)
    assert "Welcome coffee" not in await hall.hears(PAULA, "!practice list Havnvoll", WELCOME)


async def test_withdrawing_asks_once_and_deletes_words_and_card(hall: Hall) -> None:
    await share(hall)
    assert "That deletes P-1" in await hall.hears(ANN, "!practice withdraw P-1")
    assert "P-1 is Ann Berg's" in await hall.hears(BEN, "!practice withdraw P-1 yes")
    posts = await hall.says(ANN, "!practice withdraw P-1 ja")
    assert "P-1 is withdrawn" in heard(posts)
    assert TakeBack("practice/1/card/1") in posts
    assert "no P-1 for you" in await hall.hears(ANN, "!practice show P-1")

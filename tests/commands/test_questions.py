"""Questions: looked after, offered to who may know elsewhere, and the answers carried back."""

from dataclasses import replace
from pathlib import Path

import pytest

from commands.events import Edited, Said
from storage import asked, meta, people, sources
from storage.asked_records import AskedQuestion, QuestionState
from storage.outbox import Action
from storage.records import UserId
from tests.commands.conftest import ANN, BEN, CORA, DESK, HOUSING, PAULA, WELCOME, Furnished, direct
from tests.commands.delivered import moment
from tests.commands.test_erasure import erases, where
from tests.commands.weeks import Weeks, weeks

TEXT = "Who insures volunteers that lead walking tours in the street?"
KNOWN = "Our volunteers on walking tours are insured by the city, in writing"
OFFER = "question/1/offer/welcome"
THERE = "question/1/there/welcome"
WEDNESDAY = moment("2026-03-04 10:00")


@pytest.fixture
async def hall(house: Furnished) -> Weeks:
    """Ben is of a city of the other cluster, and has written about insurance there."""
    hall = await weeks(await house.again())
    await hall.do(lambda c: people.change(c, BEN, city="lipohrad"))
    await hall.do(lambda c: people.change(c, PAULA, city="sao-bento"))
    await hall.keeps_archive(WELCOME)
    await hall.talks(BEN, KNOWN, WELCOME)
    return hall


async def question(hall: Weeks, number: int = 1) -> AskedQuestion:
    found = await hall.do(lambda c: asked.get(c, number))
    assert found is not None
    return found


async def asks(hall: Weeks, text: str = f"!ask {TEXT}") -> Said:
    said = hall.said(ANN, text)
    await hall.responds(said)
    return said


async def routed(hall: Weeks) -> Said:
    """Asked, unanswered for two working days, and sent to the other cluster."""
    said = await asks(hall)
    await hall.passes(WEDNESDAY)
    await hall.taps(CORA, OFFER, "👍", DESK)
    return said


async def answers(hall: Weeks, text: str = "The city insures ours", who: UserId = BEN) -> Said:
    said = hall.said(who, text, WELCOME, thread_root=hall.post(THERE).event_id)
    await hall.responds(said)
    return said


def copies(hall: Weeks) -> list[str]:
    return [one.key for one in hall.stood if "/back/" in one.key and one.action is Action.MESSAGE]


# ── beginning ─────────────────────────────────────────────────────────────────────────────────


async def test_a_question_is_noted_and_answered_in_part_until_its_asker_says_so(
    hall: Weeks,
) -> None:
    said = await asks(hall)
    assert "Q-1 is noted." in hall.bodies(HOUSING)[-1]
    assert (await question(hall)).state is QuestionState.OPEN
    await hall.says(ANN, "Anybody?", thread_root=said.event_id)
    await hall.says(CORA, "Let me ask around", thread_root=said.event_id)
    assert (await question(hall)).state is QuestionState.OPEN
    answer = hall.said(PAULA, "We do it by contract", thread_root=said.event_id)
    await hall.responds(answer)
    assert (await question(hall)).state is QuestionState.PARTLY
    await hall.says(CORA, "!question list")
    assert "Q-1 “Who insures" in hall.bodies(HOUSING)[-1]
    hall.stood[0].event_id = answer.event_id  # to be tapped
    for who, expected in ((PAULA, QuestionState.PARTLY), (ANN, QuestionState.ANSWERED)):
        await hall.taps(who, hall.stood[0].key, "✅")
        assert (await question(hall)).state is expected
    assert "Q-1 is answered. Thank you, Paula!" in hall.bodies(HOUSING)[-1]


async def test_its_author_marks_a_message_as_a_question_and_nobody_else(hall: Weeks) -> None:
    source = await hall.talks(ANN, TEXT)
    hall.stood[0].event_id = source
    await hall.taps(CORA, hall.stood[0].key, "❓")
    assert await hall.do(lambda c: asked.find(c)) == []
    tap = await hall.taps(ANN, hall.stood[0].key, "❓")
    await hall.taps(ANN, hall.stood[0].key, "❔")
    found = await question(hall)
    assert (found.text, found.root, found.city) == (TEXT, source, "havnvoll")
    assert sum("is noted" in body for body in hall.bodies(HOUSING)) == 1
    await hall.redacts(ANN, tap)
    assert (await question(hall)).state is QuestionState.GONE


@pytest.mark.promise(
    "A question that nobody answers within a day is offered to be looked after, once."
)
async def test_a_question_in_talk_is_offered_once_if_nobody_answers(hall: Weeks) -> None:
    lonely = await hall.talks(ANN, TEXT)
    await hall.responds(hall.said(ANN, TEXT, event_id=lonely))
    heard = await hall.talks(ANN, "Who has a long table for us to borrow?")
    await hall.responds(hall.said(ANN, "Who has a long table for us to borrow?", event_id=heard))
    await hall.talks(PAULA, "We have", thread=heard)
    await hall.passes(WEDNESDAY)
    offers = [one for one in hall.stood if one.key.startswith("question/offer/")]
    assert [one.key for one in offers] == [f"question/offer/{lonely}"]
    assert "Ann Berg, nobody has answered yet." in offers[0].body
    await hall.taps(ANN, offers[0].key, "❓")
    assert (await question(hall)).source == lonely


async def test_a_paused_room_hears_nothing_by_the_way(hall: Weeks) -> None:
    await hall.do(lambda c: meta.put(c, meta.PAUSED + "housing", ""))
    lonely = await hall.talks(ANN, TEXT)
    assert not await hall.responds(hall.said(ANN, TEXT, event_id=lonely))
    await asks(hall)
    await hall.passes(WEDNESDAY)
    assert not [one for one in hall.stood if "/offer/" in one.key]
    await hall.do(lambda c: meta.forget(c, meta.PAUSED + "housing"))
    await hall.passes(moment("2026-03-06 10:00"))
    assert next(one.key for one in hall.stood if "/offer/" in one.key) == OFFER


async def test_questions_are_asked_in_rooms(hall: Weeks) -> None:
    told = await hall.hears(ANN, "ask Who insures them?", direct(ANN))
    assert "Ask in the room of your cluster" in told
    assert "I have no Q-9" in await hall.hears(ANN, "!question close Q-9")
    assert "can't read nine" in await hall.hears(ANN, "!question close nine")
    await asks(hall)
    assert "is for who asked it" in await hall.hears(BEN, "!question close Q-1")
    assert "I have no Q-1" in await hall.hears(BEN, "!question close Q-1", WELCOME)
    assert "closed without an answer" in await hall.hears(ANN, "!question close q1")


# ── elsewhere ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise(
    "A question without an answer for two working days is offered to the coordinator, with who may"
    " know; answers from elsewhere come back with credit."
)
async def test_after_two_working_days_a_coordinator_is_asked_where_else_to_ask(
    hall: Weeks,
) -> None:
    await asks(hall)
    await hall.passes(moment("2026-03-04 08:59"))
    assert not [one for one in hall.stood if "/offer/" in one.key]
    await hall.passes(WEDNESDAY)
    offer = hall.post(OFFER)
    assert offer.lane == DESK
    assert "Q-1 from Housing first has had no answer for 2 days" in offer.body
    assert "Ben, Lipohrad: wrote on it" in offer.body
    assert "insured by the city" not in offer.body, "where, never the words of another room"
    await hall.taps(OTHER, OFFER, "👍", DESK)
    await hall.taps(CORA, OFFER, "👍", DESK)
    await hall.taps(PAULA, OFFER, "👍", DESK)
    asked_there = [one for one in hall.stood if one.key == THERE]
    assert len(asked_there) == 1
    assert "Ann Berg of Havnvoll asks from Housing first" in asked_there[0].body
    assert asked_there[0].content["m.mentions"] == {"user_ids": [BEN]}
    assert "Q-1 is asked in Welcoming culture, too, by Cora." in hall.latest(OFFER)
    await answers(hall)
    (copy,) = copies(hall)
    back = hall.post(copy)
    assert back.lane == HOUSING
    assert "Ben of Lipohrad answers in Welcoming culture" in back.body
    assert "The city insures ours" in back.body
    await hall.taps(ANN, copy, "✅")
    assert (await question(hall)).state is QuestionState.ANSWERED
    assert "Thank you, Ben!" in hall.bodies(HOUSING)[-1]
    marks = [one.key for one in hall.stood if one.lane == WELCOME and one.action is Action.REACTION]
    assert [key[-1] for key in marks] == ["️", "✅"]


OTHER = UserId("@nobody:hs")


@pytest.mark.promise("Answers that were carried to another room follow every edit and redaction.")
async def test_copies_follow_edits_and_redactions(hall: Weeks) -> None:
    said = await routed(hall)
    answer = await answers(hall)
    second = await answers(hall, "Ask the broker in the old town")
    first_copy, second_copy = copies(hall)
    await hall.edits(answer, "The city insures ours, for three euros")
    assert "three euros" in hall.latest(first_copy)
    await hall.redacts(BEN, answer.event_id, WELCOME)
    gone = [one.key for one in hall.stood if one.action is Action.REDACTION]
    assert gone == [f"{first_copy}/edit/1/taken back", f"{first_copy}/taken back"]
    assert (await question(hall)).state is QuestionState.PARTLY
    await hall.redacts(BEN, second.event_id, WELCOME)
    assert f"{second_copy}/taken back" in [one.key for one in hall.stood]
    assert (await question(hall)).state is QuestionState.OPEN
    await hall.edits(said, "!ask Who insures guides?")
    assert "Who insures guides?" in hall.latest(THERE)
    assert "Q-1 has your new words." in hall.bodies(HOUSING)[-1]
    await hall.redacts(ANN, said.event_id)
    assert f"{THERE}/taken back" in [one.key for one in hall.stood]
    after = await question(hall)
    assert (after.text, after.state) == ("", QuestionState.GONE)
    assert not await hall.do(lambda c: sources.of(c, said.event_id))


async def test_an_edit_that_is_deleted_takes_the_question_or_the_copy_of_an_answer_along(
    hall: Weeks,
) -> None:
    said = await routed(hall)
    answer = await answers(hall)
    (copy,) = copies(hall)
    edits = [hall.next_event(), hall.next_event()]
    now = replace(answer, body="The city insures Yusuf Kaya")
    await hall.responds(Edited(edits[0], answer.event_id, now))
    assert "Yusuf" in hall.latest(copy)
    await hall.redacts(BEN, edits[0], WELCOME)
    assert f"{copy}/taken back" in [one.key for one in hall.stood]
    assert (await question(hall)).state is QuestionState.OPEN
    now = replace(said, body="!ask Who insures Yusuf Kaya?")
    await hall.responds(Edited(edits[1], said.event_id, now))
    assert "Yusuf" in hall.latest(THERE)
    await hall.redacts(ANN, edits[1])
    assert ((await question(hall)).text, "Yusuf" in hall.readable()) == ("", False)


async def test_copies_go_with_the_archive_of_the_room_they_come_from(hall: Weeks) -> None:
    await routed(hall)
    there = hall.post(THERE).event_id
    heard = await hall.talks(BEN, "The city insures ours", WELCOME, thread=there)
    said = hall.said(BEN, "The city insures ours", WELCOME, thread_root=there, event_id=heard)
    await hall.responds(said)
    (copy,) = copies(hall)
    for typed in ("!archive purge", "!archive purge yes"):
        await hall.says(PAULA, typed, WELCOME)
    await hall.passes(hall.now)
    assert f"{copy}/taken back" in [one.key for one in hall.stood]
    assert (await question(hall)).state is QuestionState.OPEN
    assert not await hall.do(lambda c: sources.of(c, heard))


async def test_when_the_asker_has_left_answers_come_and_the_city_accepts_them(
    hall: Weeks,
) -> None:
    await asks(hall)
    await hall.moves(ANN, HOUSING, "leave")
    await hall.passes(WEDNESDAY)
    assert "Who asked it has left the room" in hall.post(OFFER).body
    await hall.taps(CORA, OFFER, "👍", DESK)
    await answers(hall)
    (copy,) = copies(hall)
    await hall.taps(PAULA, copy, "✅")
    assert (await question(hall)).state is QuestionState.ANSWERED, "who coordinates may say so"


async def test_a_coordinator_names_another_cluster_or_leaves_it(hall: Weeks) -> None:
    await asks(hall)
    await hall.passes(WEDNESDAY)
    offer = hall.post(OFFER).event_id
    assert not await hall.says(CORA, "Hm, who could know?", DESK, thread_root=offer)
    assert "asked in Housing first already" in await hall.hears(
        CORA, "housing", DESK, thread_root=offer
    )
    await hall.taps(CORA, OFFER, "⏭️", DESK)
    assert "left to its own room, says Cora" in hall.latest(OFFER)
    await hall.says(CORA, "welcome", DESK, thread_root=offer)
    assert hall.post(THERE)
    await hall.says(ANN, "!question close Q-1")
    await hall.taps(CORA, OFFER, "👍", DESK)
    assert "Q-1 is closed" in hall.bodies(DESK)[-1]


async def test_who_is_not_archived_is_not_carried(hall: Weeks) -> None:
    await routed(hall)
    await hall.says(BEN, "privacy archive off", direct(BEN))
    await answers(hall)
    assert copies(hall) == []


async def test_without_any_answer_it_is_closed_after_four_weeks(hall: Weeks) -> None:
    await asks(hall)
    await hall.passes(moment("2026-03-31 10:00"))
    assert (await question(hall)).state is QuestionState.UNANSWERED
    assert "no answer in four weeks" in hall.bodies(HOUSING)[-1]


async def test_unanswered_questions_lead_the_digest_and_name_who_may_know(hall: Weeks) -> None:
    await asks(hall)
    await hall.passes(moment("2026-03-09 08:00"))
    body = hall.post(hall.draft()).body
    assert "1. “Who insures volunteers" in body
    assert "no answer from another city for 6 days" in body
    assert "might know: Ben, Lipohrad (wrote on it)" in body
    await hall.redacts(ANN, (await question(hall)).source)
    assert "insures" not in hall.latest(hall.draft())


async def test_when_its_people_are_erased_nothing_of_them_stands_anywhere(
    hall: Weeks, tmp_path: Path
) -> None:
    await hall.talks(ANN, "See https://example.org/canarytalk for our poster")
    await asks(hall, "!ask Who insures canaryask volunteers on walking tours in the street?")
    await hall.passes(WEDNESDAY)
    await hall.taps(CORA, OFFER, "👍", DESK)
    await answers(hall, "The city insures ours, canaryanswer")
    await hall.passes(moment("2026-03-09 08:00"))
    key = hall.draft()
    await hall.taps(CORA, key, "👍", DESK)
    assert "canaryask" in hall.sent()[0].body
    assert "canarytalk" in hall.sent()[0].body
    for who in (ANN, BEN):
        await hall.says(who, "privacy erase", direct(who))
        await hall.says(who, "privacy erase yes", direct(who))
        await erases(hall, tmp_path)
    assert await where(hall.database, "canary") == set()
    assert "canary" not in hall.latest(key)
    assert "canary" not in hall.latest(hall.sent()[0].key)
    gone = {one.key for one in hall.stood if one.action is Action.REDACTION}
    assert {f"{copies(hall)[0]}/taken back", f"{THERE}/taken back"} <= gone
    assert (await question(hall)).state is QuestionState.GONE


async def test_what_somebody_edits_who_has_opted_out_is_carried_no_more(hall: Weeks) -> None:
    await routed(hall)
    answer = await answers(hall)
    (copy,) = copies(hall)
    await hall.says(BEN, "privacy archive off", direct(BEN))
    now = replace(answer, body="Yusuf Kaya insures ours")
    await hall.responds(Edited(hall.next_event(), answer.event_id, now))
    assert "Yusuf" not in hall.readable()
    assert f"{copy}/taken back" in [one.key for one in hall.stood]


async def test_a_question_in_talk_goes_when_who_asked_has_opted_out_and_edits_it(
    hall: Weeks,
) -> None:
    source = await hall.talks(ANN, TEXT)
    hall.stood[0].event_id = source
    await hall.taps(ANN, hall.stood[0].key, "❓")
    await hall.says(ANN, "privacy archive off", direct(ANN))
    body = "Who insures Yusuf Kaya?"
    edit = await hall.puts_right(ANN, source, body)
    await hall.responds(Edited(edit, source, hall.said(ANN, body, event_id=source)))
    assert await where(hall.database, "Yusuf") == set()
    assert (await question(hall)).state is QuestionState.GONE

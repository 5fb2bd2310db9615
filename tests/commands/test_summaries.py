"""A summary is searched once somebody of its thread has confirmed it, and while it holds."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from commands.archive.telling import decides, names_day
from commands.context import Context
from commands.digests.gathering import gather
from commands.digests.showing import scope_of
from commands.events import Edited, Redacted
from storage import documents
from storage.database import open_database
from storage.records import EventId, UserId
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, ME, direct, furnish
from tests.commands.delivered import Delivered
from tests.commands.test_erasure import is_erased

PRIVATE = direct(CORA)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Delivered]:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    yield Delivered(database)
    await database.close()


async def summed_up(hall: Delivered) -> tuple[list[EventId], str]:
    """A thread and the key of its summary."""
    await hall.keeps_archive()
    root = await hall.talks(ANN, "We need hosts for the spring visit.")
    idea = await hall.talks(BEN, "We decided to ask the library. It opens on 9 March.", thread=root)
    await hall.says(CORA, "!thread summary", thread_root=root)
    (key,) = [one.key for one in hall.stood if one.key.startswith("summary/")]
    return [root, idea], key


async def found(hall: Delivered, query: str = "library kind:summary") -> bool:
    hall.later(timedelta(seconds=20))
    await hall.says(CORA, f"search {query}", PRIVATE)
    return "Found" in hall.bodies(PRIVATE)[-1]


@pytest.mark.promise(
    "A summary of a thread is searched only once somebody who wrote there has confirmed it."
)
async def test_a_tick_of_somebody_who_wrote_there_lets_search_find_a_summary(
    hall: Delivered,
) -> None:
    _, key = await summed_up(hall)
    shown = hall.post(key).body
    assert "What was decided" in shown
    assert "“We decided to ask the library.”" in shown
    assert "A ✅ from somebody who wrote here" in shown
    assert not await found(hall)
    await hall.taps(CORA, key, "✅")  # she only asked
    await hall.taps(BEN, key, "👍")
    assert not await found(hall)
    tick = await hall.taps(BEN, key, "✅")
    assert "Ben has confirmed this summary" in hall.bodies(HOUSING)[-1]
    assert await found(hall)
    assert await found(hall, "library")
    hit = hall.bodies(PRIVATE)[-1]
    assert "Summary: We need hosts for the spring visit." in hit
    assert "Ben in Housing" in hit  # beside the message itself
    await found(hall)
    assert "Confirmed summary (https://matrix.to" in hall.bodies(PRIVATE)[-1]
    await hall.responds(Redacted(hall.next_event(), HOUSING, BEN, hall.now, tick))
    assert not await found(hall)


@pytest.mark.promise("A summary is gone from search with any message that it repeats.")
@pytest.mark.parametrize("which", [0, 1])
async def test_a_summary_is_gone_from_search_with_any_message_that_it_repeats(
    hall: Delivered, which: int
) -> None:
    said, key = await summed_up(hall)
    await hall.taps(BEN, key, "✅")
    assert await found(hall)
    await hall.takes_back(ANN if which == 0 else BEN, said[which])
    assert not await found(hall)
    assert await hall.do(lambda c: documents.get(c, documents.SUMMARY, key)) is None


async def test_an_unconfirmed_summary_goes_with_its_messages_and_with_time(
    hall: Delivered,
) -> None:
    said, key = await summed_up(hall)
    assert await hall.do(lambda c: documents.get(c, documents.DRAFT, key)) is not None
    await hall.takes_back(BEN, said[1])
    assert await hall.do(lambda c: documents.get(c, documents.DRAFT, key)) is None
    await hall.says(CORA, "!thread summary", thread_root=said[0])
    await hall.do(lambda c: documents.forget_drafts(c, 2**53))
    assert await hall.do(lambda c: documents.get(c, documents.DRAFT, key)) is None
    (again,) = {one.key for one in hall.stood if one.key.startswith("summary/")} - {key}
    await hall.taps(ANN, again, "✅")  # too late: it is forgotten
    assert not await found(hall, "hosts kind:summary")


@pytest.mark.parametrize(
    ("sentence", "decision", "day"),
    [
        ("We decided to start.", True, False),
        ("Wir haben beschlossen, am 9. März anzufangen.", True, True),
        ("Nous avons décidé de commencer le 9 mars.", True, True),
        ("Hemos acordado una fecha.", True, False),
        ("Abbiamo deciso.", True, False),
        ("Dat is afgesproken.", True, False),
        ("Αποφασίσαμε να ξεκινήσουμε.", True, False),
        ("Dohodli jsme se na 9. března.", True, True),
        ("Vi er enige om det.", True, False),
        ("Mēs vienojāmies.", True, False),
        ("It begins at 14:30.", False, True),
        ("The 2027-03-09 is free.", False, True),
        ("Thirty people came.", False, False),
        ("We have 9 keys.", False, False),
    ],
)
def test_decisions_and_days_are_told_by_their_words(
    sentence: str, decision: bool, day: bool
) -> None:
    assert (decides(sentence), names_day(sentence)) == (decision, day)


async def later_words_of_a_thread_that_ben_left(hall: Delivered) -> str:
    """Ben saw how it began, and not what it came to; the key of its summary, which is confirmed."""
    await hall.keeps_archive(visibility="joined")
    root = await hall.talks(ANN, "We need hosts for the spring visit.")
    hall.later(timedelta(minutes=1))
    await hall.moves(BEN, HOUSING, "leave")
    hall.later(timedelta(minutes=1))
    await hall.talks(CORA, "We decided to give Yusuf the flat.", thread=root)
    await hall.says(ANN, "!thread summary", thread_root=root)
    (key,) = [one.key for one in hall.stood if one.key.startswith("summary/")]
    await hall.taps(ANN, key, "✅")
    hall.later(timedelta(minutes=1))
    await hall.moves(BEN, HOUSING, "join")
    hall.later(timedelta(minutes=1))
    return key


@pytest.mark.promise(
    "A summary is shown to those only who may read every message that it is made of"
)
async def test_who_missed_a_part_of_a_thread_finds_no_summary_of_it(hall: Delivered) -> None:
    await later_words_of_a_thread_that_ben_left(hall)
    for who, word, meets in ((CORA, "Yusuf", True), (BEN, "Yusuf", False), (BEN, "hosts", False)):
        await hall.says(who, f"search {word} kind:summary", direct(who))
        assert ("Found" in hall.bodies(direct(who))[-1]) is meets, (who, word)
    told = await hall.hears(BEN, "!search Yusuf")
    assert "flat" not in told, "nor where he reads along"


async def test_a_digest_leaves_out_what_somebody_in_the_room_may_not_read(hall: Delivered) -> None:
    await later_words_of_a_thread_that_ben_left(hall)

    def told(connection: Connection) -> list[str]:
        context = Context(connection, hall.now, ME, hall.settings, "$cause")
        week = scope_of("housing", hall.now - timedelta(days=7), hall.now, context)
        return [line.text for line in gather(week, context).lines]

    assert not [text for text in await hall.do(told) if "Yusuf" in text]


async def test_who_is_named_in_a_summary_is_so_no_more_once_they_are_erased(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    root = await hall.talks(CORA, "We need hosts for the spring visit.")
    await hall.talks(ANN, "ok", thread=root)
    await hall.says(CORA, "!thread summary", thread_root=root)
    (key,) = [one.key for one in hall.stood if one.key.startswith("summary/")]
    assert "Ann Berg (1)" in hall.post(key).body
    await hall.taps(ANN, key, "✅")
    await is_erased(hall, tmp_path)
    room = [one.body for one in hall.standing() if one.lane == HOUSING]
    assert not [body for body in room if "Ann" in body]
    assert not await found(hall, "kind:summary")
    assert not await found(hall, "from:ann")


async def test_the_word_that_it_was_confirmed_goes_with_the_summary(hall: Delivered) -> None:
    (root, _idea), key = await summed_up(hall)
    await hall.taps(BEN, key, "✅")
    said = "Ben has confirmed this summary"
    assert said in hall.readable()
    await hall.responds(Redacted(hall.next_event(), HOUSING, ANN, hall.now, root))
    assert said not in hall.readable()


async def test_an_answer_of_the_new_words_stays_when_the_edit_is_dealt_with_late(
    hall: Delivered,
) -> None:
    await hall.keeps_archive()
    said = await hall.talks(ANN, "We have a flat for Yusuf")
    await hall.says(BEN, "!search flat")
    edit = await hall.puts_right(ANN, said, "We have a flat")
    hall.later(timedelta(minutes=1))
    await hall.says(CORA, "!search flat")
    await hall.responds(Edited(edit, said, hall.said(ANN, "We have a flat", event_id=said)))
    answers = [one.body for one in hall.standing() if one.key.startswith("reply/")]
    assert "Yusuf" not in hall.readable()
    assert [body for body in answers if "Found 1" in body and "We have a" in body]


@pytest.mark.parametrize("who", [ANN, BEN])
async def test_an_answer_that_repeats_a_practice_goes_when_its_author_changes_the_command(
    hall: Delivered, who: UserId
) -> None:
    """The command is no part of the archive; somebody else's edit changes nothing."""
    await hall.keeps_archive()
    form = "!practice share\nTitle: Warm flats\nProblem: {}\nWhat we do: Felt"
    command = hall.said(ANN, form.format("Yusuf Kaya is cold"))
    await hall.responds(command)
    hall.later(timedelta(minutes=1))
    await hall.says(CORA, "!search flat")
    answer = next(one.key for one in hall.standing() if "Found 1" in one.body)
    now = replace(command, sender=who, body=form.format("They are cold"))
    await hall.responds(Edited(hall.next_event(), command.event_id, now))
    assert (answer in [one.key for one in hall.standing()]) is (who == BEN)
    assert any("says something else now" in one for one in hall.bodies(HOUSING)) is (who == ANN)


async def test_a_summary_of_what_was_changed_is_taken_back_and_says_why(hall: Delivered) -> None:
    (root, _idea), key = await summed_up(hall)
    edit = await hall.puts_right(ANN, root, "We need hosts for the autumn visit.")
    said = hall.said(ANN, "We need hosts for the autumn visit.", event_id=root)
    await hall.responds(Edited(edit, root, said))
    assert "spring" not in hall.readable()
    assert "says something else now" in hall.bodies(HOUSING)[-1]
    assert key not in [one.key for one in hall.standing()]


@pytest.mark.promise("A summary stays as long as each sentence of it still stands in its message.")
async def test_a_summary_stays_when_what_is_changed_is_not_repeated_in_it(hall: Delivered) -> None:
    (root, idea), key = await summed_up(hall)
    thanks = await hall.talks(CORA, "Thansk!", thread=root)
    await hall.says(CORA, "!thread summary", thread_root=root)
    (again,) = {one.key for one in hall.stood if one.key.startswith("summary/")} - {key}
    assert "Cora" in hall.post(again).body
    await hall.taps(BEN, again, "✅")
    said = {
        thanks: (CORA, "Thanks!"),
        idea: (BEN, "We decided to ask the library. Well: it opens on 9 March."),
    }
    for target, (who, body) in said.items():
        edit = await hall.puts_right(who, target, body)
        await hall.responds(Edited(edit, target, hall.said(who, body, event_id=target)))
        assert await found(hall, "library kind:summary") is (target == thanks)
        standing = [one.key for one in hall.standing()]
        assert [one in standing for one in (again, f"{again}/confirmed")] == [target == thanks] * 2


@pytest.mark.parametrize(
    ("body", "there"),
    [
        ("First. We agreed to  wait.\nThen", True),
        ("We agreed to wait.", True),
        ("Nobody said: We agreed to wait.", False),
        ("We agreed to wait. But not", True),
        ("We agreed to wait.But", False),
        ("We agreed to", False),
        ("", False),
    ],
)
def test_a_sentence_stands_in_a_message_only_as_a_whole(body: str, there: bool) -> None:
    assert documents.says(body, "We agreed to wait.") is there


def test_a_sentence_that_was_cut_may_go_on() -> None:
    assert documents.says("So. We agreed to wait for spring", "We agreed to…")
    assert not documents.says("We agreed to wait", "We agreed")


async def test_nobody_takes_an_answer_back_by_deleting_what_they_tried_to_edit(
    hall: Delivered,
) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "We need hosts for the spring visit.")
    edits = {who: await hall.puts_right(who, root, "We need hosts") for who in (BEN, ANN)}
    await hall.says(CORA, "!search hosts")
    answer = next(one.key for one in hall.standing() if "Found 1" in one.body)
    for who, left in ((BEN, True), (ANN, False)):
        await hall.takes_back(who, edits[who])
        await hall.redacts(who, edits[who])
        assert (answer in [one.key for one in hall.standing()]) is left


async def test_nobody_else_s_edit_takes_an_answer_back(hall: Delivered) -> None:
    (root, _idea), key = await summed_up(hall)
    edit = await hall.puts_right(BEN, root, "Nothing")
    await hall.responds(Edited(edit, root, hall.said(BEN, "Nothing", event_id=root)))
    assert key in [one.key for one in hall.standing()]


async def test_a_command_that_is_put_right_twice_is_answered_without_a_word_about_the_first_time(
    hall: Delivered,
) -> None:
    said = hall.said(ANN, "!action add Ask the insurer by 1 May")
    await hall.responds(said)
    for day in (2, 3):
        hall.later(timedelta(minutes=1))
        now = replace(said, body=f"!action add Ask the insurer by {day} May", at=hall.now)
        await hall.responds(Edited(hall.next_event(), said.event_id, now))
    assert "by 3 May" in hall.bodies(HOUSING)[-1]
    assert not [one for one in hall.bodies(HOUSING) if "I took back an answer" in one]


async def confirmed_by_ann(hall: Delivered) -> str:
    """The key of a summary that quotes nothing of Ann, who writes in its thread only after it."""
    await hall.keeps_archive()
    root = await hall.talks(CORA, "We need hosts for the spring visit.")
    await hall.says(CORA, "!thread summary", thread_root=root)
    (key,) = [one.key for one in hall.stood if one.key.startswith("summary/")]
    await hall.talks(ANN, "Good summary, thank you", thread=root)
    await hall.taps(ANN, key, "✅")
    return key


async def test_who_confirmed_a_summary_stands_nowhere_once_they_are_erased(
    hall: Delivered, tmp_path: Path
) -> None:
    key = await confirmed_by_ann(hall)
    await is_erased(hall, tmp_path)
    shown = await hall.hears(BEN, "search from:ann", direct(BEN))
    kept = await hall.do(lambda c: documents.get(c, documents.SUMMARY, key))
    assert kept is None or kept.author_id is None
    assert shown.startswith("Nothing found")


async def test_another_s_tick_counts_when_who_confirmed_a_summary_is_erased(
    hall: Delivered, tmp_path: Path
) -> None:
    key = await confirmed_by_ann(hall)
    await hall.taps(CORA, key, "✅")
    await is_erased(hall, tmp_path)
    assert await found(hall, "hosts kind:summary")
    assert "Cora has confirmed this summary" in hall.readable()
    assert "Ann" not in hall.readable()


async def test_our_word_that_it_is_found_goes_with_the_tick(hall: Delivered) -> None:
    _, key = await summed_up(hall)
    tick = await hall.taps(BEN, key, "✅")
    await hall.responds(Redacted(hall.next_event(), HOUSING, BEN, hall.now, tick))
    assert "Nothing found" in await hall.hears(CORA, "search kind:summary", direct(CORA))
    assert not [one for one in hall.standing() if "has confirmed this summary" in one.body]


@pytest.mark.promise("A summary stays confirmed as long as the tick of one who wrote there stands.")
async def test_a_tick_that_is_taken_back_leaves_another_s(hall: Delivered) -> None:
    (root, _), key = await summed_up(hall)
    await hall.talks(CORA, "Thank you both", thread=root)
    first = await hall.taps(BEN, key, "✅")
    second = await hall.taps(ANN, key, "✅")
    for who, tick, says in ((BEN, first, "Ann Berg has"), (ANN, second, None)):
        await hall.responds(Redacted(hall.next_event(), HOUSING, who, hall.now, tick))
        assert await found(hall) is (says is not None)
        told = [one.body for one in hall.standing() if "confirmed this summary" in one.body]
        assert [says in body for body in told if says] == [True] * len(told)
        assert len(told) == (says is not None)
    await hall.taps(BEN, key, "✅")
    assert await found(hall)
    assert "Ben has confirmed this summary" in hall.readable()

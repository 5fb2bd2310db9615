"""One quiet pointer to what is there already, and no more."""

import uuid

import pytest

from commands.posts import Say
from commands.practices.closeness import closest
from storage import outbox, search
from storage.outbox import Action, Row
from storage.records import EventId
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, WELCOME, Hall, heard
from tests.commands.test_practices import share

QUESTION = "Has anybody a long table in the library, where volunteers meet newcomers?"


@pytest.mark.promise("A question that a practice may answer gets one quiet pointer a thread.")
async def test_a_question_gets_one_pointer_in_its_thread(hall: Hall) -> None:
    await share(hall)
    root = EventId("$root")
    (pointer,) = await hall.says(BEN, QUESTION, event_id=root)
    assert isinstance(pointer, Say)
    assert heard([pointer]) == "P-1 from Havnvoll looks close: Welcome coffee"
    assert (pointer.thread, pointer.notice) == (root, True)
    row = Row(pointer.key or "", HOUSING, Action.MESSAGE, {"body": ""}, "m.room.message")
    await hall.do(lambda c: outbox.add(c, uuid.UUID(int=1), [row], hall.now))
    assert await hall.says(ANN, QUESTION, thread_root=root) == ()
    assert await hall.says(BEN, "Does anybody know a good plumber in town?") == ()
    assert await hall.says(BEN, QUESTION.replace("?", ".")) == ()


async def test_no_pointer_to_what_not_everybody_may_see_or_where_it_is_off(hall: Hall) -> None:
    await share(hall)
    assert await hall.says(BEN, QUESTION, WELCOME) == ()
    assert "for the admins of this room" in await hall.hears(BEN, "!practice suggest off")
    assert "no practices in this room" in await hall.hears(CORA, "!practice suggest off")
    assert await hall.says(BEN, QUESTION) == ()
    await hall.says(CORA, "!practice suggest on")
    assert await hall.says(BEN, QUESTION)


async def test_a_new_draft_hears_of_what_is_there(hall: Hall) -> None:
    await share(hall)
    begun = hall.said(BEN, "!practice share Library coffee for newcomers")
    await hall.responds(begun)
    posts = await hall.says(
        BEN, "Volunteers and newcomers never meet at a table.", thread_root=begun.event_id
    )
    assert "P-1 from Havnvoll looks close: Welcome coffee" in heard(posts)
    assert "3/5" in heard(posts)


def test_inflected_words_of_a_language_are_the_same_topic() -> None:
    asked = search.topics("Wer findet freiwillige Mentoren für einen Lehrbetrieb?", "de")
    about = search.topics("Freiwilliger Mentor begleitet Lehrbetriebe", "de")
    assert len(asked & about) == 3
    assert closest(asked, {7: about, 8: search.topics("Coffee in the library", "en")}) == 7
    assert closest(frozenset(), {7: about}) is None

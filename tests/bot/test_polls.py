"""Polls in the form that clients read, and answers in every form that clients send."""

from typing import Any

import pytest

from bot.matrix import polls
from bot.matrix.parsing import read_room_event, what_happened
from commands.events import PollAnswered, PollEnded
from storage.records import RoomId, UserId

ME = UserId("@moothall:hs")
ROOM = RoomId("!room:hs")
TO_START = {"rel_type": "m.reference", "event_id": "$start"}


def happened(type_: str, content: dict[str, Any], sender: str = "@ann:hs", **more: Any) -> Any:
    raw = {
        "event_id": "$1", "sender": sender, "type": type_, "origin_server_ts": 1, "content": content
    }  # fmt: skip
    event = read_room_event(raw, ROOM, **more)
    assert event is not None
    return what_happened(event, ME)


def test_a_poll_is_written_exactly_as_element_writes_it() -> None:
    content = polls.start("When?", [("a" * 16, "Yes"), ("b" * 16, "No")])
    assert content == {
        "org.matrix.msc3381.poll.start": {
            "question": {"org.matrix.msc1767.text": "When?", "body": "When?", "msgtype": "m.text"},
            "kind": "org.matrix.msc3381.poll.disclosed",
            "max_selections": 1,
            "answers": [
                {"id": "a" * 16, "org.matrix.msc1767.text": "Yes"},
                {"id": "b" * 16, "org.matrix.msc1767.text": "No"},
            ],
        },
        "org.matrix.msc1767.text": "When?\n1. Yes\n2. No",
    }
    assert polls.end("Over")["org.matrix.msc3381.poll.end"] == {}


@pytest.mark.parametrize(
    ("block", "ids"),
    [
        ({polls.RESPONSE: {"answers": ["a"]}}, ("a",)),
        ({polls.RESPONSE: {"answers": ["a", "b"]}}, ("a", "b")),
        ({polls.RESPONSE: {}}, ()),  # Element's un-vote
        ({polls.RESPONSE: {"answers": []}}, ()),
        ({polls.RESPONSE: {"answers": "a"}}, ()),
        ({polls.RESPONSE: {"answers": ["a", 7]}}, ()),
        ({polls.RESPONSE: None}, ()),
        ({"m.poll.response": {"answers": ["a"]}}, ("a",)),
        ({"m.selections": ["a"]}, ("a",)),
        ({}, ()),
    ],
)
@pytest.mark.parametrize("type_", sorted(polls.RESPONSES))
def test_an_answer_is_read_in_every_form(
    block: dict[str, Any], ids: tuple[str, ...], type_: str
) -> None:
    event = happened(type_, {**block, "m.relates_to": TO_START})
    assert isinstance(event, PollAnswered)
    assert (event.poll, event.answers) == ("$start", ids)


@pytest.mark.parametrize(
    "relation",
    [
        None,
        {},
        {"rel_type": "m.thread", "event_id": "$start"},
        {"rel_type": "m.reference"},
        {"rel_type": "m.reference", "event_id": 7},
    ],
)
@pytest.mark.parametrize("type_", [polls.RESPONSE, polls.END])
def test_what_refers_to_no_poll_is_neither_answer_nor_end(relation: Any, type_: str) -> None:
    content: dict[str, Any] = {} if relation is None else {"m.relates_to": relation}
    assert happened(type_, content) is None


def test_in_an_encrypted_room_the_relation_in_clear_counts_and_no_other() -> None:
    inner = {
        "type": polls.RESPONSE,
        "content": {
            polls.RESPONSE: {"answers": ["a"]},
            "m.relates_to": {"rel_type": "m.reference", "event_id": "$B"},
        },
    }
    outer = {"algorithm": "m.megolm.v1.aes-sha2", "m.relates_to": TO_START}
    event = happened("m.room.encrypted", outer, payload=inner)
    assert isinstance(event, PollAnswered)
    assert event.poll == "$start"
    only_inside = {"algorithm": "m.megolm.v1.aes-sha2"}
    assert happened("m.room.encrypted", only_inside, payload=inner) is None


def test_our_own_answers_are_nothing_and_our_own_ends_tell_when() -> None:
    content = {polls.RESPONSE: {"answers": ["a"]}, "m.relates_to": TO_START}
    assert happened(polls.RESPONSE, content, sender=ME) is None
    end = happened(polls.END, {polls.END: {}, "m.relates_to": TO_START}, sender=ME)
    assert isinstance(end, PollEnded)
    assert end.sender == ME

"""From raw JSON to what happened: tables for the shapes we know, Hypothesis for all others."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matrix.parsing import clean, read_room_event, what_happened
from bot.matrix.reading import read_redaction_of
from commands.events import Edited, Event, MembershipChanged, Reacted, Redacted, Said
from storage.records import EventId, RoomEvent, RoomId, UserId

ROOM = RoomId("!room")
ME = UserId("@bot:hs")
ANN = UserId("@ann:hs")
AT = 1_775_200_000_000


def raw_event(content: Any, *, type: str = "m.room.message", **more: Any) -> dict[str, Any]:
    return {
        "event_id": "$e",
        "sender": ANN,
        "type": type,
        "origin_server_ts": AT,
        "content": content,
        **more,
    }


def read(content: Any, **more: Any) -> RoomEvent:
    event = read_room_event(raw_event(content, **more), ROOM)
    assert event is not None
    return event


def happened(content: Any, **more: Any) -> Event | None:
    return what_happened(read(content, **more), ME)


def said(content: Mapping[str, Any], **more: Any) -> Said:
    event = happened({"msgtype": "m.text", **content}, **more)
    assert isinstance(event, Said)
    return event


# ── the fact ──────────────────────────────────────────────────────────────────────────────────


def test_an_event_is_read_with_all_that_the_archive_keeps() -> None:
    relation = {"rel_type": "m.thread", "event_id": "$root"}
    event = read(
        {"msgtype": "m.text", "body": "hi", "m.relates_to": relation},
        unsigned={"transaction_id": "t"},
    )
    assert event == RoomEvent(
        event_id=EventId("$e"),
        room_id=ROOM,
        type="m.room.message",
        sender=ANN,
        at=AT,
        content={"msgtype": "m.text", "body": "hi", "m.relates_to": relation},
        relates_to=relation,
        txn_id="t",
    )


@pytest.mark.parametrize(
    "broken",
    [
        {"event_id": None},
        {"event_id": ""},
        {"event_id": "$" + "x" * 300},
        {"event_id": "$\x00"},
        {"sender": 7},
        {"sender": "@ann\ud800:hs"},
        {"type": ["m.room.message"]},
        {"content": None},
        {"content": "words"},
        {"content": [1]},
        {"state_key": 3},
        {"origin_server_ts": "today"},
        {"origin_server_ts": None},
        {"origin_server_ts": True},
        {"origin_server_ts": float("nan")},
    ],
)
def test_what_cannot_be_an_event_is_refused(broken: dict[str, Any]) -> None:
    assert read_room_event({**raw_event({"body": "x"}), **broken}, ROOM) is None


@pytest.mark.parametrize("raw", [None, 1, "event", [], {}, [{}]])
def test_what_is_no_object_is_no_event(raw: Any) -> None:
    assert read_room_event(raw, ROOM) is None


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        (0, 0),
        (-5, 0),
        (AT + 0.7, AT),
        (10**30, 253_402_300_799_999),
        (float("inf"), 253_402_300_799_999),
    ],
)
def test_a_time_that_a_sender_made_up_stays_within_the_calendar(told: Any, kept: int) -> None:
    event = read_room_event({**raw_event({"body": "x"}), "origin_server_ts": told}, ROOM)
    assert event is not None
    assert event.at == kept
    assert isinstance(what_happened(event, ME), Said)


def test_what_no_database_stores_is_replaced() -> None:
    event = read({"body": "a\x00b\ud83d", "list": [{"k\x00": "\udfff"}], "nan": float("nan")})
    assert event.content == {"body": "a�b�", "list": [{"k�": "�"}], "nan": None}
    assert read({"body": "Tórshavn 🟢"}).content == {"body": "Tórshavn 🟢"}


def test_absurdly_deep_content_is_refused() -> None:
    deep: Any = "x"
    for _ in range(200):
        deep = [deep]
    assert read_room_event(raw_event({"body": deep}), ROOM) is None


def test_an_encrypted_event_has_the_inner_words_and_the_outer_relation() -> None:
    outer = {"rel_type": "m.thread", "event_id": "$outer"}
    raw = raw_event({"ciphertext": "…", "m.relates_to": outer}, type="m.room.encrypted")
    inner = {"msgtype": "m.text", "body": "hi", "m.relates_to": {"event_id": "$inner"}}
    event = read_room_event(raw, ROOM, payload={"type": "m.room.message", "content": inner})
    assert event is not None
    assert event.encrypted
    assert event.type == "m.room.message"
    assert event.relates_to == outer
    assert event.content == {"msgtype": "m.text", "body": "hi", "m.relates_to": outer}


def test_a_relation_inside_the_ciphertext_alone_does_not_count() -> None:
    inner = {"body": "hi", "m.relates_to": {"rel_type": "m.replace", "event_id": "$victim"}}
    raw = raw_event({"ciphertext": "…"}, type="m.room.encrypted")
    event = read_room_event(raw, ROOM, payload={"type": "m.room.message", "content": inner})
    assert event is not None
    assert event.relates_to is None
    assert "m.relates_to" not in event.content


@pytest.mark.parametrize("payload", [{}, {"type": "x"}, {"type": 1, "content": {}}])
def test_a_payload_that_is_no_event_is_refused(payload: dict[str, Any]) -> None:
    assert read_room_event(raw_event({}, type="m.room.encrypted"), ROOM, payload=payload) is None


@pytest.mark.parametrize(
    ("raw", "redacted"),
    [
        (raw_event({}, unsigned={"redacted_because": {"type": "m.room.redaction"}}), True),
        (raw_event({}), True),
        (raw_event({}, type="m.room.encrypted"), True),
        (raw_event({}, type="m.room.topic", state_key=""), False),
        (raw_event({}, type="m.room.redaction", redacts="$x"), False),
        (raw_event({"body": "x"}, unsigned="nonsense"), False),
    ],
)
def test_an_event_that_lost_its_content_is_known_as_redacted(
    raw: dict[str, Any], redacted: bool
) -> None:
    event = read_room_event(raw, ROOM)
    assert event is not None
    assert event.redacted is redacted


@pytest.mark.parametrize(
    ("raw", "target"),
    [
        (raw_event({}, type="m.room.redaction", redacts="$old"), "$old"),
        (raw_event({"redacts": "$new"}, type="m.room.redaction"), "$new"),
        # In rooms before version 11 the content is the sender's to write: it must not win.
        (raw_event({"redacts": "$forged"}, type="m.room.redaction", redacts="$real"), "$real"),
        (raw_event({"redacts": 7}, type="m.room.redaction", redacts=[]), None),
        (raw_event({"redacts": "$x"}), None),
    ],
)
def test_a_redaction_names_its_target_in_either_place(
    raw: dict[str, Any], target: str | None
) -> None:
    event = read_room_event(raw, ROOM)
    assert event is not None
    assert event.redacts == target


# ── what it means ─────────────────────────────────────────────────────────────────────────────


def test_a_message_is_said() -> None:
    assert said({"body": "!help", "m.mentions": {"user_ids": [ME]}}) == Said(
        event_id=EventId("$e"),
        room_id=ROOM,
        sender=ANN,
        at=datetime.fromtimestamp(AT / 1000, UTC),
        body="!help",
        mentions=frozenset({ME}),
    )


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ({"body": "words"}, "words"),
        ({}, ""),
        ({"body": 7}, ""),
        ({"body": None}, ""),
        ({"body": "> a genuine quote\n\nmine"}, "> a genuine quote\n\nmine"),
        ({"msgtype": "m.file", "body": "visit.ics"}, ""),
        ({"msgtype": "m.file", "body": "visit.ics", "filename": "visit.ics"}, ""),
        ({"msgtype": "m.image", "body": "our square", "filename": "p.jpg"}, "our square"),
        ({"msgtype": "m.text", "body": "a", "filename": "a"}, "a"),
    ],
)
def test_words_are_the_body_or_the_caption(content: dict[str, Any], body: str) -> None:
    assert said({"other": 1, **content}).body == body


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("> <@bot:hs> asked\n> twice\n\n!agenda", "!agenda"),
        ("> <@bot:hs> asked\n!agenda", "!agenda"),
        ("> quote\n>\n> end\n\n> mine\nmore", "> mine\nmore"),
        ("<mx-reply><blockquote>old</blockquote></mx-reply>!agenda", "!agenda"),
        ("<mx-reply>never closed !agenda", "<mx-reply>never closed !agenda"),
        ("!agenda\n> not the start", "!agenda\n> not the start"),
        ("> only a quote", ""),
        (">no space", ">no space"),
        ("", ""),
    ],
)
def test_a_replys_quote_is_stripped(body: str, words: str) -> None:
    reply = said({"body": body, "m.relates_to": {"m.in_reply_to": {"event_id": "$before"}}})
    assert reply.body == words
    assert reply.reply_to == "$before"
    assert reply.thread_root is None


@pytest.mark.parametrize(
    ("relation", "thread"),
    [
        (None, "$e"),
        ({"m.in_reply_to": {"event_id": "$before"}}, "$e"),
        ({"rel_type": "m.thread", "event_id": "$root"}, "$root"),
        ({"rel_type": "m.reference", "event_id": "$card"}, None),  # refused by the homeserver
        ({"rel_type": "org.example", "event_id": "$card"}, None),
    ],
)
def test_no_thread_is_begun_under_what_is_itself_related(relation: Any, thread: str | None) -> None:
    assert said({"body": "!help", "m.relates_to": relation}).answered_in == thread


@pytest.mark.parametrize(
    ("falling_back", "reply_to"),
    [(True, None), (False, "$last"), (None, "$last"), ("yes", "$last")],
)
def test_a_threads_fallback_is_no_reply(falling_back: Any, reply_to: str | None) -> None:
    relation = {
        "rel_type": "m.thread",
        "event_id": "$root",
        "is_falling_back": falling_back,
        "m.in_reply_to": {"event_id": "$last"},
    }
    message = said({"body": "in thread", "m.relates_to": relation})
    assert message.thread_root == "$root"
    assert message.reply_to == reply_to


@pytest.mark.parametrize(
    "relation",
    [
        None,
        [],
        "x",
        {},
        {"m.in_reply_to": None},
        {"m.in_reply_to": {"event_id": 3}},
        {"rel_type": "m.thread", "event_id": None},
        {"rel_type": ["m.thread"]},
    ],
)
def test_a_relation_of_the_wrong_shape_is_none(relation: Any) -> None:
    message = said({"body": "> kept", "m.relates_to": relation})
    assert (message.thread_root, message.reply_to, message.body) == (None, None, "> kept")


@pytest.mark.parametrize("name", ["org.matrix.msc4391.command", "m.bot.command"])
def test_a_command_put_together_by_a_client_counts_if_we_are_mentioned(name: str) -> None:
    block = {"command": "visit propose", "arguments": {"text": "Riga"}}
    mention = {"m.mentions": {"user_ids": [ME]}}
    assert said({"body": "?", name: block, **mention}).invocation == block
    assert said({"body": "?", name: block}).invocation is None
    assert said({"body": "?", name: {"command": "help"}, **mention}).invocation == {
        "command": "help",
        "arguments": {},
    }
    assert said({"body": "?", name: {"command": 3}, **mention}).invocation is None
    assert said({name: block, **mention}, type="m.room.bot.command").invocation == block


@pytest.mark.parametrize(
    ("block", "people"),
    [
        ({"user_ids": [ANN, 3, None, ME]}, {ANN, ME}),
        ({"user_ids": "@ann:hs"}, set()),
        ({"room": True}, set()),
        ([], set()),
        (None, set()),
    ],
)
def test_mentions_are_read_from_their_block(block: Any, people: set[UserId]) -> None:
    assert said({"body": "x", "m.mentions": block}).mentions == people


def test_an_edit_carries_the_new_words_under_the_old_event() -> None:
    edit = happened(
        {
            "msgtype": "m.text",
            "body": "* !visit show 8",
            "m.new_content": {"msgtype": "m.text", "body": "!visit show 8"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$original"},
        }
    )
    assert isinstance(edit, Edited)
    assert (edit.event_id, edit.original) == ("$e", "$original")
    assert (edit.now.event_id, edit.now.body) == ("$original", "!visit show 8")


@pytest.mark.parametrize(
    "content",
    [
        {"body": "* x", "m.relates_to": {"rel_type": "m.replace", "event_id": "$o"}},
        {
            "body": "* x",
            "m.new_content": "x",
            "m.relates_to": {"rel_type": "m.replace", "event_id": "$o"},
        },
        {
            "body": "* x",
            "m.new_content": {"body": "x"},
            "m.relates_to": {"rel_type": "m.replace", "event_id": 4},
        },
    ],
)
def test_an_edit_without_new_words_or_original_is_nothing(content: dict[str, Any]) -> None:
    assert happened(content) is None


def test_a_reaction_names_target_and_key() -> None:
    relation = {"rel_type": "m.annotation", "event_id": "$card", "key": "👍️"}
    reaction = happened({"m.relates_to": relation}, type="m.reaction")
    assert isinstance(reaction, Reacted)
    assert (reaction.target, reaction.key) == ("$card", "👍️")


@pytest.mark.parametrize(
    "relation",
    [
        {"rel_type": "m.annotation", "event_id": "$card"},
        {"rel_type": "m.annotation", "event_id": "$card", "key": ""},
        {"rel_type": "m.annotation", "event_id": "$card", "key": "x" * 10_000},
        {"rel_type": "m.annotation", "key": "👍"},
        {"rel_type": "m.reference", "event_id": "$card", "key": "👍"},
        None,
    ],
)
def test_a_reaction_of_the_wrong_shape_is_nothing(relation: Any) -> None:
    assert happened({"m.relates_to": relation, "x": 1}, type="m.reaction") is None


def test_a_redaction_and_a_membership_are_told() -> None:
    redaction = happened({}, type="m.room.redaction", redacts="$gone")
    assert isinstance(redaction, Redacted)
    assert redaction.target == "$gone"
    change = happened({"membership": "ban"}, type="m.room.member", state_key="@eve:hs")
    assert isinstance(change, MembershipChanged)
    assert (change.person, change.membership) == ("@eve:hs", "ban")
    assert happened({"membership": "dancing"}, type="m.room.member", state_key="@eve:hs") is None
    assert happened({"membership": ["join"]}, type="m.room.member", state_key="@eve:hs") is None


def test_our_own_words_are_ignored_but_not_our_own_membership() -> None:
    assert happened({"msgtype": "m.text", "body": "!help"}, sender=ME) is None
    assert happened({}, type="m.room.redaction", redacts="$x", sender=ME) is None
    ours = happened({"membership": "join"}, type="m.room.member", state_key=ME, sender=ME)
    assert isinstance(ours, MembershipChanged)


@pytest.mark.parametrize(
    ("content", "more"),
    [
        ({}, {"unsigned": {"redacted_because": {}}}),
        ({"topic": "x"}, {"type": "m.room.topic", "state_key": ""}),
        ({"body": "x"}, {"state_key": ""}),
        ({"ciphertext": "…"}, {"type": "m.room.encrypted"}),
        ({"org.matrix.msc3381.poll.start": {}}, {"type": "org.matrix.msc3381.poll.start"}),
    ],
)
def test_everything_else_is_nothing_to_answer(content: Any, more: dict[str, Any]) -> None:
    assert happened(content, **more) is None


# ── anything at all ───────────────────────────────────────────────────────────────────────────

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=20)  # NUL and surrogates, too
    | st.sampled_from(["m.replace", "m.thread", "m.annotation", "$x", ME, "join", "> q\n\nw"])
)
KEYS = st.text(max_size=5) | st.sampled_from(
    [
        "body",
        "msgtype",
        "m.relates_to",
        "m.new_content",
        "m.mentions",
        "user_ids",
        "event_id",
        "rel_type",
        "key",
        "m.in_reply_to",
        "redacts",
        "membership",
        "m.bot.command",
        "command",
    ]
)
ANY_JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)
TYPES = st.sampled_from(
    ["m.room.message", "m.reaction", "m.room.redaction", "m.room.member", "m.room.encrypted"]
)
NEARLY_EVENTS = st.fixed_dictionaries(
    {
        "event_id": st.just("$e") | ANY_JSON,
        "sender": st.just(str(ANN)) | ANY_JSON,
        "type": TYPES | ANY_JSON,
        "origin_server_ts": st.integers() | ANY_JSON,
        "content": st.dictionaries(KEYS, ANY_JSON, max_size=6) | ANY_JSON,
    },
    optional={
        "state_key": ANY_JSON,
        "unsigned": ANY_JSON,
        "redacts": ANY_JSON,
    },
)


@pytest.mark.parametrize(
    ("unsigned", "by"),
    [
        ({}, None),
        (None, None),
        ({"redacted_because": "$r"}, None),
        ({"redacted_because": raw_event({}, type="m.room.redaction")}, None),
        ({"redacted_because": raw_event({"redacts": "$other"}, type="m.room.redaction")}, None),
        ({"redacted_because": raw_event({"redacts": "$gone"})}, None),
        ({"redacted_because": raw_event({"redacts": "$gone"}, type="m.room.redaction")}, "$e"),
        ({"redacted_because": raw_event({}, type="m.room.redaction", redacts="$gone")}, "$e"),
    ],
)
def test_only_a_redaction_that_names_the_event_takes_it_back(unsigned: Any, by: str | None) -> None:
    shown = raw_event({}, type="m.reaction", unsigned=unsigned) | {"event_id": "$gone"}
    found = read_redaction_of(shown, ROOM)
    assert (None if found is None else found.event_id) == by


@given(raw=ANY_JSON | NEARLY_EVENTS, payload=st.none() | st.dictionaries(KEYS, ANY_JSON))
def test_no_json_whatsoever_raises(raw: Any, payload: dict[str, Any] | None) -> None:
    event = read_room_event(raw, ROOM, payload=payload)
    if event is None:
        return
    what_happened(event, ME)
    # Both databases take it: no NUL, no lone surrogate, no NaN, an instant within the calendar.
    text = json.dumps(event.content, ensure_ascii=False, allow_nan=False)
    text.encode()
    assert "\\u0000" not in text
    assert 0 <= event.at <= 253_402_300_799_999


@given(raw=NEARLY_EVENTS)
def test_cleaning_twice_changes_nothing_more(raw: Any) -> None:
    assert repr(clean(clean(raw))) == repr(clean(raw))

"""Levels from raw state, in tables; a real homeserver agrees in test_matrix_client.py."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.matrix.power import Power, levels_at_creation, version_number
from storage.records import UserId

BOT, ANN, BEN = UserId("@bot:hs"), UserId("@ann:hs"), UserId("@ben:hs")


def create(version: str | None, **content: Any) -> dict[str, Any]:
    told = {} if version is None else {"room_version": version}
    return {"type": "m.room.create", "sender": BOT, "content": {**told, **content}}


def levels(**content: Any) -> dict[str, Any]:
    return {"type": "m.room.power_levels", "content": content}


@pytest.mark.parametrize(
    ("version", "number"),
    [
        ("1", 1),
        ("10", 10),
        ("12", 12),
        ("13", 13),
        (None, 1),
        ("org.matrix.hydra.11", 12),
        ("org.example.odd", 11),
        (12, 11),
        ("9" * 50, 11),
        ("²", 11),
    ],
)
def test_a_version_has_a_number(version: Any, number: int) -> None:
    assert version_number(version) == number


@pytest.mark.parametrize(
    ("created", "user", "level"),
    [
        # Without a power_levels event the creator has 100: named in the content up to version 10,
        # the sender since 11, above all since 12.
        (create("10", creator=ANN), ANN, 100),
        (create("10", creator=ANN), BOT, 0),
        (create(None, creator=ANN), ANN, 100),
        (create("11", creator=ANN), BOT, 100),
        (create("11", creator=ANN), ANN, 0),
        (create("12"), BOT, math.inf),
        (create("12", additional_creators=[ANN]), ANN, math.inf),
        (create("12", additional_creators=[ANN]), BEN, 0),
        (create("11", additional_creators=[ANN]), ANN, 0),
        (create("12", additional_creators="x"), ANN, 0),
    ],
)
def test_creators_rule_until_levels_are_set(
    created: dict[str, Any], user: UserId, level: float
) -> None:
    assert Power.from_state(created, None).level(user) == level


def test_creators_of_version_12_stand_above_what_is_written() -> None:
    power = Power.from_state(create("12"), levels(users={BOT: 0, ANN: 50}, users_default=10))
    assert (power.level(BOT), power.level(ANN), power.level(BEN)) == (math.inf, 50, 10)
    assert power.can_send(BOT, "m.room.tombstone", is_state=True)


def test_a_creator_of_version_11_who_is_not_named_has_the_default() -> None:
    power = Power.from_state(create("11"), levels(users={ANN: 100}))
    assert (power.level(BOT), power.level(ANN)) == (0, 100)


@pytest.mark.parametrize(
    ("written", "level"),
    [
        ("50", 50),
        (" 50 ", 50),
        ("-1", -1),
        (49.9, 49),
        ("x", 10),
        (True, 10),
        (None, 10),
        (float("nan"), 10),
        ([], 10),
        ("9" * 5000, 10),
    ],
)
def test_levels_of_old_rooms_may_be_strings(written: Any, level: int) -> None:
    power = Power.from_state(create("9"), levels(users={ANN: written}, users_default="10"))
    assert power.level(ANN) == level


def test_what_an_event_needs() -> None:
    power = Power.from_state(create("11"), levels(events={"m.room.name": 30, "m.room.message": 5}))
    assert power.needed("m.room.name", is_state=True) == 30
    assert power.needed("m.room.topic", is_state=True) == 50
    assert power.needed("m.room.message", is_state=False) == 5
    assert power.needed("m.reaction", is_state=False) == 0
    tuned = Power.from_state(create("11"), levels(state_default=0, events_default=20))
    assert tuned.needed("m.room.topic", is_state=True) == 0
    assert tuned.needed("m.reaction", is_state=False) == 20
    assert Power.from_state(create("11"), None).needed("m.room.topic", is_state=True) == 50


@pytest.mark.parametrize(
    ("written", "redacts", "invites", "bans"),
    [
        ({"users": {ANN: 50}}, True, True, True),
        ({"users": {ANN: 49}}, False, True, False),
        ({"users": {ANN: 50}, "redact": 51}, False, True, True),
        # Taking back others' words needs both: the right to redact, and to send redactions.
        ({"users": {ANN: 50}, "events": {"m.room.redaction": 60}}, False, True, True),
        ({"users": {ANN: 50}, "events_default": 60}, False, True, True),
        ({"users": {ANN: 10}, "redact": 0, "invite": 50, "ban": 10}, True, False, True),
    ],
)
def test_named_rights(written: dict[str, Any], redacts: bool, invites: bool, bans: bool) -> None:
    power = Power.from_state(create("11"), levels(**written))
    assert power.can_redact_others(ANN) is redacts
    assert power.can_invite(ANN) is invites
    assert power.can_ban(ANN) is bans


def test_our_override_names_the_creator_where_it_must_and_nowhere_else() -> None:
    old = levels_at_creation(BOT, "11", users={ANN: 50}, events={"org.x": 0})
    assert old["users"] == {BOT: 100, ANN: 50}
    assert old["events"]["m.room.tombstone"] == 100
    new = levels_at_creation(BOT, "12", users={ANN: 50, BOT: 100}, events={"org.x": 0})
    assert new["users"] == {ANN: 50}
    assert new["events"]["m.room.tombstone"] == 150
    # The override replaces the whole map: what the homeserver protects stays protected.
    assert new["events"]["m.room.power_levels"] == 100
    assert new["events"]["org.x"] == 0


ODD = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "content",
                    "users",
                    "events",
                    "redact",
                    "users_default",
                    "room_version",
                    "sender",
                    "additional_creators",
                    ANN,
                ]
            ),
            inner,
        )
    ),
    max_leaves=15,
)


@given(
    created=st.none() | st.dictionaries(st.sampled_from(["content", "sender"]), ODD),
    written=st.none() | st.dictionaries(st.just("content"), ODD),
)
def test_no_state_whatsoever_raises(created: Any, written: Any) -> None:
    power = Power.from_state(created, written)
    assert power.level(ANN) <= math.inf
    assert power.can_redact_others(ANN) in (True, False)
    assert power.can_send(ANN, "m.room.name", is_state=True) in (True, False)

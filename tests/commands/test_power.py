"""Levels from raw state, in tables; a real homeserver agrees in tests/bot/test_matrix_client.py."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.power import COORDINATE, Power, version_number
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


@pytest.mark.parametrize(
    ("written", "user", "coordinates"),
    [
        ({"events": {COORDINATE: 30}, "users": {ANN: 30, BEN: 29}}, ANN, True),
        ({"events": {COORDINATE: 30}, "users": {ANN: 30, BEN: 29}}, BEN, False),
        ({"events": {COORDINATE: "30"}, "users": {ANN: "30"}}, ANN, True),
        ({"events": {COORDINATE: 0}}, BEN, True),  # somebody wants it so
        ({"events": {COORDINATE: 101}, "users": {ANN: 100}}, ANN, False),
        # Not named: moderators, and never everybody.
        ({"users": {ANN: 50, BEN: 49}}, ANN, True),
        ({"users": {ANN: 50, BEN: 49}}, BEN, False),
        ({"state_default": 0, "users": {BEN: 49}}, BEN, False),
        ({"state_default": 70, "users": {ANN: 69}}, ANN, False),
        ({"users_default": 50}, BEN, False),
        ({"users_default": 100, "users": {ANN: 100}}, ANN, False),
        ({"users_default": 100, "users": {ANN: 101}}, ANN, True),
        ({"events": {COORDINATE: None}, "users": {BEN: 49}}, BEN, False),
        ({"events": [], "users": {ANN: 50}}, ANN, True),
    ],
)
def test_who_has_a_coordinator_s_say_in_a_room(
    written: dict[str, Any], user: UserId, coordinates: bool
) -> None:
    assert Power.from_state(create("11"), levels(**written)).may_coordinate(user) is coordinates


def test_creators_of_version_12_coordinate_and_a_room_without_levels_has_its_founder() -> None:
    written = levels(events={COORDINATE: 150})
    assert Power.from_state(create("12"), written).may_coordinate(BOT)
    assert Power.from_state(create("11"), None).may_coordinate(BOT)
    assert not Power.from_state(create("11"), None).may_coordinate(ANN)
    assert not Power.from_state(None, None).may_coordinate(ANN)


EVE, MAL = UserId("@eve:hs"), UserId("@mal:hs")


def created(version: str | None, **content: Any) -> dict[str, Any]:
    return {"sender": EVE, "content": {"room_version": version, **content}}


@pytest.mark.parametrize(
    ("create", "written", "eve", "mal"),
    [
        (created("10", creator=EVE), None, True, False),
        (created("11"), None, True, False),
        (created("11"), {"users": {MAL: 100}}, False, True),
        (created("11"), {"users": {MAL: 50}}, False, False),
        (created("6", creator=EVE), {"users": {MAL: "100"}}, False, True),
        (created("11"), {"users_default": 100}, True, True),
        (created("12"), {"users": {MAL: 100}}, True, True),
        (created("12", additional_creators=[MAL]), {"users": {}}, True, True),
        (created("12", additional_creators="nonsense"), {"users": {}}, True, False),
        (created("org.matrix.hydra.11"), {"users": {}}, True, False),
        (created("11", additional_creators=[MAL]), {"users": {}}, False, False),
        (created("11"), {"users": {MAL: None, EVE: [1]}}, False, False),
        (created("11"), {"users": "nonsense"}, False, False),
        (None, None, False, False),
        (None, {"users": {EVE: 100}}, True, False),
    ],
)
def test_a_room_admin_is_one_by_the_rules_of_the_rooms_version(
    create: Any, written: Any, eve: bool, mal: bool
) -> None:
    power = Power.from_state(create, None if written is None else levels(**written))
    assert power.is_admin(EVE) is eve
    assert power.is_admin(MAL) is mal


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
    assert power.may_coordinate(ANN) in (True, False)
    assert power.can_send(ANN, "m.room.name", is_state=True) in (True, False)

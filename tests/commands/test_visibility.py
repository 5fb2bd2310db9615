"""History visibility: the five steps of the specification, for every visibility and membership."""

from typing import Any

import pytest

from commands.visibility import Changes, all_may_read, may_read

AT = 100
BEFORE, LATER = 50, 150

NEVER: Changes = ()
JOINED_BEFORE: Changes = ((BEFORE, "join"),)
JOINED_LATER: Changes = ((LATER, "join"),)
INVITED: Changes = ((BEFORE, "invite"),)
INVITED_THEN_JOINED: Changes = ((BEFORE, "invite"), (LATER, "join"))
LEFT_BEFORE: Changes = ((10, "join"), (BEFORE, "leave"))
LEFT_LATER: Changes = ((10, "join"), (LATER, "leave"))
CAME_BACK: Changes = ((10, "join"), (BEFORE, "leave"), (LATER, "join"))
BANNED: Changes = ((10, "join"), (BEFORE, "ban"))
KNOCKED: Changes = ((BEFORE, "knock"), (LATER, "join"))

TABLE: list[tuple[Changes, str]] = [
    # who could read a message at AT under: world_readable, shared, invited, joined
    (NEVER, "W"),
    (JOINED_BEFORE, "WSIJ"),
    (JOINED_LATER, "WS"),
    (INVITED, "WI"),
    (INVITED_THEN_JOINED, "WSI"),
    (LEFT_BEFORE, "W"),
    (LEFT_LATER, "WSIJ"),
    (CAME_BACK, "WS"),
    (BANNED, "W"),
    (KNOCKED, "WS"),
]


@pytest.mark.parametrize(("memberships", "readable"), TABLE)
@pytest.mark.parametrize("visibility", ["world_readable", "shared", "invited", "joined"])
def test_who_may_read_under_each_visibility(
    memberships: Changes, readable: str, visibility: str
) -> None:
    expected = visibility[0].upper() in readable
    assert may_read(((1, visibility),), memberships, AT) is expected


def test_the_visibility_at_the_message_counts_not_the_one_of_today() -> None:
    opened: Changes = ((1, "joined"), (LATER, "world_readable"))
    closed: Changes = ((1, "world_readable"), (LATER, "joined"))
    assert not may_read(opened, NEVER, AT)
    assert may_read(closed, NEVER, AT)


def test_a_room_that_never_set_it_is_shared() -> None:
    assert may_read((), JOINED_LATER, AT)
    assert not may_read((), NEVER, AT)


def test_before_the_first_visibility_we_know_only_those_present_may_read() -> None:
    later_known: Changes = ((LATER, "shared"),)
    assert not may_read(later_known, JOINED_LATER, AT)
    assert may_read(later_known, JOINED_BEFORE, AT)


def test_an_unknown_visibility_is_taken_as_the_strictest() -> None:
    odd: Changes = ((1, "org.example.secret"),)
    assert not may_read(odd, JOINED_LATER, AT)
    assert may_read(odd, JOINED_BEFORE, AT)


@pytest.mark.parametrize(
    ("people", "expected"),
    [
        ([JOINED_BEFORE, LEFT_LATER], True),
        ([JOINED_BEFORE, JOINED_LATER], False),
        ([JOINED_BEFORE, NEVER], False),
        ([], True),
    ],
)
def test_in_a_room_everybody_must_be_allowed_to_read_it(people: Any, expected: bool) -> None:
    assert all_may_read(((1, "joined"),), people, AT) is expected

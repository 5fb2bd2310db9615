"""Every journey is made in a clear and in an encrypted room, or says here why it is not."""

import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

from tests.hall import CLEAR, SEALED

JOURNEYS = Path(__file__).parent.parent / "journeys"
KINDS: dict[str, set[object]] = {
    "slug": {CLEAR, SEALED},
    "encrypted": {False, True},
}  # by the parameter that chooses

# Whole modules, and single journeys, for which the choice has no meaning.
NO_CHOICE = {
    "test_provisioning": "makes, adopts and upgrades rooms of both kinds; nobody talks in them",
    "test_safe_mode": "breaks rooms of both kinds at once; what is told stands in the staff's room",
    "test_doctor": {
        "test_each_fault_is_found_with_its_cure": "looks at a ward of rooms, says nothing there",
        "test_a_clock_that_is_wrong_is_found": "in no room",
        "test_the_exit_status_tells_and_lines_are_for_people": "in no room",
    },
    "test_late_keys": "there is no key in a clear room",
    "test_judge": "it is the encryption that is judged",
    "test_archive": {
        "test_in_a_direct_chat_all_rooms_of_the_asker_are_searched": "searches both at once",
    },
    "test_direct": {
        "test_questions_asked_at_once_make_one_direct_chat": "asks in both at once",
    },
    "test_practices": {
        "test_questions_and_a_transfer_with_kills_in_between": (
            "what a kill does is tried for both kinds of room by tests/crash/test_kill.py"
        ),
    },
    "test_commands": {
        "test_a_flood_is_refused_once_and_another_person_is_answered_meanwhile": "floods both",
    },
}


def journeys() -> Iterator[tuple[str, FunctionType]]:
    """Every journey with the name of its module."""
    for path in sorted(JOURNEYS.glob("test_*.py")):
        module = importlib.import_module(f"tests.journeys.{path.stem}")
        for name, test in vars(module).items():
            if name.startswith("test_") and inspect.iscoroutinefunction(test):
                assert isinstance(test, FunctionType)
                yield path.stem, test


def makes_both(test: FunctionType) -> bool:
    """Whether it takes a parameter that chooses the kind of room, and that takes both values."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    for parameter in KINDS.keys() & inspect.signature(test).parameters.keys():
        narrowed = [values for mark in marks if (values := values_of(mark.args, parameter))]
        if all(values >= KINDS[parameter] for values in narrowed):
            return True
    return False


def values_of(arguments: tuple[object, ...], parameter: str) -> set[object]:
    """What a parametrisation gives a parameter; nothing if it leaves it alone."""
    names, rows = arguments
    listed = [one.strip() for one in names.split(",")] if isinstance(names, str) else list(names)  # type: ignore[call-overload]
    if parameter not in listed:
        return set()
    values: set[object] = set()
    for row in rows:  # type: ignore[attr-defined]
        row = getattr(row, "values", row)
        values.add(row[listed.index(parameter)] if isinstance(row, tuple) else row)
    return values


def excused(module: str) -> dict[str, str] | str:
    return NO_CHOICE.get(module, {})  # type: ignore[return-value]


@pytest.mark.promise("Everything a member does works in a clear and in an encrypted room.")
def test_every_journey_is_made_in_a_clear_and_in_an_encrypted_room() -> None:
    found = list(journeys())
    one_sided = [
        f"{module}::{test.__name__}"
        for module, test in found
        if not makes_both(test)
        and not isinstance(excuse := excused(module), str)
        and test.__name__ not in excuse
    ]
    assert len(found) > 80, "the journeys are not where this test looks for them"
    assert one_sided == [], "take `slug` (a cluster's room) or `encrypted` (a room of one's own)"


def test_nobody_is_excused_who_needs_no_excuse() -> None:
    one_sided = {(module, test.__name__) for module, test in journeys() if not makes_both(test)}
    named = {
        (module, name)
        for module, excuse in NO_CHOICE.items()
        if isinstance(excuse, dict)
        for name in excuse
    }
    assert named <= one_sided
    assert {module for module, excuse in NO_CHOICE.items() if isinstance(excuse, str)} <= {
        module for module, _ in one_sided
    }

"""Who may do what, in tables."""

from dataclasses import replace

import pytest

from commands.permissions import (
    Who,
    coordinated_by,
    may_coordinate,
    may_grant,
    may_place,
    may_use,
    roles_of,
)
from storage.records import Person, Role
from tests.commands.conftest import ANN, BEN, COMMUNITY, CORA, OTTO, PAULA

BEN_HERSELF = Person(1, BEN, "Ben")
ANN_HERSELF = Person(2, ANN, "Ann", city="havnvoll", roles=frozenset({Role.CITY_LEAD}))
CORA_HERSELF = Person(3, CORA, "Cora")
PAULA_HERSELF = Person(4, PAULA, "Paula")
OTTO_HERSELF = Person(5, OTTO, "Otto")
GRANTED = replace(
    BEN_HERSELF, city="lipohrad", roles=frozenset({Role.CLUSTER_COORDINATOR})
)  # of the cluster of her city: welcome


@pytest.mark.parametrize(
    ("person", "roles"),
    [
        (BEN_HERSELF, {Role.MEMBER}),
        (ANN_HERSELF, {Role.CITY_LEAD}),
        (CORA_HERSELF, {Role.CLUSTER_COORDINATOR}),
        (PAULA_HERSELF, {Role.PROJECT_COORDINATOR}),
        (OTTO_HERSELF, {Role.OPERATOR}),
        (replace(OTTO_HERSELF, roles=frozenset({Role.VOLUNTEER})), {Role.VOLUNTEER, Role.OPERATOR}),
        (replace(BEN_HERSELF, roles=frozenset({Role.OPERATOR})), {Role.MEMBER}),
    ],
)
def test_roles_are_those_granted_and_those_configured(person: Person, roles: set[Role]) -> None:
    assert roles_of(person, COMMUNITY) == roles


@pytest.mark.parametrize(
    ("person", "housing", "welcome", "everything"),
    [
        (BEN_HERSELF, False, False, False),
        (ANN_HERSELF, False, False, False),
        (CORA_HERSELF, True, False, False),
        (GRANTED, False, True, False),
        (replace(GRANTED, city=None), False, False, False),
        (PAULA_HERSELF, True, True, True),
        (OTTO_HERSELF, True, True, True),
        # A cluster's room gives the say, and who has left it has none, whoever gave it.
        (replace(BEN_HERSELF, given=frozenset({"housing"})), True, False, False),
        (replace(CORA_HERSELF, gone_from=frozenset({"housing"})), False, False, False),
        (replace(GRANTED, gone_from=frozenset({"welcome"})), False, False, False),
        (replace(GRANTED, gone_from=frozenset({"housing"})), False, True, False),
        (replace(PAULA_HERSELF, gone_from=frozenset({"housing"})), True, True, True),
    ],
)
def test_a_cluster_coordinator_coordinates_their_own_cluster_alone(
    person: Person, housing: bool, welcome: bool, everything: bool
) -> None:
    assert may_coordinate(person, COMMUNITY, "housing") is housing
    assert may_coordinate(person, COMMUNITY, "welcome") is welcome
    assert may_coordinate(person, COMMUNITY, None) is everything
    assert coordinated_by(person, COMMUNITY) == ({"housing"} if housing else set()) | (
        {"welcome"} if welcome else set()
    )


@pytest.mark.parametrize(
    ("who", "cluster", "allowed"),
    [
        (Who.EVERYONE, "housing", "ben cora paula otto"),
        (Who.COORDINATORS, "housing", "cora paula otto"),
        (Who.COORDINATORS, "welcome", "paula otto"),
        (Who.COORDINATORS, None, "cora paula otto"),
        (Who.ROOM_ADMINS, "housing", "cora paula otto"),
        (Who.ROOM_ADMINS, None, "paula otto"),
        (Who.OPERATORS, None, "otto"),
        (Who.OPERATORS, "housing", "otto"),
    ],
)
def test_who_may_use_a_command_where(who: Who, cluster: str | None, allowed: str) -> None:
    people = {"ben": BEN_HERSELF, "cora": CORA_HERSELF, "paula": PAULA_HERSELF}
    people["otto"] = OTTO_HERSELF
    assert [
        name for name, p in people.items() if may_use(who, p, COMMUNITY, cluster=cluster)
    ] == allowed.split()


def test_whom_a_room_gives_the_say_may_ask_for_it_in_a_direct_chat() -> None:
    given = replace(BEN_HERSELF, given=frozenset({"housing"}))
    gone = replace(CORA_HERSELF, gone_from=frozenset({"housing"}))
    assert may_use(Who.COORDINATORS, given, COMMUNITY, cluster=None)
    assert not may_use(Who.COORDINATORS, gone, COMMUNITY, cluster=None)
    assert roles_of(given, COMMUNITY) == {Role.CLUSTER_COORDINATOR}


def test_a_room_admin_may_do_what_is_for_room_admins() -> None:
    assert may_use(Who.ROOM_ADMINS, BEN_HERSELF, COMMUNITY, cluster=None, room_admin=True)
    assert not may_use(Who.COORDINATORS, BEN_HERSELF, COMMUNITY, cluster=None, room_admin=True)


@pytest.mark.parametrize(
    ("person", "role", "allowed"),
    [
        (CORA_HERSELF, Role.CITY_LEAD, True),
        (CORA_HERSELF, Role.CLUSTER_COORDINATOR, False),
        (CORA_HERSELF, Role.PROJECT_COORDINATOR, False),
        (PAULA_HERSELF, Role.CLUSTER_COORDINATOR, True),
        (PAULA_HERSELF, Role.OPERATOR, False),
        (OTTO_HERSELF, Role.OPERATOR, False),
    ],
)
def test_nobody_grants_more_than_they_hold(person: Person, role: Role, allowed: bool) -> None:
    assert may_grant(person, COMMUNITY, role) is allowed


@pytest.mark.parametrize(
    ("person", "of", "to", "allowed"),
    [
        (CORA_HERSELF, None, "havnvoll", True),
        (CORA_HERSELF, "havnvoll", "sao-bento", True),
        (CORA_HERSELF, "lipohrad", "havnvoll", False),
        (CORA_HERSELF, None, "lipohrad", False),
        (PAULA_HERSELF, "lipohrad", "havnvoll", True),
        (BEN_HERSELF, None, None, False),
    ],
)
def test_a_cluster_coordinator_places_people_within_their_cluster(
    person: Person, of: str | None, to: str | None, allowed: bool
) -> None:
    assert may_place(person, COMMUNITY, replace(BEN_HERSELF, city=of), to) is allowed

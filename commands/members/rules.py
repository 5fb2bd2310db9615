"""What becomes of a person's roles, and who stands in a list."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from storage.records import Person, Role

MOST_LISTED = 40  # lines that still fit a phone


@dataclass(frozen=True, slots=True)
class RoleChange:
    """A role to be given, or taken."""

    role: Role
    given: bool


def changed_roles(roles: frozenset[Role], changes: Iterable[RoleChange]) -> frozenset[Role]:
    """Roles after changes, in their order; everybody is a member, so that is not kept."""
    now = set(roles)
    for change in changes:
        if change.given:
            now.add(change.role)
        else:
            now.discard(change.role)
    return frozenset(now - {Role.MEMBER})


def listed(people: Sequence[Person]) -> tuple[Sequence[Person], int]:
    """The people that a list shows, by name, and how many it leaves out."""
    ordered = sorted(people, key=lambda person: (person.display_name.casefold(), person.user_id))
    return ordered[:MOST_LISTED], max(0, len(ordered) - MOST_LISTED)

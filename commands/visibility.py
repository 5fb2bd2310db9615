"""Who may read a room's past: history visibility at the moment of a message, as Matrix has it."""

from collections.abc import Iterable, Sequence

Changes = Sequence[tuple[int, str]]  # (milliseconds since 1970, what it became), oldest first

WHEN_NEVER_SET = "shared"  # the specification's default
WHEN_UNKNOWN = "joined"  # set before we came, and changed since: assume the strictest


def may_read(visibilities: Changes, memberships: Changes, at: int) -> bool:
    """Whether a person may read an event of that moment: the five steps of the specification.

    visibilities: of the room; memberships: of the person in it; at: milliseconds since 1970.
    """
    visibility = _at(visibilities, at) or (WHEN_UNKNOWN if visibilities else WHEN_NEVER_SET)
    membership = _at(memberships, at)
    if visibility == "world_readable":
        return True
    if membership == "join":
        return True
    if visibility == "shared" and any(m == "join" and when >= at for when, m in memberships):
        return True
    return visibility == "invited" and membership == "invite"


def all_may_read(visibilities: Changes, people: Iterable[Changes], at: int) -> bool:
    """Whether each of these people may read it: what is said in a room is read by all of them."""
    return all(may_read(visibilities, memberships, at) for memberships in people)


def _at(changes: Changes, at: int) -> str | None:
    """What was in force at a moment; None if nothing is known that far back."""
    before = [value for when, value in changes if when <= at]
    return before[-1] if before else None

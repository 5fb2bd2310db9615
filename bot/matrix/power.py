"""The power levels with which a room of ours is made."""

from collections.abc import Mapping
from typing import Any, Final

from commands.power import CREATORS_REIGN, version_number
from storage.records import UserId

# What Synapse gives a new room. An override replaces the whole `events` map, so it repeats these.
_AT_CREATION: Final[Mapping[str, int]] = {
    "m.room.name": 50,
    "m.room.avatar": 50,
    "m.room.canonical_alias": 50,
    "m.room.power_levels": 100,
    "m.room.history_visibility": 100,
    "m.room.server_acl": 100,
    "m.room.encryption": 100,
}


def levels_at_creation(
    creator: UserId,
    version: str,
    *,
    users: Mapping[UserId, int] | None = None,
    events: Mapping[str, int] | None = None,
) -> dict[str, Any]:
    """The `power_level_content_override` of a createRoom request.

    Up to version 11 an override that names users must name the creator, too, or they lose the
    room; from 12 on naming a creator is 400.
    """
    people = dict(users or {})
    reigns = version_number(version) >= CREATORS_REIGN
    if reigns:
        people.pop(creator, None)
    else:
        people[creator] = 100
    tombstone = 150 if reigns else 100
    return {
        "users": people,
        "events": {**_AT_CREATION, "m.room.tombstone": tombstone, **(events or {})},
    }

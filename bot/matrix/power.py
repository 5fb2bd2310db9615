"""Who may do what in a room, from its raw state and by the rules of its version.

nio's own levels merge old and new, do not know room version 12 and answer errors as yes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

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
_CREATORS_REIGN: Final = 12  # the first version whose creators stand above all levels
_SENDER_CREATED: Final = 11  # the first version that names no creator in the content


def version_number(version: object) -> int:
    """The number of a room version; unstable ones count as what they became, or else as 11."""
    if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) < 4:
        return int(version)
    if version is None:
        return 1  # a create event without a version
    return 12 if version == "org.matrix.hydra.11" else 11


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
    reigns = version_number(version) >= _CREATORS_REIGN
    if reigns:
        people.pop(creator, None)
    else:
        people[creator] = 100
    tombstone = 150 if reigns else 100
    return {
        "users": people,
        "events": {**_AT_CREATION, "m.room.tombstone": tombstone, **(events or {})},
    }


@dataclass(frozen=True, slots=True)
class Power:
    """The levels of one room, as they are now."""

    version: int
    creators: frozenset[UserId]  # above all levels (version 12 on), else empty
    founder: UserId | None  # has 100 while there is no power_levels event
    content: Mapping[str, Any] | None  # of m.room.power_levels

    @classmethod
    def from_state(
        cls, create: Mapping[str, Any] | None, power_levels: Mapping[str, Any] | None
    ) -> Self:
        """Read the raw `m.room.create` and `m.room.power_levels` events."""
        content = _mapping((create or {}).get("content"))
        sender = _user((create or {}).get("sender"))
        version = version_number(content.get("room_version"))
        creators: frozenset[UserId] = frozenset()
        if version >= _CREATORS_REIGN:
            more = content.get("additional_creators")
            named = [sender, *map(_user, more if isinstance(more, list) else ())]
            creators = frozenset(user for user in named if user is not None)
        founder = sender if version >= _SENDER_CREATED else _user(content.get("creator"))
        levels = (power_levels or {}).get("content")
        return cls(version, creators, founder, levels if isinstance(levels, Mapping) else None)

    def level(self, user: UserId) -> float:
        """A user's level; `math.inf` for the creators of a version 12 room."""
        if user in self.creators:
            return math.inf
        if self.content is None:
            return 100 if user == self.founder else 0
        named = _level(_mapping(self.content.get("users")).get(user))
        return self._default("users_default", 0) if named is None else named

    def needed(self, type: str, *, is_state: bool) -> int:
        """The level for sending an event of that type."""
        named = _level(_mapping((self.content or {}).get("events")).get(type))
        if named is not None:
            return named
        return (
            self._default("state_default", 50) if is_state else self._default("events_default", 0)
        )

    def can_send(self, user: UserId, type: str, *, is_state: bool) -> bool:
        """Whether the room lets that user send such an event."""
        return self.level(user) >= self.needed(type, is_state=is_state)

    def can_redact_others(self, user: UserId) -> bool:
        """Whether that user may take back what others said."""
        return self.can_send(user, "m.room.redaction", is_state=False) and self._has(
            user, "redact", 50
        )

    def can_invite(self, user: UserId) -> bool:
        """Whether that user may invite."""
        return self._has(user, "invite", 0)

    def can_kick(self, user: UserId) -> bool:
        """Whether that user may remove people below them."""
        return self._has(user, "kick", 50)

    def can_ban(self, user: UserId) -> bool:
        """Whether that user may ban people below them."""
        return self._has(user, "ban", 50)

    def _has(self, user: UserId, name: str, otherwise: int) -> bool:
        return self.level(user) >= self._default(name, otherwise)

    def _default(self, name: str, otherwise: int) -> int:
        level = _level((self.content or {}).get(name))
        return otherwise if level is None else level


def _level(value: Any) -> int | None:
    """A level as written; before version 10 rooms may hold strings and floats."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float):
        return int(value) if math.isfinite(value) else None
    if isinstance(value, str) and len(value) < 20:
        try:
            return int(value)
        except ValueError:
            return None
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _user(value: Any) -> UserId | None:
    return UserId(value) if isinstance(value, str) and value else None

"""What a room lets people do, from its raw state and by the rules of its version.

nio's own levels merge old and new, do not know room version 12 and answer errors as yes.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from storage.records import UserId

# A room admin grants a coordinator's say in their own client, by the level for this state event.
COORDINATE: Final = "org.moothall.coordinate"
MODERATOR: Final = 50
ADMIN: Final = 100
CREATORS_REIGN: Final = 12  # the first version whose creators stand above all levels
_SENDER_CREATED: Final = 11  # the first version that names no creator in the content


def version_number(version: object) -> int:
    """The number of a room version; unstable ones count as what they became, or else as 11."""
    if isinstance(version, str) and version.isascii() and version.isdigit() and len(version) < 4:
        return int(version)
    if version is None:
        return 1  # a create event without a version
    return 12 if version == "org.matrix.hydra.11" else 11


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
        if version >= CREATORS_REIGN:
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
            return ADMIN if user == self.founder else 0
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

    def is_admin(self, user: UserId) -> bool:
        """Whether that user runs the room."""
        return self.level(user) >= ADMIN

    def may_coordinate(self, user: UserId) -> bool:
        """Whether the room gives that user a coordinator's say.

        Where no level is named for it, it takes a moderator, and never what everybody has:
        docs/decisions/0006.
        """
        named = _level(_mapping((self.content or {}).get("events")).get(COORDINATE))
        if named is None:
            everybody = self._default("users_default", 0)
            named = max(MODERATOR, self._default("state_default", MODERATOR), everybody + 1)
        return self.level(user) >= named

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

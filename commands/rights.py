"""Permissions, with the facts about rooms that they need: asked anew for all that happens."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Self

from sqlalchemy import Connection

from commands.command import AnyCommand, Call
from commands.context import Context
from commands.permissions import Who, may_use
from commands.power import Power
from storage import rooms, timers
from storage.records import Person, Room, RoomId, RoomKind, UserId

MANDATE = timers.MANDATE
GONE = frozenset({"leave", "ban"})


def power_in(connection: Connection, room_id: RoomId) -> Power:
    """The levels of a room, as they are now."""
    create, levels = rooms.power_events(connection, room_id)
    return _power(create, levels)


def _power(create: Mapping[str, Any] | None, levels: Mapping[str, Any] | None) -> Power:
    return Power.from_state(create, None if levels is None else {"content": levels})


def as_of_now(connection: Connection, person: Person) -> Person:
    """A person with what our rooms say of them at this moment."""
    told = rooms.in_ours(connection, person.id)
    clusters = [(one.cluster, one) for one in told if one.cluster and one.kind is RoomKind.CLUSTER]
    staff = [one for one in told if one.kind is not RoomKind.CLUSTER]
    given = (
        cluster
        for cluster, one in clusters
        if one.membership == "join"
        and _power(one.create, one.power_levels).may_coordinate(person.user_id)
    )
    gone = (cluster for cluster, one in clusters if one.membership in GONE)
    return replace(
        person,
        given=frozenset(given),
        gone_from=frozenset(gone),
        banned=any(one.membership == "ban" for one in staff),
        left_staff=any(
            one.kind is RoomKind.COORDINATORS and one.membership in GONE for one in staff
        ),
    )


def is_allowed(command: AnyCommand, person: Person, room: Room, context: Context) -> bool:
    """Whether a person, as of now, may use a command in a room."""
    return has_say(command.who, person, room, context)


def has_say(who: Who, person: Person, room: Room, context: Context) -> bool:
    """Whether a person, as of now, is one of those who may, in a room."""
    admin = who is Who.ROOM_ADMINS and power_in(context.connection, room.room_id).is_admin(
        person.user_id
    )
    return may_use(
        who,
        person,
        context.settings.community,
        cluster=room.cluster,
        room_admin=admin,
    )


# ── what takes effect later ───────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Mandate:
    """On whose word something will happen, to be checked again when it does."""

    person: UserId
    who: Who
    room_id: RoomId  # where it was asked for

    @classmethod
    def of(cls, call: Call[Any], who: Who) -> Self:
        """The mandate that a call has, if it was permitted to these."""
        return cls(call.asker.user_id, who, call.room.room_id)

    def as_payload(self) -> dict[str, str]:
        """What a timer keeps of it: `payload={MANDATE: mandate.as_payload(), …}`."""
        return {"person": self.person, "who": self.who.name, "room": self.room_id}


def still_stands(payload: Mapping[str, Any], context: Context) -> bool:
    """Whether what a timer's payload was asked for may still be done; also if nobody asked."""
    kept = payload.get(MANDATE)
    if kept is None:
        return True
    who = Who[kept["who"]]
    present = rooms.presence(context.connection, RoomId(kept["room"]), UserId(kept["person"]))
    if present is None:
        return False
    room, person, membership = present
    if membership != "join" or not room.joined:
        return False
    return has_say(who, as_of_now(context.connection, person), room, context)

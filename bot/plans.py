"""What each room of the community should be: pure, from configuration to Matrix state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.matrix.power import levels_at_creation
from commands.descriptions import TYPE as DESCRIPTION
from commands.power import COORDINATE, MODERATOR, Power
from storage.records import Cluster, Community, RoomId, RoomKind, UserId

COORDINATOR_LEVEL = MODERATOR
OPERATOR_LEVEL = 100
ENCRYPTION = {"algorithm": "m.megolm.v1.aes-sha2"}
OLDEST_RESTRICTED = 8  # room version that knows the restricted join rule


@dataclass(frozen=True, slots=True)
class RoomPlan:
    """A room as the configuration wants it."""

    kind: RoomKind
    cluster: str | None
    alias: str  # localpart
    name: str
    topic: str
    encrypted: bool
    adopt: str | None  # alias or id of a room that is there already
    levels: Mapping[UserId, int]  # of coordinators and operators


@dataclass(frozen=True, slots=True)
class StateEvent:
    """A state event to write."""

    type: str
    state_key: str
    content: Mapping[str, Any]


def plan_space(community: Community) -> RoomPlan:
    """The Space that holds the community's rooms."""
    return RoomPlan(
        RoomKind.SPACE,
        None,
        community.slug,
        community.name,
        "",
        False,
        community.space,
        _levels(community, _all_coordinators(community)),
    )


def plan_cluster(community: Community, cluster: Cluster) -> RoomPlan:
    """A cluster's room."""
    return RoomPlan(
        RoomKind.CLUSTER,
        cluster.slug,
        f"{community.slug}-{cluster.slug}",
        cluster.title,
        cluster.topic,
        cluster.encrypted,
        cluster.room,
        _levels(community, (*community.coordinators, *cluster.coordinators)),
    )


def plan_coordinators(community: Community, name: str) -> RoomPlan:
    """The room where the coordinators and operators meet."""
    return RoomPlan(
        RoomKind.COORDINATORS,
        None,
        f"{community.slug}-coordinators",
        name,
        "",
        community.coordinators_encrypted,
        community.coordinators_room,
        _levels(community, _all_coordinators(community)),
    )


def _all_coordinators(community: Community) -> tuple[UserId, ...]:
    clusters = (who for cluster in community.clusters for who in cluster.coordinators)
    return (*community.coordinators, *clusters)


def _levels(community: Community, coordinators: Sequence[UserId]) -> dict[UserId, int]:
    levels = dict.fromkeys(coordinators, COORDINATOR_LEVEL)
    return levels | dict.fromkeys(community.operators, OPERATOR_LEVEL)


def invited(plan: RoomPlan, me: UserId) -> list[UserId]:
    """Who is asked in: those who coordinate there, and the operators."""
    return sorted(user for user in plan.levels if user != me)


def creation(
    plan: RoomPlan,
    me: UserId,
    *,
    version: str,
    space: RoomId | None,
    via: Sequence[str],
    extra: Sequence[StateEvent],
) -> dict[str, Any]:
    """The body of the createRoom request."""
    state = [*wanted_state(plan, version=version, space=space, via=via), *extra]
    # Name and topic have fields of their own, and the alias makes its own event.
    state = [one for one in state if one.type not in ("m.room.name", "m.room.topic")]
    levels = levels_at_creation(
        me,
        version,
        users={user: level for user, level in plan.levels.items() if user != me},
        events={COORDINATE: COORDINATOR_LEVEL},
    )
    body: dict[str, Any] = {
        # Never trusted_private_chat: in version 12 it makes everybody invited a creator.
        "preset": "private_chat",
        "name": plan.name,
        "room_alias_name": plan.alias,
        "room_version": version,
        "invite": invited(plan, me),
        "power_level_content_override": levels,
        "initial_state": [
            {"type": one.type, "state_key": one.state_key, "content": dict(one.content)}
            for one in state
        ],
    }
    if plan.topic:
        body["topic"] = plan.topic
    if plan.kind is RoomKind.SPACE:
        body["creation_content"] = {"type": "m.space"}
    return body


def wanted_state(
    plan: RoomPlan, *, version: str, space: RoomId | None, via: Sequence[str]
) -> list[StateEvent]:
    """State that the room should have, as far as the configuration decides it."""
    state = [StateEvent("m.room.name", "", {"name": plan.name})]
    if plan.topic:
        state.append(StateEvent("m.room.topic", "", {"topic": plan.topic}))
    if plan.kind is RoomKind.CLUSTER and space is not None:
        parent = {"via": list(via), "canonical": True}
        state.append(StateEvent("m.space.parent", space, parent))
        if not version.isdigit() or int(version) >= OLDEST_RESTRICTED:
            allow = [{"type": "m.room_membership", "room_id": space}]
            rule = {"join_rule": "restricted", "allow": allow}
            state.append(StateEvent("m.room.join_rules", "", rule))
    if plan.encrypted:
        state.append(StateEvent("m.room.encryption", "", ENCRYPTION))
    return state


def missing_state(
    wanted: Sequence[StateEvent], present: Mapping[tuple[str, str], Mapping[str, Any]]
) -> list[StateEvent]:
    """What of the wanted state is absent or different; encryption, once on, is left alone."""
    return [
        one
        for one in wanted
        if not _holds(present.get((one.type, one.state_key)), one.content)
        and not (one.type == "m.room.encryption" and (one.type, "") in present)
    ]


def outdated_descriptions(
    wanted: Sequence[StateEvent], state: Sequence[Mapping[str, Any]], me: UserId
) -> list[StateEvent]:
    """Our descriptions of commands that are no more, or are not to be described: emptied."""
    current = {one.state_key for one in wanted if one.type == DESCRIPTION}
    return [
        StateEvent(DESCRIPTION, str(one["state_key"]), {})
        for one in state
        if one.get("type") == DESCRIPTION
        and one.get("sender") == me
        and one.get("content")
        and one.get("state_key") not in current
    ]


def _holds(present: Mapping[str, Any] | None, wanted: Mapping[str, Any]) -> bool:
    # A server may add fields of its own (a topic's m.topic block); what we wrote must be there.
    return present is not None and all(present.get(key) == value for key, value in wanted.items())


def raised_levels(
    plan: RoomPlan, power: Power, present: Mapping[str, Any], me: UserId
) -> dict[str, Any] | None:
    """The power levels with our coordinators raised where they lack it; None if they have it.

    Nobody is ever lowered: room admins may have reasons of their own.
    """
    lacking = {
        user: level
        for user, level in plan.levels.items()
        if user != me and power.level(user) < level <= power.level(me)
    }
    if not lacking:
        return None
    users = present.get("users")
    return {**present, "users": {**(users if isinstance(users, Mapping) else {}), **lacking}}


@dataclass(frozen=True, slots=True)
class Right:
    """Something that the hall does in a room."""

    name: str  # the event type, or what it is called in the room's power levels
    is_state: bool = False

    def held(self, power: Power, me: UserId) -> bool:
        """Whether the room lets us."""
        if self.name == "invite":
            return power.can_invite(me)
        return power.can_send(me, self.name, is_state=self.is_state)


def needed_rights(plan: RoomPlan) -> tuple[list[Right], list[Right]]:
    """What the hall cannot do without in a room, and what it would miss.

    In an adopted room the house rules are its admins': there it needs only to speak.
    """
    if plan.kind is RoomKind.SPACE:
        return [Right("m.space.child", is_state=True)], [Right("invite")]
    must = [Right("m.room.encrypted" if plan.encrypted else "m.room.message")]
    if plan.adopt is not None:
        return must, [Right("m.reaction")]
    kept_in_line = ("m.room.name", "m.room.pinned_events", "m.room.power_levels", DESCRIPTION)
    state = [Right(type_, is_state=True) for type_ in kept_in_line]
    return must, [Right("m.reaction"), *state, Right("invite")]

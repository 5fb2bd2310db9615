"""Who may do what: decided from the configuration and from roles granted in chat."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from storage.records import Community, Person, Role, UserId

# Who holds one of these decides for others, so it takes more than a cluster coordinator to give it.
COORDINATING = frozenset({Role.CLUSTER_COORDINATOR, Role.PROJECT_COORDINATOR})
ADMIN_POWER = 100


class Who(Enum):
    """Who may use a command."""

    EVERYONE = "everyone"
    ROOM_ADMINS = "room admins"  # by the room's power levels; and its coordinators
    COORDINATORS = "coordinators"  # of the room's cluster, of the project, and operators
    OPERATORS = "operators"


def roles_of(person: Person, community: Community) -> frozenset[Role]:
    """A person's roles: those granted in chat and those of the configuration.

    An operator is one by the configuration alone: whoever could grant that in chat would hold it.
    """
    roles = set(person.roles - {Role.OPERATOR})
    if person.user_id in community.operators:
        roles.add(Role.OPERATOR)
    if person.user_id in community.coordinators:
        roles.add(Role.PROJECT_COORDINATOR)
    if any(person.user_id in cluster.coordinators for cluster in community.clusters):
        roles.add(Role.CLUSTER_COORDINATOR)
    return frozenset(roles) or frozenset({Role.MEMBER})


def is_operator(person: Person, community: Community) -> bool:
    """Whether a person keeps the hall running."""
    return person.user_id in community.operators


def coordinated_by(person: Person, community: Community) -> frozenset[str]:
    """Slugs of the clusters that a person coordinates.

    Granted in chat, "cluster coordinator" means the cluster of the person's own city.
    """
    if is_operator(person, community) or Role.PROJECT_COORDINATOR in roles_of(person, community):
        return frozenset(cluster.slug for cluster in community.clusters)
    slugs = {c.slug for c in community.clusters if person.user_id in c.coordinators}
    city = community.city(person.city) if person.city else None
    if Role.CLUSTER_COORDINATOR in person.roles and city is not None:
        slugs.add(city.cluster)
    return frozenset(slugs)


def may_coordinate(person: Person, community: Community, cluster: str | None) -> bool:
    """Whether a person decides for a cluster; for the whole network, if none is named."""
    if is_operator(person, community) or Role.PROJECT_COORDINATOR in roles_of(person, community):
        return True
    return cluster is not None and cluster in coordinated_by(person, community)


def may_use(
    who: Who,
    person: Person,
    community: Community,
    *,
    cluster: str | None,
    room_admin: bool = False,
) -> bool:
    """Whether a person may use a command in a room of that cluster.

    In a room of no cluster (a direct chat, the coordinators' room) every coordinator may call;
    the handler then looks at what the call is about.
    """
    match who:
        case Who.EVERYONE:
            return True
        case Who.OPERATORS:
            return is_operator(person, community)
        case Who.ROOM_ADMINS:
            return room_admin or may_coordinate(person, community, cluster)
        case Who.COORDINATORS if cluster is None:
            return is_operator(person, community) or bool(
                roles_of(person, community) & COORDINATING
            )
        case Who.COORDINATORS:
            return may_coordinate(person, community, cluster)


def may_grant(person: Person, community: Community, role: Role) -> bool:
    """Whether a person may give a role to others, or take it from them."""
    if role is Role.OPERATOR:
        return False
    return role not in COORDINATING or may_coordinate(person, community, None)


def may_place(person: Person, community: Community, other: Person, city: str | None) -> bool:
    """Whether a person may change somebody's city or roles.

    A cluster coordinator does so within their own clusters, and for those who have no city yet.
    """
    if may_coordinate(person, community, None):
        return True
    mine = coordinated_by(person, community)
    places = (community.city(slug) for slug in (other.city, city) if slug is not None)
    return bool(mine) and all(place is None or place.cluster in mine for place in places)


def is_room_admin(
    user_id: UserId, create: Mapping[str, Any] | None, power_levels: Mapping[str, Any] | None
) -> bool:
    """Whether somebody is an admin of a room, from its raw create and power level events.

    Creators of a version 12 room (sender and additional creators) stand above all levels; in
    older rooms the creator has power only while there is no power level event.
    """
    create = create or {}
    made = _mapping(create.get("content"))
    creator = made.get("creator", create.get("sender"))
    if _privileged_creators(made.get("room_version", "1")):
        more = made.get("additional_creators")
        if user_id == create.get("sender") or (isinstance(more, list) and user_id in more):
            return True
    if power_levels is None:
        return bool(user_id == creator)
    levels = _mapping(power_levels.get("content", power_levels))
    level: Any = _mapping(levels.get("users")).get(user_id, levels.get("users_default", 0))
    try:
        return int(level) >= ADMIN_POWER  # rooms before version 10 may say "100"
    except (TypeError, ValueError, OverflowError):
        return False


def _privileged_creators(room_version: object) -> bool:
    """Version 12 and what follows it; as an experiment it was called hydra."""
    if not isinstance(room_version, str):
        return False
    return room_version == "org.matrix.hydra.11" or (
        room_version.isdecimal() and int(room_version) >= 12
    )


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

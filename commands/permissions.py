"""Who may do what: decided from the configuration, roles granted in chat, and rooms' own levels."""

from enum import Enum

from storage.records import Community, Person, Role

# Who holds one of these decides for others, so it takes more than a cluster coordinator to give it.
COORDINATING = frozenset({Role.CLUSTER_COORDINATOR, Role.PROJECT_COORDINATOR})


class Who(Enum):
    """Who may use a command."""

    EVERYONE = "everyone"
    ROOM_ADMINS = "room admins"  # by the room's power levels; and its coordinators
    COORDINATORS = "coordinators"  # of the room's cluster, of the project, and operators
    OPERATORS = "operators"


def roles_of(person: Person, community: Community) -> frozenset[Role]:
    """A person's roles: those granted in chat, by a room, and by the configuration.

    An operator is one by the configuration alone: whoever could grant that in chat would hold it.
    """
    if person.banned:
        return frozenset({Role.MEMBER})
    roles = set(person.roles - {Role.OPERATOR})
    if person.user_id in community.operators:
        roles.add(Role.OPERATOR)
    if person.user_id in community.coordinators:
        roles.add(Role.PROJECT_COORDINATOR)
    if person.left_staff:
        roles.discard(Role.PROJECT_COORDINATOR)
    by_name = any(person.user_id in cluster.coordinators for cluster in community.clusters)
    if by_name or person.given:
        roles.add(Role.CLUSTER_COORDINATOR)
    return frozenset(roles) or frozenset({Role.MEMBER})


def is_operator(person: Person, community: Community) -> bool:
    """Whether a person keeps the hall running."""
    return person.user_id in community.operators and not person.banned


def coordinated_by(person: Person, community: Community) -> frozenset[str]:
    """Slugs of the clusters that a person coordinates.

    Granted in chat, "cluster coordinator" means the cluster of the person's own city. Who left a
    cluster's room, or was removed from it, has no say there any more, whoever gave it; who left
    the coordinators' room, none for the project; who is banned there or from the Space, none.
    """
    if person.banned:
        return frozenset()
    if is_operator(person, community) or Role.PROJECT_COORDINATOR in roles_of(person, community):
        return frozenset(cluster.slug for cluster in community.clusters)
    slugs = {c.slug for c in community.clusters if person.user_id in c.coordinators}
    city = community.city(person.city) if person.city else None
    if Role.CLUSTER_COORDINATOR in person.roles and city is not None:
        slugs.add(city.cluster)
    return frozenset(slugs - person.gone_from) | person.given


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
            return may_coordinate(person, community, None) or bool(
                coordinated_by(person, community)
            )
        case Who.COORDINATORS:
            return may_coordinate(person, community, cluster)


def may_grant(person: Person, community: Community, role: Role) -> bool:
    """Whether a person may give a role to others, or take it from them."""
    if role is Role.OPERATOR:
        return False
    return role not in COORDINATING or may_coordinate(person, community, None)


def may_move(person: Person, community: Community, other: Person, city: str | None) -> bool:
    """Whether a person may put somebody into that city, with the roles that person has.

    A cluster coordinator's say follows their city: to move it into another cluster is to grant it.
    """
    if Role.CLUSTER_COORDINATOR not in other.roles or other.city == city:
        return True
    places = (community.city(slug) if slug else None for slug in (other.city, city))
    before, after = (None if place is None else place.cluster for place in places)
    return before == after or may_grant(person, community, Role.CLUSTER_COORDINATOR)


def may_place(person: Person, community: Community, other: Person, city: str | None) -> bool:
    """Whether a person may change somebody's city or roles.

    A cluster coordinator does so within their own clusters, and for those who have no city yet.
    """
    if may_coordinate(person, community, None):
        return True
    mine = coordinated_by(person, community)
    places = (community.city(slug) for slug in (other.city, city) if slug is not None)
    return bool(mine) and all(place is None or place.cluster in mine for place in places)

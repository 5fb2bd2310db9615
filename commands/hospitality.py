"""Whose invitations are accepted, and who may be answered at all."""

from storage.records import Community, UserId


def is_welcome(user_id: UserId, community: Community, *, neighbour: bool) -> bool:
    """Whether somebody may ask the hall into a room.

    The configured people and servers, coordinators, operators, and neighbours: people who are
    in one of the hall's own rooms now.
    """
    server = user_id.partition(":")[2]
    hosts = {*community.operators, *community.coordinators}
    hosts.update(*(cluster.coordinators for cluster in community.clusters))
    return neighbour or user_id in hosts or bool({user_id, server} & set(community.welcome))

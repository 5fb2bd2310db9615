"""`!cluster status|pause|resume`: how a cluster is, and a break from what the hall says unasked."""

from dataclasses import dataclass
from datetime import timedelta

from commands.arguments import Reader, Refusal, Surroundings, cluster, option, optional
from commands.clusters import replies
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.pausing import is_paused, pause, paused_until, resume
from commands.permissions import Who, coordinated_by, may_coordinate
from commands.posts import Posts
from commands.rights import as_of_now
from commands.words import N_
from storage import asked, people, rooms
from storage.records import Cluster

LONGEST = 365  # days


def _read_days(typed: str, around: Surroundings) -> int | Refusal:
    plain = typed.casefold().removesuffix("d").strip()
    if plain.isdecimal() and 1 <= int(plain) <= LONGEST:
        return int(plain)
    return Refusal(replies.how_many_days(around.words, typed, LONGEST))


days: Reader[int] = Reader(N_("days"), _read_days)


@dataclass(frozen=True, slots=True)
class OneCluster:
    cluster: Cluster | None = optional(cluster, default=None, rest=True)


@dataclass(frozen=True, slots=True)
class Pause:
    cluster: Cluster | None = optional(cluster, default=None, rest=True)
    days: int | None = option(days)


def _which(call: Call[OneCluster] | Call[Pause], context: Context) -> Cluster:
    """The cluster that is meant: as named, of this room, or the only one that is the asker's."""
    community = context.settings.community
    slugs = coordinated_by(call.asker, community)
    mine = [one for one in community.clusters if one.slug in slugs]
    here = community.cluster(call.room.cluster or "")
    found = call.arguments.cluster or here or (mine[0] if len(mine) == 1 else None)
    if found is None:
        titles = [one.title for one in mine]
        raise MemberError(replies.which_cluster(call.words, titles))
    if not may_coordinate(call.asker, community, found.slug):
        raise MemberError(replies.not_your_cluster(call.words, found.title))
    return found


def pause_cluster(call: Call[Pause], context: Context) -> Posts:
    """Only what is asked is answered, until it is resumed or the days are over."""
    found, length = _which(call, context), call.arguments.days
    until = None if length is None else context.now + timedelta(days=length)
    pause(context.connection, found.slug, until)
    zone = context.zone_of(call.asker)
    local = None if until is None else until.astimezone(zone)
    told = replies.paused_until(call.words, found.title, local, f"{call.sign}cluster resume")
    return call.answer(told)


def resume_cluster(call: Call[OneCluster], context: Context) -> Posts:
    found = _which(call, context)
    resume(context.connection, found.slug)
    return call.answer(replies.resumed(call.words, found.title))


def show_status(call: Call[OneCluster], context: Context) -> Posts:
    """People, questions and quiet: how the cluster is, never how much anybody says."""
    found = _which(call, context)
    connection, now = context.connection, context.now
    room = rooms.of_cluster(connection, found.slug)
    inside = [] if room is None else people.find(connection, room_number=room.id)
    members = [one for one in inside if one.user_id != context.me]
    staff = [
        one.display_name
        for one in members
        if found.slug in coordinated_by(as_of_now(connection, one), context.settings.community)
    ]
    until = paused_until(connection, found.slug, now)
    status = replies.Status(
        found.title,
        len(members),
        len({one.city for one in members if one.city}),
        tuple(staff),
        room is not None and room.archive_on,
        len(asked.find(connection, cluster=found.slug)),
        is_paused(connection, found.slug, now),
        None if until is None else until.astimezone(context.zone_of(call.asker)),
    )
    return call.answer(replies.status(call.words, status))


STATUS = Command(
    name="cluster status",
    arguments=OneCluster,
    handler=show_status,
    summary=N_("how a cluster is: people, coordinators, questions that wait"),
    example="cluster status",
    who=Who.COORDINATORS,
)
PAUSE = Command(
    name="cluster pause",
    arguments=Pause,
    handler=pause_cluster,
    summary=N_("I only answer there, and say nothing unasked"),
    example="cluster pause days:7",
    who=Who.COORDINATORS,
)
RESUME = Command(
    name="cluster resume",
    arguments=OneCluster,
    handler=resume_cluster,
    summary=N_("the break is over"),
    example="cluster resume",
    who=Who.COORDINATORS,
)
COMMANDS = (STATUS, PAUSE, RESUME)

"""Each working morning: newcomers are greeted once, and a coordinator who has left is missed."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from commands.allowance import MORNING
from commands.clusters import replies
from commands.context import Context, Settings
from commands.events import TimerDue
from commands.pausing import is_paused
from commands.permissions import coordinated_by, roles_of
from commands.posts import Alarm, Post, Posts, Say, Tell
from commands.rights import as_of_now
from commands.weekdays import first_open
from storage import greeted, meta, people, rooms, week
from storage.records import Cluster, Person, Role, Room, RoomId, Timer

KIND = "morning"
GONE = "coordinator gone/"  # in meta, with cluster and our number for them: it was said


def next_morning(settings: Settings, room: RoomId, now: datetime) -> Timer:
    """Nine o'clock on the next day on which the community is at work."""
    zone = ZoneInfo(settings.community.time_zone)
    local = now.astimezone(zone).replace(tzinfo=None)
    day = local.date() if local.time() < MORNING else local.date() + timedelta(days=1)
    rules = replace(settings.digests, on_holidays=False, weekday=0)
    due = datetime.combine(first_open(day, rules, settings.limits.quiet_days), MORNING)
    return Timer(
        key=f"morning/{due:%Y-%m-%d}",
        kind=KIND,
        wall_time=due,
        time_zone=zone.key,
        room_id=room,
    )


def due(event: TimerDue, context: Context) -> Posts:
    """A morning: who is new, who is missing."""
    if event.room_id is None:
        return ()
    posts: list[Post] = [Alarm(next_morning(context.settings, event.room_id, context.now))]
    everybody = greeted.anywhere(context.connection)
    for cluster in context.settings.community.clusters:
        room = rooms.of_cluster(context.connection, cluster.slug)
        if room is None or not room.joined:
            continue
        if is_paused(context.connection, cluster.slug, context.now):
            continue
        here = people.by_number(context.connection, week.present(context.connection, room.id))
        posts += _greet(cluster, room, here.values(), everybody, context)
        posts += _miss(cluster, here, event.room_id, context)
    return posts


def _greet(
    cluster: Cluster,
    room: Room,
    here: Iterable[Person],
    everybody: set[int],
    context: Context,
) -> list[Post]:
    """Who has joined since the last morning; who was there before the first is no newcomer."""
    known = greeted.known_in(context.connection, cluster.slug)
    inside = [one for one in here if one.user_id != context.me]
    fresh = [one for one in inside if one.id not in known]
    if not fresh:
        return []
    greeted.note(context.connection, cluster.slug, (one.id for one in fresh))
    new = fresh if known else []
    staff = _coordinators(cluster, inside, context) if new else []
    posts: list[Post] = []
    for one in new:
        if one.id in everybody or one in staff:
            continue
        words = context.words_for(one)
        asks = _to_ask(one, inside, staff, context)
        reply = replies.greeting(
            words, cluster.title, cluster.topic, asks, archived=room.archive_on
        )
        posts.append(Tell(one.user_id, reply, key=f"greeting/{one.id}/{cluster.slug}"))
        everybody.add(one.id)
    return posts


def _coordinators(cluster: Cluster, inside: list[Person], context: Context) -> list[Person]:
    """Those who coordinate this cluster and are there; the project's own come last."""
    community = context.settings.community
    found = [
        one
        for one in inside
        if cluster.slug in coordinated_by(as_of_now(context.connection, one), community)
        and one.user_id not in community.operators
    ]
    return sorted(found, key=lambda one: (one.user_id not in cluster.coordinators, one.id))


def _to_ask(newcomer: Person, inside: list[Person], staff: list[Person], context: Context) -> str:
    """A person to ask: the lead of their city, else who coordinates the cluster."""
    community = context.settings.community
    leads = [
        one
        for one in inside
        if newcomer.city
        and one.city == newcomer.city
        and one.id != newcomer.id
        and Role.CITY_LEAD in roles_of(one, community)
    ]
    return next((one.display_name for one in (*leads, *staff)), "")


def _miss(cluster: Cluster, here: dict[int, Person], desk: RoomId, context: Context) -> list[Post]:
    """A coordinator of the cluster who was in its room and is not any more: said once."""
    inside = {one.user_id for one in here.values()}
    posts: list[Post] = []
    if inside.issuperset(cluster.coordinators) and not meta.beginning_with(
        context.connection, f"{GONE}{cluster.slug}/"
    ):
        return posts
    known = greeted.known_in(context.connection, cluster.slug)
    staff = _coordinators(cluster, list(here.values()), context)
    for user in cluster.coordinators:
        someone = people.get(context.connection, user)
        if someone is None or someone.id not in known:
            continue
        key = f"{GONE}{cluster.slug}/{someone.id}"
        if user in inside:
            meta.forget(context.connection, key)
            continue
        if meta.get(context.connection, key) is not None:
            continue
        meta.put(context.connection, key, context.now.isoformat())
        others = [one.display_name for one in staff]
        reply = replies.coordinator_left(
            context.words, someone.display_name, cluster.title, others,
            f"{context.settings.prefix}member set … role:cluster-coordinator",
        )  # fmt: skip
        posts.append(Say(desk, reply, notice=False))
    return posts

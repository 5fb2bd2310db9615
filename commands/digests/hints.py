"""Hints for coordinators alone: whom to ring, what lacks one answer, who has left."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

from commands.context import Context
from commands.digests.rules import Line, Section, What
from commands.digests.scope import Scope
from commands.digests.things import city_name, place_of
from commands.permissions import coordinated_by
from commands.rights import as_of_now
from storage import people, practices, rooms, week
from storage.records import PracticeField, PracticeState, Room

F = PracticeField
FIVE = (F.TITLE, F.PROBLEM, F.WHAT_WE_DO, F.WHAT_CHANGED, F.WATCH_OUT)
QUIET_AFTER = timedelta(days=14)
NO_CITY_YET = timedelta(days=21)  # how long the hall has to have listened before a city is quiet


def quiet_cities(scope: Scope, context: Context) -> list[Line]:
    """Cities without a sign for two weeks: a hint to ring, to coordinators alone."""
    if not scope.room_numbers or not _listened_long(scope, context):
        return []
    signs = week.last_signs(
        context.connection, scope.room_numbers, scope.until - timedelta(days=90), scope.until
    )
    lines = []
    for city in context.settings.community.cities:
        if city.cluster != scope.cluster:
            continue
        last = signs.get(city.slug)
        if last is not None and scope.until - last < QUIET_AFTER:
            continue
        days = -1 if last is None else (scope.until - last).days
        leads = [one.display_name for one in people.find(context.connection, city=city.slug)]
        lines.append(
            Line(
                f"quiet/{city.slug}", Section.QUIET, What.QUIET_CITY,
                {"city": city.name, "days": days, "who": leads[:2]},
                -float(days if last else 999), staff=True,
            )
        )  # fmt: skip
    return lines


def _listened_long(scope: Scope, context: Context) -> bool:
    begun = [rooms.archive_since(context.connection, room.room_id) for room in scope.rooms]
    return any(one is not None and scope.until - one >= NO_CITY_YET for one in begun)


def housekeeping(scope: Scope, context: Context) -> list[Line]:
    """Who came and went, practices that lack one answer, a cluster nobody coordinates."""
    lines = []
    room = scope.rooms[-1] if scope.rooms else None
    if room is not None:
        joined, left = week.moved(context.connection, room.id, scope.since, scope.until)
        if joined or left:
            moved = {"joined": len(joined), "left": len(left)}
            lines.append(Line("moved", Section.HOUSEKEEPING, What.MOVED, moved, 2.0))
        lines += _without_coordinator(room, left, scope, context)
    for one in practices.find(context.connection):
        missing = [field for field in FIVE if not one.text(field)]
        waits = one.state in (PracticeState.SHARED, PracticeState.NEEDS_INFO)
        if one.cluster == scope.cluster and waits and len(missing) == 1:
            facts = {"name": one.name, "city": city_name(one.city, context)}
            room_id, event_id = place_of(one.card_key, context)
            lines.append(
                Line(
                    f"lacks/{one.number}", Section.HOUSEKEEPING, What.LACKS, facts, 5.0,
                    room_id, event_id, staff=True,
                )
            )  # fmt: skip
    return lines


def _without_coordinator(
    room: Room, left: Sequence[int], scope: Scope, context: Context
) -> Iterable[Line]:
    cluster = context.settings.community.cluster(scope.cluster or "")
    if cluster is None:
        return
    inside = people.by_number(context.connection, week.present(context.connection, room.id))
    deciding = [
        one
        for one in inside.values()
        if cluster.slug
        in coordinated_by(as_of_now(context.connection, one), context.settings.community)
    ]
    known = people.by_number(context.connection, left)
    for one in known.values():
        if one.user_id in cluster.coordinators:
            facts = {"who": one.display_name, "cluster": cluster.title, "others": len(deciding)}
            yield Line(
                f"gone/{one.id}", Section.HOUSEKEEPING, What.COORDINATOR_GONE, facts, 0.0,
                staff=True,
            )  # fmt: skip

"""A digest of one's own: who wants it, and when."""

from datetime import datetime, time, timedelta

from commands.context import Context
from commands.posts import Alarm
from storage import digests, people
from storage.records import Person, Timer

OWN = "digest own"  # kind of its alarms


def subscribe(person: Person, at: time | None, context: Context) -> Alarm:
    """From now on, at that hour on their clock; the hour they had, or the usual one."""
    before = digests.reader(context.connection, person.id)
    usual = context.settings.digests.own_at
    hour = at or (usual if before is None else time.fromisoformat(before.at))
    digests.subscribe(context.connection, person.id, f"{hour:%H:%M}")
    people.change(context.connection, person.user_id, digest=True)
    return Alarm(next_alarm(person, hour, context))


def unsubscribe(person: Person, context: Context) -> None:
    """No more; the alarm that is set finds nobody who wants it."""
    digests.unsubscribe(context.connection, person.id)
    people.change(context.connection, person.user_id, digest=False)


def next_alarm(person: Person, hour: time, context: Context) -> Timer:
    """When somebody's next one is due."""
    zone = context.zone_of(person)
    local = context.now.astimezone(zone).replace(tzinfo=None)
    wall_time = _next(local, context.settings.digests.weekday, hour)
    return Timer(
        key=f"digest/me/{person.id}/{wall_time:%Y-%m-%dT%H:%M}/{zone.key}",
        kind=OWN,
        wall_time=wall_time,
        time_zone=zone.key,
        payload={"person": person.user_id, "at": f"{hour:%H:%M}"},
    )


def _next(local: datetime, weekday: int, hour: time) -> datetime:
    ahead = (weekday - local.weekday()) % 7
    due = datetime.combine(local.date() + timedelta(days=ahead), hour)
    return due if due > local else due + timedelta(days=7)

"""What the filters of a search mean here: which rooms, people, marks, days."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from commands.arguments import folded
from commands.audience import Audience
from commands.command import Call
from commands.context import Context
from storage import archive, people
from storage.records import EventId, Person, Room, RoomKind
from storage.search import marks
from storage.search.query import Field, Filter, Query
from storage.search.rows import EARLIEST, LATEST, Reach, Scope
from storage.types import event_hash, milliseconds

MYSELF = "me"
HERE = ("here", "this", "hier", "ici", "aquí", "qui")
EVERYWHERE = ("all", "everywhere", "alle", "überall", "tous", "todo", "ovunque", "overal", "alt")
_EVENT = re.compile(r"\$[^\s/?&\"<>]+")
DOCUMENTS = frozenset({"practice", "summary"})
# What each kind is found by; "message" stands for all that people say.
_KINDS = {
    "question": marks.QUESTION,
    **{it: marks.holds(it) for it in ("file", "image", "poll", "link")},
}


def rooms_meant(among: Sequence[Room], query: Query, context: Context) -> tuple[Room, ...]:
    """The rooms that a search is about: those named, without those barred."""
    wanted = _named(query.wants(Field.IN))
    barred = _named(query.bars(Field.IN))
    everywhere = not wanted or bool(wanted & set(EVERYWHERE))
    return tuple(
        room
        for room in among
        if (everywhere or wanted & _names_of(room, context))
        and not barred & _names_of(room, context)
    )


def means_elsewhere(here: Sequence[Room], query: Query, context: Context) -> bool:
    """Whether `in:` names other rooms than the one that a search was typed in, or all."""
    wanted = _named(query.wants(Field.IN))
    known = {name for room in here for name in _names_of(room, context)}
    return bool(wanted) and (bool(wanted & set(EVERYWHERE)) or not wanted & known)


def _named(names: Sequence[str]) -> set[str]:
    return {folded(name.removeprefix("#").partition(":")[0]) for name in names}


def _names_of(room: Room, context: Context) -> set[str]:
    community = context.settings.community
    cluster = community.cluster(room.cluster) if room.cluster else None
    names = {room.name}
    if cluster is not None:
        names |= {cluster.slug, cluster.title, f"{community.slug}-{cluster.slug}"}
    return {folded(name) for name in names if name}


def anchored(query: Query, call: Call[Any]) -> Query | None:
    """The query with `thread:here` as the thread that it was typed in; None: it was in none."""
    root = call.said.thread_root
    typed = [it for it in query.filters if it.field is Field.THREAD and it.value.lower() in HERE]
    if not typed:
        return query
    if root is None:
        return None
    here = tuple(replace(it, value=root) if it in typed else it for it in query.filters)
    return replace(query, filters=here)


def scope_of(
    audience: Audience, query: Query, asker: Person, context: Context, below: int | None
) -> Scope | None:
    """Where to look; None: a filter names nobody and nothing, so nothing can be found."""
    zone = context.zone_of(asker)
    groups: list[tuple[str, ...]] = []
    if names := query.wants(Field.FROM):
        groups.append(_people(names, asker, context))
    if names := query.wants(Field.CITY):
        groups.append(_citizens(names, context))
    groups += [(marks.holds(what),) for what in query.wants(Field.HAS)]
    groups += [kinds for kinds in (_kinds(query),) if kinds is not None]
    if languages := query.wants(Field.LANG):
        groups.append(tuple(marks.speaks(language) for language in languages))
    if not all(groups):
        return None
    scope = Scope(
        rooms=tuple(room.id for room in audience.rooms),
        marks=tuple(groups),
        without=_barred(query, asker, context),
        after_ms=EARLIEST if query.after is None else _midnight(query.after, zone),
        before_ms=LATEST if query.before is None else _midnight(query.before, zone),
        below=LATEST if below is None else below,
    )
    threads = query.wants(Field.THREAD)
    return _in_thread(scope, threads[-1], context) if threads else scope


def documents_of(scope: Scope | None, query: Query) -> Scope | None:
    """Where to look among practices and summaries; None: they are not asked for."""
    kinds = set(query.wants(Field.KIND, Field.IS))
    wanted = tuple(marks.is_kind(it) for it in sorted(kinds & DOCUMENTS))
    if scope is None or scope.thread is not None or (kinds and not wanted):
        return None
    return replace(scope, marks=(*scope.marks, wanted)) if "message" in kinds else scope


def reach_of(audience: Audience, query: Query) -> Reach:
    """Which practices and summaries all readers may read, of the rooms that are asked about."""
    clusters = {room.cluster for room in audience.rooms if room.kind is RoomKind.CLUSTER}
    ours = any(room.kind in (RoomKind.CLUSTER, RoomKind.COORDINATORS) for room in audience.rooms)
    named = bool({*query.wants(Field.IN), *query.bars(Field.IN)} - set(EVERYWHERE))
    return Reach(
        tuple(room.id for room in audience.rooms),
        tuple(sorted(slug for slug in clusters if slug)),
        everyone=ours and not named,
    )


def _kinds(query: Query) -> tuple[str, ...] | None:
    """Marks of the kinds asked for; None: all that people say is among them."""
    kinds = query.wants(Field.KIND, Field.IS)
    if not kinds or "message" in kinds:
        return None
    return tuple(_KINDS.get(kind, marks.is_kind(kind)) for kind in kinds)


def _barred(query: Query, asker: Person, context: Context) -> tuple[str, ...]:
    return (
        *_people(query.bars(Field.FROM), asker, context),
        *_citizens(query.bars(Field.CITY), context),
        *(marks.holds(what) for what in query.bars(Field.HAS)),
        *(_KINDS.get(it, marks.is_kind(it)) for it in query.bars(Field.KIND, Field.IS)),
        *(marks.speaks(language) for language in query.bars(Field.LANG)),
    )


def _people(names: Sequence[str], asker: Person, context: Context) -> tuple[str, ...]:
    """People whom `from:` may mean, all who go by that name."""
    found: dict[int, None] = {}
    for name in names:
        meant = [asker] if name == MYSELF else people.find_by_name(context.connection, name)
        found |= dict.fromkeys(person.id for person in meant)
    return marks.by_person(found)


def _citizens(names: Sequence[str], context: Context) -> tuple[str, ...]:
    """Everybody of these cities, as of now."""
    found: dict[int, None] = {}
    for slug in cities_meant(names, context):
        found |= dict.fromkeys(one.id for one in people.find(context.connection, city=slug))
    return marks.by_person(found)


def cities_meant(names: Sequence[str], context: Context) -> tuple[str, ...]:
    """Slugs of the cities that go by one of these names."""
    wanted = {folded(name) for name in names}
    cities = context.settings.community.cities
    return tuple(it.slug for it in cities if wanted & {folded(it.slug), folded(it.name)})


def _midnight(day: date, zone: ZoneInfo) -> int:
    return milliseconds(datetime.combine(day, time.min, zone))


def _in_thread(scope: Scope, typed: str, context: Context) -> Scope | None:
    found = _EVENT.search(typed.replace("%24", "$"))
    if found is None:
        return None
    event_id = EventId(found.group())
    root = event_hash(archive.root_of(context.connection, event_id) or event_id)
    span = archive.thread_span(context.connection, root)
    if span is None:
        return None
    first, last = span
    return replace(scope, thread=root, above=first, below=min(scope.below, last + 1))


def told(query: Query) -> tuple[Filter, ...]:
    """The filters that are repeated in words; a room that was named is told apart."""
    return tuple(it for it in query.filters if it.field is not Field.IN or it.negated)

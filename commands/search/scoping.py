"""What the filters of a search mean here: which rooms, people, marks, days."""

import re
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from commands.arguments import closest_city, folded
from commands.audience import Audience
from commands.command import Call
from commands.context import Context
from commands.search.rules import Hint, HintKind
from storage import archive, people, rooms
from storage.records import Community, EventId, Person, Room, RoomKind, UserId
from storage.search import marks
from storage.search.letters import fold
from storage.search.query import And, Field, Filter, Marked, Node, Not, Or, Query
from storage.search.rows import EARLIEST, LATEST, Reach, Scope
from storage.types import event_hash, milliseconds

# In the asker's language, as "meg" and "mir" are names elsewhere.
MYSELF = {
    "de": ("mir", "mich"),
    "fr": ("moi",),
    "es": ("mí", "yo"),
    "it": ("io",),
    "nl": ("mij", "ik"),
    "el": ("εμένα", "μένα"),
    "lv": ("manis", "mani"),
    "cs": ("mne", "mě"),
    "nb": ("meg",),
}
ME = "me"
HERE = ("here", "this", "hier", "ici", "aquí", "qui")
EVERYWHERE = ("all", "everywhere", "alle", "überall", "tous", "todo", "ovunque", "overal", "alt")
_EVENT = re.compile(r"\$[^\s/?&\"<>]+")
DOCUMENTS = frozenset({"practice", "summary", "visit"})
THREAD = "thread"  # no mark tells it: answers come later
# What each kind is found by; "message" stands for all that people say.
_KINDS = {
    "question": marks.QUESTION,
    **{it: marks.holds(it) for it in ("file", "image", "poll", "link")},
}
# A pill as Element X writes it, and the link alone.
_PILL = re.compile(
    r"\[[^\]\n]{0,200}\]\(<?https://matrix\.to/#/(?P<in>(?:@|%40)[^\s)>]+)>?\)"
    r"|https://matrix\.to/#/(?P<bare>(?:@|%40)[^\s)>\]]+)",
    re.IGNORECASE,
)


def with_addresses(
    typed: str, mentions: Collection[UserId], asker: Person, context: Context
) -> str:
    """What was typed, with addresses in place of pills: also of those that are names in the words.

    Element Web writes a pill as the name alone, "from:Ann Berg"; mentions: whom pills name. Whether
    the hall knows somebody does not show to those who share no room with them.
    """
    typed = _PILL.sub(lambda pill: unquote(pill["in"] or pill["bare"]).partition("?")[0], typed)
    if not mentions:
        return typed
    around = {room.room_id for room in rooms.rooms_of(context.connection, asker)}
    for user_id in sorted(mentions):
        known = people.get(context.connection, user_id)
        if known is None or " " not in known.display_name:
            continue  # one word is read as it is
        if around & {room.room_id for room in rooms.rooms_of(context.connection, known)}:
            typed = _in_place_of_the_name(typed, known)
    return typed


def _in_place_of_the_name(typed: str, person: Person) -> str:
    name = r"\s+".join(map(re.escape, person.display_name.split()))
    after_a_field = re.compile(rf"(?<=[:：])(\s*)@?{name}(?!\w)", re.IGNORECASE)
    return after_a_field.sub(lambda found: found[1] + person.user_id, typed)


def rooms_meant(among: Sequence[Room], query: Query, context: Context) -> tuple[Room, ...]:
    """The rooms that a search is about: those named, without those barred."""
    wanted = _named(query.wants(Field.IN))
    barred = _named(query.bars(Field.IN))
    everywhere = not wanted or names_all(query)
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
    return names_all(query) or bool(wanted - known)


def names_all(query: Query) -> bool:
    """Whether `in:` says that all rooms of the asker are meant."""
    return bool(_named(query.wants(Field.IN)) & set(EVERYWHERE))


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
    """The query with `thread:here` as the thread that it was typed in, or the one of what it
    replies to, and without `in:here`, where that is a room; None: there is no such thread."""
    if not call.direct and all(it.lower() in HERE for it in query.wants(Field.IN)):
        named = tuple(it for it in query.filters if it.field is not Field.IN or it.negated)
        query = replace(query, filters=named)
    root = call.said.thread_root or call.said.reply_to
    typed = [it for it in query.filters if it.field is Field.THREAD and it.value.lower() in HERE]
    if not typed:
        return query
    if root is None:
        return None
    here = tuple(replace(it, value=root) if it in typed else it for it in query.filters)
    return replace(query, filters=here)


def no_thread(query: Query) -> str | None:
    """What was typed after `thread:` and names no message, if anything."""
    typed = [it.value for it in query.filters if it.field is Field.THREAD]
    return next((it for it in typed if it.lower() not in HERE and _event_in(it) is None), None)


def unknown_cities(query: Query, context: Context) -> list[Hint]:
    """Cities that were asked for and are none of the network's."""
    community = context.settings.community
    return [
        Hint(HintKind.UNKNOWN_CITY, name, _city_meant(name, community))
        for name in (*query.wants(Field.CITY), *query.bars(Field.CITY))
        if not cities_meant((name,), context)
    ]


def _city_meant(typed: str, community: Community) -> str:
    """One that is spelt alike, or begins so: of "city:São Bento" only São is read."""
    begins = (it.name for it in community.cities if folded(it.name).startswith(f"{folded(typed)} "))
    return closest_city(typed, community) or next(begins, "")


def scope_of(
    audience: Audience, query: Query, asker: Person, context: Context, below: int | None
) -> Scope | None:
    """Where to look; None: a filter names nobody and nothing, so nothing can be found."""
    zone = context.zone_of(asker)
    groups: list[tuple[str, ...]] = []
    for field in (Field.FROM, Field.CITY, Field.LANG):
        if values := query.wants(field):
            groups.append(_marks(field, values, asker, context))
    groups += [(marks.holds(what),) for what in query.wants(Field.HAS)]
    groups += [kinds for kinds in (_kinds(query),) if kinds is not None]
    if not all(groups):
        return None
    scope = Scope(
        rooms=tuple(room.id for room in audience.rooms),
        marks=tuple(groups),
        without=_barred(query, asker, context),
        answered=_answered(query),
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
    # Who stayed behind in a room that was upgraded is not in the cluster's room.
    there = [it for it in audience.rooms if it.id in audience.present and it.successor is None]
    clusters = {room.cluster for room in there if room.kind is RoomKind.CLUSTER}
    ours = any(room.kind in (RoomKind.CLUSTER, RoomKind.COORDINATORS) for room in there)
    named = bool({*query.wants(Field.IN), *query.bars(Field.IN)} - set(EVERYWHERE))
    return Reach(
        tuple(room.id for room in audience.rooms),
        tuple(sorted(slug for slug in clusters if slug)),
        everyone=ours and not named,
    )


def resolved(tree: Node | None, audience: Audience, asker: Person, context: Context) -> Node | None:
    """The tree with marks in place of its filters: all that an engine knows of them.

    Rooms are those of the audience alone; where to look at all is the scope's to say.
    """

    def marked(node: Node) -> Node:
        match node:
            case Filter(Field.KIND | Field.IS, "message"):
                return Not(Marked((marks.DOCUMENT,)))
            case Filter(Field.IN, value):
                return Marked(_places(value, audience, context) or (marks.NOBODY,))
            case Filter(field, value):
                return Marked(_marks(field, (value,), asker, context) or (marks.NOBODY,))
            case Not(inner):
                return Not(marked(inner))
            case And(nodes):
                return And(tuple(map(marked, nodes)))
            case Or(nodes):
                return Or(tuple(map(marked, nodes)))
            case _:
                return node

    return None if tree is None else marked(tree)


def _places(name: str, audience: Audience, context: Context) -> tuple[str, ...]:
    wanted = _named((name,))
    everywhere = bool(wanted & set(EVERYWHERE))
    found = [it for it in audience.rooms if everywhere or wanted & _names_of(it, context)]
    clusters = {it.cluster for it in found if it.cluster and it.kind is RoomKind.CLUSTER}
    return (
        *(marks.of_room(room.id) for room in found),
        *(marks.of_cluster(slug) for slug in sorted(clusters)),
        *((marks.DOCUMENT,) if everywhere else ()),
    )


def _kinds(query: Query) -> tuple[str, ...] | None:
    """Marks of the kinds asked for; None: all that people say is among them."""
    kinds = [it for it in query.wants(Field.KIND, Field.IS) if it != THREAD]
    if not kinds or "message" in kinds:
        return None
    return tuple(map(_kind, kinds))


def _answered(query: Query) -> bool | None:
    """Whether only messages of threads count, or only those that nobody answered."""
    if THREAD in query.wants(Field.KIND):
        return True
    return False if THREAD in query.bars(Field.KIND) else None


def _kind(kind: str) -> str:
    return _KINDS.get(kind, marks.is_kind(kind))


def _barred(query: Query, asker: Person, context: Context) -> tuple[str, ...]:
    fields = (Field.FROM, Field.CITY, Field.HAS, Field.KIND, Field.IS, Field.LANG)
    return tuple(
        mark for field in fields for mark in _marks(field, query.bars(field), asker, context)
    )


def _marks(field: Field, values: Sequence[str], asker: Person, context: Context) -> tuple[str, ...]:
    """The marks of whatever any of these values of a field means."""
    match field:
        case Field.FROM:
            return _people(values, asker, context)
        case Field.CITY:
            return _citizens(values, context)
        case Field.HAS:
            return tuple(map(marks.holds, values))
        case Field.LANG:
            return tuple(map(marks.speaks, values))
        case Field.KIND | Field.IS:
            return tuple(map(_kind, values))
        case Field.IN | Field.THREAD:  # rooms are the audience's; a thread is no mark
            return ()


def _people(names: Sequence[str], asker: Person, context: Context) -> tuple[str, ...]:
    """People whom `from:` may mean, all who go by that name, or have it in theirs."""
    found: dict[int, None] = {}
    for name in names:
        itself = name.removeprefix("@").casefold()
        mine = (ME, "myself", *MYSELF.get(context.words_for(asker).language, ()))
        # Somebody may be called so, too: whether there is anybody must not show.
        others = [] if itself == ME else _called(name, context)
        meant = [asker, *others] if itself in mine else others
        found |= dict.fromkeys(person.id for person in meant)
    return marks.by_person(found)


def _called(name: str, context: Context) -> list[Person]:
    """An address or a localpart; a name, or some words of one: from:nowak is Anna Nowak, too."""
    exactly = people.find_by_name(context.connection, name)
    wanted = _words(name)
    if not wanted or name.startswith("@") or ":" in name:
        return exactly
    among = [it for it in people.find(context.connection) if wanted <= _words(it.display_name)]
    return [*exactly, *among]


def _words(name: str) -> set[str]:
    return {word for part in re.findall(r"\w+", name) for word in fold(part).split()}


def _citizens(names: Sequence[str], context: Context) -> tuple[str, ...]:
    """Everybody of these cities, as of now; and their practices and visits, whoever wrote them."""
    found: dict[int, None] = {}
    cities = cities_meant(names, context)
    for slug in cities:
        found |= dict.fromkeys(one.id for one in people.find(context.connection, city=slug))
    return (*marks.by_person(found), *map(marks.of_city, cities))


def cities_meant(names: Sequence[str], context: Context) -> tuple[str, ...]:
    """Slugs of the cities that go by one of these names."""
    wanted = {folded(name) for name in names}
    cities = context.settings.community.cities
    return tuple(it.slug for it in cities if wanted & {folded(it.slug), folded(it.name)})


def _midnight(day: date, zone: ZoneInfo) -> int:
    return milliseconds(datetime.combine(day, time.min, zone))


def _event_in(typed: str) -> EventId | None:
    """The message that an address or a link names."""
    found = _EVENT.search(typed.replace("%24", "$"))
    return None if found is None else EventId(found.group())


def _in_thread(scope: Scope, typed: str, context: Context) -> Scope | None:
    event_id = _event_in(typed)
    if event_id is None:
        return None
    known = archive.thread_of(context.connection, event_id)
    root = event_hash(event_id) if known is None else known  # the root of one may not be archived
    span = archive.thread_span(context.connection, root)
    if span is None:
        return None
    first, last = span
    return replace(scope, thread=root, above=first, below=min(scope.below, last + 1))


def told(query: Query) -> tuple[Filter, ...]:
    """The filters that are repeated in words; a room that was named is told apart."""
    return tuple(it for it in query.filters if it.field is not Field.IN or it.negated)

"""`!search` and `!more`: a question to the archive, answered with what the readers may read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

from commands.arguments import argument, folded, text_to_end
from commands.audience import Audience, of_person, of_room
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.posts import Posts
from commands.search import ranking, replies
from commands.search.ranking import WINDOW, Cursor
from commands.search.rules import Hint, parse_query
from commands.words import N_
from storage import archive, people, rooms, search, search_pages
from storage.records import ArchivedMessage, EventId, Person, Room
from storage.search.matching import Matcher
from storage.search.query import Query, newest_first, print_query, print_tree
from storage.search.rows import EARLIEST, LATEST, Row, Scope
from storage.search.snippets import snippet
from storage.search_pages import SearchPage
from storage.types import milliseconds

PAGE = 5  # hits: one screen of a phone
WINDOWS = 25  # that are looked through for what the readers may read
MYSELF = "me"


@dataclass(frozen=True, slots=True)
class Search:
    query: str = argument(
        text_to_end, rest=True, hint=N_("words"), question=N_("What shall I look for?")
    )


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


def search_archive(call: Call[Search], context: Context) -> Posts:
    today = context.now.astimezone(context.zone_of(call.asker)).date()
    reading = parse_query(call.arguments.query, today=today)
    if reading.refusal is not None:
        raise MemberError(replies.refused(call.words, reading.refusal))
    asked_in = call.said.event_id
    return _answer(call, context, reading.query, reading.hints, asked_in, None)


def show_more(call: Call[Nothing], context: Context) -> Posts:
    left = search_pages.get(context.connection, call.asker.id, call.room.id, context.now)
    if left is None:
        raise MemberError(replies.no_more(call.words, f"{call.sign}search"))
    today = context.now.astimezone(context.zone_of(call.asker)).date()
    query = parse_query(left.query, today=today).query
    cursor = Cursor(left.below, left.shown)
    return _answer(call, context, query, (), left.asked_in, cursor)


def _answer(
    call: Call[Search] | Call[Nothing],
    context: Context,
    query: Query,
    hints: Sequence[Hint],
    asked_in: EventId,
    cursor: Cursor | None,
) -> Posts:
    audience = _audience(call, context, query)
    zone = context.zone_of(call.asker)
    authors = _authors(query, call.asker, context)
    scope = _scope(audience, query, authors, zone, cursor)
    rows = _readable(audience, query, scope) if _possible(query, authors) else []
    matcher = Matcher(query.tree)
    candidates = [matcher.weigh(row) for row in rows]
    ordered = candidates if newest_first(query) else ranking.rank(candidates, context.now)
    page = ranking.page(ordered, candidates, cursor, PAGE)
    messages = archive.by_ids(context.connection, [hit.message_id for hit in page.hits])
    hits = [_hit(each, audience, matcher, zone) for each in messages if each.body]
    understood = _understood(call, query, audience)
    quotes = (call.said.event_id, asked_in, *(message.event_id for message in messages))
    if not hits:
        _remember(call, context, query, asked_in, None)
        reply = replies.nothing(call.words, understood, elsewhere=not call.direct, hints=hints)
        return call.answer(reply, quotes=tuple(dict.fromkeys(quotes)))
    _remember(call, context, query, asked_in, page.more)
    reply = replies.found(
        call.words,
        understood,
        hits,
        total=len(ordered),
        capped=len(rows) >= WINDOW,
        first=1 + (0 if cursor is None else cursor.shown),
        more=f"{call.sign}more" if page.more is not None else None,
        hints=hints,
    )
    return call.answer(reply, quotes=tuple(dict.fromkeys(quotes)))


# ── where, who and when ───────────────────────────────────────────────────────────────────────


def _audience(call: Call[Search] | Call[Nothing], context: Context, query: Query) -> Audience:
    """In a room its members, about this room; in a direct chat the asker, about all of theirs."""
    if not call.direct:
        audience = of_room(context.connection, call.room)
        if not any(_has_archive(room, context) for room in audience.rooms):
            raise MemberError(replies.no_archive(call.words, f"{call.prefix}archive on"))
        if query.rooms and not _named(audience.rooms, query.rooms, context):
            raise MemberError(replies.only_here(call.words, f"search {print_query(query)}"))
        return audience
    audience = of_person(context.connection, call.asker)
    if not query.rooms:
        return audience
    # A room that is not theirs and a room that is not there read the same: nothing found.
    return replace(audience, rooms=_named(audience.rooms, query.rooms, context))


def _has_archive(room: Room, context: Context) -> bool:
    """One that was switched off still holds what was said before."""
    return room.archive_on or rooms.archived_events(context.connection, room.id) > 0


def _named(among: Sequence[Room], names: Sequence[str], context: Context) -> tuple[Room, ...]:
    """The rooms that go by one of these names."""
    wanted = {folded(name.removeprefix("#").partition(":")[0]) for name in names}
    return tuple(room for room in among if wanted & _names_of(room, context))


def _names_of(room: Room, context: Context) -> set[str]:
    community = context.settings.community
    cluster = community.cluster(room.cluster) if room.cluster else None
    names = {room.name}
    if cluster is not None:
        names |= {cluster.slug, cluster.title, f"{community.slug}-{cluster.slug}"}
    return {folded(name) for name in names if name}


def _authors(query: Query, asker: Person, context: Context) -> tuple[int, ...]:
    """People whom `from:` may mean, all who go by that name."""
    found: dict[int, None] = {}
    for name in query.from_people:
        meant = [asker] if name == MYSELF else people.find_by_name(context.connection, name)
        found |= dict.fromkeys(person.id for person in meant)
    return tuple(found)


def _possible(query: Query, authors: Sequence[int]) -> bool:
    """Without an author of that name there is nothing by them; not: everything."""
    return bool(authors) or not query.from_people


def _scope(
    audience: Audience,
    query: Query,
    authors: tuple[int, ...],
    zone: ZoneInfo,
    cursor: Cursor | None,
) -> Scope:
    below = LATEST if cursor is None or cursor.below is None else cursor.below
    return Scope(
        rooms=audience.room_numbers,
        people=authors,
        after_ms=EARLIEST if query.after is None else _midnight(query.after, zone),
        before_ms=LATEST if query.before is None else _midnight(query.before, zone),
        below=below,
    )


def _midnight(day: date, zone: ZoneInfo) -> int:
    return milliseconds(datetime.combine(day, time.min, zone))


def _readable(audience: Audience, query: Query, scope: Scope) -> list[Row]:
    """The newest matches that all readers may read, as many as are ranked together."""
    readable: list[Row] = []
    for _window in range(WINDOWS):
        rows = search.candidates(audience.connection, query.tree, scope, WINDOW)
        readable += [row for row in rows if audience.may_read(row.room_id, row.ts)]
        if len(rows) < WINDOW or len(readable) >= WINDOW:
            break
        scope = replace(scope, below=rows[-1].message_id)
    return readable[:WINDOW]


# ── what is said and remembered ───────────────────────────────────────────────────────────────


def _understood(
    call: Call[Search] | Call[Nothing], query: Query, audience: Audience
) -> replies.Understood:
    here = call.room.name or call.room.room_id
    named = ", ".join(dict.fromkeys(room.name for room in audience.rooms)) or ", ".join(query.rooms)
    return replies.Understood(
        query="" if query.tree is None else print_tree(query.tree),
        room=here if not call.direct else (named if query.rooms else None),
        people=query.from_people,
        after=query.after,
        before=query.before,
    )


def _hit(
    message: ArchivedMessage, audience: Audience, matcher: Matcher, zone: ZoneInfo
) -> replies.Hit:
    room = next(each for each in audience.rooms if each.room_id == message.room_id)
    pieces = snippet(message.body, message.language, matcher)
    return replies.Hit(
        pieces=tuple((piece.text, piece.hit) for piece in pieces),
        author=message.sender_name,
        room=room.name or room.room_id,
        at=message.at.astimezone(zone),
        room_id=message.room_id,
        event_id=message.event_id,
        via=room.via,
    )


def _remember(
    call: Call[Search] | Call[Nothing],
    context: Context,
    query: Query,
    asked_in: EventId,
    cursor: Cursor | None,
) -> None:
    """Where `!more` goes on, if there is more."""
    if cursor is None:
        search_pages.forget(context.connection, call.asker.id, call.room.id)
        return
    left = SearchPage(asked_in, print_query(query), cursor.below, cursor.shown)
    search_pages.remember(context.connection, call.asker.id, call.room.id, left, context.now)


SEARCH = Command(
    name="search",
    arguments=Search,
    handler=search_archive,
    summary=N_("finds what was said, with links; in our direct chat in all your rooms"),
    example='search "heat pump" from:ann after:2026-03-01',
    aliases=("find",),
)
MORE = Command(
    name="more",
    arguments=Nothing,
    handler=show_more,
    summary=N_("the next page of your last search here"),
    example="more",
)

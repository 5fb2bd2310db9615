"""`!search` and `!more`: a question to the archive, answered with what the readers may read."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from commands.arguments import argument, text_to_end
from commands.audience import Audience, of_person, of_room
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.posts import Posts, Tell
from commands.search import ranking, replies
from commands.search.documents import document_hit, quoted_by
from commands.search.looking import Found, look_widely
from commands.search.ranking import Cursor
from commands.search.rules import Hint, Refusal, parse_query, read_again
from commands.search.scoping import (
    anchored,
    means_elsewhere,
    names_all,
    no_thread,
    rooms_meant,
    told,
    unknown_cities,
    with_addresses,
)
from commands.search.suggesting import suggest
from commands.words import N_
from storage import archive, questions, rooms, search_pages
from storage.questions import Question
from storage.records import ArchivedMessage, EventId, Room
from storage.search import renewal
from storage.search.query import Field, Query, print_query, print_tree
from storage.search.snippets import snippet
from storage.search_pages import SearchPage

PAGE = 5  # hits: one screen of a phone


@dataclass(frozen=True, slots=True)
class Search:
    query: str = argument(
        text_to_end, rest=True, hint=N_("words"), question=N_("What shall I look for?")
    )


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


AnyCall = Call[Search] | Call[Nothing]


def search_archive(call: Call[Search], context: Context) -> Posts:
    today = context.now.astimezone(context.zone_of(call.asker)).date()
    typed = with_addresses(call.arguments.query, call.said.mentions, call.asker, context)
    reading = parse_query(typed, today=today)
    if reading.refusal is Refusal.EMPTY:  # it is a question, so the answer is waited for
        place = call.room.room_id if call.direct else call.said.thread_root or call.said.event_id
        # "sort:new" stands before the answer; "from:" would take it for a name.
        asked = Question(SEARCH.name, "" if typed.endswith((":", "：")) else typed)
        questions.ask(context.connection, place, call.asker.id, asked, context.now)
        return call.answer(replies.refused(call.words, reading.refusal, reading.hints))
    if reading.refusal is not None:
        raise MemberError(replies.refused(call.words, reading.refusal, reading.hints))
    if (unknown := no_thread(reading.query)) is not None:
        raise MemberError(replies.no_thread(call.words, unknown))
    query = anchored(reading.query, call)
    if query is None:
        raise MemberError(replies.no_thread_here(call.words))
    hints = (*reading.hints, *unknown_cities(query, context))
    asking = _Asking(query, hints, call.said.event_id, None)
    if call.direct:
        return _answer(_look(asking, _of_asker(call, context), call, context), call, context)
    here = of_room(context.connection, call.room)
    if means_elsewhere(here.rooms, query, context):
        # Other rooms concern the asker alone; what there is of them, nobody here is told.
        alone = replace(call, private=True)
        return _answer(_look(asking, _of_asker(call, context), call, context), alone, context)
    looked = _look(asking, here, call, context)
    # Practices and visits are found where nothing that is said is kept, too.
    if not looked.found.ordered and not any(
        rooms.keeps_words(context.connection, room) for room in here.rooms
    ):
        raise MemberError(replies.no_archive(call.words, f"{call.prefix}archive on"))
    return [*_answer(looked, call, context), *_elsewhere(looked, call, context)]


def show_more(call: Call[Nothing], context: Context) -> Posts:
    left = search_pages.get(context.connection, call.asker.id, call.room.id, context.now)
    if left is None and call.direct:
        coming = search_pages.COMING
        left = search_pages.get(context.connection, call.asker.id, coming, context.now)
    if left is None:
        raise MemberError(replies.no_more(call.words, f"{call.sign}search", direct=call.direct))
    today = context.now.astimezone(context.zone_of(call.asker)).date()
    query = read_again(left.query, today=today)
    asking = _Asking(query, (), left.asked_in, Cursor(left.below, left.seen, left.documents))
    readers = _of_asker(call, context) if call.direct else of_room(context.connection, call.room)
    return _answer(_look(asking, readers, call, context), call, context)


@dataclass(frozen=True, slots=True)
class _Asking:
    """What is asked for, and where its next page begins."""

    query: Query
    hints: Sequence[Hint]
    asked_in: EventId
    cursor: Cursor | None


@dataclass(frozen=True, slots=True)
class _Looked:
    """What was found, and for whom."""

    asking: _Asking
    theirs: Sequence[Room]  # of the audience, whichever are meant
    audience: Audience  # about those that are meant
    found: Found
    searched: Query  # perhaps more widely than asked


def _look(asking: _Asking, audience: Audience, call: AnyCall, context: Context) -> _Looked:
    meant = replace(audience, rooms=rooms_meant(audience.rooms, asking.query, context))
    found = look_widely(meant, asking.query, call.asker, context, asking.cursor)
    return _Looked(asking, audience.rooms, meant, *found)


def _answer(looked: _Looked, call: AnyCall, context: Context) -> Posts:
    asking, audience, found = looked.asking, looked.audience, looked.found
    query, theirs, searched = asking.query, looked.theirs, looked.searched
    page = ranking.page(found.ordered, found.candidates, asking.cursor, PAGE)
    numbers = [hit.message_id for hit in page.hits]
    messages = archive.by_ids(context.connection, [it for it in numbers if it >= 0])
    in_order = iter(messages)
    hits = [
        _hit(next(in_order), audience, found, call, context)
        if number >= 0
        else document_hit(found.documents[number], found, call, context)
        for number in numbers
    ]
    hits = [hit for hit in hits if hit.pieces]
    understood = _understood(call, query, audience)
    quotes = [call.said.event_id, asking.asked_in, *(message.event_id for message in messages)]
    for number in numbers:
        if number < 0:
            quotes += quoted_by(found.documents[number], context)
    _remember(call, context, replace(asking, query=searched), page.more if hits else None)
    renewing = renewal.waiting(context.connection).any
    if not hits and asking.cursor is not None:  # what was left went in the meantime
        reply = replies.no_more(call.words, f"{call.sign}search", direct=call.direct)
    elif not hits:
        # A word that is not found may merely wait for its turn.
        better = None if renewing else suggest(audience, query, call.asker, context)
        reply = replies.nothing(
            call.words,
            understood,
            elsewhere=not (call.direct or call.private),
            hints=asking.hints,
            better=f"{call.sign}search {print_query(better)}" if better else None,
            renewing=renewing,
            rooms=_kept(theirs, context) if query.wants(Field.IN) and not audience.rooms else (),
        )
    else:
        reply = replies.found(
            call.words,
            understood,
            hits,
            total=page.total,
            capped=found.capped,
            first=1 + (0 if asking.cursor is None else len(asking.cursor.seen)),
            more=f"{call.sign}more" if page.more is not None else None,
            widened=searched != query,
            hints=asking.hints,
            renewing=renewing,
        )
    return call.answer(reply, quotes=tuple(dict.fromkeys(quotes)))


def _elsewhere(here: _Looked, call: AnyCall, context: Context) -> Posts:
    """Where the room has nothing, the asker's other rooms are looked through, for them alone."""
    if here.found.ordered or here.asking.query.wants(Field.IN, Field.THREAD):
        return []
    wider = _look(replace(here.asking, hints=()), _of_asker(call, context), call, context)
    if not wider.found.ordered:
        return []
    posts = _answer(wider, replace(call, private=True), context)
    return [post for post in posts if isinstance(post, Tell)]


def _of_asker(call: AnyCall, context: Context) -> Audience:
    """The asker alone, about all rooms that they are in.

    A room that is not theirs and a room that is not there read the same: nothing found.
    """
    return of_person(context.connection, call.asker)


# ── what is said and remembered ───────────────────────────────────────────────────────────────


def _understood(call: AnyCall, query: Query, audience: Audience) -> replies.Understood:
    alone = call.direct or call.private
    here = call.room.name or call.room.room_id
    wanted = query.wants(Field.IN)
    those = dict.fromkeys(room.name or room.room_id for room in audience.rooms)
    names = list(those) or list(wanted)
    named = None if not wanted or names_all(query) else ", ".join(names)
    return replies.Understood(
        query="" if query.tree is None else print_tree(query.tree),
        room=named if alone else here,
        filters=told(query),
        after=query.after,
        before=query.before,
        several=alone and len(names) > 1,
    )


def _kept(theirs: Sequence[Room], context: Context) -> tuple[str, ...]:
    """Names of those rooms that an archive is kept of."""
    named = (it for it in theirs if it.name and rooms.keeps_words(context.connection, it))
    return tuple(dict.fromkeys(it.name for it in named))


def _hit(
    message: ArchivedMessage, audience: Audience, found: Found, call: AnyCall, context: Context
) -> replies.Hit:
    room = next(each for each in audience.rooms if each.room_id == message.room_id)
    beside = " ".join(f"({name})" for name in message.files if name not in message.body)
    pieces = snippet(f"{message.body} {beside}".strip(), message.language, found.matcher)
    return replies.Hit(
        pieces=tuple((piece.text, piece.hit) for piece in pieces),
        author=message.sender_name,
        room=room.name or room.room_id,
        at=message.at.astimezone(context.zone_of(call.asker)),
        room_id=message.room_id,
        event_id=message.event_id,
        via=room.via,
    )


def _remember(call: AnyCall, context: Context, asking: _Asking, cursor: Cursor | None) -> None:
    """Where `!more` goes on, if there is more: where the answer is read."""
    connection, room = context.connection, call.room.id
    if call.private and not call.direct:
        direct = rooms.direct_with(connection, call.asker.user_id)
        room = search_pages.COMING if direct is None else direct.id
    if call.direct:
        search_pages.forget(connection, call.asker.id, search_pages.COMING)
    if cursor is None:
        search_pages.forget(connection, call.asker.id, room)
        return
    query = print_query(asking.query)
    left = SearchPage(asking.asked_in, query, cursor.below, cursor.seen, cursor.documents)
    search_pages.remember(connection, call.asker.id, room, left, context.now)


# What may be typed after `!search`, and what it does.
TYPED = (
    ("heat pump", N_("both words, in any of their forms, in ten languages")),
    ('"heat pump"', N_("these words, one after the other")),
    ("pump OR boiler", N_("one of them; brackets group")),
    ("pump -loud", N_("without a word; a minus does so before most of what follows, too")),
    ("hous*", N_("all words that begin so")),
    ("🎉", N_("what was said with an emoji, in any skin")),
    ("from:ann", N_("what somebody said; from:me is you")),
    ("city:Havnvoll", N_("what people of a city said")),
    ("in:housing", N_("a room of yours; in:all is all of them, answered in the direct chat")),
    (
        "(from:ann OR city:Havnvoll) bike",
        N_("filters hold in brackets, too, on either side of OR, and behind a minus: -in:housing"),
    ),
    (
        "after:2026-03 before:yesterday",
        N_("days, weeks, months and years, as you say them: after:last week, on:Monday"),
    ),
    ("has:file", N_("what a message holds: file, image, link, poll, practice")),
    (
        "kind:practice",
        N_("only of a kind: message, thread, question, practice, visit, summary, poll, file, link"),
    ),
    ("is:question", N_("questions alone")),
    ("#welcome", N_("a tag; tag:welcome is the same")),
    ("lang:de", N_("the language that something was written in")),
    ("thread:here", N_("the thread that you ask in; or a message's link")),
    ("sort:new", N_("the newest first, not the best")),
)

SEARCH = Command(
    name="search",
    arguments=Search,
    handler=search_archive,
    summary=N_("finds what was said, with links; in our direct chat in all your rooms"),
    example='search "heat pump" from:ann after:2026-03-01',
    aliases=("find",),
    typed=TYPED,
)
MORE = Command(
    name="more",
    arguments=Nothing,
    handler=show_more,
    summary=N_("the next page of your last search here"),
    example="more",
)

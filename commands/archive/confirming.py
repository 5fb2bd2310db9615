"""A summary counts once somebody who wrote in its thread has ticked it: then search finds it."""

from dataclasses import replace
from typing import Any

from commands.archive import replies, rules
from commands.audience import of_room
from commands.command import Call
from commands.context import Context
from commands.listener import Gone, Listener, Tap, plain_emoji
from commands.posts import Post, Posts, Say, TakeBack
from storage import archive, documents, outbox, reactions, rooms
from storage.documents import CONFIRMED, DRAFT, SUMMARY, Document
from storage.records import EventId, Person, Room, RoomId
from storage.types import milliseconds

KIND = "summary"
TICK = "✅"


def propose(key: str, summary: rules.Summary, call: Call[Any], context: Context) -> None:
    """Remember what a summary says, as it is shown, until somebody confirms it."""
    documents.put(
        context.connection,
        Document(
            DRAFT,
            key,
            title=replies.summary_title(context.words, summary),
            body="\n".join(point.sentence for point in summary.chosen),
            ts=milliseconds(summary.began),
            room_id=call.room.id,
        ),
    )


def tapped(tap: Tap, context: Context) -> Posts:
    """A tick of somebody who wrote in the thread; taken back, the next one counts, or search finds
    the summary no more."""
    key = tap.post or ""
    if tap.emoji != TICK:
        return ()
    if tap.taken_back:
        return _taken_back(tap, key, context)
    draft = documents.get(context.connection, DRAFT, key)
    tick = tap.reacted.event_id
    return () if draft is None else _confirm(draft, tick, tap.person, tap.room, context)


def _taken_back(tap: Tap, key: str, context: Context) -> Posts:
    connection = context.connection
    shown = documents.get(connection, SUMMARY, key)
    if shown is None or shown.author_id != tap.person.id:
        return ()
    gone = TakeBack(_word_of(key, tap.reacted.event_id, context))
    draft = _unconfirm(shown, context)
    return [gone, *_next_tick(draft, tap.reacted.target, tap.room, context)]


def _next_tick(draft: Document, post: EventId, room: Room, context: Context) -> Posts:
    """Another's tick that stands on the summary's post counts from now on."""
    for one in reactions.on(context.connection, post):
        present = rooms.presence(context.connection, room.room_id, one.sender)
        if plain_emoji(one.key) == TICK and present is not None and present[2] == "join":
            told = _confirm(draft, one.event_id, present[1], room, context)
            if told:
                return told
    return ()


def _confirm(draft: Document, tick: EventId, person: Person, room: Room, context: Context) -> Posts:
    """Let search find it, if the person wrote in its thread, and say so. tick: their reaction."""
    connection, key = context.connection, draft.subject
    said = _said_there(key, person, room, context)
    if not said:
        return ()
    documents.remove(connection, DRAFT, [key])
    documents.put(connection, replace(draft, kind=SUMMARY, author_id=person.id))
    told = replies.confirmed(
        context.words, person.display_name, f"{context.settings.prefix}search kind:summary"
    )
    # It goes with the summary, and with what whoever is named in it has said.
    quotes = tuple(dict.fromkeys((*documents.quoted(connection, key), *said)))
    word = f"{key}{CONFIRMED}"
    if outbox.was_posted(connection, word):
        word = f"{word}/{tick}"
    # The summary may be named after a message whose thread has a root that is not archived.
    thread = outbox.thread_of(connection, key) or documents.root_of(key)
    return [Say(room.room_id, told, thread=thread, key=word, quotes=quotes)]


def _unconfirm(shown: Document, context: Context) -> Document:
    """Search finds it no more; the draft that is left."""
    draft = replace(shown, kind=DRAFT, author_id=None)
    documents.remove(context.connection, SUMMARY, [shown.subject])
    documents.put(context.connection, draft)
    return draft


def _word_of(key: str, tick: EventId, context: Context) -> str:
    """The key of what we said when that tick confirmed a summary."""
    own = f"{key}{CONFIRMED}/{tick}"
    return own if outbox.was_posted(context.connection, own) else f"{key}{CONFIRMED}"


def _said_there(key: str, person: Person, room: Room, context: Context) -> list[EventId]:
    root = documents.root_of(key)
    numbers = of_room(context.connection, room).room_numbers
    said = archive.thread(context.connection, numbers, root)
    mine = (message for message in said if message.sender == person.user_id)
    return [message.event_id for message in mine if message.body]


def forget_confirmer(gone: Gone, context: Context) -> Posts:
    """Whoever ticked a summary and is erased has confirmed none: the next tick counts, or it waits
    for one."""
    connection = context.connection
    posts: list[Post] = []
    for shown in documents.confirmed_by(connection, gone.person.id):
        draft = _unconfirm(shown, context)
        post = outbox.event_of(connection, shown.subject)
        lane = outbox.lane_of(connection, shown.subject)
        room = None if lane is None else rooms.get(connection, RoomId(lane))
        if post is not None and room is not None:
            posts += _next_tick(draft, post, room, context)
    return posts


SUMMARIES = Listener(KIND, tapped=tapped, erased=forget_confirmer, posts=(documents.SUMMARIES,))

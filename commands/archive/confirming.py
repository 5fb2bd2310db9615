"""A summary counts once somebody who wrote in its thread has ticked it: then search finds it."""

from dataclasses import replace
from typing import Any

from commands.archive import replies, rules
from commands.audience import of_room
from commands.command import Call
from commands.context import Context
from commands.listener import Listener, Tap
from commands.posts import Posts, Say
from storage import archive, documents
from storage.documents import CONFIRMED, DRAFT, SUMMARY, Document
from storage.records import EventId
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
    """A tick of somebody who wrote in the thread; taken back, search finds the summary no more."""
    key = tap.post or ""
    if tap.emoji != TICK:
        return ()
    connection = context.connection
    if tap.taken_back:
        shown = documents.get(connection, SUMMARY, key)
        if shown is not None and shown.author_id == tap.person.id:
            documents.remove(connection, SUMMARY, [key])
            documents.put(connection, replace(shown, kind=DRAFT, author_id=None))
        return ()
    draft = documents.get(connection, DRAFT, key)
    said = _said_there(tap, key, context)
    if draft is None or not said:
        return ()
    documents.remove(connection, DRAFT, [key])
    documents.put(connection, replace(draft, kind=SUMMARY, author_id=tap.person.id))
    told = replies.confirmed(
        context.words, tap.person.display_name, f"{context.settings.prefix}search kind:summary"
    )
    root = documents.root_of(key)
    # It goes with the summary, and with what whoever is named in it has said.
    quotes = tuple(dict.fromkeys((*documents.quoted(connection, key), *said)))
    post = Say(tap.room.room_id, told, thread=root, key=f"{key}{CONFIRMED}", quotes=quotes)
    return [post]


def _said_there(tap: Tap, key: str, context: Context) -> list[EventId]:
    root = documents.root_of(key)
    numbers = of_room(context.connection, tap.room).room_numbers
    said = archive.thread(context.connection, numbers, root)
    mine = (message for message in said if message.sender == tap.person.user_id)
    return [message.event_id for message in mine if message.body]


SUMMARIES = Listener(KIND, tapped=tapped, posts=(documents.SUMMARIES,))

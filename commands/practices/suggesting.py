"""One quiet pointer: a question, or a new draft, that resembles a practice which is there."""

from dataclasses import dataclass
from typing import Any

from commands.arguments import Switch, argument, switch
from commands.command import Call, Command
from commands.context import Context
from commands.events import Said
from commands.permissions import Who
from commands.posts import Posts, Say
from commands.practices import replies
from commands.practices.access import OPEN
from commands.practices.closeness import closest
from commands.practices.showing import HIDDEN, card_link, city_name
from commands.reading import asks_something
from commands.words import N_
from storage import meta, outbox, practices, rooms, search
from storage.records import Practice, PracticeField, Room, RoomId, RoomKind

F = PracticeField
COMPARED = (F.TITLE, F.PROBLEM, F.WHAT_WE_DO, F.TAGS, F.ENGLISH_TITLE, F.ENGLISH_SUMMARY)


@dataclass(frozen=True, slots=True)
class Suggest:
    state: Switch = argument(switch, question=N_("Shall I point to practices here, on or off?"))


def suggest(call: Call[Suggest], context: Context) -> Posts:
    on = call.arguments.state is Switch.ON
    meta.put(context.connection, meta.NO_POINTERS + call.room.room_id, "" if on else "off")
    return call.answer(replies.suggestions(call.words, on=on))


def point_to_practice(said: Said, context: Context) -> Posts:
    """A question in a cluster's room: once in its thread, where it is not switched off."""
    if said.msgtype != "m.text" or not asks_something(said.body):
        return ()
    present = rooms.presence(context.connection, said.room_id, said.sender)
    if present is None or present[2] != "join":
        return ()
    room = present[0]
    if room.kind is not RoomKind.CLUSTER or not room.joined:
        return ()
    root = said.answered_in
    if root is None:
        return ()
    found = _close_to(said.body, room, context, apart_from=None)
    return _pointer(found, room.room_id, root, f"pointer/{root}", context)


def point_out(practice: Practice, call: Call[Any], context: Context) -> Posts:
    """A new draft: is that what somebody else does already?"""
    now = practices.get(context.connection, practice.number)
    if now is None or call.private:
        return ()
    told = " ".join(now.text(field) for field in COMPARED)
    found = _close_to(told, call.room, context, apart_from=now)
    key = f"pointer/{call.thread or practice.name}"
    return _pointer(found, call.room.room_id, call.thread, key, context)


def _close_to(
    text: str, room: Room, context: Context, *, apart_from: Practice | None
) -> Practice | None:
    if meta.get(context.connection, meta.NO_POINTERS + room.room_id):
        return None
    known = {
        each.number: each
        for each in practices.find(context.connection)
        if each.state not in HIDDEN
        # Only what everybody here may see.
        and (each.state in OPEN or (each.cluster is not None and each.cluster == room.cluster))
        and (apart_from is None or each.number != apart_from.number)
    }
    about = {
        number: search.topics(" ".join(each.text(field) for field in COMPARED), each.language)
        for number, each in known.items()
    }
    found = closest(search.topics(text, context.settings.community.language), about)
    return None if found is None else known[found]


def _pointer(
    practice: Practice | None, room_id: RoomId, thread: Any, key: str, context: Context
) -> Posts:
    if practice is None or outbox.was_posted(context.connection, key):
        return ()
    city, link = city_name(practice.city, context), card_link(practice, context)
    title = practice.text(F.TITLE)
    reply = replies.looks_close(context.words, practice.name, title, city, link)
    answered = practice.fields.get(F.TITLE)
    quotes = (answered.event_id,) if answered and answered.event_id else ()
    return [Say(room_id, reply, thread=thread, key=key, quotes=quotes)]


SUGGEST = Command(
    name="practice suggest",
    arguments=Suggest,
    handler=suggest,
    summary=N_("whether I point to practices that look close, in this room"),
    example="practice suggest off",
    who=Who.ROOM_ADMINS,
)

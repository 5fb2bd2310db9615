"""`!archive` and `!thread summary`: what is kept of a room, and what a thread came to."""

from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from commands.archive import confirming, past, replies, rules
from commands.archive.purging import holdings_of
from commands.audience import of_room
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.permissions import Who, may_coordinate
from commands.posts import CleanUp, Compile, Offer, Pin, Posts, React, Say
from commands.words import N_
from storage import archive, documents, gaps, media, redacting, rooms, timers
from storage.records import EventId, Room, RoomId, RoomKind, UserId
from storage.types import milliseconds


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


# ── on and off ────────────────────────────────────────────────────────────────────────────────


def switch_on(call: Call[Nothing], context: Context) -> Posts:
    if _only_asks(call):
        return show_status(call, context)
    if call.direct:
        raise MemberError(replies.not_here(call.words))
    if call.room.archive_on:
        raise MemberError(replies.already_on(call.words))
    rooms.change(context.connection, call.room.room_id, archive_on=True, archive_since=context.now)
    settings = context.settings
    notice = replies.notice(
        context.words,
        controller=settings.archive.controller,
        contact=settings.archive.contact,
        retention=settings.archive.kept_for(call.room),
        encrypted=call.room.encrypted,
        prefix=settings.prefix,
        files_mb=settings.archive.media_max_mb if settings.archive.media else None,
    )
    # Said anew each time that it is switched on.
    key = f"{rules.notice_key(call.room, settings.archive)}/{call.said.event_id}"
    return [
        Say(call.room.room_id, notice, notice=False, key=key),
        Pin(call.room.room_id, key),
        React(call.room.room_id, call.said.event_id, "👍"),
    ]


def _only_asks(call: Call[Nothing]) -> bool:
    """ "!archive on?" wants to know; consent is never guessed. Greeks ask with ";"."""
    return any(sign in call.said.body for sign in "?;？\u037e؟")


def switch_off(call: Call[Nothing], context: Context) -> Posts:
    if _only_asks(call):
        return show_status(call, context)
    if call.direct:
        raise MemberError(replies.not_here(call.words))
    if not call.room.archive_on:
        raise MemberError(replies.already_off(call.words))
    rooms.change(context.connection, call.room.room_id, archive_on=False, archive_since=None)
    ended = past.end(call.room, context) or []  # nor of what was said before
    language = context.settings.community.language
    since = milliseconds(call.said.at)  # from the moment it was said, also if it was heard late
    redacting.erase_since(context.connection, since, language, room=call.room.id)
    off = replies.switched_off(
        context.words, on=f"{call.prefix}archive on", purge=f"{call.prefix}archive purge"
    )
    # It concerns the whole room, so it is not hidden in a thread.
    said = Say(call.room.room_id, off, reply_to=call.said.event_id, notice=False)
    return [*ended, said, CleanUp()]


# ── export ────────────────────────────────────────────────────────────────────────────────────


def export(call: Call[Nothing], context: Context) -> Posts:
    """The archive of this room; in the direct chat of all rooms that they coordinate."""
    chosen = rooms.with_earlier(context.connection, call.room)
    if call.direct:
        community = context.settings.community
        chosen = [
            each
            for room in rooms.rooms_of(context.connection, call.asker)
            if room.cluster and may_coordinate(call.asker, community, room.cluster)
            for each in rooms.with_earlier(context.connection, room)
        ]
    held = [one for one in chosen if rooms.archived_events(context.connection, one.id)]
    if not held:
        raise MemberError(replies.nothing_to_export(call.words))
    to: RoomId | UserId = call.room.room_id if call.direct else call.asker.user_id
    asked = {
        "rooms": [one.id for one in held],
        "reader": call.asker.id,
        "language": call.words.language,
    }
    made = Compile(to, "archive", asked, call.thread if call.direct else None)
    return [made, React(call.room.room_id, call.said.event_id, "✉️")]


SOON = timedelta(days=14)  # ahead it is told which words will go

# ── status ────────────────────────────────────────────────────────────────────────────────────


def show_status(call: Call[Nothing], context: Context) -> Posts:
    shown = [call.room]
    if call.direct:
        theirs = rooms.rooms_of(context.connection, call.asker)
        shown = [
            room
            for room in theirs
            if room.kind is not RoomKind.DIRECT and rooms.keeps_words(context.connection, room)
        ]
        here = {room.room_id for room in shown}
        shown = [room for room in shown if room.successor not in here]  # they are in its counts
    zone = context.zone_of(call.asker)
    holdings = [_holdings(room, context, zone) for room in shown]
    return call.answer(replies.status(call.words, holdings))


def _holdings(room: Room, context: Context, zone: ZoneInfo) -> replies.Holdings:
    kept_for = context.settings.archive.kept_for(room)
    # With what the room was upgraded from, as search and purge take it.
    chain = [each.id for each in rooms.with_earlier(context.connection, room)]
    soon = 0
    if kept_for is not None:
        border = milliseconds(context.now - kept_for + SOON)
        soon = sum(archive.said_before(context.connection, each, border) for each in chain)
    coming = timers.find_pending(context.connection, room.room_id, past.KIND)
    reading = gaps.past_of(context.connection, room.room_id)
    held = archive.status(context.connection, *chain)
    return replace(
        holdings_of(room, held, zone),
        expired=held.expired,
        kept_for=kept_for,
        soon=soon,
        past_from=min(coming).astimezone(zone).date() if coming else None,
        past_read=None if reading is None else reading.events,
        files=media.holdings(context.connection, *chain),
    )


# ── a thread's summary ────────────────────────────────────────────────────────────────────────


def summarise_thread(call: Call[Nothing], context: Context) -> Posts:
    root = _thread_meant(call, context)
    if root is None:
        raise MemberError(replies.no_thread(call.words, f"{call.prefix}thread summary"))
    audience = of_room(context.connection, call.room)
    if not any(rooms.keeps_words(context.connection, room) for room in audience.rooms):
        raise MemberError(replies.no_archive(call.words, f"{call.prefix}archive on"))
    kept = archive.thread(context.connection, audience.room_numbers, root)
    talk = [m for m in kept if m.sender != context.me and not _like_a_command(m.body, call.prefix)]
    summary = rules.summarise(audience.readable(talk))
    if summary is None:
        raise MemberError(replies.nothing_kept(call.words))
    zone = context.zone_of(call.asker)
    summary = replace(
        summary, began=summary.began.astimezone(zone), ended=summary.ended.astimezone(zone)
    )
    quotes = tuple(dict.fromkeys(message.event_id for message in summary.quoted))
    reply = replies.thread_summary(call.words, summary, call.room.via)
    key = documents.summary_key(root, call.said.event_id)
    confirming.propose(key, summary, call, context)
    (said,) = call.answer(reply, quotes=quotes)
    assert isinstance(said, Say)
    return [replace(said, key=key), Offer(key, confirming.TICK)]


def _like_a_command(body: str, prefix: str) -> bool:
    """ "!vote yes" is one; "!!! We meet at ten" is how people shout."""
    return body.startswith(prefix) and body[len(prefix) :][:1].isalpha()


def _thread_meant(call: Call[Nothing], context: Context) -> EventId | None:
    """The thread it was said in, or the one of the message that it replies to."""
    if call.said.thread_root is not None or call.said.reply_to is None:
        return call.said.thread_root
    return archive.root_of(context.connection, call.said.reply_to) or call.said.reply_to


# ── what is declared ──────────────────────────────────────────────────────────────────────────

THREAD_SUMMARY = Command(
    name="thread summary",
    arguments=Nothing,
    handler=summarise_thread,
    summary=N_("what was said in this thread, by whom, with links"),
    example="thread summary",
    aliases=("summary",),
)
ARCHIVE_STATUS = Command(
    name="archive status",
    arguments=Nothing,
    handler=show_status,
    summary=N_("how much the archive of this room holds"),
    example="archive status",
)
ARCHIVE_EXPORT = Command(
    name="archive export",
    arguments=Nothing,
    handler=export,
    summary=N_("the archive of this room as files, in your direct chat: to read, and to take in"),
    example="archive export",
    who=Who.COORDINATORS,
    private=True,
)
ARCHIVE_ON = Command(
    name="archive on",
    arguments=Nothing,
    handler=switch_on,
    summary=N_("starts the archive of this room, with a notice to all"),
    example="archive on",
    who=Who.ROOM_ADMINS,
)
ARCHIVE_OFF = Command(
    name="archive off",
    arguments=Nothing,
    handler=switch_off,
    summary=N_("stops the archive of this room"),
    example="archive off",
    who=Who.ROOM_ADMINS,
)

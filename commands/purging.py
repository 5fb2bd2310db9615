"""A room's archive is thrown away: what repeats its words follows at once, the messages go in the
background, and one line tells how much it was."""

from commands.archive import past, purge_words
from commands.context import Context
from commands.digests.showing import desk, zone
from commands.erasing import take_back
from commands.events import Redacted, TimerDue
from commands.listeners import of_kind
from commands.posts import Alarm, CleanUp, Post, Posts, Say
from storage import outbox, purges, rooms
from storage.purges import LEDGER, LEFT, Purge
from storage.records import RoomId
from storage.types import instant

FOLLOWED = ("digest", "question")  # what these repeat goes; the rest has commands of its own
STAYS = ("visit/", "promise/", "practice/", "transfer/")  # how the keys of such posts begin


def take_order(event: TimerDue, context: Context) -> Posts:
    """An operator has asked for it, beside the hall."""
    room = rooms.get(context.connection, RoomId(event.payload["room"]))
    if room is None or purges.get(context.connection, room.room_id) is not None:
        return ()
    ended = past.end(room, context) or []
    until, language = instant(event.payload["until"]), context.settings.community.language
    asked = purges.request(context.connection, room, until, language, why=purges.BY_OPERATOR)
    return [*ended, Alarm(purges.alarm(asked, context.now))]


def give_notice(event: TimerDue, context: Context) -> Posts:
    """The hall is not in a room any more: the coordinators may keep its archive, or copy it."""
    room, staff = rooms.get(context.connection, RoomId(event.payload["room"])), desk(context)
    if room is None or room.joined or staff is None:
        return ()
    numbers = [one.id for one in rooms.with_earlier(context.connection, room)]
    counts = purges.tally(context.connection, numbers)
    since, until = (
        instant(event.payload[moment]).astimezone(zone(context)).date()
        for moment in ("since", "until")
    )
    told = purge_words.ahead(context.words, room.name or room.room_id, counts, since, until)
    return [Say(staff.room_id, told, key=event.key)]


def begin(event: TimerDue, context: Context) -> Posts:
    """All but the messages goes now, with the posts of ours that repeat them."""
    one = purges.get(context.connection, RoomId(event.payload["room"]))
    if one is None or one.state != purges.ASKED:
        return ()
    quoting = [
        key
        for key in purges.quoting_posts(context.connection, one)
        if not key.startswith(STAYS) and _can_be_taken_back(key, context)
    ]
    posts = [*take_back(quoting, context), *_follow(one, context)]
    purges.begin(context.connection, one)
    return [*(post for post in posts if not isinstance(post, Say) or post.key), CleanUp()]


def _can_be_taken_back(key: str, context: Context) -> bool:
    """Not in a room that we have left: whatever stands there is out of our reach."""
    lane = outbox.lane_of(context.connection, key)
    if lane is None or not lane.startswith("!"):
        return True
    there = rooms.get(context.connection, RoomId(lane))
    return there is None or there.joined


def _follow(one: Purge, context: Context) -> list[Post]:
    """As if each message were taken back, for those who tell of it elsewhere."""
    here = RoomId(one.room_id)
    posts: list[Post] = []
    for event_id, source in purges.made_from(context.connection, one, FOLLOWED):
        listener = of_kind(source.kind)
        gone = Redacted(event_id, here, context.me, instant(one.until), event_id)
        posts += [] if listener is None else listener.taken_back(gone, source.subject, context)
    return posts


def tell(event: TimerDue, context: Context) -> Posts:
    """It is done: a line in the room, or to the coordinators where we cannot speak."""
    one = purges.get(context.connection, RoomId(event.payload["room"]))
    if one is None or one.state != purges.SWEPT:
        return ()
    purges.finish(context.connection, one)
    room = rooms.get(context.connection, one.room_id)
    if room is None:
        return ()
    key = f"purged/{room.room_id}/{one.until}"
    if one.why == LEFT:
        return _tell_coordinators(one, room.name or room.room_id, key, context)
    if not room.joined:
        return ()
    on = f"{context.settings.prefix}archive on"
    if one.why != LEDGER:
        return [Say(room.room_id, purge_words.receipt(context.words, one.counts, on=on), key=key)]
    if room.archive_on:
        return ()
    # How much it was, was told when it was done first.
    return [Say(room.room_id, purge_words.done_again(context.words, on=on), key=f"{key}/again")]


def _tell_coordinators(one: Purge, name: str, key: str, context: Context) -> Posts:
    staff, away = desk(context), context.settings.archive.kept_after_leaving
    if staff is None or away is None:
        return ()
    return [
        Say(staff.room_id, purge_words.left_room(context.words, name, one.counts, away), key=key)
    ]

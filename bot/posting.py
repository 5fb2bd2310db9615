"""Turns what handlers return into rows of the outbox: rendered, keyed and frozen."""

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from json import dumps
from typing import Any

from sqlalchemy import Connection

from bot.hall import Hall
from bot.matrix import polls, rendering
from commands import allowance, posts
from storage import outbox, rooms, timers
from storage.database import after_commit
from storage.outbox import Action, Row
from storage.records import NOBODY, RoomId, Timer, UserId

ANNOUNCE = "announce"  # timer kind


def queue_posts(
    connection: Connection, hall: Hall, answers: Iterable[posts.Post], cause: str, now: datetime
) -> set[str]:
    """Queue posts in the caller's transaction; returns the lanes that have something to send.

    cause: event id or timer key; posts without a key of their own are named after it.
    """
    lanes: set[str] = set()
    for place, post in enumerate(answers):
        row = _row(connection, hall, post, f"reply/{cause}/{place}", now)
        if row is not None:
            outbox.add(connection, hall.id, [row], now)
            lanes.add(row.lane)
    return lanes


def _row(
    connection: Connection, hall: Hall, post: posts.Post, default_key: str, now: datetime
) -> Row | None:
    match post:
        case posts.Say():
            key = post.key or default_key
            outbox.add_quotes(connection, key, post.quotes, post.thread)
            content = rendering.message(
                post.reply,
                notice=post.notice,
                thread=post.thread,
                reply_to=post.reply_to,
                post_key=key,
            )
            return Row(
                key, post.room_id, Action.MESSAGE, content, "m.room.message", changes=post.under
            )
        case posts.Tell(person=person) if person == NOBODY:
            return None
        case posts.Tell():
            key = post.key or default_key
            outbox.add_quotes(connection, key, post.quotes)
            content = rendering.message(
                post.reply, notice=post.notice, thread=None, reply_to=None, post_key=key
            )
            return Row(
                key, lane_of(connection, post.person), Action.MESSAGE, content, "m.room.message"
            )
        case posts.Attach():
            key = post.key or default_key
            outbox.add_quotes(connection, key, post.quotes, post.thread)
            content = rendering.attachment(post, post_key=key)
            to = lane_of(connection, post.to)
            return Row(key, to, Action.FILE, content, "m.room.message", changes=post.under)
        case posts.Announce():
            return _announcement(connection, hall, post, now)
        case posts.Ready():
            return Row(post.key, post.room_id, Action.MESSAGE, post.content, "m.room.message")
        case posts.Change():
            lane = outbox.lane_of(connection, post.post)
            if lane is None:
                return None
            content = rendering.message(
                post.reply, notice=True, thread=None, reply_to=None, post_key=post.post
            )
            return Row(default_key, lane, Action.EDIT, content, "m.room.message", changes=post.post)
        case posts.Examine():
            asked = {
                "language": post.language,
                "thread": post.thread,
                "reply_to": post.reply_to,
            }
            to = lane_of(connection, post.to)
            return Row(default_key, to, Action.EXAMINE, asked, "m.room.message")
        case posts.Compile():
            wanted = {"kind": post.kind, "asked": dict(post.asked), "thread": post.thread}
            to = lane_of(connection, post.to)
            return Row(default_key, to, Action.COMPILE, wanted, "m.room.message")
        case posts.CleanUp():
            after_commit(connection, hall.bells.erasures.ring)
            after_commit(connection, hall.bells.people.ring)
            return None
        case posts.ReadOn():
            after_commit(connection, hall.bells.gaps.ring)
            return None
        case posts.React():
            content = {
                "m.relates_to": {
                    "rel_type": "m.annotation",
                    "event_id": post.event_id,
                    "key": post.emoji,
                }
            }
            key = f"react/{post.event_id}/{post.emoji}"
            return Row(key, post.room_id, Action.REACTION, content, "m.reaction")
        case posts.Offer():
            lane = outbox.lane_of(connection, post.post)
            if lane is None:
                return None
            content = {"m.relates_to": {"rel_type": "m.annotation", "key": post.emoji}}
            key = f"react/{post.post}/{post.emoji}"
            return Row(key, lane, Action.REACTION, content, "m.reaction", changes=post.post)
        case posts.AskPoll():
            content = polls.start(post.question, post.answers) | {rendering.POST_KEY: post.key}
            return Row(
                post.key, post.room_id, Action.MESSAGE, content, polls.START, changes=post.under
            )
        case posts.EndPoll():
            lane = outbox.lane_of(connection, post.poll)
            if lane is None:
                return None
            key = f"{post.poll}/end"
            content = polls.end(post.text) | {rendering.POST_KEY: key}
            return Row(key, lane, Action.MESSAGE, content, polls.END, changes=post.poll)
        case posts.Gather():
            lane = outbox.lane_of(connection, post.poll)
            if lane is None:
                return None
            held = {"held": list(post.held)}
            return Row(f"{post.poll}/gathered", lane, Action.GATHER, held, changes=post.poll)
        case posts.Alarm():
            timers.schedule(connection, [post.timer])
            after_commit(connection, hall.bells.timers.ring)
            return None
        case posts.TakeBack():
            lane = outbox.lane_of(connection, post.post)
            outbox.forget_quotes(connection, post.post)
            after_commit(connection, hall.bells.erasures.ring)
            if lane is None or outbox.drop_unsent(connection, post.post, now):
                return None
            return Row(f"{post.post}/taken back", lane, Action.REDACTION, None, changes=post.post)
        case posts.SetState():
            key = f"state/{post.room_id}/{post.type}/{post.state_key}/{_digest(post.content)}"
            return Row(
                key, post.room_id, Action.STATE, post.content, post.type, state_key=post.state_key
            )
        case posts.Pin():
            return Row(
                f"{post.post}/pinned",
                post.room_id,
                Action.PIN,
                None,
                "m.room.pinned_events",
                changes=post.post,
            )
        case posts.Join():
            return Row(
                default_key,
                post.room_id,
                Action.JOIN,
                {"via": list(post.via), "direct_with": post.direct_with},
            )
        case posts.Leave():
            return Row(default_key, post.room_id, Action.LEAVE, {"reason": post.reason})


def lane_of(connection: Connection, to: RoomId | UserId) -> str:
    """A room; the direct chat with a person, or their user id until delivery has made one."""
    if to.startswith("!"):
        return to
    person = UserId(to)
    chat = rooms.direct_with(connection, person)
    # What waits for the chat under their name goes first.
    waits = chat is None or outbox.holds_any(connection, person)
    return person if waits or chat is None else chat.room_id


def _announcement(
    connection: Connection, hall: Hall, post: posts.Announce, now: datetime
) -> Row | None:
    """At once if the room's allowance has room for it; else an alarm for the next free day."""
    key = f"{ANNOUNCE}/{post.key}"
    content = rendering.message(post.reply, notice=False, thread=None, reply_to=None, post_key=key)
    zone = hall.settings.community.time_zone
    spoken = outbox.said_at(connection, post.room_id, f"{ANNOUNCE}/")
    spoken += timers.find_pending(connection, post.room_id, ANNOUNCE)
    slot = allowance.next_slot(now, zone, spoken, hall.settings.limits)
    if slot <= now:
        return Row(key, post.room_id, Action.MESSAGE, content, "m.room.message")
    local = slot.astimezone(allowance.zone_info(zone)).replace(tzinfo=None)
    timers.schedule(
        connection,
        [
            Timer(
                key=key,
                kind=ANNOUNCE,
                wall_time=local,
                time_zone=zone,
                room_id=RoomId(post.room_id),
                payload={"key": key, "content": content},
            )
        ],
    )
    after_commit(connection, hall.bells.timers.ring)
    return None


def _digest(content: Any) -> str:
    text = dumps(content, sort_keys=True, default=dict)
    return blake2b(text.encode(), digest_size=8).hexdigest()

"""Somebody is erased: what rests on their words follows at once, the messages go in the background,
and a receipt tells how much it was."""

from collections.abc import Sequence

from commands.context import Context
from commands.events import TimerDue
from commands.listener import Gone
from commands.listeners import LISTENERS
from commands.members import erasure_words
from commands.posts import CleanUp, Post, Posts, Say, TakeBack, Tell
from commands.reply import MessageLink
from commands.words import Words
from storage import erasures, outbox, people, personal, rooms
from storage.erasures import Erasure
from storage.records import EventId, Person, RoomId, UserId


def begin(event: TimerDue, context: Context) -> Posts:
    """All but the messages goes now, with the answers of ours that repeat them."""
    one = erasures.get(context.connection, event.payload["erasure"])
    who = None if one is None else _person(one, context)
    if one is None or who is None or one.state != erasures.ASKED:
        return ()
    quoting = personal.quoting_posts(context.connection, who.id, who.user_id)
    posts = take_back(quoting, context)
    traces = personal.traces_of(context.connection, who.id, who.user_id)
    erasures.begin(context.connection, one)
    gone = Gone(who, traces.rows, one.keep_practices)
    for listener in LISTENERS:
        posts += listener.erased(gone, context)
    mine = [row for row in traces.rows.get("practice", []) if row["state"] != "withdrawn"]
    counts = {"answers": len(quoting), "kept" if one.keep_practices else "practices": len(mine)}
    erasures.count(context.connection, one, {k: n for k, n in counts.items() if n})
    # What was said of it all goes without a word: the receipt comes when the messages are gone.
    return [*(post for post in posts if not _is_chat(post)), CleanUp()]


def _is_chat(post: Post) -> bool:
    """Questions and thanks to somebody whose traces are just being erased."""
    return isinstance(post, Say | Tell) and post.key is None


def take_back(keys: Sequence[str], context: Context) -> list[Post]:
    """Answers of ours, and each edit of them."""
    edits = [edit for key in keys for edit in outbox.edits_of(context.connection, key)]
    return [TakeBack(key) for key in (*edits, *keys)]


def tell(event: TimerDue, context: Context) -> Posts:
    """The receipt: what went, and which messages of others still name them."""
    one = erasures.get(context.connection, event.payload["erasure"])
    who = None if one is None else _person(one, context)
    if one is None or who is None or one.state != erasures.SWEPT:
        return ()
    words = context.words_for(who)
    named = [
        _link(room_id, event_id, words, context)
        for room_id, event_id in event.payload.get("named", ())
    ]
    erasures.finish(context.connection, one, context.now)
    if one.by_operator:
        return ()  # perhaps they asked by letter; the operator has the receipt
    receipt = erasure_words.receipt(
        words,
        one.report,
        named=named,
        more=event.payload.get("more", 0),
        present=personal.is_present(context.connection, who.id),
        on="privacy archive on",
    )
    return [Tell(who.user_id, receipt, key=f"erasure/{one.id}/receipt")]


def _link(room_id: str, event_id: str, words: Words, context: Context) -> MessageLink:
    room = rooms.get(context.connection, RoomId(room_id))
    via = () if room is None else room.via
    return MessageLink(RoomId(room_id), EventId(event_id), words.text("message"), via)


def _person(one: Erasure, context: Context) -> Person | None:
    user_id = erasures.whose(context.connection, one)
    return people.get(context.connection, UserId(user_id)) if user_id.startswith("@") else None

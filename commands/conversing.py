"""What features hear besides commands, and from whom: conversations, taps, corrections."""

from dataclasses import dataclass

from sqlalchemy import Connection

from commands import listeners, replies
from commands.command import Call
from commands.context import Context
from commands.events import Edited, PollAnswered, PollEnded, Reacted, Redacted, Said
from commands.listener import Ballot, Closing, Listener, Tap, plain_emoji
from commands.posts import Post, Posts
from commands.rights import as_of_now, has_say, power_in
from storage import listening, outbox, reactions, rooms, sources
from storage.listening import Conversation, Place
from storage.reactions import Heeded
from storage.records import Person, Room


def conversation_of(connection: Connection, said: Said, *, direct: bool) -> Conversation | None:
    """The conversation that a message belongs to, if a feature listens where it was said.

    That is in a thread, under a post of ours that is replied to, or in a direct chat.
    """
    related = [one for one in (said.thread_root, said.reply_to) if one is not None]
    places: list[Place] = [*related, *([said.room_id, said.sender] if direct else [])]
    if related:
        places += outbox.posts_of(connection, related)
    return listening.find(connection, places, said.sender) if places else None


def hear(conversation: Conversation, call: Call[None], context: Context) -> Posts:
    """Hand somebody's words to the feature that listens."""
    listener = listeners.of_kind(conversation.kind)
    if listener is None:
        return ()
    if not has_say(listener.who, call.asker, call.room, context):
        # Where members talk among themselves, nobody is told that they may not.
        return (
            ()
            if conversation.talk
            else call.answer(replies.not_yours(call.words, listener.who.value))
        )
    return listener.said(call, conversation.subject, context)


@dataclass(frozen=True, slots=True)
class Corrected:
    """anew: the new words are to be read as a command is, whatever else was done."""

    posts: Posts
    anew: bool


def correct(event: Edited, context: Context) -> Corrected:
    """Tell those who made something from a message that its words are others now.

    Only its author corrects a message: homeservers let anybody try.
    """
    if not sources.of(context.connection, event.original):
        return Corrected((), anew=True)
    if author_of(event, context) is None:
        return Corrected((), anew=False)
    sources.add_edit(context.connection, event.event_id, event.original, event.now.sender)
    posts: list[Post] = []
    anew = False
    for listener, subject in _makers(event, context):
        told = listener.corrected(event, subject, context)
        anew = anew or told is None
        posts += told or ()
    return Corrected(posts, anew)


def retell(event: Edited, context: Context) -> Posts:
    """What shows others' things says what these say now; after all of them were corrected."""
    posts: list[Post] = []
    for listener, subject in _makers(event, context):
        posts += listener.retold(event, subject, context)
    return posts


def author_of(event: Edited, context: Context) -> tuple[Room, Person] | None:
    """Who edits, and where; None if they are not there, or it is not surely them."""
    present = rooms.presence(context.connection, event.now.room_id, event.now.sender)
    if present is None or present[2] != "join" or not present[0].joined:
        return None
    if present[0].encrypted and not event.now.encrypted:
        return None
    return present[0], as_of_now(context.connection, present[1])


def _makers(event: Edited, context: Context) -> list[tuple[Listener, str]]:
    """Who made something of an edited message that is its author's, and what."""
    there = author_of(event, context)
    if there is None:
        return []
    room, author = there
    return [
        (listener, one.subject)
        for one in sources.of(context.connection, event.original)
        if one.sender == author.user_id
        and (listener := listeners.of_kind(one.kind)) is not None
        and has_say(listener.who, author, room, context)
    ]


def poll_answer(event: PollAnswered, context: Context) -> Posts:
    """An answer to a poll goes to the feature that asked. Who was removed for good has no say."""
    post = outbox.post_of(context.connection, event.poll)
    listener = None if post is None else listeners.of_tap("", post)
    present = rooms.presence(context.connection, event.room_id, event.sender)
    if post is None or listener is None or present is None or present[2] == "ban":
        return ()
    if outbox.lane_of(context.connection, post) != event.room_id:
        return ()  # an answer from another room
    return listener.polled(Ballot(event, present[1], present[0], post), context)


def poll_end(event: PollEnded, context: Context) -> Posts:
    """The end of a poll, if it is by us or by somebody who could have taken it back."""
    post = outbox.post_of(context.connection, event.poll)
    listener = None if post is None else listeners.of_tap("", post)
    if post is None or listener is None:
        return ()
    if outbox.lane_of(context.connection, post) != event.room_id:
        return ()
    power = power_in(context.connection, event.room_id)
    if event.sender != context.me and not power.can_redact_others(event.sender):
        return ()
    return listener.poll_ended(Closing(event, post), context)


def forget(event: Redacted, context: Context) -> Posts:
    """Tell those who made something from what was taken back."""
    posts: list[Post] = []
    for source in sources.of(context.connection, event.target):
        listener = listeners.of_kind(source.kind)
        posts += [] if listener is None else listener.taken_back(event, source.subject, context)
    sources.forget_edits(context.connection, event.target)
    post = outbox.post_of(context.connection, event.target)
    owner = None if post is None else listeners.of_tap("", post)
    if post is not None and owner is not None and event.sender != context.me:
        posts += owner.removed(event, post, context)
    heeded = reactions.get(context.connection, event.target)
    if heeded is not None:
        reactions.forget(context.connection, event.target)
        posts += _tell(_as_reacted(heeded, event), context, taken_back=True)
    return posts


def tap(event: Reacted, context: Context) -> Posts:
    """A reaction goes to the feature whose post it is on, or which knows the emoji."""
    told = _tell(event, context, taken_back=False)
    reactions.add(
        context.connection,
        Heeded(event.event_id, event.room_id, event.sender, event.target, event.key),
    )
    return told


def _as_reacted(heeded: Heeded, event: Redacted) -> Reacted:
    return Reacted(
        heeded.event_id, heeded.room_id, heeded.sender, event.at, heeded.target, heeded.key
    )


def _tell(event: Reacted, context: Context, *, taken_back: bool) -> Posts:
    present = rooms.presence(context.connection, event.room_id, event.sender)
    if present is None:
        return ()
    room, person, membership = present
    if not room.joined or (membership != "join" and not taken_back):
        return ()
    emoji, post = plain_emoji(event.key), outbox.post_of(context.connection, event.target)
    listener = listeners.of_tap(emoji, post)
    if listener is None:
        return ()
    person = as_of_now(context.connection, person)
    if not taken_back and not has_say(listener.who, person, room, context):
        return ()
    words = context.words_for(person)
    return listener.tapped(
        Tap(event, emoji, person, room, words, post, taken_back=taken_back), context
    )

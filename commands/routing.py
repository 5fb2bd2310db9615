"""Which handler answers which event: the map of the hall."""

from collections.abc import Iterable
from dataclasses import replace
from zoneinfo import ZoneInfo

from commands import conversing, erasing, purging, replies, subscribing
from commands.answering import answer
from commands.archive import past
from commands.clusters import mornings
from commands.context import Context
from commands.digests import drafting, own
from commands.events import (
    CommandsMissed,
    Edited,
    Event,
    Invited,
    MembershipChanged,
    PollAnswered,
    PollEnded,
    Reacted,
    Redacted,
    RoomReplaced,
    Said,
    TimerDue,
)
from commands.hospitality import is_welcome
from commands.pausing import is_paused
from commands.posts import Join, Leave, Post, Posts, Ready, Say
from commands.practices.suggesting import point_to_practice
from commands.practices.transferring import ask_after_silence
from commands.questions import handlers as asked_questions
from commands.questions.asking import notice
from commands.reply import Reply, RoomLink
from commands.rights import still_stands
from commands.visits import handlers as visits
from commands.visits import promising
from commands.whereabouts import at_home
from storage import (
    archive,
    documents,
    erasures,
    inbox,
    outbox,
    people,
    purges,
    questions,
    rooms,
    search_pages,
    sources,
)
from storage.records import EventId, RoomId, RoomKind
from storage.types import instant, milliseconds

# How the keys of posts begin that repeat talk; what features post follows an edit by itself.
REPEATING = ("reply/", documents.SUMMARIES)


def respond(event: Event, context: Context) -> Posts:
    """What the hall says or does when something has happened."""
    here = at_home(event, context.connection)
    if here is None:
        return ()  # it is about another room than the one where it was done
    event = here
    match event:
        case Said():
            return answer(event, context) or heard_by_the_way(event, context)
        case Edited():
            if is_outdated_edit(event, context):
                return ()
            return (*answer_again(event, context), *take_back_older_words(event, context))
        case Redacted():
            return take_back(event, context)
        case Reacted():
            return conversing.tap(event, context)
        case PollAnswered():
            return conversing.poll_answer(event, context)
        case PollEnded():
            return conversing.poll_end(event, context)
        case Invited():
            return accept_or_decline(event, context)
        case RoomReplaced():
            return say_where_the_room_went(event, context)
        case CommandsMissed():
            return admit_what_was_missed(event, context)
        case TimerDue() if not still_stands(event.payload, context):
            return ()  # whoever asked for it has no say any more
        case TimerDue(kind="announce"):
            return announce_at_last(event, context)
        case TimerDue(kind="transfer-silence"):
            return ask_after_silence(event, context)
        case TimerDue(kind=kind) if kind.startswith("visit "):
            return visits.due(event, context)
        case TimerDue(kind=past.KIND):
            return past.begin(event, context)
        case TimerDue(kind=erasures.BEGIN):
            return erasing.begin(event, context)
        case TimerDue(kind=erasures.TELL):
            return erasing.tell(event, context)
        case TimerDue(kind=purges.ORDER):
            return purging.take_order(event, context)
        case TimerDue(kind=purges.AHEAD):
            return purging.give_notice(event, context)
        case TimerDue(kind=purges.BEGIN):
            return purging.begin(event, context)
        case TimerDue(kind=purges.TELL):
            return purging.tell(event, context)
        case TimerDue(kind="promise"):
            return promising.due(event, context)
        case TimerDue(kind=kind) if kind.startswith("question "):
            return asked_questions.due(event, context)
        case TimerDue(kind=mornings.KIND):
            return mornings.due(event, context)
        case TimerDue(kind=drafting.DRAFT):
            return drafting.due(event, context)
        case TimerDue(kind=drafting.SEND):
            return drafting.send_due(event, context)
        case TimerDue(kind=subscribing.OWN):
            return own.due(event, context)
        case MembershipChanged() | TimerDue():
            return ()  # later capabilities listen here


def is_outdated_edit(event: Edited, context: Context) -> bool:
    """Whether a newer edit was heard before: one whose key was late brings no older words back."""
    now = event.now
    # What is not surely its author's must not silence them.
    return conversing.author_of(event, context) is not None and not inbox.is_newest_edit(
        context.connection, event.original, now.sender, milliseconds(now.at), context.now
    )


def heard_by_the_way(event: Said, context: Context) -> Posts:
    """Talk that is not for us: a practice may answer it; a question may want to be looked after."""
    room = rooms.get(context.connection, event.room_id)
    if room is None or is_paused(context.connection, room.cluster, context.now):
        return ()
    return (*point_to_practice(event, context), *notice(event, context))


def answer_again(event: Edited, context: Context) -> Posts:
    """What was made from a message follows its new words; a command put right is answered."""
    made = conversing.correct(event, context)
    posts = list(made.posts)
    # Homeservers let anybody try, and the answer would stand under another's words.
    if made.anew and inbox.may_be_by(context.connection, event.original, event.now.sender):
        posts += answer(in_its_thread(event, context), context, corrected=True)
        sources.add_edit(context.connection, event.event_id, event.original, event.now.sender)
    return [*posts, *conversing.retell(event, context)]


def in_its_thread(event: Edited, context: Context) -> Said:
    """The corrected words, where the first ones were said: an edit does not tell its thread."""
    return replace(event.now, thread_root=inbox.thread_of(context.connection, event.original))


def take_back(event: Redacted, context: Context) -> Posts:
    """What was made of a message goes with it, and so does what repeats it.

    An edit takes along all that was made of its message, a practice, too, as if the message were
    taken back: what somebody told the hall before they edited it is kept nowhere.
    """
    original = sources.edited_by(context.connection, event.target)
    gone = [event] if original is None else [event, replace(event, target=original)]
    posts: list[Post] = []
    for one in gone:
        posts += conversing.forget(one, context)
        questions.erase(context.connection, one.target)
        search_pages.erase(context.connection, one.target)
    return [*posts, *take_back_what_quoted_it(event.target, original, context)]


def take_back_what_quoted_it(target: EventId, original: EventId | None, context: Context) -> Posts:
    """Answers that repeat a message go when it goes, and one quiet line says why.

    original: the message that the target edits, which stands; so may a summary of it.
    """
    keys = dict.fromkeys(outbox.posts_quoting(context.connection, target))
    if original is not None:
        keys |= {
            key: None
            for key in outbox.posts_quoting(context.connection, original)
            if not documents.stands(context.connection, key)
        }
    return _take_back(keys, replies.took_back(context.words), context)


def take_back_older_words(event: Edited, context: Context) -> Posts:
    """Answers that repeat what a message said before its author changed it; the author's own
    command is answered anew."""
    connection = context.connection
    known = archive.get(connection, event.original)
    authors = {one.sender for one in sources.of(connection, event.original)}  # of commands, too
    if event.now.sender not in authors | ({known.sender} if known else set()):
        return ()
    newer = outbox.posts_quoting(connection, event.event_id)
    older = [
        key
        for key in outbox.posts_quoting(connection, event.original)
        if key not in newer
        and key.startswith(REPEATING)
        and not _answers(key, event.original, context)
        and not documents.stands(connection, key)
    ]
    return _take_back(older, replies.words_changed(context.words), context)


def _answers(key: str, original: EventId, context: Context) -> bool:
    """Whether a post answers a message, or an earlier edit of it."""
    asked = _question_of(key)
    if asked is None or asked == original:
        return asked is not None
    return sources.edited_by(context.connection, asked) == original


def _take_back(keys: Iterable[str], why: Reply, context: Context) -> Posts:
    """Posts of ours go, and one quiet line in each room says why."""
    posts: list[Post] = []
    told: set[str] = set()
    for key in keys:
        lane = outbox.lane_of(context.connection, key)
        posts += erasing.take_back([key], context)
        if lane is not None and lane.startswith("!") and lane not in told:
            told.add(lane)
            asked = _question_of(key)
            root = outbox.thread_of(context.connection, key)
            posts.append(Say(RoomId(lane), why, thread=root, reply_to=asked))
    return posts


def _question_of(key: str) -> EventId | None:
    """The message that an answer answers, from the answer's key: "reply/$event/0"."""
    parts = key.split("/")
    is_answer = len(parts) == 3 and parts[0] == "reply" and parts[1].startswith("$")
    return EventId(parts[1]) if is_answer else None


OUR_ROOMS = frozenset({RoomKind.SPACE, RoomKind.CLUSTER, RoomKind.COORDINATORS})


def accept_or_decline(event: Invited, context: Context) -> Posts:
    """Invitations are followed for people we know, and declined politely otherwise."""
    host = people.get(context.connection, event.sender)
    theirs = rooms.rooms_of(context.connection, host) if host is not None else []
    neighbour = any(room.kind in OUR_ROOMS for room in theirs)
    community = context.settings.community
    if is_welcome(event.sender, community, neighbour=neighbour):
        return [Join(event.room_id, direct_with=event.sender if event.direct else None)]
    words = context.words if host is None else context.words_for(host)
    return [Leave(event.room_id, replies.invitation_declined(words, community.name))]


def say_where_the_room_went(event: RoomReplaced, context: Context) -> Posts:
    """The last words in a room that was upgraded."""
    old = rooms.get(context.connection, event.room_id)
    new = rooms.get(context.connection, event.replacement)
    if old is None or new is None:
        return ()
    there = RoomLink(new.room_id, new.name or new.room_id, new.via)
    reply = replies.room_moved(context.words, there, archived=old.archive_on)
    return [Say(old.room_id, reply, key=f"moved/{old.room_id}")]


def admit_what_was_missed(event: CommandsMissed, context: Context) -> Posts:
    """One line for all commands that were too old to be carried out."""
    count, first, last = inbox.take_missed(context.connection, event.room_id, context.now)
    if not count:
        return ()
    zone = ZoneInfo(context.settings.community.time_zone)
    reply = replies.commands_missed(
        context.words, count, instant(first).astimezone(zone), instant(last).astimezone(zone)
    )
    return [Say(event.room_id, reply)]


def announce_at_last(event: TimerDue, context: Context) -> Posts:
    """What was held back to keep the room quiet; dropped if we have left the room since."""
    room = rooms.get(context.connection, event.room_id) if event.room_id is not None else None
    if room is None or not room.joined:
        return ()
    return [Ready(room.room_id, event.payload["content"], event.payload["key"])]

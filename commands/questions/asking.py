"""How a question begins: `!ask`, ❓ by its author, or noticed, and then offered once."""

from datetime import datetime
from zoneinfo import ZoneInfo

from commands.context import Context
from commands.events import Said, TimerDue
from commands.listener import Tap
from commands.pausing import is_paused
from commands.posts import Alarm, Post, Posts, Say
from commands.questions import replies, rules
from commands.questions.telling import KIND, renew_copies
from commands.reading import asks_something
from commands.reply import Mention
from commands.rights import as_of_now
from commands.weekdays import working_days_after
from storage import archive, asked, listening, outbox, people, rooms, sources
from storage.asked_records import AskedQuestion, QuestionState
from storage.listening import Conversation
from storage.records import EventId, Person, Room, RoomId, RoomKind, Timer
from storage.sources import Source

DUE, STALE, OFFER = "question due", "question stale", "question offer"
MARKS = frozenset({"❓", "❔"})


def begin(
    text: str,
    asker: Person,
    room: Room,
    *,
    source: EventId,
    root: EventId,
    at: datetime,
    context: Context,
    talk: bool,
) -> tuple[AskedQuestion, list[Post]]:
    """A question is looked after from now on; asked again in the same message, it has new words."""
    known = asked.of_source(context.connection, source)
    question = asked.ask(
        context.connection,
        cluster=room.cluster or "", room_id=room.room_id, source=source, root=root,
        asker=asker.user_id, city=asker.city, text=text, asked_at=at,
    )  # fmt: skip
    if known is not None and known.state is not QuestionState.GONE:
        return question, renew_copies(question, context)
    if known is not None:
        question = asked.change(context.connection, question.id, state=QuestionState.OPEN)
    origin = Source(KIND, str(question.id), asker.user_id, talk=talk)
    sources.add(context.connection, source, origin)
    place = Conversation(root, KIND, str(question.id), talk=True)
    listening.begin(context.connection, place, context.now)
    return question, [Alarm(_due(question, context)), Alarm(_stale(question, context))]


def _local(moment: datetime, context: Context) -> datetime:
    zone = ZoneInfo(context.settings.community.time_zone)
    return moment.astimezone(zone).replace(tzinfo=None)


def _later(moment: datetime, days: int, context: Context) -> datetime:
    settings = context.settings
    local = _local(moment, context)
    return working_days_after(local, days, settings.digests, settings.limits.quiet_days)


def _due(question: AskedQuestion, context: Context, turn: int = 0) -> Timer:
    """When the coordinators are asked where else to ask."""
    since = question.asked_at if turn == 0 else context.now
    return Timer(
        key=f"question/{question.id}/due/{turn}",
        kind=DUE,
        wall_time=_later(since, rules.PATIENCE if turn == 0 else 1, context),
        time_zone=context.settings.community.time_zone,
        room_id=question.room_id,
        payload={"question": question.id, "turn": turn},
    )


def again(question: AskedQuestion, turn: int, context: Context) -> Alarm:
    """It is paused now: look again on the next working day."""
    return Alarm(_due(question, context, turn))


def _stale(question: AskedQuestion, context: Context) -> Timer:
    """When a question that nobody answers is closed."""
    return Timer(
        key=f"question/{question.id}/stale",
        kind=STALE,
        wall_time=_local(question.asked_at + rules.CLOSED_AFTER, context),
        time_zone=context.settings.community.time_zone,
        room_id=question.room_id,
        payload={"question": question.id},
    )


# ── ❓ ─────────────────────────────────────────────────────────────────────────────────────────


def mark(tap: Tap, context: Context) -> Posts:
    """❓ by the author of a message in a cluster's room, or on our offer to look after it."""
    target = tap.reacted.target
    if tap.post is not None:
        target = EventId(tap.post.removeprefix("question/offer/"))
    message = archive.get(context.connection, target)
    if message is None or message.sender != tap.person.user_id or not message.body:
        return ()
    if tap.room.kind is not RoomKind.CLUSTER:
        return ()
    known = asked.of_source(context.connection, target)
    if tap.taken_back:
        return () if known is None else _let_go(known, context)
    root = archive.root_of(context.connection, target) or target
    question, posts = begin(
        message.body, tap.person, tap.room,
        source=target, root=root, at=message.at, context=context, talk=True,
    )  # fmt: skip
    if known is not None and known.state is not QuestionState.GONE:
        return posts
    noted = Say(tap.room.room_id, replies.noted(context.words, question.name), thread=root)
    return [*posts, noted]


def _let_go(question: AskedQuestion, context: Context) -> Posts:
    """❓ is taken back before anybody answered: nobody looks after it any more."""
    if question.state is QuestionState.OPEN:
        listening.end(context.connection, KIND, str(question.id))
        asked.change(
            context.connection, question.id,
            state=QuestionState.GONE, text="", changed_at=context.now,
        )  # fmt: skip
    return ()


# ── noticed ───────────────────────────────────────────────────────────────────────────────────


def notice(said: Said, context: Context) -> Posts:
    """Somebody of a city asks the room something: see on the next working day if it was heard."""
    if said.msgtype != "m.text" or said.thread_root is not None or not said.may_be_root:
        return ()
    if not asks_something(said.body):
        return ()
    present = rooms.presence(context.connection, said.room_id, said.sender)
    if present is None or present[2] != "join" or present[0].kind is not RoomKind.CLUSTER:
        return ()
    room, person = present[0], present[1]
    if person.city is None or not person.archive or not room.archive_on:
        return ()
    return (
        Alarm(
            Timer(
                key=f"question/offer/{said.event_id}",
                kind=OFFER,
                wall_time=_later(said.at, rules.OFFER_AFTER, context),
                time_zone=context.settings.community.time_zone,
                room_id=said.room_id,
                payload={"event": said.event_id},
            )
        ),
    )


def offer(event: TimerDue, context: Context) -> Posts:
    """Nobody has answered: one line in the thread, once."""
    source = EventId(event.payload["event"])
    key = f"question/offer/{source}"
    message = archive.get(context.connection, source)
    if message is None or not message.body or asked.of_source(context.connection, source):
        return ()
    if outbox.was_posted(context.connection, key) or not asks_something(message.body):
        return ()
    present = rooms.presence(context.connection, message.room_id, message.sender)
    if present is None or present[2] != "join" or not present[0].joined:
        return ()
    room, asker = present[0], as_of_now(context.connection, present[1])
    if is_paused(context.connection, room.cluster, context.now):
        return ()
    if _somebody_answered(source, room, asker, context):
        return ()
    to = Mention(asker.user_id, asker.display_name)
    words = context.words_for(asker)
    return [Say(RoomId(room.room_id), replies.offered(words, to), thread=source, key=key)]


def _somebody_answered(root: EventId, room: Room, asker: Person, context: Context) -> bool:
    for message in archive.thread(context.connection, [room.id], root):
        speaker = people.get(context.connection, message.sender)
        if speaker is not None and rules.is_answer(speaker, asker.user_id, asker.city):
            return True
    return False

"""How a message is answered: read, permitted, its arguments filled in, handed to its handler."""

from dataclasses import replace
from datetime import timedelta

from commands import listeners, reading, replies
from commands.arguments import Missing, Refusal, Surroundings, read_arguments
from commands.catalogue import CATALOGUE
from commands.command import AnyCommand, Call
from commands.context import Context
from commands.conversing import conversation_of, hear
from commands.errors import MemberError
from commands.events import Said
from commands.permissions import Who
from commands.posts import Posts, Say, Tell
from commands.reading import Answer, Cancelled, Found, Heard, NotForUs, Unknown
from commands.rights import as_of_now, is_allowed
from storage import inbox, people, questions, rooms
from storage.listening import Conversation
from storage.questions import Place, Question
from storage.records import Person, Room, RoomKind

RESTED = timedelta(hours=1)
FILES = frozenset({"m.image", "m.file", "m.audio", "m.video"})
CHATTER = 5  # answers in conversations for each command that somebody may send in that time


def answer(said: Said, context: Context, *, corrected: bool = False) -> Posts:
    """What the hall answers to a message; nothing, most of the time.

    corrected: the words of an edit. A command put right is answered again; an edit is never
    taken for the answer to a question.
    """
    present = rooms.presence(context.connection, said.room_id, said.sender)
    if present is None:
        return ()
    room, asker, membership = present
    if membership != "join" or not room.joined:
        return ()
    asker = as_of_now(context.connection, asker)
    if room.kind is RoomKind.DIRECT and not rooms.is_for_two(context.connection, room):
        # Somebody else reads along: from now on it is a room like any other.
        room = replace(room, kind=RoomKind.OTHER)
    place = _place(said, room)
    question = questions.waiting(context.connection, place, asker.id, context.now)
    conversation = conversation_of(context.connection, said, direct=room.kind is RoomKind.DIRECT)
    in_clear = room.encrypted and not said.encrypted
    if corrected or in_clear:
        question = conversation = None
    awaited = question is not None or conversation is not None
    rested = question is None and conversation is not None and _has_rested(conversation, context)
    heard = _hear(said, room, context, awaited=awaited, rested=rested)
    words, prefix = context.words_for(asker), context.settings.prefix
    call = Call(None, said, asker, room, words, prefix=prefix)
    if question is None and conversation is not None and _is_part_of_it(said, heard, conversation):
        if isinstance(heard, Answer):
            call = replace(call, said=replace(said, body=heard.text))
        return _kept_short(hear(conversation, call, context), call, context)
    if isinstance(heard, NotForUs):
        return ()
    if isinstance(heard, Found) and not corrected and _was_put_right(said, context):
        return ()
    asked_so_far = people.count_command(context.connection, asker.id, context.now)
    allowed = context.settings.limits.commands_a_minute
    if asked_so_far > allowed:
        # Said once; whoever floods gets silence, and nobody else waits for it.
        return call.answer(replies.too_many(call.words)) if asked_so_far == allowed + 1 else ()
    if in_clear:  # whoever runs a homeserver can say that in anybody's name
        return call.answer(replies.not_encrypted(call.words)) if isinstance(heard, Found) else ()
    return _carry_out(heard, call, context, place, question)


def _was_put_right(said: Said, context: Context) -> bool:
    """Whether an edit came before the command that it edits, whose key or page of history was late:
    only what it says now is carried out."""
    return inbox.was_edited(context.connection, said.event_id, said.sender)


def _has_rested(conversation: Conversation, context: Context) -> bool:
    """Whether a conversation has been quiet for so long that words may be meant otherwise."""
    return conversation.since is not None and context.now - conversation.since > RESTED


def _is_part_of_it(said: Said, heard: Heard, conversation: Conversation) -> bool:
    """Whether words belong to a conversation; a photo in place of an answer may, too."""
    if said.msgtype in FILES:
        listener = listeners.of_kind(conversation.kind)
        return listener is not None and listener.files
    return isinstance(heard, Answer | Cancelled)


def _kept_short(posts: Posts, call: Call[None], context: Context) -> Posts:
    """What a conversation answers, unless it has answered far more than a person can say.

    Another bot would thank us for our thanks, and we for its: once we are silent, so is it. What
    was said still counts, only our answers to it are left out.
    """
    if not any(isinstance(post, Say | Tell) and post.key is None for post in posts):
        return posts
    answered = people.count_command(context.connection, -call.asker.id, context.now)
    if answered <= CHATTER * context.settings.limits.commands_a_minute:
        return posts
    return [post for post in posts if not isinstance(post, Say | Tell) or post.key is not None]


def _hear(
    said: Said, room: Room, context: Context, *, awaited: bool, rested: bool = False
) -> Heard:
    return reading.read(
        said,
        me=context.me,
        name=context.name,
        prefix=context.settings.prefix,
        direct=room.kind is RoomKind.DIRECT,
        awaited=awaited,
        rested=rested,
        catalogue=CATALOGUE,
    )


def _place(said: Said, room: Room) -> Place:
    """Where a question waits: in its thread; a direct chat is one conversation."""
    if room.kind is RoomKind.DIRECT:
        return room.room_id
    return said.thread_root or said.event_id


def _carry_out(
    heard: Heard, call: Call[None], context: Context, place: Place, question: Question | None
) -> Posts:
    match heard:
        case NotForUs():
            return ()
        case Unknown():
            return _suggest(heard, call, context)
        case Found(command, rest):
            if question is not None:
                questions.forget(context.connection, place, call.asker.id)
            return _run(command, rest, call, context, place)
        case Cancelled():
            questions.forget(context.connection, place, call.asker.id)
            return call.answer(replies.cancelled(call.words))
        case Answer(text):
            assert question is not None
            command = next(c for c in CATALOGUE if c.name == question.command)
            whole = f"{question.given} {text}".strip()
            anew = _said_anew(command, whole, call, context)
            if anew is not None:
                questions.forget(context.connection, place, call.asker.id)
                return _run(anew.command, anew.rest, call, context, place)
            return _run(command, whole, call, context, place, answering=True)


def _said_anew(asked: AnyCommand, answer: str, call: Call[None], context: Context) -> Found | None:
    """The command that somebody types in full, where no sign is needed, in place of an answer: the
    one that we asked about, or another if the words are no answer."""
    heard = reading.alone(call.said.body, CATALOGUE) if call.direct else None
    if not isinstance(heard, Found):
        return None
    if heard.command is asked and heard.rest:
        return heard
    given = read_arguments(asked.arguments, answer, surroundings(call, context))
    return heard if isinstance(given, Refusal) else None


def _suggest(unknown: Unknown, call: Call[None], context: Context) -> Posts:
    sign = call.sign
    usable = {c.name for c in CATALOGUE if is_allowed(c, call.asker, call.room, context)}
    close = [f"{sign}{name}" for name in unknown.suggestions if name in usable]
    return call.answer(
        replies.unknown_command(call.words, f"{sign}{unknown.typed}", close, f"{sign}help")
    )


def _run(
    command: AnyCommand,
    rest: str,
    call: Call[None],
    context: Context,
    place: Place,
    *,
    answering: bool = False,
) -> Posts:
    """Check, fill in, hand over. What a refused handler has done is undone; its count stays."""
    context.note(command.name)
    if not is_allowed(command, call.asker, call.room, context):
        named = f"{context.settings.prefix}{command.name}"
        if call.direct and command.who is Who.ROOM_ADMINS:
            return call.answer(replies.in_its_room(call.words, named))
        return call.answer(replies.not_allowed(call.words, named, command.who.value))
    around = surroundings(call, context)
    given = read_arguments(command.arguments, rest, around)
    if isinstance(given, Refusal):
        return call.answer(given.reply)
    if isinstance(given, Missing):
        asked = Question(command.name, rest)
        questions.ask(context.connection, place, call.asker.id, asked, context.now)
        return call.answer(replies.question(call.words, given.argument.question))
    if answering:  # a wrong answer may be put right, so a refusal leaves the question open
        questions.forget(context.connection, place, call.asker.id)
    filled = replace(call, arguments=given, private=command.private)
    try:
        with context.connection.begin_nested():
            return command.handler(filled, context)
    except MemberError as refusal:
        return call.answer(refusal.reply, quotes=refusal.quotes)


def surroundings(call: Call[None], context: Context) -> Surroundings:
    """What argument readers may know."""

    def find_people(name: str) -> list[Person]:
        return people.find_by_name(context.connection, name)

    return Surroundings(
        call.words,
        context.settings.community,
        find_people,
        call.said.mentions - {context.me},
        call.sign,
    )

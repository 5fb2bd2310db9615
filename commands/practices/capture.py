"""A message worth keeping: 📌 on it, or `!practice capture` in reply; its author is asked first."""

from dataclasses import dataclass

from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.listener import Tap
from commands.posts import Post, Posts, React, Tell
from commands.practices import replies, rules
from commands.practices.fields import FIVE, cut, excess
from commands.practices.following import CONSENT, withdraw
from commands.practices.interview import (
    KIND,
    next_open,
    tell_language,
)
from commands.practices.rules import Step
from commands.practices.showing import message_link
from commands.practices.vocabulary import verdict_in
from commands.words import N_, Words
from storage import archive, listening, people, practices, sources
from storage.listening import Conversation
from storage.records import (
    Answered,
    ArchivedMessage,
    EventId,
    Person,
    Practice,
    PracticeField,
    PracticeState,
    Room,
    Verdict,
)
from storage.sources import Source

F = PracticeField
PIN = "📌"
ASKED = "practice-consent/"  # key of the post that asks an author


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


def capture(call: Call[Nothing], context: Context) -> Posts:
    target = call.said.reply_to
    if target is None:
        raise MemberError(replies.capture_what(call.words, call.sign))
    message = _message(target, call.room, context)
    if message is None:
        raise MemberError(replies.nothing_to_capture(call.words, call.sign))
    before = practices.of_source(context.connection, target)
    if before is not None:
        raise MemberError(replies.captured_already(call.words, before.number))
    if message.sender == call.asker.user_id:
        return _begin(message, call.asker, call.room, context)
    author, posts = _ask(message, call.asker, call.room, context)
    return [*call.answer(replies.asked_author(call.words, author)), *posts]


def pin(tap: Tap, context: Context) -> Posts:
    """📌 on somebody's message; taken back before its author has answered, it asks no more."""
    target = tap.reacted.target
    before = practices.of_source(context.connection, target)
    if tap.taken_back:
        if before is None or before.state is not PracticeState.CAPTURED:
            return ()
        by = practices.begun_by(context.connection, before.number)
        return _end(before, context) if by == tap.person.id else ()
    if before is not None:
        return ()
    message = _message(target, tap.room, context)
    if message is None:
        return [Tell(tap.person.user_id, replies.nothing_to_capture(tap.words, ""), notice=True)]
    if message.sender == tap.person.user_id:
        return _begin(message, tap.person, tap.room, context)
    _author, posts = _ask(message, tap.person, tap.room, context)
    return [React(tap.room.room_id, target, "✉️"), *posts]


def _message(event_id: EventId, room: Room, context: Context) -> ArchivedMessage | None:
    """A message with its words, if it was said in this room and the archive holds it."""
    found = archive.get(context.connection, event_id)
    if found is None or not found.body or found.sender == context.me:
        return None
    return found if found.room_id == room.room_id else None


# ── one's own words ───────────────────────────────────────────────────────────────────────────


def _begin(message: ArchivedMessage, author: Person, room: Room, context: Context) -> Posts:
    """A draft of one's own words: the rest is asked in the direct chat."""
    practice = practices.start(
        context.connection, author, PracticeState.DRAFT, context.now,
        cluster=_cluster(author, room, context), source=(message.room_id, message.event_id),
    )  # fmt: skip
    posts = _take_words(practice, message, context)
    return [*posts, React(message.room_id, message.event_id, "✉️")]


def _cluster(author: Person, room: Room, context: Context) -> str | None:
    city = context.settings.community.city(author.city) if author.city else None
    return room.cluster or (city.cluster if city else None)


def _take_words(practice: Practice, message: ArchivedMessage, context: Context) -> list[Post]:
    """The message is the answer to what they do; then the first question, privately."""
    number, author = practice.number, practice.author
    answered = Answered(message.body, message.room_id, message.event_id)
    practices.answer(context.connection, number, F.WHAT_WE_DO, answered, context.now)
    subject = f"{practice.name}/{F.WHAT_WE_DO}"
    origin = Source(KIND, subject, author.user_id, talk=True)
    sources.add(context.connection, message.event_id, origin)
    tell_language(number, context)
    practice = practices.get(context.connection, number) or practice
    asked = next_open(practice, FIVE) or F.TITLE
    practices.change(context.connection, number, asking=asked)
    conversation = Conversation(author.user_id, KIND, practice.name, author.id)
    listening.begin(context.connection, conversation, context.now)
    words = context.words_for(author)
    lines = [replies.captured(words, practice)]
    over = excess(F.WHAT_WE_DO, message.body)
    if over:
        fits = cut(F.WHAT_WE_DO, message.body)
        lines.append(replies.too_long(words, F.WHAT_WE_DO, message.body, fits, over))
    reply = replies.question(words, asked, before=lines)
    return [Tell(author.user_id, reply, quotes=(message.event_id,) if over else ())]


# ── somebody else's ───────────────────────────────────────────────────────────────────────────


def _ask(
    message: ArchivedMessage, by: Person, room: Room, context: Context
) -> tuple[str, list[Post]]:
    """Ask the author, in the direct chat. Until the yes nothing of it is kept but that it was
    asked for."""
    author = people.get(context.connection, message.sender)
    assert author is not None  # the archive knows who spoke
    practice = practices.start(
        context.connection, author, PracticeState.CAPTURED, context.now,
        cluster=_cluster(author, room, context), source=(message.room_id, message.event_id), by=by,
    )  # fmt: skip
    # Heard of when the message goes: then there is nothing left to ask.
    origin = Source(KIND, f"{practice.name}/{F.WHAT_WE_DO}", author.user_id, talk=True)
    sources.add(context.connection, message.event_id, origin)
    return author.display_name, [_question(practice, message, by, context)]


def _question(practice: Practice, message: ArchivedMessage, by: Person, context: Context) -> Post:
    author = practice.author
    key = f"{ASKED}{practice.number}"
    for place in (author.user_id, key):
        conversation = Conversation(place, CONSENT, practice.name, author.id)
        listening.begin(context.connection, conversation, context.now)
    words = context.words_for(author)
    link = message_link(message.room_id, message.event_id, words.text("message"), context)
    reply = replies.may_i(words, by.display_name, message.body[:600], link)
    return Tell(author.user_id, reply, key=key, quotes=(message.event_id,))


def hear_consent(call: Call[None], subject: str, context: Context) -> Posts:
    """The author's yes or no, in words."""
    practice = _waiting(int(subject.removeprefix("P-")), call.asker, context)
    if practice is None:
        listening.end(context.connection, CONSENT, subject)
        return ()
    told = verdict_in(call.said.body)
    if told is None or told[0] is Verdict.PARTLY:
        return call.answer(replies.yes_or_no(call.words))
    return _decide(practice, call.words, context, agreed=told[0] is Verdict.YES)


def tap_consent(tap: Tap, context: Context) -> Posts:
    """The author's yes or no, in one tap on the question."""
    number = int((tap.post or "").removeprefix(ASKED) or 0)
    practice = _waiting(number, tap.person, context)
    if practice is None or tap.taken_back or tap.emoji not in "👍✅👎❌":
        return ()
    return _decide(practice, tap.words, context, agreed=tap.emoji in "👍✅")


def _waiting(number: int, person: Person, context: Context) -> Practice | None:
    practice = practices.get(context.connection, number)
    if practice is None or practice.state is not PracticeState.CAPTURED:
        return None
    return practice if practice.author.id == person.id else None


def _decide(practice: Practice, words: Words, context: Context, *, agreed: bool) -> Posts:
    listening.end(context.connection, CONSENT, practice.name)
    author = practice.author
    message = archive.get(context.connection, practice.source) if practice.source else None
    if agreed and message is not None and message.body:
        state = rules.after(practice.state, Step.AGREE)
        assert state is not None
        practices.step(context.connection, practice.number, state, author, context.now)
        return [*_take_words(practice, message, context), *_next(author, context)]
    posts: list[Post] = [Tell(author.user_id, replies.stays_talk(words), notice=True)]
    by = practices.begun_by(context.connection, practice.number)
    capturer = people.by_number(context.connection, [by]).get(by) if by else None
    if capturer is not None and capturer.id != author.id:
        reply = replies.would_rather_not(context.words_for(capturer), author.display_name)
        posts.append(Tell(capturer.user_id, reply, notice=True))
    return [*posts, *_end(practice, context), *_next(author, context)]


def _end(practice: Practice, context: Context) -> list[Post]:
    """Asked for no more."""
    listening.end(context.connection, CONSENT, practice.name)
    return withdraw(practice, None, context)


def _next(author: Person, context: Context) -> list[Post]:
    """In the direct chat one question is heard at a time: the next one that waits, if any."""
    waiting = practices.find(context.connection, states={PracticeState.CAPTURED}, author=author.id)
    for practice in waiting[:1]:
        conversation = Conversation(author.user_id, CONSENT, practice.name, author.id)
        listening.begin(context.connection, conversation, context.now)
    return []


CAPTURE = Command(
    name="practice capture",
    arguments=Nothing,
    handler=capture,
    summary=N_("make a practice of the message that you reply to; its author is asked first"),
    example="practice capture",
)

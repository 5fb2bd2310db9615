"""Answers: heard in the question's thread, carried back from elsewhere, followed ever after."""

from commands.command import Call
from commands.context import Context
from commands.events import Edited, Redacted
from commands.listener import Tap
from commands.permissions import may_coordinate
from commands.posts import Change, Post, Posts, React, Say
from commands.questions import replies, rules
from commands.questions.telling import (
    KIND,
    back_key,
    carried_reply,
    renew_copies,
    take,
    take_copies,
)
from storage import asked, listening, people, rooms, sources
from storage.asked_records import AskedQuestion, GivenAnswer, QuestionState
from storage.records import EventId, Person
from storage.sources import Source

CARRIED = "✉️"
HELPED = "✅"


def hear(call: Call[None], question: AskedQuestion, context: Context) -> Posts:
    """Words under a question, or under its copy: an answer, if they are somebody else's."""
    if question.state is QuestionState.GONE or call.said.msgtype != "m.text":
        return ()
    if not rules.is_answer(call.asker, question.asker, question.city):
        return ()
    cluster = call.room.cluster or question.cluster
    elsewhere = cluster != question.cluster
    carried = back_key(question, call.said.event_id) if elsewhere else None
    if carried and not call.asker.archive:
        return ()  # their words are kept nowhere, and so are carried nowhere
    given = GivenAnswer(
        question.id, call.said.event_id, call.asker.user_id, call.asker.city, cluster,
        call.said.at, carried,
    )  # fmt: skip
    asked.answer(context.connection, given)
    subject = f"{question.id}/answer"
    origin = Source(KIND, subject, call.asker.user_id, talk=True)
    sources.add(context.connection, call.said.event_id, origin)
    settle(question, context)
    if carried is None:
        return ()
    copy = carried_reply(given, call.said.body, context)
    back = Say(question.room_id, copy, thread=question.root, key=carried, notice=False)
    return [back, React(call.room.room_id, call.said.event_id, CARRIED)]


def settle(question: AskedQuestion, context: Context) -> AskedQuestion:
    """The state that follows from the answers there are."""
    given = asked.answers(context.connection, question.id)
    state = rules.state_of(given, question.state)
    if state is question.state:
        return question
    return asked.change(context.connection, question.id, state=state, changed_at=context.now)


# ── ✅ ─────────────────────────────────────────────────────────────────────────────────────────


def accept(tap: Tap, context: Context) -> Posts:
    """✅ on an answer, or on its copy: by who asked, or by their city where they have left."""
    given = (
        asked.answer_of(context.connection, tap.reacted.target)
        if tap.post is None
        else asked.answer_carried_as(context.connection, tap.post)
    )
    question = None if given is None else asked.get(context.connection, given.question)
    if given is None or question is None or question.state is QuestionState.GONE:
        return ()
    if tap.room.room_id != question.room_id or not _may_accept(tap.person, question, context):
        return ()
    asked.accept(context.connection, given.event_id, accepted=not tap.taken_back)
    now = settle(question, context)
    if now.state is not QuestionState.ANSWERED or question.state is now.state:
        return ()
    author = people.get(context.connection, given.author)
    who = str(given.author) if author is None else author.display_name
    thanks = replies.answered(context.words, question.name, who)
    posts: list[Post] = [Say(question.room_id, thanks, thread=question.root)]
    there = rooms.of_cluster(context.connection, given.cluster) if given.carried else None
    if there is not None and there.joined:
        posts.append(React(there.room_id, given.event_id, HELPED))
    return posts


def _may_accept(person: Person, question: AskedQuestion, context: Context) -> bool:
    if person.user_id == question.asker:
        return True
    present = rooms.presence(context.connection, question.room_id, question.asker)
    left = present is None or present[2] != "join"
    if not left:
        return False
    theirs = question.city is not None and person.city == question.city
    return theirs or may_coordinate(person, context.settings.community, question.cluster)


# ── followed ──────────────────────────────────────────────────────────────────────────────────


def corrected(event: Edited, subject: str, context: Context) -> Posts | None:
    """The words of a question, or of an answer that was carried back, are others now."""
    number, _, part = subject.partition("/")
    question = asked.get(context.connection, int(number))
    if question is None or question.state is QuestionState.GONE:
        return ()
    talk = any(one.talk for one in sources.of(context.connection, event.original))
    # Words that are kept nowhere are carried nowhere: the old ones go, and no new ones come.
    kept = people.lets_keep(context.connection, event.now.sender)
    if part == "answer":
        given = asked.answer_of(context.connection, event.original)
        if given is None or given.carried is None:
            return ()
        if not kept:
            return _gone(event.original, part, question, context)
        return [Change(given.carried, carried_reply(given, event.now.body, context))]
    if talk and not kept:
        return _gone(event.original, part, question, context)
    if not talk:
        return None  # `!ask`, put right: it is carried out anew
    now = asked.change(context.connection, question.id, text=event.now.body)
    return renew_copies(now, context)


def taken_back(event: Redacted, subject: str, context: Context) -> Posts:
    """An answer goes with its copy; a question with everything that repeats it."""
    number, _, part = subject.partition("/")
    sources.forget_message(context.connection, event.target, KIND)
    question = asked.get(context.connection, int(number))
    return () if question is None else _gone(event.target, part, question, context)


def _gone(event_id: EventId, part: str, question: AskedQuestion, context: Context) -> Posts:
    """What a message asked, or answered, is not to be kept any more."""
    if part == "answer":
        given = asked.answer_of(context.connection, event_id)
        asked.unanswer(context.connection, event_id)
        settle(question, context)
        carried = None if given is None else given.carried
        return () if carried is None else take(carried, context)
    gone = take_copies(question, context)
    listening.end(context.connection, KIND, str(question.id))
    asked.change(
        context.connection, question.id,
        state=QuestionState.GONE, text="", changed_at=context.now,
    )  # fmt: skip
    return gone

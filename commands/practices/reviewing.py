"""`!practice review`: opened by the owner, answered by peers of other cities and a facilitator."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from commands.arguments import argument, optional, text_to_end
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.events import Edited, Redacted
from commands.listener import Gone, Listener
from commands.permissions import roles_of
from commands.posts import Posts, React, Tell
from commands.practices import replies, review_replies, rules
from commands.practices.access import access, may_edit, practice_number
from commands.practices.fields import FIVE, missing
from commands.practices.following import NOTED, call_of
from commands.practices.interview import keep_reason, texts
from commands.practices.rules import Step
from commands.practices.showing import city_name, keep_card, renew_card
from commands.practices.vocabulary import control_in, verdict_in
from commands.reply import Inline
from commands.words import N_
from storage import listening, practices, reviews, sources
from storage.listening import Conversation
from storage.records import (
    Practice,
    PracticeField,
    PracticeState,
    ReviewAnswer,
    ReviewQuestion,
    Role,
)
from storage.sources import Source

S = PracticeState
KIND = "practice review"
OPEN = frozenset({S.SHARED, S.UNDER_REVIEW, S.NEEDS_INFO})
_NEEDS = re.compile(r"needs?(?:\s+info(?:rmation)?)?\b[\s:,–-]*", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Review:
    number: int = argument(practice_number, question=N_("Which practice? P-12, for example."))
    needs: str = optional(text_to_end, default="", rest=True, hint=N_("needs …"))


def review(call: Call[Review], context: Context) -> Posts:
    practice = access(call.arguments.number, call, context)
    if practice.state not in OPEN:
        raise MemberError(replies.cannot(call.words, practice, call.sign))
    if practice.author.id == call.asker.id:
        return _open(practice, call, context)
    city, facilitator = call.asker.city, is_facilitator(call, context)
    if not facilitator and city is not None and city == practice.city:
        if may_edit(practice, call.asker, context):
            return _open(practice, call, context)
        raise MemberError(review_replies.own_city(call.words, practice))
    if not facilitator and city is None:
        if may_edit(practice, call.asker, context):
            return _open(practice, call, context)
        raise MemberError(review_replies.no_city(call.words, call.sign))
    needs = _NEEDS.match(call.arguments.needs)
    if needs:
        return _need(practice, call.arguments.needs[needs.end() :].strip(), call, context)
    _under_review(practice, call, context)
    given = [
        one.question
        for one in reviews.find(context.connection, practice.number)
        if one.reviewer.id == call.asker.id
    ]
    following = rules.next_question(given) or ReviewQuestion.TUESDAY
    before = [review_replies.begins(call.words, practice, practice.text(PracticeField.TITLE))]
    return [
        *_ask(practice, following, call, context, before),
        *keep_card(practice.number, context),
    ]


def is_facilitator(call: Call[Any], context: Context) -> bool:
    return Role.EXPERT_FACILITATOR in roles_of(call.asker, context.settings.community)


def _open(practice: Practice, call: Call[Review], context: Context) -> Posts:
    if practice.state is not S.SHARED:
        raise MemberError(replies.cannot(call.words, practice, call.sign))
    _under_review(practice, call, context)
    said = call.answer(review_replies.opened(call.words, practice, call.sign))
    return [*said, *keep_card(practice.number, context)]


def _under_review(practice: Practice, call: Call[Review], context: Context) -> None:
    state = rules.after(practice.state, Step.REVIEW)
    if state is not None:
        practices.step(context.connection, practice.number, state, call.asker, context.now)


def _need(practice: Practice, what: str, call: Call[Review], context: Context) -> Posts:
    """A reviewer cannot judge it yet."""
    if not what:
        raise MemberError(review_replies.needs_what(call.words, practice, call.sign))
    _under_review(practice, call, context)
    now = practices.get(context.connection, practice.number) or practice
    state = rules.after(now.state, Step.ASK) or now.state
    number = practice.number
    practices.step(context.connection, number, state, call.asker, context.now, reason=what)
    keep_reason(practice, call, context)
    words = context.words_for(practice.author)
    told = review_replies.please_add(words, practice, call.asker.display_name, what)
    return [
        *call.answer(review_replies.asked(call.words, practice)),
        Tell(practice.author.user_id, told, quotes=(call.said.event_id,)),
        *keep_card(number, context),
    ]


# ── three questions ───────────────────────────────────────────────────────────────────────────


def _ask(
    practice: Practice,
    question: ReviewQuestion,
    call: Call[Any],
    context: Context,
    before: Sequence[Inline] = (),
) -> Posts:
    place = call.asker.user_id if call.direct else call.thread
    listening.end(context.connection, KIND, practice.name, person=call.asker.id)
    for where in filter(None, (place, f"reply/{context.cause}/0")):
        subject = f"{practice.name}/{question}"
        conversation = Conversation(where, KIND, subject, call.asker.id)
        listening.begin(context.connection, conversation, context.now)
    return call.answer(review_replies.question(call.words, question, before))


def hear_answer(call: Call[None], subject: str, context: Context) -> Posts:
    """A reviewer's answer: a yes or no, and why."""
    name, _, asked = subject.partition("/")
    practice = practices.get(context.connection, int(name.removeprefix("P-")))
    if practice is None or practice.state not in OPEN:
        _stop(subject, call, context)
        return ()
    question, order = ReviewQuestion(asked), list(ReviewQuestion)
    match control_in(call.said.body):
        case "cancel" | "done":
            _stop(subject, call, context)
            return call.answer(review_replies.later(call.words, practice, call.sign))
        case "back":
            earlier = order[max(0, order.index(question) - 1)]
            _stop(subject, call, context)
            return _ask(practice, earlier, call, context)
    told = verdict_in(call.said.body) if call.said.msgtype == "m.text" else None
    if told is None:
        before = [review_replies.begin_with_a_verdict(call.words)]
        return _ask(practice, question, call, context, before)
    verdict, text = told
    answer = ReviewAnswer(
        call.asker, question, verdict, text,
        call.asker.city, is_facilitator(call, context), call.said.event_id,
    )  # fmt: skip
    reviews.answer(context.connection, practice.number, answer, context.now)
    origin = Source(KIND, f"{name}/{call.asker.id}/{question}", call.said.sender)
    sources.add(context.connection, call.said.event_id, origin)
    _stop(subject, call, context)
    given = {
        one.question
        for one in reviews.find(context.connection, practice.number)
        if one.reviewer.id == call.asker.id
    }
    following = rules.next_question(given)
    if order.index(question) + 1 < len(order):
        following = order[order.index(question) + 1]
    card = keep_card(practice.number, context)
    if following is not None:
        return [*_ask(practice, following, call, context), *card]
    said = call.answer(review_replies.thanks(call.words, practice))
    return [*said, *card, _told_author(practice, call, context)]


def _stop(subject: str, call: Call[None], context: Context) -> None:
    listening.end(context.connection, KIND, subject, person=call.asker.id)


def _told_author(practice: Practice, call: Call[None], context: Context) -> Tell:
    answers = reviews.find(context.connection, practice.number)
    reply = review_replies.told_author(
        context.words_for(practice.author),
        practice,
        call.asker.display_name,
        city_name(call.asker.city, context),
        rules.reviewed(answers, practice.city),
        lacking=bool(missing(texts(practice), FIVE)),
    )
    return Tell(practice.author.user_id, reply, notice=True)


# ── corrections ───────────────────────────────────────────────────────────────────────────────


def follow_correction(event: Edited, subject: str, context: Context) -> Posts:
    """A reviewer's answer has other words now."""
    number, answer = _answer_of(subject, context)
    call = call_of(event, context)
    told = verdict_in(event.now.body)
    if answer is None or call is None or answer.event_id != event.original:
        return ()
    if told is None:
        before = [review_replies.begin_with_a_verdict(call.words)]
        return call.answer(review_replies.question(call.words, answer.question, before))
    changed = replace(answer, verdict=told[0], text=told[1])
    reviews.answer(context.connection, number, changed, context.now)
    done = React(event.now.room_id, event.original, NOTED)
    return [done, *keep_card(number, context)]


def follow_redaction(event: Redacted, subject: str, context: Context) -> Posts:
    """A reviewer's answer was taken back."""
    number, answer = _answer_of(subject, context)
    sources.forget(context.connection, KIND, subject)
    if answer is None or answer.event_id != event.target:
        return ()
    reviews.unanswer(context.connection, number, answer.reviewer.id, answer.question)
    return renew_card(number, context)


def _answer_of(subject: str, context: Context) -> tuple[int, ReviewAnswer | None]:
    name, person, question = subject.split("/")
    number = int(name.removeprefix("P-"))
    found = (
        one
        for one in reviews.find(context.connection, number)
        if one.reviewer.id == int(person) and one.question == question
    )
    return number, next(found, None)


def forget_reviewer(gone: Gone, context: Context) -> Posts:
    """Everything of a reviewer was erased: cards that told what they answered are made anew."""
    numbers = {row["practice_id"] for row in gone.traces.get("practice_review", ())}
    return [post for number in sorted(numbers) for post in renew_card(number, context)]


REVIEWS = Listener(
    KIND,
    said=hear_answer,
    corrected=follow_correction,
    taken_back=follow_redaction,
    erased=forget_reviewer,
)
REVIEW = Command(
    name="practice review",
    arguments=Review,
    handler=review,
    summary=N_("open a review, or answer its three questions; needs … asks for more"),
    example="practice review P-12",
)

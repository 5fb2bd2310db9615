"""`!ask`, `!question list|close`, and what questions hear besides commands."""

import re
from dataclasses import dataclass
from typing import Any

from commands.arguments import Reader, Refusal, Surroundings, argument, text_to_end
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.events import TimerDue
from commands.listener import Listener, Tap
from commands.permissions import may_coordinate
from commands.posts import Posts, Say
from commands.questions import asking, carrying, replies, routing
from commands.questions.leaving import forget_asker
from commands.questions.telling import KIND, as_asked
from commands.words import N_
from storage import asked, listening, rooms
from storage.asked_records import AskedQuestion, QuestionState
from storage.records import RoomKind


def _read_number(typed: str, around: Surroundings) -> int | Refusal:
    found = re.fullmatch(r"(?:Q[\s-]?)?([0-9]{1,9})[.,;:!?]?", typed.strip(), re.IGNORECASE)
    return int(found[1]) if found else Refusal(replies.no_number(around.words, typed))


question_number: Reader[int] = Reader(N_("question"), _read_number)


@dataclass(frozen=True, slots=True)
class Ask:
    question: str = argument(text_to_end, rest=True, question=N_("What would you like to know?"))


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


@dataclass(frozen=True, slots=True)
class One:
    question: int = argument(question_number, question=N_("Which one? For example Q-5."))


def ask(call: Call[Ask], context: Context) -> Posts:
    """Looked after until it is answered."""
    room = call.room
    if room.kind is not RoomKind.CLUSTER or room.cluster is None:
        theirs = rooms.rooms_of(context.connection, call.asker)
        names = [one.name for one in theirs if one.kind is RoomKind.CLUSTER]
        example = f"{call.prefix}{ASK.example}"
        raise MemberError(replies.ask_in_a_room(call.words, names, example))
    before = asked.of_source(context.connection, call.said.event_id)
    question, posts = asking.begin(
        call.arguments.question, call.asker, room,
        source=call.said.event_id, root=call.thread or call.said.event_id,
        at=call.said.at, context=context, talk=False,
    )  # fmt: skip
    said = replies.noted if before is None else replies.reworded
    return [*posts, *call.answer(said(call.words, question.name))]


def list_questions(call: Call[Nothing], context: Context) -> Posts:
    """Of this cluster; in private of all that the asker is in."""
    if call.room.cluster is not None:
        slugs = [call.room.cluster]
    else:
        slugs = rooms.clusters_of(context.connection, call.asker.id)
    if call.room.kind is RoomKind.COORDINATORS:
        slugs = [
            one.slug
            for one in context.settings.community.clusters
            if may_coordinate(call.asker, context.settings.community, one.slug)
        ]
    found = [
        one for slug in slugs for one in asked.find(context.connection, cluster=slug) if one.text
    ]
    shown = [(as_asked(one, call.words, context), one.state.value) for one in found[:10]]
    quotes = tuple(one.source for one in found[:10])
    return call.answer(replies.listed(call.words, shown), quotes=quotes)


def close(call: Call[One], context: Context) -> Posts:
    """By who asked it, or by a coordinator: answered, if anybody answered; else without."""
    question = _access(call, call.arguments.question, context)
    community = context.settings.community
    theirs = call.asker.user_id == question.asker
    if not theirs and not may_coordinate(call.asker, community, question.cluster):
        raise MemberError(replies.not_yours(call.words, question.name))
    answers = asked.answers(context.connection, question.id)
    state = QuestionState.ANSWERED if answers else QuestionState.UNANSWERED
    asked.change(context.connection, question.id, state=state, changed_at=context.now)
    return call.answer(replies.closed(call.words, question.name, answered=bool(answers)))


def _access(call: Call[Any], number: int, context: Context) -> AskedQuestion:
    """A question that may be seen here: in its cluster's room, or in private by its members."""
    found = asked.get(context.connection, number)
    mine = rooms.clusters_of(context.connection, call.asker.id)
    here = found is not None and (
        call.room.cluster == found.cluster or (call.room.cluster is None and found.cluster in mine)
    )
    if found is None or not here or not found.text:
        raise MemberError(replies.unknown(call.words, f"Q-{number}"))
    return found


# ── what comes by itself ──────────────────────────────────────────────────────────────────────


def due(event: TimerDue, context: Context) -> Posts:
    """An alarm of a question."""
    match event.kind:
        case asking.DUE:
            return routing.due(event, context)
        case asking.OFFER:
            return asking.offer(event, context)
        case asking.STALE:
            return _stale(event, context)
        case _:
            return ()


def _stale(event: TimerDue, context: Context) -> Posts:
    question = asked.get(context.connection, event.payload["question"])
    if question is None or question.state is not QuestionState.OPEN:
        return ()
    state = QuestionState.UNANSWERED
    asked.change(context.connection, question.id, state=state, changed_at=context.now)
    reply = replies.nobody_knew(context.words, question.name)
    return [Say(question.room_id, reply, thread=question.root, key=f"question/{question.id}/stale")]


def said(call: Call[None], subject: str, context: Context) -> Posts:
    """Words under a question, its copy, or what was offered to the coordinators."""
    number, _, part = subject.partition("/")
    question = asked.get(context.connection, int(number))
    if question is None:
        listening.end(context.connection, KIND, subject)
        return ()
    if part == "offer":
        return routing.hear_offer(call, question, context)
    return carrying.hear(call, question, context)


def tapped(tap: Tap, context: Context) -> Posts:
    """❓ on one's own message, ✅ on an answer, 👍 or ⏭️ on what the coordinators are asked."""
    parts = (tap.post or "").split("/")
    if tap.emoji in asking.MARKS and (tap.post is None or parts[:2] == ["question", "offer"]):
        return asking.mark(tap, context)
    if tap.emoji in ("✅", "✔"):
        return carrying.accept(tap, context)
    if len(parts) == 4 and parts[2] == "offer" and parts[1].isdecimal():
        question = asked.get(context.connection, int(parts[1]))
        if question is not None:
            return routing.tap_offer(tap, question, parts[3], context)
    return ()


ASK = Command(
    name="ask",
    arguments=Ask,
    handler=ask,
    summary=N_("a question that is looked after until it is answered"),
    example="ask Who insures volunteers that lead walking tours?",
)
LIST = Command(
    name="question list",
    arguments=Nothing,
    handler=list_questions,
    summary=N_("questions that wait for an answer"),
    example="question list",
)
CLOSE = Command(
    name="question close",
    arguments=One,
    handler=close,
    summary=N_("a question needs no answer any more"),
    example="question close Q-5",
)
COMMANDS = (ASK, LIST, CLOSE)

QUESTIONS = Listener(
    kind=KIND,
    posts=("question/",),
    emojis=frozenset({*asking.MARKS, "✅", "✔"}),
    said=said,
    tapped=tapped,
    corrected=carrying.corrected,
    taken_back=carrying.taken_back,
    erased=forget_asker,
)

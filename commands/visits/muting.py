"""Reminders can be ended by whom they are for: with 🔕, or by a word."""

from dataclasses import dataclass

from commands.arguments import argument
from commands.command import Call
from commands.context import Context
from commands.listener import Tap
from commands.posts import Posts
from commands.visits import poll_words, promise_words
from commands.visits.access import access_visit, visit_number
from commands.visits.electing import named
from commands.visits.promising import access_own, promise_number
from commands.words import N_
from storage import promises, visits
from storage.records import EventId, UserId
from storage.visit_records import LineKind, Visit

MUTE = "🔕"


@dataclass(frozen=True, slots=True)
class MuteVisit:
    visit: int = argument(visit_number, question=N_("Which visit? For example V-3."))


@dataclass(frozen=True, slots=True)
class MutePromise:
    number: int = argument(promise_number, question=N_("Which one? For example A-7."))


def mute_visit(call: Call[MuteVisit], context: Context) -> Posts:
    visit = access_visit(call, call.arguments.visit, context)
    _quieten(visit, call.asker.user_id, call.said.event_id, context)
    return call.answer(poll_words.muted(call.words, named(visit, context).name))


def mute_promise(call: Call[MutePromise], context: Context) -> Posts:
    one = access_own(call, call.arguments.number, context)
    promises.change(context.connection, one.id, muted=True)
    return call.answer(promise_words.muted(call.words, one.name))


def tap_reminder(tap: Tap, visit: Visit, context: Context) -> Posts:
    """🔕 on a reminder; taken back, they come again."""
    user = tap.person.user_id
    if tap.taken_back:
        _forget(visit, user, context)
    else:
        _quieten(visit, user, tap.reacted.event_id, context)
    return ()


def tap_due(tap: Tap, context: Context) -> Posts:
    """The same on the reminder of a promise: "promise/7/due/…", in its owner's direct chat."""
    number = (tap.post or "").split("/")[1]
    one = promises.get(context.connection, int(number)) if number.isdecimal() else None
    if one is not None and one.owner == tap.person.user_id:
        promises.change(context.connection, one.id, muted=not tap.taken_back)
    return ()


def _quieten(visit: Visit, user: UserId, source: EventId, context: Context) -> None:
    _forget(visit, user, context)
    visits.add_line(
        context.connection,
        visit=visit.id,
        kind=LineKind.MUTE.value,
        text="",
        author=user,
        source=source,
        created_at=context.now,
    )


def _forget(visit: Visit, user: UserId, context: Context) -> None:
    for line in visits.lines(context.connection, visit.id, LineKind.MUTE):
        if line.author == user:
            visits.remove_line(context.connection, line.id)

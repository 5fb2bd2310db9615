"""Visits: what is asked for, tapped, answered, taken back, or due."""

from dataclasses import dataclass, replace
from datetime import timedelta

from commands.arguments import optional
from commands.command import Call
from commands.context import Context
from commands.dates.rules import Value
from commands.errors import MemberError
from commands.events import Edited, Redacted, TimerDue
from commands.listener import Ballot, Closing, Listener, Tap
from commands.posts import Posts
from commands.visits import (
    after,
    attending,
    card_words,
    closing,
    deciding,
    life_words,
    lines,
    muting,
    poll_words,
    proposing,
    reminding,
    renewing,
    replies,
    rules,
    voting,
)
from commands.visits.access import (
    access_visit,
    may_see,
    require_decider,
    require_state,
    visit_number,
    visit_of,
)
from commands.visits.electing import named, names_of
from commands.visits.leaving import forget_traveller
from commands.visits.showing import card_of, edit_card, span_of, titled
from storage import visits, votes
from storage.records import EventId, UserId
from storage.visit_records import ASKED, OVER, TAKES_PLACE, Visit, VisitState


@dataclass(frozen=True, slots=True)
class OneVisit:
    visit: int | None = optional(visit_number, default=None)


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


# ── to be looked at ───────────────────────────────────────────────────────────────────────────


def show(call: Call[OneVisit], context: Context) -> Posts:
    visit = access_visit(call, call.arguments.visit, context)
    shown = card_words.card(call.words, card_of(visit, call.words, context, call.sign))
    written = visits.lines(context.connection, visit.id)
    made = [one.source for one in written if one.source is not None]
    return call.answer(shown, quotes=(visit.source, *visit.sources, *made))


def list_visits(call: Call[Nothing], context: Context) -> Posts:
    found = [one for one in visits.find(context.connection) if may_see(call, one, context)]
    alive = [one for one in found if one.state is not VisitState.CANCELLED]
    lines = [(named(one, context, call.sign), one.state.value, span_of(one)) for one in alive[-20:]]
    return call.answer(
        replies.visit_list(call.words, lines, call.sign), quotes=titled(*alive[-20:])
    )


def open_dates(call: Call[OneVisit], context: Context) -> Posts:
    visit = access_visit(call, call.arguments.visit, context, states={VisitState.DRAFT})
    return proposing.open_visit(call, visit, context)


def close_dates(call: Call[OneVisit], context: Context) -> Posts:
    visit = access_visit(call, call.arguments.visit, context, states={VisitState.POLLING})
    require_decider(call, visit, context)
    require_state(call, visit, context, {VisitState.POLLING})
    return closing.close(visit, context)


def remind_silent(call: Call[OneVisit], context: Context) -> Posts:
    """While dates are asked; of a decided visit, those whom a move has asked anew."""
    decided = {VisitState.CONFIRMED}
    visit = access_visit(call, call.arguments.visit, context, states=ASKED, or_else=decided)
    require_decider(call, visit, context)
    require_state(call, visit, context, ASKED | decided)
    shown = named(visit, context, call.sign)
    if not reminding.were_asked(visit):
        return call.answer(life_words.nobody_asked_anew(call.words, shown))
    done = reminding.remind_now(visit, context)
    names = names_of(done.left, call.words, context)
    left = [names[voice.key] for voice in done.left]
    return [*done.posts, *call.answer(poll_words.reminded(call.words, shown, done.people, left))]


def send_calendar(call: Call[OneVisit], context: Context) -> Posts:
    visit = access_visit(call, call.arguments.visit, context, states=TAKES_PLACE)
    if visit.start is None:
        shown = named(visit, context, call.sign)
        state = visit.state.value
        raise MemberError(replies.not_in_this_state(call.words, shown, state), quotes=titled(visit))
    entry = deciding.calendar_file(visit, context)
    key = f"{entry.key}/{context.cause}"
    return [replace(entry, to=call.room.room_id, thread=call.thread, under=None, key=key)]


# ── what comes by itself ──────────────────────────────────────────────────────────────────────


def due(event: TimerDue, context: Context) -> Posts:
    """An alarm of a visit; one of an earlier round or revision is not meant any more."""
    visit = visits.get(context.connection, int(event.payload["visit"]))
    if visit is None:
        return ()
    given = event.payload
    this_round = given.get("round", visit.round) == visit.round
    match event.kind.removeprefix("visit "):
        case "card":
            return edit_card(visit, context)
        case "asked" if this_round and visit.state is VisitState.ASKING:
            return closing.open_to_the_room(visit, context)
        case "due" if this_round and visit.state is VisitState.POLLING:
            if visit.deadline > context.now:
                return ()  # it was put off
            return closing.deadline_came(visit, context)
        case "count" if this_round and visit.state is VisitState.CLOSING:
            return closing.stop_waiting(visit, context)
        case "late" if this_round and visit.state in COUNTED_OUT:
            return closing.gather_late(visit, context)
        case "remind" if this_round and visit.state is VisitState.POLLING:
            return reminding.remind(visit, context, event.key.rsplit("/", 1)[1])
        case "asked-anew" if this_round and visit.state is VisitState.CONFIRMED:
            return reminding.remind(visit, context, str(given["turn"]))
        case "nudge" if this_round and visit.state in (VisitState.POLLING, VisitState.CONFIRMED):
            return reminding.nudge(visit, UserId(given["person"]), context, given["turn"])
        case "soon" if _as_decided(visit, event):
            late = context.now - event.due > TOO_LATE
            return () if late else lines.remind_ahead(visit, given["days"], context)
        case "after" if _as_decided(visit, event):
            return after.held(visit, context)
        case "review" if visit.state in OVER and given["sequence"] == visit.sequence:
            return after.review(visit, context)
        case _:
            return ()


COUNTED_OUT = frozenset({VisitState.CLOSED, VisitState.CONFIRMED})
TOO_LATE = timedelta(hours=12)  # "in three days" is wrong the day after


def _as_decided(visit: Visit, event: TimerDue) -> bool:
    """Whether an alarm is for the days that stand now."""
    return visit.state is VisitState.CONFIRMED and event.payload["sequence"] == visit.sequence


def said(call: Call[None], subject: str, context: Context) -> Posts:
    """Words in the thread of a visit that has taken place are notes for its report."""
    number = subject.partition("/")[2]
    visit = visits.get(context.connection, int(number)) if number.isdecimal() else None
    return () if visit is None else after.take_note(call, visit, context)


def tapped(tap: Tap, context: Context) -> Posts:
    """✅ on what was understood or on the result, a keycap on the card, an answer on a poll."""
    parts = (tap.post or "").split("/")
    if parts[0] == "promise" and tap.emoji == muting.MUTE:
        return muting.tap_due(tap, context)
    number = visit_of(tap.post or "")
    visit = None if number is None else visits.get(context.connection, number)
    if visit is None:
        return ()
    match parts[2:]:
        case ["draft", *_] if tap.emoji == "✅" and not tap.taken_back:
            return proposing.tap_draft(tap, visit, context)
        case ["result", turn] if tap.emoji == "✅" and not tap.taken_back:
            current = turn == str(visit.round)
            return deciding.tap_result(tap, visit, context) if current else ()
        case ["remind", *_] if tap.emoji == muting.MUTE:
            return muting.tap_reminder(tap, visit, context)
        case ["out", line] if tap.emoji == "✅" and not tap.taken_back:
            return attending.tap_out(tap, visit, int(line), context)
        case ["report", *_] if tap.emoji == "✅":
            return after.tap_report(tap, visit, context)
        case ["card", *_] if (date := rules.tapped_date(tap.emoji)) is not None:
            return voting.tap_date(tap, visit, date, Value.YES, context)
        case ["poll", option, _] if tap.emoji in rules.TAPPED:
            return voting.tap_date(tap, visit, int(option), rules.TAPPED[tap.emoji], context)
        case _:
            return ()


def polled(ballot: Ballot, context: Context) -> Posts:
    """An answer to one of the polls in a card's thread."""
    visit, option = _poll(ballot.post, context)
    return () if visit is None else voting.take_ballot(ballot, visit, option, context)


def poll_ended(ended: Closing, context: Context) -> Posts:
    """One of those polls is over."""
    visit, option = _poll(ended.post, context)
    return () if visit is None else closing.poll_ended(ended, visit, option, context)


def removed(event: Redacted, post: str, context: Context) -> Posts:
    """A moderator deleted one of those polls: that date is withdrawn. A card comes anew."""
    visit, option = _poll(post, context)
    if visit is not None:
        return closing.withdraw(visit, option, post, context)
    number = visit_of(post)
    of_card = None if number is None else visits.get(context.connection, number)
    return () if of_card is None else renewing.card_removed(of_card, post, context)


def _poll(post: str, context: Context) -> tuple[Visit | None, int]:
    parts, number = post.split("/"), visit_of(post)
    if number is None or len(parts) != 5 or parts[2] != "poll":
        return None, 0
    return visits.get(context.connection, number), int(parts[3])


def corrected(event: Edited, subject: str, context: Context) -> Posts | None:
    """A command put right is carried out anew; what a vote had said is forgotten first."""
    if subject.startswith("vote/"):
        votes.forget(context.connection, EventId(event.original))
    if subject.startswith("line/"):
        return after.note_corrected(event, int(subject.partition("/")[2]), context)
    return None


VISITS = Listener(
    kind="visit",
    posts=("visit/", "promise/"),
    said=said,
    tapped=tapped,
    polled=polled,
    poll_ended=poll_ended,
    taken_back=renewing.taken_back,
    removed=removed,
    corrected=corrected,
    erased=forget_traveller,
)

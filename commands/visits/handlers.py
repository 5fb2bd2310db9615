"""Visits: what is asked for, tapped, answered, taken back, or due."""

from dataclasses import dataclass, replace

from commands.arguments import optional
from commands.command import Call, Command
from commands.context import Context
from commands.dates.rules import Value
from commands.errors import MemberError
from commands.events import Edited, Redacted, TimerDue
from commands.listener import Ballot, Closing, Listener, Tap
from commands.posts import Posts
from commands.visits import (
    changing,
    closing,
    deciding,
    proposing,
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
from commands.visits.electing import named
from commands.visits.showing import card_of, edit_card, span_of
from commands.words import N_
from storage import visits, votes
from storage.records import EventId, UserId
from storage.visit_records import ASKED, TAKES_PLACE, Visit, VisitState


@dataclass(frozen=True, slots=True)
class OneVisit:
    visit: int | None = optional(visit_number, default=None)


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


# ── to be looked at ───────────────────────────────────────────────────────────────────────────


def show(call: Call[OneVisit], context: Context) -> Posts:
    visit = access_visit(call, call.arguments.visit, context)
    return call.answer(replies.card(call.words, card_of(visit, call.words, context, call.sign)))


def list_visits(call: Call[Nothing], context: Context) -> Posts:
    found = [one for one in visits.find(context.connection) if may_see(call, one, context)]
    alive = [one for one in found if one.state is not VisitState.CANCELLED]
    lines = [(named(one, context, call.sign), one.state.value, span_of(one)) for one in alive[-20:]]
    return call.answer(replies.visit_list(call.words, lines))


def open_dates(call: Call[OneVisit], context: Context) -> Posts:
    visit = access_visit(call, call.arguments.visit, context, states={VisitState.DRAFT})
    return proposing.open_visit(call, visit, context)


def close_dates(call: Call[OneVisit], context: Context) -> Posts:
    visit = access_visit(call, call.arguments.visit, context, states={VisitState.POLLING})
    require_decider(call, visit, context)
    require_state(call, visit, context, {VisitState.POLLING})
    return closing.close(visit, context)


def remind_silent(call: Call[OneVisit], context: Context) -> Posts:
    visit = access_visit(call, call.arguments.visit, context, states=ASKED)
    require_decider(call, visit, context)
    require_state(call, visit, context, ASKED)
    told = [
        user
        for user in closing.silent_people(visit, context)
        if closing.was_reminded(visit, user, context) < 2
    ]
    posts = [post for user in told for post in closing.nudge(visit, user, context, "asked")]
    shown = named(visit, context, call.sign)
    return [*posts, *call.answer(replies.reminded(call.words, shown, len(posts)))]


def send_calendar(call: Call[OneVisit], context: Context) -> Posts:
    visit = access_visit(call, call.arguments.visit, context, states=TAKES_PLACE)
    if visit.start is None:
        shown = named(visit, context, call.sign)
        state = visit.state.value
        raise MemberError(replies.not_in_this_state(call.words, shown, state))
    entry = deciding.calendar_file(visit, context)
    return [replace(entry, to=call.room.room_id, thread=call.thread, under=None, key=None)]


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
        case "remind" if this_round and visit.state is VisitState.POLLING:
            return closing.remind(visit, context, event.key.rsplit("/", 1)[1])
        case "nudge" if this_round and visit.state is VisitState.POLLING:
            return closing.nudge(visit, UserId(given["person"]), context, given["turn"])
        case _:
            return ()


def tapped(tap: Tap, context: Context) -> Posts:
    """✅ on what was understood or on the result, a keycap on the card, an answer on a poll."""
    parts = (tap.post or "").split("/")
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
        case ["card"] if (date := rules.tapped_date(tap.emoji)) is not None:
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


def _poll(post: str, context: Context) -> tuple[Visit | None, int]:
    parts, number = post.split("/"), visit_of(post)
    if number is None or len(parts) != 5 or parts[2] != "poll":
        return None, 0
    return visits.get(context.connection, number), int(parts[3])


def taken_back(event: Redacted, subject: str, context: Context) -> Posts:
    """What was made from a message loses its words; a vote that is gone never was."""
    kind, _, number = subject.partition("/")
    visit = visits.get(context.connection, int(number)) if number.isdecimal() else None
    if visit is None:
        return ()
    match kind:
        case "vote":
            return voting.take_back(visit, event.target, context)
        case "visit":
            return edit_card(visits.change(context.connection, visit.id, title=""), context)
        case _:
            return ()


def corrected(event: Edited, subject: str, context: Context) -> Posts | None:
    """A command put right is carried out anew; what a vote had said is forgotten first."""
    if subject.startswith("vote/"):
        votes.forget(context.connection, EventId(event.original))
    return None


VISITS = Listener(
    kind="visit",
    posts=("visit/",),
    tapped=tapped,
    polled=polled,
    poll_ended=poll_ended,
    taken_back=taken_back,
    corrected=corrected,
)

# ── what is declared ──────────────────────────────────────────────────────────────────────────

PROPOSE = Command(
    name="visit propose",
    arguments=proposing.Propose,
    handler=proposing.propose,
    summary=N_("find a date for a visit: I show what I understood before I ask anybody"),
    example="visit propose Havnvoll 9-11 March, 16-18 March",
)
OPEN = Command(
    name="visit open",
    arguments=OneVisit,
    handler=open_dates,
    summary=N_("ask the room about the dates of a visit that was proposed"),
    example="visit open V-3",
)
VOTE = Command(
    name="vote",
    arguments=voting.Vote,
    handler=voting.vote,
    summary=N_("say which dates suit your city; the latest counts"),
    example="vote V-3 1 yes 2 maybe 3 no",
    whenever=True,
)
SHOW = Command(
    name="visit show",
    arguments=OneVisit,
    handler=show,
    summary=N_("a visit: its dates and how they stand, or what was decided"),
    example="visit show V-3",
    aliases=("visit", "visit options"),
)
LIST = Command(
    name="visit list",
    arguments=Nothing,
    handler=list_visits,
    summary=N_("the visits of this room; in our direct chat, of all your rooms"),
    example="visit list",
)
REMIND = Command(
    name="visit remind",
    arguments=OneVisit,
    handler=remind_silent,
    summary=N_("remind those who have not answered, in their direct chats"),
    example="visit remind V-3",
)
CLOSE = Command(
    name="visit close",
    arguments=OneVisit,
    handler=close_dates,
    summary=N_("count the answers now"),
    example="visit close V-3",
)
CONFIRM = Command(
    name="visit confirm",
    arguments=deciding.Confirm,
    handler=deciding.confirm,
    summary=N_("decide the date of a visit"),
    example="visit confirm V-3 2",
)
REOPEN = Command(
    name="visit reopen",
    arguments=deciding.Reopen,
    handler=deciding.reopen,
    summary=N_("ask again, with more dates if you name some; what was said stands"),
    example="visit reopen V-3 23-25 March",
)
MOVE = Command(
    name="visit move",
    arguments=changing.Move,
    handler=changing.move,
    summary=N_("give a visit other days, and tell calendars"),
    example="visit move V-3 6-8 April",
)
CANCEL = Command(
    name="visit cancel",
    arguments=changing.Cancel,
    handler=changing.cancel,
    summary=N_("call a visit off, and tell calendars"),
    example="visit cancel V-3 the host is on strike",
)
POSTPONE = Command(
    name="visit postpone",
    arguments=changing.OneVisit,
    handler=changing.postpone,
    summary=N_("leave the days of a visit open for now"),
    example="visit postpone V-3",
)
ONLINE = Command(
    name="visit online",
    arguments=changing.Online,
    handler=changing.hold_online,
    summary=N_("hold a visit online, at an hour of the host's clock"),
    example="visit online V-3 14:00 9 March",
)
HOST = Command(
    name="visit host",
    arguments=changing.Host,
    handler=changing.change_host,
    summary=N_("let another city host a visit"),
    example="visit host V-3 Havnvoll",
)
PLACE = Command(
    name="visit place",
    arguments=changing.Place,
    handler=changing.set_place,
    summary=N_("say where a visit takes place"),
    example="visit place V-3 Town Hall, room 12",
)
SPEAKER = Command(
    name="visit speaker",
    arguments=changing.Speaker,
    handler=changing.set_speaker,
    summary=N_("name who speaks for a city, when its lead cannot"),
    example="visit speaker V-3 @ann",
)
ICS = Command(
    name="visit ics",
    arguments=OneVisit,
    handler=send_calendar,
    summary=N_("the calendar file of a visit"),
    example="visit ics V-3",
)

COMMANDS = (
    PROPOSE, OPEN, VOTE, SHOW, LIST, REMIND, CLOSE, CONFIRM, REOPEN,
    MOVE, CANCEL, POSTPONE, ONLINE, HOST, PLACE, SPEAKER, ICS,
)  # fmt: skip

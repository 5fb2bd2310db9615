"""Votes come by poll, by tap or typed: one ledger, the latest counts, person by person."""

import re
from dataclasses import dataclass
from datetime import datetime

from commands.arguments import argument, city, option, text_to_end
from commands.command import Call
from commands.context import Context
from commands.dates.rules import Choice, Value, all_answered
from commands.errors import MemberError
from commands.listener import Ballot, Tap
from commands.permissions import may_coordinate, roles_of
from commands.posts import Post, Posts, React
from commands.visits import poll_words, replies, rules
from commands.visits.access import access_visit, require_state
from commands.visits.attending import after_a_change, decided_option, late_ballot, say_after_all
from commands.visits.closing import close, first_round_is_complete, open_to_the_room
from commands.visits.counting import count, options_of, said_by, speaks_for, still_open
from commands.visits.electing import CITY, named, names_of, zone_of
from commands.visits.proposing import poll_key
from commands.visits.recounting import recount
from commands.visits.showing import in_thread, refresh
from commands.words import N_
from storage import sources, votes
from storage.records import City, EventId, Role
from storage.sources import Source
from storage.visit_records import ASKED, Visit, VisitOption, VisitState, VisitVote

HEARD = frozenset({*ASKED, VisitState.CLOSING, VisitState.CLOSED, VisitState.CONFIRMED})
_NUMBER = re.compile(r"\s*v-?(\d+)\b[:,]?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Vote:
    answer: str = argument(
        text_to_end,
        rest=True,
        question=N_("What do you say to which date? For example: 1 yes 2 maybe 3 no"),
        hint=N_("answers"),
    )
    city: City | None = option(city, hint=N_("whom you answer for, if not your own city"))


def vote(call: Call[Vote], context: Context) -> Posts:
    """A typed vote: "1 yes 2 maybe 3 no", in any order; "V-3" before it where several are open."""
    text = call.arguments.answer
    match = _NUMBER.match(text)
    number = int(match[1]) if match else None
    visit = access_visit(call, number, context, states=ASKED)
    require_state(call, visit, context, HEARD)
    text = text[match.end() :] if match else text
    numbers = [one.number for one in options_of(visit, context) if not one.withdrawn]
    said = rules.read_votes(text, numbers)
    if said is None:
        raise MemberError(poll_words.unread_vote(call.words, text.strip(), numbers, call.sign))
    if visit.state is VisitState.CONFIRMED:
        return say_after_all(call, visit, said, _party(call, visit, context), context)
    open_now = [one.number for one in still_open(visit, context)]
    shown, typed = named(visit, context, call.sign), [*said]
    said = {n: value for n, value in said.items() if n in open_now}
    if visit.state in ASKED and open_now and not said:
        raise MemberError(poll_words.not_asked(call.words, shown, typed, open_now))
    if visit.state not in (*ASKED, VisitState.CLOSING) or not said:
        closed = visit.closing_since or visit.deadline
        raise MemberError(
            poll_words.vote_too_late(call.words, shown, closed.astimezone(zone_of(visit)))
        )
    party = _party(call, visit, context)
    votes.record(
        context.connection,
        [
            VisitVote(
                call.said.event_id, visit.id, n, call.asker.user_id, call.said.at, value.value,
                party, "command",
            )
            for n, value in said.items()
        ],
    )  # fmt: skip
    origin = Source("visit", f"vote/{visit.id}", call.said.sender)
    sources.add(context.connection, call.said.event_id, origin)
    counts_for = (party,) if party else speaks_for(visit, call.asker.user_id, context)
    names = names_of(visit.electorate, call.words, context)
    counted = said_by(visit, call.asker.user_id, party, context)
    receipt = poll_words.Receipt(
        named(visit, context, call.sign),
        tuple(names[key] for key in counts_for),
        tuple(counted.items()),
        visit.deadline.astimezone(context.zone_of(call.asker)),
    )
    acknowledged = React(call.room.room_id, call.said.event_id, "✅")
    told = call.answer(poll_words.receipt(call.words, receipt))
    return [acknowledged, *told, *after_a_vote(visit, call.said.event_id, context)]


def _party(call: Call[Vote], visit: Visit, context: Context) -> str | None:
    """The city that somebody stands in for, if they may."""
    chosen = call.arguments.city
    if chosen is None:
        return None
    key = f"{CITY}{chosen.slug}"
    community = context.settings.community
    leads = call.asker.city == chosen.slug and Role.CITY_LEAD in roles_of(call.asker, community)
    may = leads or may_coordinate(call.asker, community, visit.cluster)
    if key not in {voice.key for voice in visit.electorate} or not may:
        raise MemberError(replies.not_a_speaker(call.words, chosen.name))
    return key


# ── polls and taps ────────────────────────────────────────────────────────────────────────────


def take_ballot(ballot: Ballot, visit: Visit, number: int, context: Context) -> Posts:
    """An answer in a client's own poll. What cannot be read counts as a vote taken back."""
    if ballot.post != poll_key(visit, number):
        return ()  # a poll of an earlier round, which is over
    answered = ballot.answered
    value = rules.answered(ballot.post, answered.answers)
    decided = decided_option(visit, context)
    if decided is not None and decided.number == number and _is_late(answered.at, decided):
        return late_ballot(ballot, visit, value, context)
    vote_ = VisitVote(
        answered.event_id,
        visit.id,
        number,
        answered.sender,
        answered.at,
        "" if value is None else value.value,
        channel="poll",
    )
    votes.record(context.connection, [vote_])
    origin = Source("visit", f"vote/{visit.id}", answered.sender)
    sources.add(context.connection, answered.event_id, origin)
    return after_a_vote(visit, answered.event_id, context)


def _is_late(at: datetime, option: VisitOption) -> bool:
    return option.closed_at is not None and at > option.closed_at


def tap_date(tap: Tap, visit: Visit, number: int, value: Value, context: Context) -> Posts:
    """A keycap on the card is a yes; ✅ 🟡 ❌ on a date's poll say what they look like."""
    if number not in {one.number for one in options_of(visit, context)}:
        return ()
    if tap.taken_back:
        before = count(visit, context)
        votes.silence(context.connection, tap.reacted.event_id)
        return after_less(visit, before, context)
    if visit.state not in (VisitState.POLLING, VisitState.CLOSING):
        return ()
    vote_ = VisitVote(
        tap.reacted.event_id,
        visit.id,
        number,
        tap.person.user_id,
        tap.reacted.at,
        value.value,
        channel="tap",
    )
    told = _contradiction(tap, visit, vote_, context)
    votes.record(context.connection, [vote_])
    return [*told, *after_a_vote(visit, tap.reacted.event_id, context)]


def _contradiction(tap: Tap, visit: Visit, vote_: VisitVote, context: Context) -> list[Post]:
    """✅ and ❌ by one person on one date: the latest counts, and that is said, once a date."""
    standing = (
        Value(one.value)
        for one in votes.find(context.connection, visit.id)
        if (one.option, one.person, one.channel) == (vote_.option, vote_.person, "tap")
        and one.value not in ("", vote_.value)
        and one.event_id != vote_.event_id
    )
    other = next(standing, None)
    if other is None:
        return []
    told = poll_words.both_stand(
        context.words, tap.person.display_name, vote_.option, other, Value(vote_.value)
    )
    key = f"{poll_key(visit, vote_.option)}/both/{vote_.person}"
    # It names who tapped, so it goes with the tap.
    quotes = (tap.reacted.event_id,)
    return [in_thread(visit, told, key, notice=True, quotes=quotes, repeats=False)]


def after_a_vote(visit: Visit, event_id: EventId, context: Context) -> list[Post]:
    """The card follows; when the last one has answered, nothing is waited for.

    Where all had answered before, dates are being asked again: who changes a vote ends nothing.
    """
    if visit.state is VisitState.ASKING:
        if first_round_is_complete(visit, context):
            return open_to_the_room(visit, context)
        return []
    if visit.state is VisitState.CLOSED:
        return recount(visit, count(visit, context, but=event_id), context)
    if visit.state is VisitState.CONFIRMED:
        return after_a_change(visit, context)
    posts = refresh(visit, context)
    complete = visit.state is VisitState.POLLING and all_answered(count(visit, context))
    if complete and not all_answered(count(visit, context, but=event_id)):
        posts += close(visit, context)
    return posts


def after_less(visit: Visit, before: Choice, context: Context) -> list[Post]:
    """A vote was taken back: what follows from that."""
    if visit.state is VisitState.CLOSED:
        return recount(visit, before, context)
    if visit.state is VisitState.CONFIRMED:
        return after_a_change(visit, context)
    return refresh(visit, context) if visit.state in (*ASKED, VisitState.CLOSING) else []


def take_back(visit: Visit, event_id: EventId, context: Context) -> list[Post]:
    """A vote was redacted: what its person had said before stands again."""
    before = count(visit, context)
    votes.forget(context.connection, event_id)
    return after_less(visit, before, context)

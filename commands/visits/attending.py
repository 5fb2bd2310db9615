"""After the decision: who comes after all, who no longer does, and who is asked anew."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from commands.command import Call
from commands.context import Context
from commands.dates.reader import Span
from commands.dates.rules import COMES, Standing, Value
from commands.errors import MemberError
from commands.listener import Ballot, Tap
from commands.posts import Offer, Post, Posts, Say
from commands.reply import Mention
from commands.visits import decision_words, life_words, rules
from commands.visits.counting import count, options_of, speaks_for
from commands.visits.electing import deciders, named, names_of
from commands.visits.showing import in_thread, refresh, span_of
from storage import sources, visits, votes
from storage.records import EventId, UserId
from storage.sources import Source
from storage.visit_records import (
    Electorate,
    Line,
    LineKind,
    Visit,
    VisitOption,
    VisitState,
    VisitVote,
)


def decided_option(visit: Visit, context: Context) -> VisitOption | None:
    """The date that was decided for, while it is still to come."""
    if visit.state is not VisitState.CONFIRMED:
        return None
    span = span_of(visit)
    same = (one for one in options_of(visit, context) if Span(one.start, one.last) == span)
    return next(same, None)


def standing_now(visit: Visit, context: Context) -> Standing | None:
    """Who comes on the days that stand."""
    span = span_of(visit)
    found = (s for s in count(visit, context).standings if s.option.span == span)
    return next(found, None)


def say_after_all(
    call: Call[Any],
    visit: Visit,
    said: dict[int, Value],
    party: str | None,
    context: Context,
) -> Posts:
    """A typed vote when the date is decided: a yes is noted, a no is asked about first."""
    option = decided_option(visit, context)
    value = None if option is None else said.get(option.number)
    span = span_of(visit)
    if option is None or value is None:
        assert span is not None
        shown = named(visit, context, call.sign)
        raise MemberError(decision_words.already_decided(call.words, shown, span))
    user = call.asker.user_id
    keys = (party,) if party else speaks_for(visit, user, context)
    names = names_of(visit.electorate, call.words, context)
    who = [names[key] for key in keys]
    if value is Value.NO and _comes(visit, keys, context):
        assert span is not None
        line = _remember(visit, user, party, call.said.event_id, context)
        key = out_key(visit, line)
        told = life_words.not_coming(call.words, named(visit, context, call.sign), who, span)
        question = call.answer(told)
        return [*(replace(one, key=key) for one in question if isinstance(one, Say)),
                Offer(key, "✅")]  # fmt: skip
    posts = mark(visit, user, value, party, call.said.event_id, call.said.at, context)
    shown = named(visit, context)
    told = life_words.attendance(call.words, shown, who, comes=value is not Value.NO)
    return [*call.answer(told), *posts]


def late_ballot(ballot: Ballot, visit: Visit, value: Value | None, context: Context) -> Posts:
    """The same in a client that has not seen the end of the poll yet."""
    answered, user = ballot.answered, ballot.answered.sender
    keys = speaks_for(visit, user, context)
    span = span_of(visit)
    if value is None or not keys or span is None:
        return ()
    if value is not Value.NO:
        return mark(visit, user, value, None, answered.event_id, answered.at, context)
    if not _comes(visit, keys, context):
        return ()
    line = _remember(visit, user, None, answered.event_id, context)
    names = names_of(visit.electorate, context.words, context)
    who = [names[key] for key in keys]
    someone = Mention(user, ballot.person.display_name)
    told = life_words.not_coming(context.words, named(visit, context), who, span, someone)
    key = out_key(visit, line)
    return [in_thread(visit, told, key), Offer(key, "✅")]


def out_key(visit: Visit, line: Line) -> str:
    """The post that asks whether somebody does not come."""
    return f"visit/{visit.id}/out/{line.id}"


def _remember(
    visit: Visit, user: UserId, party: str | None, source: EventId, context: Context
) -> Line:
    """Who is asked whether they no longer come, and for whom."""
    return visits.add_line(
        context.connection,
        visit=visit.id,
        kind=LineKind.LEAVING.value,
        text="",
        author=user,
        source=source,
        created_at=context.now,
        city=party,
    )


def tap_out(tap: Tap, visit: Visit, number: int, context: Context) -> Posts:
    """✅ on that question, by whom it was put to."""
    line = visits.line(context.connection, number)
    if line is None or line.kind is not LineKind.LEAVING or line.author != tap.person.user_id:
        return ()
    assert line.source is not None
    if decided_option(visit, context) is None:
        return ()
    return mark(visit, line.author, Value.NO, line.city, line.source, tap.reacted.at, context)


def _comes(visit: Visit, keys: tuple[str, ...], context: Context) -> bool:
    standing = standing_now(visit, context)
    voices = {} if standing is None else standing.voices
    return any(key in voices and voices[key].value in COMES for key in keys)


def mark(
    visit: Visit,
    user: UserId,
    value: Value,
    party: str | None,
    event_id: EventId,
    at: datetime,
    context: Context,
) -> list[Post]:
    """Written into the ledger of the date that was decided; its first close is over with."""
    option = decided_option(visit, context)
    if option is None:
        return []
    open_again(visit, option, context)
    vote = VisitVote(event_id, visit.id, option.number, user, at, value.value, party, "after")
    votes.record(context.connection, [vote])
    sources.add(context.connection, event_id, Source("visit", f"vote/{visit.id}", user))
    return after_a_change(visit, context)


def open_again(visit: Visit, option: VisitOption, context: Context) -> None:
    """Answers count again; those that came too late for its poll are as if never sent."""
    if option.closed_at is not None:
        votes.forget_later(context.connection, visit.id, option.number, option.closed_at)
        visits.change_option(context.connection, visit.id, option.number, closed_at=None)


def after_a_change(visit: Visit, context: Context) -> list[Post]:
    """The card follows; who must come and cannot is told to those who decide."""
    posts = refresh(visit, context)
    if visit.override:
        return posts
    who = deciders(visit, context)
    names = names_of(visit.electorate, context.words, context)
    for voice in cannot(visit, context):
        told = life_words.lost(context.words, named(visit, context), names[voice.key], who)
        key = f"visit/{visit.id}/lost/{visit.sequence}/{voice.key}"
        posts.append(in_thread(visit, told, key))
    return posts


def cannot(visit: Visit, context: Context) -> list[Electorate]:
    """Who must come, and has said no to the days that stand."""
    standing = standing_now(visit, context)
    voices = {} if standing is None else standing.voices
    return [
        voice
        for voice in visit.electorate
        if voice.required and voice.key in voices and voices[voice.key].value is Value.NO
    ]


# ── other days ────────────────────────────────────────────────────────────────────────────────


def give_days(visit: Visit, span: Span, context: Context) -> int:
    """The number of the date of these days, with what was said to them, or to days about them."""
    connection = context.connection
    known = {Span(one.start, one.last): one for one in options_of(visit, context)}
    if span in known:
        open_again(visit, known[span], context)
        return known[span].number
    number = visits.add_options(connection, visit.id, [(span.start, span.last)])[-1].number
    around = {
        one.number: one.closed_at
        for days, one in known.items()
        if days.start <= span.start and span.last <= days.last
    }
    ledger = votes.find(connection, visit.id)
    votes.record(connection, [replace(v, option=number) for v in rules.still_true(ledger, around)])
    return number

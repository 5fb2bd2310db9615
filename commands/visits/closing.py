"""Dates close when all have answered or at the deadline: to the moment that clients see, too."""

from dataclasses import replace
from datetime import timedelta

from commands.context import Context
from commands.dates.reader import Span
from commands.dates.rules import Because, Status, Value, all_answered, silent_parties
from commands.listener import Closing
from commands.posts import EndPoll, Gather, Offer, Post, Posts, Tell
from commands.reply import Mention
from commands.visits import electing, poll_words, rules, tally_words
from commands.visits.counting import count, options_of, still_open
from commands.visits.electing import named, names_of, zone_of
from commands.visits.proposing import alarm, ask_room, poll_key, show_card
from commands.visits.recounting import result_key, result_of, unread_answers
from commands.visits.showing import edit_card, in_thread, titled
from storage import outbox, people, visits, votes
from storage.visit_records import Visit, VisitState, VisitVote

PATIENCE = timedelta(seconds=90)  # for the ends of polls to come back to us
LATE = timedelta(minutes=1)  # for votes that other homeservers bring
EXTENSION = timedelta(hours=24)


# ── asked first ───────────────────────────────────────────────────────────────────────────────


def first_round_is_complete(visit: Visit, context: Context) -> bool:
    """Whether all who must come have answered to all dates."""
    required = {voice.key for voice in visit.electorate if voice.required and voice.people}
    return not required & set(silent_parties(count(visit, context)))


def open_to_the_room(visit: Visit, context: Context) -> list[Post]:
    """The room is asked about what those who must come have not refused."""
    choice = count(visit, context)
    required = [voice for voice in visit.electorate if voice.required]
    blockers: dict[str, None] = {}
    for one in choice.standings:
        refused = [v.key for v in required if one.voices[v.key].value is Value.NO]
        if refused:
            blockers |= dict.fromkeys(refused)
            number = one.option.number
            visits.change_option(context.connection, visit.id, number, refused_by=refused[0])
    if not still_open(visit, context):
        visits.change(context.connection, visit.id, state=VisitState.POSTPONED.value)
        someone = people.know(context.connection, visit.proposer)
        words = context.words_for(someone)
        names = names_of(visit.electorate, words, context)
        shown = named(visit, context, "")
        told = poll_words.none_left(words, shown, [names[key] for key in blockers])
        return [Tell(visit.proposer, told, quotes=titled(visit))]
    visit = visits.change(context.connection, visit.id, state=VisitState.POLLING.value)
    if all_answered(count(visit, context)):
        return [*show_card(visit, context), *conclude(visit, context)]  # nobody is left to ask
    return ask_room(visit, context)


# ── the deadline ──────────────────────────────────────────────────────────────────────────────


def deadline_came(visit: Visit, context: Context) -> Posts:
    """Once more is waited if a date hangs on somebody who must come; else it closes."""
    choice = count(visit, context)
    hopeful = [s for s in choice.standings if s.status is Status.WAITING]
    if choice.best or not hopeful or visit.extended:
        return close(visit, context)
    awaited = {
        key for s in hopeful for r in s.reasons if r.because is Because.SILENT for key in r.parties
    }
    until = rules.humane(visit.deadline + EXTENSION, zone_of(visit))
    latest = max(s.option.span.start for s in hopeful)
    if not awaited or until.astimezone(zone_of(visit)).date() >= latest:
        return close(visit, context)
    visit = visits.change(context.connection, visit.id, deadline=until, extended=True)
    voices = [voice for voice in visit.electorate if voice.key in awaited]
    known = electing.people_of(voices, context)
    names = names_of(voices, context.words, context)
    who: list[Mention | str] = []
    for voice in voices:
        asked = electing.spokesperson(voice)
        who += [Mention(user, known.get(user, user)) for user in asked] or [names[voice.key]]
    told = poll_words.extended(
        context.words, named(visit, context), who, until.astimezone(zone_of(visit))
    )
    key = f"visit/{visit.id}/extended/{visit.round}"
    return [
        in_thread(visit, told, key),
        alarm(visit, "due", until, f"due/{visit.round}/again"),
        *edit_card(visit, context),
    ]


def close(visit: Visit, context: Context) -> list[Post]:
    """End the polls. Dates are closed when the ends are seen in the room, at their moment."""
    visit = visits.change(
        context.connection, visit.id, state=VisitState.CLOSING.value, closing_since=context.now
    )
    over = poll_words.poll_over(context.words, named(visit, context))
    posts: list[Post] = [
        EndPoll(poll_key(visit, one.number), over) for one in still_open(visit, context)
    ]
    if not posts:
        return conclude(visit, context)
    patience = context.now + PATIENCE
    return [*posts, alarm(visit, "count", patience, f"count/{visit.round}")]


def poll_ended(closing: Closing, visit: Visit, number: int, context: Context) -> Posts:
    """The end of a date's poll, by us or by a moderator: its moment is the date's close."""
    if closing.post != poll_key(visit, number):
        return ()
    if not visits.close_option(context.connection, visit.id, number, closing.ended.at):
        return ()
    if still_open(visit, context):
        return edit_card(visit, context) if visit.state is VisitState.POLLING else ()
    return conclude(visit, context)


def end_polls(visit: Visit, context: Context) -> list[Post]:
    """What is asked no more shows so in clients."""
    over = poll_words.poll_over(context.words, named(visit, context))
    return [
        EndPoll(poll_key(visit, one.number), over)
        for one in still_open(visit, context)
        if outbox.was_posted(context.connection, poll_key(visit, one.number))
    ]


def withdraw(visit: Visit, number: int, post: str, context: Context) -> Posts:
    """Its poll was deleted: the date is no longer to choose; what was said to it is kept."""
    asked = visit.state in (VisitState.POLLING, VisitState.CLOSING)
    if post != poll_key(visit, number) or not asked:
        return ()
    known = next(one for one in options_of(visit, context) if one.number == number)
    visits.change_option(context.connection, visit.id, number, withdrawn=True)
    span = Span(known.start, known.last)
    told = poll_words.withdrawn(context.words, named(visit, context), number, span)
    key = f"visit/{visit.id}/withdrawn/{number}/{visit.round}"
    posts: list[Post] = [in_thread(visit, told, key), *edit_card(visit, context)]
    if not still_open(visit, context):
        return [*posts, *conclude(visit, context)]
    if visit.state is VisitState.POLLING and all_answered(count(visit, context)):
        posts += close(visit, context)
    return posts


def stop_waiting(visit: Visit, context: Context) -> Posts:
    """An end that never came back: from now on no vote counts."""
    for one in still_open(visit, context):
        visits.close_option(context.connection, visit.id, one.number, context.now)
    return conclude(visit, context)


def conclude(visit: Visit, context: Context) -> list[Post]:
    """The result, explained; a person decides."""
    if visit.state not in (VisitState.CLOSING, VisitState.POLLING):
        return []
    closes = [one.closed_at for one in options_of(visit, context) if one.closed_at is not None]
    closed = max(closes, default=context.now)
    visit = visits.change(
        context.connection, visit.id, state=VisitState.CLOSED.value, closing_since=closed
    )
    choice = count(visit, context)
    told = result_of(visit, choice, context)
    if choice.best == () and all(s.status is Status.OUT for s in choice.standings):
        told = replace(told, free=electing.free_days(visit, options_of(visit, context), context))
    key = result_key(visit)
    posts: list[Post] = [
        in_thread(visit, tally_words.result(context.words, told), key),
        *edit_card(visit, context),
    ]
    if choice.winner is not None:
        posts.append(Offer(key, "✅"))
    if _asked_polls(visit, context):
        posts.append(alarm(visit, "late", context.now + LATE, f"late/{visit.round}"))
    return posts


def gather_late(visit: Visit, context: Context) -> list[Post]:
    """The homeserver is asked once more what was answered, and what of it was taken back."""
    ledger = votes.find(context.connection, visit.id)
    return [
        Gather(
            poll_key(visit, number),
            (
                *(one.event_id for one in ledger if one.option == number and _may_go(one)),
                *unread_answers(visit, number, context),
            ),
        )
        for number in _asked_polls(visit, context)
    ]


def _may_go(vote: VisitVote) -> bool:
    """Whether anything would follow from its redaction; of a tap that is the same as no value."""
    return bool(vote.value) or vote.channel != "tap"


def _asked_polls(visit: Visit, context: Context) -> list[int]:
    """The dates of this round whose polls stand, or stood, in the room."""
    return [
        one.number
        for one in options_of(visit, context)
        if not one.withdrawn and outbox.was_posted(context.connection, poll_key(visit, one.number))
    ]

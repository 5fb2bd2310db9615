"""A person decides: confirmed with its reason, reopened with other dates, and told to calendars."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from commands.arguments import argument, option, optional, text_to_end, word
from commands.command import Call
from commands.context import Context
from commands.dates.reader import Span
from commands.dates.rules import COMES, Because, Choice, Standing
from commands.errors import MemberError
from commands.listener import Tap
from commands.posts import Attach, Post, Posts
from commands.reply import Link, Mention
from commands.visits import calendar, decision_words, electing, proposal_words, rules
from commands.visits.access import (
    access_visit,
    may_decide,
    require_decider,
    require_state,
    visit_number,
)
from commands.visits.calendar import Call as OnlineCall
from commands.visits.calendar import Entry
from commands.visits.counting import count, options_of
from commands.visits.electing import named, names_of, zone_of
from commands.visits.lines import usual_checklist
from commands.visits.proposing import alarm, ask_room, read_deadline, read_spans, small_number
from commands.visits.showing import card_key, coming, edit_card, in_thread, span_of, titled
from commands.words import N_
from storage import outbox, sources, visits, votes
from storage.records import EventId, UserId
from storage.sources import Source
from storage.timers import due_instant
from storage.visit_records import UNDECIDED, Visit, VisitState

CALL_LENGTH = timedelta(hours=2)
OPEN_TO_DECIDE = frozenset({VisitState.CLOSED, VisitState.POLLING})


@dataclass(frozen=True, slots=True)
class Confirm:
    visit: int | None = optional(visit_number, default=None)
    number: int | None = optional(small_number, default=None)
    because: str | None = option(
        word, hint=N_("why all the same, where somebody who must come cannot")
    )


@dataclass(frozen=True, slots=True)
class Reopen:
    visit: int = argument(visit_number, question=N_("Which visit? For example V-3."))
    dates: str = optional(text_to_end, default="", rest=True, hint=N_("dates"))
    deadline: str | None = option(word)


def confirm(call: Call[Confirm], context: Context) -> Posts:
    """By command: the best date, or the one that is named."""
    given = call.arguments
    visit = access_visit(call, given.visit, context, states=UNDECIDED)
    require_decider(call, visit, context)
    shown, decided_on = named(visit, context, call.sign), span_of(visit)
    if visit.state is VisitState.CONFIRMED and decided_on is not None:
        raise MemberError(decision_words.already_decided(call.words, shown, decided_on))
    require_state(call, visit, context, OPEN_TO_DECIDE)
    choice = count(visit, context)
    chosen = _chosen(choice, given.number)
    if chosen is None:
        possible = [s.option.number for s in choice.best or choice.standings]
        raise MemberError(decision_words.choose_one(call.words, shown, possible))
    blocked = [k for r in chosen.reasons if r.because is Because.REFUSED for k in r.parties]
    missing = [k for r in chosen.reasons if r.because is Because.SILENT for k in r.parties]
    if (blocked or missing) and not given.because:
        names = names_of(visit.electorate, call.words, context)
        who = [names.get(key, key) for key in blocked or missing]
        number = chosen.option.number
        raise MemberError(decision_words.needs_a_reason(call.words, shown, number, who))
    if any(r.because in (Because.PAST, Because.WITHDRAWN) for r in chosen.reasons):
        possible = [s.option.number for s in choice.best or choice.standings]
        raise MemberError(decision_words.choose_one(call.words, shown, possible))
    if not given.because:
        return decide(visit, chosen.option.span, context)
    whence = call.said.event_id
    origin = Source("visit", f"override/{visit.id}", call.said.sender)
    sources.add(context.connection, whence, origin)
    return decide(visit, chosen.option.span, context, because=given.because, whence=whence)


def _chosen(choice: Choice, number: int | None) -> Standing | None:
    if number is None:
        return choice.winner
    return next((s for s in choice.standings if s.option.number == number), None)


def tap_result(tap: Tap, visit: Visit, context: Context) -> Posts:
    """✅ on the result decides for the best date, if there is one."""
    if visit.state is not VisitState.CLOSED or not may_decide(tap.person, visit, context):
        return ()
    winner = count(visit, context).winner
    return () if winner is None else decide(visit, winner.option.span, context)


def decide(
    visit: Visit, span: Span, context: Context, *, because: str = "", whence: EventId | None = None
) -> list[Post]:
    """The days stand: told to all who come, to calendars, and to whoever they take elsewhere."""
    again = visit.stamp is not None
    if not again:
        usual_checklist(replace(visit, start=span.start), context)
    visit = visits.change(
        context.connection,
        visit.id,
        state=VisitState.CONFIRMED.value,
        start=span.start,
        last=span.last,
        override=because,
        override_source=whence,
        stamp=context.now,
        sequence=visit.sequence + 1 if again else visit.sequence,
    )
    names = names_of(visit.electorate, context.words, context)
    choice = count(visit, context)
    decision = decision_words.Decision(
        named(visit, context),
        span,
        coming(visit, choice, names),
        tuple(comers(visit, choice, context)),
        because,
    )
    key = f"visit/{visit.id}/decision/{visit.sequence}"
    return [
        in_thread(
            visit,
            decision_words.decided(context.words, decision),
            key,
            quotes=() if whence is None else (whence,),
        ),
        *edit_card(visit, context),
        calendar_file(visit, context),
        *ahead(visit, context),
        *warn_others(visit, span, context),
    ]


def comers(visit: Visit, choice: Choice, context: Context) -> list[Mention]:
    """The people who said they come, and those who must."""
    standing = next((s for s in choice.standings if s.option.span == span_of(visit)), None)
    known = electing.people_of(visit.electorate, context)
    found: dict[UserId, None] = {}
    for voice in visit.electorate:
        said = None if standing is None else standing.voices.get(voice.key)
        if said is not None and said.value in COMES and said.by is not None:
            found[said.by] = None
        elif voice.required and (visit.override or said is None or said.value is None):
            found |= dict.fromkeys(electing.spokesperson(voice))
    return [Mention(user, known.get(user, user)) for user in found]


# ── calendars ─────────────────────────────────────────────────────────────────────────────────


def entry_of(visit: Visit, context: Context) -> Entry:
    """A visit as calendars have it."""
    words, community = context.words, context.settings.community
    domain = context.me.partition(":")[2].partition(":")[0]
    shown = named(visit, context)
    span = span_of(visit)
    assert span is not None
    names = names_of(visit.electorate, words, context)
    # Calendars go far: cities are told there, people never.
    cities = {key: name for key, name in names.items() if key.startswith(electing.CITY)}
    comes = coming(visit, count(visit, context), cities)
    when: Span | OnlineCall = span
    if visit.online_at is not None:
        when = OnlineCall(visit.online_at, CALL_LENGTH)
    told = [decision_words.who_comes(words, comes)] if comes else []
    if visit.online_at is not None:
        local = visit.online_at.astimezone(zone_of(visit))
        told.append(decision_words.local_time(words, local, visit.time_zone))
    card = outbox.event_of(context.connection, card_key(visit))
    cluster = community.cluster(visit.cluster)
    return Entry(
        uid=calendar.uid_of(visit.id, community.slug, domain),
        sequence=visit.sequence,
        stamp=visit.stamp or context.now,
        when=when,
        summary=decision_words.summary(words, shown),
        description="\n".join(told),
        organiser=community.name if cluster is None else cluster.title,
        domain=domain,
        location="" if visit.online_at is not None else visit.place or shown.host,
        url="" if card is None else f"https://matrix.to/#/{visit.room_id}/{card}",
        cancelled=visit.state in (VisitState.CANCELLED, VisitState.POSTPONED),
    )


def calendar_file(visit: Visit, context: Context) -> Attach:
    """The file for the room, beside words that say what to do with it."""
    entry = entry_of(visit, context)
    words = context.words
    link = (Link(calendar.google_link(entry), decision_words.google(words)),)
    caption = decision_words.calendar_caption(
        words, named(visit, context), visit.sequence, () if entry.cancelled else link
    )
    return Attach(
        visit.room_id,
        calendar.file_name(visit.host, visit.start),
        calendar.MIME,
        calendar.single_file(entry),
        caption,
        under=card_key(visit),
        key=f"visit/{visit.id}/ics/{visit.sequence}",
    )


# ── what follows ──────────────────────────────────────────────────────────────────────────────


def ahead(visit: Visit, context: Context) -> list[Post]:
    """Alarms before and after the days; those of other days find that they are not meant."""
    assert visit.start is not None
    assert visit.last is not None
    posts: list[Post] = []
    moments = [
        ("soon", visit.start - timedelta(days=days), {"days": days})
        for days in context.settings.visits.reminders
    ]
    moments.append(("after", visit.last + timedelta(days=1), {}))
    moments.append(("review", visit.last + rules.REVIEW_AFTER, {}))
    for what, day, more in moments:
        at = due_instant(datetime.combine(day, rules.MORNING), visit.time_zone)
        if at > context.now:
            more = {**more, "sequence": visit.sequence}
            key = f"{what}/{visit.sequence}/{more.get('days', '')}"
            posts.append(alarm(visit, what, at, key, **more))
    return posts


def warn_others(visit: Visit, span: Span, context: Context) -> list[Post]:
    """Dates elsewhere that have just become a clash are told where they are being asked."""
    mine = [electing.as_booked(visit, span)]
    posts: list[Post] = []
    for other in electing.still_asked(context, but=visit.id):
        known = electing.people_of(other.electorate, context)
        for one in options_of(other, context):
            there = Span(one.start, one.last)
            people = electing.bound(other.electorate)
            for clash in rules.clashes(there, people, other.host, mine):
                who = [known.get(user, user) for user in sorted(clash.people)]
                told = decision_words.clash_appeared(
                    context.words,
                    named(other, context),
                    one.number,
                    named(visit, context),
                    who or [named(visit, context).host],
                )
                key = f"visit/{other.id}/clash/{one.number}/{visit.id}/{visit.sequence}"
                posts.append(in_thread(other, told, key, quotes=titled(visit)))
    return posts


# ── asked again ───────────────────────────────────────────────────────────────────────────────


def reopen(call: Call[Reopen], context: Context) -> Posts:
    """More dates, or the same once more; what was said to the old ones stands."""
    given = call.arguments
    states = UNDECIDED - {VisitState.CLOSING}
    visit = access_visit(call, given.visit, context, states=states)
    require_decider(call, visit, context)
    require_state(call, visit, context, {*states, VisitState.CONFIRMED})
    zone = zone_of(visit)
    known = options_of(visit, context)
    new: list[Span] = []
    if given.dates.strip():
        new = read_spans(given.dates, visit.days, call, context, zone)
        for span in new:
            if any(span == Span(one.start, one.last) for one in known):
                raise MemberError(proposal_words.same_dates(call.words, span))
    today = context.now.astimezone(zone).date()
    current = [Span(o.start, o.last) for o in known if o.start > today and o.refused_by is None]
    if not current + new:
        raise MemberError(
            proposal_words.no_dates(call.words, f"{call.sign}visit reopen {visit.name} 9-11 March")
        )
    deadline = read_deadline(given.deadline, current + new, call, context, zone)
    return ask_again(visit, new, deadline, context)


def ask_again(visit: Visit, new: list[Span], deadline: datetime, context: Context) -> list[Post]:
    """A new round: a poll for each date that is still to choose, and the ledger as it is."""
    for one in options_of(visit, context):
        if one.closed_at is not None:
            votes.forget_later(context.connection, visit.id, one.number, one.closed_at)
            visits.change_option(context.connection, visit.id, one.number, closed_at=None)
    visits.add_options(context.connection, visit.id, [(span.start, span.last) for span in new])
    visit = visits.change(
        context.connection,
        visit.id,
        state=VisitState.POLLING.value,
        round=visit.round + 1,
        deadline=deadline,
        extended=False,
        closing_since=None,
        start=None,
        last=None,
        override="",
        override_source=None,
    )
    return ask_room(visit, context)

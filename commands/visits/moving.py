"""Other days for a decided visit: told to all, asked and reminded of those who are affected."""

from dataclasses import dataclass, replace

from commands.arguments import argument, option, text_to_end, word
from commands.command import Call
from commands.context import Context
from commands.dates.reader import Span
from commands.dates.rules import COMES
from commands.errors import MemberError
from commands.posts import Post, Posts
from commands.reply import Mention
from commands.visits import decision_words, electing, life_words, rules
from commands.visits.access import access_visit, require_decider, require_state, visit_number
from commands.visits.attending import cannot, give_days
from commands.visits.changing import changed, revised
from commands.visits.closing import end_polls
from commands.visits.counting import count
from commands.visits.deciding import ahead, calendar_file, warn_others
from commands.visits.electing import named, names_of, zone_of
from commands.visits.proposing import alarm, date_poll, read_spans
from commands.visits.reminding import unknown
from commands.visits.showing import coming, edit_card, span_of
from commands.words import N_
from storage import sources, visits
from storage.sources import Source
from storage.timers import due_instant
from storage.visit_records import Electorate, Visit, VisitState


@dataclass(frozen=True, slots=True)
class Move:
    visit: int = argument(visit_number, question=N_("Which visit? For example V-3."))
    dates: str = argument(
        text_to_end,
        rest=True,
        question=N_("To which days? For example 9-11 March."),
        hint=N_("dates"),
    )
    because: str | None = option(
        word, hint=N_("why all the same, where somebody who must come cannot")
    )


def move(call: Call[Move], context: Context) -> Posts:
    """Other days for a visit that was decided: those who said they come are asked again."""
    visit = access_visit(call, call.arguments.visit, context, states={VisitState.CONFIRMED})
    require_decider(call, visit, context)
    require_state(call, visit, context, {VisitState.CONFIRMED})
    before = span_of(visit)
    assert before is not None
    length = len(before.days)
    (now, *more) = read_spans(call.arguments.dates, length, call, context, zone_of(visit))
    shown, because = named(visit, context, call.sign), call.arguments.because
    if more:
        raise MemberError(decision_words.one_date(call.words, shown))
    if now == before:
        raise MemberError(decision_words.already_decided(call.words, shown, now))
    over = end_polls(visit, context)
    expected = _expected(visit, context)
    number = give_days(visit, now, context)
    visit = revised(
        visit,
        context,
        start=now.start,
        last=now.last,
        online_at=None,
        round=visit.round + 1,
        override=because or "",
        override_source=call.said.event_id if because else None,
    )
    refused = cannot(visit, context)
    if refused and not because:
        names = names_of(visit.electorate, call.words, context)
        who = [names[voice.key] for voice in refused]
        raise MemberError(decision_words.move_needs_a_reason(call.words, shown, now, who))
    if because:
        origin = Source("visit", f"override/{visit.id}", call.said.sender)
        sources.add(context.connection, call.said.event_id, origin)
    return _moved(visit, before, expected, [*over], number, context)


def _moved(
    visit: Visit,
    before: Span,
    expected: frozenset[str],
    over: list[Post],
    number: int,
    context: Context,
) -> list[Post]:
    """Told to all, and asked of those whose answer to the new days is not known."""
    now = span_of(visit)
    assert now is not None
    asked = unknown(visit, [v for v in visit.electorate if v.key in expected], context)
    visit = _remember(visit, asked, context)
    known = electing.people_of(asked, context)
    who = dict.fromkeys(user for voice in asked for user in electing.spokesperson(voice))
    told = life_words.moved(
        context.words,
        named(visit, context),
        before,
        now,
        [Mention(user, known.get(user, user)) for user in who],
        coming(visit, count(visit, context), names_of(visit.electorate, context.words, context)),
    )
    return [
        *over,
        changed(visit, told),
        *([date_poll(visit, number, now, context)] if asked else []),
        *edit_card(visit, context),
        calendar_file(visit, context),
        *ahead(visit, context),
        *warn_others(visit, now, context),
        *_alarms(visit, now, asked, context),
    ]


def _remember(visit: Visit, asked: list[Electorate], context: Context) -> Visit:
    """Who was asked anew is reminded of these days, and nobody else."""
    voices = [replace(v, anew=visit.round) if v in asked else v for v in visit.electorate]
    return visits.change(context.connection, visit.id, electorate=tuple(voices))


def _expected(visit: Visit, context: Context) -> frozenset[str]:
    """The voices that had said they come, or must; or were asked anew by a move, and are silent."""
    standings = count(visit, context).standings
    span = span_of(visit)
    found = {voice.key for voice in visit.electorate if voice.required}
    for voice in visit.electorate:
        said = [(s.option.span, s.voices[voice.key].value) for s in standings
                if voice.key in s.voices]  # fmt: skip
        now = next((value for days, value in said if days == span), None)
        if now in COMES or (now is None and any(value in COMES for _days, value in said)):
            found.add(voice.key)
    return frozenset(found)


# ── reminders ─────────────────────────────────────────────────────────────────────────────────


def _alarms(visit: Visit, now: Span, asked: list[Electorate], context: Context) -> list[Post]:
    """Twice at most, as when dates are asked; before the new days, whatever the old ones were."""
    if not asked:
        return []
    wall = rules.usual_deadline(context.now, zone_of(visit), now.start)
    until = due_instant(wall, visit.time_zone)
    return [
        alarm(visit, "asked-anew", at, f"asked-anew/{visit.round}/{turn}", turn=turn)
        for turn, at in enumerate(rules.reminders(context.now, until), 1)
    ]

"""The day after and the weeks that follow: notes, a report that is confirmed, and the review."""

from dataclasses import dataclass
from typing import Any

from commands.arguments import optional, word
from commands.command import Call
from commands.context import Context
from commands.dates.rules import COMES
from commands.errors import MemberError
from commands.events import Edited
from commands.listener import Tap
from commands.posts import Change, Offer, Post, Posts, React, Say
from commands.reply import Mention
from commands.visits import promise_words
from commands.visits.access import access_visit, require_decider, visit_number
from commands.visits.counting import count
from commands.visits.deciding import comers
from commands.visits.electing import CITY, named
from commands.visits.promise_words import Note, Report
from commands.visits.promising import as_advice, as_task, link_to
from commands.visits.showing import card_key, edit_card, span_of
from commands.words import Words
from storage import listening, outbox, people, promises, sources, visits
from storage.listening import Conversation
from storage.promises import UNFINISHED
from storage.records import EventId
from storage.sources import Source
from storage.visit_records import OVER, LineKind, Visit, VisitState


@dataclass(frozen=True, slots=True)
class AskReport:
    visit: int | None = optional(visit_number, default=None)
    final: str | None = optional(word, default=None)


def held(visit: Visit, context: Context) -> list[Post]:
    """The day after: everybody who came is asked for notes, in the card's thread."""
    visit = visits.change(context.connection, visit.id, state=VisitState.HELD.value)
    place = Conversation(card_key(visit), "visit", f"notes/{visit.id}", talk=True)
    listening.begin(context.connection, place, context.now)
    who = comers(visit, count(visit, context), context)
    told = promise_words.how_was_it(context.words, named(visit, context), who)
    key = f"visit/{visit.id}/after/{visit.sequence}"
    return [
        Say(visit.room_id, told, notice=False, key=key, under=card_key(visit)),
        *edit_card(visit, context),
    ]


def take_note(call: Call[Any], visit: Visit, context: Context) -> Posts:
    """What somebody writes into the thread; it stays their own talk, too."""
    line = visits.add_line(
        context.connection,
        visit=visit.id,
        kind=LineKind.NOTE.value,
        text=call.said.body,
        author=call.asker.user_id,
        source=call.said.event_id,
        created_at=context.now,
        city=call.asker.city,
    )
    origin = Source("visit", f"line/{line.id}", call.said.sender, talk=True)
    sources.add(context.connection, call.said.event_id, origin)
    taken = React(call.room.room_id, call.said.event_id, "📝")
    return [taken, *renew_report(visit, context)]


def note_corrected(event: Edited, number: int, context: Context) -> Posts | None:
    """A note says what its message says now; other lines are commands, carried out anew."""
    line = visits.line(context.connection, number)
    if line is None:
        return ()
    if line.kind is not LineKind.NOTE:
        visits.remove_line(context.connection, number)
        return None
    visits.change_line(context.connection, number, text=event.now.body)
    visit = visits.get(context.connection, line.visit)
    return () if visit is None else renew_report(visit, context)


def line_taken_back(number: int, context: Context) -> list[Post]:
    """Its words go from card and report; that there was something, and where, stays."""
    line = visits.line(context.connection, number)
    visit = None if line is None else visits.get(context.connection, line.visit)
    if line is None or visit is None:
        return []
    visits.change_line(context.connection, number, text="")
    return [*edit_card(visit, context), *renew_report(visit, context)]


# ── the report ────────────────────────────────────────────────────────────────────────────────


def report_key(visit: Visit) -> str:
    """The post that is the report."""
    return f"visit/{visit.id}/report"


def ask_report(call: Call[AskReport], context: Context) -> Posts:
    """The report as it is; `final` closes it."""
    visit = access_visit(call, call.arguments.visit, context, states=OVER)
    if visit.state not in OVER:
        raise MemberError(promise_words.too_early(call.words, named(visit, context)))
    if call.arguments.final is not None and visit.state is VisitState.HELD:
        require_decider(call, visit, context)
        return finish(visit, context)
    if call.room.room_id != visit.room_id:
        return _shown(call, visit, context)
    if outbox.was_posted(context.connection, report_key(visit)):
        return _shown(call, visit, context)
    told = promise_words.report(context.words, as_report(visit, context.words, context))
    key = report_key(visit)
    return [
        Say(visit.room_id, told, notice=False, key=key, under=card_key(visit)),
        Offer(key, "✅"),
    ]


def _shown(call: Call[Any], visit: Visit, context: Context) -> Posts:
    """In an answer of its own, which goes with whatever of it is taken back."""
    told = promise_words.report(call.words, as_report(visit, call.words, context))
    return call.answer(told, quotes=_sources(visit, context))


def _sources(visit: Visit, context: Context) -> tuple[EventId, ...]:
    """The messages that a report is made of."""
    connection = context.connection
    made = [one.source for one in visits.lines(connection, visit.id) if one.source is not None]
    made += [one.source for one in promises.recommendations(connection, visit=visit.id)]
    made += [one.source for one in promises.find(connection, visit=visit.id)]
    return (visit.source, *made)


def as_report(visit: Visit, words: Words, context: Context) -> Report:
    """What there is: their words, with their messages."""
    connection, community = context.connection, context.settings.community
    span = span_of(visit)
    assert span is not None
    lines = visits.lines(connection, visit.id)
    coming = _cities(visit, context)
    signed = {one.city for one in lines if one.kind is LineKind.REPORT}
    names = {city.slug: city.name for city in community.cities}
    notes = [
        Note(
            one.text,
            people.know(connection, one.author).display_name,
            names.get(one.city or "", ""),
            None if one.source is None else link_to(one.source, visit.room_id, words),
        )
        for one in lines
        if one.kind is LineKind.NOTE
    ]
    return Report(
        named(visit, context),
        (span.start, span.last),
        tuple(names.get(slug, slug) for slug in coming),
        sum(one.count or 0 for one in lines if one.kind is LineKind.DELEGATION),
        tuple(notes),
        tuple(
            as_advice(one, visit, words, context)
            for one in promises.recommendations(connection, visit=visit.id)
        ),
        tuple(as_task(one, words, context) for one in promises.find(connection, visit=visit.id)),
        tuple(names.get(slug, slug) for slug in coming if slug in signed),
        tuple(names.get(slug, slug) for slug in coming if slug not in signed),
        visit.state is not VisitState.HELD,
    )


def _cities(visit: Visit, context: Context) -> list[str]:
    """The host, and the cities that said they come."""
    choice = count(visit, context)
    standing = next((s for s in choice.standings if s.option.span == span_of(visit)), None)
    voices = {} if standing is None else standing.voices
    keys = [key for key, voice in voices.items() if voice.value in COMES and key.startswith(CITY)]
    slugs = [key.removeprefix(CITY) for key in keys]
    return list(dict.fromkeys([visit.host, *slugs]))


def renew_report(visit: Visit, context: Context) -> list[Post]:
    if not outbox.was_posted(context.connection, report_key(visit)):
        return []
    told = promise_words.report(context.words, as_report(visit, context.words, context))
    return [Change(report_key(visit), told)]


def tap_report(tap: Tap, visit: Visit, context: Context) -> Posts:
    """✅ of the host says that the facts are right, of a guest that its recommendations are."""
    if visit.state is not VisitState.HELD or tap.person.city is None:
        return ()
    if tap.person.city not in _cities(visit, context):
        return ()
    slug = tap.person.city
    visits.remove_lines(context.connection, visit.id, LineKind.REPORT, slug)
    if not tap.taken_back:
        visits.add_line(
            context.connection,
            visit=visit.id,
            kind=LineKind.REPORT.value,
            text="",
            author=tap.person.user_id,
            source=tap.reacted.event_id,
            created_at=context.now,
            city=slug,
        )
    if not as_report(visit, context.words, context).waiting:
        return finish(visit, context)
    return renew_report(visit, context)


def finish(visit: Visit, context: Context) -> list[Post]:
    """The report is final; the thread is talk again."""
    visit = visits.change(context.connection, visit.id, state=VisitState.REPORTED.value)
    listening.end(context.connection, "visit", f"notes/{visit.id}")
    told = promise_words.report_final(context.words, named(visit, context))
    key = f"visit/{visit.id}/final"
    return [
        *renew_report(visit, context),
        Say(visit.room_id, told, key=key, under=card_key(visit)),
        *edit_card(visit, context),
    ]


# ── ten weeks later ───────────────────────────────────────────────────────────────────────────


def review(visit: Visit, context: Context) -> list[Post]:
    """What was recommended and promised, and how it stands; owners of open ones are named."""
    connection, words = context.connection, context.words
    listening.end(connection, "visit", f"notes/{visit.id}")
    visit = visits.change(connection, visit.id, state=VisitState.FOLLOWED_UP.value)
    advice = promises.recommendations(connection, visit=visit.id)
    tasks = promises.find(connection, visit=visit.id)
    owners = dict.fromkeys(one.owner for one in tasks if one.progress in UNFINISHED)
    who = [Mention(user, people.know(connection, user).display_name) for user in owners]
    told = promise_words.review(
        words,
        named(visit, context),
        [as_advice(one, visit, words, context) for one in advice],
        [as_task(one, words, context) for one in tasks],
        who,
    )
    key = f"visit/{visit.id}/review"
    quotes = (*(one.source for one in advice), *(one.source for one in tasks))
    return [
        Say(visit.room_id, told, notice=False, key=key, under=card_key(visit), quotes=quotes),
        *edit_card(visit, context),
    ]

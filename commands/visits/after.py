"""The day after and the weeks that follow: notes, a report that is confirmed, and the review."""

from dataclasses import dataclass
from typing import Any

from commands.arguments import optional, word
from commands.command import Call
from commands.context import Context
from commands.errors import MemberError
from commands.events import Edited
from commands.listener import Tap
from commands.posts import Offer, Post, Posts, React
from commands.reply import Mention
from commands.visits import promise_words
from commands.visits.access import access_visit, require_decider, visit_number
from commands.visits.closing import end_polls
from commands.visits.counting import count
from commands.visits.deciding import comers
from commands.visits.electing import named
from commands.visits.renewing import line_gone
from commands.visits.reporting import (
    as_advice,
    as_report,
    as_task,
    cities_of,
    edit_report,
    report_sources,
)
from commands.visits.showing import edit_card, in_thread, listen_under, report_key, titled
from storage import listening, outbox, people, promises, sources, visits
from storage.promises import UNFINISHED
from storage.sources import Source
from storage.visit_records import OVER, LineKind, Visit, VisitState


@dataclass(frozen=True, slots=True)
class AskReport:
    visit: int | None = optional(visit_number, default=None)
    final: str | None = optional(word, default=None)


def held(visit: Visit, context: Context) -> list[Post]:
    """The day after: everybody who came is asked for notes, in the card's thread."""
    over = end_polls(visit, context)
    visit = visits.change(context.connection, visit.id, state=VisitState.HELD.value)
    listen_under(visit, context)
    who = comers(visit, count(visit, context), context)
    told = promise_words.how_was_it(context.words, named(visit, context), who)
    key = f"visit/{visit.id}/after/{visit.sequence}"
    return [
        *over,
        in_thread(visit, told, key),
        *edit_card(visit, context),
    ]


def take_note(call: Call[Any], visit: Visit, context: Context) -> Posts:
    """What somebody writes into the thread; it stays their own talk, too."""
    if not call.asker.archive:
        return ()  # their words are kept nowhere
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
    return [taken, *edit_report(visit, context)]


def note_corrected(event: Edited, number: int, context: Context) -> Posts | None:
    """A note says what its message says now; other lines are commands, carried out anew."""
    line = visits.line(context.connection, number)
    if line is None:
        return ()
    if line.kind is not LineKind.NOTE:
        visits.remove_line(context.connection, number)
        return None
    if not people.lets_keep(context.connection, event.now.sender):
        return line_gone(number, context)  # neither the old words are kept nor the new ones
    visits.change_line(context.connection, number, text=event.now.body)
    visit = visits.get(context.connection, line.visit)
    return () if visit is None else edit_report(visit, context)


# ── the report ────────────────────────────────────────────────────────────────────────────────


def ask_report(call: Call[AskReport], context: Context) -> Posts:
    """The report as it is; `final` closes it."""
    visit = access_visit(call, call.arguments.visit, context, states=OVER)
    if visit.state not in OVER:
        raise MemberError(
            promise_words.too_early(call.words, named(visit, context)), quotes=titled(visit)
        )
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
        in_thread(visit, told, key, repeats=False),
        Offer(key, "✅"),
    ]


def _shown(call: Call[Any], visit: Visit, context: Context) -> Posts:
    """In an answer of its own, which goes with whatever of it is taken back."""
    told = promise_words.report(call.words, as_report(visit, call.words, context))
    return call.answer(told, quotes=report_sources(visit, context))


def tap_report(tap: Tap, visit: Visit, context: Context) -> Posts:
    """✅ of the host says that the facts are right, of a guest that its recommendations are."""
    if visit.state is not VisitState.HELD or tap.person.city is None:
        return ()
    if tap.person.city not in cities_of(visit, context):
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
    return edit_report(visit, context)


def finish(visit: Visit, context: Context) -> list[Post]:
    """The report is final; the thread is talk again."""
    visit = visits.change(context.connection, visit.id, state=VisitState.REPORTED.value)
    listening.end(context.connection, "visit", f"notes/{visit.id}")
    told = promise_words.report_final(context.words, named(visit, context))
    key = f"visit/{visit.id}/final"
    return [
        *edit_report(visit, context),
        in_thread(visit, told, key, notice=True),
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
    quotes = [event for one in advice for event in one.sources]
    quotes += [event for one in tasks for event in one.sources]
    return [
        in_thread(visit, told, key, quotes=tuple(quotes)),
        *edit_card(visit, context),
    ]

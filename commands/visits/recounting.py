"""After the count: a vote that was in time and came late, or one that is taken back, is told."""

from collections.abc import Mapping
from typing import Any

from commands.context import Context
from commands.dates.rules import Choice
from commands.posts import Change, Post
from commands.visits import tally_words
from commands.visits.counting import count
from commands.visits.electing import deciders, named, names_of, zone_of
from commands.visits.proposing import poll_key
from commands.visits.showing import edit_card, in_thread
from commands.visits.tally_words import PUNCTUAL, Result
from storage import outbox, visits, waiting
from storage.records import EventId
from storage.visit_records import Visit, VisitState


def result_key(visit: Visit) -> str:
    """The post that explains the count of this round."""
    return f"visit/{visit.id}/result/{visit.round}"


def result_of(visit: Visit, choice: Choice, context: Context) -> Result:
    """A pure function of electorate, ledger and the moment of closing."""
    zone = zone_of(visit)
    closed = visit.closing_since or context.now
    late = abs(closed - visit.deadline) > PUNCTUAL
    return Result(
        named(visit, context),
        choice,
        names_of(visit.electorate, context.words, context),
        closed.astimezone(zone),
        visit.deadline.astimezone(zone) if late else None,
        unread(visit, context),
        deciders=tuple(deciders(visit, context)),
    )


def unread(visit: Visit, context: Context) -> int:
    """Answers to its polls whose key is missing: what they say is not known, that they are is."""
    numbers = [one.number for one in visits.options(context.connection, visit.id)]
    return sum(len(unread_answers(visit, number, context)) for number in numbers)


def unread_answers(visit: Visit, number: int, context: Context) -> list[EventId]:
    """Those to one date."""
    connection = context.connection
    poll = outbox.event_of(connection, poll_key(visit, number))
    found = [] if poll is None else waiting.in_room(connection, visit.room_id)
    return [one.event_id for one in found if _relation_of(one).get("event_id") == poll]


def _relation_of(one: waiting.Waiting) -> Mapping[str, Any]:
    relation = one.raw.get("content", {}).get("m.relates_to")
    return relation if isinstance(relation, Mapping) else {}


def recount(visit: Visit, before: Choice, context: Context) -> list[Post]:
    """The result says what the ledger says now; if other dates are best, that is told aloud."""
    now = count(visit, context)
    if visit.state is not VisitState.CLOSED or _figures(now) == _figures(before):
        return []
    result = tally_words.result(context.words, result_of(visit, now, context))
    posts: list[Post] = [Change(result_key(visit), result), *edit_card(visit, context)]
    best, were = ([one.option.number for one in c.best] for c in (now, before))
    if best != were:
        told = tally_words.recounted(context.words, named(visit, context), best)
        posts.append(in_thread(visit, told, f"{result_key(visit)}/again/{context.cause}"))
    return posts


def _figures(choice: Choice) -> list[tuple[object, ...]]:
    return [
        (s.option.number, s.status, s.yes, s.maybe, s.no, s.silent, s.hesitant)
        for s in choice.standings
    ]

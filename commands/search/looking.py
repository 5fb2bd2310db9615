"""Carries a search out: the newest matches that all readers may read, best first."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from commands.audience import Audience
from commands.context import Context
from commands.search import ranking
from commands.search.ranking import REFINED, WINDOW, Cursor
from commands.search.scoping import documents_of, reach_of, resolved, scope_of
from commands.search.widening import LITTLE, widened
from storage import archive, search
from storage.documents import SUMMARY
from storage.records import Person
from storage.search.matching import Matcher
from storage.search.query import Candidate, Field, Node, Query, newest_first
from storage.search.rows import DocumentRow, Row, Scope

WINDOWS = 25  # that are looked through for what the readers may read


WEIGHTS = {"practice": ranking.PRACTICE, "summary": ranking.SUMMARY, "visit": ranking.SUMMARY}


@dataclass(frozen=True, slots=True)
class Found:
    """What a search came to, in one window of the archive."""

    candidates: Sequence[Candidate]  # messages, newest first
    ordered: Sequence[Candidate]  # as they are shown, with what else was found
    documents: Mapping[int, DocumentRow]  # by candidate id
    capped: bool  # there may be more below
    matcher: Matcher


def look_widely(
    audience: Audience, query: Query, asker: Person, context: Context, cursor: Cursor | None
) -> tuple[Found, Query]:
    """Search, and where that finds little, search more widely; also what was searched for."""
    found = look(audience, query, asker, context, cursor)
    wider = widened(query) if cursor is None and len(found.ordered) < LITTLE else None
    if wider is None:
        return found, query
    more = look(audience, wider, asker, context, None)
    return (more, wider) if len(more.ordered) > len(found.ordered) else (found, query)


def look(
    audience: Audience, query: Query, asker: Person, context: Context, cursor: Cursor | None
) -> Found:
    """Search the rooms of an audience; without an author of that name there is nothing by them."""
    matcher = Matcher(query.tree)
    tree = resolved(query.tree, audience, asker, context)
    scope = scope_of(audience, query, asker, context, None if cursor is None else cursor.below)
    documents_only = "message" in query.bars(Field.KIND, Field.IS)
    rows = [] if scope is None or documents_only else readable(audience, tree, scope)
    documents = (
        _documents(audience, tree, query, scope) if cursor is None or cursor.documents else []
    )
    candidates = matcher.weigh_all(rows)
    others = [matcher.weigh(it.as_row)._replace(weight=WEIGHTS[it.kind]) for it in documents]
    if newest_first(query):
        ordered = sorted([*candidates, *others], key=lambda it: -it.ts) if others else candidates
    else:
        ordered = _ranked(candidates, others, context)
    by_id = {it.as_row.message_id: it for it in documents}
    return Found(candidates, ordered, by_id, len(rows) >= WINDOW, matcher)


def _documents(
    audience: Audience, tree: Node | None, query: Query, scope: Scope | None
) -> list[DocumentRow]:
    among = documents_of(scope, query)
    if among is None:
        return []
    found = search.documents(audience.connection, tree, among, reach_of(audience, query))
    summaries = [it.subject for it in found if it.kind == SUMMARY]
    readable = audience.readable_summaries(summaries)
    return [it for it in found if it.kind != SUMMARY or it.subject in readable]


def _ranked(
    candidates: Sequence[Candidate], others: Sequence[Candidate], context: Context
) -> list[Candidate]:
    """Best first: by words and age, then the best of them by their standing, too."""
    if len(candidates) + len(others) < 2:
        return [*candidates, *others]
    first = ranking.scored([*candidates, *others], context.now)
    messages = [number for _, number, _ in first if number > 0]
    lifts = {
        number: ranking.lift(root=known.root, answers=known.answers, reactors=known.reactors)
        for number, known in archive.standing(context.connection, messages[:REFINED]).items()
    }
    return ranking.refined(first, lifts)


def readable(audience: Audience, tree: Node | None, scope: Scope) -> list[Row]:
    """The newest matches that all readers may read, as many as are ranked together."""
    found: list[Row] = []
    for _window in range(WINDOWS):
        rows = search.candidates(audience.connection, tree, scope, WINDOW)
        audience.open({row.room_id for row in rows})
        found += [row for row in rows if audience.may_read(row.room_id, row.ts)]
        if len(rows) < WINDOW or len(found) >= WINDOW:
            break
        scope = replace(scope, below=rows[-1].message_id)
    return found[:WINDOW]

"""From what is stored to candidates for a digest: what its readers may all see, and no more."""

from dataclasses import dataclass, replace

from commands.context import Context
from commands.digests import hints, summaries, talking, things
from commands.digests.rules import Digest, LeftOut, Line, What, choose
from commands.digests.scope import Scope
from commands.knowing import Knows, who_might_know
from storage import practices
from storage.records import PracticeState

OPEN = frozenset({PracticeState.PUBLISHED, PracticeState.RETIRED})


@dataclass(frozen=True, slots=True)
class Gathered:
    """Everything that could be told, and how much may not be."""

    lines: tuple[Line, ...]
    left_out: dict[LeftOut, int]


def gather(scope: Scope, context: Context) -> Gathered:
    """The candidates of a scope."""
    if scope.cluster is None:
        return Gathered(tuple(things.of_all_clusters(scope, context)), {})
    told, left_out = talking.lines(scope, context)
    own = [
        *things.of_cluster(scope, context),
        *hints.quiet_cities(scope, context),
        *hints.housekeeping(scope, context),
    ]
    return Gathered(tuple(summaries.in_place((*own, *told), scope, context)), left_out)


def compose(scope: Scope, context: Context, *, screen: int | None = None) -> Digest:
    """The digest of a scope as it would be now."""
    found = gather(scope, context)
    more = {} if screen is None else {"screen": screen}
    return with_people(choose(found.lines, found.left_out, **more), scope, context)


def with_people(digest: Digest, scope: Scope, context: Context) -> Digest:
    """Unanswered questions name who might know; only those that are shown are looked up."""
    return replace(digest, lines=tuple(_with_people(one, scope, context) for one in digest.lines))


def _with_people(line: Line, scope: Scope, context: Context) -> Line:
    if line.what is not What.QUESTION or not line.text:
        return line
    found = who_might_know(
        context.connection,
        line.text,
        language=context.settings.community.language,
        asker=line.facts.get("asker", ""),
        city=line.facts.get("slug"),
    )
    knows = [_as_fact(one, scope, context) for one in found]
    return replace(line, facts={**line.facts, "knows": [one for one in knows if one]})


def _as_fact(one: Knows, scope: Scope, context: Context) -> list[str]:
    """A name and its reason; a practice is named only where everybody may know it."""
    name, city = one.person.display_name, things.city_name(one.person.city, context)
    if one.practice is None:
        return [name, city, one.reason, ""]
    practice = practices.get(context.connection, one.practice)
    if practice is None:
        return []
    known = practice.state in OPEN or practice.cluster == scope.cluster
    return [name, city, one.reason, practice.name if known else ""]

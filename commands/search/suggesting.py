"""Did you mean: a search without any hit, with its misspelt word mended from what can be read."""

from dataclasses import replace

from commands.audience import Audience
from commands.context import Context
from commands.search.looking import readable
from commands.search.scoping import resolved, scope_of
from storage.records import Person
from storage.search.letters import fold
from storage.search.query import And, Leaf, Node, Not, Or, Query, Word, wanted
from storage.search.rows import Scope
from storage.search.spelling import beginning_alike, most_likely, near

TRIED = 3  # words of a search


def suggest(audience: Audience, query: Query, asker: Person, context: Context) -> Query | None:
    """The search with one word spelt as readable messages spell it; None if that finds nothing.

    It is looked up among what the readers may read alone: a word of a hidden room is never told.
    """
    scope = scope_of(audience, query, asker, context, None)
    words = [leaf for leaf in wanted(query.tree) if isinstance(leaf, Word)]
    if scope is None or query.tree is None:
        return None
    for word in words[:TRIED]:
        if readable(audience, word, scope):
            continue
        better = _mended(audience, word, scope)
        if better is None:
            continue
        tree = _with(query.tree, word, better)
        marked = resolved(tree, audience, asker, context)
        return replace(query, tree=tree) if readable(audience, marked, scope) else None
    return None


def _mended(audience: Audience, word: Word, scope: Scope) -> Word | None:
    typed = fold(word.text)
    for question in (near(typed), beginning_alike(typed)):
        rows = [] if question is None else readable(audience, question, scope)
        if rows and (found := most_likely(typed, rows)):
            return Word(found)
    return None


def _with(node: Node, old: Leaf, new: Leaf) -> Node:
    """The tree with one leaf in place of another."""
    match node:
        case And(nodes):
            return And(tuple(_with(it, old, new) for it in nodes))
        case Or(nodes):
            return Or(tuple(_with(it, old, new) for it in nodes))
        case Not(inner):
            return Not(_with(inner, old, new))
        case leaf:
            return new if leaf == old else leaf

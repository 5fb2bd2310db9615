"""Where words find little, longer ones count that begin so: Wohnung finds Wohnungssuche."""

from dataclasses import replace

from storage.search.letters import fold
from storage.search.query import And, Node, Or, Prefix, Query, Word

LITTLE = 5  # hits
LETTERS = 5  # of a word that many others hardly begin with


def widened(query: Query) -> Query | None:
    """The search with the beginnings of its words; None if none of them is long enough."""
    tree = None if query.tree is None else _widened(query.tree)
    return None if tree == query.tree else replace(query, tree=tree)


def _widened(node: Node) -> Node:
    match node:
        case And(nodes):
            return And(tuple(map(_widened, nodes)))
        case Or(nodes):
            either = [it for node in map(_widened, nodes) for it in _alternatives(node)]
            return Or(tuple(dict.fromkeys(either)))
        case Word(text) if text.isalpha() and len(fold(text)) >= LETTERS:
            return Or((node, Prefix(text)))
        case _:
            return node


def _alternatives(node: Node) -> tuple[Node, ...]:
    return node.nodes if isinstance(node, Or) else (node,)

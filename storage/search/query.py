"""What a person asks the archive for: one tree of words, and filters beside it or in its branches.

Standard library only: commands read and print it, both engines compile it. A later kind of leaf is
one more dataclass, a later filter one more field. Filters in the tree become marks before an engine
sees them; who may read what stands in no tree.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple, TypeAlias


@dataclass(frozen=True, slots=True)
class Word:
    text: str  # as typed: "cafés", "#housing", "ann@city.example"


@dataclass(frozen=True, slots=True)
class Phrase:
    text: str  # words one after another, as written: no stems


@dataclass(frozen=True, slots=True)
class Prefix:
    text: str  # without the star


@dataclass(frozen=True, slots=True)
class OneOf:
    """Any of these words as they are indexed: nobody types it, suggestions are looked up so."""

    tokens: tuple[str, ...]


class Field(StrEnum):
    """What a search can be narrowed by, besides days and words."""

    FROM = "from"  # a person
    CITY = "city"
    IN = "in"  # a cluster or a room
    HAS = "has"  # file, image, link, poll, practice
    KIND = "kind"  # message, thread, question, poll, file, image, link, practice, visit, summary
    IS = "is"  # question, practice
    LANG = "lang"  # ISO 639-1
    THREAD = "thread"  # a message of it: id, link, or "here"


@dataclass(frozen=True, slots=True)
class Filter:
    """What was typed after a field; who, where and what it means is found out later."""

    field: Field
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Marked:
    """Whatever carries one of these marks: what a filter inside the tree has become."""

    marks: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    node: "Node"


@dataclass(frozen=True, slots=True)
class And:
    nodes: "tuple[Node, ...]"  # two or more, none of them an And


@dataclass(frozen=True, slots=True)
class Or:
    nodes: "tuple[Node, ...]"  # two or more, none of them an Or


Leaf: TypeAlias = Word | Phrase | Prefix | OneOf
Beside: TypeAlias = Filter | Marked  # what asks for no words
Node: TypeAlias = Leaf | Beside | Not | And | Or


class Sort(StrEnum):
    BEST = "best"
    NEW = "new"


@dataclass(frozen=True, slots=True)
class Query:
    """A whole question.

    Filters of one field are alternatives, but for `has:`, where all are wanted; a negated filter
    bars. One that holds for a part of the question alone, as in "(from:ann OR city:porto) bike",
    stands in the tree.
    """

    tree: Node | None = None  # None: filters alone
    filters: tuple[Filter, ...] = ()
    after: date | None = None  # from the start of that day, in the asker's zone
    before: date | None = None  # up to the start of that day
    sort: Sort | None = None  # None: best first, or newest first if no word is wanted

    def wants(self, *fields: Field) -> tuple[str, ...]:
        """What was asked for in these fields; any of it will do."""
        return tuple(it.value for it in self.filters if it.field in fields and not it.negated)

    def bars(self, *fields: Field) -> tuple[str, ...]:
        """What was barred in these fields."""
        return tuple(it.value for it in self.filters if it.field in fields and it.negated)


class Candidate(NamedTuple):
    """A message that matches, with what its rank depends on; hundreds are made a search."""

    message_id: int
    thread_h: int
    ts: int  # milliseconds since 1970
    length: int  # words
    hits: tuple[float, ...]  # occurrences of each wanted leaf of the tree; a stem counts less
    title_hits: tuple[float, ...]
    near: bool = False  # all wanted words stand within eight
    weight: float = 1.0  # 1.6 a practice, 1.3 an answered thread, 1.2 a thread's first message
    reactors: int = 0  # people


def leaves(node: Node | None) -> Iterator[Leaf]:
    """Every word, phrase and prefix of a tree, wanted or not, in order."""
    match node:
        case None | Filter() | Marked():
            return
        case Not(inner):
            yield from leaves(inner)
        case And(nodes) | Or(nodes):
            for each in nodes:
                yield from leaves(each)
        case leaf:
            yield leaf


def wanted(node: Node | None) -> Iterator[Leaf]:
    """The leaves that a message may be found for: none under a Not."""
    match node:
        case None | Not() | Filter() | Marked():
            return
        case And(nodes) | Or(nodes):
            for each in nodes:
                yield from wanted(each)
        case leaf:
            yield leaf


def newest_first(query: Query) -> bool:
    """Whether the answer is ordered by date: if asked for, or if no word could rank it."""
    return query.sort is Sort.NEW or next(wanted(query.tree), None) is None


def print_query(query: Query) -> str:
    """The query in the words of the query language; reading it again gives the same query."""
    tree = query.tree
    parts = [] if tree is None else [_grouped(tree) if _either(tree, query) else print_tree(tree)]
    parts += [_printed(it) for it in query.filters]
    parts += [] if query.after is None else [f"after:{query.after.isoformat()}"]
    parts += [] if query.before is None else [f"before:{query.before.isoformat()}"]
    parts += [] if query.sort is None else [f"sort:{query.sort}"]
    return " ".join(parts)


def print_tree(node: Node) -> str:
    """A tree in the words of the query language."""
    match node:
        case Word(text):
            return text
        case Phrase(text):
            return f'"{text}"'
        case Prefix(text):
            return f"{text}*"
        case OneOf(tokens):
            return " OR ".join(tokens)
        case Filter():
            return _printed(node)
        case Marked(marks):
            return " OR ".join(marks)
        case Not(inner):
            return f"-{_grouped(inner)}"
        case And(nodes):
            return " ".join(_grouped(each) for each in nodes)
        case Or(nodes):
            return " OR ".join(
                f"({print_tree(it)})" if _narrowed(it) else print_tree(it) for it in nodes
            )


def _either(tree: Node, query: Query) -> bool:
    """Whether filters behind a tree would be taken for its last alternative's."""
    return isinstance(tree, Or) and bool(query.filters)


def _narrowed(node: Node) -> bool:
    """Whether words and filters stand side by side."""
    return isinstance(node, And) and any(
        isinstance(it.node if isinstance(it, Not) else it, Filter) for it in node.nodes
    )


def _grouped(node: Node) -> str:
    return f"({print_tree(node)})" if isinstance(node, And | Or) else print_tree(node)


def _printed(one: Filter) -> str:
    plain = re.fullmatch(r"[\w@#$][\w@#$.:/+=%&?-]*(?<![?])", one.value)
    value = one.value if plain else f'"{one.value}"'
    return f"{'-' if one.negated else ''}{one.field}:{value}"

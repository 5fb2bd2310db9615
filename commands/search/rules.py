"""How a typed search is read. It never fails: what makes no sense is a word, or a hint."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import Enum, auto

from commands.past_days import read_period, read_period_after
from commands.search.fields import AFTER, BEFORE, DAYS, ON, SORT, TAG, read_filter, tag_of
from commands.search.tokens import Kind, Token, cleaned, tokens_of
from storage.search.letters import is_emoji
from storage.search.query import (
    And,
    Field,
    Filter,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Sort,
    Word,
    leaves,
)

LONGEST = 256  # characters
MOST_TERMS = 16
MOST_GROUPS = 4
SHORTEST_PREFIX = 3  # letters before a *

SORTS = {
    **dict.fromkeys(("new", "newest", "latest", "recent", "date"), Sort.NEW),
    **dict.fromkeys(("best", "relevance", "rank"), Sort.BEST),
}
WHOLE = (*DAYS, Field.THREAD)  # fields that hold for the whole search, and have no opposite
THREADS = Filter(Field.KIND, "thread")  # of a whole search alone, as answers come later
_LIKE_A_FIELD = re.compile(r"([a-z]{2,12}):(?!//)[^\s:]", re.IGNORECASE)
_SCHEMES = ("http", "https", "mailto", "matrix", "tel")


class Refusal(Enum):
    """Why a query is not carried out."""

    EMPTY = auto()  # nothing to look for
    TOO_LONG = auto()  # more than LONGEST characters
    TOO_MANY_TERMS = auto()  # more than MOST_TERMS
    TOO_MANY_GROUPS = auto()  # more than MOST_GROUPS parentheses


class HintKind(Enum):
    """What was understood otherwise than it was perhaps meant."""

    UNKNOWN_FIELD = auto()  # "colour:red" was searched as words; text: "colour"
    UNREADABLE_DATE = auto()  # left out; text: as typed
    UNKNOWN_SORT = auto()  # left out; text: as typed
    UNKNOWN_VALUE = auto()  # "has:horns" was searched as a word; text: as typed, field: "has"
    NEGATED_FILTER = auto()  # "-before:May" was searched as words; text: "before"
    FOR_ALL = auto()  # "a OR before:May": the day holds for both; text: "before"
    SHORT_PREFIX = auto()  # "ab*" was searched as "ab"; text: "ab"
    EMPTY_PERIOD = auto()  # after is not before before
    UNKNOWN_CITY = auto()  # nobody is of it; text: as typed, field: a city that was perhaps meant


@dataclass(frozen=True, slots=True)
class Hint:
    kind: HintKind
    text: str = ""
    field: str = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What was understood; refused, if there is a refusal."""

    query: Query
    hints: tuple[Hint, ...] = ()
    refusal: Refusal | None = None


def parse_query(text: str, *, today: date) -> Reading:
    """Read a search. today: the asker's. Any string is read, or refused as a value."""
    clean = cleaned(text)
    if len(clean) > LONGEST:
        return Reading(Query(), refusal=Refusal.TOO_LONG)
    tokens = tokens_of(clean, today)
    if sum(token.kind is Kind.OPEN for token in tokens) > MOST_GROUPS:
        return Reading(Query(), refusal=Refusal.TOO_MANY_GROUPS)
    reading = _read(tokens, today)
    if reading.refusal is None and sum(1 for _ in leaves(reading.query.tree)) > MOST_TERMS:
        return replace(reading, refusal=Refusal.TOO_MANY_TERMS)
    return reading


def read_again(printed: str, *, today: date) -> Query:
    """A search that was read before, as it was printed: that may be longer than it was typed."""
    return _read(tokens_of(cleaned(printed), today), today).query


def _read(tokens: list[Token], today: date) -> Reading:
    reader = _Reader(tokens, today)
    tree = reader.either()
    query = _lifted(tree, reader.query)
    hints = list(dict.fromkeys(reader.hints))
    if query.after and query.before and query.after >= query.before:
        # In March, "after:January before:April" means the April that comes.
        later = [read_period_after(typed, query.after) for typed in reader.ends]
        ends = [period[0] for period in later if period is not None]
        before = min(ends + reader.days_after, default=query.after)
        if len(ends) == len(later) and before > query.after:
            query = replace(query, before=before)
        else:
            hints.append(Hint(HintKind.EMPTY_PERIOD))
    empty = query == Query(sort=query.sort)
    return Reading(query, tuple(hints), Refusal.EMPTY if empty else None)


def _lifted(tree: Node | None, query: Query) -> Query:
    """The query with filters that hold for all of the tree beside it, not in it."""
    beside: list[Filter] = list(query.filters)
    within: list[Node | None] = []
    for node in map(_evened, tree.nodes if isinstance(tree, And) else (tree,)):
        match node:
            case Filter():
                beside.append(node)
            case Not(Filter(name, value)):
                beside.append(Filter(name, value, negated=True))
            case Not(Or(inner)) if filters := _filters(inner):
                beside += [replace(it, negated=True) for it in filters]
            case _:
                within.append(node)
    kept: list[Node | None] = []
    for node in within:
        filters = _filters(node.nodes) if isinstance(node, Or) else ()
        fields = {it.field for it in filters}
        taken = {Field.HAS, *(it.field for it in beside if not it.negated)}
        if len(fields) == 1 and fields.isdisjoint(taken):
            beside += filters  # "(city:porto OR city:bonn)" is "city:porto city:bonn"
        else:
            kept.append(node)
    return replace(query, tree=_joined(And, kept), filters=tuple(dict.fromkeys(beside)))


def _for_all(alternatives: Sequence[Sequence[Node]]) -> list[Node]:
    """Filters beside one alternative's words: "pump OR boiler from:ann" means ann for both."""
    filters = [[it for it in nodes if _narrows(it)] for nodes in alternatives]
    with_some = [place for place, found in enumerate(filters) if found]
    if len(alternatives) < 2 or len(with_some) != 1:
        return []
    found = filters[with_some[0]]
    return found if len(found) < len(alternatives[with_some[0]]) else []


def _narrows(node: Node) -> bool:
    return isinstance(node, Filter) or (isinstance(node, Not) and isinstance(node.node, Filter))


def _filters(nodes: Sequence[Node]) -> tuple[Filter, ...]:
    """These nodes, if all of them are filters; else none."""
    found = tuple(it for it in nodes if isinstance(it, Filter))
    return found if len(found) == len(nodes) else ()


def _evened(node: Node | None) -> Node | None:
    """Filters of one field side by side are alternatives within brackets, too."""
    match node:
        case Not(inner):
            return None if (even := _evened(inner)) is None else Not(even)
        case Or(nodes):
            return _joined(Or, [_evened(it) for it in nodes])
        case And(nodes):
            by_field: dict[object, list[Node | None]] = {}
            for place, it in enumerate(map(_evened, nodes)):
                key: object = place
                if isinstance(it, Filter) and it.field is not Field.HAS:
                    key = it.field
                by_field.setdefault(key, []).append(it)
            return _joined(And, [_joined(Or, them) for them in by_field.values()])
        case _:
            return node


@dataclass(slots=True)
class _Reader:
    """Reads tokens from left to right; parentheses are the only recursion, four deep at most."""

    tokens: list[Token]
    today: date
    at: int = 0
    depth: int = 0
    spared: int = 0  # how many minus signs we are inside of
    query: Query = field(default_factory=Query)
    hints: list[Hint] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)  # fields read that hold for all
    ends: list[str] = field(default_factory=list)  # days before which it is to be, as typed
    days_after: list[date] = field(default_factory=list)  # the days after those that it is to be on

    def either(self) -> Node | None:
        """Everything up to the closing parenthesis: alternatives between ORs."""
        before = len(self.whole)
        alternatives = [self._together()]
        while self._peek_either():
            self.at += 1
            alternatives.append(self._together())
        if len(alternatives) > 1:
            self.hints += [Hint(HintKind.FOR_ALL, name) for name in self.whole[before:]]
        alternatives = [nodes for nodes in alternatives if nodes]
        for_all = [] if self.depth else _for_all(alternatives)
        each = [[it for it in nodes if it not in for_all] for nodes in alternatives]
        return _joined(And, [_joined(Or, [_joined(And, nodes) for nodes in each]), *for_all])

    def _together(self) -> list[Node]:
        nodes: list[Node | None] = []
        while self.at < len(self.tokens) and not self._peek_either():
            if self.tokens[self.at].kind is Kind.CLOSE:
                if self.depth:
                    break
                self.at += 1  # nothing to close
                continue
            nodes.append(self._one())
        return [node for node in nodes if node is not None]

    def _peek_either(self) -> bool:
        return self.at < len(self.tokens) and (
            self.tokens[self.at].kind is Kind.EITHER or self._is_word("OR")
        )

    def _peek_not(self) -> bool:
        return self.tokens[self.at].kind is Kind.MINUS or self._is_word("NOT")

    def _is_word(self, word: str) -> bool:
        return self.tokens[self.at] == Token(Kind.WORD, word)

    def _one(self) -> Node | None:
        negated = self._peek_not()
        token = self.tokens[self.at]
        self.at += 1
        if negated:
            return self._not()
        match token.kind:
            case Kind.OPEN:
                return self._group()
            case Kind.PHRASE:
                return _phrase(token.text)
            case Kind.FIELD:
                return self._field(token.text, token.value)
            case _:
                return self._word(token.text)

    def _not(self) -> Node | None:
        """What follows a minus or a NOT, of which several cancel out."""
        away = True
        while self.at < len(self.tokens) and self._peek_not():
            away = not away
            self.at += 1
        if self.at == len(self.tokens) or self._peek_either():
            return None
        if self.tokens[self.at].kind is Kind.CLOSE:
            return None
        self.spared += away
        node = self._one()
        self.spared -= away
        match node:
            case Not(inner) if away:
                return inner
            case None:
                return None
            case _:
                return Not(node) if away else node

    def _group(self) -> Node | None:
        self.depth += 1
        node = self.either()
        self.at = min(self.at + 1, len(self.tokens))  # past the parenthesis, if it was closed
        self.depth -= 1
        return node

    def _word(self, typed: str) -> Node | None:
        word = typed.rstrip("*")
        if word in ("AND", "OR", "NOT") or not _worded(word):
            return None
        like = _LIKE_A_FIELD.match(word)
        if like and like[1].lower() not in _SCHEMES:
            self.hints.append(Hint(HintKind.UNKNOWN_FIELD, like[1].lower()))
        if not typed.endswith("*"):
            return Word(word)
        if sum(map(str.isalnum, word)) < SHORTEST_PREFIX:
            self.hints.append(Hint(HintKind.SHORT_PREFIX, word))
            return Word(word)
        return Prefix(word)

    def _field(self, name: str, value: str) -> Node | None:
        """A field with its value. A tag is a word; a day or a thread holds for the whole search."""
        if not value:
            return None
        if name == TAG:
            return Word(tag) if (tag := tag_of(value)) else None
        if self.spared and name in (*WHOLE, SORT):
            self.hints.append(Hint(HintKind.NEGATED_FILTER, name))
            return _phrase(value)
        if name == SORT:
            self._sort(value)
            return None
        if name in DAYS:
            self._days(name, value)
            return None
        found = read_filter(name, value)
        if found is None:
            self.hints.append(Hint(HintKind.UNKNOWN_VALUE, value, name))
            return _phrase(value)
        if found == THREADS and self.spared:
            if self.spared > 1 or not self._behind_a_minus():
                self.hints.append(Hint(HintKind.NEGATED_FILTER, name))
                return _phrase(value)
            found = replace(found, negated=True)
        elif name != Field.THREAD and found != THREADS:
            return found
        self.whole.append(name)
        filters = (*self.query.filters, found)
        self.query = replace(self.query, filters=tuple(dict.fromkeys(filters)))
        return None

    def _behind_a_minus(self) -> bool:
        before = self.tokens[self.at - 2]
        return before.kind is Kind.MINUS or before == Token(Kind.WORD, "NOT")

    def _sort(self, value: str) -> None:
        sort = SORTS.get(value.lower())
        if sort is None:
            self.hints.append(Hint(HintKind.UNKNOWN_SORT, value))
        else:
            self.query = replace(self.query, sort=sort)

    def _days(self, name: str, value: str) -> None:
        period = read_period(value, self.today)
        if period is None:
            self.hints.append(Hint(HintKind.UNREADABLE_DATE, value))
            return
        self.whole.append(name)
        first, last = period
        if name in (AFTER, ON):
            self.query = replace(self.query, after=max(first, self.query.after or first))
        if name in (BEFORE, ON):
            end = first if name == BEFORE else last + timedelta(days=1)
            self.ends += [value] if name == BEFORE else []
            self.days_after += [end] if name == ON else []
            self.query = replace(self.query, before=min(end, self.query.before or end))


def _phrase(typed: str) -> Phrase | None:
    words = " ".join(typed.split())
    return Phrase(words) if _worded(words) else None


def _worded(typed: str) -> bool:
    return any(sign.isalnum() or is_emoji(sign) for sign in typed)


def _joined(kind: type[And] | type[Or], nodes: Sequence[Node | None]) -> Node | None:
    """One node of many, without empty ones and without a kind inside its own kind."""
    flat = tuple(_flat(kind, nodes))
    if len(flat) < 2:
        return flat[0] if flat else None
    return kind(flat)


def _flat(kind: type[And] | type[Or], nodes: Sequence[Node | None]) -> Iterator[Node]:
    for node in nodes:
        if isinstance(node, kind):
            yield from node.nodes
        elif node is not None:
            yield node

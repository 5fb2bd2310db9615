"""How a typed search is read. It never fails: what makes no sense is a word, or a hint."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from enum import Enum, auto

from commands.search.dates import read_period
from commands.search.fields import AFTER, BEFORE, DAYS, FIELDS, ON, SORT, TAG, read_filter, tag_of
from storage.search.letters import is_emoji
from storage.search.query import And, Node, Not, Or, Phrase, Prefix, Query, Sort, Word, leaves

LONGEST = 256  # characters
MOST_TERMS = 16
MOST_GROUPS = 4
SHORTEST_PREFIX = 3  # letters before a *

UNBARRED = (*DAYS, SORT, "thread")  # fields without an opposite
SORTS = {
    **dict.fromkeys(("new", "newest", "latest", "recent", "date"), Sort.NEW),
    **dict.fromkeys(("best", "relevance", "rank"), Sort.BEST),
}
# A phone begins a line with a capital. No IGNORECASE: it would take "ſort" for "sort".
_FIELD = "|".join(
    re.escape(spelt)
    for name in sorted(FIELDS, key=len, reverse=True)
    for spelt in (name, name.capitalize(), name.upper())
)

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # no database takes them all
_QUOTES = '"“”„‟«»'
_TOKEN = re.compile(
    rf"""(?P<open>\() | (?P<close>\)) | (?P<either>\|)
    | [{_QUOTES}] (?P<phrase>[^{_QUOTES}]*) (?:[{_QUOTES}]|$)
    | (?P<minus>[-−–]+) (?=[^\s)|])
    | (?P<field>{_FIELD}) : \s*
      (?: [{_QUOTES}] (?P<quoted>[^{_QUOTES}]*) (?:[{_QUOTES}]|$) | (?P<bare>[^\s{_QUOTES}()|]*) )
    | (?P<word>[^\s{_QUOTES}()|]+)""",
    re.VERBOSE,
)
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
    SHORT_PREFIX = auto()  # "ab*" was searched as "ab"; text: "ab"
    EMPTY_PERIOD = auto()  # after is not before before


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
    clean = _UNSAFE.sub(" ", text).strip()
    if len(clean) > LONGEST:
        return Reading(Query(), refusal=Refusal.TOO_LONG)
    tokens = list(_TOKEN.finditer(clean))
    if sum(token.lastgroup == "open" for token in tokens) > MOST_GROUPS:
        return Reading(Query(), refusal=Refusal.TOO_MANY_GROUPS)
    reader = _Reader(tokens, today)
    tree = reader.either()
    query = replace(reader.query, tree=tree)
    hints = list(dict.fromkeys(reader.hints))
    if query.after and query.before and query.after >= query.before:
        hints.append(Hint(HintKind.EMPTY_PERIOD))
    refusal = None
    if query == Query(sort=query.sort):
        refusal = Refusal.EMPTY
    elif sum(1 for _ in leaves(tree)) > MOST_TERMS:
        refusal = Refusal.TOO_MANY_TERMS
    return Reading(query, tuple(hints), refusal)


@dataclass(slots=True)
class _Reader:
    """Reads tokens from left to right; parentheses are the only recursion, four deep at most."""

    tokens: list[re.Match[str]]
    today: date
    at: int = 0
    depth: int = 0
    spared: int = 0  # how many minus signs we are inside of
    query: Query = field(default_factory=Query)
    hints: list[Hint] = field(default_factory=list)

    def either(self) -> Node | None:
        """Everything up to the closing parenthesis: alternatives between ORs."""
        alternatives = [self._together()]
        while self._peek_either():
            self.at += 1
            alternatives.append(self._together())
        return _joined(Or, alternatives)

    def _together(self) -> Node | None:
        nodes: list[Node | None] = []
        while self.at < len(self.tokens) and not self._peek_either():
            if self.tokens[self.at].lastgroup == "close":
                if self.depth:
                    break
                self.at += 1  # nothing to close
                continue
            nodes.append(self._one())
        return _joined(And, nodes)

    def _peek_either(self) -> bool:
        if self.at == len(self.tokens):
            return False
        token = self.tokens[self.at]
        return token.lastgroup == "either" or token["word"] == "OR"

    def _one(self) -> Node | None:
        """The next atom with its minus; None if it was a filter, or nothing."""
        token = self.tokens[self.at]
        self.at += 1
        match token.lastgroup:
            case "minus":
                return self._not()
            case "open":
                return self._group()
            case "phrase":
                return _phrase(token["phrase"])
            case "quoted" | "bare":
                return self._field(token, negated=False)
            case _:
                return self._not() if token["word"] == "NOT" else self._word(token["word"])

    def _not(self) -> Node | None:
        """What follows a minus or a NOT, of which several cancel out."""
        away = True
        while self.at < len(self.tokens) and self._peek_not():
            away = not away
            self.at += 1
        if self.at == len(self.tokens) or self._peek_either():
            return None
        token = self.tokens[self.at]
        if token.lastgroup == "close":
            return None
        self.spared += away
        if token.lastgroup in ("quoted", "bare") and self.spared <= away:
            self.at += 1
            node = self._field(token, negated=away)  # a filter takes the minus along, a word not
        else:
            node = self._one()
        self.spared -= away
        match node:
            case Not(inner) if away:
                return inner
            case None:
                return None
            case _:
                return Not(node) if away else node

    def _peek_not(self) -> bool:
        token = self.tokens[self.at]
        return token.lastgroup == "minus" or token["word"] == "NOT"

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
        if word == typed:
            return Word(word)
        if sum(map(str.isalnum, word)) < SHORTEST_PREFIX:
            self.hints.append(Hint(HintKind.SHORT_PREFIX, word))
            return Word(word)
        return Prefix(word)

    def _field(self, token: re.Match[str], *, negated: bool) -> Node | None:
        """A field with its value. A tag is a word; all else stands beside the words."""
        value = " ".join((token["quoted"] or token["bare"] or "").split())
        name = FIELDS[token["field"].lower()]
        if not value:
            return None
        if name == TAG:
            return Word(tag) if (tag := tag_of(value)) else None
        if self.spared > negated or (negated and name in UNBARRED):
            self.hints.append(Hint(HintKind.NEGATED_FILTER, name))
            return _phrase(value)
        if name == SORT:
            self._sort(value)
        elif name in DAYS:
            self._days(name, value)
        elif (found := read_filter(name, value, negated=negated)) is None:
            self.hints.append(Hint(HintKind.UNKNOWN_VALUE, value, name))
            return _phrase(value)
        elif found not in self.query.filters:
            self.query = replace(self.query, filters=(*self.query.filters, found))
        return None

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
        first, last = period
        if name in (AFTER, ON):
            self.query = replace(self.query, after=max(first, self.query.after or first))
        if name in (BEFORE, ON):
            end = first if name == BEFORE else last + timedelta(days=1)
            self.query = replace(self.query, before=min(end, self.query.before or end))


def _phrase(typed: str) -> Phrase | None:
    words = " ".join(typed.split())
    return Phrase(words) if _worded(words) else None


def _worded(typed: str) -> bool:
    return any(sign.isalnum() or is_emoji(sign) for sign in typed)


def _joined(kind: type[And] | type[Or], nodes: list[Node | None]) -> Node | None:
    """One node of many, without empty ones and without a kind inside its own kind."""
    flat = tuple(_flat(kind, nodes))
    if len(flat) < 2:
        return flat[0] if flat else None
    return kind(flat)


def _flat(kind: type[And] | type[Or], nodes: list[Node | None]) -> Iterator[Node]:
    for node in nodes:
        if isinstance(node, kind):
            yield from node.nodes
        elif node is not None:
            yield node

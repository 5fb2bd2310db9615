"""Cuts a typed search into words, phrases, signs, and fields with what was typed after them."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from enum import Enum, auto

from commands.past_days import read_period
from commands.search.fields import DAYS, FIELDS

QUOTES = '"“”„‟«»'
MOST_DATE_WORDS = 5  # "on: the first week of May" is not one; "il y a 3 jours" is

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")  # no database takes them all
_PHRASE = rf"[{QUOTES}]([^{QUOTES}]*)(?:[{QUOTES}]|$)"
_SIGNS = re.compile(rf"(\()|(\))|(\|)|{_PHRASE}|([-−–—]+)(?=[^\s)|])|([^\s{QUOTES}()|]+)")
# A colon as wide as a Chinese letter, and one that stands apart, as the French have it.
_FIELD = re.compile(r"([^\W\d_]\w{0,13})(?:[:：]\s*|\s[:：]\s+)")
_QUOTED = re.compile(rf"{_PHRASE}|['‘]([^'‘’{QUOTES}]*)['’](?=[\s()|]|$)")
_BARE = re.compile(rf"[^\s{QUOTES}()|]*")
_COLONS = ":："
_MORE = re.compile(rf"\s+[^\s{QUOTES}()|:：]+(?=[\s{QUOTES}()|]|$)")


class Kind(Enum):
    OPEN = auto()
    CLOSE = auto()
    EITHER = auto()  # the sign; the word OR is one that the reader knows
    PHRASE = auto()
    MINUS = auto()
    WORD = auto()
    FIELD = auto()


_KINDS = (Kind.OPEN, Kind.CLOSE, Kind.EITHER, Kind.PHRASE, Kind.MINUS, Kind.WORD)


@dataclass(frozen=True, slots=True)
class Token:
    kind: Kind
    text: str = ""  # as typed; of a field its own name: "from" for "Von:"
    value: str = ""  # of a field, blanks evened out


def cleaned(typed: str) -> str:
    """What was typed, without signs that nobody sees and no database takes, accents composed."""
    return unicodedata.normalize("NFC", _UNSAFE.sub(" ", typed)).strip()


def tokens_of(clean: str, today: date) -> list[Token]:
    """The pieces of a search, in order. today: days may be several words, "after: last week"."""
    return list(_tokens(clean, today))


def _tokens(clean: str, today: date) -> Iterator[Token]:
    at = 0
    while at < len(clean):
        if clean[at] in _COLONS:  # before a word it says nothing
            at += 1
        elif (field := _field_at(clean, at)) is not None:
            name, at = field
            value, at = _value_at(clean, at, name, today)
            yield Token(Kind.FIELD, name, " ".join(value.split()))
        elif found := _SIGNS.match(clean, at):
            assert found.lastindex is not None
            yield Token(_KINDS[found.lastindex - 1], found[found.lastindex])
            at = found.end()
        else:  # a blank
            at += 1


def _field_at(clean: str, at: int) -> tuple[str, int] | None:
    """The field that begins there, and where its value does."""
    found = _FIELD.match(clean, at)
    name = found and FIELDS.get(found[1].lower())
    return (name, found.end()) if found and name else None


def _value_at(clean: str, at: int, name: str, today: date) -> tuple[str, int]:
    """What was typed after a field, and where that ends."""
    if quoted := _QUOTED.match(clean, at):
        return quoted[1] or quoted[2] or "", quoted.end()
    if clean[at - 1 : at].isspace() and _field_at(clean, at) is not None:
        return "", at
    bare = _BARE.match(clean, at)
    assert bare is not None
    if name not in DAYS:
        return bare.group().rstrip(",;!?"), bare.end()
    ends = [bare.end()]
    while len(ends) < MOST_DATE_WORDS and (more := _MORE.match(clean, ends[-1])):
        ends.append(more.end())
    for end in reversed(ends):
        if read_period(clean[at:end], today) is not None:
            return clean[at:end], end
    return bare.group(), bare.end()

"""Words of a text, and the forms of a word: folded parts, joined spelling, stems."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from storage.search.letters import EMOJI, MARKS, UNSPACED, emoji_in, fold, is_emoji, pairs
from storage.search.stemming import stem

LONGEST = 64  # characters of a token; more is a key or a picture, not a word

# Letters, digits and marks; apostrophes and hyphens only between them. Underscores become blanks
# first, as `\w` holds them.
_LETTERS = rf"\w[\w{MARKS}]*(?:['’ʼ‐‑-]\w[\w{MARKS}]*)*"
_WORD = re.compile(_LETTERS)
_WORD_OR_EMOJI = re.compile(f"{_LETTERS}|{EMOJI}")
_PERHAPS_EMOJI = re.compile("[\u2300-\U0010ffff]")
_PLAIN = re.compile(rf"\w[\w{MARKS}]*")
_TAG = re.compile(rf"(?<![\w&/#])#(\w[\w{MARKS}‐‑-]*)")
# Swallowed articles and prepositions: l'école is found as école, dell'accoglienza as accoglienza.
_SWALLOWED = (
    "l d c j m n s t qu jusqu lorsqu puisqu quoiqu presqu entr all dall dell nell sull coll un "
    "quest quell bell sant tutt senz anch dov gl degl"
)
_ELIDED = frozenset(_SWALLOWED.split())


@dataclass(frozen=True, slots=True)
class Forms:
    """What is indexed for one written word."""

    parts: tuple[str, ...]  # folded, in reading order; each takes one position
    extras: tuple[str, ...]  # joined spelling and stems, where they differ from the parts


@dataclass(frozen=True, slots=True)
class Part:
    """A folded piece of a written word, and where it stands in that word."""

    token: str
    start: int
    end: int


def written_words(text: str) -> list[str]:
    """The words of a text as written, in order."""
    return _words_in(text).findall(text.replace("_", " "))


def find_words(text: str) -> Iterator[tuple[str, int]]:
    """The words of a text as written, each with its offset in the text."""
    for found in _words_in(text).finditer(text.replace("_", " ")):
        yield found.group(), found.start()


def next_word(text: str, start: int, end: int) -> tuple[str, int] | None:
    """The first word between two places of a text without underscores, and where it begins."""
    found = _WORD_OR_EMOJI.search(text, start, end)
    return None if found is None else (found.group(), found.start())


def _words_in(text: str) -> re.Pattern[str]:
    """What finds the words of a text; most texts have no emoji, and are read faster so."""
    return _WORD if text.isascii() or _PERHAPS_EMOJI.search(text) is None else _WORD_OR_EMOJI


def find_tags(text: str) -> Iterator[tuple[str, int, int]]:
    """Folded #tags with start and end: #Welcome-kit and #welcome_kit are both "welcomekit"."""
    if "#" in text:
        for found in _TAG.finditer(text):
            if tag := folded_tag(found[1]):
                yield tag, found.start(1), found.end(1)


def folded_tag(tag: str) -> str:
    """A tag as it is indexed, without its #; empty if no letter is left."""
    return "".join(_PLAIN.findall(fold(tag).replace("_", " ")))[:LONGEST]


def split(word: str) -> list[Part]:
    """The parts of a written word, without swallowed articles and the English 's."""
    if is_emoji(word):
        return [Part(emoji[:LONGEST], start, end) for emoji, start, end in emoji_in(word)]
    found = list(_PLAIN.finditer(word))
    if len(found) > 1:
        if word[found[0].end()] in "'’ʼ" and found[0].group().lower() in _ELIDED:
            found = found[1:]
        elif word[found[-1].start() - 1] in "'’ʼ" and found[-1].group() in ("s", "S"):
            found = found[:-1]
    return [part for piece in found for part in _pieces(piece.group(), piece.start())]


def _pieces(piece: str, at: int) -> Iterator[Part]:
    if piece.isascii() or not UNSPACED.search(piece):
        yield from _folded(piece, at)
        return
    reached = 0
    for run in UNSPACED.finditer(piece):
        if run.start() > reached:
            yield from _folded(piece[reached : run.start()], at + reached)
        for offset, pair in enumerate(pairs(run.group())):
            start = at + run.start() + offset
            for part in _folded(pair, start):
                yield Part(part.token, start, start + len(pair))
        reached = run.end()
    if reached < len(piece):
        yield from _folded(piece[reached:], at + reached)


def _folded(piece: str, at: int) -> Iterator[Part]:
    folded = fold(piece)
    # Some signs unfold into several words, "½" into "1⁄2"; a word of marks alone into none.
    for token in (folded,) if folded.isalnum() else _PLAIN.findall(folded.replace("_", " ")):
        yield Part(token[:LONGEST], at, at + len(piece))


def forms(word: str, language: str) -> Forms:
    """What is indexed for a written word in a message of that language ("" for unknown)."""
    # Without spaces a page is one word, and thousands of such would be kept.
    return _forms(word, language) if len(word) <= LONGEST else _forms_of(word, language)


def _forms_of(word: str, language: str) -> Forms:
    if word.isalnum() and (word.isascii() or not UNSPACED.search(word)):
        token = fold(word)
        if token.isalnum():  # most words: one part, nothing joined
            return _plain_forms(word, token[:LONGEST], language)
    parts = split(word) if len(word) <= LONGEST else _split_once(word)
    tokens = tuple(part.token for part in parts)
    if is_emoji(word):
        return Forms(tokens, ())
    written = (word[part.start : part.end] for part in parts)
    # Nobody stems what is written without spaces.
    extras = [stem_token(it, language) for it in written if not UNSPACED.search(it)]
    if UNSPACED.search(word):
        extras += [tokens[-1][-1]] if tokens else []  # the others are found by prefix
    elif len(tokens) > 1:
        whole = joined(word, parts)
        extras += (
            ["".join(tokens)[:LONGEST], stem_token(whole, language)]
            if len(whole) <= LONGEST
            else []
        )
    known = frozenset(tokens)
    return Forms(tokens, tuple(dict.fromkeys(it for it in extras if it and it not in known)))


_forms = lru_cache(maxsize=1 << 13)(_forms_of)
_split_once = lru_cache(maxsize=1)(split)  # for all languages: they split it alike


def _plain_forms(word: str, token: str, language: str) -> Forms:
    found = stem_token(word, language, token)
    return Forms((token,), (found,) if found and found != token else ())


def joined(word: str, parts: Sequence[Part]) -> str:
    """The parts of a written word without what stood between them, as written."""
    return "".join(word[part.start : part.end] for part in parts)


def stem_token(word: str, language: str, folded: str | None = None) -> str:
    """The stem of a part as it is indexed; empty if there is none."""
    found = stem(word, language, folded) if language and len(word) <= LONGEST else ""
    return found[:LONGEST] if found.isalnum() else ""

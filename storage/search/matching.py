"""Where the words of a query stand in a stored text: for the rank, and for the snippet."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storage.search.analyser import FEW_WORDS, Terms, stem_languages, terms_of
from storage.search.letters import UNSPACED, fold
from storage.search.query import Candidate, Node, wanted
from storage.search.rows import Row
from storage.search.stemming import LANGUAGES
from storage.search.words import find_tags, find_words, forms, joined, split, written_words

NEAR = 8  # words
# Words of one part, whatever stands in them: Latin, Greek, Cyrillic.
_SIMPLE = re.compile(
    "[0-9A-Za-z\u00c0-\u0148\u014a-\u024f\u0386-\u03ff\u0400-\u0481\u048a-\u052f]+"
).fullmatch

INFLECTED = 0.7  # how much another form of the word counts
EXACT = 1 << 10  # added to a leaf that is answered by the very word

Answers = frozenset[int]  # the wanted leaves that a part of a text answers
NONE: Answers = frozenset()


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text, part by part."""

    tokens: list[str]
    answers: list[Answers]


class Matcher:
    """Finds the wanted words of one query in many texts; what it learns of a word it keeps."""

    def __init__(self, tree: Node | None) -> None:
        self._terms: Sequence[Terms] = [terms_of(leaf) for leaf in wanted(tree)]
        self._prefixes = [
            (leaf, it.prefix) for leaf, it in enumerate(self._terms) if it.prefix and not it.phrase
        ]
        self._leaves: dict[str, Answers] = {}
        for leaf, terms in enumerate(self._terms):
            for place, token in enumerate(terms.any_of):
                answer = {leaf} if place else {leaf, leaf + EXACT}
                self._leaves[token] = self._leaves.get(token, NONE) | answer
        asked = [
            token for it in self._terms for token in (*it.any_of, *it.phrase, it.prefix, it.tag)
        ]
        self._initials = {token[0] for token in asked if token}
        self._strangers: dict[str, bool] = {}  # by first letter
        self._passed: set[str] = set()  # first letters of words that answer nothing
        self._glanced: dict[tuple[str, ...], dict[str, Answers]] = {}
        self._asks_phrase = any(it.phrase for it in self._terms)
        self._asks_tag = any(it.tag for it in self._terms)
        self._none = (0.0,) * len(self._terms)
        # By language, then by written word: its tokens, and what each of them answers.
        self._known: dict[tuple[str, ...], dict[str, _Reading]] = {}

    def weigh(self, row: Row) -> Candidate:
        """What the rank of a found message depends on."""
        answers = self._phrased(row) if self._asks_phrase else self._glance(row)
        title = self._read(row.title, row.lang).answers if row.title else []
        return Candidate(
            row.message_id,
            row.thread_h,
            row.ts,
            len(answers),
            self._count(answers),
            self._count(title) if title else self._none,
            near=self._near(answers),
        )

    def spans(self, text: str, language: str) -> list[tuple[int, int]]:
        """Start and end of every hit in a text, in order; hits a sign apart are one."""
        answers = self._read(text, language).answers
        spans: list[tuple[int, int]] = []
        for (start, end), answered in zip(_places(text), answers, strict=True):
            if answered and spans and start <= spans[-1][1] + 1:
                spans[-1] = (spans[-1][0], max(spans[-1][1], end))
            elif answered:
                spans.append((start, end))
        return spans

    def _read(self, text: str, language: str) -> _Reading:
        words = written_words(text)
        languages = stem_languages(text, words, language)
        known = self._known.setdefault(languages, {})
        tokens: list[str] = []
        answers: list[Answers] = []
        strangers = self._strangers
        for word in words:
            first = word[0]
            if (stranger := strangers.get(first)) is None:
                stranger = strangers[first] = self._is_stranger(first)
            if stranger and ((word.isascii() and word.isalnum()) or _SIMPLE(word)):
                tokens.append("")
                answers.append(NONE)
                continue
            one = known.get(word)
            if one is None:
                one = known[word] = self._word(word, languages)
            tokens += one.tokens
            answers += one.answers
        for leaf, terms in enumerate(self._terms):
            for at in (*_phrases(tokens, terms), *_tagged(text, terms)):
                answers[at] |= {leaf, leaf + EXACT}
        return _Reading(tokens, answers)

    def _phrased(self, row: Row) -> Sequence[Answers]:
        return self._read(row.body, row.lang).answers

    def _glance(self, row: Row) -> Sequence[Answers]:
        """What each word of a message answers, in its own language alone: hundreds are weighed.

        Words that begin otherwise than all that is asked for are passed by.
        """
        words = written_words(row.body)
        languages = (row.lang,) if len(words) >= FEW_WORDS else LANGUAGES
        known = self._glanced.setdefault(languages, {})
        passed = self._passed
        answers = [NONE] * len(words)
        for at, word in [
            (at, word)
            for at, word in enumerate(words)
            if word[0] not in passed or not word.isascii() or not word.isalnum()
        ]:
            if (answered := known.get(word)) is None:
                if self._is_stranger(word[0]):
                    passed.add(word[0])
                    if (word.isascii() and word.isalnum()) or _SIMPLE(word):
                        continue
                answered = known[word] = NONE.union(*self._word(word, languages).answers)
            answers[at] = answered
        if self._asks_tag:
            for leaf, terms in enumerate(self._terms):
                if any(True for _ in _tagged(row.body, terms)):
                    answers[0] |= {leaf, leaf + EXACT}
        return answers

    def _is_stranger(self, first: str) -> bool:
        """Whether no word that begins so answers anything: stems begin as their words do."""
        folded = fold(first)
        return len(folded) == 1 and folded not in self._initials

    def _word(self, word: str, languages: Sequence[str]) -> _Reading:
        tokens = list(forms(word, languages[0]).parts)
        if not self._answered(word, languages):
            return _Reading(tokens, [NONE] * len(tokens))
        parts, whole = split(word), NONE
        if len(parts) > 1 and not UNSPACED.search(word):
            whole = self._answered(joined(word, parts), languages)
        pieces = [word[part.start : part.end] for part in parts]
        return _Reading(tokens, [self._answered(it, languages) | whole for it in pieces])

    def _answered(self, piece: str, languages: Sequence[str]) -> Answers:
        """What any form of a word, or of a part of one, answers."""
        answered = NONE
        for language in languages:
            found = forms(piece, language)
            for token in (*found.parts, *found.extras):
                if token in self._leaves:
                    answered |= self._leaves[token]
                for leaf, prefix in self._prefixes:
                    if token.startswith(prefix):
                        answered |= {leaf}
        return answered

    def _count(self, answers: Sequence[Answers]) -> tuple[float, ...]:
        counts = [0.0] * len(self._terms)
        for answered in filter(None, answers):
            for leaf in answered:
                counts[leaf % EXACT] += INFLECTED if leaf < EXACT else 1 - INFLECTED
        return tuple(counts)

    def _near(self, answers: Sequence[Answers]) -> bool:
        """Whether all wanted words, of two or more, stand within eight of each other."""
        if len(self._terms) < 2:
            return False
        latest: dict[int, int] = {}
        for at, answered in enumerate(answers):
            if answered:
                latest.update((leaf % EXACT, at) for leaf in answered)
                if len(latest) == len(self._terms) and at - min(latest.values()) < NEAR:
                    return True
        return False


def _places(text: str) -> Iterator[tuple[int, int]]:
    """Start and end of every part of a text."""
    for word, offset in find_words(text):
        for part in split(word):
            yield offset + part.start, offset + part.end


def _phrases(tokens: Sequence[str], terms: Terms) -> Iterator[int]:
    """The places of all parts that belong to an occurrence of a phrase."""
    if not terms.phrase:
        return
    exact = len(terms.phrase)
    size = exact + bool(terms.prefix)
    for at in range(len(tokens) - size + 1):
        same = tokens[at] == terms.phrase[0] and tuple(tokens[at : at + exact]) == terms.phrase
        if same and terms.begins(tokens[at + size - 1]):
            yield from range(at, at + size)


def _tagged(text: str, terms: Terms) -> Iterator[int]:
    """The places of all parts that belong to a wanted tag."""
    if not terms.tag:
        return
    for tag, tag_start, tag_end in find_tags(text):
        if tag == terms.tag:
            for at, (start, _) in enumerate(_places(text)):
                if tag_start <= start < tag_end:
                    yield at

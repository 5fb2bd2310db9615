"""Where the words of a query stand in a stored text: for the rank, and for the snippet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from storage.search.analyser import Terms, stem_languages, terms_of
from storage.search.letters import UNSPACED
from storage.search.query import Candidate, Node, wanted
from storage.search.rows import Row
from storage.search.words import Part, find_tags, find_words, forms, joined, split

NEAR = 8  # words


@dataclass(frozen=True, slots=True)
class _Reading:
    """A text, part by part."""

    offsets: list[int]  # of the word that the part belongs to
    parts: list[Part]
    answers: list[frozenset[int]]  # the wanted leaves that the part answers


class Matcher:
    """Finds the wanted words of one query in many texts; what it learns of a word it keeps."""

    def __init__(self, tree: Node | None) -> None:
        self._terms: Sequence[Terms] = [terms_of(leaf) for leaf in wanted(tree)]
        self._known: dict[tuple[str, ...], dict[str, list[tuple[Part, frozenset[int]]]]] = {}

    def weigh(self, row: Row) -> Candidate:
        """What the rank of a found message depends on."""
        body = self._read(row.body, row.lang)
        title = self._read(row.title, row.lang).answers if row.title else []
        return Candidate(
            row.message_id,
            row.thread_h,
            row.ts,
            len(body.parts),
            self._count(body.answers),
            self._count(title),
            near=self._near(body.answers),
        )

    def spans(self, text: str, language: str) -> list[tuple[int, int]]:
        """Start and end of every hit in a text, in order; hits a sign apart are one."""
        read = self._read(text, language)
        spans: list[tuple[int, int]] = []
        for offset, part, answers in zip(read.offsets, read.parts, read.answers, strict=True):
            if answers:
                start, end = offset + part.start, offset + part.end
                if spans and start <= spans[-1][1] + 1:
                    start, end = spans[-1][0], max(spans.pop()[1], end)
                spans.append((start, end))
        return spans

    def _read(self, text: str, language: str) -> _Reading:
        languages = stem_languages(text, language)
        known = self._known.setdefault(languages, {})
        read = _Reading([], [], [])
        for word, offset in find_words(text):
            if word not in known:
                known[word] = list(self._word(word, languages))
            for part, answers in known[word]:
                read.offsets.append(offset)
                read.parts.append(part)
                read.answers.append(answers)
        for leaf, terms in enumerate(self._terms):
            for at in (*_phrases(read.parts, terms), *_tagged(text, read, terms)):
                read.answers[at] |= {leaf}
        return read

    def _word(self, word: str, languages: Sequence[str]) -> Iterator[tuple[Part, frozenset[int]]]:
        parts = split(word)
        whole = joined(word, parts)
        of_whole: set[int] = set()
        if len(parts) > 1 and not UNSPACED.search(word):
            of_whole = self._answered(_tokens(whole, languages))
        for part in parts:
            tokens = _tokens(word[part.start : part.end], languages)
            yield part, frozenset(self._answered(tokens) | of_whole)

    def _answered(self, tokens: set[str]) -> set[int]:
        return {
            leaf
            for leaf, terms in enumerate(self._terms)
            if not tokens.isdisjoint(terms.any_of)
            or (not terms.phrase and terms.prefix and any(map(terms.begins, tokens)))
        }

    def _count(self, answers: Sequence[frozenset[int]]) -> tuple[int, ...]:
        counts = [0] * len(self._terms)
        for answered in answers:
            for leaf in answered:
                counts[leaf] += 1
        return tuple(counts)

    def _near(self, answers: Sequence[frozenset[int]]) -> bool:
        """Whether all wanted words, of two or more, stand within eight of each other."""
        latest: dict[int, int] = {}
        for at, answered in enumerate(answers):
            latest.update(dict.fromkeys(answered, at))
            everything = answered and len(latest) == len(self._terms) > 1
            if everything and at - min(latest.values()) < NEAR:
                return True
        return False


def _tokens(piece: str, languages: Sequence[str]) -> set[str]:
    found = [forms(piece, language) for language in languages]
    return {token for it in found for token in (*it.parts, *it.extras)}


def _phrases(parts: Sequence[Part], terms: Terms) -> Iterator[int]:
    """The places of all parts that belong to an occurrence of a phrase."""
    if not terms.phrase:
        return
    exact = len(terms.phrase)
    size = exact + bool(terms.prefix)
    tokens = [part.token for part in parts]
    for at in range(len(tokens) - size + 1):
        if tuple(tokens[at : at + exact]) == terms.phrase and terms.begins(tokens[at + size - 1]):
            yield from range(at, at + size)


def _tagged(text: str, read: _Reading, terms: Terms) -> Iterator[int]:
    """The places of all parts that belong to a wanted tag."""
    if not terms.tag:
        return
    for tag, start, end in find_tags(text):
        if tag == terms.tag:
            for at, (offset, part) in enumerate(zip(read.offsets, read.parts, strict=True)):
                if start <= offset + part.start < end:
                    yield at

"""Where the words of a query stand in a stored text: for the rank, and for the snippet."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import filterfalse

from storage.search.analyser import FEW_WORDS, Terms, stem_languages, terms_of
from storage.search.beginnings import Beginnings
from storage.search.letters import UNSPACED
from storage.search.query import Candidate, Node, wanted
from storage.search.rows import Row
from storage.search.stemming import LANGUAGES, is_whole
from storage.search.words import (
    find_tags,
    find_words,
    forms,
    joined,
    next_word,
    split,
    written_words,
)

NEAR = 8  # words
NO_MORE = (2**62, "")  # where no text reaches
NEXT = 400  # characters after a word, in which the next one of its phrase stands

INFLECTED = 0.7  # how much another form of the word counts
EXACT = 1 << 10  # added to a leaf that is answered by the very word

Answers = frozenset[int]  # the wanted leaves that a part of a text answers
NONE: Answers = frozenset()


Counts = tuple[tuple[int, float], ...]  # leaves that a word answers, and how much it counts


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
        self._phrases = [(leaf, it) for leaf, it in enumerate(self._terms) if it.phrase]
        self._tags = [(leaf, it) for leaf, it in enumerate(self._terms) if it.tag]
        self._leaves: dict[str, Answers] = {}
        for leaf, terms in enumerate(self._terms):
            for place, token in enumerate(terms.any_of):
                answer = {leaf} if place else {leaf, leaf + EXACT}
                self._leaves[token] = self._leaves.get(token, NONE) | answer
        asked = (
            token
            for it in self._terms
            for token in (*filterfalse(is_whole, it.any_of), "" if it.phrase else it.prefix)
        )
        spoken = [it.phrase[0] for it in self._terms if it.phrase]
        whole = [token for it in self._terms for token in it.any_of if is_whole(token)]
        self._beginnings = Beginnings(filter(None, asked), [*spoken, *whole])
        self._parts: dict[str, list[tuple[int, str]]] = {}  # by written word: offset and token
        self._none = (0.0,) * len(self._terms)
        # By language, then by written word: its tokens and what each of them answers, in all the
        # languages of a text; what the word answers, in its own language alone.
        self._known: dict[tuple[str, ...], dict[str, _Reading]] = {}
        self._glanced: dict[tuple[str, ...], dict[str, Counts]] = {}

    def weigh(self, row: Row) -> Candidate:
        """What the rank of a found message depends on."""
        return self.weigh_all([row])[0]

    def weigh_all(self, rows: Sequence[Row]) -> list[Candidate]:
        """What the ranks of found messages depend on; hundreds at once cost least."""
        text = "\n".join([row.body for row in rows])
        text = text.replace("_", " ") if "_" in text else text
        if not self._beginnings.reads(text):
            return [self._weigh_closely(row) for row in rows]
        found = iter(self._beginnings.words(text))
        offset, word = next(found, NO_MORE)
        candidates: list[Candidate] = []
        start = 0
        for row in rows:
            end = start + len(row.body)
            words: list[tuple[int, str]] = []
            while offset < end:
                words.append((offset - start, word))
                offset, word = next(found, NO_MORE)
            start = end + 1
            candidates.append(self._weigh(row, words))
        return candidates

    def _weigh(self, row: Row, words: Sequence[tuple[int, str]]) -> Candidate:
        length = row.body.count(" ") + 1
        hits, near = self._glance(row.body, row.lang, length, words)
        if row.title or hits == self._none:
            # Found all the same: by its title, or by a form that begins otherwise.
            return self._weigh_closely(row)
        return Candidate(row.message_id, row.thread_h, row.ts, length, hits, self._none, near)

    def _weigh_closely(self, row: Row) -> Candidate:
        answers = self._read(row.body, row.lang).answers if self._terms else []
        title = self._read(row.title, row.lang).answers if row.title else []
        length = row.body.count(" ") + 1
        hits, in_title = self._count(answers), self._count(title)
        near = self._near(answers)
        return Candidate(row.message_id, row.thread_h, row.ts, length, hits, in_title, near)

    def spans(self, text: str, language: str) -> list[tuple[int, int]]:
        """Start and end of every hit in a text, in order; hits a sign apart are one."""
        spans: list[tuple[int, int]] = []
        for start, end in self._places(text, language):
            if spans and start <= spans[-1][1] + 1:
                spans[-1] = (spans[-1][0], max(spans[-1][1], end))
            else:
                spans.append((start, end))
        return spans

    def _places(self, text: str, language: str) -> Iterator[tuple[int, int]]:
        """Start and end of every part that answers something."""
        plain = text.replace("_", " ")
        if self._phrases or self._tags or not self._beginnings.reads(plain):
            answers = self._read(text, language).answers
            for place, answered in zip(_places(text), answers, strict=True):
                if answered:
                    yield place
            return
        words = written_words(plain)
        languages = stem_languages(plain, words, language)
        for offset, word in self._beginnings.words(plain):
            answers = self._reading(word, languages).answers
            if any(answers):
                for part, answered in zip(split(word), answers, strict=True):
                    if answered:
                        yield offset + part.start, offset + part.end

    def _read(self, text: str, language: str) -> _Reading:
        """What each part of a text answers, whatever it begins with."""
        words = written_words(text)
        languages = stem_languages(text, words, language)
        tokens: list[str] = []
        answers: list[Answers] = []
        for word in words:
            one = self._reading(word, languages)
            tokens += one.tokens
            answers += one.answers
        for leaf, terms in (*self._phrases, *self._tags):
            for at in (*_phrases(tokens, terms), *_tagged(text, terms)):
                answers[at] |= {leaf, leaf + EXACT}
        return _Reading(tokens, answers)

    def _glance(
        self, text: str, language: str, length: int, words: Sequence[tuple[int, str]]
    ) -> tuple[tuple[float, ...], bool]:
        """How often each leaf is answered in a text, and whether all are near each other.

        In the text's own language alone, and of the words that begin as something asked for:
        hundreds of messages are weighed. length: in words, about.
        """
        few = length < 2 * FEW_WORDS and len(written_words(text)) < FEW_WORDS
        languages = LANGUAGES if few else (language,)
        known = self._glanced.get(languages)
        if known is None:
            known = self._glanced[languages] = {}
        counts = list(self._none)
        places: list[tuple[int, int]] = []
        plain = text.replace("_", " ") if self._phrases else text
        for offset, word in words:
            counted = known.get(word)
            if counted is None:
                counted = known[word] = self._counts(word, languages)
            for leaf, count in counted:
                counts[leaf] += count
                places.append((offset, leaf))
            for leaf, terms in self._phrases:
                if ends := self._spoken(plain, offset, word, terms):
                    counts[leaf] += len(ends)
                    places += [(end, leaf) for end in ends]
        for leaf, terms in self._tags:
            if any(tag == terms.tag for tag, _, _ in find_tags(text)):
                counts[leaf] += 1.0
                places.append((0, leaf))
        near = len(counts) > 1 and all(counts) and _near_by(text, sorted(places), len(counts))
        return tuple(counts), near

    def _spoken(self, text: str, offset: int, word: str, terms: Terms) -> list[int]:
        """Where the parts of a phrase stand that begins in this word; none: []."""
        parts, end = self._parts_of(word), offset + len(word)
        following = _plain_word(text, end)
        if following is not None and len(parts) == 1 and not self._goes_on(following[0], terms):
            return []  # most words that begin a phrase, at little cost
        here = [token for _, token in parts]
        if terms.phrase[0] not in here:
            return []
        first = here.index(terms.phrase[0])
        found = [(offset + at, token) for at, token in parts[first:]]
        size = len(terms.phrase) + bool(terms.prefix)
        while len(found) < size:
            following = _plain_word(text, end) or next_word(text, end, end + NEXT)
            if following is None:
                return []
            word, at = following
            found += [(at + it, token) for it, token in self._parts_of(word)]
            end = at + len(word)
        tokens = tuple(token for _, token in found[:size])
        if tokens[: len(terms.phrase)] != terms.phrase or not terms.begins(tokens[-1]):
            return []
        return [place for place, _ in found[:size]]

    def _goes_on(self, word: str, terms: Terms) -> bool:
        """Whether a plain word may be the second of a phrase."""
        token = self._parts_of(word)[0][1]
        if len(terms.phrase) > 1:
            return token == terms.phrase[1]
        return terms.begins(token)

    def _parts_of(self, word: str) -> list[tuple[int, str]]:
        parts = self._parts.get(word)
        if parts is None:
            parts = self._parts[word] = [(it.start, it.token) for it in split(word)]
        return parts

    def _counts(self, word: str, languages: Sequence[str]) -> Counts:
        counts: dict[int, float] = {}
        for leaf in NONE.union(*self._word(word, languages).answers):
            share = INFLECTED if leaf < EXACT else 1 - INFLECTED
            counts[leaf % EXACT] = counts.get(leaf % EXACT, 0.0) + share
        return tuple(counts.items())

    def _reading(self, word: str, languages: tuple[str, ...]) -> _Reading:
        known = self._known.setdefault(languages, {})
        one = known.get(word)
        if one is None:
            one = known[word] = self._word(word, languages)
        return one

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
        # What is written without spaces has the same forms in all of them.
        for language in languages[:1] if UNSPACED.fullmatch(piece) else languages:
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


def _plain_word(text: str, end: int) -> tuple[str, int] | None:
    """The word after one that ends there, and its offset, if it has no sign but ASCII letters."""
    stop = text.find(" ", end + 1)
    word = text[end + 1 : None if stop < 0 else stop]
    return (word, end + 1) if word.isascii() and word.isalpha() and text[end] == " " else None


def _near_by(text: str, places: Sequence[tuple[int, int]], leaves: int) -> bool:
    """Whether all leaves stand within a few words. places: offset and leaf, in order."""
    latest: dict[int, int] = {}
    reached = word = 0
    for offset, leaf in places:
        word += text.count(" ", reached, offset)
        reached = offset
        latest[leaf] = word
        if len(latest) == leaves and word - min(latest.values()) < NEAR:
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

"""One analyser for both engines: what a message is indexed under, and what a word asks for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from storage.search.languages import is_small, language_scores
from storage.search.letters import UNSPACED, is_emoji, spelt_otherwise
from storage.search.query import Leaf, OneOf, Phrase, Prefix, Word
from storage.search.stemming import LANGUAGES
from storage.search.words import (
    LONGEST,
    find_tags,
    folded_tag,
    forms,
    joined,
    split,
    stem_token,
    written_words,
)

POSITIONS = 16_000  # PostgreSQL counts to 16,383
FEW_WORDS = 4  # fewer tell no language: stemmed in all of them
PRIOR_WORDS = 6  # fewer tell less than who wrote them, and where


@dataclass(frozen=True, slots=True)
class Analysed:
    """A text as it is indexed. Made again exactly by `analyse_as(text, language)`."""

    language: str  # ISO 639-1, "" if nobody can tell
    surface: tuple[str, ...]  # folded words; the index is the position
    extras: tuple[str, ...]  # stems and joined spellings that differ from the word; no order
    tags: tuple[str, ...]  # folded, without #


@dataclass(frozen=True, slots=True)
class Terms:
    """What one typed word asks for: any of these. False if it has no letters."""

    any_of: tuple[str, ...] = ()  # tokens, in any column; the folded word first
    phrase: tuple[str, ...] = ()  # tokens as written, one after another, no stems
    prefix: str = ""  # tokens that begin so; it follows the phrase, if there is one
    tag: str = ""  # a tag and nothing else

    def begins(self, token: str) -> bool:
        """Whether a token begins with the prefix; every token does with none."""
        return token.startswith(self.prefix)

    def __bool__(self) -> bool:
        return bool(self.any_of or self.phrase or self.prefix or self.tag)


def analyse(text: str, language_prior: str = "") -> Analysed:
    """Index terms of a text, in the language it tells or, in doubt, the one expected there."""
    words = written_words(text)
    scores = language_scores(text, words)
    weighed = dict(scores)
    if language_prior in LANGUAGES:
        trust = 3.0 if len(words) < PRIOR_WORDS else 1.0
        weighed[language_prior] = weighed.get(language_prior, 0.0) + trust
    return _analysed(text, words, scores, _first(weighed))


def topics(text: str, language_prior: str = "") -> frozenset[str]:
    """What a text is about: one token for each word that says something, its stem if it has one."""
    language = analyse(text, language_prior).language
    about: set[str] = set()
    for word in written_words(text):
        if not is_small(word) and not is_emoji(word):
            found = forms(word, language)
            about.update(found.extras[:1] or found.parts[:1])
    return frozenset(about)


def analyse_as(text: str, language: str) -> Analysed:
    """The index terms of a text already known to be in a language: the same again, always."""
    words = written_words(text)
    return _analysed(text, words, language_scores(text, words), language)


def stem_languages(text: str, words: Sequence[str], language: str) -> tuple[str, ...]:
    """The languages that a text of such words is stemmed in; ("",) if in none."""
    return _stem_languages(words, language_scores(text, words), language)


def query_terms(typed: str) -> Terms:
    """What a typed word asks for: as written, as spelt otherwise, and stemmed in every language.

    Stems are asked of all columns, since a stem that equals its word is indexed only as the word.
    """
    if typed.startswith("#") and (tag := folded_tag(typed[1:])):
        return Terms(tag=tag)
    words = written_words(typed)
    tokens = phrase_tokens(typed)
    if len(words) != 1 or not tokens or (len(tokens) > 1 and UNSPACED.search(typed)):
        return Terms(tokens) if len(tokens) == 1 else Terms(phrase=tokens)
    if is_emoji(words[0]):
        return Terms(tokens) if len(tokens) == 1 else Terms(phrase=tokens)
    if len(tokens[0]) == 1 and UNSPACED.match(tokens[0]):
        return Terms(prefix=tokens[0])
    whole = joined(words[0], split(words[0]))
    stems = [stem_token(whole, language) for language in LANGUAGES]
    others = spelt_otherwise(tokens[0]) if len(tokens) == 1 else ()
    stems += [stem_token(other, language) for other in others for language in LANGUAGES]
    any_of = tuple(dict.fromkeys(it for it in ("".join(tokens)[:LONGEST], *stems, *others) if it))
    return Terms(any_of, phrase=tokens if len(tokens) > 1 else ())


def prefix_terms(typed: str) -> Terms:
    """What a typed beginning asks for; of several parts only the last is a beginning."""
    if typed.startswith("#"):
        return query_terms(typed)
    *before, last = phrase_tokens(typed) or ("",)
    return Terms(phrase=tuple(before), prefix=last)


def terms_of(leaf: Leaf) -> Terms:
    """What a leaf of the query tree asks the index for."""
    match leaf:
        case Word(typed):
            return query_terms(typed)
        case Phrase(typed):
            return Terms(phrase=phrase_tokens(typed))
        case Prefix(typed):
            return prefix_terms(typed)
        case OneOf(tokens):
            return Terms(any_of=tokens)


def phrase_tokens(typed: str) -> tuple[str, ...]:
    """A typed phrase as the tokens that must follow each other."""
    return tuple(part.token for word in written_words(typed) for part in split(word))


def _analysed(
    text: str, words: Sequence[str], scores: Mapping[str, float], language: str
) -> Analysed:
    surface: list[str] = []
    extras: list[str] = []
    first, *others = _stem_languages(words, scores, language)
    for word in words:
        found = forms(word, first)
        surface += found.parts
        extras += found.extras
    for other in others:
        for word in words:
            extras += forms(word, other).extras
    return Analysed(
        language,
        tuple(surface[:POSITIONS]),
        tuple(dict.fromkeys(extras))[:POSITIONS],
        tuple(dict.fromkeys(tag for tag, _, _ in find_tags(text))),
    )


def _stem_languages(
    words: Sequence[str], scores: Mapping[str, float], language: str
) -> tuple[str, ...]:
    if len(words) < FEW_WORDS:
        return LANGUAGES
    both = (language, _first(scores)) if _first(scores) else (language,)
    return tuple(dict.fromkeys(it for it in both if it)) or ("",)


def _first(scores: Mapping[str, float]) -> str:
    """The likeliest language, of equals the one heard first; "" if nothing speaks for any."""
    return max(scores, key=scores.__getitem__, default="")

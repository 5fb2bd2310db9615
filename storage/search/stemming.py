"""Stems of words, language by language, and a number that changes when any of them may change."""

import threading
import unicodedata

import LatvianStemmer
import Stemmer

from storage.search import endings
from storage.search.languages import folded_small
from storage.search.letters import fold

SNOWBALL = {
    "en": "english",
    "de": "german",
    "fr": "french",
    "es": "spanish",
    "it": "italian",
    "nl": "dutch",
    "el": "greek",
    "cs": "czech",
    "no": "norwegian",
}
LANGUAGES = (*SNOWBALL, "lv")  # ISO 639-1

RULES = 6  # of this package; raise it whenever folding, tokens, stop words or row ids change


def analyser_version() -> int:
    """Changes with our rules, the stemmers or Unicode: then the index must be made anew.

    Taking a message out of the SQLite index needs exactly the tokens it was put in with.
    """
    unicode_version = unicodedata.unidata_version.split(".")[0]
    parts = (*Stemmer.version().split(".")[:3], unicode_version)
    return int(f"{RULES}" + "".join(f"{int(part):02}" for part in parts))


class _Stemmers(threading.local):
    """One set of stemmers a thread: PyStemmer's objects must not be shared."""

    def __init__(self) -> None:
        self.by_language: dict[str, Stemmer.Stemmer] = {}

    def get(self, language: str) -> Stemmer.Stemmer:
        stemmer = self.by_language.get(language)
        if stemmer is None:
            stemmer = Stemmer.Stemmer(SNOWBALL[language], 0)  # the analyser caches whole words
            self.by_language[language] = stemmer
        return stemmer


_stemmers = _Stemmers()


SHORTEST = 3  # letters of a stem that says enough by itself


def stem(word: str, language: str, folded: str | None = None) -> str:
    """The folded stem of a word as written; just folded if nobody stems the language.

    Stemmed first and folded then: suffix rules know accents. A stem that would read like a small
    word, as møte would like mot, carries a 1, which no word of people does. folded: the word
    folded, if that is known.
    """
    lower = word.lower()
    whole = fold(lower) if folded is None else folded
    named = endings.whole_stem(whole, language)
    if named is not None:
        found = named
    elif language in SNOWBALL:
        found = endings.shortened(fold(_stemmers.get(language).stemWord(lower)), language)
    elif language == "lv":
        found = endings.shortened(fold(LatvianStemmer.stem(lower)), language)
    else:
        return whole
    if found == whole and named is None:
        return whole
    alike = len(found) < SHORTEST or found in folded_small()
    return f"{found}1" if alike and found.isalpha() else found


def is_whole(token: str) -> bool:
    """Whether a token is a word as it is: so short a stem of another word would carry a 1."""
    return len(token) < SHORTEST and token.isalpha()

"""Stems of words, language by language, and a number that changes when any of them may change."""

import threading
import unicodedata

import LatvianStemmer
import Stemmer

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

RULES = 1  # of this package; raise it whenever folding, tokens or stop words change


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


def stem(word: str, language: str) -> str:
    """The folded stem of a word as written; just folded if nobody stems the language.

    Stemmed first and folded then: suffix rules know accents.
    """
    lower = word.lower()
    if language in SNOWBALL:
        return fold(_stemmers.get(language).stemWord(lower))
    if language == "lv":
        return fold(LatvianStemmer.stem(lower))
    return fold(lower)

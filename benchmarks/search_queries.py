"""What is asked of a large archive: words rare, medium and common, phrases, filters, few rooms.

Of a million messages a rare word stands in 20 to 100, a medium one in 2,000 to 10,000, a common one
in 100,000 and more.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.corpus import ROOMS, SEED, Corpus
from storage.search.words import written_words

SAMPLE = 100_000  # messages that tell how common a word is
RARE, MEDIUM, COMMON = (2, 10), (200, 1_000), (10_000, SAMPLE)  # messages of them, at most
SELECTIVE = ("rare", "two medium", "phrase", "person", "medium")


@dataclass(frozen=True, slots=True)
class Asked:
    """One search."""

    kind: str
    query: str
    words: str  # the same without operators, for peers that know none
    rooms: tuple[int, ...]  # 0 … 49


def questions(corpus: Corpus) -> list[Asked]:
    """A hundred searches, the same each time."""
    chance = Random(SEED)
    spread = Counter(
        word
        for event in corpus.events(SAMPLE)
        for word in set(written_words(event.content["body"]))
    )
    asked: list[Asked] = []
    for language in corpus.languages:
        pick = _picker(chance, corpus.vocabularies[language].words, spread)
        common, medium = pick(COMMON), pick(MEDIUM)
        run = _spoken(corpus, chance, language)
        for kind, query, plain in (
            ("rare", rare := pick(RARE), rare),
            ("medium", medium, medium),
            ("common", common, common),
            ("two common", twice := f"{common} {pick(COMMON, common)}", twice),
            ("two medium", two := f"{medium} {pick(MEDIUM, medium)}", two),
            ("either", f"{medium} OR {common}", f"{medium} {common}"),
            ("phrase", f'"{run}"', run),
            ("prefix", f"{medium[:4]}*", medium),
            ("person", f"{common} from:@person-{chance.randrange(200)}:localhost", common),
            ("without", f"{common} -{medium}", common),
        ):
            size = chance.choice((ROOMS, 12, 2))
            asked.append(
                Asked(kind, query, plain, tuple(sorted(chance.sample(range(ROOMS), size))))
            )
    return asked


def _picker(chance: Random, words: Sequence[str], spread: Mapping[str, int]) -> Callable[..., str]:
    """Picks a word of a language by how many messages it stands in, other than one."""
    known = [it for it in words if it.isalpha()]

    def pick(between: tuple[int, int], but: str = "") -> str:
        fewest, most = between
        found = [it for it in known if fewest <= spread.get(it, 0) <= most and it != but]
        # A language that has no such word is asked for its commonest ones.
        found = found or [it for it in known[:3] if it != but]
        return chance.choice([it for it in found if len(it) > 3] or found)

    return pick


def _spoken(corpus: Corpus, chance: Random, language: str) -> str:
    """Two words that somebody said one after the other."""
    words = set(corpus.vocabularies[language].words)
    while True:
        (event,) = corpus.events(1, chance.randrange(50_000))
        said = [it for it in event.content["body"].split() if it in words and it.isalpha()]
        if len(said) > 3:
            start = chance.randrange(len(said) - 2)
            if f"{said[start]} {said[start + 1]}" in event.content["body"]:
                return f"{said[start]} {said[start + 1]}"

"""What is asked of a large archive: words rare, medium and common, phrases, filters, few rooms."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from benchmarks.corpus import ROOMS, SEED, Corpus

SELECTIVE = ("rare", "two medium", "phrase", "person", "medium")


@dataclass(frozen=True, slots=True)
class Asked:
    """One search."""

    kind: str
    query: str
    words: str  # the same without operators, for peers that know none
    rooms: tuple[int, ...]  # 0 … 49


def questions(corpus: Corpus) -> list[Asked]:
    """About 140 searches, the same each time."""
    chance = Random(SEED)
    asked: list[Asked] = []
    for language in corpus.languages:
        words = corpus.vocabularies[language].words

        def pick(low: int, high: int, of: Sequence[str] = words) -> str:
            return next(
                word
                for word in (of[chance.randrange(low, high)] for _ in range(1000))
                if len(word) > 3 and word.isalpha()
            )

        two = f"{pick(300, 900)} {pick(300, 900)}"
        medium, common = pick(1_000, 3_000), pick(5, 60)
        run = _spoken(corpus, chance, language)
        for kind, query, plain in (
            ("rare", rare := pick(9_000, 19_000), rare),
            ("medium", medium, medium),
            ("common", common, common),
            ("two common", twice := f"{common} {pick(5, 60)}", twice),
            ("two medium", two, two),
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

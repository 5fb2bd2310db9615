"""A community's talk, generated: ten languages, fifty rooms, as many messages as one likes.

Deterministic: the same numbers give the same words, and a smaller corpus is the beginning of a
larger one. Words follow Zipf's law: small words first, then the sample community's, then made-up
ones with the endings of their language.
"""

import itertools
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from storage.records import EventId, RoomEvent, RoomId, UserId
from storage.search.analyser import analyse
from storage.search.languages import small_words
from storage.search.words import written_words

SAMPLE = Path(__file__).parent.parent / "demo" / "sample-content.json"
ROOMS, PEOPLE = 50, 200
BEGAN = 1_735_689_600_000  # 1 January 2025, ms
APART = 30_000  # ms between two messages
MADE_UP = 20_000  # words a language
SEED = 20260309

_LETTERS = {"el": ("αειου", "κλμνπρστφγδβ")}  # others: Latin
_ENDINGS = {
    "en": " s ed ing", "de": " e en er ung ungen", "fr": " s e es er ons", "es": " s es ar ado",
    "it": "o i a e are ato", "nl": " en er ing", "el": "οσ ου οι η ησ εσ", "cs": " a y u em ovi",
    "no": " en er ene et", "lv": "s i iem u as",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words of a language, commonest first, and how they add up."""

    words: list[str]
    weights: list[float]


class Corpus:
    """Messages by number; `vocabularies` tells how common a word is."""

    def __init__(self) -> None:
        self.vocabularies = _vocabularies()
        self.languages = sorted(self.vocabularies)

    def events(self, count: int, first: int = 0) -> Iterator[RoomEvent]:
        """That many messages from a number on, in the order they were said."""
        for number in range(first, first + count):
            chance = Random(SEED * 1_000_003 + number)
            room, person = chance.randrange(ROOMS), chance.randrange(PEOPLE)
            # A room speaks its language mostly.
            own = self.languages[room % len(self.languages)]
            language = own if chance.random() < 0.7 else chance.choice(self.languages)
            known = self.vocabularies[language]
            length = max(1, int(chance.lognormvariate(3.1, 0.65)))
            body = " ".join(chance.choices(known.words, cum_weights=known.weights, k=length))
            if chance.random() < 0.04:
                body += f" https://city.example/{number}"
            thread = number - ROOMS * chance.randrange(1, 9)
            yield RoomEvent(
                EventId(f"$bench-{number}"),
                RoomId(f"!bench-{room}:localhost"),
                "m.room.message",
                UserId(f"@person-{person}:localhost"),
                BEGAN + number * APART,
                {"msgtype": "m.text", "body": body},
                relates_to={"rel_type": "m.thread", "event_id": f"$bench-{thread}"}
                if thread > 0 and chance.random() < 0.5
                else None,
            )


def _vocabularies() -> dict[str, Vocabulary]:
    content: dict[str, Any] = json.loads(SAMPLE.read_text(encoding="utf-8"))
    said = [message["body"] for thread in content["threads"] for message in thread["messages"]]
    spoken: dict[str, dict[str, None]] = {
        it: dict.fromkeys(small_words(it)) for it in _ENDINGS if it
    }
    for body in said:
        language = analyse(body).language
        if language in spoken:
            spoken[language] |= dict.fromkeys(written_words(body))
    return {language: _zipf([*words, *_made_up(language)]) for language, words in spoken.items()}


def _made_up(language: str) -> list[str]:
    chance = Random(f"{SEED}-{language}")
    vowels, consonants = _LETTERS.get(language, ("aeiou", "bdfghklmnprstvz"))
    endings = _ENDINGS[language].split(" ")
    words: dict[str, None] = {}
    while len(words) < MADE_UP:
        root = "".join(
            chance.choice(consonants) + chance.choice(vowels) for _ in range(chance.randint(2, 4))
        ) + chance.choice(consonants)
        words |= dict.fromkeys(root + ending for ending in endings)
    return list(words)


def _zipf(words: list[str]) -> Vocabulary:
    weights = itertools.accumulate(1 / (rank + 2.7) ** 1.1 for rank in range(len(words)))
    return Vocabulary(words, list(weights))

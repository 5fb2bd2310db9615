"""Which of the found messages come first, and how `!more` goes on."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from storage.search.query import Candidate

PAGE = 10  # messages
WINDOW = 400  # newest matches that are ranked together

HALF_LIFE_DAYS = 365
OLDEST_COUNTS = 0.3  # however old
NEAR_COUNTS = 1.5
TITLE_COUNTS = 4  # times an occurrence in the text
REFINED = 25  # of the first order, whose standing is looked up
PRACTICE, SUMMARY = 1.6, 1.3  # how much they weigh
ANSWERED, ROOT = 1.3, 1.2  # how much a thread's first message weighs, with answers and without


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the next page begins: small enough to remember, steady while people go on writing."""

    below: int | None  # exclusive message id of the window; None: nothing was below yet
    shown: int  # of that window's ranking
    documents: bool = True  # the first window holds practices and summaries, too


@dataclass(frozen=True, slots=True)
class Page:
    hits: tuple[Candidate, ...]
    more: Cursor | None  # None: that was all


def rank(candidates: Sequence[Candidate], now: datetime) -> list[Candidate]:
    """Best first, one of each thread. candidates: newest first, as they are found."""
    mean = sum(it.length for it in candidates) / len(candidates) if candidates else 1.0
    scored = [
        (score(it, position, mean, now), it.message_id, it)
        for position, it in enumerate(candidates)
    ]
    best: dict[int, Candidate] = {}
    for _, _, candidate in sorted(scored, key=lambda entry: entry[:2], reverse=True):
        best.setdefault(candidate.thread_h, candidate)
    return list(best.values())


def weight(*, root: bool, answers: int) -> float:
    """How much a message weighs by its place in its thread."""
    if not root:
        return 1.0
    return ANSWERED if answers else ROOT


def score(candidate: Candidate, position: int, mean_length: float, now: datetime) -> float:
    """How well a message answers. position: among the candidates, newest is 0.

    Saturated frequency of each word, shorter messages first (BM25 without rarity, which would
    tell of rooms that the asker does not see), and a bonus for the newest.
    """
    length = 1.2 * (0.25 + 0.75 * candidate.length / max(mean_length, 1.0))
    frequencies = [
        hits + TITLE_COUNTS * in_title
        for hits, in_title in zip(candidate.hits, candidate.title_hits, strict=True)
    ]
    words = sum(it * 2.2 / (it + length) for it in frequencies)
    age_days = max(0.0, now.timestamp() - candidate.ts / 1000) / 86_400
    return (
        (words + 0.8 * math.exp(-position / 100))
        * max(OLDEST_COUNTS, math.pow(0.5, age_days / HALF_LIFE_DAYS))
        * (NEAR_COUNTS if candidate.near else 1.0)
        * (1 + 0.1 * math.log1p(candidate.reactors))
        * candidate.weight
    )


def page(
    ordered: Sequence[Candidate],
    found: Sequence[Candidate],
    cursor: Cursor | None,
    size: int = PAGE,
) -> Page:
    """The page at a cursor (None: the first), and where the next one begins.

    found: the window of messages below `cursor.below`, newest first; ordered: the same and what
    else was found, ranked, or newest first.
    """
    shown = cursor.shown if cursor else 0
    hits = tuple(ordered[shown : shown + size])
    if shown + size < len(ordered):
        # New messages must not move the window: it is held from its newest one down.
        newest = found[0].message_id + 1 if found else 0
        below = cursor.below if cursor and cursor.below is not None else newest
        return Page(hits, Cursor(below, shown + size, cursor.documents if cursor else True))
    if len(found) >= WINDOW:
        return Page(hits, Cursor(found[-1].message_id, 0, documents=False))
    return Page(hits, None)

"""Which of the found messages come first, and how `!more` goes on."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter

from storage.search.query import Candidate

PAGE = 10  # messages
WINDOW = 400  # newest matches that are ranked together

HALF_LIFE_MS = 365 * 86_400_000
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
    seen: tuple[int, ...] = ()  # message ids of that window that were shown
    documents: bool = True  # the first window holds practices and summaries, too


@dataclass(frozen=True, slots=True)
class Page:
    hits: tuple[Candidate, ...]
    total: int  # of the window, with those on earlier pages
    more: Cursor | None  # None: that was all


# How well a candidate answers, its message id, and itself; of equals the newer comes first.
Scored = tuple[float, int, Candidate]


def rank(candidates: Sequence[Candidate], now: datetime) -> list[Candidate]:
    """Best first, one of each thread. candidates: newest first, as they are found."""
    return [candidate for _, _, candidate in scored(candidates, now)]


def scored(candidates: Sequence[Candidate], now: datetime) -> list[Scored]:
    """Best first, one of each thread, with their scores."""
    best: dict[int, Scored] = {}
    for one in sorted(_scores(candidates, now), key=itemgetter(0, 1), reverse=True):
        best.setdefault(one[2].thread_h, one)
    return list(best.values())


def refined(first: Sequence[Scored], lifts: Mapping[int, float]) -> list[Candidate]:
    """The same in another order: some, by message id, count so many times as much."""
    lifted = [
        (score * lifts[number], number, it) if number in lifts else (score, number, it)
        for score, number, it in first
    ]
    return [it for _, _, it in sorted(lifted, key=itemgetter(0, 1), reverse=True)]


def lift(*, root: bool, answers: int, reactors: int) -> float:
    """How many times as much a message counts by its place in its thread, and to how many."""
    return weight(root=root, answers=answers) * _liked(reactors)


def _liked(reactors: int) -> float:
    return 1 + 0.1 * math.log1p(reactors)


def weight(*, root: bool, answers: int) -> float:
    """How much a message weighs by its place in its thread."""
    if not root:
        return 1.0
    return ANSWERED if answers else ROOT


def _scores(candidates: Sequence[Candidate], now: datetime) -> Iterator[Scored]:
    """How well messages answer. candidates: newest first.

    Saturated frequency of each word, shorter messages first (BM25 without rarity, which would
    tell of rooms that the asker does not see), and a bonus for the newest.
    """
    if not candidates:
        return
    mean = max(sum(it.length for it in candidates) / len(candidates), 1.0)
    now_ms = now.timestamp() * 1000
    for position, it in enumerate(candidates):
        number, _, ts, words, hits, title_hits, near, standing, reactors = it
        length = 0.3 + 0.9 * words / mean
        total = 0.8 * math.exp(-position / 100)
        for hit, in_title in zip(hits, title_hits, strict=True):
            frequency = hit + TITLE_COUNTS * in_title
            total += frequency * 2.2 / (frequency + length)
        age = max(0.0, now_ms - ts) / HALF_LIFE_MS
        total *= max(OLDEST_COUNTS, 0.5**age) * standing
        if near:
            total *= NEAR_COUNTS
        if reactors:
            total *= _liked(reactors)
        yield total, number, it


def page(
    ordered: Sequence[Candidate],
    found: Sequence[Candidate],
    cursor: Cursor | None,
    size: int = PAGE,
) -> Page:
    """The page at a cursor (None: the first), and where the next one begins.

    found: the window of messages below `cursor.below`, newest first; ordered: the same and what
    else was found, ranked, or newest first. What was on earlier pages is known by id: meanwhile
    some of it may be deleted, and reactions change the order.
    """
    seen = cursor.seen if cursor else ()
    known = set(seen)
    left = [it for it in ordered if it.message_id not in known]
    hits, total = tuple(left[:size]), len(seen) + len(left)
    if size < len(left):
        # New messages must not move the window: it is held from its newest one down.
        newest = found[0].message_id + 1 if found else 0
        below = cursor.below if cursor and cursor.below is not None else newest
        shown = (*seen, *(hit.message_id for hit in hits))
        return Page(hits, total, Cursor(below, shown, cursor.documents if cursor else True))
    if len(found) >= WINDOW:
        return Page(hits, total, Cursor(found[-1].message_id, documents=False))
    return Page(hits, total, None)

"""A few words round the hit, taken from the stored text."""

import re
from bisect import bisect_left, bisect_right
from dataclasses import dataclass

from storage.search.matching import Matcher

LENGTH = 160  # characters, ellipses included
LEAD = 40  # characters before the first hit


@dataclass(frozen=True, slots=True)
class Piece:
    text: str
    hit: bool


def snippet(text: str, language: str, matcher: Matcher, length: int = LENGTH) -> tuple[Piece, ...]:
    """The stretch of a text with most hits, in pieces; its beginning if nothing is hit.

    Line breaks become blanks. Never markup: the pieces are shown by whoever renders them.
    """
    # One character for one, so that places in the text stay right.
    flat = "".join(" " if sign.isspace() else sign for sign in text)
    spans = matcher.spans(text, language)
    if len(flat) <= length:
        start, end = 0, len(flat)
    else:
        start = _best_start(flat, spans, length)
        end = _word_end(flat, start, min(start + length - 2, len(flat)))
    pieces = [Piece("…", hit=False)] if start > 0 else []
    at = start
    for hit_start, hit_end in spans:
        if hit_end <= start or hit_start >= end:
            continue
        pieces.append(Piece(flat[at : max(at, hit_start)], hit=False))
        pieces.append(Piece(flat[max(at, hit_start) : min(hit_end, end)], hit=True))
        at = min(hit_end, end)
    pieces.append(Piece(flat[at:end], hit=False))
    if end < len(flat):
        pieces.append(Piece("…", hit=False))
    return _tidied(pieces)


def _best_start(flat: str, spans: list[tuple[int, int]], length: int) -> int:
    """Where the window with most hits begins: a little before a hit, at a word.

    spans: in order, none within another.
    """
    best, most = 0, 0
    begins, ends = [begin for begin, _ in spans], [end for _, end in spans]
    for first in begins:
        start = max(0, min(first - LEAD, len(flat) - length + 2))
        # Not one by one: a long message may be hit ten thousand times.
        inside = bisect_right(ends, start + length - 2) - bisect_left(begins, start)
        if inside > most:
            best, most = start, inside
    if best == 0:
        return 0
    blank = flat.find(" ", best, best + LEAD // 2)
    return best if blank < 0 else blank + 1


def _word_end(flat: str, start: int, end: int) -> int:
    if end == len(flat):
        return end
    blank = flat.rfind(" ", max(start + 1, end - LEAD // 2), end + 1)
    return end if blank < 0 else blank


def _tidied(pieces: list[Piece]) -> tuple[Piece, ...]:
    """Runs of blanks become one, none stands at either end, and empty pieces go."""
    tidy: list[Piece] = []
    for piece in pieces:
        text = re.sub(" +", " ", piece.text)
        if not tidy or tidy[-1].text.endswith(" "):
            text = text.removeprefix(" ")
        if text:
            tidy.append(Piece(text, piece.hit))
    if tidy and (last := tidy.pop()).text.rstrip():
        tidy.append(Piece(last.text.rstrip(), last.hit))
    return tuple(tidy)

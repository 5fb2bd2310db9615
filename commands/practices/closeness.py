"""Which practice a question or a draft resembles: words rare among practices weigh more."""

import math
from collections import Counter
from collections.abc import Mapping

# A pointer that misses is noise, so it takes several words in common, and most of what is rare.
WORDS_IN_COMMON = 3
SHARE_IN_COMMON = 0.3


def closest(asked: frozenset[str], practices: Mapping[int, frozenset[str]]) -> int | None:
    """The number of the practice that is close to what was asked; None if none is.

    All are sets of tokens of one analyser, without small words.
    """
    spread = Counter(token for tokens in practices.values() for token in tokens)
    weight = {
        token: math.log(1 + len(practices) / (1 + spread[token])) + 0.1
        for token in asked | frozenset(spread)
    }
    whole = sum(weight[token] for token in asked)
    best: tuple[float, int] | None = None
    for number, tokens in sorted(practices.items()):
        common = asked & tokens
        if len(common) < WORDS_IN_COMMON or not whole:
            continue
        share = sum(weight[token] for token in common) / whole
        if share >= SHARE_IN_COMMON and (best is None or share > best[0]):
            best = (share, number)
    return None if best is None else best[1]

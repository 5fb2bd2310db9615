"""Words that were perhaps meant: as far from a typed one as a slip of the finger."""

from collections import Counter
from collections.abc import Iterable, Sequence

from storage.search.letters import fold
from storage.search.query import Node, OneOf, Prefix
from storage.search.rows import Row
from storage.search.words import written_words

SHORTEST = 4  # letters: shorter words are a slip away from too many others
LONG = 7  # letters: these may have two slips
BEGINNING = 3  # letters that are right in a word with two slips
LONGEST = 24  # letters: longer ones are no slips of ours to mend

_ALPHABETS = (
    "abcdefghijklmnopqrstuvwxyz0123456789",
    "αβγδεζηθικλμνξοπρστυφχψω",
    "абвгдежзийклмнопрстуфхцчшщыьэюяії",
)


def near(word: str) -> Node | None:
    """Everything one slip away from a word, as a question to the index; None: too short or long."""
    if not (SHORTEST <= len(word) <= LONGEST) or not word.isalpha():
        return None
    letters = next((it for it in _ALPHABETS if word[0] in it or word[-1] in it), "")
    cuts = [(word[:at], word[at:]) for at in range(len(word) + 1)]
    slips = {
        *(left + right[1:] for left, right in cuts if right),
        *(left + right[1] + right[0] + right[2:] for left, right in cuts if len(right) > 1),
        *(left + sign + right[1:] for left, right in cuts if right for sign in letters),
        *(left + sign + right for left, right in cuts for sign in letters),
    }
    return OneOf(tuple(sorted(slips - {word})))


def beginning_alike(word: str) -> Node | None:
    """Everything that begins as a long word does."""
    known = LONG <= len(word) <= LONGEST and word.isalpha()
    return Prefix(word[:BEGINNING]) if known else None


def most_likely(word: str, rows: Sequence[Row]) -> str | None:
    """Of the words in found messages the one that was most likely meant, as it is written there."""
    slips = 2 if len(word) >= LONG else 1
    counts: Counter[str] = Counter()
    written: dict[str, Counter[str]] = {}
    for row in rows:
        for typed in _words(row):
            counts[folded := fold(typed)] += 1
            written.setdefault(folded, Counter())[typed] += 1
    close = [
        (distance, -counts[other], other)
        for other in counts
        if other != word and (distance := _distance(word, other, slips)) <= slips
    ]
    if not close:
        return None
    shown = written[min(close)[2]].most_common(1)[0][0]
    return shown.lower()


def _words(row: Row) -> Iterable[str]:
    return (*written_words(row.body), *(written_words(row.title) if row.title else ()))


def _distance(one: str, other: str, most: int) -> int:
    """Letters changed, added, left out or swapped with their neighbour; more than `most` is most+1.

    The first letter is seldom wrong: there a slip counts one more in a long word.
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    last = list(range(len(other) + 1))
    for row, a in enumerate(one, 1):
        line = [row]
        for column, b in enumerate(other, 1):
            cost = min(last[column] + 1, line[-1] + 1, last[column - 1] + (a != b))
            if row > 1 and column > 1 and a == other[column - 2] and one[row - 2] == b:
                cost = min(cost, before[column - 2] + 1)
            line.append(cost)
        if min(line) > most:
            return most + 1
        before, last = last, line
    return last[-1]

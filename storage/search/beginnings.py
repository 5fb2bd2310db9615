"""Passes by the words of a text that cannot answer a query: they begin otherwise.

Stems begin as their words do, so a few letters tell. Most words of a message are never looked at in
this way, which is what makes ranking hundreds of messages quick. Rather too much passes than too
little: whoever asks looks at what is left.
"""

import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any

from storage.search import endings
from storage.search.letters import MARKS, UNSPACED

END = "."  # in place of a letter: no more letters follow
FOLDED = 2  # letters that one sign folds into, æ or ß
LETTERS = 3  # of a beginning; the last letter of a short stem may differ from its word's
KNOWN = chr(0x530)  # below: Latin, Greek, Cyrillic
_JOINTS = "'’ʼ‐‑-"  # between the parts of one written word
_APART = frozenset(["", *' \n\t.,;:!?()/"…'])  # signs that stand beside a word, and end it
_WHOLE = re.compile(rf"\w[\w{MARKS}]*(?:[{_JOINTS}]\w[\w{MARKS}]*)*")
# Letters without accents, of one form each; of others any sign beyond ASCII will do.
_ONE_FORM = frozenset("бвджзклмнпрстфхцчшщβγδζθκλμνξπτφχψ")
_VARIANTS = {"β": "ϐ", "θ": "ϑϴ", "κ": "ϰ", "μ": "\u00b5", "π": "ϖ", "φ": "ϕ", "к": "Ќќ"}
# Texts with such signs are read word by word when Greek or Cyrillic is asked for.
_ELSEWHERE = re.compile(
    "[\u00ad\u0300-\u036f\u0483-\u0487\u0530-\u1eff\u200b-\u200d\u2060-\u218f\u2460-\u24ff"
    "\u2c00-\uffff\U00010000-\U0001f2ff\U00020000-\U0010ffff]"
)


class Beginnings:
    """Finds the written words that may answer one of a few tokens."""

    def __init__(self, tokens: Iterable[str], whole: Iterable[str] = ()) -> None:
        """tokens: stems and beginnings; whole: words that are wanted as they are."""
        plain: dict[str, Any] = {}
        other: dict[str, Any] = {}
        self.anything = False  # a token is written in other letters: any word may answer it
        starts = [(start, "") for token in tokens for start in _starts(token)]
        starts += [(it[:LETTERS], END if len(it) <= LETTERS else "") for it in whole]
        for start, end in map(_in_one_alphabet, starts):
            if not all(it.isalnum() and it < KNOWN for it in start):
                self.anything = True
                return
            branch = plain if start.isascii() else other
            for letter in start:
                branch = branch.setdefault(letter, {})
            branch[end] = {}
        self._plain = _compiled_plain(plain) if plain else None
        self._other = _compiled_other(other) if other else None

    def reads(self, text: str) -> bool:
        """Whether beginnings tell enough of this text."""
        return not self.anything and (
            self._other is None or text.isascii() or _ELSEWHERE.search(text) is None
        )

    def words(self, text: str) -> list[tuple[int, str]]:
        """Offset and word, in order, each once; the text holds no underscores."""
        found: list[tuple[int, str]] = []
        reached = 0
        for start, end in self._places(text):
            if start < reached:
                continue
            word = text[start:end]
            if (
                not word.isalnum()
                or text[start - 1 : start] not in _APART
                or text[end : end + 1] not in _APART
            ):
                word, start = _whole(text, start)
            if word:
                found.append((start, word))
                reached = start + len(word)
        return found

    def _places(self, text: str) -> Iterable[tuple[int, int]]:
        """Where parts may begin, and where they seem to end."""
        spans: list[tuple[int, int]] = []
        if self._plain is not None:
            # One "?" for each sign beyond ASCII, so that places stay right.
            known = text if text.isascii() else text.encode("ascii", "replace").decode("ascii")
            spans = [it.span() for it in self._plain.finditer(known.lower())]
        if self._other is not None and not text.isascii():
            spans = sorted([*spans, *(it.span() for it in self._other.finditer(text))])
        return spans


def _whole(text: str, start: int) -> tuple[str, int]:
    """The written word round a place, and where it begins; "" if no part begins there."""
    before = text[start - 1] if start else " "
    if before.isalnum() and not UNSPACED.match(before):
        return "", start  # the middle of a word, after an accent
    first = start
    while first and (text[first - 1].isalnum() or _inside(text[first - 1])):
        first -= 1
    for whole in _WHOLE.finditer(text, first):
        if whole.end() > start:
            return whole.group(), whole.start()
    return "", start


def _inside(sign: str) -> bool:
    return sign in _JOINTS or bool(re.match(f"[{MARKS}]", sign))


def _in_one_alphabet(one: tuple[str, str]) -> tuple[str, str]:
    """A beginning as far as it is ASCII, or is not; where it is cut, anything may follow."""
    start, _end = one
    run = "".join(takewhile(lambda it: it.isascii() == start[0].isascii(), start))
    return one if run == start else (run, "")


def _starts(token: str) -> set[str]:
    """The letters of which every word of this token has some in front, folded."""
    letters = token[:-1] if 1 < len(token) < LETTERS + 2 and token[-1] == "1" else token
    start = letters[: max(1, min(LETTERS, len(letters) - 1))]
    return {start, *endings.other_beginnings(token)}


def _compiled_plain(tree: dict[str, Any]) -> re.Pattern[str]:
    """ASCII letters, in small letters; "?" may be any other sign, or several letters in one."""
    ways = [f"(?<={first}){_tail(below)}" for first, below in tree.items() if first]
    next_ones = {it for below in tree.values() for it in _letters(below)}
    open_end = _one_sign_is_all(tree)
    ways.append(r"(?<=\?)" + ("" if open_end else rf"(?:['?-]|[{''.join(sorted(next_ones))}])"))
    # One set in front, so that the search leaps from one such sign to the next.
    return re.compile(rf"[{''.join(tree)}?](?<!\w.)(?:{'|'.join(ways)})[\w?]*")


def _letters(branch: dict[str, Any]) -> Iterator[str]:
    for letter, below in branch.items():
        if letter not in ("", END):
            yield letter
            yield from _letters(below)


def _one_sign_is_all(branch: dict[str, Any], letters: int = 0) -> bool:
    """Whether one sign may stand for all letters asked for: it folds into two at most."""
    if END in branch or ("" in branch and letters <= FOLDED):
        return True
    return any(_one_sign_is_all(below, letters + 1) for below in branch.values())


def _tail(branch: dict[str, Any]) -> str:
    """What may follow, letter by letter; a joint ends the first part of a joined word."""
    if "" in branch:
        return ""
    letters = [(letter, below) for letter, below in branch.items() if letter != END]
    last = [letter for letter, below in letters if "" in below]
    ways = [f"['?{''.join(last)}-]"]
    ways += [f"{letter}{_tail(below)}" for letter, below in letters if "" not in below]
    ways += [r"(?!\w)"] if END in branch else []
    return f"(?:{'|'.join(ways)})"


def _compiled_other(tree: dict[str, Any]) -> re.Pattern[str]:
    """Greek and Cyrillic letters."""

    def tail(branch: dict[str, Any]) -> str:
        if "" in branch:
            return ""
        ways = [f"{_signs([it])}{tail(below)}" for it, below in branch.items() if it != END]
        ways += [r"(?!\w)"] if END in branch else []
        return f"(?:[{_JOINTS}]|{'|'.join(ways)})"

    ways = "|".join(f"(?<={_signs([first])}){tail(below)}" for first, below in tree.items())
    return re.compile(rf"{_signs(tree)}(?<!\w.)(?:{ways})\w*", re.DOTALL)


def _signs(letters: Iterable[str]) -> str:
    """A set of all that may fold into one of these letters: quickly compiled, so often too wide."""
    if all(letter in _ONE_FORM for letter in letters) and len(list(letters)) == 1:
        return f"[{''.join(it + it.upper() + _VARIANTS.get(it, '') for it in letters)}]"
    return r"[^\x00-\x7f]"

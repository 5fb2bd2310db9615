"""Which letters count as the same: what a phone, a keyboard or a hurry leaves out."""

import re
import unicodedata
from collections.abc import Iterator
from functools import cache

# Combining marks as they occur inside words; `\w` leaves them out. Whole blocks of the Indic
# scripts, where vowels are marks; soft hyphen and zero-width joiners vanish in folding.
MARKS = (
    "\u00ad\u200b-\u200d\u2060\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5"
    "\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0730-\u074a"
    "\u0900-\u0963\u0971-\u0df3\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1\u0eb4-\u0ebc\u0ec8-\u0ecd"
    "\u0f71-\u0f84\u102b-\u103e\u135d-\u135f\u17b4-\u17d3\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20f0"
    "\ufe00-\ufe0f\ufe20-\ufe2f"
)
# Scripts that are written without spaces, cut into pairs of characters; Korean puts them between
# words with whatever is joined to these.
UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3041-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3"
    "\uf900-\ufaff\uff66-\uff9f\U00020000-\U0003ffff]+"
)

# Pictures: two letters of a flag, or a sign with what varies it (how it is drawn, its skin, tags
# of a flag) and the signs that a joiner makes one picture of.
_SIGN = "[\u2300-\u23ff\u2600-\u27bf\u2b00-\u2bff\U0001f000-\U0001faff]"
_VARIED = "[\ufe0e\ufe0f\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f]"
_PICTURE = f"[\U0001f1e6-\U0001f1ff]{{2}}|{_SIGN}{_VARIED}*(?:\u200d{_SIGN}{_VARIED}*)*"
EMOJI = f"(?:{_PICTURE})+"  # a run of them
_ONE_EMOJI = re.compile(_PICTURE)
# Skin, gender and how it is drawn are no other word; neither is what joins a family.
_VARIATIONS = re.compile("\u200d[\u2640\u2642]|[\u200d\ufe0e\ufe0f\U0001f3fb-\U0001f3ff]")

_INVISIBLE = re.compile("[\u00ad\u0640\u200b-\u200d\u2060\ufe00-\ufe0f]")  # with tatweel
# Marks that make no other letter: Latin, Greek; Hebrew points; Arabic harakat and hamza.
_STRIPPED = re.compile(
    "[\u0300-\u036f\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7"
    "\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u1ab0-\u1aff\u1dc0-\u1dff]+"
)
# Signs that fold one by one, whatever stands beside them: Latin, Greek, Cyrillic; no marks.
_ONE_BY_ONE = re.compile("[\0-\u02ff\u0370-\u0482\u048a-\u052f]+")
_KEPT = re.compile("([\u0400-\u052f])([\u0306\u0308])")  # й, ї are letters of their own
_ALIKE = str.maketrans(
    {
        "ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "ĸ": "k", "ŋ": "n",
        "æ": "ae", "œ": "oe", "ß": "ss", "þ": "th", "ς": "σ", "ё": "е", "ґ": "г",
        "ی": "ي", "ى": "ي", "ې": "ي", "ک": "ك", "ة": "ه", "أ": "ا", "إ": "ا", "آ": "ا", "ٱ": "ا",
        "ؤ": "و", "ئ": "ي",
    }
)  # fmt: skip
_SPOKEN_OUT = (("ae", "a"), ("oe", "o"), ("ue", "u"))  # Muenchen for München


def fold(word: str) -> str:
    """A word as it is compared: no case, no accents, one letter for letters that look alike.

    Idempotent. The result may hold blanks where Unicode unfolds one sign into several words.
    """
    if word.isascii():
        return word.lower()
    return word.translate(_folded()) if _ONE_BY_ONE.fullmatch(word) else _fold(word)


@cache
def _folded() -> dict[int, str]:
    signs = filter(_ONE_BY_ONE.fullmatch, map(chr, range(0x530)))
    return {ord(sign): _fold(sign) for sign in signs}


def _fold(word: str) -> str:
    plain = unicodedata.normalize("NFKC", _INVISIBLE.sub("", word)).casefold()
    plain = _INVISIBLE.sub("", plain).translate(_ALIKE)
    apart = unicodedata.normalize("NFKD", plain)
    # Hide й and ї from the stripping by joining them again first.
    apart = _KEPT.sub(lambda pair: unicodedata.normalize("NFC", pair.group()), apart)
    apart = _STRIPPED.sub("", apart).translate(_ALIKE)
    return unicodedata.normalize("NFC", apart)


def is_emoji(word: str) -> bool:
    """Whether a word, or a run of them, is pictures."""
    return not word.isascii() and _ONE_EMOJI.match(word) is not None


def emoji_in(run: str) -> Iterator[tuple[str, int, int]]:
    """The pictures of a run as they are compared, each with start and end: 👍🏽 is 👍.

    The same one again and again counts once.
    """
    last: tuple[str, int, int] | None = None
    for found in _ONE_EMOJI.finditer(run):
        plain = _VARIATIONS.sub("", found.group()) or found.group()[0]
        if last is not None and last[0] == plain:
            last = (plain, last[1], found.end())
            continue
        if last is not None:
            yield last
        last = (plain, found.start(), found.end())
    if last is not None:
        yield last


def spelt_otherwise(folded: str) -> tuple[str, ...]:
    """The same word with ae, oe, ue read as the letters they stand for; empty if it has none."""
    other = folded
    for pair, letter in _SPOKEN_OUT:
        other = other.replace(pair, letter)
    return () if other == folded else (other,)


def pairs(run: str) -> tuple[str, ...]:
    """Overlapping pairs of a run of unspaced script; the sign itself if it stands alone."""
    return tuple(run[i : i + 2] for i in range(len(run) - 1)) or (run,)

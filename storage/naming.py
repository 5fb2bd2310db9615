"""Display names: what of them is shown, and which of them look alike."""

import re
import unicodedata

LONGEST = 255  # characters
# Control characters, and what turns the order of the text after it around.
_UNRULY = re.compile(
    "[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
# Letters and digits that are drawn like a small Latin one, as far as names are faked with them;
# i goes with l, because a capital I does.
_DRAWN_ALIKE = str.maketrans(
    {
        **dict(zip("авгԁеѕіјкӏмнорԛстуԝхүһ", "abrdesljklmhopqctywxyh", strict=True)),
        **dict(zip("αβεζηικνορτυχγω", "abeznlkvoptuxyw", strict=True)),
        **dict(zip("ıɩłøđi10", "lllodllo", strict=True)),
    }
)
_BLANKS = re.compile(r"\s+")  # line breaks of all kinds, too


def shown(name: str) -> str:
    """A name in one line that changes nothing about the text around it."""
    return _BLANKS.sub(" ", _UNRULY.sub("", name)).strip()[:LONGEST]


def alike(name: str) -> str:
    """The same for names that people take for the same: other case, other alphabet, unseen signs.

    Not Unicode's full list of confusable characters: two people who are wrongly held apart here
    are still told by their addresses, and nobody is ever chosen by a likeness alone.
    """
    plain = unicodedata.normalize("NFKC", shown(name)).casefold()
    seen = "".join(c for c in plain if unicodedata.category(c) not in ("Cf", "Mn", "Co", "Cn"))
    return _BLANKS.sub(" ", seen.translate(_DRAWN_ALIKE)).strip()

"""What a message can be found by besides its words: who, where, its language, what it holds.

Marks are tokens of their own, which nobody can type. They follow from the stored message alone, so
that it can be taken out of the index again.
"""

import re
from collections.abc import Iterable

FILE, IMAGE, POLL = "file", "image", "poll"  # kept with the message: its words do not tell
LINK, PRACTICE = "link", "practice"
QUESTION = "q"
DOCUMENT = "d"  # no message
NOBODY = "nobody"  # that nothing carries

# Each has a beginning or a sign that is quickly looked for: this is done for every message.
_LINK_SIGNS = ("://", "www.", "WWW.", "matrix:")
_LINK = re.compile(r"\b(?:https?://|www\.|matrix:)\S", re.IGNORECASE)
_PRACTICE = re.compile(r"[Pp]-?[1-9]\d{0,5}\b")
# A question mark that ends a sentence, in any script; Greek asks with ";".
_ASKS = re.compile(r"[?？؟\u037e](?=[\s\"'”’»)!?]|$)")
_ASKS_IN_GREEK = re.compile(r"[\u0370-\u03ff\u1f00-\u1fff]\s?;(?=\s|$)")


def holds(what: str) -> str:
    """The mark of a message that holds a file, an image, a link, a poll or a practice."""
    return f"h{what}"


def speaks(language: str) -> str:
    """The mark of a message in a language."""
    return f"l{language}"


def is_kind(kind: str) -> str:
    """The mark of a document of a kind."""
    return f"k{kind}"


def of_cluster(slug: str) -> str:
    """The mark of a document of a cluster."""
    return "c" + "".join(filter(str.isalnum, slug))


def of_city(slug: str) -> str:
    """The mark of a document of a city."""
    return "y" + "".join(filter(str.isalnum, slug))


def of_room(number: int) -> str:
    """The mark of what was said in a room, by our number."""
    return f"r{number}"


def marks_of(body: str, language: str, kept: str = "") -> tuple[str, ...]:
    """The marks of a text. kept: what is stored beside it, "file image"."""
    found = [holds(what) for what in kept.split()]
    if any(sign in body for sign in _LINK_SIGNS) and _LINK.search(body):
        found.append(holds(LINK))
    if any(
        not body[max(0, one.start() - 1) : one.start()].isalnum()
        for one in _PRACTICE.finditer(body)
    ):
        found.append(holds(PRACTICE))
    if asks(body):
        found.append(QUESTION)
    if language:
        found.append(speaks(language))
    return tuple(found)


def asks(text: str) -> bool:
    """Whether a sentence of a text is a question."""
    if any(sign in text for sign in "?？؟\u037e") and _ASKS.search(text):
        return True
    return ";" in text and bool(_ASKS_IN_GREEK.search(text))


def by_person(numbers: Iterable[int]) -> tuple[str, ...]:
    """The marks of what these people said, by our numbers."""
    return tuple(f"p{number}" for number in numbers)

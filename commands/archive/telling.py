"""Which sentences of a talk tell most: what was decided, and when something is to be."""

import re
from functools import cache

from babel.dates import get_month_names

from commands.past_days import MONTHS_INFLECTED

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "el", "lv", "cs", "nb")  # CLDR's names

# How people say that something is settled, in ten languages; beginnings of words.
_SETTLED = """
    decided agreed we'll|we\\s+will let's\\s+do decision
    beschlossen entschieden vereinbart geeinigt einigten
    décidé décidons convenu convenons
    decidido decidimos acordado acordamos
    deciso decidiamo concordato
    besloten afgesproken
    αποφασίσαμε αποφασίστηκε συμφωνήσαμε
    rozhodli dohodli
    bestemt vedtatt avtalt enige\\s+om
    nolēmām vienojāmies
"""
_DECIDES = re.compile(rf"\b(?:{'|'.join(_SETTLED.split())})", re.IGNORECASE)
# Before it, in the same clause: it is not settled yet; "we decided not to" is.
_NOT = """
    not|\\w+n['’]t|never|nothing|nobody|no(?=\\s*$)
    nicht|nichts|nie|kein\\w*
    n['’]\\w+|rien|jamais|pas
    no\\s+(?:he|ha|hemos|han|se|nos|fue|está)|nada|nunca
    non|niente|nulla
    niet|niets|nooit|geen
    δεν|τίποτα
    ikke|ingenting|aldri
"""
# What begins another clause, without a comma, too: "it was not easy but we decided".
_ANEW = r"""
    but therefore so\s+(?:we|let) and\s+we
    aber daher deshalb und\s+wir
    mais donc pero ma però quindi maar dus en\s+we αλλά men og\s+vi
"""
_UNSETTLED = re.compile(
    rf"\b(?:{'|'.join(_NOT.split())})(?!\w)(?:(?!\b(?:{'|'.join(_ANEW.split())})\b)[^,.;:–—])*$",
    re.IGNORECASE,
)
NEAR = 60  # characters before what seems to settle something
# 2027-03-09, 9.3., 9/3/2027, 14:30; 9 March, 9. März, March 9.
_NUMBERED = re.compile(
    r"\b(?:\d{4}-\d{2}-\d{2}|\d{1,2}[./]\d{1,2}(?:[./](?:\d{4})?)?|\d{1,2}:\d{2})(?!\w)"
)
_BESIDE = re.compile(
    r"\b\d{1,2}(?:st|nd|rd|th|\.)?\s+(?:of\s+|de\s+)?([^\W\d_]{3,})|\b([^\W\d_]{3,})\s+\d{1,2}\b"
)


def decides(sentence: str) -> bool:
    """Whether a sentence says that something is settled; a question settles nothing."""
    found = _DECIDES.finditer(sentence)
    return any(
        not _UNSETTLED.search(sentence[max(0, it.start() - NEAR) : it.start()]) for it in found
    )


def names_day(sentence: str) -> bool:
    """Whether a sentence names a day or an hour."""
    beside = (word for pair in _BESIDE.findall(sentence) for word in pair if word)
    return bool(_NUMBERED.search(sentence)) or any(it.lower() in months() for it in beside)


@cache
def months() -> frozenset[str]:
    """The names of the months, whole and inflected, in ten languages."""
    in_other_cases = (name for names in MONTHS_INFLECTED for name in names.split())
    return frozenset(in_other_cases) | frozenset(
        name.lower()
        for language in LANGUAGES
        for context in ("format", "stand-alone")
        for name in get_month_names("wide", context, locale=language).values()
    )

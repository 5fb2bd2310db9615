"""The words of dates in ten languages: months and weekdays from CLDR, the small words by hand."""

from collections.abc import Iterable, Mapping
from functools import lru_cache

from babel import Locale

from commands.arguments import folded

LANGUAGES = ("cs", "de", "el", "en", "es", "fr", "it", "lv", "nl", "nb")

_NEXT = (
    "next coming nächsten nächster nächste kommenden prochain prochaine próximo proximo próxima"
    " prossimo prossima volgende komende επόμενη επόμενο επόμενος ερχόμενη nākamais nākamā nākamo"
    " nākamajā příští pristi neste kommende"
)
_TO = "to until till bis au à al hasta tot έως ως μέχρι līdz až do til"
_BETWEEN = "and or und oder et ou y o e od en of και ή un vai a nebo og eller"
_FILLERS = (
    "of on the from vom von du da dal desde van od fra am den der le les el il lo de del di"
    " στις της του gada p på"
)
_TODAY = "today heute aujourd'hui hoy oggi vandaag σήμερα šodien dnes idag"
_TOMORROW = "tomorrow morgen demain mañana domani morgen αύριο rīt rītdien zítra imorgen"


def _set(words: str) -> frozenset[str]:
    return frozenset(folded(word) for word in words.split())


NEXT, TO, BETWEEN = _set(_NEXT), _set(_TO), _set(_BETWEEN)
FILLERS, TODAY, TOMORROW = _set(_FILLERS), _set(_TODAY), _set(_TOMORROW)


@lru_cache(maxsize=1)
def months() -> Mapping[str, int]:
    """Folded names of months, long and short, in every form that a language inflects them."""
    return {name: min(numbers) for name, numbers in _names("months").items() if len(numbers) == 1}


@lru_cache(maxsize=1)
def weekdays() -> Mapping[str, frozenset[int]]:
    """Folded names of weekdays, Monday is 0; "so" is a Saturday in Czech and a German Sunday."""
    return {name: frozenset(numbers) for name, numbers in _names("days").items()}


def _names(kind: str) -> Mapping[str, set[int]]:
    found: dict[str, set[int]] = {}
    for language in LANGUAGES:
        table = getattr(Locale.parse(language), kind)
        for context in ("format", "stand-alone"):
            for width in ("wide", "abbreviated", "short"):
                for number, name in table[context].get(width, {}).items():
                    for form in _forms(name):
                        found.setdefault(form, set()).add(number)
    return found


def _forms(name: str) -> Iterable[str]:
    plain = folded(name).strip(".")
    if not plain.isdigit() and len(plain) > 1:
        yield plain
    if len(plain) > 3 and plain[:3].isalpha():  # "Sept", "sept.", "Tues", "Thurs"
        yield from {plain[:4]} if plain.startswith(("sept", "tues")) else ()

"""Days as people type them into a search: 2026-03-09, 2026-03, 9 March, yesterday, 7d."""

import re
from datetime import date, timedelta
from functools import cache

from babel.dates import get_month_names

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "el", "lv", "cs", "nb")  # CLDR's names

_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_POINTS = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_DAY_MONTH = re.compile(r"(?:(\d{1,2})\.? +)?([^\W\d_]+)\.?(?:,? +(\d{4}))?")
_AGO = re.compile(r"(\d{1,4}) ?([dwmy])")
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


def read_day(typed: str, today: date) -> date | None:
    """The first day of what was typed, or None. A day without a year is the latest one."""
    words = " ".join(typed.casefold().split())
    if words in ("today", "yesterday"):
        return today - timedelta(days=words == "yesterday")
    try:
        return _numbers(words) or _ago(words, today) or _named(words, today)
    except (ValueError, OverflowError):  # no such day
        return None


def _numbers(words: str) -> date | None:
    if found := _ISO.fullmatch(words):
        year, month, day = found.groups()
        return date(int(year), int(month or 1), int(day or 1))
    if found := _POINTS.fullmatch(words):
        day, month, year = found.groups()
        return date(int(year), int(month), int(day))
    return None


def _ago(words: str, today: date) -> date | None:
    found = _AGO.fullmatch(words)
    return today - timedelta(days=int(found[1]) * _DAYS[found[2]]) if found else None


def _named(words: str, today: date) -> date | None:
    found = _DAY_MONTH.fullmatch(words)
    month = _months().get(found[2]) if found else None
    if found is None or month is None:
        return None
    day, year = int(found[1] or 1), found[3]
    if year is not None:
        return date(int(year), month, day)
    this_year = date(today.year, month, day)
    return this_year if this_year <= today else date(today.year - 1, month, day)


@cache
def _months() -> dict[str, int]:
    """Months by name, whole or shortened, in the languages of the community."""
    return {
        name.casefold().rstrip("."): number
        for language in reversed(LANGUAGES)
        for width in ("abbreviated", "wide")
        for context in ("format", "stand-alone")
        for number, name in get_month_names(width, context, locale=language).items()
    }

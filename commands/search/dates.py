"""Days and spans as people type them into a search: 2026-03-09, 2026-03, 9 March, yesterday, 7d."""

import re
from datetime import date, timedelta
from functools import cache

from babel.dates import get_month_names

LANGUAGES = ("en", "de", "fr", "es", "it", "nl", "el", "lv", "cs", "nb")  # CLDR's names

_ISO = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")
_POINTS = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})")
_DAY_MONTH = re.compile(r"(?:(\d{1,2})\.? +)?([^\W\d_]+)\.?(?:,? +(\d{4}))?")
_JOINED = re.compile(r"\d{1,2}-[^\W\d_]+-\d{4}|[^\W\d_]+-\d{4}")
_AGO = re.compile(r"(\d{1,4}) ?([dwmy])")
LAST = date(9998, 12, 31)  # a day after can still be named
_TODAY = frozenset(
    [
        "today",
        "heute",
        "aujourd'hui",
        "aujourd’hui",
        "hoy",
        "oggi",
        "vandaag",
        "σήμερα",
        "šodien",
        "dnes",
        "i dag",
    ]
)
_YESTERDAY = frozenset(
    [
        "yesterday",
        "gestern",
        "hier",
        "ayer",
        "ieri",
        "gisteren",
        "χθες",
        "χτες",
        "vakar",
        "včera",
        "i går",
    ]
)
_WEEKS = {"this week": 0, "diese woche": 0, "last week": 1, "letzte woche": 1}
_MONTHS_BACK = {"this month": 0, "last month": 1}
_DAYS = {"d": 1, "w": 7, "m": 30, "y": 365}


def read_period(typed: str, today: date) -> tuple[date, date] | None:
    """First and last day of what was typed, or None. A day without a year is the latest one."""
    words = " ".join(typed.casefold().split())
    if words[-1:].isalpha() or _JOINED.fullmatch(words):
        words = words.replace("-", " ")  # 9-March, last-week
    try:
        found = (
            _spoken(words, today) or _numbers(words) or _ago(words, today) or _named(words, today)
        )
    except (ValueError, OverflowError):  # no such day
        return None
    return found if found is None or found[1] < LAST else None


def _spoken(words: str, today: date) -> tuple[date, date] | None:
    if words in _TODAY:
        return today, today
    if words in _YESTERDAY:
        return today - timedelta(days=1), today - timedelta(days=1)
    weeks, months = _WEEKS.get(words), _MONTHS_BACK.get(words)
    if weeks is not None:
        monday = today - timedelta(days=today.weekday() + 7 * weeks)
        return monday, monday + timedelta(days=6)
    if months is not None:
        return _month(today.replace(day=1) - timedelta(days=months))
    return None


def _month(day: date) -> tuple[date, date]:
    """The whole month of a day."""
    first = day.replace(day=1)
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    return first, following - timedelta(days=1)


def _numbers(words: str) -> tuple[date, date] | None:
    if found := _ISO.fullmatch(words):
        year, month, day = found.groups()
        if month is None:
            return date(int(year), 1, 1), date(int(year), 12, 31)
        exact = date(int(year), int(month), int(day or 1))
        return (exact, exact) if day else _month(exact)
    if found := _POINTS.fullmatch(words):
        day, month, year = found.groups()
        exact = date(int(year), int(month), int(day))
        return exact, exact
    return None


def _ago(words: str, today: date) -> tuple[date, date] | None:
    found = _AGO.fullmatch(words)
    return (today - timedelta(days=int(found[1]) * _DAYS[found[2]]), today) if found else None


def _named(words: str, today: date) -> tuple[date, date] | None:
    found = _DAY_MONTH.fullmatch(words)
    month = _months().get(found[2]) if found else None
    if found is None or month is None:
        return None
    day, year = int(found[1] or 1), found[3]
    exact = date(int(year) if year else today.year, month, day)
    if not year and exact > today:
        exact = date(today.year - 1, month, day)
    return (exact, exact) if found[1] else _month(exact)


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

"""The kinds of values in a configuration: how each is read, and what is expected of it."""

import os.path
import re
import tomllib
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from datetime import date, time, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import available_timezones

from babel import Locale

from bot.config_sections import Reader, Refused, did_you_mean, shown

T = TypeVar("T")

_LONGEST_NAME = 255  # bytes, the limit of every Matrix identifier

_SLUG = r"(?=.{1,64}$)[a-z0-9]+(-[a-z0-9]+)*"
_MINUTES = {"m": 1, "h": 60, "d": 24 * 60}
_DAYS = {"day": 1, "week": 7, "month": 365 / 12, "year": 365}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_LEVELS = ("debug", "info", "warning", "error")

# CLDR also names groups of countries, islands without a code of their own, and the unknown.
_NOT_COUNTRIES = frozenset(
    ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "ZZ")
)
_NOT_LANGUAGES = frozenset(("mul", "root", "und", "zxx"))
# Letters that Unicode does not take apart into a base letter and its accent.
_LATIN = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)


def slug_of(name: str) -> str:
    """The slug that a name suggests: "Peñasol" → "penasol"; none that is valid for "Αθήνα"."""
    apart = unicodedata.normalize("NFKD", name.casefold().translate(_LATIN))
    plain = "".join(sign for sign in apart if not unicodedata.combining(sign))
    return re.sub(r"[\W_]+", "-", plain).strip("-")


def unique(reader: Reader[T], taken: set[T]) -> Reader[T]:
    """The same values, each only once in the file."""

    def parse(value: Any) -> T:
        fresh = reader.parse(value)
        if fresh in taken:
            raise Refused("something else in this file has it already")
        taken.add(fresh)
        return fresh

    return Reader(reader.expected, parse, reader.instead)


def one_of(expected: str, known: Iterable[str]) -> Reader[str]:
    """One of the names that the file itself gives to something."""
    names = {name: name for name in known}
    return words(expected, _accept_among(lambda: names))


def whole(low: int, high: int) -> Reader[int]:
    """A whole number, both ends included."""

    def parse(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise Refused("leave the quotes away" if isinstance(value, str) else "")
        return value

    return Reader(f"a whole number from {low} to {high}", parse, low)


def folder(base: Path) -> Reader[Path]:
    """A folder, which need not exist yet; relative to `base`."""

    def accept(value: str) -> Path:
        path = base / os.path.expanduser(value)
        if os.path.exists(path) and not os.path.isdir(path):
            raise Refused("there is a file of that name")
        return path

    return words("the path of a folder", accept, base)


def commitments(base: Path) -> Reader[Mapping[str, str]]:
    """The texts of a Charter by their tags, from a file; relative to `base`."""

    def accept(value: str) -> Mapping[str, str]:
        try:
            content = (base / os.path.expanduser(value)).read_text(encoding="utf-8")
            told = tomllib.loads(content).get("commitments")
        except (OSError, ValueError) as error:
            raise Refused(getattr(error, "strerror", None) or "it is no TOML") from None
        if not isinstance(told, dict) or not told:
            raise Refused("it has no table [commitments]")
        if not all(isinstance(text, str) and text.strip() for text in told.values()):
            raise Refused('each line is "tag" = "text"')
        return told

    return words("a TOML file with a table [commitments]", accept, {})


def _text_of(value: object) -> str:
    if not isinstance(value, str):
        raise Refused("put it in quotes" if isinstance(value, int | float) else "")
    if not value.strip():
        raise Refused("it is empty")
    if any(unicodedata.category(sign) == "Cc" for sign in value):
        raise Refused("it holds a line break or another control character")
    return value.strip()


def words(
    expected: str,
    accept: Callable[[str], T],
    instead: T | None = None,
    show: Callable[[object], str] = shown,
) -> Reader[T]:
    """A reader of strings; `instead` may be left out where an empty string will do."""
    stand_in: Any = "" if instead is None else instead
    return Reader(expected, lambda value: accept(_text_of(value)), stand_in, show)


def matching(pattern: str, guess: Callable[[str], str] = lambda value: "") -> Callable[[str], str]:
    """Accepts what matches as a whole; `guess` makes a hint from what does not."""

    def accept(value: str) -> str:
        if re.fullmatch(pattern, value) is None:
            raise Refused(guess(value))
        if len(value.encode()) > _LONGEST_NAME:
            raise Refused(f"it is longer than {_LONGEST_NAME} bytes")
        return value

    return accept


def _guess_slug(value: str) -> str:
    near = slug_of(value)
    return f"did you mean {shown(near)}?" if re.fullmatch(_SLUG, near) else ""


def _guess_media_type(value: str) -> str:
    return 'as in "application/pdf"' if "/" not in value else ""


def _accept_age(value: str) -> timedelta:
    found = re.fullmatch(r"([0-9]{1,4}) ?([mhd])", value)
    if found is None:
        number_alone = re.fullmatch(r"[0-9]+", value)
        raise Refused("which unit? m, h or d" if number_alone else "")
    age = timedelta(minutes=int(found[1]) * _MINUTES[found[2]])
    if not timedelta(minutes=1) <= age <= timedelta(days=365):
        raise Refused("from one minute to 365 days")
    return age


def _accept_retention(value: str) -> timedelta | None:
    if value.casefold() in ("for ever", "forever"):
        return None
    found = re.fullmatch(r"([0-9]{1,5}) (day|week|month|year)s?", value.casefold())
    if found is None:
        raise Refused
    days = round(int(found[1]) * _DAYS[found[2]])
    if not 1 <= days <= 36500:
        raise Refused("from one day to 100 years")
    return timedelta(days=days)


def _accept_weekday(value: str) -> int:
    if value.casefold() not in _WEEKDAYS:
        raise Refused(did_you_mean(value, _WEEKDAYS))
    return _WEEKDAYS.index(value.casefold())


def _accept_days_before(value: str) -> int:
    found = re.fullmatch(r"([0-9]{1,3}) days?", value)
    if found is None or not 1 <= int(found[1]) <= 365:
        raise Refused("from 1 day to 365 days")
    return int(found[1])


def _accept_holiday(value: str) -> tuple[date, str]:
    day, _, name = value.partition(" ")
    try:
        return date.fromisoformat(day), matching(r"\S.*")(name.strip())
    except ValueError:
        raise Refused("which day? as in 2027-05-15") from None


def _accept_clock(value: str) -> time:
    found = re.fullmatch(r"([0-9]{1,2}):([0-9]{2})", value)
    if found is None or int(found[1]) > 23 or int(found[2]) > 59:
        raise Refused("hours and minutes, as in 07:00")
    return time(int(found[1]), int(found[2]))


def _accept_level(value: str) -> str:
    if value.casefold() not in _LEVELS:
        raise Refused(did_you_mean(value, _LEVELS))
    return value.upper()


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    # "localtime" and "Factory" are files beside the zones, and mean another place on every host.
    zones = available_timezones() - {"localtime", "Factory"}
    return {zone.rpartition("/")[2]: zone for zone in sorted(zones, reverse=True)} | {
        zone: zone for zone in sorted(zones)
    }


@lru_cache(maxsize=1)
def _languages() -> dict[str, str]:
    return _coded(Locale("en").languages, r"[a-z]{2,3}", _NOT_LANGUAGES)


@lru_cache(maxsize=1)
def _countries() -> dict[str, str]:
    return _coded(Locale("en").territories, r"[A-Z]{2}", _NOT_COUNTRIES) | {"UK": "GB"}


def _coded(cldr: Mapping[str, Any], pattern: str, without: frozenset[str]) -> dict[str, str]:
    """From the English names and from the codes themselves to the codes."""
    names = {c: str(n) for c, n in cldr.items() if re.fullmatch(pattern, c) and c not in without}
    return {name: code for code, name in names.items()} | {code: code for code in names}


def _accept_among(spellings: Callable[[], dict[str, str]]) -> Callable[[str], str]:
    """Only what other spellings lead to; the table is made when it is first asked for."""

    def accept(value: str) -> str:
        if spellings().get(value) != value:
            raise Refused(did_you_mean(value, spellings()))
        return value

    return accept


def _accept_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Refused
    return value


text = words("a text", str)
flag = Reader("true or false", _accept_flag, False)
slug = words(
    'a short name of a-z, 0-9 and "-", such as "young-migrants"',
    matching(_SLUG, _guess_slug),
)
room_version = words('a room version in quotes such as "12"', matching(r"[a-z0-9][a-z0-9.-]{0,31}"))
time_zone = words('an IANA time zone such as "Europe/Oslo"', _accept_among(_zones), instead="UTC")
language = words('an ISO 639 language code such as "en"', _accept_among(_languages), instead="en")
country = words('an ISO 3166 country code such as "NO"', _accept_among(_countries))
age = words('a length of time such as "30m", "1h" or "2d"', _accept_age, timedelta())
retention = words(
    '"for ever" or a length of time such as "24 months" or "730 days"', _accept_retention
)
days_before = words('a number of days such as "14 days"', _accept_days_before, 1)
holiday = words(
    'a day and its name such as "2027-05-15 Town feast"', _accept_holiday, (date.min, "")
)
listening = words(
    'an address of this machine such as "127.0.0.1:8800"',
    matching(r"(?:[0-9.]+|\[[0-9a-f:]+\]|[a-z0-9.-]+):[0-9]{1,5}"),
)
media_type = words(
    'a type of files such as "image/png" or "image/*"',
    matching(r"[a-z0-9][a-z0-9.+-]*/(?:[a-z0-9][a-z0-9.+_-]*|\*)", _guess_media_type),
)
clock = words('a time of day such as "07:00"', _accept_clock, time())
weekday = words('a weekday such as "saturday"', _accept_weekday, 0)
log_form = words('"plain" or "json"', matching("plain|json"), instead="plain")
log_level = words('"debug", "info", "warning" or "error"', _accept_level)
prefix = words(
    'one to three signs such as "!", no letters, digits, spaces, "/", "@" or "#"',
    matching(r"[^\w\s/@#]{1,3}"),
)

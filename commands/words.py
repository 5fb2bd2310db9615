"""Words in the reader's language: gettext for sentences, CLDR (Babel) for dates and names."""

import gettext
import string
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path

from babel import Locale, UnknownLocaleError
from babel.dates import (
    format_date,
    format_interval,
    format_skeleton,
    format_time,
    format_timedelta,
    get_datetime_format,
)
from babel.lists import format_list
from babel.numbers import format_decimal

from commands.reply import Inline, Part, Text

Day = date  # inside the class the name is a method's
CATALOGUES = Path(__file__).parent / "locale"
PSEUDO = "qps"  # a language that brackets every translated sentence, so tests see what was missed


def N_(message: str) -> str:
    """Mark a sentence for the catalogue; it is translated where it is shown."""
    return message


@dataclass(frozen=True, slots=True)
class Words:
    """Everything a person reads passes through here, in that person's language."""

    language: str
    _translate: Callable[[str], str]
    _translate_plural: Callable[[str, str, int], str]

    def text(self, message: str, /, **values: str | int) -> str:
        """A translated sentence with plain values filled in."""
        return self._translate(message).format(**values)

    def say(self, message: str, /, **values: Inline | Part | str | int) -> Inline:
        """A translated sentence whose {places} are filled with parts of a reply."""
        return _fill(self._translate(message), values)

    def plural(
        self, one: str, many: str, number: int, /, **values: Inline | Part | str | int
    ) -> Inline:
        """The form of a sentence that fits `number`, which is also available as {number}."""
        return _fill(self._translate_plural(one, many, number), {"number": number, **values})

    def date(self, day: date) -> str:
        """A day with its weekday, as people write it: "Tuesday, 9 March 2027"."""
        return self._ours(format_date(day, "full", locale=_locale(self.language)))

    def days(self, start: Day, last: Day) -> str:
        """One day or several, short, with weekdays: "Tue, 9 – Thu, 11 Mar 2027"."""
        locale = _locale(self.language)
        if start == last:
            return self._ours(format_skeleton("yMMMEd", start, locale=locale))
        # CLDR's thin spaces look like mistakes in most clients' fonts.
        shown = format_interval(start, last, "yMMMEd", locale=locale)
        return self._ours(shown.replace("\u2009", " "))

    def moment(self, instant: datetime) -> str:
        """A local date and time, to the minute. Convert to the reader's zone before."""
        if instant.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        locale = _locale(self.language)
        frame = str(get_datetime_format("medium", locale)).replace("'", "")
        day = format_date(instant.date(), "medium", locale=locale)
        return self._ours(frame.replace("{1}", day).replace("{0}", self.clock(instant)))

    def clock(self, instant: datetime) -> str:
        """A local time of day: "14:05"."""
        if instant.tzinfo is None:
            raise ValueError("a moment needs its time zone")
        return format_time(instant, "short", tzinfo=instant.tzinfo, locale=_locale(self.language))

    def duration(self, length: timedelta) -> str:
        """A length of time in its largest fitting unit: "3 hours"."""
        return self._ours(format_timedelta(length, locale=_locale(self.language)))

    def size(self, size_bytes: int) -> str:
        """A number of bytes as people read it: "1.4 MB"."""
        locale = _locale(self.language)
        kilobytes = size_bytes / 1000
        unit, number = ("kB", kilobytes) if kilobytes < 1000 else ("MB", kilobytes / 1000)
        shown = format_decimal(number, "0.#" if unit == "MB" else "0", locale=locale)
        return self._ours(f"{shown} {unit}")

    def listing(self, names: list[str]) -> str:
        """Names joined as the language joins them: "a, b and c"."""
        return self._ours(format_list(names, locale=_locale(self.language)))

    def country_name(self, code: str) -> str:
        """The name of a country, from its ISO 3166 code; the code itself if nobody knows it."""
        return self._ours(_locale(self.language).territories.get(code.upper()) or code)

    def language_name(self, code: str) -> str:
        """The name of a language, in this one; the code itself if nobody knows it."""
        try:
            return self._ours(Locale.parse(code).get_display_name(_locale(self.language)) or code)
        except (UnknownLocaleError, ValueError):
            return code

    def _ours(self, text: str) -> str:
        """Words from CLDR are translated, too: the pseudo-language brackets them."""
        return _bracket(text) if self.language == PSEUDO else text


def words_in(language: str) -> Words:
    """The words of a language; English where there is no catalogue yet."""
    return _words_in(language)


@lru_cache(maxsize=64)
def _words_in(language: str) -> Words:
    if language == PSEUDO:
        return Words(language, _bracket, lambda one, many, n: _bracket(one if n == 1 else many))
    catalogue = gettext.translation("moothall", CATALOGUES, [language], fallback=True)
    return Words(language, catalogue.gettext, catalogue.ngettext)


def _bracket(message: str) -> str:
    return f"⟦{message}⟧"


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    """The conventions of a language; plain English writes dates as Europe does."""
    try:
        return Locale.parse("en_GB" if language == "en" else language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en", "GB")


def _fill(template: str, values: dict[str, Inline | Part | str | int]) -> Inline:
    parts: list[Part] = []
    for literal, name, _spec, _conversion in string.Formatter().parse(template):
        if literal:
            parts.append(Text(literal))
        if name is None:
            continue
        value = values[name]
        if isinstance(value, tuple):
            parts.extend(value)
        elif isinstance(value, str | int):
            parts.append(Text(str(value)))
        else:
            parts.append(value)
    return tuple(parts)

"""Dates as people write them, in ten languages: "2027-03-09", "9.-11. März", "next Tuesday"."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from commands.arguments import folded
from commands.dates import vocabulary as words

LONGEST = 31  # days; a visit is not longer
FARTHEST = timedelta(days=3 * 366)  # ahead


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Whole local days, both included; never instants."""

    start: date
    last: date

    @property
    def days(self) -> tuple[date, ...]:
        return tuple(
            self.start + timedelta(days=n) for n in range((self.last - self.start).days + 1)
        )

    def overlaps(self, other: "Span") -> bool:
        return self.start <= other.last and other.start <= self.last


class Why(Enum):
    """Why a date cannot be taken as it stands."""

    UNREADABLE = "nothing that looks like a date"
    IMPOSSIBLE = "no such day"
    PAST = "gone by"
    FAR = "years ahead"
    WEEKDAY = "another weekday than the one named"
    AMBIGUOUS = "day and month could be either"
    BACKWARDS = "ends before it begins"
    LONG = "longer than a visit is"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What to ask about, in the words that were typed; candidates: what may have been meant."""

    why: Why
    typed: str
    candidates: tuple[date, ...] = ()


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # iso, dots, slashes, year, number, dash, month, weekday, next, today, …
    text: str
    value: tuple[int, ...] = ()


_PIECES = re.compile(
    r"""(?P<iso>\d{4}-\d{1,2}-\d{1,2})
      | (?P<dots>\d{1,2}\.\s?\d{1,2}\.(?:\s?\d{4}|\d{2}(?!\d))?)
      | (?P<slashes>\d{1,2}/\d{1,2}/(?:\d{4}|\d{2})|\d{1,2}/\d{1,2}(?![/\d]))
      | (?P<year>\d{4}\.?)
      | (?P<number>\d{1,2}(?:st|nd|rd|th|ers?|e|º|ª|η)?(?![^\W\d_])\.?)
      | (?P<dash>[-–—/]|\.{2,})
      | (?P<comma>[,;\n])
      | (?P<word>[^\W\d_]+(?:'[^\W\d_]+)?\.?)
      | (?P<other>\S)""",
    re.VERBOSE | re.IGNORECASE,
)


def read_dates(text: str, *, today: date, days: int = 1) -> list[Span] | Trouble:
    """Every date in a line, in order; a single day is the first of `days`.

    A date without a year is its next occurrence; a line without any date gives an empty list.
    """
    tokens, found = _tokens(text), []
    reader = _Reader(tokens, today, days)
    while reader.skip():
        span = reader.span()
        if isinstance(span, Trouble):
            return span
        found.append(span)
    return found


def _tokens(text: str) -> list[_Token]:
    tokens = []
    for match in _PIECES.finditer(text):
        kind, piece = str(match.lastgroup), match[0]
        numbers = tuple(int(n) for n in re.findall(r"\d+", piece))
        tokens.append(_Token(kind, piece, numbers) if kind != "word" else _word(piece))
    return tokens


def _word(piece: str) -> _Token:
    plain = folded(piece.strip("."))
    if plain in words.months():
        return _Token("month", piece, (words.months()[plain],))
    if plain in words.weekdays():
        return _Token("weekday", piece, tuple(sorted(words.weekdays()[plain])))
    kinds = {
        "next": words.NEXT, "today": words.TODAY, "tomorrow": words.TOMORROW, "to": words.TO,
        "between": words.BETWEEN, "filler": words.FILLERS,
    }  # fmt: skip
    return _Token(next((kind for kind, known in kinds.items() if plain in known), "other"), piece)


class _Reader:
    """Walks over tokens; every method leaves the position after what it has understood."""

    def __init__(self, tokens: Sequence[_Token], today: date, length: int) -> None:
        self._tokens = tokens
        self._today = today
        self._length = length
        self._at = 0
        self._begun = 0

    def skip(self) -> bool:
        """Go to where the next date may begin; False at the end."""
        while self._kind() in ("comma", "between", "filler", "dash", "to"):
            self._at += 1
        self._begun = self._at
        return self._at < len(self._tokens)

    def span(self) -> Span | Trouble:
        """One date or range."""
        start = self._day()
        if isinstance(start, Trouble):
            return start
        last = self._end(start)
        if isinstance(last, Trouble):
            return last
        if last is None:
            last = start + timedelta(days=self._length - 1)
        # "11-9 March" would last until the March after.
        if last < start or (last - start).days > 300:
            return self._trouble(Why.BACKWARDS)
        if (last - start).days >= LONGEST:
            return self._trouble(Why.LONG)
        if start < self._today:
            return self._trouble(Why.PAST, start)
        if start - self._today > FARTHEST:
            return self._trouble(Why.FAR, start)
        return Span(start, last)

    # ── one day ───────────────────────────────────────────────────────────────────────────────

    def _day(self) -> date | Trouble:
        ahead = self._take("next") is not None
        named = self._take("weekday")
        ahead = self._take("next") is not None or ahead
        if self._kind() == "comma" and named is not None and self._kind(1) in _BEGINNINGS:
            self._at += 1  # "Tuesday, 9 March"
        match self._kind():
            case "today" | "tomorrow" if named is None:
                shift = 1 if self._kind() == "tomorrow" else 0
                self._at += 1
                return self._today + timedelta(days=shift)
            case "iso":
                return self._checked(self._made(*self._taken()), named)
            case "dots":
                first, second, *year = self._taken()
                return self._checked(self._dated(first, second, year), named)
            case "slashes":
                return self._checked(self._either_order(self._taken()), named)
            case "number" | "month":
                return self._checked(self._written_out(), named)
        if named is not None and len(named) == 1:
            gap = (named[0] - self._today.weekday() - 1) % 7 + 1
            return self._today + timedelta(days=gap)
        return self._trouble(Why.UNREADABLE)

    def _written_out(self) -> date | Trouble:
        """ "9 March 2027", "9-11 March", "9 de marzo", "March 9"."""
        if self._kind() == "month":
            (month,) = self._taken()
            day = self._take("number")
            if day is None:
                return self._trouble(Why.UNREADABLE)
            return self._dated(day[0], month, self._year_ahead())
        (day_number,) = self._taken()
        self._skip_small_words()
        if self._kind() == "month":
            (month,) = self._taken()
            return self._dated(day_number, month, self._year())
        return self._first_of_range(day_number)

    def _first_of_range(self, day: int) -> date | Trouble:
        """ "9-11 March": the month comes after the last day, which `_end` reads again."""
        at = self._at
        if self._kind() in ("dash", "to", "between", "comma"):
            self._at += 1
            if self._take("number") is not None:
                self._skip_small_words()
                month = self._take("month")
                if month is not None:
                    start = self._dated(day, month[0], self._year())
                    self._at = at
                    return start
                self._at = at
        return self._trouble(Why.UNREADABLE)

    def _year_ahead(self) -> Sequence[int]:
        """ "March 9-11 2027": a year may stand behind the last day."""
        at = self._at
        if self._kind() in ("dash", "to") and self._kind(1) == "number":
            self._at += 2
            if self._kind() == "month" or self._is_new_date():
                self._at = at
                return ()
            year = self._year()
            self._at = at
            return year
        return self._year()

    def _is_new_date(self) -> bool:
        return self._kind() == "number"

    # ── the last day ──────────────────────────────────────────────────────────────────────────

    def _end(self, start: date) -> date | Trouble | None:
        """The other end of a range; None if there is none."""
        at = self._at
        pair = self._kind() in ("between", "comma") and self._is_pair_of_days()
        if self._kind() not in ("dash", "to") and not pair:
            return None
        self._at += 1
        named = self._take("weekday")
        match self._kind():
            case "iso":
                return self._checked(self._made(*self._taken()), named)
            case "dots":
                first, second, *year = self._taken()
                return self._checked(self._dated(first, second, year, after=start), named)
            case "number":
                (day,) = self._taken()
                self._skip_small_words()
                month = self._take("month")
                if month is not None:
                    return self._checked(
                        self._dated(day, month[0], self._year(), after=start), named
                    )
                self._year()
                return self._checked(self._made(start.year, start.month, day), named)
            case "month":
                (month_number,) = self._taken()
                last = self._take("number")
                if last is not None:
                    return self._checked(
                        self._dated(last[0], month_number, self._year(), after=start), named
                    )
        self._at = at
        return None

    def _is_pair_of_days(self) -> bool:
        """ "9 and 10 March": the second day still wants its month, and the first had none."""
        before = self._tokens[self._at - 1].kind if self._at else ""
        return before == "number" and self._kind(1) == "number"

    # ── small steps ───────────────────────────────────────────────────────────────────────────

    def _kind(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at].kind if at < len(self._tokens) else ""

    def _take(self, kind: str) -> tuple[int, ...] | None:
        if self._kind() != kind:
            return None
        return self._taken()

    def _taken(self) -> tuple[int, ...]:
        token = self._tokens[self._at]
        self._at += 1
        return token.value

    def _skip_small_words(self) -> None:
        """ "9 di marzo", where "di" is also how German writes Tuesday."""
        while self._kind() == "filler" or (
            self._kind() in ("weekday", "between") and self._kind(1) == "month"
        ):
            self._at += 1

    def _year(self) -> tuple[int, ...]:
        at = self._at
        self._skip_small_words()
        if self._kind() == "comma" and self._kind(1) == "year":
            self._at += 1  # "March 9, 2027"
        year = self._take("year")
        if year is None:
            self._at = at
            return ()
        return year

    def _dated(
        self, day: int, month: int, year: Sequence[int], *, after: date | None = None
    ) -> date | Trouble:
        """A day of a month; without a year the next there is, or the first after another day."""
        if year:
            full = year[0] + 2000 if year[0] < 100 else year[0]
            return self._made(full, month, day)
        earliest = after or self._today
        for candidate in (earliest.year, earliest.year + 1):
            made = self._made(candidate, month, day)
            if isinstance(made, Trouble):
                if (month, day) == (2, 29) and candidate == earliest.year and earliest.month > 2:
                    continue
                return made
            if made >= earliest:
                return made
        return self._trouble(Why.IMPOSSIBLE)

    def _made(self, year: int, month: int, day: int) -> date | Trouble:
        try:
            return date(year, month, day)
        except ValueError:
            return self._trouble(Why.IMPOSSIBLE)

    def _either_order(self, numbers: Sequence[int]) -> date | Trouble:
        """ "9/3" is 9 March to most of Europe and 3 September to others: asked unless clear."""
        first, second, *year = numbers
        options = [self._dated(first, second, year), self._dated(second, first, year)]
        likely = tuple(dict.fromkeys(one for one in options if isinstance(one, date)))
        if len(likely) == 1:
            return likely[0]
        return self._trouble(Why.AMBIGUOUS if likely else Why.IMPOSSIBLE, *likely)

    def _checked(self, day: date | Trouble, named: tuple[int, ...] | None) -> date | Trouble:
        if isinstance(day, date) and named is not None and day.weekday() not in named:
            return self._trouble(Why.WEEKDAY, day)
        return day

    def _trouble(self, why: Why, *candidates: date) -> Trouble:
        end = max(self._at, self._begun + 1)
        typed = " ".join(token.text for token in self._tokens[self._begun : end])
        return Trouble(why, typed, candidates)


_BEGINNINGS = frozenset({"number", "month", "iso", "dots", "slashes"})

"""Reads the tables of a configuration file, and collects every mistake instead of stopping."""

import difflib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

T = TypeVar("T")
D = TypeVar("D")

NOT_SHOWN = "(not shown)"
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing to correct in the file."""

    key: str  # "city[3].time_zone", counted from 1 as a person counts; or "line 3, column 5"
    value_shown: str  # as TOML writes it, never a secret; "" if there is no value
    expected: str  # completes "expected …"
    hint: str = ""  # what probably happened, or what to do
    within: str = ""  # the name of the city or cluster, beside its number

    def line(self, file: str) -> str:
        """The mistake as the command line prints it, always a single line."""
        place = f"{self.key} ({self.within})" if self.within else self.key
        value = f" = {self.value_shown}" if self.value_shown else ""
        hint = f"; {self.hint}" if self.hint else ""
        return _one_line(f"{file}: {place}{value}: expected {self.expected}{hint}")


class ConfigErrors(Exception):
    """Everything that is wrong with the configuration, at once."""

    def __init__(self, path: Path, mistakes: Iterable[Mistake]) -> None:
        self.path = path
        self.mistakes = tuple(mistakes)
        super().__init__(f"{len(self.mistakes)} mistakes in {path}")

    def lines(self) -> tuple[str, ...]:
        """One line a mistake, for the operator."""
        return tuple(mistake.line(str(self.path)) for mistake in self.mistakes)


class Refused(Exception):
    """Raised by a reader: the value is not what was expected; perhaps we can guess why."""

    def __init__(self, hint: str = "") -> None:
        super().__init__(hint)
        self.hint = hint


def shown(value: object) -> str:
    """A value as its owner wrote it, near enough; but tables and lists may hold secrets."""
    match value:
        case dict():
            return "a table"
        case list():
            return f"a list of {len(value)}"
        case bool():
            return "true" if value else "false"
        case int() if value.bit_length() > 64:  # Python refuses to print the largest
            return "a very large number"
        case str():
            return json.dumps(value if len(value) <= 80 else value[:79] + "…", ensure_ascii=False)
        case _:
            return str(value)


def did_you_mean(value: str, known: Iterable[str] | Mapping[str, str]) -> str:
    """A hint that names the nearest of the known values; a mapping leads from spellings to them."""
    spellings = known if isinstance(known, Mapping) else {name: name for name in known}
    folded = {spelling.casefold(): name for spelling, name in spellings.items()}
    near = difflib.get_close_matches(value.casefold()[:80], folded, n=1, cutoff=0.7)
    return f"did you mean {shown(folded[near[0]])}?" if near else ""


@dataclass(frozen=True, slots=True)
class Reader(Generic[T]):
    """How one kind of value is read."""

    expected: str  # completes "expected …"
    parse: Callable[[Any], T]  # raises Refused
    instead: T  # stands in for a required value that is wrong, so that reading goes on
    show: Callable[[object], str] = shown


class Section:
    """One table of the file. What nobody asked for is a mistake too, once it is closed."""

    def __init__(
        self, table: Mapping[str, object], key: str, mistakes: list[Mistake], within: str = ""
    ) -> None:
        self._table = table
        self._prefix = f"{key}." if key else ""
        self._mistakes = mistakes
        self._within = within
        self._known: list[str] = []
        self._parts: list[Section] = []

    def gives(self, *names: str) -> list[str]:
        """Those of the names that the file gives a value for."""
        self._known += names
        return [name for name in names if name in self._table]

    def key(self, name: str) -> str:
        """The name with the path to this table."""
        return self._prefix + name

    def raw(self, name: str) -> object:
        """A value as the file has it; None if it is not there."""
        return self._table.get(name)

    def need(self, name: str, reader: Reader[T], *, derived: object = _ABSENT) -> T:
        """A value that must be there, unless it can be derived from another one."""
        if not self.gives(name) and derived is _ABSENT:
            self.mistake(name, "", reader.expected, "it is missing")
            return reader.instead
        return self._parsed(name, self._table.get(name, derived), reader, reader.instead)

    def read(self, name: str, reader: Reader[T], default: D) -> T | D:
        """A value that may be left out."""
        if not self.gives(name):
            return default
        return self._parsed(name, self._table[name], reader, default)

    def each(
        self, name: str, reader: Reader[T], *, default: tuple[T, ...] = (), least: int = 0
    ) -> tuple[T, ...]:
        """A list of values, each once and in the order of the file."""
        expected = f"a list, each entry {reader.expected}"
        given = self.gives(name)
        values = self._table.get(name)
        if given and not isinstance(values, list):
            hint = f"put it in brackets: [{shown(values)}]" if isinstance(values, str) else ""
            self.mistake(name, shown(values), expected, hint)
        elif not isinstance(values, list):
            if least:
                self.mistake(name, "", expected, "it is missing")
        elif len(values) < least:
            self.mistake(name, "[]", expected, "it is empty")
        else:
            read = [
                self._parsed(f"{name}[{number}]", value, reader, None)
                for number, value in enumerate(values, start=1)
            ]
            return tuple(dict.fromkeys(value for value in read if value is not None))
        return default

    def section(self, name: str) -> "Section":
        """The table [name]; an empty one if the file has none."""
        self.gives(name)
        table = self._table.get(name, {})
        if isinstance(table, dict):
            return self._part(table, name)
        many = isinstance(table, list)
        hint = f"write [{name}] with single brackets, once" if many else ""
        self.mistake(name, shown(table), f"a section [{name}]", hint)
        return Section({}, name, mistakes=[])  # what it lacks would only be noise

    def sections(self, name: str, *, called: str, least: int = 0) -> list["Section"]:
        """The tables [[name]], each with its name beside its number in mistakes."""
        self.gives(name)
        tables = self._table.get(name, [])
        if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
            bracketed = isinstance(tables, dict | list)
            hint = f"write [[{name}]] with double brackets, for each" if bracketed else ""
            self.mistake(name, shown(tables), f"sections [[{name}]]", hint)
            return []
        if len(tables) < least:
            self.mistake(name, "", f"at least {least} section [[{name}]]", "it is missing")
        return [
            self._part(table, f"{name}[{number}]", str(table.get(called, ""))[:60])
            for number, table in enumerate(tables, start=1)
        ]

    def mistake(self, name: str, value_shown: str, expected: str, hint: str = "") -> None:
        """Note a mistake about a key of this table."""
        self._mistakes.append(Mistake(self.key(name), value_shown, expected, hint, self._within))

    def close(self) -> None:
        """Report the keys that nobody asked for, here and in the parts."""
        known = sorted(set(self._known))
        for name in self._table:
            if name not in known:  # its value may be a secret under a misspelt key
                written = name if re.fullmatch(r"[A-Za-z0-9_-]+", name) else shown(name)
                expected = f"one of {', '.join(known)}"
                self.mistake(written, NOT_SHOWN, expected, did_you_mean(name, known))
        for part in self._parts:
            part.close()

    def _part(self, table: Mapping[str, object], name: str, within: str = "") -> "Section":
        part = Section(table, self.key(name), self._mistakes, within)
        self._parts.append(part)
        return part

    def _parsed(self, name: str, value: object, reader: Reader[T], otherwise: D) -> T | D:
        try:
            return reader.parse(value)
        except Refused as refused:
            self.mistake(name, reader.show(value), reader.expected, refused.hint)
            return otherwise


def _one_line(text: str) -> str:
    return "".join(sign if sign.isprintable() else f"\\u{ord(sign):04x}" for sign in text)

"""Reads one line of an exported archive: what it must hold, before any of it is taken in."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Boolean, Column, Integer, Table

from storage.tables.archive import attachment, event, message
from storage.tables.people import person, room
from storage.tables.visits import visit_line
from storage.types import Instant, Json
from storage.visit_records import LineKind

FORMAT = 1
ROOM = ("cluster", "name", "version", "encrypted", "history_visibility", "retention_ms",
        "predecessor", "successor")  # fmt: skip
PERSON = ("display_name", "city", "organisation", "roles", "language", "time_zone", "digest")
MESSAGE = ("thread_h", "thread_fixed", "lang", "body", "original_body", "title", "marks",
           "redacted", "withheld", "expired")  # fmt: skip
FILE = ("name", "first_name", "mime", "size_bytes", "mxc", "sha256", "kept_bytes", "missing")
# Of people and rooms lines tell the Matrix ids, in place of our numbers.
PERSON_COLUMNS = ("person_id", "sender_id", "author_id")
# A column of this name is told by another one: "kind" says which table a line is of.
KIND, ITS_KIND = "kind", "its_kind"

_LINE_KINDS = frozenset(LineKind)
_UNKEEPABLE = re.compile("[\0\ud800-\udfff]")  # NUL, and what UTF-8 does not have


class Unreadable(Exception):
    """The lines are no archive, or of another format; the text says which line."""


def read(text: str, number: int, tables: Mapping[str, Table]) -> dict[str, Any]:
    """A line whose fields are of the kinds that they are to be; number: the first is 1."""
    try:
        line: dict[str, Any] = json.loads(text)
        kind = line["kind"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise Unreadable(f"line {number} is no line of an archive") from None
    if number == 1 and (kind != "moothall archive" or line.get("format") != FORMAT):
        raise Unreadable(f"line 1 does not say that this is an archive of format {FORMAT}")
    if not isinstance(kind, str):
        raise Unreadable(f"line {number} is no line of an archive")
    line = _told(line)
    if kind in _LINE_KINDS and "visit" in line:  # so older exports told what belongs to a visit
        kind, line = visit_line.name, {**line, KIND: visit_line.name, ITS_KIND: kind}
    if (wrong := _wrong(kind, line, tables)) is not None:
        raise Unreadable(f"line {number} is damaged: there is no sensible {wrong} in it")
    return line


def _told(line: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is null, as if it were not there: no export writes it."""
    told = {name: value for name, value in line.items() if value is not None}
    parts = {name: told[name] for name in ("message", "file") if isinstance(told.get(name), dict)}
    return told | {name: _told(part) for name, part in parts.items()}


def row_of(line: Mapping[str, Any], source: Table) -> dict[str, Any]:
    """What a line says of a table's columns."""
    names = [column.name for column in source.c]
    fields = {name: ITS_KIND if name == KIND else name for name in names}
    return {name: line[told] for name, told in fields.items() if told in line}


def is_person(column: Column[Any]) -> bool:
    """Whether a line tells somebody's Matrix id there."""
    return column.name in PERSON_COLUMNS and isinstance(column.type, Integer)


def is_room(column: Column[Any]) -> bool:
    """Whether a line tells a room's Matrix id there."""
    return column.name == "room_id" and isinstance(column.type, Integer)


def _wrong(kind: str, line: Mapping[str, Any], tables: Mapping[str, Table]) -> str | None:
    """The first field that is missing or of the wrong kind."""
    match kind:
        case "event":
            return _wrong_in_event(line)
        case "room":
            return _first_wrong(line, room, ROOM, must=("room_id",))
        case "person":
            return _first_wrong(line, person, PERSON, must=("user_id",))
        case _ if kind in tables:
            return _wrong_in_row(line, tables[kind])
    return None  # of a newer version


def _wrong_in_event(line: Mapping[str, Any]) -> str | None:
    for name in ("room", "sender"):
        if not _is_text(line.get(name)):
            return name
    wrong = _first_wrong(line, event, (), must=("event_id", "type", "ts", "received"))
    for name, source, names, must in (
        ("message", message, MESSAGE, ("thread_h",)),
        ("file", attachment, FILE, ()),
    ):
        part = line.get(name, {"thread_h": 0})
        if not isinstance(part, Mapping):
            return name
        wrong = wrong or _first_wrong(part, source, names, must=must)
    return wrong


def _wrong_in_row(line: Mapping[str, Any], source: Table) -> str | None:
    must = [it.name for it in source.c if not it.nullable and it.server_default is None]
    return _first_wrong(row_of(line, source), source, source.c.keys(), must=must)


def _first_wrong(
    line: Mapping[str, Any], source: Table, names: Sequence[str], *, must: Sequence[str]
) -> str | None:
    for name in must:
        if name not in line:
            return name
    fits = _kinds(source)
    return next((it for it in (*must, *names) if it in line and not fits[it](line[it])), None)


@cache
def _kinds(source: Table) -> Mapping[str, Callable[[Any], bool]]:
    """By its name, what tells whether a value is of a column's kind."""
    return {column.name: _kind_of(column) for column in source.c}


def _kind_of(column: Column[Any]) -> Callable[[Any], bool]:
    of = column.type
    if isinstance(of, Json):
        return lambda _value: True
    if isinstance(of, Boolean):
        return lambda value: isinstance(value, bool)
    if is_person(column) or is_room(column) or not isinstance(of, Integer | Instant):
        return _is_text
    most = 1 << (63 if isinstance(of, BigInteger | Instant) else 31)
    return lambda value: type(value) is int and -most <= value < most


def _is_text(value: object) -> bool:
    """What both databases can keep."""
    return isinstance(value, str) and _UNKEEPABLE.search(value) is None

"""Ids of messages follow time, so that the newest are found without sorting."""

from collections.abc import Iterable, Sequence

from sqlalchemy import ColumnElement, Connection, bindparam, or_, select

from storage.database import fetch_plainly
from storage.tables.archive import message

SPAN = 16 * 7200  # ids looked at in one go, at most: two hours
BEYOND = 16 * 60  # ids looked at behind the last moment: a minute, which a flood may fill

_IDS_BETWEEN = select(message.c.id).where(
    message.c.id >= bindparam("low"), message.c.id <= bindparam("high")
)

_PLAIN = "SELECT id FROM message WHERE id BETWEEN ? AND ?"


def time_keys(connection: Connection, moments: Sequence[int]) -> list[int]:
    """Free ids for messages said at these moments (ms): seconds · 16 + n, so ids follow time."""
    bases = [_first_key(moment) for moment in moments]
    places = sorted(range(len(bases)), key=lambda place: bases[place])
    keys = [0] * len(bases)
    taken: set[int] = set()
    last = max(bases, default=0)
    known_to = -1  # up to this id, `taken` is complete from where we look
    free_from: dict[int, int] = {}  # by base: a flood with one timestamp stays linear
    for place in places:
        key = free_from.get(bases[place], bases[place])
        while True:
            if key > known_to:
                known_to = max(key, min(key + SPAN, last)) + BEYOND
                taken.update(_ids_between(connection, key, known_to))
            if key not in taken:
                break
            key += 1
        taken.add(key)
        free_from[bases[place]] = key + 1
        keys[place] = key
    return keys


def was_said_before(moment: int) -> ColumnElement[bool]:
    """Whether a message was said before a moment (ms).

    Clocks run ahead: what was here by then was said before it, and ids know, whatever `ts` says.
    """
    return or_(message.c.ts < moment, message.c.id < _first_key(moment))


def _first_key(moment: int) -> int:
    return moment // 1000 * 16


def _ids_between(connection: Connection, low: int, high: int) -> Iterable[int]:
    if connection.dialect.name == "sqlite":
        return (number for (number,) in fetch_plainly(connection, _PLAIN, [low, high]))
    return connection.scalars(_IDS_BETWEEN, {"low": low, "high": high})

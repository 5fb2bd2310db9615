"""The ledger of erasures as lines, to be kept beside the database and played again over an old one.

Four kinds, none with a name or a word: who was erased, and whether their practices stay under
their city's name; who is silent; what was taken back; up to when which room was purged.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from storage import documents, erasures, marks, purges, redacting, rooms, silences, timers
from storage.database import insert_once
from storage.people import by_number
from storage.records import Person, RoomId, UserId
from storage.tables.archive import erasure, redaction, silence
from storage.tables.people import person, room
from storage.tables.practices import practice, practice_field
from storage.types import event_hash, instant, milliseconds

Line = Mapping[str, Any]
AT_ONCE = 50  # messages
KEEPS = "keep_practices"  # only where it was chosen; older ledgers have it nowhere


def lines(connection: Connection) -> Iterator[str]:
    """Every line, in an order that does not change."""
    for one in connection.execute(select(erasure).order_by(erasure.c.mark, erasure.c.until)):
        asked = milliseconds(one.asked_at)
        chosen = {KEEPS: True} if one.keep_practices else {}
        yield _line("erased", mark=one.mark, until=one.until, asked=asked, **chosen)
    known = connection.execute(select(person.c.id, person.c.user_id))
    addresses = {one.id: one.user_id for one in known}
    silent = connection.execute(select(silence).order_by(silence.c.person_id, silence.c.since))
    for one in silent:
        address = addresses.get(one.person_id, "")
        if address.startswith("@"):
            mark = marks.mark_of(connection, UserId(address))
            yield _line("silent", mark=mark, since=one.since, until=one.until)
    for mark, spans in marks.strangers(connection).items():
        for since, until in spans:
            yield _line("silent", mark=mark, since=since, until=until)
    gone = select(redaction.c.target_h, redaction.c.ts, room.c.room_id).join(
        room, room.c.id == redaction.c.room_id
    )
    for one in connection.execute(gone.order_by(room.c.room_id, redaction.c.target_h)):
        yield _line("redacted", event=one.target_h, room=one.room_id, at=one.ts)
    for room_id, until in sorted(purges.all_purged(connection).items()):
        yield _line("purged", room=room_id, until=until)


def _line(kind: str, **values: Any) -> str:
    return json.dumps({"kind": kind, **values}, separators=(",", ":"))


def replay(connection: Connection, kept: Iterable[str], now: datetime, language: str) -> list[int]:
    """Let a database follow what was written down after it; the erasures that are to be begun.

    Words are gone when this returns. Run it alone, before anybody is answered.
    """
    told = [line for text in kept if (line := _read(text)) is not None]
    if not told:
        return []
    _take_back(connection, [one for one in told if one["kind"] == "redacted"], language)
    _purge(connection, told, now, language)
    people = _by_mark(connection)
    known = {(one.mark, one.until) for one in erasures.find(connection)}
    gone = {one["event"] for one in told if one["kind"] == "redacted"}
    erased = {one["mark"] for one in told if one["kind"] == "erased" and not _keeps(one)}
    _hide_practices(connection, gone, {people[mark].id for mark in erased if mark in people})
    begun = []
    for one in told:
        if one["kind"] == "erased" and (one["mark"], one["until"]) not in known:
            begun += _erase(connection, people.get(one["mark"]), one, language)
    # After the erasures, which begin a silence: who was erased may have ended it since.
    silent = [one for one in told if one["kind"] == "silent"]
    for one in sorted(silent, key=lambda one: silences.by_age((one["since"], one["until"]))):
        if one["mark"] in people:
            _silence(connection, people[one["mark"]], one, language)
        else:
            marks.expect(connection, one["mark"], one["since"], one["until"])
    return begun


def _read(text: str) -> Line | None:
    """A line as it was written; None for one that was cut off."""
    try:
        line = json.loads(text)
        kinds = {"erased": ("mark", "until"), "silent": ("mark", "since", "until"),
                 "redacted": ("event", "room", "at"), "purged": ("room", "until")}  # fmt: skip
        whole = all(key in line for key in kinds[line["kind"]])
    except (ValueError, KeyError, TypeError):
        return None
    return line if whole else None


def _keeps(one: Line) -> bool:
    return one.get(KEEPS) is True


def _by_mark(connection: Connection) -> dict[str, Person]:
    numbers = list(connection.scalars(select(person.c.id)))
    everybody = [
        one
        for start in range(0, len(numbers), 400)
        for one in by_number(connection, numbers[start : start + 400]).values()
    ]
    return {
        marks.mark_of(connection, one.user_id): one
        for one in everybody
        if one.user_id.startswith("@")
    }


def _take_back(connection: Connection, told: Sequence[Line], language: str) -> None:
    numbers = {one["room"]: rooms.know(connection, RoomId(one["room"])).id for one in told}
    for one in told:
        row = {"target_h": one["event"], "room_id": numbers[one["room"]], "ts": one["at"]}
        connection.execute(insert_once(connection, redaction), row)
    redacting.erase(connection, [(one["event"], numbers[one["room"]]) for one in told], language)


def _purge(connection: Connection, told: Sequence[Line], now: datetime, language: str) -> None:
    known = purges.all_purged(connection)
    for one in told:
        if one["kind"] == "purged" and known.get(RoomId(one["room"]), -1) < one["until"]:
            asked = purges.again(connection, RoomId(one["room"]), one["until"], language)
            timers.schedule(connection, [purges.alarm(asked, now)])


def _hide_practices(connection: Connection, gone: set[int], authors: set[int]) -> None:
    """Those made of what is gone are not searched from now on; whoever follows what becomes of
    messages and people will see to their words and cards a moment later."""
    told = select(practice_field.c.practice_id, practice_field.c.event_id)
    hidden = {
        row.practice_id
        for row in connection.execute(told.where(practice_field.c.event_id.is_not(None)))
        if event_hash(row.event_id) in gone
    }
    of_them = select(practice.c.id).where(practice.c.author_id.in_(sorted(authors)))
    hidden.update(connection.scalars(of_them))
    names = [f"P-{number}" for number in sorted(hidden)]
    documents.remove(connection, documents.PRACTICE, names)


def _silence(connection: Connection, who: Person, one: Line, language: str) -> None:
    since, until = one["since"], one["until"]
    if silences.add(connection, who.id, since, until):
        redacting.erase_since(connection, since, language, sender=who.id, before=until)


def _erase(connection: Connection, who: Person | None, one: Line, language: str) -> list[int]:
    asked = instant(one.get("asked", one["until"]))
    if who is None:
        connection.execute(
            insert_once(connection, erasure),
            {
                "mark": one["mark"], "person_id": 0, "until": one["until"],
                "asked_at": asked, "state": erasures.DONE,
                "keep_practices": _keeps(one),
            },
        )  # fmt: skip
        return []
    again = erasures.request(
        connection, who, instant(one["until"]), asked,
        by_operator=True, keep_practices=_keeps(one),
    )  # fmt: skip
    last: int | None = -1
    while last is not None:
        last = erasures.step(connection, again, language, AT_ONCE, last)
    return [again.id]

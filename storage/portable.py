"""The archive as lines of JSON that any hall can take in: people and rooms by their Matrix ids.

The same archive gives the same bytes, on either database: export, import and export agree. What
another hall has erased, deleted or is not to keep stays so when old lines are taken in.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from sqlalchemy import (
    Column,
    Connection,
    Select,
    Table,
    insert,
    select,
    tuple_,
    type_coerce,
    update,
)

from storage import folding, people, personal, purges, redacting, rooms, silences
from storage.database import insert_once
from storage.facts import POLL_START
from storage.media import is_check_value
from storage.portable_lines import (
    FILE,
    FORMAT,
    ITS_KIND,
    KIND,
    MESSAGE,
    PERSON,
    ROOM,
    Unreadable,
    is_person,
    is_room,
    read,
    row_of,
)
from storage.records import NOBODY, RoomId, UserId
from storage.returning import Returning
from storage.revisions import recompute, revisions_of
from storage.sealed import without_keys
from storage.search import IndexRow, analyse_as, index_rows, marks_of, title_of
from storage.search.marks import FILE as FILE_MARK
from storage.search.marks import IMAGE, POLL
from storage.silences import Silences
from storage.tables.archive import (
    attachment,
    event,
    message,
    reaction,
    redaction,
    revision,
    silence,
)
from storage.tables.people import membership_fact, person, room, visibility_fact
from storage.tables.practices import (
    practice,
    practice_field,
    practice_review,
    practice_step,
    transfer,
    transfer_note,
)
from storage.tables.visits import (
    promise,
    recommendation,
    visit,
    visit_line,
    visit_option,
    visit_vote,
)
from storage.time_keys import time_keys
from storage.types import Instant, event_hash, instant

AT_ONCE = 500
END = "end"  # the kind of the last line
# Whole tables, row by row, in the order of their keys; numbers of people and rooms become ids.
FACTS = (membership_fact, visibility_fact, redaction)
REST = (
    revision, reaction, silence, practice, practice_field, practice_step,
    practice_review, transfer, transfer_note, visit, visit_option, visit_vote,
    visit_line, recommendation, promise,
)  # fmt: skip
# What a row is a part of, by the column that names it.
PARTS = {
    practice_field: ("practice_id", practice), practice_step: ("practice_id", practice),
    practice_review: ("practice_id", practice), transfer: ("practice_id", practice),
    transfer_note: ("transfer_id", transfer), visit_option: ("visit", visit),
    visit_vote: ("visit", visit), visit_line: ("visit", visit), recommendation: ("visit", visit),
}  # fmt: skip
OF_ROOMS = ("membership_fact", "visibility_fact", "redaction", "revision", "reaction")


@dataclass(slots=True)
class Taken:
    """What came in."""

    events: int = 0  # new ones
    messages: int = 0
    withheld: int = 0  # of which not the words: erased, deleted or silent here
    known: int = 0  # that were here already
    rows: int = 0  # of everything else
    whole: bool = False  # its last line says that nothing is missing; older exports have none


# ── out ───────────────────────────────────────────────────────────────────────────────────────


def lines(
    connection: Connection,
    only: Sequence[int] | None = None,
    readable: Callable[[int, int], bool] | None = None,
) -> Iterator[str]:
    """Every line of the archive; only: of these rooms (our numbers), and nothing beside them.

    readable: whether what was said in a room at a moment (ms) may be told; then what messages said
    before they were edited is not told either.
    """
    count = 1
    for line in _lines(connection, only, readable):
        yield line
        count += 1
    yield _line(END, {"lines": count})  # so that a file that was cut short is noticed


def _lines(
    connection: Connection,
    only: Sequence[int] | None,
    readable: Callable[[int, int], bool] | None,
) -> Iterator[str]:
    yield _line("moothall archive", {"format": FORMAT})
    here = _Numbers.read(connection)
    asked = sorted(here.rooms if only is None else only, key=lambda number: here.rooms[number])
    held = set(connection.scalars(select(event.c.room_id).distinct()))
    asked = [number for number in asked if number in held]
    for number in asked:
        row = connection.execute(select(room).where(room.c.id == number)).one()
        yield _line("room", {"room_id": row.room_id, **_some(row, room, ROOM)})
    yield from _people(connection, here, asked if only is not None else None)
    for one in FACTS:
        yield from _rows(connection, one, here, asked)
    kept: set[int] | None = None if readable is None else set()
    yield from _events(connection, here, asked, readable, kept)
    for one in REST:
        if kept is not None and one is not reaction:
            continue
        if only is None or one.name in OF_ROOMS:
            yield from _rows(connection, one, here, asked, kept)


def _line(kind: str, values: Mapping[str, Any]) -> str:
    return json.dumps({"kind": kind, **values}, ensure_ascii=False, separators=(",", ":"))


@dataclass(slots=True)
class _Numbers:
    """Ids by our numbers."""

    rooms: dict[int, str]
    people: dict[int, str]

    @classmethod
    def read(cls, connection: Connection) -> "_Numbers":
        known = connection.execute(select(room.c.id, room.c.room_id))
        met = connection.execute(select(person.c.id, person.c.user_id))
        return cls({r.id: r.room_id for r in known}, {r.id: r.user_id for r in met})


def _some(row: Any, source: Table, names: Sequence[str]) -> dict[str, Any]:
    """Columns as plain JSON values; those that say nothing are left out."""
    told = {name: _plain(source.c[name], getattr(row, name)) for name in names}
    return {
        name: value
        for name, value in told.items()
        # What an edited message said first may have been nothing at all.
        if not (value is None or value is False or value == [])
        and (value or name not in ("body", "marks"))
    }


def _plain(of: Column[Any], value: Any) -> Any:
    if isinstance(of.type, Instant) and value is not None and not isinstance(value, int):
        return round(value.timestamp() * 1000)
    return value


def _people(connection: Connection, here: _Numbers, only: Sequence[int] | None) -> Iterator[str]:
    query = select(person).order_by(person.c.id)
    columns: Sequence[str] = PERSON
    if only is not None:  # whoever reads one room needs no settings
        spoke = select(event.c.sender_id).where(event.c.room_id.in_(only))
        # Nor does it name those who do not want to be kept.
        query, columns = query.where(person.c.id.in_(spoke), person.c.archive), PERSON[:4]
    found = connection.execute(query).all()
    for row in sorted(found, key=lambda one: one.user_id):
        named = row.archive or row.display_name == personal.NOBODY_S_NAME
        # Another hall serves them by their settings; their name it hears in its rooms.
        told = [name for name in columns if named or name != "display_name"]
        yield _line("person", {"user_id": row.user_id, **_some(row, person, told)})


def _rows(
    connection: Connection,
    source: Table,
    here: _Numbers,
    asked: Sequence[int],
    kept: set[int] | None = None,
) -> Iterator[str]:
    stored = [
        type_coerce(one, one.type.impl_instance) if isinstance(one.type, Instant) else one
        for one in source.columns
    ]
    query: Select[Any] = select(*stored)
    if source.name in OF_ROOMS:
        query = query.where(source.c.room_id.in_(asked))
    found = []
    for row in connection.execute(query):
        values = dict(zip(source.columns.keys(), row, strict=True))
        if kept is not None and values["target_h"] not in kept:
            continue
        told = {name: v for name, v in _told(source, values, here).items() if v is not None}
        if KIND in told:
            told[ITS_KIND] = told.pop(KIND)
        found.append(_line(source.name, told))
    yield from sorted(found)


def _told(source: Table, values: dict[str, Any], here: _Numbers) -> dict[str, Any]:
    for name in values:
        if is_person(source.c[name]):
            values[name] = here.people.get(values[name])
        elif is_room(source.c[name]):
            values[name] = here.rooms.get(values[name])
    return values


def _events(
    connection: Connection,
    here: _Numbers,
    asked: Sequence[int],
    readable: Callable[[int, int], bool] | None,
    kept: set[int] | None,
) -> Iterator[str]:
    files = {row.event_h: row for row in connection.execute(select(attachment))}
    query = (
        select(
            event.c.event_id, event.c.event_h, event.c.room_id, event.c.type,
            event.c.sender_id, event.c.ts, event.c.received, event.c.content,
            message.c.id.label("message_id"), *(message.c[name] for name in MESSAGE),
        )
        .outerjoin(message, message.c.seq == event.c.seq)
        .where(event.c.room_id.in_(asked))
    )  # fmt: skip
    # Sorted here: databases do not agree on the order of texts.
    keys = connection.execute(
        select(event.c.ts, event.c.event_id, event.c.event_h).where(event.c.room_id.in_(asked))
    ).all()
    ordered = iter(sorted((row.ts, row.event_id, row.event_h) for row in keys))
    while part := [key[2] for key in islice(ordered, AT_ONCE)]:
        rows = {
            row.event_h: row for row in connection.execute(query.where(event.c.event_h.in_(part)))
        }
        for hashed in part:
            row = rows[hashed]
            if readable is not None and not readable(row.room_id, row.ts):
                continue
            if kept is not None:
                kept.add(hashed)
            yield _event(row, here, files.get(hashed), earlier=kept is None)


def _event(row: Any, here: _Numbers, file: Any, *, earlier: bool) -> str:
    told: dict[str, Any] = {
        "event_id": row.event_id,
        "room": here.rooms[row.room_id],
        "type": row.type,
        "sender": here.people.get(row.sender_id, ""),
        "ts": row.ts,
        "received": row.received,
    }
    if row.content is not None:
        told["content"] = row.content
    if row.message_id is not None:
        names = MESSAGE if earlier else [name for name in MESSAGE if name != "original_body"]
        told["message"] = _some(row, message, names)
    if file is not None:
        parts = FILE if earlier else [name for name in FILE if name != "first_name"]
        told["file"] = _some(file, attachment, parts)
    return _line("event", told)


# ── in ────────────────────────────────────────────────────────────────────────────────────────


@dataclass(slots=True)
class _Arriving:
    """Our numbers, as lines name people and rooms."""

    connection: Connection
    rooms: dict[str, int] = field(default_factory=dict)
    people: dict[UserId, int] = field(default_factory=dict)
    newcomers: set[int] = field(default_factory=set)
    edited: set[int] = field(default_factory=set)  # hashes of messages that may read otherwise now
    returning: Returning = field(init=False)
    here: dict[Table, set[int]] = field(init=False)  # numbers that were given before
    _silent: Silences | None = None
    _purged: Mapping[int, int] | None = None

    def __post_init__(self) -> None:
        self.returning = Returning(self.connection)
        wholes = {whole for _, whole in PARTS.values()}
        self.here = {one: set(self.connection.scalars(select(one.c.id))) for one in wholes}

    def is_part_of_ours(self, target: Table, values: Mapping[str, Any]) -> bool:
        """Whether a row is a part of a practice, a transfer or a visit that was here before: of
        another hall's of that number, perhaps, or deleted here in a chat that nothing is kept of.
        """
        if target not in PARTS:
            return False
        column, whole = PARTS[target]
        if values[column] not in self.here[whole]:
            return False
        if target in self.here:  # and so its own parts stay away
            self.here[target].add(values["id"])
        return True

    def was_purged(self, room_number: int, at: int) -> bool:
        """Whether what was said in a room at a moment (ms) was thrown away here."""
        if self._purged is None:
            told = purges.all_purged(self.connection)
            self._purged = {self.room(room_id): until for room_id, until in told.items()}
        return at <= self._purged.get(room_number, -1)

    def came_in(self, event_h: int) -> bool:
        """Whether the archive holds an event."""
        mine = select(event.c.seq).where(event.c.event_h == event_h)
        return self.connection.execute(mine).first() is not None

    @property
    def silent(self) -> Silences:
        """Who is not to be kept; newcomers may be known again, and silent."""
        if self._silent is None:
            self._silent = silences.all_of(self.connection)
        return self._silent

    def room(self, room_id: str) -> int:
        if room_id not in self.rooms:
            self.rooms[room_id] = rooms.know(self.connection, RoomId(room_id)).id
        return self.rooms[room_id]

    def person(self, address: str) -> int:
        user_id = UserId(address)
        if user_id in self.people:
            return self.people[user_id]
        if user_id == NOBODY:
            self.people[user_id] = personal.nobody(self.connection)
        elif self.returning.is_gone(user_id):
            self.people[user_id] = self.returning.stand_in(user_id)
            self._silent = None
        else:
            new = people.get(self.connection, user_id) is None
            self.people |= people.numbers(self.connection, [user_id])
            if new:
                self.newcomers.add(self.people[user_id])
                self._silent = None
        return self.people[user_id]


def take_in(connection: Connection, told: Iterable[str]) -> Taken:
    """Take an archive in; twice is as good as once. Run it alone: it writes the index."""
    taken, arriving = Taken(), _Arriving(connection)
    waiting: list[Mapping[str, Any]] = []
    by_name = {one.name: one for one in (*FACTS, *REST)}
    number = 0
    for number, text in enumerate(told, start=1):
        line = read(text, number, by_name)
        kind = line["kind"]
        if kind == END and line.get("lines") != number:
            raise Unreadable(f"line {number} is not the {line.get('lines')}th: some are missing")
        taken.whole = kind == END
        if kind == "event":
            waiting.append(line)
            if len(waiting) < AT_ONCE:
                continue
        if waiting and (kind != "event" or len(waiting) >= AT_ONCE):
            _take_events(connection, waiting, arriving, taken)
            waiting = []
        if kind == "room":
            _take_room(connection, line, arriving)
        elif kind == "person":
            _take_person(connection, line, arriving)
        elif kind in by_name:
            taken.rows += _take_row(connection, by_name[kind], line, arriving)
    if waiting:
        _take_events(connection, waiting, arriving, taken)
    if number == 0:
        raise Unreadable("it is empty")
    # Of a message and its edits either may have been here before, or be deleted here.
    recompute(connection, arriving.edited, "en")
    return taken


def _take_room(connection: Connection, line: Mapping[str, Any], arriving: _Arriving) -> None:
    room_id = RoomId(line["room_id"])
    if rooms.get(connection, room_id) is None:  # what we know of our own rooms is newer
        arriving.room(room_id)
        # We are not in it, and nobody there has agreed that we listen.
        told = {name: line[name] for name in ROOM if name in line}
        rooms.change(connection, room_id, joined=False, **told)


def _take_person(connection: Connection, line: Mapping[str, Any], arriving: _Arriving) -> None:
    user_id = UserId(line["user_id"])
    if arriving.returning.is_gone(user_id):
        return  # a check value is all that stays of them
    if people.get(connection, user_id) is None:
        number = arriving.person(user_id)
        told = {name: line[name] for name in PERSON if name in line}
        if told:
            known = update(person).where(person.c.id == number)
            connection.execute(known.values(**told))


def _take_row(
    connection: Connection, target: Table, line: Mapping[str, Any], arriving: _Arriving
) -> int:
    """A row, unless there is one of that key."""
    kept = arriving.returning.as_kept_here(target, row_of(line, target))
    if kept is None:
        return 0
    values = dict(kept)
    if arriving.is_part_of_ours(target, values):
        return 0
    for name in values:
        if is_person(target.c[name]):
            who = values[name]
            values[name] = None if who is None else arriving.person(who)
        elif is_room(target.c[name]):
            values[name] = arriving.room(values[name])
    if target is revision:
        arriving.edited.add(values["original_h"])
        if arriving.silent.covers(values["sender_id"], values["ts"]):
            # As folding would: the words that it took back are no more.
            values |= {"body": "", "file_name": None}
    if target in (revision, reaction) and not _welcome(connection, values, arriving):
        return 0
    if target is silence:
        if values["person_id"] not in arriving.newcomers:
            return 0  # they have said here themselves what they want
        if values.get("until") is None:
            silences.begin(connection, values["person_id"], values["since"])
            return 1
    moments = {k: instant(v) if isinstance(target.c[k].type, Instant) and v is not None else v
               for k, v in values.items()}  # fmt: skip
    done = insert_once(connection, target).values(moments)
    new = connection.execute(done).rowcount
    if target is redaction and new:
        redacting.erase(connection, [(values["target_h"], values["room_id"])], "en")
    return new


def _welcome(connection: Connection, values: Mapping[str, Any], arriving: _Arriving) -> bool:
    """Whether words that belong to a message are still to be kept."""
    hashes = [values[name] for name in ("edit_h", "original_h", "event_h") if name in values]
    # A reaction does not tell when it was: it comes in if its event has.
    if arriving.was_purged(values["room_id"], values.get("ts", 0)) and not (
        "event_h" in values and arriving.came_in(values["event_h"])
    ):
        return False
    dead = select(redaction.c.target_h).where(
        redaction.c.target_h.in_(hashes), redaction.c.room_id == values["room_id"]
    )
    if "event_h" in values and arriving.silent.covers(values["sender_id"], 0):
        return False
    return connection.execute(dead).first() is None


def _take_events(
    connection: Connection,
    told: Sequence[Mapping[str, Any]],
    arriving: _Arriving,
    taken: Taken,
) -> None:
    told = [one for one in told if not arriving.was_purged(arriving.room(one["room"]), one["ts"])]
    distinct = list({event_hash(one["event_id"]): one for one in told}.values())
    known = set(
        connection.scalars(
            select(event.c.event_h).where(
                event.c.event_h.in_([event_hash(one["event_id"]) for one in distinct])
            )
        )
    )
    fresh = [one for one in distinct if event_hash(one["event_id"]) not in known]
    taken.known += len(told) - len(fresh)
    if not fresh:
        return
    pairs = [(event_hash(one["event_id"]), arriving.room(one["room"])) for one in fresh]
    dead = {
        (row.target_h, row.room_id)
        for row in connection.execute(
            select(redaction.c.target_h, redaction.c.room_id).where(
                redaction.c.target_h.in_([pair[0] for pair in pairs]),
                tuple_(redaction.c.target_h, redaction.c.room_id).in_(pairs),
            )
        )
    }
    for one in fresh:
        arriving.person(one["sender"])
    _insert(
        connection, [_kept(one, dead, arriving.silent, arriving, taken) for one in fresh], arriving
    )
    taken.events += len(fresh)


def _kept(
    one: Mapping[str, Any],
    dead: set[tuple[int, int]],
    silent: Silences,
    arriving: _Arriving,
    taken: Taken,
) -> dict[str, Any]:
    """An event as it may be kept here."""
    pair = (event_hash(one["event_id"]), arriving.room(one["room"]))
    quiet = silent.covers(arriving.person(one["sender"]), one["ts"])
    told = dict(one)
    if pair in dead or quiet:
        told.pop("content", None)
        told.pop("file", None)
    its_words = told.get("message")
    if isinstance(told.get("content"), Mapping) and not _is_wordless_poll(one):
        told["content"] = folding.minimal(one["type"], told["content"]) or None
    if its_words is not None:
        taken.messages += 1
        worded = bool(its_words.get("body")) and not its_words.get("redacted")
        if (pair in dead or quiet) and not its_words.get("redacted"):
            taken.withheld += worded
            told["message"] = {
                "thread_h": its_words["thread_h"],
                "thread_fixed": its_words.get("thread_fixed", False),
                "redacted": pair in dead,
                "withheld": pair not in dead,
            }
    return told


def _is_wordless_poll(one: Mapping[str, Any]) -> bool:
    """Whether what a poll asks stands in the log alone, as an older hall kept it."""
    said = one.get("message")
    if one["type"] not in POLL_START or said is None:
        return False
    gone = said.get("redacted") or said.get("withheld")
    return not (gone or said.get("body") or "original_body" in said)


def _insert(connection: Connection, told: Sequence[Mapping[str, Any]], arriving: _Arriving) -> None:
    seq = (connection.scalar(select(event.c.seq).order_by(event.c.seq.desc()).limit(1))) or 0
    seqs = {one["event_id"]: seq + place for place, one in enumerate(told, start=1)}
    events = [
        {
            "seq": seqs[one["event_id"]],
            "event_id": one["event_id"],
            "event_h": event_hash(one["event_id"]),
            "room_id": arriving.room(one["room"]),
            "type": one["type"],
            "sender_id": arriving.person(one["sender"]),
            "ts": one["ts"],
            "received": one["received"],
            # Exports of before 0.1 told what opens encrypted files.
            "content": without_keys(one.get("content")),
        }
        for one in told
    ]
    connection.execute(insert(event), events)
    spoken = [one for one in told if "message" in one]
    moments = [min(one["ts"], one["received"]) for one in spoken]
    indexed, messages = [], []
    for one, number in zip(spoken, time_keys(connection, moments), strict=True):
        said = one["message"]
        where, sender = arriving.room(one["room"]), arriving.person(one["sender"])
        body, language = said.get("body", ""), said.get("lang", "")
        kept = _marks(one)
        messages.append(
            {
                "id": number, "seq": seqs[one["event_id"]], "room_id": where, "sender_id": sender,
                "ts": one["ts"], "thread_h": said["thread_h"], "lang": language, "body": body,
                "thread_fixed": said.get("thread_fixed", False),
                "original_body": _original(said), "title": said.get("title"),
                "marks": kept,
                **{name: said.get(name, False) for name in ("redacted", "withheld", "expired")},
            }
        )  # fmt: skip
        if body:
            # As folding would: a message leaves the index only with the tokens it went in with.
            marks = marks_of(body, language, kept)
            words, named = analyse_as(body, language), title_of(said.get("title"), language)
            indexed.append(IndexRow(number, where, sender, words, named, marks))
    if messages:
        connection.execute(insert(message), messages)
        hashes = [event_hash(one["event_id"]) for one in spoken]
        arriving.edited.update(revisions_of(connection, hashes))
    files = [
        {"event_h": event_hash(one["event_id"]), "room_id": arriving.room(one["room"]),
         "name": one["file"].get("name", ""),
         **{name: one["file"].get(name) for name in FILE[1:]}, **_bytes(one["file"])}
        for one in told if "file" in one
    ]  # fmt: skip
    if files:
        connection.execute(insert_once(connection, attachment), files)
    index_rows(connection, indexed)


def _marks(one: Mapping[str, Any]) -> str:
    """What a message is found by besides its words; older exports do not say it."""
    said = one["message"]
    if said.get("redacted") or said.get("withheld"):
        return ""
    if "marks" in said:
        known = [mark for mark in str(said["marks"]).split() if mark in (FILE_MARK, IMAGE, POLL)]
        return " ".join(known)
    if one["type"] in POLL_START:
        return POLL
    if "file" not in one:
        return ""
    image = str(one["file"].get("mime") or "").startswith("image/")
    return f"{FILE_MARK} {IMAGE}" if image else FILE_MARK


def _bytes(file: Mapping[str, Any]) -> dict[str, Any]:
    """What names a file on our disk comes from outside: it is a check value or nothing."""
    whole = is_check_value(file.get("sha256")) and isinstance(file.get("kept_bytes"), int)
    return {} if whole else {"sha256": None, "kept_bytes": None}


def _original(said: Mapping[str, Any]) -> str | None:
    """The first words of an edited message, which may be none."""
    first: str | None = said.get("original_body")
    return first

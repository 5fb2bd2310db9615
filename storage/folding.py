"""How events become the archive: facts are folded, so their order and repetition do not matter.

The event log is the source; messages, revisions and reactions are its projection. Greatest
`origin_server_ts`, then the event id, decides between edits, never the order of arrival.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, func, insert, select

from storage import people, rooms, silences
from storage.bodies import POLLS, clean
from storage.database import find_among, in_parts, insert_many, insert_once
from storage.facts import (
    LONGEST_NAME,
    MESSAGE_TYPES,
    POLL_START,
    STICKER,
    Fact,
    Kind,
    holds_file,
    key_of,
    name_beside,
)
from storage.records import EventId, RoomId, UserId
from storage.redacting import erase
from storage.revisions import newest, recompute, revisions_of
from storage.sealed import without_keys
from storage.search import IndexRow, analyse, index_rows, marks_of, title_of
from storage.silences import Silences
from storage.tables.archive import attachment, event, message, reaction, redaction, revision
from storage.threads import rethread, threads_of
from storage.time_keys import time_keys

# The same words in other forms, which would outlive an edit; a quoted fallback holds another's.
WORDS_AGAIN = frozenset(
    {"body", "format", "formatted_body", "m.text", "m.html", "m.message"}
    | {f"org.matrix.msc1767.{form}" for form in ("text", "html", "message")}
)
_BESIDE = frozenset({"m.relates_to", "m.mentions", "msgtype"})  # told by tables, or by nobody
_HELD_OF_MESSAGES = _BESIDE | WORDS_AGAIN | {"filename"}

_EVENT = (
    *("seq", "event_id", "event_h", "room_id", "type", "sender_id", "ts", "received", "content"),
)
_MESSAGE = (
    *("id", "seq", "room_id", "thread_h", "thread_fixed", "sender_id", "ts", "lang", "body"),
    *("original_body", "title", "marks", "redacted", "withheld"),
)
_HELD = (
    "SELECT event.event_h, event.type, room.room_id, person.user_id FROM event"
    " JOIN message ON message.seq = event.seq AND NOT message.redacted AND NOT message.withheld"
    " JOIN room ON room.id = event.room_id JOIN person ON person.id = event.sender_id"
    " WHERE event.event_h {among}"
)


def record(
    connection: Connection, facts: Sequence[Fact], received: int, language: str
) -> set[EventId]:
    """Fold events into the archive; returns the ids that were new. received: ms since 1970.

    The caller has made sure that their rooms are archived. Run it alone: it writes the index.
    """
    distinct = list({fact.hash: fact for fact in facts}.values())
    known = _known(connection, [fact.hash for fact in distinct])
    fresh = [fact for fact in distinct if fact.hash not in known]
    if not fresh:
        return set()
    numbers = _Numbers.of(connection, fresh)
    dead = _take_redactions(connection, fresh, numbers, language)
    seqs = _log(connection, fresh, numbers, dead, received)
    _add_reactions(connection, fresh, numbers, dead)
    edited = _add_revisions(connection, fresh, numbers, dead)
    added = _add_messages(connection, fresh, numbers, dead, seqs, received, language)
    recompute(connection, edited - added, language)
    return {fact.event.event_id for fact in fresh}


def find_valid_edits(connection: Connection, facts: Iterable[Fact]) -> list[Fact]:
    """Those that edit a message that the archive holds: by its sender, of its kind."""
    edits = [fact for fact in facts if fact.kind is Kind.EDIT]
    if not edits:
        return []
    targets = {fact.target for fact in edits if fact.target is not None}
    held = {tuple(row) for row in find_among(connection, _HELD, targets)}
    return [
        fact
        for fact in edits
        if (fact.target, fact.event.type, fact.event.room_id, fact.event.sender) in held
    ]


def count_worded(connection: Connection, hashes: Iterable[int]) -> int:
    """How many of these events are messages whose words are kept."""
    worded = (
        select(func.count())
        .select_from(message.join(event, event.c.seq == message.c.seq))
        .where(message.c.body != "")
    )
    return sum(
        connection.scalar(worded.where(event.c.event_h.in_(part))) or 0
        for part in in_parts(list(hashes))
    )


def _known(connection: Connection, hashes: Iterable[int]) -> set[int]:
    statement = "SELECT event_h FROM event WHERE event_h {among}"
    return {hashed for (hashed,) in find_among(connection, statement, hashes)}


@dataclass(frozen=True, slots=True)
class _Numbers:
    rooms: Mapping[RoomId, int]
    people: Mapping[UserId, int]
    silences: Silences

    @classmethod
    def of(cls, connection: Connection, facts: Sequence[Fact]) -> "_Numbers":
        return cls(
            rooms.numbers(connection, {fact.event.room_id for fact in facts}),
            people.numbers(connection, {fact.event.sender for fact in facts}),
            silences.all_of(connection),
        )

    def room(self, fact: Fact) -> int:
        return self.rooms[fact.event.room_id]

    def sender(self, fact: Fact) -> int:
        return self.people[fact.event.sender]

    def silent(self, fact: Fact) -> bool:
        return self.silences.covers(self.sender(fact), fact.at)


Dead = set[tuple[int, int]]  # (event hash, room): redacted, whether we have it or not


def _take_redactions(
    connection: Connection, fresh: Sequence[Fact], numbers: _Numbers, language: str
) -> Dead:
    rows = [
        {"target_h": fact.target, "room_id": numbers.room(fact), "ts": fact.event.at}
        for fact in fresh
        if fact.kind is Kind.REDACTION
    ]
    if rows:
        connection.execute(insert_once(connection, redaction), rows)
        targets = [
            (fact.target, numbers.room(fact))
            for fact in fresh
            if fact.kind is Kind.REDACTION and fact.target is not None
        ]
        erase(connection, targets, language)
    wanted = {fact.hash for fact in fresh}
    wanted |= {fact.target for fact in fresh if fact.kind is Kind.EDIT and fact.target is not None}
    statement = "SELECT target_h, room_id FROM redaction WHERE target_h {among}"
    return {(hashed, room) for hashed, room in find_among(connection, statement, wanted)}


def _log(
    connection: Connection, fresh: Sequence[Fact], numbers: _Numbers, dead: Dead, received: int
) -> dict[int, int]:
    last = connection.scalar(select(func.max(event.c.seq))) or 0
    seqs = {fact.hash: last + place for place, fact in enumerate(fresh, 1)}
    insert_many(
        connection,
        event,
        _EVENT,
        [
            (
                seqs[fact.hash],
                fact.event.event_id,
                fact.hash,
                numbers.room(fact),
                fact.event.type,
                numbers.sender(fact),
                fact.at,
                received,
                _kept_content(fact, numbers, dead),
            )
            for fact in fresh
        ],
    )
    return seqs


def _kept_content(fact: Fact, numbers: _Numbers, dead: Dead) -> dict[str, Any] | None:
    """What the projection does not hold already; nothing of what was taken back or withheld."""
    if fact.kind is Kind.MESSAGE and fact.event.content.keys() <= _HELD_OF_MESSAGES:
        return None
    if (fact.hash, numbers.room(fact)) in dead or fact.event.redacted or numbers.silent(fact):
        return None
    if fact.kind in (Kind.REACTION, Kind.REDACTION, Kind.EDIT):
        return None
    drop = _BESIDE
    if fact.kind is Kind.MESSAGE:
        drop = _HELD_OF_MESSAGES
    elif fact.event.type in MESSAGE_TYPES:
        return None  # a notice, or an edit without new content
    return minimal(fact.event.type, fact.event.content, drop) or None


def minimal(type_: str, content: Mapping[str, Any], drop: Collection[str] = ()) -> dict[str, Any]:
    """What of an event's content is kept. Of who came and went no names: somebody else may have
    written them, and they would outlive whom they name."""
    if type_ == "m.room.member":
        return {key: value for key, value in content.items() if key == "membership"}
    if type_ in POLL_START:
        drop = {*drop, *POLLS}  # the words of the message again, and they would outlive an edit
    # What opens an encrypted file stands in `wanted_file` until it is fetched, and nowhere else.
    kept: dict[str, Any] = without_keys(
        {key: value for key, value in content.items() if key not in drop}
    )
    return kept


def _add_reactions(
    connection: Connection, fresh: Sequence[Fact], numbers: _Numbers, dead: Dead
) -> None:
    rows = [
        {
            "event_h": fact.hash,
            "target_h": fact.target,
            "room_id": numbers.room(fact),
            "sender_id": numbers.sender(fact),
            "key": key_of(fact.event),
        }
        for fact in fresh
        if fact.kind is Kind.REACTION
        and (fact.hash, numbers.room(fact)) not in dead
        and not numbers.silent(fact)
    ]
    if rows:
        connection.execute(insert(reaction), rows)


def _add_revisions(
    connection: Connection, fresh: Sequence[Fact], numbers: _Numbers, dead: Dead
) -> set[int]:
    rows = [
        {
            "edit_h": fact.hash,
            "edit_id": fact.event.event_id,
            "original_h": fact.target,
            "room_id": numbers.room(fact),
            "sender_id": numbers.sender(fact),
            "type": fact.event.type,
            "ts": fact.at,
            # Its words are not for the archive; but those that it took back are no more, either.
            "body": "" if numbers.silent(fact) else fact.body,
            "file_name": None if numbers.silent(fact) else fact.name,
        }
        for fact in fresh
        if fact.kind is Kind.EDIT
        and (fact.hash, numbers.room(fact)) not in dead
        and (fact.target, numbers.room(fact)) not in dead  # the original takes its edits with it
    ]
    if rows:
        connection.execute(insert(revision), rows)
    return {fact.target for fact in fresh if fact.kind is Kind.EDIT and fact.target is not None}


def _add_messages(
    connection: Connection,
    fresh: Sequence[Fact],
    numbers: _Numbers,
    dead: Dead,
    seqs: Mapping[int, int],
    received: int,
    language: str,
) -> set[int]:
    facts = [fact for fact in fresh if fact.kind is Kind.MESSAGE]
    if not facts:
        return set()
    ids = time_keys(connection, [min(fact.at, received) for fact in facts])
    threads = threads_of(connection, facts, numbers.room)
    edits = revisions_of(connection, [fact.hash for fact in facts])
    rows: list[tuple[Any, ...]] = []
    indexed: list[IndexRow] = []
    files: list[dict[str, Any]] = []
    for fact, number in zip(facts, ids, strict=True):
        room, sender = numbers.room(fact), numbers.sender(fact)
        gone = (fact.hash, room) in dead
        silent = numbers.silent(fact)
        words, analysed = ("", None) if gone or silent else (fact.body, fact.analysed)
        kept, marks = ("", ()) if gone or silent else (fact.kept, fact.marks)
        name = None if gone or silent else fact.name
        changes = edits.get(fact.hash)
        latest = newest(changes, room, sender, fact.event.type) if changes else None
        edited = latest is not None and not gone and not silent
        if edited and latest is not None:
            words, name = latest.body, latest.file_name or name
            analysed = analyse(words, language) if words else None
            marks = marks_of(words, analysed.language, kept) if analysed else ()
        thread, title = threads[fact.hash], name_beside(name, words)
        rows.append(
            (
                *(number, seqs[fact.hash], room, thread.root, thread.fixed, sender, fact.at),
                *(analysed.language if analysed else "", words, fact.body if edited else None),
                *(title, kept, gone, silent and not gone),
            )
        )
        if analysed is not None:
            named = title_of(title, analysed.language)
            indexed.append(IndexRow(number, room, sender, analysed, named, marks))
        if not gone and not silent and (file := _file_of(fact, room)):
            renamed = name is not None and name != file["name"]
            files.append(file | ({"name": name, "first_name": file["name"]} if renamed else {}))
    insert_many(connection, message, _MESSAGE, rows)
    if files:
        connection.execute(insert(attachment), files)
    index_rows(connection, indexed)
    rethread(connection, facts, threads, numbers.room)
    return {fact.hash for fact in facts}


def _file_of(fact: Fact, room: int) -> dict[str, Any] | None:
    content = fact.event.content
    if fact.event.type != STICKER and not holds_file(fact.event):
        return None
    raw_info = content.get("info")
    info = raw_info if isinstance(raw_info, Mapping) else {}
    raw_file = content.get("file")
    sealed = raw_file if isinstance(raw_file, Mapping) else {}
    size = info.get("size")
    return {
        "event_h": fact.hash,
        "room_id": room,
        "name": clean(content.get("filename") or content.get("body"))[:LONGEST_NAME].strip(),
        "first_name": None,
        "mime": clean(info.get("mimetype"))[:127] or None,
        "size_bytes": size if isinstance(size, int) and 0 <= size < 2**53 else None,
        "mxc": clean(content.get("url") or sealed.get("url"))[:255] or None,
    }

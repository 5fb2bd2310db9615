"""How events become the archive: facts are folded, so their order and repetition do not matter.

The event log is the source; messages, revisions and reactions are its projection. Greatest
`origin_server_ts`, then the event id, decides between edits, never the order of arrival.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    bindparam,
    delete,
    func,
    insert,
    select,
    tuple_,
    update,
)

from storage import documents, people, rooms, silences
from storage.bodies import body_of, clean, extensible
from storage.database import find_among, insert_many, insert_once
from storage.records import EventId, RoomEvent, RoomId, UserId
from storage.sealed import without_keys
from storage.search import (
    Analysed,
    IndexRow,
    analyse,
    analyse_as,
    index_rows,
    marks_of,
    unindex_rows,
)
from storage.search.marks import FILE, IMAGE, POLL
from storage.silences import Silences
from storage.tables import (
    attachment,
    event,
    message,
    reaction,
    redaction,
    revision,
    wanted_file,
)
from storage.types import event_hash

POLL_START = ("org.matrix.msc3381.poll.start", "m.poll.start")
STICKER = "m.sticker"
MESSAGE_TYPES = ("m.room.message", STICKER, *POLL_START)
FILES = ("m.file", "m.image", "m.audio", "m.video")
# The same words in other forms, which would outlive an edit; a quoted fallback holds another's.
WORDS_AGAIN = frozenset(
    {"body", "format", "formatted_body", "m.text", "m.html", "m.message"}
    | {f"org.matrix.msc1767.{form}" for form in ("text", "html", "message")}
)
_BESIDE = frozenset({"m.relates_to", "m.mentions", "msgtype"})  # told by tables, or by nobody
_HELD_OF_MESSAGES = _BESIDE | WORDS_AGAIN
LONGEST_KEY = 64  # of a reaction, characters; more is no reaction but a text
PARAMETERS = 400  # in one IN list
SPAN = 16 * 7200  # ids looked at in one go: two hours

_EVENT = (
    *("seq", "event_id", "event_h", "room_id", "type", "sender_id", "ts", "received", "content"),
)
_MESSAGE = (
    *("id", "seq", "room_id", "thread_h", "thread_fixed", "sender_id", "ts", "lang", "body"),
    *("original_body", "marks", "redacted", "withheld"),
)

_IDS_BETWEEN = select(message.c.id).where(
    message.c.id >= bindparam("low"), message.c.id <= bindparam("high")
)


class Kind(Enum):
    MESSAGE = "message"
    EDIT = "edit"
    REACTION = "reaction"
    REDACTION = "redaction"
    OTHER = "other"  # kept in the log, for what may be built on it


@dataclass(frozen=True, slots=True)
class Fact:
    """An event, read and analysed before the transaction that stores it."""

    event: RoomEvent
    hash: int
    kind: Kind
    body: str = ""
    target: int | None = None  # hash of what is edited, reacted to or redacted
    analysed: Analysed | None = None
    at: int = 0  # its timestamp (ms), held within what can be stored
    root: int | None = None  # hash of the thread's root that it names
    answers: int | None = None  # hash of what it plainly replies to
    kept: str = ""  # marks that its words do not tell
    marks: tuple[str, ...] = ()  # all of them


@dataclass(frozen=True, slots=True)
class _Thread:
    root: int
    fixed: bool  # an m.thread relation says so, here or at a message this one replies to


def read_fact(room_event: RoomEvent, language: str) -> Fact:
    """Read one event. language: what the hall takes a text for that tells nothing itself."""
    kind, target = _kind_of(room_event)
    hashed = event_hash(room_event.event_id)
    body = ""
    if kind is Kind.MESSAGE and not room_event.redacted:
        body = _body_of(room_event, room_event.content)
    elif kind is Kind.EDIT:
        body = _body_of(room_event, room_event.content["m.new_content"])
    at = _within(room_event.at)
    if kind is not Kind.MESSAGE:
        return Fact(room_event, hashed, kind, body, target, at=at)
    analysed = analyse(body, language) if body else None
    kept = _kept_marks(room_event)
    marks = marks_of(body, analysed.language, kept) if analysed else ()
    root, answers = _thread_relation(room_event), _reply_of(room_event)
    return Fact(room_event, hashed, kind, body, target, analysed, at, root, answers, kept, marks)


def wordless(fact: Fact) -> Fact:
    """An edit that leaves its message without words: those it brings are not for the archive."""
    content = {"m.relates_to": fact.event.relates_to, "m.new_content": {"body": ""}}
    return replace(fact, event=replace(fact.event, content=content), body="")


def _kind_of(room_event: RoomEvent) -> tuple[Kind, int | None]:
    relation = room_event.relates_to or {}
    related = relation.get("event_id")
    target = event_hash(related) if isinstance(related, str) else None
    if room_event.type == "m.room.redaction":
        redacts = room_event.redacts
        return (Kind.REDACTION, event_hash(redacts)) if redacts else (Kind.OTHER, None)
    if room_event.redacted or room_event.state_key is not None:
        return Kind.OTHER, None
    if room_event.type == "m.reaction":
        whole = relation.get("rel_type") == "m.annotation" and target is not None
        return (Kind.REACTION, target) if whole and _key_of(room_event) else (Kind.OTHER, None)
    if room_event.type not in MESSAGE_TYPES:
        return Kind.OTHER, None
    if relation.get("rel_type") == "m.replace":
        whole = isinstance(room_event.content.get("m.new_content"), Mapping) and target is not None
        return (Kind.EDIT, target) if whole else (Kind.OTHER, None)
    # Bots speak in notices: what they say is not the members' archive.
    notice = room_event.content.get("msgtype") == "m.notice"
    return (Kind.OTHER if notice else Kind.MESSAGE), None


def _key_of(room_event: RoomEvent) -> str:
    key = clean((room_event.relates_to or {}).get("key"))
    return key if len(key) <= LONGEST_KEY else ""


def _body_of(room_event: RoomEvent, content: Mapping[str, Any]) -> str:
    if room_event.type in POLL_START:
        return extensible(content)
    return body_of(content, reply=_reply_of(room_event) is not None)


def _reply_of(room_event: RoomEvent) -> int | None:
    """What a plain reply answers; a thread's fallback is no reply."""
    relation = room_event.relates_to or {}
    inner = relation.get("m.in_reply_to")
    answered = inner.get("event_id") if isinstance(inner, Mapping) else None
    if not isinstance(answered, str):
        return None
    if relation.get("rel_type") == "m.thread" and relation.get("is_falling_back") is True:
        return None
    return event_hash(answered)


def _thread_relation(room_event: RoomEvent) -> int | None:
    relation = room_event.relates_to or {}
    root = relation.get("event_id")
    if relation.get("rel_type") == "m.thread" and isinstance(root, str):
        return event_hash(root)
    return None


# ── storing ───────────────────────────────────────────────────────────────────────────────────


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
    _recompute(connection, edited - added, language)
    return {fact.event.event_id for fact in fresh}


def count_worded(connection: Connection, hashes: Iterable[int]) -> int:
    """How many of these events are messages whose words are kept."""
    worded = (
        select(func.count())
        .select_from(message.join(event, event.c.seq == message.c.seq))
        .where(message.c.body != "")
    )
    return sum(
        connection.scalar(worded.where(event.c.event_h.in_(part))) or 0
        for part in _parts(list(hashes))
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
            "key": _key_of(fact.event),
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
            "ts": _within(fact.event.at),
            "body": fact.body,
        }
        for fact in fresh
        if fact.kind is Kind.EDIT
        and (fact.hash, numbers.room(fact)) not in dead
        and (fact.target, numbers.room(fact)) not in dead  # the original takes its edits with it
        and not numbers.silent(fact)
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
    threads = _threads(connection, facts, numbers)
    edits = _revisions_of(connection, [fact.hash for fact in facts])
    rows: list[tuple[Any, ...]] = []
    indexed: list[IndexRow] = []
    files: list[dict[str, Any]] = []
    for fact, number in zip(facts, ids, strict=True):
        room, sender = numbers.room(fact), numbers.sender(fact)
        gone = (fact.hash, room) in dead
        silent = numbers.silent(fact)
        words, analysed = ("", None) if gone or silent else (fact.body, fact.analysed)
        kept, marks = ("", ()) if gone or silent else (fact.kept, fact.marks)
        changes = edits.get(fact.hash)
        newest = _newest(changes, room, sender, fact.event.type) if changes else None
        edited = newest is not None and not gone and not silent
        if edited and newest is not None:
            words = newest.body
            analysed = analyse(words, language) if words else None
            marks = marks_of(words, analysed.language, kept) if analysed else ()
        thread = threads[fact.hash]
        rows.append(
            (
                *(number, seqs[fact.hash], room, thread.root, thread.fixed, sender, fact.at),
                *(analysed.language if analysed else "", words, fact.body if edited else None),
                *(kept, gone, silent and not gone),
            )
        )
        if analysed is not None:
            indexed.append(IndexRow(number, room, sender, analysed, marks=marks))
        if not gone and not silent and (file := _file_of(fact, room)):
            files.append(file)
    insert_many(connection, message, _MESSAGE, rows)
    if files:
        connection.execute(insert(attachment), files)
    index_rows(connection, indexed)
    _rethread(connection, facts, threads, numbers)
    return {fact.hash for fact in facts}


def _kept_marks(room_event: RoomEvent) -> str:
    """What a message is found by that its words do not tell."""
    if room_event.type in POLL_START:
        return POLL
    if room_event.type == STICKER:
        return IMAGE  # a picture; but who looks for files means none of these
    kind = room_event.content.get("msgtype")
    if kind == "m.image":
        return f"{FILE} {IMAGE}"
    return FILE if holds_file(room_event) else ""


def holds_file(room_event: RoomEvent) -> bool:
    """Whether a message is a file, which may be kept; a sticker's picture never is."""
    return room_event.type != STICKER and room_event.content.get("msgtype") in FILES


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
        "name": clean(content.get("filename") or content.get("body"))[:255],
        "mime": clean(info.get("mimetype"))[:127] or None,
        "size_bytes": size if isinstance(size, int) and 0 <= size < 2**53 else None,
        "mxc": clean(content.get("url") or sealed.get("url"))[:255] or None,
    }


def time_keys(connection: Connection, moments: Sequence[int]) -> list[int]:
    """Free ids for messages said at these moments (ms): seconds · 16 + n, so ids follow time."""
    bases = [moment // 1000 * 16 for moment in moments]
    places = sorted(range(len(bases)), key=lambda place: bases[place])
    keys = [0] * len(bases)
    taken: set[int] = set()
    known_to = -1  # up to this id, `taken` is complete from where we look
    free_from: dict[int, int] = {}  # by base: a flood with one timestamp stays linear
    for place in places:
        key = free_from.get(bases[place], bases[place])
        while True:
            if key > known_to:
                known_to = key + SPAN
                taken.update(_ids_between(connection, key, known_to))
            if key not in taken:
                break
            key += 1
        taken.add(key)
        free_from[bases[place]] = key + 1
        keys[place] = key
    return keys


def _ids_between(connection: Connection, low: int, high: int) -> Iterable[int]:
    return connection.scalars(_IDS_BETWEEN, {"low": low, "high": high})


# ── threads ───────────────────────────────────────────────────────────────────────────────────


_HANGS = (
    "SELECT e.event_h, m.room_id, m.thread_h, m.thread_fixed FROM event e"
    " JOIN message m ON m.seq = e.seq WHERE e.event_h {among}"
)
_WAITING = "SELECT DISTINCT thread_h FROM message WHERE NOT thread_fixed AND thread_h {among}"


def _threads(
    connection: Connection, facts: Sequence[Fact], numbers: _Numbers
) -> dict[int, _Thread]:
    """The thread of each message: its m.thread root, else the thread of what it replies to."""
    here = {fact.hash: fact for fact in facts}
    outside = {
        parent
        for fact in facts
        if fact.root is None and (parent := fact.answers) is not None and parent not in here
    }
    stored: dict[tuple[int, int], _Thread] = {}
    for hashed, room, root, fixed in find_among(connection, _HANGS, outside) if outside else ():
        stored[hashed, room] = _Thread(root, bool(fixed))
    found: dict[int, _Thread] = {}

    def thread_of(fact: Fact) -> _Thread:
        path: list[int] = []
        while True:
            if fact.hash in found:
                thread = found[fact.hash]
                break
            path.append(fact.hash)
            root, parent = fact.root, fact.answers
            if root is not None:
                thread = _Thread(root, fixed=True)
                break
            if parent is None or parent in path:
                thread = _Thread(fact.hash, fixed=False)
                break
            room = numbers.room(fact)
            if parent in here and numbers.room(here[parent]) == room:
                fact = here[parent]
                continue
            # Unknown yet, or of another room: provisional; `_rethread` mends it when it comes.
            thread = stored.get((parent, room), _Thread(parent, fixed=False))
            break
        for hashed in path:
            found[hashed] = thread
        return thread

    for fact in facts:
        if fact.root is not None:
            found[fact.hash] = _Thread(fact.root, fixed=True)
        elif fact.answers is None:
            found[fact.hash] = _Thread(fact.hash, fixed=False)
        else:
            thread_of(fact)
    return found


def _rethread(
    connection: Connection,
    facts: Sequence[Fact],
    threads: Mapping[int, _Thread],
    numbers: _Numbers,
) -> None:
    """Messages that came before the reply they hang on: move them to where that one hangs."""
    moved = {fact.hash: fact for fact in facts if threads[fact.hash].root != fact.hash}
    for (hashed,) in find_among(connection, _WAITING, moved) if moved else ():
        thread = threads[hashed]
        connection.execute(
            update(message)
            .where(
                message.c.thread_h == hashed,
                ~message.c.thread_fixed,
                message.c.room_id == numbers.room(moved[hashed]),
            )
            .values(thread_h=thread.root, thread_fixed=thread.fixed)
        )


# ── edits ─────────────────────────────────────────────────────────────────────────────────────


_EDITED = "SELECT DISTINCT original_h FROM revision WHERE original_h {among}"


def _revisions_of(connection: Connection, originals: Sequence[int]) -> dict[int, list[Any]]:
    known = {hashed for (hashed,) in find_among(connection, _EDITED, originals)}
    found: dict[int, list[Any]] = {}
    for part in _parts(list(known)):
        for row in connection.execute(select(revision).where(revision.c.original_h.in_(part))):
            found.setdefault(row.original_h, []).append(row)
    return found


def _newest(revisions: Iterable[Any], room: int, sender: int, kind: str) -> Any | None:
    """The edit that counts: same room, sender and type, latest by timestamp, then event id."""
    valid = [
        row for row in revisions if (row.room_id, row.sender_id, row.type) == (room, sender, kind)
    ]
    return max(valid, key=lambda row: (row.ts, row.edit_id), default=None)


_MESSAGE_WITH_EVENT = select(message, event.c.event_h, event.c.type.label("event_type")).join(
    event, event.c.seq == message.c.seq
)


def _recompute(connection: Connection, originals: Iterable[int], language: str) -> None:
    """Let stored messages show the edit that counts now, in text and index alike."""
    wanted = list(originals)
    edits = _revisions_of(connection, wanted)
    for part in _parts(wanted):
        rows = connection.execute(
            _MESSAGE_WITH_EVENT.where(
                event.c.event_h.in_(part), ~message.c.redacted, ~message.c.withheld
            )
        ).all()
        for row in rows:
            newest = _newest(edits.get(row.event_h, ()), row.room_id, row.sender_id, row.event_type)
            first = row.body if row.original_body is None else row.original_body
            words = first if newest is None else newest.body
            original = None if newest is None else first
            if words == row.body and original == row.original_body:
                continue
            unindex_rows(connection, [_index_row(row)] if row.body else [])
            documents.forget_quoting(connection, [row.event_h])
            analysed = analyse(words, language) if words else None
            connection.execute(
                update(message)
                .where(message.c.id == row.id)
                .values(
                    body=words,
                    original_body=original,
                    lang=analysed.language if analysed else "",
                )
            )
            if analysed is not None:
                marks = marks_of(words, analysed.language, row.marks)
                again = IndexRow(row.id, row.room_id, row.sender_id, analysed, marks=marks)
                index_rows(connection, [again])


def _index_row(row: Any) -> IndexRow:
    """What the index holds of a stored message: the same words in the same language."""
    marks = marks_of(row.body, row.lang, row.marks)
    analysed = analyse_as(row.body, row.lang)
    return IndexRow(row.id, row.room_id, row.sender_id, analysed, marks=marks)


# ── taking back ───────────────────────────────────────────────────────────────────────────────


def erase(
    connection: Connection,
    targets: Sequence[tuple[int, int]],
    language: str,
    *,
    expired: bool = False,
) -> None:
    """Take events back: (hash, room) pairs. Words go from text, revisions, index and log at once.

    A tombstone stays, so that threads stay whole and late edits stay erased.
    expired: nobody took them back, their time was over; they are still counted.
    """
    for part in _parts(list(targets)):
        rows = connection.execute(
            _MESSAGE_WITH_EVENT.where(
                _among(event.c.event_h, event.c.room_id, part), ~message.c.redacted
            )
        ).all()
        unindex_rows(connection, [_index_row(row) for row in rows if row.body])
        documents.forget_quoting(connection, [hashed for hashed, _ in part])
        if rows:
            hashes = [row.event_h for row in rows]
            connection.execute(
                update(message)
                .where(message.c.id.in_([row.id for row in rows]))
                .values(
                    body="",
                    original_body=None,
                    title=None,
                    lang="",
                    marks="",
                    redacted=True,
                    withheld=False,
                    expired=expired,
                )
            )
            connection.execute(delete(revision).where(revision.c.original_h.in_(hashes)))
            connection.execute(delete(attachment).where(attachment.c.event_h.in_(hashes)))
            connection.execute(delete(wanted_file).where(wanted_file.c.event_h.in_(hashes)))
        # Edits of an original that never came, too.
        connection.execute(
            delete(revision).where(_among(revision.c.original_h, revision.c.room_id, part))
        )
        edited = set(
            connection.scalars(
                select(revision.c.original_h).where(
                    _among(revision.c.edit_h, revision.c.room_id, part)
                )
            )
        )
        connection.execute(
            delete(revision).where(_among(revision.c.edit_h, revision.c.room_id, part))
        )
        connection.execute(
            delete(reaction).where(_among(reaction.c.event_h, reaction.c.room_id, part))
        )
        connection.execute(
            update(event).where(_among(event.c.event_h, event.c.room_id, part)).values(content=None)
        )
        _recompute(connection, edited, language)


def _among(
    hashed: ColumnElement[int], room: ColumnElement[int], pairs: Sequence[tuple[int, int]]
) -> ColumnElement[bool]:
    """Whether a row is one of these (hash, room) pairs.

    SQLite looks pairs up in no index and would read the whole table: the hashes alone lead there.
    """
    return hashed.in_([pair[0] for pair in pairs]) & tuple_(hashed, room).in_(pairs)


def erase_since(
    connection: Connection,
    since: int,
    language: str,
    *,
    sender: int | None = None,
    room: int | None = None,
    before: int | None = None,
) -> None:
    """Erase what was said from a moment (ms) on, by one person or in one room; up to another."""
    query = (
        select(event.c.event_h, event.c.room_id)
        .join(message, message.c.seq == event.c.seq)
        .where(message.c.ts >= since, ~message.c.redacted)
    )
    if sender is not None:
        query = query.where(message.c.sender_id == sender)
    if room is not None:
        query = query.where(message.c.room_id == room)
    if before is not None:
        query = query.where(message.c.ts < before)
    erase(connection, [(row.event_h, row.room_id) for row in connection.execute(query)], language)


def expire(connection: Connection, room: int, before: int, language: str, *, at_most: int) -> int:
    """Erase words of a room older than a moment (ms), a few at a time; returns how many went."""
    old = connection.execute(
        select(event.c.event_h, event.c.room_id)
        .join(message, message.c.seq == event.c.seq)
        .where(message.c.room_id == room, message.c.ts < before, ~message.c.redacted)
        .limit(at_most)
    ).all()
    erase(connection, [(row.event_h, row.room_id) for row in old], language, expired=True)
    return len(old)


def expire_beside(connection: Connection, room: int, before: int) -> int:
    """Erase what is old and no message: votes, places, edits whose original never came."""
    blank = (event.c.room_id == room, event.c.ts < before, event.c.content.is_not(None))
    gone = connection.execute(update(event).where(*blank).values(content=None)).rowcount
    old = (revision.c.room_id == room, revision.c.ts < before)
    return gone + connection.execute(delete(revision).where(*old)).rowcount


def next_to_index(connection: Connection, up_to: int, at_most: int) -> list[IndexRow]:
    """Messages with words, newest first, as the index should hold them: for building it anew."""
    rows = connection.execute(
        select(message)
        .where(message.c.id <= up_to, message.c.body != "")
        .order_by(message.c.id.desc())
        .limit(at_most)
    )
    return [_index_row(row) for row in rows]


def newest_words(connection: Connection, at_most: int) -> list[tuple[str, str]]:
    """The newest messages' words and languages."""
    rows = connection.execute(
        select(message.c.body, message.c.lang).order_by(message.c.id.desc()).limit(at_most)
    )
    return [(row.body, row.lang) for row in rows]


def _within(at: int) -> int:
    """A timestamp (ms) that both engines can store and a datetime can show."""
    return min(max(at, 0), 253_402_300_799_000)


def _parts(values: list[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(values), PARAMETERS):
        yield values[start : start + PARAMETERS]

"""What is searched besides messages: practices, visits, summaries that somebody has confirmed.

A document is a copy of words. Whoever changes or removes what it is a copy of, renews or removes it
in the same transaction; a deleted message takes the summaries that quote it along, and an edited
one those that repeat what it says no more.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime

from sqlalchemy import Connection, Row, delete, insert, select

from storage.database import in_parts
from storage.records import EventId
from storage.search import IndexRow, analyse, analyse_as, index_documents, marks_of
from storage.search import unindex_documents as unindex
from storage.search.marks import DOCUMENT, QUESTION, is_kind, of_city, of_cluster
from storage.tables.archive import document, event
from storage.tables.spine import outbox, quote

PRACTICE, SUMMARY, VISIT = "practice", "summary", "visit"
DRAFT = "draft"  # a summary that nobody has confirmed: kept, and never found
SUMMARIES = "summary/"  # how the keys of our posts with summaries begin
_ENDS = tuple(".!?;…")  # of sentences, in any of our scripts
CONFIRMED = "/confirmed"  # how the key of our word about a summary ends, once somebody has


@dataclass(frozen=True, slots=True)
class Document:
    """Something to be found, and who may read it."""

    kind: str
    subject: str  # "P-12", "V-7"; of a summary the key of our post
    title: str
    body: str
    ts: int  # milliseconds since 1970
    author_id: int | None = None
    room_id: int | None = None  # ours: who reads that room
    cluster: str | None = None  # who is in the room of that cluster
    everyone: bool = False  # who is in any
    city: str | None = None
    lang: str = ""  # "": what the text tells


def put(connection: Connection, one: Document) -> None:
    """Let a document be found, in place of an earlier form of it."""
    lang = analyse(f"{one.title}\n{one.body}", one.lang).language
    values = {**asdict(one), "lang": lang}
    named = select(document).where(document.c.kind == one.kind, document.c.subject == one.subject)
    known = connection.execute(named).mappings().first()
    if known is not None and all(known[name] == value for name, value in values.items()):
        return
    remove(connection, one.kind, [one.subject])
    connection.execute(insert(document).values(values))
    if one.kind != DRAFT:
        index_documents(connection, [_index_row(row) for row in connection.execute(named)])


def remove(connection: Connection, kind: str, subjects: Iterable[str]) -> None:
    """Documents are found no more."""
    for part in in_parts(list(subjects)):
        _remove(
            connection,
            connection.execute(
                select(document).where(document.c.kind == kind, document.c.subject.in_(part))
            ).all(),
        )


def forget_quoting(connection: Connection, event_hashes: Sequence[int]) -> None:
    """Messages are taken back: what quotes them goes, too."""
    posts = select(quote.c.post).where(quote.c.event_h.in_(list(event_hashes)))
    _remove(
        connection,
        connection.execute(
            select(document).where(
                document.c.kind.in_([SUMMARY, DRAFT]), document.c.subject.in_(posts)
            )
        ).all(),
    )


def forget_repeating(connection: Connection, event_hash: int, before: str, after: str) -> None:
    """A message has other words: summaries go that repeat a sentence which it says no more.

    after: "" if none of its words are kept any more; then all go that quote or name it.
    """
    posts = select(quote.c.post).where(quote.c.event_h == event_hash)
    found = connection.execute(
        select(document).where(document.c.kind.in_([SUMMARY, DRAFT]), document.c.subject.in_(posts))
    )
    stale = [
        row
        for row in found
        if not after
        or any(says(before, one) and not says(after, one) for one in row.body.splitlines())
    ]
    _remove(connection, stale)


def stands(connection: Connection, post: str) -> bool:
    """Whether what a post of ours shows, a summary or our word about it, is still kept."""
    named = document.c.subject == post.partition(CONFIRMED)[0]
    kinds = document.c.kind.in_([SUMMARY, DRAFT])
    return connection.scalar(select(document.c.id).where(named, kinds)) is not None


def says(body: str, sentence: str) -> bool:
    """Whether a message has this sentence, as summaries tell them: in one line, with "…" where a
    long one is cut."""
    wanted = sentence.removesuffix("…")
    lines = (" ".join(line.split()) for line in body.splitlines())
    return any(_has(line, wanted, whole=wanted == sentence) for line in lines)


def _has(line: str, sentence: str, *, whole: bool) -> bool:
    at = line.find(sentence)
    while at >= 0:
        begins = at == 0 or (line[at - 1] == " " and line[at - 2] in _ENDS)
        then = line[at + len(sentence) : at + len(sentence) + 1]
        ends = not whole or not then or (then == " " and sentence[-1:] in _ENDS)
        if begins and ends:
            return True
        at = line.find(sentence, at + 1)
    return False


def forget_of_rooms(connection: Connection, room_numbers: Sequence[int]) -> None:
    """Summaries of threads in these rooms (ours) are found no more, and nobody can confirm them."""
    _remove(
        connection,
        connection.execute(
            select(document).where(
                document.c.kind.in_([SUMMARY, DRAFT]), document.c.room_id.in_(list(room_numbers))
            )
        ).all(),
    )


def get(connection: Connection, kind: str, subject: str) -> Document | None:
    """The document of that kind and subject."""
    row = connection.execute(
        select(document).where(document.c.kind == kind, document.c.subject == subject)
    ).first()
    return None if row is None else _document(row)


def confirmed_summaries(
    connection: Connection, rooms: Sequence[int], since: datetime
) -> list[Document]:
    """Of rooms (ours), those that were confirmed since a moment, in the order of their threads."""
    rows = connection.execute(
        select(document)
        .join(outbox, outbox.c.key == document.c.subject + CONFIRMED)
        .where(
            document.c.kind == SUMMARY,
            document.c.room_id.in_(list(rooms)),
            outbox.c.created_at >= since,
        )
        .order_by(document.c.ts, document.c.id)
    )
    return [_document(row) for row in rows]


def confirmed_by(connection: Connection, person: int) -> list[Document]:
    """Summaries that somebody (our number) has confirmed."""
    mine = (document.c.kind == SUMMARY, document.c.author_id == person)
    rows = connection.execute(select(document).where(*mine).order_by(document.c.id))
    return [_document(row) for row in rows]


def summary_key(root: EventId, asked_in: EventId) -> str:
    """The key of a summary's post: another one each time that it is asked for."""
    return f"{SUMMARIES}{root}/{asked_in}"


def root_of(subject: str) -> EventId:
    """The first message of the thread that a summary, named by the key of its post, is of."""
    return EventId(subject.removeprefix(SUMMARIES).partition("/")[0])


def forget_drafts(connection: Connection, before: int) -> None:
    """Summaries of threads from before a moment (ms) that nobody has confirmed."""
    connection.execute(delete(document).where(document.c.kind == DRAFT, document.c.ts < before))


def _document(row: Row[tuple[object, ...]]) -> Document:
    known = row._mapping
    return Document(**{field.name: known[field.name] for field in fields(Document)})


def quoted(connection: Connection, subject: str) -> list[EventId]:
    """The messages that a summary, named by the key of its post, is made of."""
    rows = connection.scalars(
        select(event.c.event_id)
        .join(quote, quote.c.event_h == event.c.event_h)
        .where(quote.c.post == subject)
        .order_by(event.c.event_id)
    )
    return [EventId(event_id) for event_id in rows]


def moments(connection: Connection, subjects: Iterable[str]) -> dict[str, list[tuple[int, int]]]:
    """Of each summary the rooms (ours) and times (ms) of all messages that it is made of."""
    found: dict[str, list[tuple[int, int]]] = {}
    for part in in_parts(list(subjects)):
        rows = connection.execute(
            select(quote.c.post, event.c.room_id, event.c.ts)
            .join(event, event.c.event_h == quote.c.event_h)
            .where(quote.c.post.in_(part))
        )
        for post, room_id, ts in rows:
            found.setdefault(post, []).append((room_id, ts))
    return found


def next_to_index(connection: Connection, up_to: int, at_most: int) -> list[IndexRow]:
    """Documents, newest first, as the index should hold them: for building it anew."""
    rows = connection.execute(
        select(document)
        .where(document.c.kind != DRAFT, document.c.id <= up_to)
        .order_by(document.c.id.desc())
        .limit(at_most)
    )
    return [_index_row(row) for row in rows]


def _remove(connection: Connection, rows: Sequence[Row[tuple[object, ...]]]) -> None:
    if rows:
        unindex(connection, [_index_row(row) for row in rows if row.kind != DRAFT])
        connection.execute(delete(document).where(document.c.id.in_([row.id for row in rows])))


def _index_row(row: Row[tuple[object, ...]]) -> IndexRow:
    """What the index holds of a stored document: the same words in the same language."""
    marks = marks_of(f"{row.title}\n{row.body}", row.lang)
    place = [of_cluster(row.cluster)] if row.cluster else []
    place += [of_city(row.city)] if row.city else []
    return IndexRow(
        -row.id,
        row.room_id or 0,
        row.author_id or 0,
        analyse_as(row.body, row.lang),
        analyse_as(row.title, row.lang),
        (DOCUMENT, is_kind(row.kind), *place, *(mark for mark in marks if mark != QUESTION)),
    )

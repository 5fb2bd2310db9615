"""How practices, visits and summaries are shown among the hits."""

from typing import Any

from commands.command import Call
from commands.context import Context
from commands.reply import MessageLink
from commands.search import replies
from commands.search.looking import Found
from storage import documents, outbox, practices, rooms, visits
from storage.records import EventId, RoomId
from storage.search.rows import DocumentRow
from storage.search.snippets import snippet
from storage.types import instant
from storage.visit_documents import SEARCHED


def document_hit(
    row: DocumentRow, found: Found, call: Call[Any], context: Context
) -> replies.DocumentHit:
    """A practice, a visit or a summary, with its title and the words round the hit."""
    community = context.settings.community
    city = community.city(row.city) if row.city else None
    named = row.kind != documents.SUMMARY
    title = f"{row.subject} {row.title}" if named and row.title != row.subject else row.title
    pieces = snippet(row.body, row.lang, found.matcher)
    return replies.DocumentHit(
        pieces=tuple((piece.text, piece.hit) for piece in pieces),
        title=title,
        kind=row.kind,
        city=city.name if city else "",
        day=instant(row.ts).astimezone(context.zone_of(call.asker)).date(),
        link=_link(row, context),
        show=f"{call.sign}{row.kind} show {row.subject}" if named else None,
    )


def quoted_by(row: DocumentRow, context: Context) -> list[EventId]:
    """The messages whose words a document repeats: taken back, the answer goes with them."""
    if row.kind == documents.SUMMARY:
        return documents.quoted(context.connection, row.subject)
    if row.kind == documents.VISIT:
        return _said_of_visit(_number(row), context)
    practice = practices.get(context.connection, _number(row))
    if practice is None:
        return []
    said = [answered.event_id for answered in practice.fields.values()]
    return [event_id for event_id in (practice.source, *said) if event_id is not None]


def _said_of_visit(number: int, context: Context) -> list[EventId]:
    visit = visits.get(context.connection, number)
    lines = visits.lines(context.connection, number, *SEARCHED)
    sources = [line.source for line in lines if line.source is not None]
    return [*(visit.sources if visit else ()), *sources]


def _number(row: DocumentRow) -> int:
    """Of a practice or a visit."""
    return int(row.subject.partition("-")[2])


def _link(row: DocumentRow, context: Context) -> MessageLink | None:
    """To the post that shows it, where the reader may be; None: it was never posted."""
    key = row.subject
    if row.kind == documents.PRACTICE:
        practice = practices.get(context.connection, _number(row))
        if practice is None or not practice.card:
            return None
        key = practice.card_key
    elif row.kind == documents.VISIT:
        visit = visits.get(context.connection, _number(row))
        if visit is None:
            return None
        key = visit.card_key
    event_id = outbox.event_of(context.connection, key)
    lane = outbox.lane_of(context.connection, key)
    room = rooms.get(context.connection, RoomId(lane)) if lane else None
    if event_id is None or room is None:
        return None
    return MessageLink(room.room_id, event_id, row.subject, room.via)

"""Where `!more` goes on; a query is kept no longer than somebody may want its next page."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select

from storage.database import upsert
from storage.records import EventId
from storage.tables.archive import search_page

KEPT = timedelta(minutes=30)
COMING = 0  # in place of a room: the direct chat with somebody who has none yet


@dataclass(frozen=True, slots=True)
class SearchPage:
    """The next page of a search."""

    asked_in: EventId  # the message that asked
    query: str
    below: int | None  # exclusive message id of the window
    seen: tuple[int, ...]  # message ids of the window that were shown; less than 0: documents
    documents: bool = True  # practices and summaries stand in this window, too


def remember(
    connection: Connection, person: int, room: int, page: SearchPage, now: datetime
) -> None:
    """Keep the next page, in place of an earlier search of that person in that room."""
    forget_old(connection, now)
    connection.execute(
        upsert(
            connection,
            search_page,
            ["person_id", "room_id"],
            ["asked_in", "query", "below", "seen", "documents", "asked_at"],
        ),
        {
            "person_id": person,
            "room_id": room,
            "asked_in": page.asked_in,
            "query": page.query,
            "below": page.below,
            "seen": list(page.seen),
            "documents": page.documents,
            "asked_at": now,
        },
    )


def get(connection: Connection, person: int, room: int, now: datetime) -> SearchPage | None:
    """The next page of a person's newest search in a room, while it is fresh."""
    row = connection.execute(
        select(
            search_page.c.asked_in,
            search_page.c.query,
            search_page.c.below,
            search_page.c.seen,
            search_page.c.documents,
        ).where(
            search_page.c.person_id == person,
            search_page.c.room_id == room,
            search_page.c.asked_at > now - KEPT,
        )
    ).first()
    if row is None:
        return None
    seen = tuple(row.seen)
    return SearchPage(EventId(row.asked_in), row.query, row.below, seen, row.documents)


def forget(connection: Connection, person: int, room: int) -> None:
    """There is no next page."""
    connection.execute(
        delete(search_page).where(search_page.c.person_id == person, search_page.c.room_id == room)
    )


def forget_old(connection: Connection, now: datetime) -> None:
    """Drop queries whose next page nobody asked for."""
    connection.execute(delete(search_page).where(search_page.c.asked_at <= now - KEPT))


def erase(connection: Connection, event_id: EventId) -> None:
    """The message that asked was taken back: its words go."""
    connection.execute(delete(search_page).where(search_page.c.asked_in == event_id))

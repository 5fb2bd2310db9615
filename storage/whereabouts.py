"""In which room an event was said, as far as the hall can tell."""

from sqlalchemy import Connection, bindparam, select, union_all

from storage.records import EventId, RoomId
from storage.tables.archive import event
from storage.tables.people import room
from storage.tables.spine import inbox, outbox
from storage.types import event_hash

_PLACES = union_all(
    select(inbox.c.lane).where(inbox.c.key == bindparam("event")),
    select(outbox.c.lane).where(outbox.c.event_id == bindparam("event")),
    select(room.c.room_id)
    .join(event, event.c.room_id == room.c.id)
    .where(event.c.event_h == bindparam("hash")),
)


def is_elsewhere(connection: Connection, event_id: EventId, room_id: RoomId) -> bool:
    """Whether an event is known to be of another room than that one."""
    places = connection.scalars(_PLACES, {"event": event_id, "hash": event_hash(event_id)})
    # What waited for a direct chat bears a person's name, and not a room's.
    known = {place for place in places if place.startswith("!")}
    return bool(known) and room_id not in known

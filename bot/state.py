"""Room state, as sync tells it, written into the tables that the rest of the hall reads."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection

from bot.hall import Hall
from storage import naming, outbox, people, rooms
from storage.bodies import clean
from storage.records import Room, RoomEvent, RoomId, RoomKind, UserId
from storage.rooms import MembershipChange

if TYPE_CHECKING:
    from bot.intake import Taken

OURS = frozenset({RoomKind.SPACE, RoomKind.CLUSTER, RoomKind.COORDINATORS})
DIRECT_STATE = "org.moothall.direct"  # names the person of a direct chat that the hall made


def apply_state(
    connection: Connection,
    hall: Hall,
    room_id: RoomId,
    events: Sequence[RoomEvent],
    *,
    left: bool,
    taken: "Taken",
) -> Room:
    """Apply state events in their order; the last of each kind and key is the state now."""
    room = rooms.know(connection, room_id)
    place = _place(connection, room)
    changes: dict[str, Any] = {}
    was_for_two = rooms.is_for_two(connection, room)
    for event in events:
        changes |= _change(connection, room, event, hall.me)
    _apply_members(connection, room, events)
    if was_for_two and room.direct_with and not rooms.is_for_two(connection, room):
        now = hall.clock.now()
        if outbox.withdraw_from(connection, room_id, room.direct_with, now):
            taken.posts.add(room.direct_with)
    mine = [e for e in events if e.type == "m.room.member" and e.state_key == hall.me]
    if mine:
        changes["joined"] = mine[-1].content.get("membership") == "join"
        if changes["joined"] and not room.via:
            # A link needs a server that is in the room: ids of version 12 name none.
            changes["via"] = [hall.me.partition(":")[2]]
    elif left:
        changes["joined"] = False
    if changes:
        rooms.change(connection, room_id, **changes)
        room = rooms.know(connection, room_id)
    taken.moved = taken.moved or _place(connection, room) != place
    taken.upgrade = taken.upgrade or "replacement" in changes
    return room


def _place(connection: Connection, room: Room) -> tuple[bool, object]:
    """What may change that we can do in a room of ours: whether we are in it, and its levels."""
    if room.kind not in OURS:
        return False, None
    return room.joined, rooms.power_events(connection, room.room_id)[1]


def _change(connection: Connection, room: Room, event: RoomEvent, me: UserId) -> dict[str, Any]:
    """Columns of the room that one state event changes."""
    content = event.content
    match event.type, event.state_key:
        case "m.room.create", "":
            return {
                "version": clean(content.get("room_version")) or "1",
                "create_event": {"sender": event.sender, "content": dict(content)},
            }
        case "m.room.name", "":
            return {"name": naming.shown(clean(content.get("name")))}
        case "m.room.encryption", "":
            return {"encrypted": True}  # never taken back
        case "m.room.power_levels", "":
            return {"power_levels": dict(content)}
        case "m.room.history_visibility", "":
            visibility = clean(content.get("history_visibility")) or "shared"
            rooms.record_visibility(connection, room.id, event.event_id, event.at, visibility)
            return {"history_visibility": visibility}
        case "m.room.retention", "":
            return {"retention_ms": lifetime(content.get("max_lifetime"))}
        case "m.room.tombstone", "":
            replacement = clean(content.get("replacement_room"))
            return {"replacement": replacement} if replacement else {}
        case type_, "" if type_ == DIRECT_STATE and event.sender == me:
            person = clean(content.get("user_id"))
            if room.kind is RoomKind.OTHER and person:
                return {"kind": RoomKind.DIRECT.value, "direct_with": person}
    return {}


DAY_MS = 86_400_000
LONGEST_MS = 36_500 * DAY_MS


def lifetime(told: object) -> int | None:
    """How long a room wants its messages kept, in ms; None if it says nothing that makes sense.

    Early drafts of MSC1763 counted seconds: what would be less than a day is read so, for no room
    that keeps an archive means hours.
    """
    if not isinstance(told, int) or isinstance(told, bool) or told <= 0:
        return None
    lifetime = told if told >= DAY_MS else told * 1000
    return min(lifetime, LONGEST_MS)


def _apply_members(connection: Connection, room: Room, events: Sequence[RoomEvent]) -> None:
    rooms.record_memberships(connection, _memberships(connection, room, events), current=True)
    if room.kind is RoomKind.OTHER and not room.archive_on:
        return  # in a room of their own anybody can be called anything
    people.record_names(
        connection,
        {
            UserId(event.state_key): clean(event.content["displayname"])
            for event in events
            if event.type == "m.room.member"
            and event.state_key == event.sender
            and event.content.get("membership") == "join"
            and isinstance(event.content.get("displayname"), str)
        },
    )


def record_past(connection: Connection, room: Room, events: Sequence[RoomEvent]) -> None:
    """Membership and visibility events from history: facts about then, not about now."""
    rooms.record_memberships(connection, _memberships(connection, room, events), current=False)
    for event in events:
        if event.type == "m.room.history_visibility" and event.state_key == "":
            visibility = clean(event.content.get("history_visibility")) or "shared"
            rooms.record_visibility(connection, room.id, event.event_id, event.at, visibility)


def _memberships(
    connection: Connection, room: Room, events: Sequence[RoomEvent]
) -> list[MembershipChange]:
    joined = [e for e in events if e.type == "m.room.member" and e.state_key]
    numbers = people.numbers(connection, {UserId(e.state_key or "") for e in joined})
    return [
        MembershipChange(
            event.event_id,
            room.id,
            numbers[UserId(event.state_key or "")],
            event.at,
            clean(event.content.get("membership"))[:16] or "leave",
        )
        for event in joined
    ]

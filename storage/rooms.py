"""Rooms the hall knows, who is in them, and what they were when."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, bindparam, func, or_, select, update

from storage import meta
from storage.database import insert_once, upsert
from storage.lists import in_sizes, places
from storage.people import person_of
from storage.records import EventId, Person, Room, RoomId, RoomKind, UserId
from storage.tables.archive import event
from storage.tables.people import member, membership_fact, person, room, visibility_fact
from storage.tables.spine import meta as meta_table
from storage.types import event_hash, instant


def _room(row: Row[Any]) -> Room:
    return Room(
        id=row.id,
        room_id=RoomId(row.room_id),
        kind=RoomKind(row.kind),
        cluster=row.cluster,
        name=row.name,
        version=row.version,
        encrypted=row.encrypted,
        history_visibility=row.history_visibility,
        archive_on=row.archive_on,
        joined=row.joined,
        direct_with=row.direct_with,
        via=tuple(row.via),
        retention=None if row.retention_ms is None else timedelta(milliseconds=row.retention_ms),
        predecessor=row.predecessor,
        successor=row.successor,
    )


_GET = select(room).where(room.c.room_id == bindparam("room_id"))


def get(connection: Connection, room_id: RoomId) -> Room | None:
    """The room of that id, if the hall knows it."""
    row = connection.execute(_GET, {"room_id": room_id}).first()
    return None if row is None else _room(row)


def by_number(connection: Connection, numbers: Iterable[int]) -> dict[int, Room]:
    """Rooms by our own numbers."""
    rows = connection.execute(select(room).where(room.c.id.in_(list(numbers))))
    return {row.id: _room(row) for row in rows}


def find(
    connection: Connection, *, kind: RoomKind | None = None, joined: bool | None = None
) -> list[Room]:
    """Rooms, oldest first."""
    query = select(room).order_by(room.c.id)
    if kind is not None:
        query = query.where(room.c.kind == kind)
    if joined is not None:
        query = query.where(room.c.joined == joined)
    return [_room(row) for row in connection.execute(query)]


def of_cluster(connection: Connection, slug: str) -> Room | None:
    """The room in which a cluster lives now (not those it was upgraded from)."""
    row = connection.execute(
        select(room).where(
            room.c.cluster == slug, room.c.kind == RoomKind.CLUSTER, room.c.successor.is_(None)
        )
    ).first()
    return None if row is None else _room(row)


def direct_with(connection: Connection, user_id: UserId) -> Room | None:
    """The newest direct chat with a person: they are in it or invited, and nobody else is.

    A third person in the room would read what is meant for one.
    """
    present = member.c.membership.in_(("join", "invite"))
    alone = (
        select(member.c.room_id).where(present).group_by(member.c.room_id).having(func.count() == 2)
    )
    row = connection.execute(
        select(room)
        .join(member, member.c.room_id == room.c.id)
        .join(person, (person.c.id == member.c.person_id) & (person.c.user_id == user_id))
        .where(
            room.c.kind == RoomKind.DIRECT,
            room.c.direct_with == user_id,
            room.c.joined,
            present,
            room.c.id.in_(alone),
        )
        .order_by(room.c.id.desc())
        .limit(1)
    ).first()
    return None if row is None else _room(row)


def is_for_two(connection: Connection, here: Room) -> bool:
    """Whether a direct chat is one: nobody is in it, or asked into it, but its person and us.

    Somebody else and we are two, too, once its person has left.
    """
    if here.kind is not RoomKind.DIRECT:
        return False
    present = connection.scalars(
        select(person.c.user_id)
        .join(member, member.c.person_id == person.c.id)
        .where(member.c.room_id == here.id, member.c.membership.in_(("join", "invite")))
        .limit(3)
    ).all()
    return len(present) == 2 and (here.direct_with is None or here.direct_with in present)


def chain(connection: Connection, start: Room) -> list[Room]:
    """A room with all it was upgraded from and to: one forum."""
    found = {start.room_id: start}
    waiting = [start]
    while waiting:
        here = waiting.pop()
        for neighbour in (here.predecessor, here.successor):
            if neighbour is not None and neighbour not in found:
                other = get(connection, neighbour)
                if other is not None:
                    found[neighbour] = other
                    waiting.append(other)
    return sorted(found.values(), key=lambda r: r.id)


def with_earlier(connection: Connection, start: Room) -> list[Room]:
    """A room and those that it was upgraded from, newest first: what its members had before.

    Not those that came after, as `chain` has it: there others may have the say, or be let in.
    """
    found = [start]
    while (before := found[-1].predecessor) is not None:
        earlier = get(connection, before)
        if earlier is None or earlier in found:
            break
        found.append(earlier)
    return found


def know(connection: Connection, room_id: RoomId, kind: RoomKind = RoomKind.OTHER) -> Room:
    """The room of that id, entered in the book if it is new."""
    known = get(connection, room_id)
    if known is None:
        connection.execute(insert_once(connection, room), {"room_id": room_id, "kind": kind.value})
        known = get(connection, room_id)
        assert known is not None
    return known


def numbers(connection: Connection, room_ids: Iterable[RoomId]) -> dict[RoomId, int]:
    """Our numbers for rooms, entering those that are new; asked once for all of them."""
    wanted = sorted(set(room_ids))
    rows = connection.execute(_NUMBERS, {"ids": wanted})
    found = {RoomId(row.room_id): row.id for row in rows}
    missing = [room_id for room_id in wanted if room_id not in found]
    return found | {room_id: know(connection, room_id).id for room_id in missing}


_NUMBERS = select(room.c.room_id, room.c.id).where(
    room.c.room_id.in_(bindparam("ids", expanding=True))
)


def change(connection: Connection, room_id: RoomId, **values: Any) -> None:
    """Write columns of a room that is known."""
    connection.execute(update(room).where(room.c.room_id == room_id).values(**values))


def replaced(connection: Connection) -> list[tuple[Room, RoomId]]:
    """Rooms whose tombstone names a successor that we have not followed yet."""
    rows = connection.execute(
        select(room).where(
            room.c.replacement.is_not(None),
            room.c.successor.is_(None),
            # A guest in somebody's room follows nobody, unless the room has an archive.
            room.c.kind.in_((RoomKind.CLUSTER, RoomKind.COORDINATORS)) | room.c.archive_on,
        )
    )
    return [(_room(row), RoomId(row.replacement)) for row in rows]


def succeed(connection: Connection, old: Room, new: RoomId, *, version: str) -> None:
    """Let a verified successor take the place of a room, archive and all."""
    before = connection.execute(select(room).where(room.c.room_id == old.room_id)).one()
    change(connection, old.room_id, successor=new)
    change(
        connection,
        new,
        predecessor=old.room_id,
        kind=before.kind,
        cluster=before.cluster,
        name=before.name,
        encrypted=before.encrypted,
        archive_on=before.archive_on,
        archive_since=before.archive_since,
        via=before.via,
        retention_ms=before.retention_ms,
        version=version,
        joined=True,
    )


def power_events(
    connection: Connection, room_id: RoomId
) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    """The raw m.room.create and m.room.power_levels of a room, as far as they came."""
    row = connection.execute(
        select(room.c.create_event, room.c.power_levels).where(room.c.room_id == room_id)
    ).first()
    return (None, None) if row is None else (row.create_event, row.power_levels)


def archive_since(connection: Connection, room_id: RoomId) -> datetime | None:
    """From when on messages of a room are stored; None while its archive is off.

    Never from before it was purged, whoever asks for older history.
    """
    row = connection.execute(_SINCE, {"room_id": room_id, "purged": meta.PURGED + room_id}).first()
    since: datetime | None = row.archive_since if row is not None and row.archive_on else None
    if since is None or row is None or row.purged is None:
        return since
    return max(since, instant(int(row.purged) + 1))


_SINCE = select(
    room.c.archive_on,
    room.c.archive_since,
    select(meta_table.c.value)
    .where(meta_table.c.key == bindparam("purged"))
    .scalar_subquery()
    .label("purged"),
).where(room.c.room_id == bindparam("room_id"))


# ── who is in ─────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class MembershipChange:
    """A membership event, resolved to our numbers."""

    event_id: EventId
    room: int
    person: int
    at: int  # ms
    membership: str


def record_memberships(
    connection: Connection, changes: Sequence[MembershipChange], *, current: bool
) -> None:
    """Keep membership events. current: they are the newest of their person, as sync tells them."""
    if not changes:
        return
    connection.execute(
        insert_once(connection, membership_fact),
        [
            {
                "event_h": event_hash(change.event_id),
                "room_id": change.room,
                "person_id": change.person,
                "ts": change.at,
                "membership": change.membership,
            }
            for change in changes
        ],
    )
    if current:
        latest = {(change.room, change.person): change.membership for change in changes}
        connection.execute(
            upsert(connection, member, ["room_id", "person_id"], ["membership"]),
            [
                {"room_id": room_number, "person_id": person_number, "membership": membership}
                for (room_number, person_number), membership in latest.items()
            ],
        )


def expect(connection: Connection, room_number: int, memberships: Mapping[int, str]) -> None:
    """Note who is in a room that we have just made, before sync tells it."""
    connection.execute(
        insert_once(connection, member),
        [
            {"room_id": room_number, "person_id": number, "membership": membership}
            for number, membership in memberships.items()
        ],
    )


def record_visibility(
    connection: Connection, room_number: int, event_id: EventId, at: int, visibility: str
) -> None:
    """Keep a change of history visibility (`at` in ms)."""
    connection.execute(
        insert_once(connection, visibility_fact),
        {
            "event_h": event_hash(event_id),
            "room_id": room_number,
            "ts": at,
            "visibility": visibility,
        },
    )


def people_in(
    connection: Connection, room_number: int, membership: str = "join"
) -> list[tuple[int, UserId]]:
    """Who has joined a room, or is invited: our numbers and user ids."""
    rows = connection.execute(
        select(person.c.id, person.c.user_id)
        .join(member, member.c.person_id == person.c.id)
        .where(member.c.room_id == room_number, member.c.membership == membership)
        .order_by(person.c.id)
    )
    return [(row.id, UserId(row.user_id)) for row in rows]


def visibility(connection: Connection, room_number: int) -> str | None:
    """The history visibility of a room now; None if it was never set."""
    found: str | None = connection.scalar(
        select(visibility_fact.c.visibility)
        .where(visibility_fact.c.room_id == room_number)
        .order_by(visibility_fact.c.ts.desc(), visibility_fact.c.event_h.desc())
        .limit(1)
    )
    return found


_PRESENCE = (
    select(
        room, *(column.label(f"person_{column.name}") for column in person.c), member.c.membership
    )
    .select_from(room)
    .join(person, person.c.user_id == bindparam("user_id"))
    .outerjoin(member, (member.c.room_id == room.c.id) & (member.c.person_id == person.c.id))
    .where(room.c.room_id == bindparam("room_id"))
)


def presence(
    connection: Connection, room_id: RoomId, user_id: UserId
) -> tuple[Room, Person, str | None] | None:
    """A room, a person, and what they are in it: join, leave, …; None if either is unknown."""
    row = connection.execute(_PRESENCE, {"room_id": room_id, "user_id": user_id}).first()
    return None if row is None else (_room(row), person_of(row, "person_"), row.membership)


@dataclass(frozen=True, slots=True)
class InOurs:
    """What a person is in one of our rooms as they are now, and who has power there."""

    kind: RoomKind
    cluster: str | None
    membership: str
    create: Mapping[str, Any] | None  # raw event
    power_levels: Mapping[str, Any] | None  # content


_IN_OURS = (
    select(
        room.c.kind, room.c.cluster, member.c.membership, room.c.create_event, room.c.power_levels
    )
    .join(member, member.c.room_id == room.c.id)
    .where(
        member.c.person_id == bindparam("person"),
        or_(
            and_(room.c.kind == RoomKind.CLUSTER, room.c.cluster.is_not(None)),
            room.c.kind.in_((RoomKind.SPACE, RoomKind.COORDINATORS)),
        ),
        room.c.successor.is_(None),
        room.c.joined,
    )
)


def in_ours(connection: Connection, number: int) -> list[InOurs]:
    """The Space, coordinators' and cluster rooms that a person is in, or was: by our number."""
    rows = connection.execute(_IN_OURS, {"person": number})
    return [InOurs(RoomKind(kind), *rest) for kind, *rest in rows]


def clusters_of(connection: Connection, number: int) -> list[str]:
    """The clusters in whose rooms a person is now: by our number."""
    told = in_ours(connection, number)
    return [one.cluster for one in told if one.cluster and one.membership == "join"]


def rooms_of(connection: Connection, who: Person) -> list[Room]:
    """Rooms in which a person is now and the hall is, too."""
    rows = connection.execute(
        select(room)
        .join(member, member.c.room_id == room.c.id)
        .where(member.c.person_id == who.id, member.c.membership == "join", room.c.joined)
        .order_by(room.c.id)
    )
    return [_room(row) for row in rows]


@dataclass(frozen=True, slots=True)
class History:
    """What decides who may read a room's past: both lists oldest first, times in ms."""

    visibilities: tuple[tuple[int, str], ...]
    memberships: Mapping[int, tuple[tuple[int, str], ...]]  # by person


_CHANGED = membership_fact.c


@cache
def _visibilities(size: int) -> Select[Any]:
    return (
        select(visibility_fact.c.room_id, visibility_fact.c.ts, visibility_fact.c.visibility)
        .where(visibility_fact.c.room_id.in_(places(size)))
        .order_by(visibility_fact.c.ts, visibility_fact.c.event_h)
    )


@cache
def _memberships(size: int, people: int) -> Select[Any]:
    return (
        select(_CHANGED.room_id, _CHANGED.person_id, _CHANGED.ts, _CHANGED.membership)
        .where(
            _CHANGED.room_id.in_(places(size)),
            _CHANGED.person_id.in_(places(people, "person")),
        )
        .order_by(_CHANGED.ts, _CHANGED.event_h)
    )


def histories(
    connection: Connection, room_numbers: Sequence[int], people: Sequence[int]
) -> dict[int, History]:
    """The visibility and membership histories of rooms for some people."""
    seen: dict[int, list[tuple[int, str]]] = {number: [] for number in room_numbers}
    facts: dict[int, dict[int, list[tuple[int, str]]]] = {
        room_number: {number: [] for number in people} for room_number in room_numbers
    }
    for size, named in in_sizes(list(seen)):
        for room_number, at, visibility in connection.execute(_visibilities(size), named):
            seen[room_number].append((at, visibility))
        for count, whom in in_sizes(list(people), "person"):
            asked = {**named, **whom}
            for row in connection.execute(_memberships(size, count), asked):
                room_number, person_number, at, membership = row
                facts[room_number][person_number].append((at, membership))
    return {
        number: History(
            tuple(seen[number]),
            {person: tuple(changes) for person, changes in facts[number].items()},
        )
        for number in room_numbers
    }


def keeps_words(connection: Connection, here: Room) -> bool:
    """Whether the archive of a room is on, or holds what was said before it was switched off."""
    held = select(event.c.seq).where(event.c.room_id == here.id).limit(1)
    return here.archive_on or connection.scalar(held) is not None


def archived_events(connection: Connection, room_number: int) -> int:
    """How many events of a room the archive holds."""
    count = connection.scalar(
        select(func.count()).select_from(event).where(event.c.room_id == room_number)
    )
    return count or 0

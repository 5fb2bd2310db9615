"""What the hall will say, frozen before it is sent; each key is one event in Matrix, for ever."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, bindparam, delete, exists, func, or_, select, update

from storage.database import insert_once
from storage.records import EventId, RoomId, UserId
from storage.tables.archive import event, revision
from storage.tables.spine import echo, outbox, quote
from storage.types import event_hash

TAKEN_BACK = "taken back"  # no failure of ours
RELATION = "m.relates_to"
_PLACED = (RELATION, "thread", "reply_to")  # what of a post's content names events of its room


class Action(StrEnum):
    """What is done with a row; each is a different request to the homeserver."""

    MESSAGE = "message"
    EXAMINE = "examine"  # a message whose words are found when it is sent
    COMPILE = "compile"  # a file whose content is found when it is sent
    FILE = "file"  # uploaded first; then an event like any other
    EDIT = "edit"
    REACTION = "reaction"
    REDACTION = "redaction"
    STATE = "state"
    PIN = "pin"
    GATHER = "gather"  # nothing is said: answers to a poll of ours are asked for
    JOIN = "join"
    LEAVE = "leave"


_WORDED = (Action.MESSAGE, Action.FILE, Action.EXAMINE, Action.COMPILE)  # said, not done to others


@dataclass(frozen=True, slots=True)
class Row:
    """One post on its way."""

    key: str
    lane: str  # room id, or a user id until they have a direct chat
    action: Action
    content: Mapping[str, Any] | None
    type: str = ""
    state_key: str | None = None
    changes: str | None = None  # key of the post that is edited, redacted or pinned
    txn_id: str = ""
    attempted_at: datetime | None = None  # first attempt
    device: str | None = None
    attempts: int = 0
    not_before: datetime | None = None
    id: int = 0
    created_at: datetime | None = None
    known_as: EventId | None = None  # it stands in the room already, says an echo


COLUMNS = (
    outbox.c.key,
    outbox.c.lane,
    outbox.c.action,
    outbox.c.content,
    outbox.c.type,
    outbox.c.state_key,
    outbox.c.changes,
    outbox.c.txn_id,
    outbox.c.attempted_at,
    outbox.c.device,
    outbox.c.attempts,
    outbox.c.not_before,
    outbox.c.id,
    outbox.c.created_at,
    select(echo.c.event_id).where(echo.c.txn_id == outbox.c.txn_id).scalar_subquery(),
)


def add(connection: Connection, hall: uuid.UUID, rows: Sequence[Row], now: datetime) -> None:
    """Queue posts. The transaction id follows from hall and key, never from chance."""
    for row in rows:
        if row.action is Action.EDIT and _fold_into_unsent(connection, row):
            continue
        row = _numbered(connection, hall, row)
        connection.execute(
            insert_once(connection, outbox),
            {
                "key": row.key,
                "lane": row.lane,
                "action": row.action.value,
                "type": row.type,
                "state_key": row.state_key,
                "content": None if row.content is None else dict(row.content),
                "changes": row.changes,
                "txn_id": txn_id_of(hall, row.key),
                "created_at": now,
                "not_before": row.not_before,
            },
        )


def txn_id_of(hall: uuid.UUID, key: str) -> str:
    """The transaction id under which a post is sent, today and after any restart or restore."""
    return str(uuid.uuid5(hall, key))


def _fold_into_unsent(connection: Connection, edit: Row) -> bool:
    """Overwrite words that nobody has tried to send yet: twenty votes cost one edit."""
    untouched = (
        outbox.c.settled_at.is_(None),
        outbox.c.attempted_at.is_(None),
        ~exists().where(echo.c.txn_id == outbox.c.txn_id),
    )
    unsent = update(outbox).where(*untouched)
    content = dict(edit.content or {})
    newest_edit = (
        select(func.max(outbox.c.id))
        .where(outbox.c.changes == edit.changes, outbox.c.action == Action.EDIT)
        .scalar_subquery()
    )
    if connection.execute(
        unsent.where(outbox.c.id == newest_edit).values(content=content)
    ).rowcount:
        return True
    original = connection.execute(
        select(outbox.c.content).where(outbox.c.key == edit.changes, *untouched)
    ).first()
    if original is None or original.content is None:
        return False
    kept = {k: v for k, v in original.content.items() if k in ("m.relates_to", "msgtype")}
    connection.execute(
        unsent.where(outbox.c.key == edit.changes).values(
            content={**content, **kept, "org.moothall.post": edit.changes}
        )
    )
    return True


def _numbered(connection: Connection, hall: uuid.UUID, row: Row) -> Row:
    """Edits of one post get keys of their own, in order."""
    if row.action is not Action.EDIT:
        return row
    earlier = connection.scalar(
        select(func.count())
        .select_from(outbox)
        .where(outbox.c.changes == row.changes, outbox.c.action == Action.EDIT)
    )
    number = (earlier or 0) + 1
    # Before a restore that number may have gone to other words: these would never be sent.
    while _was_echoed(connection, txn_id_of(hall, f"{row.changes}/edit/{number}")):
        number += 1
    return replace(row, key=f"{row.changes}/edit/{number}")


def _was_echoed(connection: Connection, txn_id: str) -> bool:
    return connection.scalar(select(echo.c.event_id).where(echo.c.txn_id == txn_id)) is not None


def lanes(connection: Connection) -> list[str]:
    """Lanes that hold something unsent."""
    return list(
        connection.scalars(select(outbox.c.lane).where(outbox.c.settled_at.is_(None)).distinct())
    )


_FIRST = (
    select(*COLUMNS)
    .where(outbox.c.settled_at.is_(None), outbox.c.lane == bindparam("lane"))
    .order_by(outbox.c.id)
    .limit(1)
)
_CLAIM = (
    update(outbox)
    .where(outbox.c.id == bindparam("row"))
    .values(
        attempted_at=bindparam("attempted"),
        device=bindparam("by"),
        attempts=outbox.c.attempts + 1,
    )
)
_SETTLE = (
    update(outbox)
    .where(outbox.c.id == bindparam("row"))
    .values(
        settled_at=bindparam("now"),
        event_id=func.coalesce(bindparam("event"), outbox.c.event_id),
        failure=bindparam("errcode"),
        content=None,
    )
)


def claim(connection: Connection, lane: str, device: str, now: datetime) -> Row | None:
    """The first unsent post of a lane, marked as attempted: commit this before the network.

    The returned row tells of the *earlier* first attempt, if there was one.
    """
    found = connection.execute(_FIRST, {"lane": lane}).first()
    if found is None:
        return None
    row = Row(*found)
    row = replace(row, action=Action(row.action))
    if row.not_before is not None and row.not_before > now:
        return row
    connection.execute(
        _CLAIM,
        {"row": row.id, "attempted": row.attempted_at or now, "by": row.device or device},
    )
    return row


def not_taken(connection: Connection, row: Row) -> None:
    """The homeserver was not asked, or has refused to look at it: this claim counts for nothing.

    row: as `claim` returned it, which tells of what was before.
    """
    connection.execute(
        update(outbox)
        .where(
            outbox.c.id == row.id,
            outbox.c.lane == row.lane,  # else it has moved, and another claim may hold it
            outbox.c.settled_at.is_(None),
        )
        .values(attempted_at=row.attempted_at, device=row.device, attempts=row.attempts)
    )


def not_said(connection: Connection, row: Row) -> None:
    """A claim that is no attempt at saying anything yet, but counts as one of getting there.

    row: as `claim` returned it, which tells of what was before.
    """
    connection.execute(
        update(outbox)
        .where(outbox.c.id == row.id, outbox.c.lane == row.lane, outbox.c.settled_at.is_(None))
        .values(attempted_at=row.attempted_at, device=row.device)
    )


def settle(
    connection: Connection,
    row: int,
    now: datetime,
    *,
    event_id: EventId | None = None,
    failure: str | None = None,
) -> None:
    """Sent, or refused for good: the content goes, key and event id stay."""
    connection.execute(_SETTLE, {"row": row, "now": now, "event": event_id, "errcode": failure})


def note_upload(connection: Connection, row: Row, content: Mapping[str, Any]) -> None:
    """A file lies on the homeserver: keep its address before the event, for uploads are not
    idempotent. What has moved meanwhile, or was taken back, stays as it is."""
    connection.execute(
        update(outbox)
        .where(outbox.c.id == row.id, outbox.c.lane == row.lane, outbox.c.settled_at.is_(None))
        .values(content=dict(content))
    )


def postpone(connection: Connection, row: int, until: datetime) -> None:
    """Try again later."""
    connection.execute(update(outbox).where(outbox.c.id == row).values(not_before=until))


def confirm_echo(connection: Connection, event_id: EventId, txn_id: str, now: datetime) -> None:
    """An event of ours came back in sync: whatever delivery believes, it was sent.

    One that we know nothing of was sent after the backup that we come from: should its cause make
    us queue it again, it is not sent again.
    """
    confirmed = connection.execute(
        update(outbox)
        .where(outbox.c.txn_id == txn_id, outbox.c.settled_at.is_(None))
        .values(settled_at=now, event_id=event_id, content=None)
    )
    if confirmed.rowcount or _is_known(connection, event_id):
        return
    connection.execute(
        insert_once(connection, echo), {"txn_id": txn_id, "event_id": event_id, "seen_at": now}
    )


def _is_known(connection: Connection, event_id: EventId) -> bool:
    return connection.scalar(select(outbox.c.id).where(outbox.c.event_id == event_id)) is not None


def forget_echoes(connection: Connection, before: datetime) -> None:
    """What would make us say these again is long past."""
    connection.execute(delete(echo).where(echo.c.seen_at < before))


def event_of(connection: Connection, key: str) -> EventId | None:
    """The event that a post became, once it was sent."""
    event_id: EventId | None = connection.scalar(
        select(outbox.c.event_id).where(outbox.c.key == key)
    )
    return event_id


def posts_of(connection: Connection, events: Sequence[EventId]) -> list[str]:
    """The keys of the posts of ours among these events."""
    return list(
        connection.scalars(
            select(outbox.c.key).where(
                outbox.c.event_id.in_(events),
                outbox.c.action.in_((Action.MESSAGE, Action.FILE, Action.COMPILE)),
            )
        )
    )


def post_of(connection: Connection, event_id: EventId) -> str | None:
    """The key of the post of ours that an event is; None if it is none of ours."""
    return next(iter(posts_of(connection, [event_id])), None)


def was_posted(connection: Connection, key: str) -> bool:
    """Whether a post of this key was ever queued."""
    return connection.execute(select(outbox.c.id).where(outbox.c.key == key)).first() is not None


def was_queued_since(connection: Connection, keys: Sequence[str], since: datetime) -> bool:
    """Whether one of these posts was queued then or later."""
    found = select(outbox.c.id).where(outbox.c.key.in_(keys), outbox.c.created_at >= since)
    return connection.execute(found.limit(1)).first() is not None


def sent_at(connection: Connection, key: str) -> datetime | None:
    """When the post of this key was done with; None: it is on its way, or there is none."""
    moment: datetime | None = connection.scalar(
        select(outbox.c.settled_at).where(outbox.c.key == key)
    )
    return moment


def note_removed(connection: Connection, key: str) -> None:
    """Somebody else took a post of ours back."""
    connection.execute(update(outbox).where(outbox.c.key == key).values(failure=TAKEN_BACK))


def taken_back(connection: Connection, events: Sequence[str]) -> set[str]:
    """Which of these events are posts of ours that were taken back, by us or by others."""
    gone = outbox.alias("gone")
    return set(
        connection.scalars(
            select(outbox.c.event_id).where(
                outbox.c.event_id.in_(events),
                or_(
                    outbox.c.failure == TAKEN_BACK,
                    exists().where(
                        gone.c.changes == outbox.c.key, gone.c.action == Action.REDACTION
                    ),
                ),
            )
        )
    )


def files_of(connection: Connection, prefix: str) -> list[str]:
    """The keys of files that begin so, and were not taken back."""
    gone = outbox.alias("gone")
    return list(
        connection.scalars(
            select(outbox.c.key)
            .where(
                outbox.c.action == Action.FILE,
                outbox.c.key.startswith(prefix, autoescape=True),
                ~exists().where(gone.c.changes == outbox.c.key, gone.c.action == Action.REDACTION),
            )
            .order_by(outbox.c.id)
        )
    )


def lane_of(connection: Connection, key: str) -> str | None:
    """Where the post of this key was, or will be, said."""
    lane: str | None = connection.scalar(select(outbox.c.lane).where(outbox.c.key == key))
    return lane


def edits_of(connection: Connection, key: str) -> list[str]:
    """The keys of the edits of a post: each is an event of its own, with words of its own."""
    return list(
        connection.scalars(
            select(outbox.c.key)
            .where(outbox.c.changes == key, outbox.c.action == Action.EDIT)
            .order_by(outbox.c.id)
        )
    )


def said_at(connection: Connection, lane: str, prefix: str) -> list[datetime]:
    """When posts whose key begins with `prefix` were queued for a lane."""
    return list(
        connection.scalars(
            select(outbox.c.created_at).where(
                outbox.c.lane == lane, outbox.c.key.startswith(prefix, autoescape=True)
            )
        )
    )


def move_lane(connection: Connection, person: UserId, room_id: RoomId) -> None:
    """A person's direct chat is there now: what waited for it goes into it."""
    connection.execute(
        update(outbox)
        .where(outbox.c.lane == person, outbox.c.settled_at.is_(None))
        .values(lane=room_id)
    )


def move_room(connection: Connection, old: RoomId, new: RoomId) -> None:
    """A room has a successor: what nobody has tried to say yet, and refers to nothing there, is
    said in that."""
    rows = connection.execute(
        select(outbox.c.id, outbox.c.key, outbox.c.action, outbox.c.content, outbox.c.changes)
        .where(
            outbox.c.lane == old,
            outbox.c.settled_at.is_(None),
            outbox.c.attempted_at.is_(None),
        )
        .order_by(outbox.c.id)
    ).all()
    free: dict[str, int] = {}  # by key; what belongs to a post of these goes with it
    for row in rows:
        alone = row.action in (Action.MESSAGE, Action.FILE) and row.changes is None
        if row.changes in free or (alone and RELATION not in (row.content or {})):
            free[row.key] = row.id
    there = update(outbox).where(outbox.c.id.in_(free.values()))
    connection.execute(there.values(lane=new))


def withdraw_from(connection: Connection, chat: RoomId, person: UserId, now: datetime) -> bool:
    """A direct chat is none any more: what was meant for its person alone waits for another one.

    Returns whether there was anything. What may have been sent already, and nobody knows, is said
    again there: better twice than to a third. An edit, or the end of a poll, cannot go elsewhere,
    and is dropped.
    """
    unsent = (outbox.c.lane == chat, outbox.c.settled_at.is_(None))
    bound = (outbox.c.action == Action.EDIT) | outbox.c.type.endswith("poll.end")
    connection.execute(
        update(outbox)
        .where(*unsent, bound)
        .values(settled_at=now, failure=TAKEN_BACK, content=None)
    )
    rows = connection.execute(
        select(outbox.c.id, outbox.c.key, outbox.c.content, outbox.c.changes).where(
            *unsent, outbox.c.action.in_(_WORDED)
        )
    ).all()
    keys = {row.key for row in rows}
    for row in rows:
        loose = {key: it for key, it in (row.content or {}).items() if key not in _PLACED}
        under = row.changes if row.changes in keys else None
        there = update(outbox).where(outbox.c.id == row.id)
        connection.execute(there.values(lane=person, content=loose, changes=under))
    # Their reactions and pins go along.
    theirs = update(outbox).where(*unsent, outbox.c.changes.in_(keys))
    connection.execute(theirs.values(lane=person))
    return bool(rows)


def waits_in(connection: Connection, row: int, lane: str) -> bool:
    """Whether a post is still to be sent there."""
    there = select(outbox.c.id).where(
        outbox.c.id == row, outbox.c.lane == lane, outbox.c.settled_at.is_(None)
    )
    return connection.execute(there).first() is not None


def holds_any(connection: Connection, lane: str) -> bool:
    """Whether a lane has anything that is still to be sent."""
    unsent = select(outbox.c.id).where(outbox.c.lane == lane, outbox.c.settled_at.is_(None))
    return connection.execute(unsent.limit(1)).first() is not None


def add_quotes(
    connection: Connection, post: str, events: Sequence[EventId], thread: EventId | None = None
) -> None:
    """Remember which messages' words a post repeats, and in which thread it does.

    With the edits that the words come from: each may be taken back by itself. What others tried to
    make of them is not repeated.
    """
    if events:
        said = [event_hash(one) for one in events]
        edits = (
            select(revision.c.edit_h)
            .join(event, event.c.event_h == revision.c.original_h)
            .where(
                revision.c.original_h.in_(said),
                revision.c.sender_id == event.c.sender_id,
                revision.c.room_id == event.c.room_id,
                revision.c.type == event.c.type,
            )
        )
        connection.execute(
            insert_once(connection, quote),
            [
                {"event_h": hashed, "post": post, "thread": thread}
                for hashed in dict.fromkeys((*said, *connection.scalars(edits)))
            ],
        )


def posts_quoting(connection: Connection, event: EventId) -> list[str]:
    """Keys of posts that repeat words of this message and were not taken back yet."""
    return list(
        connection.scalars(select(quote.c.post).where(quote.c.event_h == event_hash(event)))
    )


def thread_of(connection: Connection, post: str) -> EventId | None:
    """The thread of a post that quotes; None if it is in none."""
    root: str | None = connection.scalar(
        select(quote.c.thread).where(quote.c.post == post).limit(1)
    )
    return None if root is None else EventId(root)


def forget_quotes(connection: Connection, post: str) -> None:
    """A post that quoted others was taken back itself."""
    connection.execute(delete(quote).where(quote.c.post == post))


def drop_unsent(connection: Connection, key: str, now: datetime) -> bool:
    """Take a post out of the queue if nobody has tried to send it yet."""
    gone = connection.execute(
        update(outbox)
        .where(outbox.c.key == key, outbox.c.settled_at.is_(None), outbox.c.attempted_at.is_(None))
        .values(settled_at=now, failure=TAKEN_BACK, content=None)
    )
    return gone.rowcount > 0


def counts(connection: Connection, now: datetime) -> dict[str, int]:
    """How many posts are queued, how many of these are late by more than a minute, and failed."""
    queued, late = connection.execute(
        select(
            func.count(),
            func.count().filter(
                outbox.c.created_at < now - timedelta(minutes=1),
                or_(outbox.c.not_before.is_(None), outbox.c.not_before < now),
            ),
        ).where(outbox.c.settled_at.is_(None))
    ).one()
    failed = connection.scalar(
        select(func.count())
        .select_from(outbox)
        .where(outbox.c.failure.is_not(None), outbox.c.failure != TAKEN_BACK)
    )
    return {"queued": queued, "late": late, "failed": failed or 0}

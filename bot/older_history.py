"""A page of a room's older history, for the archive alone, and how far it is told to have come.

Nothing of it is answered or acted upon, and what cannot be read is counted and not stored.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from bot.hall import Hall
from bot.intake import Taken, keep_past
from bot.matrix.answers import Page
from bot.posting import queue_posts
from bot.state import record_past
from commands.archive import past
from commands.archive.replies import Stage
from storage import rooms
from storage.facts import Fact
from storage.gaps import Gap
from storage.records import EventId


def take_in(
    connection: Connection,
    hall: Hall,
    hole: Gap,
    page: Page,
    facts: Mapping[EventId, Fact],
    now: datetime,
    taken: Taken,
) -> tuple[Gap, bool]:
    """Store a page; returns how far the history has come, and whether that is far enough."""
    assert hole.back_to is not None
    room = rooms.know(connection, hole.room_id)
    record_past(connection, room, page.events)
    present = {user_id for _number, user_id in rooms.people_in(connection, room.id)} - {hall.me}
    kept = keep_past(connection, hall, room, page.events[::-1], facts, now, taken, present)
    sealed = [(_said_at(one.raw), one.raw.get("sender")) for one in page.unreadable]
    sealed_here = sum(at >= hole.back_to and sender in present for at, sender in sealed)
    moments = [event.at for event in page.events] + [at for at, _sender in sealed]
    # Clocks lie: one event of 1970 does not end the walk.
    older = sum(at < hole.back_to for at in moments)
    far_enough = older * 2 > len(moments)
    reached = hole.reached if hole.reached is not None else hole.back_to
    if moments:
        reached = max(hole.back_to, min(reached, sorted(moments)[len(moments) // 2]))
    further = replace(
        hole,
        kept=hole.kept + kept,
        unreadable=hole.unreadable + sealed_here,
        reached=hole.back_to if far_enough else reached,
    )
    return further, far_enough or not room.archive_on


def tell(
    connection: Connection, hall: Hall, hole: Gap, stage: Stage, now: datetime, taken: Taken
) -> None:
    """Show in the room how far it has come."""
    changed = past.progress(hall.settings, hole, stage)
    cause = f"{hole.told_as}/{stage.value}/{hole.events}"
    taken.posts |= queue_posts(connection, hall, [changed], cause, now)


def end(connection: Connection, hall: Hall, hole: Gap, now: datetime, taken: Taken) -> None:
    """The homeserver gives no more: what there is stays, and the archive begins there."""
    past.keep_reached(connection, hole)
    tell(connection, hall, hole, Stage.REFUSED, now, taken)


def _said_at(raw: Mapping[str, object]) -> int:
    at = raw.get("origin_server_ts")
    return at if isinstance(at, int) else 0

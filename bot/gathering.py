"""Asks once how a poll that has ended was answered: for what no sync brought, or took back."""

import logging
from collections.abc import Collection, Iterable

from sqlalchemy import Connection

from bot.hall import Hall
from bot.intake import Taken, keep, keep_unreadable, read_facts
from bot.matrix import polls
from bot.matrix.answers import Page
from bot.matrix.errors import Refused
from storage import rooms
from storage.records import EventId, RoomEvent, RoomId

log = logging.getLogger(__name__)


async def gather(
    hall: Hall, room_id: RoomId, poll: EventId, held: Collection[EventId] = ()
) -> None:
    """Hand on the answers that the homeserver lists, by the door that all events come through.

    Those that are known say the same again, and nothing follows from them. Whatever else refers
    to the poll is left to sync and history; an answer without its key waits for it as usual.
    held: what was said to it as far as we know. Of what is not listed a redaction is looked for.
    """
    try:
        page = await hall.client.references(room_id, poll)
        redactions = await _redactions(hall, room_id, _not_listed(held, page))
    except Refused as refusal:  # we have left, or the poll is gone: there is nothing to count
        log.warning("answers are not listed: room=%s poll=%s error=%s", room_id, poll, refusal)
        return
    answers = [one for one in page.events if one.type in polls.RESPONSES]
    events = [*answers, *redactions]
    facts = await read_facts(hall, events)
    now = hall.clock.now()

    def take(connection: Connection) -> Taken:
        taken = Taken()
        room = rooms.know(connection, room_id)
        keep(connection, hall, room, events, facts, now, taken)
        keep_unreadable(connection, hall, page.unreadable, now)
        return taken

    if events or page.unreadable:
        (await hall.database.write(take, alone=True)).ring(hall)


def _not_listed(held: Iterable[EventId], page: Page) -> list[EventId]:
    listed = {one.event_id for one in page.events} | {one.event_id for one in page.unreadable}
    return [one for one in held if one not in listed]


async def _redactions(hall: Hall, room_id: RoomId, missing: Iterable[EventId]) -> list[RoomEvent]:
    """What took these back, as far as it shows so: a list may be cut short, and a tap is on none.

    One that is not found stays: it may have outlived the homeserver's own memory, or have been
    said in another room.
    """
    found = [await hall.client.redaction_of(room_id, one) for one in missing]
    return [one for one in found if one is not None]

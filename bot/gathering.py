"""Asks once for the answers to a poll that has ended, for those that no sync brought."""

import logging

from sqlalchemy import Connection

from bot.hall import Hall
from bot.intake import Taken, keep, keep_unreadable, read_facts
from bot.matrix import polls
from bot.matrix.errors import Refused
from storage import rooms
from storage.records import EventId, RoomId

log = logging.getLogger(__name__)


async def gather(hall: Hall, room_id: RoomId, poll: EventId) -> None:
    """Hand on the answers that the homeserver lists, by the door that all events come through.

    Those that are known say the same again, and nothing follows from them. Whatever else refers
    to the poll is left to sync and history; an answer without its key waits for it as usual.
    """
    try:
        page = await hall.client.references(room_id, poll)
    except Refused as refusal:  # we have left, or the poll is gone: there is nothing to count
        log.warning("answers are not listed: room=%s poll=%s error=%s", room_id, poll, refusal)
        return
    answers = [one for one in page.events if one.type in polls.RESPONSES]
    facts = await read_facts(hall, answers)
    now = hall.clock.now()

    def take(connection: Connection) -> Taken:
        taken = Taken()
        room = rooms.know(connection, room_id)
        keep(connection, hall, room, answers, facts, now, taken)
        keep_unreadable(connection, hall, page.unreadable, now)
        return taken

    if answers or page.unreadable:
        (await hall.database.write(take, alone=True)).ring(hall)

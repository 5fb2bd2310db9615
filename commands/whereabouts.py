"""What somebody says in one room about an event of another: a homeserver may let it pass."""

from dataclasses import replace

from sqlalchemy import Connection

from commands.events import Edited, Event, Reacted, Redacted, Said
from storage.whereabouts import is_elsewhere


def at_home(event: Event, connection: Connection) -> Event | None:
    """The event without what it says about other rooms; None if nothing is left of it.

    Rights are looked at in the room where something is said. Whoever has a say in one room would
    else have it over the cards, questions and messages of every other.
    """
    match event:
        case Said():
            return _without_foreign_relations(event, connection)
        case Edited(original=original, now=now):
            if is_elsewhere(connection, original, now.room_id):
                return None
            return replace(event, now=_without_foreign_relations(now, connection))
        case Reacted() | Redacted():
            foreign = is_elsewhere(connection, event.target, event.room_id)
            return None if foreign else event
        case _:
            return event


def _without_foreign_relations(said: Said, connection: Connection) -> Said:
    if said.thread_root and is_elsewhere(connection, said.thread_root, said.room_id):
        said = replace(said, thread_root=None, may_be_root=False)
    if said.reply_to and is_elsewhere(connection, said.reply_to, said.room_id):
        said = replace(said, reply_to=None)
    return said

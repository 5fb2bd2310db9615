"""Permissions, with the facts about the room that they need."""

from commands.command import AnyCommand
from commands.context import Context
from commands.permissions import Who, is_room_admin, may_use
from storage import rooms
from storage.records import Person, Room


def is_allowed(command: AnyCommand, person: Person, room: Room, context: Context) -> bool:
    """Whether a person may use a command in a room."""
    admin = command.who is Who.ROOM_ADMINS and is_room_admin(
        person.user_id, *rooms.power_events(context.connection, room.room_id)
    )
    return may_use(
        command.who,
        person,
        context.settings.community,
        cluster=room.cluster,
        room_admin=admin,
    )

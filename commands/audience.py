"""What of the archive may be shown to whom, judged message by message before it is said."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from commands.visibility import all_may_read
from storage import rooms
from storage.records import ArchivedMessage, Person, Room
from storage.rooms import History
from storage.types import milliseconds


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody who will read an answer, and the rooms that it may speak of."""

    connection: Connection
    readers: tuple[int, ...]  # people, by our numbers
    rooms: tuple[Room, ...]
    # Of these rooms alone: a narrower audience looks for itself.
    _pasts: dict[int, History] = field(default_factory=dict, init=False)

    @property
    def room_numbers(self) -> tuple[int, ...]:
        return tuple(room.id for room in self.rooms)

    def may_read(self, room_number: int, at: int) -> bool:
        """Whether all readers may read what was said in a room then (milliseconds since 1970)."""
        if not self._pasts:
            found = rooms.histories(self.connection, self.room_numbers, self.readers)
            self._pasts.update(found)
        past = self._pasts.get(room_number)
        if past is None:
            return False
        return all_may_read(past.visibilities, past.memberships.values(), at)

    def readable(self, messages: Sequence[ArchivedMessage]) -> list[ArchivedMessage]:
        """The messages that all readers may read."""
        numbers = {room.room_id: room.id for room in self.rooms}
        return [
            message
            for message in messages
            if message.room_id in numbers
            and self.may_read(numbers[message.room_id], milliseconds(message.at))
        ]


def of_room(connection: Connection, room: Room) -> Audience:
    """The members of a room, about that room and those it was upgraded from."""
    members = tuple(number for number, _user_id in rooms.people_in(connection, room.id))
    return Audience(connection, members, tuple(rooms.chain(connection, room)))


def of_person(connection: Connection, person: Person) -> Audience:
    """One person, about the rooms that they are in now and what those were upgraded from."""
    chained = {
        each.id: each
        for room in rooms.rooms_of(connection, person)
        for each in rooms.chain(connection, room)
    }
    return Audience(connection, (person.id,), tuple(chained.values()))

"""What of the archive may be shown to whom, judged message by message before it is said."""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import Connection

from commands.visibility import Changes, all_may_read
from storage import documents, rooms
from storage.records import ArchivedMessage, Person, Room
from storage.rooms import History
from storage.types import milliseconds


class _Past:
    """A room's past, judged once for each stretch of time in which nothing changed."""

    def __init__(self, history: History, *, world: bool) -> None:
        self._visibilities = history.visibilities
        nobody: tuple[Changes, ...] = ((),) if world else ()  # of whom no membership is known
        self._readers: tuple[Changes, ...] = (*history.memberships.values(), *nobody)
        changes = (self._visibilities, *self._readers)
        self._moments = sorted({at for each in changes for at, _ in each})
        self._judged: dict[int, bool] = {}  # by how many moments were over

    def all_may_read(self, at: int) -> bool:
        over = bisect_left(self._moments, at)
        if over < len(self._moments) and self._moments[over] == at:
            return self._judge(at)  # in the very moment of a change
        if (judged := self._judged.get(over)) is None:
            judged = self._judged[over] = self._judge(at)
        return judged

    def _judge(self, at: int) -> bool:
        return all_may_read(self._visibilities, self._readers, at)


@dataclass(frozen=True, slots=True)
class Audience:
    """Everybody who will read an answer, and the rooms that it may speak of."""

    connection: Connection
    readers: tuple[int, ...]  # people, by our numbers
    rooms: tuple[Room, ...]
    present: frozenset[int] = frozenset()  # rooms that all of them are in now, by our numbers
    world: bool = False  # and whoever comes by
    # Of these rooms alone: a narrower audience looks for itself.
    _pasts: dict[int, "_Past"] = field(default_factory=dict, init=False)

    @property
    def room_numbers(self) -> tuple[int, ...]:
        return tuple(room.id for room in self.rooms)

    def open(self, room_numbers: Iterable[int]) -> None:
        """Look up the pasts of some of its rooms at once, so that `may_read` need not."""
        new = sorted((set(room_numbers) & set(self.room_numbers)) - self._pasts.keys())
        if new:
            found = rooms.histories(self.connection, new, self.readers)
            pasts = {number: _Past(it, world=self.world) for number, it in found.items()}
            self._pasts.update(pasts)

    def may_read(self, room_number: int, at: int) -> bool:
        """Whether all readers may read what was said in a room then (milliseconds since 1970)."""
        if room_number not in self._pasts:
            self.open(self.room_numbers)
        past = self._pasts.get(room_number)
        return past is not None and past.all_may_read(at)

    def readable_summaries(self, subjects: Iterable[str]) -> set[str]:
        """Summaries of which all readers may read every message that they are made of."""
        made_of = documents.moments(self.connection, subjects)
        return {
            subject
            for subject, moments in made_of.items()
            if all(self.may_read(room_number, at) for room_number, at in moments)
        }

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
    """Those who read a room, about that room and those it was upgraded from: its members, and
    where its history is open to them, the invited, or the world."""
    open_to = rooms.visibility(connection, room.id)
    members = rooms.people_in(connection, room.id)
    invited = rooms.people_in(connection, room.id, "invite") if open_to == "invited" else []
    world = open_to == "world_readable"
    # Who is not joined is not of the cluster: what is for that alone is not for them.
    here = frozenset(() if world or invited else (room.id,))
    readers = tuple(number for number, _user_id in (*members, *invited))
    return Audience(connection, readers, tuple(rooms.with_earlier(connection, room)), here, world)


def of_person(connection: Connection, person: Person) -> Audience:
    """One person, about the rooms that they are in now and what those were upgraded from."""
    present = rooms.rooms_of(connection, person)
    chained = {it.id: it for room in present for it in rooms.with_earlier(connection, room)}
    here = frozenset(room.id for room in present)
    return Audience(connection, (person.id,), tuple(chained.values()), here)

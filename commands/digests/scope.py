"""What a digest is about: a cluster or the whole community, in a span of time."""

from dataclasses import dataclass
from datetime import date, datetime

from storage.records import Room


@dataclass(frozen=True, slots=True)
class Scope:
    """A digest's subject, and its reader's clock."""

    cluster: str | None  # slug; None: all of them
    since: datetime
    until: datetime
    today: date  # local
    rooms: tuple[Room, ...] = ()  # the cluster's room and those it was upgraded from, newest last

    @property
    def room_numbers(self) -> tuple[int, ...]:
        """Of those whose archive is on: in the others nobody's words are kept."""
        return tuple(room.id for room in self.rooms if room.archive_on)

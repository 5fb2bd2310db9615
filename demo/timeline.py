"""Everything one person has heard: each event once, decrypted as soon as its key is there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from storage.records import EventId, RoomId, UserId

Content = Mapping[str, Any]
MESSAGE = "m.room.message"


@dataclass(frozen=True, slots=True)
class Heard:
    """One event of a timeline, decrypted if a key was at hand."""

    event_id: EventId
    room_id: RoomId
    sender: UserId
    type: str  # still "m.room.encrypted" while its key is missing
    content: Content  # m.relates_to is that of the clear event, as the specification wants it
    origin_ts: int  # milliseconds since 1970
    encrypted: bool  # whether it travelled encrypted
    state_key: str | None
    txn_id: str | None  # only on what this very device sent
    raw: Content  # as the homeserver gave it: with `unsigned`, undecrypted

    @property
    def body(self) -> str:
        return str(self.content.get("body", ""))

    @property
    def html(self) -> str | None:
        return self.content.get("formatted_body")

    @property
    def is_notice(self) -> bool:
        return self.content.get("msgtype") == "m.notice"

    @property
    def mentions(self) -> list[str]:
        return list(part_of(self.content, "m.mentions").get("user_ids", ()))

    @property
    def thread_root(self) -> EventId | None:
        return self._related("m.thread")

    @property
    def replaces(self) -> EventId | None:
        """The event this is an edit of."""
        return self._related("m.replace")

    @property
    def reacts_to(self) -> EventId | None:
        return self._related("m.annotation")

    @property
    def key(self) -> str | None:
        """The emoji of a reaction."""
        return part_of(self.content, "m.relates_to").get("key")

    @property
    def redacts(self) -> EventId | None:
        if self.type != "m.room.redaction":
            return None
        # Room versions before 11 have it at the top level.
        event_id: EventId | None = self.content.get("redacts") or self.raw.get("redacts")
        return event_id

    def _related(self, rel_type: str) -> EventId | None:
        relation = part_of(self.content, "m.relates_to")
        target = relation.get("event_id") if relation.get("rel_type") == rel_type else None
        return EventId(target) if isinstance(target, str) else None


Predicate = Callable[[Heard], bool]


class Timeline:
    """Everything one person has heard, in order of arrival, each event once."""

    def __init__(self) -> None:
        self._all: dict[EventId, Heard] = {}
        self._arrival: dict[EventId, int] = {}
        self._fresh: dict[EventId, None] = {}  # not yet handed out by `take`
        self._related: dict[EventId, list[EventId]] = {}  # edits and reactions, by their target
        self._redacted: set[EventId] = set()

    def __iter__(self) -> Iterator[Heard]:
        return iter(self._all.values())

    def __contains__(self, event_id: object) -> bool:
        return event_id in self._all

    def record(self, heard: Heard, *, fresh: bool = True) -> None:
        known = self._all.get(heard.event_id)
        if known is not None and not (known.type == "m.room.encrypted" != heard.type):
            return  # the same event again, and not because its key has come
        self._all[heard.event_id] = heard
        if known is None:
            self._arrival[heard.event_id] = len(self._arrival)
            if fresh:
                self._fresh[heard.event_id] = None
        if (target := heard.replaces or heard.reacts_to) and known is None:
            self._related.setdefault(target, []).append(heard.event_id)
        if heard.redacts:
            self._redacted.add(heard.redacts)
        if "redacted_because" in heard.raw.get("unsigned", {}):
            self._redacted.add(heard.event_id)

    def get(self, event_id: str) -> Heard | None:
        return self._all.get(EventId(event_id))

    def find(self, wanted: Predicate) -> list[Heard]:
        return [heard for heard in self._all.values() if wanted(heard)]

    def peek(self, wanted: Predicate) -> Heard | None:
        """The earliest fresh event that is wanted."""
        fresh = (self._all[event_id] for event_id in self._fresh)
        return next((heard for heard in fresh if wanted(heard)), None)

    def take(self, wanted: Predicate) -> Heard | None:
        """The same, and it is no longer fresh."""
        heard = self.peek(wanted)
        if heard is not None:
            del self._fresh[heard.event_id]
        return heard

    def forget_fresh(self, wanted: Predicate) -> None:
        stale = [event_id for event_id in self._fresh if wanted(self._all[event_id])]
        for event_id in stale:
            del self._fresh[event_id]

    def arrived_after(self, heard: Heard, earlier: EventId) -> bool:
        return self._arrival[heard.event_id] > self._arrival[earlier]

    def related(self, event_id: str) -> list[Heard]:
        """What edits or reacts to an event and has not been redacted."""
        ids = self._related.get(EventId(event_id), ())
        return [self._all[one] for one in ids if one not in self._redacted]

    def is_redacted(self, event_id: str) -> bool:
        return event_id in self._redacted


def part_of(content: Content, name: str) -> Content:
    """A mapping within an event's content, empty if there is none."""
    part = content.get(name)
    return part if isinstance(part, dict) else {}  # anyone may write anything into an event

"""Which thread a message belongs to: what it says itself, or what it replies to does."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, update

from storage.database import find_among
from storage.facts import Fact
from storage.tables.archive import message

RoomOf = Callable[[Fact], int]

_HANGS = (
    "SELECT e.event_h, m.room_id, m.thread_h, m.thread_fixed FROM event e"
    " JOIN message m ON m.seq = e.seq WHERE e.event_h {among}"
)
_WAITING = "SELECT DISTINCT thread_h FROM message WHERE NOT thread_fixed AND thread_h {among}"


@dataclass(frozen=True, slots=True)
class Thread:
    """Where a message hangs."""

    root: int
    fixed: bool  # an m.thread relation says so, here or at a message this one replies to


def threads_of(connection: Connection, facts: Sequence[Fact], room_of: RoomOf) -> dict[int, Thread]:
    """The thread of each message: its m.thread root, else the thread of what it replies to."""
    here = {fact.hash: fact for fact in facts}
    outside = {
        parent
        for fact in facts
        if fact.root is None and (parent := fact.answers) is not None and parent not in here
    }
    stored: dict[tuple[int, int], Thread] = {}
    for hashed, room, root, fixed in find_among(connection, _HANGS, outside) if outside else ():
        stored[hashed, room] = Thread(root, bool(fixed))
    found: dict[int, Thread] = {}

    def thread_of(fact: Fact) -> Thread:
        path: list[int] = []
        while True:
            if fact.hash in found:
                thread = found[fact.hash]
                break
            path.append(fact.hash)
            root, parent = fact.root, fact.answers
            if root is not None:
                thread = Thread(root, fixed=True)
                break
            if parent is None or parent in path:
                thread = Thread(fact.hash, fixed=False)
                break
            room = room_of(fact)
            if parent in here and room_of(here[parent]) == room:
                fact = here[parent]
                continue
            # Unknown yet, or of another room: provisional; `rethread` mends it when it comes.
            thread = stored.get((parent, room), Thread(parent, fixed=False))
            break
        for hashed in path:
            found[hashed] = thread
        return thread

    for fact in facts:
        if fact.root is not None:
            found[fact.hash] = Thread(fact.root, fixed=True)
        elif fact.answers is None:
            found[fact.hash] = Thread(fact.hash, fixed=False)
        else:
            thread_of(fact)
    return found


def rethread(
    connection: Connection,
    facts: Sequence[Fact],
    threads: Mapping[int, Thread],
    room_of: RoomOf,
) -> None:
    """Messages that came before the reply they hang on: move them to where that one hangs."""
    moved = {fact.hash: fact for fact in facts if threads[fact.hash].root != fact.hash}
    for (hashed,) in find_among(connection, _WAITING, moved) if moved else ():
        thread = threads[hashed]
        connection.execute(
            update(message)
            .where(
                message.c.thread_h == hashed,
                ~message.c.thread_fixed,
                message.c.room_id == room_of(moved[hashed]),
            )
            .values(thread_h=thread.root, thread_fixed=thread.fixed)
        )

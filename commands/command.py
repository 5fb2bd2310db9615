"""Commands are data: parser, refusals, help, member guide and MSC4391 all read this declaration."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any, Generic, TypeVar

from commands.context import Context
from commands.events import Said
from commands.posts import Posts
from commands.words import Words
from storage.records import EventId, Person, Room

A = TypeVar("A")


class Who(Enum):
    """Who may use a command."""

    EVERYONE = "everyone"
    COORDINATORS = "coordinators"  # of the room's cluster, of the project, and operators
    OPERATORS = "operators"


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """One command, read and permitted: what a handler answers."""

    arguments: A
    said: Said
    asker: Person
    room: Room
    words: Words  # the asker's language

    @property
    def thread(self) -> EventId:
        """Where the answer goes: the question's thread, or a new one under it."""
        return self.said.thread_root or self.said.event_id


@dataclass(frozen=True, slots=True)
class Command(Generic[A]):
    """A command's whole declaration."""

    name: str  # as typed, one or two words: "thread summary"
    arguments: type[A]  # a frozen dataclass whose fields are made by `arguments.argument`
    handler: Callable[[Call[A], Context], Posts]
    summary: str  # one line, marked with N_
    example: str  # as typed, without prefix
    who: Who = Who.EVERYONE
    aliases: tuple[str, ...] = ()
    private: bool = False  # the answer belongs in the direct chat


AnyCommand = Command[Any]

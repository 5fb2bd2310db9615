"""Commands are data: parser, refusals, help, member guide and MSC4391 all read this declaration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from commands.context import Context
from commands.events import Said
from commands.permissions import Who
from commands.posts import Posts, React, Say, Tell
from commands.reply import Reply
from commands.words import Words
from storage.records import EventId, Person, Room, RoomKind

A = TypeVar("A")


@dataclass(frozen=True, slots=True)
class Call(Generic[A]):
    """One command, read and permitted: what a handler answers."""

    arguments: A
    said: Said
    asker: Person  # as of now: with what the cluster rooms say of them
    room: Room
    words: Words  # the asker's language
    private: bool = False  # the answer belongs in the direct chat
    prefix: str = "!"

    @property
    def sign(self) -> str:
        """What a command begins with where the answer is read: nothing in a direct chat."""
        return "" if self.direct or self.private else self.prefix

    @property
    def direct(self) -> bool:
        """Whether bot and asker are alone, so that nobody else reads the answer."""
        return self.room.kind is RoomKind.DIRECT

    @property
    def thread(self) -> EventId | None:
        """Where the answer goes: the question's thread, or a new one under it.

        A direct chat is one conversation: there only an existing thread is kept.
        """
        return self.said.thread_root if self.direct else self.said.answered_in

    def answer(self, reply: Reply, *, quotes: tuple[EventId, ...] = ()) -> Posts:
        """The answer where it belongs; quotes: messages whose words it repeats."""
        if self.private and not self.direct:
            told = Tell(self.asker.user_id, reply, quotes=quotes)
            return [told, React(self.room.room_id, self.said.event_id, "✉️")]
        return [
            Say(
                self.room.room_id,
                reply,
                thread=self.thread,
                reply_to=self.said.event_id,
                quotes=quotes,
            )
        ]


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
    typed: tuple[tuple[str, str], ...] = ()  # what else may be typed, and its meaning (N_)
    whenever: bool = False  # carried out however late it comes: it counts by when it was said


AnyCommand = Command[Any]

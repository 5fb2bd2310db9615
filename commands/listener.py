"""Features hear more than commands: words in their conversations, reactions, corrections."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from commands.command import Call
from commands.context import Context
from commands.events import Edited, PollAnswered, PollEnded, Reacted, Redacted
from commands.permissions import Who
from commands.posts import Posts
from commands.words import Words
from storage.records import Person, Room

VARIATIONS = dict.fromkeys(
    map(ord, "\ufe0e\ufe0f\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff")
)


def plain_emoji(key: str) -> str:
    """A reaction without skin tones and variation selectors: 👍🏽 is 👍."""
    return key.translate(VARIATIONS)


@dataclass(frozen=True, slots=True)
class Tap:
    """A reaction, by somebody who is in the room; or the same reaction taken back."""

    reacted: Reacted
    emoji: str  # plain
    person: Person  # as of now
    room: Room
    words: Words  # the person's language
    post: str | None  # key of the post of ours that it is on; None: on somebody's message
    taken_back: bool = False


@dataclass(frozen=True, slots=True)
class Ballot:
    """An answer to a poll of ours, by somebody who is in the room, or was when they gave it."""

    answered: PollAnswered
    person: Person
    room: Room
    post: str  # key of the poll


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a poll of ours, by somebody who may end it."""

    ended: PollEnded
    post: str


def _counts_nothing(_ballot: Ballot, _context: Context) -> Posts:
    return ()


def _ends_nothing(_closing: Closing, _context: Context) -> Posts:
    return ()


def _hears_nothing(_heard: object, _subject: str, _context: Context) -> Posts:
    return ()


@dataclass(frozen=True, slots=True)
class Gone:
    """Somebody whose traces were erased a moment ago, and what of them there was, by table."""

    person: Person  # as they were
    traces: Mapping[str, Sequence[Mapping[str, Any]]]
    keep_practices: bool  # under the city's name, as they wished


def _had_nothing(_gone: Gone, _context: Context) -> Posts:
    return ()


def _sees_nothing(_tap: Tap, _context: Context) -> Posts:
    return ()


@dataclass(frozen=True, slots=True)
class Listener:
    """What one feature hears.

    said: words in a conversation of this kind (`storage.listening`), with its subject.
    corrected, taken_back: a message that the feature made something from (`storage.sources`);
    None from `corrected`: what was typed is a command, and is carried out anew. retold: likewise,
    once everybody else's things have the new words, for who shows those.
    tapped: reactions on our posts whose key begins with one of `posts`, or with one of `emojis`
    on anybody's message. polled, poll_ended: polls of ours whose key begins so; removed: such a
    post that somebody else took away.
    erased: everything of somebody was erased: what the feature shows follows.
    who: whose words, taps and corrections are heard at all; asked anew for each of them, so who
    may begin a conversation may have lost the say when it ends.
    """

    kind: str
    said: Callable[[Call[None], str, Context], Posts] = _hears_nothing
    corrected: Callable[[Edited, str, Context], Posts | None] = _hears_nothing
    taken_back: Callable[[Redacted, str, Context], Posts] = _hears_nothing
    tapped: Callable[[Tap, Context], Posts] = _sees_nothing
    polled: Callable[[Ballot, Context], Posts] = _counts_nothing
    poll_ended: Callable[[Closing, Context], Posts] = _ends_nothing
    erased: Callable[[Gone, Context], Posts] = _had_nothing
    removed: Callable[[Redacted, str, Context], Posts] = _hears_nothing
    retold: Callable[[Edited, str, Context], Posts] = _hears_nothing
    posts: tuple[str, ...] = ()
    emojis: frozenset[str] = frozenset()
    who: Who = Who.EVERYONE
    files: bool = False  # it is told of a picture in place of words, too

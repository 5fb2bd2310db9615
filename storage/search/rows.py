"""What goes into the search index and what comes out of it."""

from dataclasses import dataclass
from typing import NamedTuple

from storage.search.analyser import Analysed

TITLE_WORDS = 200  # more of a title are not indexed

EARLIEST = -(2**53)  # milliseconds; beyond what Matrix can carry
LATEST = 2**53
ID_STEP = 16  # message ids a second
# An id tells when a message came in, and in a flood a little later; a sender's clock may say
# something else. Days are compared exactly by ts, ids only narrow the search.
SLACK_S = 86_400


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One message as the index takes it."""

    message_id: int  # message.id, the time key
    room_id: int  # room.id, ours
    sender_id: int  # person.id, ours
    analysed: Analysed
    title: Analysed | None = None
    marks: tuple[str, ...] = ()  # of `marks.marks_of`

    @property
    def title_words(self) -> tuple[str, ...]:
        return self.title.surface[:TITLE_WORDS] if self.title else ()

    @property
    def tags(self) -> tuple[str, ...]:
        """Of title and text, each once."""
        both = (*self.title.tags, *self.analysed.tags) if self.title else self.analysed.tags
        return tuple(dict.fromkeys(both))

    @property
    def scope(self) -> tuple[str, ...]:
        """Where it was said and by whom, and its marks."""
        return (f"r{self.room_id}", f"p{self.sender_id}", *self.marks)

    @property
    def extras(self) -> tuple[str, ...]:
        """Of title and text, each once."""
        both = (*self.title.extras, *self.analysed.extras) if self.title else self.analysed.extras
        return tuple(dict.fromkeys(both))


@dataclass(frozen=True, slots=True)
class Scope:
    """Where to look, besides the words; nothing outside is ever returned."""

    rooms: tuple[int, ...]  # room.id; none: nothing is found
    people: tuple[int, ...] = ()  # person.id; none: everybody
    marks: tuple[tuple[str, ...], ...] = ()  # of each group at least one
    without: tuple[str, ...] = ()  # marks, "p9" among them; none of these
    thread: int | None = None  # hash of its root; None: any
    answered: bool | None = None  # in a thread of more than one message, or alone; None: any
    after_ms: int = EARLIEST  # inclusive, milliseconds since 1970
    before_ms: int = LATEST  # exclusive
    below: int = LATEST  # exclusive message.id: where the page before ended
    above: int = 0  # inclusive message.id

    @property
    def groups(self) -> tuple[tuple[str, ...], ...]:
        """Of each at least one mark is wanted: people, and what was asked for besides."""
        people = tuple(f"p{person}" for person in self.people)
        return (people, *self.marks) if people else self.marks

    @property
    def lowest_id(self) -> int:
        """No earlier id can be in the period."""
        return max(self.above, max(0, self.after_ms // 1000 - SLACK_S) * ID_STEP)

    @property
    def highest_id(self) -> int:
        """No later id can be in the period, or on this page."""
        return min((self.before_ms // 1000 + SLACK_S) * ID_STEP, self.below - 1)


class Row(NamedTuple):
    """A message that was found. A tuple, as hundreds are made for each search."""

    message_id: int
    seq: int
    room_id: int
    thread_h: int
    sender_id: int
    ts: int  # milliseconds since 1970
    lang: str
    body: str
    title: str | None


@dataclass(frozen=True, slots=True)
class Reach:
    """Which documents a reader may be shown."""

    rooms: tuple[int, ...]  # room.id
    clusters: tuple[str, ...]  # slugs
    everyone: bool  # those for the whole community, too


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """A document that was found."""

    id: int
    kind: str
    subject: str
    room_id: int | None
    author_id: int | None
    city: str | None
    ts: int  # milliseconds since 1970
    lang: str
    title: str
    body: str

    @property
    def as_row(self) -> Row:
        """As a message, to be ranked among them; ids of documents are negative."""
        return Row(
            -self.id, 0, self.room_id or 0, -self.id, self.author_id or 0, self.ts, self.lang,
            self.body, self.title,
        )  # fmt: skip

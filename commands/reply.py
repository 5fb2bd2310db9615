"""A reply is a small document of typed parts; plain text and HTML are made from it elsewhere."""

from dataclasses import dataclass

from storage.records import EventId, RoomId, UserId


@dataclass(frozen=True, slots=True)
class Text:
    text: str


@dataclass(frozen=True, slots=True)
class Strong:
    text: str


@dataclass(frozen=True, slots=True)
class Emphasis:
    text: str


@dataclass(frozen=True, slots=True)
class Code:
    text: str


@dataclass(frozen=True, slots=True)
class Link:
    url: str  # http(s) or mailto; anything else is shown as text
    text: str


@dataclass(frozen=True, slots=True)
class Mention:
    """A person, told: the only part that pings."""

    user_id: UserId
    name: str


@dataclass(frozen=True, slots=True)
class MessageLink:
    """A message, by its matrix.to link; v12 rooms need `via` to be found."""

    room_id: RoomId
    event_id: EventId
    text: str
    via: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RoomLink:
    room_id: RoomId
    text: str
    via: tuple[str, ...] = ()


Part = Text | Strong | Emphasis | Code | Link | Mention | MessageLink | RoomLink
Inline = tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    parts: Inline


@dataclass(frozen=True, slots=True)
class Heading:
    parts: Inline


@dataclass(frozen=True, slots=True)
class Items:
    """A list; each item is one line, with optional lines under it."""

    items: tuple[tuple[Inline, ...], ...]
    ordered: bool = False
    start: int = 1


@dataclass(frozen=True, slots=True)
class Quote:
    parts: Inline


@dataclass(frozen=True, slots=True)
class CodeBlock:
    text: str


Block = Paragraph | Heading | Items | Quote | CodeBlock


@dataclass(frozen=True, slots=True)
class Reply:
    """What the bot says. The first line must be good alone: clients show it in previews."""

    blocks: tuple[Block, ...]


def paragraphs(*lines: Inline) -> Reply:
    """A reply of plain paragraphs, one for each line."""
    return Reply(tuple(Paragraph(line) for line in lines))


def items(*lines: Inline, ordered: bool = False, start: int = 1) -> Items:
    """A list of one-line items."""
    return Items(tuple((line,) for line in lines), ordered=ordered, start=start)


def join(*pieces: Inline | Part | str) -> Inline:
    """One line out of parts, lines and literal punctuation (never words: those are translated)."""
    parts: list[Part] = []
    for piece in pieces:
        if isinstance(piece, str):
            parts.append(Text(piece))
        elif isinstance(piece, tuple):
            parts.extend(piece)
        else:
            parts.append(piece)
    return tuple(parts)

"""The words of `!search`: what was understood, what was found, how to go on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from commands.reply import (
    Block,
    Code,
    Emphasis,
    Inline,
    Items,
    MessageLink,
    Paragraph,
    Part,
    Reply,
    Strong,
    Text,
    join,
    paragraphs,
)
from commands.search.rules import (
    LONGEST,
    MOST_GROUPS,
    MOST_TERMS,
    Hint,
    HintKind,
    Refusal,
)
from commands.words import Words
from storage.records import EventId, RoomId


@dataclass(frozen=True, slots=True)
class Understood:
    """How a search was read."""

    query: str  # the words, without filters; "" if there are none
    room: str | None  # None: all rooms of the asker
    people: tuple[str, ...]
    after: date | None
    before: date | None


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that was found."""

    pieces: tuple[tuple[str, bool], ...]  # text, and whether it was searched for
    author: str
    room: str
    at: datetime  # in the asker's zone
    room_id: RoomId
    event_id: EventId
    via: tuple[str, ...]


def refused(words: Words, refusal: Refusal) -> Reply:
    match refusal:
        case Refusal.EMPTY:
            return paragraphs(words.say("There is no word to look for. What shall I look for?"))
        case Refusal.TOO_LONG:
            return paragraphs(
                words.say("That is too long for me: {number} characters at most.", number=LONGEST)
            )
        case Refusal.TOO_MANY_TERMS:
            return paragraphs(
                words.say("That is too much at once: {number} words at most.", number=MOST_TERMS)
            )
        case Refusal.TOO_MANY_GROUPS:
            return paragraphs(
                words.say(
                    "That is too much at once: {number} brackets at most.", number=MOST_GROUPS
                )
            )


def found(
    words: Words,
    understood: Understood,
    hits: Sequence[Hit],
    *,
    total: int,
    capped: bool,
    first: int,
    more: str | None,
    hints: Sequence[Hint],
) -> Reply:
    """A page of hits. total: in this window; capped: there may be others. more: as typed."""
    count = f"{total}+" if capped else total
    many = words.say("Found {count} for {what}.", count=count, what=_what(words, understood))
    blocks: list[Block] = [
        Paragraph(many),
        *(Paragraph(_hint(words, hint)) for hint in hints),
        Items(
            tuple(_hit(words, hit, one_room=understood.room is not None) for hit in hits),
            ordered=True,
            start=first,
        ),
    ]
    if more is not None:
        blocks.append(Paragraph(words.say("{more} shows the next ones.", more=Code(more))))
    return Reply(tuple(blocks))


def nothing(
    words: Words, understood: Understood, *, elsewhere: bool, hints: Sequence[Hint]
) -> Reply:
    """elsewhere: it was asked in a room, so other rooms were not looked at."""
    lines = [
        words.say("Nothing found for {what}.", what=_what(words, understood)),
        *(_hint(words, hint) for hint in hints),
        words.say(
            "Fewer words find more, and {prefix} finds all that begin so.", prefix=Code("hous*")
        ),
    ]
    if elsewhere:
        lines.append(
            words.say("I looked only in this room. In our direct chat I look in all of yours.")
        )
    return paragraphs(*lines)


def no_more(words: Words, search: str) -> Reply:
    return paragraphs(
        words.say("There is nothing more to show. {search} looks again.", search=Code(search))
    )


def only_here(words: Words, search: str) -> Reply:
    return paragraphs(
        words.say(
            "In a room I look only there, because all its members read the answer. Ask me in our"
            " direct chat: {search}",
            search=Code(search),
        )
    )


def no_archive(words: Words, on: str) -> Reply:
    return paragraphs(
        words.say(
            "This room keeps no archive, so there is nothing to search. A room admin can start one"
            " with {on}.",
            on=Code(on),
        )
    )


def _what(words: Words, understood: Understood) -> Inline:
    """What was searched, in words: "heat pump" in Housing, from Ann, since 1 March."""
    line: Inline = (Strong(understood.query),) if understood.query else words.say("all messages")
    line = (
        words.say("{what} in all your rooms", what=line)
        if understood.room is None
        else words.say("{what} in {room}", what=line, room=Emphasis(understood.room))
    )
    if understood.people:
        people = words.listing(list(understood.people))
        line = words.say("{what}, from {people}", what=line, people=Emphasis(people))
    if understood.after is not None:
        line = words.say("{what}, since {day}", what=line, day=words.date(understood.after))
    if understood.before is not None:
        line = words.say("{what}, before {day}", what=line, day=words.date(understood.before))
    return line


def _hit(words: Words, hit: Hit, *, one_room: bool) -> tuple[Inline, ...]:
    # The first line has named the room already, if there is but one.
    snippet: tuple[Part, ...] = tuple(
        Strong(text) if wanted else Text(text) for text, wanted in hit.pieces
    )
    link = MessageLink(hit.room_id, hit.event_id, words.moment(hit.at), hit.via)
    if one_room:
        return snippet, words.say("{author}, {link}", author=hit.author, link=link)
    where = words.say("{author} in {room}, {link}", author=hit.author, room=hit.room, link=link)
    return snippet, where


HINT_FIELDS = ("from:", "in:", "after:", "before:", "sort:")


def _hint(words: Words, hint: Hint) -> Inline:
    typed = Code(hint.text)
    match hint.kind:
        case HintKind.UNKNOWN_FIELD:
            return words.say(
                "I looked for {typed} as a word. What I can filter by: {fields}.",
                typed=Code(f"{hint.text}:"),
                fields=_codes(HINT_FIELDS),
            )
        case HintKind.UNREADABLE_DATE:
            return words.say(
                "I don't understand the day {typed}, so I left it out. Like this: {example}",
                typed=typed,
                example=Code("2026-03-09"),
            )
        case HintKind.UNKNOWN_SORT:
            return words.say(
                "I can't sort by {typed}. It can be {best} or {new}.",
                typed=typed,
                best=Code("sort:best"),
                new=Code("sort:new"),
            )
        case HintKind.NEGATED_FILTER:
            return words.say("I can't leave out by {typed} yet.", typed=Code(f"{hint.text}:"))
        case HintKind.SHORT_PREFIX:
            return words.say(
                "{typed} is too short for a star, so I took it as a word.", typed=typed
            )
        case HintKind.EMPTY_PERIOD:
            return words.say("No day lies after the one and before the other.")


def _codes(names: Sequence[str]) -> Inline:
    line: Inline = (Code(names[0]),)
    for name in names[1:]:
        line = join(line, ", ", Code(name))
    return line

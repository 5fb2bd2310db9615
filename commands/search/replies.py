"""The words of `!search`: what was understood, what was found, how to go on."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

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
from commands.search.fields import values_of
from commands.search.rules import (
    LONGEST,
    MOST_GROUPS,
    MOST_TERMS,
    Hint,
    HintKind,
    Refusal,
)
from commands.words import N_, Words
from storage.records import EventId, RoomId
from storage.search.query import Field, Filter

MOST_ROOMS = 10  # that are named


@dataclass(frozen=True, slots=True)
class Understood:
    """How a search was read."""

    query: str  # the words, without filters; "" if there are none
    room: str | None  # None: all rooms of the asker
    filters: tuple[Filter, ...]
    after: date | None
    before: date | None
    several: bool = False  # more than one room was named


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


@dataclass(frozen=True, slots=True)
class DocumentHit:
    """A practice, a visit or a confirmed summary that was found."""

    pieces: tuple[tuple[str, bool], ...]
    title: str
    kind: str
    city: str  # "" if it is of none
    day: date
    link: MessageLink | None  # to the post that shows it
    show: str | None  # the command that does, as typed


def refused(words: Words, refusal: Refusal, hints: Sequence[Hint]) -> Reply:
    match refusal:
        case Refusal.EMPTY:
            return paragraphs(
                *(_hint(words, hint) for hint in hints),
                words.say("There is no word to look for. What shall I look for?"),
            )
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
    hits: Sequence[Hit | DocumentHit],
    *,
    total: int,
    capped: bool,
    first: int,
    more: str | None,
    widened: bool,
    hints: Sequence[Hint],
    renewing: bool,
) -> Reply:
    """A page of hits. total: in this window; capped: there may be others. more: as typed.

    widened: longer words that begin like those asked for count, too; renewing: the index is being
    made anew.
    """
    count = f"{total}+" if capped else total
    what = _what(words, understood)
    one_room = understood.room is not None and not understood.several
    many = (
        words.say("Found {count} for {what}.", count=count, what=what)
        if understood.query
        else words.say("Found {count} among {what}.", count=count, what=what)
    )
    blocks: list[Block] = [
        Paragraph(many),
        *([Paragraph(_begin_so(words))] if widened else []),
        *(Paragraph(_hint(words, hint)) for hint in hints),
        *(Paragraph(line) for line in _incomplete(words, renewing)),
        Items(
            tuple(_hit(words, hit, one_room=one_room) for hit in hits),
            ordered=True,
            start=first,
        ),
    ]
    if more is not None:
        blocks.append(Paragraph(words.say("{more} shows the next ones.", more=Code(more))))
    return Reply(tuple(blocks))


def nothing(
    words: Words,
    understood: Understood,
    *,
    elsewhere: bool,
    hints: Sequence[Hint],
    better: str | None,
    renewing: bool,
    rooms: Sequence[str],
) -> Reply:
    """elsewhere: it was asked in a room. better: a search that finds something, as typed.

    rooms: the asker's with an archive, if no room of theirs has the name that was asked for.
    """
    what = _what(words, understood)
    lines = [
        words.say("Nothing found for {what}.", what=what)
        if understood.query
        else words.say("Nothing found among {what}.", what=what),
        *(_hint(words, hint) for hint in hints),
        *_incomplete(words, renewing),
    ]
    if rooms:
        # A room that is hidden from the asker and one that is not there read the same.
        told = words.listing(list(rooms[:MOST_ROOMS])) + ("…" if rooms[MOST_ROOMS:] else "")
        lines.append(
            words.say(
                "No room of yours is called so. Those with an archive are: {rooms}", rooms=told
            )
        )
    elif better is not None:
        lines.append(words.say("Did you mean {search}?", search=Code(better)))
    elif understood.query:
        lines.append(
            words.say(
                "Fewer words find more, and {prefix} finds all that begin so.", prefix=Code("hous*")
            )
        )
    if elsewhere:
        # The same words whether there is something or not: the room must not learn of others.
        lines.append(
            words.say(
                "Here I show what this room said. If your other rooms have said something, you find"
                " it in our direct chat."
            )
        )
    return paragraphs(*lines)


def _begin_so(words: Words) -> Inline:
    return words.say("As they are, these words find little; longer ones that begin so count, too.")


def _incomplete(words: Words, renewing: bool) -> list[Inline]:
    if not renewing:
        return []
    told = words.say(
        "I am reading the archive anew after an update, newest messages first: until that is done,"
        " older ones may be missing here."
    )
    return [told]


def no_more(words: Words, search: str, *, direct: bool) -> Reply:
    """Nor is it told in a room whether there is more in the direct chat."""
    told = words.say(
        "There is nothing more to show here: that was all, or you have searched for nothing here"
        " in the last half hour. {search} looks again.",
        search=Code(search),
    )
    if direct:
        return paragraphs(told)
    private = words.say(
        "What I answered in our direct chat goes on there, with {more}.", more=Code("more")
    )
    return paragraphs(told, private)


def no_thread_here(words: Words) -> Reply:
    return paragraphs(
        words.say(
            "{typed} means the thread that it is asked in. Ask me again in the thread that you"
            " mean.",
            typed=Code("thread:here"),
        )
    )


def no_thread(words: Words, typed: str) -> Reply:
    return paragraphs(
        words.say(
            "I can't find a thread by {typed}. After {field} comes the link of a message in it, or"
            " {here} in the thread itself.",
            typed=Code(typed),
            field=Code("thread:"),
            here=Code("here"),
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
    for negated in (False, True):
        for field in Field:
            values = [
                it.value for it in understood.filters if it.field is field and it.negated is negated
            ]
            if values:
                line = _narrowed(words, line, field, values, negated=negated)
    first, end = understood.after, understood.before
    if first is not None and end == first + timedelta(days=1):
        return words.say("{what}, on {day}", what=line, day=words.date(first))
    if first is not None:
        line = words.say("{what}, since {day}", what=line, day=words.date(first))
    if end is not None:
        line = words.say("{what}, before {day}", what=line, day=words.date(end))
    return line


_THINGS = {
    "file": N_("a file"),
    "image": N_("a picture"),
    "link": N_("a link"),
    "poll": N_("a poll"),
    "practice": N_("the number of a practice"),
}
_KINDS = {
    "message": N_("messages"),
    "question": N_("questions"),
    "poll": N_("polls"),
    "file": N_("files"),
    "image": N_("pictures"),
    "link": N_("links"),
    "practice": N_("practices"),
    "summary": N_("summaries"),
    "visit": N_("visits"),
    "thread": N_("threads"),
}


def _narrowed(
    words: Words, line: Inline, field: Field, values: Sequence[str], *, negated: bool
) -> Inline:
    """The line with what one field narrows it to."""
    listed = Emphasis(words.listing(list(values)))
    match field, negated:
        case Field.FROM, False:
            return words.say("{what}, from {people}", what=line, people=listed)
        case Field.FROM, True:
            return words.say("{what}, not from {people}", what=line, people=listed)
        case Field.CITY, False:
            return words.say("{what}, from people of {cities}", what=line, cities=listed)
        case Field.CITY, True:
            return words.say("{what}, not from people of {cities}", what=line, cities=listed)
        case Field.IN, _:
            return words.say("{what}, not in {room}", what=line, room=listed)
        case Field.HAS, False:
            things = words.listing([words.text(_THINGS[value]) for value in values])
            return words.say("{what}, with {things}", what=line, things=things)
        case Field.HAS, True:
            things = words.listing([words.text(_THINGS[value]) for value in values])
            return words.say("{what}, without {things}", what=line, things=things)
        case ((Field.KIND | Field.IS), False):
            kinds = words.listing([words.text(_KINDS[value]) for value in values])
            return words.say("{what}, only {kinds}", what=line, kinds=kinds)
        case ((Field.KIND | Field.IS), True):
            kinds = words.listing([words.text(_KINDS[value]) for value in values])
            return words.say("{what}, but no {kinds}", what=line, kinds=kinds)
        case Field.LANG, False:
            names = words.listing([words.language_name(value) for value in values])
            return words.say("{what}, written in {languages}", what=line, languages=names)
        case Field.LANG, True:
            names = words.listing([words.language_name(value) for value in values])
            return words.say("{what}, not written in {languages}", what=line, languages=names)
        case _:
            return words.say("{what}, of one thread", what=line)


def _hit(words: Words, hit: Hit | DocumentHit, *, one_room: bool) -> tuple[Inline, ...]:
    snippet: tuple[Part, ...] = tuple(
        Strong(text) if wanted else Text(text) for text, wanted in hit.pieces
    )
    if isinstance(hit, DocumentHit):
        return (Emphasis(hit.title),), snippet, _document(words, hit)
    # The first line has named the room already, if there is but one.
    link = MessageLink(hit.room_id, hit.event_id, words.moment(hit.at), hit.via)
    if one_room:
        return snippet, words.say("{author}, {link}", author=hit.author, link=link)
    where = words.say("{author} in {room}, {link}", author=hit.author, room=hit.room, link=link)
    return snippet, where


def _document(words: Words, hit: DocumentHit) -> Inline:
    day = words.date(hit.day)
    if hit.kind == "summary":
        where: Inline = (
            (replace(hit.link, text=words.text("summary")),) if hit.link else words.say("summary")
        )
        return words.say("Confirmed {summary} of a thread, {day}", summary=where, day=day)
    shown = hit.link or Code(hit.show or hit.title)
    if hit.kind == "visit":
        return words.say("Visit {name} in {city}, {day}", name=shown, city=hit.city, day=day)
    if not hit.city:
        return words.say("Practice {name}, {day}", name=shown, day=day)
    return words.say("Practice {name} of {city}, {day}", name=shown, city=hit.city, day=day)


HINT_FIELDS = tuple(
    f"{name}:"
    for name in (
        *("from", "city", "in", "after", "before", "on", "has", "kind", "tag", "lang", "thread"),
        *("is", "sort"),
    )
)


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
        case HintKind.UNKNOWN_VALUE:
            return words.say(
                "I looked for {typed} as a word. After {field} I know {values}.",
                typed=typed,
                field=Code(f"{hint.field}:"),
                values=_codes(values_of(hint.field)),
            )
        case HintKind.NEGATED_FILTER:
            return words.say("I can't leave out by {typed} yet.", typed=Code(f"{hint.text}:"))
        case HintKind.FOR_ALL:
            return words.say(
                "{typed} holds for the whole search, on both sides of an OR.",
                typed=Code(f"{hint.text}:"),
            )
        case HintKind.SHORT_PREFIX:
            return words.say(
                "{typed} is too short for a star, so I took it as a word.", typed=typed
            )
        case HintKind.EMPTY_PERIOD:
            return words.say("No day lies after the one and before the other.")
        case HintKind.UNKNOWN_CITY if hint.field:
            return words.say(
                "I don't know the city {typed}. Did you mean {city}?",
                typed=typed,
                city=Code(
                    f"city:{hint.field}" if " " not in hint.field else f'city:"{hint.field}"'
                ),
            )
        case HintKind.UNKNOWN_CITY:
            return words.say("I don't know the city {typed}.", typed=typed)


def _codes(names: Sequence[str]) -> Inline:
    line: Inline = (Code(names[0]),)
    for name in names[1:]:
        line = join(line, ", ", Code(name))
    return line

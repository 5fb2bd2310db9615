"""The words of a purge: what will go, that it goes, and what went."""

from collections.abc import Mapping
from datetime import date, timedelta

from commands.archive.replies import FEW_PEOPLE, Holdings, amount
from commands.reply import Code, Inline, Paragraph, Reply, Strong, items, paragraphs
from commands.words import Words


def preview(words: Words, held: Holdings, *, files: int, yes: str, export: str) -> Reply:
    """Before anything is done: what would go, what stays, and how to say so."""
    lines = amount(words, held)
    if files:
        lines.append(_of_files(words, files))
    return Reply(
        (
            Paragraph(
                words.say("I would throw this away, all that the archive of this room holds:")
            ),
            items(*lines),
            Paragraph(
                words.say(
                    "It cannot be undone, and nothing of it comes back from older history or a"
                    " backup. Confirmed summaries of threads go, too, and what I have said that"
                    " repeats those messages. The archive is off from then on."
                )
            ),
            Paragraph(
                words.say(
                    "Practices, visits and their cards stay: they have commands of their own. The"
                    " messages stay in the room itself."
                )
            ),
            Paragraph(
                words.say(
                    "{export} gives a coordinator a copy first. Within ten minutes, {yes} throws it"
                    " all away.",
                    export=Code(export),
                    yes=Code(yes),
                )
            ),
        )
    )


def nothing_kept(words: Words) -> Reply:
    return paragraphs(
        words.say("The archive holds nothing of this room: there is nothing to throw away.")
    )


def begun(words: Words) -> Reply:
    return paragraphs(
        words.say(
            "The archive of this room is off, and I am throwing away what it holds. I say so here"
            " when it is done."
        )
    )


def going_on(words: Words) -> Reply:
    return paragraphs(words.say("I am at it already, and say so here when it is done."))


def receipt(words: Words, counts: Mapping[str, int], *, on: str) -> Reply:
    """What went, in numbers. on: the command that begins a new archive."""
    return Reply(
        (
            Paragraph(words.say("Done. This was thrown away of the archive of this room:")),
            items(*_counted(words, counts)),
            Paragraph(
                words.say(
                    "The last traces leave my disk within a quarter of an hour, on a database"
                    " server by tomorrow. Nothing that is said here is kept, until {on}.",
                    on=Code(on),
                )
            ),
        )
    )


def done_again(words: Words, *, on: str) -> Reply:
    """A restored hall does not know whether the room has begun a new archive since."""
    return paragraphs(
        words.say(
            "I was restored from a backup of before the archive of this room was thrown away, and"
            " have thrown it away again. I do not know whether you have begun a new one since, so"
            " nothing that is said here is kept, until {on}.",
            on=Code(on),
        )
    )


def ahead(words: Words, room: str, counts: Mapping[str, int], since: date, until: date) -> Reply:
    """The coordinators are told of a room that the hall has left when its archive goes."""
    return paragraphs(
        words.plural(
            "I have not been in {room} since {since}. Its archive, {number} message, is thrown"
            " away on {until}.",
            "I have not been in {room} since {since}. Its archive, {number} messages, is thrown"
            " away on {until}.",
            counts.get("messages", 0),
            room=Strong(room),
            since=words.date(since),
            until=words.date(until),
        ),
        words.say(
            "Invite me there again before that day, and nothing is lost. Or let an operator make a"
            " copy with {export}.",
            export=Code("moothall export"),
        ),
    )


def left_room(words: Words, room: str, counts: Mapping[str, int], away: timedelta) -> Reply:
    """The coordinators are told of a room in which the hall cannot speak any more."""
    return paragraphs(
        words.plural(
            "I have not been in {room} for {time}: what its archive held, {number} message, was"
            " thrown away.",
            "I have not been in {room} for {time}: what its archive held, {number} messages, was"
            " thrown away.",
            counts.get("messages", 0),
            room=Strong(room),
            time=words.duration(away),
        )
    )


def _counted(words: Words, counts: Mapping[str, int]) -> list[Inline]:
    lines = [
        words.plural("{number} message", "{number} messages", counts.get("messages", 0)),
        words.plural("{number} thread", "{number} threads", counts.get("threads", 0)),
    ]
    if counts.get("people", 0) >= FEW_PEOPLE:
        lines.append(words.plural("{number} person", "{number} people", counts["people"]))
    if counts.get("files"):
        lines.append(_of_files(words, counts["files"]))
    return lines


def _of_files(words: Words, files: int) -> Inline:
    return words.plural("what is known of {number} file", "what is known of {number} files", files)

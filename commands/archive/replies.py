"""The words about the archive: what is kept, and what a thread came to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.archive.rules import Point, Summary
from commands.reply import (
    Block,
    Code,
    Emphasis,
    Heading,
    Inline,
    MessageLink,
    Paragraph,
    Reply,
    Strong,
    items,
    join,
    paragraphs,
)
from commands.words import Words

FEW_PEOPLE = 3  # fewer are not counted: a number would name them

# ── the notice ────────────────────────────────────────────────────────────────────────────────


def notice(
    words: Words,
    *,
    controller: str,
    contact: str,
    retention: timedelta | None,
    encrypted: bool,
    prefix: str,
) -> Reply:
    """What members are told before anything is kept; pinned, and repeated by `!privacy`."""
    lines: list[Inline] = [
        words.say(
            "What: messages, edits, reactions and the names of files, from this message on."
            " Not the files themselves, nor who reads what."
        ),
        words.say("Why: so that a question asked once can be found again, and answers stay."),
        words.say("How long: as long as the archive exists.")
        if retention is None
        else words.say("How long: {time}, then it is deleted.", time=words.duration(retention)),
        words.say("Who reads it: who is in this room, and sees only what they may see here."),
        words.say(
            "Not with your words? {off} keeps them out. A message that you delete is gone from the"
            " archive at once, and {privacy} shows what is stored about you.",
            off=Code(f"{prefix}privacy archive off"),
            privacy=Code(f"{prefix}privacy"),
        ),
    ]
    if encrypted:
        lines.append(
            words.say(
                "This room is encrypted. I read along, so end-to-end protection ends at me: the"
                " archive is kept readable where I run."
            )
        )
    if controller and contact:
        lines.append(
            words.say(
                "Responsible: {controller}. Questions go to {contact}.",
                controller=controller,
                contact=contact,
            )
        )
    elif controller or contact:
        lines.append(words.say("Responsible: {controller}.", controller=controller or contact))
    return Reply((Heading(words.say("This room keeps an archive")), items(*lines)))


# ── on, off, status ───────────────────────────────────────────────────────────────────────────


def already_on(words: Words) -> Reply:
    return paragraphs(words.say("The archive of this room is on already."))


def already_off(words: Words) -> Reply:
    return paragraphs(words.say("The archive of this room is off already."))


def switched_off(words: Words, *, on: str) -> Reply:
    """on: the command that turns it on again."""
    return paragraphs(
        words.say("The archive of this room is off: nothing that is said from now on is kept."),
        words.say(
            "What was kept before stays until it is deleted here or its time is over. {on} starts"
            " again.",
            on=Code(on),
        ),
    )


def not_here(words: Words) -> Reply:
    return paragraphs(
        words.say("Our direct chat is never archived. Say it in the room that you mean.")
    )


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the archive holds of a room; moments in the reader's zone."""

    room: str
    on: bool
    messages: int
    threads: int
    people: int
    withheld: int
    first: datetime | None
    last: datetime | None
    expired: int = 0  # whose time was over
    kept_for: timedelta | None = None
    soon: int = 0  # whose time is over in two weeks


def status(words: Words, holdings: Sequence[Holdings]) -> Reply:
    if not holdings:
        return paragraphs(words.say("No room that you are in keeps an archive."))
    return Reply(tuple(block for each in holdings for block in _status(words, each)))


def _status(words: Words, held: Holdings) -> tuple[Block, ...]:
    head = (
        words.say("{room}: the archive is on.", room=Strong(held.room))
        if held.on
        else words.say("{room}: the archive is off.", room=Strong(held.room))
    )
    lines = [
        words.plural("{number} message", "{number} messages", held.messages),
        words.plural("{number} thread", "{number} threads", held.threads),
    ]
    if held.people >= FEW_PEOPLE:
        lines.append(words.plural("{number} person", "{number} people", held.people))
    if held.withheld:
        lines.append(
            words.plural(
                "{number} message without its words, as its author wished",
                "{number} messages without their words, as their authors wished",
                held.withheld,
            )
        )
    if held.first is not None and held.last is not None:
        lines.append(
            words.say(
                "from {first} to {last}",
                first=words.moment(held.first),
                last=_until(words, held.first, held.last),
            )
        )
    if held.expired:
        lines.append(
            words.plural(
                "{number} older message, whose words were deleted as promised",
                "{number} older messages, whose words were deleted as promised",
                held.expired,
            )
        )
    if held.kept_for is not None:
        lines.append(words.say("kept for {time}", time=words.duration(held.kept_for)))
    if held.soon:
        lines.append(
            words.plural(
                "{number} message goes within two weeks, because its time is over then",
                "{number} messages go within two weeks, because their time is over then",
                held.soon,
            )
        )
    return Paragraph(head), items(*lines)


def _until(words: Words, began: datetime, ended: datetime) -> str:
    """The end of a period, without its day if it began on the same one."""
    same_day = began.date() == ended.date()
    return words.clock(ended) if same_day else words.moment(ended)


def nothing_to_export(words: Words) -> Reply:
    return paragraphs(
        words.say("There is nothing to export: no room that you coordinate here keeps an archive.")
    )


# ── a thread's summary ────────────────────────────────────────────────────────────────────────


def no_thread(words: Words, command: str) -> Reply:
    return paragraphs(
        words.say(
            "Which thread? Say {command} inside it, or in reply to it.", command=Code(command)
        )
    )


def no_archive(words: Words, on: str) -> Reply:
    return paragraphs(
        words.say(
            "This room keeps no archive, so I don't know what was said. A room admin can start one"
            " with {on}.",
            on=Code(on),
        )
    )


def nothing_kept(words: Words) -> Reply:
    return paragraphs(words.say("The archive holds nothing of this thread that all here may read."))


def thread_summary(words: Words, summary: Summary, via: tuple[str, ...]) -> Reply:
    """Moments of the summary in the zone of the room's readers."""
    people = ", ".join(f"{name} ({count})" for name, count in summary.participants)
    blocks: list[Block] = [
        Paragraph(
            words.plural(
                "This thread so far: {number} message, {began}.",
                "This thread so far: {number} messages, {began} to {ended}.",
                summary.messages,
                began=words.moment(summary.began),
                ended=_until(words, summary.began, summary.ended),
            )
        ),
        Paragraph(words.say("Who wrote: {people}", people=people)),
        Paragraph(words.say("It began: {point}", point=_point(summary.first, via))),
    ]
    if summary.points:
        blocks.append(Paragraph(words.say("What stands out:")))
        blocks.append(items(*(_point(point, via) for point in summary.points)))
    if summary.questions:
        blocks.append(Paragraph(words.say("Still open:")))
        blocks.append(items(*(_point(point, via) for point in summary.questions)))
    return Reply(tuple(blocks))


def _point(point: Point, via: tuple[str, ...]) -> Inline:
    message = point.message
    link = MessageLink(message.room_id, message.event_id, message.sender_name, via)
    return join("“", Emphasis(point.sentence), "” · ", link)

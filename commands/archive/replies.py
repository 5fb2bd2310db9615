"""The words about the archive: what is kept, and what a thread came to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum

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
from storage.records import FilesHeld

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
    files_mb: int | None,
) -> Reply:
    """What members are told before anything is kept; pinned, and repeated by `!privacy`.

    files_mb: how large the files are that are kept, too, in MiB; None: only their names are.
    """
    lines: list[Inline] = [
        words.say(
            "What: messages, edits, reactions and the names of files, from this message on."
            " Not the files themselves, nor who reads what."
        )
        if files_mb is None
        else words.say(
            "What: messages, edits, reactions, and pictures and documents of up to {size} MB, from"
            " this message on. Not who reads what.",
            size=files_mb,
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


def switched_off(words: Words, *, on: str, purge: str) -> Reply:
    """on: the command that turns it on again; purge: the one that throws away what is there."""
    return paragraphs(
        words.say("The archive of this room is off: nothing that is said from now on is kept."),
        words.say(
            "What was kept before stays until it is deleted here or its time is over, or {purge}"
            " throws it away. {on} starts again.",
            purge=Code(purge),
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
    past_from: date | None = None  # when older history will be taken in
    past_read: int | None = None  # events of it that have been read so far
    files: FilesHeld = field(default_factory=FilesHeld)


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
    lines = amount(words, held)
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
    if held.past_from is not None:
        day = words.date(held.past_from)
        lines.append(words.say("older history will be taken in from {day} on", day=day))
    if held.past_read is not None:
        lines.append(
            words.plural(
                "older history is being taken in: {number} event has been read so far",
                "older history is being taken in: {number} events have been read so far",
                held.past_read,
            )
        )
    return Paragraph(head), items(*lines, *_files(words, held.files))


def amount(words: Words, held: Holdings) -> list[Inline]:
    """How much it is, a line each, and from when to when; few people are not counted."""
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
    return lines


def _files(words: Words, held: FilesHeld) -> list[Inline]:
    """What is kept of files, and what is not and might have been."""
    lines: list[Inline] = []
    if held.files:
        size = words.size(held.size_bytes)
        lines.append(
            words.plural("{number} file, {size}", "{number} files, {size}", held.files, size=size)
        )
    if held.coming:
        lines.append(
            words.plural(
                "{number} file is still to be fetched",
                "{number} files are still to be fetched",
                held.coming,
            )
        )
    if held.left_out:
        lines.append(
            words.plural(
                "of {number} file only the name, as it is too large or of another kind",
                "of {number} files only the names, as they are too large or of another kind",
                held.left_out,
            )
        )
    if held.no_room:
        lines.append(
            words.plural(
                "of {number} file only the name, as there was no room for more files",
                "of {number} files only the names, as there was no room for more files",
                held.no_room,
            )
        )
    if held.missing:
        lines.append(
            words.plural(
                "of {number} file only the name, as the homeserver did not have it or it was"
                " damaged",
                "of {number} files only the names, as the homeserver did not have them or they were"
                " damaged",
                held.missing,
            )
        )
    return lines


def _until(words: Words, began: datetime, ended: datetime) -> str:
    """The end of a period, without its day if it began on the same one."""
    same_day = began.date() == ended.date()
    return words.clock(ended) if same_day else words.moment(ended)


def nothing_to_export(words: Words) -> Reply:
    return paragraphs(
        words.say("There is nothing to export: no room that you coordinate here keeps an archive.")
    )


# ── older history ─────────────────────────────────────────────────────────────────────────────


def not_a_day(words: Words, typed: str, example: str) -> Reply:
    return paragraphs(
        words.say(
            "I can't read {typed} as a day that is over. For example: {example}",
            typed=Strong(typed),
            example=Code(example),
        )
    )


def off_here(words: Words, on: str) -> Reply:
    return paragraphs(
        words.say("The archive of this room is off. {on} turns it on first.", on=Code(on))
    )


def kept_already(words: Words, since: date) -> Reply:
    return paragraphs(
        words.say("Everything since {day} is kept here already.", day=words.date(since))
    )


def thrown_away(words: Words, until: date) -> Reply:
    return paragraphs(
        words.say(
            "The archive of this room was thrown away on {day}: nothing from before comes back."
            " Choose a later day.",
            day=words.date(until),
        )
    )


def too_old(words: Words, kept_for: timedelta) -> Reply:
    return paragraphs(
        words.say(
            "Words are kept for {time} here: what is older would go again at once. Choose a later"
            " day.",
            time=words.duration(kept_for),
        )
    )


def past_preview(words: Words, since: date, starts: date, *, yes: str) -> Reply:
    """Before anything is done or announced."""
    return paragraphs(
        words.say(
            "I would take in what was said here since {since}, by those who are in this room now.",
            since=words.date(since),
        ),
        words.say(
            "All are told first, and can object until {starts}; only then it begins. {yes} tells"
            " them.",
            starts=words.date(starts),
            yes=Code(yes),
        ),
    )


def past_notice(words: Words, since: date, starts: date, *, off: str, stop: str) -> Reply:
    """What all in the room are told."""
    return Reply(
        (
            Heading(words.say("The archive of this room will reach further back")),
            items(
                words.say("What: what was said here since {since}.", since=words.date(since)),
                words.say(
                    "By whom: those who are in this room when it begins. Who has left is left out."
                ),
                words.say("When: on {starts}.", starts=words.date(starts)),
                words.say("Not with your words? {off} before that keeps them out.", off=Code(off)),
                words.say("A room admin can end it with {stop}.", stop=Code(stop)),
            ),
        )
    )


def past_stopped(words: Words) -> Reply:
    return paragraphs(
        words.say("No older history is taken in any more. What came in already stays.")
    )


class Stage(Enum):
    """How the reading of older history goes."""

    READING = "reading"
    DONE = "done"
    STOPPED = "stopped"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class OlderHistory:
    """How far it has come."""

    since: date  # as it was asked for
    reached: date  # since then nothing is missing
    events: int  # read so far, of whatever kind
    kept: int  # messages
    unreadable: int  # messages without a key


def past_progress(words: Words, read: OlderHistory, stage: Stage) -> Reply:
    """The one message that is edited while older history is read."""
    since, reached = words.date(read.since), words.date(read.reached)
    match stage:
        case Stage.READING:
            head = words.say(
                "⏳ I am reading what was said here since {since}; I have come to {reached}.",
                since=since,
                reached=reached,
            )
        case Stage.DONE:
            head = words.say("✅ What was said here since {since} is read.", since=since)
        case Stage.STOPPED:
            head = words.say(
                "⏹️ I have stopped reading older history. I had come to {reached}.", reached=reached
            )
        case Stage.REFUSED:
            head = words.say(
                "⚠️ The homeserver gives me no more of what was said here. I had come to {reached}.",
                reached=reached,
            )
    lines = [
        words.plural(
            "{number} message came into the archive",
            "{number} messages came into the archive",
            read.kept,
        )
    ]
    if read.unreadable:
        lines.append(
            words.plural(
                "{number} message is encrypted and was not meant for me: it is not stored",
                "{number} messages are encrypted and were not meant for me: they are not stored",
                read.unreadable,
            )
        )
    return Reply((Paragraph(head), items(*lines)))


def past_not_asked(words: Words) -> Reply:
    return paragraphs(words.say("No older history is being taken in here."))


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


def confirmed(words: Words, name: str, search: str) -> Reply:
    return paragraphs(
        words.say(
            "{name} has confirmed this summary: {search} finds it from now on.",
            name=name,
            search=Code(search),
        )
    )


def summary_title(words: Words, summary: Summary) -> str:
    """What a confirmed summary is called among the hits of a search."""
    return words.text("Summary: {first}", first=summary.first.sentence)


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
    if summary.decisions:
        blocks.append(Paragraph(words.say("What was decided:")))
        blocks.append(items(*(_point(point, via) for point in summary.decisions)))
    if summary.days:
        blocks.append(Paragraph(words.say("When:")))
        blocks.append(items(*(_point(point, via) for point in summary.days)))
    if summary.points:
        blocks.append(Paragraph(words.say("What stands out:")))
        blocks.append(items(*(_point(point, via) for point in summary.points)))
    if summary.questions:
        blocks.append(Paragraph(words.say("Still open:")))
        blocks.append(items(*(_point(point, via) for point in summary.questions)))
    blocks.append(
        Paragraph(
            words.say(
                "Is that right? A {tick} from somebody who wrote here lets search find it, and the"
                " digest tell it.",
                tick="✅",
            )
        )
    )
    return Reply(tuple(blocks))


def _point(point: Point, via: tuple[str, ...]) -> Inline:
    message = point.message
    link = MessageLink(message.room_id, message.event_id, message.sender_name, via)
    return join("“", Emphasis(point.sentence), "” · ", link)

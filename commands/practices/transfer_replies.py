"""The words about transfers: what the city that tries it hears, and the one that gave it."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.practices.card import DEGREES
from commands.practices.replies import TRANSFER_STATES
from commands.reply import (
    Block,
    Code,
    Heading,
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
from commands.words import Words
from storage.records import Practice, PracticeField, Transfer, TransferNote, TransferState

F = PracticeField
T = TransferState


@dataclass(frozen=True, slots=True)
class Journey:
    """A transfer as its card tells of it."""

    transfer: Transfer
    practice: Practice
    title: str  # "" where not everybody may know it
    city: str  # that takes it over
    giver: str  # that gave it
    source: MessageLink | None  # the practice's card
    told: str  # what they changed, or why they stopped
    notes: tuple[tuple[str, TransferNote], ...]  # with the day


def card(words: Words, journey: Journey, sign: str, *, most: int) -> Reply:
    """most: so many of the newest entries of the diary."""
    transfer = journey.transfer
    head = words.say(
        "{name} · {city} takes up {practice}",
        name=Strong(transfer.name),
        city=journey.city,
        practice=_practice(journey),
    )
    state: Inline = (Strong(words.text(TRANSFER_STATES[transfer.state])),)
    if transfer.degree and transfer.state is not T.STOPPED:
        state = join(state, " · ", words.text(DEGREES[transfer.degree]))
    state = join(state, " · ", words.say("ask {who}", who=transfer.person.display_name))
    blocks: list[Block] = [Heading(head), Paragraph(state)]
    if journey.told:
        line = (
            words.say("Stopped, because: {why}", why=Text(journey.told))
            if transfer.state is T.STOPPED
            else words.say("What they changed: {told}", told=Text(journey.told))
        )
        blocks.append(Paragraph(line))
    shown = [each for each in journey.notes if each[1].text][-most:]
    if shown:
        blocks.append(Paragraph(words.say("Diary:")))
        blocks.append(Items(tuple((_entry(words, *each),) for each in shown)))
    if transfer.state is not T.STOPPED:
        blocks.append(
            Paragraph(
                words.say(
                    "What you try and learn goes into this thread. {command} says where you are.",
                    command=Code(f"{sign}transfer {transfer.name} piloting …"),
                )
            )
        )
    return Reply(tuple(blocks))


def _practice(journey: Journey) -> Inline:
    practice = journey.practice
    named: Inline = (journey.source,) if journey.source else (Strong(practice.name),)
    parts = [part for part in (journey.title, journey.giver) if part]
    return join(named, " ", Text(" · ".join(parts))) if parts else named


def _entry(words: Words, day: str, note: TransferNote) -> Inline:
    state = words.text(TRANSFER_STATES[note.state]) if note.state else ""
    line = join(Text(day), " · ", Text(note.person.display_name))
    if state:
        line = join(line, " · ", Strong(state))
    return join(line, ": ", Text(note.text))


# ── to the city that tries it ─────────────────────────────────────────────────────────────────


def begun(words: Words, transfer: Transfer, practice: Practice, giver: str, sign: str) -> Reply:
    return paragraphs(
        words.say(
            "{name}: your city is looking at {practice}. I have told {author}. Its diary is the"
            " thread under its card; {command} says where you are.",
            name=Strong(transfer.name),
            practice=practice.name,
            author=f"{practice.author.display_name}, {giver}" if giver else "…",
            command=Code(f"{sign}transfer {transfer.name} adapting"),
        )
    )


def moved(words: Words, transfer: Transfer, told: str, *, link: MessageLink | None) -> Reply:
    """transfer: as it is now; told: the words that came with the step."""
    state = words.text(TRANSFER_STATES[transfer.state])
    if transfer.state is T.STOPPED:
        return paragraphs(
            words.say(
                "{name} is stopped. Thank you for saying why: the next city will find it.",
                name=Strong(transfer.name),
            )
        )
    line = words.say("{name} is {state} now.", name=Strong(transfer.name), state=state)
    if told:
        return paragraphs(line)
    diary: Inline = (link,) if link else words.say("its card")
    return paragraphs(
        join(line, " ", words.say("What did you change? Tell it under {diary}.", diary=diary))
    )


def own_practice(words: Words, practice: Practice) -> Reply:
    return paragraphs(
        words.say("{name} is your own city's: it is others who take it up.", name=practice.name)
    )


def retired(words: Words, practice: Practice, sign: str) -> Reply:
    return paragraphs(
        words.say(
            "{name} is retired. {show} shows why, and whom to ask.",
            name=practice.name,
            show=Code(f"{sign}practice show {practice.name}"),
        )
    )


def not_shared_yet(words: Words, practice: Practice, sign: str) -> Reply:
    return paragraphs(
        words.say(
            "{name} is a draft yet. {edit} goes on with it.",
            name=practice.name,
            edit=Code(f"{sign}practice edit {practice.name}"),
        )
    )


def under_way(words: Words, transfer: Transfer, sign: str) -> Reply:
    return paragraphs(
        words.say(
            "Your city is at it already: {name}. {command} says where you are.",
            name=Strong(transfer.name),
            command=Code(f"{sign}transfer {transfer.name} piloting"),
        )
    )


def unknown_transfer(words: Words, number: int) -> Reply:
    return paragraphs(
        words.say(
            "I have no {name} for you. The practice that it takes up shows it.",
            name=Code(f"T-{number}"),
        )
    )


def not_yours(words: Words, transfer: Transfer, city: str) -> Reply:
    return paragraphs(
        words.say("{name} is {city}'s to tell.", name=transfer.name, city=Strong(city))
    )


def cannot_move(
    words: Words, transfer: Transfer, following: Sequence[TransferState], sign: str
) -> Reply:
    state = words.text(TRANSFER_STATES[transfer.state])
    line = words.say("{name} is {state}.", name=Strong(transfer.name), state=state)
    if not following:
        anew = words.say(
            "To begin anew: {command}.",
            command=Code(f"{sign}practice transfer P-{transfer.practice}"),
        )
        return paragraphs(join(line, " ", anew))
    names: Inline = ()
    for place, each in enumerate(following):
        names = join(names, ", " if place else "", Code(each.replace("_", "-")))
    return paragraphs(join(line, " ", words.say("It can become {states}.", states=names)))


def how_is_it_going(
    words: Words, transfer: Transfer, title: str, link: MessageLink | None
) -> Reply:
    """The one question, after weeks of silence."""
    named: Inline = (link,) if link else (Strong(transfer.name),)
    return paragraphs(
        words.say(
            "How is it going with {transfer} {title}? A line is enough, and “stopped, because …” is"
            " as welcome as a success. I ask this once.",
            transfer=named,
            title=Text(title),
        ),
        words.say(
            "Just write it here, or {command}.",
            command=Code(f"transfer {transfer.name} stopped …"),
        ),
    )


def in_the_diary(words: Words, transfer: Transfer) -> Reply:
    return paragraphs(words.say("Thank you! It stands in the diary of {name}.", name=transfer.name))


# ── to the city that gave it ──────────────────────────────────────────────────────────────────


def told_giver(words: Words, journey: Journey) -> Reply:
    """At each step; journey.told: the words that came with it."""
    transfer = journey.transfer
    names: dict[str, Inline | Part] = {
        "city": Strong(journey.city),
        "practice": join(Strong(journey.practice.name), " ", Text(journey.title)),
        "transfer": Strong(transfer.name),
    }
    match transfer.state:
        case T.INTERESTED:
            line = words.say(
                "{city} is looking at {practice} ({transfer}). You may hear from {who}.",
                who=transfer.person.display_name,
                **names,
            )
        case T.STOPPED:
            line = words.say(
                "{city} has stopped with {practice} ({transfer}). That is worth knowing, too.",
                **names,
            )
        case T.IN_USE:
            line = words.say("{city} uses {practice} now ({transfer}). Thank you!", **names)
        case _:
            state = words.text(TRANSFER_STATES[transfer.state])
            line = words.say("{city} with {practice} ({transfer}): {state}.", state=state, **names)
    if not journey.told:
        return paragraphs(line)
    more = (
        words.say("Because: {why}", why=Text(journey.told))
        if transfer.state is T.STOPPED
        else words.say("What they changed: {told}", told=Text(journey.told))
    )
    return paragraphs(line, more)

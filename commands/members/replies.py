"""The words about a person: who they are to the hall, what is on, what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from commands.names import role_names
from commands.reply import (
    Block,
    Code,
    Inline,
    Paragraph,
    Reply,
    Strong,
    Text,
    items,
    join,
    paragraphs,
)
from commands.words import Words
from storage.records import Role


@dataclass(frozen=True, slots=True)
class Card:
    """A person as the hall knows them."""

    name: str
    user_id: str
    city: str | None
    roles: frozenset[Role]
    language: str  # code
    time_zone: str
    local_time: datetime
    digest: bool
    archive: bool
    organisation: str = ""


def whoami(words: Words, card: Card, *, sign: str) -> Reply:
    who = words.say(
        "You are {name}, {user_id}.", name=Strong(card.name), user_id=Code(card.user_id)
    )
    blocks: list[Block] = [
        Paragraph(who),
        items(
            _city(words, card.city),
            *_organisation(words, card.organisation),
            words.say("Roles: {roles}", roles=role_names(words, card.roles)),
            *_settings(words, card),
        ),
        Paragraph(
            words.say(
                "{settings} changes language, time zone and digest; {privacy} shows what is"
                " stored about you.",
                settings=Code(f"{sign}settings"),
                privacy=Code(f"{sign}privacy"),
            )
        ),
    ]
    return Reply(tuple(blocks))


def _organisation(words: Words, name: str) -> list[Inline]:
    return [words.say("Organisation: {name}", name=Text(name))] if name else []


def _city(words: Words, city: str | None) -> Inline:
    if city is None:
        return words.say("City: not known yet. A coordinator can tell me.")
    return words.say("City: {city}", city=Strong(city))


def _settings(words: Words, card: Card) -> tuple[Inline, ...]:
    return (
        words.say("Language: {language}", language=words.language_name(card.language)),
        words.say(
            "Time zone: {zone}, where it is {time} now",
            zone=card.time_zone,
            time=words.clock(card.local_time),
        ),
        words.say("Digest: on") if card.digest else words.say("Digest: off"),
        words.say("Archive: your words are kept in rooms that have an archive")
        if card.archive
        else words.say("Archive: your words are not kept"),
    )


# ── settings ──────────────────────────────────────────────────────────────────────────────────


def settings(words: Words, card: Card, *, sign: str) -> Reply:
    return Reply(
        (
            Paragraph(words.say("Your settings:")),
            items(*_settings(words, card)),
            Paragraph(
                words.say(
                    "Change them with {language}, {zone} or {digest}.",
                    language=Code(f"{sign}settings language"),
                    zone=Code(f"{sign}settings timezone"),
                    digest=Code(f"{sign}settings digest"),
                )
            ),
        )
    )


def language_set(words: Words, language: str) -> Reply:
    """words: already in the new language."""
    return paragraphs(
        words.say("I speak {language} with you now.", language=words.language_name(language))
    )


def time_zone_set(words: Words, zone: str, local_time: datetime) -> Reply:
    return paragraphs(
        words.say(
            "Your time zone is {zone} now, where it is {time}.",
            zone=zone,
            time=words.clock(local_time),
        )
    )


def digest_set(words: Words, *, on: bool) -> Reply:
    if on:
        return paragraphs(words.say("You will get your own digest in our direct chat."))
    return paragraphs(words.say("You get no digest of your own. The rooms get theirs as before."))


# ── members ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a list of people."""

    name: str
    user_id: str
    city: str | None
    roles: frozenset[Role]
    organisation: str = ""


def _entry(words: Words, entry: Entry) -> Inline:
    line = join(Strong(entry.name), " ", Code(entry.user_id))
    known = [part for part in (entry.city, entry.organisation) if part]
    return join(line, " ", words.say("· {what}", what=_what(words, known, entry.roles)))


def _what(words: Words, known: list[str], roles: frozenset[Role]) -> str:
    return ", ".join([*known, role_names(words, roles)])


def member_set(words: Words, entry: Entry, *, language: str | None) -> Reply:
    line = join(words.say("Noted:"), " ", _entry(words, entry))
    if language is None:
        return paragraphs(line)
    spoken = words.say("Language: {language}", language=words.language_name(language))
    return paragraphs(line, spoken)


def member_list(words: Words, entries: Sequence[Entry], *, place: str, hidden: int) -> Reply:
    """place: a city, a cluster or the community. hidden: how many more there are."""
    if not entries:
        return paragraphs(words.say("I know nobody in {place} yet.", place=Strong(place)))
    blocks: list[Block] = [
        Paragraph(
            words.plural(
                "{number} person in {place}:",
                "{number} people in {place}:",
                len(entries) + hidden,
                place=Strong(place),
            )
        ),
        items(*(_entry(words, entry) for entry in entries)),
    ]
    if hidden:
        blocks.append(
            Paragraph(words.say("And {number} more. Name a city to see them.", number=hidden))
        )
    return Reply(tuple(blocks))


def nothing_to_set(words: Words, example: str) -> Reply:
    return paragraphs(
        words.say(
            "Tell me what to set: a city, a role or a language. For example: {example}",
            example=Code(example),
        )
    )


def not_your_cluster(words: Words) -> Reply:
    return paragraphs(
        words.say(
            "That belongs to a cluster that you don't coordinate. Its coordinator, or a project"
            " coordinator, can do it."
        )
    )


def not_yours_to_grant(words: Words, role: Role) -> Reply:
    name = role_names(words, frozenset({role}))
    if role is Role.OPERATOR:
        return paragraphs(
            words.say("The role {role} comes from the configuration alone.", role=name)
        )
    return paragraphs(
        words.say(
            "The role {role} is given and taken by project coordinators. One of them can do it.",
            role=name,
        )
    )


# ── privacy ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Stored:
    """What the hall keeps about a person."""

    card: Card
    messages: int
    # Names of the rooms they are in whose words are kept, and for how long; None: for ever.
    kept: tuple[tuple[str, timedelta | None], ...]
    controller: str
    contact: str
    retention: timedelta | None  # elsewhere
    drafts: tuple[str, ...] = ()  # P-3: practices of theirs that only they and coordinators see
    practices: tuple[str, ...] = ()
    reviews: int = 0
    entries: int = 0  # in diaries of transfers
    votes: int = 0  # answers to dates of visits
    written: int = 0  # about visits: notes, recommendations, promises
    asked: int = 0  # questions that are looked after
    files: int = 0  # that are known by their names
    whole_files: int = 0  # of these, those whose bytes are kept
    reactions: int = 0


def privacy(words: Words, stored: Stored, *, sign: str) -> Reply:
    card = stored.card
    blocks: list[Block] = [
        Paragraph(words.say("This is what is stored about you, {name}:", name=Strong(card.name))),
        items(
            words.say("Your address {user_id} and your name", user_id=Code(card.user_id)),
            _city(words, card.city),
            *_organisation(words, card.organisation),
            words.say("Roles: {roles}", roles=role_names(words, card.roles)),
            *_settings(words, card),
            words.plural(
                "{number} message of yours in the archive",
                "{number} messages of yours in the archive",
                stored.messages,
            ),
            *_files(words, stored),
            *_practices(words, stored),
            words.say("Which rooms you are in, and since when"),
            *_about_visits(words, stored),
            *_about_questions(words, stored),
        ),
        Paragraph(_kept_rooms(words, [name for name, _ in stored.kept])),
        *_kept_for(words, stored),
        Paragraph(
            words.say(
                "A message that you delete is gone here, too, at once. {off} keeps your future"
                " words out of the archive.",
                off=Code(f"{sign}privacy archive off"),
            )
            if card.archive
            else words.say(
                "Your words are not kept. {on} changes that.",
                on=Code(f"{sign}privacy archive on"),
            )
        ),
        Paragraph(
            words.say(
                "{export} gives you all of it as a file, {erase} erases it.",
                export=Code(f"{sign}privacy export"),
                erase=Code(f"{sign}privacy erase"),
            )
        ),
    ]
    if stored.controller:
        blocks.append(Paragraph(_responsible(words, stored.controller, stored.contact)))
    return Reply(tuple(blocks))


def _files(words: Words, stored: Stored) -> list[Inline]:
    lines = []
    if stored.files:
        lines.append(
            words.plural(
                "The name of {number} file of yours",
                "The names of {number} files of yours",
                stored.files,
            )
        )
    if stored.whole_files:
        lines.append(
            words.plural(
                "{number} of these files itself", "{number} of these files themselves",
                stored.whole_files,
            )
        )  # fmt: skip
    if stored.reactions:
        lines.append(
            words.plural(
                "{number} reaction of yours", "{number} reactions of yours", stored.reactions
            )
        )
    return lines


def _practices(words: Words, stored: Stored) -> list[Inline]:
    lines = []
    if stored.drafts:
        names = words.listing(list(stored.drafts))
        lines.append(
            words.say("Drafts of practices, for you and your coordinator: {names}", names=names)
        )
    if stored.practices:
        names = words.listing(list(stored.practices))
        lines.append(words.say("Practices under your name: {names}", names=names))
    if stored.reviews:
        lines.append(
            words.plural(
                "What you said of {number} practice as a reviewer",
                "What you said of {number} practices as a reviewer",
                stored.reviews,
            )
        )
    if stored.entries:
        lines.append(
            words.plural(
                "{number} entry of yours about a transfer",
                "{number} entries of yours about transfers",
                stored.entries,
            )
        )
    return lines


def _about_visits(words: Words, stored: Stored) -> list[Inline]:
    """Only for whoever has left a trace there."""
    lines: list[Inline] = []
    if stored.votes:
        lines.append(
            words.plural(
                "{number} answer of yours to a date of a visit",
                "{number} answers of yours to dates of visits",
                stored.votes,
            )
        )
    if stored.written:
        lines.append(
            words.plural(
                "{number} thing that you wrote about visits, or took on there",
                "{number} things that you wrote about visits, or took on there",
                stored.written,
            )
        )
    return lines


def _about_questions(words: Words, stored: Stored) -> list[Inline]:
    if not stored.asked:
        return []
    return [
        words.plural(
            "{number} question of yours that is looked after",
            "{number} questions of yours that are looked after",
            stored.asked,
        )
    ]


def _kept_rooms(words: Words, names: Sequence[str]) -> Inline:
    if not names:
        return words.say("No room that you are in keeps an archive.")
    return words.say(
        "Rooms of yours with an archive: {rooms}. Who is in such a room can search it.",
        rooms=words.listing(list(names)),
    )


def _kept_for(words: Words, stored: Stored) -> list[Block]:
    times = {time for _, time in stored.kept} or {stored.retention}
    if len(times) == 1:
        (time,) = times
        if time is None:
            return [Paragraph(words.say("Words are kept for as long as the archive exists."))]
        told = words.say(
            "Words are kept for {time}, then they are deleted.", time=words.duration(time)
        )
        return [Paragraph(told)]
    lines = [
        words.say("in {room} for as long as the archive exists", room=name)
        if time is None
        else words.say("in {room} for {time}", room=name, time=words.duration(time))
        for name, time in stored.kept
    ]
    return [Paragraph(words.say("Words are kept, and then deleted:")), items(*lines)]


def _responsible(words: Words, controller: str, contact: str) -> Inline:
    if not contact:
        return words.say("Responsible: {controller}.", controller=controller)
    return words.say(
        "Responsible: {controller}. Questions go to {contact}.",
        controller=controller,
        contact=contact,
    )


def archive_on(words: Words) -> Reply:
    return paragraphs(
        words.say("From now on your words are kept in rooms that have an archive. Thank you.")
    )


def archive_off(words: Words, *, erase: str) -> Reply:
    return paragraphs(
        words.say("From now on your words are not kept: the archive shows a gap instead."),
        words.say(
            "What you said before stays until you delete it in the room; {erase} erases all of it.",
            erase=Code(erase),
        ),
    )

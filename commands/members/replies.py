"""The words about a person: who they are to the hall, what is on, what is stored."""

from dataclasses import dataclass
from datetime import datetime

from commands.names import role_names
from commands.reply import Block, Code, Inline, Paragraph, Reply, Strong, items
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


def whoami(words: Words, card: Card, *, settings: str, privacy: str) -> Reply:
    """settings and privacy: the commands, as typed."""
    who = words.say(
        "You are {name}, {user_id}.", name=Strong(card.name), user_id=Code(card.user_id)
    )
    blocks: list[Block] = [
        Paragraph(who),
        items(
            _city(words, card.city),
            words.say("Roles: {roles}", roles=role_names(words, card.roles)),
            *_settings(words, card),
        ),
        Paragraph(
            words.say(
                "{settings} changes language, time zone and digest; {privacy} shows what is"
                " stored about you.",
                settings=Code(settings),
                privacy=Code(privacy),
            )
        ),
    ]
    return Reply(tuple(blocks))


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
            time=words.moment(card.local_time),
        ),
        words.say("Digest: on") if card.digest else words.say("Digest: off"),
        words.say("Archive: your words are stored in rooms that have an archive")
        if card.archive
        else words.say("Archive: your words are not stored"),
    )

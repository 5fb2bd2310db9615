"""The words about cities and clusters: the city card, the welcome, and what becomes of a room."""

from dataclasses import dataclass
from datetime import datetime

from commands.reply import Block, Code, Heading, Inline, Paragraph, Reply, Strong, items, paragraphs
from commands.words import Words

# ── the city card ─────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class CityCard:
    """A city as the network knows it."""

    name: str
    country: str  # ISO 3166
    cluster: str  # title
    languages: tuple[str, ...]  # codes
    local_time: datetime
    leads: tuple[str, ...]
    members: tuple[str, ...]  # in our rooms, the leads left out


def city_card(words: Words, card: CityCard) -> Reply:
    lines: list[Inline] = [
        words.say("Cluster: {cluster}", cluster=card.cluster),
        words.say(
            "Languages: {languages}",
            languages=words.listing([words.language_name(code) for code in card.languages]),
        ),
        words.say("Local time: {time}", time=words.clock(card.local_time)),
        words.say("City lead: {names}", names=words.listing(list(card.leads)))
        if card.leads
        else words.say("City lead: nobody yet"),
    ]
    if card.members:
        others = words.listing(list(card.members))
        lines.append(words.say("In our rooms: {names}", names=others))
    where = words.say(
        "{city}, {country}", city=Strong(card.name), country=words.country_name(card.country)
    )
    return Reply((Paragraph(where), items(*lines)))


def no_city_of_your_own(words: Words, example: str) -> Reply:
    return paragraphs(
        words.say("I don't know your city yet. A coordinator can tell me."),
        words.say("To see another one: {example}", example=Code(example)),
    )


# ── rooms of clusters ─────────────────────────────────────────────────────────────────────────


def welcome(words: Words, title: str, topic: str, *, prefix: str) -> Reply:
    """The first words in a room that the hall has made."""
    blocks: list[Block] = [
        Heading(words.say("Welcome to {title}", title=title)),
        Paragraph(
            words.say(
                "I keep house here: I answer questions, find what was said, and otherwise stay"
                " quiet. {help} shows what you can ask me.",
                help=Code(f"{prefix}help"),
            )
        ),
    ]
    if topic:
        blocks.insert(1, Paragraph((Strong(topic),)))
    return Reply(tuple(blocks))


def welcome_to_coordinators(words: Words, *, prefix: str) -> Reply:
    """The first words in the coordinators' room."""
    return paragraphs(
        words.say("Welcome, coordinators. Drafts and questions about the rooms come here."),
        words.say("{help} shows what you can ask me.", help=Code(f"{prefix}help")),
    )


def renamed(words: Words, title: str) -> Reply:
    return paragraphs(
        words.say("This cluster is called {title} now. Nothing else changes.", title=Strong(title))
    )


def removed(words: Words, title: str, *, contact: str) -> Reply:
    """The cluster has left the configuration."""
    lines = [
        words.say(
            "{title} has ended as a cluster. I no longer archive this room; the room itself stays"
            " yours.",
            title=Strong(title),
        )
    ]
    if contact:
        lines.append(words.say("Questions go to {contact}.", contact=contact))
    return paragraphs(*lines)


def restored(words: Words, title: str) -> Reply:
    """The cluster is back in the configuration."""
    return paragraphs(
        words.say("{title} is a cluster again, and I am back at work here.", title=Strong(title))
    )


def paused(words: Words, title: str) -> Reply:
    return paragraphs(
        words.say(
            "{title} takes a break: I only answer, and post nothing of my own.",
            title=Strong(title),
        )
    )


def resumed(words: Words, title: str) -> Reply:
    return paragraphs(words.say("{title} goes on.", title=Strong(title)))

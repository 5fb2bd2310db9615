"""The words about cities and clusters: the city card, the welcome, and what becomes of a room."""

from dataclasses import dataclass
from datetime import date, datetime

from commands.reply import (
    Block,
    Code,
    Heading,
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
    visits: tuple["HostedVisit", ...] = ()
    promises: tuple["CityPromise", ...] = ()
    unanswered: tuple[tuple[str, str], ...] = ()  # recommendations: number and text


@dataclass(frozen=True, slots=True)
class HostedVisit:
    """A visit that the city hosts."""

    name: str  # "V-3"
    title: str
    days: tuple[date, date] | None  # None: not decided yet


@dataclass(frozen=True, slots=True)
class CityPromise:
    """What somebody of the city has taken on, and not done yet."""

    name: str  # "A-7"
    text: str
    owner: str
    due: date | None
    overdue: bool


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
    blocks: list[Block] = [Paragraph(where), items(*lines)]
    if card.visits:
        blocks.append(Paragraph(words.say("Hosts:")))
        blocks.append(items(*(_hosted(words, one) for one in card.visits)))
    if card.unanswered:
        blocks.append(Paragraph(words.say("Recommendations to answer:")))
        blocks.append(
            items(
                *(join(Strong(name), " ", _or_gone(words, text)) for name, text in card.unanswered)
            )
        )
    if card.promises:
        blocks.append(Paragraph(words.say("Promised:")))
        blocks.append(items(*(_promised(words, one) for one in card.promises)))
    return Reply(tuple(blocks))


def _or_gone(words: Words, text: str) -> Inline:
    return join(text) if text else words.say("(taken back)")


def _hosted(words: Words, one: HostedVisit) -> Inline:
    when = words.say("no date yet") if one.days is None else join(words.days(*one.days))
    title = (" ", one.title) if one.title else ()
    return join(Strong(one.name), *title, " · ", when)


def _promised(words: Words, one: CityPromise) -> Inline:
    told = join(Strong(one.name), " ", _or_gone(words, one.text), " · ", one.owner)
    if one.due is None:
        return told
    day = words.days(one.due, one.due)
    if one.overdue:
        return join(told, " · ", words.say("overdue since {day}", day=day))
    return join(told, " · ", words.say("due {day}", day=day))


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


def paused_until(words: Words, title: str, until: datetime | None, command: str) -> Reply:
    first = words.say(
        "{title} takes a break: I only answer, and post nothing of my own.", title=Strong(title)
    )
    if until is None:
        return paragraphs(join(first, " ", words.say("{command} ends it.", command=Code(command))))
    then = words.say(
        "It ends on {when}; {command} ends it before.",
        when=words.moment(until),
        command=Code(command),
    )
    return paragraphs(join(first, " ", then))


def resumed(words: Words, title: str) -> Reply:
    return paragraphs(words.say("{title} goes on.", title=Strong(title)))


def how_many_days(words: Words, typed: str, most: int) -> Reply:
    return paragraphs(
        words.say(
            "I can't read {typed} as a number of days, from 1 to {most}.",
            typed=Text(typed),
            most=most,
        )
    )


def which_cluster(words: Words, titles: list[str]) -> Reply:
    return paragraphs(words.say("Which cluster? Yours are {titles}.", titles=words.listing(titles)))


def not_your_cluster(words: Words, title: str) -> Reply:
    return paragraphs(words.say("That is for the coordinators of {title}.", title=title))


@dataclass(frozen=True, slots=True)
class Status:
    """How a cluster is."""

    title: str
    people: int
    cities: int
    coordinators: tuple[str, ...]
    archived: bool
    waiting: int  # questions
    paused: bool = False
    until: datetime | None = None  # local


def status(words: Words, given: Status) -> Reply:
    coordinators = words.listing(list(given.coordinators)) or words.text("nobody")
    lines = [
        words.plural("{number} person", "{number} people", given.people),
        words.plural("{number} city", "{number} cities", given.cities),
        words.say("Coordinated by {who}", who=coordinators),
        words.say("The archive is on") if given.archived else words.say("The archive is off"),
        words.plural(
            "{number} question waits for an answer",
            "{number} questions wait for an answer",
            given.waiting,
        ),
    ]
    if given.paused and given.until is not None:
        lines.append(words.say("On a break until {when}", when=words.moment(given.until)))
    elif given.paused:
        lines.append(words.say("On a break"))
    return Reply((Heading((Strong(given.title),)), items(*lines)))


# ── mornings ──────────────────────────────────────────────────────────────────────────────────


def greeting(words: Words, title: str, topic: str, ask: str, *, archived: bool) -> Reply:
    """Three lines for a newcomer, and a person to ask."""
    about = words.say("Welcome to {title}.", title=Strong(title))
    lines = [
        join(about, " ", Text(topic)) if topic else about,
        words.say(
            "Write in the language that you think in. {help} shows what you can ask me, here"
            " without any sign before it.",
            help=Code("help"),
        ),
        words.say(
            "The room keeps an archive: {privacy} shows what is stored about you.",
            privacy=Code("privacy"),
        )
        if archived
        else words.say("The room keeps no archive."),
    ]
    if ask:
        lines.append(words.say("Whom to ask: {who}.", who=Strong(ask)))
    return paragraphs(*lines)


def coordinator_left(words: Words, who: str, title: str, others: list[str], command: str) -> Reply:
    first = words.say(
        "{who}, who coordinates {title}, has left its room.", who=who, title=Strong(title)
    )
    if others:
        more = words.say("{others} are still there for it.", others=words.listing(others))
    else:
        more = words.say(
            "Nobody else coordinates it: who takes over? {command}", command=Code(command)
        )
    return paragraphs(join(first, " ", more))

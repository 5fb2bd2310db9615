"""The words of questions: looked after, carried to where somebody may know, and carried back."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.reply import (
    Block,
    Code,
    Inline,
    Items,
    Mention,
    MessageLink,
    Paragraph,
    Part,
    Quote,
    Reply,
    Strong,
    Text,
    join,
    paragraphs,
)
from commands.words import N_, Words


@dataclass(frozen=True, slots=True)
class Asked:
    """A question as it is spoken of."""

    name: str  # "Q-5"
    text: str
    city: str = ""
    asker: str = ""
    cluster: str = ""  # title of the cluster that asks
    days: int = 0
    link: MessageLink | None = None


def noted(words: Words, name: str) -> Reply:
    return paragraphs(
        words.say(
            "{name} is noted. Put ✅ on the answer that helps; if none comes in two working days,"
            " I ask a coordinator where else to ask.",
            name=Strong(name),
        )
    )


def reworded(words: Words, name: str) -> Reply:
    return paragraphs(words.say("{name} has your new words.", name=Strong(name)))


def offered(words: Words, asker: Mention) -> Reply:
    return paragraphs(
        words.say(
            "{asker}, nobody has answered yet. Put ❓ on your message, and I look after it: I tell"
            " the coordinators, who may ask in another cluster.",
            asker=asker,
        )
    )


def ask_in_a_room(words: Words, rooms: Sequence[str], example: str) -> Reply:
    there = words.listing(list(rooms))
    if rooms:
        line = words.say(
            "Ask in the room of your cluster, so that the others can answer: {rooms}. For"
            " instance: {example}",
            rooms=there,
            example=Code(example),
        )
    else:
        line = words.say(
            "Ask in the room of a cluster, so that the others can answer. For instance: {example}",
            example=Code(example),
        )
    return paragraphs(line)


def unknown(words: Words, name: str) -> Reply:
    return paragraphs(words.say("I have no {name} for you here.", name=name))


def no_number(words: Words, typed: str) -> Reply:
    return paragraphs(
        words.say(
            "I can't read {typed} as a question. For instance: {example}",
            typed=Text(typed),
            example="Q-5",
        )
    )


def not_yours(words: Words, name: str) -> Reply:
    return paragraphs(
        words.say("{name} is for who asked it, and for the coordinators of its cluster.", name=name)
    )


# ── to a coordinator ──────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Expert:
    """Somebody who might know, and why."""

    name: str
    city: str
    reason: str  # "wrote", "practice"
    practice: str = ""


@dataclass(frozen=True, slots=True)
class Suggested:
    """Where a question might be asked."""

    cluster: str  # title; "": nobody is known
    experts: tuple[Expert, ...] = ()
    others: tuple[str, ...] = ()  # titles of all clusters that could be asked
    asker_gone: bool = False


def where_else(words: Words, asked: Asked, there: Suggested) -> Reply:
    """Offered to the coordinators: a question without an answer."""
    head = words.plural(
        "{name} from {cluster} has had no answer for {number} day:",
        "{name} from {cluster} has had no answer for {number} days:",
        asked.days,
        name=Strong(asked.name),
        cluster=asked.cluster,
    )
    blocks: list[Block] = [Paragraph(head), Quote(_quoted(words, asked))]
    if there.asker_gone:
        blocks.append(
            Paragraph(
                words.say("Who asked it has left the room; their city may still need the answer.")
            )
        )
    if there.experts:
        lines = tuple((_expert(words, one),) for one in there.experts)
        blocks += [
            Paragraph(words.say("{cluster} may know:", cluster=Strong(there.cluster))),
            Items(lines),
        ]
        act = words.say(
            "👍 asks there, with credit, and I carry the answers back · a reply with the name of"
            " another cluster asks there · ⏭️ leaves it. There are {others}.",
            others=words.listing(list(there.others)),
        )
    else:
        act = words.say(
            "I know nobody who wrote on it. Reply with the name of a cluster, and I ask there, with"
            " credit · ⏭️ leaves it. There are {others}.",
            others=words.listing(list(there.others)),
        )
    return Reply((*blocks, Paragraph(act)))


def _quoted(words: Words, asked: Asked) -> Inline:
    if not asked.city:
        return (Text(asked.text),)
    line = words.say("{text} ({city})", text=Text(asked.text), city=asked.city)
    return line if asked.link is None else join(line, " · ", asked.link)


def _expert(words: Words, one: Expert) -> Inline:
    who = f"{one.name}, {one.city}" if one.city else one.name
    if one.reason == "practice" and one.practice:
        return words.say("{who}: their city has {practice}", who=who, practice=one.practice)
    if one.reason == "practice":
        return words.say("{who}: their city has a practice like it", who=who)
    return words.say("{who}: wrote on it", who=who)


OUTCOMES = {
    "asked": N_("{name} is asked in {cluster}, too, by {who}."),
    "left": N_("{name} is left to its own room, says {who}."),
    "answered": N_("{name} has an answer meanwhile."),
}


def settled(words: Words, outcome: str, name: str, *, cluster: str = "", who: str = "") -> Reply:
    """In place of what was offered to the coordinators."""
    return paragraphs(words.say(OUTCOMES[outcome], name=Strong(name), cluster=cluster, who=who))


def over(words: Words, name: str) -> Reply:
    return paragraphs(
        words.say("{name} is closed, so there is nothing to ask any more.", name=name)
    )


def asked_there_already(words: Words, name: str, cluster: str) -> Reply:
    return paragraphs(
        words.say("{name} is asked in {cluster} already.", name=name, cluster=cluster)
    )


def no_room(words: Words, cluster: str) -> Reply:
    return paragraphs(words.say("I am not in the room of {cluster}.", cluster=cluster))


# ── there and back ────────────────────────────────────────────────────────────────────────────


def there(words: Words, asked: Asked, experts: Sequence[Mention]) -> Reply:
    """The question in another cluster's room, with credit."""
    if asked.asker and asked.city:
        head = words.say(
            "{asker} of {city} asks from {cluster}:",
            asker=asked.asker,
            city=asked.city,
            cluster=asked.cluster,
        )
    else:
        head = words.say("Somebody asks from {cluster}:", cluster=asked.cluster)
    how = words.say(
        "Answer in this thread: I carry what you write back to them, with your name, and follow"
        " it if you change it or take it back."
    )
    blocks: list[Block] = [Paragraph(head), Quote((Text(asked.text),)), Paragraph(how)]
    if experts:
        pieces: list[Inline | Part | str] = []
        for place, who in enumerate(experts):
            pieces += [", ", who] if place else [who]
        blocks.append(Paragraph(words.say("Perhaps you, {people}?", people=join(*pieces))))
    return Reply(tuple(blocks))


def asked_elsewhere(words: Words, name: str, cluster: str) -> Reply:
    return paragraphs(
        words.say(
            "{name} is asked in {cluster}, too; answers come here.",
            name=Strong(name),
            cluster=cluster,
        )
    )


def carried(words: Words, who: str, city: str, cluster: str, text: str) -> Reply:
    """An answer from another cluster, with credit."""
    if city:
        head = words.say(
            "{who} of {city} answers in {cluster}:", who=Strong(who), city=city, cluster=cluster
        )
    else:
        head = words.say("{who} answers in {cluster}:", who=Strong(who), cluster=cluster)
    return Reply((Paragraph(head), Quote((Text(text),))))


def answered(words: Words, name: str, who: str) -> Reply:
    return paragraphs(
        words.say("{name} is answered. Thank you, {who}!", name=Strong(name), who=who)
    )


def closed(words: Words, name: str, *, answered: bool) -> Reply:
    if answered:
        return paragraphs(words.say("{name} is closed as answered.", name=Strong(name)))
    return paragraphs(words.say("{name} is closed without an answer.", name=Strong(name)))


def nobody_knew(words: Words, name: str) -> Reply:
    return paragraphs(
        words.say(
            "{name} had no answer in four weeks, and I close it. If you still need one, ask again.",
            name=Strong(name),
        )
    )


STATES = {
    "open": N_("open"),
    "partly": N_("answered in part"),
}


def listed(words: Words, found: Sequence[tuple[Asked, str]]) -> Reply:
    """Questions that wait, oldest first."""
    if not found:
        return paragraphs(words.say("No question waits for an answer here."))
    lines = []
    for asked, state in found:
        age = words.plural("{number} day", "{number} days", asked.days)
        told = words.say("{name} “{text}”", name=Strong(asked.name), text=Text(asked.text))
        rest: list[Inline | Part | str] = [" · ", words.say(STATES[state]), " · ", age]
        if asked.city:
            rest = [f" ({asked.city})", *rest]
        if asked.link is not None:
            rest += [" · ", asked.link]
        lines.append((join(told, *rest),))
    return Reply((Paragraph(words.say("Waiting for an answer:")), Items(tuple(lines))))

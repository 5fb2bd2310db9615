"""How visits are spoken of, wherever it is, and refusals that any command about them may give."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.dates.reader import Span
from commands.reply import (
    Code,
    Inline,
    Items,
    Mention,
    Paragraph,
    Reply,
    Strong,
    items,
    join,
    paragraphs,
)
from commands.words import N_, Words


@dataclass(frozen=True, slots=True)
class Named:
    """A visit as it is spoken of."""

    name: str  # "V-3"
    host: str  # the city's name
    title: str = ""
    sign: str = "!"  # what commands begin with where it is read

    def command(self, verb: str, more: str = "") -> Code:
        return Code(f"{self.sign}visit {verb} {self.name}{more}")


def headline(words: Words, visit: Named) -> Inline:
    if visit.title:
        return words.say(
            "{name}: {host} hosts “{title}”",
            name=Strong(visit.name),
            host=visit.host,
            title=visit.title,
        )
    return words.say("{name}: a visit to {host}", name=Strong(visit.name), host=visit.host)


STATES = {
    "draft": N_("Nobody has been asked yet."),
    "asking": N_("Those who must come are asked first."),
    "polling": N_("Its dates are being asked."),
    "closing": N_("Its dates are being counted."),
    "closed": N_("Its dates are counted, and wait for somebody to decide."),
    "confirmed": N_("Its date is decided."),
    "postponed": N_("It is postponed; new dates can be asked about."),
    "held": N_("It has taken place."),
    "reported": N_("It has taken place, and its report is final."),
    "followed-up": N_("It has taken place, and what came of it was reviewed."),
    "cancelled": N_("It is cancelled."),
}


NEXT = {  # by state: a verb, and what it does
    "draft": ("open", N_("{command} asks about its dates.")),
    "asking": ("remind", N_("{command} reminds them.")),
    "polling": ("close", N_("{command} counts the answers now.")),
    "closed": ("confirm", N_("{command} decides it.")),
    "confirmed": ("show", N_("{command} tells who comes.")),
    "postponed": ("reopen", N_("{command} asks again, with other dates after it if you like.")),
    "held": ("report", N_("{command} makes a report of the notes.")),
}


def unknown_visit(words: Words, typed: str, sign: str) -> Reply:
    """Missing and forbidden read the same."""
    return paragraphs(
        words.say(
            "I don't know {typed} here. {list} shows the visits.",
            typed=Code(typed),
            list=Code(f"{sign}visit list"),
        )
    )


def which_visit(words: Words, visits: Sequence[Named], example: str) -> Reply:
    lines = [headline(words, one) for one in visits]
    question = words.say("Which visit? For example {example}.", example=Code(example))
    if not lines:
        return paragraphs(words.say("There is no visit to speak of here."), question)
    return Reply((Paragraph(question), items(*lines)))


def not_in_this_state(words: Words, visit: Named, state: str) -> Reply:
    """Where it has come to, and the command that goes on from there."""
    told = join(headline(words, visit), ". ", words.say(STATES[state]))
    if state not in NEXT:
        return paragraphs(told)
    verb, does = NEXT[state]
    return paragraphs(told, words.say(does, command=visit.command(verb)))


def not_yours_to_decide(words: Words, visit: Named) -> Reply:
    return paragraphs(
        words.say(
            "That is for coordinators and for the city lead of {host}. One of them can do it.",
            host=visit.host,
        )
    )


def not_a_speaker(words: Words, city: str) -> Reply:
    return paragraphs(
        words.say("For {city} its own people answer, its city lead, or a coordinator.", city=city)
    )


def visit_list(words: Words, visits: Sequence[tuple[Named, str, Span | None]], sign: str) -> Reply:
    if not visits:
        return paragraphs(
            words.say("No visits yet."),
            words.say("{propose} begins one.", propose=Code(f"{sign}visit propose")),
        )
    lines = []
    for visit, state, span in visits:
        when = () if span is None else (" · ", words.days(span.start, span.last))
        lines.append(join(headline(words, visit), *when, " · ", words.say(STATES[state])))
    return Reply((items(*lines),))


def named_in_turn(who: Sequence[Mention]) -> Inline:
    """People who are called on, each by a mention that rings."""
    names: Inline = ()
    for place, one in enumerate(who):
        names = join(names, ", " if place else "", one)
    return names


def numbered(lines: Sequence[tuple[int, Inline]]) -> list[Items]:
    """Lines under their own numbers, though one between them may be missing."""
    runs: list[list[tuple[int, Inline]]] = []
    for number, line in lines:
        if not runs or runs[-1][-1][0] != number - 1:
            runs.append([])
        runs[-1].append((number, line))
    return [items(*(line for _, line in run), ordered=True, start=run[0][0]) for run in runs]


def speaker_set(words: Words, city: str, person: str) -> Reply:
    return paragraphs(words.say("{person} speaks for {city} now.", person=person, city=city))

"""A practice's card: what it says, what reviewers think, which cities took it over."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from commands.practices.fields import (
    CHOICES,
    FIVE,
    FOR_SHARING,
    LABELS,
    OPTIONAL,
    excess,
    missing,
)
from commands.practices.replies import STATES, TRANSFER_STATES, field_names
from commands.practices.rules import Reviewed
from commands.reply import (
    Block,
    Code,
    Emphasis,
    Heading,
    Inline,
    Items,
    Link,
    MessageLink,
    Paragraph,
    Reply,
    Strong,
    Text,
    items,
    join,
)
from commands.words import N_, Words
from storage.records import (
    NOBODY,
    Degree,
    Person,
    Practice,
    PracticeField,
    PracticeState,
    ReviewAnswer,
    ReviewQuestion,
    Transfer,
    TransferState,
    Verdict,
)

F = PracticeField

QUESTIONS: Mapping[ReviewQuestion, str] = {
    ReviewQuestion.TUESDAY: N_("Do I understand what happens on a Tuesday?"),
    ReviewQuestion.CHANGE: N_("Do I believe the change?"),
    ReviewQuestion.YEAR: N_("Could we start within a year, and what would we change?"),
}
VERDICTS: Mapping[Verdict, str] = {
    Verdict.YES: N_("yes"),
    Verdict.PARTLY: N_("partly"),
    Verdict.NO: N_("no"),
}
DEGREES: Mapping[Degree, str] = {
    Degree.INSPIRED: N_("inspired by it"),
    Degree.ADAPTED: N_("adapted to the city"),
    Degree.COPIED: N_("taken over as it is"),
}


@dataclass(frozen=True, slots=True)
class Taken:
    """A transfer as the card tells of it."""

    transfer: Transfer
    city: str  # name
    told: str  # what they changed, or why they stopped
    card: MessageLink | None


@dataclass(frozen=True, slots=True)
class Kin:
    """Another practice of the lineage."""

    name: str  # P-12
    title: str
    city: str
    card: MessageLink | None


@dataclass(frozen=True, slots=True)
class View:
    """All that a card tells."""

    practice: Practice
    city: str  # name, "" if nobody knows it
    day: date  # when it was shared, or begun
    source: MessageLink | None
    reviewed: Reviewed
    answers: tuple[tuple[ReviewAnswer, str], ...] = ()  # with the name of the reviewer's city
    taken: tuple[Taken, ...] = ()
    parent: Kin | None = None  # what it grew out of
    children: tuple[Kin, ...] = ()  # what grew out of it
    commitments: Mapping[str, str] | None = None


def card(words: Words, view: View, sign: str) -> Reply:
    """The whole card, as `!practice show` and the cluster's room have it."""
    practice = view.practice
    title = practice.text(F.TITLE)
    blocks: list[Block] = [
        Heading(join(Strong(practice.name), " · ", title) if title else (Strong(practice.name),)),
        Paragraph(_about(words, view)),
    ]
    blocks += [
        Paragraph(join(Strong(words.text(LABELS[field])), ": ", Text(practice.text(field))))
        for field in FIVE[1:]
        if practice.text(field)
    ]
    more = [_optional(words, view, field) for field in OPTIONAL if _value(practice, field)]
    if more:
        blocks.append(items(*more))
    if practice.reason:
        blocks.append(Paragraph(_reason(words, practice)))
    blocks += _lineage(words, view)
    blocks += _review(words, view)
    blocks += [Paragraph(line) for line in _next(words, view, sign)]
    return Reply(tuple(blocks))


def _reason(words: Words, practice: Practice) -> Inline:
    if practice.state is PracticeState.RETIRED:
        return words.say("Retired, because: {why}", why=Text(practice.reason))
    return words.say("A reviewer needs to know: {what}", what=Text(practice.reason))


def _about(words: Words, view: View) -> Inline:
    practice = view.practice
    parts: list[Inline] = [
        (Text(view.city),) if view.city else words.say("city not known yet"),
        *_whom_to_ask(words, practice.author),
        (Emphasis(words.text(STATES[practice.state])),),
        (Text(words.date(view.day)),),
    ]
    if practice.language:
        parts.append((Text(words.language_name(practice.language)),))
    if view.source:
        parts.append((view.source,))
    line: Inline = ()
    for place, part in enumerate(parts):
        line = join(line, " · " if place else "", part)
    return line


def _whom_to_ask(words: Words, author: Person) -> list[Inline]:
    """Nobody, where its author's traces were erased and it stays under the city's name."""
    known = author.user_id != NOBODY
    return [words.say("ask {author}", author=author.display_name)] if known else []


def _value(practice: Practice, field: PracticeField) -> str:
    """What a field says; the organisation is its author's, if it is not said."""
    told = practice.text(field)
    return told or (practice.author.organisation if field is F.ORGANISATION else "")


def _optional(words: Words, view: View, field: PracticeField) -> Inline:
    value = _value(view.practice, field)
    shown: Inline = (Text(value),)
    if field in CHOICES and value in CHOICES[field]:
        shown = words.say(CHOICES[field][value])
    elif field is F.LINK and value.startswith(("https://", "http://")) and " " not in value:
        shown = (Link(value, value),)
    elif field is F.CHARTER:
        texts = view.commitments or {}
        shown = (Text("; ".join(f"{t} {texts.get(t, '')}".strip() for t in value.split(", "))),)
    elif field is F.BASED_ON and view.parent:
        shown = _kin(view.parent)
    return join(Strong(words.text(LABELS[field])), ": ", shown)


def _kin(kin: Kin) -> Inline:
    named: Inline = (kin.card,) if kin.card else (Strong(kin.name),)
    return join(named, " ", Text(" · ".join(part for part in (kin.title, kin.city) if part)))


def _lineage(words: Words, view: View) -> list[Block]:
    if not view.taken and not view.children:
        return []
    lines = [_taken(words, each) for each in view.taken]
    lines += [(words.say("Led to {practice}", practice=_kin(kin)),) for kin in view.children]
    head = words.say("Where it went:")
    return [Paragraph(head), Items(tuple(lines))]


def _taken(words: Words, taken: Taken) -> tuple[Inline, ...]:
    transfer = taken.transfer
    named: Inline = (taken.card,) if taken.card else (Strong(transfer.name),)
    state = words.text(TRANSFER_STATES[transfer.state])
    parts = [taken.city, state]
    if transfer.degree and transfer.state is not TransferState.STOPPED:
        parts.append(words.text(DEGREES[transfer.degree]))
    head = join(named, " ", Text(" · ".join(parts)))
    if not taken.told:
        return (head,)
    if transfer.state is TransferState.STOPPED:
        return (head, words.say("Stopped, because: {why}", why=Text(taken.told)))
    return (head, words.say("What they changed: {told}", told=Text(taken.told)))


def _review(words: Words, view: View) -> list[Block]:
    if not view.answers:
        return []
    blocks: list[Block] = [Paragraph(words.say("What reviewers say:"))]
    lines: list[tuple[Inline, ...]] = []
    for question in ReviewQuestion:
        given = [(one, city) for one, city in view.answers if one.question is question]
        if not given:
            continue
        head = words.say(QUESTIONS[question])
        if question in view.reviewed.disagree:
            head = join(head, " ", (Emphasis(words.text("They disagree.")),))
        lines.append((head, *(_opinion(words, one, city) for one, city in given)))
    blocks.append(Items(tuple(lines)))
    return blocks


def _opinion(words: Words, answer: ReviewAnswer, city: str) -> Inline:
    who = words.text("facilitator") if answer.facilitator else city
    name = f"{answer.reviewer.display_name}, {who}" if who else answer.reviewer.display_name
    said = words.text(VERDICTS[answer.verdict])
    line = join(Text(name), ": ", Strong(said))
    return join(line, " – ", Text(answer.text)) if answer.text else line


def _next(words: Words, view: View, sign: str) -> list[Inline]:
    """What is missing, and what a reader can do."""
    practice = view.practice
    answers = {field: practice.text(field) for field in FIVE}
    lacking = missing(answers, FIVE)
    lines: list[Inline] = []
    if lacking and practice.state is not PracticeState.RETIRED:
        still = words.say("Still missing: {fields}.", fields=field_names(words, lacking))
        if any(excess(field, answers[field]) for field in lacking):
            still = join(still, " ", words.say("(Some of it is too long yet.)"))
        lines.append(still)
    if practice.state in (PracticeState.CAPTURED, PracticeState.DRAFT):
        lines.append(
            words.say("{edit} goes on with it.", edit=Code(f"{sign}practice edit {practice.name}"))
            if missing(answers, FOR_SHARING)
            else words.say(
                "{share} shares it.", share=Code(f"{sign}practice edit {practice.name} share")
            )
        )
    elif practice.state is not PracticeState.RETIRED:
        lines.append(
            words.say(
                "Questions and experiences go into this thread. {transfer} says that your city is"
                " looking at it.",
                transfer=Code(f"{sign}practice transfer {practice.name}"),
            )
        )
    return lines

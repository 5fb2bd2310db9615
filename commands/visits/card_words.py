"""The words of the living card: dates while they are asked, then what was decided."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from commands.dates.reader import Span
from commands.dates.rules import Choice
from commands.reply import Block, Code, Heading, Inline, Paragraph, Reply, Strong, items, join
from commands.visits.replies import STATES, Named, headline
from commands.visits.tally_words import dates
from commands.words import Words


@dataclass(frozen=True, slots=True)
class Card:
    """A visit as its room sees it, pinned."""

    visit: Named
    state: str
    names: Mapping[str, str]  # of parties, by key
    choice: Choice | None = None
    deadline: datetime | None = None
    silent: tuple[str, ...] = ()  # names
    decided: Span | None = None
    comes: tuple[str, ...] = ()  # names, once it is decided
    place: str = ""
    online: datetime | None = None
    override: str = ""
    tasks: tuple[tuple[str, str, date | None, bool], ...] = ()  # text, owner, due, done
    agenda: tuple[tuple[date | None, str, str], ...] = ()  # day, text, what it cites
    delegations: tuple[tuple[str, int], ...] = ()
    travel: tuple[str, ...] = ()


def card(words: Words, given: Card) -> Reply:
    blocks: list[Block] = [Heading(headline(words, given.visit))]
    if given.decided is not None:
        blocks += _decided(words, given)
    else:
        blocks.append(Paragraph(_state_line(words, given)))
        if given.choice is not None:
            blocks.append(dates(words, given.choice, given.names))
        if given.silent and given.state in ("polling", "asking"):
            who = words.listing(list(given.silent))
            blocks.append(Paragraph(words.say("Not answered yet: {who}", who=who)))
        if given.state == "polling":
            blocks.append(
                Paragraph(
                    words.say(
                        "Answer in the polls in this thread, with {vote}, or with 1️⃣ 2️⃣ … here"
                        " (yes). The latest counts.",
                        vote=Code(f"{given.visit.sign}vote {given.visit.name} 1 yes 2 maybe 3 no"),
                    )
                )
            )
    return Reply(tuple(blocks))


def _state_line(words: Words, given: Card) -> Inline:
    if given.state == "polling" and given.deadline is not None:
        return words.say(
            "Which dates suit you? Until {moment}.", moment=words.moment(given.deadline)
        )
    return words.say(STATES[given.state])


def _decided(words: Words, given: Card) -> list[Block]:
    assert given.decided is not None
    lines: list[Inline] = []
    if given.online is not None:
        lines.append(words.say("Online, on {moment}", moment=words.moment(given.online)))
    if given.place:
        lines.append(words.say("Where: {place}", place=given.place))
    if given.comes:
        lines.append(words.say("Who comes: {who}", who=words.listing(list(given.comes))))
    for city, count in given.delegations:
        lines.append(
            words.plural(
                "{city} sends {number} person", "{city} sends {number} people", count, city=city
            )
        )
    if given.override:
        lines.append(words.say("Decided all the same, because: {why}", why=given.override))
    lines += [words.say("Travel: {text}", text=text) for text in given.travel]
    day = words.days(given.decided.start, given.decided.last)
    blocks: list[Block] = [Paragraph(join(Strong(day), ". ", words.say(STATES[given.state])))]
    if lines:
        blocks.append(items(*lines))
    if given.agenda:
        blocks.append(Heading(words.say("Agenda")))
        blocks.append(items(*(_agenda_line(words, *session) for session in given.agenda)))
    if given.tasks:
        blocks.append(Heading(words.say("Checklist")))
        blocks.append(items(*(_task(words, *task) for task in given.tasks), ordered=True))
    return blocks


def _agenda_line(words: Words, when: date | None, text: str, cites: str) -> Inline:
    shown = Strong(text) if text else words.say("(taken back)")
    told = join(shown) if when is None else join(words.days(when, when), ": ", shown)
    return join(told, " · ", words.say("builds on {name}", name=cites)) if cites else told


def _task(words: Words, text: str, owner: str, due: date | None, done: bool) -> Inline:
    mark = "☑ " if done else "☐ "
    shown: Inline = join(text) if text else words.say("(taken back)")
    if due is not None and not done:
        return join(mark, shown, " · ", owner, " · ", words.days(due, due))
    return join(mark, shown, " · ", owner)

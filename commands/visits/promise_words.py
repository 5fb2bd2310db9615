"""The words about what came of a visit: notes, report, recommendations, and who took what on."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from commands.reply import (
    Block,
    Code,
    Heading,
    Inline,
    Mention,
    MessageLink,
    Paragraph,
    Quote,
    Reply,
    Strong,
    items,
    join,
    paragraphs,
)
from commands.visits.replies import Named, headline, named_in_turn
from commands.words import N_, Words

PROGRESS = {
    "open": N_("not begun"),
    "started": N_("under way"),
    "done": N_("done"),
    "dropped": N_("dropped"),
}
VERDICTS = {
    "made": N_("not answered yet"),
    "accepted": N_("accepted"),
    "declined": N_("declined"),
}


@dataclass(frozen=True, slots=True)
class Advice:
    """A recommendation as it is shown."""

    name: str  # "R-3"
    text: str  # "" once its message was taken back
    city: str
    author: str
    verdict: str
    why: str = ""
    source: MessageLink | None = None


@dataclass(frozen=True, slots=True)
class Task:
    """A promise as it is shown."""

    name: str  # "A-7"
    text: str
    owner: str
    progress: str
    city: str = ""
    due: date | None = None
    overdue: bool = False
    why: str = ""
    source: MessageLink | None = None


def advice_line(words: Words, one: Advice) -> Inline:
    told = join(
        Strong(one.name), " ", _text(words, one.text), " · ", one.city, " · ",
        words.say(VERDICTS[one.verdict]),
    )  # fmt: skip
    return _with_source(words, join(told, ": ", one.why) if one.why else told, one.source)


def task_line(words: Words, one: Task) -> Inline:
    told = join(
        Strong(one.name), " ", _text(words, one.text), " · ", one.owner, " · ",
        words.say(PROGRESS[one.progress]),
    )  # fmt: skip
    if one.due is not None and one.progress in ("open", "started"):
        day = words.days(one.due, one.due)
        shown = words.say("overdue since {day}", day=day) if one.overdue else words.say(
            "due {day}", day=day
        )  # fmt: skip
        told = join(told, " · ", shown)
    if one.why:
        told = join(told, " · ", words.say("because: {why}", why=one.why))
    return _with_source(words, told, one.source)


def _text(words: Words, text: str) -> Inline:
    return join(text) if text else words.say("(taken back)")


def _with_source(words: Words, told: Inline, source: MessageLink | None) -> Inline:
    return told if source is None else join(told, " · ", source)


def source_word(words: Words) -> str:
    """What a link to the message behind something is called."""
    return words.text("where it was said")


# ── the day after ─────────────────────────────────────────────────────────────────────────────


def how_was_it(words: Words, visit: Named, who: Sequence[Mention]) -> Reply:
    shown = headline(words, visit)
    asked = (
        words.say("{visit}: how was it, {who}?", visit=shown, who=named_in_turn(who))
        if who
        else words.say("{visit}: how was it?", visit=shown)
    )
    return paragraphs(
        asked,
        words.say(
            "Write your notes here in this thread, each as it comes: what worked, what did not,"
            " what you take home. {report} makes a report of them; {recommend} adds a"
            " recommendation.",
            report=visit.command("report"),
            recommend=Code(f"{visit.sign}recommend {visit.name} …"),
        ),
    )


@dataclass(frozen=True, slots=True)
class Note:
    """What somebody noted."""

    text: str
    author: str
    city: str
    source: MessageLink | None = None


@dataclass(frozen=True, slots=True)
class Report:
    """A visit's report, as far as it is."""

    visit: Named
    days: tuple[date, date]
    cities: tuple[str, ...]  # that came
    people: int  # in the delegations, by their numbers
    notes: tuple[Note, ...]
    advice: tuple[Advice, ...]
    tasks: tuple[Task, ...]
    checked: tuple[str, ...]  # cities that have confirmed it
    waiting: tuple[str, ...]
    final: bool
    cites: tuple[str, ...] = ()  # names of what its agenda built on


def report(words: Words, given: Report) -> Reply:
    """Their own words, each with its message: nothing is summed up by a machine."""
    day = words.days(*given.days)
    lines: list[Inline] = [words.say("When: {days}", days=day)]
    if given.cities:
        lines.append(words.say("Who came: {cities}", cities=words.listing(list(given.cities))))
    if given.people:
        lines.append(
            words.plural("{number} person in the delegations", "{number} people in the delegations",
                         given.people)
        )  # fmt: skip
    if given.cites:
        lines.append(words.say("It builds on {names}", names=words.listing(list(given.cites))))
    state = words.say("Report, final") if given.final else words.say("Report, a draft")
    blocks: list[Block] = [
        Heading(join(headline(words, given.visit), " · ", state)),
        items(*lines),
    ]
    for note in given.notes:
        who = join(note.author, f" ({note.city})" if note.city else "")
        blocks.append(Paragraph(_with_source(words, who, note.source)))
        blocks.append(Quote(_text(words, note.text)))
    if not given.notes:
        blocks.append(Paragraph(words.say("Nobody has noted anything yet.")))
    if given.advice:
        blocks.append(Heading(words.say("Recommendations")))
        blocks.append(items(*(advice_line(words, one) for one in given.advice)))
    if given.tasks:
        blocks.append(Heading(words.say("Promised")))
        blocks.append(items(*(task_line(words, one) for one in given.tasks)))
    if not given.final:
        blocks.append(Paragraph(_asks(words, given)))
    return Reply(tuple(blocks))


def _asks(words: Words, given: Report) -> Inline:
    waiting = words.listing(list(given.waiting))
    told = words.say(
        "Is it right? {host} checks the facts and the guests the recommendations: ✅ here, or write"
        " what to change into this thread.",
        host=given.visit.host,
    )
    if not given.waiting:
        return told
    return join(told, " ", words.say("Still to confirm: {cities}.", cities=waiting))


def report_final(words: Words, visit: Named) -> Reply:
    return paragraphs(
        words.say("{visit}: the report is final. Thank you!", visit=headline(words, visit))
    )


def too_early(words: Words, visit: Named) -> Reply:
    return paragraphs(words.say("{visit} has not taken place yet.", visit=headline(words, visit)))


# ── recommendations and promises ──────────────────────────────────────────────────────────────


def noted_advice(words: Words, one: Advice, sign: str) -> Reply:
    return paragraphs(
        advice_line(words, one),
        words.say(
            "{city} answers with {accept} or {decline}; {action} makes it somebody's task.",
            city=one.city,
            accept=Code(f"{sign}recommend accept {one.name}"),
            decline=Code(f"{sign}recommend decline {one.name} …"),
            action=Code(f"{sign}action add {one.name} …"),
        ),
    )


def judged(words: Words, one: Advice) -> Reply:
    if one.verdict == "declined":
        return paragraphs(
            advice_line(words, one), words.say("A no with a reason helps the others, too.")
        )
    return paragraphs(advice_line(words, one))


def noted_task(words: Words, one: Task, sign: str) -> Reply:
    return paragraphs(
        task_line(words, one),
        words.say(
            "Later: {start}, {done} or {drop}.",
            start=Code(f"{sign}action start {one.name}"),
            done=Code(f"{sign}action done {one.name}"),
            drop=Code(f"{sign}action drop {one.name} …"),
        ),
    )


def task_changed(words: Words, one: Task) -> Reply:
    match one.progress:
        case "done":
            return paragraphs(task_line(words, one), words.say("Well done, thank you!"))
        case "dropped":
            return paragraphs(
                task_line(words, one),
                words.say("Dropped with a reason is fine; it stays visible, so others can learn."),
            )
        case _:
            return paragraphs(task_line(words, one))


def task_list(words: Words, tasks: Sequence[Task], sign: str) -> Reply:
    if not tasks:
        return paragraphs(
            words.say("Nothing is promised here."),
            words.say("{add} notes what somebody takes on.", add=Code(f"{sign}action add …")),
        )
    return Reply((items(*(task_line(words, one) for one in tasks)),))


def unknown_number(words: Words, typed: str, example: str) -> Reply:
    return paragraphs(
        words.say(
            "I don't know {typed} here. {example} shows what there is.",
            typed=Code(typed),
            example=Code(example),
        )
    )


def not_your_task(words: Words, name: str) -> Reply:
    return paragraphs(
        words.say(
            "{name} is for its owner, the city's lead and coordinators. One of them can say so.",
            name=name,
        )
    )


def not_your_city(words: Words, city: str) -> Reply:
    return paragraphs(words.say("That is for the people of {city} to say.", city=city))


def not_a_name(words: Words, typed: str) -> Reply:
    return paragraphs(
        words.say(
            "I can't read {typed} as the name of something. For example {example}, a practice.",
            typed=Code(typed),
            example=Code("P-12"),
        )
    )


def no_text(words: Words, example: str) -> Reply:
    return paragraphs(words.say("What is it? For example {example}.", example=Code(example)))


def is_due(words: Words, one: Task) -> Reply:
    """To its owner, in the direct chat."""
    return paragraphs(
        task_line(words, one),
        words.say(
            "How does it stand? {done}, {start}, or {drop} with the reason.",
            done=Code(f"action done {one.name}"),
            start=Code(f"action start {one.name}"),
            drop=Code(f"action drop {one.name} …"),
        ),
        words.say("🔕 here ends these reminders."),
    )


def muted(words: Words, name: str) -> Reply:
    return paragraphs(words.say("{name}: no more reminders. It stays on the list.", name=name))


def review(
    words: Words,
    visit: Named,
    advice: Sequence[Advice],
    tasks: Sequence[Task],
    who: Sequence[Mention],
) -> Reply:
    """Ten weeks later: what became of it."""
    told = words.say("{visit}, ten weeks later: what came of it?", visit=headline(words, visit))
    blocks: list[Block] = [Paragraph(told)]
    if advice:
        blocks.append(items(*(advice_line(words, one) for one in advice)))
    if tasks:
        blocks.append(items(*(task_line(words, one) for one in tasks)))
    if not advice and not tasks:
        blocks.append(Paragraph(words.say("Nothing was recommended or promised.")))
    names: Inline = ()
    for place, one in enumerate(who):
        names = join(names, ", " if place else "", one)
    if names:
        blocks.append(Paragraph(words.say("Done, under way, or dropped? {who}", who=names)))
    return Reply(tuple(blocks))


# ── checklist, agenda, delegations, travel ────────────────────────────────────────────────────


def usual_tasks(words: Words) -> list[tuple[str, int]]:
    """What every visit needs, and how many days before."""
    return [
        (words.text("Agenda agreed"), 28),
        (words.text("Travel facts and hotels sent to the guests"), 21),
        (words.text("Each city has said who comes"), 14),
        (words.text("Interpreters, access and meals arranged"), 7),
    ]


def line_noted(words: Words, visit: Named, number: int | None) -> Reply:
    if number is None:
        return paragraphs(words.say("{name}: noted on the card.", name=visit.name))
    return paragraphs(
        words.say(
            "{name}: noted on the card as {number}. {done} ticks it off.",
            name=visit.name,
            number=number,
            done=visit.command("done", f" {number}"),
        )
    )


def ticked(words: Words, visit: Named, text: str, left: int) -> Reply:
    return paragraphs(
        words.plural(
            "{name}: “{text}” is done. {number} is left.",
            "{name}: “{text}” is done. {number} are left.",
            left,
            name=visit.name,
            text=text,
        )
    )


def delegation_noted(words: Words, visit: Named, city: str, count: int) -> Reply:
    return paragraphs(
        words.plural(
            "{name}: {city} sends {number} person. The room is told the number, never the names.",
            "{name}: {city} sends {number} people. The room is told the number, never the names.",
            count,
            name=visit.name,
            city=city,
        )
    )

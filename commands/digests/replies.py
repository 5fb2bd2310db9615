"""The words of digests: their lines and reasons, the draft, and what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from commands.digests.line_words import joined, line
from commands.digests.rules import Digest, LeftOut, Line, Section
from commands.reply import (
    Block,
    Code,
    Emphasis,
    Heading,
    Inline,
    Items,
    Mention,
    MessageLink,
    Paragraph,
    Part,
    Reply,
    Strong,
    Text,
    join,
    paragraphs,
)
from commands.words import N_, Words

SECTIONS = {
    Section.QUESTIONS: N_("Unanswered questions"),
    Section.DECIDE: N_("Decide this week"),
    Section.VISITS: N_("Visits and exchanges"),
    Section.PROMISES: N_("Promises"),
    Section.PRACTICES: N_("Practices and who takes them up"),
    Section.FINDINGS: N_("Findings"),
    Section.QUIET: N_("Quiet cities, maybe ring (only you see this)"),
    Section.HOUSEKEEPING: N_("Housekeeping"),
}
LEFT_OUT = {
    LeftOut.OVER: (N_("{number} more line"), N_("{number} more lines")),
    LeftOut.OFF_TOPIC: (N_("{number} thread off topic"), N_("{number} threads off topic")),
    LeftOut.WITHHELD: (
        N_("{number} message by people who are not archived"),
        N_("{number} messages by people who are not archived"),
    ),
    LeftOut.TAKEN_BACK: (
        N_("{number} message that was taken back"),
        N_("{number} messages that were taken back"),
    ),
    LeftOut.TOO_FRESH: (
        N_("{number} question too fresh to worry about"),
        N_("{number} questions too fresh to worry about"),
    ),
    LeftOut.DROPPED: (
        N_("{number} line that a coordinator took out"),
        N_("{number} lines that a coordinator took out"),
    ),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A digest with what it takes to show it."""

    digest: Digest
    title: str  # of the cluster; the community's name
    since: datetime  # local
    until: datetime  # local
    links: Mapping[str, MessageLink] = field(default_factory=dict)  # by the key of the line
    late_for: datetime | None = None  # local: when it had been due, if it comes late
    long: bool = False  # it covers clearly more than a week


# ── the whole ─────────────────────────────────────────────────────────────────────────────────


def digest(words: Words, shown: Shown) -> Reply:
    """What members read; a quiet week is one line."""
    told = shown.digest.for_members()
    late = _late(words, shown)
    if told.quiet:
        return paragraphs(join(words.say("A quiet week: nothing new."), *late))
    blocks: list[Block] = [Heading(_title(words, shown)), Paragraph(_lead(words, told, late))]
    blocks += _sections(words, told, shown.links)
    blocks += _left_out(words, told)
    return Reply(tuple(blocks))


def _title(words: Words, shown: Shown) -> Inline:
    if shown.long:
        return words.say(
            "{title}: what happened since {day}",
            title=shown.title,
            day=words.date(shown.since.date()),
        )
    return words.say(
        "{title}: the week until {day}", title=shown.title, day=words.date(shown.until.date())
    )


def _late(words: Words, shown: Shown) -> list[Inline | str]:
    if shown.late_for is None:
        return []
    return [
        " ",
        words.say(
            "This comes late: it was due on {when}, and I was away.",
            when=words.moment(shown.late_for),
        ),
    ]


def _lead(words: Words, told: Digest, late: Sequence[Inline | str]) -> Inline:
    """The week in one breath, for who reads no further."""
    count = {section: sum(1 for one in told.lines if one.section is section) for section in Section}
    parts = []
    if count[Section.QUESTIONS]:
        parts.append(
            words.plural(
                "{number} question waits for an answer",
                "{number} questions wait for an answer",
                count[Section.QUESTIONS],
            )
        )
    if count[Section.DECIDE]:
        parts.append(
            words.plural(
                "{number} thing to decide", "{number} things to decide", count[Section.DECIDE]
            )
        )
    rest = len(told.lines) - count[Section.QUESTIONS] - count[Section.DECIDE]
    if rest:
        parts.append(words.plural("{number} piece of news", "{number} pieces of news", rest))
    return join(joined(parts), ".", *late)


def _sections(
    words: Words, told: Digest, links: Mapping[str, MessageLink], *, numbered: bool = False
) -> list[Block]:
    blocks: list[Block] = []
    numbers = {one.key: number for number, one in told.numbered()}
    for section in Section:
        here = [one for one in told.lines if one.section is section]
        if here:
            blocks.append(Paragraph((Strong(words.text(SECTIONS[section])),)))
            blocks.append(
                Items(
                    tuple((_marked(words, one, links),) for one in here),
                    ordered=numbered,
                    start=numbers[here[0].key],
                )
            )
    return blocks


def _marked(words: Words, one: Line, links: Mapping[str, MessageLink]) -> Inline:
    told = line(words, one, links)
    if one.staff and one.section is not Section.QUIET:
        told = join(told, " · ", words.say("only you see this"))
    return join("🗑️ ", told) if one.dropped else told


def _left_out(words: Words, told: Digest) -> list[Block]:
    parts = [words.plural(*LEFT_OUT[why], number) for why, number in told.left_out.items()]
    if not parts:
        return []
    return [Paragraph((Emphasis(_plain(words.say("Left out: {what}.", what=joined(parts)))),))]


def _plain(line: Inline) -> str:
    return "".join(getattr(part, "text", "") for part in line)


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a draft."""

    state: str = "draft"
    by: str = ""
    at: datetime | None = None  # local
    sends_at: datetime | None = None  # local: it sends itself then
    for_whom: tuple[Mention, ...] = ()


def draft(words: Words, shown: Shown, status: Status) -> Reply:
    """What coordinators read: every line with its number, and what they may do."""
    head = words.say("Draft · {title}", title=_title(words, shown))
    blocks: list[Block] = [Heading(head)]
    if status.for_whom:
        pieces: list[Inline | Part | str] = []
        for place, who in enumerate(status.for_whom):
            pieces += [", ", who] if place else [who]
        blocks.append(Paragraph(words.say("For {people}.", people=join(*pieces))))
    if shown.digest.quiet:
        blocks.append(Paragraph(join(words.say("A quiet week: nothing new."))))
    if shown.late_for is not None:
        blocks.append(Paragraph(join(*_late(words, shown)[1:])))
    blocks += _sections(words, shown.digest, shown.links, numbered=True)
    blocks += _left_out(words, shown.digest)
    blocks.append(Paragraph(_what_to_do(words, status)))
    return Reply(tuple(blocks))


def _what_to_do(words: Words, status: Status) -> Inline:
    when = "" if status.at is None else words.moment(status.at)
    match status.state:
        case "sent" if status.by:
            return words.say(
                "👍 Sent by {who} on {when}. A line can still be put right: reply"
                " with its number and the new words.",
                who=status.by,
                when=when,
            )
        case "sent":
            return words.say(
                "👍 Sent by itself on {when}. A line can still be put right: reply"
                " with its number and the new words.",
                when=when,
            )
        case "skipped":
            return words.say(
                "⏭️ {who} skipped it on {when}. Take ⏭️ back, and it is a draft again.",
                who=status.by,
                when=when,
            )
        case "replaced":
            return words.say("A newer draft has taken its place.")
        case _ if status.sends_at is not None:
            return words.say(
                "👍 sends it, else it goes out by itself on {when} · ✏️ edits: reply “3: the new"
                " words” · 🗑️ drops: reply “drop 3” · ⏭️ skips this week",
                when=words.moment(status.sends_at),
            )
        case _:
            return words.say(
                "👍 sends it · ✏️ edits: reply “3: the new words” · 🗑️ drops: reply “drop 3”"
                " · ⏭️ skips this week. Nothing goes out unless you say so."
            )


def preview(words: Words, shown: Shown, *, staff: bool) -> Reply:
    """How it would read now; nothing is drafted or sent."""
    seen = shown.digest if staff else shown.digest.for_members()
    blocks: list[Block] = [Paragraph(words.say("This is how the digest would read now:"))]
    if seen.quiet:
        blocks.append(Paragraph(words.say("A quiet week: nothing new.")))
    if not seen.quiet or staff:
        blocks += _sections(words, seen, shown.links)
        blocks += _left_out(words, seen)
    return Reply(tuple(blocks))


# ── what becomes of it ────────────────────────────────────────────────────────────────────────


def not_yours(words: Words, title: str) -> Reply:
    return paragraphs(words.say("The digest of {title} is for its own coordinators.", title=title))


def which_line(words: Words, lines: int, *, drop: bool) -> Reply:
    if drop:
        say = words.say(
            "Which line? Reply {example}, or tap its number (1 to {last}).",
            example=Code("drop 3"),
            last=lines,
        )
    else:
        say = words.say(
            "Which line, and what shall it say? Reply {example} (1 to {last}).",
            example=Code(f"3: {words.text('the new words')}"),
            last=lines,
        )
    return paragraphs(say)


def no_such_line(words: Words, number: int, lines: int) -> Reply:
    return paragraphs(
        words.plural(
            "There is no line {wanted}: the draft has {number}.",
            "There is no line {wanted}: the draft has {number}, counted from the top.",
            lines,
            wanted=number,
        )
    )


def was_replaced(words: Words, title: str) -> Reply:
    return paragraphs(
        words.say("That draft of {title} is over: a newer one has taken its place.", title=title)
    )


def was_sent(words: Words, title: str, when: datetime) -> Reply:
    return paragraphs(
        words.say(
            "The digest of {title} was sent on {when}. What is wrong in it can be put right: reply"
            " to the draft with the number of the line and the new words.",
            title=title,
            when=words.moment(when),
        )
    )


def sent(words: Words, title: str) -> Reply:
    return paragraphs(words.say("The digest of {title} is on its way.", title=title))


def skipped(words: Words, title: str) -> Reply:
    return paragraphs(
        words.say("{title} has no digest this week. The next one tells of both.", title=title)
    )


def no_room(words: Words, title: str) -> Reply:
    return paragraphs(
        words.say("I am not in the room of {title}, so its digest can't go there.", title=title)
    )


def no_draft(words: Words, title: str, when: datetime | None, preview_: str) -> Reply:
    if when is None:
        line = words.say("{title} has no draft, and none is planned.", title=title)
    else:
        line = words.say(
            "{title} has no draft now. The next comes on {when}.",
            title=title,
            when=words.moment(when),
        )
    more = words.say("{command} shows how it would read.", command=Code(preview_))
    return paragraphs(join(line, " ", more))


def which_digest(words: Words, titles: Sequence[str], example: str) -> Reply:
    return paragraphs(
        words.say(
            "Which one? There are {titles}. For instance: {example}",
            titles=words.listing(list(titles)),
            example=Code(example),
        )
    )


@dataclass(frozen=True, slots=True)
class Plan:
    """When the digests of a cluster come."""

    title: str
    next_draft: datetime | None  # local; None: none is planned
    sends_at: datetime | None  # local; None: a coordinator sends it
    paused_until: datetime | None = None  # local


def schedule(words: Words, plans: Sequence[Plan], sign: str) -> Reply:
    lines = []
    for plan in plans:
        if plan.next_draft is None:
            said = words.say("{title}: paused", title=Strong(plan.title))
        elif plan.sends_at is None:
            said = words.say(
                "{title}: drafted on {when}, sent by you",
                title=Strong(plan.title),
                when=words.moment(plan.next_draft),
            )
        else:
            said = words.say(
                "{title}: drafted on {when}, goes out by itself at {at}",
                title=Strong(plan.title),
                when=words.moment(plan.next_draft),
                at=words.clock(plan.sends_at),
            )
        lines.append((said,))
    more = words.say(
        "{automatic} lets it go out by itself, {by_hand} leaves it to you.",
        automatic=Code(f"{sign}digest schedule automatic"),
        by_hand=Code(f"{sign}digest schedule by-hand"),
    )
    return Reply((Items(tuple(lines)), Paragraph(more)))


# ── of one's own ──────────────────────────────────────────────────────────────────────────────


def own_on(words: Words, when: datetime, sign: str) -> Reply:
    return paragraphs(
        words.say(
            "You get five lines of your own here, the next on {when}, and nothing when there is"
            " nothing. {example} changes the hour, {off} ends it.",
            when=words.moment(when),
            example=Code(f"{sign}digest me 07:30"),
            off=Code(f"{sign}digest me off"),
        )
    )


def own_off(words: Words, sign: str) -> Reply:
    return paragraphs(
        words.say(
            "You get no digest of your own. {on} brings it back.", on=Code(f"{sign}digest me on")
        )
    )


def unread_hour(words: Words, typed: str, example: str) -> Reply:
    return paragraphs(
        words.say(
            "I can't read {typed} as an hour. For instance: {example}",
            typed=Text(typed),
            example=Code(example),
        )
    )


OWN_TITLES = {
    "member": N_("Your week"),
    "city": N_("{city}: your city's week"),
    "project": N_("All clusters: what needs you"),
}


def own(words: Words, shown: Shown, edition: str, sign: str) -> Reply:
    """Five lines, what needs the reader first."""
    head = words.say(OWN_TITLES[edition], city=shown.title)
    lines = tuple((line(words, one, shown.links),) for one in shown.digest.lines)
    blocks: list[Block] = [Heading(head), Items(lines)]
    over = shown.digest.left_out.get(LeftOut.OVER, 0)
    if over:
        blocks.append(Paragraph(words.plural(*LEFT_OUT[LeftOut.OVER], over)))
    off = words.say("{off} ends these.", off=Code(f"{sign}digest me off"))
    return Reply((*blocks, Paragraph(off)))

"""The words of what becomes of a decided visit: moved, cancelled, online, soon."""

from collections.abc import Sequence
from datetime import datetime

from commands.dates.reader import Span
from commands.reply import Code, Inline, Mention, Paragraph, Reply, Strong, join, paragraphs
from commands.visits.replies import Named, headline, named_in_turn, numbered
from commands.words import Words


def moved(
    words: Words,
    visit: Named,
    before: Span,
    now: Span,
    who: Sequence[Mention],
    stand: Sequence[str] = (),
) -> Reply:
    """who: whose answer to the new days is not known; stand: whose yes holds for them, too."""
    lines = [
        words.say(
            "{visit} is moved from {before} to {now}.",
            visit=headline(words, visit),
            before=words.days(before.start, before.last),
            now=Strong(words.days(now.start, now.last)),
        )
    ]
    if stand:
        lines.append(words.say("As they said before: {who} can come.", who=words.listing([*stand])))
    if who:
        lines.append(words.say("Can you still come? {who}", who=named_in_turn(who)))
    return paragraphs(*lines)


def nobody_asked_anew(words: Words, visit: Named) -> Reply:
    """To who wants people reminded of a visit that is decided."""
    return paragraphs(
        words.say(
            "{name} is decided, and nobody’s answer is awaited: there is nobody to remind.",
            name=visit.name,
        )
    )


def still_coming(words: Words, visit: Named, span: Span) -> Reply:
    """To somebody who was asked again after a move and is silent, in their direct chat."""
    return paragraphs(
        words.say(
            "{visit} was moved to {days}, and your answer is still missing: can you still come?",
            visit=headline(words, visit),
            days=Strong(words.days(span.start, span.last)),
        ),
        words.say(
            "Write {one} or {other} here.",
            one=Code(f"vote {visit.name} yes"),
            other=Code(f"vote {visit.name} no"),
        ),
        words.say("🔕 here ends these reminders."),
    )


def card_anew(words: Words, visit: Named) -> Reply:
    """Why a card that was deleted stands there again."""
    return paragraphs(
        words.say(
            "The card of {name} was deleted; this is it once more. {cancel} calls the visit off.",
            name=visit.name,
            cancel=visit.command("cancel"),
        )
    )


def not_coming(
    words: Words, visit: Named, who: Sequence[str], span: Span, asked: Mention | None = None
) -> Reply:
    """The date is decided: a late no is asked about before it is taken."""
    told = words.say(
        "{name} is decided, {days}. Shall I mark {who} as not coming? ✅ here says yes.",
        name=visit.name,
        days=Strong(words.days(span.start, span.last)),
        who=words.listing(list(who)),
    )
    return paragraphs(told if asked is None else join(asked, ": ", told))


def attendance(words: Words, visit: Named, who: Sequence[str], *, comes: bool) -> Reply:
    names = words.listing(list(who))
    if not who:
        return paragraphs(
            words.say("Noted for {name}. I don't know which city you speak for.", name=visit.name)
        )
    if comes:
        return paragraphs(
            words.plural(
                "Noted: {who} comes to {name}.",
                "Noted: {who} come to {name}.",
                len(who),
                who=names,
                name=visit.name,
            )
        )
    return paragraphs(
        words.plural(
            "Noted: {who} does not come to {name}.",
            "Noted: {who} do not come to {name}.",
            len(who),
            who=names,
            name=visit.name,
        )
    )


def lost(words: Words, visit: Named, who: str, deciders: Sequence[Mention]) -> Reply:
    """Somebody who must be there cannot any more."""
    lines = [
        words.say(
            "{name}: {who} must come and no longer can. {move} or {reopen} finds another date.",
            name=visit.name,
            who=who,
            move=visit.command("move", " …"),
            reopen=visit.command("reopen", " …"),
        )
    ]
    if deciders:
        lines.append(words.say("It is yours to decide: {who}", who=named_in_turn(deciders)))
    return paragraphs(*lines)


def cancelled(words: Words, visit: Named, why: str, freed: Sequence[Mention]) -> Reply:
    """freed: who had kept the days free."""
    lines = [words.say("{visit} is cancelled.", visit=headline(words, visit))]
    if why:
        lines.append(words.say("Because: {why}", why=why))
    return paragraphs(*lines, *_free_again(words, freed))


def postponed(words: Words, visit: Named, freed: Sequence[Mention]) -> Reply:
    return paragraphs(
        words.say("{visit} is postponed.", visit=headline(words, visit)),
        *_free_again(words, freed),
        words.say("{reopen} asks about new dates.", reopen=visit.command("reopen", " …")),
    )


def _free_again(words: Words, who: Sequence[Mention]) -> list[Inline]:
    if not who:
        return []
    return [words.say("You need not keep these days free any more: {who}", who=named_in_turn(who))]


def online(words: Words, visit: Named, at: datetime) -> Reply:
    return paragraphs(
        words.say(
            "{visit} is held online, on {moment}.",
            visit=headline(words, visit),
            moment=Strong(words.moment(at)),
        )
    )


def host_changed(words: Words, visit: Named) -> Reply:
    return paragraphs(
        words.say("{name}: {host} is the host now.", name=visit.name, host=visit.host)
    )


def soon(
    words: Words, visit: Named, days: int, span: Span, undone: Sequence[tuple[int, str]]
) -> Reply:
    """So many days before a visit: what is still to do, under its numbers on the checklist."""
    told = words.plural(
        "{visit} is in {number} day, {days}.",
        "{visit} is in {number} days, {days}.",
        days,
        visit=headline(words, visit),
        days=words.days(span.start, span.last),
    )
    if not undone:
        return paragraphs(told)
    return Reply(
        (
            Paragraph(join(told, " ", words.say("Still to do:"))),
            *numbered([(number, join(task)) for number, task in undone]),
            Paragraph(
                words.say("{done} ticks one off.", done=visit.command("done", f" {undone[0][0]}"))
            ),
        )
    )

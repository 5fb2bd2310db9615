"""The words of what becomes of a decided visit: moved, cancelled, online, soon."""

from collections.abc import Sequence
from datetime import datetime

from commands.dates.reader import Span
from commands.reply import Inline, Mention, Paragraph, Reply, Strong, items, join, paragraphs
from commands.visits.replies import Named, headline
from commands.words import Words


def moved(words: Words, visit: Named, before: Span, now: Span, who: Sequence[Mention]) -> Reply:
    names: Inline = ()
    for place, one in enumerate(who):
        names = join(names, ", " if place else "", one)
    lines = [
        words.say(
            "{visit} is moved from {before} to {now}.",
            visit=headline(words, visit),
            before=words.days(before.start, before.last),
            now=Strong(words.days(now.start, now.last)),
        )
    ]
    if names:
        lines.append(words.say("Can you still come? {who}", who=names))
    return paragraphs(*lines)


def cancelled(words: Words, visit: Named, why: str) -> Reply:
    told = words.say("{visit} is cancelled.", visit=headline(words, visit))
    if not why:
        return paragraphs(told)
    return paragraphs(told, words.say("Because: {why}", why=why))


def postponed(words: Words, visit: Named) -> Reply:
    return paragraphs(
        words.say("{visit} is postponed.", visit=headline(words, visit)),
        words.say("{reopen} asks about new dates.", reopen=visit.command("reopen", " …")),
    )


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


def soon(words: Words, visit: Named, days: int, span: Span, undone: Sequence[str]) -> Reply:
    """So many days before a visit: what is still to do."""
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
            items(*((join(one)) for one in undone)),
        )
    )

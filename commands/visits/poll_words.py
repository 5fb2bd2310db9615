"""The words of asking: polls, receipts, reminders, and what is said to a vote that is too late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from commands.dates.reader import Span
from commands.dates.rules import Value
from commands.reply import (
    Code,
    Inline,
    Items,
    Mention,
    Paragraph,
    Reply,
    Strong,
    join,
    paragraphs,
)
from commands.visits.replies import Named, headline, numbered
from commands.visits.tally_words import SIGNS, VALUES
from commands.words import Words


def unread_vote(words: Words, typed: str, numbers: Sequence[int], sign: str) -> Reply:
    known = words.listing([str(number) for number in numbers])
    return paragraphs(
        words.say("I can't read {typed} as an answer.", typed=Code(typed)),
        words.say(
            "The dates are {numbers}. Write {one} or {other}.",
            numbers=known,
            one=Code(f"{sign}vote 1 yes 2 maybe 3 no"),
            other=Code(f"{sign}vote yes 1 3"),
        ),
    )


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is written down of one vote."""

    visit: Named
    parties: tuple[str, ...]  # names of those it counts for
    said: tuple[tuple[int, Value], ...]  # all that counts of this person now
    deadline: datetime
    by_proxy: bool = False


def receipt(words: Words, given: Receipt) -> Reply:
    said = "  ".join(f"{number} {SIGNS[value]}" for number, value in given.said)
    if not given.parties:
        return paragraphs(
            words.say("Noted, {name}: {said}", name=given.visit.name, said=said),
            words.say(
                "I don't know which city you speak for, so it is not counted. A coordinator can"
                " tell me, or {example} says it.",
                example=Code(
                    f"{given.visit.sign}vote {given.visit.name} city:{given.visit.host} …"
                ),
            ),
        )
    return paragraphs(
        words.say(
            "Noted for {who}: {said}. You can change it until {deadline}.",
            who=words.listing(list(given.parties)),
            said=said,
            deadline=words.moment(given.deadline),
        )
    )


def not_asked(words: Words, visit: Named, typed: Sequence[int], asked: Sequence[int]) -> Reply:
    """Those who must come refused a date, or it was closed before the others."""
    return paragraphs(
        words.plural(
            "Date {typed} of {name} is not asked about any more.",
            "Dates {typed} of {name} are not asked about any more.",
            len(typed),
            typed=words.listing([str(number) for number in typed]),
            name=visit.name,
        ),
        words.plural(
            "Still asked: date {numbers}.",
            "Still asked: dates {numbers}.",
            len(asked),
            numbers=words.listing([str(number) for number in asked]),
        ),
    )


def vote_too_late(words: Words, visit: Named, closed: datetime) -> Reply:
    return paragraphs(
        words.say(
            "The dates of {name} closed on {moment}.", name=visit.name, moment=words.moment(closed)
        ),
        words.say("{reopen} asks again.", reopen=visit.command("reopen")),
    )


def extended(words: Words, visit: Named, who: Sequence[Mention | str], until: datetime) -> Reply:
    """Once, because a required party is silent and a date hangs on it."""
    names: Inline = ()
    for place, one in enumerate(who):
        names = join(names, ", " if place else "", one)
    return paragraphs(
        words.say(
            "{name} waits once more, until {moment}: a date hangs on the answer of {who}.",
            name=visit.name,
            moment=words.moment(until),
            who=names,
        )
    )


def please_answer(words: Words, visit: Named, who: Sequence[Mention]) -> Reply:
    """Under the card, so that a poll rings at all: homeservers let polls notify nobody."""
    names: Inline = ()
    for place, one in enumerate(who):
        names = join(names, ", " if place else "", one)
    return paragraphs(
        words.say("Please answer for your city: {who}. One tap a date will do.", who=names)
    )


def poll_question(words: Words, span: Span, number: int) -> str:
    return words.text(
        "{number}. {days}: can your city come?",
        number=number,
        days=words.days(span.start, span.last),
    )


def poll_answers(words: Words) -> dict[Value, str]:
    return {value: words.text(text) for value, text in VALUES.items()}


def withdrawn(words: Words, visit: Named, number: int, span: Span) -> Reply:
    return paragraphs(
        words.say(
            "{name}: date {number}, {days}, is withdrawn, for its poll was deleted. {reopen} asks"
            " about another.",
            name=visit.name,
            number=number,
            days=Strong(words.days(span.start, span.last)),
            reopen=visit.command("reopen", " …"),
        )
    )


def both_stand(words: Words, person: str, number: int, earlier: Value, latest: Value) -> Reply:
    """Somebody tapped two answers to one date, and took neither back."""
    return paragraphs(
        words.say(
            "{person}: {earlier} and {latest} both stand on date {number}. The latest counts:"
            " {latest}.",
            person=person,
            earlier=SIGNS[earlier],
            latest=SIGNS[latest],
            number=number,
        )
    )


def poll_over(words: Words, visit: Named) -> str:
    return words.text("The dates of {name} are being counted.", name=visit.name)


def _numbered(words: Words, dates: Sequence[tuple[int, Span]]) -> list[Items]:
    return numbered([(n, (Strong(words.days(span.start, span.last)),)) for n, span in dates])


def reminder(
    words: Words, visit: Named, dates: Sequence[tuple[int, Span]], until: datetime
) -> Reply:
    """To somebody whose city has not answered, in their direct chat."""
    return Reply(
        (
            Paragraph(
                words.say(
                    "{visit}: your answer is still missing, and dates close on {moment}.",
                    visit=headline(words, visit),
                    moment=words.moment(until),
                )
            ),
            *_numbered(words, dates),
            Paragraph(
                words.say(
                    "Write {one} or {other} here.",
                    one=Code(f"vote {visit.name} 1 yes 2 maybe"),
                    other=Code(f"vote {visit.name} yes 1"),
                )
            ),
            Paragraph(words.say("🔕 here ends these reminders.")),
        )
    )


def you_speak(
    words: Words,
    visit: Named,
    city: str,
    asker: str,
    dates: Sequence[tuple[int, Span]],
    until: datetime,
) -> Reply:
    """To whom somebody has named to answer for a city, in their direct chat."""
    return Reply(
        (
            Paragraph(
                words.say(
                    "{visit}: {asker} asks you to answer for {city}, until {moment}.",
                    visit=headline(words, visit),
                    asker=asker,
                    city=city,
                    moment=words.moment(until),
                )
            ),
            *_numbered(words, dates),
            Paragraph(
                words.say("Write {one} here.", one=Code(f"vote {visit.name} 1 yes 2 maybe 3 no"))
            ),
        )
    )


def muted(words: Words, name: str) -> Reply:
    return paragraphs(
        words.say("{name}: no more reminders for you. You can still answer.", name=name)
    )


def asked_first(
    words: Words, visit: Named, dates: Sequence[tuple[int, Span]], until: datetime
) -> Reply:
    """To those who must come, before the room hears of any date."""
    return Reply(
        (
            Paragraph(
                words.say(
                    "{visit}. You are asked first, until {moment}: a date that you refuse never"
                    " reaches the room.",
                    visit=headline(words, visit),
                    moment=words.moment(until),
                )
            ),
            *_numbered(words, dates),
            Paragraph(
                words.say("Write {one} here.", one=Code(f"vote {visit.name} 1 yes 2 maybe 3 no"))
            ),
        )
    )


def none_left(words: Words, visit: Named, who: Sequence[str]) -> Reply:
    """Those asked first refused every date."""
    return paragraphs(
        words.say(
            "{visit}: no date suits all who must come ({who}).",
            visit=headline(words, visit),
            who=words.listing(list(who)),
        ),
        words.say("{reopen} asks about others.", reopen=visit.command("reopen", " …")),
    )


def reminded(words: Words, visit: Named, count: int, left: Sequence[str]) -> Reply:
    """left: whose answer is missing, and who are not told: often enough, or nobody is there."""
    if count:
        said = words.plural(
            "{name}: {number} person is reminded, in the direct chat.",
            "{name}: {number} people are reminded, in their direct chats.",
            count,
            name=visit.name,
        )
    elif left:
        said = words.say("{name}: I have nobody left to remind.", name=visit.name)
    else:
        said = words.say("{name}: everybody who was asked has answered.", name=visit.name)
    if not left:
        return paragraphs(said)
    missing = words.say(
        "Still missing, without a reminder from me: {names}. A word from you may do more.",
        names=words.listing([*left]),
    )
    return paragraphs(said, missing)

"""The words about reviews: three questions, who has answered, what is still needed."""

from collections.abc import Sequence

from commands.practices.card import QUESTIONS
from commands.practices.rules import Reviewed
from commands.reply import Code, Inline, Reply, Strong, Text, join, paragraphs
from commands.words import Words
from storage.records import Practice, ReviewQuestion


def question(words: Words, asked: ReviewQuestion, before: Sequence[Inline] = ()) -> Reply:
    """One of the three questions."""
    order = list(ReviewQuestion)
    line = join(Strong(f"{order.index(asked) + 1}/{len(order)}"), " ", words.say(QUESTIONS[asked]))
    how = words.say(
        "Begin with {yes}, {partly} or {no}, and add what you like.",
        yes=Code("yes"),
        partly=Code("partly"),
        no=Code("no"),
    )
    return paragraphs(*before, line if asked is not order[0] else join(line, " ", how))


def begins(words: Words, practice: Practice, title: str) -> Inline:
    return words.say(
        "Three questions about {name} {title}: one minute, no marks. Your answers stand on its"
        " card, under your name.",
        name=Strong(practice.name),
        title=Text(title),
    )


def begin_with_a_verdict(words: Words) -> Inline:
    return words.say(
        "Please begin with {yes}, {partly} or {no}.",
        yes=Code("yes"),
        partly=Code("partly"),
        no=Code("no"),
    )


def thanks(words: Words, practice: Practice) -> Reply:
    return paragraphs(
        words.say("Thank you! Your answers stand on the card of {name}.", name=practice.name)
    )


def later(words: Words, practice: Practice, sign: str) -> Reply:
    """The reviewer stopped in the middle."""
    return paragraphs(
        words.say(
            "All right. What you have answered is kept; {review} goes on.",
            review=Code(f"{sign}practice review {practice.name}"),
        )
    )


def opened(words: Words, practice: Practice, sign: str) -> Reply:
    """Its owner asks for a review."""
    return paragraphs(
        words.say(
            "{name} is under review. Two peers of two other cities and the facilitator say"
            " {review}; then {publish} publishes it.",
            name=Strong(practice.name),
            review=Code(f"{sign}practice review {practice.name}"),
            publish=Code(f"{sign}practice publish {practice.name}"),
        )
    )


def own_city(words: Words, practice: Practice) -> Reply:
    return paragraphs(
        words.say(
            "{name} is your own city's. Peers of other cities review it; its author,"
            " {author}, opens that.",
            name=practice.name,
            author=practice.author.display_name,
        )
    )


def no_city(words: Words, sign: str) -> Reply:
    """Peers are counted by city, and nobody knows this one's."""
    return paragraphs(
        words.say(
            "I don't know your city yet, and it is cities that speak here. A coordinator can tell"
            " me, with {command}.",
            command=Code(f"{sign}member set"),
        )
    )


def needs_what(words: Words, practice: Practice, sign: str) -> Reply:
    return paragraphs(
        words.say(
            "What is missing? {command}",
            command=Code(f"{sign}practice review {practice.name} needs …"),
        )
    )


def asked(words: Words, practice: Practice) -> Reply:
    return paragraphs(
        words.say(
            "{name} waits for that; I tell {author}.",
            name=practice.name,
            author=practice.author.display_name,
        )
    )


def please_add(words: Words, practice: Practice, by: str, what: str) -> Reply:
    """To the author: a reviewer needs to know more."""
    return paragraphs(
        words.say(
            "{by} has read {name} and needs to know: {what}",
            by=Strong(by),
            name=Strong(practice.name),
            what=Text(what),
        ),
        words.say(
            "{edit} adds it, and the review goes on.",
            edit=Code(f"practice edit {practice.name}"),
        ),
    )


def supplied(words: Words, practice: Practice) -> Reply:
    """To the reviewer who asked."""
    return paragraphs(
        words.say(
            "{name} has been added to, as you asked. {show} shows it, {review} is the review.",
            name=Strong(practice.name),
            show=Code(f"practice show {practice.name}"),
            review=Code(f"practice review {practice.name}"),
        )
    )


def told_author(
    words: Words, practice: Practice, by: str, city: str, reviewed: Reviewed, *, lacking: bool
) -> Reply:
    """Somebody has answered all three questions about somebody's practice."""
    who = f"{by}, {city}" if city else by
    line = words.say("{who} has reviewed {name}.", who=Strong(who), name=Strong(practice.name))
    if not reviewed.complete:
        return paragraphs(line)
    following = (
        words.say(
            "That makes the review complete. To publish it, it still needs some answers: {edit}.",
            edit=Code(f"practice edit {practice.name}"),
        )
        if lacking
        else words.say(
            "That makes the review complete: {publish} publishes it.",
            publish=Code(f"practice publish {practice.name}"),
        )
    )
    return paragraphs(join(line, " ", following))

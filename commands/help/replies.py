"""The words of `!help`."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.reply import Block, Code, Inline, Items, Paragraph, Reply, join, paragraphs
from commands.words import Words


@dataclass(frozen=True, slots=True)
class Line:
    """One group of commands that share their first word."""

    usage: str  # of the group's first command, as typed
    summary: str  # untranslated
    more: tuple[str, ...] = ()  # names of the group's others, as typed


@dataclass(frozen=True, slots=True)
class Card:
    """All about one command; texts of the declaration are untranslated."""

    usage: str
    summary: str
    example: str
    aliases: tuple[str, ...]
    who: str
    private: bool
    more: tuple[str, ...]
    options: tuple[tuple[str, str], ...] = ()  # "first:", and what it does, untranslated
    typed: tuple[tuple[str, str], ...] = ()  # what else may be typed, and its meaning, untranslated


def overview(words: Words, lines: Sequence[Line], *, help_: str, direct: bool) -> Reply:
    """help_: how to ask about one command, as typed."""
    blocks: list[Block] = [
        Paragraph(words.say("You can ask me:")),
        Items(tuple((_line(words, line),) for line in lines)),
        Paragraph(words.say("More about one of them: {example}", example=Code(help_))),
    ]
    if not direct:
        blocks.append(Paragraph(words.say("In our direct chat you can leave out the sign.")))
    return Reply(tuple(blocks))


def _line(words: Words, line: Line) -> Inline:
    said = join(Code(line.usage), " · ", words.say(line.summary))
    if not line.more:
        return said
    return join(said, " ", words.say("Also {others}.", others=_codes(line.more)))


def _codes(names: Sequence[str]) -> Inline:
    parts: Inline = (Code(names[0]),)
    for name in names[1:]:
        parts = join(parts, ", ", Code(name))
    return parts


def about(words: Words, card: Card) -> Reply:
    lines: list[Inline] = [
        join(Code(card.usage), " · ", words.say(card.summary)),
        words.say("For example: {example}", example=Code(card.example)),
        *(join(Code(key), " · ", words.say(does)) for key, does in card.options),
    ]
    if card.aliases:
        lines.append(words.say("Also as {names}.", names=_codes(card.aliases)))
    if card.more:
        lines.append(words.say("See also {names}.", names=_codes(card.more)))
    match card.who:
        case "coordinators":
            lines.append(words.say("For coordinators."))
        case "room admins":
            lines.append(words.say("For room admins and coordinators."))
        case "operators":
            lines.append(words.say("For operators."))
    if card.private:
        lines.append(words.say("The answer comes to our direct chat."))
    told = paragraphs(*lines)
    if not card.typed:
        return told
    typed = Items(tuple((join(Code(one), " · ", words.say(does)),) for one, does in card.typed))
    return Reply((*told.blocks, Paragraph(words.say("You may type:")), typed))


def unknown(words: Words, asked: str, suggestion: str | None, help_: str) -> Reply:
    if suggestion is None:
        return paragraphs(
            words.say(
                "I don't know {asked}. {help} shows what you can ask me.",
                asked=Code(asked),
                help=Code(help_),
            )
        )
    return paragraphs(
        words.say(
            "I don't know {asked}. Did you mean {suggestion}?",
            asked=Code(asked),
            suggestion=Code(suggestion),
        )
    )

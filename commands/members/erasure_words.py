"""The words of an erasure: what will go, what went, and what others have said."""

from collections.abc import Callable, Mapping, Sequence

from commands.reply import Block, Code, Inline, MessageLink, Paragraph, Reply, items, paragraphs
from commands.words import Words


def preview(words: Words, counts: Mapping[str, int], *, yes: str, keep: str, export: str) -> Reply:
    """Before anything is done: what would go, and how to say so."""
    blocks: list[Block] = [
        Paragraph(words.say("I would erase this of you, for good:")),
        items(*_counted(words, counts)),
        Paragraph(
            words.say(
                "Your city, roles and settings go, too, and nothing you say later is kept until"
                " you want it to be. Messages stay in the rooms themselves: those you can delete"
                " there."
            )
        ),
        Paragraph(
            words.say(
                "{export} gives you a copy first. Within ten minutes, {yes} erases it all.",
                export=Code(export),
                yes=Code(yes),
            )
        ),
    ]
    if counts.get("practices"):
        line = words.say(
            "{keep} leaves your practices standing under your city's name, without yours.",
            keep=Code(keep),
        )
        blocks.append(Paragraph(line))
    return Reply(tuple(blocks))


def begun(words: Words) -> Reply:
    return paragraphs(
        words.say(
            "I am erasing it. From now on nothing that you say is kept. A receipt comes here when"
            " it is done."
        )
    )


def going_on(words: Words) -> Reply:
    return paragraphs(words.say("I am at it already. A receipt comes here when it is done."))


def receipt(
    words: Words,
    counts: Mapping[str, int],
    *,
    named: Sequence[MessageLink],
    more: int,
    present: bool,
    on: str,
) -> Reply:
    """What went. more: messages of others that name the person and are not linked."""
    blocks: list[Block] = [
        Paragraph(words.say("Done. This was erased:")),
        items(*_counted(words, counts)),
    ]
    if named or more:
        blocks.append(
            Paragraph(
                words.plural(
                    "{number} message of others names you. Those words are theirs: ask them, or a"
                    " coordinator, to change or delete it.",
                    "{number} messages of others name you. Those words are theirs: ask them, or a"
                    " coordinator, to change or delete them.",
                    len(named) + more,
                )
            )
        )
    if named:
        blocks.append(items(*((link,) for link in named)))
    stays = (
        words.say(
            "Your address and name stay for as long as you are in a room of ours: without them I"
            " could not answer you. After that a check value is all that is left."
        )
        if present
        else words.say("Of your address only a check value is left.")
    )
    blocks.append(Paragraph(stays))
    blocks.append(
        Paragraph(
            words.say(
                "The last traces of what was erased leave my disk within a quarter of an hour, on"
                " a database server by tomorrow. Nothing you say is kept, until you say {on}.",
                on=Code(on),
            )
        )
    )
    return Reply(tuple(blocks))


def _counted(words: Words, counts: Mapping[str, int]) -> list[Inline]:
    """A line for each kind of which there is any."""
    kinds: dict[str, Callable[[int], Inline]] = {
        "messages": lambda n: words.plural("{number} message", "{number} messages", n),
        "edits": lambda n: words.plural("{number} earlier version", "{number} earlier versions", n),
        "files": lambda n: words.plural(
            "what is known of {number} file", "what is known of {number} files", n
        ),
        "reactions": lambda n: words.plural("{number} reaction", "{number} reactions", n),
        "practices": lambda n: words.plural("{number} practice", "{number} practices", n),
        "kept": lambda n: words.plural(
            "your name on {number} practice, which stays under your city's",
            "your name on {number} practices, which stay under your city's",
            n,
        ),
        "reviews": lambda n: words.plural(
            "{number} answer as a reviewer", "{number} answers as a reviewer", n
        ),
        "notes": lambda n: words.plural(
            "{number} entry about a transfer", "{number} entries about transfers", n
        ),
        "votes": lambda n: words.plural("{number} vote on a date", "{number} votes on dates", n),
        "lines": lambda n: words.plural(
            "{number} note about a visit", "{number} notes about visits", n
        ),
        "recommendations": lambda n: words.plural(
            "{number} recommendation", "{number} recommendations", n
        ),
        "promises": lambda n: words.plural(
            "{number} promise in your words", "{number} promises in your words", n
        ),
        "questions": lambda n: words.plural(
            "{number} question that was looked after",
            "{number} questions that were looked after",
            n,
        ),
        "carried": lambda n: words.plural(
            "{number} answer to a question", "{number} answers to questions", n
        ),
        "answers": lambda n: words.plural(
            "{number} answer of mine that repeated you",
            "{number} answers of mine that repeated you",
            n,
        ),
        "unanswered": lambda n: words.plural(
            "{number} thing that waited to be read or answered",
            "{number} things that waited to be read or answered",
            n,
        ),
    }
    lines = [say(counts[name]) for name, say in kinds.items() if counts.get(name)]
    return lines or [words.say("nothing but your address, your name and your settings")]

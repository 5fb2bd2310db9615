"""The words around findings: the report that was asked for, and what is told unasked."""

from collections.abc import Sequence

from commands.doctor.rules import Finding, Level
from commands.reply import Code, Inline, Items, Paragraph, Reply, Strong, Text, join
from commands.words import Words


def report(words: Words, findings: Sequence[Finding]) -> Reply:
    """What is wrong comes in full, what is well in one line."""
    ill = [finding for finding in findings if finding.level is not Level.OK]
    well = [finding.check for finding in findings if finding.level is Level.OK]
    blocks: list[Paragraph | Items] = [Paragraph(_headline(words, findings))]
    if ill:
        blocks.append(_ill(words, ill))
    if well:
        blocks.append(Paragraph(words.say("Fine: {checks}", checks=Code(", ".join(well)))))
    return Reply(tuple(blocks))


def _headline(words: Words, findings: Sequence[Finding]) -> Inline:
    """The whole in a sentence."""
    fail = sum(finding.level is Level.FAIL for finding in findings)
    warn = sum(finding.level is Level.WARN for finding in findings)
    if not fail and not warn:
        return words.say("All is well.")
    lines: list[Inline] = []
    if fail:
        lines.append(words.plural("{number} thing fails.", "{number} things fail.", fail))
    if warn:
        lines.append(
            words.plural("{number} thing needs a look.", "{number} things need a look.", warn)
        )
    return join(lines[0], *(join(" ", line) for line in lines[1:]))


def _ill(words: Words, findings: Sequence[Finding]) -> Items:
    return Items(
        tuple(
            (
                join(Strong(_level_name(words, f.level)), " ", Code(f.check), ": ", Text(f.said)),
                (Text(f.cure),),
            )
            for f in findings
        )
    )


def _level_name(words: Words, level: Level) -> str:
    """A level, as people read it."""
    match level:
        case Level.OK:
            return words.text("ok")
        case Level.WARN:
            return words.text("warning")
        case Level.FAIL:
            return words.text("failure")


def troubles(words: Words, new: Sequence[Finding], mended: Sequence[str]) -> Reply:
    """What is told unasked: what has broken since last time, and what is mended."""
    blocks: list[Paragraph | Items] = []
    if new:
        blocks.append(
            Paragraph(words.say("Something is broken. I go on with everything else meanwhile."))
        )
        blocks.append(Items(tuple(((Text(f.said),), (Text(f.cure),)) for f in new)))
    if mended:
        blocks.append(Paragraph(words.say("This is mended, and needs nobody any more:")))
        blocks.append(Items(tuple(((Text(said),),) for said in mended)))
    return Reply(tuple(blocks))

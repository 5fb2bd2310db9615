"""The member guide, generated: `python -m commands.guide > docs/member-guide.md`."""

import sys
from collections.abc import Sequence

from commands.arguments import explained, shape
from commands.catalogue import CATALOGUE
from commands.command import AnyCommand
from commands.permissions import Who
from commands.search.handlers import SEARCH
from commands.words import N_, Words, words_in

PREFIX = "!"

TITLES = {
    Who.EVERYONE: N_("For everyone"),
    Who.ROOM_ADMINS: N_("For room admins and coordinators"),
    Who.COORDINATORS: N_("For coordinators"),
    Who.OPERATORS: N_("For operators"),
}


def guide(commands: Sequence[AnyCommand], words: Words) -> str:
    """The guide in Markdown."""
    parts = [f"# {words.text('What you can ask Moothall')}", *_how_to_talk(words)]
    for who, title in TITLES.items():
        listed = [command for command in commands if command.who is who]
        if listed:
            parts.append(f"## {words.text(title)}")
            parts += [_card(command, words) for command in listed]
    return "\n\n".join([*parts, *_how_to_search(words)]) + "\n"


def _how_to_search(words: Words) -> list[str]:
    lines = [f"- `{typed}`: {words.text(meaning)}" for typed, meaning in SEARCH.typed]
    return [
        f"## {words.text('How to search')}",
        words.text("After {search} you may type:", search=f"`{PREFIX}search`"),
        "\n".join(lines),
    ]


def _how_to_talk(words: Words) -> list[str]:
    mention = "`@moothall whoami`"
    return [
        words.text(
            "Write a command in any room that Moothall is in: `{prefix}whoami`. A mention will do,"
            " too: {mention}. In your direct chat with Moothall you can leave out the sign:"
            " `whoami`. Slashes are accepted where your app lets them through: `/whoami`,"
            " `//whoami`.",
            prefix=PREFIX,
            mention=mention,
        ),
        words.text(
            "The answer comes in the thread of your question. What concerns only you comes to your"
            " direct chat, with ✉️ on your question. If something is missing, Moothall asks for it:"
            " just write the answer, or `cancel`. A typo gets “did you mean”; if you correct your"
            " message, the command is answered again."
        ),
        words.text(
            "A 🔒 on your message means that Moothall could not read it: your app has not sent it"
            " the key yet. When the key comes, the answer comes, too; if it does not, write the"
            " message once more."
        ),
        words.text(
            "In the lines below, `<…>` has to be there and `[…]` may be left out. Names of several"
            " words need no quotation marks where they come last."
        ),
    ]


def _card(command: AnyCommand, words: Words) -> str:
    usage = f"{PREFIX}{command.name} {shape(command.arguments, words)}".strip()
    summary = words.text(command.summary)
    lines = [
        f"### `{usage}`",
        f"{summary[:1].upper()}{summary[1:]}.",
        words.text("For example: `{example}`", example=f"{PREFIX}{command.example}"),
    ]
    options = [f"- `{key}` {words.text(does)}" for key, does in explained(command.arguments)]
    if options:
        lines.append("\n".join(options))
    if command.aliases:
        names = words.listing([f"`{PREFIX}{alias}`" for alias in command.aliases])
        lines.append(words.text("Also as {names}.", names=names))
    if command.private:
        lines.append(words.text("The answer comes to your direct chat."))
    return "\n\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(guide(CATALOGUE, words_in("en")))

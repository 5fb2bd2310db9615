"""`!help`: generated from the catalogue, and only what the asker may use."""

import difflib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from commands.arguments import explained, optional, shape, text_to_end
from commands.command import AnyCommand, Call, Command
from commands.context import Context
from commands.help import replies
from commands.posts import Posts
from commands.reply import Reply
from commands.rights import is_allowed
from commands.words import N_, Words


@dataclass(frozen=True, slots=True)
class Help:
    topic: str | None = optional(text_to_end, default=None, hint=N_("command"))


def help_about(catalogue: Callable[[], Sequence[AnyCommand]]) -> Command[Help]:
    """The help command; it asks for the catalogue when it is called, being itself part of it."""

    def show_help(call: Call[Help], context: Context) -> Posts:
        allowed = [each for each in catalogue() if is_allowed(each, call.asker, call.room, context)]
        sign = call.sign
        topic = call.arguments.topic
        if topic is None:
            lines = _lines(allowed, sign, call.words)
            help_ = f"{sign}help search"
            return call.answer(replies.overview(call.words, lines, help_=help_, direct=call.direct))
        return call.answer(_about(topic, allowed, sign, call.words, call.prefix))

    return Command(
        name="help",
        aliases=("commands",),
        arguments=Help,
        handler=show_help,
        summary=N_("what you can ask me, or one command with an example"),
        example="help search",
    )


def usage(command: AnyCommand, sign: str, words: Words) -> str:
    """How a command is typed."""
    return f"{sign}{command.name} {shape(command.arguments, words)}".strip()


def _lines(commands: Sequence[AnyCommand], sign: str, words: Words) -> list[replies.Line]:
    groups: dict[str, list[AnyCommand]] = {}
    for command in commands:
        groups.setdefault(command.name.split()[0], []).append(command)
    return [
        replies.Line(
            usage=usage(first, sign, words),
            summary=first.summary,
            more=tuple(f"{sign}{each.name}" for each in others),
        )
        for first, *others in groups.values()
    ]


def _about(
    topic: str, commands: Sequence[AnyCommand], sign: str, words: Words, prefix: str
) -> Reply:
    asked = " ".join(topic.casefold().removeprefix(prefix).removeprefix("/").split())
    names = {name: each for each in commands for name in (each.name, *each.aliases)}
    group = [each for each in commands if each.name.split()[0] == asked]
    found = names.get(asked) or (group[0] if group else None)
    if found is not None:
        others = [each for each in group if each is not found]
        return replies.about(
            words,
            replies.Card(
                usage=usage(found, sign, words),
                summary=found.summary,
                example=f"{sign}{found.example}",
                aliases=tuple(f"{sign}{alias}" for alias in found.aliases),
                who=found.who.value,
                private=found.private,
                more=tuple(f"{sign}{each.name}" for each in others),
                options=explained(found.arguments),
                typed=found.typed,
            ),
        )
    close = difflib.get_close_matches(asked, names, n=1, cutoff=0.7)
    suggestion = f"{sign}help {names[close[0]].name}" if close else None
    return replies.unknown(words, topic, suggestion, f"{sign}help")

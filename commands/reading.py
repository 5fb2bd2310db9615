"""From words to a command: whether we are meant, which command it is, and what was given to it."""

import difflib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

from commands.arguments import typed_form
from commands.command import AnyCommand
from commands.events import Said
from storage.records import UserId

# Clients keep a slash for themselves, but pass on what they don't know, or `//`.
SLASHES = ("//", "/")
CLOSE_ENOUGH = 0.75  # of two spellings: "serch" and "search" have 0.9, "hlep" and "help" 0.75
CLOSER = 0.8  # where even the first letter differs: "comment" and "recommend" have 0.75
SHORTEST_TYPO = 3
MOST_WORDS = 2  # of a command's name
CANCEL = "cancel"
INVOCATIONS = ("org.matrix.msc4391.command", "m.bot.command")


@dataclass(frozen=True, slots=True)
class NotForUs:
    """People talking; nothing to answer."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """We were meant, but it is no command."""

    typed: str
    suggestions: tuple[str, ...] = ()  # names of commands, the likeliest first


@dataclass(frozen=True, slots=True)
class Found:
    """A command, and what was typed after its name."""

    command: AnyCommand
    rest: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The words that a question of ours waited for."""

    text: str


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Somebody does not want to answer after all."""


Heard = NotForUs | Unknown | Found | Answer | Cancelled


QUESTION_MARKS = "?;？;"  # the Greek one looks like a semicolon
SHORTEST_QUESTION = 4  # words


def asks_something(body: str) -> bool:
    """Whether talk asks a question that an earlier practice might answer, seen at a glance."""
    text = body.strip()
    if "?" not in text and not text.endswith(tuple(QUESTION_MARKS)):
        return False
    return len(text.split()) >= SHORTEST_QUESTION


class Manner(Enum):
    """How surely it is us who are spoken to."""

    PREFIX = "a prefix: also how people shout"
    NAMED = "our name, as one could also speak about us"
    ADDRESSED = "our name and a colon, as clients write a mention, or the command block"
    ALONE = "in a direct chat"


@dataclass(frozen=True, slots=True)
class _Address:
    text: str
    manner: Manner


def concerns_us(
    said: Said,
    *,
    me: UserId,
    name: str,
    prefix: str,
    direct: bool,
    open_threads: Collection[str],
) -> bool:
    """Whether a message may want an answer: cheap, asked for every message; `read` then decides.

    name: our display name; open_threads: where an answer to a question of ours is awaited.
    """
    if said.msgtype != "m.text" or said.sender == me:
        return False
    if direct or (said.thread_root is not None and said.thread_root in open_threads):
        return True
    return _address(said, me=me, name=name, prefix=prefix) is not None


def read(
    said: Said,
    *,
    me: UserId,
    name: str,
    prefix: str,
    direct: bool,
    awaited: bool,
    catalogue: Sequence[AnyCommand],
    rested: bool = False,
) -> Heard:
    """What a message asks of us.

    awaited: a question of ours to this person, at this place, is open. A command still goes
    before an answer, so nobody is ever stuck in a question.
    rested: it has been open for long. Where no prefix is needed, words that begin like a command
    are one then; while people answer each other, they are an answer.
    """
    if said.msgtype != "m.text" or said.sender == me:
        return NotForUs()
    if said.invocation is not None and me in said.mentions:
        return _invoked(said.invocation, catalogue)
    address = _address(said, me=me, name=name, prefix=prefix)
    if awaited:
        if rested and address is None and direct:
            heard = alone(said.body, catalogue)
            if isinstance(heard, Found):
                return heard
        return _answered(said, address, catalogue)
    if address is None and direct:
        address = _Address(said.body.strip(), Manner.ALONE)
    return NotForUs() if address is None else _look_up(address, catalogue)


def alone(text: str, catalogue: Sequence[AnyCommand]) -> Heard:
    """What words ask of us in a direct chat, where no sign is needed."""
    return _look_up(_Address(text.strip(), Manner.ALONE), catalogue)


def _answered(said: Said, address: _Address | None, catalogue: Sequence[AnyCommand]) -> Heard:
    text = said.body.strip() if address is None else address.text
    if text.casefold().rstrip(".!") == CANCEL:
        return Cancelled()
    if address is not None:
        heard = _look_up(address, catalogue)
        shouted = address.manner is Manner.PREFIX
        if isinstance(heard, Found) or (shouted and isinstance(heard, Unknown)):
            return heard
        text = said.body.strip() if shouted else text
    return Answer(text) if text else NotForUs()


def _invoked(invocation: Mapping[str, Any], catalogue: Sequence[AnyCommand]) -> Heard:
    """The command block of MSC4391: it beats the body, and is read as if it had been typed."""
    name, given = invocation.get("command"), invocation.get("arguments")
    if not isinstance(name, str):
        return NotForUs()
    heard = _look_up(_Address(name, Manner.ADDRESSED), catalogue)
    if not isinstance(heard, Found) or heard.rest or not isinstance(given, Mapping):
        return heard
    return Found(heard.command, typed_form(heard.command.arguments, given))


# ── are we meant? ─────────────────────────────────────────────────────────────────────────────


def _address(said: Said, *, me: UserId, name: str, prefix: str) -> _Address | None:
    """What was said to us, without what made it ours; None if it begins with neither."""
    body = said.body.strip()
    if said.invocation is not None and me in said.mentions:
        return _Address(body, Manner.ADDRESSED)
    for sign in (prefix, *SLASHES):
        if body.startswith(sign):
            text = body[len(sign) :]
            return _Address(text, Manner.PREFIX) if text[:1].isalpha() else None
    return _named(body, me=me, name=name, pill=me in said.mentions)


def _named(body: str, *, me: UserId, name: str, pill: bool) -> _Address | None:
    """A message that begins with our name.

    Element writes `Moothall:  help`, Cinny `@moothall:server  help`; by hand it is
    `@moothall help`. A reply to us mentions us without naming us: that alone is no command.
    """
    local = me[1:].split(":", 1)[0]
    lowered = body.casefold()
    for ours in (me, f"@{name}", name, f"@{local}", local):
        if not ours or not lowered.startswith(ours.casefold()):
            continue
        after = body[len(ours) :]
        text = after.lstrip(":, \t\n")
        if not after or after[0] in ":,\n" or after.startswith("  "):
            return _Address(text, Manner.ADDRESSED)
        if after[0] == " " and (pill or ours.startswith("@")):
            return _Address(text, Manner.NAMED)
    return None


# ── which command? ────────────────────────────────────────────────────────────────────────────

# Words of letters, digits and hyphens: "/etc/hosts", "!!!" and "!=" are none.
_WORD = re.compile(r"\s*([^\W_][\w-]*)(?=$|[\s,.:;!?])")


def _look_up(address: _Address, catalogue: Sequence[AnyCommand]) -> Heard:
    """The command of the longest name that the text begins with, or what was perhaps meant."""
    names = {name: command for command in catalogue for name in (command.name, *command.aliases)}
    words = _first_words(address.text)
    for count in range(len(words), 0, -1):
        typed, end = _joined(words[:count])
        command = names.get(typed)
        if command is not None:
            rest = address.text[end:]
            return _inside_group(command, rest, names) or Found(command, _without_sign(rest))
    suggestions = _suggestions(words, names)
    typed, _end = _joined(words[:1])
    match address.manner:
        case Manner.PREFIX | Manner.NAMED if not suggestions:
            return NotForUs()
        case Manner.ALONE if not suggestions and not any(c.isalpha() for c in address.text):
            return NotForUs()  # "👍", "…", "12"
        case _:
            shown = _joined(words[: len(suggestions[0].split())])[0] if suggestions else typed
            return Unknown(shown, suggestions)


def _first_words(text: str) -> list[tuple[str, int]]:
    """The first words and where each ends, as far as a command's name can reach."""
    words: list[tuple[str, int]] = []
    end = 0
    while len(words) < MOST_WORDS and (match := _WORD.match(text, end)):
        words.append((match[1].casefold(), match.end()))
        end = match.end()
    return words


def _joined(words: Sequence[tuple[str, int]]) -> tuple[str, int]:
    return " ".join(word for word, _end in words), words[-1][1] if words else 0


def _without_sign(rest: str) -> str:
    """What follows the name; a sign right after it, as in "!city: Oslo", belongs to neither."""
    return rest.lstrip(",.:;!?").strip()


def _inside_group(
    command: AnyCommand, rest: str, names: Mapping[str, AnyCommand]
) -> Unknown | None:
    """A misspelt second word: "!privacy archiv on" must not pass as "!privacy"."""
    group = [name for name in names if name.startswith(f"{command.name} ")]
    match = _WORD.match(rest)
    if not group or match is None:
        return None
    typed = f"{command.name} {match[1].casefold()}"
    close = difflib.get_close_matches(typed, group, n=1, cutoff=CLOSE_ENOUGH + 0.1)
    return Unknown(typed, (names[close[0]].name,)) if close else None


def _suggestions(
    words: Sequence[tuple[str, int]], names: Mapping[str, AnyCommand]
) -> tuple[str, ...]:
    """What was perhaps meant. The first word of two alone, or with another second one: all such."""
    if not words:
        return ()
    first = words[0][0]
    group = [name for name in names if name.startswith(f"{first} ")]
    typed, _end = _joined(words)
    if group:
        close = difflib.get_close_matches(typed, group, n=1, cutoff=CLOSE_ENOUGH)
        return tuple(close if close and len(words) > 1 else group)
    if len(first) < SHORTEST_TYPO:
        return ()
    for attempt in dict.fromkeys((typed, first)):
        likely = [name for name in names if (" " in name) == (" " in attempt)]
        if (meant := _misspelt(attempt, likely)) is not None:
            return (names[meant].name,)
    heads = sorted({name.split()[0] for name in names if " " in name})
    head = _misspelt(first, heads)
    return tuple(name for name in names if head and name.startswith(f"{head} "))


def _misspelt(typed: str, words: Sequence[str]) -> str | None:
    """Which of these was meant; few err in the first letter, and other words differ there."""
    alike = [word for word in words if word[0] == typed[0]]
    for group, cutoff in ((alike, CLOSE_ENOUGH), (words, CLOSER)):
        if close := difflib.get_close_matches(typed, group, n=1, cutoff=cutoff):
            return close[0]
    return None

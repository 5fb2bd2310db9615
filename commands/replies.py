"""The words that all commands share: what was not understood, and what to do about it."""

from collections.abc import Sequence
from datetime import datetime

from commands.reply import Code, Inline, Reply, RoomLink, join, paragraphs
from commands.words import N_, Words

FEW = 20  # more names than that are not listed


def _either(words: Words, commands: Sequence[str]) -> Inline:
    """Commands or names, as code, joined by "or"."""
    shown: list[Inline] = [(Code(each),) for each in commands]
    if len(shown) == 1:
        return shown[0]
    line = shown[0]
    for each in shown[1:-1]:
        line = join(line, ", ", each)
    return words.say("{names} or {last}", names=line, last=shown[-1])


# ── commands ──────────────────────────────────────────────────────────────────────────────────


def unknown_command(words: Words, typed: str, suggestions: Sequence[str], help_: str) -> Reply:
    """`suggestions` and `help_` as typed, with their prefix."""
    if suggestions:
        return paragraphs(
            words.say(
                "I don't know {typed}. Did you mean {suggestion}?",
                typed=Code(typed),
                suggestion=_either(words, suggestions),
            )
        )
    return paragraphs(
        words.say("I only understand commands. {help} shows what you can ask me.", help=Code(help_))
    )


ONLY = {
    "room admins": N_("{command} is for the admins of this room. One of them can do it for you."),
    "coordinators": N_("{command} is for coordinators. One of them can do it for you."),
    "operators": N_("{command} is for operators. One of them can do it for you."),
}


def not_allowed(words: Words, command: str, who: str) -> Reply:
    return paragraphs(words.say(ONLY[who], command=Code(command)))


def in_its_room(words: Words, command: str) -> Reply:
    """What only a room's admins may do, asked where there are none: in a direct chat."""
    return paragraphs(
        words.say(
            "{command} concerns one room, so one of its admins says it there.",
            command=Code(command),
        )
    )


NOT_YOURS = {
    "room admins": N_("That is for the admins of this room. One of them can do it for you."),
    "coordinators": N_("That is for coordinators. One of them can do it for you."),
    "operators": N_("That is for operators. One of them can do it for you."),
}


def not_yours(words: Words, who: str) -> Reply:
    """In the middle of a conversation, to whoever has lost the say in it."""
    return paragraphs(words.say(NOT_YOURS[who]))


def too_many(words: Words) -> Reply:
    return paragraphs(
        words.say("That was a lot at once. Give me a minute, then ask again what still matters.")
    )


def not_encrypted(words: Words) -> Reply:
    """A command that came in clear into an encrypted room."""
    return paragraphs(
        words.say(
            "This room is encrypted, and that came in clear: I can't be sure that you said it. "
            "Say it again, encrypted."
        )
    )


def question(words: Words, asked: str) -> Reply:
    """asked: the question of an argument, marked with N_ where it is declared."""
    return paragraphs(
        words.say(asked),
        words.say("Just write the answer here, or {cancel}.", cancel=Code("cancel")),
    )


def cancelled(words: Words) -> Reply:
    return paragraphs(words.say("All right, nothing is done."))


# ── arguments ─────────────────────────────────────────────────────────────────────────────────


def _did_you_mean(words: Words, refusal: Inline, close: Sequence[str]) -> Inline:
    if not close:
        return refusal
    return join(
        refusal, " ", words.say("Did you mean {suggestion}?", suggestion=_either(words, close))
    )


def _known(words: Words, refusal: Inline, close: Sequence[str], every: Sequence[str]) -> Reply:
    if close or not every or len(every) > FEW:
        return paragraphs(_did_you_mean(words, refusal, close))
    return paragraphs(refusal, words.say("I know {names}.", names=words.listing(list(every))))


def unknown_city(words: Words, typed: str, close: Sequence[str], every: Sequence[str]) -> Reply:
    return _known(
        words, words.say("I don't know the city {typed}.", typed=Code(typed)), close, every
    )


def unknown_cluster(words: Words, typed: str, close: Sequence[str], every: Sequence[str]) -> Reply:
    return _known(
        words, words.say("I don't know the cluster {typed}.", typed=Code(typed)), close, every
    )


def unknown_person(words: Words, typed: str) -> Reply:
    return paragraphs(
        words.say("I don't know {typed}.", typed=Code(typed)),
        words.say(
            "People are known once they have joined one of our rooms. Their full address works,"
            " too: {example}.",
            example=Code("@name:server"),
        ),
    )


def ambiguous_person(words: Words, typed: str, addresses: Sequence[str]) -> Reply:
    return paragraphs(
        words.say(
            "More than one person is called {typed}. Use the address: {addresses}.",
            typed=Code(typed),
            addresses=_either(words, addresses),
        )
    )


def unknown_choice(words: Words, typed: str, close: Sequence[str], every: Sequence[str]) -> Reply:
    refusal = words.say("I don't know {typed} here.", typed=Code(typed))
    if close:
        return paragraphs(_did_you_mean(words, refusal, close))
    return paragraphs(
        join(refusal, " ", words.say("It can be {choices}.", choices=_either(words, every)))
    )


def unknown_option(words: Words, key: str, every: Sequence[str]) -> Reply:
    return paragraphs(
        words.say(
            "I don't know {typed} here. It can be {choices}.",
            typed=Code(f"{key}:"),
            choices=_either(words, [f"{each}:" for each in every]),
        )
    )


def unknown_language(words: Words, typed: str, close: Sequence[str]) -> Reply:
    refusal = words.say("I don't know the language {typed}.", typed=Code(typed))
    if close:
        return paragraphs(_did_you_mean(words, refusal, close))
    return paragraphs(
        join(refusal, " ", words.say("A name or a code will do: {code}.", code=Code("de")))
    )


def unknown_time_zone(words: Words, typed: str, close: Sequence[str]) -> Reply:
    refusal = words.say("I don't know the time zone {typed}.", typed=Code(typed))
    if close:
        return paragraphs(_did_you_mean(words, refusal, close))
    return paragraphs(
        join(refusal, " ", words.say("Try one like {zone}.", zone=Code("Europe/Oslo")))
    )


# ── what happens besides commands ─────────────────────────────────────────────────────────────


def took_back(words: Words) -> Reply:
    return paragraphs(
        words.say(
            "I took back an answer: it repeated a message that is gone. Ask again if you need it."
        )
    )


def words_changed(words: Words) -> Reply:
    return paragraphs(
        words.say(
            "I took back an answer: a message that it repeated says something else now. Ask again"
            " if you need it."
        )
    )


def commands_missed(words: Words, count: int, first: datetime, last: datetime) -> Reply:
    """first and last in the community's time zone."""
    lost = words.plural(
        "I was away and did not carry out {number} command.",
        "I was away and did not carry out {number} commands.",
        count,
    )
    when = (
        words.say("It came on {first}.", first=words.moment(first))
        if words.moment(first) == words.moment(last)
        else words.say(
            "They came between {first} and {last}.",
            first=words.moment(first),
            last=words.moment(last),
        )
    )
    return paragraphs(
        join(lost, " ", when, " ", words.say("Please send again what still matters."))
    )


def room_moved(words: Words, there: RoomLink, *, archived: bool) -> Reply:
    moved = words.say("This room has moved: we go on in {there}.", there=there)
    if not archived:
        return paragraphs(moved)
    return paragraphs(join(moved, " ", words.say("Its archive went along.")))


def invitation_declined(words: Words, community: str) -> str:
    """Shown as the reason of leaving, so it is plain text."""
    return words.text(
        "Thank you for asking! I only join rooms of the people of {community}. If you belong to"
        " them, ask a coordinator.",
        community=community,
    )

"""Polls as clients understand them (MSC3381, unstable): read liberally, written exactly."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

START: Final = "org.matrix.msc3381.poll.start"
RESPONSE: Final = "org.matrix.msc3381.poll.response"
END: Final = "org.matrix.msc3381.poll.end"
TEXT: Final = "org.matrix.msc1767.text"
DISCLOSED: Final = "org.matrix.msc3381.poll.disclosed"
# The stable form is read only: no room version of today allows it, and clients break on it.
RESPONSES: Final = frozenset({RESPONSE, "m.poll.response"})
ENDS: Final = frozenset({END, "m.poll.end"})


def start(question: str, answers: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A poll of one choice; answers: their ids and texts. The fallback text has it all."""
    numbered = "\n".join(f"{number}. {text}" for number, (_id, text) in enumerate(answers, 1))
    return {
        START: {
            "question": {TEXT: question, "body": question, "msgtype": "m.text"},
            "kind": DISCLOSED,
            "max_selections": 1,
            "answers": [{"id": id_, TEXT: text} for id_, text in answers],
        },
        TEXT: f"{question}\n{numbered}",
    }


def end(text: str) -> dict[str, Any]:
    """The end of a poll; its relation is added when the start's event is known."""
    return {END: {}, TEXT: text, "body": text, "msgtype": "m.text"}


def answers_of(content: Mapping[str, Any]) -> tuple[str, ...]:
    """The ids that a response names, all of them; none is how a vote is taken back.

    Element leaves the list out altogether then. Anything that is no list of texts is none, too.
    """
    block = content.get(RESPONSE)
    given: Any = block.get("answers") if isinstance(block, Mapping) else None
    if not isinstance(block, Mapping):
        stable = content.get("m.poll.response")
        given = content.get("m.selections")
        given = stable.get("answers") if isinstance(stable, Mapping) else given
    if not isinstance(given, list) or not all(isinstance(one, str) for one in given):
        return ()
    return tuple(given)

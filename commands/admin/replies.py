"""The words for operators."""

from dataclasses import dataclass
from datetime import datetime

from commands.reply import Inline, Paragraph, Reply, items, join
from commands.words import Words


@dataclass(frozen=True, slots=True)
class State:
    """How the hall is doing, in counts."""

    version: str
    unanswered: int
    waiting: int  # to be tried again
    parked: int  # given up, for an operator to look at
    unsent: int
    late: int  # unsent for more than a minute
    failed: int  # refused by the homeserver for good
    rooms: int
    archives: int  # rooms whose archive is on
    messages: int
    threads: int
    last: datetime | None  # newest archived message, in the operator's zone
    gaps: int  # stretches of history still to be fetched
    timers: int
    unindexed: int = 0  # messages that search does not find yet, after an upgrade


def status(words: Words, state: State) -> Reply:
    well = not (state.parked or state.late or state.failed or state.waiting)
    head = (
        words.say("All is well. Moothall {version}", version=state.version)
        if well
        else words.say("Something needs a look. Moothall {version}", version=state.version)
    )
    lines: list[Inline] = [
        join(
            words.say("Inbox: {number} unanswered", number=state.unanswered),
            *_besides(words, state),
        ),
        join(
            words.say("Outbox: {number} unsent", number=state.unsent),
            *_trouble(words, state),
        ),
        join(
            words.plural("{number} room", "{number} rooms", state.rooms),
            ", ",
            words.say("{number} with an archive", number=state.archives),
        ),
        join(
            words.plural("{number} message", "{number} messages", state.messages),
            ", ",
            words.plural("{number} thread", "{number} threads", state.threads),
        ),
        words.plural("{number} timer set", "{number} timers set", state.timers),
    ]
    if state.last is not None:
        lines.append(words.say("Newest message: {time}", time=words.moment(state.last)))
    if state.gaps:
        lines.append(
            words.plural(
                "{number} gap in the history is being filled",
                "{number} gaps in the history are being filled",
                state.gaps,
            )
        )
    if state.unindexed:
        lines.append(
            words.plural(
                "{number} message waits to be indexed anew, newest first",
                "{number} messages wait to be indexed anew, newest first",
                state.unindexed,
            )
        )
    return Reply((Paragraph(head), items(*lines)))


def _besides(words: Words, state: State) -> list[Inline]:
    lines: list[Inline] = []
    if state.waiting:
        lines.append(words.say(", {number} to be tried again", number=state.waiting))
    if state.parked:
        lines.append(words.say(", {number} given up", number=state.parked))
    return lines


def _trouble(words: Words, state: State) -> list[Inline]:
    lines: list[Inline] = []
    if state.late:
        lines.append(words.say(", {number} late", number=state.late))
    if state.failed:
        lines.append(words.say(", {number} refused by the homeserver", number=state.failed))
    return lines

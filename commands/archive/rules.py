"""What a thread comes to, in chosen sentences of it, never new ones; what notice a room has had."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b

from commands.archive.telling import decides, names_day
from storage.records import ArchivedMessage, ArchiveRules, Room, UserId

MOST_POINTS = 3
MOST_QUESTIONS = 3
MOST_DECISIONS = 3
MOST_DAYS = 2
LONGEST = 200  # characters of a sentence that is shown
SHORTEST = 20  # "Thanks!" says nothing to those who were not there


def notice_key(room: Room, rules: ArchiveRules) -> str:
    """The key of a room's archive notice; another one as soon as it has something else to say."""
    told = (rules.controller, rules.contact, rules.kept_for(room), room.encrypted)
    said = repr((*told, rules.media_max_mb) if rules.media else told)
    mark = blake2b(said.encode(), digest_size=6).hexdigest()
    return f"archive/notice/{room.room_id}/{mark}"


# A sentence ends at its sign, in any of our scripts (Greek asks with ";"), or with the line.
_BETWEEN = re.compile(r"(?<=[.!?;…])\s+")
_LAST_WORD = re.compile(r"(\w+)\.\Z")
DAY_DIGITS = 2  # of what may be a day
SHORT_WORD = 3  # letters of what may be shortened: "ca. zehn"
NEAR = 20  # characters on either side of a sign that tell whether a sentence ends there


@dataclass(frozen=True, slots=True)
class Point:
    """A sentence, and the message that says it."""

    sentence: str
    message: ArchivedMessage


@dataclass(frozen=True, slots=True)
class Summary:
    """A thread in its own words."""

    messages: int
    participants: tuple[tuple[str, int], ...]  # name and messages, in the order they came in
    began: datetime
    ended: datetime
    first: Point
    points: tuple[Point, ...]  # in the order they were said
    questions: tuple[Point, ...]  # nobody else has said anything since
    decisions: tuple[Point, ...] = ()  # what was settled, the latest kept
    days: tuple[Point, ...] = ()  # what names a day, and is said nowhere above
    heard: tuple[ArchivedMessage, ...] = ()  # the first message of each participant

    @property
    def chosen(self) -> tuple[Point, ...]:
        """All that it says, in the order that it is shown."""
        return (self.first, *self.decisions, *self.days, *self.points, *self.questions)

    @property
    def quoted(self) -> tuple[ArchivedMessage, ...]:
        """The messages whose words it repeats, and one of each whom it names."""
        chosen = tuple(point.message for point in self.chosen)
        spoken = {message.sender for message in chosen}
        return (*chosen, *(message for message in self.heard if message.sender not in spoken))


def summarise(messages: Sequence[ArchivedMessage]) -> Summary | None:
    """A summary of messages, oldest first; None if no words are left in them."""
    worded = [m for m in messages if m.body and not m.redacted and not m.withheld]
    if not worded:
        return None
    first = Point(shortened(sentences(worded[0].body)[0]), worded[0])
    # Whoever wants no words kept has answered all the same: their placeholder tells that.
    questions = open_questions([m for m in messages if not m.redacted])
    decisions = telling(worded, decides, MOST_DECISIONS, said=[first])
    days = telling(worded, names_day, MOST_DAYS, said=[first, *questions, *decisions])
    taken = {point.message.event_id for point in (*questions, *decisions, *days)}
    later = [m for m in worded[1:] if m.event_id not in taken]
    names = {m.sender: m.sender_name for m in worded}
    counts: Counter[UserId] = Counter(m.sender for m in worded)
    heard = {m.sender: m for m in reversed(worded)}
    return Summary(
        messages=len(worded),
        participants=tuple((names[sender], count) for sender, count in counts.items()),
        began=worded[0].at,
        ended=worded[-1].at,
        first=first,
        points=key_points(later),
        questions=questions,
        decisions=decisions,
        days=days,
        heard=tuple(heard.values()),
    )


def telling(
    messages: Sequence[ArchivedMessage],
    tells: Callable[[str], bool],
    most: int,
    *,
    said: Sequence[Point] = (),
) -> tuple[Point, ...]:
    """The latest sentences that tell something, one a message, in the order they were said.

    said: what stands elsewhere; it is not said twice.
    """
    found: list[Point] = []
    for message in messages:
        told = [s for s in sentences(message.body) if tells(s) and not _is_question(s)]
        points = [Point(shortened(sentence), message) for sentence in told]
        found += [point for point in points if point not in said][-1:]
    return tuple(found[-most:])


def key_points(messages: Sequence[ArchivedMessage]) -> tuple[Point, ...]:
    """The longest sentences of the messages that most people reacted to, else of the longest."""
    telling = [m for m in messages if len(_longest(m.body)) >= SHORTEST]
    chosen = sorted(telling, key=_weight, reverse=True)[:MOST_POINTS]
    kept = {message.event_id for message in chosen}
    return tuple(Point(shortened(_longest(m.body)), m) for m in telling if m.event_id in kept)


def open_questions(messages: Sequence[ArchivedMessage]) -> tuple[Point, ...]:
    """Questions after which nobody else has spoken, the latest kept."""
    found: list[Point] = []
    for place, message in enumerate(messages):
        answered = any(later.sender != message.sender for later in messages[place + 1 :])
        asked = [s for s in sentences(message.body) if _is_question(s)]
        if asked and not answered:
            found.append(Point(shortened(asked[-1]), message))
    return tuple(found[-MOST_QUESTIONS:])


def sentences(text: str) -> list[str]:
    """Sentences in order; text without any is one."""
    found = [part for line in text.splitlines() for part in _of_line(line.strip())]
    return [sentence for sentence in found if sentence] or [text.strip()]


def _of_line(line: str) -> list[str]:
    """Its sentences; the point of "12. März", "z. B." or "kl. 14" ends none."""
    found: list[str] = []
    begins = 0
    for end in _BETWEEN.finditer(line):
        # With the whole line looked at for each sign, "12. 12. 12. …" takes a minute.
        before = line[max(begins, end.start() - NEAR) : end.start()]
        if not _goes_on(before, line[end.end() : end.end() + NEAR]):
            found.append(line[begins : end.start()])
            begins = end.end()
    return [*found, line[begins:]]


def _goes_on(before: str, after: str) -> bool:
    last = _LAST_WORD.search(before)
    if last is None:
        return False
    word = last[1]
    if word.isdecimal():
        return len(word) <= DAY_DIGITS or after.startswith("gad")  # Latvian: "2026. gada"
    return len(word) == 1 or (len(word) <= SHORT_WORD and not after[:1].isupper())


def shortened(sentence: str) -> str:
    """A sentence of at most LONGEST characters, cut between words."""
    flat = " ".join(sentence.split())
    if len(flat) <= LONGEST:
        return flat
    return flat[: LONGEST - 1].rsplit(" ", 1)[0].rstrip(",.;:") + "…"


def _longest(text: str) -> str:
    return max(sentences(text), key=len)


def _weight(message: ArchivedMessage) -> tuple[int, int, str]:
    return (sum(message.reactions.values()), len(message.body), message.event_id)


def _is_question(sentence: str) -> bool:
    greek = any("\u0370" <= letter <= "\u03ff" for letter in sentence)
    return sentence.endswith(("?", "？", "؟", "\u037e")) or (greek and sentence.endswith(";"))

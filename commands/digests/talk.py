"""What a thread was about, from what was made in it, who spoke and, last, a few words."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from commands.digests.cues import FAILED, KEPT_OPEN, KEY_FACTOR, LINK, RISK, VISIT, asks
from storage.records import EventId

AGREEING_CITIES = 3  # that put a mark under what a coordinator sums up
INTRODUCED = 3  # people who say their name and their city
OTHERS_TIME = timedelta(hours=48)  # for another city to answer, before the digest asks for help


class Bucket(StrEnum):
    """Where the digest puts a thread."""

    UNANSWERED = "unanswered"
    ANSWERED_QUESTION = "answered_question"
    NEW_PRACTICE = "new_practice"
    DECISION = "decision"
    VISIT = "visit"
    EXCHANGE = "exchange"
    TRANSFER = "transfer"
    BENCHMARK = "benchmark"
    ACTIONS = "actions"
    LESSON = "lesson"
    RESOURCE = "resource"
    RISK = "risk"
    PEOPLE = "people"
    NONE = "none"


class Made(StrEnum):
    """What somebody made in a thread, by a command or a tap."""

    PRACTICE = "practice"
    DATES = "dates"  # dates of a visit were asked about
    VISIT = "visit"
    EXCHANGE = "exchange"
    TRANSFER = "transfer"
    PROMISE = "promise"
    PROGRESS = "progress"  # a promise was started, done, dropped
    FINDING = "finding"  # noted under a key factor


@dataclass(frozen=True, slots=True)
class Remark:
    """One message of a thread, as far as the rules look at it."""

    event_id: EventId
    name: str  # of its author, as shown
    city: str | None  # its author's, as people call it; None: nobody speaks for a city
    at: datetime
    text: str  # "" if it was taken back, or is not stored
    gone: bool = False  # taken back
    withheld: bool = False  # its author is not archived
    marked_by: frozenset[str] = frozenset()  # cities whose people put an emoji on it
    thanked: bool = False  # the person who asked put ✅ on it
    made: tuple[Made, ...] = ()
    failure: bool = False  # it speaks of a practice that was retired, or a transfer that stopped


@dataclass(frozen=True, slots=True)
class KnownVisit:
    """A visit that is still to come, or not yet reported."""

    host: str  # as people call the city
    start: date | None = None
    last: date | None = None


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread with what the rules may know about it."""

    remarks: tuple[Remark, ...]  # the root first
    visits: tuple[KnownVisit, ...] = ()
    rooted: tuple[Made, ...] = ()  # what its root made, where the root itself is not kept

    @property
    def root(self) -> Remark:
        return self.remarks[0]


OF_MADE = {
    Made.PRACTICE: Bucket.NEW_PRACTICE,
    Made.DATES: Bucket.DECISION,
    Made.VISIT: Bucket.VISIT,
    Made.EXCHANGE: Bucket.EXCHANGE,
    Made.TRANSFER: Bucket.TRANSFER,
    Made.PROMISE: Bucket.DECISION,  # who does what was settled
    Made.PROGRESS: Bucket.ACTIONS,
    Made.FINDING: Bucket.BENCHMARK,
}


def bucket_of(thread: Thread) -> Bucket:
    """What a thread was about; what was made in it goes before what was said."""
    made = [*thread.rooted, *(one for remark in thread.remarks for one in remark.made)]
    of_root = [*thread.rooted, *thread.root.made]
    if Made.DATES in made:
        return Bucket.DECISION
    if of_root:
        return OF_MADE[of_root[0]]
    told = [one for one in made if one is not Made.FINDING]
    if told:
        return OF_MADE[told[0]]
    if introduces_people(thread):
        return Bucket.PEOPLE
    return _of_words(thread)


def _of_words(thread: Thread) -> Bucket:
    text = thread.root.text
    named = named_visits(text, thread.visits)
    if len({visit.host for visit in named}) > 1:
        return Bucket.DECISION  # two hosts in one breath: their visits clash
    if RISK.search(text):
        return Bucket.RISK
    if named:
        return Bucket.VISIT
    if thread.root.failure or FAILED.search(text):
        return Bucket.LESSON
    if KEY_FACTOR.search(text):
        return Bucket.BENCHMARK
    if LINK.search(text) and not asks(text):
        return Bucket.RESOURCE
    if agreed(thread) is not None:
        return Bucket.DECISION
    asked = question_of(thread)
    if asked is None:
        return Bucket.NONE
    return Bucket.ANSWERED_QUESTION if is_answered(thread, asked) else Bucket.UNANSWERED


def introduces_people(thread: Thread) -> bool:
    """A round of introductions: people begin with their own name and their city."""
    return (
        len(
            {
                remark.name
                for remark in thread.remarks
                if remark.city
                and _first_name(remark.name) in (start := remark.text[:60].casefold())
                and remark.city.casefold() in start
            }
        )
        >= INTRODUCED
    )


def _first_name(name: str) -> str:
    return name.split()[0].casefold() if name.split() else name.casefold()


def named_visits(text: str, visits: Sequence[KnownVisit]) -> list[KnownVisit]:
    """The visits that words speak of: by their days ("19-21 May"), or by their hosts.

    A city is named for many reasons: it takes days, or the word itself, to mean its visit.
    """
    by_days = [visit for visit in visits if _has_days(text, visit)]
    if not by_days and not VISIT.search(text):
        return []
    lowered = text.casefold()
    return [one for one in visits if one in by_days or one.host.casefold() in lowered]


def _has_days(text: str, visit: KnownVisit) -> bool:
    if visit.start is None or visit.last is None or visit.start == visit.last:
        return False
    days = rf"(?<!\d){visit.start.day}\.?\s*[-–—]\s*{visit.last.day}(?!\d)"
    return re.search(days, text) is not None


def agreed(thread: Thread) -> Remark | None:
    """What somebody without a city summed up and several cities put a mark under.

    Only where such a person began: else it is thanks for an answer.
    """
    if thread.root.city is not None:
        return None
    summed = [one for one in thread.remarks[1:] if one.city is None and not asks(one.text)]
    return next((one for one in summed if len(one.marked_by) >= AGREEING_CITIES), None)


def question_of(thread: Thread) -> Remark | None:
    """What a thread asks: its root, or the first question by somebody of a city.

    A coordinator's own "shall we …?" in the middle is none.
    """
    if asks(thread.root.text):
        return thread.root
    if thread.root.text and not thread.root.gone:
        return None
    return next((one for one in thread.remarks if one.city and asks(one.text)), None)


def answers_to(thread: Thread, asked: Remark) -> list[Remark]:
    """What people of other cities said after a question."""
    after = thread.remarks[thread.remarks.index(asked) + 1 :]
    return [one for one in after if one.city is not None and one.city != asked.city]


def is_answered(thread: Thread, asked: Remark) -> bool:
    """Whether another city answered, and no coordinator said that the question stays open."""
    answers = answers_to(thread, asked)
    if any(one.thanked for one in answers):
        return True
    kept_open = [one.at for one in thread.remarks if not one.city and KEPT_OPEN.search(one.text)]
    return bool(answers) and not any(at >= answers[-1].at for at in kept_open)


def waits(thread: Thread, asked: Remark, now: datetime) -> bool:
    """Whether other cities have had their time to answer."""
    return now - asked.at >= OTHERS_TIME


def spoken_by(remarks: Sequence[Remark]) -> tuple[str, ...]:
    """The cities that spoke, in the order in which they did."""
    return tuple(dict.fromkeys(one.city for one in remarks if one.city))


def heat(thread: Thread, now: datetime) -> float:
    """How much people took part: distinct people and cities before messages, fading by the week.

    One who wrote most of it alone weighs less (archive.md, digest ranking).
    """
    told = [one for one in thread.remarks if one.text]
    if not told:
        return 0.0
    names = [one.name for one in told]
    people, marks = set(names), {city for one in told for city in one.marked_by}
    score = (
        2 * math.log(1 + len(people))
        + 1.5 * math.log(1 + len(spoken_by(told)))
        + math.log(1 + len(told))
        + 0.5 * math.log(1 + len(marks))
    )
    if max(names.count(one) for one in people) > 0.6 * len(names):
        score *= 0.7
    age = max((now - max(one.at for one in told)) / timedelta(days=1), 0.0)
    return float(score * 0.5 ** (age / 3.5))

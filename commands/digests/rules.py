"""A digest is a value: lines with their reasons, in a fixed order, as many as fit a screen.

It is made from candidates that say how pressing they are; nothing here knows a database, a
language or a room. Sources: product.md (the order), archive.md (the caps).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from commands.digests.talk import Bucket
from storage.records import EventId, RoomId

ONE_SCREEN = 12  # lines
FIRST_WINDOW = timedelta(days=7)
EXCERPT = 120  # characters of somebody's words


class Section(StrEnum):
    """In the order in which they are read; the first six decide whether a week was quiet."""

    QUESTIONS = "questions"
    DECIDE = "decide"
    VISITS = "visits"
    PROMISES = "promises"
    PRACTICES = "practices"
    FINDINGS = "findings"
    QUIET = "quiet"  # coordinators alone: whom to ring
    HOUSEKEEPING = "housekeeping"


NEWS = tuple(Section)[:6]
CAPS = {Section.PRACTICES: 4, Section.QUIET: 4}
CAP = 3


class What(StrEnum):
    """What a line tells; the words are in replies.py."""

    QUESTION = "question"
    TALK = "talk"
    SUMMARY = "summary"  # of a thread, confirmed
    DATES_OPEN = "dates open"
    DATES_CLOSED = "dates closed"
    CLASH = "clash"
    VISIT_SOON = "visit soon"
    VISIT_DECIDED = "visit decided"
    REPORT_OVERDUE = "report overdue"
    PROMISE = "promise"
    PRACTICE = "practice"
    TRANSFER = "transfer"
    QUIET_CITY = "quiet city"
    LACKS = "lacks"
    MOVED = "moved"  # who joined and left
    COORDINATOR_GONE = "coordinator gone"


class LeftOut(StrEnum):
    """Why something has no line."""

    OVER = "over"  # the screen is full
    OFF_TOPIC = "off topic"
    WITHHELD = "withheld"  # its author is not archived
    TAKEN_BACK = "taken back"
    TOO_FRESH = "too fresh"  # other cities have not had their time to answer
    DROPPED = "dropped"  # by a coordinator


Fact = str | int | None
Facts = Mapping[str, Any]  # of JSON: names, days in ISO, numbers


@dataclass(frozen=True, slots=True)
class Line:
    """One line, with its reason and its link."""

    key: str  # what it is about, the same week after week: "visit/3", "thread/$root"
    section: Section
    what: What
    facts: Facts = field(default_factory=dict)
    rank: float = 0.0  # smaller comes first
    room_id: RoomId | None = None
    event_id: EventId | None = None  # the message that it links to
    text: str = ""  # somebody's words
    quoted: EventId | None = None  # the message whose words `text` are
    sources: tuple[EventId, ...] = ()  # all messages without which it would not stand
    staff: bool = False  # for coordinators alone
    own: str = ""  # a coordinator's words in its place
    own_event: EventId | None = None
    dropped: bool = False

    @property
    def shown(self) -> bool:
        return not self.dropped


@dataclass(frozen=True, slots=True)
class Digest:
    """What is told of a span of time."""

    lines: tuple[Line, ...] = ()
    left_out: Mapping[LeftOut, int] = field(default_factory=dict)

    @property
    def quiet(self) -> bool:
        """Nothing new: none of the first six sections has a line."""
        return not any(one.shown and one.section in NEWS for one in self.lines)

    def numbered(self) -> list[tuple[int, Line]]:
        """The lines with the numbers by which a coordinator names them."""
        return list(enumerate(self.lines, 1))

    def for_members(self) -> "Digest":
        """Without what is for coordinators alone, and without what they dropped."""
        kept = tuple(one for one in self.lines if one.shown and not one.staff)
        dropped = sum(1 for one in self.lines if not one.shown)
        more = {LeftOut.DROPPED: dropped} if dropped else {}
        return Digest(kept, {**self.left_out, **more})


def choose(
    candidates: Iterable[Line],
    left_out: Mapping[LeftOut, int],
    *,
    screen: int = ONE_SCREEN,
    cap: int = CAP,
) -> Digest:
    """The most pressing lines of each section, in order, as many as fit one screen.

    What coordinators alone read does not take anybody's place.
    """
    chosen: list[Line] = []
    over = 0
    wanted = list({one.key: one for one in reversed(list(candidates))}.values())
    for section in Section:
        here = sorted(
            (one for one in wanted if one.section is section), key=lambda one: (one.rank, one.key)
        )
        room = screen - sum(1 for one in chosen if not one.staff)
        fits = min(CAPS.get(section, cap) if cap == CAP else cap, room)
        for_all = [one for one in here if not one.staff]
        told = for_all[: max(fits, 0)]
        over += len(for_all) - len(told)
        told += [one for one in here if one.staff][: CAPS.get(section, CAP)]
        chosen += sorted(told, key=lambda one: (one.staff, one.rank, one.key))
    counts = {reason: count for reason, count in left_out.items() if count}
    return Digest(tuple(chosen), {**counts, LeftOut.OVER: over} if over else counts)


def keep_edits(fresh: Digest, earlier: Sequence[Line]) -> Digest:
    """What a coordinator dropped or worded in a draft that was never sent stands in the next."""
    by_key = {one.key: one for one in earlier if one.dropped or one.own}
    lines = tuple(
        replace(
            one,
            own=by_key[one.key].own,
            own_event=by_key[one.key].own_event,
            dropped=by_key[one.key].dropped,
        )
        if one.key in by_key
        else one
        for one in fresh.lines
    )
    return replace(fresh, lines=lines)


def without(digest: Digest, event_id: EventId) -> Digest:
    """What stands of a digest once a message was taken back.

    A coordinator's own words go with their message, and the line says what it said before; a line
    that rests on the message goes as a whole.
    """
    lines = []
    gone = 0
    for one in digest.lines:
        if event_id == one.quoted or event_id in one.sources:
            gone += 1
            continue
        own = one.own_event == event_id
        lines.append(replace(one, own="", own_event=None) if own else one)
    counts = dict(digest.left_out)
    if gone:
        counts[LeftOut.TAKEN_BACK] = counts.get(LeftOut.TAKEN_BACK, 0) + gone
    return Digest(tuple(lines), counts)


def excerpt(text: str, length: int = EXCERPT) -> str:
    """The beginning of a message, in one line, cut between words."""
    line = " ".join(text.split())
    if len(line) <= length:
        return line
    cut = line[:length].rsplit(" ", 1)[0] if " " in line[:length] else line[:length]
    return cut.rstrip(" ,.;:-–") + "…"


# ── as it is stored ───────────────────────────────────────────────────────────────────────────


def as_json(digest: Digest) -> dict[str, Any]:
    """A digest as JSON; `from_json` reads it."""
    return {
        "lines": [
            {
                "key": one.key, "section": one.section, "what": one.what,
                "facts": dict(one.facts), "rank": one.rank, "room": one.room_id,
                "event": one.event_id, "text": one.text, "quoted": one.quoted,
                "sources": list(one.sources), "staff": one.staff, "own": one.own,
                "own_event": one.own_event, "dropped": one.dropped,
            }
            for one in digest.lines
        ],
        "left_out": dict(digest.left_out),
    }  # fmt: skip


def from_json(kept: Mapping[str, Any]) -> Digest:
    """A digest as it was stored."""
    lines = tuple(
        Line(
            one["key"], Section(one["section"]), What(one["what"]), one["facts"], one["rank"],
            one["room"], one["event"], one["text"], one["quoted"], tuple(one["sources"]),
            one["staff"], one["own"], one["own_event"], one["dropped"],
        )
        for one in kept.get("lines", ())
    )  # fmt: skip
    return Digest(lines, {LeftOut(k): v for k, v in kept.get("left_out", {}).items()})


SECTION_OF = {
    Bucket.UNANSWERED: Section.QUESTIONS,
    Bucket.ANSWERED_QUESTION: Section.FINDINGS,
    Bucket.NEW_PRACTICE: Section.PRACTICES,
    Bucket.DECISION: Section.DECIDE,
    Bucket.RISK: Section.DECIDE,
    Bucket.VISIT: Section.VISITS,
    Bucket.EXCHANGE: Section.VISITS,
    Bucket.TRANSFER: Section.PRACTICES,
    Bucket.BENCHMARK: Section.FINDINGS,
    Bucket.ACTIONS: Section.PROMISES,
    Bucket.LESSON: Section.FINDINGS,
    Bucket.RESOURCE: Section.FINDINGS,
    Bucket.PEOPLE: Section.HOUSEKEEPING,
}  # a thread about nothing has no section: it is left out, and counted


def window(last_until: datetime | None, now: datetime, earliest: datetime) -> datetime:
    """From when on a digest tells: where the last one that was sent ended, so nothing is lost.

    earliest: a week before now on the local clock, for the first digest of all.
    """
    return earliest if last_until is None else min(last_until, now)

"""Threads as a digest sees them: read in few rows, judged by pure rules, told in one line each."""

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

from commands.audience import Audience, of_room
from commands.context import Context
from commands.digests import talk
from commands.digests.cues import asks
from commands.digests.rules import SECTION_OF, LeftOut, Line, Section, What, excerpt
from commands.digests.scope import Scope
from commands.digests.talk import Bucket, KnownVisit, Remark, Thread, bucket_of
from commands.digests.things import city_name, made_from
from commands.listener import plain_emoji
from storage import archive, practices, visits, week
from storage.records import EventId, PracticeState, RoomId, UserId
from storage.types import milliseconds
from storage.visit_records import OVER, VisitState
from storage.week import Spoken

LOOK_BACK = timedelta(days=28)  # for questions; members are told of them for half as long
MEMBERS_SEE = timedelta(days=14)
LONG_AGO = timedelta(days=56)  # of a visit that nobody reported on
ASKS = ("?", "？", ";")
THANKS = frozenset({"✅", "✔"})
TOLD_ELSEWHERE = frozenset({Bucket.NEW_PRACTICE, Bucket.TRANSFER, Bucket.ACTIONS})


def lines(scope: Scope, context: Context) -> tuple[list[Line], dict[LeftOut, int]]:
    """The threads of a cluster's room that are worth a line, and how many are not."""
    connection, rooms = context.connection, scope.room_numbers
    if not rooms:
        return [], {}
    busy = week.busy_threads(connection, rooms, scope.since, scope.until)
    early = min(scope.since, scope.until - LOOK_BACK)
    asked = week.lone_roots(connection, rooms, early, scope.until, ASKS)
    linked = week.lone_roots(connection, rooms, scope.since, scope.until, ("://",))
    made = made_from(scope, context)
    found = week.threads(connection, rooms, {*busy, *asked, *linked} - set(made))
    unsaid = week.unsaid(connection, rooms, scope.since, scope.until)
    left_out: Counter[LeftOut] = Counter(
        {LeftOut.WITHHELD: unsaid.withheld, LeftOut.TAKEN_BACK: unsaid.taken_back}
    )
    known, failed = known_visits(scope, context), failures(scope, context)
    active = {*busy, *linked}
    audience = of_room(connection, scope.rooms[-1])
    numbers = {room.room_id: room.id for room in scope.rooms}
    told: list[Line] = []
    for root, spoken in found.items():
        if spoken[0].event_h != root:
            continue  # under a post of ours, or a command: what was made of it is told
        thread = as_thread(spoken, known, failed, context)
        line = line_of(thread, spoken, scope, active=root in active)
        if isinstance(line, LeftOut):
            left_out[line] += 1
        elif line is not None and _all_may_read(line, spoken, numbers, audience):
            told.append(line)
    return told, dict(left_out)


def _all_may_read(
    line: Line, spoken: Sequence[Spoken], numbers: dict[RoomId, int], audience: Audience
) -> bool:
    """Whether everybody in the room may read what a line repeats: newcomers may not, in some."""
    quoted = next(one for one in spoken if one.event_id == line.quoted)
    return audience.may_read(numbers[quoted.room_id], milliseconds(quoted.at))


def line_of(
    thread: Thread, spoken: Sequence[Spoken], scope: Scope, *, active: bool
) -> Line | LeftOut | None:
    """One line about a thread, or why there is none.

    active: somebody said something in it since the last digest.
    """
    bucket = bucket_of(thread)
    if bucket is Bucket.UNANSWERED:
        return _question(thread, spoken, scope)
    if not active:
        return None
    if bucket is Bucket.NONE:
        return LeftOut.OFF_TOPIC if thread.root.text else None
    about = _about(thread, bucket)
    if not about.text or bucket in TOLD_ELSEWHERE:
        return None
    others = [one for one in thread.remarks if one is not about and one.text]
    if bucket is Bucket.ANSWERED_QUESTION:
        others = talk.answers_to(thread, about)
    return Line(
        f"thread/{spoken[0].event_id}",
        SECTION_OF[bucket],
        What.TALK,
        {
            "bucket": bucket,
            "city": about.city or "",
            "answers": len(others),
            "cities": list(talk.spoken_by(others))[:3],
        },
        rank=RANKS.get(bucket, 50.0) - talk.heat(thread, scope.until),
        room_id=spoken[0].room_id,
        event_id=spoken[0].event_id,
        text=excerpt(about.text),
        quoted=about.event_id,
        sources=(about.event_id,),
    )


RANKS = {Bucket.RISK: 10.0, Bucket.DECISION: 30.0, Bucket.EXCHANGE: 40.0, Bucket.BENCHMARK: 40.0}


def _about(thread: Thread, bucket: Bucket) -> Remark:
    """The message that a line repeats: the question, what was agreed, else the first."""
    if bucket is Bucket.ANSWERED_QUESTION:
        return talk.question_of(thread) or thread.root
    if bucket is Bucket.DECISION:
        return talk.agreed(thread) or thread.root
    return thread.root


def _question(thread: Thread, spoken: Sequence[Spoken], scope: Scope) -> Line | LeftOut | None:
    asked = talk.question_of(thread)
    if asked is None or not asked.text:
        return None
    age = scope.until - asked.at
    if age > LOOK_BACK:
        return None
    if not talk.waits(thread, asked, scope.until):
        return LeftOut.TOO_FRESH
    place = next(one for one in spoken if one.event_id == asked.event_id)
    return Line(
        f"thread/{spoken[0].event_id}",
        Section.QUESTIONS,
        What.QUESTION,
        {
            "city": asked.city or "",
            "slug": place.city,
            "asker": place.author,
            "days": age.days,
            "partly": bool(talk.answers_to(thread, asked)),
        },
        rank=asked.at.timestamp(),
        room_id=place.room_id,
        event_id=place.event_id,
        text=excerpt(asked.text),
        quoted=asked.event_id,
        sources=(asked.event_id,),
        staff=age > MEMBERS_SEE,
    )


# ── facts for the rules ───────────────────────────────────────────────────────────────────────


def as_thread(
    spoken: Sequence[Spoken],
    known: tuple[KnownVisit, ...],
    failed: frozenset[str],
    context: Context,
) -> Thread:
    """What the rules may know of a thread."""
    first = next((one for one in spoken if asks(one.text)), spoken[0])
    return Thread(tuple(_remark(one, first.author, failed, context) for one in spoken), known)


def _remark(one: Spoken, asker: UserId, failed: frozenset[str], context: Context) -> Remark:
    marked = {city_name(city, context) for _key, who, city in one.marks if who != one.author}
    text = "" if one.gone or one.withheld else one.text
    return Remark(
        one.event_id,
        one.name,
        city_name(one.city, context) or None,
        one.at,
        text,
        gone=one.gone,
        withheld=one.withheld,
        marked_by=frozenset(marked - {""}),
        thanked=any(who == asker and plain_emoji(key) in THANKS for key, who, _city in one.marks),
        failure=any(name in text for name in failed),
    )


def known_visits(scope: Scope, context: Context) -> tuple[KnownVisit, ...]:
    """Visits of all clusters that are to come, or were not long ago and have no final report."""
    long_ago = scope.today - LONG_AGO
    return tuple(
        KnownVisit(city_name(one.host, context), one.start, one.last)
        for one in visits.find(context.connection)
        if one.state not in (OVER - {VisitState.HELD})
        and one.state is not VisitState.CANCELLED
        and (one.last is None or one.last > long_ago)
    )


def failures(scope: Scope, context: Context) -> frozenset[str]:
    """The names of practices that were retired: "P-7"."""
    retired = practices.find(context.connection, states={PracticeState.RETIRED})
    return frozenset(one.name for one in retired)


def current_text(event_id: EventId, context: Context) -> str:
    """What a message says now; "" if the archive does not hold it."""
    message = archive.get(context.connection, event_id)
    return "" if message is None or message.withheld else message.body

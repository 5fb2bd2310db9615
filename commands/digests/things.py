"""What was made, decided, promised and left undone, each as one line with its reason."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from commands.context import Context
from commands.digests.rules import Facts, Line, Section, What, excerpt
from commands.digests.scope import Scope
from storage import asked, outbox, people, practices, promises, rooms, transfers, visits, votes
from storage.asked_records import WAITING, QuestionState
from storage.practices import UNFINISHED
from storage.records import (
    EventId,
    Practice,
    PracticeField,
    PracticeState,
    RoomId,
    Transfer,
    TransferState,
    UserId,
)
from storage.types import event_hash
from storage.visit_records import Progress, Promise, Visit, VisitState

F = PracticeField
SOON = timedelta(days=21)
DUE = timedelta(days=14)
LONG_OVERDUE = timedelta(days=28)
REPORT_AFTER = timedelta(days=14)
CLOSES_WITHIN = timedelta(days=7)
TOLD_TRANSFERS = frozenset(
    {TransferState.ADAPTING, TransferState.PILOTING, TransferState.IN_USE, TransferState.STOPPED}
)


def of_cluster(scope: Scope, context: Context) -> list[Line]:
    """What a cluster's members may all know."""
    return [
        *questions(scope, context),
        *visit_lines(scope, context),
        *clashes(scope, context),
        *promise_lines(scope, context),
        *practice_lines(scope, context),
        *transfer_lines(scope, context),
    ]


def of_all_clusters(scope: Scope, context: Context) -> list[Line]:
    """What everybody in the community may know: decided visits, published practices, transfers."""
    return [
        *clashes(scope, context),
        *(one for one in visit_lines(scope, context) if one.what in PUBLIC),
        *practice_lines(scope, context),
        *transfer_lines(scope, context),
    ]


PUBLIC = frozenset({What.VISIT_SOON, What.VISIT_DECIDED})


def city_name(slug: str | None, context: Context) -> str:
    """What a city is called; "" if there is none."""
    city = context.settings.community.city(slug) if slug else None
    return (slug or "") if city is None else city.name


def place_of(key: str, context: Context) -> tuple[RoomId | None, EventId | None]:
    """Where a post of ours stands."""
    lane, event_id = (
        outbox.lane_of(context.connection, key),
        outbox.event_of(context.connection, key),
    )
    known = lane is not None and lane.startswith("!") and event_id is not None
    return (RoomId(lane or ""), event_id) if known else (None, None)


@dataclass(frozen=True, slots=True)
class InWords:
    """What people said of a thing, as far as its line repeats it."""

    text: str
    facts: Facts = field(default_factory=dict)


def words_of(line: Line, context: Context) -> InWords | None:
    """What the thing of a line says by now; None if the line repeats talk, or there is none."""
    number = line.key.rpartition("/")[2]
    match line.what:
        case What.PRACTICE:
            practice = practices.get(context.connection, int(number))
            return None if practice is None else InWords(_title_of(practice))
        case What.TRANSFER:
            transfer = transfers.get(context.connection, int(number))
            return None if transfer is None else _words_of_transfer(transfer, line, context)
        case What.PROMISE:
            promise = promises.get(context.connection, int(number))
            return None if promise is None else _words_of_promise(promise, line)
        case What.QUESTION | What.TALK if line.quoted is not None:
            question = asked.of_source(context.connection, line.quoted)
            return InWords(excerpt(question.text)) if question and question.text else None
        case _:
            return None


def _words_of_transfer(transfer: Transfer, line: Line, context: Context) -> InWords:
    practice = practices.get(context.connection, transfer.practice)
    title = _title_of(practice) if practice is not None and line.text else ""
    step = TransferState(line.facts["state"])  # it may have gone on since
    why = _last_words(transfer, step, context) if line.facts["why"] else ""
    return InWords(title, {"why": why})


def _words_of_promise(promise: Promise, line: Line) -> InWords:
    why = {"why": excerpt(promise.why)} if "why" in line.facts else {}
    return InWords(excerpt(promise.text), why)


def _title_of(practice: Practice) -> str:
    return excerpt(practice.text(F.TITLE), 60)


def made_from(scope: Scope, context: Context) -> dict[int, str]:
    """Threads that something was made in: they are told by its line, and not once more."""
    connection = context.connection
    roots: list[str | None] = []
    for visit in visits.find(connection, cluster=scope.cluster):
        roots += [visit.source, outbox.event_of(connection, f"visit/{visit.id}/card")]
    for practice in practices.find(connection):
        if practice.cluster == scope.cluster and practice.state is not PracticeState.WITHDRAWN:
            roots += [practice.source, *(one.event_id for one in practice.fields.values())]
            roots.append(outbox.event_of(connection, practice.card_key))
    for promise in promises.find(connection, cluster=scope.cluster):
        roots.append(promise.source)
    for transfer in transfers.find(connection):
        roots.append(outbox.event_of(connection, transfer.card_key))
    every = tuple(QuestionState)
    for question in asked.find(connection, cluster=scope.cluster, states=every):
        roots.append(question.root)
    return {event_hash(root): root for root in roots if root is not None}


# ── questions ─────────────────────────────────────────────────────────────────────────────────


def questions(scope: Scope, context: Context) -> list[Line]:
    """Questions that are looked after, until they are answered; then once more, with thanks."""
    lines = []
    for one in asked.find(context.connection, cluster=scope.cluster, states=tuple(QuestionState)):
        if not one.text:
            continue
        facts = {
            "city": city_name(one.city, context), "slug": one.city, "asker": one.asker,
            "days": (scope.until - one.asked_at).days, "name": one.name,
            "partly": one.state is QuestionState.PARTLY,
            "routes": [_title(each, context) for each in asked.routes(context.connection, one.id)],
        }  # fmt: skip
        if one.state in WAITING:
            section, what = Section.QUESTIONS, What.QUESTION
        elif one.state is QuestionState.ANSWERED and _within(one.changed_at, scope):
            section, what = Section.FINDINGS, What.TALK
            given = asked.answers(context.connection, one.id)
            told = list(dict.fromkeys(city_name(each.city, context) for each in given if each.city))
            facts |= {"bucket": "answered_question", "answers": len(given), "cities": told[:3]}
        else:
            continue
        lines.append(
            Line(
                f"thread/{one.root}", section, what, facts, rank=one.asked_at.timestamp()
                if section is Section.QUESTIONS else 20.0,
                room_id=one.room_id, event_id=one.root, text=excerpt(one.text),
                quoted=one.source, sources=(one.source,),
            )
        )  # fmt: skip
    return lines


def _title(slug: str, context: Context) -> str:
    cluster = context.settings.community.cluster(slug)
    return slug if cluster is None else cluster.title


def _within(at: datetime | None, scope: Scope) -> bool:
    return at is not None and scope.since <= at < scope.until


# ── visits ────────────────────────────────────────────────────────────────────────────────────


def visit_lines(scope: Scope, context: Context) -> list[Line]:
    """Dates to be decided, visits to come, reports that are missing."""
    found = visits.find(context.connection, cluster=scope.cluster)
    return [line for one in found if (line := _visit(one, scope, context)) is not None]


def _visit(visit: Visit, scope: Scope, context: Context) -> Line | None:
    facts: dict[str, object] = {
        "name": visit.name, "host": city_name(visit.host, context),
        "start": _iso(visit.start), "last": _iso(visit.last),
    }  # fmt: skip
    room_id, event_id = place_of(f"visit/{visit.id}/card", context)
    what, section, rank = None, Section.VISITS, 0.0
    match visit.state:
        case VisitState.POLLING if visit.deadline - scope.until <= CLOSES_WITHIN:
            what, section, rank = What.DATES_OPEN, Section.DECIDE, 1.0
            local = visit.deadline.astimezone(ZoneInfo(visit.time_zone))
            facts |= {"closes": local.isoformat(), **_turnout(visit, context)}
        case VisitState.CLOSED:
            what, section, rank = What.DATES_CLOSED, Section.DECIDE, 0.0
        case VisitState.CONFIRMED if visit.start is not None and visit.start >= scope.today:
            days = (visit.start - scope.today).days
            if days <= SOON.days:
                what, rank = What.VISIT_SOON, float(days)
                facts["days"] = days
            elif _within(visit.stamp, scope):
                what, rank = What.VISIT_DECIDED, 100.0 + days
        case VisitState.HELD if visit.last is not None:
            since = (scope.today - visit.last).days
            if since > REPORT_AFTER.days:
                what, rank = What.REPORT_OVERDUE, 50.0 - since
                facts["days"] = since
        case _:
            pass
    if what is None:
        return None
    return Line(
        f"visit/{visit.id}", section, what, facts, rank, room_id, event_id,
        sources=(visit.source,) if visit.title else (),
    )  # fmt: skip


def _turnout(visit: Visit, context: Context) -> dict[str, int]:
    """How many cities have answered, of how many."""
    cities = [voice for voice in visit.electorate if voice.counts]
    said = {one.person for one in votes.find(context.connection, visit.id) if one.value}
    return {
        "cities": len(cities),
        "answered": sum(1 for voice in cities if said & {*voice.people, voice.contact}),
    }


def clashes(scope: Scope, context: Context) -> list[Line]:
    """Decided visits on the same days that share people: seen before flights are booked."""
    decided = [
        one
        for one in visits.find(context.connection, states={VisitState.CONFIRMED})
        if one.start is not None and one.last is not None and one.last >= scope.today
    ]
    lines = []
    for place, one in enumerate(decided):
        for other in decided[place + 1 :]:
            shared = _people(one) & _people(other)
            if scope.cluster not in (None, one.cluster, other.cluster) or not shared:
                continue
            if not _overlap(one, other):
                continue
            known = people.numbers(context.connection, shared)
            names = [
                each.display_name
                for each in people.by_number(context.connection, known.values()).values()
            ]
            room_id, event_id = place_of(f"visit/{one.id}/card", context)
            facts = {
                "name": one.name, "host": city_name(one.host, context),
                "start": _iso(one.start), "last": _iso(one.last),
                "other": other.name, "other_host": city_name(other.host, context),
                "other_start": _iso(other.start), "other_last": _iso(other.last),
                "who": sorted(names)[:3],
            }  # fmt: skip
            lines.append(
                Line(
                    f"clash/{one.id}/{other.id}", Section.DECIDE, What.CLASH, facts, -1.0,
                    room_id, event_id,
                )
            )  # fmt: skip
    return lines


def _people(visit: Visit) -> set[UserId]:
    return {user for voice in visit.electorate for user in (*voice.people, voice.contact) if user}


def _overlap(one: Visit, other: Visit) -> bool:
    if one.start is None or one.last is None or other.start is None or other.last is None:
        return False
    return one.start <= other.last and other.start <= one.last


def _iso(day: date | None) -> str:
    return "" if day is None else day.isoformat()


# ── promises, practices, transfers ────────────────────────────────────────────────────────────


def promise_lines(scope: Scope, context: Context) -> list[Line]:
    """What is due soon or overdue, and what was done or dropped since."""
    found = promises.find(context.connection, cluster=scope.cluster)
    return [line for one in found if (line := _promise(one, scope, context)) is not None]


def _promise(one: Promise, scope: Scope, context: Context) -> Line | None:
    finished = one.progress in (Progress.DONE, Progress.DROPPED)
    if not one.text or (finished and not _within(one.changed_at, scope)):
        return None
    if finished:
        state, rank = one.progress.value, 40.0
    elif one.due is None or one.due > scope.today + DUE:
        return None
    else:
        state = "overdue" if one.due < scope.today else "due"
        # What is near comes first; what is long overdue is for a coordinator to ask about.
        rank = float(abs((one.due - scope.today).days))
    facts = {
        "name": one.name, "city": city_name(one.city, context), "state": state,
        "due": _iso(one.due), "why": excerpt(one.why),
    }  # fmt: skip
    room = rooms.of_cluster(context.connection, one.cluster)
    return Line(
        f"promise/{one.id}", Section.PROMISES, What.PROMISE, facts, rank,
        None if room is None else room.room_id, one.source,
        excerpt(one.text), one.source, (one.source,),
        staff=not finished and rank > LONG_OVERDUE.days and state == "overdue",
    )  # fmt: skip


def practice_lines(scope: Scope, context: Context) -> list[Line]:
    """Practices that were shared or published since; across clusters those that are published."""
    lines = []
    for one in practices.find(context.connection):
        published = _within(one.published_at, scope)
        hidden = one.state in UNFINISHED or one.state is PracticeState.WITHDRAWN
        here = scope.cluster is not None and one.cluster == scope.cluster
        if hidden or not (published or (here and _within(one.shared_at, scope))):
            continue
        if scope.cluster is not None and not here:
            continue
        facts = {
            "name": one.name, "city": city_name(one.city, context),
            "state": "published" if published else "shared",
        }  # fmt: skip
        room_id, event_id = place_of(one.card_key, context)
        title = one.fields.get(F.TITLE)
        quoted = None if title is None else title.event_id
        lines.append(
            Line(
                f"practice/{one.number}", Section.PRACTICES, What.PRACTICE, facts,
                -float(one.number), room_id, event_id, _title_of(one), quoted,
                tuple(each for each in (one.source, quoted) if each is not None),
            )
        )  # fmt: skip
    return lines


def transfer_lines(scope: Scope, context: Context) -> list[Line]:
    """Steps of cities that take a practice up; the city that gave it reads it here, too."""
    lines = []
    for one in transfers.find(context.connection):
        practice = practices.get(context.connection, one.practice)
        if practice is None or not _within(one.changed_at, scope):
            continue
        city = context.settings.community.city(one.city)
        theirs = {practice.cluster, None if city is None else city.cluster}
        public = practice.state in (PracticeState.PUBLISHED, PracticeState.RETIRED)
        seen = public if scope.cluster is None else scope.cluster in theirs
        if one.state not in TOLD_TRANSFERS or not seen:
            continue
        title = practice.fields.get(F.TITLE)
        known = public or practice.cluster == scope.cluster
        facts = {
            "name": one.name, "city": city_name(one.city, context), "state": one.state.value,
            "giver": city_name(practice.city, context), "practice": practice.name,
            "why": _last_words(one, one.state, context) if scope.cluster is not None else "",
        }  # fmt: skip
        room_id, event_id = place_of(one.card_key, context)
        notes = transfers.notes(context.connection, one.number)
        said = tuple(note.event_id for note in notes[-1:])
        quoted = title.event_id if title is not None and known else None
        lines.append(
            Line(
                f"transfer/{one.number}", Section.PRACTICES, What.TRANSFER, facts,
                -1000.0 - one.number, room_id, event_id,
                _title_of(practice) if known else "", quoted,
                (*said, *((quoted,) if quoted else ())),
            )
        )  # fmt: skip
    return lines


def _last_words(transfer: Transfer, step: TransferState, context: Context) -> str:
    notes = transfers.notes(context.connection, transfer.number)
    told = [note.text for note in notes if note.text and note.state is step]
    return excerpt(told[-1], 80) if told else ""

"""Where the hall keeps what of whom: what a person is shown, and what becomes of it on erasure.

Every table is in one of the two lists below; a test fails for a new one that is in neither.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, or_, select, update

from storage.database import insert_once
from storage.records import NOBODY, UserId
from storage.tables.archive import (
    attachment,
    erasure,
    event,
    message,
    reaction,
    revision,
    search_page,
    silence,
)
from storage.tables.people import (
    command_count,
    member,
    membership_fact,
    open_question,
    person,
    room,
)
from storage.tables.practices import (
    practice,
    practice_field,
    practice_review,
    practice_step,
    transfer,
    transfer_note,
)
from storage.tables.spine import (
    heeded_reaction,
    inbox,
    listening,
    malformed_event,
    outbox,
    quote,
    source,
    timer,
    waiting_event,
)
from storage.tables.visits import promise, recommendation, visit, visit_line, visit_vote
from storage.tables.week import (
    asked_question,
    digest,
    digest_reader,
    greeted,
    question_answer,
    question_route,
)
from storage.timers import MANDATE

# Of what was handled the key alone stays, for two months: many rows, and nobody is in them.
_UNANSWERED = inbox.c.state.in_(("ready", "parked"))

NOBODY_S_NAME = "—"
SOMEBODY = object()  # in `then`: NOBODY, by number or address as the column has it


@dataclass(frozen=True, slots=True)
class Trace:
    """A column that names a person, and what becomes of its rows once they are erased."""

    whose: Column[Any]
    by_number: bool  # ours; else the Matrix address
    then: Mapping[str, Any] | None = None  # what is written into them; None: they go
    only: ColumnElement[bool] | None = None
    unless: Column[Any] | None = None  # a row that has something there is left to the next trace
    counted: str = ""  # under this name in a receipt
    worded: Column[Any] | None = None  # counted only where there are words in it

    @property
    def table(self) -> Table:
        return self.whose.table


# Messages themselves are erased by `storage.redacting`, a few at a time.
TRACES: Sequence[Trace] = (
    Trace(event.c.sender_id, True, {"content": None}, only=event.c.content.is_not(None)),
    Trace(revision.c.sender_id, True),
    Trace(reaction.c.sender_id, True, counted="reactions"),
    Trace(heeded_reaction.c.sender, False),
    Trace(source.c.sender, False),
    Trace(command_count.c.person_id, True),
    Trace(open_question.c.person_id, True),
    Trace(search_page.c.person_id, True),
    Trace(listening.c.person_id, True),
    Trace(practice.c.author_id, True, {"author_id": SOMEBODY}),
    Trace(practice_step.c.person_id, True, {"person_id": None}),
    Trace(practice_review.c.person_id, True, counted="reviews"),
    Trace(transfer.c.person_id, True, {"person_id": SOMEBODY}),
    Trace(transfer_note.c.person_id, True, unless=transfer_note.c.state, counted="notes"),
    Trace(transfer_note.c.person_id, True, {"person_id": SOMEBODY, "text": ""}),
    Trace(visit.c.proposer, False, {"proposer": SOMEBODY, "title": ""}),
    Trace(visit_vote.c.person, False, counted="votes"),
    Trace(
        visit_line.c.author, False, {"author": SOMEBODY, "text": ""},
        counted="lines", worded=visit_line.c.text,
    ),
    Trace(visit_line.c.owner, False, {"owner": SOMEBODY}),
    Trace(
        recommendation.c.author, False, {"author": SOMEBODY, "text": "", "why": ""},
        counted="recommendations", worded=recommendation.c.text,
    ),
    Trace(
        promise.c.author, False, {"author": SOMEBODY, "text": "", "why": ""},
        counted="promises", worded=promise.c.text,
    ),
    Trace(promise.c.owner, False, {"owner": SOMEBODY}),
    Trace(digest.c.settled_by, False, {"settled_by": None}),
    Trace(digest_reader.c.person_id, True),
    Trace(greeted.c.person_id, True),
    Trace(
        asked_question.c.asker, False, {"asker": SOMEBODY, "text": ""},
        counted="questions", worded=asked_question.c.text,
    ),
    Trace(question_route.c.by, False, {"by": SOMEBODY}),
    Trace(question_answer.c.author, False, counted="carried"),
)  # fmt: skip

# What else tells of a person, and where that is seen to.
ELSEWHERE: Mapping[str, str] = {
    "person": "the row itself: below, and `storage.erasures` once they have left",
    "member": "who is in a room: kept while they are in one of ours",
    "membership_fact": "the same, since when",
    "message": "erased by `storage.redacting`, its edits and files with it",
    "attachment": "goes with its message, and its bytes with the last that names them",
    "wanted_file": "a file on its way: goes with its message",
    "silence": "that they are silent: the number alone",
    "erasure": "a check value in place of the address",
    "practice_field": "goes with its practice, or with the message it came in",
    "document": "what of a practice is searched; who confirmed a summary: by its listener",
    "inbox": "by the sender in what is unanswered",
    "outbox": "what is unsent, and keys that name them",
    "waiting_event": "by the sender in the raw event",
    "malformed_event": "by the sender in the raw event",
    "timer": "by the address in the payload",
    "quote": "goes with the answer that quotes",
}
IMPERSONAL: Mapping[str, str] = {
    "meta": "facts about the hall",
    "room": "its state, as Matrix tells it to whoever is in it",
    "visibility_fact": "what a room's history is open to",
    "redaction": "check values of events",
    "gap": "positions in a room's history",
    "echo": "our own events",
    "visit_option": "dates",
}


@dataclass(slots=True)
class Held:
    """Everything about one person, table by table, as it is stored."""

    rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def add(self, table: str, found: Sequence[Any]) -> None:
        if found:
            self.rows.setdefault(table, []).extend(dict(row._mapping) for row in found)


def nobody(connection: Connection) -> int:
    """Our number for nobody."""
    connection.execute(
        insert_once(connection, person),
        {"user_id": NOBODY, "display_name": NOBODY_S_NAME, "archive": False},
    )
    number = connection.scalar(select(person.c.id).where(person.c.user_id == NOBODY))
    assert number is not None
    return int(number)


def erase(connection: Connection, number: int, user_id: UserId) -> dict[str, int]:
    """Erase a person's traces but their messages; how many of which went."""
    stand_in, counts = nobody(connection), tally(connection, number, user_id)
    for trace in TRACES:
        mine = _mine(trace, number, user_id)
        if trace.then is None:
            connection.execute(delete(trace.table).where(mine))
        else:
            someone: Any = stand_in if trace.by_number else NOBODY
            values = {k: someone if v is SOMEBODY else v for k, v in trace.then.items()}
            connection.execute(update(trace.table).where(mine).values(**values))
    connection.execute(delete(command_count).where(command_count.c.person_id == -number))
    _leave_electorates(connection, user_id)
    counts["unanswered"] = _forget_raw(connection, user_id)
    return {name: count for name, count in counts.items() if count}


def left_of(
    table: Table, row: Mapping[str, Any], is_erased: Callable[[object], bool]
) -> dict[str, Any] | None:
    """What would be left of a row once those whom it names were erased; None: nothing.

    All whom it names are addresses, also where the table has our numbers.
    """
    left = dict(row)
    for trace in TRACES:
        if trace.table is not table or not is_erased(left.get(trace.whose.name)):
            continue
        if trace.unless is not None and left.get(trace.unless.name) is not None:
            continue
        if trace.then is None:
            return None
        left |= {name: NOBODY if v is SOMEBODY else v for name, v in trace.then.items()}
    if isinstance(left.get("electorate"), list):
        left["electorate"] = [_without_erased(one, is_erased) for one in left["electorate"]]
    return left


def _without_erased(voice: Any, is_erased: Callable[[object], bool]) -> Any:
    if not isinstance(voice, Mapping) or not isinstance(voice.get("people"), list):
        return voice
    for address in {*map(str, voice["people"]), str(voice.get("contact"))}:
        if is_erased(address):
            voice = _without(voice, UserId(address))
    return voice


def tally(connection: Connection, number: int, user_id: UserId) -> dict[str, int]:
    """How much there is of a person, beside their messages: by the names of a receipt."""
    counts: dict[str, int] = {}
    for trace in TRACES:
        if trace.counted:
            mine = select(func.count()).select_from(trace.table)
            mine = mine.where(_mine(trace, number, user_id))
            if trace.worded is not None:
                mine = mine.where(trace.worded != "")
            counts[trace.counted] = connection.scalar(mine) or 0
    return counts


def _mine(trace: Trace, number: int, user_id: UserId) -> ColumnElement[bool]:
    mine: ColumnElement[bool] = trace.whose == (number if trace.by_number else user_id)
    if trace.unless is not None:
        mine &= trace.unless.is_(None)
    return mine if trace.only is None else mine & trace.only


def _leave_electorates(connection: Connection, user_id: UserId) -> None:
    """Who may answer for a city was written down when the dates were asked."""
    asked = select(visit.c.id, visit.c.electorate)
    for row in connection.execute(asked).all():
        if user_id not in repr(row.electorate):
            continue
        voices = [_without(voice, user_id) for voice in row.electorate]
        changed = update(visit).where(visit.c.id == row.id)
        connection.execute(changed.values(electorate=voices))


def _without(voice: Mapping[str, Any], user_id: UserId) -> dict[str, Any]:
    contact = voice.get("contact")
    return {
        **voice,
        "key": _named(user_id).sub(NOBODY, str(voice.get("key", ""))),
        "people": [one for one in voice.get("people", ()) if one != user_id],
        "contact": None if contact == user_id else contact,
    }


def _forget_raw(connection: Connection, user_id: UserId) -> int:
    """What came from them and was not read or not answered yet; alarms that name them."""
    count = 0
    for table, column in (
        (waiting_event, waiting_event.c.raw),
        (malformed_event, malformed_event.c.raw),
    ):
        key = next(iter(table.primary_key.columns))
        for row in connection.execute(select(key, column)).all():
            if isinstance(row[1], Mapping) and row[1].get("sender") == user_id:
                connection.execute(delete(table).where(key == row[0]))
                count += 1
    unanswered = select(inbox.c.id, inbox.c.payload).where(_UNANSWERED)
    for row in connection.execute(unanswered).all():
        if isinstance(row.payload, Mapping) and row.payload.get("sender") == user_id:
            done = update(inbox).where(inbox.c.id == row.id)
            connection.execute(done.values(state="handled", payload=None))
            count += 1
    pending = select(timer.c.key, timer.c.payload).where(timer.c.state == "pending")
    named = _named(user_id)
    for row in connection.execute(pending).all():
        payload = _without_mandate(row.payload, user_id)
        alarm = update(timer).where(timer.c.key == row.key)
        if named.search(row.key) or named.search(repr(payload)):
            connection.execute(alarm.values(state="cancelled", payload={}))
        elif payload != row.payload:
            connection.execute(alarm.values(payload=payload))
    return count


def _without_mandate(payload: Mapping[str, Any], user_id: UserId) -> dict[str, Any]:
    """What a room was told of is the room's: it happens, whoever asked for it."""
    asker = payload.get(MANDATE, {}).get("person")
    return {k: v for k, v in payload.items() if k != MANDATE or asker != user_id}


def _named(user_id: UserId) -> re.Pattern[str]:
    """An address as a whole: @ann:hs is not named by @ann:hsx, @ann:hs.org or @ann:hs:8448."""
    return re.compile(re.escape(user_id) + r"(?![\w-]|[.:]\w)", re.ASCII)


def traces_of(connection: Connection, number: int, user_id: UserId) -> Held:
    """What is stored of a person beside their messages and events."""
    held = Held()
    for table in dict.fromkeys(trace.table for trace in TRACES):
        if table is not event:
            whose = [_mine(one, number, user_id) for one in TRACES if one.table is table]
            held.add(table.name, connection.execute(select(table).where(or_(*whose))).all())
    return held


def held_of(connection: Connection, number: int, user_id: UserId) -> Held:
    """Everything that is stored about a person."""
    held = traces_of(connection, number, user_id)
    held.add("person", connection.execute(select(person).where(person.c.id == number)).all())
    rooms = select(member, room.c.room_id.label("room"), room.c.name).join(
        room, room.c.id == member.c.room_id
    )
    held.add("member", connection.execute(rooms.where(member.c.person_id == number)).all())
    facts = select(membership_fact).where(membership_fact.c.person_id == number)
    held.add("membership_fact", connection.execute(facts).all())
    messages = (
        select(message, event.c.event_id, room.c.room_id.label("room"))
        .join(event, event.c.seq == message.c.seq)
        .join(room, room.c.id == message.c.room_id)
        .where(message.c.sender_id == number)
        .order_by(message.c.ts)
    )
    held.add("message", connection.execute(messages).all())
    files = (
        select(attachment)
        .join(event, event.c.event_h == attachment.c.event_h)
        .where(event.c.sender_id == number)
    )
    held.add("attachment", connection.execute(files).all())
    own = select(practice.c.id).where(practice.c.author_id == number)
    fields = select(practice_field).where(practice_field.c.practice_id.in_(own))
    held.add("practice_field", connection.execute(fields).all())
    for table in (silence, erasure):
        mine = select(table).where(table.c.person_id == number)
        held.add(table.name, connection.execute(mine).all())
    events = select(event).where(event.c.sender_id == number).order_by(event.c.ts)
    held.add("event", connection.execute(events).all())
    held.add("outbox", _unsent(connection, user_id))
    for raw, column in (
        (select(waiting_event), waiting_event.c.raw),
        (select(malformed_event), malformed_event.c.raw),
        (select(inbox).where(_UNANSWERED).order_by(inbox.c.id), inbox.c.payload),
    ):
        rows = connection.execute(raw).all()
        own_rows = [r for r in rows if _sender(getattr(r, column.name)) == user_id]
        held.add(column.table.name, own_rows)
    pending = connection.execute(select(timer).where(timer.c.state == "pending")).all()
    named = _named(user_id)
    alarms = [r for r in pending if named.search(r.key) or named.search(repr(r.payload))]
    held.add("timer", alarms)
    return held


def _unsent(connection: Connection, user_id: UserId) -> Sequence[Any]:
    mine = select(outbox).where(outbox.c.settled_at.is_(None), outbox.c.lane == user_id)
    return connection.execute(mine).all()


def _sender(raw: object) -> object:
    return raw.get("sender") if isinstance(raw, Mapping) else None


def gone_as(mark: str) -> UserId:
    """What stands for the address of somebody who was erased and has left; behind a dot the number
    that they had here."""
    return UserId(f"erased:{mark}")


def forget_gone(connection: Connection, number: int, user_id: UserId, mark: str) -> None:
    """They are in no room of ours any more: not even their address stays, a check value does,
    and the number that they had, as they may come back and be erased again."""
    stand_in, named = f"{mark}.{number}", _named(user_id)
    for table in (member, membership_fact):
        connection.execute(delete(table).where(table.c.person_id == number))
    connection.execute(update(room).where(room.c.direct_with == user_id).values(direct_with=None))
    for column in (
        outbox.c.key,
        outbox.c.lane,
        outbox.c.changes,
        quote.c.post,
        timer.c.key,
        inbox.c.key,
    ):
        there = column.contains(user_id, autoescape=True)
        if column.table is outbox:
            there &= outbox.c.settled_at.is_not(None)
        for value in connection.scalars(select(column).where(there).distinct()).all():
            renamed = {column.name: named.sub(stand_in, value)}
            change = update(column.table).where(there, column == value)
            connection.execute(change.values(renamed))
    connection.execute(
        update(person)
        .where(person.c.id == number)
        .values(user_id=f"{gone_as(mark)}.{number}", display_name=NOBODY_S_NAME)
    )


def strip(connection: Connection, number: int) -> None:
    """What a person's row tells beyond what their rooms need to know of them."""
    connection.execute(
        update(person)
        .where(person.c.id == number)
        .values(city=None, organisation="", roles=[], language=None, time_zone=None, digest=False)
    )


def is_present(connection: Connection, number: int) -> bool:
    """Whether a person is in a room with us, or asked into one."""
    there = (
        select(member.c.room_id)
        .join(room, room.c.id == member.c.room_id)
        .where(
            member.c.person_id == number,
            member.c.membership.in_(("join", "invite")),
            room.c.joined,
        )
        .limit(1)
    )
    return connection.execute(there).first() is not None


def quoting_posts(connection: Connection, number: int, user_id: UserId) -> list[str]:
    """Posts of ours that repeat words of this person."""
    said = select(event.c.event_h).where(event.c.sender_id == number)
    made = select(source.c.event_h).where(source.c.sender == user_id)
    posts = select(quote.c.post).where(or_(quote.c.event_h.in_(said), quote.c.event_h.in_(made)))
    return sorted(set(connection.scalars(posts)))

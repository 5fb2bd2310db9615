"""What an imported row may still say here: nothing erased, deleted or withdrawn comes back.

A row comes in as it would stand here had it been here all the time.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Table, select

from storage import erasures, marks, people, personal
from storage.erasures import Erasure
from storage.practices import UNFINISHED
from storage.records import NOBODY, PracticeState, UserId
from storage.tables.archive import event, reaction, redaction, revision
from storage.tables.people import membership_fact, person, room
from storage.tables.practices import practice, practice_field, practice_review, transfer_note
from storage.tables.visits import promise, recommendation, visit, visit_line, visit_vote
from storage.types import event_hash, milliseconds

Row = Mapping[str, Any]  # of a line: people and rooms by their Matrix ids, moments in ms


@dataclass(frozen=True, slots=True)
class _Rest:
    """A column that names the message on which words rest, and what becomes of them without it."""

    on: Column[Any]
    then: Mapping[str, Any] | None = None  # what is written; None: the row goes
    unless: Column[Any] | None = None  # a row that has something there is left to the next


_RESTS = (
    _Rest(practice.c.reason_event, {"reason": ""}),
    _Rest(practice_field.c.event_id),
    _Rest(practice_review.c.event_id),
    _Rest(transfer_note.c.event_id, unless=transfer_note.c.state),
    _Rest(transfer_note.c.event_id, {"text": ""}),
    _Rest(visit.c.source, {"title": ""}),
    _Rest(visit.c.override_source, {"override": "", "override_source": None}),
    _Rest(visit.c.place_source, {"place": "", "place_source": None}),
    _Rest(visit_vote.c.event_id, {"value": ""}),
    _Rest(visit_line.c.source, {"text": ""}),
    _Rest(recommendation.c.source, {"text": ""}),
    _Rest(recommendation.c.why_source, {"why": "", "why_source": None}),
    _Rest(promise.c.source, {"text": ""}),
    _Rest(promise.c.why_source, {"why": "", "why_source": None}),
)
_NOWHERE = {"room_id": None, "event_id": None}
_ALONE = {"source_room": None, "source_event": None, "reason_event": None}
_WITHDRAWN = {"state": PracticeState.WITHDRAWN.value, "asking": None, "reason": ""}


@dataclass(slots=True)
class Returning:
    """What was erased, deleted and withdrawn here, looked up as rows ask for it."""

    connection: Connection
    alone: set[int] = field(default_factory=set)  # practices that stay under their city's name
    _withdrawn: set[int] | None = None
    _erasures: dict[str, list[Erasure]] | None = None
    _of: dict[str, list[Erasure]] = field(default_factory=dict)
    _gone: dict[str, bool] = field(default_factory=dict)

    def as_kept_here(self, target: Table, row: Row) -> Row | None:
        """The row as it may come in; None: not at all."""
        if target is membership_fact and self.is_gone(row["person_id"]):
            return None
        if target is practice:
            return self._practice(row)
        if target in (practice_field, practice_review) and row["practice_id"] in self.withdrawn:
            return None
        if target is practice_field:
            return self._field(row)
        if target in (revision, reaction):  # they go by when their message was said
            return row
        return self._left_of(target, row)

    @property
    def withdrawn(self) -> set[int]:
        """Practices that have no words any more."""
        if self._withdrawn is None:
            gone = select(practice.c.id).where(practice.c.state == PracticeState.WITHDRAWN)
            self._withdrawn = set(self.connection.scalars(gone))
        return self._withdrawn

    def _practice(self, row: Row) -> Row | None:
        author = self.erasure_of(row["author_id"], row["created_at"])
        left = self._left_of(practice, row)
        if left is None:
            return None
        finished = row["state"] not in UNFINISHED
        if self._was_deleted(row.get("source_event"), row.get("source_room")):
            self.withdrawn.add(row["id"])
        elif author is not None and author.keep_practices and finished:
            self.alone.add(row["id"])
            return {**left, **_ALONE}
        elif author is not None:
            self.withdrawn.add(row["id"])
        # Its number and its dates stay, so that the number is not given twice.
        return {**left, **_WITHDRAWN} if row["id"] in self.withdrawn else left

    def _field(self, row: Row) -> Row | None:
        left = self._left_of(practice_field, row)
        if left is not None and row["practice_id"] in self.alone:
            return {**left, **_NOWHERE}
        return None if self._was_said_by_erased(row.get("event_id")) else left

    def _left_of(self, target: Table, row: Row) -> Row | None:
        """Without those who were erased, and without words whose message was deleted."""
        at = row.get("created_at", row.get("at", 0))
        left = personal.left_of(target, row, lambda who: self.erasure_of(who, at) is not None)
        for rest in _RESTS:
            if left is None or rest.on.table is not target:
                continue
            if rest.unless is not None and left.get(rest.unless.name) is not None:
                continue
            if self._was_deleted(left.get(rest.on.name), left.get("room_id")):
                left = None if rest.then is None else {**left, **rest.then}
        return left

    # ── who was erased ────────────────────────────────────────────────────────────────────────

    def erasure_of(self, address: object, at: int) -> Erasure | None:
        """By which erasure went what somebody made at a moment (ms)."""
        mine = self._mine(address)
        # Said by their homeserver's clock, asked by ours: rows have the time of ours.
        covering = (one for one in mine if at <= max(one.until, milliseconds(one.asked_at)))
        last = mine[-1] if mine and self.is_gone(str(address)) else None
        return next(covering, last)

    def is_gone(self, address: str) -> bool:
        """Whether somebody was erased, and not even their address is known here any more."""
        if not self._mine(address):
            return False
        if address not in self._gone:
            self._gone[address] = people.get(self.connection, UserId(address)) is None
        return self._gone[address]

    def stand_in(self, address: str) -> int:
        """Our number for somebody who is gone: their row has a check value for an address."""
        return erasures.known_by_mark(self.connection, self._mine(address)[0].mark)

    def _mine(self, address: object) -> list[Erasure]:
        """Erasures of somebody, oldest first."""
        if self._erasures is None:
            self._erasures = {}
            for one in sorted(erasures.find(self.connection), key=lambda it: it.until):
                self._erasures.setdefault(one.mark, []).append(one)
        if not self._erasures or not isinstance(address, str) or address == NOBODY:
            return []
        if address not in self._of:
            mark = marks.mark_of(self.connection, UserId(address))
            self._of[address] = self._erasures.get(mark, [])
        return self._of[address]

    # ── what was deleted ──────────────────────────────────────────────────────────────────────

    def _was_deleted(self, event_id: str | None, room_id: str | None) -> bool:
        """Whether a message was taken back; room_id: where it stood, if the row says it."""
        if event_id is None:
            return False
        dead = (
            select(redaction.c.target_h)
            .join(room, room.c.id == redaction.c.room_id)
            .where(redaction.c.target_h == event_hash(event_id))
        )
        if room_id is not None:
            dead = dead.where(room.c.room_id == room_id)
        return self.connection.execute(dead).first() is not None

    def _was_said_by_erased(self, event_id: str | None) -> bool:
        if event_id is None:
            return False
        said = (
            select(person.c.user_id, event.c.ts)
            .join(event, event.c.sender_id == person.c.id)
            .where(event.c.event_h == event_hash(event_id))
        )
        found = self.connection.execute(said).first()
        return found is not None and self.erasure_of(found.user_id, found.ts) is not None

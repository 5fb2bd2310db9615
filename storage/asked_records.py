"""The vocabulary of questions that members ask each other, with no database behind it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.records import EventId, RoomId, UserId


class QuestionState(StrEnum):
    OPEN = "open"
    PARTLY = "partly"  # answered in part: somebody of another city said something
    ANSWERED = "answered"
    UNANSWERED = "unanswered"  # closed without an answer
    GONE = "gone"  # taken back


WAITING = frozenset({QuestionState.OPEN, QuestionState.PARTLY})


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question that is looked after until it is answered."""

    id: int
    cluster: str  # slug
    room_id: RoomId
    source: EventId  # the message that asks
    root: EventId  # of the thread in which it is answered
    asker: UserId
    city: str | None  # slug, as of then
    text: str  # "" once it was taken back
    state: QuestionState
    asked_at: datetime
    changed_at: datetime
    offered_at: datetime | None = None  # to a coordinator

    @property
    def name(self) -> str:
        return f"Q-{self.id}"


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """A message that answers a question."""

    question: int
    event_id: EventId
    author: UserId
    city: str | None
    cluster: str
    at: datetime
    carried: str | None = None  # key of the copy in the asker's room
    accepted: bool = False

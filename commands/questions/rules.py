"""What becomes of a question, and what counts as an answer: pure decisions."""

from collections.abc import Sequence
from datetime import timedelta

from storage.asked_records import GivenAnswer, QuestionState
from storage.records import Person, Role

PATIENCE = 2  # working days without an answer, before a coordinator is asked where else to ask
OFFER_AFTER = 1  # working days, before a question that nobody looks after is offered that
CLOSED_AFTER = timedelta(days=28)  # without any answer
KNOW = frozenset({Role.EXPERT_FACILITATOR, Role.VOLUNTEERING_EXPERT})


def state_of(answers: Sequence[GivenAnswer], before: QuestionState) -> QuestionState:
    """Answered by the asker's ✅; in part by anybody's answer; a closed one stays closed."""
    if before is QuestionState.GONE:
        return before
    if any(one.accepted for one in answers):
        return QuestionState.ANSWERED
    if before is QuestionState.UNANSWERED and not answers:
        return before
    return QuestionState.PARTLY if answers else QuestionState.OPEN


def is_answer(speaker: Person, asker: str, city: str | None) -> bool:
    """Whether somebody's words under a question may answer it.

    The asker's and their colleagues' do not; who speaks for no city must be there to know things:
    a coordinator's "let me ask around" is no answer.
    """
    if speaker.user_id == asker:
        return False
    if speaker.city is None:
        return bool(speaker.roles & KNOW)
    return speaker.city != city

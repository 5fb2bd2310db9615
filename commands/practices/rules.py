"""The life of a practice: which step may follow which state, and what it takes."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from storage.records import (
    PracticeState,
    ReviewAnswer,
    ReviewQuestion,
    TransferState,
    Verdict,
)

S = PracticeState
T = TransferState
PEERS = 2  # of as many other cities


class Step(StrEnum):
    """What may be done with a practice."""

    AGREE = "agree"  # the author says yes to what somebody else captured
    SHARE = "share"
    REVIEW = "review"
    ASK = "ask"  # a reviewer needs to know more
    SUPPLY = "supply"  # what was asked for is there
    PUBLISH = "publish"
    RETIRE = "retire"
    WITHDRAW = "withdraw"


STEPS: Mapping[Step, Mapping[PracticeState, PracticeState]] = {
    Step.AGREE: {S.CAPTURED: S.DRAFT},
    Step.SHARE: {S.DRAFT: S.SHARED},
    Step.REVIEW: {S.SHARED: S.UNDER_REVIEW},
    Step.ASK: {S.UNDER_REVIEW: S.NEEDS_INFO},
    Step.SUPPLY: {S.NEEDS_INFO: S.UNDER_REVIEW},
    Step.PUBLISH: {S.UNDER_REVIEW: S.PUBLISHED},
    Step.RETIRE: {S.PUBLISHED: S.RETIRED},
    Step.WITHDRAW: {state: S.WITHDRAWN for state in S if state is not S.WITHDRAWN},
}


def after(state: PracticeState, step: Step) -> PracticeState | None:
    """The state that a step leads to; None if it may not be taken from here."""
    return STEPS[step].get(state)


# ── reviews ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Reviewed:
    """How far the review of a practice is."""

    cities: tuple[str, ...]  # other cities of which a peer has answered all three questions
    facilitator: bool  # has answered, too
    disagree: tuple[ReviewQuestion, ...] = ()  # questions to which some say yes and some say no

    @property
    def peers_missing(self) -> int:
        return max(0, PEERS - len(self.cities))

    @property
    def complete(self) -> bool:
        return self.facilitator and not self.peers_missing


def reviewed(answers: Sequence[ReviewAnswer], city: str | None) -> Reviewed:
    """What the answers about a practice of that city amount to; a facilitator is no peer."""
    by: dict[int, list[ReviewAnswer]] = {}
    for answer in answers:
        by.setdefault(answer.reviewer.id, []).append(answer)
    whole = [given for given in by.values() if len(given) == len(ReviewQuestion)]
    peers = {given[0].city for given in whole if not given[0].facilitator and given[0].city != city}
    verdicts: dict[ReviewQuestion, set[Verdict]] = {}
    for answer in answers:
        verdicts.setdefault(answer.question, set()).add(answer.verdict)
    return Reviewed(
        tuple(sorted(each for each in peers if each is not None)),
        any(given[0].facilitator for given in whole),
        tuple(
            question
            for question in ReviewQuestion
            if {Verdict.YES, Verdict.NO} <= verdicts.get(question, set())
        ),
    )


def next_question(given: Collection[ReviewQuestion]) -> ReviewQuestion | None:
    """What a reviewer is asked next; None once all three are answered."""
    return next((each for each in ReviewQuestion if each not in given), None)


# ── transfers ─────────────────────────────────────────────────────────────────────────────────

_ON_THE_WAY = (T.UNDERSTANDING, T.ADAPTING, T.PILOTING, T.IN_USE)
# A pilot may lead back to the drawing board. What was stopped stays so: the city may begin anew.
MOVES: Mapping[TransferState, frozenset[TransferState]] = {
    T.INTERESTED: frozenset({*_ON_THE_WAY, T.STOPPED}),
    T.UNDERSTANDING: frozenset({T.ADAPTING, T.PILOTING, T.IN_USE, T.STOPPED}),
    T.ADAPTING: frozenset({T.PILOTING, T.IN_USE, T.STOPPED}),
    T.PILOTING: frozenset({T.ADAPTING, T.IN_USE, T.STOPPED}),
    T.IN_USE: frozenset({T.ADAPTING, T.STOPPED}),
    T.STOPPED: frozenset(),
}


def may_move(state: TransferState, to: TransferState) -> bool:
    """Whether a transfer may go from one state to another."""
    return to in MOVES[state]


def moves(state: TransferState) -> list[TransferState]:
    """Where a transfer may go from here, in the order of its life."""
    return [each for each in T if each in MOVES[state]]

"""The ledger of votes: in whatever order events come, and however often, it says the same."""

import random
from datetime import UTC, date, datetime, timedelta

from sqlalchemy import Connection

from commands.dates.rules import Said, Value, Vote, fold
from storage import visits, votes
from storage.database import Database
from storage.records import EventId, UserId
from storage.visit_records import VisitState, VisitVote

Answers = dict[tuple[int, UserId, str | None], Said]
T0 = datetime(2027, 1, 4, 9, tzinfo=UTC)
CLOSE = T0 + timedelta(minutes=20)


def history(chance: random.Random) -> list[tuple[str, VisitVote]]:
    """Votes of three people on two dates by all ways, and what of them was taken back."""
    facts: list[tuple[str, VisitVote]] = []
    for number in range(30):
        channel = chance.choice(("poll", "tap", "command"))
        vote = VisitVote(
            EventId(f"$vote{number}"),
            1,
            chance.randint(1, 2),
            UserId(f"@{chance.choice('abc')}:hs"),
            T0 + timedelta(minutes=chance.randint(0, 25)),
            chance.choice(["yes", "maybe", "no", ""]),
            channel=channel,
        )
        facts.append(("vote", vote))
        if chance.random() < 0.2:
            facts.append(("silence" if channel == "tap" else "forget", vote))
    return facts


def replay(connection: Connection, facts: list[tuple[str, VisitVote]]) -> Answers:
    for vote in votes.find(connection, 1):
        votes.forget(connection, vote.event_id)
    for what, vote in facts:
        match what:
            case "vote":
                votes.record(connection, [vote])
            case "silence":
                votes.silence(connection, vote.event_id)
            case _:
                votes.forget(connection, vote.event_id)
    ledger = [
        Vote(v.event_id, v.option, v.person, v.at, Value(v.value) if v.value else None, v.party)
        for v in votes.find(connection, 1)
    ]
    return fold(ledger, {1: CLOSE, 2: CLOSE})


async def test_any_order_of_votes_gives_the_same_answers(database: Database) -> None:
    """A redaction always comes after what it takes back; everything else may come as it likes."""
    chance = random.Random(11)

    def work(connection: Connection) -> None:
        for _ in range(8):
            facts = history(chance)
            expected = replay(connection, facts)
            said = [fact for fact in facts if fact[0] == "vote"]
            gone = [fact for fact in facts if fact[0] != "vote"]
            mixed = chance.sample(said, len(said)) + chance.sample(gone, len(gone))
            assert replay(connection, mixed) == expected
            early = chance.choice(said)
            if early[1].event_id not in {vote.event_id for _, vote in gone}:
                assert replay(connection, [early, *mixed]) == expected, "repeated"

    await database.write(work)


async def test_the_same_proposal_is_one_visit_and_days_stay_days(database: Database) -> None:
    def work(connection: Connection) -> None:
        for _ in range(2):
            made = visits.add(
                connection,
                cluster="housing",
                room_id="!r:hs",
                host="oslo",
                title="T",
                days=3,
                state=VisitState.DRAFT.value,
                proposer="@a:hs",
                source="$once",
                created_at=T0,
                deadline=CLOSE,
                time_zone="Pacific/Kiritimati",
                quorum=1,
            )
        assert made.id == 1
        visits.add_options(connection, 1, [(date(2027, 3, 28), date(2027, 3, 30))])
        (option,) = visits.options(connection, 1)
        assert (option.start, option.last) == (date(2027, 3, 28), date(2027, 3, 30))
        assert visits.close_option(connection, 1, 1, CLOSE)
        assert not visits.close_option(connection, 1, 1, CLOSE + timedelta(seconds=1))
        assert visits.options(connection, 1)[0].closed_at == CLOSE, "the first end closes"

    await database.write(work)

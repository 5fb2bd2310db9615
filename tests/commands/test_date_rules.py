"""Which date is chosen: tables, all ballots of a small electorate, and the sample polls."""

import itertools
import json
import random
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.dates.holidays import closed_days
from commands.dates.reader import Span
from commands.dates.rules import (
    Because,
    Choice,
    Option,
    Party,
    Standing,
    Status,
    Terms,
    Value,
    Voice,
    Vote,
    all_answered,
    choose,
    fold,
    level_at_the_top,
    ranked,
    silent_parties,
    smallest_obstacle,
    standing,
)
from storage.records import UserId

SAMPLE = json.loads((Path(__file__).parents[2] / "demo" / "sample-content.json").read_text())
T0 = datetime(2027, 1, 4, 9, tzinfo=UTC)
DAY = date(2027, 3, 9)
SIGNS = {"y": Value.YES, "m": Value.MAYBE, "n": Value.NO, ".": None, "-": None}


def person(name: str) -> UserId:
    return UserId(f"@{name}:hs")


def option(number: int, start: date | None = None, **more: Any) -> Option:
    first = start or DAY + timedelta(weeks=number - 1)
    return Option(number, Span(first, first + timedelta(days=2)), **more)


def cities(*names: str, required: str = "") -> list[Party]:
    return [Party(name, (person(name),), required=name in required.split()) for name in names]


def votes(**ballots: str) -> list[Vote]:
    """votes(oslo="yn") is yes to date 1, no to date 2."""
    return [
        Vote(f"${name}-{number}", number, person(name), T0, SIGNS[sign])
        for name, ballot in ballots.items()
        for number, sign in enumerate(ballot, 1)
        if sign != "."
    ]


def chosen(parties: list[Party], given_votes: list[Vote], options: int = 2, **terms: Any) -> Choice:
    dates = [option(n) for n in range(1, options + 1)]
    return choose(dates, parties, fold(given_votes, {}), Terms(**terms))


def by_number(choice: Choice) -> dict[int, Standing]:
    return {s.option.number: s for s in choice.standings}


# ── status and order ──────────────────────────────────────────────────────────────────────────

FOUR = cities("host", "mentor", "c", "d", required="host mentor")


@pytest.mark.parametrize(
    ("ballots", "quorum", "status", "because"),
    [
        ({}, 1, "waiting", Because.SILENT),  # 2: nobody voted
        ({"host": "y"}, 1, "waiting", Because.SILENT),  # 3: only the host did
        ({"host": "y", "mentor": "y"}, 1, "possible", None),
        ({"host": "y", "mentor": "m"}, 1, "possible", None),  # 6: if need be is good enough
        ({"host": "n", "mentor": "y", "c": "y", "d": "y"}, 1, "out", Because.REFUSED),
        ({"host": "y", "mentor": "y", "c": "n", "d": "n"}, 3, "out", Because.TOO_FEW),
        ({"host": "y", "mentor": "y", "c": "n"}, 3, "waiting", Because.QUORUM),
        ({"host": "y", "c": "y", "d": "y"}, 1, "waiting", Because.SILENT),  # 5
    ],
)
def test_hard_conditions_come_before_any_count(
    ballots: dict[str, str], quorum: int, status: str, because: Because | None
) -> None:
    one = chosen(FOUR, votes(**ballots), options=1, quorum=quorum).standings[0]
    assert one.status.value == status
    assert because is None or because in [reason.because for reason in one.reasons]


@pytest.mark.parametrize(
    ("ballots", "order", "why"),
    [
        ({"host": "yy", "mentor": "yy", "c": "yn", "d": "yy"}, [1, 2], "more can come"),
        ({"host": "ym", "mentor": "yy", "c": "my", "d": "yy"}, [1, 2], "fewer required hesitate"),
        ({"host": "yy", "mentor": "yy", "c": "my", "d": "yy"}, [2, 1], "more say yes"),
        ({"host": "yy", "mentor": "yy", "c": "n.", "d": "yy"}, [2, 1], "fewer say no"),
        ({"host": "yy", "mentor": "yy", "c": "yy", "d": "yy"}, [1, 2], "the earlier one"),
        ({"host": "ny", "mentor": "yy", "c": "yn", "d": "yn"}, [2, 1], "required before many"),
        ({"host": ".y", "mentor": "yy", "c": "yn", "d": "yn"}, [2, 1], "possible before waiting"),
    ],
)
def test_the_published_order(ballots: dict[str, str], order: list[int], why: str) -> None:
    found = [s.option.number for s in chosen(FOUR, votes(**ballots)).standings]
    assert found == order, why


def test_a_tie_is_declared_and_the_earlier_date_comes_first() -> None:
    level = chosen(FOUR, votes(host="yy", mentor="yy", c="yn", d="ny"))
    assert level.winner is None
    assert [s.option.number for s in level.best] == [1, 2]


def test_a_waiting_date_that_would_win_says_on_whom_it_waits() -> None:
    choice = chosen(FOUR, votes(host="yy", mentor="y.", c="ny", d="yy"))
    assert choice.winner is not None
    assert choice.winner.option.number == 1
    ((then, missing),) = choice.would_win
    assert (then.option.number, then.comes, missing) == (2, 4, ("mentor",))
    hopeless = chosen(FOUR, votes(host="yy", mentor="y.", c="yn", d="yn"))
    assert not hopeless.would_win


def test_when_every_date_is_out_the_smallest_obstacle_is_named() -> None:
    choice = chosen(FOUR, votes(host="nn", mentor="ny", c="yy", d="yy"))
    assert not choice.best
    nearest = smallest_obstacle(choice)
    assert nearest is not None
    assert nearest.option.number == 2
    assert nearest.reasons[0].parties == ("host",)


def test_a_date_in_the_past_or_within_the_lead_time_is_out() -> None:
    parties, all_yes = cities("a"), votes(a="yy")
    late = choose(
        [option(1), option(2)],
        parties,
        fold(all_yes, {}),
        Terms(today=DAY - timedelta(days=3), lead=timedelta(days=7)),
    )
    assert by_number(late)[1].status is Status.OUT
    assert late.winner is not None
    assert late.winner.option.number == 2


def test_a_date_that_a_party_asked_first_has_refused_is_out_and_nobody_waits_for_it() -> None:
    dates = [option(1), option(2, refused_by="host")]
    choice = choose(dates, FOUR, fold(votes(host="y", mentor="y", c="y", d="n"), {}), Terms())
    assert by_number(choice)[2].reasons[0].parties == ("host",)
    assert all_answered(choice)


def test_people_without_a_city_are_heard_and_not_counted() -> None:
    expert = Party("expert", (person("expert"),), required=True, counts=False)
    choice = chosen([*cities("a", "b"), expert], votes(a="y", b="n", expert="y"), options=1)
    one = choice.standings[0]
    assert (one.yes, one.no, one.of, one.status) == (1, 1, 2, Status.POSSIBLE)


# ── one voice a city ──────────────────────────────────────────────────────────────────────────


def city(contact: str | None = None) -> Party:
    return Party("city", (person("ola"), person("jan")), person(contact) if contact else None)


def vote(name: str, value: Value | None, minutes: int, **more: Any) -> Vote:
    at = T0 + timedelta(minutes=minutes)
    return Vote(f"${name}{minutes}", 1, person(name), at, value, **more)


@pytest.mark.parametrize(
    ("contact", "ledger", "value", "others"),
    [
        (None, [("ola", "y", 1), ("jan", "n", 2)], "n", ["ola"]),
        ("ola", [("ola", "y", 1), ("jan", "n", 2)], "y", ["jan"]),
        ("ola", [("jan", "n", 2)], "n", []),
        ("ola", [("ola", "y", 1), ("ola", "-", 3), ("jan", "n", 2)], "n", []),
        (None, [("ola", "y", 1), ("jan", "y", 2)], "y", []),
        (None, [("eve", "y", 1)], None, []),
        ("kim", [("kim", "m", 1), ("jan", "y", 2)], "m", ["jan"]),
    ],
)
def test_the_contact_speaks_for_a_city_else_whoever_spoke_last(
    contact: str | None, ledger: list[tuple[str, str, int]], value: str | None, others: list[str]
) -> None:
    ballots = [vote(name, SIGNS[sign], at) for name, sign, at in ledger]
    heard = choose([option(1)], [city(contact)], fold(ballots, {}), Terms())
    voice = heard.standings[0].voices["city"]
    assert voice.value is (None if value is None else SIGNS[value])
    assert [one.person for one in voice.others] == [person(name) for name in others]


def test_an_answer_given_for_a_city_counts_for_that_city_alone() -> None:
    parties = cities("a", "b")
    by_phone = [Vote("$1", 1, person("a"), T0, Value.NO, party="b")]
    one = choose([option(1)], parties, fold(by_phone, {}), Terms()).standings[0]
    assert (one.voices["a"].value, one.voices["b"].value) == (None, Value.NO)


@pytest.mark.parametrize(
    ("seconds", "counts"), [(-1, True), (0, True), (0.001, False), (60, False)]
)
def test_a_vote_at_the_very_moment_of_closing_counts_and_a_later_one_never_was(
    seconds: float, counts: bool
) -> None:
    close = T0 + timedelta(hours=1)
    early = Vote("$1", 1, person("a"), T0, Value.NO)
    late = Vote("$2", 1, person("a"), close + timedelta(seconds=seconds), Value.YES)
    said = fold([late, early], {1: close})
    assert said[1, person("a"), None].value is (Value.YES if counts else Value.NO)


def test_a_vote_stamped_before_the_poll_began_counts() -> None:
    assert fold([Vote("$1", 1, person("a"), T0 - timedelta(days=1), Value.YES)], {1: T0})


SHUFFLED = [
    Vote(f"${n}", 1 + n % 2, person("ab"[n % 3 == 0]), T0 + timedelta(seconds=n // 3), value)
    for n, value in enumerate([*Value, None, *Value, *Value, None, Value.YES])
]


@given(st.permutations(SHUFFLED))
def test_any_order_and_repetition_of_votes_gives_the_same_answers(order: list[Vote]) -> None:
    assert fold([*order, *order[:3]], {}) == fold(SHUFFLED, {})


def test_who_is_silent_and_whether_all_have_answered() -> None:
    some = chosen(FOUR, votes(host="yy", mentor="y.", c="nn"))
    assert silent_parties(some) == ("d", "mentor")
    assert not all_answered(some)
    assert all_answered(chosen(FOUR, votes(host="yy", mentor="ym", c="nn", d="nn")))


# ── every ballot of a small electorate ────────────────────────────────────────────────────────

RAISED = {Value.NO: Value.MAYBE, None: Value.MAYBE, Value.MAYBE: Value.YES}
BALLOT = (None, *Value)
BETTER = {Value.YES: 3, Value.MAYBE: 2, None: 1, Value.NO: 0}
NAMES = tuple(party.key for party in FOUR)
Ballot = tuple[Value | None, ...]  # what the four say to one date


def outcome(ballot: Ballot, quorum: int = 2) -> Choice:
    """ballot: of each party, what it says to date 1, then to date 2."""
    ledger = [
        Vote(f"${place}", place % 2 + 1, person(NAMES[place // 2]), T0, value)
        for place, value in enumerate(ballot)
        if value is not None
    ]
    return chosen(FOUR, ledger, quorum=quorum)


@pytest.mark.promise(
    "The rule by which dates are chosen never breaks a hard condition, and a vote for a date never"
    " harms it: tried on every ballot of two dates and four parties."
)
def test_every_ballot_of_two_dates_and_four_parties() -> None:
    """65,536 ballots: conditions never broken, never dominated, monotone, fair to numbering."""
    ballots = list(itertools.product(BALLOT, repeat=4))
    stands = {
        (number, ballot): standing(
            option(number),
            FOUR,
            {name: Voice(value) for name, value in zip(NAMES, ballot, strict=True)},
            Terms(quorum=2),
        )
        for number in (1, 2)
        for ballot in ballots
    }
    best: dict[tuple[Ballot, Ballot], tuple[int, ...]] = {}
    for first, second in itertools.product(ballots, repeat=2):
        top = level_at_the_top(ranked([stands[1, first], stands[2, second]]))
        best[first, second] = tuple(s.option.number for s in top)
    assert len(best) == 65_536
    higher = {
        ballot: [
            (*ballot[:at], RAISED[value], *ballot[at + 1 :])
            for at, value in enumerate(ballot)
            if value in RAISED
        ]
        for ballot in ballots
    }
    for (first, second), numbers in best.items():
        for mine, other, number in ((first, second, 1), (second, first, 2)):
            if number not in numbers:
                continue
            assert mine[0] in (Value.YES, Value.MAYBE)
            assert mine[1] in (Value.YES, Value.MAYBE)
            assert stands[number, mine].comes >= 2
            if stands[3 - number, other].status is Status.POSSIBLE:
                ranks = [(BETTER[b], BETTER[a]) for a, b in zip(mine, other, strict=True)]
                assert not (all(b >= a for b, a in ranks) and any(b > a for b, a in ranks))
        assert best[second, first] == tuple(sorted(3 - n for n in numbers))
        if numbers == (1,):  # date 2 is the same, seen from the other side
            assert all(best[raised, second] == (1,) for raised in higher[first])


def test_the_order_of_parties_changes_nothing_and_neither_does_a_date_that_is_out() -> None:
    chance = random.Random(5)
    for _ in range(300):
        ballot = tuple(chance.choice(BALLOT) for _ in range(8))
        plain = outcome(ballot)
        ledger = [
            Vote(f"${p}", p % 2 + 1, person(NAMES[p // 2]), T0, v)
            for p, v in enumerate(ballot)
            if v is not None
        ]
        mixed = chance.sample(FOUR, 4)
        dates = [option(2), option(1), option(3, refused_by="host")]
        again = choose(dates, mixed, fold(ledger, {}), Terms(quorum=2))
        assert [s.option.number for s in again.best] == [s.option.number for s in plain.best]


# ── the sample polls ──────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("poll", [p for p in SAMPLE["polls"] if "decided_option" in p])
@pytest.mark.parametrize("weighing", ["everybody", "cities alone"])
def test_the_sample_polls_come_out_as_they_say(poll: dict[str, Any], weighing: str) -> None:
    """Its points belong to another rule; its counts take the facilitator for a voice, too."""
    values = {"yes": Value.YES, "if_need_be": Value.MAYBE, "no": Value.NO}
    known = {city["id"] for city in SAMPLE["cities"]}
    parties = [
        Party(
            v["member_id"],
            (person(v["member_id"]),),
            required=v["required"],
            counts=weighing == "everybody" or v["on_behalf_of"] in known,
        )
        for v in poll["votes"]
    ]
    dates = [
        Option(o["index"], Span(date.fromisoformat(o["start"]), date.fromisoformat(o["end"])))
        for o in poll["options"]
    ]
    ledger = [
        Vote(f"${v['member_id']}{n}", n, person(v["member_id"]), T0, values[said])
        for v in poll["votes"]
        for n, said in enumerate(v["values"])
    ]
    choice = choose(dates, parties, fold(ledger, {}), Terms())
    assert choice.winner is not None
    assert choice.winner.option.number == poll["decided_option"]
    for expected in poll["expected_tally"]:
        one = by_number(choice)[expected["option"]]
        blocked = [k for r in one.reasons if r.because is Because.REFUSED for k in r.parties]
        assert blocked == expected["required_blocked"]
        if weighing == "everybody":
            counts = {"yes": one.yes, "if_need_be": one.maybe, "no": one.no}
            assert counts == {name: expected[name] for name in counts}


# ── holidays ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("country", "day", "name"),
    [
        ("NO", date(2027, 5, 17), "Constitution Day"),
        ("IT", date(2026, 6, 2), "Republic Day"),
        ("LV", date(2026, 5, 4), "Restoration of Independence Day"),
        ("FR", date(2026, 5, 14), "Ascension Day"),
        ("DE", date(2026, 5, 14), "Ascension Day"),
        ("GB", date(2026, 5, 14), None),
        ("ES", date(2026, 5, 14), None),
        ("GR", date(2026, 4, 13), "Easter Monday"),  # Orthodox Easter is the 12th
        ("XX", date(2026, 1, 1), None),
    ],
)
def test_public_holidays_differ_by_country(country: str, day: date, name: str | None) -> None:
    found = closed_days(country, "en", (day,))
    assert (name is None) == (not found)
    if name is not None:
        assert name in found[day]


def test_holidays_speak_the_readers_language_where_they_can_and_a_city_has_its_own() -> None:
    day = date(2026, 5, 14)
    assert closed_days("DE", "de", (day,))[day] == "Christi Himmelfahrt"
    assert closed_days("DE", "lv", (day,))[day] == "Ascension Day"
    assert closed_days("GB", "en", (day,), own={day: "Market day"}) == {day: "Market day"}

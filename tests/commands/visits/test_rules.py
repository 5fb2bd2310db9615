"""Votes as people type them, clashes, and when people are asked and reminded."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from commands.dates.reader import Span
from commands.dates.rules import Value
from commands.visits import rules
from storage.records import EventId, UserId
from storage.visit_records import VisitVote

SIGNS = {Value.YES: "y", Value.MAYBE: "m", Value.NO: "n"}


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("1 yes 2 maybe 3 no", "1y 2m 3n"),
        ("yes 1 3", "1y 3y"),
        ("yes 1 3 no 2", "1y 3y 2n"),
        ("1 3 yes, 2 no", "1y 3y 2n"),
        ("1: yes; 2: if need be", "1y 2m"),
        ("1-3 yes", "1y 2y 3y"),
        ("yes 1-2", "1y 2y"),
        ("yes", "1y 2y 3y"),
        ("no", "1n 2n 3n"),
        ("yes to all", "1y 2y 3y"),
        ("all yes", "1y 2y 3y"),
        ("all but 2", "1y 3y"),
        ("yes all but the 2", "1y 3y"),
        ("ja 1 vielleicht 2 nein 3", "1y 2m 3n"),
        ("1 oui 2 peut-être 3 non", "1y 2m 3n"),
        ("sí 1 no 2", "1y 2n"),
        ("1 ναι 3 όχι", "1y 3n"),
        ("1 jā 2 nē", "1y 2n"),
        ("ano 1", "1y"),
        ("1 ✅ 2 🟡 3 ❌", "1y 2m 3n"),
        ("1️⃣ yes", "1y"),
        ("1 yes 1 no", "1n"),
        ("4 yes", None),
        ("1", None),
        ("yes maybe", None),
        ("1 yes 2", None),
        ("the first one please", None),
        ("", None),
    ],
)
def test_an_answer_is_read_as_people_type_it(typed: str, read: str | None) -> None:
    said = rules.read_votes(typed, (1, 2, 3))
    shown = None if said is None else " ".join(f"{n}{SIGNS[v]}" for n, v in said.items())
    assert shown == read


@pytest.mark.parametrize(
    ("ids", "meant"),
    [
        (["yes"], Value.YES),
        (["maybe"], Value.MAYBE),
        (["yes", "no"], Value.YES),  # 15: cut to one
        (["yes", "yes"], Value.YES),  # 16
        (["yes", "?"], None),  # 14: unknown, even beyond the first, spoils
        (["?"], None),
        ([], None),  # 17
    ],
)
def test_an_answer_to_a_poll_means_what_clients_take_it_for(
    ids: list[str], meant: Value | None
) -> None:
    known = {value.value: rules.answer_id("visit/1/poll/1/1", value) for value in Value}
    assert len({len(one) for one in known.values()}) == 1
    assert rules.answered("visit/1/poll/1/1", [known.get(i, i) for i in ids]) is meant


def test_keycaps_mean_dates() -> None:
    assert [rules.keycap(n) for n in (1, 10, 11)] == ["1\ufe0f\u20e3", "🔟", None]
    assert rules.tapped_date("1\u20e3") == 1
    assert rules.tapped_date("🍰") is None


OSLO = ZoneInfo("Europe/Oslo")
MONDAY = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def naive(day: int, hour: int) -> datetime:
    return datetime(2026, 3, day, hour, tzinfo=UTC).replace(tzinfo=None)


def test_dates_are_asked_for_five_days_and_never_longer_than_the_first_of_them_allows() -> None:
    usual = rules.usual_deadline(MONDAY, OSLO, date(2026, 5, 1))
    assert usual == naive(9, 18)  # the fifth day is a Saturday
    assert rules.usual_deadline(MONDAY, OSLO, date(2026, 3, 5)) == naive(4, 18)
    assert rules.usual_deadline(MONDAY, OSLO, date(2026, 3, 2)) == naive(2, 12)


@pytest.mark.parametrize(
    ("days", "hours_before"), [(10, [120, 48]), (4, [48, 36]), (2, [24]), (1, [12])]
)
def test_the_silent_are_reminded_at_most_twice(days: int, hours_before: list[int]) -> None:
    end = MONDAY + timedelta(days=days)
    moments = rules.reminders(MONDAY, end)
    assert [(end - m) / timedelta(hours=1) for m in moments] == hours_before


@pytest.mark.parametrize(
    ("moment", "then"),
    [
        (datetime(2026, 3, 2, 9, tzinfo=UTC), datetime(2026, 3, 2, 9, tzinfo=UTC)),
        (datetime(2026, 3, 2, 19, tzinfo=UTC), datetime(2026, 3, 3, 8, tzinfo=UTC)),
        (datetime(2026, 3, 2, 5, tzinfo=UTC), datetime(2026, 3, 2, 8, tzinfo=UTC)),
        (datetime(2026, 3, 6, 18, tzinfo=UTC), datetime(2026, 3, 9, 8, tzinfo=UTC)),
        (datetime(2026, 3, 28, 12, tzinfo=UTC), datetime(2026, 3, 30, 7, tzinfo=UTC)),
    ],
)
def test_nobody_is_reminded_at_night_or_at_the_weekend(moment: datetime, then: datetime) -> None:
    assert rules.humane(moment, OSLO) == then


INES, OLA = UserId("@ines:hs"), UserId("@ola:hs")


def test_two_visits_clash_where_they_share_people_or_a_host_on_the_same_day() -> None:
    booked = rules.Booked(
        "V-5", Span(date(2027, 3, 10), date(2027, 3, 12)), frozenset({INES}), "malmo"
    )
    mine = Span(date(2027, 3, 9), date(2027, 3, 11))
    (clash,) = rules.clashes(mine, [INES, OLA], "oslo", [booked])
    assert clash.days == (date(2027, 3, 10), date(2027, 3, 11))
    assert clash.people == {INES}
    assert rules.clashes(mine, [OLA], "malmo", [booked])[0].host == "malmo"
    assert not rules.clashes(mine, [OLA], "oslo", [booked])
    later = Span(date(2027, 3, 13), date(2027, 3, 13))
    assert not rules.clashes(later, [INES], "malmo", [booked])
    assert rules.same_week(later, [booked]) == [booked]


# ── free days, and what still holds ───────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("length", "after", "busy", "first", "found"),
    [
        (3, "2026-05-21", (), 1, "05-26 06-02 06-09"),
        (3, "2026-05-24", (), 1, "05-26 06-02 06-09"),  # a Sunday: the week after begins
        (3, "2026-05-21", ("2026-05-27",), 1, "06-02 06-09 06-16"),  # no room beside it
        (1, "2026-05-21", ("2026-05-26",), 1, "05-25 06-02 06-09"),  # the Monday instead
        (2, "2026-05-21", ("2026-05-28",), 3, "05-25 06-04 06-11"),
        (5, "2026-05-21", (), 2, "05-25 06-01 06-08"),  # five days begin on a Monday
        (5, "2026-05-21", ("2026-06-03",), 0, "05-25 06-08 06-15"),
        (9, "2026-05-21", (), 0, "05-25 06-01 06-08"),
    ],
)
def test_free_days_lie_ahead_in_working_weeks(
    length: int, after: str, busy: tuple[str, ...], first: int, found: str
) -> None:
    taken = {date.fromisoformat(day) for day in busy}
    spans = rules.free_windows(length, date.fromisoformat(after), taken, first=first)
    assert " ".join(f"{span.start:%m-%d}" for span in spans) == found
    assert {len(span.days) for span in spans} == {length}


def test_nothing_is_free_where_every_day_is_taken() -> None:
    every = {date(2026, 5, 21) + timedelta(days=n) for n in range(400)}
    assert rules.free_windows(1, date(2026, 5, 21), every, first=0) == []


def test_a_yes_to_longer_days_holds_for_those_within_and_a_no_says_nothing() -> None:
    def vote(event: str, who: str, option: int, value: str, minute: int) -> VisitVote:
        at = datetime(2026, 3, 2, 9, minute, tzinfo=UTC)
        return VisitVote(EventId(event), 1, option, UserId(who), at, value)

    ledger = [
        vote("$1", "ann", 1, "yes", 1),
        vote("$2", "ben", 1, "yes", 2),
        vote("$3", "ben", 1, "no", 3),  # the latest counts
        vote("$4", "cora", 1, "maybe", 9),  # too late
        vote("$5", "dan", 2, "yes", 1),  # to other days
        vote("$6", "eve", 1, "maybe", 4),
    ]
    close = datetime(2026, 3, 2, 9, 5, tzinfo=UTC)
    found = rules.still_true(ledger, {1: close})
    assert [(one.person, one.value) for one in found] == [("ann", "yes"), ("eve", "maybe")]

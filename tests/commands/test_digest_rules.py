"""Choosing, keeping and dating a digest: pure rules, in tables."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from commands import weekdays as when
from commands.digests import rules
from commands.digests.rules import Digest, LeftOut, Line, Section, What
from storage.records import DigestRules, EventId
from storage.timers import due_instant

WEEKEND = (5, 6)
USUAL = DigestRules()


def local(text: str) -> datetime:
    """A moment on the wall."""
    return datetime.fromisoformat(text)


def line(key: str, section: Section = Section.FINDINGS, rank: float = 0, **more: object) -> Line:
    return replace(Line(key, section, What.TALK, rank=rank), **more)  # type: ignore[arg-type]


# ── choosing ──────────────────────────────────────────────────────────────────────────────────


def test_sections_stand_in_order_and_the_most_pressing_line_is_first() -> None:
    lines = [line("f"), line("q2", Section.QUESTIONS, 2), line("q1", Section.QUESTIONS, 1)]
    assert [one.key for one in rules.choose(lines, {}).lines] == ["q1", "q2", "f"]


def test_a_section_has_three_lines_and_a_screen_twelve_and_the_rest_is_counted() -> None:
    lines = [line(f"{s}{n}", s, n) for s in rules.NEWS for n in range(5)]
    digest = rules.choose(lines, {LeftOut.OFF_TOPIC: 2, LeftOut.WITHHELD: 0})
    assert len(digest.lines) == rules.ONE_SCREEN
    assert sum(one.section is Section.QUESTIONS for one in digest.lines) == 3
    assert digest.left_out == {LeftOut.OFF_TOPIC: 2, LeftOut.OVER: 18}


def test_what_coordinators_alone_read_takes_nobodys_place() -> None:
    news = [line(f"{s}{n}", s, n) for s in rules.NEWS for n in range(3)]
    digest = rules.choose([*news, line("ring", Section.QUIET, staff=True)], {})
    assert len(digest.lines) == rules.ONE_SCREEN + 1
    assert len(digest.for_members().lines) == rules.ONE_SCREEN


def test_one_thing_has_one_line_and_the_first_told_wins() -> None:
    digest = rules.choose([line("a", Section.QUESTIONS), line("a", Section.FINDINGS)], {})
    assert [(one.key, one.section) for one in digest.lines] == [("a", Section.QUESTIONS)]


def test_a_week_is_quiet_when_nothing_of_the_first_six_happened() -> None:
    assert Digest().quiet
    assert Digest((line("h", Section.HOUSEKEEPING), line("r", Section.QUIET))).quiet
    assert not Digest((line("p", Section.PROMISES),)).quiet
    assert Digest((line("p", Section.PROMISES, dropped=True),)).quiet


def test_a_line_goes_with_its_message_and_own_words_with_theirs() -> None:
    one, two, three = EventId("$1"), EventId("$2"), EventId("$3")
    digest = Digest(
        (line("a", quoted=one), line("b", sources=(one, two)), line("c", own="x", own_event=three))
    )
    assert [each.key for each in rules.without(digest, two).lines] == ["a", "c"]
    gone = rules.without(digest, one)
    assert [each.key for each in gone.lines] == ["c"]
    assert gone.left_out == {LeftOut.TAKEN_BACK: 2}
    assert rules.without(digest, three).lines[2].own == ""


def test_what_was_edited_in_an_unsent_draft_stands_in_the_next() -> None:
    fresh = Digest((line("a", text="now"), line("b")))
    kept = rules.keep_edits(fresh, (line("a", own="mine", text="then"), line("b", dropped=True)))
    assert kept.lines[0].own == "mine"
    assert kept.lines[0].text == "now"
    assert kept.lines[1].dropped


def test_a_digest_is_the_same_after_it_was_stored() -> None:
    digest = Digest(
        (line("a", quoted=EventId("$1"), sources=(EventId("$1"),), facts={"n": 1}),),
        {LeftOut.OVER: 2},
    )
    assert rules.from_json(rules.as_json(digest)) == digest


@pytest.mark.parametrize(
    ("text", "expected"),
    [("short", "short"), ("two\n lines", "two lines"), ("a " * 80, "a " * 59 + "a…")],
)
def test_an_excerpt_is_one_line(text: str, expected: str) -> None:
    assert rules.excerpt(text) == expected


# ── when ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("now", "expected", "period"),
    [
        ("2026-03-02 06:59", "2026-03-02 07:00", "2026-W10"),
        ("2026-03-02 07:00", "2026-03-09 07:00", "2026-W11"),
        ("2026-03-08 23:59", "2026-03-09 07:00", "2026-W11"),
        ("2026-03-28 12:00", "2026-03-30 07:00", "2026-W14"),  # the clock goes forward
        ("2026-12-31 12:00", "2027-01-04 07:00", "2027-W01"),
        ("2026-04-05 12:00", "2026-04-07 07:00", "2026-W15"),  # Easter Monday
        ("2026-12-24 12:00", "2026-12-29 07:00", "2026-W53"),  # its own, on the 28th
    ],
)
def test_a_draft_is_due_on_its_weekday_or_the_next_open_day(
    now: str, expected: str, period: str
) -> None:
    closed = DigestRules(countries=("BE",), closed=((date(2026, 12, 28), "Between the years"),))
    due = when.next_draft(local(now), closed, WEEKEND)
    assert (due.wall_time, due.period) == (local(expected), period)


def test_who_asks_for_it_has_a_draft_on_holidays_and_on_sundays() -> None:
    now = local("2026-04-05 12:00")
    rules_ = DigestRules(countries=("BE",), on_holidays=True)
    assert when.next_draft(now, rules_, WEEKEND).wall_time == local("2026-04-06 07:00")
    sundays = DigestRules(weekday=6)
    assert when.next_draft(now, sundays, WEEKEND).wall_time == local("2026-04-12 07:00")


def test_a_draft_is_due_at_the_same_local_minute_all_year() -> None:
    zone, now = ZoneInfo("Europe/Brussels"), local("2026-01-01 00:00")
    instants = []
    for _ in range(104):
        now = when.next_draft(now, USUAL, WEEKEND).wall_time
        instants.append(due_instant(now, zone.key))
    assert {one.astimezone(zone).time() for one in instants} == {time(7)}
    assert {one.weekday() for one in instants} == {0}
    hours = {(later - one).total_seconds() / 3600 for one, later in pairwise(instants)}
    assert hours == {167, 168, 169}


@pytest.mark.parametrize(
    ("asked", "days", "expected"),
    [
        ("2026-03-05 15:30", 2, "2026-03-09 15:30"),  # a Thursday: Friday, Monday
        ("2026-03-07 10:00", 2, "2026-03-10 10:00"),  # a Saturday
        ("2026-04-02 09:00", 2, "2026-04-07 09:00"),  # before Easter: Friday, Tuesday
    ],
)
def test_working_days_are_no_weekends_and_no_holidays(asked: str, days: int, expected: str) -> None:
    closed = DigestRules(countries=("BE",))
    found = when.working_days_after(local(asked), days, closed, WEEKEND)
    assert found == local(expected)


def test_the_window_begins_where_the_last_sent_digest_ended() -> None:
    now, week_ago = datetime(2026, 3, 9, 6, tzinfo=UTC), datetime(2026, 3, 2, 6, tzinfo=UTC)
    sent = datetime(2026, 2, 23, 6, tzinfo=UTC)
    assert rules.window(None, now, week_ago) == week_ago
    assert rules.window(sent, now, week_ago) == sent

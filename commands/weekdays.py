"""When digests are due: a weekday and a local wall time, never on days that are closed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from commands.dates.holidays import closed_days
from storage.records import DigestRules

LOOK_AHEAD = 40  # days


@dataclass(frozen=True, slots=True)
class Moment:
    """One time at which a digest is due, on the local clock."""

    period: str  # the week it belongs to: "2026-W14"
    wall_time: datetime  # naive


def period_of(day: date) -> str:
    """The ISO week of a day."""
    year, week, _ = day.isocalendar()
    return f"{year}-W{week:02}"


def is_closed(day: date, rules: DigestRules, quiet_days: Sequence[int]) -> bool:
    """Whether the community is not at work: a quiet weekday, or one of its holidays."""
    if day.weekday() in quiet_days and day.weekday() != rules.weekday:
        return True
    if rules.on_holidays:
        return False
    if any(day == closed for closed, _name in rules.closed):
        return True
    return any(closed_days(country, "en", (day,)) for country in rules.countries)


def first_open(day: date, rules: DigestRules, quiet_days: Sequence[int]) -> date:
    """The day itself, or the next on which the community is at work."""
    ahead = (day + timedelta(days=n) for n in range(LOOK_AHEAD))
    return next((one for one in ahead if not is_closed(one, rules, quiet_days)), day)


def next_draft(local_now: datetime, rules: DigestRules, quiet_days: Sequence[int]) -> Moment:
    """The next time that a draft is due, after a naive local moment."""
    monday = local_now.date() - timedelta(days=local_now.date().weekday())
    for week in range(LOOK_AHEAD):
        nominal = monday + timedelta(days=rules.weekday, weeks=week)
        due = datetime.combine(first_open(nominal, rules, quiet_days), rules.draft_at)
        if due > local_now:
            return Moment(period_of(nominal), due)
    raise ValueError("every day is closed")


def working_days_after(
    local: datetime, days: int, rules: DigestRules, quiet_days: Sequence[int]
) -> datetime:
    """The same time of day, so many working days later; weekends and holidays are none."""
    day, left = local.date(), days
    while left:
        day += timedelta(days=1)
        if day.weekday() < 5 and not is_closed(day, rules, quiet_days):
            left -= 1
    return datetime.combine(day, time(local.hour, local.minute))


def next_own(local_now: datetime, weekday: int, at: time) -> Moment:
    """The next time that somebody's own digest is due, on their own clock."""
    monday = local_now.date() - timedelta(days=local_now.date().weekday())
    for week in range(3):
        due = datetime.combine(monday + timedelta(days=weekday, weeks=week), at)
        if due > local_now:
            return Moment(period_of(due.date()), due)
    raise AssertionError("a week has seven days")

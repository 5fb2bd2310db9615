"""Weeks of the sample community; both years run as `python -m benchmarks two-years`."""

from pathlib import Path

import pytest

from benchmarks.two_years import Years, faults

WEEKS = 6  # the clock goes forward in the fourth, Easter Monday is in the sixth


@pytest.mark.promise(
    "Every digest is drafted once, at its local minute: through daylight saving, holidays, outages"
    " and kills."
)
async def test_weeks_with_an_outage_kills_holidays_and_a_lost_hour(tmp_path: Path) -> None:
    years = Years(tmp_path / "years.db", away=(2,), seed=3)
    await years.run(WEEKS)
    assert faults(years, WEEKS) == []
    assert years.kills > 3
    late = [one for one in years.posted if "This comes late" in one.body]
    assert len(late) >= 4
    everything = "\n".join(one.body for one in years.posted)
    assert "via dei Cedri" not in everything, "what was deleted is never told"

"""Percentiles of many small times."""

from collections.abc import Sequence
from datetime import date

TODAY = date(2026, 3, 9)


def percentile(times: Sequence[float], share: float) -> float:
    """The time that this share of all does not exceed."""
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def p95(times: Sequence[float]) -> float:
    """What nineteen in twenty do not exceed."""
    return percentile(times, 0.95)

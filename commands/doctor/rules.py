"""What the doctor finds, and how bad it is: pure, from facts to a level."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Level(StrEnum):
    """How bad it is."""

    OK = "ok"
    WARN = "warn"  # the hall works, but somebody should look
    FAIL = "fail"  # something does not work


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor: what was looked at, what it is like, and what helps."""

    check: str  # stable, for machines: "disk", "room:housing"
    level: Level
    said: str
    cure: str = ""  # empty only if all is well
    known: bool = True  # False: it could not be looked at, so it may be well or not


_SEVERITY = {Level.OK: 0, Level.WARN: 1, Level.FAIL: 2}

GIBIBYTE = 1 << 30
DISK_WARNS = 1 * GIBIBYTE
DISK_FAILS = GIBIBYTE // 8  # a write-ahead log and a migration still fit
SPACE_WARNS = 0.9  # of what all kept files together may take
CLOCK_WARNS = timedelta(seconds=30)
CLOCK_FAILS = timedelta(minutes=5)  # appointments and closing times are visibly wrong
LATE = timedelta(minutes=5)  # a busy minute is no illness
VERY_LATE = timedelta(hours=1)
FEW_KEYS = 5  # each new encrypted conversation takes one


def worst(findings: Iterable[Finding]) -> Level:
    """The level of the whole."""
    levels = [finding.level for finding in findings]
    return max(levels, key=_SEVERITY.__getitem__, default=Level.OK)


def judge_disk(free_bytes: int) -> Level:
    """How well the data folder's disk is."""
    if free_bytes < DISK_FAILS:
        return Level.FAIL
    return Level.WARN if free_bytes < DISK_WARNS else Level.OK


def judge_space(used_bytes: int, most_bytes: int) -> Level:
    """How much of the space for members' files is taken; full, new ones are names alone."""
    return Level.WARN if used_bytes >= most_bytes * SPACE_WARNS else Level.OK


def judge_clock(ahead: timedelta) -> Level:
    """How far our clock is from the homeserver's; either way is wrong."""
    if abs(ahead) >= CLOCK_FAILS:
        return Level.FAIL
    return Level.WARN if abs(ahead) >= CLOCK_WARNS else Level.OK


def judge_delay(waiting_for: timedelta | None) -> Level:
    """How long the oldest of a queue has waited; None: nothing waits."""
    if waiting_for is None or waiting_for < LATE:
        return Level.OK
    return Level.WARN if waiting_for < VERY_LATE else Level.FAIL


def judge_keys(in_stock: int) -> Level:
    """How many one-time keys the homeserver holds for us."""
    if in_stock <= 0:
        return Level.FAIL
    return Level.WARN if in_stock < FEW_KEYS else Level.OK

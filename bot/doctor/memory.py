"""Checks of what the hall remembers: the database, its version, and what waits in it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot.doctor.patient import Patient
from commands.doctor import findings
from commands.doctor.rules import Finding
from storage import backlog, migrations
from storage.backlog import Queue
from storage.beside import NoDatabase

KINDS = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
# What nobody can undo is shown for a while, and not for ever.
REFUSED_WITHIN = timedelta(days=7)
ABANDONED_WITHIN = timedelta(days=30)


async def check_database(patient: Patient) -> Sequence[Finding]:
    """Whether it can be read; an empty one can, and the next check says that it is empty."""
    try:
        dialect = await patient.memory.read(lambda c: c.dialect.name)
        await patient.memory.read(migrations.current)
    except NoDatabase as missing:
        return [findings.database_missing(patient.words, str(missing))]
    except Exception as error:
        name = type(getattr(error, "orig", None) or error).__name__
        return [findings.database_silent(patient.words, name)]
    return [findings.database_answers(patient.words, KINDS.get(dialect, dialect))]


async def check_migrations(patient: Patient) -> Sequence[Finding]:
    """Whether its tables are those that this program knows."""
    current = await patient.memory.read(migrations.current)
    return [findings.migrations(patient.words, current, migrations.HEAD)]


async def check_inbox(patient: Patient) -> Sequence[Finding]:
    """What came in and is not answered."""
    now = patient.clock.now()
    unanswered = await patient.memory.read(lambda c: backlog.unanswered(c, now))
    retrying = await patient.memory.read(backlog.retrying)
    waited = _waited(unanswered, now)
    return [findings.inbox(patient.words, unanswered.number, retrying.number, waited)]


async def check_parked(patient: Patient) -> Sequence[Finding]:
    """What was given up."""
    parked = await patient.memory.read(backlog.parked)
    return [findings.parked(patient.words, parked.number)]


async def check_outbox(patient: Patient) -> Sequence[Finding]:
    """What waits to be sent."""
    unsent = await patient.memory.read(backlog.unsent)
    waited = _waited(unsent, patient.clock.now())
    return [findings.outbox(patient.words, unsent.number, waited)]


async def check_refused(patient: Patient) -> Sequence[Finding]:
    """What the homeserver would not take."""
    now = patient.clock.now()
    refused = await patient.memory.read(lambda c: backlog.refused(c, now, REFUSED_WITHIN))
    return [findings.refused(patient.words, refused.number)]


async def check_gaps(patient: Patient) -> Sequence[Finding]:
    """Whether history is complete."""
    now = patient.clock.now()
    unfilled = await patient.memory.read(backlog.gaps_open)
    given_up = await patient.memory.read(lambda c: backlog.gaps_abandoned(c, now, ABANDONED_WITHIN))
    waited = _waited(unfilled, now)
    return [findings.gaps(patient.words, unfilled.number, given_up.number, waited)]


async def check_waiting_for_keys(patient: Patient) -> Sequence[Finding]:
    """What cannot be read yet."""
    keyless = await patient.memory.read(backlog.waiting_for_keys)
    waited = _waited(keyless, patient.clock.now())
    return [findings.waiting_for_keys(patient.words, keyless.number, waited)]


async def check_timers(patient: Patient) -> Sequence[Finding]:
    """Whether alarms go off."""
    now = patient.clock.now()
    pending = await patient.memory.read(backlog.timers_set)
    overdue = await patient.memory.read(lambda c: backlog.timers_overdue(c, now))
    waited = _waited(overdue, now)
    return [findings.timers(patient.words, pending.number, overdue.number, waited)]


def _waited(queue: Queue, now: datetime) -> timedelta | None:
    return None if queue.since is None else now - queue.since

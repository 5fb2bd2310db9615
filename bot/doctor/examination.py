"""All checks in their order; one that breaks says so itself and leaves the others alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from bot.doctor import homeserver, machine, memory, rooms
from bot.doctor.homeserver import NoLogin
from bot.doctor.patient import Patient
from bot.matrix.errors import MatrixError
from commands.doctor import findings
from commands.doctor.rules import Finding

Check = Callable[[Patient], Awaitable[Sequence[Finding]]]

LONGEST: Final = 20.0  # seconds for one check; they run side by side, and an operator waits

# The order of the lines, and their names where a check breaks. Scripts read both: only add.
CHECKS: Final[tuple[tuple[str, Check], ...]] = (
    ("version", machine.check_version),
    ("disk", machine.check_disk),
    ("files", machine.check_files),
    ("database", memory.check_database),
    ("migrations", memory.check_migrations),
    ("inbox", memory.check_inbox),
    ("parked", memory.check_parked),
    ("outbox", memory.check_outbox),
    ("refused", memory.check_refused),
    ("gaps", memory.check_gaps),
    ("waiting-for-keys", memory.check_waiting_for_keys),
    ("timers", memory.check_timers),
    ("homeserver", homeserver.check_homeserver),
    ("clock", homeserver.check_clock),
    ("token", homeserver.check_token),
    ("device", homeserver.check_device),
    ("device-signed", homeserver.check_signed),
    ("one-time-keys", homeserver.check_one_time_keys),
    ("devices-unreached", homeserver.check_devices),
    ("rooms", rooms.check_rooms),
)


async def examine(patient: Patient, checks: Sequence[tuple[str, Check]] = CHECKS) -> list[Finding]:
    """Everything that there is to say, in the order of `checks`."""
    found = await asyncio.gather(*(_carry_out(name, check, patient) for name, check in checks))
    return [finding for group in found for finding in group]


async def _carry_out(name: str, check: Check, patient: Patient) -> Sequence[Finding]:
    try:
        async with asyncio.timeout(LONGEST):
            return await check(patient)
    except Exception as error:
        return [findings.broken(patient.words, name, _reason(error))]


def _reason(error: Exception) -> str:
    """Never an exception's own text: it may hold an address with a password in it."""
    if isinstance(error, NoLogin):
        return "no login"
    if isinstance(error, MatrixError):
        return str(error)  # our own: codes and ids
    return type(getattr(error, "orig", None) or error).__name__

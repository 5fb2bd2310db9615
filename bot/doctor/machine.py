"""Checks of the machine: what is installed, and whether there is room."""

import asyncio
import platform
from collections.abc import Sequence

from bot.doctor.patient import Patient
from commands.doctor import findings
from commands.doctor.rules import Finding, Level
from storage import meta


async def check_version(patient: Patient) -> Sequence[Finding]:
    """What is installed, and whether the hall has been started since."""
    try:
        running = await patient.memory.read(lambda c: meta.get(c, meta.VERSION))
    except Exception:  # the database has lines of its own
        running = None
    program = patient.settings.version
    return [findings.version(patient.words, program, platform.python_version(), running)]


async def check_disk(patient: Patient) -> Sequence[Finding]:
    """Space for what will be received."""
    try:
        free = await asyncio.to_thread(patient.free_bytes, patient.folder)
    except OSError:
        return [findings.no_data_folder(patient.words, str(patient.folder))]
    return [findings.disk(patient.words, free)]


async def warn_of_full_disk(patient: Patient) -> Finding:
    """For those who did not ask: in words that do not change by the hour."""
    (found,) = await check_disk(patient)
    return findings.disk_full(patient.words, full=found.level is Level.FAIL)

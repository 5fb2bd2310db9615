"""Checks of the machine: what is installed, and whether there is room."""

import asyncio
import platform
from collections.abc import Sequence

from bot.doctor.patient import Patient
from commands.doctor import findings
from commands.doctor.rules import Finding, Level
from storage import media, meta


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


async def check_files(patient: Patient) -> Sequence[Finding]:
    """Space that members' files take, of what they may take together."""
    rules = patient.settings.archive
    if not rules.media:
        return [findings.no_files(patient.words)]
    used = await patient.memory.read(media.kept_bytes)
    without = await patient.memory.read(media.without_room)
    most = rules.media_total_mb * media.MEBIBYTE
    return [findings.files(patient.words, used, most, without_room=without)]


async def warn_of_many_files(patient: Patient) -> Finding:
    """For those who did not ask, as above."""
    (found,) = await check_files(patient)
    return findings.files_full(patient.words, full=found.level is not Level.OK)

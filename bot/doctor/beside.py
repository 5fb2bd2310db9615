"""`moothall doctor`: looks at the hall from beside it, whether it runs or not."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import version

from bot.clock import Clock, SystemClock
from bot.config import Config
from bot.doctor.examination import examine
from bot.doctor.homeserver import STORE
from bot.doctor.patient import Patient
from bot.hall import settings_of
from bot.matrix.examining import Examiner
from commands.doctor.rules import Finding, Level, worst
from commands.words import words_in
from storage.beside import Beside
from storage.records import UserId


async def examine_beside(config: Config) -> list[Finding]:
    """Every finding; takes no lock, writes nothing, logs nobody in."""
    async with beside(config) as patient:
        return await examine(patient)


@asynccontextmanager
async def beside(config: Config, clock: Clock | None = None) -> AsyncIterator[Patient]:
    """The hall of a configuration, to be looked at."""
    homeserver, me = config.homeserver, UserId(config.homeserver.user)
    token = None if homeserver.access_token is None else homeserver.access_token.reveal()
    examiner = Examiner.beside(
        homeserver.url, me, access_token=token, store=config.data_folder / STORE
    )
    memory = Beside(config.database.url)
    try:
        yield Patient(
            me=me,
            settings=settings_of(config),
            homeserver=homeserver.url,
            examiner=examiner,
            memory=memory,
            folder=config.data_folder,
            clock=clock or SystemClock(),
            words=words_in(config.community.language),
        )
    finally:
        await examiner.close()


def as_lines(findings: Sequence[Finding]) -> list[str]:
    """For people: a line each, what helps under it."""
    width = max(len(finding.check) for finding in findings)
    lines: list[str] = []
    for finding in findings:
        lines.append(f"{finding.level.value:4}  {finding.check:{width}}  {finding.said}")
        if finding.cure:
            lines.append(f"{'':4}  {'':{width}}  → {finding.cure}")
    return lines


def as_json(findings: Sequence[Finding]) -> str:
    """For machines: docs/doctor.md says what stands where."""
    return json.dumps(
        {
            "version": version("moothall"),
            "level": worst(findings).value,
            "findings": [
                {
                    "check": finding.check,
                    "level": finding.level.value,
                    "said": finding.said,
                    "cure": finding.cure,
                }
                for finding in findings
            ],
        },
        ensure_ascii=False,
        indent=2,
    )


def failed(findings: Sequence[Finding]) -> bool:
    """Whether something does not work at all."""
    return worst(findings) is Level.FAIL

"""Checks of the homeserver and of our account there: login, device, keys, clock."""

import asyncio
import glob
from collections.abc import Iterable, Sequence
from pathlib import Path

from bot.doctor.patient import Patient
from bot.matrix.errors import MatrixError, Unauthorised
from bot.matrix.examining import Signed
from commands.doctor import findings
from commands.doctor.rules import Finding

STORE = "crypto"  # in the data folder


class NoLogin(Exception):
    """The hall has never logged in, so that its account cannot be looked at."""


async def check_homeserver(patient: Patient) -> Sequence[Finding]:
    """Whether it answers, and what it is."""
    try:
        name = await patient.examiner.server()
    except MatrixError as error:
        return [findings.homeserver_silent(patient.words, patient.homeserver, str(error))]
    return [findings.homeserver_answers(patient.words, name, patient.homeserver)]


async def check_clock(patient: Patient) -> Sequence[Finding]:
    """Whether both clocks agree: days and closing times hang on it."""
    before = patient.clock.now()
    theirs = await patient.examiner.server_time()
    after = patient.clock.now()
    return [findings.clock(patient.words, before + (after - before) / 2 - theirs)]


async def check_token(patient: Patient) -> Sequence[Finding]:
    """Whether the login holds, and is ours."""
    if patient.examiner.device is None:
        return [findings.token_missing(patient.words)]
    try:
        user, _device = await patient.examiner.whoami()
    except Unauthorised as refusal:
        return [findings.token_dead(patient.words, str(refusal))]
    if user != patient.me:
        return [findings.token_of_other(patient.words, patient.me, user)]
    return [findings.token_valid(patient.words, user)]


async def check_device(patient: Patient) -> Sequence[Finding]:
    """Whether the login is for the device whose keys we hold."""
    expected = _device_id(patient)
    _user, device = await patient.examiner.whoami()
    if expected and device != expected:
        return [findings.device_other(patient.words, expected, device)]
    if not await asyncio.to_thread(_has_keys, patient.folder, device):
        return [findings.device_keys_lost(patient.words, device)]
    return [findings.device_expected(patient.words, device)]


async def check_signed(patient: Patient) -> Sequence[Finding]:
    """Whether clients see that the device is its owner's."""
    device = _device_id(patient)
    if not device:
        _user, device = await patient.examiner.whoami()
    match await patient.examiner.signed(patient.me, device):
        case Signed.YES:
            return [findings.device_signed(patient.words)]
        case Signed.NO:
            return [findings.device_unsigned(patient.words)]
        case Signed.FOREIGN:
            return [findings.device_foreign(patient.words)]
        case Signed.NO_KEYS:
            return [findings.device_keys_missing(patient.words)]


async def check_one_time_keys(patient: Patient) -> Sequence[Finding]:
    """Whether others can begin an encrypted conversation with us."""
    _device_id(patient)
    return [findings.one_time_keys(patient.words, await patient.examiner.one_time_keys())]


def _has_keys(folder: Path, device: str) -> bool:
    """Whether there is a key store that is named after the device."""
    return any((folder / STORE).glob(f"*_{glob.escape(device)}.db"))


def _device_id(patient: Patient) -> str:
    """The device whose keys we hold; empty if only a token is known."""
    if patient.examiner.device is None:
        raise NoLogin
    return patient.examiner.device.device_id


async def check_devices(patient: Patient) -> Sequence[Finding]:
    """Whether members' devices can be encrypted for; only the running hall knows."""
    if patient.devices is None:
        return []
    return [
        findings.devices_unreached(patient.words, _owners(patient.devices.unreached)),
        findings.devices_changed(patient.words, _owners(patient.devices.changed)),
    ]


def _owners(devices: Iterable[tuple[str, str]]) -> list[str]:
    """Not the devices' own names: their owners choose them."""
    return sorted({user for user, _device in devices})

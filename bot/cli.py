"""The command line: moothall init | run | check-config | doctor."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path

from bot import logs
from bot.config import Config, ConfigErrors, load


class Exit(IntEnum):
    """Exit statuses, for the service manager."""

    FINE = 0
    TROUBLE = 1  # something unexpected; starting again may help
    CONFIG = 2  # the configuration has mistakes; starting again will not help
    UNAUTHORISED = 3  # the homeserver does not accept our token or password
    RUNNING = 4  # another process keeps this hall
    UNREACHABLE = 5  # the homeserver did not answer `init`; `run` waits for it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        config = load(options.config, os.environ)
    except ConfigErrors as errors:
        for line in errors.lines():
            print(line, file=sys.stderr)
        return Exit.CONFIG
    for warning in config.warnings:
        print(warning, file=sys.stderr)
    if options.command == "check-config":
        print(f"{options.config}: no mistakes")
        return Exit.FINE
    logs.set_up(config.log_level)
    if options.command == "doctor":
        return asyncio.run(_doctor(config, as_json=options.json))
    replace = getattr(options, "replace_signing_keys", False)
    return asyncio.run(_run(options.command, config, replace_signing_keys=replace))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="moothall", description="Keeps house for a community of practice, on Matrix."
    )
    parser.add_argument(
        "--config", type=Path, default=Path("moothall.toml"), help="default: moothall.toml"
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="command")
    init = commands.add_parser(
        "init", help="make the Space and its rooms, then end; repeat at will"
    )
    init.add_argument(
        "--replace-signing-keys",
        action="store_true",
        help="make the account's cross-signing keys anew, although it has some already: whoever "
        "verified the account by the old ones is warned. The password must be configured.",
    )
    commands.add_parser("run", help="keep the hall until SIGTERM")
    commands.add_parser("check-config", help="say whether the configuration has mistakes")
    doctor = commands.add_parser(
        "doctor",
        help="say what is wrong with the hall, and what to do; it may run meanwhile",
        description="Examines the hall from beside it, whether it runs or not: takes no lock, "
        "changes nothing, logs nobody in. Exit status 0: all is well, or there are only "
        "warnings; 1: something fails; 2: the configuration has mistakes.",
    )
    doctor.add_argument("--json", action="store_true", help="for machines; see docs/doctor.md")
    return parser


async def _doctor(config: Config, *, as_json: bool) -> int:
    from bot.doctor import beside

    findings = await beside.examine_beside(config)
    print(beside.as_json(findings) if as_json else "\n".join(beside.as_lines(findings)))
    return Exit.TROUBLE if beside.failed(findings) else Exit.FINE


async def _run(command: str, config: Config, *, replace_signing_keys: bool) -> int:
    # Imported here, so that a wrong configuration is told without loading half a web stack.
    from bot.app import open_hall, serve
    from bot.matrix.errors import MatrixError, Unauthorised
    from bot.provisioning import initialise
    from storage.database import HallIsRunning

    try:
        if command == "run":
            await serve(config)
        else:
            async with open_hall(config, replace_signing_keys=replace_signing_keys) as hall:
                for line in await initialise(hall):
                    print(line)
    except Unauthorised as refusal:
        print(
            f"The homeserver does not accept our credentials ({refusal}). Check "
            "[homeserver] in the configuration; a new login needs an operator.",
            file=sys.stderr,
        )
        return Exit.UNAUTHORISED
    except HallIsRunning as other:
        print(f"Another process keeps this hall already ({other}).", file=sys.stderr)
        return Exit.RUNNING
    except MatrixError as trouble:
        print(f"The homeserver cannot be reached ({trouble}).", file=sys.stderr)
        return Exit.UNREACHABLE
    return Exit.FINE


if __name__ == "__main__":
    sys.exit(main())

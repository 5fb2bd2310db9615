"""The command line: moothall init | run | doctor | backup | restore | erase | parked | …"""

import argparse
import asyncio
import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from enum import IntEnum
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from bot import logs
from bot.config import Config, ConfigErrors, load

log = logging.getLogger(__name__)


class Exit(IntEnum):
    """Exit statuses, for the service manager."""

    FINE = 0
    TROUBLE = 1  # something unexpected; starting again may help
    CONFIG = 2  # the configuration has mistakes; starting again will not help
    UNAUTHORISED = 3  # the homeserver does not accept our token or password
    RUNNING = 4  # another process keeps this hall
    UNREACHABLE = 5  # the homeserver did not answer `init`; `run` waits for it
    UNFINISHED = 6  # what is here fits neither this version nor itself; an operator must look


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
    logs.set_up(config.log_level, as_json=options.log_json or config.log == "json")
    if options.command == "doctor":
        return asyncio.run(_doctor(config, as_json=options.json))
    if options.command == "run":
        return asyncio.run(_keep_hall(options, config))
    return asyncio.run(_guarded(options, config))


async def _keep_hall(options: argparse.Namespace, config: Config) -> NoReturn:
    """Run the hall and end the process with it.

    A thread that reads for an export cannot be stopped, and Python would wait for it for minutes.
    What such threads write is put in place in one step, at their end.
    """
    status = await _guarded(options, config)
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    os._exit(status)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="moothall", description="Keeps house for a community of practice, on Matrix."
    )
    parser.add_argument(
        "--config", type=Path, default=Path("moothall.toml"), help="default: moothall.toml"
    )
    parser.add_argument("--log-json", action="store_true", help="log one JSON object a line")
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
    backup = commands.add_parser("backup", help="write all that the hall is into one file")
    restore = commands.add_parser("restore", help="put a backup back, here or elsewhere")
    for one, overwritten in (
        (backup, "an older file of that name"),
        (restore, "the hall that is here"),
    ):
        one.add_argument("file", type=Path)
        one.add_argument("--overwrite", action="store_true", help=f"throw away {overwritten}")
    erase = commands.add_parser(
        "erase",
        help="erase all that is stored about a person; a running hall does it",
        description="Tells what would go; with --yes it is asked of the hall, which does it within "
        "a minute or as soon as it runs, and its receipt is waited for.",
    )
    erase.add_argument("person", help="@name:server")
    erase.add_argument("--yes", action="store_true", help="do it")
    erase.add_argument(
        "--keep-practices",
        action="store_true",
        help="leave their practices standing, under their city's name alone",
    )
    erase.add_argument("--wait", type=int, default=90, help="seconds; default: 90")
    purge = commands.add_parser(
        "purge",
        help="throw away what the archive holds of a room; a running hall does it",
        description="Tells what would go; with --yes it is asked of the hall, which does it within "
        "a minute or as soon as it runs, and says so in the room. It cannot be undone.",
    )
    purge.add_argument("room", help="id of a room, or slug of a cluster")
    purge.add_argument("--yes", action="store_true", help="do it")
    purge.add_argument("--wait", type=int, default=90, help="seconds; default: 90")
    export = commands.add_parser(
        "export", help="write the archive into a folder: JSON Lines, Markdown, and pages to read"
    )
    export.add_argument("folder", type=Path)
    export.add_argument(
        "--form", action="append", choices=("jsonl", "markdown", "html"), help="default: all"
    )
    export.add_argument(
        "--room",
        action="append",
        default=[],
        help="id of a room, or slug of a cluster; default: all",
    )
    export.add_argument("--language", help="of the pages; default: the community's")
    export.add_argument("--overwrite", action="store_true", help="write over an older export")
    take_in = commands.add_parser(
        "import", help="take an archive.jsonl in; the hall must not run meanwhile"
    )
    take_in.add_argument("file", type=Path)
    parked = commands.add_parser("parked", help="what failed five times, and was set aside")
    todo = parked.add_subparsers(dest="todo", required=True, metavar="list | retry | drop")
    todo.add_parser("list", help="a line for each, without what was said")
    for name, what in (("retry", "try them anew"), ("drop", "give them up, words and all")):
        one = todo.add_parser(name, help=what)
        which = one.add_mutually_exclusive_group(required=True)
        which.add_argument("number", type=int, nargs="*", default=[], help="as `list` shows it")
        which.add_argument("--all", action="store_true")
    return parser


async def _doctor(config: Config, *, as_json: bool) -> int:
    from bot.doctor import beside

    findings = await beside.examine_beside(config)
    print(beside.as_json(findings) if as_json else "\n".join(beside.as_lines(findings)))
    return Exit.TROUBLE if beside.failed(findings) else Exit.FINE


async def _run(options: argparse.Namespace, config: Config) -> None:
    # Imported here, so that a wrong configuration is told without loading half a web stack.
    match options.command:
        case "run":
            from bot.app import serve

            await serve(config)
        case "init":
            from bot.app import open_hall
            from bot.provisioning import initialise

            replace = options.replace_signing_keys
            async with open_hall(config, replace_signing_keys=replace) as hall:
                for line in await initialise(hall):
                    print(line)
        case "backup":
            from bot.backup import back_up

            made = await back_up(
                config,
                options.file,
                overwrite=options.overwrite,
                now=datetime.now(UTC),
                version=version("moothall"),
            )
            print(f"{options.file}: {made.told()}. It holds the bot's keys and everybody's words:")
            print("keep it as safe as the hall itself. The configuration is not in it.")
        case "restore":
            from bot.restore import restore

            put = await restore(config, options.file, overwrite=options.overwrite)
            print(f"Restored: {put.told()}, as of {put.made_at}.")
            print("Before you start it, stop the old hall for good: one device lives only once.")
        case "erase":
            from bot import erasing_beside

            for line in await erasing_beside.erase(
                config.database.url,
                options.person,
                me=config.homeserver.user,
                sure=options.yes,
                keep_practices=options.keep_practices,
                wait=options.wait,
            ):
                print(line)
        case "purge":
            from bot import purging_beside

            for line in await purging_beside.purge(
                config.database.url, options.room, sure=options.yes, wait=options.wait
            ):
                print(line)
        case "export":
            from bot import export_command

            for line in await export_command.export(
                config,
                options.folder,
                forms=options.form,
                rooms_named=options.room,
                language=options.language,
                overwrite=options.overwrite,
                now=datetime.now(UTC),
            ):
                print(line)
        case "import":
            from bot import export_command

            for line in await export_command.take_in(config, options.file):
                print(line)
        case "parked":
            from bot import parked

            url = config.database.url
            match options.todo:
                case "list":
                    lines = await parked.describe(url)
                case "retry":
                    lines = await parked.retry(url, options.number)
                case _:
                    lines = await parked.drop(url, options.number, datetime.now(UTC))
            for line in lines:
                print(line)


async def _guarded(options: argparse.Namespace, config: Config) -> int:
    """Run the command; what goes wrong becomes one clear line and an exit status."""
    from sqlalchemy.exc import DBAPIError

    from bot.backup import BackupError
    from bot.export_command import ExportError
    from bot.keyring import RestoreUnfinished
    from bot.matrix.errors import MatrixError, Unauthorised
    from storage.beside import NoDatabase
    from storage.database import HallIsRunning
    from storage.migrations import NewerDatabase

    try:
        await _run(options, config)
    except (BackupError, ExportError) as reason:
        return _complain(str(reason), Exit.TROUBLE)
    except RestoreUnfinished:
        return _complain(
            "A restore was cut short here, and keys and database may not belong together: repeat "
            "it with `moothall restore FILE --overwrite`.",
            Exit.UNFINISHED,
        )
    except NewerDatabase as found:
        return _complain(
            f"The database is of a newer version of Moothall (at {found}): install that one, or "
            "restore a backup.",
            Exit.UNFINISHED,
        )
    except NoDatabase:
        return _complain("There is no hall here yet.", Exit.TROUBLE)
    except HallIsRunning as other:
        return _complain(f"Another process keeps this hall already ({other}).", Exit.RUNNING)
    except Unauthorised as refusal:
        return _complain(
            f"The homeserver does not accept our credentials ({refusal}). Check "
            "[homeserver] in the configuration; a new login needs an operator.",
            Exit.UNAUTHORISED,
        )
    except MatrixError as trouble:
        return _complain(f"The homeserver cannot be reached ({trouble}).", Exit.UNREACHABLE)
    except (DBAPIError, OSError) as trouble:
        return _complain(f"The database cannot be used ({logs.kind_of(trouble)}).", Exit.TROUBLE)
    return Exit.FINE


def _complain(line: str, status: Exit) -> Exit:
    """Say why it ends; in JSON, too, if a program reads along."""
    if logs.is_json():
        log.error("%s status=%d", line, status)
    else:
        print(line, file=sys.stderr)
    return status


if __name__ == "__main__":
    sys.exit(main())

"""`python -m demo`: a hall on a homeserver of its own, a week of its people, then yours to try."""

import argparse
import asyncio
import contextlib
import io
import logging
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from enum import IntEnum
from pathlib import Path

from demo.asking import RefusedError
from demo.community import load_community
from demo.guide import guide
from demo.hall import HallProcess
from demo.homeserver import Homeserver, HomeserverError
from demo.stage import HALL_USER, PASSWORD, Stage, StoryError
from demo.story import LISTENER, tell
from demo.transcript import Transcript

LOG_TAIL = 10  # lines of the hall's log that are shown when something went wrong
STOP_SECONDS = 8.0  # the hall ends within five


class Exit(IntEnum):
    """How the demo ends."""

    FINE = 0
    TROUBLE = 1
    USAGE = 2
    INTERRUPTED = 130  # as shells count it


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the demo; returns the exit status."""
    options = _parser().parse_args(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # a terminal that knows no 🔒 shows a "?"
    out = Transcript()
    if not Homeserver.available():
        out.trouble("The demo needs Synapse: python -m pip install -e '.[demo]'", [])
        return Exit.TROUBLE
    if options.keep is not None and options.keep.exists() and any(options.keep.iterdir()):
        out.trouble(f"{options.keep} is not empty: name a new folder.", [])
        return Exit.USAGE
    # It warns of what a newcomer cannot read in an encrypted room, and that is as it should be.
    logging.getLogger("nio").setLevel(logging.CRITICAL)
    _listen_for_the_end()
    try:
        with _folder(options.keep) as folder:
            return _run(options, folder, out)
    except KeyboardInterrupt:
        out.line("Stopped.")
        return Exit.INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m demo", description=__doc__)
    parser.add_argument("--once", action="store_true", help="end after the story")
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="put everything there and leave it there"
    )
    parser.add_argument("--port", type=int, help="of the homeserver; default: a free one")
    parser.add_argument(
        "--patience",
        type=float,
        default=20.0,
        metavar="SECONDS",
        help="how long an answer may take before the story fails; default: 20",
    )
    return parser


def _listen_for_the_end() -> None:
    """Whoever ends us, it is as if they had pressed Ctrl-C: nothing is left behind."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: signal.raise_signal(signal.SIGINT))


def _close_the_ears() -> None:
    """Nothing may interrupt the clearing up; it takes seconds."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


@contextlib.contextmanager
def _folder(keep: Path | None) -> Iterator[Path]:
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        yield keep
        return
    with tempfile.TemporaryDirectory(prefix="moothall-demo-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


def _run(options: argparse.Namespace, folder: Path, out: Transcript) -> int:
    out.title(
        "Moothall keeps house for the CityLink Network",
        "Cities and people are invented; homeserver, hall and clients are real.",
    )
    out.line()
    with contextlib.ExitStack() as stack:
        try:
            with out.work("A homeserver starts", "a homeserver runs on this machine"):
                homeserver = Homeserver.start(folder / "homeserver", port=options.port)
        except HomeserverError as error:
            out.trouble("The homeserver does not start.", str(error).splitlines()[-LOG_TAIL:])
            return Exit.TROUBLE
        stack.callback(homeserver.stop)
        return asyncio.run(_play(options, folder, out, homeserver))


async def _play(
    options: argparse.Namespace, folder: Path, out: Transcript, homeserver: Homeserver
) -> int:
    began = time.monotonic()
    community = load_community()
    accounts = {
        member.name: homeserver.register(member.name, PASSWORD, display_name=member.display_name)
        for member in community.members
    }
    bot = homeserver.register("moothall", PASSWORD, display_name="Moothall")
    assert bot.user_id == HALL_USER
    setup = community.setup(
        homeserver=homeserver.url,
        user=bot.user_id,
        password=PASSWORD,
        described=not options.once,  # nobody comes with a client that would offer commands
        limits={"commands_a_minute": 60},  # Paula tells it about everybody at once
    )
    hall = HallProcess(setup.write(folder / "hall"))
    stage = Stage(
        community, homeserver, hall, out, folder, accounts, options.patience, listener=LISTENER
    )
    try:
        async with hall:
            try:
                async with stage.open():
                    await tell(stage, setup)
                took = time.monotonic() - began
                out.line(f"The whole week took {took:.0f} seconds.", "bold green")
                if options.once:
                    return Exit.FINE
                guide(stage)
                return await _stay_up(hall, out)
            finally:
                _close_the_ears()
                if hall.running:
                    with contextlib.suppress(TimeoutError):  # the block's end kills it then
                        await asyncio.wait_for(hall.stop(), STOP_SECONDS)
    except StoryError as error:
        out.trouble(str(error), hall.log[-LOG_TAIL:])
    except (RuntimeError, RefusedError) as error:
        out.trouble(str(error).partition("\n")[0].rstrip(":"), hall.log[-LOG_TAIL:])
    return Exit.TROUBLE


async def _stay_up(hall: HallProcess, out: Transcript) -> int:
    """Until Ctrl-C, unless the hall ends before."""
    try:
        status = await hall.ended()
    except asyncio.CancelledError:
        out.line()
        out.line("Stopped.")
        return Exit.FINE
    out.trouble(f"The hall has ended with status {status}.", hall.log[-LOG_TAIL:])
    return Exit.TROUBLE


if __name__ == "__main__":
    sys.exit(main())

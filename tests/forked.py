"""Halls forked from one process that has imported everything, for tests that start many.

Most of a start's work is importing, and a crash in the midst of that can lose nothing. What starts
as an operator would start it is `demo.hall.HallProcess`.
"""

import asyncio
import multiprocessing
import os
import sys
from collections.abc import Sequence
from functools import cache
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from bot.cli import main
from demo.hall import HallProcess, Running


@cache
def _nursery() -> ForkServerContext:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["bot.app", "asyncpg", __name__])
    return context


def _run(line: Sequence[str], log: Connection) -> None:
    """In the child: a command, with what it says going into the pipe."""
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
        os.dup2(log.fileno(), stream.fileno())
    sys.exit(main(line))


async def _fork(*line: str) -> "_Fork":
    context = _nursery()
    here, there = context.Pipe(duplex=False)
    with here, there:
        process = context.Process(target=_run, args=(line, there), daemon=True)
        process.start()
        pipe = os.fdopen(os.dup(here.fileno()), "rb", buffering=0)
    lines = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), pipe)
    return _Fork(process, lines)


async def moothall(config: Path, *line: str) -> tuple[int, str]:
    """Run a command to its end; its exit status and all that it said."""
    fork = await _fork("--config", str(config), *line)
    said = await fork.stderr.read()
    return await fork.wait(), said.decode()


class _Fork:
    """A child of the nursery, as `asyncio.subprocess.Process` would show it."""

    def __init__(self, process: ForkServerProcess, stderr: asyncio.StreamReader) -> None:
        self._process = process
        self._ended = asyncio.Event()
        self.stderr = stderr
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(process.sentinel, self._end)

    def _end(self) -> None:
        self._loop.remove_reader(self._process.sentinel)
        self._process.join()
        self._ended.set()

    @property
    def pid(self) -> int:
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    async def wait(self) -> int:
        await self._ended.wait()
        assert self._process.exitcode is not None
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)


class ForkedHall(HallProcess):
    """`moothall run` once more, without importing it each time."""

    async def _spawn(self) -> Running:
        return await _fork("--config", str(self.config), "run")

"""A hall as a process of its own, run from a configuration file as an operator would run it."""

import asyncio
import contextlib
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

READY = "hall ready"  # the log line that says that the rooms stand
PATIENCE = 60.0  # seconds


@dataclass(frozen=True, slots=True)
class Setup:
    """What a hall is configured with; `toml` writes it as the operator's file."""

    homeserver: str  # url
    user: str
    password: str
    coordinators: Sequence[str]
    operators: Sequence[str]
    clusters: Sequence[Mapping[str, Any]]  # rows of [[cluster]]
    cities: Sequence[Mapping[str, Any]] = ()  # rows of [[city]]
    name: str = "CityLink"
    slug: str = "citylink"
    time_zone: str = "Europe/Brussels"
    database: str = "sqlite:///moothall.db"
    community: Mapping[str, Any] = field(default_factory=dict)  # more of [community]
    limits: Mapping[str, Any] = field(default_factory=dict)
    archive: Mapping[str, Any] = field(default_factory=dict)
    digests: Mapping[str, Any] = field(default_factory=dict)

    def toml(self) -> str:
        """The configuration file."""
        tables: list[tuple[str, Mapping[str, Any]]] = [
            (
                "[homeserver]",
                {"url": self.homeserver, "user": self.user, "password": self.password},
            ),
            (
                "[community]",
                {
                    "name": self.name,
                    "slug": self.slug,
                    "time_zone": self.time_zone,
                    "coordinators": list(self.coordinators),
                    "operators": list(self.operators),
                    **self.community,
                },
            ),
            ("[database]", {"url": self.database}),
            ("[limits]", self.limits),
            ("[archive]", self.archive),
            ("[digests]", self.digests),
            *(("[[cluster]]", cluster) for cluster in self.clusters),
            *(("[[city]]", city) for city in self.cities),
        ]
        lines: list[str] = []
        for header, table in tables:
            lines.append(header)
            # JSON's strings, numbers, booleans and lists of them are TOML's, too.
            lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
            lines.append("")
        return "\n".join(lines)

    def write(self, folder: Path) -> Path:
        """Put the file into a folder, readable by its owner alone."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / "moothall.toml"
        path.touch(mode=0o600)
        path.write_text(self.toml(), encoding="utf-8")
        return path


class Running(Protocol):
    """What is used of `asyncio.subprocess.Process`."""

    @property
    def pid(self) -> int: ...
    @property
    def returncode(self) -> int | None: ...
    @property
    def stderr(self) -> asyncio.StreamReader | None: ...
    async def wait(self) -> int: ...
    def send_signal(self, number: int, /) -> None: ...


class HallProcess:
    """`moothall run`, to be stopped, killed and started again."""

    def __init__(self, config: Path) -> None:
        self.config = config
        self.log: list[str] = []  # lines of standard error, over all starts
        self._process: Running | None = None
        self._reading: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()

    @property
    def folder(self) -> Path:
        """All that it keeps is there, beside its configuration."""
        return self.config.parent

    @property
    def pid(self) -> int:
        """The process id of the running hall."""
        assert self._process is not None
        return self._process.pid

    async def start(self, *, wait: bool = True) -> Self:
        """Start it; wait until its rooms stand."""
        self._ready.clear()
        self._process = await self._spawn()
        self._reading = asyncio.create_task(self._read())
        if wait:
            await self.ready()
        return self

    async def _spawn(self) -> Running:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot.cli", "--config", str(self.config), "run"),
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )

    async def ready(self) -> None:
        """Wait until the rooms stand; fails with the log if the process ends before."""
        assert self._process is not None
        ready = asyncio.ensure_future(self._ready.wait())
        ended = asyncio.ensure_future(self._process.wait())
        done, pending = await asyncio.wait(
            {ready, ended}, timeout=PATIENCE, return_when=asyncio.FIRST_COMPLETED
        )
        for one in pending:
            one.cancel()
        if ready not in done:
            tail = "\n".join(self.log[-30:])
            raise RuntimeError(f"the hall did not come up:\n{tail}")

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stderr is not None
        async for line in self._process.stderr:
            text = line.decode(errors="replace").rstrip()
            self.log.append(text)
            if READY in text:
                self._ready.set()

    @property
    def running(self) -> bool:
        """Whether there is a process."""
        return self._process is not None and self._process.returncode is None

    async def ended(self) -> int:
        """Wait until it ends by itself; its exit status."""
        assert self._process is not None
        return await self._process.wait()

    async def stop(self) -> int:
        """SIGTERM, and the exit status."""
        return await self._end(signal.SIGTERM)

    async def kill(self) -> None:
        """SIGKILL: no farewell of any kind."""
        await self._end(signal.SIGKILL)

    async def _end(self, number: signal.Signals) -> int:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        status = await self._process.wait()
        if self._reading is not None:
            await self._reading
        return status

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self.running:
            await self.kill()

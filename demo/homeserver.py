"""A real homeserver on this machine's loopback: Synapse from PyPI, as a subprocess in one folder.

Everything here is synchronous, so that a session fixture, a script and any event loop can share
one server. Synapse is AGPL: it is run, never imported.
"""

import base64
import contextlib
import hashlib
import hmac
import http.client
import importlib.util
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

_HOST = "127.0.0.1"
_START_SECONDS = 60.0  # 1.5 s when quiet; four at once on two cores took 4
_STOP_SECONDS = 15.0
_PORT_TRIES = 5

# Ends Synapse when our end of its stdin closes, so that a killed test run leaves no orphan.
_BOOT = """
import os, signal, threading
def watch():
    while os.read(0, 1): pass
    os.kill(os.getpid(), signal.SIGTERM)
threading.Thread(target=watch, daemon=True).start()
from synapse.app.homeserver import main
main()
"""

_HIGH = {"per_second": 100_000, "burst_count": 100_000}
_NO_LIMITS: dict[str, Any] = {
    "rc_message": _HIGH,
    "rc_registration": _HIGH,
    "rc_admin_redaction": _HIGH,
    "rc_login": {"address": _HIGH, "account": _HIGH, "failed_attempts": _HIGH},
    "rc_joins": {"local": _HIGH, "remote": _HIGH},
    "rc_joins_per_room": _HIGH,
    "rc_invites": {"per_room": _HIGH, "per_user": _HIGH, "per_issuer": _HIGH},
    "rc_room_creation": _HIGH,
    "rc_3pid_validation": _HIGH,
    "rc_key_requests": _HIGH,
    "rc_presence": {"per_user": _HIGH},
    "rc_media_create": _HIGH,
    "rc_delayed_event_mgmt": _HIGH,
    "rc_reports": _HIGH,
    "rc_user_directory": _HIGH,
    "rc_registration_token_validity": _HIGH,
    "rc_third_party_invite": _HIGH,
}


class HomeserverError(Exception):
    """Synapse did not start, or refused a request of ours."""


@dataclass(frozen=True, slots=True)
class Account:
    """A registered user with the device and token that registration handed out."""

    user_id: str
    password: str
    access_token: str
    device_id: str


class Homeserver:
    """One Synapse: `start` it, `register` people, `stop` it. Also a context manager."""

    server_name = "localhost"

    def __init__(self, folder: Path, port: int, registration_secret: str) -> None:
        self.folder = folder
        self.port = port
        self._registration_secret = registration_secret
        self._process: subprocess.Popen[bytes] | None = None

    @staticmethod
    def available() -> bool:
        """Whether Synapse is installed (it has no wheel for every platform)."""
        return importlib.util.find_spec("synapse") is not None

    @classmethod
    def start(
        cls,
        folder: Path,
        *,
        limits: bool = False,
        room_version: str | None = None,
        port: int | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> Self:
        """Start in `folder`, new or used before, and return once it answers.

        `limits=True` leaves Synapse's own rate limits on; `config` overrides top-level settings.
        """
        folder = folder.resolve()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for remaining in reversed(range(_PORT_TRIES if port is None else 1)):
            chosen = _free_port() if port is None else port
            settings = _settings(folder, chosen, limits, room_version) | dict(config or {})
            _write_config(folder, settings)
            server = cls(folder, chosen, settings["registration_shared_secret"])
            try:
                server._spawn()
            except HomeserverError as error:
                # Another process may have taken the port between our choice and Synapse's bind.
                if not remaining or "listener config" not in str(error):
                    raise
            else:
                return server
        raise AssertionError("unreachable: the last try raises")

    @property
    def url(self) -> str:
        return f"http://{_HOST}:{self.port}"

    @property
    def pid(self) -> int:
        if self._process is None:
            raise HomeserverError("The homeserver is not running.")
        return self._process.pid

    @property
    def running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it in good order; its folder may then be edited, copied or started again."""
        if self.running:
            self._signal(signal.SIGTERM)
        self._reap()

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.running:
            self._signal(signal.SIGKILL)
        self._reap()

    def resume(self) -> None:
        """Start again after `stop` or `kill`: same folder, port, settings and tokens."""
        if not self.running:
            self._reap()
            self._spawn()

    def restart(self) -> None:
        self.stop()
        self.resume()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def register(
        self, name: str, password: str, *, admin: bool = False, display_name: str | None = None
    ) -> Account:
        """Create `@name:localhost` through the shared secret."""
        status, answer = self._ask_to_register(name, password, admin, display_name)
        if status != http.HTTPStatus.OK:
            raise HomeserverError(f"Could not register {name}: {status} {answer}")
        return Account(answer["user_id"], password, answer["access_token"], answer["device_id"])

    def _ask_to_register(
        self, name: str, password: str, admin: bool = False, display_name: str | None = None
    ) -> tuple[int, dict[str, Any]]:
        path = "/_synapse/admin/v1/register"
        nonce = str(self._request("GET", path)[1].get("nonce"))
        role = "admin" if admin else "notadmin"
        mac = hmac.new(
            self._registration_secret.encode(),
            "\0".join((nonce, name, password, role)).encode(),
            hashlib.sha1,
        ).hexdigest()
        body = {"nonce": nonce, "username": name, "password": password, "admin": admin, "mac": mac}
        if display_name is not None:
            body["displayname"] = display_name
        return self._request("POST", path, body)

    def _request(
        self, method: str, path: str, body: Mapping[str, Any] | None = None
    ) -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection(_HOST, self.port, timeout=30)
        with contextlib.closing(connection):
            connection.request(method, path, json.dumps(body) if body is not None else None)
            response = connection.getresponse()
            return response.status, json.loads(response.read())

    def _spawn(self) -> None:
        with (self.folder / "boot.log").open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _BOOT, "-c", str(self.folder / "homeserver.yaml")],
                cwd=self.folder,
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C is ours to handle: Synapse stops when we say so
            )
        try:
            self._wait_until_ready()
        except BaseException:
            self.kill()
            raise

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_SECONDS
        while time.monotonic() < deadline:
            if not self.running:
                raise HomeserverError(f"Synapse ended while starting.\n{self._log_tail()}")
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                if self._is_ours():
                    return
            time.sleep(0.02)
        raise HomeserverError(f"Synapse gave no answer in {_START_SECONDS} s.\n{self._log_tail()}")

    def _is_ours(self) -> bool:
        """Whether our Synapse is answering, not a stranger on a port that ours failed to get."""
        # A name that cannot exist: only a server with our secret gets as far as looking at it.
        _, answer = self._ask_to_register("!", "")
        return answer.get("errcode") == "M_INVALID_USERNAME"

    def _log_tail(self, lines: int = 40) -> str:
        logs = [self.folder / name for name in ("boot.log", "synapse.log")]
        texts = [log.read_text(errors="replace") for log in logs if log.exists()]
        return "\n".join("\n".join(texts).splitlines()[-lines:])

    def _signal(self, number: signal.Signals) -> None:
        assert self._process is not None
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)

    def _reap(self) -> None:
        if self._process is None:
            return
        assert self._process.stdin is not None
        try:
            self._process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process.stdin.close()
        self._process = None


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        return int(probe.getsockname()[1])


def _settings(folder: Path, port: int, limits: bool, room_version: str | None) -> dict[str, Any]:
    config_file = folder / "homeserver.yaml"
    earlier = json.loads(config_file.read_text()) if config_file.exists() else {}

    def kept_secret(name: str) -> str:
        # A folder used before keeps its secrets, else the tokens made with them would be void.
        return str(earlier.get(name) or secrets.token_hex(16))

    settings: dict[str, Any] = {
        "server_name": Homeserver.server_name,
        "public_baseurl": f"http://{_HOST}:{port}/",
        "pid_file": str(folder / "homeserver.pid"),
        "signing_key_path": str(folder / "signing.key"),
        "log_config": str(folder / "log.yaml"),
        "media_store_path": str(folder / "media"),
        "listeners": [
            {
                "port": port,
                "type": "http",
                "bind_addresses": [_HOST],
                "tls": False,
                "resources": [{"names": ["client"], "compress": False}],
            }
        ],
        "database": {
            "name": "sqlite3",
            "args": {"database": str(folder / "homeserver.db"), "cp_min": 1, "cp_max": 1},
        },
        "registration_shared_secret": kept_secret("registration_shared_secret"),
        "macaroon_secret_key": kept_secret("macaroon_secret_key"),
        "form_secret": kept_secret("form_secret"),
        "bcrypt_rounds": 4,  # 12 ms a registration instead of 250
        "report_stats": False,
        "trusted_key_servers": [],
        "suppress_key_server_warning": True,
        "federation_domain_whitelist": [],
        "presence": {"enabled": False},
        "url_preview_enabled": False,
        # What no client here looks at costs a fifth of each message.
        "push": {"enabled": False},
        "stats": {"enabled": False},
        "user_directory": {"enabled": False},
        # Else a second initial sync is answered from a cache for two minutes.
        "caches": {"sync_response_cache_duration": 0},
    }
    if room_version is not None:
        settings["default_room_version"] = room_version
    return settings if limits else settings | _NO_LIMITS


def _write_config(folder: Path, settings: Mapping[str, Any]) -> None:
    # JSON is YAML.
    (folder / "homeserver.yaml").write_text(json.dumps(settings, indent=1))
    log = {
        "version": 1,
        "handlers": {
            "file": {"class": "logging.FileHandler", "filename": str(folder / "synapse.log")}
        },
        "root": {"level": "WARNING", "handlers": ["file"]},
        "disable_existing_loggers": False,
    }
    (folder / "log.yaml").write_text(json.dumps(log))
    key_file = folder / "signing.key"
    if not key_file.exists():
        seed = base64.b64encode(os.urandom(32)).decode().rstrip("=")
        key_file.write_text(f"ed25519 a_demo {seed}\n")

"""Asks the client-server API, again and again while the homeserver is away."""

import asyncio
import json
from collections.abc import Iterator
from typing import Any

import nio

from demo.keys import LOST
from demo.timeline import Content

_CLIENT = "/_matrix/client/v3"
PATIENCE_SECONDS = 60.0  # how long a request is repeated while the homeserver is away
_LONGEST_PAUSE = 2.0


class RefusedError(Exception):
    """The homeserver answered no; repeating the request would not help."""

    def __init__(self, status: int, errcode: str, message: str) -> None:
        super().__init__(f"{status} {errcode}: {message}")
        self.status = status
        self.errcode = errcode


async def ask(
    client: nio.AsyncClient,
    method: str,
    path: str,
    body: Content | None = None,
    *,
    repeat: bool = True,
) -> dict[str, Any]:
    """Ask the client-server API (`path` below /_matrix/client/v3), repeating while it is away.

    With `repeat=False` only a 429 is repeated, which is known to have done nothing.
    """
    data = json.dumps(body) if body is not None else None
    headers = {
        "Authorization": f"Bearer {client.access_token}",
        "Content-Type": "application/json",
    }
    for pause in pauses():
        try:
            response = await client.send(method, _CLIENT + path, data, headers)
            text = await response.text()
        except LOST:
            if not repeat or pause is None:
                raise
        else:
            if response.status < 300:
                answer: dict[str, Any] = json.loads(text)
                return answer
            refusal = _refusal(response.status, text)
            limited = response.status == 429
            if pause is None or not (limited or (repeat and response.status >= 500)):
                raise refusal
            if limited:
                pause = max(pause, json.loads(text).get("retry_after_ms", 0) / 1000)
        await asyncio.sleep(pause)
    raise AssertionError("unreachable: the last pause is None")


def _refusal(status: int, text: str) -> RefusedError:
    try:
        answer = json.loads(text)
        return RefusedError(status, answer.get("errcode", ""), answer.get("error", ""))
    except ValueError:
        return RefusedError(status, "", text[:200])


def pauses(patience: float | None = PATIENCE_SECONDS) -> Iterator[float | None]:
    """Growing seconds between tries, then None: give up."""
    pause, passed = 0.05, 0.0
    while patience is None or passed < patience:
        yield pause
        passed += pause
        pause = min(pause * 2, _LONGEST_PAUSE)
    while True:
        yield None

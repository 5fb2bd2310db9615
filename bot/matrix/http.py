"""Requests to one homeserver: JSON there and back, and errors sorted by what to do about them."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import quote, urlencode

import aiohttp

from bot.matrix.errors import (
    Challenged,
    MatrixError,
    RateLimited,
    Refused,
    Unauthorised,
    Unreachable,
)

V3: Final = "/_matrix/client/v3"
V1: Final = "/_matrix/client/v1"
MEDIA: Final = "/_matrix/media/v3"
DOWNLOADS: Final = "/_matrix/client/v1/media"  # asks who is there, since version 1.11
TOO_LARGE: Final = "M_TOO_LARGE"
_CONNECT_SECONDS: Final = 10.0
_REQUEST_SECONDS: Final = 60.0  # createRoom and joins over federation take long
_DEAD_TOKEN: Final = frozenset({"M_UNKNOWN_TOKEN", "M_MISSING_TOKEN", "M_USER_LOCKED"})
_CHUNK: Final = 1 << 16  # bytes
_LARGEST_REFUSAL: Final = 1 << 16  # bytes; more is a page for people, which says nothing to us
_RETRY_AFTER: Final = 5.0  # seconds, when a 429 does not say

Query = Mapping[str, str | int | Sequence[str]]


class Http:
    """One connection pool and one token; nothing here knows rooms or keys."""

    def __init__(self, url: str) -> None:
        """`url` of the homeserver. Call it inside a running loop."""
        self.url = url.rstrip("/")
        self.session = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=_REQUEST_SECONDS, sock_connect=_CONNECT_SECONDS),
            # nio puts in its own headers; ours keep the token out of every address.
            headers={"User-Agent": "Moothall"},
        )
        self._headers: dict[str, str] = {}
        self.server_time: datetime | None = None  # as the newest answer told it, to the second

    def use_token(self, token: str) -> None:
        """Send this token with every request from now on."""
        self._headers["Authorization"] = f"Bearer {token}"

    async def get(
        self, path: str, query: Query | None = None, *, seconds: float = 0
    ) -> dict[str, Any]:
        """GET an object; `seconds` sets another limit than a minute."""
        return _object(await self.call("GET", path, query=query, seconds=seconds))

    async def put(self, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
        """PUT, and get an object."""
        return _object(await self.call("PUT", path, body=body))

    async def post(
        self, path: str, body: Mapping[str, Any], query: Query | None = None
    ) -> dict[str, Any]:
        """POST, and get an object."""
        return _object(await self.call("POST", path, query=query, body=body))

    async def upload(self, data: bytes, mime: str, query: Query | None = None) -> dict[str, Any]:
        """Put bytes into the media store. Not idempotent: twice is two files."""
        path = path_of("upload", base=MEDIA)
        return _object(await self.call("POST", path, query=query, body=data, mime=mime))

    async def download(
        self, path: str, most: int, query: Query | None = None, *, seconds: float
    ) -> bytes:
        """The bytes of an answer; Refused M_TOO_LARGE as soon as they are more than `most`.

        They are counted as they come: what the answer's head says is only believed if it is too
        much.
        """
        address = self.url + path + ("?" + urlencode(query, doseq=True) if query else "")
        # Packed bytes could swell to anything.
        headers = {**self._headers, "Accept-Encoding": "identity"}
        timeout = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)
        data = bytearray()
        try:
            async with self.session.get(
                address, headers=headers, allow_redirects=False, timeout=timeout
            ) as response:
                status = response.status
                good = 200 <= status < 300
                limit = most if good else _LARGEST_REFUSAL
                if good and (response.content_length or 0) > most:
                    raise Refused(413, TOO_LARGE)
                async for chunk in response.content.iter_chunked(_CHUNK):
                    data += chunk
                    if len(data) > limit:
                        break
                retry_after = response.headers.get("Retry-After")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"GET {path}: {type(error).__name__}") from None
        if good and len(data) > most:
            raise Refused(413, TOO_LARGE)
        if good:
            return bytes(data)
        try:
            answer = json.loads(data)
        except (ValueError, RecursionError):
            answer = None
        raise failure(status, answer, retry_after)

    async def date(self, path: str) -> str | None:
        """The homeserver's clock, as it heads an answer."""
        try:
            async with self.session.get(self.url + path, allow_redirects=False) as response:
                return response.headers.get("Date")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unreachable(f"GET {path}: {type(error).__name__}") from None

    async def call(
        self,
        method: str,
        path: str,
        *,
        query: Query | None = None,
        body: Mapping[str, Any] | bytes | None = None,
        mime: str = "application/json",
        seconds: float = 0,
    ) -> Any:
        """The answer's JSON, or a MatrixError. `path` is percent-encoded already (`path_of`)."""
        address = self.url + path + ("?" + urlencode(query, doseq=True) if query else "")
        # A redirect could take the token elsewhere; the configured address must be the right one.
        headers = {**self._headers, "Content-Type": mime}
        options: dict[str, Any] = {"headers": headers, "allow_redirects": False}
        if seconds:
            options["timeout"] = aiohttp.ClientTimeout(total=seconds, sock_connect=_CONNECT_SECONDS)
        if isinstance(body, bytes):
            options["data"] = body
        elif body is not None:
            options["data"] = json.dumps(body, separators=(",", ":")).encode()
        try:
            async with self.session.request(method, address, **options) as response:
                status, text = response.status, await response.read()
                retry_after = response.headers.get("Retry-After")
                self.server_time = _moment(response.headers.get("Date"))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            # Never the exception's own text: aiohttp puts addresses and headers in some of them.
            raise Unreachable(f"{method} {path}: {type(error).__name__}") from None
        try:
            answer = json.loads(text)
        except (ValueError, RecursionError):
            answer = None
        if 200 <= status < 300 and answer is not None:
            return answer
        raise failure(status, answer, retry_after)

    async def close(self) -> None:
        """Close the pool; what is still open is cut."""
        await self.session.close()
        await asyncio.sleep(0)  # lets the transports close before the loop does


# The whole account is held up, until somebody has paid or agreed: nothing is lost by waiting.
_PASSING: Final = frozenset({"M_RESOURCE_LIMIT_EXCEEDED", "M_CONSENT_NOT_GIVEN"})


def failure(status: int, answer: Any, retry_after: str | None = None) -> MatrixError:
    """Sort an answer that was not a success."""
    answer = answer if isinstance(answer, dict) else {}
    errcode = answer.get("errcode")
    known = isinstance(errcode, str)
    if status == 429 or errcode == "M_LIMIT_EXCEEDED":
        return RateLimited(_seconds_to_wait(answer.get("retry_after_ms"), retry_after))
    if status == 401 and errcode in _DEAD_TOKEN:
        return Unauthorised(str(errcode))
    if status == 401 and isinstance(answer.get("session"), str):
        return Challenged(answer["session"])
    if status == 413:
        return Refused(status, TOO_LARGE)  # proxies say it without JSON
    if errcode in _PASSING:
        return Unreachable(f"answered {status} {errcode}")
    if 400 <= status < 500 and status != 408 and known:
        return Refused(status, str(errcode))
    # 5xx, a broken body, or a proxy's own page while the homeserver behind it is away.
    return Unreachable(f"answered {status}{f' {errcode}' if known else ''}")


def _moment(date: str | None) -> datetime | None:
    try:
        moment = parsedate_to_datetime(date or "")
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _object(answer: Any) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise Unreachable("answered with something else than an object")
    return answer


def path_of(*segments: str, base: str = V3) -> str:
    """A path of segments, each percent-encoded: ids hold `/`, `$`, `#` and anything else."""
    return base + "".join("/" + quote(segment, safe="!@$:") for segment in segments)


def text_of(answer: Any, name: str) -> str:
    """A text that an answer must hold; an answer without it is none."""
    value = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(value, str):
        raise Unreachable(f"an answer without {name}")
    return value


def _seconds_to_wait(milliseconds: Any, header: str | None) -> float:
    # The body first: Synapse says both, others one of them; the header is whole seconds or a date.
    if isinstance(milliseconds, int | float) and not isinstance(milliseconds, bool):
        return max(0.0, float(milliseconds) / 1000)
    if header is not None and header.isascii() and header.isdigit():
        return float(header)
    return _RETRY_AFTER

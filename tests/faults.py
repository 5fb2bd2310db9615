"""A bad network on demand: a reverse proxy before the homeserver that loses, refuses and stalls.

    proxy = FaultProxy(homeserver.url, seed=7, rules=[Rule(sends, {DropResponse(): 0.3})])
    async with proxy:
        ...  # clients use proxy.url; three in ten sends are accepted, and the answer is lost

Chance is repeatable: each rule has its own generator, made from the seed and the rule's place.
"""

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import aiohttp
from aiohttp import web
from yarl import URL

_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "te"}
_LARGEST_BODY = 100 * 2**20


@dataclass(frozen=True, slots=True)
class PassThrough:
    name = "pass_through"


@dataclass(frozen=True, slots=True)
class DropResponse:
    """The homeserver accepts the request; the client's connection is cut amid the answer.

    `begun=False` cuts before the first byte. aiohttp, and so nio, then repeats a GET or PUT once
    by itself, and the caller notices nothing unless the repetition fails too.
    """

    begun: bool = True

    name = "drop_response"


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the proxy's own: 429 as Matrix writes it, others as a web server's page."""

    status: int
    retry_after_ms: int | None = None
    forwarded: bool = False  # whether the homeserver gets the request all the same

    @property
    def name(self) -> str:
        return f"answer_{self.status}"


@dataclass(frozen=True, slots=True)
class Stall:
    """Nothing for some seconds, then the connection is cut (and see `DropResponse.begun`)."""

    seconds: float
    forwarded: bool = False

    name = "stall"


Plan = PassThrough | DropResponse | Answer | Stall
Matches = Callable[[str, str], bool]  # method, path
_PASS = PassThrough()


def sends(method: str, path: str) -> bool:
    return method == "PUT" and ("/send/" in path or "/redact/" in path)


def syncs(method: str, path: str) -> bool:
    return path.endswith("/sync")


def anything(method: str, path: str) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Rule:
    """What happens to matching requests; chances are of 1, and what they leave passes through."""

    matches: Matches
    chances: Mapping[Plan, float]


@dataclass(frozen=True, slots=True)
class Seen:
    method: str
    path: str
    plan: Plan
    at: float = field(default_factory=time.monotonic)


class FaultProxy:
    """The proxy. `enabled` switches it; `counts` and `seen` tell what it did."""

    def __init__(
        self, upstream_url: str, seed: int, rules: Sequence[Rule] = (), *, port: int = 0
    ) -> None:
        self.enabled = True
        self.seen: list[Seen] = []
        self._upstream = upstream_url
        self._seed = seed
        self._port = port
        self._open: set[asyncio.Transport] = set()
        self.change(rules)
        self._next: list[tuple[Matches, Plan]] = []
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._url = ""

    @property
    def url(self) -> str:
        assert self._url, "the proxy is not running"
        return self._url

    @property
    def counts(self) -> Counter[str]:
        """How often each plan was carried out, by its name."""
        return Counter(seen.plan.name for seen in self.seen)

    def change(self, rules: Sequence[Rule], *, cut: bool = False) -> None:
        """Other rules from now on. cut: what is under way, such as a long poll, ends now."""
        self._rules = [
            (rule, random.Random(f"{self._seed}/{place}")) for place, rule in enumerate(rules)
        ]
        if cut:
            for transport in list(self._open):
                transport.abort()

    def next(self, plan: Plan, matches: Matches = anything) -> None:
        """Do this to the next matching request, before any rule is asked."""
        self._next.append((matches, plan))

    async def start(self) -> Self:
        self._session = aiohttp.ClientSession(
            auto_decompress=False, timeout=aiohttp.ClientTimeout(total=None)
        )
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._handle)
        # Cancelled with its client, a long poll doesn't outlive the test.
        self._runner = web.AppRunner(
            application, handler_cancellation=True, shutdown_timeout=0.1, access_log=None
        )
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", self._port).start()
        host, port = self._runner.addresses[0][:2]
        self._url = f"http://{host}:{port}"
        return self

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()
        self._url = ""

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    def _choose(self, method: str, path: str) -> Plan:
        if not self.enabled:
            return _PASS
        for place, (matches, plan) in enumerate(self._next):
            if matches(method, path):
                del self._next[place]
                return plan
        for rule, chance in self._rules:
            if rule.matches(method, path):
                plans = list(rule.chances)
                weights = list(rule.chances.values())
                rest = max(0.0, 1 - sum(weights))
                return chance.choices([*plans, _PASS], [*weights, rest])[0]
        return _PASS

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        plan = self._choose(request.method, request.path)
        self.seen.append(Seen(request.method, request.path, plan))
        transport = request.transport
        if transport is None:
            return _cut(request)
        self._open.add(transport)
        try:
            return await self._carry_out(plan, request)
        finally:
            self._open.discard(transport)

    async def _carry_out(self, plan: Plan, request: web.Request) -> web.StreamResponse:
        match plan:
            case PassThrough():
                return await self._forward(request)
            case DropResponse():
                answer = await self._forward(request)
                return await _cut_amid(request, answer) if plan.begun else _cut(request)
            case Answer():
                if plan.forwarded:
                    await self._forward(request)
                return _page(plan)
            case Stall():
                if plan.forwarded:
                    await self._forward(request)
                await asyncio.sleep(plan.seconds)
                return _cut(request)

    async def _forward(self, request: web.Request) -> web.Response:
        assert self._session is not None
        headers = {
            name: value
            for name, value in request.headers.items()
            if name.lower() not in _HOP_BY_HOP
        }
        body = await request.read()
        url = URL(self._upstream + request.raw_path, encoded=True)
        try:
            async with self._session.request(
                request.method, url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                content = await answer.read()
                kept = [
                    (name, value)
                    for name, value in answer.headers.items()
                    if name.lower() not in _HOP_BY_HOP
                ]
                return web.Response(status=answer.status, body=content, headers=kept)
        except aiohttp.ClientError:
            return _page(Answer(502))  # as a web server does while the homeserver is away


def _page(answer: Answer) -> web.Response:
    if answer.status != 429:
        page = f"<html><body><h1>{answer.status}</h1></body></html>"
        return web.Response(status=answer.status, text=page, content_type="text/html")
    body: dict[str, object] = {"errcode": "M_LIMIT_EXCEEDED", "error": "Too Many Requests"}
    if answer.retry_after_ms is not None:
        body["retry_after_ms"] = answer.retry_after_ms
    return web.Response(status=429, text=json.dumps(body), content_type="application/json")


def _cut(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


async def _cut_amid(request: web.Request, answer: web.Response) -> web.StreamResponse:
    body = answer.body if isinstance(answer.body, bytes) else b""
    half = web.StreamResponse(status=answer.status, headers=answer.headers)
    half.content_length = len(body) or 1
    await half.prepare(request)
    await half.write(body[: len(body) // 2])
    if request.transport is not None:
        request.transport.close()  # not `abort`, which may take back what was written
    return half

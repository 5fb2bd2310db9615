"""What a client of another make sees: Element Web's own engine talks to the hall."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.hall import SEALED, RunningHall
from tests.journeys.conftest import Arrive, on_both
from tests.judges import npm_packages

Asks = Callable[..., Any]


@pytest.fixture(scope="session")
def engine() -> Path:
    """The installed engine; only where there is no Node can nobody judge."""
    return npm_packages() / "judge.mjs"


@asynccontextmanager
async def judge(engine: Path) -> AsyncIterator[Asks]:
    """`await asks("say", room=…, body=…)`: one request to the other client, and its answer."""
    process = await asyncio.create_subprocess_exec(
        "node",
        str(engine),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    assert process.stdin
    assert process.stdout
    out, back = process.stdin, process.stdout

    async def asks(command: str, **given: Any) -> Any:
        out.write(json.dumps({"command": command, **given}).encode() + b"\n")
        await out.drain()
        async with asyncio.timeout(60):
            answer = json.loads(await back.readline())
        assert "error" not in answer, (command, answer)
        return answer

    try:
        yield asks
    finally:
        out.close()
        try:
            async with asyncio.timeout(10):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()


@pytest.mark.promise("Element shows no warning beside what the hall says, and is understood by it")
@pytest.mark.parametrize("only_signed", [False, True])
@on_both
async def test_elements_engine_reads_the_hall_without_a_warning_and_is_answered(
    hall: RunningHall, arrive: Arrive, engine: Path, only_signed: bool
) -> None:
    """only_signed: the mode in which devices without a signature can neither read nor be read."""
    ann = await arrive("ann", SEALED)
    room = hall.rooms[SEALED]
    async with judge(engine) as asks:
        await asks(
            "login",
            url=ann.client.homeserver,
            user=ann.user_id,
            password="secret",
            only_signed=only_signed,
        )
        seen = await asks("device", user=hall.me, device=hall.hall.device)
        assert seen == {"signed_by_owner": True}
        said = await asks("say", room=room, body="!whoami")
        answer = await asks("await", room=room, sender=hall.me, to=said["event_id"])
    assert ann.user_id in answer["body"]
    assert answer["encrypted"]
    assert answer["readable"]
    assert (answer["shield"], answer["reason"]) == ("NONE", None)

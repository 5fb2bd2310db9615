"""How long a member waits for an answer, and what it costs, beside the smallest nio echo bot."""

import asyncio
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

import psutil

from benchmarks.members import Member
from benchmarks.report import Line
from benchmarks.stage import clusters, members, stage

BLOCK, ROUNDS, WARM_UP = 20, 10, 20


async def measure(folder: Path) -> list[Line]:
    """Alternate blocks of commands to ours and of words to the echo, on one homeserver."""
    async with stage(folder, clusters(1)) as here:
        echo_account = here.homeserver.register("echo", "secret")
        async with members(here.homeserver, [here.keeper, echo_account]) as (keeper, echo_member):
            hall_room = await keeper.join(here.alias("room1"))
            body = {"preset": "private_chat", "invite": [echo_account.user_id]}
            echo_room: str = (await keeper.request("POST", "/createRoom", body))["room_id"]
            await echo_member.join(echo_room)
            echo = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "benchmarks.echo", here.homeserver.url,
                echo_account.user_id, echo_account.access_token,
                stdout=asyncio.subprocess.PIPE,
            )  # fmt: skip
            try:
                assert echo.stdout is not None
                await echo.stdout.readline()
                await keeper.listen()
                ours: list[float] = []
                theirs: list[float] = []
                await _block(keeper, hall_room, "!whoami", here.bot.user_id, WARM_UP)
                await _block(keeper, echo_room, "hello", echo_account.user_id, WARM_UP)
                ours_cpu = theirs_cpu = 0.0
                for _ in range(ROUNDS):
                    before = here.cpu_seconds()
                    ours += await _block(keeper, hall_room, "!whoami", here.bot.user_id, BLOCK)
                    ours_cpu += here.cpu_seconds() - before
                    before = _cpu(echo.pid)
                    theirs += await _block(keeper, echo_room, "hello", echo_account.user_id, BLOCK)
                    theirs_cpu += _cpu(echo.pid) - before
            finally:
                echo.kill()
                await echo.wait()
    commands = BLOCK * ROUNDS
    return [
        Line("round trip, p50", _at(ours, 50), _at(theirs, 50), "ms", most=1.15),
        Line("round trip, p95", _at(ours, 95), _at(theirs, 95), "ms", most=1.25),
        Line(
            "CPU a command", ours_cpu / commands * 1000, theirs_cpu / commands * 1000, "ms",
            most_ours=10.0,
        ),
    ]  # fmt: skip


async def _block(member: Member, room: str, text: str, bot: str, count: int) -> list[float]:
    times = []
    for _ in range(count):
        place = len(member.heard)
        began = time.perf_counter()
        await member.say(room, text)
        ended = await member.hears(
            lambda e: e["sender"] == bot and e["type"] == "m.room.message", after=place
        )
        times.append((ended - began) * 1000)
    return times


def _cpu(pid: int) -> float:
    times = psutil.Process(pid).cpu_times()
    return float(times.user + times.system)


def _at(values: Sequence[float], percent: int) -> float:
    return quantiles(values, n=100, method="inclusive")[percent - 1]

"""500 commands from 20 people at once: every one answered once, in order, at Synapse's own pace."""

import asyncio
import time
from collections import defaultdict
from pathlib import Path

from benchmarks.members import Member, Predicate
from benchmarks.report import Line
from benchmarks.stage import clusters, members, stage

PEOPLE, COMMANDS, ROOMS = 20, 500, 4
ROUNDS = 3  # of both in turn: a homeserver's pace changes by a third within a minute


async def measure(folder: Path) -> list[Line]:
    """Bare senders, and the same senders with a hall that answers them, in turn."""
    async with stage(folder, clusters(ROOMS)) as here:
        accounts = [here.homeserver.register(f"member{n}", "secret") for n in range(PEOPLE)]
        async with members(here.homeserver, [here.keeper, *accounts]) as (keeper, *crowd):
            await keeper.join(f"#{'bench'}:localhost")
            rooms = [await keeper.join(here.alias(f"room{n}")) for n in range(1, ROOMS + 1)]
            for number, member in enumerate(crowd):
                body = {"user_id": member.account.user_id}
                await keeper.request("POST", f"/rooms/{rooms[number % ROOMS]}/invite", body)
                await member.join(rooms[number % ROOMS])
            await keeper.listen(breath=0.5)
            bare = with_hall = 0.0
            answers = _answers_of(here.bot.user_id)
            for round_ in range(1, ROUNDS + 1):
                bare += await _send(crowd, rooms, "good morning", 2 * COMMANDS)
                began = time.perf_counter()
                await _send(crowd, rooms, "!whoami", COMMANDS)
                with_hall += await keeper.counts(answers, round_ * COMMANDS) - began
                await asyncio.sleep(2)  # whatever is said twice would come now
            _judge(keeper, here.bot.user_id)
    events = ROUNDS * 2 * COMMANDS
    return [
        Line("burst of 500 commands", events / with_hall, events / bare, "events/s", least=0.8),
    ]


async def _send(crowd: list[Member], rooms: list[str], text: str, count: int) -> float:
    """Everybody sends as fast as Synapse takes it; seconds."""
    began = time.perf_counter()

    async def send(number: int, member: Member) -> None:
        for _ in range(count // PEOPLE):
            await member.say(rooms[number % ROOMS], text)

    await asyncio.gather(*(send(number, member) for number, member in enumerate(crowd)))
    return time.perf_counter() - began


def _answers_of(bot: str) -> Predicate:
    return lambda event: event["sender"] == bot and event["type"] == "m.room.message"


def _judge(keeper: Member, bot: str) -> None:
    """Each command answered once, and within a room in the order they were asked."""
    asked: dict[str, list[str]] = defaultdict(list)
    answered: dict[str, list[str]] = defaultdict(list)
    for _moment, room, event in keeper.heard:
        content = event.get("content", {})
        if content.get("body") == "!whoami":
            asked[room].append(event["event_id"])
        elif event["sender"] == bot and event["type"] == "m.room.message":
            answered[room].append(content["m.relates_to"]["event_id"])
    for room, commands in asked.items():
        assert answered[room] == commands, f"answers out of order, missing or doubled in {room}"

"""1,000 votes on one card within a minute: how soon all count, and how often the card is edited."""

import asyncio
import random
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks.members import Member
from benchmarks.report import Line
from benchmarks.stage import clusters, members, stage
from bot.matrix import polls
from storage import visits, votes
from storage.beside import Beside

PEOPLE, VOTES, DATES, MINUTE = 20, 1_000, 3, 60.0
PACE = 2.0  # seconds between two edits, at the least
CITIES = [f"City {letter}" for letter in "ABCDE"]
VALUES = ("yes", "maybe", "no")  # as the poll's answers stand


async def measure(folder: Path) -> list[Line]:
    """Votes come evenly over the minute; one city keeps silent, so that nothing closes."""
    cities = [
        {"name": name, "country": "NO", "time_zone": "Europe/Oslo", "languages": ["en"],
         "cluster": "room1"}
        for name in [*CITIES, "Silent"]
    ]  # fmt: skip
    async with stage(folder, clusters(1), cities=cities) as here:
        accounts = [here.homeserver.register(f"voter{n}", "secret") for n in range(PEOPLE)]
        async with members(here.homeserver, [here.keeper, *accounts]) as (keeper, *crowd):
            await keeper.join("#bench:localhost")
            room = await keeper.join(here.alias("room1"))
            for member in crowd:
                body = {"user_id": member.account.user_id}
                await keeper.request("POST", f"/rooms/{room}/invite", body)
                await member.join(room)
            await keeper.listen()
            for number, member in enumerate(crowd):
                city = CITIES[number % len(CITIES)]
                await _done(
                    keeper, room, f'!member set {member.account.user_id} city:"{city}"', here.bot
                )
            await _done(keeper, room, f"!member set {keeper.account.user_id} city:Silent", here.bot)
            card, asked = await _open(keeper, room, here.bot)
            before = here.cpu_seconds()
            began = time.perf_counter()
            said = await _vote(crowd, room, asked, began)
            data = here.hall.config.parent / "data" / "moothall.db"
            behind = await _counted(data, said) - began - MINUTE
            await asyncio.sleep(2 * PACE)  # the last edits come at their pace
            cpu = (here.cpu_seconds() - before) * 1000 / VOTES
            edits = [
                event["origin_server_ts"] / 1000
                for _moment, _room, event in keeper.heard
                if event.get("content", {}).get("m.relates_to", {}).get("rel_type") == "m.replace"
                and event["content"]["m.relates_to"]["event_id"] == card
            ]
    assert len(edits) >= MINUTE / PACE / 4, f"the card stood still: {len(edits)} edits"
    # Two edits are made two seconds apart; the network may bring them a little closer.
    paces = [sum(start <= one < start + PACE - 0.2 for one in edits) for start in edits]
    return [
        Line("1,000 votes a minute: all counted after", max(behind, 0.0), None, "s", most_ours=5.0),
        Line("edits of their card in any 2 s", float(max(paces)), None, "", most_ours=1.0),
        Line("CPU a vote", cpu, None, "ms"),
    ]


async def _done(keeper: Member, room: str, text: str, bot: Any) -> dict[str, Any]:
    """Say it, and wait for the answer."""
    place = len(keeper.heard)
    said = await keeper.say(room, text)

    def answers(event: dict[str, Any]) -> bool:
        relation = event.get("content", {}).get("m.relates_to", {})
        return bool(event["sender"] == bot.user_id and relation.get("event_id") == said)

    await keeper.hears(answers, after=place)
    return next(event for _m, _r, event in keeper.heard[place:] if answers(event))


async def _open(keeper: Member, room: str, bot: Any) -> tuple[str, list[dict[str, Any]]]:
    """Propose a visit and ask for its dates; the card and the polls."""
    first = datetime.now(UTC).date() + timedelta(days=90)
    first -= timedelta(days=first.weekday())
    days = " ".join((first + timedelta(weeks=7 * n)).isoformat() for n in range(DATES))
    await _done(keeper, room, f'!visit propose "City A" {days} days:1 title:Bench', bot)
    await _done(keeper, room, "!visit open V-1", bot)
    place = 0
    found: list[dict[str, Any]] = []
    while len(found) < DATES:
        await keeper.hears(lambda event: event["type"] == polls.START, after=place)
        found = [event for _m, _r, event in keeper.heard if event["type"] == polls.START]
        place = len(keeper.heard)
    return found[0]["content"]["m.relates_to"]["event_id"], found


async def _vote(
    crowd: list[Member], room: str, asked: list[dict[str, Any]], began: float
) -> dict[tuple[int, str], str]:
    """Everybody votes again and again; what each of them said last of each date."""
    chance = random.Random(5)
    said: dict[tuple[int, str], str] = {}

    async def vote(number: int, member: Member) -> None:
        for turn in range(VOTES // PEOPLE):
            due = began + MINUTE * (turn + number / PEOPLE) / (VOTES // PEOPLE)
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            option, choice = chance.randrange(DATES), chance.randrange(len(VALUES))
            poll = asked[option]
            answer = poll["content"][polls.START]["answers"][choice]["id"]
            content = {
                "m.relates_to": {"rel_type": "m.reference", "event_id": poll["event_id"]},
                polls.RESPONSE: {"answers": [answer]},
            }
            path = f"/rooms/{room}/send/{polls.RESPONSE}/vote-{number}-{turn}"
            await member.request("PUT", path, content)
            said[option + 1, member.account.user_id] = VALUES[choice]

    await asyncio.gather(*(vote(number, member) for number, member in enumerate(crowd)))
    return said


async def _counted(data: Path, said: dict[tuple[int, str], str]) -> float:
    """Wait until the ledger says what people said last; the moment."""
    memory = Beside(f"sqlite:///{data}")
    async with asyncio.timeout(120):
        while True:
            ledger = await memory.read(lambda c: votes.find(c, 1))
            latest: dict[tuple[int, str], str | None] = {}
            for one in sorted(ledger, key=lambda one: (one.at, one.event_id)):
                latest[one.option, one.person] = one.value
            if latest == said:
                options = await memory.read(lambda c: visits.options(c, 1))
                assert all(one.closed_at is None for one in options)
                return time.perf_counter()
            await asyncio.sleep(0.2)

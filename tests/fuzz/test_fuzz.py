"""Ten thousand malformed events and ten thousand hostile lines: the hall keeps its countenance."""

import itertools
from collections import Counter
from collections.abc import AsyncIterator
from itertools import pairwise
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from demo.postgres import Postgres
from storage.database import open_database
from tests.commands.conftest import HOUSING, ME, PAULA, WELCOME
from tests.fuzz import mischief
from tests.fuzz.wire import (
    Sent,
    WiredHall,
    memory_kb,
    raw_event,
    raw_message,
    set_aside,
    timeline,
    unfinished,
    wired_hall,
)

IN_ONE = 200  # events in a sync answer
GROWTH_KB = 15_000  # over the second half of what is said
PARTS = 4  # a leak grows in each; what Python and the database keep at hand does not

HOW_MANY = [
    pytest.param("sqlite", 10_000, marks=pytest.mark.xdist_group("fuzz-1")),
    pytest.param("postgresql", 1_500, marks=pytest.mark.xdist_group("fuzz-2")),
]


@pytest.fixture
async def wired(
    request: pytest.FixtureRequest, backend: str, tmp_path: Path
) -> AsyncIterator[WiredHall]:
    url = f"sqlite:///{tmp_path}/hall.db"
    if backend == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create_database(f"fuzz_{uuid4().hex[:12]}").replace("+asyncpg", "")
    database = await open_database(url)
    try:
        async with wired_hall(database) as wired:
            wired.wire.remembers = False
            yield wired
    finally:
        await database.close()


async def still_stands(wired: WiredHall) -> None:
    """Nothing broke, nothing is stuck, nothing got out; and it answers."""
    assert not wired.watch.errors[:10], f"{len(wired.watch.errors)} errors in the log"
    assert not wired.wire.faults[:10], f"{len(wired.wire.faults)} faults in what was said"
    assert not await wired.read(unfinished)
    assert not await wired.read(set_aside)
    wired.wire.remembers = True
    for number, room in enumerate((HOUSING, WELCOME)):
        # Somebody whom no event of these could have removed.
        await wired.hears(timeline([raw_message(f"$last{number}", PAULA, "!whoami")], room))
    answered = {sent.room_id for sent in wired.wire.said if sent.cause.startswith("$last")}
    assert answered == {HOUSING, WELCOME}


def comes_back(who: str) -> dict[str, Any]:
    return raw_event(f"$back{who}", who, "m.room.member", {"membership": "join"}, state_key=who)


@pytest.mark.parametrize(("backend", "count"), HOW_MANY)
async def test_malformed_events_break_nothing(wired: WiredHall, count: int) -> None:
    events = list(mischief.malformed_events(count))
    answers = list(mischief.malformed_answers(events, IN_ONE))
    half = len(answers) // 2
    await wired.hears(*answers[:half])
    before = memory_kb()
    await wired.hears(*answers[half:])
    grown = memory_kb() - before
    assert grown < GROWTH_KB, f"grown by {grown} kB"
    assert wired.wire.sent > count / 40, "hardly anything reached a handler: the test tests little"
    # These events may have sent everybody away.
    back = [comes_back(who) for who in (PAULA, ME)]
    await wired.hears(timeline(back), timeline(back, WELCOME))
    await still_stands(wired)


@pytest.mark.promise("Whatever is typed, the hall says no markup, ping or thread but its own.")
@pytest.mark.parametrize(("backend", "count"), HOW_MANY)
async def test_hostile_lines_get_only_words_back(wired: WiredHall, count: int) -> None:
    said = list(mischief.as_messages(list(mischief.hostile_lines(count))))
    asked = {event["event_id"]: (room, event) for room, event in said}
    answered: Counter[str] = Counter()

    def check(sent: Sent) -> None:
        if sent.cause not in asked:
            return
        answered[sent.cause] += 1
        room, event = asked[sent.cause]
        wired.wire.faults += [
            f"{sent.cause}: {fault}" for fault in faults_of_place(sent, room, event, asked)
        ]

    wired.wire.on_sent = check
    size = len(said) // PARTS
    sizes = []
    for part in (said[start : start + size] for start in range(0, size * PARTS, size)):
        for start in range(0, size, IN_ONE):
            batch = part[start : start + IN_ONE]
            parts: dict[str, Any] = {}
            for room, event in batch:
                parts.setdefault(room, {"timeline": {"events": []}})
                parts[room]["timeline"]["events"].append(event)
            await wired.hears({"rooms": {"join": parts}})
        sizes.append(memory_kb())
    grown = min(later - earlier for earlier, later in pairwise(sizes))
    assert grown < GROWTH_KB * 2 / PARTS, f"grown by {grown} kB in each part"
    assert len(answered) > count / 2, "most of it was taken for talk: the test tests little"
    await still_stands(wired)


Asked = dict[str, tuple[str, dict[str, Any]]]  # by event id: the room and the event


def faults_of_place(sent: Sent, room: str, event: dict[str, Any], asked: Asked) -> list[str]:
    """An answer stands where it was asked for, in no other room or thread, and pings nobody."""
    faults = []
    relation = event["content"].get("m.relates_to", {})
    mine = {event["event_id"]}
    if relation.get("rel_type") in ("m.thread", "m.replace"):
        mine.add(relation["event_id"])
    if relation.get("rel_type") == "m.replace":
        _, corrected = asked[relation["event_id"]]
        outer = corrected["content"].get("m.relates_to", {})
        if corrected["sender"] == event["sender"] and outer.get("rel_type") == "m.thread":
            mine.add(outer["event_id"])
    told = sent.content.get("m.relates_to", {})
    places = {told.get("event_id"), told.get("m.in_reply_to", {}).get("event_id")} - {None}
    if told.get("rel_type") != "m.replace" and sent.type == "m.room.message" and places - mine:
        faults.append(f"answers {places - mine}")
    if sent.room_id != room and not sent.room_id.startswith(("!direct-", "!made")):
        faults.append(f"answers in {sent.room_id}")
    mentioned = set(sent.content.get("m.mentions", {}).get("user_ids", ()))
    if mentioned - {event["sender"]}:
        faults.append(f"pings {mentioned}")
    return faults


def test_mischief_is_the_same_each_time_and_hits_every_command() -> None:
    lines = list(mischief.hostile_lines(500))
    assert lines == list(mischief.hostile_lines(500))
    first = [repr(one) for one in itertools.islice(mischief.malformed_events(300), 300)]
    assert len(set(first)) > 290

"""State and timeline of one sync answer: whoever has lost the say in it has none in all of it."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from commands.power import COORDINATE
from storage import people
from storage.database import open_database
from storage.records import Role, UserId
from tests.commands.conftest import ANN, BEN, HOUSING, ME, OTTO
from tests.fuzz.wire import WiredHall, raw_event, raw_message, timeline, wired_hall

LINE = "!member set @ann:hs role:volunteer"


@pytest.fixture
async def wired(tmp_path: Path) -> AsyncIterator[WiredHall]:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    try:
        async with wired_hall(database) as wired:
            create = raw_event("$create", ME, "m.room.create", {"room_version": "11"}, state_key="")
            await wired.hears(timeline([create]))
            yield wired
    finally:
        await database.close()


def levels(event_id: str, level: int) -> dict[str, Any]:
    content = {"users": {OTTO: 100, BEN: level}, "events": {COORDINATE: 50}}
    return raw_event(event_id, OTTO, "m.room.power_levels", content, state_key="")


def member(event_id: str, sender: UserId, membership: str) -> dict[str, Any]:
    content = {"membership": membership, "displayname": "Ben"}
    return raw_event(event_id, sender, "m.room.member", content, state_key=BEN)


async def is_volunteer(wired: WiredHall) -> bool:
    ann = await wired.read(lambda c: people.get(c, ANN))
    assert ann is not None
    return Role.VOLUNTEER in ann.roles


async def test_the_say_that_a_room_gives_counts_in_the_same_sync(wired: WiredHall) -> None:
    await wired.hears(timeline([levels("$up", 50), raw_message("$ask", BEN, LINE)]))
    assert await is_volunteer(wired)


SEVERAL: list[tuple[str, Callable[[], dict[str, Any]]]] = [
    ("demoted", lambda: levels("$down", 0)),
    ("left", lambda: member("$gone", BEN, "leave")),
    ("kicked", lambda: member("$gone", OTTO, "leave")),
    ("banned", lambda: member("$gone", OTTO, "ban")),
]


@pytest.mark.promise("Whoever is removed from a room has no more say in it, in the same sync.")
@pytest.mark.parametrize(("name", "loss"), SEVERAL, ids=[name for name, _ in SEVERAL])
@pytest.mark.parametrize("place", ["state", "before", "after"])
async def test_the_say_that_is_taken_is_gone_in_the_same_sync(
    wired: WiredHall, name: str, loss: Callable[[], dict[str, Any]], place: str
) -> None:
    await wired.hears(timeline([levels("$up", 50)]))
    ask = raw_message("$ask", BEN, LINE)
    answer = {
        "state": timeline([ask], state={"events": [loss()]}),
        "before": timeline([loss(), ask]),
        "after": timeline([ask, loss()]),
    }[place]
    await wired.hears(answer)
    assert not await is_volunteer(wired)
    told = [str(sent.content.get("body")) for sent in wired.wire.said]
    if name == "demoted":
        assert [words for words in told if "is for coordinators" in words]
    else:
        assert not told
    assert not wired.wire.faults
    assert not wired.watch.errors


async def test_who_comes_back_in_the_same_sync_is_heard(wired: WiredHall) -> None:
    events = [
        levels("$up", 50),
        member("$gone", OTTO, "leave"),
        member("$back", BEN, "join"),
        raw_message("$ask", BEN, LINE),
    ]
    await wired.hears(timeline(events))
    assert await is_volunteer(wired)


async def test_a_ban_in_the_clusters_room_silences_the_direct_chat(wired: WiredHall) -> None:
    await wired.hears(timeline([levels("$up", 50)]))
    ask = raw_message("$ask", BEN, LINE.removeprefix("!"))
    answer = timeline([member("$gone", OTTO, "ban")])
    answer["rooms"]["join"]["!direct-ben:hs"] = {"timeline": {"events": [ask]}}
    await wired.hears(answer)
    assert not await is_volunteer(wired)
    assert ["is for coordinators" in str(sent.content["body"]) for sent in wired.wire.said] == [
        True
    ]
    assert HOUSING not in {sent.room_id for sent in wired.wire.said}

"""A written past is a real past: served, searched, related to and continued by Synapse."""

import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from demo.history import PastMessage, write_history
from demo.homeserver import Account, Homeserver
from demo.people import Person
from storage.records import EventId, RoomId

LONG = 5_000
NEW_YEAR_2024_MS = 1_704_067_200_000
MINUTE_MS = 60_000


@pytest.fixture(scope="module")
def idle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    """A homeserver of our own: it has to be stopped while a history is written."""
    if not Homeserver.available():
        pytest.skip("matrix-synapse has no wheel for this platform")
    with Homeserver.start(tmp_path_factory.mktemp("history")) as server:
        yield server


def past(ann: str, bob: str, length: int) -> Iterator[PastMessage]:
    def at(minute: int) -> int:
        return NEW_YEAR_2024_MS + minute * MINUTE_MS

    yield PastMessage(ann, "Who can host in spring?", at(0))
    yield PastMessage(bob, "We could.", at(1))
    yield PastMessage(bob, "We could, in May.", at(2), edits=1)
    yield PastMessage(ann, "👍", at(3), reacts_to=1)
    yield PastMessage(ann, "Early May?", at(4), thread_root=0)
    yield PastMessage(bob, "Late May.", at(5), thread_root=0)
    yield PastMessage(ann, "", at(6), content={"msgtype": "m.notice", "body": "a notice"})
    yield PastMessage(bob, "", at(7), type="org.example.vote", content={"yes": 1}, refers_to=0)
    for number in range(8, length):
        yield PastMessage((ann, bob)[number % 2], f"message {number} — ß", at(number))


async def furnish(server: Homeserver, ann: Account, bob: Account, folder: Path) -> list[RoomId]:
    async with (
        await Person.log_in(server.url, ann, store=folder / "ann") as host,
        await Person.log_in(server.url, bob, store=folder / "bob") as guest,
    ):
        rooms = []
        for version in ("12", "11"):
            room = await host.create_room(room_version=version, invite=[bob.user_id])
            rooms.append(await guest.join(room))
        return rooms


async def raw(person: Person, path: str) -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {person.client.access_token}"}
    answer = await person.client.send("GET", f"/_matrix/client/v1{path}", None, headers)
    found: dict[str, Any] = await answer.json()
    return found


async def check(person: Person, room: RoomId, ids: Sequence[EventId]) -> None:
    here = f"/rooms/{quote(room)}"
    page = await person.request("GET", f"{here}/messages?dir=b&limit=50")
    newest_first = [event["event_id"] for event in page["chunk"]][: len(ids)]
    assert newest_first[:40] == list(reversed(ids))[:40]

    question = await person.request("GET", f"{here}/event/{ids[0]}")
    assert question["origin_server_ts"] == NEW_YEAR_2024_MS
    thread = question["unsigned"]["m.relations"]["m.thread"]
    assert (thread["count"], thread["latest_event"]["event_id"]) == (2, ids[5])
    edited = await person.request("GET", f"{here}/event/{ids[1]}")
    assert edited["unsigned"]["m.relations"]["m.replace"]["event_id"] == ids[2]

    threads = await raw(person, f"{here}/threads")
    assert [event["event_id"] for event in threads["chunk"]] == [ids[0]]
    relations = await raw(person, f"{here}/relations/{ids[1]}")
    assert {event["event_id"] for event in relations["chunk"]} == {ids[2], ids[3]}
    votes = await raw(person, f"{here}/relations/{ids[0]}/m.reference")
    assert [event["event_id"] for event in votes["chunk"]] == [ids[7]]
    moment = NEW_YEAR_2024_MS + 4 * MINUTE_MS
    at_four = await raw(person, f"{here}/timestamp_to_event?ts={moment}&dir=f")
    assert at_four["event_id"] == ids[4]
    search = {"room_events": {"search_term": "host spring", "filter": {"rooms": [room]}}}
    found = await person.request("POST", "/search", {"search_categories": search})
    assert found["search_categories"]["room_events"]["count"] == 1


async def continue_talking(host: Person, guest: Person, room: RoomId, root: EventId) -> None:
    await guest.say(room, "Still there?", thread=root)
    assert (await host.hears(room=room, thread=root, timeout=20)).body == "Still there?"
    await host.react(room, root, "🌱")
    await guest.hears(type="m.reaction", room=room, sender=host.user_id)
    await host.redact(room, root)
    await host.send_state(room, "m.room.topic", {"topic": "Spring"})


async def test_a_long_past_is_served_and_the_conversation_goes_on(
    idle: Homeserver, tmp_path: Path
) -> None:
    ann, bob = idle.register("ann", "secret"), idle.register("bob", "secret")
    rooms = await furnish(idle, ann, bob, tmp_path)
    with pytest.raises(sqlite3.OperationalError, match="locked"):
        write_history(idle.folder, rooms[0], [])

    idle.stop()
    written = {
        room: write_history(idle.folder, room, past(ann.user_id, bob.user_id, length))
        for room, length in zip(rooms, (LONG, 50), strict=True)
    }
    appended = write_history(
        idle.folder, rooms[1], [PastMessage(ann.user_id, "one more", NEW_YEAR_2024_MS)]
    )
    written[rooms[1]] += appended
    idle.resume()

    async with (
        await Person.log_in(idle.url, ann, store=tmp_path / "new-ann") as host,
        await Person.log_in(idle.url, bob, store=tmp_path / "bob") as guest,
    ):
        for room, ids in written.items():
            await check(host, room, ids)
            # The guest was away since before the history: all of it counts as missed.
            known = set(ids)
            missed = [one.event_id for one in guest.timeline if one.event_id in known]
            assert missed == ids
            guest.forget(room=room)
            await continue_talking(host, guest, room, ids[0])


async def test_what_cannot_be_written_is_refused(idle: Homeserver, tmp_path: Path) -> None:
    ann = idle.register("carl", "secret")
    async with await Person.log_in(idle.url, ann, store=tmp_path / "carl") as person:
        room = await person.create_room()
    idle.stop()
    stranger = PastMessage("@stranger:localhost", "boo", NEW_YEAR_2024_MS)
    with pytest.raises(ValueError, match="not a member"):
        write_history(idle.folder, room, [stranger])
    state = PastMessage(ann.user_id, "", NEW_YEAR_2024_MS, type="m.room.member", content={})
    with pytest.raises(ValueError, match="cannot be written"):
        write_history(idle.folder, room, [state])
    with pytest.raises(ValueError, match="Expected a room"):
        write_history(idle.folder, "!nowhere", [stranger])

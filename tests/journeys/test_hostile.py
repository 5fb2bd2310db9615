"""Members and guests with bad intent, and clients with bad manners: the hall keeps its house."""

from typing import Any

import pytest

from demo.people import Person
from tests.hall import SEALED, RunningHall
from tests.journeys.conftest import Arrive, Meet, everywhere

MALFORMED: tuple[dict[str, Any], ...] = (
    {"msgtype": "m.text", "body": "* x", "m.new_content": {"msgtype": [], "body": "x"}},
    {"msgtype": "m.text", "body": "* x", "m.new_content": {"body": {}, "m.mentions": 7}},
    {"msgtype": "m.text", "body": "x", "org.matrix.msc4391.command": [1]},
    {"msgtype": "m.file", "body": "x", "info": [], "file": 7, "filename": {}},
)
MARK = "org.moothall.direct"


async def still_answers(hall: RunningHall, person: Person, slug: str) -> None:
    answer = await hall.asks(person, hall.rooms[slug], "!whoami")
    assert person.user_id in answer.body


async def the_hall_joins(hall: RunningHall, person: Person, room: str) -> None:
    await person.hears(
        lambda h: h.state_key == hall.me and h.content.get("membership") == "join",
        room=room,
        type="m.room.member",
        sender=hall.me,
        timeout=20.0,
    )


@pytest.mark.promise("No message, however malformed, makes the hall deaf.")
@everywhere
async def test_a_malformed_message_stops_nobody(hall: RunningHall, meet: Meet, slug: str) -> None:
    mallory = await meet("mallory")
    room = hall.rooms[slug]
    said = await mallory.say(room, "hello")
    for content in MALFORMED:
        if "m.new_content" in content:
            content = {**content, "m.relates_to": {"rel_type": "m.replace", "event_id": said}}
        await mallory.send_raw(room, "m.room.message", content)
        await still_answers(hall, mallory, slug)


@pytest.mark.promise("A room that only pretends to be a direct chat gets no private answer.")
async def test_private_answers_are_not_led_into_a_strangers_room(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    ann, mallory = await arrive("ann", slug), await meet("mallory")
    trap = await mallory.create_room("Direct", invite=[hall.me], encrypted=slug == SEALED)
    await mallory.send_state(trap, MARK, {"user_id": ann.user_id})
    await the_hall_joins(hall, mallory, trap)
    await ann.say(hall.rooms[slug], "!privacy")
    told = await ann.hears(lambda h: "stored about you" in h.body, sender=hall.me, timeout=20.0)
    assert told.room_id != trap
    assert not mallory.heard(lambda h: "stored about you" in h.body, room=trap)


@pytest.mark.promise("Nobody can lead the hall out of its rooms, or into others, by a tombstone.")
async def test_a_tombstone_in_a_guests_room_moves_nothing(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    mallory = await meet("mallory")
    own = await mallory.create_room("Mine", invite=[hall.me], encrypted=slug == SEALED)
    await the_hall_joins(hall, mallory, own)
    tombstone = {"body": "x", "replacement_room": hall.rooms[slug]}
    await mallory.send_state(own, "m.room.tombstone", tombstone)
    for _ in range(2):  # the tombstone has been dealt with when the second answer comes
        await still_answers(hall, mallory, slug)


async def test_a_name_given_in_a_room_of_ones_own_counts_nowhere(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann, mallory = await meet("ann"), await meet("mallory")
    own = await mallory.create_room("Mine", invite=[hall.me], encrypted=slug == SEALED)
    banned = {"membership": "ban", "displayname": "Mayor Olaf"}
    await mallory.send_state(own, "m.room.member", banned, ann.user_id)
    assert "Mayor Olaf" not in (await hall.asks(ann, hall.rooms[slug], "!whoami")).body


async def test_forty_kilobytes_without_a_full_stop_keep_nobody_waiting(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    mallory = await meet("mallory")
    room = hall.rooms[slug]
    root = await mallory.say(room, "a" * 40_000 + "!b")
    await mallory.say(room, " " * 40_000 + "<mx-reply>", reply_to=root)
    answer = await hall.asks(mallory, room, "!thread summary", thread=root, timeout=15.0)
    assert answer.body


async def test_a_message_deleted_while_the_archive_is_off_is_gone_too(
    hall: RunningHall, meet: Meet, encrypted: bool
) -> None:
    ann = await meet("ann")
    room = await ann.create_room("Our own", invite=[hall.me], encrypted=encrypted)
    await the_hall_joins(hall, ann, room)
    await ann.say(room, "!archive on")
    await ann.hears(lambda h: "keeps an archive" in h.body, room=room, timeout=20.0)
    said = await ann.say(room, "the zeppelin lands at noon")
    assert "zeppelin" in (await hall.asks(ann, room, "!search zeppelin")).body
    await ann.say(room, "!archive off")
    await ann.hears(lambda h: "no longer" in h.body or "off" in h.body, room=room, timeout=20.0)
    await ann.redact(room, said)
    await hall.asks(ann, room, "!whoami")
    assert not any("zeppelin" in one.body for one in await hall.archived(room))

"""A room takes what was said before its archive began into it, on a real homeserver."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from bot import backfill
from demo.people import Person
from storage.tables.spine import timer
from tests.hall import RunningHall
from tests.journeys.conftest import GROUPS, Arrive, Meet
from tests.journeys.test_archive import kept, link_to, new_word


async def the_week_passes(hall: RunningHall, room: str) -> None:
    """For this room alone: everybody else's alarms stay as they are."""
    now = hall.clock.now()

    def bring_forward(connection: Any) -> None:
        theirs = (timer.c.room_id == room, timer.c.state == "pending")
        connection.execute(update(timer).where(*theirs).values(due=now))

    await hall.hall.database.write(bring_forward)
    hall.hall.bells.timers.ring()


async def joins(room: str, *people: Person) -> None:
    for person in people:
        await person.join(room)


@pytest.mark.promise(
    "While older history is read one message in the room says how far it has come; of an encrypted"
    " room what I have no key for is counted and not stored"
)
@pytest.mark.parametrize(
    ("hall", "encrypted"),
    [
        pytest.param("sqlite", True, marks=GROUPS["sqlite"]),
        pytest.param("postgres", False, marks=GROUPS["postgres"]),
    ],
    indirect=["hall"],
    scope="session",
)
async def test_older_history_comes_in_with_threads_and_without_what_is_not_to_be_kept(
    hall: RunningHall,
    meet: Meet,
    arrive: Arrive,
    stranger: Person,
    encrypted: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(backfill, "PAGE", 6)
    monkeypatch.setattr(backfill, "TELL", 0.0)
    word = new_word()
    ann, ben, late = await meet("ann"), await arrive("ben"), await meet("cora")
    room = await ann.create_room("Seeds", encrypted=encrypted)
    for person in (ben, stranger):
        await ann.invite(room, person.user_id)
    await joins(room, ben, stranger)
    await ann.catch_up()
    unmet = await ann.say(room, f"{word} before the hall came")
    await ann.invite(room, hall.me)
    await hall.comes_into(ann, room)
    await asyncio.gather(*(who.catch_up() for who in (ann, ben, stranger)))

    root = await ann.say(room, f"{word} of the root")
    reply = await ann.say(room, f"{word} in the thread", thread=root)
    await ann.react(room, reply, "👍")
    await ann.edit(room, reply, f"{word} in the thread, better")
    gone = await ann.say(room, f"{word} to be deleted")
    await ann.redact(room, gone)
    silent = await ben.say(room, f"{word} of somebody who objects")
    left = await stranger.say(room, f"{word} of somebody who leaves")
    await stranger.leave(room)
    await hall.asks(ann, room, "!whoami")
    await ann.send_state(room, "m.room.history_visibility", {"history_visibility": "joined"})
    closed = await ann.say(room, f"{word} behind the door")
    await ann.invite(room, late.user_id)
    await joins(room, late)
    await ann.catch_up()
    assert await hall.archived(room) == []

    await ann.say(room, "!archive on")
    await ann.hears(lambda h: "keeps an archive" in h.body, room=room, sender=hall.me)
    day = (hall.clock.now() - timedelta(days=2)).date()
    shown = await hall.asks(ann, room, f"!admin backfill {day}")  # the same command
    assert "can object until" in shown.body
    assert await hall.archived(room) == []
    await ann.say(room, f"!archive backfill {day} yes")
    notice = await ann.hears(lambda h: "further back" in h.body, room=room, sender=hall.me)
    assert "Who has left is left out" in notice.body
    assert await hall.archived(room) == []
    await ben.say(room, "!privacy archive off")
    await ben.hears(lambda h: h.room_id != room, sender=hall.me, timeout=20.0)

    await the_week_passes(hall, room)
    begun = await ann.hears(lambda h: "I am reading" in h.body, room=room, sender=hall.me)
    done = await ann.hears(
        lambda h: h.replaces == begun.event_id and "is read" in h.body,
        room=room, sender=hall.me, edits=True, timeout=30.0,
    )  # fmt: skip
    words = 3 if encrypted else 4
    assert f"{words} messages came into the archive" in done.body
    assert ("1 message is encrypted" in done.body) == encrypted
    assert len(ann.edits_of(begun.event_id)) > 1, "it was told on the way, too"

    bodies = {one.body for one in await hall.archived(room) if one.body}
    early = set() if encrypted else {f"{word} before the hall came"}
    assert bodies == early | {
        f"{word} of the root", f"{word} in the thread, better", f"{word} behind the door"
    }  # fmt: skip
    assert (in_thread := await kept(hall, room, reply)) is not None
    assert (in_thread.thread_root, in_thread.reactions) == (root, {"👍": 1})
    assert (placeholder := await kept(hall, room, silent)) is not None
    assert (placeholder.withheld, placeholder.body) == (True, "")
    assert await kept(hall, room, left) is None
    assert (was := await kept(hall, room, gone)) is None or not was.body
    assert (await kept(hall, room, unmet) is None) == encrypted

    # What was said behind the door is shown to those who were inside, in private.
    here = await hall.asks(ann, room, f"!search {word}")
    assert link_to(room, root) in here.body
    assert "behind the door" not in here.body
    for who, may in ((ann, True), (late, False)):
        chat = await hall.chats_with(who, encrypted=encrypted)
        told = await hall.asks(who, chat, f"search {word} in:Seeds")
        assert (link_to(room, closed) in told.body) == may, told.body

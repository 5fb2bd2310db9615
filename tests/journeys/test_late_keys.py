"""What cannot be read yet: waited for, acknowledged, and answered whenever its key comes."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Set
from datetime import timedelta
from typing import Any

import pytest

from bot import late_keys
from bot.late_keys import UNREADABLE
from demo.people import Person
from demo.timeline import Heard
from storage import waiting
from tests.hall import SEALED, RunningHall
from tests.journeys.conftest import Arrive, on_both


class Post:
    """Holds back what devices send to the hall's device: keys, above all."""

    def __init__(self, hall: RunningHall, monkeypatch: pytest.MonkeyPatch) -> None:
        guard = hall.hall.client._crypto
        self._hand_over = guard._receive_to_device
        self._held: list[Any] = []
        self.holds_back = True
        monkeypatch.setattr(guard, "_receive_to_device", self._receive)

    def slip_in(self) -> None:
        """Let the keys into the store, as if we had died before anybody could be told."""
        held, self._held = self._held, []
        self._hand_over(held)

    def _receive(self, events: list[Any]) -> Any:
        if self.holds_back:
            self._held += events
            return []
        events, self._held = self._held + events, []
        return self._hand_over(events)


@pytest.fixture
def late(hall: RunningHall, monkeypatch: pytest.MonkeyPatch) -> Iterator[Post]:
    yield Post(hall, monkeypatch)
    hall.clock.shift = timedelta()


async def tries(hall: RunningHall, events: Set[str]) -> list[int]:
    """How often each of these was tried in vain."""
    room = hall.rooms[SEALED]
    held = await hall.hall.database.read(lambda c: waiting.in_room(c, room))
    return [one.tries for one in held if one.event_id in events]


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await is_so():
            await asyncio.sleep(0.05)


async def waits(hall: RunningHall, events: Set[str], after: int) -> None:
    """Until each of these has been tried so often."""

    async def is_so() -> bool:
        hall.hall.bells.keys.ring()  # look at once, and not in five seconds
        return await tries(hall, events) == [after] * len(events)

    await until(is_so)


@pytest.mark.promise("A message that cannot be read is marked, and answered when its key comes")
@on_both
async def test_a_key_that_comes_a_day_late_still_brings_the_answer(
    hall: RunningHall, arrive: Arrive, late: Post
) -> None:
    ann = await arrive("ann", SEALED)
    room = hall.rooms[SEALED]
    asked = await ann.say(room, "!whoami")
    told = await ann.say(room, "The kettle sings at noon")
    both = {asked, told}
    await waits(hall, both, 0)
    for number, pause in enumerate(
        (timedelta(seconds=10), timedelta(minutes=1), timedelta(minutes=10)), 1
    ):
        assert not ann.heard(lambda one: one.reacts_to in both, type="m.reaction")
        hall.clock.shift += pause
        await waits(hall, both, number)
    marks = [await ann.hears(room=room, sender=hall.me, type="m.reaction") for _ in both]
    assert {mark.reacts_to for mark in marks} == both
    assert {mark.key for mark in marks} == {UNREADABLE}

    hall.clock.shift += timedelta(days=1)
    late.holds_back = False
    await ann.react(room, told, "👍")  # something to be told, and the post with it
    assert ann.user_id in (await hall.answer_to(ann, room, asked)).body
    hall.clock.shift = timedelta()
    found = await hall.asks(ann, room, "!search kettle sings")
    assert f"{room}/{told}" in found.body
    await until(lambda: _are_taken_back(ann, marks))


async def _are_taken_back(person: Person, marks: list[Heard]) -> bool:
    return all(person.timeline.is_redacted(mark.event_id) for mark in marks)


@on_both
async def test_history_that_cannot_be_read_is_not_marked(
    hall: RunningHall, arrive: Arrive, late: Post
) -> None:
    ann = await arrive("ann", SEALED)
    room = hall.rooms[SEALED]
    hall.clock.shift = timedelta(days=1)  # it is told of what was said yesterday
    old = {await ann.say(room, "The kettle sang")}
    for number in range(4):
        await waits(hall, old, number)
        hall.clock.shift += timedelta(minutes=10)
    hall.clock.shift = timedelta()
    late.holds_back = False
    await hall.asks(ann, room, "!whoami")
    assert not ann.heard(lambda one: one.reacts_to in old, type="m.reaction")


@on_both
async def test_what_is_taken_back_before_its_key_comes_is_never_answered(
    hall: RunningHall, arrive: Arrive, late: Post
) -> None:
    ann = await arrive("ann", SEALED)
    room = hall.rooms[SEALED]
    asked = await ann.say(room, "!whoami")
    await waits(hall, {asked}, 0)
    await ann.redact(room, asked)
    await until(lambda: _is_forgotten(hall, asked))
    late.holds_back = False
    answer = await hall.asks(ann, room, "!search kettle")
    assert not ann.heard(lambda one: one.thread_root == asked, sender=hall.me)
    assert answer.body


async def _is_forgotten(hall: RunningHall, event: str) -> bool:
    return await tries(hall, {event}) == []


async def starts_again(hall: RunningHall) -> None:
    """What a start does for messages that wait, up to the end of its first look."""
    looked, then = asyncio.Event(), late_keys._try_again

    async def goes_on(*arguments: Any) -> None:
        if asyncio.current_task() is task:
            looked.set()
        await then(*arguments)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(late_keys, "_try_again", goes_on)
        task = asyncio.create_task(late_keys.keep_trying(hall.hall))
        await asyncio.wait_for(looked.wait(), 20)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@on_both
async def test_restarts_are_no_attempts_to_read_and_find_keys_that_nobody_was_told_of(
    hall: RunningHall, arrive: Arrive, late: Post
) -> None:
    ann = await arrive("ann", SEALED)
    room = hall.rooms[SEALED]
    asked = await ann.say(room, "!whoami")
    await waits(hall, {asked}, 0)
    for _ in range(4):
        await starts_again(hall)
    assert await tries(hall, {asked}) == [0]
    hall.clock.shift -= timedelta(minutes=5)  # so that no set time comes to its rescue
    late.slip_in()
    await starts_again(hall)
    await until(lambda: _is_forgotten(hall, asked))
    assert ann.user_id in (await hall.answer_to(ann, room, asked)).body
    assert not ann.heard(lambda one: one.reacts_to == asked, type="m.reaction")

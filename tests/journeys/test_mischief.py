"""Mischief in real rooms: whatever a homeserver passes on, and whatever members type."""

import itertools
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from demo.people import Heard, Person, RefusedError
from tests.fuzz import mischief
from tests.hall import RunningHall
from tests.journeys.conftest import Arrive, Meet, everywhere
from tests.markup import faults_of

RAW = {False: 150, True: 50}  # encryption costs the sender more than it costs the hall
NAME = '<b>Mal</b> @room "\u202e'


def contents(count: int) -> list[tuple[str, dict[str, Any]]]:
    """Types and contents of malformed events that can be sent at all."""
    found: list[tuple[str, dict[str, Any]]] = []
    for event in mischief.malformed_events(count * 5):
        if not isinstance(event, dict) or "state_key" in event:
            continue
        type_, content = event.get("type"), event.get("content")
        if type_ in ("m.room.message", "m.reaction", "m.poll.start") and isinstance(content, dict):
            found.append((type_, content))
    return found[:count]


async def passes_on(person: Person, room: str, type_: str, content: Any, *, sealed: bool) -> bool:
    """Send an event; False if the homeserver refuses it, or nobody could write it down."""
    path = f"/rooms/{room}/send/{type_}/{uuid4().hex}"
    try:
        if not sealed or type_ == "m.reaction":
            await person.request("PUT", path, content, repeat=False)
            return True
        # What matters is inside; the relation stands outside, where the homeserver judges it.
        hidden = {key: value for key, value in content.items() if key != "m.relates_to"}
        await person.send_raw(room, type_, hidden)
    except (RefusedError, ValueError, TypeError):
        return False
    return True


async def test_what_a_homeserver_passes_on_stops_nobody(
    hall: RunningHall, arrive: Arrive, encrypted: bool, caplog: pytest.LogCaptureFixture
) -> None:
    mallory = await arrive("mallory")
    room = await mallory.create_room("Mischief", invite=[hall.me], encrypted=encrypted)
    await hall.comes_into(mallory, room)
    await mallory.say(room, "!archive on")
    await mallory.hears(room=room, sender=hall.me, type="m.reaction", timeout=20.0)
    passed = 0
    for type_, content in contents(RAW[encrypted]):
        passed += await passes_on(mallory, room, type_, content, sealed=encrypted)
    assert passed > RAW[encrypted] / 3, "nearly all was refused: the test tests little"
    answer = await hall.asks(mallory, room, "!whoami", timeout=60.0)
    assert mallory.user_id in answer.body
    broken = [one for one in caplog.records if one.exc_info or one.levelname == "ERROR"]
    assert not [one.getMessage() for one in broken if one.name.startswith(("bot", "commands"))]


CHANNELS = (
    "!serch {word}",
    "!help {word}",
    "!search {word}",
    '!search "{word}',
    "!city {word}",
    "!settings language {word}",
    "!settings timezone {word}",
    "!archive status {word}",
    "!whoami {word}",
)


@everywhere
async def test_what_is_typed_comes_back_as_words(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    mallory = await arrive("mallory", slug, display_name=NAME)
    ann, room = await meet("ann"), hall.rooms[slug]
    words = itertools.cycle((*mischief.MARKUP, *mischief.PINGS))
    root = await mallory.say(room, f"tea {next(words)} tea {mischief.PINGS[0]}")
    await mallory.say(room, f"more tea {mischief.PINGS[4]} {mischief.MARKUP[1]}", thread=root)
    asked: list[tuple[str, str | None]] = [
        (await mallory.say(room, channel.format(word=next(words))), None) for channel in CHANNELS
    ]
    # Where others' words and names are shown: search, summary, the answer to a question.
    asked.append((await ann.say(room, "!search tea"), None))
    asked.append((await ann.say(room, "!thread summary", thread=root), root))
    asked.append((question := await mallory.say(room, "!settings language"), None))
    await hall.answer_to(mallory, room, question)
    asked.append((await mallory.say(room, mischief.MARKUP[0], thread=question), question))

    heard = [(await hall.answer_to(ann, room, said), said, there) for said, there in asked]

    for answer, said, there in heard:
        assert not faults_of(answer.content), answer.content
        assert answer.content["m.mentions"] == {}, answer.content
        assert answer.thread_root == (there or said)
    shown = "".join(answer.body for answer, _, _ in heard)
    assert "<script>" in shown, "what was typed is shown as it was typed"
    assert not pinged(ann)


def pinged(person: Person) -> list[Heard]:
    """What the hall said that pings: to everybody it would be a highlight."""
    return person.timeline.find(
        lambda one: one.is_notice and bool(one.mentions or one.content.get("m.mentions"))
    )


@pytest.mark.promise("Two bots that answer each other fall silent within a minute.")
async def test_a_bot_that_repeats_what_it_hears_is_left_to_itself(
    hall: RunningHall, arrive: Arrive, encrypted: bool
) -> None:
    echo = await arrive("echo")
    chat = await hall.chats_with(echo, encrypted=encrypted)
    limits = hall.hall.settings.limits
    few = replace(limits, commands_a_minute=3)
    object.__setattr__(hall.hall.settings, "limits", few)
    try:
        words, answered = "Hello, I am a bot", 0
        while answered < 20:
            await echo.say(chat, words)
            try:
                answer = await echo.hears(room=chat, sender=hall.me, timeout=4.0)
            except (TimeoutError, AssertionError):
                break
            words, answered = answer.body, answered + 1
        assert answered == 4, "three answers, and one that asks for a minute's patience"
    finally:
        object.__setattr__(hall.hall.settings, "limits", limits)

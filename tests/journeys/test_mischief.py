"""Mischief in real rooms: whatever a homeserver passes on, and whatever members type."""

import contextlib
import itertools
from dataclasses import replace
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from demo.asking import RefusedError
from demo.people import Person
from demo.timeline import MESSAGE, Heard
from storage import backlog
from tests.fuzz import mischief
from tests.hall import SEALED, RunningHall, answers
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
    await mallory.rest()
    passed = 0
    for type_, content in contents(RAW[encrypted]):
        passed += await passes_on(mallory, room, type_, content, sealed=encrypted)
    await mallory.wake()
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
    assert not pinged(ann, hall.me)


TO_DEVICE = ("m.room.encrypted", "m.room_key", "m.forwarded_room_key", "m.room_key_request")


def junk(event_id: str, device: str) -> list[tuple[str, dict[str, Any]]]:
    """What nio would never send, and Synapse passes on; event_id: something that was said."""
    megolm = "m.megolm.v1.aes-sha2"
    sealed: list[dict[str, Any]] = [
        {},
        {"algorithm": megolm},
        {"algorithm": megolm, "ciphertext": "AwgAEpABm6AAAA", "session_id": "none"},
        {"algorithm": megolm, "ciphertext": [1], "session_id": {}, "sender_key": 7},
        {
            "algorithm": megolm,
            "ciphertext": "A" * 20_000,
            "session_id": mischief.MARKUP[0],
            "sender_key": mischief.PINGS[0],
            "device_id": device,
        },
        {
            "algorithm": "m.olm.v1.curve25519-aes-sha2",
            "ciphertext": {"x": {"type": 0, "body": "x"}},
        },
        {"algorithm": mischief.MARKUP[1], "ciphertext": None},
    ]
    related: list[Any] = [
        [],
        7,
        {"rel_type": 7},
        {"rel_type": "m.thread", "event_id": event_id, "is_falling_back": "no"},
        {"rel_type": "m.replace", "event_id": event_id},
        {"m.in_reply_to": []},
        {"m.in_reply_to": {"event_id": mischief.MARKUP[2]}},
        {"rel_type": "m.reference", "event_id": event_id, "key": {}},
    ]
    said = [
        {
            "msgtype": "m.text",
            "body": f"!city {mischief.MARKUP[number % len(mischief.MARKUP)]} {mischief.PINGS[0]}",
            "format": "org.matrix.custom.html",
            "formatted_body": mischief.MARKUP[0],
            "m.mentions": {"room": True, "user_ids": ["@everybody:localhost"], "all": 7},
            "m.relates_to": relation,
        }
        for number, relation in enumerate(related)
    ]
    tap = {"rel_type": "m.annotation", "event_id": event_id}
    other: list[tuple[str, dict[str, Any]]] = [
        ("m.reaction", {"m.relates_to": tap}),
        ("m.reaction", {"m.relates_to": {**tap, "key": "x" * 9000}}),
        ("m.poll.start", {"m.poll": [], "m.text": 7}),
        ("m.poll.response", {"m.relates_to": {"rel_type": "m.reference", "event_id": event_id}}),
        ("m.room.redaction", {"redacts": mischief.MARKUP[3]}),
        ("m.key.verification.request", {"from_device": [], "methods": 7}),
        (mischief.MARKUP[4], {"body": "x"}),
    ]
    return [
        *(("m.room.encrypted", content) for content in sealed),
        *((MESSAGE, content) for content in said),
        *other,
    ]


@pytest.mark.promise("What a member sends past their client does no harm, in clear or encrypted.")
@everywhere
async def test_what_is_sent_past_a_client_stops_nobody(
    hall: RunningHall, meet: Meet, slug: str, caplog: pytest.LogCaptureFixture
) -> None:
    mallory, ann, room = await meet("mallory"), await meet("ann"), hall.rooms[slug]
    first = await mallory.say(room, "A kettle")
    parked_before = await hall.hall.database.read(backlog.parked)
    sent: dict[str, dict[str, Any]] = {}
    for type_, content in junk(first, mallory.device_id):
        path = f"/rooms/{quote(room)}/send/{quote(type_, safe='')}/{uuid4().hex}"
        with contextlib.suppress(RefusedError):
            told = await mallory.request("PUT", path, content, repeat=False)
            sent[told["event_id"]] = content
    assert len(sent) >= 14, "nearly all was refused: the test tests little"
    bad_keys: tuple[dict[str, Any], ...] = ({}, {"algorithm": 7}, {"ciphertext": {"x": []}})
    for type_, bad in itertools.product(TO_DEVICE, bad_keys):
        path = f"/sendToDevice/{type_}/{uuid4().hex}"
        to = {hall.me: {"*": bad}}
        await mallory.request("PUT", path, {"messages": to}, repeat=False)
    name = {"membership": "join", "displayname": NAME * 8}
    await mallory.send_state(room, "m.room.member", name, mallory.user_id)

    for who in (mallory, ann):  # it hears and speaks as before
        answer = await hall.asks(who, room, "!whoami", timeout=60.0)
        assert who.user_id in answer.body
    await ann.catch_up()
    heard = ann.heard(lambda one: answers(one) in sent, room=room, sender=hall.me)
    assert len(heard) >= 3, "commands among them are answered, or refused in an encrypted room"
    for answer in heard:
        assert not faults_of(answer.content), answer.content
        assert answer.content["m.mentions"] == {}, answer.content
        assert answer.encrypted == (slug == SEALED)
        assert ("Say it again, encrypted" in answer.body) == (slug == SEALED)
    assert await hall.hall.database.read(backlog.parked) == parked_before
    broken = [one for one in caplog.records if one.exc_info or one.levelname == "ERROR"]
    assert not [one.getMessage() for one in broken if one.name.startswith(("bot", "commands"))]


def pinged(person: Person, hall: str) -> list[Heard]:
    """What the hall said that pings: to everybody it would be a highlight."""
    return person.timeline.find(
        lambda one: (
            one.sender == hall
            and one.is_notice
            and bool(one.mentions or one.content.get("m.mentions"))
        )
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

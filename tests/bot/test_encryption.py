"""Each trap of nio's encryption that the guard stands before, with a real homeserver."""

import asyncio
import dataclasses
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web
from nio.crypto import SessionStore

from bot.matrix.answers import SyncAnswer, Unreadable
from bot.matrix.crypto_guard import CryptoGuard
from bot.matrix.errors import Unreachable
from bot.matrix.examining import Devices
from bot.matrix.http import Http
from demo.homeserver import Homeserver
from demo.people import Person
from storage.records import RoomId
from tests.bot.robot import MESSAGE, Bot, bot_device, key_count, new_room
from tests.conftest import NewPerson, new_account
from tests.faults import Answer, DropResponse, FaultProxy


async def test_members_of_an_encrypted_room_come_and_go(bot: Bot, new_person: NewPerson) -> None:
    ann, ben = await new_person("ann"), await new_person("ben")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    await bot.says(room, "before Ben", "t1")
    await ann.invite(room, ben.user_id)
    await ben.enters(room)
    await bot.news(room)
    await bot.says(room, "after Ben", "t2")
    assert (await ben.hears(lambda one: one.body == "after Ben")).encrypted
    await ben.leave(room)
    await bot.news(room)
    await bot.says(room, "without Ben", "t3")
    await ann.hears(lambda one: one.body == "without Ben")
    assert not ben.heard(lambda one: one.body == "without Ben")


async def test_a_room_that_becomes_encrypted_is_answered_encrypted(
    bot: Bot, new_person: NewPerson
) -> None:
    ann = await new_person("ann")
    room = await ann.create_room("x", invite=[bot.client.user_id])
    await bot.joins(room)
    await bot.says(room, "in clear", "t1")
    assert not (await ann.hears()).encrypted
    await ann.send_state(room, "m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"})
    await bot.news(room)
    await bot.says(room, "closed", "t2")
    heard = await ann.hears()
    assert (heard.body, heard.encrypted) == ("closed", True)


async def test_nothing_goes_out_in_clear_while_members_are_unknown(
    bot: Bot, new_person: NewPerson
) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.client.join(room)
    with pytest.raises(Unreachable, match="next sync"):
        await bot.says(room, "too early", "t1")
    await bot.news(room)
    await bot.says(room, "in time", "t1")
    assert (await ann.hears()).body == "in time"
    assert not ann.heard(lambda one: one.body == "too early")
    # A room in clear needs no cache: one that was just made can be spoken in at once.
    own = await bot.client.create_room({"preset": "private_chat", "name": "Own"})
    await bot.says(own, "at once", "t1")


async def test_who_is_asked_in_after_the_last_sync_can_read_what_is_said(
    bot: Bot, new_person: NewPerson
) -> None:
    # As with a direct chat: a sync may show a room before the last events of its making.
    ann = await new_person("ann")
    algorithm = {"algorithm": "m.megolm.v1.aes-sha2"}
    room = await bot.client.create_room(
        {
            "preset": "private_chat",
            "initial_state": [{"type": "m.room.encryption", "state_key": "", "content": algorithm}],
        }
    )
    await bot.news(room)
    await bot.client.invite(room, ann.user_id)

    await bot.says(room, "For your eyes", "1")

    assert (await ann.hears(room=room, sender=bot.client.user_id)).body == "For your eyes"


async def test_who_joins_while_the_key_is_shared_gets_it_too(
    bot: Bot, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, ben = await new_person("ann"), await new_person("ben")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    put, crowded = Http.put, False

    async def put_while_ben_joins(self: Http, path: str, body: Any) -> dict[str, Any]:
        nonlocal crowded
        if "/sendToDevice/" in path and not crowded:
            crowded = True
            await ann.invite(room, ben.user_id)
            await ben.enters(room)
            await bot.news(room)
        return await put(self, path, body)

    monkeypatch.setattr(Http, "put", put_while_ben_joins)
    await bot.says(room, "for everybody", "t1")
    assert crowded
    assert (await ben.hears()).body == "for everybody"


@dataclasses.dataclass
class _SlowAnswer:
    """An answer about devices that the homeserver has given, and that is long on its way."""

    homeserver: str
    arrived: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)
    comes: asyncio.Event = dataclasses.field(default_factory=asyncio.Event)


@pytest.fixture
async def slow_answer(bot: Bot, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[_SlowAnswer]:
    slow, direct = _SlowAnswer(bot.url), bot.url
    async with FaultProxy(bot.url, 1) as proxy:
        forward = proxy._forward

        async def hold(request: web.Request) -> web.Response:
            answer = await forward(request)
            if request.path.endswith("/keys/query"):
                slow.arrived.set()
                await slow.comes.wait()
            return answer

        await bot.stop()
        bot.url = proxy.url
        await bot.start()
        monkeypatch.setattr(proxy, "_forward", hold)
        yield slow
        await bot.stop()
        bot.url = direct


async def test_a_device_that_comes_while_its_owner_s_are_asked_for_is_not_forgotten(
    bot: Bot, new_person: NewPerson, slow_answer: _SlowAnswer, tmp_path: Path
) -> None:
    """nio calls them known with the answer, though it is older than what sync told since."""
    ann, ben = await new_person("ann"), await new_person("ben")
    room = await new_room(ann, bot, encrypted=True)
    slow_answer.comes.set()
    await bot.joins(room)
    slow_answer.comes.clear()
    await ann.invite(room, ben.user_id)
    await ben.enters(room)
    bot.since = (await bot.sync()).next_batch  # of Ben it has heard, and not asked yet
    slow_answer.arrived.clear()
    saying = asyncio.create_task(bot.says(room, "to whom it knows", "t1"))
    await slow_answer.arrived.wait()
    async with await Person.log_in(
        slow_answer.homeserver, ben.user_id, "secret", store=tmp_path / "x"
    ) as phone:
        await phone.enters(room)
        answer = await bot.sync()
        slow_answer.comes.set()
        await saying
        await bot.take(answer)
        await bot.says(room, "to the phone, too", "t2")
        assert (await phone.hears(lambda one: one.body == "to the phone, too")).encrypted


async def test_who_comes_while_others_devices_are_asked_for_is_asked_about_next(
    bot: Bot, new_person: NewPerson, slow_answer: _SlowAnswer
) -> None:
    ann, ben, cora = [await new_person(name) for name in ("ann", "ben", "cora")]
    room = await new_room(ann, bot, encrypted=True)
    slow_answer.comes.set()
    await bot.joins(room)
    slow_answer.comes.clear()
    await ann.invite(room, ben.user_id)
    await ben.enters(room)
    bot.since = (await bot.sync()).next_batch
    slow_answer.arrived.clear()
    saying = asyncio.create_task(bot.says(room, "to whom it knows", "t1"))
    await slow_answer.arrived.wait()
    await ann.invite(room, cora.user_id)
    await cora.enters(room)
    answer = await bot.sync()
    slow_answer.comes.set()
    await saying
    await bot.take(answer)
    await bot.says(room, "to Cora, too", "t2")
    assert (await cora.hears(lambda one: one.body == "to Cora, too")).encrypted


@pytest.mark.parametrize("fault", [Answer(502), DropResponse()])
@pytest.mark.parametrize("path", ["/keys/claim", "/sendToDevice/", "/keys/query"])
async def test_a_failed_key_exchange_is_only_a_delay(
    bot: Bot, new_person: NewPerson, path: str, fault: Answer | DropResponse
) -> None:
    ann = await new_person("ann")
    async with FaultProxy(bot.url, 1) as proxy:
        await bot.stop()
        bot.url, direct = proxy.url, bot.url
        await bot.start()
        room = await new_room(ann, bot, encrypted=True)
        await bot.client.join(room)
        answer = await bot.sync()  # the chores that follow would query before the send does
        bot.since = answer.next_batch
        while not any(news.room_id == room for news in answer.rooms):
            answer = await bot.sync()
            bot.since = answer.next_batch
        proxy.next(fault, lambda method, seen: path in seen)
        with pytest.raises(Unreachable):
            await bot.says(room, "lost", "t1")
        assert proxy.counts[fault.name] == 1
        async with asyncio.timeout(5):
            await bot.says(room, "found", "t2")
        assert (await ann.hears()).body == "found"
        await bot.stop()
        bot.url = direct


# ── who can read what we say ──────────────────────────────────────────────────────────────────


async def test_a_new_device_of_a_member_reads_what_is_said_from_then_on(
    bot: Bot, new_person: NewPerson, tmp_path: Path
) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    earlier = await bot.says(room, "earlier", "t1")
    await ann.hears()
    async with await Person.log_in(bot.url, ann.user_id, "secret", store=tmp_path / "x") as phone:
        await phone.enters(room)
        await bot.take(await bot.sync(timeout_ms=1000))  # somebody has a new device
        await bot.says(room, "later", "t2")
        assert (await phone.hears(lambda one: one.body == "later")).encrypted
        assert not phone.heard(lambda one: one.event_id == earlier)
    assert (await ann.hears()).body == "later"


async def test_who_joins_reads_from_then_on_and_who_has_left_reads_no_more(
    bot: Bot, new_person: NewPerson
) -> None:
    ann, ben = await new_person("ann"), await new_person("ben")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    earlier = await bot.says(room, "earlier", "t1")
    await ann.hears()
    await ann.invite(room, ben.user_id)
    await ben.enters(room)
    while not bot.client._crypto._nio.rooms[room].users.get(ben.user_id):
        await bot.take(await bot.sync(timeout_ms=1000))
    await bot.says(room, "with Ben", "t2")
    assert (await ben.hears(lambda one: one.body == "with Ben")).encrypted
    assert not ben.heard(lambda one: one.event_id == earlier)
    sessions = bot.client._crypto._nio.olm.outbound_group_sessions
    known_to_ben = sessions[room].id
    await ben.leave(room)
    await bot.news(room)
    await bot.says(room, "without Ben", "t3")
    assert sessions[room].id != known_to_ben
    assert ben.user_id not in {user for user, _ in sessions[room].users_shared_with}
    assert (await ann.hears(lambda one: one.body == "without Ben")).encrypted


async def test_where_history_is_for_members_only_the_invited_get_no_key_before_they_come(
    bot: Bot, new_person: NewPerson
) -> None:
    ann, ben = await new_person("ann"), await new_person("ben")
    room = await new_room(ann, bot, encrypted=True)
    await ann.send_state(room, "m.room.history_visibility", {"history_visibility": "joined"})
    await bot.joins(room)
    ben._accepts_invites = False
    await ann.invite(room, ben.user_id)
    await bot.news(room)
    await bot.says(room, "among members", "t1")
    assert (await ann.hears()).body == "among members"
    sessions = bot.client._crypto._nio.olm.outbound_group_sessions
    assert ann.user_id in {user for user, _ in sessions[room].users_shared_with}
    assert ben.user_id not in {user for user, _ in sessions[room].users_shared_with}
    before = sessions[room].id
    await ben.join(room)
    await bot.news(room)
    await bot.says(room, "welcome Ben", "t2")
    assert (await ben.hears(lambda one: one.body == "welcome Ben")).encrypted
    assert sessions[room].id != before
    # And where it is opened again, the invited read along.
    cleo = await new_person("cleo")
    cleo._accepts_invites = False
    await ann.send_state(room, "m.room.history_visibility", {"history_visibility": "shared"})
    await ann.invite(room, cleo.user_id)
    while cleo.user_id not in bot.client._crypto._nio.rooms[room].users:
        await bot.take(await bot.sync(timeout_ms=1000))
    await bot.says(room, "for all", "t3")
    assert cleo.user_id in {user for user, _ in sessions[room].users_shared_with}


async def test_a_device_without_keys_is_left_out_only_until_it_has_some(
    bot: Bot, new_person: NewPerson
) -> None:
    ann, ben = await new_person("ann"), await new_person("ben")
    room = await new_room(ann, bot, encrypted=True)
    await ann.invite(room, ben.user_id)
    await ben.enters(room)
    guard, http = bot.client._crypto, bot.client._http
    await bot.joins(room)
    claim, claims = http.post, 0

    async def claims_nothing(path: str, body: Any, query: Any = None) -> Any:
        nonlocal claims
        answer = await claim(path, body, query)
        if path.endswith("/keys/claim") and claims < 2:
            claims += 1
            answer["one_time_keys"].pop(ben.user_id, None)
        return answer

    http.post = claims_nothing  # type: ignore[method-assign]  # as if Ben's keys were drained
    await bot.says(room, "not for Ben", "t1")
    assert (await ann.hears()).body == "not for Ben"
    assert guard.unreached == {(ben.user_id, ben.device_id)}
    for number, words in enumerate(("still not", "not yet tried again")):
        await bot.says(room, words, f"t2{number}")
        if number == 0:
            _is_due(guard, room)
    assert len(guard.unreached) == 1
    _is_due(guard, room)
    await bot.says(room, "for all", "t3")
    assert (await ben.hears(lambda one: one.body == "for all")).encrypted
    assert guard.unreached == set()


def _is_due(guard: CryptoGuard, room: RoomId) -> None:
    """Ten minutes have passed."""
    guard._unreached[room] = dataclasses.replace(guard._unreached[room], try_at=0.0)


async def test_a_device_whose_keys_are_suddenly_others_is_not_trusted_and_noticed(
    bot: Bot, homeserver: Homeserver, new_person: NewPerson, tmp_path: Path
) -> None:
    ann, account = await new_person("ann"), new_account(homeserver, "ben")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    ben = await Person.log_in(bot.url, account, store=tmp_path / "a", accept_invites=True)
    await ann.invite(room, ben.user_id)
    await ben.enters(room)
    await bot.news(room)
    await bot.says(room, "hello Ben", "t1")
    assert (await ben.hears()).body == "hello Ben"
    await ben.close()
    changed = frozenset({(account.user_id, account.device_id)})
    async with (
        asyncio.timeout(20),
        await Person.log_in(bot.url, account, store=tmp_path / "b") as robbed,
    ):
        while not bot.client._crypto.changed_devices:
            await bot.take(await bot.sync(timeout_ms=1000))
        assert bot.client.devices() == Devices(unreached=frozenset(), changed=changed)
        # Its owner ends that session: from then on nobody needs to be told of it.
        await robbed.request("POST", "/logout", {})
        while bot.client.devices().changed:
            await bot.take(await bot.sync(timeout_ms=1000))


# ── what nio would fall over ──────────────────────────────────────────────────────────────────


async def test_hostile_messages_to_the_device_lose_nothing(bot: Bot, new_person: NewPerson) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    curve = bot.client._crypto._nio.olm.account.identity_keys["curve25519"]
    bad: list[dict[str, Any]] = [
        {
            "algorithm": "m.olm.v1.curve25519-aes-sha2",
            "sender_key": key,
            "ciphertext": {curve: {"type": type, "body": body}},
        }
        for type in (0, 1)
        for key, body in ((curve, "AAAA"), ("nonsense", "%%%"), ("nonsense", ""))
    ]
    bad += [{}, {"algorithm": 3}, {"ciphertext": {curve: []}, "sender_key": curve}]
    for number, content in enumerate(bad):
        await ann.request(
            "PUT",
            f"/sendToDevice/m.room.encrypted/hostile{number}",
            {"messages": {bot.client.user_id: {bot.client.device_id: content}}},
        )
    await ann.say(room, "all the same")
    assert (await bot.hears(room, "all the same")).encrypted


async def test_a_drained_pool_of_keys_is_filled_again(bot: Bot, new_person: NewPerson) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    await bot.stop()
    await drain(bot, ann)
    assert (await key_count(bot)) == 0
    await bot.restart()
    assert (await key_count(bot)) == 50
    await ann.say(room, "still reachable")
    await bot.hears(room, "still reachable")


def words_of(answer: SyncAnswer) -> list[str]:
    return [str(one.content.get("body")) for room in answer.rooms for one in room.timeline]


async def drain(bot: Bot, by: Person, most: int = 60) -> int:
    """Claim what keys there are, the last resort too; how many were claimed before that."""
    wanted = {bot.account.user_id: {bot_device(bot): "signed_curve25519"}}
    for number in range(most):
        answer = await by.request("POST", "/keys/claim", {"one_time_keys": wanted})
        ((_, key),) = answer["one_time_keys"][bot.account.user_id][bot_device(bot)].items()
        if key.get("fallback"):
            return number
    return most


async def test_with_all_keys_gone_a_new_device_still_reaches_the_hall(
    bot: Bot, new_person: NewPerson, tmp_path: Path
) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    await bot.stop()
    assert await drain(bot, ann) == 50
    async with await Person.log_in(bot.url, ann.user_id, "secret", store=tmp_path / "x") as phone:
        await phone.enters(room)
        await phone.say(room, "from my new phone")
        assert "from my new phone" in words_of(await bot.restart())
    # It was used: another one is there, and the old one still opens what is under way.
    await bot.take(await bot.sync(timeout_ms=0))
    assert await drain(bot, ann) == 50


@pytest.mark.parametrize("fault", [Answer(502, forwarded=True), DropResponse()])
async def test_keys_whose_upload_was_cut_short_still_open_what_people_send(
    bot: Bot, new_person: NewPerson, fault: Answer | DropResponse, tmp_path: Path
) -> None:
    """nio stores the secret halves after the answer: a crash before that and nobody is read."""
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    await drain(bot, ann, 50)  # and leave the last resort alone: replacing it stores all keys
    async with FaultProxy(bot.url, 1) as proxy:
        await bot.stop()
        bot.url, direct = proxy.url, bot.url
        proxy.next(fault, lambda method, path: path.endswith("/keys/upload"))
        await bot.start()
        assert proxy.counts[fault.name] == 1
        await bot.stop()  # before the keys are uploaded once more
        bot.url = direct
    async with await Person.log_in(bot.url, ann.user_id, "secret", store=tmp_path / "x") as phone:
        await phone.enters(room)
        await phone.say(room, "with such a key")
        assert "with such a key" in words_of(await bot.restart())


async def test_a_key_of_ours_that_was_used_once_opens_nothing_after_a_restart(
    bot: Bot, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever takes the disk later reads what was said before."""
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    receive, seen = bot.client._crypto._receive_to_device, list[Any]()

    def listen(events: list[Any]) -> Any:
        seen.extend(events)
        return receive(events)

    monkeypatch.setattr(bot.client._crypto, "_receive_to_device", listen)
    await ann.say(room, "the first word")
    await bot.hears(room, "the first word")
    assert seen
    await bot.restart()
    guard = bot.client._crypto
    guard._nio.olm.session_store = SessionStore()  # as if the session itself were forgotten
    assert guard._receive_to_device(seen) == []


class _Killed(BaseException):
    """No handler of errors is asked when a process is killed."""


@pytest.mark.parametrize(
    "step", ["save_account", "save_session", "save_inbound_group_session", "commit"]
)
@pytest.mark.parametrize("known", [False, True], ids=["first key", "later key"])
async def test_killed_while_it_stores_a_key_the_hall_takes_it_when_it_comes_again(
    bot: Bot, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch, step: str, known: bool
) -> None:
    """nio stores step by step what it can read only once."""
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    if known:
        await ann.say(room, "an earlier word")
        await bot.hears(room, "an earlier word")
        ann.client.invalidate_outbound_session(room)
    store = bot.client._crypto._nio.store
    reached = []

    def kill(*_: Any) -> None:
        reached.append(step)
        raise _Killed

    with monkeypatch.context() as patched:
        patched.setattr(store.database if step == "commit" else store, step, kill)
        await ann.say(room, "the word")
        try:
            await bot.hears(room, "the word")
        except _Killed:
            await bot.stop()
        else:
            assert known  # only the first key takes one from the account
            assert step == "save_account"
            return
    assert reached
    assert "the word" in words_of(await bot.restart())


async def test_a_decrypted_message_of_any_shape_is_told(bot: Bot, new_person: NewPerson) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    # Without msgtype nio's own reading ends sync() with a KeyError.
    odd = await ann.send_raw(room, MESSAGE, {"strange": "shape"})
    inner = {"rel_type": "m.replace", "event_id": "$victim"}
    await ann.send_raw(room, "org.example.poll", {"body": "poll", "n": 1})
    news = await bot.news(room)
    events = list(news.timeline)
    if len(events) < 2:
        events += (await bot.news(room)).timeline
    assert [event.type for event in events] == [MESSAGE, "org.example.poll"]
    assert events[0].event_id == odd
    assert events[0].content == {"strange": "shape"}
    assert inner  # the relation inside a ciphertext is tested in test_parsing


# ── keys that come late ───────────────────────────────────────────────────────────────────────


async def test_a_key_that_comes_late_opens_what_waited(bot: Bot, new_person: NewPerson) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    asked = await ann.say(room, "!help")
    # The key travels by /sync; history is read before it.
    page = bot.client.read(await bot.client.messages(room, start=None, end=None, backwards=True))
    (waiting,) = page.unreadable
    assert (waiting.event_id, waiting.room_id) == (asked, room)
    assert bot.client.try_again(waiting) is None
    answer = await bot.sync()
    assert (room, waiting.session_id) in answer.new_keys
    kept = Unreadable(
        json.loads(json.dumps(waiting.raw)), waiting.event_id, room, waiting.session_id
    )
    await bot.stop()
    await bot.restart()
    event = bot.client.try_again(kept)
    assert event is not None
    assert (event.event_id, event.content["body"], event.encrypted) == (asked, "!help", True)


async def test_what_nobody_can_open_is_told_as_unreadable(bot: Bot, new_person: NewPerson) -> None:
    ann = await new_person("ann")
    room = await ann.create_room("x", encrypted=True)
    await ann.catch_up()
    said = await ann.say(room, "before the bot came")
    broken = await ann.request(
        "PUT",
        f"/rooms/{room}/send/m.room.encrypted/x",
        {"algorithm": "m.megolm.v1.aes-sha2", "ciphertext": 3, "session_id": ["x"]},
    )
    await ann.invite(room, bot.client.user_id)
    await bot.client.join(room)
    news = await bot.news(room)
    assert {one.event_id for one in news.unreadable} == {said, broken["event_id"]}
    sessions = {one.event_id: one.session_id for one in news.unreadable}
    assert sessions[said]
    assert sessions[broken["event_id"]] is None
    assert all(one.raw["room_id"] == room for one in news.unreadable)
    assert all(bot.client.try_again(one) is None for one in news.unreadable)
    event = await bot.client.event(room, said)
    assert event is not None
    assert (event.type, event.encrypted) == ("m.room.encrypted", True)


async def test_a_message_without_the_senders_key_is_opened_all_the_same(
    bot: Bot, new_person: NewPerson
) -> None:
    """Since version 1.3 of the specification `sender_key` and `device_id` may be missing."""
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    await ann.say(room, "with all fields")
    await bot.hears(room, "with all fields")
    closed = ann.client.encrypt(room, MESSAGE, {"msgtype": "m.text", "body": "with fewer"})[1]
    content = {key: closed[key] for key in ("algorithm", "ciphertext", "session_id")}
    await ann.request("PUT", f"/rooms/{room}/send/m.room.encrypted/fewer", content)
    assert (await bot.hears(room, "with fewer")).encrypted
    # The same ciphertext under another event id is a replay, whoever sends it.
    await ann.request("PUT", f"/rooms/{room}/send/m.room.encrypted/again", content)
    assert len((await bot.news(room)).unreadable) == 1


async def test_a_full_key_store_is_a_delay_and_loses_no_key(
    bot: Bot, new_person: NewPerson, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    await ann.say(room, "kept")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(bot.client._crypto._nio.olm, "save_session", full)
        with pytest.raises(Unreachable, match="the key store: OSError"):
            await bot.news(room)
    # The same position again, in the same process: what memory had is not relied upon.
    assert (await bot.hears(room, "kept")).encrypted
    await bot.says(room, "sent", "t1")
    assert (await ann.hears()).encrypted

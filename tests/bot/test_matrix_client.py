"""The facade against a real homeserver: one device for ever, nothing lost, errors sorted."""

import asyncio
import dataclasses
import json
import logging
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.matrix import polls
from bot.matrix.client import MatrixClient
from bot.matrix.errors import MatrixError, RateLimited, Refused, Unauthorised, Unreachable
from bot.matrix.http import Http, path_of
from bot.matrix.power import levels_at_creation
from commands.power import Power
from demo.asking import RefusedError
from demo.homeserver import Account, Homeserver
from storage.records import EventId, RoomId, UserId
from tests.bot.robot import MESSAGE, Bot, new_room
from tests.conftest import NewPerson, new_account


async def devices_of(account: Account, url: str) -> int:
    http = Http(url)
    http.use_token(account.access_token)
    try:
        return len((await http.get(path_of("devices")))["devices"])
    finally:
        await http.close()


# ── one device ────────────────────────────────────────────────────────────────────────────────


async def test_it_logs_in_once_and_stays_the_same_device(bot: Bot) -> None:
    device = bot.client.device_id
    assert bot.client.user_id == bot.account.user_id
    assert await bot.client.whoami() == (bot.account.user_id, device)
    for name in ("device.json", "pickle_key", "cross_signing.json"):
        assert stat.S_IMODE((bot.store / name).stat().st_mode) == 0o600
    assert stat.S_IMODE(bot.store.stat().st_mode) == 0o700
    assert {path.name for path in bot.store.iterdir()} == {
        "device.json",
        "pickle_key",
        "cross_signing.json",
        f"{bot.client.user_id}_{device}.db",
    }
    await bot.stop()
    # A password that is wrong by now shows that nobody is asked.
    again = await bot.open(password="changed")
    assert again.device_id == device
    await again.close()
    assert await devices_of(bot.account, bot.url) == 2  # its own, and that of registration


async def test_a_dead_token_is_told_and_makes_no_new_device(bot: Bot) -> None:
    await bot.client._http.post(path_of("logout"), {})
    with pytest.raises(Unauthorised, match="M_UNKNOWN_TOKEN"):
        await bot.sync(timeout_ms=0)
    await bot.client.after_sync()  # chores never fail
    await bot.stop()
    with pytest.raises(Unauthorised, match="M_UNKNOWN_TOKEN"):
        await bot.open()
    assert await devices_of(bot.account, bot.url) == 1


async def test_a_configured_token_tells_its_device(homeserver: Homeserver, tmp_path: Path) -> None:
    account = new_account(homeserver, "bot")
    one = Bot(homeserver.url, account, tmp_path / "store")
    client = await one.open(password=None, access_token=account.access_token)
    assert client.device_id == account.device_id
    await client.sync(None, timeout_ms=0, full_state=True)
    await client.after_sync()
    await client.close()
    assert not (tmp_path / "store" / "device.json").exists()
    other = Bot(homeserver.url, new_account(homeserver, "other"), tmp_path / "other")
    with pytest.raises(Unauthorised, match="the access token is for @bot-"):
        await other.open(access_token=account.access_token)
    with pytest.raises(Unauthorised, match="M_UNKNOWN_TOKEN"):
        await other.open(access_token="made_up")
    # The same device with an empty store would be deaf for ever: its keys are known.
    lost = Bot(homeserver.url, account, tmp_path / "lost")
    with pytest.raises(Unauthorised, match="not that of device"):
        await lost.open(password=None, access_token=account.access_token)


async def test_what_cannot_start_says_so_without_secrets(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    account = new_account(homeserver, "bot")
    one = Bot(homeserver.url, account, tmp_path / "store")
    with pytest.raises(Unauthorised, match=r"^login refused: M_FORBIDDEN$"):
        await one.open(password="pa55word")
    with pytest.raises(Unauthorised, match="neither a password nor"):
        await one.open(password=None)
    assert not (one.store / "device.json").exists()
    await (await one.open()).close()
    with pytest.raises(Unauthorised, match="wrong pickle key"):
        await one.open(pickle_key="another")
    with pytest.raises(Unauthorised, match="the store belongs to"):
        await MatrixClient.open(
            one.url,
            UserId("@somebody:localhost"),
            password="secret",
            access_token=None,
            device_name="x",
            store=one.store,
            pickle_key=None,
        )
    (one.store / "device.json").write_text("{")
    with pytest.raises(Unauthorised, match="cannot be read"):
        await one.open()


async def test_tokens_stay_out_of_errors_and_logs(
    bot: Bot, new_person: NewPerson, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("nio").setLevel(logging.NOTSET)
    token = json.loads((bot.store / "device.json").read_text())["access_token"]
    again = await bot.open()  # sets the level of nio's log
    await again.close()
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    await ann.say(room, "a private word")
    await bot.hears(room, "a private word")
    with pytest.raises(Refused):
        await bot.client.join("!nowhere")
    assert token not in caplog.text
    assert "a private word" not in caplog.text
    assert not [record for record in caplog.records if record.name.startswith("nio")]
    away = Http("http://127.0.0.1:9")
    away.use_token(token)
    with pytest.raises(Unreachable) as failed:
        await away.get(path_of("sync"))
    await away.close()
    assert str(failed.value) == "GET /_matrix/client/v3/sync: ClientConnectorError"
    assert token not in repr(failed.value)


# ── conversations ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_conversation_goes_on_across_a_restart(
    bot: Bot, new_person: NewPerson, encrypted: bool
) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=encrypted)
    await bot.joins(room)
    asked = await ann.say(room, "!help")
    question = await bot.hears(room, "!help")
    assert (question.event_id, question.sender) == (asked, ann.user_id)
    assert question.type == MESSAGE
    assert question.encrypted is encrypted

    answer = await bot.says(room, "Ask me anything.", "t1", thread=asked)
    heard = await ann.hears()
    assert (heard.event_id, heard.body) == (answer, "Ask me anything.")
    assert heard.encrypted is encrypted
    assert heard.thread_root == asked
    assert heard.raw["content"]["m.relates_to"]["event_id"] == asked  # clear for the server
    echo = await bot.news(room)
    assert [event.txn_id for event in echo.timeline] == ["t1"]

    await bot.stop()
    await ann.say(room, "while you were away", thread=asked)
    news = next(news for news in (await bot.restart()).rooms if news.room_id == room)
    missed = news.timeline[-1]
    assert missed.content["body"] == "while you were away"
    assert missed.relates_to is not None
    assert missed.relates_to["event_id"] == asked
    assert {"m.room.create", "m.room.member", "m.room.power_levels"} <= {
        event["type"] for event in news.state_after
    }
    # The same id is the same event, after a restart and with other ciphertext, too.
    assert await bot.says(room, "Ask me anything.", "t1", thread=asked) == answer
    assert await bot.says(room, "I was.", "t2") != answer
    assert (await ann.hears()).body == "I was."
    assert len(ann.heard(room=room, sender=bot.client.user_id)) == 2


async def test_the_same_position_gives_the_same_events_again(
    bot: Bot, new_person: NewPerson
) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    before = bot.since
    await ann.say(room, "once")
    await bot.hears(room, "once")
    await ann.say(room, "twice")
    first = await bot.client.sync(before, timeout_ms=0, full_state=False)
    again = await bot.client.sync(before, timeout_ms=0, full_state=False)
    words = [event.content.get("body") for room in again.rooms for event in room.timeline]
    assert words == ["once", "twice"]
    assert [room.timeline for room in again.rooms] == [room.timeline for room in first.rooms]


# ── history ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.slow
async def test_a_long_absence_is_filled_from_history_without_a_hole(
    bot: Bot, new_person: NewPerson
) -> None:
    ann = await new_person("ann")
    room = await ann.create_room("x", invite=[bot.client.user_id])
    await bot.joins(room)
    since = bot.since
    sent: list[EventId] = []
    for first in range(0, 720, 8):  # more than one page
        sent += await asyncio.gather(
            *(ann.say(room, f"word {number}") for number in range(first, first + 8))
        )
    answer = await bot.sync()
    news = next(news for news in answer.rooms if news.room_id == room)
    assert news.limited
    assert len(news.timeline) == 100
    gap = {"start": news.prev_batch, "end": since}
    backwards = await pages(bot, room, **gap, backwards=True)
    forwards = await pages(bot, room, start=since, end=news.prev_batch, backwards=False)
    filled = [*reversed(backwards), *(event.event_id for event in news.timeline)]
    assert len(filled) == len(set(filled))
    assert set(filled) == set(sent)
    assert list(reversed(backwards)) == forwards
    everything = await pages(bot, room, start=None, end=None, backwards=True, limit=100)
    assert [event for event in reversed(everything) if event in set(sent)] == filled


async def pages(bot: Bot, room: RoomId, *, start: str | None, **options: Any) -> list[EventId]:
    found: list[EventId] = []
    while True:
        raw_page = await bot.client.messages(room, start=start, **options)
        page = bot.client.read(raw_page)
        assert not page.malformed
        found += [event.event_id for event in page.events]
        if not raw_page.chunk or raw_page.end is None:
            return found
        start = raw_page.end


@pytest.mark.parametrize("encrypted", [False, True])
async def test_what_refers_to_an_event_is_listed_over_pages_oldest_first(
    bot: Bot, new_person: NewPerson, encrypted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.matrix.client._REFERENCES", 2)
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=encrypted)
    await bot.joins(room)
    poll, other = await bot.says(room, "When?", "t1"), await bot.says(room, "Where?", "t2")
    await ann.hears()
    given = []
    for target, number in ((poll, 1), (other, 2), (poll, 3), (poll, 4), (poll, 5), (poll, 6)):
        content = {
            "m.relates_to": {"rel_type": "m.reference", "event_id": target},
            polls.RESPONSE: {"answers": [str(number)]},
        }
        said = await ann.send_raw(room, polls.RESPONSE, content)
        given += [said] if target == poll else []
    await ann.say(room, "a word beside", thread=poll)
    await bot.hears(room, "a word beside")
    page = await bot.client.references(room, poll)
    assert [one.event_id for one in page.events] == given
    assert [polls.answers_of(one.content) for one in page.events] == [(n,) for n in "13456"]
    assert {one.encrypted for one in page.events} == {encrypted}
    assert not page.unreadable


@pytest.mark.parametrize("encrypted", [False, True])
async def test_a_post_is_found_again_by_key_or_transaction(
    bot: Bot, new_person: NewPerson, encrypted: bool
) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=encrypted)
    await bot.joins(room)
    post = await bot.says(room, "the card", "t1")
    seed = await bot.client.send(
        room,
        "m.reaction",
        {"m.relates_to": {"rel_type": "m.annotation", "event_id": post, "key": "👍"}},
        "t2",
    )
    forged = {"msgtype": "m.text", "body": "x", "org.moothall.post": "key/other"}
    await ann.send_raw(room, MESSAGE, forged)
    for number in range(120):
        await bot.client.send(room, "m.reaction", {"n": number}, f"n{number}")
    sent = await bot.client.event(room, post)
    assert sent is not None
    assert await bot.client.find_post(room, "key/t1", sent.at) == post
    assert await bot.client.find_post(room, "no such", 0, txn_id="t2") == seed
    assert await bot.client.find_post(room, "key/other", 0) is None
    assert await bot.client.find_post(room, "key/t1", sent.at + 3_600_000) is None


# ── rooms ─────────────────────────────────────────────────────────────────────────────────────


async def test_invitations_come_are_withdrawn_and_declined(bot: Bot, new_person: NewPerson) -> None:
    ann = await new_person("ann")
    direct = await ann.create_direct(bot.client.user_id, encrypted=False)
    answer = await bot.sync()
    await bot.take(answer)
    (invitation,) = answer.invitations
    assert (invitation.room_id, invitation.sender) == (direct, ann.user_id)
    assert invitation.direct
    assert "m.room.create" in {event["type"] for event in invitation.raw_state}
    await ann.kick(direct, bot.client.user_id)
    answer = await bot.sync()
    await bot.take(answer)
    assert (answer.withdrawn, answer.rooms) == ((direct,), ())

    room = await ann.create_room("x", invite=[bot.client.user_id])
    answer = await bot.sync()
    await bot.take(answer)
    assert not answer.invitations[0].direct
    await bot.client.leave(room, "not for me")
    answer = await bot.sync()
    await bot.take(answer)
    assert (answer.withdrawn, answer.rooms) == ((room,), ())


async def test_being_removed_is_told_with_what_was_said_before(
    bot: Bot, new_person: NewPerson
) -> None:
    ann = await new_person("ann")
    room = await new_room(ann, bot, encrypted=True)
    await bot.joins(room)
    await ann.say(room, "goodbye")
    await ann.kick(room, bot.client.user_id, "testing")
    answer = await bot.sync()
    await bot.take(answer)
    (news,) = answer.rooms
    assert news.left
    assert [event.type for event in news.timeline] == [MESSAGE, "m.room.member"]
    # No delay cures that: an outbox must not try for ever.
    with pytest.raises(Refused, match="403 M_FORBIDDEN"):
        await bot.says(room, "am I out?", "t1")
    await bot.restart()
    with pytest.raises(Refused, match="403 M_FORBIDDEN"):
        await bot.says(room, "am I still?", "t2")
    await bot.client.forget(room)
    with pytest.raises(Refused, match="403 M_FORBIDDEN"):
        await bot.says(room, "and now?", "t3")


async def test_rooms_are_made_found_joined_and_replaced(
    bot: Bot, new_person: NewPerson, homeserver: Homeserver
) -> None:
    ann = await new_person("ann")
    client, alias = bot.client, f"{bot.account.user_id[1:].split(':')[0]}-heat"
    body = {
        "preset": "private_chat",
        "name": "Heat",
        "room_alias_name": alias,
        "room_version": "11",
    }
    room = await client.create_room(body)
    with pytest.raises(Refused, match="M_ROOM_IN_USE"):
        await client.create_room(body)
    full = f"#{alias}:localhost"
    assert await client.resolve(full) == (room, ("localhost",))
    assert await client.resolve("#nothing:localhost") is None
    odd = f"#{alias}/50%25?&+ü:localhost"
    await client.put_alias(odd, room)
    assert await client.resolve(odd) == (room, ("localhost",))
    assert await client.join(odd, via=("localhost", "elsewhere:8448")) == room
    assert room in await client.joined_rooms()

    away = UserId(new_account(homeserver, "away").user_id)
    await client.invite(room, away)
    await client.invite(room, away)
    await client.invite(room, ann.user_id)
    await ann.enters(room)  # her client accepts at once
    with pytest.raises(Refused, match="M_FORBIDDEN"):
        await client.invite(room, ann.user_id)

    content = {"slug": "heat"}
    first = await client.put_state(room, "org.moothall.test", "a/b", content)
    assert await client.put_state(room, "org.moothall.test", "a/b", content) == first
    assert await client.state_event(room, "org.moothall.test", "a/b") == content
    assert await client.state_event(room, "org.moothall.test") is None
    assert content in [event["content"] for event in await client.state(room)]

    event_id = await bot.says(room, "take me back", "t1")
    told = await client.event(room, event_id)
    assert told is not None
    assert told.content["body"] == "take me back"
    gone = await client.redact(room, event_id, "t2", reason="test")
    assert await client.redact(room, event_id, "t2") == gone
    told = await client.event(room, event_id)
    assert told is not None
    assert (told.redacted, told.content) == (True, {})
    assert await client.event(room, EventId("$nothing")) is None

    successor = await client.upgrade(room, "12")
    tombstone = await client.state_event(room, "m.room.tombstone")
    assert tombstone is not None
    assert tombstone["replacement_room"] == successor
    await client.leave(room)
    await client.forget(room)


async def test_the_account_and_the_server_answer(bot: Bot) -> None:
    assert await bot.client.account_data("org.moothall.test") is None
    await bot.client.put_account_data("org.moothall.test", {"a": 1})
    assert await bot.client.account_data("org.moothall.test") == {"a": 1}
    await bot.client.set_display_name("Moothall")
    assert await bot.client.display_name() == "Moothall"
    assert await bot.client.display_name(UserId("@nobody:localhost")) is None
    assert (await bot.client.server_version()).startswith("Synapse 1.")
    assert int(await bot.client.default_room_version()) >= 11


@pytest.mark.parametrize("version", ["9", "10", "11", "12"])
async def test_the_homeserver_agrees_on_who_may_do_what(
    bot: Bot, new_person: NewPerson, version: str
) -> None:
    ann, me = await new_person("ann"), bot.client.user_id
    override = levels_at_creation(
        me,
        version,
        users={ann.user_id: 10},
        events={"org.example.ten": 10, "org.example.eleven": 11},
    )
    room = await bot.client.create_room(
        {
            "preset": "private_chat",
            "room_version": version,
            "invite": [ann.user_id],
            "power_level_content_override": override,
        }
    )
    await ann.enters(room)
    said = await bot.says(room, "x", "t1")
    state = {event["type"]: event for event in await bot.client.state(room)}
    power = Power.from_state(state["m.room.create"], state["m.room.power_levels"])
    assert power.version == int(version)

    async def may(write: Any) -> bool:
        try:
            await write
        except (Refused, RefusedError) as refusal:
            if refusal.errcode != "M_FORBIDDEN":
                raise
            return False
        return True

    for type in ("org.example.ten", "org.example.eleven", "m.room.topic", "m.room.tombstone"):
        allowed = await may(
            ann.send_state(room, type, {"topic": "x", "replacement_room": "!other"})
        )
        assert power.can_send(ann.user_id, type, is_state=True) is allowed, type
    assert not power.can_redact_others(ann.user_id)
    assert await may(ann.redact(room, said)) is power.can_redact_others(ann.user_id)
    assert power.can_invite(ann.user_id) is await may(
        ann.invite(room, f"@guest{version}:localhost")
    )
    for type in ("org.example.eleven", "m.room.power_levels", "m.room.tombstone"):
        assert power.can_send(me, type, is_state=True)
    assert await may(
        bot.client.put_state(room, "m.room.tombstone", "", {"replacement_room": "!other"})
    )


# ── errors ────────────────────────────────────────────────────────────────────────────────────


async def test_refusals_carry_their_code(bot: Bot, new_person: NewPerson) -> None:
    ann = await new_person("ann")
    theirs = await ann.create_room("x")
    room = await bot.client.create_room({"preset": "private_chat"})
    post = await bot.says(room, "x", "t1")
    like = {"m.relates_to": {"rel_type": "m.annotation", "event_id": post, "key": "👍"}}
    await bot.client.send(room, "m.reaction", like, "t2")
    long = {"msgtype": "m.text", "body": "x" * 70_000}
    cases = [
        (bot.client.send(theirs, MESSAGE, long, "t3"), 403, "M_FORBIDDEN"),
        (bot.client.send(room, MESSAGE, long, "t4"), 413, "M_TOO_LARGE"),
        (bot.client.send(room, "m.reaction", like, "t5"), 400, "M_DUPLICATE_ANNOTATION"),
        (
            bot.client.send(
                room, MESSAGE, {"msgtype": "m.text", "body": "x", "number": 2**60}, "t6"
            ),
            400,
            "M_BAD_JSON",
        ),
        (bot.client.sync("nonsense", timeout_ms=0, full_state=False), 400, "M_UNKNOWN"),
    ]
    for request, status, errcode in cases:
        with pytest.raises(Refused) as refused:
            await request
        assert (refused.value.status, refused.value.errcode) == (status, errcode)


@pytest.mark.slow
async def test_real_limits_are_told_in_seconds(tmp_path: Path) -> None:
    with Homeserver.start(tmp_path / "limited", limits=True) as homeserver:
        bot = Bot(homeserver.url, homeserver.register("bot", "secret"), tmp_path / "store")
        await bot.start()
        room = await bot.client.create_room({"preset": "private_chat"})

        async def talk() -> None:
            for number in range(30):
                await bot.says(room, "x", f"t{number}")

        with pytest.raises(RateLimited) as limited:
            await talk()
        assert 0 < limited.value.retry_after < 60
        await bot.stop()


@pytest.fixture
async def answering() -> AsyncIterator[Any]:
    """`http = await answering(status, text, headers)`: a homeserver that says only this."""
    async with AsyncExitStack() as stack:

        async def start(status: int, text: str, headers: dict[str, str] | None = None) -> Http:
            async def answer(request: web.Request) -> web.Response:
                return web.Response(status=status, text=text, headers=headers)

            application = web.Application()
            application.router.add_route("*", "/{path:.*}", answer)
            runner = web.AppRunner(application, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            http = Http(f"http://127.0.0.1:{runner.addresses[0][1]}")
            stack.push_async_callback(http.close)
            return http

        yield start


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (401, '{"errcode":"M_UNKNOWN_TOKEN","soft_logout":true}', Unauthorised("M_UNKNOWN_TOKEN")),
        (401, '{"errcode":"M_MISSING_TOKEN"}', Unauthorised("M_MISSING_TOKEN")),
        (401, '{"errcode":"M_FORBIDDEN"}', Refused(401, "M_FORBIDDEN")),
        (403, '{"errcode":"M_FORBIDDEN"}', Refused(403, "M_FORBIDDEN")),
        (404, '{"errcode":"M_NOT_FOUND"}', Refused(404, "M_NOT_FOUND")),
        (413, "<html>too large</html>", Refused(413, "M_TOO_LARGE")),
        (429, '{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":2500}', RateLimited(2.5)),
        (429, "slow down", RateLimited(7.0)),
        (400, '{"errcode":"M_LIMIT_EXCEEDED","retry_after_ms":-3}', RateLimited(0.0)),
        (404, "<html>nginx</html>", Unreachable("answered 404")),
        (404, '{"errcode":5}', Unreachable("answered 404")),
        (408, '{"errcode":"M_UNKNOWN"}', Unreachable("answered 408 M_UNKNOWN")),
        (500, '{"errcode":"M_UNKNOWN"}', Unreachable("answered 500 M_UNKNOWN")),
        (502, "<html>bad gateway</html>", Unreachable("answered 502")),
        (504, "", Unreachable("answered 504")),
        (200, "<html>log in to the wifi</html>", Unreachable("answered 200")),
        (200, '{"next_batch":', Unreachable("answered 200")),
        (200, "[" * 100_000, Unreachable("answered 200")),
        (200, "[1]", Unreachable("answered with something else than an object")),
        (302, '{"errcode":"M_UNKNOWN"}', Unreachable("answered 302 M_UNKNOWN")),
    ],
)
async def test_every_answer_is_sorted(
    answering: Any, status: int, text: str, error: MatrixError
) -> None:
    http = await answering(status, text, {"Retry-After": "7"})
    with pytest.raises(MatrixError) as raised:
        await http.get("/x")
    assert type(raised.value) is type(error)
    assert str(raised.value) == str(error)
    if isinstance(error, RateLimited) and isinstance(raised.value, RateLimited):
        assert raised.value.retry_after == error.retry_after


async def test_an_answer_that_never_comes_is_given_up(bot: Bot) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.read()
        finally:
            writer.close()

    server = await asyncio.start_server(silent, "127.0.0.1", 0)
    http = Http(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
    with pytest.raises(Unreachable, match="Timeout"):
        await http.get("/x", seconds=0.2)
    await http.close()
    server.close()


def test_a_device_does_not_show_its_token() -> None:
    from bot.matrix.device import Device

    device = Device(UserId("@bot:hs"), "DEVICE", "syt_secret")
    assert "syt_secret" not in repr(device)
    assert dataclasses.asdict(device)["access_token"] == "syt_secret"

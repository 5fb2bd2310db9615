"""A person says what members say and hears each event once: in clear, encrypted, after a pause."""

import asyncio
from pathlib import Path

import pytest

from demo.asking import RefusedError
from demo.homeserver import Homeserver
from demo.people import Person
from storage.records import RoomId
from tests.conftest import NewPerson, new_account


async def share_room(host: Person, *guests: Person, encrypted: bool = False) -> RoomId:
    invited = [guest.user_id for guest in guests]
    room = await host.create_room("Kitchen", invite=invited, encrypted=encrypted)
    for guest in guests:
        await guest.enters(room)
    return room


async def test_each_message_is_heard_once_whatever_the_order_of_asking(
    new_person: NewPerson,
) -> None:
    ann, bob = await new_person("ann"), await new_person("bob")
    room = await share_room(ann, bob)
    first = await ann.say(room, "first")
    second = await ann.say(room, "second")

    assert (await bob.hears(lambda heard: heard.body == "second")).event_id == second
    assert (await bob.hears(room=room)).event_id == first
    await bob.quiet(room, 0.1)
    assert [heard.body for heard in bob.heard(room=room)] == ["first", "second"]
    assert [heard.body for heard in bob.heard(after=first)] == ["second"]
    assert (await ann.hears(sender=ann.user_id)).txn_id is not None


async def test_quiet_notices_a_message_and_hears_says_what_it_waited_for_in_vain(
    new_person: NewPerson,
) -> None:
    ann, bob = await new_person("ann"), await new_person("bob")
    room = await share_room(ann, bob)
    await ann.say(room, "not quiet at all")
    with pytest.raises(AssertionError, match="not quiet at all"):
        await bob.quiet(room, 0.1)
    with pytest.raises(TimeoutError, match="not quiet at all"):
        await bob.hears(sender=bob.user_id, timeout=0.1)
    bob.forget()
    await bob.quiet(room, 0.1)


async def test_replies_and_threads_have_the_shape_that_element_gives_them(
    new_person: NewPerson,
) -> None:
    ann, bob = await new_person("ann"), await new_person("bob")
    room = await share_room(ann, bob)
    root = await ann.say(room, "root", html="<b>root</b>", mentions=[bob.user_id])
    heard = await bob.hears()
    assert (heard.html, heard.mentions) == ("<b>root</b>", [bob.user_id])

    await bob.say(room, "reply", reply_to=root)
    reply = await ann.hears()
    assert reply.content["m.relates_to"] == {"m.in_reply_to": {"event_id": root}}
    assert reply.mentions == [ann.user_id]
    assert reply.thread_root is None

    one = await bob.say(room, "one", thread=root)
    await ann.hears(thread=root)
    await ann.say(room, "two", thread=root)
    two = await bob.hears(thread=root)
    assert two.content["m.relates_to"] == {
        "rel_type": "m.thread",
        "event_id": root,
        "is_falling_back": True,
        "m.in_reply_to": {"event_id": one},
    }
    await ann.say(room, "waves", emote=True)
    waves = await bob.hears()
    assert (waves.content["msgtype"], waves.content["m.mentions"]) == ("m.emote", {})


@pytest.mark.parametrize("encrypted", [False, True])
async def test_edits_reactions_and_redactions_change_what_is_shown(
    new_person: NewPerson, encrypted: bool
) -> None:
    ann, bob = await new_person("ann"), await new_person("bob")
    room = await share_room(ann, bob, encrypted=encrypted)
    message = await ann.say(room, "seven o'clock")
    assert (await bob.hears()).encrypted is encrypted
    assert bob.shown(message) == "seven o'clock"

    await ann.edit(room, message, "eight o'clock")
    await bob.edit(room, message, "no, nine")
    assert (await bob.hears_edit(message)).encrypted is encrypted
    await bob.quiet(room, 0.1)
    assert bob.shown(message) == "eight o'clock", "a stranger's edit is none"

    tick = await bob.react(room, message, "✅")
    await ann.hears(type="m.reaction")
    assert ann.reactions_on(message) == {"✅": {bob.user_id}}
    await bob.redact(room, tick)
    await ann.redact(room, message, "a mistake")
    await ann.catch_up()
    assert ann.reactions_on(message) == {}
    assert ann.is_redacted(message)
    assert ann.shown(message) is None


async def test_what_was_said_during_absence_is_heard_in_order_and_without_gaps(
    homeserver: Homeserver, new_person: NewPerson, tmp_path: Path
) -> None:
    ann = await new_person("ann")
    account = new_account(homeserver, "bob")
    bob = await Person.log_in(homeserver.url, account, store=tmp_path / "bob", accept_invites=True)
    room = await share_room(ann, bob)
    await ann.say(room, "before")
    await bob.hears()
    await bob.close()
    await asyncio.gather(*(ann.say(room, str(number)) for number in range(105)))
    await ann.catch_up()
    said = [heard.event_id for heard in ann.heard(room=room)][1:]
    assert len(said) > 100, "a sync response holds 100; the rest has to be fetched"

    async with await Person.log_in(homeserver.url, account, store=tmp_path / "bob") as bob:
        heard = [(await bob.hears()).event_id for _ in said]
        assert heard == said
        await bob.quiet(room, 0.1)


async def test_an_encrypted_conversation_goes_on_after_a_restart(
    homeserver: Homeserver, new_person: NewPerson, tmp_path: Path
) -> None:
    ann = await new_person("ann")
    bob = await Person.log_in(
        homeserver.url,
        new_account(homeserver, "bob").user_id,
        "secret",
        store=tmp_path / "bob",
        accept_invites=True,
    )
    room = await ann.create_direct(bob.user_id, encrypted=True)
    await bob.enters(room)
    question = await ann.say(room, "Shall we?")
    assert (await bob.hears()).body == "Shall we?"
    device = bob.device_id
    await bob.close()

    await ann.say(room, "Are you there?", thread=question)
    async with await Person.log_in(
        homeserver.url, bob.user_id, "secret", store=tmp_path / "bob"
    ) as bob:
        assert bob.device_id == device
        while_away = await bob.hears()
        assert (while_away.body, while_away.encrypted) == ("Are you there?", True)
        assert while_away.thread_root == question
        await bob.say(room, "Yes", thread=question)
        answer = await ann.hears(thread=question)
        assert (answer.body, answer.encrypted) == ("Yes", True)
        assert "body" not in answer.raw["content"], "only ciphertext may have left the client"


async def test_a_latecomer_cannot_read_what_was_encrypted_before(new_person: NewPerson) -> None:
    ann, bob, late = [await new_person(name) for name in ("ann", "bob", "late")]
    room = await share_room(ann, bob, encrypted=True)
    secret = await ann.say(room, "a secret")
    assert (await bob.hears()).event_id == secret
    await ann.invite(room, late.user_id)
    await late.enters(room)
    await ann.say(room, "welcome")
    assert (await late.hears()).body == "welcome"
    assert [heard.event_id for heard in late.heard(type="m.room.encrypted")] == [secret]


async def test_a_restart_of_the_homeserver_is_survived(
    homeserver: Homeserver, new_person: NewPerson
) -> None:
    ann, bob = await new_person("ann"), await new_person("bob")
    room = await share_room(ann, bob)
    homeserver.stop()
    saying = asyncio.create_task(ann.say(room, "is anybody there?"))
    await asyncio.sleep(0.2)
    homeserver.resume()
    assert (await bob.hears()).event_id == await saying
    await bob.quiet(room, 0.1)


async def test_a_refusal_is_raised_at_once(new_person: NewPerson) -> None:
    ann, bob = await new_person("ann"), await new_person("bob")
    room = await ann.create_room("Private")
    with pytest.raises(RefusedError) as refusal:
        await bob.say(room, "let me in")
    assert (refusal.value.status, refusal.value.errcode) == (403, "M_FORBIDDEN")


async def test_a_direct_chat_has_one_creator_and_is_marked_as_direct(
    new_person: NewPerson,
) -> None:
    ann, bob = await new_person("ann"), await new_person("bob")
    room = await ann.create_direct(bob.user_id, encrypted=False)
    await bob.enters(room)
    assert "additional_creators" not in await ann.state(room, "m.room.create")
    path = f"/user/{ann.user_id}/account_data/m.direct"
    assert await ann.request("GET", path) == {bob.user_id: [room]}
    assert any(
        heard.content.get("is_direct") for heard in ann.heard(type="m.room.member", room=room)
    )


async def test_a_kicked_member_knows_it(new_person: NewPerson) -> None:
    ann, bob = await new_person("ann"), await new_person("bob")
    room = await share_room(ann, bob)
    await ann.kick(room, bob.user_id, "enough")
    kicked = await bob.hears(type="m.room.member", sender=ann.user_id, room=room)
    while kicked.content["membership"] != "leave":
        kicked = await bob.hears(type="m.room.member", sender=ann.user_id, room=room)
    assert kicked.content["reason"] == "enough"
    assert room not in bob.rooms

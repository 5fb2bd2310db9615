"""The bad network does what it is told, repeatably, and a person's message gets through it once."""

import time
from pathlib import Path

import aiohttp
import pytest

from demo.asking import RefusedError
from demo.homeserver import Homeserver
from demo.people import Person
from tests.conftest import NewPerson, new_account
from tests.faults import (
    Answer,
    DropResponse,
    FaultProxy,
    PassThrough,
    Plan,
    Rule,
    Stall,
    anything,
    sends,
    syncs,
)


async def statuses(proxy: FaultProxy, count: int) -> list[int | None]:
    """What that many requests get: a status each, None for a cut connection."""
    found: list[int | None] = []
    async with aiohttp.ClientSession() as session:
        for _ in range(count):
            try:
                async with session.get(f"{proxy.url}/_matrix/client/versions") as answer:
                    await answer.read()
                    found.append(answer.status)
            except aiohttp.ClientError:
                found.append(None)
    return found


async def test_the_same_seed_brings_the_same_misfortunes(homeserver: Homeserver) -> None:
    def rules() -> list[Rule]:
        return [Rule(anything, {Answer(502): 0.3, DropResponse(): 0.3})]

    outcomes = []
    for seed in (1, 1, 2):
        async with FaultProxy(homeserver.url, seed, rules()) as proxy:
            outcomes.append(await statuses(proxy, 20))
            assert set(proxy.counts) == {"pass_through", "answer_502", "drop_response"}
    assert outcomes[0] == outcomes[1] != outcomes[2]
    assert set(outcomes[0]) == {200, 502, None}


async def test_a_proxy_switched_off_lets_all_pass(homeserver: Homeserver) -> None:
    async with FaultProxy(homeserver.url, 1, [Rule(anything, {Answer(504): 1.0})]) as proxy:
        assert await statuses(proxy, 1) == [504]
        proxy.enabled = False
        assert await statuses(proxy, 2) == [200, 200]
        assert proxy.counts == {"answer_504": 1, "pass_through": 2}


async def test_a_homeserver_that_is_away_is_a_bad_gateway() -> None:
    async with FaultProxy("http://127.0.0.1:9", 1) as proxy:
        assert await statuses(proxy, 1) == [502]


async def test_the_homeserver_has_accepted_what_was_forwarded_and_nothing_else(
    homeserver: Homeserver, new_person: NewPerson, tmp_path: Path
) -> None:
    bob = await new_person("bob")
    async with FaultProxy(homeserver.url, 1) as proxy:
        account = new_account(homeserver, "ann")
        async with await Person.log_in(proxy.url, account, store=tmp_path / "ann") as ann:
            room = await ann.create_room("Storm", invite=[bob.user_id])
            await bob.enters(room)
            plans: list[tuple[str, Plan]] = [
                ("dropped", DropResponse()),
                ("refused", Answer(502)),
                ("late", Answer(504, forwarded=True)),
            ]
            for body, plan in plans:
                proxy.next(plan, sends)
                path = f"/rooms/{room}/send/m.room.message/{body}"
                message = {"msgtype": "m.text", "body": body}
                with pytest.raises((RefusedError, aiohttp.ClientPayloadError)):
                    await ann.request("PUT", path, message, repeat=False)
            await bob.catch_up()
            assert [one.body for one in bob.heard()] == ["dropped", "late"]


async def test_each_fault_costs_time_but_no_message_and_doubles_none(
    homeserver: Homeserver, new_person: NewPerson, tmp_path: Path
) -> None:
    bob = await new_person("bob")
    async with FaultProxy(homeserver.url, 1) as proxy:
        account = new_account(homeserver, "ann")
        async with await Person.log_in(proxy.url, account, store=tmp_path / "ann") as ann:
            room = await ann.create_room("Storm", invite=[bob.user_id])
            await bob.enters(room)
            for plan in (
                PassThrough(),
                DropResponse(),
                DropResponse(begun=False),
                Answer(429, retry_after_ms=300),
                Answer(502),
                Answer(504, forwarded=True),
                Stall(0.1),
                Stall(0.1, forwarded=True),
            ):
                proxy.next(plan, sends)
                started = time.monotonic()
                sent = await ann.say(room, plan.name)
                assert (await bob.hears(room=room)).event_id == sent
                if plan.name == "answer_429":
                    assert time.monotonic() - started >= 0.3
            await bob.quiet(room, 0.1)
            faults = {"drop_response": 2, "answer_429": 1, "answer_502": 1, "answer_504": 1}
            assert proxy.counts.items() >= (faults | {"stall": 2}).items()


@pytest.mark.parametrize("fault", [Answer(502), DropResponse(), DropResponse(begun=False)])
@pytest.mark.parametrize("path", ["/keys/claim", "/sendToDevice/"])
async def test_a_key_that_did_not_get_through_is_sent_again(
    homeserver: Homeserver,
    new_person: NewPerson,
    tmp_path: Path,
    path: str,
    fault: Answer | DropResponse,
) -> None:
    """nio calls it shared all the same, and then nobody can read what is said under it."""
    bob = await new_person("bob")
    async with FaultProxy(homeserver.url, 1) as proxy:
        account = new_account(homeserver, "ann")
        async with await Person.log_in(proxy.url, account, store=tmp_path / "ann") as ann:
            room = await ann.create_room("Storm", invite=[bob.user_id], encrypted=True)
            await bob.enters(room)
            await ann.catch_up()  # a sync may show a room before the last events of its making
            proxy.next(fault, lambda method, at: path in at)
            await ann.say(room, "the word")
            assert (await bob.hears(room=room)).body == "the word"
            assert proxy.counts[fault.name] == 1


async def test_a_conversation_in_a_storm_is_complete_and_in_order(
    homeserver: Homeserver, new_person: NewPerson, tmp_path: Path
) -> None:
    storm: dict[Plan, float] = {
        DropResponse(): 0.2,
        DropResponse(begun=False): 0.1,
        Answer(502): 0.1,
        Answer(429, 20): 0.1,
    }
    rules = [Rule(sends, storm), Rule(syncs, {DropResponse(): 0.2, Answer(504): 0.1})]
    bob = await new_person("bob")
    async with FaultProxy(homeserver.url, 3, rules) as proxy:
        account = new_account(homeserver, "ann")
        async with await Person.log_in(proxy.url, account, store=tmp_path / "ann") as ann:
            room = await ann.create_room("Storm", invite=[bob.user_id], encrypted=True)
            await bob.enters(room)
            for number in range(10):
                await ann.say(room, f"to {number}")
                await bob.say(room, f"back {number}")
            expected = [text for number in range(10) for text in (f"to {number}", f"back {number}")]
            for person in (ann, bob):
                await person.catch_up()
                assert [heard.body for heard in person.heard(room=room)] == expected
            assert proxy.counts["drop_response"] > 0

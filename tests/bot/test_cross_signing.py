"""The hall signs its own device once, keeps the keys sealed, and never takes another's away."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from bot.matrix import cross_signing
from bot.matrix.cross_signing import Signing
from bot.matrix.errors import Refused, Unreachable
from bot.matrix.http import path_of
from demo.homeserver import Homeserver
from tests.bot.robot import Bot
from tests.conftest import NewPerson, new_account
from tests.faults import Answer, DropResponse, FaultProxy, Plan


def published(keys: dict[str, Any], bot: Bot) -> cross_signing.Published:
    return cross_signing.Published(bot.client.user_id, keys)


def signing(bot: Bot) -> Signing:
    return bot.client.signing


async def seen_by(bot: Bot, somebody: Any) -> dict[str, Any]:
    """The account's keys, as others see them."""
    body: dict[str, Any] = {"device_keys": {bot.client.user_id: []}}
    answer: dict[str, Any] = await somebody.request("POST", "/keys/query", body)
    return answer


@pytest.mark.promise("The hall signs its own device, and no client warns of it")
async def test_the_first_start_signs_the_device_and_later_ones_change_nothing(
    bot: Bot, new_person: NewPerson
) -> None:
    ann = await new_person("ann")
    assert bot.client.signing is Signing.SIGNED
    keys = await seen_by(bot, ann)
    assert published(keys, bot).vouch_for(bot.client.device_id, bot.client._crypto.own.ed25519)
    seeds = (bot.store / "cross_signing.json").read_bytes()

    await bot.restart()

    assert bot.client.signing is Signing.SIGNED
    assert await seen_by(bot, ann) == keys
    assert (bot.store / "cross_signing.json").read_bytes() == seeds


async def test_the_chain_is_checked_link_by_link(bot: Bot, new_person: NewPerson) -> None:
    """What this homeserver accepts it has checked itself; a hostile one could invent anything."""
    keys = await seen_by(bot, await new_person("ann"))
    me, device = bot.client.user_id, bot.client.device_id
    ours = bot.client._crypto.own.ed25519
    for path in (
        ("device_keys", me, device, "signatures", me),
        ("self_signing_keys", me, "signatures", me),
        ("self_signing_keys", me, "keys"),
        ("master_keys", me, "keys"),
        ("device_keys", me, device, "keys"),
    ):
        broken = json.loads(json.dumps(keys))
        *way, last = path
        part = broken
        for name in way:
            part = part[name]
        part[last] = dict.fromkeys(part[last], "A" * 43)
        assert not published(broken, bot).vouch_for(device, ours), path
    assert not published(keys, bot).vouch_for(device, "A" * 43)
    assert not published({}, bot).vouch_for(device, ours)


async def test_a_new_device_is_signed_by_the_keys_that_the_account_has(
    bot: Bot, new_person: NewPerson
) -> None:
    ann = await new_person("ann")
    before, old = await seen_by(bot, ann), bot.client.device_id
    await bot.stop()
    for name in ("device.json", f"{bot.account.user_id}_{old}.db"):
        (bot.store / name).unlink()
    await bot.start()
    assert bot.client.device_id != old
    assert bot.client.signing is Signing.SIGNED
    master = [
        keys["master_keys"][bot.account.user_id] for keys in (before, await seen_by(bot, ann))
    ]
    assert master[0]["keys"] == master[1]["keys"]


# ── keys of somebody else ─────────────────────────────────────────────────────────────────────


async def test_foreign_keys_stay_until_an_operator_says_otherwise(
    homeserver: Homeserver, tmp_path: Path, new_person: NewPerson
) -> None:
    ann, account = await new_person("ann"), new_account(homeserver, "bot")
    first = Bot(homeserver.url, account, tmp_path / "first")
    await first.start()
    before = await seen_by(first, ann)
    await first.stop()

    # As a person's client would have made them: the seeds are not in this store.
    second = Bot(homeserver.url, account, tmp_path / "second")
    await second.start()
    assert signing(second) is Signing.FOREIGN
    assert (await seen_by(second, ann))["master_keys"] == before["master_keys"]
    assert not (second.store / "cross_signing.json").exists()
    await second.stop()

    client = await second.open(replace_signing_keys=True)
    assert client.signing is Signing.SIGNED
    await client.close()
    await second.start()
    assert signing(second) is Signing.SIGNED
    assert (await seen_by(second, ann))["master_keys"] != before["master_keys"]
    await second.stop()

    # And the first one does not take them back by itself.
    await first.start()
    assert first.client.signing is Signing.FOREIGN
    await first.stop()


async def test_without_the_password_keys_are_not_replaced_and_ours_stay(
    bot: Bot, new_person: NewPerson
) -> None:
    ann = await new_person("ann")
    before = await seen_by(bot, ann)
    seeds = (bot.store / "cross_signing.json").read_bytes()
    token = json.loads((bot.store / "device.json").read_text())["access_token"]
    await bot.stop()
    for credentials in (
        {"password": None, "access_token": token},
        {"password": "not it", "access_token": None},
    ):
        client = await bot.open(replace_signing_keys=True, **credentials)
        assert client.signing is Signing.LOCKED
        await client.close()
    assert (bot.store / "cross_signing.json").read_bytes() == seeds
    await bot.start()
    assert bot.client.signing is Signing.SIGNED
    assert (await seen_by(bot, ann))["master_keys"] == before["master_keys"]


# ── a start that is cut short ─────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("path", ["/keys/upload", "/device_signing/upload", "/signatures/upload"])
@pytest.mark.parametrize("fault", [Answer(502), Answer(502, forwarded=True), DropResponse()])
async def test_a_start_that_is_cut_short_makes_no_second_identity(
    homeserver: Homeserver, tmp_path: Path, new_person: NewPerson, path: str, fault: Plan
) -> None:
    ann = await new_person("ann")
    async with FaultProxy(homeserver.url, 1) as proxy:
        bot = Bot(proxy.url, new_account(homeserver, "bot"), tmp_path / "store")
        proxy.next(fault, lambda method, seen: seen.endswith(path))
        with pytest.raises(Unreachable):
            await bot.open()
        assert proxy.counts[fault.name] == 1
        seeds = bot.store / "cross_signing.json"
        kept = seeds.read_bytes() if seeds.exists() else None
        await bot.start()
        assert bot.client.signing is Signing.SIGNED
        assert kept in (None, seeds.read_bytes())
        keys = await seen_by(bot, ann)
        assert published(keys, bot).vouch_for(bot.client.device_id, bot.client._crypto.own.ed25519)
        await bot.stop()


async def test_a_homeserver_that_refuses_signatures_is_no_obstacle_and_is_asked_again(
    bot: Bot, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[str] = []

    async def refuse(path: str, body: Any, query: Any = None) -> Any:
        calls.append(path)
        raise Refused(404, "M_UNRECOGNIZED")

    with monkeypatch.context() as patched:
        patched.setattr(bot.client._http, "post", refuse)
        await bot.client.keep_signed()
        assert signing(bot) is Signing.UNSIGNED
        await bot.client.after_sync()
        assert calls == [path_of("keys", "query")]  # not before an hour has passed
    bot.client._look_again_at = 0.0
    await bot.client.after_sync()
    assert signing(bot) is Signing.SIGNED


# ── the seeds on the disk ─────────────────────────────────────────────────────────────────────


def test_seeds_are_sealed_and_only_the_same_secret_opens_them() -> None:
    seeds = bytes(range(96))
    sealed = cross_signing._seal(seeds, "Schlüssel")
    assert b"".join(cross_signing._unseal(sealed, "Schlüssel")) == seeds
    assert cross_signing._seal(seeds, "Schlüssel") != sealed
    damaged = json.dumps({**json.loads(sealed), "sealed": "AAAA"})
    for text, secret in ((sealed, "Schlussel"), (damaged, "Schlüssel"), ("{}", "x"), ("", "x")):
        with pytest.raises(cross_signing._SealBrokenError):
            cross_signing._unseal(text, secret)
    for text in ("[]", "null", '{"salt": 3}', '{"salt": "§"}'):
        with pytest.raises(cross_signing._SealBrokenError):
            cross_signing._unseal(text, "x")


async def test_seeds_that_cannot_be_opened_are_left_alone(bot: Bot) -> None:
    path = bot.store / "cross_signing.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("{}")
    await bot.restart()
    assert bot.client.signing is Signing.SIGNED  # the signature is there, whoever has the keys
    assert path.read_text() == "{}"

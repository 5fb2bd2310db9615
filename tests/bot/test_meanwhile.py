"""While something is on its way or waits, people go on: they come, leave, delete, and ask again."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from bot import backfill, compiling, delivery, ledger, worker
from bot.backfill import Backfill
from bot.hall import Hall
from bot.matrix.answers import RawPage
from bot.matrix.errors import RateLimited, Refused, Unreachable
from bot.state import DIRECT_STATE
from storage import gaps, inbox, meta, outbox, people, rooms, silences
from storage.database import Database, open_database
from storage.outbox import Action, Row
from storage.records import RoomId
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, ME, WELCOME, direct, furnish
from tests.fuzz.wire import (
    Sent,
    WiredHall,
    raw_event,
    raw_message,
    set_aside,
    timeline,
    wired_hall,
)

CHAT = RoomId("!chat-of-cora:hs")


@pytest.fixture
async def wired(bare: Database) -> AsyncIterator[WiredHall]:
    """A running hall that has heard all there is."""
    async with wired_hall(bare) as hall:
        await hall.hears(timeline([], HOUSING))  # what waits is sent from then on
        yield hall


async def until(is_so: Callable[[], Any | Awaitable[Any]], seconds: float = 10.0) -> None:
    """Wait for a condition; raises TimeoutError if it does not come."""
    async with asyncio.timeout(seconds):
        while True:
            found = is_so()
            if await found if isinstance(found, Awaitable) else found:
                return
            await asyncio.sleep(0.02)


def answers_to(hall: WiredHall, event_id: str) -> list[Sent]:
    return [one for one in hall.wire.said if one.cause == event_id]


def hole(room: str, *events: Any) -> dict[str, Any]:
    """A sync answer that leaves some of a room's timeline out."""
    part = {"timeline": {"events": [*events], "limited": True, "prev_batch": "p"}}
    return {"rooms": {"join": {room: part}}}


def instead(wired: WiredHall, **calls: Any) -> None:
    """Let the homeserver do something else when it is asked for this."""
    for name, call in calls.items():
        setattr(wired.wire, name, call)


def redaction(of: str) -> dict[str, Any]:
    return raw_event(f"$gone-{of}", ANN, "m.room.redaction", {"redacts": of}, redacts=of)


async def ann_asks_while_it_is_away(wired: WiredHall) -> Callable[[], None]:
    """A private answer waits in the direct chat; what lets the homeserver come back."""
    send = wired.wire.send

    async def unreachable(*_: Any, **__: Any) -> Any:
        raise Unreachable("homeserver is away")

    async def waits() -> bool:
        return direct(ANN) in await wired.read(outbox.lanes)

    instead(wired, send=unreachable)
    wired.wire.tell(timeline([raw_message("$ask", ANN, "privacy")], direct(ANN)))
    await until(waits)
    return lambda: instead(wired, send=send)


# ── posts that wait ───────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("A private answer that waits is not said in a chat that a third has come into")
@pytest.mark.parametrize(
    ("who", "membership"), [(BEN, "join"), (BEN, "invite"), (ANN, "leave"), (ANN, "ban")]
)
async def test_what_waits_for_a_direct_chat_is_not_said_when_it_is_none_any_more(
    wired: WiredHall, who: str, membership: str
) -> None:
    chat, come_back = direct(ANN), await ann_asks_while_it_is_away(wired)
    content = {"membership": membership}
    change = raw_event("$change", who, "m.room.member", content, state_key=who)
    wired.wire.tell(timeline([change], chat))
    await wired.wire.heard_all()
    come_back()
    await wired.is_done()
    private = [one for one in wired.wire.said if "stored about you" in str(one.content)]
    assert len(private) == 1
    assert private[0].room_id != chat
    assert "m.relates_to" not in private[0].content, "what it answered is in the other room"


async def test_a_file_that_is_being_made_is_not_sent_to_a_third_who_comes_meanwhile(
    wired: WiredHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    making, made, compiled = asyncio.Event(), asyncio.Event(), compiling.compiled

    async def slowly(*arguments: Any, **named: Any) -> Any:
        file = await compiled(*arguments, **named)
        making.set()
        await made.wait()
        return file

    monkeypatch.setattr(compiling, "compiled", slowly)
    wired.wire.tell(timeline([raw_message("$ask", ANN, "privacy export")], direct(ANN)))
    await making.wait()
    comes = raw_event("$comes", BEN, "m.room.member", {"membership": "join"}, state_key=BEN)
    wired.wire.tell(timeline([comes], direct(ANN)))
    await wired.wire.heard_all()
    made.set()
    await wired.is_done()
    files = [one.room_id for one in wired.wire.said if one.content.get("msgtype") == "m.file"]
    assert len(files) == 1
    assert files != [direct(ANN)]


async def test_what_is_refused_in_a_chat_that_was_left_meanwhile_is_said_in_another(
    wired: WiredHall,
) -> None:
    send, create, asked, told, makes = (
        wired.wire.send, wired.wire.create_room, asyncio.Event(), asyncio.Event(), asyncio.Event()
    )  # fmt: skip

    async def refuse(room_id: Any, *arguments: Any, **named: Any) -> Any:
        if room_id == direct(ANN):
            asked.set()
            await told.wait()
            raise Refused(403, "M_FORBIDDEN")
        return await send(room_id, *arguments, **named)

    async def slowly(body: Any) -> Any:
        await makes.wait()
        return await create(body)

    instead(wired, send=refuse)
    instead(wired, create_room=slowly)
    wired.wire.tell(timeline([raw_message("$ask", ANN, "privacy")], direct(ANN)))
    await asked.wait()
    leaves = raw_event("$leaves", ANN, "m.room.member", {"membership": "leave"}, state_key=ANN)
    wired.wire.tell(timeline([leaves], direct(ANN)))
    await wired.wire.heard_all()
    told.set()
    await asyncio.sleep(0.2)  # the refusal comes before the new chat stands
    makes.set()
    await until(lambda: answers_to(wired, "$ask"))
    await wired.is_done()


@pytest.mark.parametrize("trouble", [PermissionError(13, "x"), TimeoutError("x")], ids=str)
async def test_a_file_that_cannot_be_made_does_not_hold_up_what_follows(
    wired: WiredHall, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise trouble

    monkeypatch.setattr(delivery, "wait_after", lambda *_: 0.001)
    monkeypatch.setattr(compiling, "compiled", broken)
    asked = [raw_message("$ask", ANN, "privacy export"), raw_message("$next", ANN, "whoami")]
    await wired.hears(timeline(asked, direct(ANN)))
    assert answers_to(wired, "$next")


@pytest.mark.parametrize(
    ("passing", "times"),
    [(Refused(404, "M_NOT_FOUND"), 1), (ConnectionRefusedError(111, "away"), 9)],
    ids=str,
)
async def test_a_rate_limit_is_no_attempt_and_a_passing_trouble_no_end(
    wired: WiredHall, passing: Exception, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    send, troubles = wired.wire.send, [RateLimited(0.01)] * 6 + [passing] * times

    async def limited(*arguments: Any, **named: Any) -> Any:
        if troubles:
            raise troubles.pop(0)
        return await send(*arguments, **named)

    monkeypatch.setattr(delivery, "wait_after", lambda *_: 0.001)
    instead(wired, send=limited)
    await wired.hears(timeline([raw_message("$ask", ANN, "!whoami")], HOUSING))
    assert len(answers_to(wired, "$ask")) == 1
    assert await wired.read(set_aside) == {}


async def test_words_that_are_deleted_while_the_account_rests_are_not_sent(
    wired: WiredHall,
) -> None:
    await wired.hears(timeline([raw_message("$said", ANN, "the zebra is ill")], HOUSING))
    send, limited, refused = wired.wire.send, True, asyncio.Event()

    async def limit(*arguments: Any, **named: Any) -> Any:
        nonlocal limited
        if limited:
            limited = False
            refused.set()
            raise RateLimited(2.0)
        return await send(*arguments, **named)

    instead(wired, send=limit)
    wired.wire.tell(timeline([raw_message("$ask", BEN, "!search zebra")], HOUSING))
    await refused.wait()
    await wired.hears(timeline([redaction("$said")], HOUSING))
    assert not [one for one in wired.wire.said if "is ill" in str(one.content)]


async def test_private_answers_keep_their_order_though_the_chat_appears_between(
    wired: WiredHall,
) -> None:
    await wired.hall.database.write(lambda c: rooms.change(c, direct(CORA), joined=False))
    made = asyncio.Event()

    async def create_room(body: Any) -> RoomId:
        made.set()
        raise Unreachable("POST createRoom: TimeoutError")  # it stands, but nobody says so

    instead(wired, create_room=create_room)
    wired.wire.tell(timeline([raw_message("$one", CORA, "!privacy")], HOUSING))
    await made.wait()
    state = [
        raw_event("$c", ME, "m.room.create", {"room_version": "11"}, state_key=""),
        raw_event("$m", ME, "m.room.member", {"membership": "join"}, state_key=ME),
        raw_event("$d", ME, DIRECT_STATE, {"user_id": CORA}, state_key=""),
        raw_event("$i", ME, "m.room.member", {"membership": "invite"}, state_key=CORA),
    ]
    wired.wire.tell(timeline(state, CHAT))
    await wired.hears(timeline([raw_message("$two", CORA, "!privacy archive off")], HOUSING))
    order = [one.cause for one in wired.wire.said if one.room_id == CHAT and one.cause]
    assert order == ["$one", "$two"]


async def test_rooms_do_not_wait_for_chats_with_a_homeserver_that_is_away(
    wired: WiredHall,
) -> None:
    away, asked = asyncio.Event(), list[Any]()

    async def create_room(body: Any) -> RoomId:
        asked.append(body["invite"])
        await away.wait()
        return RoomId(f"!chat-{len(asked)}:hs")

    instead(wired, create_room=create_room)
    strangers = [f"@p{number}:dead" for number in range(12)]
    content = {"body": "x", "msgtype": "m.notice"}
    letters = [
        Row(f"letter/{who}", who, Action.MESSAGE, content, "m.room.message") for who in strangers
    ]
    now = datetime.now(UTC)
    await wired.hall.database.write(lambda c: outbox.add(c, wired.hall.id, letters, now))
    wired.hall.bells.outbox.ring(strangers)
    await until(lambda: asked)
    wired.wire.tell(timeline([raw_message("$ask", ANN, "!whoami")], HOUSING))
    await until(lambda: answers_to(wired, "$ask"))
    away.set()
    await wired.is_done()
    assert len(asked) == len(strangers)


# ── history on its way ────────────────────────────────────────────────────────────────────────


async def test_a_command_that_is_deleted_while_its_page_of_history_comes_is_not_answered(
    wired: WiredHall,
) -> None:
    fetched, arrives = asyncio.Event(), asyncio.Event()
    page = [raw_message("$ask", ANN, "!whoami"), raw_message("$other", ANN, "!whoami")]

    async def messages(room_id: Any, **_: Any) -> RawPage:
        fetched.set()
        await arrives.wait()
        return RawPage(room_id, tuple(page), None)

    instead(wired, messages=messages)
    wired.wire.tell(hole(HOUSING))
    await fetched.wait()
    wired.wire.tell(timeline([redaction("$ask")], HOUSING))
    wired.wire.tell(timeline([redaction("$other")], WELCOME))  # there it means nothing
    await wired.wire.heard_all()
    arrives.set()
    await wired.is_done()
    assert not answers_to(wired, "$ask")
    assert answers_to(wired, "$other")


async def test_a_command_waits_for_the_history_of_its_own_room_alone(wired: WiredHall) -> None:
    begun, over, pages = asyncio.Event(), asyncio.Event(), 0

    async def messages(room_id: Any, **_: Any) -> RawPage:
        nonlocal pages
        if room_id != HOUSING or over.is_set():
            return RawPage(room_id, (), None)
        pages += 1
        begun.set()
        await asyncio.sleep(0.05)
        return RawPage(room_id, (raw_message(f"$old{pages}", ANN, "talk"),), f"p{pages}")

    instead(wired, messages=messages)
    wired.wire.tell(hole(HOUSING))
    await begun.wait()
    wired.wire.tell(hole(WELCOME, raw_message("$ask", BEN, "!whoami")))
    await until(lambda: answers_to(wired, "$ask"))
    over.set()
    await wired.is_done()


async def test_a_second_room_s_older_history_begins_beside_the_first(wired: WiredHall) -> None:
    asked, over = list[Any](), asyncio.Event()

    async def messages(room_id: Any, **_: Any) -> RawPage:
        asked.append(room_id)
        await over.wait()
        return RawPage(room_id, (), None)

    instead(wired, messages=messages)

    async def begins(room: RoomId) -> None:
        now = datetime.now(UTC)
        await wired.hall.database.write(lambda c: gaps.open_past(c, room, 0, 10**12, now))
        wired.hall.bells.gaps.ring()
        await until(lambda: room in asked)

    await begins(HOUSING)
    await begins(WELCOME)
    over.set()
    await wired.is_done()


async def test_history_is_asked_for_again_at_once_when_it_could_not_be_stored(
    wired: WiredHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, tries = Backfill._store, 0

    async def broken_once(*arguments: Any, **named: Any) -> bool:
        nonlocal tries
        tries += 1
        if tries == 1:
            raise OSError("disk")
        return await store(*arguments, **named)

    monkeypatch.setattr(Backfill, "_store", broken_once)
    wired.wire.tell(hole(HOUSING, raw_message("$ask", ANN, "!whoami")))
    await until(lambda: answers_to(wired, "$ask"), 30.0)


async def test_history_that_did_not_come_rests_and_other_rooms_have_their_turn(
    wired: WiredHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = list[Any]()

    async def messages(room_id: Any, **_: Any) -> RawPage:
        asked.append(room_id)
        if room_id == HOUSING:
            raise Unreachable("away")
        return RawPage(room_id, (), None)

    monkeypatch.setattr(backfill, "ATTEMPTS", 1)
    instead(wired, messages=messages)
    wired.wire.tell(hole(HOUSING))
    await until(lambda: asked)
    for _ in range(5):
        wired.hall.bells.gaps.ring()
        await asyncio.sleep(0.05)
    assert asked == [HOUSING]
    wired.wire.tell(hole(WELCOME))
    await until(lambda: WELCOME in asked)


async def test_a_lane_that_waits_for_history_is_looked_at_once_a_second(
    wired: WiredHall, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, answer_next = 0, worker.answer_next

    def look(*arguments: Any) -> Any:
        nonlocal looks
        looks += 1
        return answer_next(*arguments)

    monkeypatch.setattr(worker, "answer_next", look)
    now = datetime.now(UTC)
    await wired.hall.database.write(lambda c: gaps.open_gap(c, HOUSING, "a", "b", now))
    for number in range(20):
        wired.wire.tell(timeline([raw_message(f"$ask{number}", ANN, "!whoami")], HOUSING))
        await wired.wire.heard_all()
    looks = 0
    await asyncio.sleep(3.0)
    seen = looks
    await wired.hall.database.write(lambda c: gaps.close(c, 1, datetime.now(UTC)))
    await wired.is_done()
    assert 1 <= seen <= 6
    assert len(answers_to(wired, "$ask19")) == 1


# ── the ledger ────────────────────────────────────────────────────────────────────────────────


async def test_the_newest_ledger_stands_whoever_is_slow(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    await database.write(meta.hall_id)
    write, busy, go_on = ledger.write, threading.Event(), threading.Event()

    def slow(folder: Path, lines: Any) -> None:
        told = list(lines)
        if not busy.is_set():
            busy.set()
            go_on.wait(10)
        write(folder, told)

    monkeypatch.setattr(ledger, "write", slow)
    some = SimpleNamespace(database=database, folder=tmp_path, saving_ledger=asyncio.Lock())
    first = asyncio.create_task(ledger.keep(cast(Hall, some)))
    await until(busy.is_set)
    await database.write(lambda c: silences.begin(c, people.know(c, ANN).id, 0))
    second = asyncio.create_task(ledger.keep(cast(Hall, some)))
    await asyncio.wait([second], timeout=0.5)
    go_on.set()
    await asyncio.gather(first, second)
    assert [one for one in ledger.read(tmp_path) if '"silent"' in one]
    await database.close()


def test_drafts_of_a_crash_are_cleared_away_and_the_ledger_stays(tmp_path: Path) -> None:
    ledger.write(tmp_path, ["{}"])
    for name in (".erasures.jsonl.0a1b2c3d", ".moothall.lock"):
        (tmp_path / name).write_text("")
    ledger.clear(tmp_path)
    assert {one.name for one in tmp_path.iterdir()} == {"erasures.jsonl", ".moothall.lock"}


async def test_what_waits_is_not_said_to_a_third_for_whom_its_person_has_made_room(
    wired: WiredHall,
) -> None:
    """In one sync somebody comes and the person goes: two are there before and after."""
    chat, come_back = direct(ANN), await ann_asks_while_it_is_away(wired)
    comes = raw_event("$comes", BEN, "m.room.member", {"membership": "join"}, state_key=BEN)
    goes = raw_event("$goes", ANN, "m.room.member", {"membership": "leave"}, state_key=ANN)
    wired.wire.tell(timeline([comes, goes], chat))
    await wired.wire.heard_all()
    come_back()
    await wired.is_done()
    private = [one for one in wired.wire.said if "stored about you" in str(one.content)]
    assert len(private) == 1
    assert private[0].room_id != chat


async def test_words_that_are_deleted_while_a_chat_is_made_are_not_sent(
    wired: WiredHall,
) -> None:
    await wired.hall.database.write(lambda c: rooms.change(c, direct(CORA), joined=False))
    await wired.hears(timeline([raw_message("$said", ANN, "the zebra is ill")], HOUSING))
    asked, made, create = asyncio.Event(), asyncio.Event(), wired.wire.create_room

    async def slowly(body: Any) -> RoomId:
        asked.set()
        await made.wait()
        return await create(body)

    instead(wired, create_room=slowly)
    wired.wire.tell(timeline([raw_message("$ask", CORA, "!search zebra in:all")], HOUSING))
    await asked.wait()
    wired.wire.tell(timeline([redaction("$said")], HOUSING))
    await wired.wire.heard_all()

    async def is_dealt_with() -> bool:
        return not (await wired.read(lambda c: inbox.counts(c, datetime.now(UTC))))["ready"]

    await until(is_dealt_with)
    made.set()
    await wired.is_done()
    assert not [one for one in wired.wire.said if "is ill" in str(one.content)]


async def test_what_timed_out_may_have_been_said_and_is_not_dropped_as_unsaid(
    wired: WiredHall,
) -> None:
    tried = asyncio.Event()

    async def times_out(*_: Any, **__: Any) -> Any:
        tried.set()
        raise Refused(408, "M_UNKNOWN")

    instead(wired, send=times_out)
    now, content = datetime.now(UTC), {"body": "x", "msgtype": "m.text"}
    post = Row("digest/1", HOUSING, Action.MESSAGE, content, "m.room.message")
    await wired.hall.database.write(lambda c: outbox.add(c, wired.hall.id, [post], now))
    wired.hall.bells.outbox.ring([HOUSING])
    await tried.wait()

    async def is_given_back() -> bool:
        return HOUSING not in wired.hall.delivering

    await until(is_given_back)
    assert not await wired.hall.database.write(lambda c: outbox.drop_unsent(c, "digest/1", now))


async def test_what_an_upgraded_room_refuses_waits_for_the_one_that_follows_it(
    wired: WiredHall,
) -> None:
    """Synapse lets nobody speak in the old room who has no more than a member's power."""
    tried = asyncio.Event()

    async def refuse(*_: Any, **__: Any) -> Any:
        tried.set()
        raise Refused(403, "M_FORBIDDEN")

    instead(wired, send=refuse)
    new, now = RoomId("!new:hs"), datetime.now(UTC)
    content = {"body": "x", "msgtype": "m.text"}
    post = Row("digest/1", HOUSING, Action.MESSAGE, content, "m.room.message")
    await wired.hall.database.write(lambda c: rooms.change(c, HOUSING, replacement=new))
    await wired.hall.database.write(lambda c: outbox.add(c, wired.hall.id, [post], now))
    wired.hall.bells.outbox.ring([HOUSING])
    await tried.wait()

    async def is_given_back() -> bool:
        return not await wired.read(set_aside) and HOUSING not in wired.hall.delivering

    await until(is_given_back)
    await wired.hall.database.write(lambda c: outbox.move_room(c, HOUSING, new))
    assert await wired.read(lambda c: outbox.lane_of(c, "digest/1")) == new

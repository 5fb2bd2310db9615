"""Somebody wants to be erased, or to see it all: asked first, done aside, told in numbers."""

import io
import json
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import Connection, insert, make_url, select, update

from bot import compiling, erasing, erasing_beside
from bot.hall import Bells
from bot.hall import Hall as RealHall
from demo.postgres import Postgres
from storage import archive, erasures, gaps, marks, people, personal, rooms, timers
from storage.database import Database, open_database
from storage.outbox import Action
from storage.records import NOBODY, Timer
from storage.tables.base import metadata
from storage.tables.spine import inbox, timer
from storage.tables.visits import visit
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, ME, Hall, direct, furnish
from tests.commands.delivered import Delivered


@pytest.fixture(params=["sqlite", "postgresql"])
async def hall(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Delivered]:
    url = f"sqlite:///{tmp_path}/hall.db"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = f"hall_{uuid4().hex[:12]}"
        server.create_database(name)
        url = server.url(name)
    database = await open_database(url)
    await database.write(furnish)
    yield Delivered(database)
    await database.close()


def running(hall: Hall, folder: Path) -> RealHall:
    """What the background needs of a hall."""
    clock = SimpleNamespace(now=lambda: hall.now)
    real = SimpleNamespace(
        database=hall.database, settings=hall.settings, clock=clock, bells=Bells(), folder=folder
    )
    return cast(RealHall, real)


async def erases(hall: Delivered, folder: Path) -> None:
    """The alarm rings, the background works, the receipt is told."""
    await hall.passes(hall.now)
    await erasing.carry_out(running(hall, folder))
    await hall.passes(hall.now)


async def everything(database: Database) -> dict[str, str]:
    """Every value of every table, by table."""

    def read(connection: Connection) -> dict[str, str]:
        return {
            name: repr(connection.execute(select(table)).all())
            for name, table in metadata.tables.items()
        }

    return await database.read(read)


async def where(database: Database, *words: str) -> set[str]:
    """The tables in which one of these stands."""
    return {
        name
        for name, values in (await everything(database)).items()
        if any(word in values for word in words)
    }


async def test_erasure_is_shown_first_and_done_only_on_yes(hall: Delivered) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "We have four lifts")
    shown = await hall.hears(ANN, "privacy erase yes", direct(ANN))
    assert shown.startswith("I would erase this of you, for good:\n- 1 message\n")
    assert "privacy erase yes" in shown
    assert await hall.hears(ANN, "privacy erase no", direct(ANN)) != ""
    assert await where(hall.database, "four lifts") == {"message"}
    hall.later(timedelta(minutes=11))
    assert "I would erase" in await hall.hears(ANN, "privacy erase yes", direct(ANN))
    assert "I am erasing it" in await hall.hears(ANN, "privacy erase yes", direct(ANN))
    assert "I am at it already" in await hall.hears(ANN, "privacy erase", direct(ANN))


@pytest.mark.promise(
    "`!privacy erase` takes everything of a person out of every table, and a receipt tells what"
    " went and who else names them"
)
async def test_nothing_of_an_erased_person_stays_but_what_their_rooms_need(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "canaryone in the garden", reactions=[ANN])
    await hall.talks(BEN, "As Ann Berg said", thread=root)
    await hall.hears(BEN, "!search canaryone")
    form = "Title: canarytwo\nProblem: canarythree\nWhat we do: canaryfour"
    await hall.says(ANN, f"!practice share\n{form}")
    await hall.says(ANN, "!visit propose Havnvoll title:canaryfive 2027-03-09 2027-03-16")
    await hall.says(ANN, "!action add canarysix by Friday")
    await hall.talks(CORA, "Something of somebody else")
    canaries = [f"canary{n}" for n in ("one", "two", "three", "four", "five", "six")]
    for canary in canaries[:4]:
        assert await where(hall.database, canary), canary

    await hall.says(ANN, "privacy erase", direct(ANN))
    await hall.says(ANN, "privacy erase yes", direct(ANN))
    await erases(hall, tmp_path)

    assert await where(hall.database, *canaries) == set()
    assert await where(hall.database, ANN) <= {"person", "room"}
    receipt = hall.bodies(direct(ANN))[-1]
    assert "Done. This was erased:" in receipt
    assert "1 message\n" in receipt
    assert "1 practice\n" in receipt
    assert "answers of mine that repeated you" in receipt
    assert "1 message of others names you" in receipt
    assert any(one.action is Action.REDACTION for one in hall.stood)
    kept = await hall.do(lambda c: archive.thread(c, [rooms.know(c, HOUSING).id], root))
    assert [(one.body, one.redacted) for one in kept] == [("", True), ("As Ann Berg said", False)]
    one = await hall.do(lambda c: people.get(c, ANN))
    assert one is not None
    assert (one.city, one.roles, one.archive) == (None, frozenset(), False)


async def test_who_was_erased_stays_unkept_until_they_want_it_and_what_comes_late_is_not_stored(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    before = hall.now
    await hall.says(ANN, "privacy erase", direct(ANN))
    await hall.says(ANN, "privacy erase yes", direct(ANN))
    await erases(hall, tmp_path)
    hall.later(timedelta(days=1))
    await hall.talks(ANN, "first canary")
    await hall.says(ANN, "privacy archive on", direct(ANN))
    hall.later(timedelta(days=1))
    await hall.talks(ANN, "a new beginning")
    today, hall.now = hall.now, before
    await hall.talks(ANN, "late canary")
    hall.now = today
    assert await where(hall.database, "canary") == set()
    assert "message" in await where(hall.database, "a new beginning")


@pytest.mark.promise(
    "Of somebody who was erased and has left only a check value stays, by which they are known"
    " again if they come back, and still not kept"
)
async def test_once_they_have_left_not_even_the_address_stays(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    await hall.says(ANN, "privacy erase", direct(ANN))
    await hall.says(ANN, "privacy erase yes", direct(ANN))
    await erases(hall, tmp_path)
    for room in (HOUSING, direct(ANN)):
        await hall.moves(ANN, room, "leave")
    await erasing.carry_out(running(hall, tmp_path))
    assert await where(hall.database, ANN, "Ann Berg") == set()
    mark = await hall.do(lambda c: marks.mark_of(c, ANN))
    assert mark in (await everything(hall.database))["erasure"]
    await hall.moves(ANN, HOUSING, "join")
    await hall.talks(ANN, "canary again")
    assert await where(hall.database, "canary") == set()


async def test_somebody_can_be_erased_and_leave_as_often_as_they_come_back(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    for _ in range(3):
        later = hall.now + timedelta(days=1)
        alarm = Timer(key=f"remind/{ANN}", kind="remind", wall_time=later.replace(tzinfo=None),
                      time_zone="UTC", payload={})  # fmt: skip
        await hall.do(partial(timers.schedule, timers=[alarm]))
        await hall.says(ANN, "privacy erase", direct(ANN))
        await hall.says(ANN, "privacy erase yes", direct(ANN))
        await erases(hall, tmp_path)
        for room in (HOUSING, direct(ANN)):
            await hall.moves(ANN, room, "leave")
        await erasing.carry_out(running(hall, tmp_path))
        assert await where(hall.database, ANN, "Ann Berg") == set()
        hall.later(timedelta(days=1))
        for room in (HOUSING, direct(ANN)):
            await hall.moves(ANN, room, "join")
    await hall.talks(ANN, "canary again")
    assert await where(hall.database, "canary") == set()


async def test_whose_address_only_begins_like_it_keeps_their_alarms(
    hall: Delivered, tmp_path: Path
) -> None:
    others = [f"{ANN}x", f"{ANN}.org", f"{ANN}-1", f"{ANN}:8448"]
    tomorrow = (hall.now + timedelta(days=1)).replace(tzinfo=None)

    def alarms(*names: str) -> list[Timer]:
        return [
            Timer(key=key, kind="own", wall_time=tomorrow, time_zone="UTC", payload=payload)
            for who in names
            for key, payload in (
                (f"remind/{who}", {}),
                (f"digest/{who}/1", {"person": who}),
                (f"in a list/{names.index(who)}/{len(names)}", {"people": [{"who": who}]}),
                (f"in words/{names.index(who)}/{len(names)}", {"body": f"Ask {who}. Please!"}),
            )
        ]

    theirs = alarms(*others)
    await hall.do(partial(timers.schedule, timers=[*theirs, *alarms(ANN)]))
    await hall.says(ANN, "privacy erase", direct(ANN))
    await hall.says(ANN, "privacy erase yes", direct(ANN))
    await erases(hall, tmp_path)
    for room in (HOUSING, direct(ANN)):
        await hall.moves(ANN, room, "leave")
    await erasing.carry_out(running(hall, tmp_path))
    kept = select(timer.c.key, timer.c.payload).where(timer.c.state == "pending")
    rows = await hall.do(lambda c: c.execute(kept).all())
    assert {row.key: row.payload for row in rows} == {one.key: one.payload for one in theirs}


async def test_whose_address_only_begins_like_it_keeps_their_voice_about_a_date(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.says(BEN, "!visit propose Havnvoll 2027-03-09 2027-03-16")
    voices = [
        {"key": who, "required": False, "people": [who], "contact": who} for who in (f"{ANN}x", ANN)
    ]
    await hall.do(lambda c: c.execute(update(visit).values(electorate=voices)))
    await hall.says(ANN, "privacy erase", direct(ANN))
    await hall.says(ANN, "privacy erase yes", direct(ANN))
    await erases(hall, tmp_path)
    theirs, hers = await hall.do(lambda c: c.execute(select(visit.c.electorate)).scalar_one())
    assert theirs == voices[0]
    assert (hers["key"], hers["people"], hers["contact"]) == (NOBODY, [], None)


async def test_older_history_that_a_room_was_told_of_is_read_without_its_admin(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    await hall.says(CORA, "!archive backfill 2026-01-10 yes")
    await hall.says(CORA, "privacy erase", direct(CORA))
    await hall.says(CORA, "privacy erase yes", direct(CORA))
    await erases(hall, tmp_path)
    assert CORA not in (await everything(hall.database))["timer"]
    await hall.passes(hall.now + timedelta(days=8))
    assert await hall.do(lambda c: gaps.past_of(c, HOUSING)) is not None


async def test_somebody_s_copy_is_gathered_beside_answers_from_what_is_unanswered_alone(
    hall: Delivered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def received(connection: Connection) -> None:
        rows = [
            {"key": f"${state}", "lane": "!hall:hs", "kind": "event", "position": 1,
             "payload": {"sender": ANN, "body": state}, "received_at": hall.now,
             "state": state}
            for state in ("ready", "handled", "missed", "parked")
        ]  # fmt: skip
        connection.execute(insert(inbox), rows)

    await hall.do(received)
    monkeypatch.delattr(type(hall.database), "read")
    _name, data = await compiling._about_me(
        running(hall, tmp_path), {"person": ANN, "language": "en"}
    )
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        stored = json.loads(packed.read("about-me.json"))["stored"]
    assert [row["state"] for row in stored["inbox"]] == ["ready", "parked"]


async def test_practices_may_stay_under_the_city_s_name(hall: Delivered, tmp_path: Path) -> None:
    form = "Title: Warm rooms\nProblem: Cold\nWhat we do: Heat"
    await hall.says(ANN, f"!practice share\n{form}")
    await hall.says(ANN, "privacy erase", direct(ANN))
    await hall.says(ANN, "privacy erase keep-practices", direct(ANN))
    await erases(hall, tmp_path)
    shown = await hall.hears(BEN, "!practice show P-1")
    assert "Warm rooms" in shown
    assert "Havnvoll" in shown
    assert "Ann" not in shown
    assert "your name on 1 practice" in hall.bodies(direct(ANN))[-1]


def test_every_table_says_what_becomes_of_people_in_it() -> None:
    traced = {trace.table.name for trace in personal.TRACES}
    assert traced | set(personal.ELSEWHERE) | set(personal.IMPERSONAL) == set(metadata.tables)
    assert not traced & set(personal.IMPERSONAL)


@pytest.mark.promise(
    "`moothall erase` shows what would go, has it erased by the running hall with --yes,"
    " and gives a receipt in numbers"
)
async def test_an_operator_erases_somebody_beside_the_running_hall(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///{tmp_path}/hall.db")
    database = await open_database(url)
    await database.write(furnish)
    hall = Delivered(database)
    await hall.keeps_archive()
    await hall.talks(ANN, "canary of ann")
    options: dict[str, Any] = {"keep_practices": False, "wait": 1, "me": ME}
    for whose, says in (("Ann Berg", "whole address"), ("ann", "whole address"), (ME, "itself")):
        (refused,) = await erasing_beside.erase(url, whose, sure=True, **options)
        assert says in refused
    (unknown,) = await erasing_beside.erase(url, "@nobody:hs", sure=True, **options)
    assert "has never met" in unknown
    shown = await erasing_beside.erase(url, ANN, sure=False, **options)
    assert "messages 1" in shown[0]
    assert "--yes" in shown[1]
    (asked,) = await erasing_beside.erase(url, ANN, sure=True, **options)
    assert "as soon as the hall runs" in asked
    # A whole second: alarms are kept to the millisecond, and this clock stands still.
    hall.now = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=30)
    told = len(hall.bodies(direct(ANN)))
    await erases(hall, tmp_path)
    assert await where(database, "canary") == set()
    assert len(hall.bodies(direct(ANN))) == told, "perhaps they asked by letter"
    (one,) = await hall.do(lambda c: erasures.find(c, erasures.DONE))
    assert one.report["messages"] == 1
    await database.close()

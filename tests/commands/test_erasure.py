"""Somebody wants to be erased, or to see it all: asked first, done aside, told in numbers."""

import asyncio
import io
import json
import zipfile
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest
from sqlalchemy import Connection, delete, insert, make_url, select, update

from bot import compiling, erasing, erasing_beside, intake
from bot import ledger as kept
from bot.hall import Bells
from bot.hall import Hall as RealHall
from demo.postgres import Postgres
from storage import archive, erasures, gaps, marks, people, personal, portable, rooms, timers
from storage.database import Database, open_database
from storage.facts import read_fact
from storage.outbox import Action
from storage.records import NOBODY, EventId, RoomEvent, Timer, UserId
from storage.tables.archive import erasure, event, message, redaction, revision
from storage.tables.base import metadata
from storage.tables.people import person
from storage.tables.practices import (
    practice,
    practice_field,
    practice_review,
    practice_step,
    transfer,
    transfer_note,
)
from storage.tables.spine import inbox, timer
from storage.tables.visits import promise, visit, visit_line, visit_option, visit_vote
from storage.types import milliseconds
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, ME, WELCOME, Hall, direct, furnish
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
        database=hall.database, settings=hall.settings, clock=clock, bells=Bells(), folder=folder,
        saving_ledger=asyncio.Lock(), me=ME,
    )  # fmt: skip
    return cast(RealHall, real)


async def erases(hall: Delivered, folder: Path) -> None:
    """The alarm rings, the background works, the receipt is told."""
    await hall.passes(hall.now)
    await erasing.carry_out(running(hall, folder))
    await hall.passes(hall.now)


async def is_erased(hall: Delivered, folder: Path, sure: str = "yes", *, who: UserId = ANN) -> None:
    """They want it, say that they are sure, and it is done."""
    await hall.says(who, "privacy erase", direct(who))
    await hall.says(who, f"privacy erase {sure}", direct(who))
    await erases(hall, folder)


def said(hall: Delivered, body: str) -> RoomEvent:
    """Ann says something now."""
    return hall._event(ANN, HOUSING, "m.room.message", {"msgtype": "m.text", "body": body})


def edited(hall: Delivered, of: RoomEvent, body: str, by: UserId = ANN) -> RoomEvent:
    """Somebody edits it now."""
    content = {"body": f"* {body}", "m.new_content": {"msgtype": "m.text", "body": body}}
    relation = {"rel_type": "m.replace", "event_id": of.event_id}
    return replace(hall._event(by, HOUSING, of.type, content), relates_to=relation)


def deleted(hall: Delivered, target: EventId) -> RoomEvent:
    """Ann deletes something now."""
    return replace(hall._event(ANN, HOUSING, "m.room.redaction", {}), redacts=target)


async def comes(hall: Delivered, event: RoomEvent) -> None:
    """An event comes through the door of intake, whatever becomes of it there."""
    me_in_it = SimpleNamespace(
        settings=hall.settings, me=ME, id=UUID(int=7), name="moothall", database=hall.database
    )
    facts = {event.event_id: read_fact(event, "en")}

    def work(connection: Connection) -> None:
        room = rooms.know(connection, event.room_id)
        its_hall = cast(RealHall, me_in_it)
        intake.keep(connection, its_hall, room, [event], facts, hall.now, intake.Taken())

    hall.later(timedelta(minutes=1))
    await hall.database.write(work, alone=True)


async def turns_off(hall: Delivered) -> None:
    """The archive of the room; what it holds stays."""
    await hall.do(lambda c: rooms.change(c, HOUSING, archive_on=False, archive_since=None))


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


async def test_who_lets_their_words_be_kept_again_leaves_like_anybody_else(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    await is_erased(hall, tmp_path)
    hall.later(timedelta(minutes=5))
    await hall.hears(ANN, "privacy archive on", direct(ANN))
    await hall.talks(ANN, "A second life")
    for room in (HOUSING, WELCOME, direct(ANN)):
        await hall.moves(ANN, room, "leave")
    assert await hall.do(erasures.forget_gone) == 0
    assert "Ann Berg" in await hall.hears(BEN, "!search life")
    await hall.moves(ANN, HOUSING, "join")
    await hall.hears(ANN, "!privacy archive off")
    await hall.moves(ANN, HOUSING, "leave")
    assert await hall.do(erasures.forget_gone) == 1


async def test_what_is_deleted_while_the_archive_is_off_never_comes_back(
    hall: Delivered, tmp_path: Path
) -> None:
    """Neither by an older export, nor by an older backup."""
    await hall.keeps_archive()
    message_of_ann = said(hall, "canary at first")
    await comes(hall, message_of_ann)
    await comes(hall, edited(hall, message_of_ann, "canary again"))
    old = await hall.do(lambda c: list(portable.lines(c)))
    await turns_off(hall)
    await comes(hall, deleted(hall, message_of_ann.event_id))
    await comes(hall, deleted(hall, EventId("$never-heard-of")))
    assert await where(hall.database, "canary") == set()

    await hall.database.write(lambda c: portable.take_in(c, old), alone=True)
    assert await where(hall.database, "canary") == set()
    await kept.save(hall.database, tmp_path)
    assert len([one for one in kept.read(tmp_path) if '"redacted"' in one]) == 1

    def restore(connection: Connection) -> None:
        """As an older backup has it."""
        for table in (redaction, message, revision, event):
            connection.execute(table.delete())
        portable.take_in(connection, old)

    await hall.database.write(restore, alone=True)
    assert await where(hall.database, "canary") == {"message", "revision"}
    await kept.replay(hall.database, tmp_path, hall.now, "en")
    assert await where(hall.database, "canary") == set()


@pytest.mark.parametrize("why", ["it is off", "she has opted out"])
async def test_what_was_edited_is_not_found_any_more_though_nothing_new_is_kept(
    hall: Delivered, why: str
) -> None:
    await hall.keeps_archive()
    first, other = said(hall, "Yusuf gets the flat"), said(hall, "Rana gets the flat")
    for one in (first, other):
        await comes(hall, one)
    if why == "it is off":
        await turns_off(hall)
    else:
        hall.later(timedelta(minutes=1))
        await hall.says(ANN, "privacy archive off", direct(ANN))
    edit = edited(hall, first, "canary")
    hall.later(timedelta(minutes=1))
    forged = edited(hall, other, "forged", by=BEN)
    unheard = said(hall, "canary")
    early = edited(hall, unheard, "canary")
    for one in (edit, edit, forged, early, unheard):
        await comes(hall, one)
    assert "Yusuf" not in await hall.hears(BEN, "search flat", direct(BEN))
    assert "Rana" in await hall.hears(BEN, "search Rana", direct(BEN))
    assert await where(hall.database, "canary") == set()
    if why == "it is off":
        names = [str(one.event_id) for one in (forged, early, unheard)]
        assert await where(hall.database, "forged", *names) == set()


async def test_an_edit_of_before_the_archive_began_anew_takes_the_old_words_away(
    hall: Delivered,
) -> None:
    """It was off in the meantime, and the edit comes late."""
    await hall.keeps_archive()
    message_of_ann = said(hall, "Yusuf gets the flat")
    await comes(hall, message_of_ann)
    await turns_off(hall)
    hall.later(timedelta(minutes=1))
    edit = edited(hall, message_of_ann, "canary")
    hall.later(timedelta(minutes=1))
    await hall.keeps_archive()
    await comes(hall, edit)
    assert "Found" not in await hall.hears(BEN, "search flat", direct(BEN))
    later = edited(hall, message_of_ann, "Somebody gets the flat")
    await comes(hall, later)
    assert "Somebody" in await hall.hears(BEN, "search flat", direct(BEN))
    assert await where(hall.database, "canary") == set()


FORM = "!practice share\nTitle: Warm rooms\nProblem: {}\nWhat we do: Felt"


@pytest.mark.parametrize("archived", [True, False])
async def test_what_was_made_of_an_edit_goes_when_the_edit_alone_is_deleted(
    hall: Delivered, archived: bool
) -> None:
    """A practice, its card, the copy that is searched, and answers that repeat it."""
    if archived:
        await hall.keeps_archive()
    command = said(hall, FORM.format("It is cold"))
    edit = edited(hall, command, FORM.format("canary"))
    for one in (command, edit):
        await comes(hall, one)
        await hall.deals_with(HOUSING)
    assert "canary" in await hall.hears(BEN, "search warm", direct(BEN))
    assert await where(hall.database, "canary") == {"document", "practice_field"}
    await comes(hall, deleted(hall, edit.event_id))
    await hall.deals_with(HOUSING)
    assert await where(hall.database, "canary") == set()
    assert "canary" not in hall.readable()
    assert "P-1 is withdrawn" in hall.bodies(direct(ANN))[-1]
    assert "source" not in await where(hall.database, command.event_id)


async def test_a_stranger_who_deletes_what_they_tried_to_edit_takes_nothing_along(
    hall: Delivered,
) -> None:
    await hall.keeps_archive()
    command = said(hall, FORM.format("It is cold"))
    forged = edited(hall, command, FORM.format("canary"), by=BEN)
    for one in (command, forged, deleted(hall, forged.event_id)):
        await comes(hall, one)
        await hall.deals_with(HOUSING)
    assert "It is cold" in await hall.hears(BEN, "search warm", direct(BEN))


async def test_a_command_that_an_edit_made_is_undone_when_the_edit_is_deleted(
    hall: Delivered,
) -> None:
    command = said(hall, "!practise sahre")
    edit = edited(hall, command, FORM.format("canary"))
    for one in (command, edit):
        await comes(hall, one)
        await hall.deals_with(HOUSING)
    assert "practice_field" in await where(hall.database, "canary")
    await comes(hall, deleted(hall, edit.event_id))
    await hall.deals_with(HOUSING)
    assert await where(hall.database, "canary") == set()


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

    await is_erased(hall, tmp_path)

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
    await is_erased(hall, tmp_path)
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
    await is_erased(hall, tmp_path)
    for room in (HOUSING, direct(ANN)):
        await hall.moves(ANN, room, "leave")
    await erasing.carry_out(running(hall, tmp_path))
    assert await where(hall.database, ANN, "Ann Berg") == set()
    mark = await hall.do(lambda c: marks.mark_of(c, ANN))
    assert mark in (await everything(hall.database))["erasure"]
    await hall.moves(ANN, HOUSING, "join")
    await hall.talks(ANN, "canary again")
    assert await where(hall.database, "canary") == set()


async def test_erasure_reaches_what_was_said_by_a_clock_that_runs_ahead(
    hall: Delivered, tmp_path: Path
) -> None:
    """And it stays away from then on, though whoever said it may be kept again by that time."""
    await hall.keeps_archive()
    ahead = milliseconds(hall.now + timedelta(days=2))
    spoken = replace(said(hall, "canary of the day after tomorrow"), at=ahead)
    plain = said(hall, "canary of today")
    edit = replace(edited(hall, plain, "canary of then"), at=ahead)
    await hall.archives([spoken, plain, edit])
    hall.later(timedelta(minutes=1))
    old = await hall.do(lambda c: list(portable.lines(c)))
    await is_erased(hall, tmp_path)
    assert await where(hall.database, "canary") == set()
    assert "2 messages\n" in hall.bodies(direct(ANN))[-1]

    hall.later(timedelta(hours=1))
    await hall.says(ANN, "privacy archive on", direct(ANN))
    await kept.save(hall.database, tmp_path)
    await hall.database.write(lambda c: portable.take_in(c, old), alone=True)
    assert await where(hall.database, "canary") == set()

    def forget(connection: Connection) -> None:
        """As in a new database, beside which the ledger lies."""
        for table in (redaction, erasure, message, revision, event):
            connection.execute(table.delete())

    await hall.database.write(forget)
    await kept.replay(hall.database, tmp_path, hall.now, "en")
    await hall.database.write(lambda c: portable.take_in(c, old), alone=True)
    assert await where(hall.database, "canary") == set()


async def test_time_is_over_also_for_what_was_said_by_a_clock_that_runs_ahead(
    hall: Delivered,
) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "canary of today")
    ahead = milliseconds(hall.now + timedelta(days=60 * 365))
    spoken = replace(said(hall, "canary of the far future"), at=ahead)
    place = replace(hall._event(ANN, HOUSING, "m.location", {"name": "canary"}), at=ahead)
    unheard = said(hall, "never heard")
    edit = replace(edited(hall, unheard, "canary"), at=ahead)
    await hall.archives([spoken, place, edit])
    hall.later(timedelta(days=720))
    assert "2 messages go within two weeks" in await hall.hears(ANN, "!archive status")
    await hall.expires()
    assert await where(hall.database, "canary") == {"message", "event", "revision"}
    hall.later(timedelta(days=11))
    await hall.talks(ANN, "Something new")
    await hall.expires()
    assert await where(hall.database, "canary") == set()
    assert "message" in await where(hall.database, "Something new")


async def test_somebody_can_be_erased_and_leave_as_often_as_they_come_back(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    for _ in range(3):
        later = hall.now + timedelta(days=1)
        alarm = Timer(key=f"remind/{ANN}", kind="remind", wall_time=later.replace(tzinfo=None),
                      time_zone="UTC", payload={})  # fmt: skip
        await hall.do(partial(timers.schedule, timers=[alarm]))
        await is_erased(hall, tmp_path)
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
    await is_erased(hall, tmp_path)
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
    await is_erased(hall, tmp_path)
    theirs, hers = await hall.do(lambda c: c.execute(select(visit.c.electorate)).scalar_one())
    assert theirs == voices[0]
    assert (hers["key"], hers["people"], hers["contact"]) == (NOBODY, [], None)


async def test_older_history_that_a_room_was_told_of_is_read_without_its_admin(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    await hall.says(CORA, "!archive backfill 2026-01-10 yes")
    await is_erased(hall, tmp_path, who=CORA)
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


async def takes_in(hall: Hall, told: list[str]) -> None:
    await hall.database.write(lambda c: portable.take_in(c, told), alone=True)


def lose(connection: Connection) -> None:
    """As if the database had been made anew: only the ledger was played over it."""
    for table in (practice, practice_field, practice_step, visit, visit_line, visit_option):
        connection.execute(delete(table))
    for table in (visit_vote, promise, transfer, transfer_note, practice_review):
        connection.execute(delete(table))


@pytest.mark.parametrize("anew", [False, True])
async def test_an_older_export_brings_no_practice_visit_or_promise_of_theirs_back(
    hall: Delivered, tmp_path: Path, anew: bool
) -> None:
    await hall.keeps_archive()
    form = "Title: canaryone\nProblem: canarytwo\nWhat we do: canarythree"
    await hall.says(ANN, f"!practice share\n{form}")
    await hall.says(BEN, f"!practice share\n{form.replace('canary', 'of Ben ')}")
    await hall.says(ANN, "!visit propose Havnvoll title:canaryfour 2027-03-09 2027-03-16")
    await hall.says(ANN, "!action add canaryfive by Friday")
    told = await hall.do(lambda c: list(portable.lines(c)))
    for word in ("one", "two", "three", "four", "five"):
        assert f"canary{word}" in "".join(told)
    await is_erased(hall, tmp_path)
    if anew:
        await hall.do(lose)
    await takes_in(hall, told)
    assert await where(hall.database, "canary") == set()
    assert await where(hall.database, ANN) <= {"person", "room"}
    assert "I have no P-1" in await hall.hears(BEN, "!practice show P-1")
    assert "of Ben one" in await hall.hears(CORA, "!practice show P-2")
    assert "Ann" not in await hall.hears(BEN, "!visit show V-1")


async def test_what_they_shared_after_it_does_come_back(hall: Delivered, tmp_path: Path) -> None:
    await is_erased(hall, tmp_path)
    hall.later(timedelta(days=1))
    await hall.says(ANN, "!practice share\nTitle: Warm rooms\nProblem: Cold\nWhat we do: Heat")
    told = await hall.do(lambda c: list(portable.lines(c)))
    await hall.do(lose)
    await takes_in(hall, told)
    shown = await hall.hears(BEN, "!practice show P-1")
    assert "Warm rooms" in shown
    assert "Ann Berg" in shown


async def test_an_older_export_brings_practices_back_under_the_city_s_name(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.says(ANN, "!practice share\nTitle: Warm rooms\nProblem: Cold\nWhat we do: Heat")
    told = await hall.do(lambda c: list(portable.lines(c)))
    await is_erased(hall, tmp_path, "keep-practices")
    await hall.do(lose)
    await takes_in(hall, told)
    shown = await hall.hears(BEN, "!practice show P-1")
    assert "Warm rooms" in shown
    assert "Havnvoll" in shown
    assert "Ann" not in shown
    assert "$" not in (await everything(hall.database))["practice_field"]


@pytest.mark.parametrize("anew", [False, True])
async def test_an_older_export_brings_nothing_back_whose_message_was_deleted(
    hall: Delivered, anew: bool
) -> None:
    await hall.keeps_archive()
    form = "Title: canaryone\nProblem: canarytwo\nWhat we do: canarythree"
    asked = [
        hall.said(ANN, f"!practice share\n{form}"),
        hall.said(ANN, "!visit propose Havnvoll title:canaryfour 2027-03-09 2027-03-16"),
        hall.said(ANN, "!action add canaryfive by Friday"),
    ]
    for one in asked:
        await hall.responds(one)
    told = await hall.do(lambda c: list(portable.lines(c)))
    for one in asked:
        await hall.takes_back(ANN, one.event_id)
        await hall.redacts(ANN, one.event_id)
    in_books = await hall.do(lambda c: list(portable.lines(c)))
    if anew:
        await hall.do(lose)
    await takes_in(hall, told)
    kept = await everything(hall.database)
    for name in ("practice", "practice_field", "visit", "visit_line", "promise", "document"):
        assert "canary" not in kept[name], name
    assert "I have no P-1" in await hall.hears(BEN, "!practice show P-1")
    await hall.do(lose)
    await takes_in(hall, in_books)
    again = await hall.do(lambda c: list(portable.lines(c)))
    assert again == in_books, "what is told since comes in as it stood"


async def test_exports_do_not_list_who_was_erased_and_is_still_there(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "canary")
    await hall.talks(BEN, "Something of somebody else")
    await is_erased(hall, tmp_path)
    number = await hall.do(lambda c: rooms.know(c, HOUSING).id)
    of_the_room = await hall.do(lambda c: list(portable.lines(c, [number])))
    of_all = await hall.do(lambda c: list(portable.lines(c)))
    for told in (of_the_room, of_all):
        assert "Ann Berg" not in "".join(told)
        assert "Ben" in "".join(told)


@pytest.mark.parametrize("known", [True, False])
async def test_an_older_export_names_nobody_who_was_erased_and_has_left(
    hall: Delivered, tmp_path: Path, known: bool
) -> None:
    """Also where only the ledger knows of them."""
    await hall.keeps_archive()
    root = await hall.talks(ANN, "canaryone", reactions=[ANN])
    await hall.talks(BEN, "Something of somebody else", thread=root)
    await hall.says(ANN, "!practice share\nTitle: canarytwo\nProblem: Cold\nWhat we do: Heat")
    told = await hall.do(lambda c: list(portable.lines(c)))
    assert '"display_name":"Ann Berg"' in "".join(told)
    await is_erased(hall, tmp_path)
    for room in (HOUSING, direct(ANN)):
        await hall.moves(ANN, room, "leave")
    await erasing.carry_out(running(hall, tmp_path))
    assert await where(hall.database, ANN, "Ann Berg") == set()

    def forget(connection: Connection) -> None:
        for table in (message, event):
            connection.execute(delete(table))
        connection.execute(delete(person).where(person.c.user_id.startswith("erased:")))

    if not known:
        await hall.do(lose)
        await hall.do(forget)
    for _ in range(2):
        await takes_in(hall, told)
        assert await where(hall.database, ANN, "Ann Berg", "canary") == set()
    (mine,) = await hall.do(
        lambda c: c.execute(select(person).where(person.c.user_id.startswith("erased:"))).all()
    )
    assert (mine.display_name, mine.city, mine.roles, mine.archive) == ("—", None, [], False)
    kept = await hall.do(lambda c: archive.thread(c, [rooms.know(c, HOUSING).id], root))
    assert [one.body for one in kept] == ["", "Something of somebody else"]


async def test_an_older_export_brings_no_word_of_a_withdrawn_practice_back(hall: Delivered) -> None:
    form = "Title: canaryone\nProblem: canarytwo\nWhat we do: canarythree"
    await hall.says(ANN, f"!practice share\n{form}")
    told = await hall.do(lambda c: list(portable.lines(c)))
    await hall.says(ANN, "!practice withdraw P-1")
    await hall.says(ANN, "!practice withdraw P-1 yes")
    await takes_in(hall, told)
    assert "canary" not in (await everything(hall.database))["practice_field"]
    assert "I have no P-1" in await hall.hears(BEN, "!practice show P-1")


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


async def test_a_receipt_links_only_what_names_them_where_they_may_read(
    hall: Delivered, tmp_path: Path
) -> None:
    """A part of a word is no name; and of a room that is none of theirs they learn nothing."""
    for room in (HOUSING, WELCOME):
        await hall.keeps_archive(room)
    await hall.talks(BEN, "We are planning the channel and the annual feast")
    await hall.talks(BEN, "ANN BERG must not know", WELCOME)
    named = await hall.talks(BEN, "Thanks, ANN!")
    await is_erased(hall, tmp_path)
    receipt = hall.stood[-1]
    assert "1 message of others names you" in receipt.body
    assert named in repr(receipt.content)
    assert WELCOME not in repr(receipt.content)


async def test_names_are_known_in_capitals_of_any_alphabet(hall: Delivered) -> None:
    await hall.keeps_archive()
    said = [await hall.talks(BEN, body) for body in ("Ask ЖЕНЯ", "Ask Женя?", "Ask Женяна")]
    number = await hall.do(lambda c: people.know(c, ANN).id)
    found = await hall.do(lambda c: erasures.named_by_others(c, number, ["Женя"]))
    assert [one.event_id for one in found] == [said[1], said[0]]


async def test_what_came_in_before_the_command_was_dealt_with_goes_too(
    hall: Delivered, tmp_path: Path
) -> None:
    """After an outage words that were said later are there by then; those after it are not."""
    await hall.keeps_archive()
    await hall.says(ANN, "privacy erase", direct(ANN))
    command = hall.said(ANN, "privacy erase yes", direct(ANN))
    await hall.talks(ANN, "canary said after it")
    await hall.responds(command)
    await erases(hall, tmp_path)
    assert await where(hall.database, "canary") == set()


@pytest.mark.parametrize("waits", [True, False])
async def test_an_edit_of_a_message_that_was_deleted_meanwhile_is_not_carried_out(
    hall: Delivered, waits: bool
) -> None:
    """As after an outage: nobody has had time for the room when the message is deleted."""
    command = said(hall, "!practise sahre")
    edit = edited(hall, command, FORM.format("canary"))
    gone = deleted(hall, command.event_id)
    for one in (command, edit, gone) if waits else (command, gone, edit):
        await comes(hall, one)
    assert "inbox" not in await where(hall.database, "canary")
    await hall.deals_with(HOUSING)
    assert await where(hall.database, "canary") == set()
    assert not hall.stood


async def test_words_that_come_after_their_edit_are_not_carried_out_again(
    hall: Delivered,
) -> None:
    """Their key was late, or their page of history."""
    command = said(hall, FORM.format("canary"))
    hall.later(timedelta(minutes=1))
    edit = edited(hall, command, FORM.format("It is cold"))
    for one in (edit, command):
        await comes(hall, one)
        await hall.deals_with(HOUSING)
    assert "P-1 is shared" in hall.readable()
    assert "P-2" not in hall.readable()
    assert await where(hall.database, "canary") == set()


async def test_a_command_that_comes_after_its_edit_is_not_carried_out(hall: Delivered) -> None:
    """Nothing was made of it that could tell."""
    command = replace(said(hall, "!archive on"), sender=CORA)
    hall.later(timedelta(minutes=1))
    edit = edited(hall, command, "!archive status", by=CORA)
    for one in (edit, command):
        await comes(hall, one)
        await hall.deals_with(HOUSING)
    assert not await hall.do(lambda c: rooms.know(c, HOUSING).archive_on)
    assert len(hall.bodies(HOUSING)) == 1


async def test_an_older_edit_that_comes_late_brings_no_words_back(hall: Delivered) -> None:
    command = said(hall, FORM.format("It is cold"))
    await comes(hall, command)
    await hall.deals_with(HOUSING)
    older = edited(hall, command, FORM.format("canary"))
    hall.later(timedelta(minutes=1))
    newer = edited(hall, command, FORM.format("It is cold and dark"))
    for one in (newer, older):
        await comes(hall, one)
        await hall.deals_with(HOUSING)
    assert await where(hall.database, "canary") == set()
    assert "practice_field" in await where(hall.database, "cold and dark")


@pytest.mark.parametrize(
    "typed", ["yes keep-practices", "yes but keep my practices", "yes (keep-practices)"]
)
async def test_nothing_goes_for_good_that_was_to_be_kept(
    hall: Hall, tmp_path: Path, typed: str
) -> None:
    stood = Delivered(hall.database)
    form = "Title: Warm rooms\nProblem: Cold\nWhat we do: Heat"
    await stood.says(ANN, f"!practice share\n{form}")
    await stood.says(ANN, "privacy erase", direct(ANN))
    await stood.says(ANN, f"privacy erase {typed}", direct(ANN))
    await erases(stood, tmp_path)
    assert "Warm rooms" in await stood.hears(BEN, "!practice show P-1")


async def test_keep_practices_may_have_a_blank_in_it(hall: Hall, tmp_path: Path) -> None:
    stood = Delivered(hall.database)
    form = "Title: Warm rooms\nProblem: Cold\nWhat we do: Heat"
    await stood.says(ANN, f"!practice share\n{form}")
    await stood.says(ANN, "privacy erase", direct(ANN))
    assert "I am erasing" in await stood.hears(ANN, "privacy erase keep practices", direct(ANN))
    await erases(stood, tmp_path)
    assert "Warm rooms" in await stood.hears(BEN, "!practice show P-1")

"""A room's archive is thrown away: shown first, done in the background, and never undone."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection, delete, make_url, select

from bot import erasing, ledger, purging, purging_beside
from bot.pace import Pace
from commands.posts import Say
from storage import archive, documents, meta, portable, purges, rooms, waiting
from storage.database import open_database
from storage.outbox import Action
from storage.records import EventId, RoomId, RoomKind
from storage.tables.archive import attachment, event, message, reaction, revision
from storage.tables.spine import outbox as outbox_table
from storage.types import event_hash, milliseconds
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    DESK,
    HOUSING,
    ME,
    PAULA,
    WELCOME,
    direct,
    furnish,
    heard,
    join,
)
from tests.commands.delivered import Delivered
from tests.commands.test_erasure import hall, running, where

OLD_HOUSE = RoomId("!old-house:hs")

__all__ = ["hall"]  # the fixture, on both databases


async def is_sure(hall: Delivered, room: RoomId = HOUSING) -> None:
    """A coordinator reads what would go, and wants it so."""
    await hall.says(CORA, "!archive purge", room)
    hall.later(timedelta(minutes=1))
    assert "I am throwing away" in await hall.hears(CORA, "!archive purge yes", room)


async def carries_out(hall: Delivered, folder: Path) -> None:
    """The alarm rings, the background works, the receipt is told."""
    await hall.passes(hall.now)
    await erasing.carry_out(running(hall, folder))
    await hall.passes(hall.now)


async def kept(hall: Delivered, room: RoomId = HOUSING) -> list[str]:
    """Bodies of all that the archive holds of a room."""
    number = await hall.do(lambda c: rooms.know(c, room).id)
    return [one.body for one in await hall.do(lambda c: archive.everything(c, number))]


async def test_turned_off_it_says_what_can_be_done_with_what_is_there(hall: Delivered) -> None:
    await hall.keeps_archive()
    told = await hall.hears(CORA, "!archive off")
    assert "stays until it is deleted here or its time is over, or !archive purge" in told


async def test_it_is_shown_first_and_done_only_on_yes(hall: Delivered) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "We have four lifts")
    await hall.talks(BEN, "Five", thread=root)
    await hall.talks(CORA, "Six")
    shown = await hall.hears(CORA, "!archive purge yes")
    assert shown.startswith("I would throw this away, all that the archive of this room holds:\n")
    assert "- 3 messages\n- 1 thread\n- 3 people\n- from 2 Mar 2026, 10:01 to 10:03\n" in shown
    assert "cannot be undone" in shown
    assert "Within ten minutes, !archive purge yes" in shown
    assert len(await kept(hall)) == 3
    hall.later(timedelta(minutes=11))
    assert "I would throw" in await hall.hears(CORA, "!archive purge yes")
    assert "I would throw" in await hall.hears(PAULA, "!archive purge yes"), "she has not seen it"
    assert "I am throwing away" in await hall.hears(CORA, "!archive purge yes")
    assert "I am at it already" in await hall.hears(PAULA, "!archive purge")
    assert "the archive is off" in await hall.hears(ANN, "!archive status")


async def test_yes_with_more_words_throws_nothing_away(hall: Delivered) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "We have four lifts")
    await hall.says(CORA, "!archive purge")
    assert "I don't know" in await hall.hears(CORA, "!archive purge yes but not yet")
    assert len(await kept(hall)) == 1


async def test_only_who_may_turn_the_archive_off_may_throw_it_away(hall: Delivered) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "We have four lifts")
    for _ in range(2):
        assert "for the admins of this room" in await hall.hears(BEN, "!archive purge yes")
    assert "never archived" in await hall.hears(PAULA, "archive purge", direct(PAULA))
    assert await kept(hall) == ["We have four lifts"]


async def test_where_nothing_is_kept_nothing_is_thrown_away(hall: Delivered) -> None:
    assert "nothing to throw away" in await hall.hears(CORA, "!archive purge")


@pytest.mark.promise(
    "`!archive purge` throws away all that the archive holds of a room, once a room admin has seen"
    " how much it is and says yes: words, threads, reactions, files, confirmed summaries, and what"
    " the hall has said that repeats them; a line in the room says when it is done"
)
async def test_all_of_a_room_goes_and_nothing_of_another(hall: Delivered, tmp_path: Path) -> None:
    for room in (HOUSING, WELCOME):
        await hall.keeps_archive(room)
    root = await hall.talks(ANN, "We have four lifts", reactions=[BEN])
    await hall.talks(BEN, "Lifts are dear", thread=root)
    await hall.talks(BEN, "Lifts of the others", WELCOME, reactions=[PAULA])
    photo = hall._event(ANN, HOUSING, "m.room.message", {
        "msgtype": "m.image", "body": "lifts.png", "url": "mxc://hs/lifts"})  # fmt: skip
    edit = hall._event(ANN, HOUSING, "m.room.message", {
        "msgtype": "m.text", "body": "* Four fine lifts",
        "m.new_content": {"msgtype": "m.text", "body": "Four fine lifts"}})  # fmt: skip
    related = {"rel_type": "m.replace", "event_id": root}
    await hall.archives([photo, replace(edit, relates_to=related)])
    (answer,) = [p for p in await hall.says(CORA, "!search lifts in:Housing") if isinstance(p, Say)]
    assert "lifts" in heard([answer])
    (summary,) = [
        p for p in await hall.says(CORA, "!thread summary", thread_root=root) if isinstance(p, Say)
    ]
    await hall.taps(ANN, summary.key or "", "✅")
    assert await hall.do(lambda c: documents.get(c, documents.SUMMARY, summary.key or ""))
    hall.later(timedelta(minutes=1))
    assert await where(hall.database, "ifts are dear", "lifts.png", "Four fine") >= {
        "message", "attachment", "document"
    }  # fmt: skip

    await is_sure(hall)
    await carries_out(hall, tmp_path)

    assert await where(hall.database, "ifts are dear", "lifts.png", "Four fine") == set()
    assert await kept(hall) == []
    assert await kept(hall, WELCOME) == ["Lifts of the others"]
    number = await hall.do(lambda c: rooms.know(c, HOUSING).id)
    for table in (event, message, reaction, attachment, revision):
        mine = select(table).where(table.c.room_id == number)
        assert (await hall.do(lambda c: c.execute(mine).all())) == [], table.name  # noqa: B023 — awaited at once
    assert len(await hall.do(lambda c: c.execute(select(reaction)).all())) == 1
    gone = {one.changes for one in hall.stood if one.action is Action.REDACTION}
    assert gone == {
        one.key for one in hall.stood if one.key.startswith(("summary/", "reply/"))
        and ("ifts" in one.body or "confirmed" in one.body) and "purge" not in one.body
    }  # fmt: skip
    told = hall.bodies(HOUSING)[-1]
    assert told.startswith("Done. This was thrown away of the archive of this room:")
    assert "3 messages" in told
    assert "what is known of 1 file" in told
    assert "Nothing found" in await hall.hears(PAULA, "search fine lifts", direct(PAULA))
    assert "0 messages" in await hall.hears(ANN, "!archive status")
    assert await hall.do(purges.find) == []
    assert "nothing to throw away" in await hall.hears(CORA, "!archive purge")


async def test_practices_made_from_its_messages_stay(hall: Delivered, tmp_path: Path) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "We have four lifts")
    form = "!practice share\nTitle: Warm rooms\nProblem: Cold lifts\nWhat we do: Heat"
    assert "is shared" in await hall.hears(ANN, form)
    await is_sure(hall)
    await carries_out(hall, tmp_path)
    assert "Warm rooms" in await hall.hears(ANN, "!practice show P-1")


async def test_rooms_that_it_was_upgraded_from_go_with_it(hall: Delivered, tmp_path: Path) -> None:
    await hall.do(lambda c: join(c, OLD_HOUSE, RoomKind.CLUSTER, (ANN, ME), "housing"))
    await hall.keeps_archive(OLD_HOUSE)
    await hall.talks(ANN, "We have four lifts", OLD_HOUSE)

    def upgrade(connection: Connection) -> None:
        old = rooms.know(connection, OLD_HOUSE)
        rooms.succeed(connection, old, HOUSING, version="12")

    await hall.do(upgrade)
    await hall.talks(BEN, "And five stairs")
    assert "2 messages" in await hall.hears(CORA, "!archive purge")
    await hall.hears(CORA, "!archive purge yes")
    await carries_out(hall, tmp_path)
    assert await kept(hall, OLD_HOUSE) == await kept(hall) == []


async def test_a_purge_that_was_cut_off_in_the_middle_goes_on(
    hall: Delivered, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await hall.keeps_archive()
    for number in range(30):
        await hall.talks(ANN, f"Lift number {number}")
    await is_sure(hall)
    await hall.passes(hall.now)
    steps, step = 0, Pace.step

    async def dies(self, database, work):  # type: ignore[no-untyped-def]
        nonlocal steps
        steps += 1
        if steps == 2:
            raise SystemExit
        return await step(self, database, work)

    with monkeypatch.context() as power:
        power.setattr(Pace, "step", dies)
        with pytest.raises(SystemExit):
            await erasing.carry_out(running(hall, tmp_path))
    assert 0 < len(await kept(hall)) < 30
    await carries_out(hall, tmp_path)
    assert await kept(hall) == []
    assert "- 30 messages" in hall.bodies(HOUSING)[-1].replace("• ", "- ")
    assert sum("Done. This was thrown" in body for body in hall.bodies(HOUSING)) == 1


@pytest.mark.promise(
    "`moothall purge` shows what would go of a room's archive, and has it thrown away by the"
    " running hall with --yes"
)
async def test_an_operator_has_it_done_beside_the_running_hall(tmp_path: Path) -> None:
    url = make_url(f"sqlite:///{tmp_path}/beside.db")
    database = await open_database(url)
    await database.write(furnish)
    hall = Delivered(database)
    await hall.keeps_archive()
    await hall.talks(ANN, "We have four lifts")
    (unknown,) = await purging_beside.purge(url, "#attic:hs", sure=True, wait=1)
    assert "a room's id, or a cluster's slug" in unknown
    (empty,) = await purging_beside.purge(url, "welcome", sure=True, wait=1)
    assert "holds nothing of Welcome" in empty
    shown = await purging_beside.purge(url, "housing", sure=False, wait=1)
    assert "messages 1" in shown[0]
    assert "--yes" in shown[2]
    (asked,) = await purging_beside.purge(url, HOUSING, sure=True, wait=1)
    assert "as soon as the hall runs" in asked
    assert await where(database, "four lifts") == {"message"}
    # A whole second: alarms are kept to the millisecond, and this clock stands still.
    hall.now = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=30)
    await carries_out(hall, tmp_path)
    assert await where(database, "four lifts") == set()
    assert "Done. This was thrown away" in hall.bodies(HOUSING)[-1]
    (nothing,) = await purging_beside.purge(url, HOUSING, sure=True, wait=1)
    assert "holds nothing" in nothing
    await database.close()


# ── nothing comes back ────────────────────────────────────────────────────────────────────────


@pytest.mark.promise(
    "What was thrown away with a room's archive does not come back: not by older history, not by"
    " an import, not with a restored backup; what is said once it is on again is kept as usual"
)
async def test_nothing_of_it_comes_back_and_what_is_said_later_is_kept(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    before = hall.now
    await hall.talks(ANN, "We have four lifts", reactions=[BEN])
    exported = list(await hall.do(lambda c: list(portable.lines(c))))
    await is_sure(hall)
    await carries_out(hall, tmp_path)

    hall.later(timedelta(days=1))
    assert "keeps an archive" in await hall.hears(CORA, "!archive on")
    taken = await hall.do(lambda c: portable.take_in(c, exported))
    assert taken.events == taken.messages == 0
    assert await kept(hall) == []
    assert await hall.do(lambda c: c.execute(select(reaction)).all()) == []
    day = before.date().isoformat()
    assert "was thrown away on" in await hall.hears(CORA, f"!archive backfill {day} yes")
    # However its beginning came to lie further back: nothing older than the purge is stored.
    await hall.do(lambda c: rooms.change(c, HOUSING, archive_since=before))
    since = await hall.do(lambda c: rooms.archive_since(c, HOUSING))
    assert since is not None
    assert since > before + timedelta(minutes=1)
    await hall.talks(ANN, "We have six stairs")
    assert await kept(hall) == ["We have six stairs"]


async def test_a_restored_backup_follows_the_ledger(hall: Delivered, tmp_path: Path) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "We have four lifts")
    said = await hall.do(lambda c: list(portable.lines(c)))
    await hall.says(CORA, "!search lifts")
    await is_sure(hall)
    await carries_out(hall, tmp_path)
    text = (tmp_path / ledger.NAME).read_text()
    assert '"kind":"purged"' in text
    assert "lift" not in text

    def restore(connection: Connection) -> None:
        """As if the backup of before had been put back."""
        connection.execute(delete(outbox_table).where(outbox_table.c.key.startswith("purged/")))
        meta.forget(connection, meta.PURGED + HOUSING)
        portable.take_in(connection, said)

    await hall.do(restore)
    await hall.keeps_archive()
    assert await kept(hall) == ["We have four lifts"]
    again = await ledger.replay(hall.database, tmp_path, hall.now, "en")
    assert again == 0  # nobody was erased
    assert await kept(hall) == [""], "before anybody is answered"
    assert await hall.do(lambda c: rooms.archive_since(c, HOUSING)) is None
    told = len(hall.bodies(HOUSING))
    await carries_out(hall, tmp_path)
    assert await kept(hall) == []
    (line,) = hall.bodies(HOUSING)[told:]
    assert "restored from a backup of before" in line
    assert "nothing that is said here is kept, until !archive on" in line
    assert "message" not in line, "how much it was, was told the first time"
    assert await hall.do(purges.find) == []


async def test_a_message_with_a_clock_that_runs_ahead_goes_too(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive()
    ahead = hall._event(ANN, HOUSING, "m.room.message", {"msgtype": "m.text", "body": "of 2030"})
    ahead = replace(ahead, at=milliseconds(hall.now + timedelta(days=1500)))
    await hall.archives([ahead])
    await is_sure(hall)
    await carries_out(hall, tmp_path)
    assert await kept(hall) == [""]
    assert str(event_hash(ahead.event_id)) in (tmp_path / ledger.NAME).read_text()


async def test_what_waits_to_be_read_in_the_room_goes(hall: Delivered, tmp_path: Path) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "We have four lifts")

    def wait(connection: Connection) -> None:
        for room in (HOUSING, WELCOME):
            one = waiting.Waiting(EventId(f"$sealed{room}"), room, "s", {"sealed": room})
            waiting.add(connection, [one], hall.now, None)
            waiting.add_malformed(connection, room, {"odd": room}, hall.now)

    await hall.do(wait)
    await is_sure(hall)
    await carries_out(hall, tmp_path)
    counts = await hall.do(waiting.counts)
    assert counts == {"waiting for keys": 1, "malformed": 1}


# ── rooms that the hall is not in any more ────────────────────────────────────────────────────


async def is_sent_away(hall: Delivered) -> None:
    await hall.do(lambda c: rooms.change(c, WELCOME, joined=False))
    await hall.moves(ME, WELCOME, "leave")


async def a_day_passes(hall: Delivered, folder: Path, days: int = 1) -> None:
    hall.later(timedelta(days=days))
    await purging.follow_rooms_left(running(hall, folder))
    await carries_out(hall, folder)


@pytest.mark.promise(
    "Where the hall is sent away, or leaves, the archive of the room is thrown away after 90 days"
    " (`kept_after_leaving`), and the coordinators are told: at once, a week before, and when it is"
    " done; invited again before that, nothing is lost"
)
async def test_the_archive_of_a_room_that_was_left_goes_after_its_time(
    hall: Delivered, tmp_path: Path
) -> None:
    for room in (HOUSING, WELCOME):
        await hall.keeps_archive(room)
        await hall.talks(BEN, "We have four lifts", room)
    await is_sent_away(hall)
    await a_day_passes(hall, tmp_path)
    await a_day_passes(hall, tmp_path, 89)
    assert await kept(hall, WELCOME) == ["We have four lifts"]
    await a_day_passes(hall, tmp_path)
    assert await kept(hall, WELCOME) == []
    assert await kept(hall) == ["We have four lifts"]
    assert hall.bodies(WELCOME) == []
    noticed, last_call, told = hall.bodies(DESK)
    # 90 days from the day on which it was first found so: 3 March 2026
    for notice in (noticed, last_call):
        assert "not been in Welcome since Tuesday, 3 March 2026" in notice
        assert "1 message, is thrown away on Monday, 1 June 2026" in notice
        assert "Invite me there again before that day" in notice
        assert "moothall export" in notice
    assert "I have not been in Welcome for 3 months" in told or "for 90 days" in told
    assert "1 message" in told
    left = await hall.do(lambda c: rooms.know(c, WELCOME))
    assert not left.archive_on, "invited again it asks again"
    await a_day_passes(hall, tmp_path, 200)
    assert len(hall.bodies(DESK)) == 3


async def test_each_notice_is_given_once_and_in_time(hall: Delivered, tmp_path: Path) -> None:
    """The day is never nearer than promised; where an archive stays a few days, one says it all."""
    await hall.keeps_archive(WELCOME)
    await hall.talks(BEN, "We have four lifts", WELCOME)
    await is_sent_away(hall)
    told = []
    for days in (1, 1, 81, 1, 1, 5):
        await a_day_passes(hall, tmp_path, days)
        told.append(len(hall.bodies(DESK)))
    assert told == [1, 1, 1, 2, 2, 2]
    await hall.do(lambda c: rooms.change(c, WELCOME, joined=True))
    await a_day_passes(hall, tmp_path)
    await hall.do(lambda c: rooms.change(c, WELCOME, joined=False))
    rules = replace(hall.settings.archive, kept_after_leaving=timedelta(days=5))
    hall.settings = replace(hall.settings, archive=rules)
    for _ in range(5):
        await a_day_passes(hall, tmp_path)
    assert len(hall.bodies(DESK)) == 3, "sent away anew: told anew"
    await a_day_passes(hall, tmp_path)
    assert len(hall.bodies(DESK)) == 4
    assert await kept(hall, WELCOME) == []


async def test_no_notice_is_given_where_it_has_come_back_meanwhile(
    hall: Delivered, tmp_path: Path
) -> None:
    await hall.keeps_archive(WELCOME)
    await hall.talks(BEN, "We have four lifts", WELCOME)
    await is_sent_away(hall)
    await purging.follow_rooms_left(running(hall, tmp_path))
    await hall.do(lambda c: rooms.change(c, WELCOME, joined=True))
    await carries_out(hall, tmp_path)
    assert hall.bodies(DESK) == []


async def test_coming_back_ends_the_clock(hall: Delivered, tmp_path: Path) -> None:
    await hall.keeps_archive(WELCOME)
    await hall.talks(BEN, "We have four lifts", WELCOME)
    await is_sent_away(hall)
    await a_day_passes(hall, tmp_path)
    await hall.do(lambda c: rooms.change(c, WELCOME, joined=True))
    await a_day_passes(hall, tmp_path, 60)
    await hall.do(lambda c: rooms.change(c, WELCOME, joined=False))
    await a_day_passes(hall, tmp_path, 60)
    assert await kept(hall, WELCOME) == ["We have four lifts"]
    await a_day_passes(hall, tmp_path, 90)
    assert await kept(hall, WELCOME) == []


async def test_for_ever_means_as_long_as_anywhere(hall: Delivered, tmp_path: Path) -> None:
    rules = replace(hall.settings.archive, kept_after_leaving=None)
    hall.settings = replace(hall.settings, archive=rules)
    await hall.keeps_archive(WELCOME)
    await hall.talks(BEN, "We have four lifts", WELCOME)
    await is_sent_away(hall)
    for _ in range(3):
        await a_day_passes(hall, tmp_path, 100)
    assert await kept(hall, WELCOME) == ["We have four lifts"]


async def test_an_imported_archive_and_an_upgraded_room_are_left_alone(
    hall: Delivered, tmp_path: Path
) -> None:
    def stand(connection: Connection) -> None:
        rooms.know(connection, RoomId("!elsewhere:hs"), RoomKind.CLUSTER)
        rooms.change(connection, RoomId("!elsewhere:hs"), joined=False)
        join(connection, OLD_HOUSE, RoomKind.CLUSTER, (ANN, ME), "housing")
        rooms.succeed(connection, rooms.know(connection, OLD_HOUSE), HOUSING, version="12")
        rooms.change(connection, OLD_HOUSE, joined=False)

    await hall.do(stand)
    for room in (RoomId("!elsewhere:hs"), OLD_HOUSE):
        await hall.talks(ANN, "We have four lifts", room)
        for _ in range(3):
            await a_day_passes(hall, tmp_path, 100)
        assert await kept(hall, room) == ["We have four lifts"], room

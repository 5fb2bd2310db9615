"""The archive: on with a notice, off at once, and a thread in its own words."""

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import cast

import pytest
from sqlalchemy import Connection, insert

from bot.state import lifetime
from commands.archive import book
from commands.posts import CleanUp, Compile, Offer, Pin, React, Say
from storage import archive, meta, reindexing, rooms
from storage.database import Database
from storage.records import ArchiveRules, EventId, Room, RoomId, RoomKind, UserId
from storage.tables.archive import attachment
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    HOUSING,
    ME,
    OTTO,
    PAULA,
    Hall,
    direct,
    heard,
    join,
    plain,
)
from tests.commands.delivered import Delivered
from tests.commands.test_search import talk, upgraded

PARTY = RoomId("!party:hs")


async def test_switching_it_on_posts_the_notice_for_all_and_pins_it(hall: Hall) -> None:
    command = hall.said(CORA, "!archive on")
    notice, pin, thumb = await hall.responds(command)
    assert isinstance(notice, Say)
    assert notice.thread is None
    assert notice.key is not None
    assert pin == Pin(HOUSING, notice.key)
    assert thumb == React(HOUSING, command.event_id, "👍")
    said = plain(notice.reply)
    for promise in (
        "This room keeps an archive",
        "What: messages",
        "Why:",
        "How long: 2 years",
        "Who reads it:",
        "!privacy archive off",
        "Responsible: City of Havnvoll. Questions go to privacy@havnvoll.example.",
    ):
        assert promise in said
    assert "end-to-end" not in said
    since = await hall.do(lambda c: rooms.archive_since(c, HOUSING))
    assert since == hall.now
    assert await hall.hears(CORA, "!archive on") == "The archive of this room is on already."


async def test_in_an_encrypted_room_the_notice_says_where_protection_ends(hall: Hall) -> None:
    await hall.do(lambda c: rooms.change(c, HOUSING, encrypted=True))
    assert "end-to-end protection ends at me" in await hall.hears(
        CORA, "!archive on", encrypted=True
    )


async def test_a_notice_without_a_controller_names_none(hall: Hall) -> None:
    hall.settings = replace(hall.settings, archive=ArchiveRules(retention=None))
    said = await hall.hears(CORA, "!archive on")
    assert "Responsible" not in said
    assert "as long as the archive exists" in said


async def test_switched_off_nothing_more_is_kept_and_everybody_reads_so(hall: Hall) -> None:
    assert await hall.hears(CORA, "!archive off") == "The archive of this room is off already."
    await hall.says(CORA, "!archive on")
    post, after = await hall.says(CORA, "!archive off")
    assert isinstance(post, Say)
    assert after == CleanUp(), "heard late, it takes words back that came after it"
    assert post.thread is None
    assert "off: nothing that is said from now on is kept" in plain(post.reply)
    assert await hall.do(lambda c: rooms.archive_since(c, HOUSING)) is None


async def test_an_export_does_not_reach_from_an_old_room_into_the_new(hall: Hall) -> None:
    """Who was sent out of the new room, and is in the old one still, gets what was said here."""
    new = RoomId("!new:hs")
    await hall.keeps_archive()
    await hall.talks(ANN, "The old pump")

    def upgrade(connection: Connection) -> None:
        join(connection, new, RoomKind.CLUSTER, (ANN, PAULA, ME), "housing")
        rooms.change(connection, new, predecessor=HOUSING)
        rooms.change(connection, HOUSING, successor=new)

    await hall.do(upgrade)
    await hall.keeps_archive(new)
    await hall.talks(ANN, "The new pump", new)
    old_number = (await hall.do(lambda c: rooms.know(c, HOUSING))).id
    new_number = (await hall.do(lambda c: rooms.know(c, new))).id
    for room, exported in ((HOUSING, {old_number}), (new, {old_number, new_number})):
        posts = await hall.says(PAULA, "!archive export", room)
        (made,) = (post for post in posts if isinstance(post, Compile))
        assert set(made.asked["rooms"]) == exported


async def test_only_coordinators_and_room_admins_decide_about_the_archive(hall: Hall) -> None:
    assert "for the admins of this room" in await hall.hears(BEN, "!archive on")
    levels = {"users": {BEN: 100}}
    await hall.do(lambda c: rooms.change(c, HOUSING, power_levels=levels))
    assert "This room keeps an archive" in await hall.hears(BEN, "!archive on")


async def test_in_a_room_of_no_cluster_its_admin_decides(hall: Hall) -> None:
    await hall.do(lambda c: join(c, PARTY, RoomKind.OTHER, (ANN, BEN, ME)))
    await hall.do(lambda c: rooms.change(c, PARTY, power_levels={"users": {ANN: 100}}))
    assert "for the admins" in await hall.hears(BEN, "!archive on", PARTY)
    assert "keeps an archive" in await hall.hears(ANN, "!archive on", PARTY)


async def test_a_direct_chat_is_never_archived(hall: Hall) -> None:
    assert "never archived" in await hall.hears(PAULA, "archive on", direct(PAULA))


async def test_status_counts_but_names_nobody(hall: Hall) -> None:
    assert "the archive is off" in await hall.hears(ANN, "!archive status")
    await hall.keeps_archive()
    root = await hall.talks(ANN, "Where do we meet?")
    await hall.talks(BEN, "In the library", thread=root)
    shown = await hall.hears(ANN, "!archive status")
    assert "Housing: the archive is on." in shown
    assert "- 2 messages\n- 1 thread\n" in shown
    assert "people" not in shown
    assert "from 2 Mar 2026, 10:01 to 10:02" in shown
    await hall.talks(CORA, "Fine")
    assert "- 3 people" in await hall.hears(ANN, "!archive status")


async def test_in_a_direct_chat_status_is_about_all_rooms_of_the_asker(hall: Hall) -> None:
    assert await hall.hears(ANN, "archive status", direct(ANN)) == (
        "No room that you are in keeps an archive."
    )
    await hall.keeps_archive()
    assert "Housing: the archive is on." in await hall.hears(ANN, "archive status", direct(ANN))


# ── a thread's summary ────────────────────────────────────────────────────────────────────────


async def test_a_thread_is_summed_up_in_its_own_words_with_links(hall: Hall) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "We need hosts for the spring visit. Any ideas?")
    idea = await hall.talks(
        BEN, "The library can take thirty people on a Tuesday.", thread=root, reactions=[CORA]
    )
    await hall.talks(BEN, "Who pays for the travel?", thread=root)
    post, offered = await hall.says(CORA, "!thread summary", thread_root=root)
    assert isinstance(post, Say)
    assert offered == Offer(post.key or "", "✅")
    assert post.thread == root
    assert set(post.quotes) >= {root, idea}
    assert plain(post.reply) == (
        "This thread so far: 3 messages, 2 Mar 2026, 10:01 to 10:03.\n"
        "Who wrote: Ann Berg (1), Ben (2)\n"
        "It began: “We need hosts for the spring visit.” · Ann Berg\n"
        "What stands out:\n"
        "- “The library can take thirty people on a Tuesday.” · Ben\n"
        "Still open:\n"
        "- “Who pays for the travel?” · Ben\n"
        "Is that right? A ✅ from somebody who wrote here lets search find it, and the digest"
        " tell it."
    )


async def test_a_reply_to_a_message_means_that_messages_thread(hall: Hall) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "We need hosts for the spring visit.")
    inside = await hall.talks(BEN, "The library can take thirty people.", thread=root)
    assert "2 messages" in await hall.hears(CORA, "!summary", reply_to=inside)
    assert "Which thread?" in await hall.hears(CORA, "!summary")


async def test_a_thread_without_archive_or_words_is_said_to_be_so(hall: Hall) -> None:
    assert "keeps no archive" in await hall.hears(CORA, "!summary", thread_root="$x")
    await hall.keeps_archive()
    assert "holds nothing of this thread" in await hall.hears(CORA, "!summary", thread_root="$x")


async def test_a_summary_in_a_room_shows_nothing_that_one_of_its_members_may_not_read(
    hall: Hall,
) -> None:
    await hall.keeps_archive(visibility="joined")
    root = await hall.talks(ANN, "We need hosts for the spring visit.")
    assert "We need hosts" in await hall.hears(CORA, "!summary", thread_root=root)
    hall.later(timedelta(minutes=1))
    late = UserId("@late:hs")
    await hall.moves(late, HOUSING, "join")
    assert "holds nothing of this thread" in await hall.hears(CORA, "!summary", thread_root=root)
    await hall.moves(late, HOUSING, "leave")
    assert "We need hosts" in await hall.hears(CORA, "!summary", thread_root=root)


async def test_our_own_words_and_commands_are_no_part_of_a_summary(hall: Hall) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "We need hosts for the spring visit.")
    await hall.talks(ME, "I am the hall and say a lot of words here.", thread=root)
    await hall.talks(BEN, "!thread summary", thread=root)
    shown = await hall.hears(CORA, "!summary", thread_root=root)
    assert "1 message" in shown
    assert "hall" not in shown


# ── for operators ─────────────────────────────────────────────────────────────────────────────


async def test_admin_status_shows_the_hall_in_counts(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "Hello")
    posts = await hall.says(OTTO, "!admin status")
    shown = heard(posts)
    assert shown.startswith("All is well. Moothall 0")
    assert "8 rooms, 1 with an archive" in shown
    assert "1 message, 0 threads" in shown
    assert "Hello" not in shown
    assert "indexed anew" not in shown
    await hall.do(lambda c: meta.put(c, reindexing.ANALYSER, "of before"))
    assert await hall.do(reindexing.begin)
    assert "1 message waits to be indexed anew" in await hall.hears(OTTO, "!admin status")


# ── for how long ──────────────────────────────────────────────────────────────────────────────

DAYS = timedelta(days=1)


@pytest.mark.parametrize(
    ("configured", "of_cluster", "told", "kept"),
    [
        (730, "none", None, 730),
        (730, "none", 90, 90),  # the room itself asks for less
        (730, "none", 9000, 730),
        (730, 30, 90, 30),
        (730, None, None, None),  # this room for ever
        (None, "none", None, None),
        (None, "none", 90, 90),
        (730, None, 90, 90),
    ],
)
def test_words_are_kept_as_long_as_configured_or_as_the_room_allows(
    configured: int | None, of_cluster: int | str | None, told: int | None, kept: int | None
) -> None:
    def days(number: int | None) -> timedelta | None:
        return None if number is None else number * DAYS

    own = {} if isinstance(of_cluster, str) else {"housing": days(of_cluster)}
    room = Room(1, HOUSING, RoomKind.CLUSTER, "housing", retention=days(told))
    rules = ArchiveRules(retention=days(configured), of_clusters=own)
    assert rules.kept_for(room) == days(kept)


@pytest.mark.parametrize(
    ("told", "kept_ms"),
    [
        (90 * 86_400_000, 90 * 86_400_000),
        (90 * 86_400, 90 * 86_400_000),  # seconds, as early drafts had it
        (-5, None), (0, None), (True, None), (1.5, None), ("90", None), (None, None), ([], None),
        (2**62, 36_500 * 86_400_000),
    ],
)  # fmt: skip
def test_what_a_room_says_of_its_retention_is_read_with_sense(
    told: object, kept_ms: int | None
) -> None:
    assert lifetime(told) == kept_ms


@pytest.mark.promise(
    "When its time is over a message loses its words and is still counted; the archive's status"
    " says two weeks ahead which will go"
)
async def test_after_their_time_words_go_and_the_count_stays(hall: Hall) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "an old canary")
    hall.later(timedelta(days=720))
    await hall.talks(BEN, "a reply that lives on", thread=root)
    shown = await hall.hears(ANN, "!archive status")
    assert "kept for 2 years" in shown
    assert "1 message goes within two weeks" in shown
    hall.later(timedelta(days=11))
    await hall.expires()
    shown = await hall.hears(ANN, "!archive status")
    assert "- 1 message\n" in shown
    assert "1 older message, whose words were deleted as promised" in shown
    thread = await hall.do(lambda c: archive.thread(c, [rooms.know(c, HOUSING).id], root))
    assert [(one.body, one.expired) for one in thread] == [
        ("", True),
        ("a reply that lives on", False),
    ]
    assert "Nothing found" in await hall.hears(ANN, "!search canary")


async def test_what_concerns_one_room_is_said_there(hall: Hall) -> None:
    for typed in ("archive on", "archive off", "archive backfill 2026-01-31"):
        shown = await hall.hears(CORA, typed, direct(CORA))
        assert shown.endswith("concerns one room, so one of its admins says it there.")
    assert "says it there" not in await hall.hears(BEN, "!archive on")


async def test_who_is_answered_waits_for_no_look_through_the_archive(hall: Hall) -> None:
    """What is too old is looked for beside the writer, however long that takes."""
    await hall.keeps_archive()
    await hall.talks(ANN, "still young")
    held: list[object] = []

    async def write(work: object, **_: object) -> None:
        held.append(work)

    beside = SimpleNamespace(read=hall.database.read, study=hall.database.study, write=write)
    await replace(hall, database=cast(Database, beside)).expires()
    assert held == []


async def is_on(hall: Hall) -> bool:
    return await hall.do(lambda c: rooms.know(c, HOUSING).archive_on)


@pytest.mark.parametrize(
    "typed", ["on?", "on ?!", "on? (only asking)", "on;", "on \u037e", "on ？"]
)
async def test_archive_on_with_a_question_mark_starts_nothing(hall: Hall, typed: str) -> None:
    assert "the archive is off" in await hall.hears(CORA, f"!archive {typed}")
    assert not await is_on(hall)


async def test_archive_off_with_a_question_mark_stops_nothing(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.says(CORA, "!archive off?")
    assert await is_on(hall)


async def test_an_upgraded_room_s_archive_is_not_told_to_be_empty(hall: Hall) -> None:
    await talk(hall)
    new = await upgraded(hall)
    await hall.keeps_archive(new)
    old = await hall.do(lambda c: rooms.know(c, HOUSING).id)
    plan = {"event_h": 1, "room_id": old, "name": "plan.pdf", "sha256": "a", "kept_bytes": 7}
    await hall.do(lambda c: c.execute(insert(attachment), plan))
    assert "- 1 message\n" in await hall.hears(CORA, "!archive purge", new)
    shown = await hall.hears(CORA, "!archive status", new)
    assert "- 1 message\n" in shown
    assert "- 1 file, " in shown


async def test_an_upgraded_room_is_told_of_once(hall: Hall) -> None:
    await talk(hall)
    new = await upgraded(hall)
    await hall.keeps_archive(new)
    assert (await hall.hears(CORA, "archive status", direct(CORA))).count("archive is on") == 1


async def off(hall: Hall) -> str:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "We need hosts for the spring visit.")
    await hall.talks(BEN, "The library can take thirty people.", thread=root)
    hall.later(timedelta(minutes=1))
    await hall.says(CORA, "!archive off")
    assert "Found 1 for hosts" in await hall.hears(CORA, "!search hosts")
    return root


async def test_a_thread_of_before_is_still_summed_up(hall: Hall) -> None:
    root = await off(hall)
    shown = await hall.hears(CORA, "!summary", thread_root=root)
    assert "I don't know what was said" not in shown
    assert "2 messages" in shown


async def test_status_in_the_direct_chat_tells_of_it(hall: Hall) -> None:
    await off(hall)
    assert "2 messages" in await hall.hears(ANN, "archive status", direct(ANN))


async def test_privacy_does_not_say_that_nobody_can_search_it(hall: Hall) -> None:
    await off(hall)
    shown = await hall.hears(ANN, "privacy", direct(ANN))
    assert "1 message of yours in the archive" in shown
    assert "No room that you are in keeps an archive" not in shown


async def test_an_answer_without_its_words_is_an_answer(hall: Hall) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "We plan the bus. Who pays for the travel?")
    await hall.says(BEN, "privacy archive off", direct(BEN))
    hall.later(timedelta(minutes=1))
    await hall.talks(BEN, "The city pays.", thread=root)
    assert "Still open" not in await hall.hears(CORA, "!summary", thread_root=root)


async def test_a_shout_is_part_of_a_summary(hall: Hall) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "When do we meet in the garden?")
    assert await hall.says(BEN, "!!! We decided: the meeting is on 9 March") == ()
    await hall.talks(BEN, "!!! We decided: the meeting is on 9 March", thread=root)
    shown = await hall.hears(CORA, "!summary", thread_root=root)
    assert "2 messages" in shown
    assert "9 March" in shown
    assert "Still open" not in shown


@pytest.mark.promise("A thread under a post of the hall is a thread, in summaries and exports.")
async def test_a_thread_whose_root_is_not_archived_is_a_thread(hall: Hall) -> None:
    await hall.keeps_archive()
    card = EventId("$card-of-the-hall")
    first = await hall.talks(ANN, "We could ask the library about rooms.", thread=card)
    second = await hall.talks(BEN, "The library is closed on Monday though.", thread=card)
    alone = await hall.talks(CORA, "Who has a key?")
    assert "2 messages" in await hall.hears(CORA, "!summary", thread_root=card)
    stood = Delivered(hall.database)
    await stood.says(CORA, "!summary", reply_to=second)
    (summary,) = [one for one in stood.stood if one.key.startswith("summary/")]
    assert "2 messages" in summary.body
    await stood.taps(BEN, summary.key, "✅")
    word = stood.post(f"{summary.key}/confirmed")
    assert word.content["m.relates_to"]["event_id"] == summary.content["m.relates_to"]["event_id"]
    told = await hall.do(lambda c: archive.everything(c, rooms.know(c, HOUSING).id))
    threads = [[one.event_id for one in thread.messages] for thread in book.threads_of(told)]
    assert threads == [[first, second], [alone]]

"""What the hall does when something happens: answers, questions, floods, edits, guests."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, select

from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.events import (
    CommandsMissed,
    Invited,
    MembershipChanged,
    Reacted,
    RoomReplaced,
    TimerDue,
)
from commands.members.handlers import Nothing
from commands.posts import Join, Leave, Post, Posts, Ready, Say, TakeBack
from commands.reply import Text, paragraphs
from storage import inbox, outbox, people, questions, rooms
from storage.inbox import Entry
from storage.records import EventId, Limits, RoomId, RoomKind, UserId
from storage.tables.people import open_question
from storage.types import milliseconds
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    HOUSING,
    ME,
    OTTO,
    PAULA,
    WELCOME,
    Hall,
    direct,
    heard,
    join,
    plain,
)

# ── who is answered ───────────────────────────────────────────────────────────────────────────


async def test_talk_is_not_answered(hall: Hall) -> None:
    assert not await hall.says(ANN, "!!! the lift is repaired")


async def test_a_typo_gets_did_you_mean(hall: Hall) -> None:
    assert await hall.hears(ANN, "!serch lifts") == "I don't know !serch. Did you mean !search?"
    assert await hall.hears(ANN, "serch", direct(ANN)) == (
        "I don't know serch. Did you mean search?"
    )


async def test_several_suggestions_read_as_a_sentence(hall: Hall) -> None:
    assert await hall.hears(CORA, "!member") == (
        "I don't know !member. Did you mean !member set or !member list?"
    )


async def test_what_the_asker_may_not_use_is_not_suggested(hall: Hall) -> None:
    shown = await hall.hears(ANN, "!member")
    assert shown == "I only understand commands. !help shows what you can ask me."


async def test_a_command_for_others_is_refused_with_whom_to_ask(hall: Hall) -> None:
    assert await hall.hears(ANN, "!admin status") == (
        "!admin status is for operators. One of them can do it for you."
    )
    assert "for coordinators" in await hall.hears(ANN, "!member set Ben city:Havnvoll")
    ben = await hall.do(lambda c: people.get(c, BEN))
    assert ben is not None
    assert ben.city is None


async def test_strangers_and_unknown_rooms_are_not_answered(hall: Hall) -> None:
    assert not await hall.says(UserId("@eve:hs"), "!help")
    assert not await hall.says(ANN, "!help", RoomId("!nowhere"))


async def test_answers_in_a_direct_chat_start_no_thread(hall: Hall) -> None:
    question = hall.said(ANN, "whoami", direct(ANN))
    (post,) = await hall.responds(question)
    assert isinstance(post, Say)
    assert (post.thread, post.reply_to) == (None, question.event_id)


# ── a missing argument ────────────────────────────────────────────────────────────────────────


async def test_a_missing_argument_is_asked_for_and_the_next_words_are_the_answer(
    hall: Hall,
) -> None:
    command = hall.said(ANN, "!settings timezone")
    asked = heard(await hall.responds(command))
    assert asked.startswith("Which time zone are you in?")
    assert command.event_id in await hall.do(questions.open_threads)
    told = await hall.hears(ANN, "Lisbon", thread_root=command.event_id)
    assert told == "Your time zone is Europe/Lisbon now, where it is 09:00."
    assert not await hall.says(ANN, "Prague", thread_root=command.event_id)


async def test_an_answer_counts_only_from_who_was_asked_and_where(hall: Hall) -> None:
    command = hall.said(ANN, "!settings timezone")
    await hall.responds(command)
    assert not await hall.says(BEN, "Lisbon", thread_root=command.event_id)
    assert not await hall.says(ANN, "Lisbon")
    assert not await hall.says(ANN, "Lisbon", thread_root="$other")
    assert await hall.says(ANN, "Lisbon", thread_root=command.event_id)


async def test_in_a_direct_chat_the_next_message_is_the_answer(hall: Hall) -> None:
    await hall.says(ANN, "settings language", direct(ANN))
    assert "Portuguese" not in await hall.hears(ANN, "good morning", HOUSING)
    assert await hall.hears(ANN, "Portuguese", direct(ANN)) == "I speak português with you now."


async def test_a_wrong_answer_may_be_put_right(hall: Hall) -> None:
    await hall.says(ANN, "settings timezone", direct(ANN))
    assert "I don't know the time zone" in await hall.hears(ANN, "Olso!!", direct(ANN))
    assert "Europe/Oslo now" in await hall.hears(ANN, "Oslo", direct(ANN))


async def test_in_a_direct_chat_the_whole_command_is_taken_where_an_answer_is_awaited(
    hall: Hall,
) -> None:
    """Where no sign is needed, whoever reads "on or off?" types what the help has shown them."""
    assert "on or off" in await hall.hears(ANN, "privacy archive", direct(ANN))
    await hall.says(ANN, "privacy archive off", direct(ANN))
    ann = await hall.do(lambda c: people.get(c, ANN))
    assert ann is not None
    assert not ann.archive
    await hall.says(ANN, "settings timezone", direct(ANN))
    assert "You are Ann Berg" in await hall.hears(ANN, "whoami", direct(ANN))
    assert "Europe/Oslo" not in await hall.hears(ANN, "Oslo", direct(ANN)), "it asks no more"
    await hall.says(ANN, "search", direct(ANN))
    assert "Nothing found for pump" in await hall.hears(ANN, "search pump", direct(ANN))


async def test_a_question_ends_with_cancel_with_another_command_or_after_ten_minutes(
    hall: Hall,
) -> None:
    command = hall.said(ANN, "!settings timezone")
    await hall.responds(command)
    assert await hall.hears(ANN, "cancel", thread_root=command.event_id) == (
        "All right, nothing is done."
    )
    assert not await hall.says(ANN, "Lisbon", thread_root=command.event_id)

    command = hall.said(ANN, "!settings timezone")
    await hall.responds(command)
    assert await hall.says(ANN, "!whoami", thread_root=command.event_id)
    assert not await hall.says(ANN, "Lisbon", thread_root=command.event_id)

    command = hall.said(ANN, "!settings timezone")
    await hall.responds(command)
    hall.later(timedelta(minutes=10))
    assert not await hall.says(ANN, "Lisbon", thread_root=command.event_id)


async def test_a_command_that_is_taken_back_leaves_no_question(hall: Hall) -> None:
    command = hall.said(ANN, "!settings timezone")
    await hall.responds(command)
    await hall.redacts(ANN, command.event_id)
    assert await hall.do(lambda c: c.execute(select(open_question)).all()) == []


# ── floods ────────────────────────────────────────────────────────────────────────────────────


async def test_a_flood_is_answered_once_with_a_kind_refusal_then_with_silence(hall: Hall) -> None:
    hall.settings = replace(hall.settings, limits=Limits(commands_a_minute=3))
    for _ in range(3):
        assert "You are Ann Berg" in await hall.hears(ANN, "!whoami")
    assert (await hall.hears(ANN, "!whoami")).startswith("That was a lot at once.")
    for _ in range(5):
        assert not await hall.says(ANN, "!whoami")
    assert "You are Ben" in await hall.hears(BEN, "!whoami")
    hall.later(timedelta(minutes=1))
    assert "You are Ann Berg" in await hall.hears(ANN, "!whoami")


async def test_refused_commands_count_as_well(hall: Hall) -> None:
    hall.settings = replace(hall.settings, limits=Limits(commands_a_minute=2))
    for _ in range(2):
        assert "I don't know your city" in await hall.hears(BEN, "!city")
    assert (await hall.hears(BEN, "!city")).startswith("That was a lot at once.")


async def test_talk_counts_for_nothing(hall: Hall) -> None:
    hall.settings = replace(hall.settings, limits=Limits(commands_a_minute=1))
    for _ in range(5):
        await hall.says(ANN, "!!!")
    assert "You are Ann Berg" in await hall.hears(ANN, "!whoami")


# ── corrections ───────────────────────────────────────────────────────────────────────────────


async def test_a_corrected_command_is_answered_again(hall: Hall) -> None:
    command = hall.said(ANN, "!whomai")
    assert "Did you mean" in heard(await hall.responds(command))
    corrected = await hall.edits(command, "!whoami")
    assert "You are Ann Berg" in heard(corrected)
    (post,) = corrected
    assert isinstance(post, Say)
    assert post.thread == command.event_id


async def test_an_edit_is_never_taken_for_an_answer(hall: Hall) -> None:
    command = hall.said(ANN, "!settings timezone")
    await hall.responds(command)
    talk = hall.said(ANN, "Lisboa", thread_root=command.event_id)
    assert not await hall.edits(talk, "Lisbon")


# ── what is taken back ────────────────────────────────────────────────────────────────────────


async def test_answers_that_quoted_a_message_go_with_it_and_one_line_says_so(hall: Hall) -> None:
    gone, question = EventId("$gone"), EventId("$question")

    def quote(connection: Connection) -> None:
        hall_id = uuid4()
        for place in (0, 1):
            key = f"reply/{question}/{place}"
            row = outbox.Row(key, HOUSING, outbox.Action.MESSAGE, {"body": "…"})
            outbox.add(connection, hall_id, [row], hall.now)
            outbox.add_quotes(connection, key, [gone])

    await hall.do(quote)
    posts = await hall.redacts(ANN, gone)
    assert [p.post for p in posts if isinstance(p, TakeBack)] == [
        f"reply/{question}/0",
        f"reply/{question}/1",
    ]
    (line,) = [p for p in posts if isinstance(p, Say)]
    assert line.reply_to == question
    assert line.notice
    assert plain(line.reply).startswith("I took back an answer")


async def test_a_message_that_nobody_quoted_goes_silently(hall: Hall) -> None:
    assert not await hall.redacts(ANN, EventId("$whatever"))


# ── guests ────────────────────────────────────────────────────────────────────────────────────

PARTY = RoomId("!party:hs")


def invited(by: UserId, *, direct_chat: bool = False) -> Invited:
    return Invited(PARTY, by, datetime(2026, 3, 2, tzinfo=UTC), direct_chat)


@pytest.mark.parametrize(
    "host",
    [OTTO, PAULA, CORA, ANN, UserId("@guest:elsewhere"), UserId("@anybody:friendly.example")],
)
async def test_invitations_of_people_we_know_are_accepted(hall: Hall, host: UserId) -> None:
    assert await hall.responds(invited(host)) == [Join(PARTY)]


async def test_an_invitation_to_a_direct_chat_is_remembered_as_one(hall: Hall) -> None:
    assert await hall.responds(invited(ANN, direct_chat=True)) == [Join(PARTY, direct_with=ANN)]


@pytest.mark.parametrize(
    "host", [UserId("@eve:evil.example"), UserId("@eve:hs"), UserId("@x:not.friendly.example")]
)
async def test_invitations_of_strangers_are_declined_politely(hall: Hall, host: UserId) -> None:
    (post,) = await hall.responds(invited(host))
    assert isinstance(post, Leave)
    assert "Arrival Cities" in post.reason


async def test_who_has_left_all_our_rooms_is_a_stranger_again(hall: Hall) -> None:
    await hall.moves(ANN, HOUSING, "leave")
    (post,) = await hall.responds(invited(ANN))
    assert isinstance(post, Leave)


async def test_being_in_somebody_elses_room_with_us_makes_nobody_a_neighbour(hall: Hall) -> None:
    eve = UserId("@eve:evil.example")
    await hall.do(lambda c: join(c, RoomId("!elsewhere"), RoomKind.OTHER, (eve, ME)))
    (post,) = await hall.responds(invited(eve))
    assert isinstance(post, Leave)


# ── rooms, absences, timers ───────────────────────────────────────────────────────────────────


async def test_an_upgraded_room_says_once_where_it_went(hall: Hall) -> None:
    new = RoomId("!new:hs")
    await hall.do(lambda c: join(c, new, RoomKind.CLUSTER, (ANN, ME)))
    replaced = RoomReplaced(EventId("$t"), HOUSING, new)
    (post,) = await hall.responds(replaced)
    assert isinstance(post, Say)
    assert post.room_id == HOUSING
    assert post.key == f"moved/{HOUSING}"
    assert plain(post.reply) == "This room has moved: we go on in Cluster."
    await hall.keeps_archive()
    assert heard(await hall.responds(replaced)).endswith("Its archive went along.")


async def miss(hall: Hall, *minutes: int) -> Sequence[Post]:
    entries = [
        Entry(f"$missed{m}", HOUSING, "event", milliseconds(hall.now + timedelta(minutes=m)))
        for m in minutes
    ]
    await hall.do(lambda c: inbox.add_missed(c, entries, hall.now))
    return await hall.responds(CommandsMissed("missed/1", HOUSING, hall.now))


async def test_one_line_tells_of_all_commands_that_were_missed(hall: Hall) -> None:
    assert heard(await miss(hall, 0, 30, 75)) == (
        "I was away and did not carry out 3 commands. They came between 2 Mar 2026, 10:00 and"
        " 2 Mar 2026, 11:15. Please send again what still matters."
    )
    assert not await miss(hall)


async def test_one_missed_command_has_one_time(hall: Hall) -> None:
    assert heard(await miss(hall, 0)) == (
        "I was away and did not carry out 1 command. It came on 2 Mar 2026, 10:00."
        " Please send again what still matters."
    )


async def test_a_held_announcement_is_posted_unless_we_have_left_the_room(hall: Hall) -> None:
    due = TimerDue("t", "announce", HOUSING, hall.now, {"content": {"body": "x"}, "key": "k"})
    assert await hall.responds(due) == [Ready(HOUSING, {"body": "x"}, "k")]
    await hall.do(lambda c: rooms.change(c, HOUSING, joined=False))
    assert not await hall.responds(due)


async def test_reactions_memberships_and_unknown_timers_are_quiet(hall: Hall) -> None:
    event = EventId("$1")
    for happened in (
        Reacted(event, HOUSING, ANN, hall.now, EventId("$2"), "👍"),
        MembershipChanged(event, WELCOME, ANN, ANN, hall.now, "join"),
        TimerDue("t", "unheard-of", HOUSING, hall.now),
    ):
        assert not await hall.responds(happened)


# ── refusals ──────────────────────────────────────────────────────────────────────────────────


async def test_what_a_refused_command_has_done_is_undone_but_it_counts(
    hall: Hall, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write_then_refuse(call: Call[Nothing], context: Context) -> Posts:
        people.change(context.connection, call.asker.user_id, city="lipohrad")
        raise MemberError(paragraphs((Text("No, sorry."),)))

    refusing = Command("refuse", Nothing, write_then_refuse, "…", "refuse")
    monkeypatch.setattr("commands.answering.CATALOGUE", (refusing,))
    assert await hall.hears(ANN, "!refuse") == "No, sorry."
    ann = await hall.do(lambda c: people.get(c, ANN))
    assert ann is not None
    assert ann.city == "havnvoll"
    assert await hall.do(lambda c: people.count_command(c, ann.id, hall.now)) == 2

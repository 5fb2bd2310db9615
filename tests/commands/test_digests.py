"""The week's digest: drafted when it is due, acted upon, and followed ever after."""

from dataclasses import replace
from datetime import date, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import Connection, make_url

from commands.events import Edited
from demo.postgres import Postgres
from storage import digests, documents, gaps, meta, outbox, rooms
from storage.digests import DigestState
from storage.outbox import Action
from storage.postgres import PostgresDatabase
from storage.records import DigestRules, EventId
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    DESK,
    HOUSING,
    OTTO,
    PAULA,
    WELCOME,
    Furnished,
    direct,
    furnish,
)
from tests.commands.delivered import moment
from tests.commands.weeks import Weeks, weeks

MONDAY = moment("2026-03-09 06:00")  # 07:00 in Brussels
LATER = moment("2026-03-09 08:00")
QUESTION = "Who insures volunteers that lead walking tours in the street?"
POSTER = "See https://example.org/poster for our poster, use it as you like"


@pytest.fixture
async def hall(house: Furnished) -> Weeks:
    return await weeks(await house.again())


@pytest.fixture
async def drafted(hall: Weeks) -> Weeks:
    """The draft of a week with a question and a poster."""
    hall.question = await hall.talks(ANN, QUESTION)  # type: ignore[attr-defined]
    await hall.talks(BEN, POSTER)
    await hall.passes(LATER)
    return hall


async def state(hall: Weeks) -> DigestState:
    return (await hall.kept()).state


# ── due ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise(
    "On Monday morning each coordinator finds the digest drafted, every line with its reason and"
    " its link; nothing goes out unless they say so."
)
async def test_a_draft_comes_on_monday_at_seven_and_nothing_goes_out(drafted: Weeks) -> None:
    draft = drafted.post(drafted.draft())
    assert draft.lane == DESK
    assert (await drafted.kept()).until == MONDAY
    assert f"1. “{QUESTION}” (Havnvoll) · no answer from another city for 6 days" in draft.body
    assert "2. “See https://example.org/poster" in draft.body
    assert "matrix.to/#/!housing:hs/$e" in draft.body
    assert "For Cora." in draft.body
    assert draft.content["m.mentions"] == {"user_ids": [CORA]}
    assert not drafted.sent()
    offered = [one for one in drafted.stood if one.action is Action.REACTION]
    assert [one.key.rsplit("/", 1)[1] for one in offered[:4]] == ["👍", "✏️", "🗑️", "⏭️"]


async def test_a_quiet_week_is_one_line(hall: Weeks) -> None:
    await hall.passes(LATER)
    await hall.taps(CORA, hall.draft(), "👍", DESK)
    assert [one.body for one in hall.sent()] == ["A quiet week: nothing new."]


@pytest.mark.promise(
    "A week missed while the hall was away has its digest once, late, and says so."
)
async def test_a_missed_week_comes_once_late_and_says_so(drafted: Weeks) -> None:
    await drafted.taps(CORA, drafted.draft(), "👍", DESK)
    drafted.now = moment("2026-03-25 10:00")  # two Mondays have gone by
    await drafted.rings()
    await drafted.rings()
    late = drafted.drafts("Housing first")
    assert len(late) == 2
    assert "This comes late: it was due on 16 Mar 2026, 07:00, and I was away." in late[1].body
    assert "what happened since Monday, 9 March 2026" in late[1].body
    await drafted.passes(moment("2026-03-30 12:00"))
    assert len(drafted.drafts("Housing first")) == 3
    assert "late" not in drafted.drafts("Housing first")[2].body


async def test_on_holidays_and_weekends_nothing_is_drafted(hall: Weeks) -> None:
    rules = DigestRules(countries=("BE",), closed=((date(2026, 4, 7), "Feast"),))
    hall.settings = replace(hall.settings, digests=rules)
    hall.now = moment("2026-04-01 09:00")
    await hall.rings()
    await hall.passes(moment("2026-04-08 04:59"))
    before = len(hall.drafts("Housing first"))
    await hall.passes(moment("2026-04-08 05:00"))  # after Easter Monday and the feast
    assert len(hall.drafts("Housing first")) == before + 1
    hall.now = moment("2026-04-18 09:00")  # away over Monday: it comes back on a Saturday
    await hall.rings()
    assert len(hall.drafts("Housing first")) == before + 1
    await hall.passes(moment("2026-04-20 05:00"))
    assert len(hall.drafts("Housing first")) == before + 2


async def test_a_draft_waits_for_what_history_lacks_but_not_for_ever(hall: Weeks) -> None:
    await hall.do(lambda c: gaps.open_gap(c, HOUSING, "s1", "s2", hall.now))
    await hall.passes(moment("2026-03-09 06:25"))
    assert hall.drafts("Welcoming culture")
    assert not hall.drafts("Housing first")
    await hall.passes(moment("2026-03-09 13:00"))
    assert "was due on 9 Mar 2026, 07:00" in hall.post(hall.draft()).body
    assert (await hall.kept()).until == moment("2026-03-09 12:00")


async def test_starting_again_and_again_sets_no_second_alarm(hall: Weeks) -> None:
    for _ in range(3):
        hall.later(timedelta(hours=5))
        await hall.begins()
    await hall.passes(LATER)
    assert len(hall.drafts("Housing first")) == 1


async def test_a_digest_goes_out_by_itself_only_where_a_coordinator_said_so(hall: Weeks) -> None:
    told = await hall.hears(CORA, "!digest schedule automatic Housing first", DESK)
    assert "goes out by itself at 09:00" in told
    await hall.passes(moment("2026-03-09 07:59"))
    assert "goes out by itself on 9 Mar 2026, 09:00" in hall.post(hall.draft()).body
    assert not hall.sent()
    await hall.passes(moment("2026-03-09 08:00"))
    assert [one.lane for one in hall.sent()] == [HOUSING]
    assert "Sent by itself" in hall.latest(hall.draft())
    assert "sent by you" in await hall.hears(CORA, "!digest schedule by-hand housing", DESK)
    await hall.passes(moment("2026-03-16 12:00"))
    assert len(hall.sent()) == 1


async def test_who_skips_in_time_stops_what_would_go_out_by_itself(hall: Weeks) -> None:
    await hall.says(CORA, "!digest schedule automatic", HOUSING)
    await hall.passes(moment("2026-03-09 07:00"))
    tap = await hall.taps(CORA, hall.draft(), "⏭️", DESK)
    await hall.passes(moment("2026-03-09 12:00"))
    assert not hall.sent()
    assert await state(hall) is DigestState.SKIPPED
    await hall.redacts(CORA, tap, DESK)
    assert await state(hall) is DigestState.DRAFT, "taken back, it is a draft again"
    await hall.taps(CORA, hall.draft(), "👍", DESK)
    assert len(hall.sent()) == 1


# ── acted upon ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise(
    "👍 sends a draft, ✏️ words a line anew, 🗑️ drops one, ⏭️ skips the week; by its coordinators"
    " alone, and never twice."
)
async def test_lines_are_worded_dropped_put_back_and_sent_once(drafted: Weeks) -> None:
    key = drafted.draft()
    await drafted.taps(CORA, key, "✏️", DESK)
    assert "Which line, and what shall it say?" in drafted.bodies(DESK)[-1]
    await drafted.replies(CORA, "1 Ask Katrin, she insures hers")
    assert "1. Ask Katrin, she insures hers" in drafted.latest(key)
    await drafted.taps(CORA, key, "🗑️", DESK)
    tap = await drafted.taps(CORA, key, "2️⃣", DESK)
    assert "2. 🗑️ “See" in drafted.latest(key)
    await drafted.redacts(CORA, tap, DESK)
    assert "2. “See" in drafted.latest(key)
    await drafted.replies(CORA, "drop 2")
    await drafted.replies(CORA, "keep 2 and 1")
    await drafted.replies(CORA, "🗑️ 2")
    await drafted.taps(CORA, key, "👍🏽", DESK)
    await drafted.taps(PAULA, key, "👍", DESK)
    await drafted.replies(PAULA, "send")
    (sent,) = drafted.sent()
    assert "Ask Katrin, she insures hers" in sent.body
    assert "poster" not in sent.body
    assert "1 line that a coordinator took out" in sent.body
    assert sent.content["msgtype"] == "m.text"
    assert "Sent by Cora on 9 Mar 2026" in drafted.latest(key)


async def test_the_wrong_person_changes_nothing_and_is_told(drafted: Weeks) -> None:
    await drafted.passes(moment("2026-03-09 09:00"))
    welcome = drafted.draft("Welcoming culture")
    assert "For Paula." in drafted.post(welcome).body, "nobody else coordinates it"
    for emoji in ("👍", "⏭️", "🗑️", "✏️"):
        await drafted.taps(CORA, welcome, emoji, DESK)
    told = [one for one in drafted.bodies(DESK) if "is for its own coordinators" in one]
    assert len(told) == 4
    await drafted.replies(CORA, "skip", "Welcoming culture")
    await drafted.taps(BEN, drafted.draft(), "👍", DESK)  # not in that room
    assert not drafted.sent()
    assert (await drafted.kept("welcome")).state is DigestState.DRAFT
    await drafted.taps(OTTO, welcome, "👍", DESK)
    assert [one.lane for one in drafted.sent()] == [WELCOME]


async def test_talk_under_a_draft_is_left_alone_and_wrong_numbers_are_told(drafted: Weeks) -> None:
    assert not await drafted.replies(CORA, "2 visits in a week, that is a lot")
    assert not await drafted.replies(CORA, "Looks good to me")
    await drafted.replies(CORA, "7: new words")
    assert "There is no line 7: the draft has 2" in drafted.bodies(DESK)[-1]
    await drafted.replies(CORA, "drop 1, 9")
    assert "There is no line 9" in drafted.bodies(DESK)[-1]
    assert "🗑️ “Who insures" not in drafted.latest(drafted.draft())


async def test_after_sending_a_line_can_be_put_right_and_nothing_is_skipped(
    drafted: Weeks,
) -> None:
    key = drafted.draft()
    await drafted.taps(CORA, key, "👍", DESK)
    (sent,) = drafted.sent()
    await drafted.replies(CORA, "2: The poster is at example.org")
    assert "The poster is at example.org" in drafted.latest(sent.key)
    await drafted.taps(CORA, key, "⏭️", DESK)
    assert "was sent on 9 Mar 2026" in drafted.bodies(DESK)[-1]
    assert await state(drafted) is DigestState.SENT


async def test_an_unsent_draft_gives_way_to_the_next_with_what_was_edited(drafted: Weeks) -> None:
    old = drafted.draft()
    await drafted.replies(CORA, "1: Ask Katrin")
    await drafted.passes(moment("2026-03-16 08:00"))
    assert drafted.draft() != old
    assert "A newer draft has taken its place." in drafted.latest(old)
    assert "1. Ask Katrin" in drafted.post(drafted.draft()).body
    assert "what happened since Monday, 2 March" in drafted.post(drafted.draft()).body
    await drafted.taps(CORA, old, "👍", DESK)
    assert not drafted.sent()
    assert "a newer one has taken its place" in drafted.bodies(DESK)[-1]


async def test_the_next_week_begins_where_the_last_sent_digest_ended(drafted: Weeks) -> None:
    await drafted.taps(CORA, drafted.draft(), "👍", DESK)
    await drafted.passes(moment("2026-03-29 12:00"))  # the clock has gone forward
    await drafted.taps(CORA, drafted.draft(), "⏭️", DESK)
    await drafted.passes(moment("2026-03-30 12:00"))
    last = await drafted.kept()
    assert (last.since, last.until) == (MONDAY, moment("2026-03-30 05:00"))


async def test_commands_do_the_same_and_say_when_there_is_nothing_to_do(hall: Weeks) -> None:
    assert "no draft now. The next comes on 9 Mar 2026, 07:00." in await hall.hears(
        CORA, "!digest send", HOUSING
    )
    assert "how the digest would read now" in await hall.hears(CORA, "!digest preview", DESK)
    assert "Which one?" in await hall.hears(PAULA, "!digest skip", DESK)
    assert "is for its own coordinators" in await hall.hears(CORA, "!digest skip welcome", DESK)
    assert "I don't know the cluster moon" in await hall.hears(CORA, "!digest skip moon", DESK)
    await hall.passes(LATER)
    assert "is on its way" in await hall.hears(CORA, "!digest send", HOUSING)
    assert len(hall.sent()) == 1
    await hall.passes(moment("2026-03-16 08:00"))
    assert "no digest this week" in await hall.hears(CORA, "!digest skip", HOUSING)
    assert "coordinators" in await hall.hears(BEN, "!digest send", HOUSING)


async def test_a_preview_in_the_members_room_shows_what_members_may_read(drafted: Weeks) -> None:
    for _ in range(4):
        drafted.later(timedelta(days=7))
        await drafted.talks(ANN, "Nothing new here")
    in_room = await drafted.hears(CORA, "!digest preview", HOUSING)
    at_desk = await drafted.hears(CORA, "!digest preview", DESK)
    assert "São Bento" in at_desk
    assert "only you see this" in at_desk
    assert "São Bento" not in in_room


# ── followed ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("What is deleted leaves drafts and digests that were sent, too.")
async def test_a_redaction_takes_its_line_out_of_drafts_and_digests(drafted: Weeks) -> None:
    key = drafted.draft()
    await drafted.taps(CORA, key, "👍", DESK)
    question: EventId = drafted.question  # type: ignore[attr-defined]
    await drafted.redacts(ANN, question)
    (sent,) = drafted.sent()
    for post in (key, sent.key):
        assert "insures" not in drafted.latest(post)
        assert "1 message that was taken back" in drafted.latest(post)
    kept = await drafted.kept()
    assert "insures" not in str(kept.content)
    edits = await drafted.do(lambda c: outbox.edits_of(c, key))
    gone = [one.key for one in drafted.stood if one.action is Action.REDACTION]
    assert gone == [f"{edit}/taken back" for edit in edits[:-1]]


@pytest.mark.parametrize("edited", ["before it was drafted", "after it was sent"])
async def test_an_edit_that_is_deleted_takes_its_line_out_of_drafts_and_digests(
    hall: Weeks, edited: str
) -> None:
    question = await hall.talks(ANN, QUESTION)
    now = hall.said(ANN, "Who insures Yusuf Kaya?", event_id=question)
    if edited == "before it was drafted":
        edit = await hall.puts_right(ANN, question, now.body)
    await hall.passes(LATER)
    key = hall.draft()
    await hall.taps(CORA, key, "👍", DESK)
    if edited == "after it was sent":
        edit = await hall.puts_right(ANN, question, now.body)
        await hall.responds(Edited(edit, question, now))
    (sent,) = hall.sent()
    assert "Yusuf" in hall.latest(sent.key)
    await hall.takes_back(ANN, edit)
    await hall.redacts(ANN, edit)
    assert hall.latest(sent.key) == "A quiet week: nothing new."
    assert "Yusuf" not in hall.latest(key)
    assert "Yusuf" not in str((await hall.kept()).content)


async def test_a_room_s_archive_that_is_thrown_away_leaves_drafts_and_digests(
    drafted: Weeks,
) -> None:
    key = drafted.draft()
    await drafted.taps(CORA, key, "👍", DESK)
    await drafted.says(CORA, "!archive purge")
    await drafted.says(CORA, "!archive purge yes")
    await drafted.passes(drafted.now)
    (sent,) = drafted.sent()
    for post in (key, sent.key):
        assert "insures" not in drafted.latest(post)
        assert "poster" not in drafted.latest(post)
    assert "insures" not in str((await drafted.kept()).content)
    edits = await drafted.do(lambda c: outbox.edits_of(c, key))
    gone = [one.key for one in drafted.stood if one.action is Action.REDACTION]
    assert set(gone) >= {f"{edit}/taken back" for edit in edits[:-1]}


async def test_a_redaction_between_draft_and_sending_is_never_sent(drafted: Weeks) -> None:
    await drafted.redacts(ANN, drafted.question)  # type: ignore[attr-defined]
    await drafted.taps(CORA, drafted.draft(), "👍", DESK)
    assert "insures" not in drafted.sent()[0].body


async def test_an_edit_is_followed_and_so_is_the_coordinators_own(drafted: Weeks) -> None:
    key = drafted.draft()
    question: EventId = drafted.question  # type: ignore[attr-defined]
    await puts_right(drafted, question, "Who insures guides?")
    assert "“Who insures guides?” (Havnvoll)" in drafted.latest(key)
    await drafted.replies(CORA, "2: Nice poster")
    own = drafted.last_reply
    await drafted.edits(own, "2: A nice poster")
    assert "2. A nice poster" in drafted.latest(key)
    await drafted.redacts(CORA, own.event_id, DESK)
    assert "2. “See https" in drafted.latest(key)


async def puts_right(hall: Weeks, target: EventId, body: str) -> None:
    """Ann edits a message: the archive hears of it, and then the hall."""
    edit = await hall.puts_right(ANN, target, body)
    await hall.responds(Edited(edit, target, hall.said(ANN, body, event_id=target)))


@pytest.mark.parametrize("sent", [False, True])
async def test_who_has_opted_out_takes_words_out_by_an_edit_and_brings_none_in(
    drafted: Weeks, sent: bool
) -> None:
    question: EventId = drafted.question  # type: ignore[attr-defined]
    key = drafted.draft()
    if sent:
        await drafted.taps(CORA, key, "👍", DESK)
    await drafted.says(ANN, "privacy archive off", direct(ANN))
    await puts_right(drafted, question, "Who insures canaries?")
    for post in (key, *(one.key for one in drafted.sent())):
        assert "insures" not in drafted.latest(post)
        assert "1 message that was taken back" in drafted.latest(post)
    assert "canaries" not in drafted.readable()
    assert "insures" not in str((await drafted.kept()).content)


async def test_words_of_when_the_archive_is_off_come_into_no_digest(drafted: Weeks) -> None:
    question: EventId = drafted.question  # type: ignore[attr-defined]
    await drafted.taps(CORA, drafted.draft(), "👍", DESK)
    await drafted.do(lambda c: rooms.change(c, HOUSING, archive_on=False, archive_since=None))
    now = drafted.said(ANN, "Who insures canaries?", event_id=question)
    await drafted.responds(Edited(drafted.next_event(), question, now))
    assert "canaries" not in drafted.readable()
    assert "canaries" not in str((await drafted.kept()).content)


async def test_a_practice_that_is_put_right_is_still_told_by_a_title(hall: Weeks) -> None:
    form = "!practice share\nTitle: Warm rooms\nProblem: {}\nWhat we do: Felt"
    command = hall.said(ANN, form.format("It is cold"))
    await hall.responds(command)
    await hall.passes(LATER)
    now = replace(command, body=form.format("It is cold in winter"))
    await hall.responds(Edited(hall.next_event(), command.event_id, now))
    assert "Warm rooms" in hall.latest(hall.draft())
    assert "winter" not in hall.latest(hall.draft())
    assert "!practice share" not in str((await hall.kept()).content)


@pytest.mark.promise("A digest that was sent follows what is put right in what it tells of.")
@pytest.mark.parametrize(
    "command",
    [
        "!practice share\nTitle: {} for newcomers\nProblem: Cold\nWhat we do: Felt",
        "!ask Who has {} for us?",
        "!action add bring {} along due:2026-03-12",
    ],
)
async def test_a_thing_that_is_put_right_is_told_in_its_new_words(
    hall: Weeks, command: str
) -> None:
    said = hall.said(ANN, command.format("curtains of Yusuf"))
    await hall.responds(said)
    await hall.passes(LATER)
    await hall.taps(CORA, hall.draft(), "👍", DESK)
    (sent,) = hall.sent()
    assert "curtains of Yusuf" in sent.body
    now = replace(said, body=command.format("warm felt"))
    await hall.responds(Edited(hall.next_event(), said.event_id, now))
    for post in (hall.draft(), sent.key):
        assert "warm felt" in hall.latest(post)
        assert "Yusuf" not in hall.latest(post)
    assert "Yusuf" not in str((await hall.kept()).content)


async def test_what_a_city_says_of_a_step_is_told_in_the_words_that_it_has_now(
    hall: Weeks,
) -> None:
    form = "!practice share\nTitle: Warm rooms\nProblem: Cold\nWhat we do: Felt"
    await hall.responds(hall.said(ANN, form))
    await hall.says(PAULA, f"!member set {BEN} city:lipohrad")
    assert "T-1" in await hall.hears(BEN, "!practice transfer P-1")
    said = hall.said(BEN, "!transfer T-1 adapting degree:adapted as Yusuf says")
    await hall.responds(said)
    await hall.passes(LATER)
    key = hall.draft()
    assert "as Yusuf says" in hall.latest(key)
    now = replace(said, body="!transfer T-1 adapting degree:adapted as tenants say")
    await hall.responds(Edited(hall.next_event(), said.event_id, now))
    assert "as tenants say" in hall.latest(key)
    assert "Yusuf" not in hall.latest(key)
    assert "“Warm rooms”" in hall.latest(key)


async def test_a_step_that_was_told_is_not_given_the_words_of_a_later_one(hall: Weeks) -> None:
    form = "!practice share\nTitle: Warm {}\nProblem: Cold\nWhat we do: Felt"
    shared = hall.said(ANN, form.format("rooms"))
    await hall.responds(shared)
    await hall.says(PAULA, f"!member set {BEN} city:lipohrad")
    await hall.says(BEN, "!practice transfer P-1")
    await hall.says(BEN, "!transfer T-1 adapting degree:adapted we sew them ourselves")
    await hall.passes(LATER)
    key = hall.draft()
    assert "we sew them ourselves" in hall.latest(key)
    await hall.says(BEN, "!transfer T-1 piloting in two of our houses")
    now = replace(shared, body=form.format("homes"))
    await hall.responds(Edited(hall.next_event(), shared.event_id, now))
    assert "“Warm homes”" in hall.latest(key)
    assert "we sew them ourselves" in hall.latest(key)
    assert "in two of our houses" not in hall.latest(key)


async def test_lines_are_kept_no_longer_than_the_archive_keeps_words(drafted: Weeks) -> None:
    rules = replace(drafted.settings.archive, retention=timedelta(days=20))
    drafted.settings = replace(drafted.settings, archive=rules)
    first = await drafted.kept()
    await drafted.passes(moment("2026-04-07 12:00"))
    old = await drafted.do(lambda c: digests.get(c, first.id))
    assert old is not None
    assert old.content == {}
    await drafted.redacts(ANN, drafted.question)  # type: ignore[attr-defined]


async def test_who_is_not_archived_is_neither_quoted_nor_named(hall: Weeks) -> None:
    await hall.says(ANN, "privacy archive off", direct(ANN))
    await hall.talks(ANN, QUESTION)
    await hall.passes(LATER)
    body = hall.post(hall.draft()).body
    assert "insures" not in body
    assert "Left out: 1 message by people who are not archived." in body


async def test_what_newcomers_may_not_read_is_not_told_to_a_room_with_newcomers(
    hall: Weeks,
) -> None:

    def hide(connection: Connection) -> None:
        room = rooms.get(connection, HOUSING)
        assert room is not None
        rooms.record_visibility(connection, room.id, EventId("$hidden"), 2, "joined")

    await hall.do(hide)
    await hall.talks(ANN, QUESTION)
    await hall.moves(BEN, HOUSING, "leave")
    hall.later(timedelta(days=1))
    await hall.moves(BEN, HOUSING, "join")
    await hall.passes(LATER)
    assert "insures" not in hall.post(hall.draft()).body


async def test_a_paused_cluster_has_no_draft(hall: Weeks) -> None:
    await hall.do(lambda c: meta.put(c, meta.PAUSED + "housing", ""))
    await hall.passes(LATER)
    assert not hall.drafts("Housing first")
    assert hall.drafts("Welcoming culture")


async def test_it_is_the_same_on_postgresql(postgres: Postgres) -> None:
    name = f"weeks_{uuid4().hex[:12]}"
    postgres.create_database(name)
    database = await PostgresDatabase.open(make_url(postgres.url(name)))
    await database.write(furnish, alone=True)
    hall = await weeks(database)
    question = await hall.talks(ANN, QUESTION)
    await hall.talks(BEN, "We do, in writing", thread=question, reactions=[ANN])
    await hall.talks(BEN, POSTER)
    await hall.passes(LATER)
    await hall.replies(CORA, "drop 2")
    await hall.taps(CORA, hall.draft(), "👍", DESK)
    assert QUESTION in hall.sent()[0].body
    await hall.redacts(ANN, question)
    assert "insures" not in hall.latest(hall.sent()[0].key)
    await database.close()


@pytest.mark.promise(
    "A summary of a thread that was confirmed is told in the week's digest; a question that stays"
    " open is asked there all the same."
)
async def test_a_thread_that_was_summed_up_and_confirmed_is_told_by_its_summary(
    hall: Weeks,
) -> None:
    root = await hall.talks(PAULA, "See https://example.org/cellars about the cellars")
    told = await hall.talks(BEN, "We decided to rent the cellar of the library.", thread=root)
    await hall.says(CORA, "!thread summary", thread_root=root)
    (key,) = [one.key for one in hall.stood if one.key.startswith("summary/")]
    assert "summed up" not in await hall.hears(CORA, "!digest preview", HOUSING)
    tick = await hall.taps(BEN, key, "✅")
    await hall.passes(LATER)
    draft = hall.draft()
    assert "“We decided to rent the cellar of the library.” · summed up" in hall.post(draft).body
    assert hall.post(key).event_id in hall.post(draft).body
    assert "example.org/cellars" not in hall.post(draft).body
    await hall.takes_back(BEN, told)
    await hall.redacts(BEN, told)
    assert "cellar of the library" not in hall.latest(draft)
    assert tick


async def test_what_stays_open_is_asked_though_its_thread_was_summed_up(hall: Weeks) -> None:
    root = await hall.talks(ANN, QUESTION)
    await hall.says(CORA, "!thread summary", thread_root=root)
    (key,) = [one.key for one in hall.stood if one.key.startswith("summary/")]
    await hall.taps(ANN, key, "✅")
    await hall.passes(LATER)
    body = hall.post(hall.draft()).body
    assert f"“{QUESTION}” (Havnvoll) · no answer from another city" in body
    assert "summed up" not in body
    await hall.passes(moment("2026-03-16 12:00"))
    assert "summed up" not in hall.post(hall.draft()).body


async def test_what_repeats_a_message_goes_once_with_its_edit_and_one_line_says_so(
    hall: Weeks,
) -> None:
    question = await hall.talks(ANN, QUESTION)
    await hall.passes(LATER)
    now = hall.said(ANN, "Who insures Yusuf Kaya in the street?", event_id=question)
    edit = await hall.puts_right(ANN, question, now.body)
    await hall.responds(Edited(edit, question, now))
    hall.now += timedelta(minutes=1)
    await hall.says(BEN, "!search street")
    await hall.takes_back(ANN, edit)
    await hall.redacts(ANN, edit)
    told = [body for body in hall.bodies(HOUSING) if "I took back an answer" in body]
    assert len(told) == 1


async def put_right_beside_its_summary(hall: Weeks) -> tuple[str, EventId]:
    """A confirmed summary is drafted, and a sentence is put right that it does not repeat; the keys
    of summary and edit."""
    root = await hall.talks(PAULA, "See https://example.org/cellars about the cellars")
    body = "Dear {}, I asked around. We decided to rent the cellar of the library."
    told = await hall.talks(BEN, body.format("al"), thread=root)
    await hall.says(CORA, "!thread summary", thread_root=root)
    (key,) = [one.key for one in hall.stood if one.key.startswith("summary/")]
    await hall.taps(BEN, key, "✅")
    await hall.passes(LATER)
    right = body.format("all")
    edit = await hall.puts_right(BEN, told, right)
    await hall.responds(Edited(edit, told, hall.said(BEN, right, event_id=told)))
    return key, edit


async def test_a_summary_stays_in_room_and_search_when_an_edit_beside_it_is_deleted(
    hall: Weeks,
) -> None:
    key, edit = await put_right_beside_its_summary(hall)
    await hall.takes_back(BEN, edit)
    await hall.redacts(BEN, edit)
    assert await hall.do(lambda c: documents.stands(c, key))
    assert key in [one.key for one in hall.standing()]


async def test_an_edit_that_words_a_line_as_before_takes_no_words_away(hall: Weeks) -> None:
    """An edit of what was said to the hall is no part of the archive of the coordinators' room."""
    await hall.keeps_archive(DESK)
    await hall.talks(ANN, QUESTION)
    await hall.passes(LATER)
    draft = hall.draft()
    source = await hall.talks(CORA, "1: Ask about insurance", DESK)
    root = hall.post(draft).event_id
    reply = hall.said(CORA, "1: Ask about insurance", DESK, event_id=source, thread_root=root)
    await hall.responds(reply)
    edit = await hall.puts_right(CORA, source, "", DESK)
    await hall.responds(Edited(edit, source, replace(reply, body="1:  Ask about insurance")))
    assert "Ask about insurance" in hall.latest(draft)


async def test_a_summary_that_stands_is_told_as_before_when_its_message_is_put_right(
    hall: Weeks,
) -> None:
    await put_right_beside_its_summary(hall)
    told_there = hall.latest(hall.draft())
    assert "“We decided to rent the cellar of the library.” · summed up" in told_there

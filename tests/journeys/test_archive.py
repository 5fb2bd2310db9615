"""What the archive keeps of what people say, what it forgets, and what a question to it finds."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import uuid4

import pytest

from demo.people import Person
from demo.timeline import MESSAGE, Heard
from storage.records import ArchivedMessage
from tests.hall import CLEAR, SEALED, RunningHall
from tests.journeys.conftest import Arrive, Meet, everywhere, in_rooms_of_their_own, on_both


def new_word() -> str:
    """A word that nobody else says."""
    return "".join("bcdfghjklmnpqrst"[int(digit, 16)] + "a" for digit in uuid4().hex[:6])


async def kept(hall: RunningHall, room: str, event_id: str) -> ArchivedMessage | None:
    """What the archive holds of a message."""
    found = (one for one in await hall.archived(room) if one.event_id == event_id)
    return next(found, None)


def link_to(room: str, event_id: str) -> str:
    return f"https://matrix.to/#/{room}/{event_id}?via=localhost"


# ── what is kept ──────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("What is said in an archived room is found again, with a link to it.")
@everywhere
async def test_what_was_said_is_found_with_snippet_and_link(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann, ben = await meet("ann"), await meet("ben")
    said = await ann.say(room, f"In Havnvoll the {word} is held on Fridays")

    answer = await hall.asks(ben, room, f"!search {word}")

    assert answer.body.startswith(f"Found 1 for {word} in ")
    assert f"In Havnvoll the {word} is held on Fridays" in answer.body
    assert link_to(room, said) in answer.body
    assert f"<strong>{word}</strong>" in str(answer.html)
    assert "\n   Ann, " in answer.body  # in the room itself its name is not repeated


@everywhere
async def test_a_thread_is_kept_with_its_replies_reactions_and_files(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room = hall.rooms[slug]
    ann, ben = await meet("ann"), await meet("ben")
    root = await ann.say(room, "Who has a key to the hall?")
    in_thread = await ben.say(room, "I have one", thread=root)
    real_reply = await ann.say(room, "Which one?", thread=root, reply_to=in_thread)
    beside = await ben.say(room, "I have another", reply_to=root)  # as clients without threads do
    for who in (ann, ben):
        await who.react(room, in_thread, "👍")
    taken_back = await ann.react(room, in_thread, "🎉")
    await ann.redact(room, taken_back)
    file = {"msgtype": "m.file", "body": "keys.pdf", "url": "mxc://localhost/none", "info": {}}
    sent = await ben.send_raw(room, MESSAGE, file)
    await hall.asks(ben, room, "!whoami")

    assert (first := await kept(hall, room, root)) is not None
    assert (first.thread_root, first.sender) == (None, ann.user_id)
    assert (second := await kept(hall, room, in_thread)) is not None
    assert second.thread_root == root
    assert second.reactions == {"👍": 2}
    assert (third := await kept(hall, room, real_reply)) is not None
    assert third.thread_root == root
    assert (fourth := await kept(hall, room, beside)) is not None
    assert fourth.thread_root == root
    assert (fifth := await kept(hall, room, sent)) is not None
    assert fifth.files == ("keys.pdf",)


@pytest.mark.promise("After an edit, search finds the new words and never the old ones.")
@everywhere
async def test_an_edit_replaces_the_words_everywhere(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room, old, new = hall.rooms[slug], new_word(), new_word()
    ann, ben = await meet("ann"), await meet("ben")
    said = await ann.say(room, f"We meet at the {old}")
    quoting = await hall.asks(ben, room, f"!search {old}")
    assert link_to(room, said) in quoting.body

    await ann.edit(room, said, f"We meet at the {new}")

    regret = await ben.hears(lambda h: "I took back" in h.body, room=room, sender=hall.me)
    assert "says something else now" in regret.body
    await ben.catch_up()
    assert ben.is_redacted(quoting.event_id)
    assert "Nothing found" in (await hall.asks(ben, room, f"!search {old}")).body
    found = await hall.asks(ben, room, f"!search {new}")
    assert link_to(room, said) in found.body
    assert f"We meet at the {new}" in found.body
    chat = await hall.chats_with(ben, encrypted=slug == SEALED)
    assert "Nothing found" in (await hall.asks(ben, chat, f"search {old}")).body


async def test_words_that_were_edited_into_a_command_are_gone(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann = await meet("ann")
    said = await ann.say(room, f"We meet at the {word}")
    assert "Found 1" in (await hall.asks(ann, room, f"!search {word}")).body

    await ann.edit(room, said, "!whoami")

    assert "You are" in (await hall.answer_to(ann, room, said)).body
    assert "Nothing found" in (await hall.asks(ann, room, f"!search {word}")).body
    assert [one.body for one in await hall.archived(room) if one.event_id == said] == [""]


async def test_nobody_changes_another_s_words(hall: RunningHall, meet: Meet, slug: str) -> None:
    room, word, forged = hall.rooms[slug], new_word(), new_word()
    ann, mallory = await meet("ann"), await meet("mallory")
    said = await ann.say(room, f"The {word} is blue")

    await mallory.edit(room, said, f"The {forged} is red")

    assert "Nothing found" in (await hall.asks(ann, room, f"!search {forged}")).body
    assert "is blue" in (await hall.asks(ann, room, f"!search {word}")).body


@pytest.mark.promise("A message that is deleted is gone from search at once.")
@pytest.mark.promise("An answer that repeated a message which was then deleted is taken back.")
@everywhere
async def test_a_redacted_message_is_gone_and_the_answer_that_quoted_it_is_taken_back(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann, ben = await meet("ann"), await meet("ben")
    said = await ann.say(room, f"My number is {word}")
    asked = await ben.say(room, f"!search {word}")
    quoting = await hall.answer_to(ben, room, asked)
    assert "My number is" in quoting.body
    chat = await hall.chats_with(ben, encrypted=True)
    in_private = await hall.asks(ben, chat, f"search {word}")
    assert "My number is" in in_private.body

    await ann.redact(room, said)

    regret = await ben.hears(room=room, sender=hall.me, timeout=20.0)
    assert "I took back an answer" in regret.body
    assert regret.thread_root == asked
    await ben.hears(lambda h: "I took back" in h.body, room=chat, sender=hall.me)
    await ben.catch_up()
    assert ben.is_redacted(quoting.event_id)
    assert ben.is_redacted(in_private.event_id)
    assert "Nothing found" in (await hall.asks(ben, room, f"!search {word}")).body
    assert "Nothing found" in (await hall.asks(ben, chat, f"search {word}")).body
    assert (gone := await kept(hall, room, said)) is not None
    assert gone.redacted
    assert gone.body == ""


async def test_a_moderator_s_redaction_counts_as_much(
    hall: RunningHall, meet: Meet, paula: Person, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann = await meet("ann")
    said = await ann.say(room, f"Spam and {word}")
    await hall.asks(ann, room, "!whoami")

    await paula.redact(room, said, "spam")

    assert "Nothing found" in (await hall.asks(ann, room, f"!search {word}")).body


async def test_the_edit_of_a_message_goes_with_the_message(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room, old, new = hall.rooms[slug], new_word(), new_word()
    ann = await meet("ann")
    said = await ann.say(room, f"First {old}")
    edit = await ann.edit(room, said, f"Then {new}")
    await hall.asks(ann, room, "!whoami")

    quoting = await hall.asks(ann, room, f"!search {new}")

    await ann.redact(room, edit)  # only the edit: the first words are valid again
    await ann.hears(lambda h: "I took back" in h.body, room=room, sender=hall.me)
    await ann.catch_up()
    assert ann.is_redacted(quoting.event_id)
    assert f"First {old}" in (await hall.asks(ann, room, f"!search {old}")).body
    await ann.redact(room, said)
    await ann.hears(lambda h: "I took back" in h.body, room=room, sender=hall.me)

    for word in (old, new):
        assert "Nothing found" in (await hall.asks(ann, room, f"!search {word}")).body


async def test_a_search_that_is_deleted_takes_its_answer_with_it(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann = await meet("ann")
    asked = await ann.say(room, f"!search {word}")
    answer = await hall.answer_to(ann, room, asked)
    assert word in answer.body

    await ann.redact(room, asked)

    await ann.hears(lambda h: "I took back" in h.body, room=room, sender=hall.me)
    await ann.catch_up()
    assert ann.is_redacted(answer.event_id)


@pytest.mark.promise("The words of somebody who opted out are not stored.")
@everywhere
async def test_the_words_of_somebody_who_opted_out_are_not_kept(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    room, before, after, again = hall.rooms[slug], new_word(), new_word(), new_word()
    ann, ben = await arrive("ann", slug), await meet("ben")
    root = await ann.say(room, f"Before: {before}")
    await ann.say(room, "!privacy archive off")
    told = await ann.hears(lambda h: h.room_id != room, sender=hall.me, timeout=20.0)
    assert "your words are not kept" in told.body

    said = await ann.say(room, f"After: {after}", thread=root)
    await ann.edit(room, said, f"After: {after}, edited")

    assert "Nothing found" in (await hall.asks(ben, room, f"!search {after}")).body
    assert before in (await hall.asks(ben, room, f"!search {before}")).body
    summary = await hall.asks(ben, room, "!thread summary", thread=root)
    assert after not in summary.body
    assert (gap := await kept(hall, room, said)) is not None
    assert gap.withheld
    assert (gap.body, gap.thread_root) == ("", root)
    await ann.say(room, "!privacy archive on")
    await ann.hears(lambda h: h.room_id != room, sender=hall.me, timeout=20.0)
    await ann.say(room, f"Again: {again}")
    assert again in (await hall.asks(ben, room, f"!search {again}")).body


@pytest.mark.promise("What is said to the hall alone, a command or its answer, is not archived.")
async def test_commands_and_answers_are_not_archived(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann = await meet("ann")
    chat = await hall.chats_with(ann, encrypted=True)
    for typed in (f"!search {word}", f"!city {word}", f"/search {word}", f"!serch {word}"):
        await hall.asks(ann, room, typed)
    await hall.asks(ann, chat, f"search {word}")
    await ann.say(chat, f"just talk about {word}")

    assert "Nothing found" in (await hall.asks(ann, room, f"!search {word}")).body
    assert "Nothing found" in (await hall.asks(ann, chat, f"search {word}")).body
    assert not [one for one in await hall.archived(room) if word in one.body]
    assert await hall.archived(chat) == []


# ── what a question finds ─────────────────────────────────────────────────────────────────────


def found(answer: Heard, room: str, messages: Sequence[str]) -> set[str]:
    """Which of these messages an answer links to."""
    return {one for one in messages if link_to(room, one) in answer.body}


@everywhere
async def test_words_phrases_exclusions_people_and_days_narrow_a_search(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    name = f"Ann {word}"
    ann, ben = await arrive("ann", slug, display_name=name), await meet("ben")
    by_ann = await ann.say(room, f"A {word} for the old bridge")
    by_ben = await ben.say(room, f"The bridge is old, {word} or not")
    other = await ben.say(room, f"Only {word}")
    every = [by_ann, by_ben, other]
    today = hall.clock.now().date()
    for query, expected in (
        (word, {by_ann, by_ben, other}),
        (f"{word} bridges", {by_ann, by_ben}),  # one bridge, two bridges
        (f'{word} "old bridge"', {by_ann}),
        (f"{word} -bridge", {other}),
        (f'{word} from:"{name}"', {by_ann}),
        (f"{word} from:{ben.user_id}", {by_ben, other}),
        (f"{word} from:nobody-at-all", set()),
        (f"{word} after:{today - timedelta(days=2)}", {by_ann, by_ben, other}),
        (f"{word} before:{today - timedelta(days=2)}", set()),
        (f"{word} after:{today + timedelta(days=2)}", set()),
        (f"{word[:8]}* in:{slug}", {by_ann, by_ben, other}),
        (f"bridge OR {word} sort:new from:me", {by_ben, other}),
    ):
        answer = await hall.asks(ben, room, f"!search {query}")
        assert found(answer, room, every) == expected, query


@everywhere
async def test_more_shows_the_next_page_until_there_is_none(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann, ben = await meet("ann"), await arrive("ben", slug)
    said = [await ann.say(room, f"{word} number {number}") for number in range(12)]

    pages = [await hall.asks(ann, room, f"!search {word}")]
    assert "nothing more" in (await hall.asks(ben, room, "!more")).body  # it was not his search
    pages += [await hall.asks(ann, room, "!more") for _ in range(2)]

    assert "Found 12" in pages[0].body
    shown = [found(page, room, said) for page in pages]
    assert [len(page) for page in shown] == [5, 5, 2]
    assert set().union(*shown) == set(said)
    assert "!more" not in pages[2].body
    assert "nothing more to show" in (await hall.asks(ann, room, "!more")).body


@on_both
async def test_in_a_direct_chat_all_rooms_of_the_asker_are_searched(
    hall: RunningHall, meet: Meet
) -> None:
    word = new_word()
    ann = await meet("ann")
    here = await ann.say(hall.rooms[CLEAR], f"{word} in the open")
    there = await ann.say(hall.rooms[SEALED], f"{word} under the rose")
    chat = await hall.chats_with(ann, encrypted=True)

    both = await hall.asks(ann, chat, f"search {word}")
    one = await hall.asks(ann, chat, f"search {word} in:{SEALED}")

    assert link_to(hall.rooms[CLEAR], here) in both.body
    assert link_to(hall.rooms[SEALED], there) in both.body
    assert link_to(hall.rooms[CLEAR], here) not in one.body
    assert link_to(hall.rooms[SEALED], there) in one.body


async def test_a_search_in_a_room_shows_there_only_what_was_said_there(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    word, other = new_word(), SEALED if slug == CLEAR else CLEAR
    ann = await meet("ann")
    await ann.say(hall.rooms[other], f"{word} under the rose")

    chat = await hall.chats_with(ann, encrypted=True)
    here = await hall.asks(ann, hall.rooms[slug], f"!search {word}")
    told = await ann.hears(lambda heard: word in heard.body, room=chat, sender=hall.me)
    await ann.say(hall.rooms[slug], f"!search {word} in:{other}")
    again = await ann.hears(lambda heard: word in heard.body, room=chat, sender=hall.me)

    assert "Nothing found" in here.body
    assert "you find it in our direct chat" in here.body
    assert "rose" not in here.body
    assert "under the rose" in told.body
    assert "under the rose" in again.body


@everywhere
async def test_a_thread_is_summed_up_in_its_own_words(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    room = hall.rooms[slug]
    ann = await arrive("ann", slug, display_name="Ann Andersen")
    ben = await arrive("ben", slug, display_name="Ben Berg")
    root = await ann.say(room, "How do you find tandem partners for newcomers?")
    answer = await ben.say(room, "We ask at the library every second Tuesday.", thread=root)
    await ann.react(room, answer, "👍")
    thanks = await ann.say(room, "Thanks!", thread=root)
    open_question = await ann.say(room, "And who pays for the coffee?", thread=root)
    await ann.say(room, "Not in the thread at all, this one.")

    summary = await hall.asks(ben, room, "!thread summary", thread=root)

    assert summary.thread_root == root
    assert "4 messages" in summary.body
    assert "Ann Andersen (3), Ben Berg (1)" in summary.body
    assert "We ask at the library every second Tuesday." in summary.body
    assert "And who pays for the coffee?" in summary.body
    assert "Not in the thread" not in summary.body
    for one in (root, answer, open_question):
        assert link_to(room, one) in summary.body
    assert link_to(room, thanks) not in summary.body

    await ben.redact(room, answer)
    await ben.hears(lambda h: "I took back" in h.body, room=room, sender=hall.me)
    await ben.catch_up()
    assert ben.is_redacted(summary.event_id)
    assert "library" not in (await hall.asks(ben, room, "!thread summary", thread=root)).body


async def test_a_summary_outside_a_thread_asks_which_one(
    hall: RunningHall, meet: Meet, slug: str
) -> None:
    ann = await meet("ann")
    room = hall.rooms[slug]
    assert "Which thread?" in (await hall.asks(ann, room, "!thread summary")).body
    root = await ann.say(room, "A lonely remark about gardens")
    asked = await ann.say(room, "!thread summary", reply_to=root)
    assert "A lonely remark" in (await hall.answer_to(ann, room, asked)).body


# ── on and off ────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("In a room the hall was invited to, nothing is stored before `!archive on`.")
async def test_a_room_it_was_invited_to_is_archived_from_archive_on_to_archive_off(
    hall: RunningHall, meet: Meet, encrypted: bool
) -> None:
    before, during, after = new_word(), new_word(), new_word()
    ann = await meet("ann")
    room = await ann.create_room("Seeds", invite=[hall.me], encrypted=encrypted)
    await hall.comes_into(ann, room)
    early = await ann.say(room, f"Before: {before}")
    assert "keeps no archive" in (await hall.asks(ann, room, f"!search {before}")).body
    assert await hall.archived(room) == []

    asked = await ann.say(room, "!archive on")
    notice = await ann.hears(room=room, sender=hall.me, timeout=20.0)
    assert "This room keeps an archive" in notice.body
    assert "CityLink secretariat" in notice.body
    assert ("end-to-end protection ends at me" in notice.body) == encrypted
    mark = await ann.hears(room=room, sender=hall.me, type="m.reaction")
    assert (mark.reacts_to, mark.key) == (asked, "👍")
    during_it = await ann.say(room, f"During: {during}")
    await ann.edit(room, early, f"Before, but edited now: {before}")
    found_it = await hall.asks(ann, room, f"!search {during}")
    assert "Found 1" in found_it.body
    assert link_to(room, during_it) in found_it.body
    assert "Nothing found" in (await hall.asks(ann, room, f"!search {before}")).body

    asked = await ann.say(room, "!archive off")
    off = await hall.answer_to(ann, room, asked)
    assert "The archive of this room is off" in off.body
    assert off.thread_root is None, "it concerns everybody in the room"
    await ann.say(room, f"After: {after}")
    assert "Nothing found" in (await hall.asks(ann, room, f"!search {after}")).body
    assert "Found 1" in (await hall.asks(ann, room, f"!search {during}")).body
    assert {one.body for one in await hall.archived(room) if one.body} == {f"During: {during}"}


@pytest.mark.promise(
    "After `!archive purge` nothing that a room's archive held is found or shown any more, also in"
    " answers that repeated it, and older history does not bring it back"
)
@in_rooms_of_their_own
async def test_an_archive_is_thrown_away_and_begun_anew(
    hall: RunningHall, meet: Meet, encrypted: bool
) -> None:
    gone, new = new_word(), new_word()
    ann, ben = await meet("ann"), await meet("ben")
    room = await ann.create_room("Attic", invite=[hall.me, ben.user_id], encrypted=encrypted)
    await hall.comes_into(ann, room)
    await ben.enters(room)
    await ben.catch_up()
    await ann.say(room, "!archive on")
    await ann.hears(lambda h: "keeps an archive" in h.body, room=room, sender=hall.me)
    root = await ann.say(room, f"An old {gone} in the attic")
    await ann.react(room, await ann.say(room, f"More {gone}", thread=root), "👍")
    quoting = await hall.asks(ann, room, f"!search {gone}")
    assert gone in quoting.body
    assert "for the admins of this room" in (await hall.asks(ben, room, "!archive purge")).body

    assert "!archive purge" in (await hall.asks(ann, room, "!archive off")).body
    shown = await hall.asks(ann, room, "!archive purge")
    assert "2 messages" in shown.body
    assert "!archive purge yes" in shown.body
    assert len(await hall.archived(room)) == 2
    asked = await ann.say(room, "!archive purge yes")
    begun = await hall.answer_to(ann, room, asked)
    assert "I am throwing away what it holds" in begun.body
    assert begun.thread_root is None, "it concerns everybody in the room"
    receipt = await ann.hears(
        lambda h: "was thrown away of the archive" in h.body,
        room=room, sender=hall.me, timeout=30.0,
    )  # fmt: skip
    assert "2 messages" in receipt.body
    assert receipt.encrypted == encrypted
    assert await hall.archived(room) == []
    await ann.catch_up()
    assert ann.is_redacted(quoting.event_id)
    assert not ann.is_redacted(root)

    await ann.say(room, "!archive on")
    await ann.hears(lambda h: "keeps an archive" in h.body, room=room, sender=hall.me)
    day = (hall.clock.now() - timedelta(days=2)).date()
    refused = await hall.asks(ann, room, f"!archive backfill {day} yes")
    assert "was thrown away on" in refused.body
    await ben.say(room, f"A {new} in the cellar")
    assert "Nothing found" in (await hall.asks(ben, room, f"!search {gone}")).body
    assert "Found 1" in (await hall.asks(ben, room, f"!search {new}")).body


@in_rooms_of_their_own
async def test_the_status_of_an_archive_counts_what_is_in_it(
    hall: RunningHall, meet: Meet, encrypted: bool
) -> None:
    ann = await meet("ann")
    room = await ann.create_room("Counting", invite=[hall.me], encrypted=encrypted)
    await hall.comes_into(ann, room)
    await ann.say(room, "!archive on")
    await ann.hears(room=room, sender=hall.me)
    root = await ann.say(room, "One")
    await ann.say(room, "Two", thread=root)
    await ann.redact(room, await ann.say(room, "Three"))

    status = (await hall.asks(ann, room, "!archive status")).body

    assert "Counting: the archive is on." in status
    assert "2 messages" in status
    assert "1 thread" in status


async def test_privacy_counts_what_is_stored_about_the_asker_alone(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    room = hall.rooms[slug]
    ann, ben = await arrive("ann", slug), await meet("ben")
    chat = await hall.chats_with(ann)
    for words in ("One", "Two"):
        await ann.say(room, words)
    await ben.say(room, "Three")
    await hall.asks(ben, room, "!whoami")

    stored = (await hall.asks(ann, chat, "privacy")).body

    assert "2 messages of yours in the archive" in stored
    for cluster in hall.setup.clusters:  # she is in one of them
        assert (str(cluster["title"]) in stored) == (cluster["slug"] == slug)
    assert "CityLink secretariat" in stored

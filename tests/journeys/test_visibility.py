"""Nobody finds, by any question, what was said where they could not read it."""

from typing import Any
from uuid import uuid4

import pytest

from bot.matrix.http import path_of
from demo.people import Person
from demo.timeline import Heard
from tests.hall import CLEAR, SEALED, RunningHall
from tests.journeys.conftest import Arrive, Meet, everywhere, in_rooms_of_their_own, on_both

SECRET = "under the third stone"  # what is said along with a word, and must never be shown


def new_word() -> str:
    """A word that nobody else says."""
    return "".join("bcdfghjklmnpqrst"[int(digit, 16)] + "o" for digit in uuid4().hex[:6])


async def finds_nothing(
    hall: RunningHall, person: Person, chat: str, word: str, *names: str
) -> list[Heard]:
    """Ask for a word in every way there is; no answer may tell anything about it."""
    asked = [
        f"search {word}",
        f"search {word[:6]}* sort:new",
        f'search "{word} lies" OR {word}',
        *(f'search {word} in:"{name}"' for name in names),
        "more",
    ]
    answers = [await hall.asks(person, chat, typed) for typed in asked]
    for typed, answer in zip(asked, answers, strict=True):
        assert SECRET not in answer.body, typed
        assert "Found" not in answer.body, typed
        assert "matrix.to/#/!" not in answer.body + str(answer.html), typed
    return answers


async def says_secretly(hall: RunningHall, ann: Person, slug: str, word: str) -> str:
    """Let Ann say the word in a room, and make sure that it can be found there."""
    said = await ann.say(hall.rooms[slug], f"The {word} lies {SECRET}")
    assert SECRET in (await hall.asks(ann, hall.rooms[slug], f"!search {word}")).body
    return said


@pytest.mark.promise("A search by somebody who is not in a room never shows a word of it.")
@everywhere
async def test_who_was_never_in_a_room_finds_no_word_of_it(
    hall: RunningHall, arrive: Arrive, meet: Meet, stranger: Person, slug: str
) -> None:
    word = new_word()
    other = SEALED if slug == CLEAR else CLEAR
    ann, ben = await meet("ann"), await arrive("ben", other)
    await says_secretly(hall, ann, slug, word)
    title = next(str(c["title"]) for c in hall.setup.clusters if c["slug"] == slug)

    for outsider in (ben, stranger):
        chat = await hall.chats_with(outsider)
        answers = await finds_nothing(hall, outsider, chat, word, slug, title, ann.user_id)
        # A room that is not theirs and a room that is not there read the same.
        missing = await hall.asks(outsider, chat, f"search {word} in:no-such-room")
        forbidden = await hall.asks(outsider, chat, f"search {word} in:{slug}")
        assert forbidden.body.replace(slug, "…") == missing.body.replace("no-such-room", "…")
        assert str(hall.rooms[slug]) not in "".join(one.body for one in answers)
    for typed in (f"!search {word}", "!more"):
        answer = await hall.asks(ben, hall.rooms[other], typed)
        assert SECRET not in answer.body
        assert "Found" not in answer.body
    # What reaches beyond the room is answered to the asker alone.
    ben.forget()
    await ben.say(hall.rooms[other], f"!search {word} in:{slug}")
    told = await ben.hears(lambda one: word in one.body, sender=hall.me, timeout=20.0)
    assert told.room_id not in hall.rooms.values()
    assert told.body.startswith(f"Nothing found for {word}")
    assert SECRET not in told.body


@pytest.mark.promise("A search by somebody who has left a room never shows a word of it.")
@everywhere
async def test_who_has_left_a_room_finds_no_word_of_it(
    hall: RunningHall, arrive: Arrive, meet: Meet, paula: Person, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann = await meet("ann")
    leaver, kicked, banned = [await arrive(who, slug) for who in ("lea", "kim", "bo")]
    chats = {who: await hall.chats_with(who) for who in (leaver, kicked, banned)}
    await says_secretly(hall, ann, slug, word)
    for number in range(5):  # with that, more than a page
        await ann.say(room, f"The {word} lies {SECRET}, for the {number}. time")
    for who, chat in chats.items():
        # Now they may, and there would be more to see.
        page = await hall.asks(who, chat, f"search {word}")
        assert SECRET in page.body
        assert "more" in page.body

    await leaver.leave(room)
    await paula.kick(room, kicked.user_id)
    await paula.request("POST", f"/rooms/{room}/ban", {"user_id": banned.user_id})
    await ann.say(room, f"The {word} lies {SECRET}, said behind their backs")
    await hall.asks(ann, room, "!whoami")

    for who, chat in chats.items():
        after = await hall.asks(who, chat, "more")  # the page that was open when they left
        assert SECRET not in after.body
        await finds_nothing(hall, who, chat, word, slug)
        status = (await hall.asks(who, chat, "archive status")).body
        assert str(next(c["title"] for c in hall.setup.clusters if c["slug"] == slug)) not in status


async def test_who_comes_back_finds_what_everybody_there_may_read(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ann, ben = await meet("ann"), await arrive("ben", slug)
    chat = await hall.chats_with(ben)
    await ben.leave(room)
    await says_secretly(hall, ann, slug, word)
    await finds_nothing(hall, ben, chat, word)

    await ben.join(room)
    await ben.catch_up()

    assert SECRET in (await hall.asks(ben, chat, f"search {word}")).body


async def test_an_invitation_alone_opens_nothing(
    hall: RunningHall, arrive: Arrive, meet: Meet, encrypted: bool
) -> None:
    word = new_word()
    ann, ben = await meet("ann"), await arrive("ben")
    room = await ann.create_room("Attic", invite=[hall.me], encrypted=encrypted)
    await hall.comes_into(ann, room)
    await ann.say(room, "!archive on")
    await ann.hears(room=room, sender=hall.me)
    await ann.say(room, f"The {word} lies {SECRET}")
    assert SECRET in (await hall.asks(ann, room, f"!search {word}")).body
    ben._accepts_invites = False
    await ann.invite(room, ben.user_id)
    chat = await hall.chats_with(ben, encrypted=encrypted)

    await finds_nothing(hall, ben, chat, word, "Attic")


# ── in a room, what everybody there may read ──────────────────────────────────────────────────


async def archived_room(
    hall: RunningHall, ann: Person, visibility: str, *, encrypted: bool = False
) -> str:
    """A room of Ann's whose history is open to that degree, with its archive on."""
    state = {
        "type": "m.room.history_visibility",
        "state_key": "",
        "content": {"history_visibility": visibility},
    }
    room = await ann.create_room(
        "Attic", invite=[hall.me], encrypted=encrypted, more={"initial_state": [state]}
    )
    await hall.comes_into(ann, room)
    await ann.say(room, "!archive on")
    await ann.hears(room=room, sender=hall.me, timeout=20.0)
    return room


@pytest.mark.promise("In a room an answer never shows what one of its members may not read.")
@pytest.mark.parametrize(
    ("visibility", "encrypted"),
    [("joined", False), ("invited", True)],
    ids=["joined-clear", "invited-encrypted"],
)
@on_both
async def test_in_a_room_a_late_joiner_is_not_shown_what_was_said_before(
    hall: RunningHall, arrive: Arrive, meet: Meet, visibility: str, encrypted: bool
) -> None:
    before, after = new_word(), new_word()
    ann, late = await meet("ann"), await arrive("late")
    room = await archived_room(hall, ann, visibility, encrypted=encrypted)
    for number in range(3):
        await ann.say(room, f"{before} is {SECRET}, number {number}")
    root = await ann.say(room, f"The {before} lies {SECRET}")
    assert SECRET in (await hall.asks(ann, room, f"!search {before}", thread=root)).body
    assert SECRET in (await hall.asks(ann, room, "!thread summary", thread=root)).body

    await ann.invite(room, late.user_id)
    await late.enters(room)
    await ann.catch_up()
    ann.forget(room=room)
    await ann.say(room, f"The {after} lies in the open", thread=root)

    # Whoever asks: all in the room read the answer.
    for who in (ann, late):
        for typed in (f"!search {before}", f"!search {before[:6]}*", "!more"):
            answer = await hall.asks(who, room, typed)
            assert SECRET not in answer.body
            assert "Found" not in answer.body
        assert "in the open" in (await hall.asks(who, room, f"!search {after}")).body
        summary = await hall.asks(who, room, "!thread summary", thread=root)
        assert SECRET not in summary.body
        assert "in the open" in summary.body
    # In private each sees what they themselves may read.
    assert SECRET in (await hall.asks(ann, await hall.chats_with(ann), f"search {before}")).body
    late_chat = await hall.chats_with(late)
    await finds_nothing(hall, late, late_chat, before, "Attic")
    assert "in the open" in (await hall.asks(late, late_chat, f"search {after}")).body


async def test_where_history_is_open_to_members_a_late_joiner_finds_it(
    hall: RunningHall, arrive: Arrive, meet: Meet, encrypted: bool
) -> None:
    word = new_word()
    ann, late = await meet("ann"), await arrive("late")
    room = await archived_room(hall, ann, "shared", encrypted=encrypted)
    await ann.say(room, f"The {word} lies {SECRET}")
    await hall.asks(ann, room, "!whoami")
    await ann.invite(room, late.user_id)
    await late.enters(room)
    await late.catch_up()
    late.forget()

    assert SECRET in (await hall.asks(late, room, f"!search {word}")).body


@in_rooms_of_their_own
async def test_history_that_is_closed_later_stays_open_for_what_was_said_before(
    hall: RunningHall, arrive: Arrive, meet: Meet, encrypted: bool
) -> None:
    early, closed = new_word(), new_word()
    ann, late = await meet("ann"), await arrive("late")
    room = await archived_room(hall, ann, "shared", encrypted=encrypted)
    await ann.say(room, f"The {early} lies in the open")
    await ann.send_state(room, "m.room.history_visibility", {"history_visibility": "joined"})
    await ann.say(room, f"The {closed} lies {SECRET}")
    assert SECRET in (await hall.asks(ann, room, f"!search {closed}")).body
    await ann.invite(room, late.user_id)
    await late.enters(room)
    await late.catch_up()
    late.forget()

    assert SECRET not in (await hall.asks(late, room, f"!search {closed}")).body
    assert "in the open" in (await hall.asks(late, room, f"!search {early}")).body


async def test_what_was_said_while_somebody_was_away_is_not_shown_to_them(
    hall: RunningHall, arrive: Arrive, meet: Meet, encrypted: bool
) -> None:
    word = new_word()
    ann, ben = await meet("ann"), await arrive("ben")
    room = await archived_room(hall, ann, "joined", encrypted=encrypted)
    await ann.invite(room, ben.user_id)
    await ben.enters(room)
    await ben.leave(room)
    await ann.say(room, f"The {word} lies {SECRET}")
    assert SECRET in (await hall.asks(ann, room, f"!search {word}")).body
    await ann.invite(room, ben.user_id)
    await ben.enters(room)
    await ben.catch_up()
    ben.forget()

    assert SECRET not in (await hall.asks(ben, room, f"!search {word}")).body
    await finds_nothing(hall, ben, await hall.chats_with(ben, encrypted=encrypted), word, "Attic")


async def test_a_direct_chat_in_which_a_third_person_reads_along_is_a_room(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    word = new_word()
    ann, eve = await meet("ann"), await arrive("eve")
    await says_secretly(hall, ann, slug, word)
    chat = await hall.chats_with(ann, encrypted=slug == SEALED)
    assert SECRET in (await hall.asks(ann, chat, f"search {word}")).body
    eve._accepts_invites = False
    await ann.invite(chat, eve.user_id)  # she may come and read at any time

    for typed in (f"!search {word}", "!more", "!archive status"):
        answer = await hall.asks(ann, chat, typed)
        assert SECRET not in answer.body
        assert "Found" not in answer.body
        assert "matrix.to/#/!" not in answer.body
    ann.forget()
    await ann.say(chat, f"!search {word} in:{slug}")  # answered where she is alone with the hall
    told = await ann.hears(lambda one: "Found 1" in one.body, sender=hall.me, timeout=20.0)
    assert told.room_id != chat
    await ann.say(chat, f"search {word}")
    await hall.keeps_quiet(ann, chat)
    await eve.join(chat)
    await eve.catch_up()
    eve.forget()
    assert SECRET not in (await hall.asks(eve, chat, f"!search {word}")).body


async def test_a_room_that_is_called_a_direct_chat_but_holds_more_people_is_a_room(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    word = new_word()
    ann, eve = await meet("ann"), await arrive("eve")
    await says_secretly(hall, ann, slug, word)
    chat = await ann.create_room(
        invite=[eve.user_id, hall.me], encrypted=slug == SEALED, more={"is_direct": True}
    )
    await hall.comes_into(ann, chat)

    await ann.say(chat, f"search {word}")
    await hall.keeps_quiet(ann, chat)
    assert SECRET not in (await hall.asks(ann, chat, f"!search {word}")).body


# ── nothing else tells either ─────────────────────────────────────────────────────────────────


async def test_a_summary_of_a_thread_of_another_room_is_not_given(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    word, other = new_word(), SEALED if slug == CLEAR else CLEAR
    ann, eve = await meet("ann"), await arrive("eve", slug)
    secret = await says_secretly(hall, ann, other, word)
    # The homeserver refuses a thread across rooms, but not a reply.
    content = {
        "msgtype": "m.text",
        "body": "!thread summary",
        "m.relates_to": {"m.in_reply_to": {"event_id": secret}},
    }
    await eve.send_raw(hall.rooms[slug], "m.room.message", content)
    await hall.asks(eve, hall.rooms[slug], "!whoami")
    await eve.catch_up()
    said = eve.heard(room=hall.rooms[slug], sender=hall.me)
    assert not [one for one in said if word in one.body]


async def test_an_answer_in_private_is_taken_back_when_its_source_goes(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    word = new_word()
    ann, ben = await meet("ann"), await arrive("ben", slug)
    said = await says_secretly(hall, ann, slug, word)
    chat = await hall.chats_with(ben, encrypted=True)
    answer = await hall.asks(ben, chat, f"search {word}")
    await ben.leave(hall.rooms[slug])  # even if he is not there any more

    await ann.redact(hall.rooms[slug], said)

    await ben.hears(lambda h: "I took back" in h.body, room=chat, sender=hall.me, timeout=20.0)
    await ben.catch_up()
    assert ben.is_redacted(answer.event_id)


@pytest.mark.promise("Who left stays out when the homeserver tells older news after newer.")
@everywhere
async def test_who_has_left_is_not_let_in_again_by_older_news(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Where two events cross, a real Synapse now and then tells the state before the later one, and
    # never comes back to it: decision 14. Here its answer is given that block each time.
    room, ann, word, http = hall.rooms[slug], await meet("ann"), new_word(), hall.hall.client._http
    lea = await arrive("lea", slug)
    state = await http.call("GET", path_of("rooms", room, "state"))
    joining = next(event for event in state if event.get("state_key") == lea.user_id)
    await lea.leave(room)
    await hall.asks(ann, room, "!whoami")
    await lea.rest()
    told: list[str] = []

    async def get(path: str, *rest: Any, **options: Any) -> dict[str, Any]:
        answer = await really(path, *rest, **options)
        part = answer.get("rooms", {}).get("join", {}).get(room)
        if part and part["timeline"]["events"] and not told:
            part["state"] = {"events": [joining]}
            told.append(path)
        return answer

    really = http.get
    monkeypatch.setattr(http, "get", get)
    await ann.say(room, f"The {word} lies {SECRET}")  # which Lea may not read
    answer = await hall.asks(ann, room, f"!search {word}")

    assert told
    assert SECRET in answer.body
    keys = (await lea.request("GET", "/sync")).get("to_device", {}).get("events", [])
    assert hall.me not in {event["sender"] for event in keys}

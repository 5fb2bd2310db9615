"""What concerns one person comes to their direct chat, and to nobody else."""

import pytest

from demo.people import Person
from demo.timeline import Heard
from storage.records import RoomId
from tests.hall import CLEAR, SEALED, RunningHall
from tests.journeys.conftest import Arrive, everywhere


async def told(hall: RunningHall, person: Person, room: str, typed: str) -> Heard:
    """Ask in a room what is answered in private, and wait for that."""
    asked = await person.say(room, typed)
    answer = await person.hears(
        lambda h: h.room_id not in hall.rooms.values(), sender=hall.me, timeout=20.0
    )
    mark = await person.hears(room=room, sender=hall.me, type="m.reaction")
    assert (mark.reacts_to, mark.key) == (asked, "✉️")
    return answer


def chats_of(hall: RunningHall, person: Person) -> set[RoomId]:
    return person.rooms - set(hall.rooms.values())


@pytest.mark.promise("What concerns one person alone is said in an encrypted direct chat.")
@everywhere
async def test_private_answers_make_one_encrypted_direct_chat_and_go_on_there(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    ann = await arrive("ann", slug)
    room = hall.rooms[slug]

    first = await told(hall, ann, room, "!privacy")
    second = await told(hall, ann, room, "!privacy archive on")

    assert "stored about you" in first.body
    assert first.room_id == second.room_id
    assert chats_of(hall, ann) == {first.room_id}
    assert first.encrypted
    assert second.encrypted
    assert not first.is_notice, "it is for this person, so their client may ring"
    members = await ann.request("GET", f"/rooms/{first.room_id}/joined_members")
    assert set(members["joined"]) == {ann.user_id, hall.me}
    levels = await ann.state(first.room_id, "m.room.power_levels")
    assert ann.user_id not in levels["users"]
    # It is a direct chat for both sides: no prefix, and no thread.
    answer = await hall.asks(ann, first.room_id, "whoami")
    assert ann.user_id in answer.body
    await hall.keeps_quiet(ann, room)


async def test_the_very_first_private_answer_can_be_read(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    # Its room is made for it, and a sync may show that before the person is asked in.
    for name in ("ann", "ben", "cleo"):
        person = await arrive(name, slug)
        assert "stored about you" in (await told(hall, person, hall.rooms[slug], "!privacy")).body


async def test_questions_asked_at_once_make_one_direct_chat(
    hall: RunningHall, arrive: Arrive
) -> None:
    ann = await arrive("ann", CLEAR, SEALED)
    for room in (hall.rooms[CLEAR], hall.rooms[SEALED], hall.rooms[CLEAR]):
        await ann.say(room, "!privacy")

    private = [
        await ann.hears(
            lambda h: h.room_id not in hall.rooms.values(), sender=hall.me, timeout=20.0
        )
        for _ in range(3)
    ]

    assert len({one.room_id for one in private}) == 1
    assert len(chats_of(hall, ann)) == 1


async def test_a_direct_chat_that_the_person_began_is_used(
    hall: RunningHall, arrive: Arrive, encrypted: bool
) -> None:
    ann = await arrive("ann", CLEAR)
    chat = await hall.chats_with(ann, encrypted=encrypted)

    answer = await told(hall, ann, hall.rooms[CLEAR], "!privacy")

    assert answer.room_id == chat
    assert chats_of(hall, ann) == {chat}


async def test_a_direct_chat_that_the_person_has_left_is_made_anew(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    ann = await arrive("ann", slug)
    first = await told(hall, ann, hall.rooms[slug], "!privacy")
    await ann.leave(first.room_id)

    second = await told(hall, ann, hall.rooms[slug], "!privacy")

    assert second.room_id != first.room_id


@pytest.mark.promise("What is meant for one person is never said where a third reads along.")
@everywhere
async def test_a_direct_chat_with_a_third_person_is_no_direct_chat_any_more(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    ann, ben = await arrive("ann", slug), await arrive("ben")
    chat = (await told(hall, ann, hall.rooms[slug], "!privacy")).room_id
    await ann.invite(chat, ben.user_id)
    await ben.enters(chat)
    await ann.catch_up()

    elsewhere = await told(hall, ann, hall.rooms[slug], "!privacy")
    assert elsewhere.room_id != chat
    await ann.say(chat, "whoami")  # talk between two people, and no command any more
    await ben.say(chat, "city havnvoll")
    await hall.keeps_quiet(ann, chat)
    ann.forget(room=chat)
    asked = await ann.say(chat, "!privacy")
    mark = await ann.hears(room=chat, sender=hall.me, type="m.reaction")
    assert mark.reacts_to == asked
    said = await ann.hears(
        lambda h: h.room_id not in (chat, *hall.rooms.values()), sender=hall.me, timeout=20.0
    )
    assert said.room_id == elsewhere.room_id

"""Ways to get more say than one has, tried one by one."""

from collections.abc import Sequence

import pytest
from sqlalchemy import Connection

from commands import listeners
from commands.events import Edited, Reacted
from commands.listener import Listener
from commands.permissions import Who
from storage import inbox, outbox, people, rooms
from storage.inbox import Entry
from storage.records import EventId, Person, Role, RoomId, RoomKind, UserId
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    DESK,
    HOUSING,
    ME,
    OTTO,
    PAULA,
    WELCOME,
    Hall,
    direct,
    heard,
    join,
)
from tests.commands.test_rights import (
    GIVEN,
    TAKEN,
    begins,
    does_everything,
    gives,
    hears,
    is_corrected,
    is_tapped,
    may_list,
    told,
)

SPACE = RoomId("!space:hs")


# ── who was removed ───────────────────────────────────────────────────────────────────────────


async def has_any_say(hall: Hall, who: UserId) -> bool:
    """In their direct chat, where nobody can keep them from speaking."""
    listed = await may_list(hall, who, "Havnvoll", direct(who))
    return listed or "Moothall" in await hall.hears(who, "admin status", direct(who))


@pytest.mark.promise("Who is banned from the Space or the coordinators' room has no say anywhere.")
@pytest.mark.parametrize("who", [CORA, PAULA, OTTO])
@pytest.mark.parametrize("where", [SPACE, DESK])
async def test_who_is_banned_has_no_say_in_a_direct_chat_either(
    hall: Hall, who: UserId, where: RoomId
) -> None:
    await hall.do(lambda c: join(c, SPACE, RoomKind.SPACE, (CORA, PAULA, OTTO, ME)))
    assert await has_any_say(hall, who)
    await hall.moves(who, where, "ban")
    assert not await has_any_say(hall, who)
    assert "member set" not in await hall.hears(who, "help", direct(who))
    refused = await hall.hears(who, f"member set {who} role:project-coordinator", direct(who))
    assert "is for coordinators" in refused
    assert "Roles: member" in await hall.hears(who, "whoami", direct(who))
    await hall.moves(who, where, "join")
    assert await has_any_say(hall, who)


async def test_who_left_the_coordinators_does_not_coordinate_the_project(hall: Hall) -> None:
    await hall.do(lambda c: people.set_roles(c, BEN, {Role.PROJECT_COORDINATOR}))
    await hall.do(lambda c: join(c, DESK, RoomKind.COORDINATORS, (BEN,)))
    for who in (PAULA, BEN):  # by the configuration, and by what was granted in chat
        assert await may_list(hall, who, "Lipohrad", direct(who))
        await hall.moves(who, DESK, "leave")
        assert not await may_list(hall, who, "Lipohrad", direct(who))
    await hall.moves(CORA, DESK, "leave")
    assert await may_list(hall, CORA, "Havnvoll", direct(CORA)), "her cluster is another matter"
    await hall.moves(OTTO, DESK, "leave")
    assert await has_any_say(hall, OTTO), "somebody has to be able to mend it"


# ── to grant oneself ──────────────────────────────────────────────────────────────────────────


async def test_a_say_that_was_lent_is_not_made_one_s_own_by_moving_there(hall: Hall) -> None:
    def grant(connection: Connection) -> None:
        people.change(connection, BEN, city="havnvoll")
        people.set_roles(connection, BEN, {Role.CLUSTER_COORDINATOR})

    await hall.do(grant)
    await gives(hall, WELCOME, GIVEN)  # an admin there lends him the say
    assert await may_list(hall, BEN, "Lipohrad", direct(BEN))

    refused = await hall.hears(BEN, f"member set {BEN} city:lipohrad", direct(BEN))
    assert "Noted" not in refused
    await gives(hall, WELCOME, TAKEN)
    assert not await may_list(hall, BEN, "Lipohrad", direct(BEN))
    assert "Noted" in await hall.hears(BEN, f"member set {BEN} city:sao-bento", direct(BEN))
    assert "Noted" in await hall.hears(PAULA, f"member set {BEN} city:lipohrad", direct(PAULA))


async def test_nobody_is_made_coordinator_by_being_put_into_a_city(hall: Hall) -> None:
    await hall.do(lambda c: people.set_roles(c, BEN, {Role.CLUSTER_COORDINATOR}))  # of no city yet
    refused = await hall.hears(CORA, f"!member set {BEN} city:havnvoll")
    assert "cluster coordinator" in refused
    assert "Noted" not in refused
    assert "Noted" in await hall.hears(CORA, f"!member set {ANN} city:sao-bento")


async def known(hall: Hall, who: UserId) -> Person:
    return await hall.do(lambda c: people.know(c, who))


@pytest.mark.parametrize(
    "grant",
    [
        "role:cluster-coordinator",
        "role:project-coordinator",
        "role:operator",
        "role:-project-coordinator",
        "city:lipohrad",
        "city:havnvoll role:operator",
    ],
)
async def test_a_cluster_coordinator_grants_neither_herself_nor_others_more(
    hall: Hall, grant: str
) -> None:
    for who in (CORA, BEN):
        before = await known(hall, who)
        assert "Noted" not in await hall.hears(CORA, f"!member set {who} {grant}")
        assert await known(hall, who) == before


@pytest.mark.parametrize(
    "levels",
    [
        {"events": {"org.moothall.coordinate": "50"}, "users": {BEN: "49"}},
        {"events": {"org.moothall.coordinate": True}, "users": {BEN: True}},
        {"events": {"org.moothall.coordinate": None}, "users_default": 49},
        {"events": [], "users": [BEN], "state_default": 0},
        {"events": {}, "users_default": 0, "state_default": 0},
        {"events": {"org.moothall.coordinate": 0.0}, "users": {BEN: -1}},
        {"users": {BEN.upper(): 100, f" {BEN}": 100}},
    ],
)
async def test_levels_that_are_oddly_written_give_no_say(
    hall: Hall, levels: dict[str, object]
) -> None:
    await gives(hall, HOUSING, levels)
    assert not await may_list(hall, BEN, "Havnvoll", HOUSING)
    assert not await may_list(hall, BEN, "Havnvoll", direct(BEN))


# ── from another room ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
def judges(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feature whose conversations and cards are the coordinators' own."""
    told.clear()
    listener = Listener(
        "verdict", hears, is_corrected, tapped=is_tapped, posts=("card/",), who=Who.COORDINATORS
    )
    monkeypatch.setattr(listeners, "LISTENERS", (listener,))


@pytest.mark.usefixtures("judges")
@pytest.mark.promise("A say in one room is none over what stands in another.")
async def test_who_coordinates_one_room_decides_nothing_from_there_about_another(
    hall: Hall,
) -> None:
    card = await begins(hall, talk=False)  # in the housing room
    await gives(hall, WELCOME, GIVEN)
    assert await may_list(hall, BEN, "Lipohrad", WELCOME)
    await hall.do(lambda c: was_said(c, "$old", HOUSING))
    for relation in ({"thread_root": card}, {"reply_to": card}):
        await hall.says(BEN, "Granted", WELCOME, **relation)
    await hall.responds(Reacted(hall.next_event(), WELCOME, BEN, hall.now, card, "👍"))
    old = EventId("$old")
    refused = hall.said(BEN, "Refused", WELCOME, event_id=old)
    await hall.responds(Edited(hall.next_event(), old, refused))
    assert not told
    await gives(hall, HOUSING, GIVEN)
    await does_everything(hall, BEN, card)
    assert len(told) == 3, "where it stands, he may"


def was_said(connection: Connection, event_id: str, room: RoomId) -> None:
    inbox.add(connection, [Entry(event_id, room, "event", 1, {})], Hall.now)


async def test_an_answer_is_never_led_into_another_room_s_thread(hall: Hall) -> None:
    root = await hall.talks(ANN, "Between us", HOUSING)
    for relation in ({"thread_root": root}, {"reply_to": root}):
        posts = await hall.says(BEN, "!whoami", WELCOME, **relation)
        assert "You are" in heard(posts)
        assert root not in repr(posts)
    assert "Between us" not in await hall.hears(BEN, "!thread summary", WELCOME, thread_root=root)


async def test_a_question_of_one_room_is_not_answered_from_another(hall: Hall) -> None:
    await gives(hall, WELCOME, GIVEN)
    asked = hall.said(BEN, "!settings timezone", HOUSING)
    await hall.do(lambda c: was_said(c, asked.event_id, HOUSING))
    await hall.responds(asked)
    assert await hall.hears(BEN, "Athens", WELCOME, thread_root=asked.event_id) == ""
    assert "Athens" in await hall.hears(BEN, "Athens", HOUSING, thread_root=asked.event_id)


async def test_a_command_is_not_edited_from_another_room(hall: Hall) -> None:
    asked = hall.said(BEN, "!member list", HOUSING)
    await hall.do(lambda c: was_said(c, asked.event_id, HOUSING))
    await gives(hall, WELCOME, GIVEN)
    elsewhere = hall.said(BEN, "!member list Lipohrad", WELCOME, event_id=asked.event_id)
    assert not await hall.responds(Edited(hall.next_event(), asked.event_id, elsewhere))


async def test_answers_are_not_taken_back_from_another_room(hall: Hall) -> None:
    await hall.keeps_archive()
    said = await hall.talks(ANN, "The kettle sings", HOUSING)

    def quoted(connection: Connection) -> Sequence[str]:
        outbox.add_quotes(connection, "reply/$x/0", [said])
        return outbox.posts_quoting(connection, said)

    assert await hall.do(quoted)
    assert not await hall.redacts(BEN, said, WELCOME)
    assert await hall.redacts(ANN, said, HOUSING)


async def test_an_edit_after_a_role_is_lost_is_refused(hall: Hall) -> None:
    await gives(hall, HOUSING, GIVEN)
    asked = hall.said(BEN, "!member list Havnvol")
    await hall.responds(asked)
    await gives(hall, HOUSING, TAKEN)
    assert "is for coordinators" in heard(await hall.edits(asked, "!member list Havnvoll"))
    await hall.moves(BEN, HOUSING, "ban")
    assert await hall.edits(asked, "!member list Havnvoll") == ()


async def test_a_mention_in_a_reply_lends_nobody_s_rights(hall: Hall) -> None:
    said = await hall.talks(PAULA, "I set everybody's city", HOUSING)
    answer = await hall.hears(
        BEN, "!member set Ben role:city-lead", reply_to=said, mentions=frozenset({PAULA, ME})
    )
    assert "is for coordinators" in answer
    assert not (await hall.do(lambda c: people.know(c, BEN))).roles


async def test_notices_are_answered_in_no_room(hall: Hall) -> None:
    for room in (HOUSING, DESK, direct(PAULA)):
        for words in ("!whoami", "whoami", "Moothall: whoami"):
            assert await hall.says(PAULA, words, room, msgtype="m.notice") == ()


# ── in another's name ─────────────────────────────────────────────────────────────────────────


@pytest.mark.usefixtures("judges")
@pytest.mark.promise("In an encrypted room nothing that comes in clear is carried out.")
async def test_what_comes_in_clear_into_an_encrypted_room_is_not_carried_out(hall: Hall) -> None:
    card = await begins(hall, talk=False)
    await gives(hall, HOUSING, GIVEN)
    await hall.do(lambda c: rooms.change(c, HOUSING, encrypted=True))
    forged = await hall.hears(CORA, f"!member set {BEN} role:city-lead")
    assert "Say it again, encrypted" in forged
    assert not (await known(hall, BEN)).roles
    asked = hall.said(CORA, "!member set", encrypted=True)
    await hall.responds(asked)
    assert await hall.hears(CORA, f"{BEN} role:city-lead", thread_root=asked.event_id) == ""
    assert await hall.hears(BEN, "Moothall means a house, I hear") == ""
    await hall.says(BEN, "Granted", thread_root=card)
    old = EventId("$old")
    await hall.responds(Edited(hall.next_event(), old, hall.said(BEN, "Refused", event_id=old)))
    assert not told
    genuine = f"!member set {BEN} role:city-lead"
    assert "Noted" in await hall.hears(CORA, genuine, encrypted=True)
    assert await hall.says(BEN, "Granted", thread_root=card, encrypted=True) == ()
    await hall.responds(
        Edited(hall.next_event(), old, hall.said(BEN, "No", event_id=old, encrypted=True))
    )
    assert told == [f"said by {BEN}", f"corrected by {BEN}"]

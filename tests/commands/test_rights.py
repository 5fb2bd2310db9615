"""Who has the say is asked when a command is read, and again when it takes effect."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import Connection

from commands import listeners
from commands.command import Call
from commands.context import Context
from commands.events import Edited, Event, Reacted, Said, TimerDue
from commands.listener import Listener, Tap
from commands.permissions import Who
from commands.posts import Posts
from commands.power import COORDINATE
from commands.rights import MANDATE, Mandate
from storage import listening, outbox, people, rooms, sources
from storage.listening import Conversation
from storage.outbox import Action, Row
from storage.records import EventId, Role, RoomId, RoomKind, UserId
from storage.sources import Source
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    DESK,
    HOUSING,
    ME,
    PAULA,
    WELCOME,
    Hall,
    direct,
    heard,
    join,
)

LIST = "!member list Havnvoll"
REFUSED = "is for coordinators"


async def gives(hall: Hall, room: RoomId, levels: Mapping[str, Any]) -> None:
    """A room's admin writes power levels."""
    create = {"sender": ME, "content": {"room_version": "11"}}
    await hall.do(lambda c: rooms.change(c, room, create_event=create, power_levels=dict(levels)))


GIVEN = {"events": {COORDINATE: 50}, "users": {BEN: 50}}
TAKEN = {"events": {COORDINATE: 50}, "users": {BEN: 0}}


async def may_list(hall: Hall, who: UserId, place: str, room: RoomId) -> bool:
    sign = "" if room == direct(who) else "!"
    answer = await hall.hears(who, f"{sign}member list {place}", room)
    if "nobody" in answer.casefold() or "•" in answer or "@" in answer:
        return True
    assert "coordinators" in answer or "cluster" in answer, answer
    return False


async def test_a_room_gives_the_say_in_its_own_cluster_and_takes_it_back(hall: Hall) -> None:
    assert not await may_list(hall, BEN, "Havnvoll", HOUSING)
    await gives(hall, HOUSING, GIVEN)
    assert await may_list(hall, BEN, "Havnvoll", HOUSING)
    assert await may_list(hall, BEN, "Havnvoll", direct(BEN))
    assert not await may_list(hall, BEN, "Lipohrad", WELCOME)
    assert not await may_list(hall, BEN, "Lipohrad", direct(BEN))
    await gives(hall, HOUSING, TAKEN)
    assert not await may_list(hall, BEN, "Havnvoll", HOUSING)
    assert not await may_list(hall, BEN, "Havnvoll", direct(BEN))


async def test_it_gives_no_say_over_the_whole_network(hall: Hall) -> None:
    await gives(hall, HOUSING, GIVEN)
    refused = await hall.hears(BEN, "!member set @ann role:project-coordinator")
    assert "project coordinator" in refused
    assert Role.PROJECT_COORDINATOR not in (await hall.do(lambda c: people.know(c, ANN))).roles


@pytest.mark.parametrize("membership", ["leave", "ban"])
async def test_who_is_gone_has_no_say_whoever_gave_it(hall: Hall, membership: str) -> None:
    await gives(hall, HOUSING, GIVEN)
    for who in (BEN, CORA):  # from the room, and from the configuration
        assert await may_list(hall, who, "Havnvoll", direct(who))
        await hall.moves(who, HOUSING, membership)
        assert not await may_list(hall, who, "Havnvoll", direct(who))
        assert await hall.says(who, LIST) == ()
    await hall.moves(CORA, HOUSING, "join")
    assert await may_list(hall, CORA, "Havnvoll", direct(CORA))


async def test_a_room_that_is_no_cluster_s_gives_nothing(hall: Hall) -> None:
    elsewhere = RoomId("!own:hs")
    await hall.do(lambda c: join(c, elsewhere, RoomKind.OTHER, (BEN, ME), "housing"))
    everything = {"users": {BEN: 100}, "events": {COORDINATE: 0}}
    for room in (elsewhere, direct(BEN), DESK):
        await gives(hall, room, everything)
    assert not await may_list(hall, BEN, "Havnvoll", elsewhere)
    assert not await may_list(hall, BEN, "Havnvoll", direct(BEN))
    await gives(hall, HOUSING, GIVEN)
    await hall.do(lambda c: rooms.change(c, HOUSING, successor="!new:hs"))
    assert not await may_list(hall, BEN, "Havnvoll", direct(BEN)), "nobody lives there any more"


async def test_help_shows_what_the_room_gives(hall: Hall) -> None:
    assert "member set" not in await hall.hears(BEN, "!help")
    await gives(hall, HOUSING, GIVEN)
    assert "member set" in await hall.hears(BEN, "!help")


# ── what takes effect later ───────────────────────────────────────────────────────────────────


async def test_an_answer_to_a_question_is_permitted_anew(hall: Hall) -> None:
    await gives(hall, HOUSING, GIVEN)
    asked = hall.said(BEN, "!member set")
    assert "Who is it?" in heard(await hall.responds(asked))
    await gives(hall, HOUSING, TAKEN)
    late = await hall.hears(BEN, "@ann city:Havnvoll", thread_root=asked.event_id)
    assert REFUSED in late


told: list[str] = []


def hears(call: Call[None], subject: str, context: Context) -> Posts:
    told.append(f"said by {call.asker.user_id}")
    return ()


def is_tapped(tap: Tap, context: Context) -> Posts:
    told.append(f"tapped by {tap.person.user_id}")
    return ()


def is_corrected(event: Edited, subject: str, context: Context) -> Posts:
    told.append(f"corrected by {event.now.sender}")
    return ()


@pytest.fixture
def judges(monkeypatch: pytest.MonkeyPatch) -> None:
    """A feature whose conversations and cards are the coordinators' own."""
    told.clear()
    listener = Listener(
        "verdict", hears, is_corrected, tapped=is_tapped, posts=("card/",), who=Who.COORDINATORS
    )
    monkeypatch.setattr(listeners, "LISTENERS", (listener,))


async def begins(hall: Hall, *, talk: bool) -> EventId:
    """A card, a conversation under it, and a verdict of Ben's from before."""

    def work(connection: Connection) -> None:
        row = Row("card/7", HOUSING, Action.MESSAGE, {"body": "x"}, "m.room.message")
        outbox.add(connection, uuid.UUID(int=1), [row], hall.now)
        claimed = outbox.claim(connection, HOUSING, "DEVICE", hall.now)
        assert claimed is not None
        outbox.settle(connection, claimed.id, hall.now, event_id=EventId("$card"))
        listening.begin(connection, Conversation("$card", "verdict", "V-7", talk=talk), hall.now)
        sources.add(connection, EventId("$old"), Source("verdict", "V-7", BEN, talk=talk))

    await hall.do(work)
    return EventId("$card")


async def does_everything(hall: Hall, who: UserId, card: EventId) -> str:
    """Words, a tap and a correction; what the hall says to them."""
    events: list[Event] = [
        hall.said(who, "Granted", thread_root=card),
        Reacted(hall.next_event(), HOUSING, who, hall.now, card, "👍"),
        Edited(hall.next_event(), EventId("$old"), hall.said(who, "Refused", event_id="$old")),
    ]
    return "".join([heard(await hall.responds(event)) for event in events])


@pytest.mark.usefixtures("judges")
@pytest.mark.parametrize("talk", [True, False])
async def test_words_taps_and_corrections_are_permitted_anew(hall: Hall, talk: bool) -> None:
    card = await begins(hall, talk=talk)
    await gives(hall, HOUSING, GIVEN)
    await does_everything(hall, BEN, card)
    assert told == [f"said by {BEN}", f"tapped by {BEN}", f"corrected by {BEN}"]
    told.clear()
    await gives(hall, HOUSING, TAKEN)
    answer = await does_everything(hall, BEN, card)
    assert not told
    assert answer == ("" if talk else "That is for coordinators. One of them can do it for you.")


@pytest.mark.usefixtures("judges")
@pytest.mark.parametrize("membership", ["leave", "ban"])
async def test_who_is_gone_says_taps_and_corrects_in_vain(
    hall: Hall, membership: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_all = replace(listeners.LISTENERS[0], who=Who.EVERYONE)
    monkeypatch.setattr(listeners, "LISTENERS", (for_all,))
    card = await begins(hall, talk=False)
    await hall.moves(BEN, HOUSING, membership)
    assert await does_everything(hall, BEN, card) == ""
    assert not told


def due(who: UserId, permitted: Who, room: RoomId = HOUSING) -> TimerDue:
    content = {"msgtype": "m.text", "body": "Now!", "m.mentions": {}}
    mandate = Mandate(who, permitted, room).as_payload()
    return TimerDue(
        "announce/7",
        "announce",
        HOUSING,
        Hall.now,
        {"key": "announce/7", "content": content, MANDATE: mandate},
    )


async def test_a_timer_rings_only_while_its_asker_has_the_say(hall: Hall) -> None:
    await gives(hall, HOUSING, GIVEN)
    assert await hall.responds(due(BEN, Who.COORDINATORS))
    await gives(hall, HOUSING, TAKEN)
    assert not await hall.responds(due(BEN, Who.COORDINATORS))
    assert await hall.responds(due(BEN, Who.EVERYONE))
    assert await hall.responds(due(PAULA, Who.COORDINATORS))
    await hall.moves(BEN, HOUSING, "ban")
    assert not await hall.responds(due(BEN, Who.EVERYONE))
    assert not await hall.responds(due(UserId("@nobody:hs"), Who.EVERYONE))


async def test_a_call_s_mandate_names_its_asker_and_its_room(hall: Hall) -> None:
    def ask(connection: Connection) -> Mandate:
        room, asker, _ = rooms.presence(connection, HOUSING, BEN) or (None, None, None)
        assert room is not None
        assert asker is not None
        said = Said(EventId("$x"), HOUSING, BEN, hall.now, "!x")
        context = Context(connection, hall.now, ME, hall.settings, "$x")
        call = Call(None, said, asker, room, context.words)
        return Mandate.of(call, Who.ROOM_ADMINS)

    mandate = await hall.do(ask)
    assert mandate == Mandate(BEN, Who.ROOM_ADMINS, HOUSING)
    assert mandate.as_payload() == {"person": BEN, "who": "ROOM_ADMINS", "room": HOUSING}

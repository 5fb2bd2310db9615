"""A start with something broken goes on with the rest, and says once what is wrong."""

import shutil
from collections.abc import Callable
from urllib.parse import quote

import pytest

from bot import provisioning
from demo.homeserver import Homeserver
from demo.people import Person
from demo.timeline import Heard
from storage import rooms
from tests.faults import Answer, DropResponse, FaultProxy, Rule, sends
from tests.hall import CLEAR, CLUSTERS, SEALED, RunningHall
from tests.journeys.place import MakePlace, Place

QUIET = {"slug": "gardens", "title": "Shared gardens"}
TROUBLE = "Something is broken."
MENDED = "This is mended"


async def hears(person: Person, room: str, *words: str) -> Heard:
    """The next message there that begins with these words, and has the others."""
    told = await person.hears(
        lambda heard: heard.body.startswith(words[0]), room=room, timeout=30.0
    )
    for word in words[1:]:
        assert word in told.body
    return told


def told(place: Place, room: str) -> list[Heard]:
    """Everything that was said about troubles, ever."""
    is_about: Callable[[Heard], bool] = lambda h: h.body.startswith((TROUBLE, MENDED))  # noqa: E731
    return place.paula.heard(is_about, room=room)


async def give_rights(place: Place, room: str) -> None:
    levels = await place.olaf.state(room, "m.room.power_levels")
    levels["users"][place.me] = 100
    await place.olaf.send_state(room, "m.room.power_levels", levels)


async def settles(place: Place, hall: RunningHall) -> None:
    """An answer in the coordinators' room comes after all that was to be said before it."""
    await hall.asks(place.olaf, hall.rooms["coordinators"], "!whoami")
    await place.paula.catch_up()


async def opened(make_place: MakePlace, *clusters: object) -> tuple[Place, str]:
    """A community whose staff sit in the coordinators' room."""
    place = await make_place(
        clusters=clusters or CLUSTERS, cities=(), community={"room_version": "11"}
    )
    await place.init()
    desk = await place.named("CityLink: coordinators")
    for person in (place.paula, place.olaf):
        for room in await place.rooms():
            await person.enters(room)
        await person.catch_up()
    return place, desk


@pytest.mark.promise(
    "A start with something broken goes on with everything else, and tells the coordinators once."
)
async def test_broken_rooms_are_told_once_and_the_others_go_on(make_place: MakePlace) -> None:
    place, desk = await opened(make_place, *CLUSTERS, QUIET)
    removed, mute = await place.named("Welcoming culture"), await place.named("Shared gardens")
    await place.lowers_the_bot(removed, 0)
    await place.olaf.kick(removed, place.me)
    await place.lowers_the_bot(mute, 0, events_default=20)

    async with place.runs() as hall:
        said = await hears(place.paula, desk, TROUBLE, "I am not in Welcoming culture any more")
        assert "can ask @moothall" in said.body
        assert "no right to do my work in Shared gardens: m.room.message" in said.body
        assert "Learning the language" not in said.body
        await hall.asks(place.paula, hall.rooms[SEALED], "!whoami")
    async with place.runs() as hall:
        await settles(place, hall)
        assert len(told(place, desk)) == 1, "a second start says it again"

        # Asked in again, with its rights, while it runs, it says so itself.
        await give_rights(place, removed)
        await place.olaf.invite(removed, place.me)
        said = await hears(place.paula, desk, MENDED, "I am not in Welcoming culture any more")
        assert "Shared gardens" not in said.body
        await hall.asks(place.olaf, removed, "!whoami")
        await give_rights(place, mute)
        await hears(place.paula, desk, MENDED, "Shared gardens")
    async with place.runs() as hall:
        await settles(place, hall)
        assert len(told(place, desk)) == 3


async def test_a_removal_while_the_hall_runs_is_told_and_not_undone(make_place: MakePlace) -> None:
    place, desk = await opened(make_place)
    room = await place.named("Welcoming culture")
    async with place.runs() as hall:
        await settles(place, hall)
        await place.lowers_the_bot(room, 0)
        await hears(place.paula, desk, TROUBLE, "Some rights are missing in Welcoming culture")
        await place.olaf.kick(room, place.me)
        await hears(place.paula, desk, TROUBLE, "I am not in Welcoming culture any more")
    async with place.runs() as hall:
        await settles(place, hall)
        assert room not in await place.rooms(), "who was shown the door stays outside"


async def test_without_its_space_the_hall_keeps_its_rooms_and_makes_no_other(
    make_place: MakePlace,
) -> None:
    place, desk = await opened(make_place)
    space = await place.named("CityLink")
    await place.lowers_the_bot(space, 0)
    await place.olaf.kick(space, place.me)
    place.changed(clusters=[*CLUSTERS, QUIET])
    before = await place.rooms()

    async with place.runs() as hall:
        said = await hears(place.paula, desk, TROUBLE, "I am not in CityLink any more")
        assert "Shared gardens has no room yet" in said.body
        assert "Mend the Space first" in said.body
        assert await place.rooms() == before
        await hall.asks(place.paula, hall.rooms[CLEAR], "!whoami")

        await give_rights(place, space)
        await place.olaf.invite(space, place.me)
        await hears(place.paula, desk, MENDED, "CityLink")
    async with place.runs() as hall:
        assert "gardens" in hall.rooms


async def test_a_space_that_takes_no_room_from_us_is_told(make_place: MakePlace) -> None:
    place, desk = await opened(make_place)
    await place.lowers_the_bot(await place.named("CityLink"), 0)
    place.changed(clusters=[*CLUSTERS, QUIET])
    async with place.runs() as hall:
        said = await hears(place.paula, desk, TROUBLE, "m.space.child")
        assert "The Space does not list Shared gardens" in said.body
        await place.olaf.enters(hall.rooms["gardens"])
        await hall.asks(place.olaf, hall.rooms["gardens"], "!whoami")


async def test_without_the_coordinators_room_each_operator_is_told(make_place: MakePlace) -> None:
    place, desk = await opened(make_place)
    await place.lowers_the_bot(desk, 0)
    await place.olaf.kick(desk, place.me)
    async with place.runs() as hall:
        said = await place.olaf.hears(lambda heard: heard.body.startswith(TROUBLE), timeout=30.0)
        assert said.room_id not in hall.rooms.values()
        assert "CityLink: coordinators" in said.body
        await hall.asks(place.paula, hall.rooms[CLEAR], "!whoami")


async def test_one_room_over_which_the_homeserver_fails_does_not_stop_the_others(
    make_place: MakePlace, homeserver: Homeserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provisioning, "RETRY", 0.2)
    place, desk = await opened(make_place)
    sick = await place.named("Welcoming culture")

    def over_that_room(method: str, path: str) -> bool:
        return path.endswith(f"/rooms/{sick}/state")

    rules = [Rule(over_that_room, {Answer(500): 1.0})]
    async with FaultProxy(homeserver.url, seed=1, rules=rules) as proxy:
        place.changed(homeserver=proxy.url)
        async with place.runs() as hall:
            await hears(place.paula, desk, TROUBLE, "keeps failing over Welcoming culture")
            await hall.asks(place.paula, hall.rooms[SEALED], "!whoami")
            proxy.change([])
            await hears(place.paula, desk, MENDED, "Welcoming culture")


async def test_a_room_for_coordinators_that_anybody_may_join_is_not_joined_again(
    make_place: MakePlace,
) -> None:
    """Adopted, public, and the bot was removed: at the next start it stays outside."""
    place = await make_place(clusters=CLUSTERS, cities=())
    lounge = await place.olaf.create_room(name="Lounge", public=True)
    place.changed(community={**place.setup.community, "coordinators_room": lounge})
    await place.init()
    assert lounge in await place.rooms()
    async with place.runs() as hall:
        assert hall.rooms["coordinators"] == lounge
        await place.olaf.kick(lounge, place.me)
        await place.olaf.hears(lambda heard: heard.body.startswith(TROUBLE), timeout=30.0)
    async with place.runs() as hall:
        await place.olaf.enters(hall.rooms[CLEAR])
        await hall.asks(place.olaf, hall.rooms[CLEAR], "!whoami")
        assert lounge not in await place.rooms()


async def test_an_invitation_flagged_as_direct_leaves_a_room_of_ours_what_it_is(
    make_place: MakePlace,
) -> None:
    place, desk = await opened(make_place)
    room = await place.named("Welcoming culture")
    await place.lowers_the_bot(room, 0)
    await place.olaf.kick(room, place.me)
    async with place.runs() as hall:
        await hears(place.paula, desk, TROUBLE, "Welcoming culture")
        await give_rights(place, room)
        path = f"/rooms/{quote(room)}/state/m.room.member/{quote(place.me)}"
        await place.olaf.request("PUT", path, {"membership": "invite", "is_direct": True})
        await hears(place.paula, desk, MENDED, "Welcoming culture")
        known = await hall.hall.database.read(lambda c: rooms.of_cluster(c, CLEAR))
        assert known is not None
        assert (known.joined, known.direct_with) == (True, None)


@pytest.mark.parametrize("begun", [True, False])
async def test_a_report_whose_answer_was_lost_is_said_once(
    make_place: MakePlace, homeserver: Homeserver, begun: bool
) -> None:
    """It is examined again, and its words may be others: the first ones stand."""
    place, desk = await opened(make_place)
    async with FaultProxy(homeserver.url, seed=1) as proxy:
        place.changed(homeserver=proxy.url)
        async with place.runs() as hall:
            await settles(place, hall)
            for _ in range(2):  # the second for what repeats a PUT by itself
                proxy.next(DropResponse(begun), sends)
            await hall.asks(place.olaf, desk, "!admin doctor")
            await settles(place, hall)
            assert proxy.counts["drop_response"] == 2
        reports = place.paula.heard(lambda heard: "Fine:" in heard.body, room=desk)
        assert len(reports) == 1


async def test_a_disk_that_fills_up_is_told_before_it_is_full(
    make_place: MakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, desk = await opened(make_place)
    usage = shutil.disk_usage(place.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _folder: usage._replace(free=1 << 20))
    async with place.runs():
        await hears(place.paula, desk, TROUBLE, "nearly full", "make room")
    monkeypatch.undo()
    async with place.runs():
        await hears(place.paula, desk, MENDED, "nearly full")

"""The community's rooms: made once, kept in line, followed where they go."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest

from bot import provisioning
from commands.catalogue import CATALOGUE
from commands.descriptions import TYPE as DESCRIPTION
from demo.asking import RefusedError
from demo.homeserver import Homeserver
from demo.people import Person
from demo.postgres import Postgres
from demo.timeline import Heard
from tests.conftest import new_account
from tests.faults import DropResponse, FaultProxy
from tests.hall import CLEAR, CLUSTERS, SEALED
from tests.journeys.place import MakePlace, Place

NEW_CLUSTER = {"slug": "gardens", "title": "Shared gardens", "topic": "What grows where"}


@pytest.fixture
async def newcomer(homeserver: Homeserver, tmp_path: Path) -> AsyncIterator[Person]:
    """Somebody with an account, who accepts invitations."""
    account = new_account(homeserver, "nora")
    async with await Person.log_in(
        homeserver.url, account, store=tmp_path / account.user_id, accept_invites=True
    ) as person:
        yield person


def creates(method: str, path: str) -> bool:
    return path.endswith("/createRoom")


async def hears_words(person: Person, room: str, words: str, **more: Any) -> Heard:
    return await person.hears(lambda heard: words in heard.body, room=room, timeout=20.0, **more)


# ── making, and making again ──────────────────────────────────────────────────────────────────


@pytest.mark.promise("`moothall init` may be repeated: what stands is left alone.")
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
async def test_init_a_second_time_makes_and_says_nothing(
    make_place: MakePlace, database: str, request: pytest.FixtureRequest
) -> None:
    place = await make_place(community={"describe_commands": database == "sqlite"})
    if database == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create_database(f"init_{uuid4().hex[:8]}")
        place.changed(database=url.replace("+asyncpg", ""))
    made = await place.runs_init()
    assert [line for line in made if line.startswith("made:")] == [
        line for line in made if "put into" not in line
    ]
    assert len([line for line in made if line.startswith("made:")]) == 4
    for room in await place.rooms():
        await place.paula.enters(room)
        await place.olaf.enters(room)
    await place.paula.catch_up()
    before = await place.snapshot()

    again = await place.runs_init()

    assert again == ["everything is as configured"]
    assert await place.snapshot() == before
    async with place.runs() as hall:
        await hall.asks(place.olaf, hall.rooms[CLEAR], "!whoami")
    after = await place.snapshot()
    said = {room: len(after[room][1]) - len(before[room][1]) for room in after}
    assert sum(said.values()) == 2, "the question and its answer, and nothing besides"


async def test_the_rooms_are_as_the_configuration_says(make_place: MakePlace) -> None:
    place = await make_place(community={"describe_commands": True})
    await place.init()
    slug, city_link = place.setup.slug, place.setup.name

    space = await place.named(city_link)
    assert (await place.content(space, "m.room.create"))["type"] == "m.space"
    assert (await place.content(space, "m.room.join_rules"))["join_rule"] == "invite"
    for cluster in CLUSTERS:
        room = await place.named(cluster["title"])
        await place.paula.enters(room)
        alias = f"#{slug}-{cluster['slug']}:localhost"
        assert await place.content(room, "m.room.canonical_alias") == {"alias": alias}
        assert (await place.content(room, "m.room.topic"))["topic"] == cluster["topic"]
        encryption = await place.content(room, "m.room.encryption")
        assert bool(encryption) == bool(cluster.get("encrypted"))
        rule = await place.content(room, "m.room.join_rules")
        assert rule == {
            "join_rule": "restricted",
            "allow": [{"type": "m.room_membership", "room_id": space}],
        }
        parent = await place.content(room, "m.space.parent", space)
        assert parent == {"via": ["localhost"], "canonical": True}
        child = await place.content(space, "m.space.child", room)
        assert child == {"via": ["localhost"], "suggested": True}

        # Archive notice and welcome: the first messages, both pinned, each once.
        await place.paula.catch_up()
        said = place.paula.heard(room=room, sender=place.me)
        assert ["This room keeps an archive" in said[0].body, len(said)] == [True, 2]
        assert f"Welcome to {cluster['title']}" in said[1].body
        assert await place.pinned(room) == [one.event_id for one in said]
        assert {one.encrypted for one in said} == {bool(cluster.get("encrypted"))}

        # Every command, for clients that show them.
        assert await _described(place, room) == {command.name for command in CATALOGUE}

    coordinators = await place.named(f"{city_link}: coordinators")
    await place.paula.enters(coordinators)
    await hears_words(place.paula, coordinators, "Welcome, coordinators")
    assert not place.paula.heard(lambda h: "keeps an archive" in h.body, room=coordinators)
    assert len(await place.rooms()) == 4


async def _described(place: Place, room: str) -> set[str]:
    """The commands whose descriptions clients find in a room."""
    return {
        event["content"]["command"]
        for (kind, _key), event in (await place.state(room)).items()
        if kind == DESCRIPTION and event["sender"] == place.me and event["content"]
    }


async def test_commands_that_are_no_more_or_not_to_be_described_are_not(
    make_place: MakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older version had two commands, of which one was given up."""
    given_up = replace(CATALOGUE[0], name="knock")
    place = await make_place(
        clusters=CLUSTERS[:1], cities=(), community={"describe_commands": True}
    )
    monkeypatch.setattr(provisioning, "CATALOGUE", (CATALOGUE[0], given_up))
    await place.init()
    room = await place.named("Welcoming culture")
    assert await _described(place, room) == {CATALOGUE[0].name, "knock"}
    monkeypatch.setattr(provisioning, "CATALOGUE", CATALOGUE[:2])
    assert set(await place.init()) == {
        f"set {DESCRIPTION} in {name}" for name in ("Welcoming culture", "CityLink: coordinators")
    }
    assert await _described(place, room) == {one.name for one in CATALOGUE[:2]}
    place.changed(community={**place.setup.community, "describe_commands": False})
    await place.init()
    assert await _described(place, room) == set()
    assert await place.init() == ["everything is as configured"]


@pytest.mark.promise(
    "A cluster that is added, renamed or removed in the configuration is followed."
)
async def test_clusters_that_come_change_and_go_are_followed(
    make_place: MakePlace, newcomer: Person
) -> None:
    place = await make_place(clusters=CLUSTERS[:1], cities=())
    await place.init()
    space, first = await place.named("CityLink"), await place.named("Welcoming culture")
    for room in (space, first):
        await place.paula.enters(room)
        await place.olaf.enters(room)
    await place.paula.catch_up()
    before = await place.snapshot()

    # Added: exactly the new room, and its place in the Space.
    place.changed(clusters=[CLUSTERS[0], NEW_CLUSTER])
    printed = await place.init()
    second = await place.named("Shared gardens")
    assert [line.split(":")[0] for line in printed] == ["made", "put into the Space"]
    after = await place.snapshot()
    assert after.keys() - before.keys() == {second}
    child = (await place.state(space))["m.space.child", second]
    assert after[space][1] == [child["event_id"], *before[space][1]]
    assert {room: after[room] for room in before if room != space} == {
        room: before[room] for room in before if room != space
    }
    await place.paula.enters(second)
    await place.olaf.enters(second)

    # Renamed: the name, and one line that says so.
    place.changed(clusters=[CLUSTERS[0], {**NEW_CLUSTER, "title": "Gardens for all"}])
    before = await place.snapshot()
    printed = await place.init()
    assert printed == ["set m.room.name in Gardens for all"]
    assert await place.named("Gardens for all") == second
    await hears_words(place.paula, second, "This cluster is called Gardens for all now.")
    after = await place.snapshot()
    assert len(after[second][1]) == len(before[second][1]) + 2
    assert {room: after[room] for room in after if room != second} == {
        room: before[room] for room in before if room != second
    }
    assert await place.init() == ["everything is as configured"]
    assert await place.snapshot() == after

    # Removed: it is said, nothing is archived any more, and the room stays.
    async with place.runs() as hall:
        kept = await place.paula.say(second, "Said while it was a cluster")
        await hall.settled(second, 1)
    place.changed(clusters=CLUSTERS[:1])
    printed = await place.init()
    assert printed == ["let go, archive off: Gardens for all"]
    farewell = await hears_words(place.paula, second, "Gardens for all has ended as a cluster.")
    assert "no longer archive" in farewell.body
    async with place.runs() as hall:
        await place.paula.say(second, "Said after its end")
        await hall.asks(place.paula, second, "!whoami")
        assert [one.event_id for one in await hall.archived(second)] == [kept]
    assert second in await place.rooms()
    assert await place.init() == ["everything is as configured"]

    # And it may come back: the same room.
    place.changed(clusters=[CLUSTERS[0], {**NEW_CLUSTER, "title": "Gardens for all"}])
    await place.init()
    assert await place.named("Gardens for all") == second
    async with place.runs() as hall:
        again = await place.paula.say(second, "Said when it was a cluster again")
        await hall.settled(second, 2)
        assert [one.event_id for one in await hall.archived(second)] == [kept, again]


async def test_a_coordinator_who_is_named_later_is_asked_in_and_may_coordinate(
    make_place: MakePlace, newcomer: Person
) -> None:
    place = await make_place(clusters=CLUSTERS[:1], cities=())
    await place.init()
    room = await place.named("Welcoming culture")
    place.changed(clusters=[{**CLUSTERS[0], "coordinators": [newcomer.user_id]}])

    printed = await place.init()

    assert f"invited {newcomer.user_id} to Welcoming culture" in printed
    await newcomer.enters(room)
    levels = (await place.content(room, "m.room.power_levels"))["users"]
    assert levels[newcomer.user_id] == 50
    assert levels[place.olaf.user_id] == 100
    # Who leaves is not asked again.
    await newcomer.leave(room)
    assert await place.init() == ["everything is as configured"]
    assert room not in newcomer.invites


# ── room versions ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("Members of the Space join its rooms by themselves; nobody else can.")
@pytest.mark.parametrize("version", ["10", "11", "12"])
async def test_rooms_of_each_version_have_the_right_powers_and_doors(
    make_place: MakePlace,
    newcomer: Person,
    homeserver: Homeserver,
    tmp_path: Path,
    version: str,
) -> None:
    place = await make_place(community={"room_version": version})
    account = new_account(homeserver, "stranger")
    async with (
        place.runs() as hall,
        await Person.log_in(homeserver.url, account, store=tmp_path / "stranger") as stranger,
    ):
        paula, olaf, room = place.paula, place.olaf, hall.rooms[CLEAR]
        for each in hall.rooms.values():
            await paula.enters(each)
            create = await place.content(each, "m.room.create")
            assert create["room_version"] == version
            levels = await place.content(each, "m.room.power_levels")
            assert levels["users"].get(hall.me) == (None if version == "12" else 100)
            assert levels["users"][paula.user_id] == 50
            assert levels["users"][olaf.user_id] == 100
            assert not create.get("additional_creators")
            assert (await place.content(each, "m.room.history_visibility")) == {
                "history_visibility": "shared"
            }

        # A member of the Space joins by themselves; a stranger is turned away.
        with pytest.raises(RefusedError) as refused:
            await stranger.join(room)
        assert refused.value.status == 403
        await paula.invite(hall.rooms["space"], newcomer.user_id)
        await newcomer.enters(hall.rooms["space"])
        for slug in (CLEAR, SEALED):
            await newcomer.join(f"#{place.setup.slug}-{slug}:localhost")
        with pytest.raises(RefusedError) as refused:
            await newcomer.join(hall.rooms["coordinators"])
        assert refused.value.status == 403

        # What a coordinator can do, and what she can't.
        await newcomer.catch_up()
        said = await newcomer.say(room, "Something rude")
        await paula.redact(room, said)
        await paula.send_state(room, "m.room.topic", {"topic": "Another topic"})
        pins = await place.pinned(room)
        await paula.send_state(room, "m.room.pinned_events", {"pinned": [*pins, said]})
        await paula.kick(room, newcomer.user_id)
        for kind, content in (
            ("m.room.power_levels", {"users": {paula.user_id: 100}}),
            ("m.room.tombstone", {"body": "", "replacement_room": "!x"}),
            ("m.room.encryption", {"algorithm": "m.megolm.v1.aes-sha2"}),
        ):
            with pytest.raises(RefusedError):
                await paula.send_state(room, kind, content)
        # The hall itself is still master of its rooms.
        assert "is on already" in (await hall.asks(paula, room, "!archive on")).body
        assert "Found 0" not in (await hall.asks(paula, room, "!search rude")).body


async def test_a_name_that_an_admin_changed_by_hand_is_set_right_again(
    make_place: MakePlace,
) -> None:
    place = await make_place(clusters=CLUSTERS[:1], cities=())
    await place.init()
    room = await place.named("Welcoming culture")
    await place.paula.enters(room)
    await place.paula.send_state(room, "m.room.topic", {"topic": "Nonsense"})

    assert await place.init() == ["set m.room.topic in Welcoming culture"]

    assert (await place.content(room, "m.room.topic"))["topic"] == "How newcomers are met"


# ── rooms that are there already ──────────────────────────────────────────────────────────────


@pytest.mark.promise("In a room that is adopted, nothing is stored before its admin says so.")
@pytest.mark.parametrize("power", [0, 100])
async def test_a_room_is_adopted_by_its_alias(
    make_place: MakePlace, newcomer: Person, power: int
) -> None:
    place = await make_place(clusters=[], cities=())
    alias = f"old-room-{uuid4().hex[:8]}"
    levels = {"users": {newcomer.user_id: 100, place.me: power}}
    room = await newcomer.create_room(
        "The old room",
        alias=alias,
        public=True,
        room_version="11",
        more={"power_level_content_override": levels},
    )
    await newcomer.say(room, "Long before")
    cluster = {"slug": "old", "title": "Old friends", "room": f"#{alias}:localhost"}
    place.changed(clusters=[cluster])
    joining = await newcomer.state(room, "m.room.join_rules")

    printed = await place.init()

    assert f"adopted: #{alias}:localhost" in printed
    assert room in await place.rooms()
    assert len(await place.rooms()) == 3  # with the Space and the coordinators' room
    assert await newcomer.state(room, "m.room.join_rules") == joining
    name = await newcomer.state(room, "m.room.name")
    assert name == {"name": "Old friends" if power else "The old room"}
    assert ("not allowed to set m.room.name" in "\n".join(printed)) == (power == 0)
    space = await place.named("CityLink")
    assert await place.content(space, "m.space.child", room)
    async with place.runs() as hall:
        await newcomer.say(room, "Not yet archived")
        await hall.asks(newcomer, room, "!whoami")
        assert await hall.archived(room) == []
        await newcomer.say(room, "!archive on")
        await hears_words(newcomer, room, "This room keeps an archive")
        if power:
            await newcomer.hears(room=room, sender=place.me, type="m.room.pinned_events")
        kept = await newcomer.say(room, "Archived")
        await hall.settled(room, 1)
        assert [one.event_id for one in await hall.archived(room)] == [kept]
        await hall.asks(newcomer, room, "!whoami")  # whatever it had to say before is said
    before = await place.snapshot()
    again = await place.init()
    assert [line for line in again if not line.startswith("not allowed")] in (
        [],
        ["everything is as configured"],
    )
    assert await place.snapshot() == before


async def test_a_room_that_cannot_be_had_does_not_stop_the_others(
    make_place: MakePlace, newcomer: Person
) -> None:
    closed = await newcomer.create_room("Closed", alias=f"closed-{uuid4().hex[:8]}")
    place = await make_place(
        cities=(),
        clusters=[
            {"slug": "closed", "title": "Closed", "room": closed},
            {"slug": "nowhere", "title": "Nowhere", "room": "#nowhere-at-all:localhost"},
            CLUSTERS[0],
        ],
    )

    printed = await place.init()

    refused = [line for line in printed if "a room was refused" in line]
    assert len(refused) == 2
    assert await place.named("Welcoming culture")
    assert await place.named("CityLink: coordinators")
    # Once the bot is asked in, it is had.
    place.changed(clusters=[place.setup.clusters[0], CLUSTERS[0]])
    await newcomer.invite(closed, place.me)
    assert f"adopted: {closed}" in await place.init()


# ── trouble ───────────────────────────────────────────────────────────────────────────────────


async def test_a_start_that_is_cut_short_anywhere_makes_nothing_twice(
    make_place: MakePlace,
) -> None:
    place = await make_place(clusters=CLUSTERS[:1], cities=())
    homeserver = place.setup.homeserver
    async with FaultProxy(homeserver, seed=1) as proxy:
        place.changed(homeserver=proxy.url)
        # The homeserver makes a room and the answer is lost, for createRoom has no transaction
        # id; and the process dies, earlier or later.
        for seconds in (1.2, 1.8, 2.5):
            proxy.next(DropResponse(), creates)
            await place.runs_init(kill_after=seconds)
        proxy.next(DropResponse(), creates)
        await place.init()
        assert proxy.counts["drop_response"] >= 2, "no answer was lost: nothing was tested"
    place.changed(homeserver=homeserver)

    assert len(await place.rooms()) == 3
    room = await place.named("Welcoming culture")
    await place.paula.enters(room)
    await place.paula.catch_up()
    said = place.paula.heard(room=room, sender=place.me)
    assert ["This room keeps" in said[0].body, "Welcome to" in said[1].body] == [True, True]
    assert len(said) == 2
    assert await place.pinned(room) == [one.event_id for one in said]
    assert await place.init() == ["everything is as configured"]


async def test_the_homeserver_s_rate_limits_delay_init_and_drop_nothing(
    make_place: MakePlace, tmp_path: Path
) -> None:
    # Synapse's own limits, except that a test has no minutes to wait: the same burst, refilled
    # every half second instead of every five.
    with Homeserver.start(
        tmp_path / "limited",
        limits=True,
        config={"rc_message": {"per_second": 2, "burst_count": 5}},
    ) as server:
        place = await make_place(server)
        await place.init()

        assert len(await place.rooms()) == 4
        for cluster in CLUSTERS:
            room = await place.named(cluster["title"])
            await place.paula.enters(room)
            await place.paula.catch_up()
            said = place.paula.heard(room=room, sender=place.me)
            assert await place.pinned(room) == [one.event_id for one in said]
            assert len(said) == 2
        assert await place.init() == ["everything is as configured"]


# ── upgrades ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("A room that is upgraded takes its archive along.")
async def test_an_upgrade_is_followed_with_archive_search_and_space(
    make_place: MakePlace, newcomer: Person
) -> None:
    place = await make_place(community={"room_version": "11"})
    async with place.runs() as hall:
        paula, olaf, old = place.paula, place.olaf, hall.rooms[CLEAR]
        space = hall.rooms["space"]
        for each in hall.rooms.values():
            await paula.enters(each)
            await olaf.enters(each)
        await paula.invite(space, newcomer.user_id)
        await newcomer.enters(space)
        await newcomer.join(old)
        before = await paula.say(old, "Quinces before the move")
        await hall.settled(old, 1)

        answer = await olaf.request("POST", f"/rooms/{quote(old)}/upgrade", {"new_version": "12"})
        new = answer["replacement_room"]

        moved = await hears_words(paula, old, "This room has moved")
        assert "Its archive went along." in moved.body
        assert f"https://matrix.to/#/{new}" in str(moved.html)
        async with asyncio.timeout(10):  # the Space follows a moment after the words
            while await place.content(space, "m.space.child", old) != {}:
                await asyncio.sleep(0.05)
        assert (await place.content(space, "m.space.child", new))["via"] == ["localhost"]
        assert (await place.content(new, "m.space.parent", space))["canonical"] is True
        for who in (paula, newcomer):
            await who.join(new)  # through the Space, as before
            await who.catch_up()
        paula.forget()
        after = await paula.say(new, "Quinces after the move")
        found = await hall.asks(paula, new, "!search quinces")
        assert "Found 2" in found.body
        assert f"{old}/{before}" in found.body
        assert f"{new}/{after}" in found.body
        assert "the archive is on" in (await hall.asks(newcomer, new, "!archive status")).body
        chat = await hall.chats_with(newcomer)
        private = await hall.asks(newcomer, chat, f"search quinces in:{CLEAR}")
        assert "Found 2" in private.body
    # Nothing of it is undone or done again at the next start.
    snapshot = await place.snapshot()
    printed = await place.init()
    assert not [line for line in printed if line.startswith("made:")]
    assert (await place.snapshot()).keys() == snapshot.keys()
    async with place.runs() as hall:
        assert hall.rooms[CLEAR] == new


@pytest.mark.promise("A forged room upgrade leads nobody away.")
async def test_a_forged_tombstone_is_ignored(
    make_place: MakePlace, newcomer: Person, homeserver: Homeserver, tmp_path: Path
) -> None:
    place = await make_place(community={"room_version": "11"}, clusters=CLUSTERS[:1], cities=())
    account = new_account(homeserver, "mallory")
    async with (
        place.runs() as hall,
        await Person.log_in(homeserver.url, account, store=tmp_path / "mallory") as mallory,
    ):
        room = hall.rooms[CLEAR]
        await place.olaf.enters(room)
        no_predecessor = await mallory.create_room("Trap", public=True)
        another_s = await mallory.create_room(
            "Trap",
            public=True,
            more={"creation_content": {"predecessor": {"room_id": "!other", "event_id": "$e"}}},
        )
        closed = await mallory.create_room("Trap")
        for trap in (no_predecessor, another_s, closed):
            await place.olaf.send_state(
                room, "m.room.tombstone", {"body": "moved", "replacement_room": trap}
            )
            answer = await hall.asks(place.olaf, room, "!archive status")
            assert "the archive is on" in answer.body
        said = await place.olaf.say(room, "Still here")
        await hall.settled(room, 1)
        assert [one.event_id for one in await hall.archived(room)] == [said]
        assert not place.olaf.heard(lambda h: "has moved" in h.body, room=room)
        space = hall.rooms["space"]
        assert (await place.content(space, "m.space.child", room))["via"] == ["localhost"]
        async with asyncio.timeout(20):
            while await place.rooms() & {no_predecessor, another_s, closed}:
                await asyncio.sleep(0.1)


# ── invitations ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise("The hall joins only rooms of people it knows, and declines others politely.")
async def test_invitations_of_strangers_are_declined_politely(
    make_place: MakePlace, newcomer: Person, homeserver: Homeserver, tmp_path: Path
) -> None:
    account = new_account(homeserver, "stranger")
    place = await make_place(community={"welcome": []}, clusters=CLUSTERS[:1], cities=())
    async with (
        place.runs() as hall,
        await Person.log_in(homeserver.url, account, store=tmp_path / "stranger") as stranger,
    ):
        for direct in (False, True):
            room = await stranger.create_room("Ours", invite=[hall.me], more={"is_direct": direct})
            declined = await stranger.hears(
                lambda h: h.content.get("membership") == "leave",
                room=room,
                sender=hall.me,
                type="m.room.member",
                timeout=20.0,
            )
            assert "I only join rooms of the people of CityLink" in declined.content["reason"]

        # A configured person is followed, and so is whoever is in a room of the community.
        await hall.comes_into(place.paula, await place.paula.create_room(invite=[hall.me]))
        await place.paula.invite(hall.rooms["space"], newcomer.user_id)
        await newcomer.enters(hall.rooms["space"])
        await newcomer.catch_up()
        chat = await hall.chats_with(newcomer, encrypted=True)
        assert newcomer.user_id in (await hall.asks(newcomer, chat, "whoami")).body


@pytest.mark.parametrize("welcome", ["server", "person"])
async def test_invitations_of_configured_servers_and_people_are_accepted(
    make_place: MakePlace, newcomer: Person, welcome: str
) -> None:
    welcomed = "localhost" if welcome == "server" else newcomer.user_id
    place = await make_place(community={"welcome": [welcomed]}, clusters=CLUSTERS[:1], cities=())
    async with place.runs() as hall:
        room = await newcomer.create_room("Ours", invite=[hall.me])
        await hall.comes_into(newcomer, room)
        assert newcomer.user_id in (await hall.asks(newcomer, room, "!whoami")).body

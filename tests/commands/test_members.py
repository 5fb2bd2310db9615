"""People and their settings: who they are, who may change it, what is stored."""

import io
import json
import zipfile
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Connection

from commands.members import dossier
from commands.posts import Compile, React, Say, Tell
from commands.words import words_in
from storage import people, personal, rooms
from storage.records import Person, Role, UserId
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    DESK,
    HOUSING,
    PAULA,
    WELCOME,
    Hall,
    direct,
    heard,
)


async def stored(hall: Hall, who: UserId) -> Person:
    found = await hall.do(lambda c: people.get(c, who))
    assert found is not None
    return found


async def test_whoami_shows_city_roles_language_zone_and_what_is_on(hall: Hall) -> None:
    assert await hall.hears(ANN, "!whoami") == (
        "You are Ann Berg, @ann:hs.\n"
        "- City: Havnvoll\n"
        "- Roles: city lead\n"
        "- Language: English\n"
        "- Time zone: Europe/Oslo, where it is 10:00 now\n"
        "- Digest: off\n"
        "- Archive: your words are kept in rooms that have an archive\n"
        "!settings changes language, time zone and digest; !privacy shows what is stored about"
        " you."
    )


async def test_whoami_of_somebody_new_says_who_can_help(hall: Hall) -> None:
    shown = await hall.hears(BEN, "!whoami")
    assert "City: not known yet. A coordinator can tell me." in shown
    assert "Roles: member" in shown
    assert "Europe/Brussels" in shown


async def test_settings_are_shown_changed_and_shown_again(hall: Hall) -> None:
    assert "Time zone: Europe/Oslo" in await hall.hears(ANN, "!settings")
    assert await hall.hears(ANN, "!settings timezone lisbon") == (
        "Your time zone is Europe/Lisbon now, where it is 09:00."
    )
    assert await hall.hears(ANN, "!settings digest on") == (
        "You will get your own digest in our direct chat."
    )
    assert "norsk" in await hall.hears(ANN, "!settings language no")
    now = await stored(hall, ANN)
    assert (now.time_zone, now.digest, now.language) == ("Europe/Lisbon", True, "no")
    await hall.says(ANN, "!settings digest off")
    assert not (await stored(hall, ANN)).digest


# ── members ───────────────────────────────────────────────────────────────────────────────────


async def test_a_coordinator_tells_city_roles_and_language(hall: Hall) -> None:
    command = "!member set Ben city:Havnvoll role:volunteer role:city-lead language:no"
    shown = await hall.hears(CORA, command)
    assert shown.startswith("Noted: Ben @ben:hs · Havnvoll, city lead and volunteer")
    now = await stored(hall, BEN)
    assert now.city == "havnvoll"
    assert now.roles == {Role.CITY_LEAD, Role.VOLUNTEER}
    assert now.language == "no"
    await hall.says(CORA, "!member set @ben role:-city-lead")
    assert (await stored(hall, BEN)).roles == {Role.VOLUNTEER}
    assert (await stored(hall, BEN)).city == "havnvoll"


async def test_member_set_without_anything_to_set_gives_an_example(hall: Hall) -> None:
    assert "For example: !member set" in await hall.hears(CORA, "!member set Ben")
    assert "Who is it?" in await hall.hears(CORA, "!member set")


async def test_a_cluster_coordinator_has_no_say_in_another_cluster(hall: Hall) -> None:
    shown = await hall.hears(CORA, "!member set Ben city:Lipohrad")
    assert "a cluster that you don't coordinate" in shown
    assert (await stored(hall, BEN)).city is None
    await hall.says(PAULA, "!member set Ben city:Lipohrad")
    assert (await stored(hall, BEN)).city == "lipohrad"
    assert "don't coordinate" in await hall.hears(CORA, "!member set Ben role:volunteer")


async def test_nobody_becomes_coordinator_or_operator_by_a_cluster_coordinator(
    hall: Hall,
) -> None:
    for role in ("project-coordinator", "cluster-coordinator", "operator"):
        shown = await hall.hears(CORA, f"!member set Cora city:Havnvoll role:{role}")
        assert shown.startswith("The role")
    assert "configuration" in await hall.hears(PAULA, "!member set Ben role:operator")
    now = await stored(hall, CORA)
    assert (now.roles, now.city) == (frozenset(), None)


async def test_the_list_of_members_goes_to_the_direct_chat(hall: Hall) -> None:
    command = hall.said(CORA, "!member list")
    posts = await hall.responds(command)
    told, quiet = posts
    assert isinstance(told, Tell)
    assert told.person == CORA
    assert quiet == React(HOUSING, command.event_id, "✉️")
    shown = heard(posts)
    assert "5 people in Housing first:" in shown
    assert "- Ann Berg @ann:hs · Havnvoll, city lead" in shown
    assert "moothall" not in shown


async def test_members_of_a_city_or_a_cluster_are_listed_for_their_coordinator(
    hall: Hall,
) -> None:
    assert "1 person in Havnvoll:" in await hall.hears(CORA, "!member list Havnvoll", DESK)
    assert (
        await hall.hears(CORA, "!member list Sao Bento", DESK) == "I know nobody in São Bento yet."
    )
    assert "don't coordinate" in await hall.hears(CORA, "!member list welcome", DESK)
    shown = await hall.hears(PAULA, "!member list welcome", DESK)
    assert "2 people in Welcoming culture:" in shown


# ── privacy ───────────────────────────────────────────────────────────────────────────────────


async def test_what_is_stored_is_told_in_the_direct_chat_alone(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "We have four lifts")
    command = hall.said(ANN, "!privacy")
    posts = await hall.responds(command)
    assert [type(post) for post in posts] == [Tell, React]
    shown = heard(posts)
    assert "@ann:hs" in shown
    assert "1 message of yours in the archive" in shown
    assert "Rooms of yours with an archive: Housing." in shown
    assert "Words are kept for 2 years" in shown
    assert "City of Havnvoll. Questions go to privacy@havnvoll.example." in shown
    assert "privacy archive off" in shown


async def test_where_words_are_kept_for_another_time_it_is_told_room_by_room(hall: Hall) -> None:
    months, own = timedelta(days=60), replace(hall.settings.archive, of_clusters={"welcome": None})
    hall.settings = replace(hall.settings, archive=own)
    for room in (HOUSING, WELCOME):
        await hall.keeps_archive(room)
    await hall.do(
        lambda c: rooms.change(c, HOUSING, retention_ms=months // timedelta(milliseconds=1))
    )
    shown = await hall.hears(BEN, "!privacy")
    assert "Words are kept, and then deleted:" in shown
    assert "- in Housing for 2 months" in shown
    assert "- in Welcome for as long as the archive exists" in shown
    assert "2 years" not in shown


async def test_files_and_reactions_are_told_as_well(hall: Hall) -> None:
    await hall.keeps_archive()
    assert "file" not in (await hall.hears(BEN, "!privacy")).replace("as a file", "")
    content = {"msgtype": "m.file", "body": "plan.pdf", "url": "mxc://hs/x"}
    await hall.archives([hall._event(BEN, HOUSING, "m.room.message", content)])
    await hall.talks(ANN, "Nice", reactions=[BEN])
    shown = await hall.hears(BEN, "!privacy")
    assert "- The name of 1 file of yours\n- 1 reaction of yours" in shown


async def test_in_the_direct_chat_privacy_is_answered_right_there(hall: Hall) -> None:
    (post,) = await hall.says(ANN, "privacy", direct(ANN))
    assert isinstance(post, Say)


async def test_opting_out_of_the_archive_is_a_matter_of_one_command(hall: Hall) -> None:
    assert "not kept" in await hall.hears(ANN, "!privacy archive off")
    assert not (await stored(hall, ANN)).archive
    assert "Your words are not kept" in await hall.hears(ANN, "!privacy")
    assert "are kept" in await hall.hears(ANN, "!privacy archive on")
    assert (await stored(hall, ANN)).archive
    asked = await hall.hears(ANN, "!privacy archive")
    assert asked.startswith("Shall the archive keep your words")


@pytest.mark.parametrize(
    "typed",
    [
        "off",
        "opt-out",
        "archive opt-out",
        "archive Off",
        "Off.",
        "off!",
        "off please",
        "opt out",
        "archive off, please",
        "archive opt out for now",
        "optout",
    ],
)
async def test_opting_out_needs_no_exact_words(hall: Hall, typed: str) -> None:
    assert "not kept" in await hall.hears(ANN, f"!privacy {typed}")
    assert not (await stored(hall, ANN)).archive
    await hall.hears(ANN, "!privacy on")
    assert (await stored(hall, ANN)).archive


@pytest.mark.parametrize("answer", ["Off.", "off!", "off please", "opt out", "No"])
async def test_whether_words_are_kept_is_answered_as_phones_write_it(
    hall: Hall, answer: str
) -> None:
    await hall.says(ANN, "privacy archive", direct(ANN))
    assert "not kept" in await hall.hears(ANN, answer, direct(ANN))
    assert not (await stored(hall, ANN)).archive


@pytest.mark.parametrize(
    "answer",
    [
        "no idea",
        "on second thoughts, off",
        "what about off?",
        "of",
        "On second thought, no",
        "on no account",
        "On holiday, ask me later",
        "opt in no",
    ],
)
async def test_what_may_mean_either_changes_nothing(hall: Hall, answer: str) -> None:
    await hall.says(ANN, "privacy archive", direct(ANN))
    assert "It can be on or off" in await hall.hears(ANN, answer, direct(ANN))
    assert (await stored(hall, ANN)).archive


async def test_a_question_about_privacy_gets_the_overview(hall: Hall) -> None:
    for typed in ("!privacy what do you keep?", "!privacy is it off?"):
        assert "This is what is stored" in await hall.hears(ANN, typed)
    assert (await stored(hall, ANN)).archive


async def test_what_privacy_does_not_know_is_told(hall: Hall) -> None:
    assert "It can be on or off" in await hall.hears(ANN, "!privacy away")


async def test_all_that_is_stored_about_somebody_becomes_a_page_and_json(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "We have <b>four</b> lifts", reactions=[BEN])
    await hall.talks(BEN, "Words of somebody else")
    posts = await hall.says(ANN, "!privacy export")
    assert [type(post) for post in posts] == [Compile, React]

    def held(connection: Connection) -> dict[str, list[dict[str, Any]]]:
        one = people.know(connection, ANN)
        return personal.held_of(connection, one.id, ANN).rows

    rows = await hall.do(held)
    packed = dossier.pack(
        words_in("de"), rows, name="Ann Berg", now=hall.now, zone=ZoneInfo("Europe/Oslo")
    )
    with zipfile.ZipFile(io.BytesIO(packed)) as folder:
        page = folder.read("about-me.html").decode()
        data = json.loads(folder.read("about-me.json"))
    assert "We have &lt;b&gt;four&lt;/b&gt; lifts" in page
    assert "matrix.to/#/!housing:hs/" in page
    assert "somebody else" not in page + json.dumps(data)
    assert data["stored"]["message"][0]["body"] == "We have <b>four</b> lifts"
    assert "http" not in page.replace("https://matrix.to/", "")

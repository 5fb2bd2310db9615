"""Who is meant is an address: no name that somebody gives themselves makes them somebody else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage import naming, people
from storage.records import Role, RoomKind, UserId
from tests.commands.conftest import BEN, CORA, HOUSING, Hall, join

MAL = UserId("@mal:hs")


async def calls_himself(hall: Hall, name: str) -> None:
    await hall.do(lambda c: people.know(c, MAL))
    await hall.do(lambda c: join(c, HOUSING, RoomKind.CLUSTER, (MAL,), "housing"))
    await hall.do(lambda c: people.record_names(c, {MAL: name}))


LIKE_CORA = [
    "Cora",
    "cora",
    "Соrа",  # two Cyrillic letters
    "Co\u200bra",  # a space of no width
    "\u202eCora",  # overridden to run from right to left
    "Cora\u2066",
    "Cora ",
    "\nCora\n",
    "Ｃｏｒａ",  # full width
    "C0ra",
    "Co\u0336ra",
    "Cora\x00",
    "Co\u00adra",
]


@pytest.mark.promise("A name that imitates somebody is asked about, and changes nothing.")
@pytest.mark.parametrize("name", LIKE_CORA)
async def test_a_name_that_looks_like_another_s_is_asked_about(hall: Hall, name: str) -> None:
    await calls_himself(hall, name)
    for typed in ("Cora", name):
        asked = await hall.hears(CORA, f'!member set "{typed}" role:city-lead')
        assert CORA in asked, "both addresses are named"
        assert MAL in asked
    assert not (await hall.do(lambda c: people.know(c, MAL))).roles
    shown = await hall.hears(CORA, f"!member set {CORA} role:volunteer")
    assert shown.startswith("Noted: Cora @cora:hs")


@pytest.mark.parametrize("name", [*LIKE_CORA, "Moothall", "@cora:hs", "cora:hs", "Otto (ops)"])
async def test_a_name_gives_no_rights(hall: Hall, name: str) -> None:
    await calls_himself(hall, name)
    assert "is for coordinators" in await hall.hears(MAL, "!member set Ben role:city-lead")
    assert "is for operators" in await hall.hears(MAL, "!admin status")


@pytest.mark.parametrize("name", ["@cora:hs", "cora:hs", "CORA:HS", "Cora"])
async def test_an_address_means_one_person_whatever_others_call_themselves(
    hall: Hall, name: str
) -> None:
    await calls_himself(hall, name)
    shown = await hall.hears(CORA, "!member set @cora:hs role:volunteer")
    assert shown.startswith("Noted: Cora @cora:hs")
    assert Role.VOLUNTEER in (await hall.do(lambda c: people.know(c, CORA))).roles
    assert not (await hall.do(lambda c: people.know(c, MAL))).roles


async def test_nobody_is_put_in_the_place_of_an_address_that_is_unknown(hall: Hall) -> None:
    await calls_himself(hall, "@dora:hs")
    assert "@mal" not in await hall.hears(CORA, "!member set @dora:hs role:volunteer")
    assert not (await hall.do(lambda c: people.know(c, MAL))).roles


async def test_a_pill_means_its_address_and_not_its_words(hall: Hall) -> None:
    await calls_himself(hall, "Ann Berg")
    pilled = await hall.hears(CORA, "!member set Ann Berg city:Havnvoll", mentions=frozenset({MAL}))
    assert "@mal:hs" in pilled
    assert (await hall.do(lambda c: people.know(c, MAL))).city == "havnvoll"


async def test_a_name_stays_in_its_line(hall: Hall) -> None:
    await calls_himself(hall, "Mal\n- Zoe @zoe:hs · operator\u2028\r\n# Root")
    listed = await hall.hears(CORA, "!member list Housing first")
    assert len([line for line in listed.splitlines() if "@mal:hs" in line]) == 1
    lines = [line.strip() for line in listed.splitlines()]
    assert not any(line.startswith(("- Zoe", "# ")) for line in lines)


async def test_two_who_are_called_differently_are_held_apart(hall: Hall) -> None:
    await calls_himself(hall, "Bea")
    assert "Noted: Ben" in await hall.hears(CORA, "!member set Ben role:volunteer")
    assert (await hall.do(lambda c: people.know(c, BEN))).roles == {Role.VOLUNTEER}


TEXT = st.text(st.characters(exclude_categories=()), max_size=40)


@given(TEXT)
def test_a_shown_name_is_one_line_and_stays_as_it_is(name: str) -> None:
    shown = naming.shown(name)
    assert len(shown.splitlines()) <= 1
    assert naming.shown(shown) == shown
    assert naming.alike(shown) == naming.alike(name)
    shown.encode()


@given(TEXT, st.sampled_from(["\u200b", "\u2060", "\u202e", "\ufeff", "\u00ad"]), st.data())
def test_what_is_not_seen_makes_no_other_name(name: str, unseen: str, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(name)))
    assert naming.alike(name) == naming.alike(name[:place] + unseen + name[place:])


@pytest.mark.parametrize(
    ("one", "other"),
    [("Ann", "Anna"), ("José", "Josef"), ("Ада", "Ева"), ("Nikos", "Nikola"), ("田中", "中田")],
)
def test_different_names_are_different(one: str, other: str) -> None:
    assert naming.alike(one) != naming.alike(other)

"""The city card: what is known, and nothing invented."""

from commands.clusters import replies
from commands.words import words_in
from storage import people
from tests.commands.conftest import ANN, BEN, HOUSING, WELCOME, Hall, plain


async def test_a_city_card_shows_what_is_known(hall: Hall) -> None:
    assert await hall.hears(BEN, "!city havnvoll") == (
        "Havnvoll, Norway\n"
        "- Cluster: Housing first\n"
        "- Languages: Norwegian\n"
        "- Local time: 10:00\n"
        "- City lead: Ann Berg"
    )


async def test_a_city_of_which_little_is_known_shows_little(hall: Hall) -> None:
    shown = await hall.hears(BEN, "!city Lipohrad")
    assert "Languages: Czech and English" in shown
    assert "City lead: nobody yet" in shown
    assert "In our rooms" not in shown


async def test_people_of_a_city_are_shown_while_they_are_in_our_rooms(hall: Hall) -> None:
    await hall.do(lambda c: people.change(c, BEN, city="havnvoll"))
    assert "In our rooms: Ben" in await hall.hears(ANN, "!city Havnvoll")
    await hall.moves(BEN, HOUSING, "leave")
    await hall.moves(BEN, WELCOME, "leave")
    assert "Ben" not in await hall.hears(ANN, "!city Havnvoll")


async def test_without_a_name_it_is_ones_own_city(hall: Hall) -> None:
    assert (await hall.hears(ANN, "!city")).startswith("Havnvoll, Norway")
    assert await hall.hears(BEN, "!city") == (
        "I don't know your city yet. A coordinator can tell me.\nTo see another one: !city Havnvoll"
    )


async def test_an_unknown_city_gets_a_suggestion(hall: Hall) -> None:
    assert await hall.hears(ANN, "!city Havnvol") == (
        "I don't know the city Havnvol. Did you mean Havnvoll?"
    )


def test_the_first_line_of_each_announcement_is_good_alone() -> None:
    words = words_in("en")
    for reply in (
        replies.welcome(words, "Housing", "A roof before a form", prefix="!"),
        replies.welcome_to_coordinators(words, prefix="!"),
        replies.renamed(words, "Homes"),
        replies.removed(words, "Homes", contact="ann@example.org"),
        replies.restored(words, "Homes"),
        replies.paused_until(words, "Homes", None, "!cluster resume"),
        replies.resumed(words, "Homes"),
    ):
        assert len(plain(reply).splitlines()[0]) > 10

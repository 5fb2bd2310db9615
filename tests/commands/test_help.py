"""`!help`: only what the asker may use, from the same declarations that parse it."""

from datetime import timedelta

from commands.catalogue import CATALOGUE
from commands.posts import Say
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, OTTO, WELCOME, Hall, direct


async def test_help_answers_in_a_thread_under_the_question(hall: Hall) -> None:
    question = hall.said(ANN, "!help")
    (post,) = await hall.responds(question)
    assert isinstance(post, Say)
    assert post.room_id == HOUSING
    assert post.thread == post.reply_to == question.event_id
    assert post.notice


async def test_help_stays_in_the_thread_in_which_it_was_asked(hall: Hall) -> None:
    (post,) = await hall.says(ANN, "!help", thread_root="$root")
    assert isinstance(post, Say)
    assert post.thread == "$root"


async def test_help_shows_a_member_nothing_that_is_for_others(hall: Hall) -> None:
    shown = await hall.hears(ANN, "!help")
    assert "!search" in shown
    assert "!member" not in shown
    assert "!admin" not in shown
    assert "!archive on" not in shown


async def test_help_shows_coordinators_and_operators_what_is_theirs(hall: Hall) -> None:
    assert "!member set" in await hall.hears(CORA, "!help")
    assert "!admin" not in await hall.hears(CORA, "!help")
    assert "!admin status" in await hall.hears(OTTO, "!help")


async def test_help_fits_a_phone(hall: Hall) -> None:
    assert len((await hall.hears(OTTO, "!help")).splitlines()) <= 24


async def test_help_about_a_command_gives_usage_example_and_neighbours(hall: Hall) -> None:
    shown = await hall.hears(ANN, "!help settings")
    assert "!settings · your language, time zone and digest" in shown
    assert "For example: !settings" in shown
    assert "!settings language" in shown
    assert "!city [city]" in await hall.hears(ANN, "!help !city")
    assert "Also as !summary." in await hall.hears(ANN, "!help thread summary")
    assert "!thread summary" in await hall.hears(ANN, "!help thread")


async def test_help_about_a_command_explains_options_whose_names_do_not(hall: Hall) -> None:
    shown = await hall.hears(ANN, "!help visit propose")
    assert "quorum: · how many cities have to come at least" in shown
    assert "first: · with “yes” those who must come are asked first" in shown
    assert "title: ·" not in shown


async def test_help_about_search_tells_what_may_be_typed(hall: Hall) -> None:
    shown = await hall.hears(ANN, "!help search")
    for typed in ("pump OR boiler", "from:ann", "after:2026-03 before:yesterday", "sort:new"):
        assert f"- {typed} · " in shown
    assert "You may type" not in await hall.hears(ANN, "!help more")


async def test_help_about_a_typo_suggests_what_was_meant(hall: Hall) -> None:
    assert await hall.hears(ANN, "!help serch") == (
        "I don't know serch. Did you mean !help search?"
    )
    assert "!help shows" in await hall.hears(ANN, "!help frobnicate")


async def test_help_about_a_command_of_others_reads_like_one_that_does_not_exist(
    hall: Hall,
) -> None:
    forbidden = await hall.hears(ANN, "!help admin status")
    assert forbidden.replace("admin status", "…") == (
        await hall.hears(ANN, "!help frobnicate")
    ).replace("frobnicate", "…")


async def test_in_a_direct_chat_help_shows_commands_without_a_sign(hall: Hall) -> None:
    shown = await hall.hears(BEN, "help", direct(BEN))
    assert "- search <words>" in shown
    assert "!" not in shown


async def test_every_command_has_a_summary_and_an_example_that_is_read_as_itself(
    hall: Hall,
) -> None:
    for command in CATALOGUE:
        assert command.summary
        assert command.example.startswith(command.name)
        assert "For example" in await hall.hears(OTTO, f"help {command.name}", direct(OTTO))
        hall.later(timedelta(minutes=2))


async def test_who_is_not_in_the_room_is_not_answered(hall: Hall) -> None:
    assert not await hall.says(ANN, "!help", WELCOME)
    await hall.moves(ANN, HOUSING, "leave")
    assert not await hall.says(ANN, "!help")

"""Search: what is found, how it is shown, and above all what is not."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, select

from commands.posts import React, Say, TakeBack, Tell
from commands.reply import Items, MessageLink, Strong
from storage import outbox, people, practices, reindexing, rooms
from storage.records import (
    Answered,
    EventId,
    PracticeField,
    PracticeState,
    RoomId,
    RoomKind,
    UserId,
)
from storage.search import renewal
from storage.tables.archive import search_page
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    HOUSING,
    ME,
    PAULA,
    WELCOME,
    Hall,
    direct,
    heard,
    join,
)


async def talk(hall: Hall) -> tuple[EventId, EventId]:
    """A word in each of two rooms; Ann is in the first alone, Ben in both."""
    await hall.keeps_archive(HOUSING)
    await hall.keeps_archive(WELCOME)
    housing = await hall.talks(ANN, "The heat pump in the library is loud", HOUSING)
    welcome = await hall.talks(BEN, "Our heat pump is quiet", WELCOME)
    return housing, welcome


async def test_a_hit_shows_words_author_room_time_and_link(hall: Hall) -> None:
    housing, _ = await talk(hall)
    command = hall.said(CORA, "!search pump")
    (post,) = await hall.responds(command)
    assert isinstance(post, Say)
    assert post.thread == command.event_id
    assert set(post.quotes) == {command.event_id, housing}
    assert heard([post]) == (
        "Found 1 for pump in Housing.\n"
        "- The heat pump in the library is loud\n"
        "  Ann Berg, 2 Mar 2026, 10:01"
    )
    listed = next(block for block in post.reply.blocks if isinstance(block, Items))
    snippet, where = listed.items[0]
    assert Strong("pump") in snippet
    (link,) = [part for part in where if isinstance(part, MessageLink)]
    assert (link.room_id, link.event_id) == (HOUSING, housing)


async def test_in_a_room_only_that_room_is_searched(hall: Hall) -> None:
    await talk(hall)
    shown = await hall.hears(BEN, "!search heat pump", HOUSING)
    assert "loud" in shown
    assert "quiet" not in shown


async def test_in_a_direct_chat_all_rooms_of_the_asker_are_searched_and_no_other(
    hall: Hall,
) -> None:
    await talk(hall)
    shown = await hall.hears(BEN, "search heat pump", direct(BEN))
    assert shown.startswith("Found 2 for heat pump in all your rooms.")
    shown = await hall.hears(ANN, "search heat pump", direct(ANN))
    assert shown.startswith("Found 1 for")
    assert "quiet" not in shown


async def test_who_leaves_a_room_finds_nothing_of_it_any_more(hall: Hall) -> None:
    await talk(hall)
    await hall.moves(BEN, HOUSING, "leave")
    assert "loud" not in await hall.hears(BEN, "search heat pump", direct(BEN))
    await hall.moves(BEN, WELCOME, "ban")
    shown = await hall.hears(BEN, "search heat pump", direct(BEN))
    assert shown.startswith("Nothing found")


async def test_in_a_room_nothing_is_shown_that_one_of_its_members_may_not_read(
    hall: Hall,
) -> None:
    await hall.keeps_archive(HOUSING, "joined")
    await hall.talks(ANN, "The pump before the newcomer")
    hall.later(timedelta(minutes=1))
    late = UserId("@late:hs")
    await hall.moves(late, HOUSING, "join")
    await hall.talks(ANN, "The pump after the newcomer")
    shown = await hall.hears(CORA, "!search pump")
    assert "Found 1 for" in shown
    assert "after the newcomer" in shown
    assert "before the newcomer" not in shown
    assert "Found 2 for" in await hall.hears(CORA, "search pump", direct(CORA))


async def test_a_forbidden_room_and_one_that_does_not_exist_read_the_same(hall: Hall) -> None:
    await talk(hall)
    forbidden = await hall.hears(ANN, "search pump in:welcome", direct(ANN))
    missing = await hall.hears(ANN, "search pump in:nowhere", direct(ANN))
    assert forbidden.replace("welcome", "…") == missing.replace("nowhere", "…")
    assert forbidden.startswith("Nothing found")
    assert forbidden.endswith("is called so. Those with an archive are: Housing")
    assert "called so" not in await hall.hears(ANN, "search xyzzy in:housing", direct(ANN))
    for asked in ("!search pump in:welcome", "!search pump in:nowhere"):
        told, seen = await hall.says(ANN, asked)
        assert isinstance(told, Tell)
        assert isinstance(seen, React)
        assert heard([told]).startswith("Nothing found")


async def test_an_author_who_said_nothing_and_one_who_does_not_exist_read_the_same(
    hall: Hall,
) -> None:
    await talk(hall)
    hidden = await hall.hears(ANN, "search pump from:ben", direct(ANN))
    missing = await hall.hears(ANN, "search pump from:zoe", direct(ANN))
    assert hidden.replace("ben", "…") == missing.replace("zoe", "…")
    assert hidden.startswith("Nothing found")


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("nowak", {"first", "second"}),
        ("Żaneta", {"second"}),
        ("zaneta", {"second"}),
        ('"żaneta nowak"', {"second"}),
        ('"nowak, anna"', {"first"}),
        ("@x1:hs", {"first"}),
        ("@nowak", set()),
        ("x2:hs", {"second"}),
        ("lis:hs", set()),
        ("nowa", set()),
        ("…", set()),
    ],
)
async def test_somebody_is_found_by_a_part_of_their_name(
    hall: Hall, typed: str, found: set[str]
) -> None:
    await hall.keeps_archive()
    anna, zaneta = UserId("@x1:hs"), UserId("@x2:hs")
    for who in (anna, zaneta):
        await hall.moves(who, HOUSING, "join")
    await hall.do(lambda c: people.change(c, anna, display_name="Anna Nowak"))
    await hall.do(lambda c: people.change(c, zaneta, display_name="Żaneta Nowak-Lis (hs)"))
    await hall.talks(anna, "The first word")
    await hall.talks(zaneta, "The second word")
    await hall.talks(ANN, "The last word")
    said = await hall.hears(BEN, f"!search word from:{typed}")
    assert {word for word in ("first", "second", "last") if f"The {word}" in said} == found


async def test_filters_are_understood_and_repeated_in_words(hall: Hall) -> None:
    await talk(hall)
    query = "search pump in:housing from:ann after:2026-03-01 before:2026-03-09"
    assert (await hall.hears(BEN, query, direct(BEN))).startswith(
        "Found 1 for pump in Housing, from ann, since Sunday, 1 March 2026, before Monday, 9 March"
        " 2026."
    )
    assert "Found 1" in await hall.hears(BEN, "search from:me", direct(BEN))
    assert "Nothing found" in await hall.hears(BEN, "search pump before:2026-03-01", direct(BEN))
    assert "all messages" in await hall.hears(BEN, "search from:me", direct(BEN))


async def test_days_begin_at_the_askers_midnight(hall: Hall) -> None:
    await hall.keeps_archive()
    hall.now = hall.now.replace(hour=22, minute=30)  # 23:30 in Oslo, 22:30 in Lisbon
    await hall.talks(ANN, "late pump")
    hall.later(timedelta(hours=1))
    await hall.talks(ANN, "later pump")  # 0:32 in Oslo, 23:32 in Lisbon
    await hall.says(BEN, "settings timezone Lisbon", direct(BEN))
    assert "Found 1 for" in await hall.hears(ANN, "search pump after:2026-03-03", direct(ANN))
    assert "Nothing found" in await hall.hears(BEN, "search pump after:2026-03-03", direct(BEN))


async def test_what_was_understood_otherwise_is_hinted_at(hall: Hall) -> None:
    await talk(hall)
    assert "I looked for colour: as a word" in await hall.hears(ANN, "!search colour:red pump")
    assert "I don't understand the day soon" in await hall.hears(ANN, "!search pump before:soon")
    shown = await hall.hears(ANN, "!search pump city:Havnvol")
    assert "I don't know the city Havnvol. Did you mean city:Havnvoll?" in shown
    assert 'mean city:"São Bento"' in await hall.hears(ANN, "!search pump -city:saobento")
    assert "I don't know the city Xyzzy.\n" in await hall.hears(ANN, "!search pump city:Xyzzy")


async def test_what_is_left_of_a_search_for_nothing_is_explained(hall: Hall) -> None:
    await hall.keeps_archive()
    shown = await hall.hears(ANN, "!search after:soon")
    assert "I don't understand the day soon" in shown
    assert "What shall I look for?" in shown
    assert "can't sort by age" in await hall.hears(ANN, "!search sort:age")


async def test_more_goes_on_in_a_direct_chat_that_the_first_page_has_opened(hall: Hall) -> None:
    await hall.keeps_archive(HOUSING)
    await hall.keeps_archive(WELCOME)
    newcomer = UserId("@new:hs")
    await hall.moves(newcomer, HOUSING, "join")
    await hall.moves(newcomer, WELCOME, "join")
    for number in range(12):
        await hall.talks(BEN, f"boiler number {number:02}", WELCOME)
    first = await hall.hears(newcomer, "!search boiler sort:new", HOUSING)
    assert "boiler number 07" in first
    assert "nothing more" in await hall.hears(newcomer, "!more", HOUSING)
    await hall.do(lambda c: join(c, direct(newcomer), RoomKind.DIRECT, (newcomer, ME)))
    await hall.do(lambda c: rooms.change(c, direct(newcomer), direct_with=newcomer))
    assert "boiler number 06" in await hall.hears(newcomer, "more", direct(newcomer))
    assert "boiler number 01" in await hall.hears(newcomer, "more", direct(newcomer))
    assert "nothing more" in await hall.hears(newcomer, "more", direct(newcomer))


async def test_what_names_no_thread_is_told_with_what_does(hall: Hall) -> None:
    housing, _ = await talk(hall)
    for typed in ("pumps", '"the loud pump"', "https://city.example"):
        shown = await hall.hears(ANN, f"!search pump thread:{typed}")
        assert "comes the link of a message in it" in shown
    link = f"https://matrix.to/#/{HOUSING}/{housing}?via=hs"
    assert "Found 1 for pump" in await hall.hears(ANN, f"!search pump thread:{link}")
    # A thread that is hidden, or none at all, is nothing found.
    assert "Nothing found" in await hall.hears(ANN, "!search pump thread:$nowhere")


async def test_one_day_is_told_as_one(hall: Hall) -> None:
    await talk(hall)
    shown = await hall.hears(ANN, "!search pump on:2.3.")
    assert shown.startswith("Found 1 for pump in Housing, on Monday, 2 March 2026.")


async def test_a_search_for_nothing_is_asked_or_refused_kindly(hall: Hall) -> None:
    await hall.keeps_archive()
    assert "What shall I look for?" in await hall.hears(ANN, "!search")
    assert "no word to look for" in await hall.hears(ANN, "!search ---")
    assert "256 characters" in await hall.hears(ANN, "!search " + "x" * 300)
    assert "16 words" in await hall.hears(ANN, "!search " + "x y " * 20)


async def test_a_room_without_archive_says_so(hall: Hall) -> None:
    assert "keeps no archive" in await hall.hears(ANN, "!search pump")


async def test_more_goes_on_where_the_last_page_ended(hall: Hall) -> None:
    await hall.keeps_archive()
    for number in range(12):
        await hall.talks(ANN, f"pump number {number:02}")
    first = await hall.hears(BEN, "!search pump sort:new")
    assert "pump number 11" in first
    assert "pump number 07" in first
    assert "pump number 06" not in first
    assert first.endswith("!more shows the next ones.")
    await hall.talks(ANN, "pump number 12, said meanwhile")
    second = await hall.hears(BEN, "!more")
    assert "pump number 06" in second
    assert "pump number 02" in second
    third = await hall.hears(BEN, "!more")
    assert "pump number 00" in third
    assert "!more" not in third
    assert (await hall.hears(BEN, "!more")).startswith("There is nothing more to show here")


async def test_more_is_the_next_page_of_ones_own_search_in_that_room(hall: Hall) -> None:
    await hall.keeps_archive()
    for number in range(7):
        await hall.talks(ANN, f"pump number {number}")
    await hall.says(BEN, "!search pump")
    assert "nothing more" in await hall.hears(ANN, "!more")
    assert "nothing more" in await hall.hears(BEN, "more", direct(BEN))
    assert "pump number" in await hall.hears(BEN, "!more")


@pytest.mark.parametrize("order", ["new", "best"])
async def test_what_is_deleted_or_liked_between_two_pages_hides_no_other_hit(
    hall: Hall, order: str
) -> None:
    await hall.keeps_archive()
    said = {number: await hall.talks(ANN, f"pump number {number:02}") for number in range(12)}
    pages = [await hall.hears(BEN, f"!search pump sort:{order}")]
    first = [number for number in said if f"number {number:02}" in pages[0]]
    assert len(first) == 5
    for number in first[:3]:
        await hall.takes_back(ANN, said[number])
    last = min(set(said) - set(first))
    for who in (BEN, CORA, PAULA):
        await hall.likes(who, said[first[-1]])
        await hall.likes(who, said[last])
    pages += [await hall.hears(BEN, "!more"), await hall.hears(BEN, "!more")]
    for number in said:
        assert sum(f"number {number:02}" in page for page in pages) == 1
    assert "nothing more" in await hall.hears(BEN, "!more")


async def test_where_all_that_was_left_is_deleted_there_is_nothing_more(hall: Hall) -> None:
    await hall.keeps_archive()
    said = [await hall.talks(ANN, f"pump number {number}") for number in range(7)]
    page = await hall.hears(BEN, "!search pump sort:new")
    assert page.endswith("!more shows the next ones.")
    for event_id in said[:2]:
        await hall.takes_back(ANN, event_id)
    assert (await hall.hears(BEN, "!more")).startswith("There is nothing more to show here")


async def test_leaving_bites_between_two_pages(hall: Hall) -> None:
    await hall.keeps_archive()
    for number in range(7):
        await hall.talks(ANN, f"pump number {number}")
    await hall.says(BEN, "search pump", direct(BEN))
    await hall.moves(BEN, HOUSING, "leave")
    assert "pump number" not in await hall.hears(BEN, "more", direct(BEN))


async def test_a_query_is_not_kept_longer_than_its_next_page_may_be_wanted(hall: Hall) -> None:
    await hall.keeps_archive()
    for number in range(7):
        await hall.talks(ANN, f"pump number {number}")
    await hall.says(BEN, "!search pump")
    assert len(await hall.do(lambda c: c.execute(select(search_page)).all())) == 1
    hall.later(timedelta(minutes=31))
    assert "nothing more" in await hall.hears(BEN, "!more")
    question = hall.said(BEN, "!search pump")
    await hall.responds(question)
    await hall.redacts(BEN, question.event_id)
    assert not await hall.do(lambda c: c.execute(select(search_page)).all())


async def test_the_answer_to_a_question_that_is_taken_back_goes_too(hall: Hall) -> None:
    await talk(hall)
    command = hall.said(CORA, "!search pump")
    (post,) = await hall.responds(command)
    assert isinstance(post, Say)
    await hall.do(lambda c: outbox.add_quotes(c, "reply/x/0", post.quotes))
    assert TakeBack("reply/x/0") in await hall.redacts(CORA, command.event_id)


async def test_a_redacted_message_is_not_found(hall: Hall) -> None:
    housing, _ = await talk(hall)
    await hall.takes_back(ANN, housing)
    assert "Nothing found" in await hall.hears(CORA, "!search pump")


async def upgraded(hall: Hall) -> RoomId:
    """The housing room is replaced; Ann and Cora have moved along."""
    new = RoomId("!new:hs")

    def upgrade(connection: Connection) -> None:
        join(connection, new, RoomKind.CLUSTER, (ANN, CORA, ME), "housing")
        rooms.change(connection, new, predecessor=HOUSING)
        rooms.change(connection, HOUSING, successor=new)

    await hall.do(upgrade)
    return new


async def test_an_upgraded_room_is_searched_with_what_went_before(hall: Hall) -> None:
    await talk(hall)
    new = await upgraded(hall)
    await hall.keeps_archive(new)
    assert "loud" in await hall.hears(ANN, "!search pump", new)


async def test_who_stayed_behind_in_the_old_room_finds_no_practices_of_the_new(hall: Hall) -> None:
    new = await upgraded(hall)
    await hall.moves(BEN, WELCOME, "leave")
    await hall.says(ANN, "!practice share\nTitle: Pump\nProblem: Noise\nWhat we do: Felt", new)
    assert "Pump" in await hall.hears(CORA, "search pump", direct(CORA))
    assert "Nothing found" in await hall.hears(BEN, "search pump", direct(BEN))


async def test_who_was_sent_out_of_the_new_room_finds_nothing_of_it_from_the_old(
    hall: Hall,
) -> None:
    """They have read it, in its time; but they are in the old room alone now."""
    await talk(hall)
    new = await upgraded(hall)
    await hall.keeps_archive(new, "joined")
    await hall.moves(BEN, WELCOME, "leave")
    await hall.moves(BEN, new, "join")
    hall.later(timedelta(minutes=1))
    await hall.talks(ANN, "A newer pump", new)
    hall.later(timedelta(minutes=1))
    assert "A newer pump" in await hall.hears(BEN, "search pump", direct(BEN))
    await hall.moves(BEN, new, "ban")
    found = await hall.hears(BEN, "search pump", direct(BEN))
    assert "loud" in found
    assert "newer" not in found
    assert "newer" not in await hall.hears(ANN, "!search pump", HOUSING)


@pytest.mark.parametrize(
    ("before", "now", "reads"),
    [("joined", "world_readable", False), ("invited", "world_readable", False),
     ("shared", "world_readable", False), ("world_readable", "world_readable", True),
     ("world_readable", "shared", True), ("joined", "shared", True)],
)  # fmt: skip
async def test_in_a_room_that_the_world_reads_only_what_it_could_read_is_repeated(
    hall: Hall, before: str, now: str, reads: bool
) -> None:
    await hall.keeps_archive(HOUSING, before)
    await hall.talks(ANN, "The old pump")
    hall.later(timedelta(minutes=1))
    await hall.opens_history(HOUSING, now)
    await hall.talks(ANN, "The new pump")
    there = await hall.hears(BEN, "!search pump")
    assert "The new pump" in there
    assert ("The old pump" in there) == reads
    assert "The old pump" in await hall.hears(BEN, "search pump", direct(BEN))


async def test_who_is_invited_reads_along_where_the_invited_do(hall: Hall) -> None:
    late = UserId("@late:hs")
    await hall.keeps_archive(HOUSING, "invited")
    await hall.talks(ANN, "The old pump")
    assert "The old pump" in await hall.hears(BEN, "!search pump")
    hall.later(timedelta(minutes=1))
    await hall.moves(late, HOUSING, "invite")
    await hall.talks(ANN, "The new pump")
    there = await hall.hears(BEN, "!search pump")
    assert "The new pump" in there
    assert "The old pump" not in there
    await hall.opens_history(HOUSING, "shared")  # then the invited read nothing until they come
    assert "The old pump" in await hall.hears(BEN, "!search pump")


@pytest.mark.parametrize(
    ("opened", "told"), [("world_readable", False), ("invited", False), ("shared", True)]
)
async def test_what_is_for_a_cluster_alone_is_not_shown_where_others_read_along(
    hall: Hall, opened: str, told: bool
) -> None:
    await talk(hall)
    await share(hall)
    hall.later(timedelta(minutes=1))
    await hall.opens_history(HOUSING, opened)
    await hall.moves(UserId("@late:hs"), HOUSING, "invite")
    posts = await hall.says(CORA, "!search pump")
    there = heard([post for post in posts if isinstance(post, Say)])
    assert ("P-1" in there) == told
    assert "P-1" in await hall.hears(CORA, "search pump", direct(CORA))


async def test_a_chain_of_rooms_is_one_even_if_it_bites_its_tail(hall: Hall) -> None:
    await talk(hall)
    second, third = RoomId("!second:hs"), RoomId("!third:hs")

    def upgrade(connection: Connection) -> None:
        for old, new in ((HOUSING, second), (second, third)):
            join(connection, new, RoomKind.CLUSTER, (ANN, CORA, ME), "housing")
            rooms.change(connection, new, predecessor=old)
            rooms.change(connection, old, successor=new)
        rooms.change(connection, third, successor=HOUSING)
        rooms.change(connection, HOUSING, predecessor=third)

    await hall.do(upgrade)
    await hall.keeps_archive(third)
    await hall.talks(ANN, "The newest pump", third)
    shown = await hall.hears(ANN, "!search pump", third)
    assert shown.startswith("Found 2 for")
    assert "loud" in shown


async def test_who_came_after_an_upgrade_finds_what_the_old_room_let_them_read(
    hall: Hall,
) -> None:
    await hall.keeps_archive(HOUSING, "joined")
    await hall.talks(ANN, "The old pump")
    new, late = RoomId("!new:hs"), UserId("@late:hs")

    def upgrade(connection: Connection) -> None:
        join(connection, new, RoomKind.CLUSTER, (ANN, ME), "housing")
        rooms.change(connection, new, predecessor=HOUSING)
        rooms.change(connection, HOUSING, successor=new)
        join(connection, direct(late), RoomKind.DIRECT, (late, ME))

    await hall.do(upgrade)
    await hall.keeps_archive(new)
    await hall.moves(late, new, "join")
    await hall.talks(ANN, "The new pump", new)
    shown = await hall.hears(late, "search pump", direct(late))
    assert shown.startswith("Found 1 for")
    assert "The new pump" in shown
    assert "Found 2 for" in await hall.hears(ANN, "search pump", direct(ANN))
    assert "The old pump" not in await hall.hears(ANN, "!search pump", new)


async def test_one_message_of_a_thread_stands_for_it(hall: Hall) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "The pump is loud")
    await hall.talks(PAULA, "Which pump?", thread=root)
    assert "Found 1 for" in await hall.hears(CORA, "!search pump")


async def test_a_search_is_narrowed_by_city_kind_language_thread_and_what_is_held(
    hall: Hall,
) -> None:
    await hall.keeps_archive()
    asked = await hall.talks(ANN, "Who has a pump? See https://city.example and P-3")
    await hall.talks(BEN, "Die Pumpe ist bei mir, und sie ist nicht laut", thread=asked)
    await hall.talks(CORA, "The pump is not mine")
    found: dict[str, str] = {}
    for query in (
        "city:Havnvoll", "-city:havnvoll", "is:question", "kind:message", "lang:german",
        "-lang:de", "has:link has:practice", "has:file", f"thread:{asked}",
        f"thread:https://matrix.to/#/!room:hs/{asked}?via=hs", "-from:me", "on:today",
        "on:yesterday", "city:nowhere", "thread:$other", "-in:housing", "has:file kind:message",
    ):  # fmt: skip
        heard_of = await hall.hears(CORA, f"search pump sort:new {query}", direct(CORA))
        found[query] = heard_of.split(".")[0]
        hall.later(timedelta(seconds=10))
    told = "pump in all your rooms"
    day = "on Monday, 2 March 2026"
    before = "on Sunday, 1 March 2026"
    assert found == {
        "city:Havnvoll": f"Found 1 for {told}, from people of Havnvoll",
        "-city:havnvoll": f"Found 2 for {told}, not from people of havnvoll",
        "is:question": f"Found 1 for {told}, only questions",
        "kind:message": f"Found 3 for {told}, only messages",
        "lang:german": f"Found 1 for {told}, written in German",
        "-lang:de": f"Found 2 for {told}, not written in German",
        "has:link has:practice": f"Found 1 for {told}, with a link and the number of a practice",
        "has:file": f"Nothing found for {told}, with a file",
        f"thread:{asked}": f"Found 2 for {told}, of one thread",
        f"thread:https://matrix.to/#/!room:hs/{asked}?via=hs": (
            f"Found 2 for {told}, of one thread"
        ),
        "-from:me": f"Found 2 for {told}, not from me",
        "on:today": f"Found 3 for {told}, {day}",
        "on:yesterday": f"Nothing found for {told}, {before}",
        "city:nowhere": f"Nothing found for {told}, from people of nowhere",
        "thread:$other": f"Nothing found for {told}, of one thread",
        "-in:housing": f"Nothing found for {told}, not in housing",
        "has:file kind:message": f"Nothing found for {told}, with a file, only messages",
    }


async def test_filters_hold_in_brackets_behind_a_minus_and_beside_an_or(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "A bike of mine: https://city.example")  # Havnvoll
    await hall.talks(BEN, "A bike for two?")
    await hall.talks(CORA, "A bike and a boat")
    await hall.talks(PAULA, "A boat")
    found: dict[str, set[str]] = {}
    told = {}
    for query in (
        "(from:ben OR city:Havnvoll) bike", "bike -(from:ben OR from:cora)", "from:paula OR bike",
        "(from:ann has:link) OR (from:cora boat)", "boat -(from:cora bike)", "-(in:housing)",
        "bike OR boat from:cora", "boat OR is:question", "kind:message -(kind:question OR boat)",
        "bike (in:all OR from:ben)", "bike -(in:welcome OR has:link)", "-(from:me OR from:nobody)",
        "from:zoe OR boat",
    ):  # fmt: skip
        shown = await hall.hears(CORA, f"search sort:new {query}", direct(CORA))
        told[query] = shown.split("\n")[0]
        hall.later(timedelta(seconds=20))
        words = {"of mine": "ann", "for two": "ben", "and a boat": "cora", "- A boat": "paula"}
        found[query] = {name for text, name in words.items() if text in shown}
    assert found == {
        "(from:ben OR city:Havnvoll) bike": {"ann", "ben"},
        "bike -(from:ben OR from:cora)": {"ann"},
        "from:paula OR bike": {"ann", "ben", "cora", "paula"},
        "(from:ann has:link) OR (from:cora boat)": {"ann", "cora"},
        "boat -(from:cora bike)": {"paula"},
        "-(in:housing)": set(),
        "bike OR boat from:cora": {"cora"},
        "boat OR is:question": {"ben", "cora", "paula"},
        "kind:message -(kind:question OR boat)": {"ann"},
        "bike (in:all OR from:ben)": {"ann", "ben", "cora"},
        "bike -(in:welcome OR has:link)": {"ben", "cora"},
        "-(from:me OR from:nobody)": {"ann", "ben", "paula"},
        "from:zoe OR boat": {"cora", "paula"},
    }
    # It says how it was understood.
    assert told["(from:ben OR city:Havnvoll) bike"] == (
        "Found 2 for (from:ben OR city:Havnvoll) bike in all your rooms."
    )
    assert told["bike -(from:ben OR from:cora)"] == (
        "Found 1 for bike in all your rooms, not from ben and cora."
    )
    assert told["bike OR boat from:cora"] == (
        "Found 1 for bike OR boat in all your rooms, from cora."
    )


async def test_an_or_of_a_day_says_that_the_day_holds_for_all(hall: Hall) -> None:
    await talk(hall)
    shown = await hall.hears(ANN, "!search pump OR after: last week")
    assert "after: holds for the whole search, on both sides of an OR." in shown


async def test_practices_are_narrowed_within_brackets_too(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(BEN, "The pump is loud")
    await share(hall)
    for query, found in {
        "pump (kind:practice OR from:paula)": "P-1",
        "pump (in:housing OR from:paula)": "P-1 loud",
        "pump -(kind:practice from:ann)": "loud",
        "pump -(kind:message OR from:paula)": "P-1",
        "pump (in:welcome OR from:paula)": "",
        "-kind:message": "P-1",
    }.items():
        shown = await hall.hears(BEN, f"search {query}", direct(BEN))
        assert ("P-1" in shown, "loud" in shown) == ("P-1" in found, "loud" in found), query


ASKED = st.recursive(
    st.sampled_from(
        ["pump", "secret", '"heat pump"', "pum*", "from:ben", "from:me", "city:Havnvoll",
         "in:welcome", "in:#housing", "in:all", "has:link", "kind:message", "kind:practice",
         "is:question", "lang:en", "tag:kit", "🎉", "thread:here", "after: last week"]
    ),
    lambda inner: st.one_of(
        inner.map(lambda one: f"-{one}"),
        inner.map(lambda one: f"NOT ({one})"),
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(" OR ".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda many: f"({' OR '.join(many)})"),
        st.lists(inner, min_size=2, max_size=3).map(lambda many: f"({' '.join(many)})"),
    ),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.promise(
    "No bracket, OR or minus of a search reaches a room that the asker is not in, nor tells of it."
)
async def test_no_search_reaches_a_room_that_the_asker_is_not_in(hall: Hall) -> None:
    """The same words, whatever the other room has said: it is not seen, counted or suggested."""
    await hall.keeps_archive(HOUSING)
    await hall.keeps_archive(WELCOME)
    await hall.talks(ANN, "The heat pump in the library is loud 🎉 https://city.example #kit")
    await hall.talks(BEN, "Is the pump quiet?")

    async def hears(typed: str) -> str:
        try:
            return await hall.hears(ANN, f"search {typed}", direct(ANN))
        finally:
            hall.later(timedelta(seconds=10))  # nobody may ask without end

    silent: dict[str, str] = {}
    searches: list[str] = []

    @given(ASKED)
    @settings(max_examples=60, deadline=None, database=None, derandomize=True)
    def collect(typed: str) -> None:
        searches.append(typed)

    collect()
    for typed in searches:
        silent[typed] = await hears(typed)
    for body in ("My secret heat pump 🎉 https://b.example #kit", "Was the secret pump seen?"):
        said = hall._event(BEN, WELCOME, "m.room.message", {"msgtype": "m.text", "body": body})
        await hall.archives([said])
    for typed in searches:
        assert await hears(typed) == silent[typed], typed
    assert any(said.startswith("Found") for said in silent.values())
    assert "secret heat" in await hall.hears(BEN, "search secret OR -pump", direct(BEN))


async def test_threads_are_a_kind_and_so_is_what_nobody_answered(hall: Hall) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "The pump is loud")
    await hall.talks(PAULA, "The pump of the library", thread=root)
    alone = await hall.talks(BEN, "My pump is silent")
    shown = await hall.hears(CORA, "!search pump kind:thread")
    assert shown.startswith("Found 1 for pump in Housing, only threads.")
    assert "silent" not in shown
    shown = await hall.hears(CORA, "!search pump -kind:thread")
    assert shown.startswith("Found 1 for pump in Housing, but no threads.")
    assert "silent" in shown
    answer = await hall.talks(PAULA, "Which one?", thread=alone)
    assert "Found 2 for" in await hall.hears(CORA, "!search pump kind:thread")
    await hall.takes_back(PAULA, answer)
    assert "Found 1 for" in await hall.hears(CORA, "!search pump kind:thread")


async def test_a_thread_is_searched_from_within(hall: Hall) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "The pump is loud")
    await hall.talks(BEN, "My pump is not")
    assert "Found 1 for" in await hall.hears(CORA, "!search pump thread:here", thread_root=root)
    assert "thread that it is asked in" in await hall.hears(CORA, "!search pump thread:here")


async def test_files_and_pictures_are_found_by_what_they_are(hall: Hall) -> None:
    await hall.keeps_archive()
    for kind, name in (("m.file", "budget.pdf"), ("m.image", "pump.jpg")):
        content = {"msgtype": kind, "body": name, "url": "mxc://hs/x"}
        await hall.archives([hall._event(ANN, HOUSING, "m.room.message", content)])
        hall.later(timedelta(minutes=1))
    files = await hall.hears(BEN, "!search has:file")
    assert files.startswith("Found 2 among all messages in Housing, with a file.")
    pictures = await hall.hears(BEN, "!search has:image pump")
    assert pictures.startswith("Found 1 for pump in Housing, with a picture.")


async def test_a_room_without_a_name_is_told_by_its_address(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "The pump is loud")
    await hall.moves(BEN, WELCOME, "leave")
    await hall.do(lambda c: rooms.change(c, HOUSING, name=""))
    for room in (HOUSING, direct(BEN)):
        said = await hall.hears(BEN, "!search pump in:all", room)
        assert " in ." not in said
        assert str(HOUSING) in await hall.hears(BEN, "!search pump", room)


async def test_a_file_is_found_by_its_caption_and_by_its_name(hall: Hall) -> None:
    await hall.keeps_archive()
    content = {"msgtype": "m.file", "body": "What we agreed on", "filename": "budget-2026.xlsx"}
    sent = hall._event(ANN, HOUSING, "m.room.message", {**content, "url": "mxc://hs/x"})
    await hall.archives([sent])
    shown = "- What we agreed on (budget-2026.xlsx)\n"
    for words in ("agreed", "budget", '"budget-2026.xlsx"', "agreed budget", "has:file budget"):
        said = await hall.hears(BEN, f"!search {words}")
        assert said.startswith("Found 1 ")
        assert shown in said
    await hall.takes_back(ANN, sent.event_id)
    assert "Nothing found" in await hall.hears(BEN, "!search budget")


async def test_an_emoji_is_found_like_a_word(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "The library is open 🎉🎉 thanks to all 👏🏽")
    await hall.talks(ANN, "The library is shut")
    assert await hall.hears(BEN, "!search 🎉") == (
        "Found 1 for 🎉 in Housing.\n"
        "- The library is open 🎉🎉 thanks to all 👏🏽\n"
        "  Ann Berg, 2 Mar 2026, 10:01"
    )
    assert "is open" in await hall.hears(BEN, "!search library 👏")
    assert "is shut" in await hall.hears(BEN, "!search library -🎉")


@pytest.mark.promise(
    "A search without hits suggests one spelling, taken only from what the reader may read."
)
async def test_a_misspelt_word_gets_one_suggestion_from_what_one_may_read(hall: Hall) -> None:
    await talk(hall)
    assert "Did you mean !search library?" in await hall.hears(ANN, "!search libarry")
    assert "Did you mean !search heat library?" in await hall.hears(ANN, "!search heat librery")
    assert "Did you mean search quiet?" in await hall.hears(BEN, "search queit", direct(BEN))
    # A word of a room that she is not in.
    assert "Did you mean" not in await hall.hears(ANN, "search queit", direct(ANN))
    assert "Did you mean" not in await hall.hears(ANN, "!search zzzzzz")
    await hall.talks(ANN, "Volunteers are welcome")
    assert "Did you mean !search volunteers?" in await hall.hears(ANN, "!search volontears")


@pytest.mark.promise(
    "A room that finds nothing says the same words whether other rooms have something or not;"
    " what they have is told to the asker alone."
)
async def test_wider_results_go_to_the_asker_alone(hall: Hall) -> None:
    await talk(hall)
    said = await hall.says(BEN, "!search quiet")
    here, told = said
    assert isinstance(here, Say)
    assert isinstance(told, Tell)
    assert "Our heat pump is quiet" in heard([told])
    assert told.person == BEN
    nothing = await hall.says(ANN, "!search quiet")
    assert heard(nothing) == heard([here])
    by_name = await hall.says(BEN, "!search quiet in:welcome")
    assert "Our heat pump is quiet" in heard(by_name)
    assert not any(isinstance(post, Say) for post in by_name)
    for named in ("in:all", "in:welcome in:housing"):
        everywhere = await hall.hears(BEN, f"!search pump {named}")
        assert everywhere.startswith("Found 2 for pump in")
        for room in ("Welcome", "Housing"):
            assert f" in {room}, " in everywhere, "each hit says where it was said"


async def share(hall: Hall, *, state: PracticeState = PracticeState.SHARED) -> None:
    """Ann's practice of the housing cluster."""

    def work(connection: Connection) -> None:
        author = people.get(connection, ANN)
        assert author is not None
        made = practices.start(connection, author, PracticeState.DRAFT, hall.now, cluster="housing")
        for field, text in (
            (PracticeField.TITLE, "Quiet pumps for old houses"),
            (PracticeField.PROBLEM, "The neighbours heard the pump all night"),
        ):
            said = Answered(text, HOUSING, EventId(f"${field}"))
            practices.answer(connection, made.number, field, said, hall.now)
        practices.step(connection, made.number, state, author, hall.now)

    await hall.do(work)


@pytest.mark.promise("Search finds practices beside what was said, for those who may read them.")
async def test_practices_are_found_beside_messages_by_those_who_may_read_them(hall: Hall) -> None:
    await talk(hall)
    await share(hall)
    (post,) = await hall.says(CORA, "!search pump")
    assert isinstance(post, Say)
    assert heard([post]) == (
        "Found 2 for pump in Housing.\n"
        "- P-1 Quiet pumps for old houses\n"
        "  The neighbours heard the pump all night\n"
        "  Practice !practice show P-1 of Havnvoll, Monday, 2 March 2026\n"
        "- The heat pump in the library is loud\n"
        "  Ann Berg, 2 Mar 2026, 10:01"
    )
    assert EventId("$problem") in post.quotes  # deleted, the answer goes with it
    assert "Found 1 for" in await hall.hears(CORA, "!search pump kind:practice")
    assert "Found 1 for" in await hall.hears(CORA, "!search pump kind:message")
    assert "Found 2 for" in await hall.hears(CORA, "!search pump from:ann")
    assert "P-1" not in await hall.hears(BEN, "!search pump", WELCOME)
    await hall.do(lambda c: practices.step(c, 1, PracticeState.PUBLISHED, None, hall.now))
    assert "P-1" in await hall.hears(BEN, "!search pump", WELCOME)
    assert "P-1" not in await hall.hears(BEN, "search pump in:welcome", direct(BEN))
    stranger = UserId("@zoe:hs")
    await hall.do(lambda c: join(c, direct(stranger), RoomKind.DIRECT, (stranger, ME)))
    assert "P-1" not in await hall.hears(stranger, "search pump", direct(stranger))


async def test_pages_hold_practices_and_messages_once_each(hall: Hall) -> None:
    await hall.keeps_archive()
    for _ in range(3):
        await share(hall)
    for number in range(8):
        await hall.talks(ANN, f"pump number {number}")
    pages = [await hall.hears(BEN, "!search pump")]
    for _ in range(2):
        pages.append(await hall.hears(BEN, "!more"))
    together = "\n".join(pages)
    assert [together.count(f"P-{number} Quiet") for number in (1, 2, 3)] == [1, 1, 1]
    assert [together.count(f"pump number {number}\n") for number in range(8)] == [1] * 8
    assert "!more" not in pages[2]


async def test_the_very_word_comes_before_its_other_forms(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "The volunteer has the key")
    await hall.talks(ANN, "The volunteers have the key")
    shown = await hall.hears(BEN, "!search volunteer")
    assert shown.index("The volunteer has") < shown.index("The volunteers have")
    shown = await hall.hears(BEN, "!search volunteers")
    assert shown.index("The volunteers have") < shown.index("The volunteer has")


async def test_what_was_answered_and_liked_comes_before_what_was_not(hall: Hall) -> None:
    await hall.keeps_archive()
    answered = await hall.talks(ANN, "Where is the pump kept?")
    await hall.talks(BEN, "In the cellar", thread=answered)
    liked = await hall.talks(ANN, "Here is the pump, friends", reactions=[BEN, CORA, PAULA])
    await hall.talks(ANN, "There was the pump, perhaps")
    shown = await hall.hears(CORA, "!search pump")
    first, second, third = (shown.index(it) for it in ("Where is", "Here is", "There was"))
    assert first < third
    assert second < third
    assert answered != liked


async def test_while_the_index_is_made_anew_each_answer_says_that_it_may_be_incomplete(
    hall: Hall,
) -> None:
    await talk(hall)
    await hall.do(renewal.lay_aside)
    await hall.talks(ANN, "A pump that came after the update")
    for asked in ("!search pump", "!search library", "!search libary"):
        shown = await hall.hears(ANN, asked)
        assert "older ones may be missing" in shown
        assert "Did you mean" not in shown
    while await hall.do(lambda c: reindexing.step(c, 10)):
        pass
    shown = await hall.hears(ANN, "!search library")
    assert "loud" in shown
    assert "may be missing" not in shown


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Wohnung", "Die Wohnungssuche ist schwer"),
        ("bolig", "Boligkontoret på haugen er stengt"),
        ("vrijwilliger", "De vrijwilligersavond is dinsdag"),
        ("Wohnung Treffen", "Das Treffen zur Wohnungssuche ist morgen"),
    ],
)
async def test_where_little_is_found_longer_words_that_begin_so_are(
    hall: Hall, typed: str, said: str
) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, said)
    answer = await hall.hears(ANN, f"!search {typed}")
    assert f"Found 1 for {typed} in Housing." in answer
    assert said in answer
    assert "longer ones that begin so count, too" in answer
    whole = await hall.hears(ANN, f"!search {said.split()[-1]}")
    assert "Found 1" in whole
    assert "longer" not in whole


async def test_longer_words_count_where_few_are_found_and_for_wanted_words_alone(
    hall: Hall,
) -> None:
    await hall.keeps_archive()
    for number in range(7):
        await hall.talks(ANN, f"Gartenbau {number}")
    await hall.talks(BEN, "Garten, und Küchenbau")
    spared = await hall.hears(ANN, "!search Garten -Küche")
    assert "Garten, und Küchenbau" in spared, "a word with a minus bars no longer ones"
    widened = await hall.hears(ANN, "!search Garten")
    assert "Found 8 for Garten" in widened
    assert "Garten, und Küchenbau" in widened.splitlines()[2], "the word itself comes first"
    assert "Gartenbau" in await hall.hears(ANN, "!more"), "the next page goes on so"
    assert "Nothing found" in await hall.hears(ANN, '!search "Küchen"')
    for number in range(5):
        await hall.talks(ANN, f"der Garten {number}")
    assert "Found 6 for Garten" in await hall.hears(ANN, "!search Garten")

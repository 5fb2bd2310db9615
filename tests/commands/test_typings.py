"""What people type at a search: on phones, in a hurry, with a mention, in their language."""

from datetime import date, timedelta
from typing import cast

import pytest

from commands.context import Context
from commands.search.rules import HintKind, parse_query
from commands.search.scoping import with_addresses
from storage import people
from storage.records import EventId, Person, PracticeState, UserId
from tests.commands.conftest import ANN, BEN, CORA, DESK, HOUSING, WELCOME, Hall, direct, heard
from tests.commands.test_search import share
from tests.growth import growth


async def test_the_answer_to_our_question_is_a_search(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "The pump is loud")
    asked = hall.said(CORA, "!search sort:new")
    assert "What shall I look for?" in heard(await hall.responds(asked))
    assert "Found 1 for pump" in await hall.hears(CORA, "pump", thread_root=asked.event_id)


async def test_what_was_typed_besides_stands_before_the_answer(hall: Hall) -> None:
    await hall.keeps_archive()
    for body in ("The pump is loud", "A pump"):
        await hall.talks(ANN, body)
        hall.later(timedelta(minutes=1))
    asked = hall.said(CORA, "!search sort:new")
    await hall.responds(asked)
    shown = await hall.hears(CORA, "pump", thread_root=asked.event_id)
    assert shown.index("A pump") < shown.index("loud")


async def test_who_is_asked_in_the_direct_chat_what_to_look_for_is_heard_there(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "The pump is loud")
    assert "What shall I look for?" in await hall.hears(CORA, "search from:", direct(CORA))
    assert "Found 1 for pump" in await hall.hears(CORA, "pump", direct(CORA))


@pytest.mark.parametrize(
    ("typed", "language"),
    [
        *((it, "en") for it in ("from:Me", "from:ME", "From: Me", "from:@me", "da:me")),
        *(
            ("von:mir", "de"),
            ("de:moi", "fr"),
            ("de:mí", "es"),
            ("van:mij", "nl"),
            ("fra:meg", "nb"),
        ),
        *(("od:mne", "cs"), ("από:εμένα", "el"), ("autors:manis", "lv")),
    ],
)
async def test_me_is_the_asker(hall: Hall, typed: str, language: str) -> None:
    await hall.keeps_archive()
    await hall.do(lambda c: people.change(c, ANN, language=language))
    await hall.talks(ANN, "The pump is loud")
    assert await finds(hall, ANN, f"pump {typed}")


async def test_who_is_called_as_others_say_me_is_meant_where_they_are_named(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.do(lambda c: people.change(c, BEN, display_name="Meg"))
    await hall.talks(ANN, "The pump is loud")
    assert not await finds(hall, ANN, "pump from:Meg")
    await hall.talks(BEN, "The pump is quiet")
    assert "quiet" in await hall.hears(ANN, "!search pump from:Meg")


async def finds(hall: Hall, who: UserId, typed: str) -> bool:
    return "Found 1 for pump" in await hall.hears(who, f"!search {typed}")


async def test_a_mention_does_not_tell_whether_the_hall_knows_somebody(hall: Hall) -> None:
    await hall.keeps_archive()
    zoe = UserId("@zoe:far")
    typed = "!search pump from:Zoe Secret"
    before = await hall.hears(CORA, typed, mentions=frozenset({zoe}))
    await hall.do(
        lambda c: people.change(c, people.know(c, zoe).user_id, display_name="Zoe Secret")
    )
    assert await hall.hears(CORA, typed, mentions=frozenset({zoe})) == before
    await hall.moves(zoe, HOUSING, "join")
    assert "from @zoe:far" in await hall.hears(CORA, typed, mentions=frozenset({zoe}))


LINK = "https://matrix.to/#/@ann:hs"


@pytest.mark.parametrize(
    "typed",
    [
        "from:Ann Berg pump",  # Element Web: the pill's words
        "pump from:@Ann Berg",
        "pump from: Ann Berg",
        f"from:[Ann Berg]({LINK}) pump",  # Element X: Markdown in the body
        f"pump from:{LINK}",
    ],
)
async def test_a_pill_after_from_means_that_person(hall: Hall, typed: str) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "The pump is loud")
    await hall.talks(BEN, "The pump of Berg is quiet")
    shown = await hall.hears(CORA, f"!search {typed}", mentions=frozenset({ANN}))
    assert shown.startswith("Found 1 for pump")
    assert "The pump is loud" in shown


def test_one_message_of_brackets_keeps_nobody_waiting() -> None:
    # Whom no pill names, is not looked up.
    anybody, nobody = cast(Person, None), cast(Context, None)
    assert growth(lambda size: with_addresses("[" * size, (), anybody, nobody), 2_000) < 8


async def test_practices_are_found_in_a_room_that_keeps_no_archive(hall: Hall) -> None:
    await share(hall)
    shown = await hall.hears(CORA, "!search pump kind:practice")
    assert "P-1 Quiet pumps" in shown
    assert "nothing to search" not in shown


async def test_a_name_that_is_no_field_s_is_searched_as_words(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(BEN, "Ann Berg has fixed the pump")
    shown = await hall.hears(CORA, "!search Ann Berg pump", mentions=frozenset({ANN}))
    assert "Found 1" in shown


async def test_coordinators_find_published_practices_in_their_room(hall: Hall) -> None:
    await share(hall, state=PracticeState.PUBLISHED)
    assert "P-1 Quiet pumps" in await hall.hears(CORA, "!search pump", DESK)


@pytest.mark.parametrize(
    "typed",
    [
        "pump in:here",
        "pump -quiet in:this",
        "loud apres:2026-03-01",  # après without its accent
    ],
)
async def test_what_phones_make_of_fields_is_understood(hall: Hall, typed: str) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "The pump is loud")
    assert "The pump is loud" in await hall.hears(CORA, f"!search {typed}")


@pytest.mark.parametrize("word", ["for", "etiquette"])
async def test_an_english_word_before_a_colon_is_no_field(hall: Hall, word: str) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "The etiquette for a loud pump")
    assert "Found 1" in await hall.hears(CORA, f"!search loud {word}: pump")
    assert "Nothing found" in await hall.hears(CORA, f"!search loud {word}: boiler")


async def test_two_hyphens_that_a_phone_made_a_dash_of_bar_a_word(hall: Hall) -> None:
    await hall.keeps_archive()
    await hall.talks(ANN, "The pump is loud")
    await hall.talks(BEN, "The pump is quiet")
    shown = await hall.hears(CORA, "!search pump —loud")
    assert "quiet" in shown
    assert "The pump is loud" not in shown


async def test_a_thread_is_searched_from_a_plain_reply(hall: Hall) -> None:
    await hall.keeps_archive()
    root = await hall.talks(ANN, "The pump is loud")
    assert "Found 1" in await hall.hears(CORA, "!search pump thread:here", reply_to=root)


async def test_a_city_of_two_words_is_suggested(hall: Hall) -> None:
    await hall.keeps_archive()
    assert 'city:"São Bento"' in await hall.hears(CORA, "!search pump city:São Bento")


CARD = EventId("$card-of-the-hall")


async def said(hall: Hall) -> EventId:
    await hall.keeps_archive()
    await hall.talks(ANN, "We could ask the library about rooms.", thread=CARD)
    return await hall.talks(BEN, "The library is closed on Monday though.", thread=CARD)


async def test_a_link_to_any_message_of_it_searches_it(hall: Hall) -> None:
    second = await said(hall)
    link = f"https://matrix.to/#/{HOUSING}/{second}?via=hs"
    assert "Found 1 for library" in await hall.hears(CORA, f"!search library thread:{CARD}")
    assert "Found 1 for library" in await hall.hears(CORA, f"!search library thread:{link}")


async def test_more_after_an_answer_in_private_leads_there(hall: Hall) -> None:
    for room in (HOUSING, WELCOME):
        await hall.keeps_archive(room)
        for number in range(8):
            await hall.talks(BEN, f"boiler number {number}", room)
    await hall.says(BEN, "!search boiler in:all")
    assert "in our direct chat goes on there, with more" in await hall.hears(BEN, "!more")
    assert "boiler number" in await hall.hears(BEN, "more", direct(BEN))
    hall.later(timedelta(minutes=31))
    assert "nothing here in the last half hour" in await hall.hears(BEN, "more", direct(BEN))


@pytest.mark.parametrize(
    ("typed", "today", "before"),
    [
        ("after:January before:April", date(2026, 3, 2), date(2026, 4, 1)),
        ("after:October before:December", date(2026, 11, 30), date(2026, 12, 1)),
        ("before:1.4. after:1.1.", date(2026, 3, 2), date(2026, 4, 1)),
        ("after:January before:2025-04", date(2026, 3, 2), None),
        ("after:today before:7d", date(2026, 3, 2), None),
        ("after:2026-01 before:yesterday before:April", date(2026, 1, 20), None),
        ("after:31.12.9997 before:April", date(2026, 3, 2), date(9998, 4, 1)),
        ("after:April before:April", date(2026, 11, 30), None),
        ("after:5.3. before:5.3.", date(2026, 11, 30), None),
        ("on:March before:June", date(2026, 3, 2), date(2026, 4, 1)),
        ("on:March after:April before:June", date(2026, 5, 2), None),
    ],
)
def test_the_end_of_a_span_lies_after_its_beginning(
    typed: str, today: date, before: date | None
) -> None:
    reading = parse_query(f"pump {typed}", today=today)
    empty = HintKind.EMPTY_PERIOD in {hint.kind for hint in reading.hints}
    assert empty is (before is None)
    assert empty or reading.query.before == before

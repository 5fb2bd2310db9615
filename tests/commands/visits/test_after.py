"""After a visit: checklist, notes, report, recommendations, promises, and the review."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from storage import promises, visits
from storage.database import open_database
from storage.visit_records import VisitState
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, OTTO, WELCOME, direct, furnish
from tests.commands.delivered import Delivered, moment
from tests.commands.test_erasure import where
from tests.commands.visits.conftest import CARD, cast_people, decided, visit

AFTER = moment("2026-05-15 12:00")


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Delivered]:
    """A visit to Havnvoll is decided, for 12 to 14 May."""
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    await database.write(cast_people)
    hall = Delivered(database)
    await decided(hall)
    yield hall
    await database.close()


def in_thread(hall: Delivered) -> dict[str, Any]:
    return {"thread_root": hall.post(CARD).event_id}


# ── before ────────────────────────────────────────────────────────────────────────────────────


async def test_a_decided_visit_has_a_checklist_that_is_ticked_off_on_the_card(
    hall: Delivered,
) -> None:
    assert "☐ Agenda agreed · Ann Berg · Tue, 14 Apr 2026" in hall.latest(CARD)
    assert "noted on the card as 5" in await hall.hears(
        CORA, "!visit task V-1 book a bus owner:Ben"
    )
    assert "5. ☐ book a bus · Ben" in hall.latest(CARD)
    assert "“book a bus” is done. 4 are left." in await hall.hears(BEN, "!visit done V-1 5")
    assert "☑ book a bus · Ben" in hall.latest(CARD)
    assert "I don't know 9 here" in await hall.hears(BEN, "!visit done V-1 9")


async def test_what_is_still_to_do_is_said_four_weeks_two_weeks_and_three_days_before(
    hall: Delivered,
) -> None:
    await hall.says(ANN, "!visit done V-1 1")
    await hall.passes(moment("2026-05-10 12:00"))
    told = [one for one in hall.stood if "/soon/" in one.key]
    assert [one.key.rsplit("/", 1)[1] for one in told] == ["28", "14", "3"]
    assert "V-1: a visit to Havnvoll is in 3 days, Tue, 12 May – Thu, 14 May 2026." in told[2].body
    assert "Agenda agreed" not in told[2].body
    assert "3. Each city has said who comes · Ann" in told[2].body, "its number on the card"
    assert "!visit done V-1 2 ticks one off." in told[2].body


async def test_alarms_of_days_that_were_moved_are_silent(hall: Delivered) -> None:
    await hall.says(CORA, "!visit move V-1 2-4 June")
    await hall.passes(moment("2026-05-20 12:00"))
    told = [one.key for one in hall.stood if "/soon/" in one.key]
    assert told == ["visit/1/soon/1/28", "visit/1/soon/1/14"]
    assert (await visit(hall)).state is VisitState.CONFIRMED


async def test_agenda_travel_and_delegations_stand_on_the_card_and_names_do_not(
    hall: Delivered,
) -> None:
    await hall.says(ANN, "!visit agenda V-1 2026-05-12 Welcome at the town hall")
    await hall.says(ANN, "!visit travel V-1 tram 4 from the airport")
    told = await hall.hears(BEN, "visit delegation V-1 2 Rita Sol, Rui Mar", direct(BEN))
    assert "the number, never the names" in told
    await hall.says(BEN, "visit delegation V-1 3 Rita Sol, Rui Mar, Eva", direct(BEN))
    card = hall.latest(CARD)
    assert "Tue, 12 May 2026: Welcome at the town hall" in card
    assert "Travel: tram 4 from the airport" in card
    assert "São Bento sends 3 people" in card
    assert "Rita" not in card


# ── after ─────────────────────────────────────────────────────────────────────────────────────


async def test_notes_become_a_report_that_host_and_guests_confirm(hall: Delivered) -> None:
    await hall.passes(AFTER)
    assert (await visit(hall)).state is VisitState.HELD
    asked = hall.post("visit/1/after/0")
    assert set(asked.content["m.mentions"]["user_ids"]) == {ANN, BEN, CORA}
    thread = in_thread(hall)
    note = hall.said(BEN, "The night shift was the best part", **thread)
    await hall.responds(note)
    gone = hall.said(BEN, "I met a family called …", **thread)
    await hall.responds(gone)
    await hall.says(ANN, "!visit report V-1")
    assert "The night shift was the best part" in hall.latest("visit/1/report")
    await hall.edits(note, "The night shift taught us most")
    assert "taught us most" in hall.latest("visit/1/report")
    await hall.redacts(BEN, gone.event_id)
    assert "family" not in hall.readable(), "nor in any edit"
    report = hall.latest("visit/1/report/2")
    assert "(taken back)" in report, "and it says where it was"
    assert f"matrix.to/#/!housing:hs/{gone.event_id}" in report
    assert "Still to confirm: Havnvoll and São Bento" in report
    await hall.taps(ANN, "visit/1/report/2", "✅")
    await hall.taps(OTTO, "visit/1/report/2", "✅")
    assert (await visit(hall)).state is VisitState.HELD
    hall.later(timedelta(minutes=1))
    late = hall.said(CORA, "a secret, said late", **thread)
    await hall.responds(late)
    await hall.redacts(CORA, late.event_id)
    assert "secret" not in hall.readable(), "only edits had it"
    await hall.taps(BEN, "visit/1/report/2", "✅")
    assert (await visit(hall)).state is VisitState.REPORTED
    assert "Report, final" in hall.latest("visit/1/report/2")
    assert not await hall.says(BEN, "And now for something else", **thread)


async def test_agenda_and_report_say_what_they_build_on(hall: Delivered) -> None:
    said = hall.said(ANN, "!visit agenda V-1 2026-05-12 Street work first cites:p12")
    await hall.responds(said)
    assert "Street work first · builds on P-12" in hall.latest(CARD)
    refused = await hall.hears(ANN, "!visit agenda V-1 Tea cites:everything")
    assert "can't read everything as the name" in refused
    await hall.passes(AFTER)
    assert "It builds on P-12" in await hall.hears(ANN, "!visit report V-1")
    await hall.redacts(ANN, said.event_id)
    assert "Street work" not in hall.readable()


async def test_there_is_no_report_before_the_visit(hall: Delivered) -> None:
    assert "has not taken place yet" in await hall.hears(ANN, "!visit report V-1")


async def test_a_recommendation_is_answered_by_its_city_with_a_reason(hall: Delivered) -> None:
    await hall.passes(AFTER)
    made = await hall.hears(BEN, "!recommend V-1 more street work before forms")
    assert "R-1 more street work before forms · Havnvoll · not answered yet" in made
    assert "for the people of Havnvoll" in await hall.hears(BEN, "!recommend accept R-1")
    assert "Recommendations to answer:\n- R-1 more" in await hall.hears(ANN, "!city Havnvoll")
    assert "Why not?" in await hall.hears(ANN, "!recommend decline R-1")
    told = await hall.hears(ANN, "!recommend decline R-1 the council voted otherwise")
    assert "declined: the council voted otherwise" in told
    assert "A no with a reason helps the others" in told


async def test_a_promise_is_visible_until_it_is_done_and_its_owner_is_asked(
    hall: Delivered,
) -> None:
    await hall.passes(AFTER)
    await hall.says(BEN, "!recommend V-1 more street work")
    made = await hall.hears(ANN, "!action add R-1 ask the tenants' union due:2026-06-10")
    assert "A-1 ask the tenants' union · Ann Berg · not begun · due Wed, 10 Jun 2026" in made
    await hall.says(ANN, "!action start A-1")
    assert "Promised:\n- A-1 ask the tenants' union" in await hall.hears(BEN, "!city Havnvoll")
    await hall.passes(moment("2026-06-20 12:00"))
    asked = [one for one in hall.bodies(direct(ANN)) if "How does it stand?" in one]
    assert len(asked) == 3
    assert "overdue since Wed, 10 Jun 2026" in asked[2]
    assert "is for its owner" in await hall.hears(BEN, "!action done A-1")
    assert "Well done" in await hall.hears(ANN, "action done A-1", direct(ANN))
    assert "Promised" not in await hall.hears(BEN, "!city Havnvoll")
    assert "done" in await hall.hears(BEN, "!action list")


async def test_an_owner_ends_the_reminders_of_a_promise(hall: Delivered) -> None:
    await hall.says(ANN, "!action add paint the door due:2026-06-10")
    await hall.passes(moment("2026-06-08 12:00"))
    (reminder,) = [one.key for one in hall.stood if one.key.endswith("/told")]
    await hall.taps(ANN, reminder, "🔕", direct(ANN))
    await hall.passes(moment("2026-06-12 12:00"))
    assert len([one for one in hall.stood if one.key.endswith("/told")]) == 1
    await hall.says(ANN, "!action add oil the door due:2026-07-10")
    assert "A-2: no more reminders" in await hall.hears(ANN, "!action mute A-2")
    await hall.passes(moment("2026-08-12 12:00"))
    assert len([one for one in hall.stood if one.key.endswith("/told")]) == 1


async def test_to_drop_something_with_its_reason_is_fine(hall: Delivered) -> None:
    await hall.says(ANN, "!action add paint the door")
    assert "Why?" in await hall.hears(ANN, "!action drop A-1")
    told = await hall.hears(ANN, "!action drop A-1 the budget went elsewhere")
    assert "dropped · because: the budget went elsewhere" in told
    assert "Dropped with a reason is fine" in told


@pytest.mark.promise(
    "What a visit recommended, and what was promised, is asked for again ten weeks later, and"
    " shown on the card of its city until then."
)
async def test_ten_weeks_later_it_is_asked_what_came_of_it(hall: Delivered) -> None:
    await hall.passes(AFTER)
    await hall.says(BEN, "!recommend V-1 more street work")
    await hall.says(ANN, "!action add R-1 ask the tenants' union")
    await hall.says(BEN, "!action add V-1 write it up")
    await hall.says(BEN, "!action done A-2")
    await hall.passes(moment("2026-07-24 12:00"))
    review = hall.post("visit/1/review")
    assert "ten weeks later: what came of it?" in review.body
    assert "A-1 ask the tenants' union · Ann Berg · not begun" in review.body
    assert "A-2 write it up · Ben · done" in review.body
    assert review.content["m.mentions"]["user_ids"] == [ANN], "who has nothing open is left alone"
    assert (await visit(hall)).state is VisitState.FOLLOWED_UP


# ── what goes with its message ────────────────────────────────────────────────────────────────


@pytest.mark.promise(
    "A redacted message takes its words out of a visit's card, report, recommendations and"
    " actions, and each of those still says where it came from."
)
async def test_words_go_with_their_messages_and_what_was_made_of_them_says_whence(
    hall: Delivered,
) -> None:
    await hall.passes(AFTER)
    said = {}
    for who, typed in (
        (BEN, "!recommend V-1 secret advice"),
        (ANN, "!recommend decline R-1 secret reason"),
        (ANN, "!action add V-1 secret promise"),
        (ANN, "!action drop A-1 secret doubt"),
        (ANN, "!visit agenda V-1 secret session"),
        (CORA, "!visit travel V-1 secret tram"),
    ):
        said[typed] = hall.said(who, typed)
        await hall.responds(said[typed])
    await hall.says(ANN, "!visit report V-1")
    shown = hall.latest("visit/1/report") + hall.latest(CARD)
    assert shown.count("secret") == 6
    for asked in ("!visit report V-1", "!visit show V-1", "!action list", "!city Havnvoll"):
        await hall.says(BEN, asked)
    for one in said.values():
        await hall.redacts(one.sender, one.event_id)
    for asked in ("!visit report V-1", "!visit show V-1", "!action list", "!city Havnvoll"):
        await hall.says(ANN, asked)
    assert "secret" not in hall.readable(), "nor in any edit, nor in answers"
    (advice,) = await hall.do(lambda c: promises.recommendations(c, visit=1))
    (promise,) = await hall.do(lambda c: promises.find(c, visit=1))
    assert advice.source == said["!recommend V-1 secret advice"].event_id
    assert promise.source == said["!action add V-1 secret promise"].event_id
    lines = await hall.do(lambda c: visits.lines(c, 1))
    assert not [one for one in lines if "secret" in one.text]


async def test_a_corrected_recommendation_is_the_same_one(hall: Delivered) -> None:
    first = hall.said(BEN, "!recommend V-1 more stret work")
    await hall.responds(first)
    await hall.edits(first, "!recommend V-1 more street work")
    (advice,) = await hall.do(lambda c: promises.recommendations(c, visit=1))
    assert advice.text == "more street work"


async def test_a_city_card_tells_its_promises_in_its_own_cluster_alone(hall: Delivered) -> None:
    await hall.says(ANN, "!action add secret promise")
    assert "secret" in await hall.hears(BEN, "!city Havnvoll")
    assert "secret" not in await hall.hears(BEN, "!city Havnvoll", WELCOME)
    assert "secret" in await hall.hears(BEN, "city Havnvoll", direct(BEN))
    await hall.moves(BEN, HOUSING, "leave")
    assert "secret" not in await hall.hears(BEN, "city Havnvoll", direct(BEN))


async def test_what_they_say_under_a_visit_is_no_note(hall: Delivered) -> None:
    await hall.passes(AFTER)
    await hall.says(BEN, "privacy archive off", direct(BEN))
    await hall.says(BEN, "Canarius met us at the station", **in_thread(hall))
    await hall.says(ANN, "!visit report V-1")
    assert "Canarius" not in hall.latest("visit/1/report")
    assert await where(hall.database, "Canarius") == set()


async def test_an_edit_of_a_note_brings_no_new_words(hall: Delivered) -> None:
    await hall.passes(AFTER)
    note = hall.said(BEN, "The night shift was the best part", **in_thread(hall))
    await hall.responds(note)
    await hall.says(ANN, "!visit report V-1")
    await hall.says(BEN, "privacy archive off", direct(BEN))
    await hall.edits(note, "Canarius was the best part")
    assert "Canarius" not in hall.readable()
    assert "The night shift" not in hall.readable()

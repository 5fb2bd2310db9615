"""A person decides, with a reason where the rule says no; dates are asked about again."""

import re
from datetime import timedelta

from demo.postgres import Postgres
from storage import visits
from storage.database import open_database
from storage.visit_records import VisitState
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    furnish,
)
from tests.commands.delivered import Delivered
from tests.commands.visits.conftest import calendar, cast_people, decided, opened, visit


async def test_two_who_decide_at_once_do_not_overrule_each_other(hall: Delivered) -> None:
    await decided(hall)
    shown = await hall.hears(ANN, "!visit confirm V-1 1")
    assert "V-1 is decided: Tue, 12 May – Thu, 14 May 2026. !visit move V-1 … changes it." in shown


async def test_a_date_that_a_required_party_refused_needs_a_reason(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote 1 yes 2 yes 3 no")
    await hall.says(CORA, "!visit close V-1")
    shown = await hall.hears(CORA, "!visit confirm V-1 3")
    assert "Havnvoll cannot on date 3" in shown
    await hall.says(CORA, '!visit confirm V-1 3 because:"Ann sends a deputy"')
    one = await visit(hall)
    assert (one.override, str(one.start)) == ("Ann sends a deputy", "2026-05-19")
    assert "because: Ann sends a deputy" in hall.post("visit/1/decision/0").body


async def test_where_no_date_works_the_next_free_days_are_named(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote no")
    await hall.says(CORA, "!visit close V-1")
    result = hall.post("visit/1/result/1").body
    free = "Tue, 26 May – Thu, 28 May 2026, Tue, 2 Jun – Thu, 4 Jun 2026"
    assert f"Free as far as I know: {free}" in result
    (command,) = re.findall(r"!visit reopen V-1 20.*?(?= asks)", result)
    await hall.says(CORA, command)
    dates = await hall.do(lambda c: visits.options(c, 1))
    assert [str(one.start) for one in dates[3:]] == ["2026-05-26", "2026-06-02", "2026-06-09"]


async def test_dates_that_are_asked_again_stay_open_when_somebody_changes_a_vote(
    hall: Delivered,
) -> None:
    await opened(hall)
    for who in (ANN, CORA, BEN):
        await hall.says(who, "!vote yes")
    await hall.says(CORA, "!visit reopen V-1")
    hall.later(timedelta(minutes=1))
    await hall.says(BEN, "!vote 1 no")
    assert (await visit(hall)).state is VisitState.POLLING


async def test_reopening_with_new_dates_leaves_what_was_said(hall: Delivered) -> None:
    await opened(hall)
    await hall.says(ANN, "!vote no")
    await hall.says(BEN, "!vote yes 1")
    await hall.says(CORA, "!visit close V-1")
    assert "No date works." in hall.post("visit/1/result/1").body
    await hall.says(CORA, "!visit reopen V-1 26-28 May")
    one = await visit(hall)
    assert (one.state, one.round) == (VisitState.POLLING, 2)
    again = [one.key for one in hall.stood if one.key.endswith("/2") and "/poll/" in one.key]
    assert len(again) == 4
    shown = await hall.hears(ANN, "!visit show V-1")
    assert "1 of 2 cities · 1 no" in shown
    assert "26 May" in shown


async def test_a_postponed_visit_is_asked_about_again(hall: Delivered) -> None:
    await decided(hall)
    await hall.says(CORA, "!visit postpone V-1")
    assert "METHOD:CANCEL" in calendar(hall, 1)
    told = hall.post("visit/1/postponed/1/1")
    assert set(told.content["m.mentions"]["user_ids"]) == {ANN, BEN, CORA}, "the days are theirs"
    assert "It is postponed" in await hall.hears(BEN, "!vote V-1 2 yes")
    assert (await visit(hall)).state is VisitState.POSTPONED
    await hall.says(CORA, "!visit reopen V-1 9-11 June")
    await hall.says(CORA, "!visit close V-1")
    await hall.says(CORA, '!visit confirm V-1 4 because:"as agreed by phone"')
    assert "SEQUENCE:2" in calendar(hall, 2)


async def test_the_same_on_postgresql(postgres: Postgres) -> None:
    name = "visits_handlers"
    postgres.create_database(name)
    database = await open_database(postgres.url(name))
    await database.write(furnish)
    await database.write(cast_people)
    hall = Delivered(database)
    await decided(hall)
    await hall.says(CORA, "!visit move V-1 2-4 June")
    await hall.says(CORA, "!visit reopen V-1 9-11 June")
    one = await visit(hall)
    assert (one.state, one.sequence) == (VisitState.POLLING, 1)
    await database.close()

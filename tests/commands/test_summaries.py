"""A summary is searched once somebody of its thread has confirmed it, and while it holds."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from commands.archive.telling import decides, names_day
from commands.events import Redacted
from storage import documents
from storage.database import open_database
from storage.records import EventId
from tests.commands.conftest import ANN, BEN, CORA, HOUSING, direct, furnish
from tests.commands.delivered import Delivered

PRIVATE = direct(CORA)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Delivered]:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    yield Delivered(database)
    await database.close()


async def summed_up(hall: Delivered) -> tuple[list[EventId], str]:
    """A thread and the key of its summary."""
    await hall.keeps_archive()
    root = await hall.talks(ANN, "We need hosts for the spring visit.")
    idea = await hall.talks(BEN, "We decided to ask the library. It opens on 9 March.", thread=root)
    await hall.says(CORA, "!thread summary", thread_root=root)
    (key,) = [one.key for one in hall.stood if one.key.startswith("summary/")]
    return [root, idea], key


async def found(hall: Delivered, query: str = "library kind:summary") -> bool:
    hall.later(timedelta(seconds=20))
    await hall.says(CORA, f"search {query}", PRIVATE)
    return "Found" in hall.bodies(PRIVATE)[-1]


@pytest.mark.promise(
    "A summary of a thread is searched only once somebody who wrote there has confirmed it."
)
async def test_a_tick_of_somebody_who_wrote_there_lets_search_find_a_summary(
    hall: Delivered,
) -> None:
    _, key = await summed_up(hall)
    shown = hall.post(key).body
    assert "What was decided" in shown
    assert "“We decided to ask the library.”" in shown
    assert "A ✅ from somebody who wrote here" in shown
    assert not await found(hall)
    await hall.taps(CORA, key, "✅")  # she only asked
    await hall.taps(BEN, key, "👍")
    assert not await found(hall)
    tick = await hall.taps(BEN, key, "✅")
    assert "Ben has confirmed this summary" in hall.bodies(HOUSING)[-1]
    assert await found(hall)
    assert await found(hall, "library")
    hit = hall.bodies(PRIVATE)[-1]
    assert "Summary: We need hosts for the spring visit." in hit
    assert "Ben in Housing" in hit  # beside the message itself
    await found(hall)
    assert "Confirmed summary (https://matrix.to" in hall.bodies(PRIVATE)[-1]
    await hall.responds(Redacted(hall.next_event(), HOUSING, BEN, hall.now, tick))
    assert not await found(hall)


@pytest.mark.promise("A summary is gone from search with any message that it repeats.")
@pytest.mark.parametrize("which", [0, 1])
async def test_a_summary_is_gone_from_search_with_any_message_that_it_repeats(
    hall: Delivered, which: int
) -> None:
    said, key = await summed_up(hall)
    await hall.taps(BEN, key, "✅")
    assert await found(hall)
    await hall.takes_back(ANN if which == 0 else BEN, said[which])
    assert not await found(hall)
    assert await hall.do(lambda c: documents.get(c, documents.SUMMARY, key)) is None


async def test_an_unconfirmed_summary_goes_with_its_messages_and_with_time(
    hall: Delivered,
) -> None:
    said, key = await summed_up(hall)
    assert await hall.do(lambda c: documents.get(c, documents.DRAFT, key)) is not None
    await hall.takes_back(BEN, said[1])
    assert await hall.do(lambda c: documents.get(c, documents.DRAFT, key)) is None
    await hall.says(CORA, "!thread summary", thread_root=said[0])
    await hall.do(lambda c: documents.forget_drafts(c, 2**53))
    assert await hall.do(lambda c: documents.get(c, documents.DRAFT, key)) is None
    (again,) = {one.key for one in hall.stood if one.key.startswith("summary/")} - {key}
    await hall.taps(ANN, again, "✅")  # too late: it is forgotten
    assert not await found(hall, "hosts kind:summary")


@pytest.mark.parametrize(
    ("sentence", "decision", "day"),
    [
        ("We decided to start.", True, False),
        ("Wir haben beschlossen, am 9. März anzufangen.", True, True),
        ("Nous avons décidé de commencer le 9 mars.", True, True),
        ("Hemos acordado una fecha.", True, False),
        ("Abbiamo deciso.", True, False),
        ("Dat is afgesproken.", True, False),
        ("Αποφασίσαμε να ξεκινήσουμε.", True, False),
        ("Dohodli jsme se na 9. března.", True, True),
        ("Vi er enige om det.", True, False),
        ("Mēs vienojāmies.", True, False),
        ("It begins at 14:30.", False, True),
        ("The 2027-03-09 is free.", False, True),
        ("Thirty people came.", False, False),
        ("We have 9 keys.", False, False),
    ],
)
def test_decisions_and_days_are_told_by_their_words(
    sentence: str, decision: bool, day: bool
) -> None:
    assert (decides(sentence), names_day(sentence)) == (decision, day)

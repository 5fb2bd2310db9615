"""Somebody takes a copy of all that is stored about them, and is erased."""

import io
import zipfile

import pytest

from tests.hall import CLEAR, SEALED, RunningHall
from tests.journeys.conftest import GROUPS, Arrive, Meet
from tests.journeys.test_archive import kept, new_word
from tests.journeys.test_listening import file_of

on_sqlite = pytest.mark.parametrize(
    ("hall", "slug"),
    [pytest.param("sqlite", slug, marks=GROUPS["sqlite"]) for slug in (CLEAR, SEALED)],
    indirect=["hall"],
    scope="session",
)


@pytest.mark.promise(
    "`!privacy export` sends all that is stored about you as a file, encrypted and to you alone;"
    " after `!privacy erase` search finds nothing of it, and a receipt says what went"
)
@on_sqlite
async def test_a_copy_is_taken_and_everything_is_erased(
    hall: RunningHall, arrive: Arrive, meet: Meet, slug: str
) -> None:
    room, word = hall.rooms[slug], new_word()
    ben, ann = await meet("ben"), await arrive("ann", slug)
    said = await ann.say(room, f"My {word} is on the second floor")
    asked = await ben.say(room, f"!search {word}")
    quoting = await hall.answer_to(ben, room, asked)
    assert word in quoting.body

    await ann.say(room, "!privacy export")
    sent = await ann.hears(lambda h: h.room_id != room, sender=hall.me, timeout=20.0)
    assert sent.encrypted
    assert "file" in sent.content
    with zipfile.ZipFile(io.BytesIO(await file_of(sent, ann))) as folder:
        assert f"My {word} is on the second floor" in folder.read("about-me.html").decode()
        assert ann.user_id in folder.read("about-me.json").decode()

    await ann.say(room, "!privacy erase")
    shown = await ann.hears(lambda h: h.room_id != room, sender=hall.me, timeout=20.0)
    assert "• 1 message" in shown.body
    await ann.say(room, "!privacy erase yes")
    receipt = await ann.hears(
        lambda h: h.room_id != room and "Done. This was erased" in h.body,
        sender=hall.me,
        timeout=30.0,
    )
    assert "• 1 message\n" in receipt.body
    assert "• 1 answer of mine that repeated you" in receipt.body
    assert (gone := await kept(hall, room, said)) is not None
    assert (gone.redacted, gone.body) == (True, "")
    assert "Nothing found" in (await hall.asks(ben, room, f"!search {word}")).body
    await ben.catch_up()
    assert ben.is_redacted(quoting.event_id)
    assert not ben.is_redacted(said)

    later = await ann.say(room, f"Another {word}")
    await hall.asks(ann, room, "!whoami")
    assert (silent := await kept(hall, room, later)) is not None
    assert (silent.withheld, silent.body) == (True, "")

"""Somebody takes a copy of all that is stored about them, and is erased."""

import asyncio
import io
import os
import zipfile
from pathlib import Path
from uuid import uuid4

import pytest

from bot.backup import back_up
from bot.config import load
from bot.restore import restore
from demo.postgres import Postgres
from storage import erasures
from tests.hall import CLEAR, SEALED, RunningHall
from tests.journeys.conftest import GROUPS, Arrive, Meet
from tests.journeys.place import MakePlace
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


PRACTICE = "Title: Warm rooms\nProblem: Cold in {word}\nWhat we do: Heat"


@pytest.mark.promise(
    "Who is erased and leaves their practices under their city's name finds that choice kept, also"
    " when the hall is restored from a backup of before"
)
@pytest.mark.parametrize(
    ("database", "slug"), [("sqlite", CLEAR), ("sqlite", SEALED), ("postgres", CLEAR)]
)
async def test_a_restored_hall_leaves_practices_under_the_city_s_name_as_was_chosen(
    make_place: MakePlace,
    request: pytest.FixtureRequest,
    tmp_path: Path,
    database: str,
    slug: str,
) -> None:
    place, word = await make_place(), new_word()
    if database == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.create_database(f"chosen_{uuid4().hex[:8]}")
        place.changed(database=url.replace("+asyncpg", ""))
    paula, olaf, file = place.paula, place.olaf, tmp_path / "before.zip"
    async with place.runs() as hall:
        room = hall.rooms[slug]
        for person in place.people:
            await person.enters(room)
            await person.catch_up()
        await hall.asks(olaf, room, "!whoami")
        await paula.say(room, f"!member set {olaf.user_id} city:Havnvoll")
        await paula.hears(lambda heard: "Noted" in heard.body, sender=hall.me, timeout=20.0)
        form = PRACTICE.format(word=word)
        assert "is shared" in (await hall.asks(olaf, room, f"!practice share\n{form}")).body
        config = load(place.setup.write(place.folder), os.environ)
        await back_up(config, file, overwrite=False, now=hall.clock.now(), version="0")
        await olaf.say(room, "!privacy erase")
        await olaf.hears(lambda heard: "keep-practices" in heard.body, sender=hall.me, timeout=20.0)
        await olaf.say(room, "!privacy erase keep-practices")
        await olaf.hears(
            lambda heard: "Done. This was erased" in heard.body, sender=hall.me, timeout=30.0
        )
        before = (await hall.asks(paula, room, "!practice show P-1")).body
    assert word in before
    assert "Havnvoll" in before

    await restore(config, file, overwrite=True)
    async with place.runs() as hall:
        async with asyncio.timeout(30):
            while not await hall.hall.database.read(lambda c: erasures.find(c, erasures.DONE)):
                await asyncio.sleep(0.1)
        assert (await hall.asks(paula, room, "!practice show P-1")).body == before
        found = await hall.asks(paula, room, f"!search {word}")
        assert "P-1" in found.body
        card = before.splitlines()
    assert not any("olaf" in line.casefold() for line in card)

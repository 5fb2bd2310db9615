"""Practices through real clients: captured in three ways, followed, refused, and taken up."""

import asyncio
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from demo.community import SAMPLE, practice_form
from demo.homeserver import Homeserver
from demo.people import Person
from demo.timeline import Heard
from storage import practices
from storage.records import EventId, Practice, PracticeField, PracticeState
from tests.conftest import new_account
from tests.forked import ForkedHall
from tests.hall import CLEAR, SEALED, RunningHall, answers, running_hall, setup_for
from tests.journeys.conftest import Arrive, everywhere

F = PracticeField
FIVE = ("Welcome coffee", "Nobody met anybody.", "A long table on Thursdays.",
        "About 40 evenings.", "Always roster two hosts.")  # fmt: skip
FIELDS = list(F)[:5]
STEPS = (
    "!practice transfer P-1",
    "!transfer T-1 adapting Tea, not coffee",
    "!transfer T-1 piloting degree:adapted",
    "!transfer T-1 in-use",
)
PATIENCE = 30.0


async def stored(hall: RunningHall, number: int) -> Practice:
    found = await hall.hall.database.read(lambda c: practices.get(c, number))
    assert found is not None
    return found


async def until(look: Callable[[], Any]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not await look():
            await asyncio.sleep(0.05)


async def shares(hall: RunningHall, person: Person, room: str) -> tuple[int, list[EventId]]:
    """Answer the five questions in a thread; the number of it, and the answered messages."""
    root = await person.say(room, "!practice share")
    first = await hall.answer_to(person, room, root)
    assert first.thread_root == root
    number = int(first.body.partition(":")[0].removeprefix("P-"))
    said = []
    for text in FIVE:
        said.append(await person.say(room, text, thread=root))
        await hall.answer_to(person, room, said[-1])
    return number, said


async def card_of(person: Person, hall: RunningHall, room: str, number: int) -> Heard:
    """The card, as it came into the room."""
    return await person.hears(
        lambda h: h.body.startswith(f"P-{number} ·") and h.thread_root is None,
        room=room, sender=hall.me, timeout=PATIENCE,
    )  # fmt: skip


@everywhere
async def test_two_share_at_once_and_the_cards_follow_edits_and_deletions(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    room = hall.rooms[slug]
    ann, ben = await arrive("ann", slug), await arrive("ben", slug)
    (number, said), (other, _said) = await asyncio.gather(
        shares(hall, ann, room), shares(hall, ben, room)
    )
    assert number != other
    card = await card_of(ann, hall, room, number)
    assert card.encrypted == (slug == SEALED)
    for text in FIVE:
        assert text in card.body
    assert "<h4>" in str(card.html)
    assert not [m for m in await hall.archived(room) if m.event_id in said], "no talk, but answers"

    for place, event in enumerate(said):
        await ann.edit(room, event, f"{FIVE[place]} Truly.")
    await until(lambda: _says(hall, number, [f"{text} Truly." for text in FIVE]))
    assert (await stored(hall, other)).text(F.TITLE) == FIVE[0]
    await ann.hears_edit(card.event_id, lambda h: "two hosts. Truly." in h.body, timeout=PATIENCE)

    # A deleted answer leaves nothing behind: the card goes with its edits, a new one comes.
    await ann.redact(room, said[1])
    again = await card_of(ann, hall, room, number)
    assert "Nobody met anybody" not in again.body
    assert "Still missing: Problem." in again.body
    await until(lambda: _redacted(ann, card.event_id))
    for edit in ann.edits_of(card.event_id):
        await until(lambda: _redacted(ann, edit.event_id))  # noqa: B023 — awaited at once

    # So does each of the others.
    left = {place: f"{text} Truly." for place, text in enumerate(FIVE) if place != 1}
    for place in (3, 4, 2, 0):
        await ann.redact(room, said[place])
        del left[place]
        await until(lambda: _says(hall, number, [left.get(n, "") for n in range(5)]))

    async def nothing_is_left() -> bool:
        await ann.catch_up()
        shown = [h for h in ann.heard(room=room, sender=hall.me) if "Truly." in h.body]
        return all(ann.is_redacted(h.event_id) for h in shown)

    await until(nothing_is_left)


GREEK = """!practice share
Τίτλος: Καφές στη βιβλιοθήκη
Πρόβλημα: Κανείς δεν γνώριζε κανέναν.
Τι κάνουμε: Κάθε Πέμπτη στρώνουμε ένα μακρύ τραπέζι."""


@everywhere
async def test_a_form_is_a_practice_that_goes_with_its_message(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    room = hall.rooms[slug]
    eleni = await arrive("eleni", slug)
    form = await eleni.say(room, GREEK)
    number = int((await hall.answer_to(eleni, room, form)).body.split()[2].removeprefix("P-"))
    card = await card_of(eleni, hall, room, number)
    assert "Καφές στη βιβλιοθήκη" in card.body
    assert (await stored(hall, number)).language == "el"
    await eleni.edit(room, form, GREEK.replace("Πέμπτη", "Τρίτη"))
    await eleni.hears_edit(card.event_id, lambda h: "Κάθε Τρίτη" in h.body, timeout=PATIENCE)
    await eleni.redact(room, form)
    await until(lambda: _redacted(eleni, card.event_id))
    assert (await stored(hall, number)).fields == {}


SAMPLES = json.loads(SAMPLE.read_text("utf-8"))["practices"]


@pytest.mark.promise("A practice is kept as it was written, in each of the ten languages.")
async def test_the_sample_practices_come_in_through_a_client(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    room, ann = hall.rooms[slug], await arrive("ann", slug)
    half = SAMPLES[slug == SEALED :: 2]
    assert len(half) == 16
    for sample in half:
        answer = await hall.asks(ann, room, practice_form(sample["id"]))
        named = re.search(r"P-(\d+)", answer.body)
        assert named is not None, answer.body
        practice = await stored(hall, int(named[1]))
        assert practice.language == sample["language"], sample["id"]
        for field in FIELDS:
            assert practice.text(field) == sample[field], (sample["id"], field)
        if sum(bool(sample[field]) for field in FIELDS) < 3:
            assert "/5" in answer.body, "the first open question is asked"
            continue
        assert "is shared" in answer.body
        card = await card_of(ann, hall, room, practice.number)
        for field in FIELDS:
            assert sample[field] in card.body, (sample["id"], field)
        missing = re.search(r"^Still missing: (.*)\.$", card.body, re.MULTILINE)
        assert bool(missing) == bool(sample["missing_for_publication"]), sample["id"]


async def _says(hall: RunningHall, number: int, texts: list[str]) -> bool:
    practice = await stored(hall, number)
    return [practice.text(field) for field in FIELDS] == texts


async def _redacted(person: Person, event_id: str) -> bool:
    await person.catch_up()
    return person.is_redacted(event_id)


@everywhere
async def test_a_pin_asks_the_author_who_refuses_and_then_agrees(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    room = hall.rooms[slug]
    ann, ben = await arrive("ann", slug), await arrive("ben", slug)
    first = await ann.say(room, "We lay a long table on Thursdays.")
    second = await ann.say(room, "And on Sundays we walk.")
    await until(lambda: _archived(hall, room, second))

    await ben.react(room, first, "📌")
    asked = await ann.hears(sender=hall.me, timeout=PATIENCE)
    chat = asked.room_id
    assert chat not in hall.rooms.values()
    assert "Ben thinks that other cities could use what you wrote" in asked.body
    await ann.say(chat, "no thanks")
    assert "stays talk" in (await ann.hears(room=chat, sender=hall.me, timeout=PATIENCE)).body
    refused = await ben.hears(
        lambda h: "would rather not" in h.body, sender=hall.me, timeout=PATIENCE
    )
    assert refused.room_id not in hall.rooms.values()

    asking = await ben.say(room, "!practice capture", reply_to=second)
    assert (await hall.answer_to(ben, room, asking)).body == "I have asked Ann first."
    asked = await ann.hears(
        lambda h: "other cities could use" in h.body, sender=hall.me, timeout=PATIENCE
    )
    await ann.react(chat, asked.event_id, "👍🏽")
    begun = await ann.hears(lambda h: "begins with your words" in h.body, timeout=PATIENCE)
    number = int(begun.body.partition(" ")[0].removeprefix("P-"))
    for text in FIVE[:2]:
        answer = await hall.asks(ann, chat, text)
    assert "4/5" in answer.body
    assert "is shared" in (await hall.asks(ann, chat, "done")).body
    card = await card_of(ben, hall, room, number)
    assert "And on Sundays we walk." in card.body
    # Its message is deleted: so is all that was made of it.
    await ann.redact(room, second)
    await until(lambda: _redacted(ben, card.event_id))
    practice = await stored(hall, number)
    assert (practice.state, practice.fields) == (PracticeState.WITHDRAWN, {})


async def _archived(hall: RunningHall, room: str, event_id: str) -> bool:
    return event_id in {message.event_id for message in await hall.archived(room)}


@pytest.mark.promise("A practice and its transfer survive a kill after each answer and each step.")
@pytest.mark.xdist_group("journeys-sqlite")
async def test_questions_and_a_transfer_with_kills_in_between(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    bot, paula, ann, dora = (
        new_account(homeserver, name) for name in ("moothall", "paula", "ann", "dora")
    )
    slug = f"pr{uuid4().hex[:8]}"
    setup = setup_for(homeserver.url, bot, paula, slug=slug, limits={"command_age": "1d"})
    path = setup.write(tmp_path / "hall")

    async def log_in(account: Any) -> Person:
        return await Person.log_in(
            homeserver.url, account, store=tmp_path / account.user_id, accept_invites=True
        )

    async with (
        await log_in(paula) as boss,
        await log_in(ann) as giver,
        await log_in(dora) as taker,
    ):
        people = (boss, giver, taker)

        async def hears(person: Person, said: str) -> Heard:
            return await person.hears(
                lambda h: answers(h) == said, room=room, sender=bot.user_id, timeout=PATIENCE
            )

        async with running_hall(setup, tmp_path / "hall") as first:
            room, space = first.rooms[CLEAR], first.rooms["space"]
            await boss.join(space)
            await boss.join(room)
            for person in people[1:]:
                await boss.invite(space, person.user_id)
                await person.enters(space)
                await person.join(room)
                await person.catch_up()
            for person, city in ((giver, "Havnvoll"), (taker, "Lipohrad")):
                asked = await boss.say(room, f"!member set {person.user_id} city:{city}")
                await hears(boss, asked)
            asked = await giver.say(room, "!practice share")
            root = (await hears(giver, asked)).thread_root
        for place, text in enumerate(FIVE, 2):
            said = await giver.say(room, text, thread=root)  # nobody is there
            async with running_hall(setup, tmp_path / "hall"):
                answer = await hears(giver, said)
            assert f"{place}/5" in answer.body or place == 6
        assert "P-1 is shared with Welcoming culture." in answer.body

        async with ForkedHall(path) as hall:
            await hall.start()
            told = []
            for command in STEPS:
                said = await taker.say(room, command)
                await hall.kill()
                await hall.start()
                await hears(taker, said)
                told.append(
                    await giver.hears(
                        lambda h: h.room_id != room, sender=bot.user_id, timeout=PATIENCE
                    )
                )
            assert [one.body.splitlines()[0] for one in told] == [
                "Lipohrad is looking at P-1 Welcome coffee (T-1). You may hear from Dora.",
                "Lipohrad with P-1 Welcome coffee (T-1): adapting.",
                "Lipohrad with P-1 Welcome coffee (T-1): piloting.",
                "Lipohrad uses P-1 Welcome coffee now (T-1). Thank you!",
            ]
            await hears(taker, await taker.say(room, "!whoami"))
            assert await hall.stop() == 0
        for person in people:
            await person.catch_up()
        heard = taker.heard(room=room, sender=bot.user_id)
        card = next(h for h in heard if h.body.startswith("T-1 ·"))
        assert "in use · adapted" in str(taker.shown(card.event_id))
        # Each side has heard each thing once.
        for person in (giver, taker):
            bodies = [(h.room_id, h.body, answers(h)) for h in person.heard(sender=bot.user_id)]
            assert len(bodies) == len(set(bodies))


@pytest.mark.promise(
    "Who shares a practice with a telephone number, an e-mail address or a bank account in it is"
    " told so once, in private; the card stands, and what they edit it follows"
)
@everywhere
async def test_a_telephone_number_in_a_practice_is_told_to_its_author_alone(
    hall: RunningHall, arrive: Arrive, slug: str
) -> None:
    room, number = hall.rooms[slug], f"+47 22 33 {uuid4().int % 90 + 10} 55"
    ann, ben = await arrive("ann", slug), await arrive("ben", slug)
    form = "!practice share\nTitle: Warm rooms\nProblem: Cold\nWhat we do: Heat"
    said = await ann.say(room, f"{form}, ask Kari on {number}")
    assert "is shared" in (await hall.answer_to(ann, room, said)).body
    card = await ben.hears(
        lambda heard: number in heard.body, room=room, sender=hall.me, timeout=PATIENCE
    )
    told = await ann.hears(
        lambda heard: heard.room_id != room and "what looks like" in heard.body,
        sender=hall.me,
        timeout=PATIENCE,
    )
    assert "a telephone number" in told.body
    assert number not in told.body
    assert told.encrypted

    await ann.edit(room, said, f"{form} with care, still {number}")
    await ben.hears_edit(card.event_id, lambda heard: "with care" in heard.body, timeout=PATIENCE)
    await ann.edit(room, said, form)
    await until(lambda: _is_shown(ben, card.event_id, number))
    await ann.catch_up()
    hints = ann.heard(lambda heard: "what looks like" in heard.body, sender=hall.me)
    assert [one.event_id for one in hints] == [told.event_id], "once, and to nobody else"
    assert not ben.heard(lambda heard: "what looks like" in heard.body, sender=hall.me)


async def _is_shown(person: Person, card: str, number: str) -> bool:
    """Whether the card has come to say something else, without that number."""
    shown = person.shown(card)
    return shown is None or number not in shown

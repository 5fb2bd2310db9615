"""A date in a day, through real clients: proposed, voted on three ways, decided, in calendars."""

import asyncio
from collections.abc import Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import vobject

from bot.gathering import gather
from bot.matrix import polls
from bot.matrix.answers import Page, SyncAnswer
from bot.matrix.rendering import POST_KEY
from demo.people import Person
from demo.timeline import Heard
from storage import votes
from storage.records import EventId, RoomId
from tests.hall import CLEAR, RunningHall, answers
from tests.journeys.conftest import Arrive, everywhere
from tests.journeys.test_listening import file_of

YES, MAYBE, NO = 0, 1, 2


async def votes_in_poll(person: Person, poll: Heard, choice: int | None) -> str:
    """As Element does it; None is how Element X takes a vote back."""
    offered = poll.content[polls.START]["answers"]
    given: dict[str, Any] = {} if choice is None else {"answers": [offered[choice]["id"]]}
    content = {
        "m.relates_to": {"rel_type": "m.reference", "event_id": poll.event_id},
        polls.RESPONSE: given,
    }
    return await person.send_raw(poll.room_id, polls.RESPONSE, content)


async def hears_card(person: Person, room: str, text: str, *, edits: bool = False) -> Heard:
    return await person.hears(lambda heard: text in heard.body, room=room, edits=edits, timeout=20)


@everywhere
@pytest.mark.promise(
    "Dates are voted on by poll, by tap or by words, in clear and in encrypted rooms; the latest"
    " counts, and it closes at the moment that clients see."
)
async def test_a_date_is_found_by_poll_tap_and_word(
    hall: RunningHall, arrive: Arrive, slug: str, paula: Person
) -> None:
    room, host = hall.rooms[slug], "Havnvoll" if slug == CLEAR else "Lipohrad"
    ana, ben = await arrive("ana", slug), await arrive("ben", slug)
    for person, role in ((ana, " role:city-lead"), (ben, "")):
        told = await hall.asks(paula, room, f"!member set {person.user_id} city:{host}{role}")
        assert "Noted" in told.body
    first = datetime.now(UTC).date() + timedelta(days=60)
    first -= timedelta(days=first.weekday())
    days = [first + timedelta(weeks=n) for n in range(3)]
    asked = " ".join(f"{day.isoformat()}" for day in days)

    draft = await hall.asks(ana, room, f"!visit propose {host} {asked} days:3 title:Roofs")
    number = draft.body.split(":", 1)[0]
    assert "Nobody has been asked yet" in draft.body
    await ana.react(room, draft.event_id, "✅")
    card = await hears_card(ben, room, "Which dates suit you?")
    assert number in card.body
    found = [await ben.hears(room=room, sender=hall.me, type=polls.START, timeout=20) for _ in days]
    assert all(poll.thread_root == card.event_id for poll in found)
    assert all(poll.encrypted == card.encrypted == (slug != CLEAR) for poll in found)

    await votes_in_poll(ben, found[0], NO)
    await votes_in_poll(ben, found[0], MAYBE)
    await ben.react(room, card.event_id, "2️⃣")
    edited = await ben.hears(
        lambda heard: heard.replaces == card.event_id and "1 of 1 city" in heard.body,
        room=room,
        edits=True,
        timeout=20,
    )
    assert edited.body.count("1 of 1 city") >= 1
    noted = await hall.asks(ana, room, f"!vote {number} 1 yes 2 no 3 yes")
    assert "1 ✅  2 ❌  3 ✅" in noted.body, "the lead speaks for the city"
    ended = [await ben.hears(room=room, sender=hall.me, type=polls.END, timeout=20) for _ in days]
    assert {one.content["m.relates_to"]["event_id"] for one in ended} == {
        poll.event_id for poll in found
    }
    result = await hears_card(ana, room, "are level")
    late = await votes_in_poll(ben, found[0], YES)
    await ana.say(room, f"!visit confirm {number} 1", thread=card.event_id)
    decision = await hears_card(ana, room, "decided")
    assert ana.user_id in decision.mentions
    file = await ana.hears(
        lambda heard: heard.content.get("msgtype") == "m.file", room=room, timeout=20
    )
    event = vobject.readOne((await file_of(file, ana)).decode()).vevent
    assert event.dtstart.value == days[0]
    assert event.dtend.value == days[0] + timedelta(days=3)
    assert result.thread_root == decision.thread_root == file.thread_root == card.event_id
    ledger = await hall.hall.database.read(lambda c: votes.find(c, int(number[2:])))
    closed = min(one.origin_ts for one in ended)
    counted = [v for v in ledger if v.at.timestamp() * 1000 <= closed]
    assert late not in [v.event_id for v in counted]
    await ana.say(room, f"!visit cancel {number} too much snow")
    assert "too much snow" in (await hears_card(ana, room, "is cancelled.")).body
    again = await ana.hears(
        lambda heard: heard.content.get("msgtype") == "m.file", room=room, timeout=20
    )
    assert b"METHOD:CANCEL" in await file_of(again, ana)
    await ana.redact(room, str(answers(draft)))
    anew = await hears_card(ben, room, "It is cancelled.")
    await ben.hears(
        lambda heard: "I took back" in heard.body, room=room, sender=hall.me, timeout=20
    )
    with_title = ben.timeline.find(lambda heard: "Roofs" in repr(heard.content))
    assert [one for one in with_title if one.replaces], "it was said in edits, too"
    async with asyncio.timeout(20):
        while not all(ben.is_redacted(one.event_id) for one in with_title):
            await ben.hears(type="m.room.redaction", room=room, timeout=20)
    pins = await pinned(ben, room)
    assert anew.event_id in pins
    assert card.event_id not in pins


async def pinned(person: Person, room: str) -> list[str]:
    pins: list[str] = (await person.state(room, "m.room.pinned_events"))["pinned"]
    return pins


def lose(
    hall: RunningHall, of: Person, types: Collection[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the next sync on, none brings what somebody says of these types."""
    whole = hall.hall.client.sync

    async def sync(since: str | None, *, timeout_ms: int, full_state: bool) -> SyncAnswer:
        answer = await whole(since, timeout_ms=timeout_ms, full_state=full_state)
        kept = [
            replace(
                news,
                timeline=tuple(
                    one
                    for one in news.timeline
                    if one.sender != of.user_id or one.type not in types
                ),
            )
            for news in answer.rooms
        ]
        return replace(answer, rooms=tuple(kept))

    monkeypatch.setattr(hall.hall.client, "sync", sync)


async def two_cities_and_a_draft(
    hall: RunningHall, arrive: Arrive, slug: str, paula: Person
) -> tuple[Person, Person, str]:
    """Who leads the host, who comes from the other city, and the number of the visit."""
    room = hall.rooms[slug]
    host, guest = ("Havnvoll", "Lipohrad") if slug == CLEAR else ("Lipohrad", "Havnvoll")
    ana, ben = await arrive("ana", slug), await arrive("ben", slug)
    for person, city in ((ana, f"{host} role:city-lead"), (ben, guest)):
        await hall.asks(paula, room, f"!member set {person.user_id} city:{city}")
    first = datetime.now(UTC).date() + timedelta(days=60)
    dates = f"{first} {first + timedelta(weeks=1)}"
    draft = await hall.asks(
        ana, room, f"!visit propose {host} {dates} cities:{host} cities:{guest} require:{host}"
    )
    return ana, ben, draft.body.split(":", 1)[0]


@everywhere
@pytest.mark.promise(
    "A minute after dates are closed the homeserver is asked for votes that never reached the"
    " hall: those in time are counted, and told if they change what is best."
)
@pytest.mark.promise(
    "The card of a visit that somebody deletes is posted and pinned anew, once, while the visit"
    " lives."
)
async def test_votes_that_no_sync_brought_are_gathered_after_the_close(
    hall: RunningHall,
    arrive: Arrive,
    slug: str,
    paula: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = hall.rooms[slug]
    ana, ben, number = await two_cities_and_a_draft(hall, arrive, slug, paula)
    lose(hall, ben, polls.RESPONSES, monkeypatch)
    await ana.say(room, f"!visit open {number}")
    card = await hears_card(ben, room, "Which dates suit you?")
    found = [await ben.hears(room=room, sender=hall.me, type=polls.START, timeout=20) for _ in "12"]
    await hall.asks(ana, room, f"!vote {number} 1 yes 2 yes")
    await votes_in_poll(ben, found[1], YES)
    await ana.say(room, f"!visit close {number}")
    assert "level" in (await hears_card(ana, room, "closed on")).body
    late = await votes_in_poll(ben, found[0], YES)
    try:
        hall.clock.shift = timedelta(seconds=61)
        hall.hall.bells.timers.ring()
        told = await hears_card(ben, room, "counted anew")
        assert "now date 2 is best" in told.body
        assert told.encrypted == (slug != CLEAR)
        edited = await ben.hears(
            lambda heard: "Suggested: date 2" in heard.body, room=room, edits=True, timeout=20
        )
        assert "1 of 2 cities" in edited.body, "date 1, with the vote that came too late"
    finally:
        hall.clock.shift = timedelta()
    await gather(hall.hall, room, found[1].event_id)
    shown = await hall.asks(ana, room, f"!visit show {number}")
    assert "2 of 2 cities" in shown.body
    again = ben.timeline.find(lambda one: "counted anew" in one.body and one.replaces is None)
    assert len(again) == 1, "asked for once more, they say nothing new"
    ledger = await hall.hall.database.read(lambda c: votes.find(c, int(number[2:])))
    assert late in [one.event_id for one in ledger], "it was listed, too, and came after the close"
    await paula.redact(room, card.event_id)
    anew = await ben.hears(
        lambda heard: heard.content.get(POST_KEY) == f"visit/{number[2:]}/card/2",
        room=room,
        timeout=20,
    )
    assert "2 of 2 cities" in anew.body
    assert (await hears_card(ben, room, "was deleted")).thread_root == anew.event_id
    async with asyncio.timeout(20):
        while anew.event_id not in (pins := await pinned(ben, room)):
            await ben.hears(type="m.room.pinned_events", room=room, timeout=20)
    assert card.event_id not in pins


@everywhere
@pytest.mark.promise(
    "A vote whose redaction never reached the hall is looked for a minute after dates are closed,"
    " and counts no more; one that the homeserver merely does not list stands."
)
async def test_votes_whose_redaction_no_sync_brought_count_no_more(
    hall: RunningHall,
    arrive: Arrive,
    slug: str,
    paula: Person,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = hall.rooms[slug]
    ana, ben, number = await two_cities_and_a_draft(hall, arrive, slug, paula)
    lose(hall, ben, {"m.room.redaction"}, monkeypatch)
    await ana.say(room, f"!visit open {number}")
    card = await hears_card(ben, room, "Which dates suit you?")
    found = [await ben.hears(room=room, sender=hall.me, type=polls.START, timeout=20) for _ in "12"]
    await hall.asks(ana, room, f"!vote {number} 1 yes 2 yes")
    before = await votes_in_poll(ben, found[1], MAYBE)
    answer = await votes_in_poll(ben, found[1], YES)
    tap = await ben.react(room, card.event_id, "1️⃣")
    assert "level" in (await hears_card(ana, room, "closed on")).body
    await ben.redact(room, answer)
    await ben.redact(room, tap)
    whole = hall.hall.client.references
    listed = await whole(room, found[1].event_id)
    assert [one.event_id for one in listed.events if one.type == polls.RESPONSE] == [before]

    async def cut_short(room_id: RoomId, event_id: EventId) -> Page:
        return Page((), (), ())

    monkeypatch.setattr(hall.hall.client, "references", cut_short)
    try:
        hall.clock.shift = timedelta(seconds=61)
        hall.hall.bells.timers.ring()
        told = await ben.hears(
            lambda one: "counted anew" in one.body and one.replaces is None, room=room, timeout=20
        )
        assert "now date 2 is best" in told.body
    finally:
        hall.clock.shift = timedelta()
    shown = (await hall.asks(ana, room, f"!visit show {number}")).body
    assert "1 of 2 cities · 1 silent" in shown, "the tap is gone"
    assert "2 of 2 cities (1 only if need be)" in shown, "what was said before stands again"

"""A visit's whole life on a moved clock, against a real homeserver: what each person saw."""

import asyncio
import os
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from bot.clock import ShiftedClock
from bot.matrix import polls
from bot.matrix.answers import SyncAnswer
from bot.matrix.rendering import POST_KEY
from demo.homeserver import Homeserver
from demo.people import Person
from demo.timeline import Heard
from storage import people, visits
from storage.records import EventId, Role, RoomId, UserId
from storage.visit_records import VisitState
from tests.conftest import new_account
from tests.hall import (
    CITIES,
    CLEAR,
    CLUSTERS,
    SEALED,
    RunningHall,
    answers,
    running_hall,
    setup_for,
)
from tests.journeys.test_visits import MAYBE, YES, votes_in_poll

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-7")]

PAGE = Path(__file__).parents[2] / "docs" / "a-visit.md"
BEGIN = datetime(2027, 3, 2, 9, tzinfo=UTC)  # a Tuesday
KINDS = {  # who they are; all but Otto are in the room of the visit
    "ana": "the host's city lead",
    "fay": "the facilitator",
    "cora": "the lead partner, who coordinates the cluster",
    "ben": "the lead of the visiting city, its contact",
    "sue": "of the visiting city; she stands in for Ben",
    "bo": "in the room, of no city",
    "otto": "coordinates another cluster",
    "olaf": "the operator",
}


@dataclass
class Life:
    """The people of a visit, and time, which they share."""

    hall: RunningHall
    people: dict[str, Person]
    room: RoomId

    def __getattr__(self, name: str) -> Person:
        return self.people[name]

    def on(self, day: datetime) -> None:
        """It is that day; the bell is rung, as a minute's sweep would."""
        self.hall.clock.shift = day - datetime.now(UTC)
        self.hall.hall.bells.timers.ring()

    async def hears(self, person: Person, text: str, *, room: str | None = None) -> Heard:
        return await person.hears(
            lambda heard: text in heard.body and heard.sender == self.hall.me,
            room=room or self.room,
            timeout=30,
        )

    async def told(self, person: Person, text: str) -> Heard:
        """In their direct chat, wherever that is."""
        return await person.hears(
            lambda heard: (
                text in heard.body
                and heard.sender == self.hall.me
                and heard.room_id not in self.hall.rooms.values()
            ),
            timeout=30,
        )


def with_the_hour_of(hall: RunningHall, monkeypatch: pytest.MonkeyPatch) -> None:
    """The homeserver's clock is moved, too: what is said is as old as the hall believes."""
    real = hall.hall.client.sync

    async def sync(since: str | None, *, timeout_ms: int, full_state: bool) -> SyncAnswer:
        answer = await real(since, timeout_ms=timeout_ms, full_state=full_state)
        moved = hall.clock.shift // timedelta(milliseconds=1)
        told = [
            replace(room, timeline=tuple(replace(one, at=one.at + moved) for one in room.timeline))
            for room in answer.rooms
        ]
        return replace(answer, rooms=tuple(told))

    monkeypatch.setattr(hall.hall.client, "sync", sync)


@asynccontextmanager
async def community(
    homeserver: Homeserver, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Life]:
    """Eight people, each at a client of their own."""
    accounts = {name: new_account(homeserver, name) for name in ("moothall", "paula", *KINDS)}
    leads = {CLEAR: accounts["cora"].user_id, SEALED: accounts["otto"].user_id}
    setup = setup_for(
        homeserver.url,
        accounts["moothall"],
        accounts["paula"],
        operators=[accounts["olaf"].user_id],
        slug=f"life-{uuid4().hex[:6]}",
        cities=[{**one, "cluster": CLEAR} for one in CITIES],
        clusters=[{**one, "coordinators": [leads[one["slug"]]]} for one in CLUSTERS],
        limits={"commands_a_minute": 600, "command_age": "365d"},
    )
    clock = ShiftedClock(BEGIN - datetime.now(UTC))
    async with AsyncExitStack() as stack:

        async def log_in(name: str) -> Person:
            person = await Person.log_in(
                homeserver.url,
                accounts[name],
                store=folder / name,
                display_name=name.title(),
                accept_invites=True,
            )
            return await stack.enter_async_context(person)

        members = dict(zip(KINDS, await asyncio.gather(*map(log_in, KINDS)), strict=True))
        hall = await stack.enter_async_context(running_hall(setup, folder / "hall", clock=clock))
        with_the_hour_of(hall, monkeypatch)
        staff = ("cora", "otto", "olaf")
        space, room = hall.rooms["space"], hall.rooms[CLEAR]
        await members["cora"].enters(space)
        for name in KINDS.keys() - set(staff):
            await members["cora"].invite(space, members[name].user_id)

        async def enter(name: str) -> None:
            await members[name].enters(space)
            if name != "otto":
                await hall.enters(members[name], CLEAR)

        await asyncio.gather(*map(enter, KINDS))
        await hall.hall.database.write(lambda c: cast(c, members))
        yield Life(hall, members, room)


def cast(connection: Connection, known: dict[str, Person]) -> None:
    """Who is of which city, and what they are there."""
    ana, ben, sue, fay = (known[name].user_id for name in ("ana", "ben", "sue", "fay"))
    for who, city in ((ana, "havnvoll"), (ben, "lipohrad"), (sue, "lipohrad")):
        people.change(connection, who, city=city)
    for who in (ana, ben):
        people.set_roles(connection, who, {Role.CITY_LEAD})
    people.set_roles(connection, fay, {Role.EXPERT_FACILITATOR})


# ── what was seen ─────────────────────────────────────────────────────────────────────────────


def is_of_the_visit(heard: Heard) -> bool:
    key = str(heard.content.get(POST_KEY, ""))
    return key.startswith(("visit/", "promise/", "reply/"))


def plain(text: str, life: Life) -> str:
    """Without what differs from run to run: addresses, and hours that are nobody's rule."""
    for name, person in life.people.items():
        text = text.replace(person.user_id, f"@{name}")
    text = re.sub(r"https?://\S+", "…", text)
    text = re.sub(r"\b(?!18:00|09:00)\d\d:\d\d\b", "hh:mm", text)
    return " / ".join(line.strip() for line in text.splitlines() if line.strip())


def heard_by(person: Person, life: Life, known: set[EventId]) -> list[Heard]:
    """What the hall has said to somebody, in rooms and in private, edits left out."""
    return person.timeline.find(
        lambda one: (
            one.sender == life.hall.me
            and one.event_id not in known
            and one.type in ("m.room.message", polls.START)
            and one.replaces is None
            and is_of_the_visit(one)
        )
    )


def page(life: Life, known: set[EventId], card: Heard) -> str:
    """The whole of it as people read it."""
    names = {person.user_id: name.title() for name, person in life.people.items()}
    said = [one for one in heard_by(life.bo, life, known) if one.room_id == life.room]
    asked = {one.event_id: names.get(one.sender, "") for one in life.bo.timeline}
    lines = [
        "# What people see of a visit",
        "",
        "Each message of the hall over the whole life of a visit, from the proposal to its review,",
        "as tests/crash/test_visit_life.py counts them against a real homeserver.",
        "Edits of the card and of the report ring for nobody and are left out.",
        "",
        "## In the room",
        "",
    ]
    where: dict[str, int] = {"in the room": 0, "in the card's thread": 0, "in answer": 0}
    for one in said:
        to = asked.get(EventId(answers(one) or ""), "")
        place = "in the room"
        if one.thread_root == card.event_id and one.content.get(POST_KEY, "")[:6] != "reply/":
            place = "in the card's thread"
        elif to:
            place = "in answer"
        where[place] += 1
        rung = ", ".join(sorted(names[UserId(user)] for user in one.mentions if user in names))
        label = f"{place} to {to}" if place == "in answer" else place
        label += f", rings for {rung}" if rung and place != "in answer" else ""
        text = one.content.get(polls.TEXT) if one.type == polls.START else one.body
        lines.append(f"- *{label}:* {plain(str(text), life)}")
    lines += ["", "## In private", ""]
    for name, kind in KINDS.items():
        mine = private(life, name, known)
        lines.append(f"**{name.title()}**, {kind}:" + ("" if mine else " nothing."))
        lines += ["", *(f"- {plain(one.body, life)}" for one in mine), ""] if mine else [""]
    lines += ["## Counted", "", "| Who | the room rings | in private |", "|---|---|---|"]
    for name, person in life.people.items():
        rings = sum(person.user_id in one.mentions for one in said if not answers_them(one, asked))
        lines.append(f"| {name.title()} | {rings} | {len(private(life, name, known))} |")
    told = ", ".join(f"{count} {place}" for place, count in where.items())
    lines += ["", f"Whoever is in the room can see {len(said)} messages: {told}.", ""]
    return "\n".join(lines)


def answers_them(one: Heard, asked: dict[EventId, str]) -> bool:
    return str(one.content.get(POST_KEY, "")).startswith("reply/") and answers(one) in asked


def private(life: Life, name: str, known: set[EventId]) -> list[Heard]:
    ours = set(life.hall.rooms.values())
    found = heard_by(life.people[name], life, known)
    return [one for one in found if one.room_id not in ours]


# ── its life ──────────────────────────────────────────────────────────────────────────────────


@pytest.mark.promise(
    "Of a visit from the first proposal to its review after ten weeks the room itself hears one"
    " message; everything else is in its thread, or answers somebody."
)
@pytest.mark.promise(
    "What each kind of person sees of a visit, from the proposal to the review, stands word by"
    " word in docs/a-visit.md."
)
async def test_a_visit_from_proposal_to_review_says_what_is_needed_and_no_more(
    homeserver: Homeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with community(homeserver, tmp_path, monkeypatch) as life:
        hall, room, first = life.hall, life.room, datetime(2027, 5, 4, 12, tzinfo=UTC)
        known = {one.event_id for person in life.people.values() for one in person.timeline}
        both = "cities:Havnvoll cities:Lipohrad first:yes"
        proposal = f"!visit propose Havnvoll {first.date()} {first.date() + timedelta(days=7)}"
        draft = await hall.asks(life.ana, room, f"{proposal} days:2 title:Winter {both}")
        await life.ana.react(room, draft.event_id, "✅")
        chats = {}
        for person in (life.ana, life.fay, life.cora):
            asked = await life.told(person, "You are asked first")
            chats[person.user_id] = asked.room_id
        for person, said in ((life.ana, "yes"), (life.fay, "1 yes 2 maybe")):
            await hall.asks(person, chats[person.user_id], f"vote V-1 {said}")
        await hall.asks(life.cora, room, "!vote V-1 yes")
        card = await life.hears(life.bo, "Which dates suit you?")
        life.on(BEGIN + timedelta(days=3, hours=5))  # half of the time
        reminded = await life.told(life.ben, "your answer is still missing")
        named = await hall.asks(life.ben, reminded.room_id, f"visit speaker V-1 {life.sue.user_id}")
        assert "Sue" in named.body
        await life.told(life.sue, "Ben asks you to answer for Lipohrad")
        found = [
            await life.sue.hears(room=room, sender=hall.me, type=polls.START, timeout=20)
            for _ in "12"
        ]
        await votes_in_poll(life.sue, found[0], YES)
        await votes_in_poll(life.sue, found[1], MAYBE)
        result = await life.hears(life.ana, "closed on")
        await life.ana.react(room, result.event_id, "✅")
        await life.hears(life.bo, "for your calendar")
        for days in (28, 14, 3):
            life.on(first - timedelta(days=days))
            await life.hears(life.bo, f"is in {days} days")
        life.on(first + timedelta(days=2))
        await life.hears(life.sue, "how was it, Ana, Sue")
        await life.sue.say(room, "The night shift was best", thread=card.event_id)
        await life.sue.hears(lambda one: one.key == "📝", room=room, type="m.reaction", timeout=20)
        await life.ana.say(room, "!visit report V-1", thread=card.event_id)
        report = await life.hears(life.sue, "Report, a draft")
        assert "The night shift was best" in report.body
        await hall.asks(life.sue, room, "!recommend V-1 more street work", thread=card.event_id)
        await hall.asks(life.ana, room, "!recommend accept R-1", thread=card.event_id)
        due = (first + timedelta(days=20)).date()
        await hall.asks(
            life.ana, room, f"!action add R-1 ask the union due:{due}", thread=card.event_id
        )
        for person in (life.ana, life.sue):
            await person.react(room, report.event_id, "✅")
        await life.hears(life.bo, "the report is final")
        life.on(first + timedelta(days=21))
        await life.told(life.ana, "How does it stand?")
        await hall.asks(life.ana, chats[life.ana.user_id], "action done A-1 they lend us a bus")
        life.on(first + timedelta(days=72))
        review = await life.hears(life.bo, "ten weeks later")
        assert "A-1 ask the union" in review.body
        visit = await hall.hall.database.read(lambda c: visits.get(c, 1))
        assert visit is not None
        assert visit.state is VisitState.FOLLOWED_UP
        await asyncio.gather(*(person.catch_up() for person in life.people.values()))
        for name in ("bo", "otto", "olaf"):
            assert not private(life, name, known), "it does not concern them"
        seen = heard_by(life.otto, life, known)
        assert not [one for one in seen if one.room_id == life.room], "he is not in the room"
        shown = page(life, known, card)
        assert shown.count("- *in the room:*") == 1, "the card"
        if os.environ.get("MOOTHALL_WRITE_PAGES"):
            PAGE.write_text(shown, encoding="utf-8")
        assert shown == PAGE.read_text(encoding="utf-8"), "MOOTHALL_WRITE_PAGES=1 writes it"

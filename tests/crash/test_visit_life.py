"""A visit's whole life on a clock that is moved, against a real homeserver: what its room hears."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from demo.homeserver import Homeserver
from demo.people import Heard, Person
from storage import rooms, visits
from storage.records import RoomKind
from storage.visit_records import VisitState
from tests.crash.test_away import set_up
from tests.hall import CLEAR, RunningHall

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("heavy-7")]


async def hears(person: Person, room: str, text: str) -> Heard:
    return await person.hears(lambda heard: text in heard.body, room=room, timeout=30)


async def until(hall: RunningHall, day: datetime) -> None:
    """The hall's clock goes on to a day's noon; its bell is rung, as a minute's sweep would."""
    hall.clock.shift = day - datetime.now(UTC)
    hall.hall.bells.timers.ring()


EXPECTED: Sequence[tuple[str, str]] = (
    # what it begins with or holds, and where: in the card's thread, or in answer to somebody
    ("Nobody has been asked yet", "answer"),
    ("Which dates suit you?", "room"),
    ("Please answer for your city", "thread"),
    ("Noted for Havnvoll", "answer"),
    ("Noted for Lipohrad", "answer"),
    ("closed on", "thread"),
    ("decided:", "thread"),
    ("for your calendar", "thread"),
    ("is in 28 days", "thread"),
    ("is in 14 days", "thread"),
    ("is in 3 days", "thread"),
    ("how was it?", "thread"),
    ("Report, a draft", "thread"),
    ("answers with !recommend accept", "answer"),
    ("Later: !action start", "answer"),
    ("the report is final", "thread"),
    ("ten weeks later", "thread"),
)


@pytest.mark.promise(
    "Of a visit from the first proposal to its review after ten weeks the room itself hears one"
    " message; everything else is in its thread, or answers somebody."
)
async def test_a_visit_from_proposal_to_review_says_what_is_needed_and_no_more(
    homeserver: Homeserver, tmp_path: Path
) -> None:
    async with set_up(homeserver, tmp_path) as stage, stage.hall() as hall:
        paula, ben = stage.people
        room = hall.rooms[CLEAR]
        known = await stage.known()
        for who, city, role in ((ben, "Havnvoll", " role:city-lead"), (paula, "Lipohrad", "")):
            await hall.asks(paula, room, f"!member set {who.user_id} city:{city}{role}")
        first = datetime.now(UTC).replace(hour=12) + timedelta(days=60)
        both = "cities:Havnvoll cities:Lipohrad"
        proposal = f"!visit propose Havnvoll {first.date()} {first.date() + timedelta(days=7)}"
        await hall.asks(ben, room, f"{proposal} days:2 {both}")
        await ben.say(room, "!visit open V-1")
        card = await hears(ben, room, "Which dates suit you?")
        await hall.asks(ben, room, "!vote yes")
        await hall.asks(paula, room, "!vote 1 yes 2 no")
        await hears(ben, room, "closed on")
        await ben.say(room, "!visit confirm V-1", thread=card.event_id)
        await hears(ben, room, "for your calendar")
        for days in (28, 14, 3):
            await until(hall, first - timedelta(days=days))
            await hears(ben, room, f"is in {days} days")
        await until(hall, first + timedelta(days=2))
        await hears(paula, room, "how was it?")
        await paula.say(room, "The night shift was best", thread=card.event_id)
        await paula.hears(lambda heard: heard.key == "📝", room=room, type="m.reaction", timeout=20)
        hall.clock.shift = timedelta()
        await paula.say(room, "!visit report V-1", thread=card.event_id)
        report = await hears(ben, room, "Report, a draft")
        assert "The night shift was best" in report.body
        await hall.asks(paula, room, "!recommend V-1 more street work")
        await hall.asks(ben, room, "!action add R-1 ask the union")
        for person in (ben, paula):
            await person.react(room, report.event_id, "✅")
        await hears(ben, room, "the report is final")
        await until(hall, first + timedelta(days=72))
        review = await hears(ben, room, "ten weeks later")
        assert "A-1 ask the union" in review.body
        assert review.mentions == [ben.user_id]
        visit = await hall.hall.database.read(lambda c: visits.get(c, 1))
        assert visit is not None
        assert visit.state is VisitState.FOLLOWED_UP
        known_rooms = await hall.hall.database.read(rooms.find)
        private = [one for one in known_rooms if one.kind is RoomKind.DIRECT]
        assert not private, "both answered at once: nobody is written to beside the room"
        said = [
            one
            for one in await stage.said_by_hall(room, known)
            if one.replaces is None and not one.body.startswith("Noted: ")
        ]
        shown = [one for one in said if "Noted" not in one.body or "Noted for" in one.body]
        assert len(shown) == len(EXPECTED), [one.body[:70] for one in shown]
        for text, where in EXPECTED:
            matching = [one for one in shown if text in one.body]
            assert len(matching) == 1, (text, [one.body for one in matching])
            (one,) = matching
            root = one.thread_root
            found = "room" if root is None else "thread" if root == card.event_id else "answer"
            assert found == where, (text, found)

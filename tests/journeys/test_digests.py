"""A digest and a question through real clients: drafted, put right, sent, carried, taken back."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from demo.people import Person
from storage import timers
from storage.records import RoomId, Timer
from tests.hall import CLEAR, SEALED, RunningHall
from tests.journeys.conftest import Arrive

OTHER = {CLEAR: SEALED, SEALED: CLEAR}


async def rings(hall: RunningHall, kind: str, room: str, payload: Mapping[str, Any]) -> None:
    """An alarm goes off now, as it would on its day."""
    now = datetime.now(UTC).replace(tzinfo=None)
    alarm = Timer(f"test/{uuid4().hex}", kind, now, "UTC", RoomId(room), payload)
    await hall.hall.database.write(lambda c: timers.schedule(c, [alarm]))
    hall.hall.bells.timers.ring()


@pytest.mark.promise(
    "Digests and carried answers are as well encrypted as the room that they go to, and change"
    " there when their messages do."
)
async def test_a_week_is_drafted_sent_and_followed_and_a_question_carried(
    hall: RunningHall, arrive: Arrive, paula: Person, slug: str
) -> None:
    room, desk, sealed = hall.rooms[slug], hall.rooms["coordinators"], slug == SEALED
    ann = await arrive("anna", slug)
    await hall.asks(paula, room, f"!member set {ann.user_id} city:havnvoll")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).date()
    promised = await ann.say(room, f"!action add water the garlic of {slug} due:{tomorrow}")
    await hall.answer_to(ann, room, promised)

    await rings(hall, "digest draft", desk, {"scope": slug, "period": f"test {slug}"})
    draft = await paula.hears(lambda h: h.body.startswith("Draft"), room=desk, timeout=20)
    line = next(one for one in draft.body.splitlines() if f"garlic of {slug}" in one)
    number = line.split(".")[0]
    assert "due on" in line
    assert room in line, "each line leads to its message"
    await paula.say(desk, f"{number}: garlic is what we need", thread=draft.event_id)
    await paula.hears(
        lambda h: h.replaces == draft.event_id and "garlic is what we need" in h.body,
        room=desk, edits=True, timeout=20,
    )  # fmt: skip
    await paula.react(desk, draft.event_id, "👍")
    sent = await ann.hears(lambda h: "the week until" in h.body, room=room, timeout=20)
    assert "garlic is what we need" in sent.body
    assert (sent.encrypted, sent.is_notice) == (sealed, False)
    await paula.hears(
        lambda h: h.replaces == draft.event_id and "Sent by" in h.body,
        room=desk, edits=True, timeout=20,
    )  # fmt: skip
    await ann.redact(room, promised)
    followed = await ann.hears(lambda h: h.replaces == sent.event_id, room=room, edits=True,
                               timeout=20)  # fmt: skip
    assert "garlic" not in followed.body

    there = hall.rooms[OTHER[slug]]
    ben = await arrive("benno", OTHER[slug])
    await hall.asks(paula, there, f"!member set {ben.user_id} city:lipohrad")
    asked = await ann.say(room, f"!ask Who has shears for {uuid4().hex}?")
    noted = await hall.answer_to(ann, room, asked)
    question = int(noted.body.split()[0].removeprefix("Q-"))
    await rings(hall, "question due", room, {"question": question, "turn": 0})
    offer = await paula.hears(lambda h: f"Q-{question} from" in h.body, room=desk, timeout=20)
    await paula.say(desk, OTHER[slug], thread=offer.event_id)
    copy = await ben.hears(lambda h: "shears" in h.body, room=there, timeout=20)
    assert copy.encrypted == (OTHER[slug] == SEALED)
    answer = await ben.say(there, "We lend you ours", thread=copy.event_id)
    back = await ann.hears(lambda h: "We lend you ours" in h.body, room=room, timeout=20)
    assert (back.thread_root, back.encrypted) == (asked, sealed)
    assert "Benno of Lipohrad answers in" in back.body
    await ben.edit(there, answer, "We give you ours")
    changed = await ann.hears(lambda h: h.replaces == back.event_id, room=room, edits=True,
                              timeout=20)  # fmt: skip
    assert "We give you ours" in changed.body
    await ben.redact(there, answer)
    await ann.hears(lambda h: h.redacts == back.event_id, room=room, type="m.room.redaction",
                    timeout=20)  # fmt: skip

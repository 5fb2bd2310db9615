"""The whole life of a visit, as each kind of person has it in their direct chat: counted."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from storage import people, rooms
from storage.database import open_database
from storage.records import Role, RoomKind, UserId
from storage.visit_records import VisitState
from tests.commands.conftest import (
    ANN,
    BEN,
    CORA,
    HOUSING,
    ME,
    OTTO,
    PAULA,
    direct,
    furnish,
    join,
)
from tests.commands.delivered import Delivered, moment
from tests.commands.visits.conftest import CARD, visit

DIRK = UserId("@dirk:hs")  # of Lipohrad; says nothing
PROPOSAL = (
    "!visit propose Havnvoll 5-7 May, 12-14 May, 19-21 May first:yes"
    ' cities:"São Bento" cities:Lipohrad'
)


@pytest.fixture
async def hall(tmp_path: Path) -> AsyncIterator[Delivered]:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(furnish)
    await database.write(cast)
    yield Delivered(database)
    await database.close()


def cast(connection: Connection) -> None:
    people.change(connection, BEN, city="sao-bento")
    people.set_roles(connection, PAULA, {Role.EXPERT_FACILITATOR})
    people.know(connection, DIRK)
    people.change(connection, DIRK, display_name="Dirk", city="lipohrad")
    join(connection, HOUSING, RoomKind.CLUSTER, (DIRK,), "housing")
    join(connection, direct(DIRK), RoomKind.DIRECT, (DIRK, ME))
    rooms.change(connection, direct(DIRK), direct_with=DIRK)


ASKED, NOTED, MISSING, HOW = (
    "You are asked first",
    "Noted for",
    "your answer is still missing",
    "How does it stand?",
)
IN_PRIVATE = {
    # the host's lead answers at once, and takes something on that is due in June
    ANN: [ASKED, NOTED, HOW, HOW, HOW],
    # the facilitator answers in the direct chat
    PAULA: [ASKED, NOTED],
    # the lead partner answers in the room
    CORA: [ASKED],
    # a visitor answers after the first reminder
    BEN: [MISSING],
    # a member of a city that never answers
    DIRK: [MISSING, MISSING],
    # whom none of it concerns
    OTTO: [],
}
RUNG = {  # how often the room rings for them, in the card's thread: asked, decided, how was it, …
    ANN: ["result", "decision", "after", "review"],
    PAULA: ["decision", "after"],
    CORA: ["result", "decision", "after"],  # the two who may decide
    BEN: ["please", "decision", "after"],
    DIRK: ["please"],
    OTTO: [],
}


@pytest.mark.promise(
    "Over a visit's whole life each kind of person gets the private messages that are for them,"
    " and no more: whoever has answered is not reminded, whom it does not concern hears nothing."
)
async def test_each_kind_of_person_is_written_to_when_it_is_for_them_and_else_never(
    hall: Delivered,
) -> None:
    await hall.says(ANN, PROPOSAL)
    await hall.says(ANN, "!visit open V-1")
    await hall.says(ANN, "vote V-1 1 yes 2 no 3 maybe", direct(ANN))
    await hall.says(PAULA, "vote V-1 all yes", direct(PAULA))
    await hall.says(CORA, "!vote V-1 yes")
    await hall.passes(moment("2026-03-06 12:00"))
    await hall.says(BEN, "!vote V-1 1 yes 3 no")
    await hall.passes(moment("2026-03-20 12:00"))
    assert (await visit(hall)).state is VisitState.CLOSED
    await hall.says(CORA, "!visit confirm V-1")
    await hall.passes(moment("2026-05-08 12:00"))
    await hall.says(BEN, "The night shift was best", thread_root=hall.post(CARD).event_id)
    await hall.says(ANN, "!visit report V-1")
    await hall.says(ANN, "!action add V-1 ask the union due:2026-06-10")
    for person in (ANN, BEN):
        await hall.taps(person, "visit/1/report", "✅")
    await hall.passes(hall.now + timedelta(days=92))
    assert (await visit(hall)).state is VisitState.FOLLOWED_UP
    for person, expected in IN_PRIVATE.items():
        told = hall.bodies(direct(person))
        assert len(told) == len(expected), (person, told)
        assert all(part in body for part, body in zip(expected, told, strict=True)), told
    for person, expected in RUNG.items():
        rung = [
            one.key.split("/")[2]
            for one in hall.stood
            if one.lane == HOUSING
            and one.key.startswith("visit/")
            and person in (one.content.get("m.mentions") or {}).get("user_ids", ())
        ]
        assert rung == expected, person

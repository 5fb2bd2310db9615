import pytest
from tests.hall import *
from tests.journeys.conftest import on_sqlite
@on_sqlite
@pytest.mark.parametrize("n", range(14))
async def test_probe(hall, arrive, n):
    ann = await arrive("ann", SEALED)
    room = hall.rooms[SEALED]
    await ann.say(room, "hello there")
    await ann.say(room, "!privacy archive off")
    told = await ann.hears(lambda h: h.room_id != room, sender=hall.me, timeout=8.0)

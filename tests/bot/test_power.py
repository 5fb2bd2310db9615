"""The levels of the rooms that the hall makes."""

from bot.matrix.power import levels_at_creation
from storage.records import UserId

BOT, ANN = UserId("@bot:hs"), UserId("@ann:hs")


def test_our_override_names_the_creator_where_it_must_and_nowhere_else() -> None:
    old = levels_at_creation(BOT, "11", users={ANN: 50}, events={"org.x": 0})
    assert old["users"] == {BOT: 100, ANN: 50}
    assert old["events"]["m.room.tombstone"] == 100
    new = levels_at_creation(BOT, "12", users={ANN: 50, BOT: 100}, events={"org.x": 0})
    assert new["users"] == {ANN: 50}
    assert new["events"]["m.room.tombstone"] == 150
    # The override replaces the whole map: what the homeserver protects stays protected.
    assert new["events"]["m.room.power_levels"] == 100
    assert new["events"]["org.x"] == 0

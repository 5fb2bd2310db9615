"""Who is told of taps and talk, without a network."""

import uuid

import pytest
from sqlalchemy import Connection

from commands import listeners
from commands.context import Context
from commands.events import Reacted, Redacted
from commands.listener import Listener, Tap, plain_emoji
from commands.posts import Posts
from storage import listening, outbox, people
from storage.listening import ANYBODY, Conversation
from storage.outbox import Action, Row
from storage.records import EventId, UserId
from tests.commands.conftest import ANN, BEN, HOUSING, Hall

taps: list[Tap] = []


def note(tap: Tap, context: Context) -> Posts:
    taps.append(tap)
    return ()


@pytest.fixture(autouse=True)
def two_listeners(monkeypatch: pytest.MonkeyPatch) -> None:
    taps.clear()
    cards = Listener("card", tapped=note, posts=("card/",), emojis=frozenset({"📌"}))
    monkeypatch.setattr(listeners, "LISTENERS", (cards, Listener("deaf", posts=("mute/",))))


def posted(connection: Connection, hall: Hall, key: str, event_id: str) -> None:
    row = Row(key, HOUSING, Action.MESSAGE, {"body": key}, "m.room.message")
    outbox.add(connection, uuid.UUID(int=1), [row], hall.now)
    claimed = outbox.claim(connection, HOUSING, "DEVICE", hall.now)
    assert claimed is not None
    outbox.settle(connection, claimed.id, hall.now, event_id=EventId(event_id))


def reacted(hall: Hall, who: UserId, target: str, key: str = "👍") -> Reacted:
    return Reacted(hall.next_event(), HOUSING, who, hall.now, EventId(target), key)


@pytest.mark.parametrize(
    ("typed", "meant"), [("👍🏽", "👍"), ("✔️", "✔"), ("📌", "📌"), ("I am in", "I am in")]
)
def test_skin_and_variation_change_no_meaning(typed: str, meant: str) -> None:
    assert plain_emoji(typed) == meant


async def test_a_tap_on_a_post_is_told_to_its_owner_with_the_posts_key(hall: Hall) -> None:
    await hall.do(lambda c: posted(c, hall, "card/7", "$card"))
    await hall.responds(reacted(hall, ANN, "$card", "👍🏽"))
    assert [(t.post, t.emoji, t.person.user_id, t.taken_back) for t in taps] == [
        ("card/7", "👍", ANN, False)
    ]


async def test_an_emoji_is_told_wherever_it_is_put_but_not_on_others_posts(hall: Hall) -> None:
    await hall.do(lambda c: posted(c, hall, "mute/1", "$mute"))
    await hall.responds(reacted(hall, ANN, "$talk", "📌"))
    await hall.responds(reacted(hall, ANN, "$talk", "🍰"))
    await hall.responds(reacted(hall, ANN, "$mute", "📌"))
    assert [(t.post, t.emoji) for t in taps] == [(None, "📌")]


async def test_who_is_not_in_the_room_taps_in_vain(hall: Hall) -> None:
    await hall.moves(BEN, HOUSING, "ban")
    await hall.responds(reacted(hall, BEN, "$talk", "📌"))
    await hall.responds(reacted(hall, UserId("@nobody:hs"), "$talk", "📌"))
    assert not taps


async def test_a_tap_is_taken_back_once_and_by_a_moderator_in_its_owners_name(hall: Hall) -> None:
    tap = reacted(hall, ANN, "$talk", "📌")
    await hall.responds(tap)
    for _ in range(2):
        redaction = Redacted(hall.next_event(), HOUSING, BEN, hall.now, tap.event_id)
        await hall.responds(redaction)
    assert [(t.taken_back, t.person.user_id) for t in taps] == [(False, ANN), (True, ANN)]


async def test_a_conversation_with_one_person_goes_before_one_with_anybody(hall: Hall) -> None:
    person = await hall.do(lambda c: people.know(c, ANN).id)

    def begin(connection: Connection) -> None:
        for who in (ANYBODY, person):
            conversation = Conversation("$root", "deaf", f"S-{who}", who)
            listening.begin(connection, conversation, hall.now)

    await hall.do(begin)
    for speaker, subject in ((ANN, f"S-{person}"), (BEN, "S-0")):
        found = await hall.do(lambda c: listening.find(c, ["$x", "$root"], speaker))  # noqa: B023 — awaited at once
        assert found is not None
        assert found.subject == subject
    await hall.do(lambda c: listening.end(c, "deaf", f"S-{person}"))
    found = await hall.do(lambda c: listening.find(c, ["$root"], ANN))
    assert found is not None
    assert found.subject == "S-0"

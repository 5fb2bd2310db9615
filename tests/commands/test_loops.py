"""Another bot that answers whatever it hears is left alone, and people are not kept short."""

from dataclasses import replace
from datetime import timedelta

import pytest

from commands import listeners
from commands.command import Call
from commands.context import Context
from commands.listener import Listener
from commands.posts import Posts, Say
from commands.reply import Text, paragraphs
from storage import listening
from storage.listening import Conversation
from storage.records import EventId, RoomId, UserId
from tests.commands.conftest import ANN, BEN, HOUSING, Hall, direct, heard

ROOT = EventId("$root")


def thanks(call: Call[None], subject: str, context: Context) -> Posts:
    noted = Say(call.room.room_id, paragraphs((Text("noted"),)), key=f"card/{call.said.event_id}")
    return [*call.answer(paragraphs((Text(f"Thank you for: {call.said.body}"),))), noted]


@pytest.fixture
async def polite(hall: Hall, monkeypatch: pytest.MonkeyPatch) -> None:
    """A feature that answers everything in a thread."""
    monkeypatch.setattr(listeners, "LISTENERS", (Listener("polite", thanks),))
    begun = Conversation(ROOT, "polite", "x")
    await hall.do(lambda c: listening.begin(c, begun, hall.now))


async def talks_to_itself(hall: Hall, bot: UserId, room: RoomId, *, rounds: int) -> int:
    """A bot repeats whatever it is told; how often the hall answers before it is silent."""
    words = "Hello, I am a bot"
    for answered in range(rounds):
        posts = await hall.says(bot, words, room, thread_root=ROOT if room == HOUSING else None)
        said = [post for post in posts if isinstance(post, Say) and post.key is None]
        if not said:
            return answered
        words = heard(said)
        hall.later(timedelta(milliseconds=200))
    return rounds


async def test_a_bot_in_a_direct_chat_is_answered_a_few_times_only(hall: Hall) -> None:
    allowed = hall.settings.limits.commands_a_minute
    assert await talks_to_itself(hall, BEN, direct(BEN), rounds=100) == allowed + 1


@pytest.mark.usefixtures("polite")
async def test_a_bot_in_a_conversation_is_answered_a_few_times_only(hall: Hall) -> None:
    allowed = hall.settings.limits.commands_a_minute
    assert await talks_to_itself(hall, BEN, HOUSING, rounds=100) == 5 * allowed


@pytest.mark.usefixtures("polite")
async def test_silence_loses_nothing_and_strikes_nobody_else(hall: Hall) -> None:
    await talks_to_itself(hall, BEN, HOUSING, rounds=100)
    kept = await hall.says(BEN, "and this?", thread_root=ROOT)
    assert [post.key for post in kept if isinstance(post, Say)] == ["card/$e62"]
    assert "Thank you" in await hall.hears(ANN, "Mine, too", thread_root=ROOT)
    # Commands are counted apart, and the minute passes.
    assert "Ben" in await hall.hears(BEN, "!whoami")
    hall.later(timedelta(minutes=1))
    assert "Thank you" in await hall.hears(BEN, "Again", thread_root=ROOT)


@pytest.mark.usefixtures("polite")
@pytest.mark.parametrize("msgtype", ["m.notice", "m.emote", "m.image", "org.example.bot"])
async def test_notices_are_never_answered(hall: Hall, msgtype: str) -> None:
    for room, words in ((HOUSING, "!help"), (direct(BEN), "help"), (HOUSING, "Moothall: help")):
        assert not await hall.says(BEN, words, room, msgtype=msgtype)
        assert not await hall.says(BEN, words, room, msgtype=msgtype, thread_root=ROOT)
        said = hall.said(BEN, words, room)
        assert not await hall.edits(replace(said, msgtype=msgtype), words)

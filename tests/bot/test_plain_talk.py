"""What intake passes over at a glance is never something that a reader would answer."""

from types import SimpleNamespace
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from bot.hall import Hall
from bot.intake import is_plain_talk
from bot.matrix.parsing import what_happened
from commands import reading
from commands.events import Said
from storage.records import EventId, RoomEvent, RoomId, UserId

ME = UserId("@moothall:hs")
HALL = cast(Hall, SimpleNamespace(me=ME, name="Moot Hall", settings=SimpleNamespace(prefix="!")))
starts = st.sampled_from(
    ["!", " !", "/", "//", "@moothall ", "Moothall:  ", "moot hall, ", "MOOTHALL: ", "\n!", ""]
)


@given(start=starts, rest=st.text(max_size=30), mentions=st.sampled_from([None, [ME], []]))
def test_what_is_plain_talk_concerns_nobody(
    start: str, rest: str, mentions: list[str] | None
) -> None:
    content: dict[str, Any] = {"msgtype": "m.text", "body": f"{start}{rest}"}
    if mentions is not None:
        content["m.mentions"] = {"user_ids": mentions} if mentions else {}
    event = RoomEvent(EventId("$e"), RoomId("!r"), "m.room.message", UserId("@ann:hs"), 1, content)
    happened = what_happened(event, ME)
    assert isinstance(happened, Said)
    if is_plain_talk(event, HALL):
        assert not reading.concerns_us(
            happened, me=ME, name="Moot Hall", prefix="!", direct=False, open_threads=()
        )


def test_ordinary_words_are_plain_talk() -> None:
    content = {
        "msgtype": "m.text",
        "body": "The coffee table is never without a host.",
        "m.mentions": {},
    }
    event = RoomEvent(EventId("$e"), RoomId("!r"), "m.room.message", UserId("@ann:hs"), 1, content)
    assert is_plain_talk(event, HALL)

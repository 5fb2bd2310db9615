"""`!admin doctor`: what ails the hall, and what helps, for those who keep it running."""

from dataclasses import dataclass

from commands.command import Call, Command
from commands.context import Context
from commands.permissions import Who
from commands.posts import Examine, Posts, React
from commands.words import N_
from storage.records import RoomKind


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


def examine(call: Call[Nothing], context: Context) -> Posts:
    """Answered in the coordinators' room if it was asked there, else in the direct chat.

    The homeserver has to be asked, so the answer is written when it is sent.
    """
    said, language = call.said, call.words.language
    if call.direct or call.room.kind is RoomKind.COORDINATORS:
        return [Examine(call.room.room_id, language, thread=call.thread, reply_to=said.event_id)]
    return [
        Examine(call.asker.user_id, language),
        React(call.room.room_id, said.event_id, "✉️"),
    ]


ADMIN_DOCTOR = Command(
    name="admin doctor",
    arguments=Nothing,
    handler=examine,
    summary=N_("what is wrong with the hall, and what to do"),
    example="admin doctor",
    who=Who.OPERATORS,
    private=True,
)

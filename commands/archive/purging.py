"""`!archive purge`: all that the archive holds of a room is thrown away, once somebody is sure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from commands.archive import past, purge_words, replies
from commands.arguments import choice, optional
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.permissions import Who
from commands.posts import Alarm, Posts, Say
from commands.reply import Reply
from commands.words import N_
from storage import archive, purges, questions, rooms
from storage.archive import ArchiveStatus
from storage.questions import Question
from storage.records import EventId, Room


class Sure(StrEnum):
    YES = "yes"


@dataclass(frozen=True, slots=True)
class Purge:
    sure: Sure | None = optional(choice(Sure), default=None, rest=True)


def ask(call: Call[Purge], context: Context) -> Posts:
    """First what would go; then, if they say so within ten minutes, it goes."""
    if call.direct:
        raise MemberError(replies.not_here(call.words))
    connection, here = context.connection, call.room
    if purges.get(connection, here.room_id) is not None:
        raise MemberError(purge_words.going_on(call.words))
    numbers = [one.id for one in rooms.with_earlier(connection, here)]
    if not purges.holds_any(connection, numbers):
        raise MemberError(purge_words.nothing_kept(call.words))
    shown = EventId(f"archive purge/{here.id}")  # that it was shown in this room
    sure = call.arguments.sure is Sure.YES
    if not sure or questions.waiting(connection, shown, call.asker.id, context.now) is None:
        questions.ask(
            connection, shown, call.asker.id, Question(ARCHIVE_PURGE.name, ""), context.now
        )
        return call.answer(_preview(call, numbers, context))
    questions.forget(connection, shown, call.asker.id)
    ended = past.end(here, context) or []  # older history does not come in any more
    language = context.settings.community.language
    asked = purges.request(connection, here, call.said.at, language)
    begun = purge_words.begun(context.words)
    # It concerns the whole room, so it is not hidden in a thread.
    return [
        *ended,
        Say(here.room_id, begun, reply_to=call.said.event_id, notice=False),
        Alarm(purges.alarm(asked, context.now)),
    ]


def _preview(call: Call[Purge], numbers: list[int], context: Context) -> Reply:
    held = archive.status(context.connection, *numbers)
    return purge_words.preview(
        call.words,
        holdings_of(call.room, held, context.zone_of(call.asker)),
        files=purges.tally(context.connection, numbers)["files"],
        yes=f"{call.prefix}archive purge {Sure.YES}",
        export=f"{call.prefix}archive export",
    )


def holdings_of(room: Room, held: ArchiveStatus, zone: ZoneInfo) -> replies.Holdings:
    """How much it is, with moments in a reader's zone."""
    return replies.Holdings(
        room=room.name or room.room_id,
        on=room.archive_on,
        messages=held.messages,
        threads=held.threads,
        people=held.people,
        withheld=held.withheld,
        first=_local(held.first, zone),
        last=_local(held.last, zone),
    )


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return None if moment is None else moment.astimezone(zone)


ARCHIVE_PURGE = Command(
    name="archive purge",
    arguments=Purge,
    handler=ask,
    summary=N_("throws away all that the archive of this room holds; asks first"),
    example="archive purge",
    who=Who.ROOM_ADMINS,
)

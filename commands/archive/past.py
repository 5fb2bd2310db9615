"""`!archive backfill`: what was said before the archive began, once all have been told."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from commands.archive import replies
from commands.arguments import argument, text_to_end
from commands.command import Call, Command
from commands.context import Context, Settings
from commands.errors import MemberError
from commands.events import TimerDue
from commands.past_days import read_period
from commands.permissions import Who
from commands.posts import Alarm, Change, Pin, Posts, ReadOn, Say
from commands.reply import Reply
from commands.rights import MANDATE, Mandate
from commands.words import N_, words_in
from storage import gaps, purges, rooms, timers
from storage.gaps import Gap
from storage.records import Room, Timer
from storage.types import instant, milliseconds

KIND = "archive past"  # of its alarm
WAIT = timedelta(days=7)  # in which everybody can object
STOP = "stop"


@dataclass(frozen=True, slots=True)
class Past:
    since: str = argument(
        text_to_end,
        rest=True,
        question=N_("Since which day? For example 2026-01-31."),
        hint=N_("day [yes]|stop"),
    )


def ask(call: Call[Past], context: Context) -> Posts:
    """First what would happen; on yes it is announced, and begins a week later."""
    if call.direct:
        raise MemberError(replies.not_here(call.words))
    typed, sure = _read(call)
    if typed.casefold().rstrip(" .!") in (STOP, f"{STOP} please", f"{STOP} now"):
        return _stop(call, context)
    if not call.room.archive_on:
        raise MemberError(replies.off_here(call.words, f"{call.prefix}archive on"))
    day, zone = _day(typed, call, context), ZoneInfo(context.settings.community.time_zone)
    starts = (context.now + WAIT).astimezone(zone).date()
    if not sure:
        yes = f"{call.prefix}archive backfill {day.isoformat()} yes"
        return call.answer(replies.past_preview(call.words, day, starts, yes=yes))
    timers.cancel_all(context.connection, call.room.room_id, KIND)
    key = f"archive/past/{call.room.room_id}/{call.said.event_id}"
    notice = replies.past_notice(
        context.words,
        day,
        starts,
        off=f"{call.prefix}privacy archive off",
        stop=f"{call.prefix}archive backfill {STOP}",
    )
    since = milliseconds(datetime.combine(day, time(), zone))
    alarm = Timer(
        key=key,
        kind=KIND,
        wall_time=(context.now + WAIT).astimezone(UTC).replace(tzinfo=None),
        time_zone="UTC",
        room_id=call.room.room_id,
        payload={"since": since, MANDATE: Mandate.of(call, Who.ROOM_ADMINS).as_payload()},
    )
    return [
        Say(call.room.room_id, notice, notice=False, key=key),
        Pin(call.room.room_id, key),
        Alarm(alarm),
    ]


def _read(call: Call[Past]) -> tuple[str, bool]:
    """What was typed for the day, and whether "yes" came after it."""
    *day, last = call.arguments.since.split()
    sure = bool(day) and last.casefold() == "yes"
    return " ".join(day if sure else [*day, last]).strip("\"'"), sure


def _day(typed: str, call: Call[Past], context: Context) -> date:
    """The day asked for, if there is anything to take in since then."""
    zone = ZoneInfo(context.settings.community.time_zone)
    today = context.now.astimezone(zone).date()
    period = read_period(typed, today)
    day = today if period is None else period[0]
    if not date(2014, 1, 1) <= day < today:
        example = f"{call.prefix}{BACKFILL.example}"
        raise MemberError(replies.not_a_day(call.words, typed, example))
    purged = purges.purged_until(context.connection, call.room.room_id)
    if purged is not None and day <= (last := instant(purged).astimezone(zone).date()):
        raise MemberError(replies.thrown_away(call.words, last))
    kept_for = context.settings.archive.kept_for(call.room)
    if kept_for is not None and day < (context.now - kept_for).astimezone(zone).date():
        raise MemberError(replies.too_old(call.words, kept_for))
    since = rooms.archive_since(context.connection, call.room.room_id)
    if since is not None and since.astimezone(zone).date() <= day:
        raise MemberError(replies.kept_already(call.words, since.astimezone(zone).date()))
    return day


def _stop(call: Call[Past], context: Context) -> Posts:
    ended = end(call.room, context)
    if ended is None:
        raise MemberError(replies.past_not_asked(call.words))
    return [*ended, Say(call.room.room_id, replies.past_stopped(context.words), notice=False)]


def end(room: Room, context: Context) -> list[Change] | None:
    """Take in no more of a room; None if nothing was being taken in, or would have been."""
    waiting = timers.cancel_all(context.connection, room.room_id, KIND)
    reading = gaps.past_of(context.connection, room.room_id)
    if reading is None:
        return [] if waiting else None
    gaps.close(context.connection, reading.id, context.now, abandoned=STOP)
    keep_reached(context.connection, reading)
    return [progress(context.settings, reading, replies.Stage.STOPPED)]


def keep_reached(connection: Connection, hole: Gap) -> None:
    """The archive begins where older history has come to, so that it can go on another time."""
    if hole.reached is not None and rooms.archive_since(connection, hole.room_id) is not None:
        rooms.change(connection, hole.room_id, archive_since=instant(hole.reached))


def progress(settings: Settings, hole: Gap, stage: replies.Stage) -> Change:
    """What the one message in the room says now."""
    return Change(hole.told_as, _told(settings, hole, stage))


def _told(settings: Settings, hole: Gap, stage: replies.Stage) -> Reply:
    zone = ZoneInfo(settings.community.time_zone)

    def day_of(moment: int | None) -> date:
        return instant(moment or 0).astimezone(zone).date()

    read = replies.OlderHistory(
        since=day_of(hole.back_to),
        reached=day_of(hole.reached),
        events=hole.events,
        kept=hole.kept,
        unreadable=hole.unreadable,
    )
    return replies.past_progress(words_in(settings.community.language), read, stage)


def begin(event: TimerDue, context: Context) -> Posts:
    """The week is over: history is read, a page at a time, and goes on where it stopped."""
    room = None if event.room_id is None else rooms.get(context.connection, event.room_id)
    if room is None or not room.joined or not room.archive_on:
        return ()
    since: int = event.payload["since"]
    now_since = rooms.archive_since(context.connection, room.room_id)
    if now_since is None or milliseconds(now_since) <= since:
        return ()
    rooms.change(context.connection, room.room_id, archive_since=instant(since))
    hole = gaps.open_past(
        context.connection, room.room_id, since, milliseconds(now_since), context.now
    )
    told = _told(context.settings, hole, replies.Stage.READING)
    return [Say(room.room_id, told, key=hole.told_as), ReadOn()]


BACKFILL = Command(
    name="archive backfill",
    arguments=Past,
    handler=ask,
    summary=N_("older history for the archive, a week after all were told; stop ends it"),
    example="archive backfill 2026-01-31",
    aliases=("admin backfill",),
    who=Who.ROOM_ADMINS,
)

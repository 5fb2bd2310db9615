"""Each week a draft for the coordinators: made when it is due, once, and late rather than never."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from commands import weekdays as when
from commands.context import Context, Settings
from commands.digests import rules
from commands.digests.acting import send
from commands.digests.gathering import compose
from commands.digests.rules import Digest
from commands.digests.showing import (
    begins,
    desk,
    digest_of,
    draft_reply,
    is_automatic,
    readers,
    renew,
    scope_of,
    scopes,
    sends_at,
    zone,
)
from commands.events import TimerDue
from commands.pausing import is_paused
from commands.posts import Alarm, Offer, Post, Posts, Say
from storage import archive, digests, gaps, listening, sources
from storage.digests import COMMUNITY, DigestState, KeptDigest
from storage.listening import Conversation
from storage.records import EventId, RoomId, Timer, UserId
from storage.sources import Source

KIND = "digest"
DRAFT, SEND = "digest draft", "digest send"  # kinds of alarms
HISTORY = timedelta(hours=6)  # so long a draft waits for what history lacks
LOOK_AGAIN = timedelta(minutes=10)
OFFERED = ("👍", "✏️", "🗑️", "⏭️")


def first_alarms(settings: Settings, room: RoomId, now: datetime) -> list[Post]:
    """The next draft of each scope; an alarm that is set already stands."""
    return [Alarm(next_alarm(settings, one, room, now)) for one in scopes(settings)]


def next_alarm(settings: Settings, scope: str, room: RoomId, now: datetime) -> Timer:
    """When the next draft of a scope is due."""
    here = settings.community.time_zone
    local = _local(settings, now)
    moment = when.next_draft(local, settings.digests, settings.limits.quiet_days)
    return _alarm(scope, moment.period, moment.wall_time, here, room)


def _alarm(
    scope: str,
    period: str,
    wall_time: datetime,
    here: str,
    room: RoomId,
    *,
    meant: datetime | None = None,
    waits: str | None = None,
) -> Timer:
    """meant: when it was due at first, where it was put off; waits: since when, for history."""
    put_off = {} if meant is None else {"meant": meant.isoformat()}
    put_off |= {} if waits is None else {"waits": waits}
    return Timer(
        key=f"digest/{scope}/{period}/{wall_time:%Y-%m-%dT%H:%M}",
        kind=DRAFT,
        wall_time=wall_time,
        time_zone=here,
        room_id=room,
        payload={"scope": scope, "period": period, **put_off},
    )


def _local(settings: Settings, now: datetime) -> datetime:
    return now.astimezone(ZoneInfo(settings.community.time_zone)).replace(tzinfo=None)


def due(event: TimerDue, context: Context) -> Posts:
    """A week is over: draft its digest, and set the alarm for the next."""
    scope, period = event.payload["scope"], event.payload["period"]
    room, settings = desk(context), context.settings
    if room is None or scope not in scopes(settings):
        return ()
    following = next_alarm(settings, scope, room.room_id, context.now)
    posts: list[Post] = [Alarm(following)]
    local, here = _local(settings, context.now), zone(context).key
    meant = datetime.fromisoformat(event.payload.get("meant", event.due.isoformat()))
    if when.is_closed(local.date(), settings.digests, settings.limits.quiet_days):
        # It comes late, and today nobody is at work.
        day = when.first_open(local.date(), settings.digests, settings.limits.quiet_days)
        again = datetime.combine(day, settings.digests.draft_at)
        if again >= following.wall_time:
            return posts
        return [Alarm(_alarm(scope, period, again, here, room.room_id, meant=meant)), *posts]
    if _lacks_history(scope, context) and _has_time(event, context):
        again = local.replace(second=0, microsecond=0) + LOOK_AGAIN
        waits = event.payload.get("waits", context.now.isoformat())
        alarm = _alarm(scope, period, again, here, room.room_id, meant=meant, waits=waits)
        return [Alarm(alarm), *posts]
    if is_paused(context.connection, scope or None, context.now):
        return posts
    return [*posts, *draft(scope, period, meant, room.room_id, context)]


def _has_time(event: TimerDue, context: Context) -> bool:
    """Whether a draft may wait; counted from when the hall first saw that something lacks."""
    since = event.payload.get("waits")
    return since is None or context.now - datetime.fromisoformat(since) < HISTORY


def _lacks_history(scope: str, context: Context) -> bool:
    """Whether what was said while the hall was away is still being fetched."""
    rooms_ = readers(scope, context)
    return any(gaps.is_open(context.connection, room.room_id) for room in rooms_)


def draft(scope: str, period: str, due_at: datetime, room: RoomId, context: Context) -> list[Post]:
    """The draft of a week, in the coordinators' room; nothing if the week has had one."""
    since = begins(scope, context.now, context)
    subject = scope_of(scope, since, context.now, context)
    digest = compose(subject, context)
    if scope == COMMUNITY and digest.quiet:
        return []  # each cluster hears so from its own
    earlier = digests.newest(context.connection, scope)
    unsent = earlier is not None and earlier.state is DigestState.DRAFT
    if earlier is not None and unsent:
        digest = rules.keep_edits(digest, digest_of(earlier).lines)
    kept = digests.draft(
        context.connection, scope, period,
        since=since, until=context.now, due=due_at, content=rules.as_json(digest),
    )  # fmt: skip
    if kept is None:
        return []
    posts: list[Post] = []
    if earlier is not None and unsent:
        posts += replace(earlier, context)
    posts += _post(kept, room, context)
    remember_sources(kept, digest, context)
    forget_old(context)
    if is_automatic(scope, context):
        posts.append(Alarm(sending_alarm(kept, room, context)))
    return posts


def sending_alarm(kept: KeptDigest, room: RoomId, context: Context) -> Timer:
    """When a draft goes out by itself."""
    local = sends_at(kept, context).replace(tzinfo=None)
    return Timer(
        key=f"digest/{kept.id}/send",
        kind=SEND,
        wall_time=local,
        time_zone=zone(context).key,
        room_id=room,
        payload={"digest": kept.id},
    )


def send_due(event: TimerDue, context: Context) -> Posts:
    """Nobody has acted on a draft that may go out by itself."""
    kept = digests.get(context.connection, event.payload["digest"])
    if kept is None or kept.state is not DigestState.DRAFT:
        return ()
    paused = is_paused(context.connection, kept.scope or None, context.now)
    if paused or not is_automatic(kept.scope, context):
        return ()
    return send(kept, None, context)


def replace(earlier: KeptDigest, context: Context) -> list[Post]:
    """Nobody sent it: a newer draft takes its place, with what was edited in it."""
    state, now = DigestState.REPLACED, context.now
    replaced = digests.settle(context.connection, earlier.id, state, now, None)
    listening.end(context.connection, KIND, str(earlier.id))
    return [] if replaced is None else renew(replaced, context)


def _post(kept: KeptDigest, room: RoomId, context: Context) -> list[Post]:
    conversation = Conversation(kept.draft_key, KIND, str(kept.id), talk=True)
    listening.begin(context.connection, conversation, context.now)
    said = Say(room, draft_reply(kept, context), key=kept.draft_key, notice=False)
    return [said, *(Offer(kept.draft_key, emoji) for emoji in OFFERED)]


def remember_sources(kept: KeptDigest, digest: Digest, context: Context) -> None:
    """Each message that a line rests on: taken back or corrected, the digest hears of it."""
    for line in digest.lines:
        for event_id in {*line.sources, *([line.quoted] if line.quoted else [])}:
            sender, talk = _author(event_id, context)
            origin = Source(KIND, str(kept.id), sender, talk=talk)
            sources.add(context.connection, event_id, origin)


def _author(event_id: EventId, context: Context) -> tuple[UserId, bool]:
    """Who may correct a message, and whether it is members' talk (else it was said to the hall)."""
    message = archive.get(context.connection, event_id)
    if message is not None:
        return message.sender, True
    made = sources.of(context.connection, event_id)
    return (made[0].sender if made else UserId("")), False


def forget_old(context: Context) -> None:
    """A digest keeps its words no longer than the archive does."""
    retention = context.settings.archive.retention
    if retention is None:
        return
    for number in digests.forget_lines(context.connection, context.now - retention):
        sources.forget(context.connection, KIND, str(number))

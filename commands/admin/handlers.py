"""`!admin status`: the hall in counts, for those who keep it running."""

from dataclasses import dataclass

from commands.admin import replies
from commands.command import Call, Command
from commands.context import Context
from commands.permissions import Who
from commands.posts import Posts
from commands.words import N_
from storage import archive, gaps, inbox, outbox, reindexing, rooms, timers


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


def show_status(call: Call[Nothing], context: Context) -> Posts:
    entries = inbox.counts(context.connection, context.now, besides=context.cause)
    queued = outbox.counts(context.connection, context.now)
    held = archive.totals(context.connection)
    ours = rooms.find(context.connection, joined=True)
    zone = context.zone_of(call.asker)
    state = replies.State(
        version=context.settings.version,
        unanswered=entries["ready"],
        waiting=entries["waiting"],
        parked=entries["parked"],
        unsent=queued["queued"],
        late=queued["late"],
        failed=queued["failed"],
        rooms=len(ours),
        archives=sum(room.archive_on for room in ours),
        messages=held.messages,
        threads=held.threads,
        last=None if held.last is None else held.last.astimezone(zone),
        gaps=gaps.counts(context.connection)["gaps open"],
        timers=timers.pending(context.connection),
        unindexed=reindexing.left(context.connection),
    )
    return call.answer(replies.status(call.words, state))


ADMIN_STATUS = Command(
    name="admin status",
    arguments=Nothing,
    handler=show_status,
    summary=N_("backlog, rooms, archive and timers in numbers"),
    example="admin status",
    who=Who.OPERATORS,
    private=True,
)

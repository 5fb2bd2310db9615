"""`!digest preview|send|skip|schedule|me`, and what digests hear besides commands."""

import re
from dataclasses import dataclass
from datetime import datetime, time
from enum import StrEnum
from typing import Any

from commands import weekdays as when
from commands.arguments import (
    Reader,
    Refusal,
    Surroundings,
    argument,
    choice,
    cluster,
    optional,
)
from commands.command import Call, Command
from commands.context import Context
from commands.digests import acting, following, replies
from commands.digests.acting import require_coordinator
from commands.digests.drafting import sending_alarm
from commands.digests.gathering import compose
from commands.digests.leaving import forget_speaker
from commands.digests.replies import Plan, Shown
from commands.digests.showing import (
    begins,
    desk,
    is_automatic,
    links_of,
    readers,
    renew,
    scope_of,
    scopes,
    title_of,
    zone,
)
from commands.errors import MemberError
from commands.listener import Listener
from commands.pausing import is_paused
from commands.permissions import Who, may_coordinate
from commands.posts import Alarm, Post, Posts
from commands.subscribing import subscribe, unsubscribe
from commands.words import N_
from storage import digests, meta
from storage.digests import COMMUNITY, DigestState, KeptDigest
from storage.records import Cluster, RoomKind

ALL = ("all", "community", "everything", "*")


def _read_scope(typed: str, around: Surroundings) -> str | Refusal:
    if typed.strip().casefold() in (*ALL, around.community.name.casefold()):
        return COMMUNITY
    found = cluster.read(typed, around)
    return found.slug if isinstance(found, Cluster) else found


scope_name: Reader[str] = Reader(N_("cluster"), _read_scope)


@dataclass(frozen=True, slots=True)
class OneDigest:
    scope: str | None = optional(scope_name, default=None, rest=True)


class Sending(StrEnum):
    AUTOMATIC = "automatic"
    BY_HAND = "by-hand"


@dataclass(frozen=True, slots=True)
class Schedule:
    sending: Sending | None = optional(choice(Sending), default=None)
    scope: str | None = optional(scope_name, default=None, rest=True)


def _which(call: Call[Any], named: str | None, context: Context) -> str:
    """The digest that is meant: as named, of this room, or the only one somebody decides about."""
    if named is not None:
        return named
    known = scopes(context.settings)
    if call.room.cluster in known:
        return str(call.room.cluster)
    community = context.settings.community
    mine = [one for one in known if may_coordinate(call.asker, community, one or None)]
    theirs = [one for one in mine if _is_named(call, one, context)]
    if len(theirs) == 1:
        return theirs[0]
    if len(mine) == 1:
        return mine[0]
    titles = [title_of(one, context) for one in mine or known]
    example = f"{call.sign}{call_name(call)} {title_of((mine or known)[0], context)}"
    raise MemberError(replies.which_digest(call.words, titles, example))


def call_name(call: Call[Any]) -> str:
    """What an example of the command begins with."""
    return "digest schedule by-hand" if isinstance(call.arguments, Schedule) else "digest preview"


def _is_named(call: Call[Any], scope: str, context: Context) -> bool:
    found = context.settings.community.cluster(scope)
    return found is not None and call.asker.user_id in found.coordinators


# ── the week's ────────────────────────────────────────────────────────────────────────────────


def preview(call: Call[OneDigest], context: Context) -> Posts:
    """How it would read now; where members read along, what they may read."""
    scope = _which(call, call.arguments.scope, context)
    require_coordinator(call.asker, scope, context)
    since = begins(scope, context.now, context)
    digest = compose(scope_of(scope, since, context.now, context), context)
    staff = call.direct or call.room.kind is RoomKind.COORDINATORS
    if not staff and call.room.cluster != scope:
        raise MemberError(replies.not_yours(call.words, title_of(scope, context)))
    shown = Shown(
        digest,
        title_of(scope, context),
        since.astimezone(zone(context)),
        context.now.astimezone(zone(context)),
        links_of(digest.lines, call.words, context),
    )
    quotes = {each for one in digest.lines for each in (*one.sources, one.quoted) if each}
    reply = replies.preview(call.words, shown, staff=staff)
    return call.answer(reply, quotes=tuple(sorted(quotes)))


def send_now(call: Call[OneDigest], context: Context) -> Posts:
    kept = _draft(call, context)
    title = title_of(kept.scope, context)
    if not readers(kept.scope, context):
        raise MemberError(replies.no_room(call.words, title))
    posts = acting.send(kept, call.asker, context)
    return [*posts, *call.answer(replies.sent(call.words, title))]


def skip_now(call: Call[OneDigest], context: Context) -> Posts:
    kept = _draft(call, context)
    posts = acting.skip(kept, call.asker, context)
    return [*posts, *call.answer(replies.skipped(call.words, title_of(kept.scope, context)))]


def _draft(call: Call[OneDigest], context: Context) -> KeptDigest:
    """The draft that waits."""
    scope = _which(call, call.arguments.scope, context)
    require_coordinator(call.asker, scope, context)
    kept = digests.newest(context.connection, scope)
    if kept is not None and kept.state is DigestState.DRAFT:
        return kept
    title, due = title_of(scope, context), _next_draft(scope, context)
    preview_command = f"{call.sign}digest preview"
    raise MemberError(replies.no_draft(call.words, title, due, preview_command))


def _next_draft(scope: str, context: Context) -> datetime | None:
    """When the next draft is due, on the community's clock; None while it is paused."""
    if is_paused(context.connection, scope or None, context.now):
        return None
    settings, here = context.settings, zone(context)
    local = context.now.astimezone(here).replace(tzinfo=None)
    moment = when.next_draft(local, settings.digests, settings.limits.quiet_days)
    return moment.wall_time.replace(tzinfo=here)


def plan(call: Call[Schedule], context: Context) -> Posts:
    """When digests come, and whether they go out by themselves."""
    sending, posts = call.arguments.sending, list[Post]()
    if sending is not None:
        scope = _which(call, call.arguments.scope, context)
        require_coordinator(call.asker, scope, context)
        on = sending is Sending.AUTOMATIC
        meta.put(context.connection, meta.AUTOMATIC + scope, "on" if on else "off")
        posts += _draft_goes(scope, on, context)
    elif call.arguments.scope is not None or call.room.cluster is not None:
        scope = _which(call, call.arguments.scope, context)
    else:
        lines = [_plan(one, context) for one in scopes(context.settings)]
        return call.answer(replies.schedule(call.words, lines, call.sign))
    shown = replies.schedule(call.words, [_plan(scope, context)], call.sign)
    return [*posts, *call.answer(shown)]


def _draft_goes(scope: str, automatic: bool, context: Context) -> list[Post]:
    """A draft that waits says when it goes, and does."""
    kept, room = digests.newest(context.connection, scope), desk(context)
    if kept is None or kept.state is not DigestState.DRAFT or room is None:
        return []
    alarm = [Alarm(sending_alarm(kept, room.room_id, context))] if automatic else []
    return [*alarm, *renew(kept, context)]


def _plan(scope: str, context: Context) -> Plan:
    due = _next_draft(scope, context)
    sends = None
    if due is not None and is_automatic(scope, context):
        sends = datetime.combine(due.date(), context.settings.digests.send_at, zone(context))
    return Plan(title_of(scope, context), due, sends)


# ── one's own ─────────────────────────────────────────────────────────────────────────────────

_HOUR = re.compile(r"(?:at\s+)?(\d{1,2})(?:[:.h](\d{2}))?(?:\s*(?:h|uhr|o'clock))?", re.IGNORECASE)


def _read_own(typed: str, around: Surroundings) -> time | bool | Refusal:
    plain = typed.strip().casefold()
    if plain in ("on", "yes", "an", "oui", "sí", "sì", "ja"):
        return True
    if plain in ("off", "no", "stop", "aus", "non", "nein", "nee"):
        return False
    found = _HOUR.fullmatch(plain)
    if found is None or int(found[1]) > 23 or int(found[2] or 0) > 59:
        return Refusal(replies.unread_hour(around.words, typed, "digest me 07:30"))
    return time(int(found[1]), int(found[2] or 0))


own_hour: Reader[time | bool] = Reader(N_("on, off or an hour"), _read_own)


@dataclass(frozen=True, slots=True)
class Mine:
    hour: time | bool = argument(
        own_hour, rest=True, question=N_("Do you want a digest of your own? on, off, or an hour.")
    )


def set_own(call: Call[Mine], context: Context) -> Posts:
    wish = call.arguments.hour
    if wish is False:
        unsubscribe(call.asker, context)
        return call.answer(replies.own_off(call.words, call.sign))
    alarm = subscribe(call.asker, wish if isinstance(wish, time) else None, context)
    due = alarm.timer.wall_time.replace(tzinfo=context.zone_of(call.asker))
    return [alarm, *call.answer(replies.own_on(call.words, due, call.sign))]


PREVIEW = Command(
    name="digest preview",
    arguments=OneDigest,
    handler=preview,
    summary=N_("how the digest would read now"),
    example="digest preview",
    who=Who.COORDINATORS,
)
SEND = Command(
    name="digest send",
    arguments=OneDigest,
    handler=send_now,
    summary=N_("send the draft that waits, like 👍 on it"),
    example="digest send",
    who=Who.COORDINATORS,
)
SKIP = Command(
    name="digest skip",
    arguments=OneDigest,
    handler=skip_now,
    summary=N_("no digest this week, like ⏭️ on the draft"),
    example="digest skip",
    who=Who.COORDINATORS,
)
SCHEDULE = Command(
    name="digest schedule",
    arguments=Schedule,
    handler=plan,
    summary=N_("when digests are drafted, and whether they go out by themselves"),
    example="digest schedule automatic",
    who=Who.COORDINATORS,
)
ME = Command(
    name="digest me",
    arguments=Mine,
    handler=set_own,
    summary=N_("five lines of your own in our direct chat, at your hour"),
    example="digest me 07:30",
    private=True,
)
COMMANDS = (PREVIEW, SEND, SKIP, SCHEDULE, ME)

DIGESTS = Listener(
    kind="digest",
    posts=("digest/",),
    said=acting.said,
    tapped=acting.tapped,
    taken_back=following.taken_back,
    erased=forget_speaker,
    retold=following.retold,  # of members, too: who may act on a draft is asked there
)

"""From a stored digest to what coordinators and members read."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from commands.context import Context, Settings
from commands.digests import replies, rules
from commands.digests.replies import Shown, Status
from commands.digests.rules import Digest, Line
from commands.digests.scope import Scope
from commands.pausing import is_paused
from commands.permissions import coordinated_by
from commands.posts import Change, Post, Say, TakeBack
from commands.reply import Mention, MessageLink, Reply
from commands.rights import as_of_now
from commands.words import Words
from storage import digests, meta, outbox, people, rooms
from storage.digests import COMMUNITY, DigestState, KeptDigest
from storage.records import Person, Room, RoomKind
from storage.timers import due_instant

LONG = timedelta(days=8)
LATE = timedelta(hours=1)


def zone(context: Context) -> ZoneInfo:
    """The community's."""
    return ZoneInfo(context.settings.community.time_zone)


def title_of(scope: str, context: Context) -> str:
    """What a digest is called after: its cluster, or the community."""
    cluster = context.settings.community.cluster(scope)
    return context.settings.community.name if cluster is None else cluster.title


def scopes(settings: Settings) -> list[str]:
    """What there are digests of: each cluster, and the community if it has several."""
    slugs = [cluster.slug for cluster in settings.community.clusters]
    return [*slugs, COMMUNITY] if len(slugs) > 1 else slugs


def scope_of(cluster: str, since: datetime, until: datetime, context: Context) -> Scope:
    """A digest's subject."""
    today = until.astimezone(zone(context)).date()
    if cluster == COMMUNITY:
        return Scope(None, since, until, today)
    room = rooms.of_cluster(context.connection, cluster)
    chain = () if room is None else tuple(rooms.chain(context.connection, room))
    return Scope(cluster, since, until, today, chain)


def begins(scope: str, until: datetime, context: Context) -> datetime:
    """From when on a digest tells that is made now."""
    last = digests.told_until(context.connection, scope)
    local = until.astimezone(zone(context)).replace(tzinfo=None)
    week_ago = due_instant(local - rules.FIRST_WINDOW, zone(context).key)
    return rules.window(last, until, week_ago)


def desk(context: Context) -> Room | None:
    """The coordinators' room."""
    found = rooms.find(context.connection, kind=RoomKind.COORDINATORS, joined=True)
    return next((room for room in found if room.successor is None), None)


def readers(scope: str, context: Context) -> list[Room]:
    """The rooms that read a digest: the cluster's; of the community all that are not paused."""
    every = [cluster.slug for cluster in context.settings.community.clusters]
    slugs = [scope] if scope != COMMUNITY else every
    found = (
        rooms.of_cluster(context.connection, slug)
        for slug in slugs
        if scope != COMMUNITY or not is_paused(context.connection, slug, context.now)
    )
    return [room for room in found if room is not None and room.joined]


def is_automatic(scope: str, context: Context) -> bool:
    """Whether a digest goes out by itself: as a coordinator said, else as configured."""
    said = meta.get(context.connection, meta.AUTOMATIC + scope)
    return said == "on" if said else scope in context.settings.digests.automatic


def coordinators_of(scope: str, context: Context) -> list[Person]:
    """Who coordinates it and is in the coordinators' room."""
    room = desk(context)
    here = [] if room is None else people.find(context.connection, room_number=room.id)
    community = context.settings.community
    found = []
    for someone in here:
        now = as_of_now(context.connection, someone)
        if now.user_id == context.me:
            continue
        named = (
            community.coordinators
            if scope == COMMUNITY
            else next((c.coordinators for c in community.clusters if c.slug == scope), ())
        )
        granted = scope != COMMUNITY and scope in coordinated_by(now, community)
        project = now.user_id in community.coordinators or now.user_id in community.operators
        if now.user_id in named or (granted and not project):
            found.append(now)
    if not found and scope != COMMUNITY:
        return coordinators_of(COMMUNITY, context)  # nobody coordinates it: who stands in
    return found


def links_of(lines: Iterable[Line], words: Words, context: Context) -> dict[str, MessageLink]:
    """Where the lines lead."""
    links = {}
    for one in lines:
        if one.room_id is None or one.event_id is None:
            continue
        room = rooms.get(context.connection, one.room_id)
        via = () if room is None else room.via
        links[one.key] = MessageLink(one.room_id, one.event_id, words.text("message"), via)
    return links


def digest_of(kept: KeptDigest) -> Digest:
    """Its lines."""
    return rules.from_json(kept.content)


def shown(kept: KeptDigest, words: Words, context: Context) -> Shown:
    """What it takes to show a stored digest."""
    digest, here = digest_of(kept), zone(context)
    late = kept.until - kept.due > LATE
    return Shown(
        digest,
        title_of(kept.scope, context),
        kept.since.astimezone(here),
        kept.until.astimezone(here),
        links_of(digest.lines, words, context),
        kept.due.astimezone(here) if late else None,
        kept.until - kept.since > LONG,
    )


def draft_reply(kept: KeptDigest, context: Context) -> Reply:
    """The draft as it stands, in the community's language."""
    words = context.words
    return replies.draft(words, shown(kept, words, context), _status(kept, context))


def members_reply(kept: KeptDigest, context: Context) -> Reply:
    """What members read."""
    words = context.words
    return replies.digest(words, shown(kept, words, context))


def _status(kept: KeptDigest, context: Context) -> Status:
    by = ""
    if kept.settled_by is not None:
        by = people.know(context.connection, kept.settled_by).display_name
    at = None if kept.settled_at is None else kept.settled_at.astimezone(zone(context))
    if kept.state is not DigestState.DRAFT:
        return Status(kept.state.value, by, at)
    told = tuple(
        Mention(one.user_id, one.display_name) for one in coordinators_of(kept.scope, context)
    )
    sends = sends_at(kept, context) if is_automatic(kept.scope, context) else None
    return Status(sends_at=sends, for_whom=told)


def sends_at(kept: KeptDigest, context: Context) -> datetime:
    """When a draft goes out by itself: at its hour, or at once if that has passed."""
    local = kept.until.astimezone(zone(context))
    hour = datetime.combine(local.date(), context.settings.digests.send_at)
    instant = due_instant(hour, zone(context).key)
    return max(instant, kept.until).astimezone(zone(context))


def sent_keys(kept: KeptDigest, context: Context) -> list[str]:
    """The posts that members read, as far as they were made."""
    slugs = [slug for slug in scopes(context.settings) if slug != COMMUNITY]
    keys = [kept.sent_key, *(f"{kept.sent_key}/{slug}" for slug in slugs)]
    return [key for key in keys if outbox.was_posted(context.connection, key)]


def renew(kept: KeptDigest, context: Context, *, erased: bool = False) -> list[Post]:
    """The posts say what is stored. erased: earlier versions of them must not be found any more."""
    posts: list[Post] = []
    told = [(kept.draft_key, draft_reply(kept, context))]
    if kept.state is DigestState.SENT:
        told += [(key, members_reply(kept, context)) for key in sent_keys(kept, context)]
    for key, reply in told:
        if erased:
            posts += [TakeBack(edit) for edit in outbox.edits_of(context.connection, key)]
        if outbox.was_posted(context.connection, key):
            posts.append(Change(key, reply))
    return posts


def under_draft(kept: KeptDigest, reply: Reply, context: Context) -> list[Post]:
    """A word in the thread of the draft."""
    lane = outbox.lane_of(context.connection, kept.draft_key)
    root = outbox.event_of(context.connection, kept.draft_key)
    room = desk(context)
    if room is None or lane is None:
        return []
    return [Say(room.room_id, reply, thread=root)]

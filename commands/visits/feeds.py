"""Calendars to subscribe to: off by default, each behind an address that can be taken back."""

from dataclasses import dataclass
from datetime import timedelta
from hashlib import blake2b

from commands.arguments import Switch, argument, switch
from commands.command import Call
from commands.context import Context
from commands.permissions import may_coordinate
from commands.posts import Posts
from commands.visits import calendar, feed_words
from commands.visits.deciding import entry_of
from commands.words import N_
from storage import meta, visits
from storage.visit_records import TAKES_PLACE, VisitState

COMMUNITY = "*"  # all clusters
FORGOTTEN_AFTER = timedelta(days=30)  # cancelled visits are shown struck out for so long
_KEY = "calendar/"


@dataclass(frozen=True, slots=True)
class Feed:
    state: Switch = argument(
        switch, question=N_("Shall there be a calendar to subscribe to, on or off?")
    )


def set_feed(call: Call[Feed], context: Context) -> Posts:
    """On makes a new address and ends the old; outside cluster rooms it is for all of them."""
    url = context.settings.visits.feed_url
    if context.settings.visits.feed_listen is None or url is None:
        return call.answer(feed_words.not_served(call.words))
    scope = call.room.cluster or COMMUNITY
    named = None if scope == COMMUNITY else scope
    if not may_coordinate(call.asker, context.settings.community, named):
        return call.answer(feed_words.not_yours(call.words))
    for token in _tokens(scope, context):
        meta.forget(context.connection, f"{_KEY}{token}")
    if call.arguments.state is Switch.OFF:
        return call.answer(feed_words.off(call.words))
    # Nobody outside knows the hall's id, so nobody can guess what follows from it.
    secret = f"{meta.hall_id(context.connection)}/{context.cause}/{scope}"
    token = blake2b(secret.encode(), digest_size=20).hexdigest()
    meta.put(context.connection, f"{_KEY}{token}", scope)
    return call.answer(feed_words.on(call.words, f"{url}/calendar/{token}.ics"))


def _tokens(scope: str, context: Context) -> list[str]:
    known = meta.beginning_with(context.connection, _KEY)
    return [key.removeprefix(_KEY) for key, value in known.items() if value == scope]


def calendar_of(token: str, context: Context) -> bytes | None:
    """The calendar behind an address; None if there is none, or no longer."""
    scope = meta.get(context.connection, f"{_KEY}{token}")
    if scope is None:
        return None
    community = context.settings.community
    cluster = None if scope == COMMUNITY else community.cluster(scope)
    found = visits.find(
        context.connection,
        states=TAKES_PLACE | {VisitState.CANCELLED},
        cluster=None if cluster is None else cluster.slug,
    )
    since = context.now - FORGOTTEN_AFTER
    entries = [
        entry_of(one, context)
        for one in found
        if one.start is not None
        and one.stamp is not None
        and (one.state is not VisitState.CANCELLED or one.stamp > since)
    ]
    return calendar.feed(entries, community.name if cluster is None else cluster.title)

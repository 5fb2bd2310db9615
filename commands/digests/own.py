"""A digest of one's own, in the direct chat: five lines, what needs the reader first."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime, time, timedelta

from commands.audience import Audience, of_person
from commands.context import Context
from commands.digests import replies, rules, things
from commands.digests.gathering import gather
from commands.digests.replies import Shown
from commands.digests.rules import Line, Section, What
from commands.digests.scope import Scope
from commands.digests.showing import links_of, scope_of, scopes, zone
from commands.events import TimerDue
from commands.permissions import may_coordinate, roles_of
from commands.posts import Alarm, Post, Posts, Tell
from commands.rights import as_of_now
from commands.subscribing import next_alarm
from storage import archive, digests, people, promises, rooms, visits, votes
from storage.digests import COMMUNITY
from storage.promises import UNFINISHED
from storage.records import Person, Role
from storage.visit_records import VisitState

FIVE = 5
DUE_SOON = timedelta(days=7)
NO_MORE = timedelta(days=2)  # a digest of one's own that is so late is left to the next
WATCHED = frozenset(
    {What.CLASH, What.DATES_CLOSED, What.DATES_OPEN, What.QUESTION, What.QUIET_CITY,
     What.REPORT_OVERDUE, What.COORDINATOR_GONE}
)  # fmt: skip


def due(event: TimerDue, context: Context) -> Posts:
    """Somebody's hour has come; nothing is said where there is nothing."""
    person = people.get(context.connection, event.payload["person"])
    reader = None if person is None else digests.reader(context.connection, person.id)
    if person is None or reader is None or reader.at != event.payload["at"]:
        return ()
    posts: list[Post] = [Alarm(next_alarm(person, time.fromisoformat(reader.at), context))]
    if context.now - event.due > NO_MORE:
        return posts
    since = reader.since or context.now - rules.FIRST_WINDOW
    digests.note_told(context.connection, person.id, context.now)
    edition, lines, over = lines_for(as_of_now(context.connection, person), since, context)
    if not lines:
        return posts
    words = context.words_for(person)
    left_out = {rules.LeftOut.OVER: over} if over else {}
    shown = Shown(
        rules.Digest(tuple(lines), left_out),
        things.city_name(person.city, context),
        since.astimezone(zone(context)),
        context.now.astimezone(context.zone_of(person)),
        links_of(lines, words, context),
    )
    quotes = {each for one in lines for each in (*one.sources, one.quoted) if each is not None}
    told = Tell(
        person.user_id, replies.own(words, shown, edition, ""),
        key=f"own/{event.key}", quotes=tuple(sorted(quotes)),
    )  # fmt: skip
    return [*posts, told]


def lines_for(person: Person, since: datetime, context: Context) -> tuple[str, list[Line], int]:
    """The edition of a person, its lines, and how many more there were."""
    scope = scope_of(COMMUNITY, since, context.now, context)
    mine = rooms.clusters_of(context.connection, person.id)
    known = [slug for slug in scopes(context.settings) if slug in mine and slug != COMMUNITY]
    community = context.settings.community
    if may_coordinate(person, community, None) and person.user_id not in community.operators:
        edition, lines = "project", _watched(known, since, context)
    elif person.city and Role.CITY_LEAD in roles_of(person, community):
        city = [*needs(person, scope, context), *_of_city(person, known, since, context)]
        edition, lines = "city", city
    else:
        told = [one for slug in known for one in _news(slug, since, context)]
        edition, lines = "member", [*needs(person, scope, context), *told]
    audience = of_person(context.connection, person)
    readable = [one for one in _once(lines) if _may_read(one, audience, context)]
    return edition, readable[:FIVE], max(len(readable) - FIVE, 0)


def _once(lines: Iterable[Line]) -> list[Line]:
    found: dict[str, Line] = {}
    for one in lines:
        found.setdefault(one.key, one)
    return list(found.values())


def _may_read(line: Line, audience: Audience, context: Context) -> bool:
    """Whether the reader may read the message that a line repeats."""
    if line.quoted is None:
        return True
    message = archive.get(context.connection, line.quoted)
    return message is None or bool(audience.readable([message]))


def _news(slug: str, since: datetime, context: Context) -> list[Line]:
    """What the digest of a cluster would tell its members, the most pressing first."""
    found = gather(scope_of(slug, since, context.now, context), context)
    told = rules.choose(found.lines, {}, cap=2).for_members().lines
    return [one for one in told if one.section in rules.NEWS]


def _watched(slugs: Sequence[str], since: datetime, context: Context) -> list[Line]:
    """What a project coordinator looks after: clashes, what waits, silent cities."""
    lines = [
        one
        for slug in slugs
        for one in gather(scope_of(slug, since, context.now, context), context).lines
        if one.what in WATCHED
    ]
    order = {section: place for place, section in enumerate(Section)}
    urgent = {What.CLASH: -2, What.COORDINATOR_GONE: -1}
    return sorted(
        lines, key=lambda one: (urgent.get(one.what, order[one.section]), one.rank, one.key)
    )


def _of_city(person: Person, slugs: Sequence[str], since: datetime, context: Context) -> list[Line]:
    """What concerns a city: what it hosts, promised, gave, asked."""
    name = things.city_name(person.city, context)
    lines = [
        one
        for slug in slugs
        for one in gather(scope_of(slug, since, context.now, context), context).lines
        if not one.staff and name in (one.facts.get(key) for key in ("city", "host", "giver"))
    ]
    return list(rules.choose(lines, {}, cap=FIVE).lines)


def needs(person: Person, scope: Scope, context: Context) -> list[Line]:
    """What waits for the reader: own promises, dates without their city's answer."""
    lines: list[Line] = []
    soon = scope.today + DUE_SOON
    for one in promises.find(context.connection, progress=UNFINISHED):
        if one.owner != person.user_id or one.due is None or one.due > soon or not one.text:
            continue
        state = "overdue" if one.due < scope.today else "due"
        facts = {"name": one.name, "city": "", "state": state, "due": one.due.isoformat()}
        room = rooms.of_cluster(context.connection, one.cluster)
        lines.append(
            Line(
                f"promise/{one.id}", Section.PROMISES, What.PROMISE, facts,
                float((one.due - scope.today).days), None if room is None else room.room_id,
                one.source, rules.excerpt(one.text), one.source, (one.source,),
            )
        )  # fmt: skip
    mine = rooms.clusters_of(context.connection, person.id)
    for visit in visits.find(context.connection, states={VisitState.POLLING}):
        theirs = [v for v in visit.electorate if person.user_id in (*v.people, v.contact)]
        said = {one.person for one in votes.find(context.connection, visit.id) if one.value}
        if visit.cluster not in mine or not theirs:
            continue
        if all(said & {*voice.people, voice.contact} for voice in theirs):
            continue
        found = things.visit_lines(replace(scope, cluster=visit.cluster), context)
        lines += [one for one in found if one.key == f"visit/{visit.id}"]
    return sorted(lines, key=lambda one: one.rank)

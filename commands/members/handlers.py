"""`!whoami`, `!settings`, `!member`, `!privacy`: what the hall knows about people."""

from dataclasses import dataclass, replace
from enum import StrEnum

from commands.arguments import (
    Reader,
    Refusal,
    Surroundings,
    Switch,
    argument,
    choice,
    city,
    city_or_cluster,
    language,
    option,
    optional,
    options,
    person,
    switch,
    switch_or_question,
    time_zone,
    word,
)
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.members import erasure_words, replies, rules
from commands.members.rules import RoleChange
from commands.permissions import (
    Who,
    coordinated_by,
    may_coordinate,
    may_grant,
    may_move,
    may_place,
    roles_of,
)
from commands.posts import Alarm, CleanUp, Compile, Posts, React
from commands.subscribing import subscribe, unsubscribe
from commands.words import N_, words_in
from storage import (
    asked,
    erasures,
    media,
    people,
    personal,
    practices,
    questions,
    redacting,
    reviews,
    rooms,
    silences,
    traces,
    transfers,
)
from storage.practices import UNFINISHED
from storage.questions import Question
from storage.records import (
    City,
    Cluster,
    EventId,
    Person,
    PracticeState,
    Role,
    RoomId,
    RoomKind,
    UserId,
)
from storage.types import milliseconds


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


def whoami(call: Call[Nothing], context: Context) -> Posts:
    return call.answer(replies.whoami(call.words, _card(call.asker, context), sign=call.sign))


def _card(someone: Person, context: Context) -> replies.Card:
    community = context.settings.community
    home = community.city(someone.city) if someone.city else None
    zone = context.zone_of(someone)
    return replies.Card(
        name=someone.display_name,
        user_id=someone.user_id,
        city=None if home is None else home.name,
        organisation=someone.organisation,
        roles=roles_of(someone, community),
        language=someone.language or community.language,
        time_zone=zone.key,
        local_time=context.now.astimezone(zone),
        digest=someone.digest,
        archive=someone.archive,
    )


# ── settings ──────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Language:
    language: str = argument(
        language, rest=True, question=N_("Which language shall I speak with you?")
    )


@dataclass(frozen=True, slots=True)
class Zone:
    zone: str = argument(
        time_zone, rest=True, question=N_("Which time zone are you in? A city will do.")
    )


@dataclass(frozen=True, slots=True)
class Digest:
    state: Switch = argument(
        switch, question=N_("Do you want a digest of your own in our direct chat, on or off?")
    )


def show_settings(call: Call[Nothing], context: Context) -> Posts:
    return call.answer(replies.settings(call.words, _card(call.asker, context), sign=call.sign))


def set_language(call: Call[Language], context: Context) -> Posts:
    chosen = call.arguments.language
    people.change(context.connection, call.asker.user_id, language=chosen)
    return call.answer(replies.language_set(words_in(chosen), chosen))


def set_time_zone(call: Call[Zone], context: Context) -> Posts:
    people.change(context.connection, call.asker.user_id, time_zone=call.arguments.zone)
    there = replace(call.asker, time_zone=call.arguments.zone)
    local_time = context.now.astimezone(context.zone_of(there))
    return call.answer(replies.time_zone_set(call.words, call.arguments.zone, local_time))


def set_digest(call: Call[Digest], context: Context) -> Posts:
    on = call.arguments.state is Switch.ON
    alarms = [subscribe(call.asker, None, context)] if on else []
    if not on:
        unsubscribe(call.asker, context)
    return [*alarms, *call.answer(replies.digest_set(call.words, on=on))]


# ── members ───────────────────────────────────────────────────────────────────────────────────


def _read_role_change(typed: str, around: Surroundings) -> RoleChange | Refusal:
    role = choice(Role).read(typed.removeprefix("-"), around)
    return role if isinstance(role, Refusal) else RoleChange(role, not typed.startswith("-"))


role_change: Reader[RoleChange] = Reader(N_("role"), _read_role_change)


@dataclass(frozen=True, slots=True)
class SetMember:
    who: Person = argument(
        person, rest=True, question=N_("Who is it? A name or an address will do.")
    )
    city: City | None = option(city)
    role: tuple[RoleChange, ...] = options(role_change)
    language: str | None = option(language)
    organisation: str | None = option(word)


@dataclass(frozen=True, slots=True)
class ListMembers:
    place: City | Cluster | None = optional(city_or_cluster, default=None, rest=True)


def set_member(call: Call[SetMember], context: Context) -> Posts:
    given, community = call.arguments, context.settings.community
    if given.organisation is None and not (given.city or given.role or given.language):
        example = f"{call.sign}{SET_MEMBER.example}"
        raise MemberError(replies.nothing_to_set(call.words, example))
    new_city = given.who.city if given.city is None else given.city.slug
    if not may_place(call.asker, community, given.who, new_city):
        raise MemberError(replies.not_your_cluster(call.words))
    if not may_move(call.asker, community, given.who, new_city):
        raise MemberError(replies.not_yours_to_grant(call.words, Role.CLUSTER_COORDINATOR))
    for change in given.role:
        if not may_grant(call.asker, community, change.role):
            raise MemberError(replies.not_yours_to_grant(call.words, change.role))
    spoken = given.language or given.who.language
    roles = rules.changed_roles(given.who.roles, given.role)
    organisation = given.who.organisation if given.organisation is None else given.organisation
    people.change(
        context.connection, given.who.user_id,
        city=new_city, language=spoken, organisation=organisation,
    )  # fmt: skip
    people.set_roles(context.connection, given.who.user_id, roles)
    now = replace(given.who, city=new_city, roles=roles, language=spoken, organisation=organisation)
    return call.answer(
        replies.member_set(call.words, _entry(now, context), language=given.language)
    )


def list_members(call: Call[ListMembers], context: Context) -> Posts:
    community = context.settings.community
    match call.arguments.place:
        case City() as town:
            _require_coordinator(call, context, town.cluster)
            found, place = people.find(context.connection, city=town.slug), town.name
        case Cluster() as cluster:
            _require_coordinator(call, context, cluster.slug)
            found, place = _people_of(cluster, context), cluster.title
        case None:
            mine = coordinated_by(call.asker, community)
            here = [c for c in community.clusters if c.slug == call.room.cluster]
            shown = here or [c for c in community.clusters if c.slug in mine]
            every = {p.id: p for c in shown for p in _people_of(c, context)}
            found = list(every.values())
            place = call.words.listing([c.title for c in shown]) or community.name
    listed, hidden = rules.listed([p for p in found if p.user_id != context.me])
    entries = [_entry(someone, context) for someone in listed]
    return call.answer(replies.member_list(call.words, entries, place=place, hidden=hidden))


def _require_coordinator(call: Call[ListMembers], context: Context, cluster: str) -> None:
    if not may_coordinate(call.asker, context.settings.community, cluster):
        raise MemberError(replies.not_your_cluster(call.words))


def _people_of(cluster: Cluster, context: Context) -> list[Person]:
    """Everybody of the cluster's cities, and everybody in its room."""
    towns = [c.slug for c in context.settings.community.cities if c.cluster == cluster.slug]
    found = [p for slug in towns for p in people.find(context.connection, city=slug)]
    room = rooms.of_cluster(context.connection, cluster.slug)
    if room is not None:
        found += people.find(context.connection, room_number=room.id)
    return list({p.id: p for p in found}.values())


def _entry(someone: Person, context: Context) -> replies.Entry:
    community = context.settings.community
    home = community.city(someone.city) if someone.city else None
    return replies.Entry(
        name=someone.display_name,
        user_id=someone.user_id,
        city=None if home is None else home.name,
        roles=roles_of(someone, community),
        organisation=someone.organisation,
    )


GONE = UNFINISHED | {PracticeState.WITHDRAWN}

# ── privacy ───────────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Keeping:
    state: Switch = argument(
        switch, rest=True, question=N_("Shall the archive keep your words, on or off?")
    )


@dataclass(frozen=True, slots=True)
class Privacy:
    """Who says "privacy off" means the archive, and must not take an overview for a yes."""

    state: Switch | None = optional(switch_or_question, default=None, rest=True)


def show_privacy(call: Call[Privacy], context: Context) -> Posts:
    if call.arguments.state is not None:
        return _keep_words(call.arguments.state, call, context)
    archive = context.settings.archive
    theirs = rooms.rooms_of(context.connection, call.asker)
    mine = practices.find(context.connection, author=call.asker.id)
    kept = [
        (room.name or room.room_id, archive.kept_for(room))
        for room in theirs
        if room.kind not in (RoomKind.SPACE, RoomKind.DIRECT)
        and rooms.keeps_words(context.connection, room)
        and not any(room.successor == each.room_id for each in theirs)
    ]
    files, whole_files = media.sent_by(context.connection, call.asker.id)
    counts = personal.tally(context.connection, call.asker.id, call.asker.user_id)
    stored = replies.Stored(
        card=_card(call.asker, context),
        messages=people.archived_messages(context.connection, call.asker.id),
        kept=tuple(kept),
        files=files,
        whole_files=whole_files,
        reactions=counts.get("reactions", 0),
        controller=archive.controller,
        contact=archive.contact,
        retention=archive.retention,
        drafts=tuple(each.name for each in mine if each.state in UNFINISHED),
        practices=tuple(each.name for each in mine if each.state not in GONE),
        reviews=reviews.given_by(context.connection, call.asker.id),
        entries=transfers.written_by(context.connection, call.asker.id),
        votes=traces.votes(context.connection, call.asker.user_id),
        written=traces.written(context.connection, call.asker.user_id),
        asked=asked.asked_by(context.connection, call.asker.user_id),
    )
    return call.answer(replies.privacy(call.words, stored, sign=call.sign))


def set_archive(call: Call[Keeping], context: Context) -> Posts:
    return _keep_words(call.arguments.state, call, context)


def _keep_words(state: Switch, call: Call[Keeping] | Call[Privacy], context: Context) -> Posts:
    # From the moment it was said, also if the hall heard it late.
    since = milliseconds(call.said.at)
    if state is Switch.ON:
        silences.end(context.connection, call.asker.id, since)
        return call.answer(replies.archive_on(call.words))
    silences.begin(context.connection, call.asker.id, since)
    language = context.settings.community.language
    redacting.erase_since(context.connection, since, language, sender=call.asker.id)
    told = replies.archive_off(call.words, erase=f"{call.sign}privacy erase")
    return [*call.answer(told), CleanUp()]


def export_mine(call: Call[Nothing], context: Context) -> Posts:
    """A file in the direct chat; put together when it is sent, so that nothing lies about."""
    to: RoomId | UserId = call.room.room_id if call.direct else call.asker.user_id
    asked = {"person": call.asker.user_id, "language": call.words.language}
    made = Compile(to, "about me", asked, call.thread if call.direct else None)
    mark = React(call.room.room_id, call.said.event_id, "✉️")
    return [made, mark]


class Sure(StrEnum):
    YES = "yes"
    KEEP = "keep-practices"


@dataclass(frozen=True, slots=True)
class Erase:
    # All that is left: "yes keep-practices" must not be taken for a plain yes.
    sure: Sure | None = optional(choice(Sure), default=None, rest=True)


def erase_me(call: Call[Erase], context: Context) -> Posts:
    """First what would go; then, if they say so within ten minutes, it goes."""
    connection, asker = context.connection, call.asker
    if any(one.person_id == asker.id for one in erasures.find(connection, *erasures.UNDER_WAY)):
        return call.answer(erasure_words.going_on(call.words))
    shown = EventId(f"privacy erase/{asker.id}")  # that it was shown, wherever it is confirmed
    sure = call.arguments.sure
    if sure is None or questions.waiting(connection, shown, asker.id, context.now) is None:
        questions.ask(connection, shown, asker.id, Question(ERASE.name, ""), context.now)
        typed = "privacy erase"
        return call.answer(
            erasure_words.preview(
                call.words,
                _would_go(asker, context),
                yes=f"{typed} {Sure.YES}",
                keep=f"{typed} {Sure.KEEP}",
                export="privacy export",
            )
        )
    questions.forget(connection, shown, asker.id)
    asked = erasures.request(
        connection, asker, call.said.at, context.now, keep_practices=sure is Sure.KEEP
    )
    return [
        *call.answer(erasure_words.begun(call.words)),
        Alarm(erasures.alarm(asked, context.now)),
    ]


def _would_go(asker: Person, context: Context) -> dict[str, int]:
    counts = personal.tally(context.connection, asker.id, asker.user_id)
    mine = practices.find(context.connection, author=asker.id)
    counts["practices"] = sum(each.state is not PracticeState.WITHDRAWN for each in mine)
    counts["messages"] = people.archived_messages(context.connection, asker.id)
    return counts


# ── what is declared ──────────────────────────────────────────────────────────────────────────

WHOAMI = Command(
    name="whoami",
    arguments=Nothing,
    handler=whoami,
    summary=N_("who you are to me: city, roles, language, time zone"),
    example="whoami",
)
SETTINGS = Command(
    name="settings",
    arguments=Nothing,
    handler=show_settings,
    summary=N_("your language, time zone and digest"),
    example="settings",
)
SETTINGS_LANGUAGE = Command(
    name="settings language",
    arguments=Language,
    handler=set_language,
    summary=N_("the language I speak with you"),
    example="settings language Deutsch",
)
SETTINGS_TIMEZONE = Command(
    name="settings timezone",
    arguments=Zone,
    handler=set_time_zone,
    summary=N_("the time zone in which I tell you times"),
    example="settings timezone Europe/Oslo",
)
SETTINGS_DIGEST = Command(
    name="settings digest",
    arguments=Digest,
    handler=set_digest,
    summary=N_("a digest of your own in our direct chat"),
    example="settings digest on",
)
PRIVACY = Command(
    name="privacy",
    arguments=Privacy,
    handler=show_privacy,
    summary=N_("what is stored about you; on or off as in `privacy archive`"),
    example="privacy",
    private=True,
)
PRIVACY_ARCHIVE = Command(
    name="privacy archive",
    arguments=Keeping,
    handler=set_archive,
    summary=N_("whether the archive keeps your words"),
    example="privacy archive off",
    private=True,
)
PRIVACY_EXPORT = Command(
    name="privacy export",
    arguments=Nothing,
    handler=export_mine,
    summary=N_("all that is stored about you, as a file in our direct chat"),
    example="privacy export",
    private=True,
)
ERASE = Command(
    name="privacy erase",
    arguments=Erase,
    handler=erase_me,
    summary=N_("erases all that is stored about you; asks first, and tells what went"),
    example="privacy erase",
    private=True,
)
SET_MEMBER = Command(
    name="member set",
    arguments=SetMember,
    handler=set_member,
    summary=N_("somebody's city, organisation, roles and language; role:-… takes a role"),
    example="member set @ann city:Havnvoll role:city-lead",
    who=Who.COORDINATORS,
)
LIST_MEMBERS = Command(
    name="member list",
    arguments=ListMembers,
    handler=list_members,
    summary=N_("who is in a city or a cluster, with their roles"),
    example="member list Havnvoll",
    who=Who.COORDINATORS,
    private=True,
)

"""Who is asked, who must be able to come, and what is known of them beforehand."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

from commands.context import Context
from commands.dates.holidays import closed_days
from commands.dates.reader import Span
from commands.permissions import roles_of
from commands.reply import Mention
from commands.visits import rules
from commands.visits.proposal_words import Remark
from commands.visits.replies import Named
from commands.words import N_, Words
from storage import people, rooms, visits
from storage.records import City, Person, Role, Room, UserId
from storage.visit_records import ASKED, Electorate, Visit, VisitOption, VisitState

CITY, PERSON = "city/", "person/"
FACILITATOR, COORDINATOR = "facilitator", "coordinator"
ROLES = {FACILITATOR: N_("the facilitator"), COORDINATOR: N_("the lead partner")}


@dataclass(frozen=True, slots=True)
class Wish:
    """Who is to be asked, as it was typed: cities and people by slug and address."""

    host: City
    cities: tuple[City, ...] = ()  # none named: those of the cluster
    required: tuple[City | Person, ...] = ()  # none named: the usual


def electorate(wish: Wish, room: Room, context: Context) -> tuple[Electorate, ...]:
    """The voices, as things stand now: one a city, and those who must be there besides.

    Host, facilitator and lead partner are required unless others are named; the host always is.
    """
    community = context.settings.community
    here = people.find(context.connection, room_number=room.id)
    here = [someone for someone in here if someone.user_id != context.me]
    named = [one for one in wish.required if isinstance(one, City)]
    cluster = [city for city in community.cities if city.cluster == room.cluster]
    cities = dict.fromkeys([wish.host, *(wish.cities or cluster), *named])
    voices = [
        _city(city, here, context, required=city == wish.host or city in named) for city in cities
    ]
    if not wish.required:
        return (*voices, *_usual(here, room, context))
    extra = [one for one in wish.required if isinstance(one, Person)]
    return (
        *voices,
        *(
            Electorate(f"{PERSON}{one.user_id}", (one.user_id,), required=True, counts=False)
            for one in extra
        ),
    )


def _city(city: City, here: Sequence[Person], context: Context, *, required: bool) -> Electorate:
    """A city's people in the room; its lead is its contact, if it has one."""
    community = context.settings.community
    mine = [someone for someone in here if someone.city == city.slug]
    leads = [one for one in mine if Role.CITY_LEAD in roles_of(one, community)]
    return Electorate(
        f"{CITY}{city.slug}",
        tuple(someone.user_id for someone in mine),
        leads[0].user_id if len(leads) == 1 else None,
        required=required,
    )


def _usual(here: Sequence[Person], room: Room, context: Context) -> list[Electorate]:
    """The facilitator and the lead partner, as far as somebody is there to be it."""
    community = context.settings.community
    cluster = community.cluster(room.cluster or "")
    lead = () if cluster is None else cluster.coordinators
    facilitators = [p.user_id for p in here if Role.EXPERT_FACILITATOR in p.roles]
    coordinators = [p.user_id for p in here if p.user_id in lead]
    return [
        Electorate(key, tuple(who), required=True, counts=False)
        for key, who in ((FACILITATOR, facilitators), (COORDINATOR, coordinators))
        if who
    ]


def names_of(voices: Sequence[Electorate], words: Words, context: Context) -> dict[str, str]:
    """What voices are called, their city, or what they are and who; and what people are called."""
    community = context.settings.community
    everybody = people_of(voices, context)
    names = {str(user): name for user, name in everybody.items()}
    for voice in voices:
        who = words.listing([everybody.get(user, user) for user in voice.people])
        if voice.key.startswith(CITY):
            city = community.city(voice.key.removeprefix(CITY))
            names[voice.key] = voice.key.removeprefix(CITY) if city is None else city.name
        elif voice.key in ROLES:
            names[voice.key] = f"{who} ({words.text(ROLES[voice.key])})"
        else:
            names[voice.key] = who
    return names


def people_of(voices: Sequence[Electorate], context: Context) -> dict[UserId, str]:
    """The display names of everybody who may answer."""
    wanted = {user for voice in voices for user in (*voice.people, voice.contact) if user}
    numbers = people.numbers(context.connection, wanted)
    known = people.by_number(context.connection, numbers.values())
    return {one.user_id: one.display_name for one in known.values()}


def deciders(visit: Visit, context: Context) -> list[Mention]:
    """Who may decide, and is to be told when something waits for it: the host, coordinators."""
    community = context.settings.community
    cluster = community.cluster(visit.cluster)
    host = [v for v in visit.electorate if v.key == f"{CITY}{visit.host}" and v.contact is not None]
    leads = [voice.contact for voice in host if voice.contact is not None]
    who = dict.fromkeys(
        [*leads, *((cluster.coordinators if cluster else ()) or community.coordinators)]
    )
    return [Mention(one, people.know(context.connection, one).display_name) for one in who]


def spokesperson(voice: Electorate) -> tuple[UserId, ...]:
    """Whom to remind for a voice: its contact, else all who may answer."""
    return (voice.contact,) if voice.contact is not None else voice.people


# ── what is known beforehand ──────────────────────────────────────────────────────────────────


def booked(context: Context, *, but: int | None = None) -> list[rules.Booked]:
    """What takes people elsewhere: the decided days of visits in all clusters."""
    taken = visits.find(context.connection, states={VisitState.CONFIRMED})
    return [as_booked(one, Span(one.start, one.last)) for one in taken
            if one.id != but and one.start is not None and one.last is not None]  # fmt: skip


def as_booked(visit: Visit, span: Span) -> rules.Booked:
    return rules.Booked(visit.name, span, bound(visit.electorate), visit.host)


def bound(voices: Sequence[Electorate]) -> frozenset[UserId]:
    """The people whom a visit needs: those who must come, by themselves."""
    return frozenset(
        user for voice in voices if voice.required and not voice.counts for user in voice.people
    )


def is_lead(someone: Person, context: Context) -> bool:
    """Whether somebody leads their city."""
    return Role.CITY_LEAD in roles_of(someone, context.settings.community)


def still_asked(context: Context, *, but: int) -> list[Visit]:
    """Visits whose dates are being asked."""
    return [one for one in visits.find(context.connection, states=ASKED) if one.id != but]


def remarks(
    span: Span,
    voices: Sequence[Electorate],
    host: City,
    words: Words,
    context: Context,
    *,
    but: int | None = None,
) -> tuple[Remark, ...]:
    """Holidays of every city concerned, weekends, clashes, and other visits of that week."""
    community = context.settings.community
    found: list[Remark] = []
    held: dict[str, dict[date, dict[str, None]]] = {}  # by name: days, and the cities they are in
    for voice in voices:
        city = community.city(voice.key.removeprefix(CITY)) if voice.key.startswith(CITY) else None
        if city is None:
            continue
        for day, name in holidays_of(city, words, span).items():
            held.setdefault(name, {}).setdefault(day, {})[city.name] = None
    for name, days in held.items():
        towns = dict.fromkeys(town for here in days.values() for town in here)
        found.append(Remark("holiday", tuple(sorted(days)), name, tuple(towns)))
    weekend = tuple(day for day in span.days if day.weekday() in (5, 6))
    if weekend:
        found.append(Remark("weekend", weekend))
    elsewhere = booked(context, but=but)
    known = people_of(voices, context)
    for clash in rules.clashes(span, bound(voices), host.slug, elsewhere):
        who = [known.get(user, user) for user in sorted(clash.people)]
        found.append(Remark("clash", clash.days, clash.booked.what, tuple(who or [host.name])))
    clashing = {remark.name for remark in found if remark.kind == "clash"}
    found += [
        Remark("week", (), one.what)
        for one in rules.same_week(span, elsewhere)
        if one.what not in clashing
    ]
    return tuple(found)


def free_days(visit: Visit, known: Sequence[VisitOption], context: Context) -> tuple[Span, ...]:
    """The next days without a holiday of the host or another visit of the people it needs."""
    host = context.settings.community.city(visit.host)
    today = context.now.astimezone(zone_of(visit)).date()
    after = max([today + timedelta(weeks=2), *(one.last for one in known)])
    ahead = Span(after, after + timedelta(weeks=30))
    busy = set() if host is None else set(holidays_of(host, context.words, ahead))
    needed = bound(visit.electorate)
    for one in booked(context, but=visit.id):
        if needed & one.people or one.host == visit.host:
            busy |= set(one.span.days)
    length = (known[0].last - known[0].start).days + 1 if known else visit.days
    weekday = known[0].start.weekday() if known else 0
    return tuple(rules.free_windows(length, after, busy, first=weekday))


def holidays_of(city: City, words: Words, span: Span) -> dict[date, str]:
    """Of its country, and its own."""
    return closed_days(city.country, words.language, span.days, own=dict(city.holidays))


def named(visit: Visit, context: Context, sign: str | None = None) -> Named:
    """A visit as it is spoken of."""
    city = context.settings.community.city(visit.host)
    return Named(
        visit.name,
        visit.host if city is None else city.name,
        visit.title,
        context.settings.prefix if sign is None else sign,
    )


def zone_of(visit: Visit) -> ZoneInfo:
    """In which the visit's moments are told: its host's."""
    return ZoneInfo(visit.time_zone)


def room_of(visit: Visit, context: Context) -> Room | None:
    """The room in which a visit is spoken of, while we are in it."""
    room = rooms.get(context.connection, visit.room_id)
    return room if room is not None and room.joined else None

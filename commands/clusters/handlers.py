"""`!city`: what the network knows about a city."""

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from commands.arguments import city, optional
from commands.clusters import replies
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.permissions import may_coordinate, roles_of
from commands.posts import Posts
from commands.words import N_
from storage import people, promises, rooms, visits
from storage.promises import UNFINISHED
from storage.records import City, Person, Role, RoomKind
from storage.visit_records import (
    TAKES_PLACE,
    UNDECIDED,
    Promise,
    Recommendation,
    Verdict,
    Visit,
)

ALIVE = TAKES_PLACE | UNDECIDED
OUR_ROOMS = frozenset({RoomKind.CLUSTER, RoomKind.COORDINATORS})


@dataclass(frozen=True, slots=True)
class ShowCity:
    city: City | None = optional(city, default=None, rest=True)


def show_city(call: Call[ShowCity], context: Context) -> Posts:
    community = context.settings.community
    home = community.city(call.asker.city) if call.asker.city else None
    chosen = call.arguments.city or home
    if chosen is None:
        example = f"{call.sign}city {community.cities[0].name}" if community.cities else ""
        raise MemberError(replies.no_city_of_your_own(call.words, example))
    card = _card(chosen, _people_here(chosen, context), context)
    if not _sees(call, chosen, context):
        return call.answer(replies.city_card(call.words, card))
    hosted, taken_on, advised = _kept(chosen, context)
    quotes = (
        *(one.source for one in hosted),
        *(one.source for one in taken_on),
        *(one.source for one in advised),
    )
    full = _with_promises(card, chosen, hosted, taken_on, advised, context)
    return call.answer(replies.city_card(call.words, full), quotes=quotes)


def _sees(call: Call[ShowCity], chosen: City, context: Context) -> bool:
    """Whether what a city promised in its cluster may be told here."""
    if call.room.cluster == chosen.cluster:
        return True
    if call.room.kind not in (RoomKind.DIRECT, RoomKind.COORDINATORS):
        return False
    there = rooms.of_cluster(context.connection, chosen.cluster)
    inside = there is not None and there in rooms.rooms_of(context.connection, call.asker)
    return inside or may_coordinate(call.asker, context.settings.community, chosen.cluster)


def _kept(
    chosen: City, context: Context
) -> tuple[list[Visit], list[Promise], list[Recommendation]]:
    """What a city hosts, has taken on, and still has to answer."""
    advised = promises.recommendations(context.connection, city=chosen.slug)
    return (
        visits.find(context.connection, host=chosen.slug, states=ALIVE),
        promises.find(context.connection, city=chosen.slug, progress=UNFINISHED),
        [one for one in advised if one.verdict is Verdict.MADE],
    )


def _with_promises(
    card: replies.CityCard,
    chosen: City,
    hosted: list[Visit],
    taken_on: list[Promise],
    advised: list[Recommendation],
    context: Context,
) -> replies.CityCard:
    today = context.now.astimezone(ZoneInfo(chosen.time_zone)).date()
    return replace(
        card,
        visits=tuple(
            replies.HostedVisit(
                one.name,
                one.title,
                None if one.start is None or one.last is None else (one.start, one.last),
            )
            for one in hosted
        ),
        promises=tuple(
            replies.CityPromise(
                one.name,
                one.text,
                people.know(context.connection, one.owner).display_name,
                one.due,
                one.due is not None and one.due < today,
            )
            for one in taken_on
        ),
        unanswered=tuple((one.name, one.text) for one in advised),
    )


def _people_here(chosen: City, context: Context) -> list[Person]:
    """People of a city who are in one of our rooms now."""
    return [
        person
        for person in people.find(context.connection, city=chosen.slug)
        if any(room.kind in OUR_ROOMS for room in rooms.rooms_of(context.connection, person))
    ]


def _card(chosen: City, here: list[Person], context: Context) -> replies.CityCard:
    community = context.settings.community
    cluster = community.cluster(chosen.cluster)
    leads = [p for p in here if Role.CITY_LEAD in roles_of(p, community)]
    return replies.CityCard(
        name=chosen.name,
        country=chosen.country,
        cluster=chosen.cluster if cluster is None else cluster.title,
        languages=chosen.languages,
        local_time=context.now.astimezone(ZoneInfo(chosen.time_zone)),
        leads=tuple(p.display_name for p in leads),
        members=tuple(p.display_name for p in here if p not in leads),
    )


CITY = Command(
    name="city",
    arguments=ShowCity,
    handler=show_city,
    summary=N_("a city of the network: cluster, languages, people"),
    example="city Havnvoll",
)

"""`!city`: what the network knows about a city."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from commands.arguments import city, optional
from commands.clusters import replies
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.permissions import roles_of
from commands.posts import Posts
from commands.words import N_
from storage import people, rooms
from storage.records import City, Person, Role, RoomKind

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
    return call.answer(replies.city_card(call.words, card))


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

"""`!whoami`, `!settings`, `!member`, `!privacy`: what the hall knows about people."""

from dataclasses import dataclass

from commands.command import Call, Command
from commands.context import Context
from commands.members import replies
from commands.permissions import roles_of
from commands.posts import Posts
from commands.words import N_
from storage.records import Person


@dataclass(frozen=True, slots=True)
class Nothing:
    """No arguments."""


def whoami(call: Call[Nothing], context: Context) -> Posts:
    sign = "" if call.direct else context.settings.prefix
    card = _card(call.asker, context)
    return call.answer(
        replies.whoami(call.words, card, settings=f"{sign}settings", privacy=f"{sign}privacy")
    )


def _card(person: Person, context: Context) -> replies.Card:
    community = context.settings.community
    city = community.city(person.city) if person.city else None
    zone = context.zone_of(person)
    return replies.Card(
        name=person.display_name,
        user_id=person.user_id,
        city=None if city is None else city.name,
        roles=roles_of(person, community),
        language=person.language or community.language,
        time_zone=zone.key,
        local_time=context.now.astimezone(zone),
        digest=person.digest,
        archive=person.archive,
    )


WHOAMI = Command(
    name="whoami",
    arguments=Nothing,
    handler=whoami,
    summary=N_("who you are to me: city, roles, language, time zone"),
    example="whoami",
)

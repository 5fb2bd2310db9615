"""How a visit's dates stand now: electorate, ledger and closes, brought to the rule."""

from dataclasses import replace

from commands.context import Context
from commands.dates import rules
from commands.dates.reader import Span
from commands.dates.rules import Choice, Option, Party, Terms, Value, Vote
from commands.visits.electing import CITY, zone_of
from storage import people, visits, votes
from storage.records import EventId, UserId
from storage.visit_records import Electorate, Visit, VisitOption, VisitVote


def options_of(visit: Visit, context: Context) -> list[VisitOption]:
    """The dates of a visit."""
    return visits.options(context.connection, visit.id)


def count(visit: Visit, context: Context, *, but: EventId | None = None) -> Choice:
    """A pure function of electorate, ledger and closes: read again and again, it is the same.

    but: as if that event had never been.
    """
    options = options_of(visit, context)
    ledger = [one for one in votes.find(context.connection, visit.id) if one.event_id != but]
    parties = [_party(voice) for voice in with_newcomers(visit, ledger, context)]
    said = rules.fold(
        [_vote(one) for one in ledger], {one.number: one.closed_at for one in options}
    )
    today = context.now.astimezone(zone_of(visit)).date()
    return rules.choose(
        [_option(one) for one in options], parties, said, Terms(visit.quorum, today)
    )


def with_newcomers(
    visit: Visit, ledger: list[VisitVote], context: Context
) -> tuple[Electorate, ...]:
    """Who came into a city's team after the opening speaks for it, too; who was there stays."""
    known = {user for voice in visit.electorate for user in voice.people}
    new = sorted({one.person for one in ledger} - known)
    if not new:
        return visit.electorate
    numbers = people.numbers(context.connection, new)
    city_of = {
        one.user_id: one.city
        for one in people.by_number(context.connection, numbers.values()).values()
    }
    return tuple(
        replace(voice, people=(*voice.people, *(u for u in new if _is_of(voice, city_of.get(u)))))
        for voice in visit.electorate
    )


def _is_of(voice: Electorate, city: str | None) -> bool:
    return city is not None and voice.key == f"{CITY}{city}"


def speaks_for(visit: Visit, user: UserId, context: Context) -> tuple[str, ...]:
    """The keys of the voices that somebody's answers count for."""
    someone = people.get(context.connection, user)
    city = None if someone is None else someone.city
    known = any(user in voice.people for voice in visit.electorate)
    return tuple(
        voice.key
        for voice in visit.electorate
        if user in voice.people or user == voice.contact or (not known and _is_of(voice, city))
    )


def said_by(visit: Visit, user: UserId, party: str | None, context: Context) -> dict[int, Value]:
    """What counts of one person now, by date."""
    options = options_of(visit, context)
    ledger = [_vote(one) for one in votes.find(context.connection, visit.id)]
    folded = rules.fold(ledger, {one.number: one.closed_at for one in options})
    return {
        number: said.value
        for (number, person, named), said in sorted(folded.items(), key=lambda i: i[0][0])
        if person == user and named == party
    }


def _party(voice: Electorate) -> Party:
    return Party(voice.key, voice.people, voice.contact, voice.required, voice.counts)


def _option(one: VisitOption) -> Option:
    span = Span(one.start, one.last)
    return Option(one.number, span, one.refused_by, one.withdrawn, one.closed_at)


def _vote(one: VisitVote) -> Vote:
    value = Value(one.value) if one.value else None
    return Vote(one.event_id, one.option, one.person, one.at, value, one.party)


def still_open(visit: Visit, context: Context) -> list[VisitOption]:
    """Dates that can be voted on."""
    return [
        one
        for one in options_of(visit, context)
        if not one.withdrawn and one.refused_by is None and one.closed_at is None
    ]

"""Dates that are being asked, and who has not answered: for whoever reminds of several at once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Connection, select

from storage import visits, votes
from storage.records import RoomId, UserId
from storage.tables.people import person
from storage.visit_records import Electorate, LineKind, Visit, VisitState, VisitVote

CITY = "city/"  # keys of the voices of cities begin so


@dataclass(frozen=True, slots=True)
class OpenPoll:
    """A visit whose dates are being asked in its room."""

    visit: Visit
    dates: tuple[tuple[int, date, date], ...]  # number, first day, last day: still to choose
    silent: tuple[str, ...]  # keys of voices that have not answered each of them
    awaited: tuple[UserId, ...]  # who speaks for these, without those who want no reminders


def open_polls(
    connection: Connection, *, room_id: RoomId | None = None, cluster: str | None = None
) -> list[OpenPoll]:
    """The polls of a room or a cluster, those that close first before the others."""
    found = visits.find(connection, states={VisitState.POLLING}, cluster=cluster)
    asked = [one for one in found if room_id in (None, one.room_id)]
    return [_poll(connection, one) for one in sorted(asked, key=lambda one: one.deadline)]


def _poll(connection: Connection, visit: Visit) -> OpenPoll:
    options = [
        one
        for one in visits.options(connection, visit.id)
        if not one.withdrawn and one.refused_by is None and one.closed_at is None
    ]
    numbers = [one.number for one in options]
    ledger = votes.find(connection, visit.id)
    said = _said(ledger)
    city_of = _cities(connection, {one.person for one in ledger})
    silent = [
        voice
        for voice in visit.electorate
        if not all(_has_said(visit, voice, number, said, city_of) for number in numbers)
    ]
    muted = {one.author for one in visits.lines(connection, visit.id, LineKind.MUTE)}
    speakers = dict.fromkeys(
        user
        for voice in silent
        for user in ((voice.contact,) if voice.contact is not None else voice.people)
        if user not in muted
    )
    dates = tuple((one.number, one.start, one.last) for one in options)
    return OpenPoll(visit, dates, tuple(one.key for one in silent), tuple(speakers))


def _said(ledger: Collection[VisitVote]) -> set[tuple[int, UserId, str | None]]:
    """Who has an answer that stands, by date, and for whom; the ledger is in order."""
    latest = {(one.option, one.person, one.party): one.value for one in ledger}
    return {key for key, value in latest.items() if value}


def _has_said(
    visit: Visit,
    voice: Electorate,
    number: int,
    said: set[tuple[int, UserId, str | None]],
    city_of: dict[UserId, str | None],
) -> bool:
    """Its own people speak for a voice, who came into its city's team, and who stood in for it."""
    known = {user for one in visit.electorate for user in one.people}
    return any(
        option == number
        and (
            party == voice.key
            or (party is None and (user in voice.people or user == voice.contact))
            or (party is None and user not in known and voice.key == f"{CITY}{city_of.get(user)}")
        )
        for option, user, party in said
    )


def _cities(connection: Connection, users: Collection[UserId]) -> dict[UserId, str | None]:
    rows = connection.execute(
        select(person.c.user_id, person.c.city).where(person.c.user_id.in_(sorted(users)))
    )
    return {UserId(row.user_id): row.city for row in rows}

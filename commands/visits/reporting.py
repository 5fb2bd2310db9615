"""A visit's report, from what is stored: its notes, what was recommended, and what was taken on."""

from datetime import date
from zoneinfo import ZoneInfo

from commands.context import Context
from commands.dates.rules import COMES
from commands.posts import Change, Post
from commands.reply import MessageLink
from commands.visits import promise_words
from commands.visits.counting import count
from commands.visits.electing import CITY, named
from commands.visits.promise_words import Advice, Note, Report
from commands.visits.promise_words import Task as Shown
from commands.visits.showing import report_key, span_of
from commands.words import Words
from storage import outbox, people, promises, rooms, visits
from storage.records import EventId, RoomId, UserId
from storage.visit_records import LineKind, Promise, Recommendation, Visit, VisitState


def link_to(source: EventId, room_id: RoomId | None, words: Words) -> MessageLink | None:
    """Where something was said."""
    if room_id is None:
        return None
    return MessageLink(room_id, source, promise_words.source_word(words))


def _name(user: UserId, context: Context) -> str:
    return people.know(context.connection, user).display_name


def as_advice(one: Recommendation, visit: Visit, words: Words, context: Context) -> Advice:
    town = context.settings.community.city(one.city)
    return Advice(
        one.name,
        one.text,
        one.city if town is None else town.name,
        _name(one.author, context),
        one.verdict.value,
        one.why,
        link_to(one.source, visit.room_id, words),
    )


def as_task(one: Promise, words: Words, context: Context) -> Shown:
    town = context.settings.community.city(one.city or "")
    room = rooms.of_cluster(context.connection, one.cluster)
    today: date = context.now.astimezone(ZoneInfo(context.settings.community.time_zone)).date()
    return Shown(
        one.name,
        one.text,
        _name(one.owner, context),
        one.progress.value,
        "" if town is None else town.name,
        one.due,
        one.due is not None and one.due < today,
        one.why,
        link_to(one.source, None if room is None else room.room_id, words),
    )


def report_sources(visit: Visit, context: Context) -> tuple[EventId, ...]:
    """The messages that a report is made of."""
    connection = context.connection
    made = [one.source for one in visits.lines(connection, visit.id) if one.source is not None]
    for advice in promises.recommendations(connection, visit=visit.id):
        made += advice.sources
    for task in promises.find(connection, visit=visit.id):
        made += task.sources
    return (visit.source, *made)


def as_report(visit: Visit, words: Words, context: Context) -> Report:
    """What there is: their words, with their messages."""
    connection, community = context.connection, context.settings.community
    span = span_of(visit)
    assert span is not None
    lines = visits.lines(connection, visit.id)
    coming = cities_of(visit, context)
    signed = {one.city for one in lines if one.kind is LineKind.REPORT}
    names = {city.slug: city.name for city in community.cities}
    notes = [
        Note(
            one.text,
            people.know(connection, one.author).display_name,
            names.get(one.city or "", ""),
            None if one.source is None else link_to(one.source, visit.room_id, words),
        )
        for one in lines
        if one.kind is LineKind.NOTE
    ]
    return Report(
        named(visit, context),
        (span.start, span.last),
        tuple(names.get(slug, slug) for slug in coming),
        sum(one.count or 0 for one in lines if one.kind is LineKind.DELEGATION),
        tuple(notes),
        tuple(
            as_advice(one, visit, words, context)
            for one in promises.recommendations(connection, visit=visit.id)
        ),
        tuple(as_task(one, words, context) for one in promises.find(connection, visit=visit.id)),
        tuple(names.get(slug, slug) for slug in coming if slug in signed),
        tuple(names.get(slug, slug) for slug in coming if slug not in signed),
        visit.state is not VisitState.HELD,
        tuple(dict.fromkeys(one.cites for one in lines if one.cites and one.text)),
    )


def cities_of(visit: Visit, context: Context) -> list[str]:
    """The host, and the cities that said they come."""
    choice = count(visit, context)
    standing = next((s for s in choice.standings if s.option.span == span_of(visit)), None)
    voices = {} if standing is None else standing.voices
    keys = [key for key, voice in voices.items() if voice.value in COMES and key.startswith(CITY)]
    slugs = [key.removeprefix(CITY) for key in keys]
    return list(dict.fromkeys([visit.host, *slugs]))


def edit_report(visit: Visit, context: Context) -> list[Post]:
    """It tells what is stored, if there is one yet."""
    if not outbox.was_posted(context.connection, report_key(visit)):
        return []
    told = promise_words.report(context.words, as_report(visit, context.words, context))
    return [Change(report_key(visit), told)]

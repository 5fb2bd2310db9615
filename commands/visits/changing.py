"""A decided visit lives on: moved, cancelled, postponed, held online, or hosted by another city."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from commands.arguments import argument, city, option, optional, person, text_to_end, word
from commands.command import Call
from commands.context import Context
from commands.dates.reader import Span
from commands.dates.rules import silent_parties
from commands.errors import MemberError
from commands.posts import Post, Posts, Say, Tell
from commands.reply import Mention, Reply
from commands.visits import electing, life_words, poll_words, proposal_words, replies, rules
from commands.visits.access import access_visit, require_decider, require_state, visit_number
from commands.visits.attending import give_days
from commands.visits.closing import end_polls
from commands.visits.counting import count
from commands.visits.deciding import ahead, calendar_file, comers
from commands.visits.electing import named, zone_of
from commands.visits.proposing import numbered, read_spans
from commands.visits.reminding import silent_voices
from commands.visits.showing import card_key, edit_card, in_thread, titled
from commands.words import N_
from storage import outbox, sources, visits
from storage.records import City, Person
from storage.sources import Source
from storage.timers import due_instant
from storage.visit_records import ASKED, UNDECIDED, Electorate, Visit, VisitState

LIVE = frozenset({*UNDECIDED, VisitState.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Cancel:
    visit: int = argument(visit_number, question=N_("Which visit? For example V-3."))
    why: str = optional(text_to_end, default="", rest=True, hint=N_("why"))


@dataclass(frozen=True, slots=True)
class OneVisit:
    visit: int | None = optional(visit_number, default=None)


@dataclass(frozen=True, slots=True)
class Online:
    visit: int = argument(visit_number, question=N_("Which visit? For example V-3."))
    time: str = optional(word, default="10:00", hint=N_("time"))
    dates: str = optional(text_to_end, default="", rest=True, hint=N_("day"))


@dataclass(frozen=True, slots=True)
class Host:
    visit: int = argument(visit_number, question=N_("Which visit? For example V-3."))
    host: City = argument(city, rest=True, question=N_("Which city hosts the visit?"))


@dataclass(frozen=True, slots=True)
class Place:
    visit: int = argument(visit_number, question=N_("Which visit? For example V-3."))
    place: str = argument(text_to_end, rest=True, question=N_("Where does it take place?"))


def revised(visit: Visit, context: Context, **values: Any) -> Visit:
    """Written down, with the next revision for calendars."""
    return visits.change(
        context.connection, visit.id, sequence=visit.sequence + 1, stamp=context.now, **values
    )


def changed(visit: Visit, reply: Reply) -> Say:
    """To the room, in the card's thread."""
    key = f"visit/{visit.id}/changed/{visit.sequence}"
    return in_thread(visit, reply, key)


def cancel(call: Call[Cancel], context: Context) -> Posts:
    """Called off; a draft is dropped without a word to anybody else."""
    visit = access_visit(call, call.arguments.visit, context, states=LIVE)
    if visit.state is VisitState.DRAFT and call.asker.user_id == visit.proposer:
        visits.remove(context.connection, visit.id)
        return call.answer(proposal_words.dropped(call.words, named(visit, context)))
    require_decider(call, visit, context)
    if visit.state is VisitState.DRAFT:
        visits.remove(context.connection, visit.id)
        return call.answer(proposal_words.dropped(call.words, named(visit, context)))
    require_state(call, visit, context, LIVE)
    decided = visit.stamp is not None and visit.start is not None
    over = end_polls(visit, context)
    freed = _kept_free(visit, context) if decided else []
    state = VisitState.CANCELLED.value
    visit = (
        revised(visit, context, state=state)
        if decided
        else visits.change(context.connection, visit.id, state=state)
    )
    told = life_words.cancelled(context.words, named(visit, context), call.arguments.why, freed)
    key = f"visit/{visit.id}/cancelled"
    quotes = (call.said.event_id,) if call.arguments.why else ()
    posts: list[Post] = [
        *over,
        in_thread(visit, told, key, quotes=quotes),
        *edit_card(visit, context),
    ]
    if decided:
        posts.append(calendar_file(visit, context))
    return _acknowledged(posts, call, visit, context)


def _kept_free(visit: Visit, context: Context) -> list[Mention]:
    """Who comes on the days that stand; and who was asked about them anew and is silent, as these
    may be waiting for them, too."""
    if visit.start is None:
        return []
    asked = silent_voices(visit, context) if visit.state is VisitState.CONFIRMED else []
    known = electing.people_of(asked, context)
    silent = [
        Mention(user, known.get(user, user))
        for voice in asked
        for user in electing.spokesperson(voice)
    ]
    return list(dict.fromkeys([*comers(visit, count(visit, context), context), *silent]))


def _acknowledged(posts: list[Post], call: Call[Any], visit: Visit, context: Context) -> Posts:
    """Whoever asked elsewhere hears that it is done."""
    if call.room.room_id == visit.room_id and outbox.was_posted(
        context.connection, card_key(visit)
    ):
        return posts
    shown = named(visit, context, call.sign)
    told = replies.not_in_this_state(call.words, shown, visit.state.value)
    return [*posts, *call.answer(told, quotes=titled(visit))]


def postpone(call: Call[OneVisit], context: Context) -> Posts:
    """No days for now: calendars drop the old ones, and new dates can be asked about."""
    visit = access_visit(call, call.arguments.visit, context, states=LIVE)
    require_decider(call, visit, context)
    require_state(call, visit, context, LIVE - {VisitState.POSTPONED})
    posts: list[Post] = end_polls(visit, context)
    freed = _kept_free(visit, context)
    if visit.start is not None:
        visit = revised(visit, context, state=VisitState.POSTPONED.value)
        posts.append(calendar_file(visit, context))
    visit = visits.change(
        context.connection, visit.id, state=VisitState.POSTPONED.value, start=None, last=None
    )
    told = life_words.postponed(context.words, named(visit, context), freed)
    key = f"visit/{visit.id}/postponed/{visit.sequence}/{visit.round}"
    said = in_thread(visit, told, key)
    return _acknowledged([said, *edit_card(visit, context), *posts], call, visit, context)


def hold_online(call: Call[Online], context: Context) -> Posts:
    """A meeting at an hour instead of days: `!visit online V-3 14:00 9 March`."""
    visit = access_visit(call, call.arguments.visit, context)
    require_decider(call, visit, context)
    require_state(call, visit, context, {VisitState.CONFIRMED})
    hour = rules.read_clock(call.arguments.time)
    dates = call.arguments.dates
    if hour is None:
        hour, dates = rules.read_clock("10:00"), f"{call.arguments.time} {dates}"
    assert hour is not None
    assert visit.start is not None
    day = visit.start
    if dates.strip():
        day = read_spans(dates, 1, call, context, zone_of(visit))[0].start
    at = due_instant(datetime.combine(day, hour), visit.time_zone)
    give_days(visit, Span(day, day), context)
    visit = revised(visit, context, online_at=at, start=day, last=day)
    local = at.astimezone(zone_of(visit))
    told = life_words.online(context.words, named(visit, context), local)
    return [
        changed(visit, told),
        *edit_card(visit, context),
        calendar_file(visit, context),
        *ahead(visit, context),
    ]


def change_host(call: Call[Host], context: Context) -> Posts:
    """Another city hosts: it must be able to come, as the old one no longer must."""
    visit = access_visit(call, call.arguments.visit, context)
    require_decider(call, visit, context)
    require_state(call, visit, context, LIVE)
    host, old = call.arguments.host, visit.host
    room = electing.room_of(visit, context)
    voices = []
    found = False
    for voice in visit.electorate:
        if voice.key == f"{electing.CITY}{host.slug}":
            voices.append(_required(voice, True))
            found = True
        elif voice.key == f"{electing.CITY}{old}":
            voices.append(_required(voice, False))
        else:
            voices.append(voice)
    if not found and room is not None:
        fresh = electing.electorate(electing.Wish(host, (host,)), room, context)
        voices += [one for one in fresh if one.key == f"{electing.CITY}{host.slug}"]
    values = {"host": host.slug, "time_zone": host.time_zone, "electorate": tuple(voices)}
    confirmed = visit.state is VisitState.CONFIRMED
    visit = (
        revised(visit, context, **values)
        if confirmed
        else visits.change(context.connection, visit.id, **values)
    )
    told = life_words.host_changed(context.words, named(visit, context))
    key = f"visit/{visit.id}/host/{context.cause}"
    posts: list[Post] = [
        in_thread(visit, told, key),
        *edit_card(visit, context),
    ]
    if confirmed:
        posts += [calendar_file(visit, context), *ahead(visit, context)]
    return posts


def _required(voice: Electorate, required: bool) -> Electorate:
    return replace(voice, required=required)


def set_place(call: Call[Place], context: Context) -> Posts:
    """Where it takes place, on the card and in calendars."""
    visit = access_visit(call, call.arguments.visit, context)
    require_decider(call, visit, context)
    require_state(call, visit, context, {VisitState.CONFIRMED})
    place = call.arguments.place
    visit = revised(visit, context, place=place, place_source=call.said.event_id)
    origin = Source("visit", f"place/{visit.id}", call.said.sender)
    sources.add(context.connection, call.said.event_id, origin)
    return [
        *edit_card(visit, context),
        calendar_file(visit, context),
        *ahead(visit, context),
    ]


@dataclass(frozen=True, slots=True)
class Speaker:
    visit: int = argument(visit_number, question=N_("Which visit? For example V-3."))
    who: Person = argument(
        person, rest=True, question=N_("Who is it? A name or an address will do.")
    )
    city: City | None = option(city)


def set_speaker(call: Call[Speaker], context: Context) -> Posts:
    """Whose answer goes before others of a city: named by its lead, or a coordinator."""
    visit = access_visit(call, call.arguments.visit, context)
    slug = call.arguments.city.slug if call.arguments.city else call.arguments.who.city
    key = f"{electing.CITY}{slug}"
    voices = {voice.key: voice for voice in visit.electorate}
    city = context.settings.community.city(slug or "")
    if city is None or key not in voices:
        raise MemberError(replies.not_a_speaker(call.words, "" if city is None else city.name))
    if call.asker.city != slug or not electing.is_lead(call.asker, context):
        require_decider(call, visit, context)
    who = call.arguments.who
    old = voices[key]
    crowd = tuple(dict.fromkeys((*old.people, who.user_id)))
    voices[key] = replace(old, people=crowd, contact=who.user_id)
    visit = visits.change(context.connection, visit.id, electorate=tuple(voices.values()))
    told = call.answer(replies.speaker_set(call.words, city.name, who.display_name))
    return [*told, *_asked_to_speak(call, visit, key, city, context), *edit_card(visit, context)]


def _asked_to_speak(
    call: Call[Speaker], visit: Visit, key: str, city: City, context: Context
) -> list[Post]:
    """Whoever is named by somebody else hears of it while their answer is missing."""
    who = call.arguments.who
    missing = key in silent_parties(count(visit, context))
    if who.user_id == call.asker.user_id or not missing or visit.state not in ASKED:
        return []
    words, until = context.words_for(who), visit.deadline.astimezone(context.zone_of(who))
    dates = numbered(visit, context)
    shown, asker = named(visit, context, ""), call.asker.display_name
    asked = poll_words.you_speak(words, shown, city.name, asker, dates, until)
    post = f"visit/{visit.id}/speak/{visit.round}/{city.slug}/{who.user_id}"
    return [Tell(who.user_id, asked, key=post, quotes=titled(visit))]

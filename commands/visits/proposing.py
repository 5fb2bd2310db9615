"""A visit is proposed, shown as it was understood, and opened: the room is asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from commands import replies as shared
from commands.arguments import (
    Reader,
    Refusal,
    Surroundings,
    argument,
    city,
    option,
    options,
    person,
    text_to_end,
    word,
)
from commands.command import Call
from commands.context import Context
from commands.dates.reader import Span, Trouble, read_dates
from commands.dates.rules import silent_parties
from commands.errors import MemberError
from commands.listener import Tap
from commands.posts import Alarm, AskPoll, Offer, Pin, Post, Posts, React, Say, Tell
from commands.reply import Mention
from commands.visits import card_words, electing, poll_words, proposal_words, replies, rules
from commands.visits.access import may_decide, require_state
from commands.visits.counting import count, still_open
from commands.visits.electing import CITY, Wish, named, zone_of
from commands.visits.showing import card_key, card_of, edit_card, in_thread, titled
from commands.words import N_
from storage import outbox, people, rooms, sources, visits
from storage.records import City, Person, Room, Timer
from storage.sources import Source
from storage.timers import due_instant
from storage.visit_records import Electorate, Visit, VisitState

ASK_FIRST = timedelta(hours=24)


def _read_count(typed: str, around: Surroundings) -> int | Refusal:
    if typed.isdecimal() and 1 <= int(typed) <= 31:
        return int(typed)
    return Refusal(shared.unknown_choice(around.words, typed, [], ["1", "2", "3", "31"]))


small_number: Reader[int] = Reader(N_("number"), _read_count)


def _read_party(typed: str, around: Surroundings) -> City | Person | Refusal:
    found = city.read(typed, around)
    if not isinstance(found, Refusal):
        return found
    return person.read(typed, around)


city_or_person: Reader[City | Person] = Reader(N_("city or person"), _read_party)


@dataclass(frozen=True, slots=True)
class Propose:
    host: City = argument(city, question=N_("Which city hosts the visit?"), hint=N_("host city"))
    dates: str = argument(
        text_to_end,
        rest=True,
        question=N_("Which dates? For example 9-11 March, or 2027-03-09."),
        hint=N_("dates"),
    )
    days: int | None = option(
        small_number, hint=N_("how many days it takes, where a date is one day")
    )
    title: str | None = option(word)
    require: tuple[City | Person, ...] = options(
        city_or_person,
        hint=N_(
            "who must be able to come besides the host, if not the usual; as often as you like"
        ),
    )
    cities: tuple[City, ...] = options(
        city, hint=N_("whom to ask, if not all cities of the cluster; as often as you like")
    )
    deadline: str | None = option(word, hint=N_("the day until whose evening to answer"))
    quorum: int | None = option(small_number, hint=N_("how many cities have to come at least"))
    first: str | None = option(
        word, hint=N_("with “yes” those who must come are asked first, in their direct chats")
    )


def propose(call: Call[Propose], context: Context) -> Posts:
    """What was understood; nobody is asked before somebody has said so."""
    given = call.arguments
    room = _room(call, given.host, context)
    zone = ZoneInfo(given.host.time_zone)
    days = given.days or 1
    spans = read_spans(given.dates, days, call, context, zone)
    wish = Wish(given.host, given.cities, given.require)
    voices = electing.electorate(wish, room, context)
    cities = [voice for voice in voices if voice.counts]
    if given.quorum is not None and given.quorum > len(cities):
        raise MemberError(proposal_words.quorum_too_large(call.words, len(cities)))
    deadline = read_deadline(given.deadline, spans, call, context, zone)
    drafted = visits.add(
        context.connection,
        cluster=room.cluster or given.host.cluster,
        room_id=room.room_id,
        host=given.host.slug,
        title=given.title or "",
        days=days,
        state=VisitState.DRAFT.value,
        proposer=call.asker.user_id,
        source=call.said.event_id,
        created_at=context.now,
        deadline=deadline,
        time_zone=given.host.time_zone,
        quorum=given.quorum or 1,
        first=given.first is not None and given.first.casefold() not in ("no", "off"),
        electorate=voices,
    )
    require_state(call, drafted, context, {VisitState.DRAFT})
    drafted = _as_corrected(drafted, given, voices, deadline, spans, context)
    origin = Source("visit", f"visit/{drafted.id}", call.said.sender)
    sources.add(context.connection, call.said.event_id, origin)
    shown = _understood(drafted, spans, given.host, call, context)
    key = f"visit/{drafted.id}/draft/{context.cause}"
    return [
        Say(
            call.room.room_id,
            proposal_words.understood(call.words, shown),
            thread=call.thread,
            reply_to=call.said.event_id,
            key=key,
            quotes=(call.said.event_id,),
        ),
        Offer(key, "✅"),
    ]


def _room(call: Call[Propose], host: City, context: Context) -> Room:
    """The cluster's room that this was said in, else that of the host."""
    if call.room.cluster is not None:
        return call.room
    there = rooms.of_cluster(context.connection, host.cluster)
    return call.room if there is None else there


def read_spans(
    text: str, days: int, call: Call[Any], context: Context, zone: ZoneInfo
) -> list[Span]:
    """The dates of a line, or the one question that they leave open."""
    today = context.now.astimezone(zone).date()
    spans = read_dates(text, today=today, days=days)
    if isinstance(spans, Trouble):
        raise MemberError(proposal_words.which_date(call.words, spans))
    if not spans:
        raise MemberError(proposal_words.no_dates(call.words, "9-11 March, 2027-03-16"))
    for place, span in enumerate(spans):
        if span in spans[:place]:
            raise MemberError(proposal_words.same_dates(call.words, span))
    if len(spans) > rules.MOST_DATES:
        raise MemberError(proposal_words.too_many_dates(call.words, rules.MOST_DATES))
    return spans


def read_deadline(
    typed: str | None, spans: list[Span], call: Call[Any], context: Context, zone: ZoneInfo
) -> datetime:
    """The evening of a day as people write it, or some days ahead: an instant."""
    first = min(span.start for span in spans)
    last = max(span.start for span in spans)
    if typed is None:
        return due_instant(rules.usual_deadline(context.now, zone, first), zone.key)
    (day, *_) = read_spans(typed, 1, call, context, zone)
    deadline = due_instant(datetime.combine(day.start, rules.EVENING), zone.key)
    if day.start >= last or deadline <= context.now:
        local = deadline.astimezone(zone)
        raise MemberError(proposal_words.late_deadline(call.words, local, last))
    return deadline


def _as_corrected(
    drafted: Visit,
    given: Propose,
    voices: tuple[Electorate, ...],
    deadline: datetime,
    spans: list[Span],
    context: Context,
) -> Visit:
    """The newest words of an edited proposal are what it is."""
    known = visits.options(context.connection, drafted.id)
    wanted = [(span.start, span.last) for span in spans]
    if [(one.start, one.last) for one in known] != wanted:
        visits.forget_options(context.connection, drafted.id)
        visits.add_options(context.connection, drafted.id, wanted)
    return visits.change(
        context.connection,
        drafted.id,
        host=given.host.slug,
        time_zone=given.host.time_zone,
        title=given.title or "",
        days=given.days or 1,
        deadline=deadline,
        quorum=given.quorum or 1,
        electorate=voices,
    )


def _understood(
    visit: Visit, spans: list[Span], host: City, call: Call[Propose], context: Context
) -> proposal_words.Understood:
    names = electing.names_of(visit.electorate, call.words, context)
    dates = []
    for place, span in enumerate(spans):
        told = electing.remarks(span, visit.electorate, host, call.words, context, but=visit.id)
        overlapping = [n for n, other in enumerate(spans[:place], 1) if span.overlaps(other)]
        told += tuple(proposal_words.Remark("overlap", name=str(n)) for n in overlapping)
        dates.append((span, told))
    cities = [voice for voice in visit.electorate if voice.counts]
    return proposal_words.Understood(
        named(visit, context, call.sign),
        tuple(dates),
        tuple(names[voice.key] for voice in cities),
        tuple(names[voice.key] for voice in visit.electorate if voice.required),
        visit.deadline.astimezone(zone_of(visit)),
        visit.first,
        tuple(names[voice.key] for voice in cities if not voice.people),
    )


# ── opening ───────────────────────────────────────────────────────────────────────────────────


def open_visit(call: Call[Any], visit: Visit, context: Context) -> Posts:
    """By command: ask everybody, or first those who must come."""
    require_state(call, visit, context, {VisitState.DRAFT})
    if call.asker.user_id != visit.proposer and not may_decide(call.asker, visit, context):
        raise MemberError(replies.not_yours_to_decide(call.words, named(visit, context)))
    posts = begin(visit, context)
    if call.room.room_id == visit.room_id and not visit.first:
        return [*posts, React(call.room.room_id, call.said.event_id, "✅")]  # the card says it
    shown = named(visit, context, call.sign)
    return [*posts, *call.answer(proposal_words.opened(call.words, shown, first=visit.first))]


def tap_draft(tap: Tap, visit: Visit, context: Context) -> Posts:
    """✅ on what was understood."""
    mine = tap.person.user_id == visit.proposer or may_decide(tap.person, visit, context)
    if visit.state is not VisitState.DRAFT or not mine:
        return ()
    return begin(visit, context)


def begin(visit: Visit, context: Context) -> list[Post]:
    """Take the electorate as it is now, and ask."""
    room = rooms.get(context.connection, visit.room_id)
    assert room is not None
    fresh = _as_of_now(visit, room, context)
    if visit.deadline <= context.now:
        spans = [one.start for one in visits.options(context.connection, visit.id)]
        wall = rules.usual_deadline(context.now, zone_of(visit), min(spans))
        visit = visits.change(
            context.connection, visit.id, deadline=due_instant(wall, visit.time_zone)
        )
    asks_first = visit.first and any(voice.required and voice.people for voice in fresh)
    state = VisitState.ASKING if asks_first else VisitState.POLLING
    visit = visits.change(context.connection, visit.id, state=state.value, electorate=fresh)
    return ask_first(visit, context) if asks_first else ask_room(visit, context)


def _as_of_now(visit: Visit, room: Room, context: Context) -> tuple[Electorate, ...]:
    """The same voices, with the people who are there when the poll opens."""
    community = context.settings.community
    host = community.city(visit.host)
    assert host is not None
    cities = [
        city
        for voice in visit.electorate
        if voice.key.startswith(CITY)
        and (city := community.city(voice.key.removeprefix(CITY))) is not None
    ]
    now = {
        voice.key: voice for voice in electing.electorate(Wish(host, tuple(cities)), room, context)
    }
    return tuple(
        Electorate(
            voice.key,
            now[voice.key].people if voice.key in now else voice.people,
            now[voice.key].contact if voice.key in now else voice.contact,
            voice.required,
            voice.counts,
        )
        for voice in visit.electorate
    )


def ask_first(visit: Visit, context: Context) -> list[Post]:
    """In the direct chats of those who must come: what they refuse never reaches the room."""
    until = min(
        rules.humane(context.now + ASK_FIRST, zone_of(visit)),
        context.now + (visit.deadline - context.now) / 2,
    )
    dates = numbered(visit, context)
    posts: list[Post] = []
    for voice in visit.electorate:
        for user in electing.spokesperson(voice) if voice.required else ():
            someone = people.know(context.connection, user)
            words, zone = context.words_for(someone), context.zone_of(someone)
            shown = named(visit, context, "")
            told = poll_words.asked_first(words, shown, dates, until.astimezone(zone))
            key = f"visit/{visit.id}/first/{visit.round}/{user}"
            posts.append(Tell(user, told, key=key, quotes=titled(visit)))
    return [*posts, alarm(visit, "asked", until, f"asked/{visit.round}")]


def numbered(visit: Visit, context: Context) -> list[tuple[int, Span]]:
    """The dates that can be voted on, for a list that people read."""
    return [(one.number, Span(one.start, one.last)) for one in still_open(visit, context)]


def show_card(visit: Visit, context: Context) -> list[Post]:
    """The card as it is now, pinned when it comes first."""
    key = card_key(visit)
    if outbox.was_posted(context.connection, key):
        return edit_card(visit, context)
    shown = card_words.card(context.words, card_of(visit, context.words, context))
    return [Say(visit.room_id, shown, notice=False, key=key), Pin(visit.room_id, key)]


def ask_room(visit: Visit, context: Context) -> list[Post]:
    """The card, pinned; a poll a date in its thread; and one line that rings for those it asks."""
    key = card_key(visit)
    posts = show_card(visit, context)
    dates = numbered(visit, context)
    posts += [date_poll(visit, number, span, context) for number, span in dates]
    posts += [
        Offer(key, emoji) for number, _ in dates if (emoji := rules.keycap(number)) is not None
    ]
    posts += _please(visit, context)
    return [*posts, *_alarms(visit, context)]


def date_poll(visit: Visit, number: int, span: Span, context: Context) -> AskPoll:
    """Yes, if need be, or no, to one date."""
    poll = poll_key(visit, number)
    texts = poll_words.poll_answers(context.words)
    answers = tuple((rules.answer_id(poll, value), text) for value, text in texts.items())
    question = poll_words.poll_question(context.words, span, number)
    return AskPoll(visit.room_id, question, answers, poll, under=card_key(visit))


def poll_key(visit: Visit, number: int) -> str:
    """The post that is a date's poll, in this round of asking."""
    return f"visit/{visit.id}/poll/{number}/{visit.round}"


def _please(visit: Visit, context: Context) -> list[Post]:
    """Named are those whose answer is awaited: a poll by itself notifies nobody."""
    known = electing.people_of(visit.electorate, context)
    silent = silent_parties(count(visit, context))
    awaited = dict.fromkeys(
        user
        for voice in visit.electorate
        if voice.key in silent
        for user in electing.spokesperson(voice)
    )
    if not awaited:
        return []
    who = [Mention(user, known.get(user, user)) for user in awaited]
    told = poll_words.please_answer(context.words, named(visit, context), who)
    key = f"visit/{visit.id}/please/{visit.round}"
    return [in_thread(visit, told, key)]


def _alarms(visit: Visit, context: Context) -> list[Post]:
    due = alarm(visit, "due", visit.deadline, f"due/{visit.round}")
    moments = rules.reminders(context.now, visit.deadline)
    return [
        due,
        *(
            alarm(visit, "remind", moment, f"remind/{visit.round}/{place}")
            for place, moment in enumerate(moments, 1)
        ),
    ]


def alarm(visit: Visit, what: str, at: datetime, key: str, **more: object) -> Alarm:
    """Something that is due for a visit, kept as the wall time of its host."""
    local = at.astimezone(zone_of(visit)).replace(tzinfo=None)
    return Alarm(
        Timer(
            key=f"visit/{visit.id}/{key}",
            kind=f"visit {what}",
            wall_time=local,
            time_zone=visit.time_zone,
            room_id=visit.room_id,
            payload={"visit": visit.id, "round": visit.round, **more},
        )
    )

"""Recommendations and promises: who advised what, who took it on, and what became of it."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from commands.arguments import (
    Reader,
    Refusal,
    Surroundings,
    argument,
    city,
    option,
    optional,
    person,
    text_to_end,
    word,
)
from commands.command import Call
from commands.context import Context
from commands.errors import MemberError
from commands.events import TimerDue
from commands.permissions import may_coordinate
from commands.posts import Alarm, Offer, Post, Posts, Tell
from commands.visits import electing, promise_words, rules
from commands.visits.access import access_visit, may_see, read_number
from commands.visits.proposing import read_spans
from commands.visits.reporting import as_advice, as_task, edit_report
from commands.words import N_
from storage import outbox, people, promises, rooms, sources, visits
from storage.promises import UNFINISHED
from storage.records import City, Person, RoomKind, Timer
from storage.sources import Source
from storage.visit_records import Progress, Promise, Recommendation, Verdict, Visit

AROUND = (-3, 0, 7)  # days round the due day that the owner is reminded
_LEADS = re.compile(r"\s*([VR])-?(\d+)\b[:,]?\s*", re.IGNORECASE)


def _numbered(letter: str, example: str) -> Reader[int]:
    def read(typed: str, around: Surroundings) -> int | Refusal:
        number = read_number(typed, letter)
        if number is None:
            return Refusal(
                promise_words.unknown_number(around.words, typed, f"{around.sign}{example}")
            )
        return number

    return Reader(f"{letter}-…", read)


promise_number = _numbered("A", "action list")
advice_number = _numbered("R", "visit report V-3")


@dataclass(frozen=True, slots=True)
class Recommend:
    text: str = argument(
        text_to_end,
        rest=True,
        question=N_("Which visit, and what do you recommend? For example V-3, more street work"),
        hint=N_("visit and text"),
    )
    city: City | None = option(city)


@dataclass(frozen=True, slots=True)
class Accept:
    number: int = argument(advice_number, question=N_("Which recommendation? For example R-3."))


@dataclass(frozen=True, slots=True)
class Decline:
    number: int = argument(advice_number, question=N_("Which recommendation? For example R-3."))
    why: str = argument(text_to_end, rest=True, question=N_("Why not? One line helps the others."))


@dataclass(frozen=True, slots=True)
class Add:
    text: str = argument(
        text_to_end, rest=True, question=N_("What is to be done?"), hint=N_("text")
    )
    owner: Person | None = option(person)
    due: str | None = option(word)
    city: City | None = option(city)


@dataclass(frozen=True, slots=True)
class OnePromise:
    number: int = argument(promise_number, question=N_("Which one? For example A-7."))


@dataclass(frozen=True, slots=True)
class Drop:
    number: int = argument(promise_number, question=N_("Which one? For example A-7."))
    why: str = argument(text_to_end, rest=True, question=N_("Why? One line helps the others."))


@dataclass(frozen=True, slots=True)
class Listed:
    city: City | None = optional(city, default=None, rest=True)


# ── recommendations ───────────────────────────────────────────────────────────────────────────


def recommend(call: Call[Recommend], context: Context) -> Posts:
    """`!recommend V-3 …`: to the host, unless another city is named."""
    letter, number, text = _lead(call.arguments.text)
    visit = access_visit(call, number if letter == "V" else None, context)
    if not text:
        example = f"{call.sign}recommend {visit.name} …"
        raise MemberError(promise_words.no_text(call.words, example))
    slug = visit.host if call.arguments.city is None else call.arguments.city.slug
    made = promises.recommend(
        context.connection,
        visit=visit.id,
        city=slug,
        text=text,
        author=call.asker.user_id,
        source=call.said.event_id,
        created_at=context.now,
        verdict=Verdict.MADE.value,
    )
    _remember(call, f"advice/{made.id}", context)
    shown = as_advice(made, visit, call.words, context)
    noted = promise_words.noted_advice(call.words, shown, call.sign)
    return [*call.answer(noted, quotes=made.sources), *edit_report(visit, context)]


def _lead(text: str) -> tuple[str, int | None, str]:
    """ "V-3 more street work" names a visit, "R-2 …" a recommendation, before the words."""
    match = _LEADS.match(text)
    if match is None:
        return "", None, text.strip()
    return match[1].upper(), int(match[2]), text[match.end() :].strip()


def _remember(call: Call[Any], subject: str, context: Context) -> None:
    origin = Source("visit", subject, call.said.sender)
    sources.add(context.connection, call.said.event_id, origin)


def accept(call: Call[Accept], context: Context) -> Posts:
    return _judge(call, Verdict.ACCEPTED, "", context)


def decline(call: Call[Decline], context: Context) -> Posts:
    posts = _judge(call, Verdict.DECLINED, call.arguments.why, context)
    _remember(call, f"advice-why/{call.arguments.number}", context)
    return posts


def _judge(call: Call[Any], verdict: Verdict, why: str, context: Context) -> Posts:
    """By the city that it is for; coordinators may write down what it said."""
    one, visit = _access_advice(call, call.arguments.number, context)
    town = context.settings.community.city(one.city)
    coordinates = may_coordinate(call.asker, context.settings.community, visit.cluster)
    if call.asker.city != one.city and not coordinates:
        name = one.city if town is None else town.name
        raise MemberError(promise_words.not_your_city(call.words, name))
    whence = call.said.event_id if why else None
    promises.judge(context.connection, one.id, verdict=verdict.value, why=why, why_source=whence)
    shown = as_advice(replace(one, verdict=verdict, why=why), visit, call.words, context)
    told = call.answer(
        promise_words.judged(call.words, shown), quotes=(one.source, call.said.event_id)
    )
    return [*told, *edit_report(visit, context)]


def _access_advice(call: Call[Any], number: int, context: Context) -> tuple[Recommendation, Visit]:
    one = promises.recommended(context.connection, number)
    visit = None if one is None else visits.get(context.connection, one.visit)
    if one is None or visit is None or not may_see(call, visit, context):
        example = f"{call.sign}visit list"
        raise MemberError(promise_words.unknown_number(call.words, f"R-{number}", example))
    return one, visit


# ── promises ──────────────────────────────────────────────────────────────────────────────────


def add(call: Call[Add], context: Context) -> Posts:
    """`!action add [V-3|R-2] …`: the asker's, unless an owner is named."""
    given = call.arguments
    letter, number, text = _lead(given.text)
    advice = None
    visit = None
    if letter == "R" and number is not None:
        advice, visit = _access_advice(call, number, context)
    elif letter == "V":
        visit = access_visit(call, number, context)
    text = text or ("" if advice is None else advice.text)
    if not text:
        example = f"{call.sign}action add …"
        raise MemberError(promise_words.no_text(call.words, example))
    owner = given.owner or call.asker
    due = None
    if given.due is not None:
        zone = ZoneInfo(context.settings.community.time_zone)
        due = read_spans(given.due, 1, call, context, zone)[0].start
    made = promises.take_on(
        context.connection,
        cluster=_cluster(call, visit, owner, context),
        city=given.city.slug if given.city else owner.city or (advice.city if advice else None),
        text=text,
        owner=owner.user_id,
        author=call.asker.user_id,
        source=call.said.event_id,
        created_at=context.now,
        progress=Progress.OPEN.value,
        due=due,
        visit=None if visit is None else visit.id,
        recommendation=None if advice is None else advice.id,
    )
    _remember(call, f"promise/{made.id}", context)
    shown = as_task(made, call.words, context)
    noted = promise_words.noted_task(call.words, shown, call.sign)
    told = call.answer(noted, quotes=made.sources)
    return [*told, *_alarms(made, owner, context), *_edit_report(made, context)]


def _cluster(call: Call[Any], visit: Visit | None, owner: Person, context: Context) -> str:
    community = context.settings.community
    home = community.city(owner.city or "")
    if visit is not None:
        return visit.cluster
    return call.room.cluster or ("" if home is None else home.cluster)


def _alarms(one: Promise, owner: Person, context: Context) -> list[Post]:
    """Three days before, on the day, and a week after; by the owner's own clock."""
    if one.due is None:
        return []
    zone = context.zone_of(owner)
    posts: list[Post] = []
    for days in AROUND:
        wall = datetime.combine(one.due + timedelta(days=days), rules.MORNING)
        if wall > context.now.astimezone(zone).replace(tzinfo=None):
            key = f"promise/{one.id}/due/{one.due}/{days}"
            payload = {"promise": one.id, "due": str(one.due)}
            timer = Timer(key, "promise", wall, zone.key, None, payload)
            posts.append(Alarm(timer))
    return posts


def due(event: TimerDue, context: Context) -> Posts:
    """Its owner is asked how it stands, if it is still open and still due on that day."""
    one = promises.get(context.connection, int(event.payload["promise"]))
    if one is None or one.progress not in UNFINISHED or str(one.due) != event.payload["due"]:
        return ()
    if not one.text or one.muted:
        return ()
    around = [f"promise/{one.id}/due/{one.due}/{days}/told" for days in AROUND]
    if outbox.was_queued_since(context.connection, around, context.now - rules.BREATHER):
        return ()
    owner = people.know(context.connection, one.owner)
    words = context.words_for(owner)
    told = promise_words.is_due(words, as_task(one, words, context))
    key = f"{event.key}/told"
    return [Tell(one.owner, told, key=key, quotes=one.sources), Offer(key, "🔕")]


def start(call: Call[OnePromise], context: Context) -> Posts:
    return _progress(call, Progress.STARTED, "", context)


def done(call: Call[OnePromise], context: Context) -> Posts:
    return _progress(call, Progress.DONE, "", context)


def drop(call: Call[Drop], context: Context) -> Posts:
    posts = _progress(call, Progress.DROPPED, call.arguments.why, context)
    _remember(call, f"promise-why/{call.arguments.number}", context)
    return posts


def access_own(call: Call[Any], number: int, context: Context) -> Promise:
    """A promise that the asker may say something about."""
    one = promises.get(context.connection, number)
    if one is None or not _may_see(call, one, context):
        example = f"{call.sign}action list"
        raise MemberError(promise_words.unknown_number(call.words, f"A-{number}", example))
    community = context.settings.community
    mine = call.asker.user_id in (one.owner, one.author)
    leads = call.asker.city == one.city and electing.is_lead(call.asker, context)
    if not (mine or leads or may_coordinate(call.asker, community, one.cluster)):
        raise MemberError(promise_words.not_your_task(call.words, one.name))
    return one


def _progress(call: Call[Any], progress: Progress, why: str, context: Context) -> Posts:
    one = access_own(call, call.arguments.number, context)
    one = promises.change(
        context.connection,
        one.id,
        progress=progress.value,
        why=why,
        changed_at=context.now,
        why_source=call.said.event_id if why else None,
    )
    told = promise_words.task_changed(call.words, as_task(one, call.words, context))
    return [*call.answer(told, quotes=one.sources), *_edit_report(one, context)]


def _edit_report(one: Promise, context: Context) -> list[Post]:
    """The report of its visit, if it has one, tells how it stands."""
    visit = None if one.visit is None else visits.get(context.connection, one.visit)
    return [] if visit is None else edit_report(visit, context)


def list_promises(call: Call[Listed], context: Context) -> Posts:
    """Of a city; else of this room's cluster; in a direct chat, one's own."""
    chosen = call.arguments.city
    found = promises.find(
        context.connection,
        city=None if chosen is None else chosen.slug,
        cluster=call.room.cluster if chosen is None else None,
    )
    if chosen is None and call.room.cluster is None:
        found = [one for one in found if call.asker.user_id in (one.owner, one.author)]
    seen = [one for one in found if _may_see(call, one, context)]
    tasks = [as_task(one, call.words, context) for one in seen[:20]]
    told = promise_words.task_list(call.words, tasks, call.sign)
    return call.answer(told, quotes=tuple(event for one in seen[:20] for event in one.sources))


def _may_see(call: Call[Any], one: Promise, context: Context) -> bool:
    """In the room of its cluster; elsewhere in private, for its people and coordinators."""
    if call.room.cluster == one.cluster:
        return True
    if call.room.kind not in (RoomKind.DIRECT, RoomKind.COORDINATORS):
        return False
    there = rooms.of_cluster(context.connection, one.cluster)
    inside = False
    if there is not None:
        present = rooms.presence(context.connection, there.room_id, call.asker.user_id)
        inside = present is not None and present[2] == "join"
    return inside or may_coordinate(call.asker, context.settings.community, one.cluster)

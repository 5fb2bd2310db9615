"""What people write about a visit: checklist, agenda, delegations, travel facts."""

import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from commands.arguments import (
    Reader,
    Refusal,
    Surroundings,
    argument,
    city,
    option,
    person,
    text_to_end,
    word,
)
from commands.command import Call
from commands.context import Context
from commands.dates.reader import Trouble, read_dates
from commands.errors import MemberError
from commands.posts import Post, Posts
from commands.visits import electing, life_words, promise_words, replies
from commands.visits.access import access_visit, require_decider, require_state, visit_number
from commands.visits.electing import CITY, named, zone_of
from commands.visits.proposing import read_spans, small_number
from commands.visits.showing import edit_card, in_thread, span_of
from commands.words import N_
from storage import people, sources, visits
from storage.records import City, Person, UserId
from storage.sources import Source
from storage.visit_records import TAKES_PLACE, Line, LineKind, Visit

WHICH = N_("Which visit? For example V-3.")
_DAY = re.compile(r"^\s*(\d{4}-\d\d-\d\d)\s*[:,]?\s*")


@dataclass(frozen=True, slots=True)
class Task:
    visit: int = argument(visit_number, question=WHICH)
    text: str = argument(text_to_end, rest=True, question=N_("What is to be done?"))
    owner: Person | None = option(person)
    due: str | None = option(word)


@dataclass(frozen=True, slots=True)
class Done:
    visit: int = argument(visit_number, question=WHICH)
    number: int = argument(small_number, question=N_("Which number on the checklist?"))


@dataclass(frozen=True, slots=True)
class Written:
    visit: int = argument(visit_number, question=WHICH)
    text: str = argument(text_to_end, rest=True, question=N_("What shall I write down?"))


def _read_name(typed: str, around: Surroundings) -> str | Refusal:
    """ "p12" and "P-12" are the same, whatever feature it belongs to."""
    match = re.fullmatch(r"([A-Za-z])-?(\d{1,8})", typed.strip())
    if match is None:
        return Refusal(promise_words.not_a_name(around.words, typed))
    return f"{match[1].upper()}-{int(match[2])}"


name_of_something: Reader[str] = Reader(N_("name"), _read_name)


@dataclass(frozen=True, slots=True)
class Session:
    visit: int = argument(visit_number, question=WHICH)
    text: str = argument(text_to_end, rest=True, question=N_("What shall I write down?"))
    cites: str | None = option(name_of_something)


@dataclass(frozen=True, slots=True)
class Delegation:
    visit: int = argument(visit_number, question=WHICH)
    number: int = argument(small_number, question=N_("How many people come?"))
    names: str = argument(
        text_to_end, rest=True, question=N_("Who? The names stay with me."), hint=N_("names")
    )
    city: City | None = option(city)


def _access(call: Call[Any], context: Context) -> Visit:
    visit = access_visit(call, call.arguments.visit, context)
    require_state(call, visit, context, TAKES_PLACE)
    return visit


def _keep(call: Call[Any], visit: Visit, kind: LineKind, context: Context, **values: Any) -> int:
    """Written down with where it comes from, so that it goes with its message."""
    line = visits.add_line(
        context.connection,
        visit=visit.id,
        kind=kind.value,
        author=call.asker.user_id,
        source=call.said.event_id,
        created_at=context.now,
        **values,
    )
    origin = Source("visit", f"line/{line.id}", call.said.sender)
    sources.add(context.connection, call.said.event_id, origin)
    return line.id


def add_task(call: Call[Task], context: Context) -> Posts:
    visit, given = _access(call, context), call.arguments
    due = None
    if given.due is not None:
        due = read_spans(given.due, 1, call, context, zone_of(visit))[0].start
    owner = given.owner or call.asker
    _keep(call, visit, LineKind.TASK, context, text=given.text, owner=owner.user_id, day=due)
    number = len(visits.lines(context.connection, visit.id, LineKind.TASK))
    told = promise_words.line_noted(call.words, named(visit, context, call.sign), number)
    return [*call.answer(told), *edit_card(visit, context)]


def tick(call: Call[Done], context: Context) -> Posts:
    visit = _access(call, context)
    tasks = visits.lines(context.connection, visit.id, LineKind.TASK)
    if not 1 <= call.arguments.number <= len(tasks):
        shown = f"{call.sign}visit show {visit.name}"
        typed = str(call.arguments.number)
        raise MemberError(promise_words.unknown_number(call.words, typed, shown))
    chosen = tasks[call.arguments.number - 1]
    visits.change_line(context.connection, chosen.id, done_at=context.now)
    left = sum(one.done_at is None for one in tasks if one.id != chosen.id)
    told = promise_words.ticked(call.words, named(visit, context), chosen.text, left)
    return [
        *call.answer(told, quotes=() if chosen.source is None else (chosen.source,)),
        *edit_card(visit, context),
    ]


def add_session(call: Call[Session], context: Context) -> Posts:
    """`!visit agenda V-3 2027-03-09 City Hall and its clerks`; without a day it is for all."""
    visit, text = _access(call, context), call.arguments.text
    day = _day_of(text, visit)
    if day is not None:
        text = _DAY.sub("", text)
    _keep(call, visit, LineKind.AGENDA, context, text=text, day=day, cites=call.arguments.cites)
    told = promise_words.line_noted(call.words, named(visit, context, call.sign), None)
    return [*call.answer(told), *edit_card(visit, context)]


def _day_of(text: str, visit: Visit) -> date | None:
    match = _DAY.match(text)
    if match is None or visit.start is None:
        return None
    read = read_dates(match[1], today=visit.start - timedelta(days=366))
    return None if isinstance(read, Trouble) or not read else read[0].start


def add_travel(call: Call[Written], context: Context) -> Posts:
    visit = _access(call, context)
    _keep(call, visit, LineKind.TRAVEL, context, text=call.arguments.text)
    told = promise_words.line_noted(call.words, named(visit, context, call.sign), None)
    return [*call.answer(told), *edit_card(visit, context)]


def set_delegation(call: Call[Delegation], context: Context) -> Posts:
    """Names stay in the store; numbers go out. The newest of a city counts."""
    visit, given = _access(call, context), call.arguments
    slug = given.city.slug if given.city is not None else call.asker.city
    town = context.settings.community.city(slug or "")
    asked = {voice.key for voice in visit.electorate}
    if town is None or f"{CITY}{town.slug}" not in asked:
        raise MemberError(replies.not_a_speaker(call.words, "" if town is None else town.name))
    if call.asker.city != town.slug:
        require_decider(call, visit, context)
    visits.remove_lines(context.connection, visit.id, LineKind.DELEGATION, town.slug)
    _keep(
        call,
        visit,
        LineKind.DELEGATION,
        context,
        text=given.names,
        city=town.slug,
        count=given.number,
    )
    told = promise_words.delegation_noted(
        call.words, named(visit, context), town.name, given.number
    )
    return [*call.answer(told), *edit_card(visit, context)]


def usual_checklist(visit: Visit, context: Context) -> None:
    """What every visit needs, given to the host's contact when its days are decided first."""
    if visits.lines(context.connection, visit.id, LineKind.TASK) or visit.start is None:
        return
    host = next((v for v in visit.electorate if v.key == f"{CITY}{visit.host}"), None)
    spokes = () if host is None else electing.spokesperson(host)
    owner: UserId = spokes[0] if spokes else visit.proposer
    for text, days in promise_words.usual_tasks(context.words):
        visits.add_line(
            context.connection,
            visit=visit.id,
            kind=LineKind.TASK.value,
            text=text,
            author=context.me,
            source=None,
            created_at=context.now,
            owner=owner,
            day=visit.start - timedelta(days=days),
        )


def remind_ahead(visit: Visit, days: int, context: Context) -> list[Post]:
    """So many days before: what is still to do, in the card's thread."""
    span = span_of(visit)
    if span is None:
        return []
    tasks = visits.lines(context.connection, visit.id, LineKind.TASK)
    undone = [
        (number, _with_owner(one, context))
        for number, one in enumerate(tasks, 1)
        if one.done_at is None and one.text
    ]
    told = life_words.soon(context.words, named(visit, context), days, span, undone)
    key = f"visit/{visit.id}/soon/{visit.sequence}/{days}"
    said = tuple(one.source for one in tasks if one.source is not None)
    return [in_thread(visit, told, key, quotes=said)]


def _with_owner(task: Line, context: Context) -> str:
    if task.owner is None:
        return task.text
    return f"{task.text} · {people.know(context.connection, task.owner).display_name}"

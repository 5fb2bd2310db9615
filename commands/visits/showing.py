"""The living card: made anew from what is stored, edited as votes come, many votes in one edit."""

from datetime import UTC, date, timedelta

from commands.context import Context
from commands.dates.reader import Span
from commands.dates.rules import COMES, Choice, silent_parties
from commands.posts import Alarm, Change, Post, Say
from commands.reply import Reply
from commands.visits import card_words
from commands.visits.card_words import Card
from commands.visits.counting import count
from commands.visits.electing import named, names_of, zone_of
from commands.words import Words
from storage import listening, outbox, people, visits
from storage.listening import Conversation
from storage.records import EventId, Timer
from storage.types import instant, milliseconds
from storage.visit_records import Line, LineKind, Visit, VisitState

PACE = timedelta(seconds=2.5)  # between two edits of one card: two seconds, and some for sending
COUNTED = frozenset({VisitState.POLLING, VisitState.CLOSING, VisitState.CLOSED})


def card_key(visit: Visit) -> str:
    """The post that is the card."""
    return visit.card_key


def report_key(visit: Visit) -> str:
    """The post that is the report."""
    return _anew(f"visit/{visit.id}/report", visit.report)


def _anew(key: str, number: int) -> str:
    """Words that were taken back go with the post that had them, and another takes its place."""
    return key if number == 1 else f"{key}/{number}"


def in_thread(
    visit: Visit,
    reply: Reply,
    key: str,
    *,
    notice: bool = False,
    quotes: tuple[EventId, ...] = (),
    repeats: bool = True,
) -> Say:
    """To the room, in the card's thread; it goes with the message that gave the title, if it
    repeats that: the report does not go for good, it is made anew."""
    title = titled(visit) if repeats else ()
    return Say(
        visit.room_id,
        reply,
        notice=notice,
        key=key,
        quotes=(*title, *quotes),
        under=card_key(visit),
    )


def titled(*these: Visit) -> tuple[EventId, ...]:
    """The messages that gave visits their titles: what repeats a title goes with them."""
    return tuple(one.source for one in these if one.title)


def listen_under(visit: Visit, context: Context) -> None:
    """What is written in the card's thread is a note for the report."""
    place = Conversation(card_key(visit), "visit", f"notes/{visit.id}", talk=True)
    listening.begin(context.connection, place, context.now)


def card_of(
    visit: Visit, words: Words, context: Context, sign: str | None = None
) -> card_words.Card:
    """What the card says now."""
    names = names_of(visit.electorate, words, context)
    choice = count(visit, context) if visit.electorate and visit.state in COUNTED else None
    decided = span_of(visit)
    lines = visits.lines(context.connection, visit.id)
    return Card(
        named(visit, context, sign),
        visit.state.value,
        names,
        choice,
        visit.deadline.astimezone(zone_of(visit)),
        tuple(names[key] for key in _awaited(visit, choice, context)),
        decided,
        () if decided is None else coming(visit, count(visit, context), names),
        visit.place,
        None if visit.online_at is None else visit.online_at.astimezone(zone_of(visit)),
        visit.override,
        tasks=tuple(_task(one, context) for one in lines if one.kind is LineKind.TASK),
        agenda=tuple(
            (one.day, one.text, one.cites or "") for one in lines if one.kind is LineKind.AGENDA
        ),
        delegations=tuple(
            (_city(one, context), one.count)
            for one in lines
            if one.kind is LineKind.DELEGATION and one.count is not None
        ),
        travel=tuple(one.text for one in lines if one.kind is LineKind.TRAVEL and one.text),
    )


def _awaited(visit: Visit, choice: Choice | None, context: Context) -> list[str]:
    """The keys of who has not answered, among those who were asked so far."""
    if visit.state is VisitState.ASKING:
        asked = {voice.key for voice in visit.electorate if voice.required}
        return [key for key in silent_parties(count(visit, context)) if key in asked]
    return [] if choice is None else list(silent_parties(choice))


def _task(line: Line, context: Context) -> tuple[str, str, date | None, bool]:
    owner = "" if line.owner is None else people.know(context.connection, line.owner).display_name
    return line.text, owner, line.day, line.done_at is not None


def _city(line: Line, context: Context) -> str:
    city = context.settings.community.city(line.city or "")
    return (line.city or "") if city is None else city.name


def span_of(visit: Visit) -> Span | None:
    """The days that were decided."""
    if visit.start is None or visit.last is None:
        return None
    return Span(visit.start, visit.last)


def coming(visit: Visit, choice: Choice, names: dict[str, str]) -> tuple[str, ...]:
    """The names of the voices that said they come on the days that were decided."""
    for one in choice.standings:
        if one.option.span == span_of(visit):
            return tuple(names[k] for k, v in one.voices.items() if v.value in COMES and k in names)
    return ()


def edit_card(visit: Visit, context: Context) -> list[Post]:
    """At once; nothing if there is no card yet."""
    key = card_key(visit)
    if not outbox.was_posted(context.connection, key):
        return []
    return [Change(key, card_words.card(context.words, card_of(visit, context.words, context)))]


def refresh(visit: Visit, context: Context) -> list[Post]:
    """Soon, together with whatever else happens meanwhile."""
    pace = milliseconds(context.now) // (PACE // timedelta(milliseconds=1)) + 1
    due = instant(pace * (PACE // timedelta(milliseconds=1)))
    alarm = Timer(
        key=f"visit/{visit.id}/card/{pace}",
        kind="visit card",
        wall_time=due.astimezone(UTC).replace(tzinfo=None),
        time_zone="UTC",
        room_id=visit.room_id,
        payload={"visit": visit.id},
    )
    return [Alarm(alarm)]

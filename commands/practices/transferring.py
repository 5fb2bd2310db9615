"""`!practice transfer` and `!transfer`: a city takes up what another does, and tells."""

import re
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta
from enum import StrEnum
from typing import Any
from zoneinfo import ZoneInfo

from commands import replies as shared_replies
from commands.arguments import argument, choice, folded, optional, text_to_end
from commands.command import Call, Command
from commands.context import Context
from commands.errors import MemberError
from commands.events import TimerDue
from commands.permissions import may_coordinate
from commands.posts import Change, Post, Posts, Say, Tell
from commands.practices import review_replies, rules, transfer_replies
from commands.practices.access import (
    OPEN,
    Where,
    access,
    practice_number,
    transfer_number,
    where_shown,
)
from commands.practices.showing import (
    HIDDEN,
    card_link,
    city_name,
    keep_card,
    link_to,
    told_in,
)
from commands.practices.transfer_replies import Journey
from commands.practices.vocabulary import DEGREE_OF
from commands.words import N_, Words
from storage import listening, outbox, practices, questions, rooms, sources, timers, transfers
from storage.listening import Conversation
from storage.questions import Question
from storage.records import (
    Degree,
    EventId,
    Person,
    Practice,
    PracticeField,
    PracticeState,
    Room,
    RoomKind,
    Timer,
    Transfer,
    TransferNote,
    TransferState,
)
from storage.sources import Source

KIND = "transfer"
ASKED = "transfer asked"  # the conversation that the one question begins
SILENCE = "transfer-silence"  # timer kind
PATIENCE = timedelta(weeks=6)
ASKS_AT = 10  # o'clock
SHOWN = 5  # entries of a diary on its card
WEEKEND = 5
_DEGREE = re.compile(r"\bdegree:\s*(\w+)[\s,;.]*", re.IGNORECASE)
_LEADING = re.compile(r"^(\w+)\s*[,:;–-]\s*", re.UNICODE)


class Move(StrEnum):
    """States as they are typed."""

    UNDERSTANDING = "understanding"
    ADAPTING = "adapting"
    PILOTING = "piloting"
    IN_USE = "in-use"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True)
class Begin:
    number: int = argument(practice_number, question=N_("Which practice? P-12, for example."))


@dataclass(frozen=True, slots=True)
class Step:
    number: int = argument(transfer_number, question=N_("Which transfer? T-4, for example."))
    state: Move | None = optional(choice(Move, N_("state")), default=None)
    told: str = optional(
        text_to_end, default="", rest=True, hint=N_("what you changed, or why you stop")
    )


# ── beginning ─────────────────────────────────────────────────────────────────────────────────


def begin(call: Call[Begin], context: Context) -> Posts:
    practice = access(call.arguments.number, call, context)
    _check_state(practice, call)
    city = call.asker.city
    if city is None:
        raise MemberError(review_replies.no_city(call.words, call.sign))
    if city == practice.city:
        raise MemberError(transfer_replies.own_practice(call.words, practice))
    for earlier in transfers.find(context.connection, practice=practice.number, city=city):
        if earlier.state is not TransferState.STOPPED:
            raise MemberError(transfer_replies.under_way(call.words, earlier, call.sign))
    room = _room_for(practice, call, context)
    transfer = transfers.start(
        context.connection, practice.number, city, call.asker, room.room_id, context.now
    )
    conversation = Conversation(transfer.card_key, KIND, transfer.name, talk=True)
    listening.begin(context.connection, conversation, context.now)
    set_alarm(transfer, context.now, context)
    giver = city_name(practice.city, context)
    said = transfer_replies.begun(call.words, transfer, practice, giver, call.sign)
    card = Say(room.room_id, card_of(transfer, context), key=transfer.card_key)
    return [*call.answer(said), card, *_spread(transfer, "", (), call.asker, context)]


def _check_state(practice: Practice, call: Call[Begin]) -> None:
    if practice.state is PracticeState.RETIRED:
        raise MemberError(transfer_replies.retired(call.words, practice, call.sign))
    if practice.state in HIDDEN:
        raise MemberError(transfer_replies.not_shared_yet(call.words, practice, call.sign))


def _room_for(practice: Practice, call: Call[Any], context: Context) -> Room:
    """Where the transfer's card is: where it was asked, or in the room of the city's cluster."""
    if practice.state not in OPEN and practice.cluster:
        # Not everybody elsewhere may know of it.
        home = rooms.of_cluster(context.connection, practice.cluster)
        return home or call.room
    if call.room.kind is RoomKind.CLUSTER:
        return call.room
    city = context.settings.community.city(call.asker.city or "")
    home = rooms.of_cluster(context.connection, city.cluster) if city else None
    return home or call.room


# ── steps ─────────────────────────────────────────────────────────────────────────────────────


def step(call: Call[Step], context: Context) -> Posts:
    transfer = _access(call.arguments.number, call, context)
    move = call.arguments.state
    if move is None:
        diary = transfers.notes(context.connection, transfer.number)
        practice = practices.get(context.connection, transfer.practice)
        if practice is None or where_shown(practice, call, context) is not Where.HERE:
            call = replace(call, private=True)
        shown = card_of(transfer, context, call.words, call.sign, most=len(diary))
        return call.answer(shown, quotes=tuple(note.event_id for note in diary))
    if not _may_tell(transfer, call.asker, context):
        city = city_name(transfer.city, context)
        raise MemberError(transfer_replies.not_yours(call.words, transfer, city))
    state = TransferState(move.replace("-", "_"))
    degree, told = read_degree(call.arguments.told)
    again = state is transfer.state and (degree or told) and state is not TransferState.STOPPED
    if not again and not rules.may_move(transfer.state, state):
        following = rules.moves(transfer.state)
        raise MemberError(transfer_replies.cannot_move(call.words, transfer, following, call.sign))
    if state is TransferState.STOPPED and not told:
        return _ask_why(transfer, call, context)
    changed = replace(transfer, state=state, degree=degree or transfer.degree)
    _write(changed, told, call, context)
    card = link_to(transfer.card_key, transfer.name, context)
    said = transfer_replies.moved(call.words, changed, told, link=card)
    return [
        *call.answer(said),
        Change(transfer.card_key, card_of(changed, context)),
        *_spread(changed, told, (call.said.event_id,), call.asker, context),
    ]


def _write(transfer: Transfer, told: str, call: Call[Any], context: Context) -> None:
    transfers.change(
        context.connection,
        transfer.number,
        state=transfer.state,
        degree=transfer.degree,
        heard_at=context.now,
        changed_at=context.now,
    )
    _note(transfer, told, call, context, state=transfer.state)
    listening.end(context.connection, ASKED, transfer.name)


def _ask_why(transfer: Transfer, call: Call[Step], context: Context) -> Posts:
    place = call.room.room_id if call.direct else call.said.thread_root or call.said.event_id
    asked = Question("transfer", f"{transfer.name} stopped")
    questions.ask(context.connection, place, call.asker.id, asked, context.now)
    question = N_("What stopped it? One line helps the next city.")
    return call.answer(shared_replies.question(call.words, question))


def read_degree(text: str) -> tuple[Degree | None, str]:
    """How much was taken over, where it is said, and the words without it."""
    for pattern in (_DEGREE, _LEADING):
        found = pattern.search(text)
        degree = DEGREE_OF.get(folded(found[1])) if found else None
        if found and degree:
            return degree, (text[: found.start()] + text[found.end() :]).strip()
    alone = DEGREE_OF.get(folded(text.strip().rstrip(".!")))
    return (alone, "") if alone else (None, text.strip())


def _access(number: int, call: Call[Any], context: Context) -> Transfer:
    """The transfer of that number, if the asker may know of its practice, or it is theirs."""
    found = transfers.get(context.connection, number)
    practice = practices.get(context.connection, found.practice) if found else None
    if found is not None and practice is not None:
        known = where_shown(practice, call, context) is not Where.NOWHERE
        if known or _may_tell(found, call.asker, context):
            return found
    raise MemberError(transfer_replies.unknown_transfer(call.words, number))


def _may_tell(transfer: Transfer, person: Person, context: Context) -> bool:
    """People of the city, who began it, and who coordinates the city's cluster."""
    community = context.settings.community
    city = community.city(transfer.city)
    cluster = city.cluster if city else None
    mine = person.city == transfer.city or person.id == transfer.person.id
    return mine or may_coordinate(person, community, cluster)


# ── the diary ─────────────────────────────────────────────────────────────────────────────────


def _note(
    transfer: Transfer,
    text: str,
    call: Call[Any],
    context: Context,
    *,
    state: TransferState | None = None,
    talk: bool = False,
) -> None:
    said = call.said
    entry = TransferNote(call.asker, text, said.at, said.room_id, said.event_id, state)
    transfers.note(context.connection, transfer.number, entry)
    origin = Source(KIND, transfer.name, said.sender, talk=talk)
    sources.add(context.connection, said.event_id, origin)
    transfers.change(context.connection, transfer.number, heard_at=context.now)


def hear_diary(call: Call[None], subject: str, context: Context) -> Posts:
    """What people of the city say in the thread of its card; what others say is talk."""
    transfer = transfers.get(context.connection, int(subject.removeprefix("T-")))
    if transfer is None or call.said.msgtype != "m.text":
        return ()
    if call.asker.city != transfer.city and call.asker.id != transfer.person.id:
        return ()
    _note(transfer, call.said.body, call, context, talk=True)
    return [Change(transfer.card_key, card_of(transfer, context))]


def hear_answer(call: Call[None], subject: str, context: Context) -> Posts:
    """What was said to the one question, in the direct chat."""
    listening.end(context.connection, ASKED, subject)
    transfer = transfers.get(context.connection, int(subject.removeprefix("T-")))
    if transfer is None or call.said.msgtype != "m.text":
        return ()
    _note(transfer, call.said.body, call, context)
    said = call.answer(transfer_replies.in_the_diary(call.words, transfer))
    return [*said, Change(transfer.card_key, card_of(transfer, context))]


# ── cards and notices ─────────────────────────────────────────────────────────────────────────


def journey_of(transfer: Transfer, context: Context, told: str | None = None) -> Journey:
    """All that a transfer's card tells."""
    practice = practices.get(context.connection, transfer.practice)
    assert practice is not None
    notes = transfers.notes(context.connection, transfer.number)
    zone = ZoneInfo(context.settings.community.time_zone)
    return Journey(
        transfer=transfer,
        practice=practice,
        title="",  # the card stays when the title is taken back
        city=city_name(transfer.city, context),
        giver=city_name(practice.city, context),
        source=card_link(practice, context),
        told=told_in(transfer, notes) if told is None else told,
        notes=tuple((note.at.astimezone(zone).date().isoformat(), note) for note in notes),
    )


def card_of(
    transfer: Transfer,
    context: Context,
    words: Words | None = None,
    sign: str | None = None,
    *,
    most: int = SHOWN,
) -> Any:
    sign = context.settings.prefix if sign is None else sign
    journey = journey_of(transfer, context)
    return transfer_replies.card(words or context.words, journey, sign, most=most)


def _spread(
    transfer: Transfer, told: str, quotes: tuple[EventId, ...], by: Person, context: Context
) -> list[Post]:
    """The practice's card shows where it went, and the giver is told."""
    posts: list[Post] = [*keep_card(transfer.practice, context)]
    journey = journey_of(transfer, context, told)
    giver = journey.practice.author
    if giver.id != by.id and journey.practice.state not in HIDDEN:
        journey = replace(journey, title=journey.practice.text(PracticeField.TITLE))
        reply = transfer_replies.told_giver(context.words_for(giver), journey)
        said = quotes if told else ()
        posts.append(Tell(giver.user_id, reply, quotes=(*said, *_title_source(journey.practice))))
    return posts


# ── silence ───────────────────────────────────────────────────────────────────────────────────


def set_alarm(transfer: Transfer, heard_at: datetime, context: Context) -> None:
    """Look after six weeks of silence, on a working day in the morning."""
    zone = context.settings.community.time_zone
    due = (heard_at + PATIENCE).astimezone(ZoneInfo(zone))
    day = due.date() + timedelta(days=1 if due.hour >= ASKS_AT else 0)
    day += timedelta(days=max(0, 7 - day.weekday()) if day.weekday() >= WEEKEND else 0)
    alarm = Timer(
        key=f"transfer/{transfer.number}/silence/{day.isoformat()}",
        kind=SILENCE,
        wall_time=datetime.combine(day, time(ASKS_AT)),
        time_zone=zone,
        payload={"transfer": transfer.number},
    )
    timers.schedule(context.connection, [alarm])


def ask_after_silence(event: TimerDue, context: Context) -> Posts:
    """One kind question, if nothing was heard since; never two."""
    transfer = transfers.get(context.connection, int(event.payload["transfer"]))
    if transfer is None or transfer.state in (TransferState.IN_USE, TransferState.STOPPED):
        return ()
    practice = practices.get(context.connection, transfer.practice)
    key = f"transfer/{transfer.number}/asked"
    if practice is None or practice.state in HIDDEN or outbox.was_posted(context.connection, key):
        return ()
    if transfer.heard_at + PATIENCE > context.now:
        set_alarm(transfer, transfer.heard_at, context)
        return ()
    who = transfer.person
    for place in (who.user_id, key):
        conversation = Conversation(place, ASKED, transfer.name, who.id)
        listening.begin(context.connection, conversation, context.now)
    title = practice.text(PracticeField.TITLE)
    link = link_to(transfer.card_key, transfer.name, context)
    reply = transfer_replies.how_is_it_going(context.words_for(who), transfer, title, link)
    return [Tell(who.user_id, reply, key=key, quotes=_title_source(practice))]


def _title_source(practice: Practice) -> tuple[EventId, ...]:
    """The message that says its title: words that repeat it go with it."""
    answered = practice.fields.get(PracticeField.TITLE)
    return (answered.event_id,) if answered and answered.event_id else ()


# ── what is declared ──────────────────────────────────────────────────────────────────────────

BEGIN = Command(
    name="practice transfer",
    arguments=Begin,
    handler=begin,
    summary=N_("your city is looking at a practice of another"),
    example="practice transfer P-12",
)
STEP = Command(
    name="transfer",
    arguments=Step,
    handler=step,
    summary=N_("where your city is with it, and what you changed, or why you stop"),
    example="transfer T-4 piloting degree:adapted Two seats instead of four",
)

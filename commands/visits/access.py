"""Which visit is meant, and who may see it, decide about it, or speak in it."""

from collections.abc import Collection
from typing import Any

from commands.arguments import Reader, Refusal, Surroundings
from commands.command import Call
from commands.context import Context
from commands.errors import MemberError
from commands.permissions import may_coordinate, roles_of
from commands.visits import replies
from commands.visits.electing import named
from commands.visits.showing import titled
from commands.words import N_
from storage import outbox, rooms, visits
from storage.records import Person, Role, RoomKind
from storage.visit_records import Visit, VisitState


def read_number(typed: str, letter: str) -> int | None:
    """ "V-3", "v3" and "3" are the same."""
    plain = typed.strip().casefold().removeprefix(letter.casefold()).lstrip("-")
    return int(plain) if plain.isdecimal() and len(plain) < 9 else None


def _read_visit(typed: str, around: Surroundings) -> int | Refusal:
    number = read_number(typed, "V")
    return (
        Refusal(replies.unknown_visit(around.words, typed, around.sign))
        if number is None
        else number
    )


visit_number: Reader[int] = Reader(N_("visit"), _read_visit)


def access_visit(
    call: Call[Any],
    number: int | None,
    context: Context,
    *,
    states: Collection[VisitState] | None = None,
    or_else: Collection[VisitState] = (),
) -> Visit:
    """The visit that is meant, if the asker may see it here.

    Without a number it is the one whose thread this is, or the only one there is in these states;
    where none is, in those others.
    """
    if number is None:
        number = _of_thread(call, context)
    if number is not None:
        found = visits.get(context.connection, number)
        if found is None or not may_see(call, found, context):
            raise MemberError(replies.unknown_visit(call.words, f"V-{number}", call.sign))
        return found
    likely = _likely(call, states, context)
    if not likely and or_else:
        likely = _likely(call, or_else, context)
    if len(likely) == 1:
        return likely[0]
    shown = [named(one, context, call.sign) for one in likely[-5:]]
    example = f"{call.sign}visit show {likely[-1].name if likely else 'V-3'}"
    raise MemberError(replies.which_visit(call.words, shown, example), quotes=titled(*likely[-5:]))


def _likely(
    call: Call[Any], states: Collection[VisitState] | None, context: Context
) -> list[Visit]:
    return [
        one
        for one in visits.find(context.connection, states=states)
        if may_see(call, one, context) and one.state is not VisitState.CANCELLED
    ]


def _of_thread(call: Call[Any], context: Context) -> int | None:
    root = call.said.thread_root or call.said.reply_to
    post = None if root is None else outbox.post_of(context.connection, root)
    return None if post is None else visit_of(post)


def visit_of(post: str) -> int | None:
    """The number of the visit that a post of ours is about."""
    parts = post.split("/")
    return int(parts[1]) if parts[0] == "visit" and parts[1].isdecimal() else None


def may_see(call: Call[Any], visit: Visit, context: Context) -> bool:
    """In its own room; elsewhere only in private, and for who is in that room or coordinates it."""
    if call.room.room_id == visit.room_id:
        return True
    if call.room.kind not in (RoomKind.DIRECT, RoomKind.COORDINATORS):
        return False
    present = rooms.presence(context.connection, visit.room_id, call.asker.user_id)
    there = present is not None and present[2] == "join"
    coordinates = may_coordinate(call.asker, context.settings.community, visit.cluster)
    return coordinates or (there and call.room.kind is RoomKind.DIRECT)


def may_decide(person: Person, visit: Visit, context: Context) -> bool:
    """Coordinators of its cluster, and the city lead of its host."""
    community = context.settings.community
    if may_coordinate(person, community, visit.cluster):
        return True
    return person.city == visit.host and Role.CITY_LEAD in roles_of(person, community)


def require_decider(call: Call[Any], visit: Visit, context: Context) -> None:
    """Refuse whoever has no say about a visit."""
    if not may_decide(call.asker, visit, context):
        raise MemberError(replies.not_yours_to_decide(call.words, named(visit, context)))


def require_state(
    call: Call[Any], visit: Visit, context: Context, states: Collection[VisitState]
) -> None:
    """Refuse what does not fit where a visit has come to, and say where that is."""
    if visit.state not in states:
        shown = named(visit, context, call.sign)
        raise MemberError(
            replies.not_in_this_state(call.words, shown, visit.state.value), quotes=titled(visit)
        )

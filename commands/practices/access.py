"""Who may see and change a practice, and where it may be shown."""

import re
from enum import Enum
from typing import Any

from commands.arguments import Reader, Refusal, Surroundings
from commands.command import Call
from commands.context import Context
from commands.errors import MemberError
from commands.permissions import may_coordinate
from commands.practices import replies
from commands.words import N_
from storage import practices, rooms
from storage.practices import UNFINISHED
from storage.records import Person, Practice, PracticeState, RoomKind

OPEN = frozenset({PracticeState.PUBLISHED, PracticeState.RETIRED})  # to the whole community
OURS = frozenset({RoomKind.CLUSTER, RoomKind.COORDINATORS, RoomKind.DIRECT})


def number_in(typed: str, letter: str) -> int | None:
    """The number of P-12, p12 and 12."""
    pattern = rf"(?:{letter}[\s-]?)?([0-9]{{1,9}})[.,;:!?]?"
    found = re.fullmatch(pattern, typed.strip(), re.IGNORECASE)
    return int(found[1]) if found else None


def numbered(letter: str, hint: str) -> Reader[int]:
    """A reader for P-12, p12 and 12."""

    def read(typed: str, around: Surroundings) -> int | Refusal:
        found = number_in(typed, letter)
        if found is not None:
            return found
        return Refusal(replies.no_number(around.words, typed, f"{letter}-12"))

    return Reader(hint, read)


practice_number = numbered("P", N_("practice"))
transfer_number = numbered("T", N_("transfer"))


class Where(Enum):
    """Where a practice may be shown to somebody who asks for it."""

    HERE = "here"
    PRIVATELY = "in the direct chat"
    NOWHERE = "nowhere"


def may_edit(practice: Practice, person: Person, context: Context) -> bool:
    """Its author, and who coordinates its cluster."""
    if practice.author.id == person.id:
        return True
    return may_coordinate(person, context.settings.community, practice.cluster)


def where_shown(practice: Practice, call: Call[Any], context: Context) -> Where:
    """Drafts are for their authors and coordinators, shared ones for the cluster, then for all."""
    privately = Where.HERE if call.direct else Where.PRIVATELY
    editor = may_edit(practice, call.asker, context)
    if practice.state is PracticeState.WITHDRAWN:
        return Where.NOWHERE
    if practice.state in UNFINISHED:
        return privately if editor else Where.NOWHERE
    theirs = rooms.clusters_of(context.connection, call.asker.id)
    if practice.state in OPEN:
        known = editor or theirs or call.room.kind in (RoomKind.CLUSTER, RoomKind.COORDINATORS)
        here = call.room.kind in OURS
    else:
        known = editor or practice.cluster in theirs
        at_home = call.room.kind is RoomKind.CLUSTER and call.room.cluster == practice.cluster
        here = at_home or call.room.kind is RoomKind.COORDINATORS or call.direct
    if not known:
        return Where.NOWHERE
    return Where.HERE if here else privately


def access(number: int, call: Call[Any], context: Context) -> Practice:
    """The practice of that number; one that the asker may not know of reads as if it were none."""
    found = practices.get(context.connection, number)
    if found is None or where_shown(found, call, context) is Where.NOWHERE:
        raise MemberError(replies.unknown_practice(call.words, number, f"{call.sign}practice list"))
    return found


def access_own(number: int, call: Call[Any], context: Context) -> Practice:
    """The same, to change it."""
    found = access(number, call, context)
    if not may_edit(found, call.asker, context):
        raise MemberError(replies.not_yours(call.words, found))
    return found

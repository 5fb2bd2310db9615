"""Who might know: at most two people, each with its reason, found in what the network has kept.

It looks through all clusters, and tells coordinators where something was written, never the words.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection

from storage import people, practices, rooms, search
from storage.practices import UNFINISHED
from storage.records import Person, PracticeField, PracticeState, Role, RoomKind, UserId
from storage.search import Scope
from storage.search.matching import Matcher
from storage.search.query import Node, Or, Word

COMPARED = (
    PracticeField.TITLE, PracticeField.PROBLEM, PracticeField.WHAT_WE_DO, PracticeField.WATCH_OUT,
    PracticeField.TAGS, PracticeField.ENGLISH_TITLE, PracticeField.ENGLISH_SUMMARY,
)  # fmt: skip
EXPERTS = frozenset({Role.EXPERT_FACILITATOR, Role.VOLUNTEERING_EXPERT})
IN_COMMON = 2  # words, at least
MOST = 2  # people
WORDS = 10  # of a question that are looked for
LOOKED_AT = 120  # messages
_LONG = re.compile(r"[^\W\d_]{4,}")


class Reason(StrEnum):
    PRACTICE = "practice"  # their city has one about it
    WROTE = "wrote"  # they wrote on it


@dataclass(frozen=True, slots=True)
class Knows:
    """Somebody who might know."""

    person: Person
    cluster: str  # slug, where they could be asked
    reason: Reason
    practice: int | None = None
    score: float = 0.0


def who_might_know(
    connection: Connection,
    text: str,
    *,
    language: str,
    asker: UserId,
    city: str | None,
    elsewhere: str | None = None,
) -> list[Knows]:
    """Two people at most, the likeliest first.

    city: the asker's, whose people are asked already. elsewhere: a cluster to leave out, because
    the question stands there.
    """
    about = search.topics(text, language)
    found = [*_by_practice(connection, about), *_by_words(connection, text, about)]
    best: dict[UserId, Knows] = {}
    for one in sorted(found, key=lambda each: (-each.score, each.person.user_id)):
        someone = one.person
        if someone.user_id == asker or (city is not None and someone.city == city):
            continue
        if someone.city is None and not someone.roles & EXPERTS:
            continue  # who asks around for others does not know it from that
        if one.cluster == elsewhere or not someone.archive or not _is_there(connection, one):
            continue
        best.setdefault(someone.user_id, one)
    return list(best.values())[:MOST]


def cluster_for(found: Sequence[Knows]) -> str | None:
    """The cluster that the likeliest of them is in."""
    return found[0].cluster if found else None


def _is_there(connection: Connection, one: Knows) -> bool:
    return one.cluster in rooms.clusters_of(connection, one.person.id)


def _by_practice(connection: Connection, about: frozenset[str]) -> list[Knows]:
    found = []
    for practice in practices.find(connection):
        if practice.state in UNFINISHED or practice.state is PracticeState.WITHDRAWN:
            continue
        told = " ".join(practice.text(field) for field in COMPARED)
        common = about & search.topics(told, practice.language)
        if len(common) >= IN_COMMON and practice.cluster is not None:
            found.append(
                Knows(
                    practice.author, practice.cluster, Reason.PRACTICE, practice.number,
                    1.5 * len(common),
                )
            )  # fmt: skip
    return found


def _by_words(connection: Connection, text: str, about: frozenset[str]) -> list[Knows]:
    words = [one for one in dict.fromkeys(_LONG.findall(text)) if search.topics(one) or about]
    words = sorted(words, key=len, reverse=True)[:WORDS]
    if len(words) < IN_COMMON:
        return []
    tree: Node = Or(tuple(Word(one) for one in words))
    forums = {
        each.id: room.cluster
        for room in rooms.find(connection, kind=RoomKind.CLUSTER, joined=True)
        if room.archive_on and room.cluster
        for each in rooms.chain(connection, room)
    }
    rows = search.candidates(connection, tree, Scope(tuple(forums)), LOOKED_AT)
    matcher = Matcher(tree)
    scores: dict[tuple[int, str], float] = {}
    for row in rows:
        hits = sum(1 for count in matcher.weigh(row).hits if count)
        cluster = forums.get(row.room_id)
        if hits < IN_COMMON or cluster is None or row.body.rstrip().endswith("?"):
            continue
        key = (row.sender_id, cluster)
        scores[key] = max(scores.get(key, 0.0), float(hits))
    known = people.by_number(connection, {number for number, _cluster in scores})
    return [
        Knows(known[number], cluster, Reason.WROTE, None, score)
        for (number, cluster), score in scores.items()
        if number in known
    ]

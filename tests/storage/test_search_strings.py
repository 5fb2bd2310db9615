"""Whatever is typed is read, and both engines find the same for it.

`STRINGS=200000 make test ARGS=tests/storage/test_search_strings.py` is the long form.
"""

import os
import random
from dataclasses import replace
from datetime import date
from zlib import crc32

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from commands.search.fields import FIELDS
from commands.search.rules import Reading, parse_query, read_again
from storage.database import Database
from storage.search import Scope, candidates
from storage.search.query import And, Filter, Marked, Node, Not, Or, print_query
from tests.storage.test_search import MARKS, VOCABULARY, both, say, some_corpus

STRINGS = int(os.environ.get("STRINGS", "200"))
AT_ONCE = 40
TODAY = date(2026, 4, 1)
SIGNS = ["OR", "AND", "NOT", "-", "(", ")", "|", '"', "*", "#", ":", "'", "\\", " ", " ", "\x00"]
FILTERS = [
    "from:@a",
    "-city:Porto",
    "in:#cluster",
    "has:link",
    "lang:de",
    "is:question",
    "kind:visit",
]
DAYS = ["after: last week", "on:1.9.", "before:2026-03", "since：7d"]
# As people mean it: words, filters and emoji, in brackets, with OR and minus.
MEANT = st.recursive(
    st.sampled_from([*VOCABULARY, *FILTERS, *DAYS, "wel*", '"welcome kit"', "👍🏿", "tag:housing"]),
    lambda inner: st.one_of(
        inner.map("-{}".format),
        inner.map("({})".format),
        st.lists(inner, min_size=2, max_size=3).map(" ".join),
        st.lists(inner, min_size=2, max_size=3).map(" OR ".join),
        st.lists(inner, min_size=2, max_size=3).map(lambda many: f"({' OR '.join(many)})"),
    ),
    max_leaves=8,
)
TYPED = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from([*VOCABULARY, *SIGNS, *(f"{name}:" for name in FIELDS), "2026-03", "7d"]),
        max_size=12,
    ).map("".join),
    st.lists(st.sampled_from([*VOCABULARY, *SIGNS, *FILTERS]), max_size=8).map(" ".join),
    MEANT,
    MEANT,
)
ROOMS = Scope(rooms=(1, 2, 4))

__all__ = ["both"]  # the fixture


@given(st.lists(TYPED, min_size=AT_ONCE, max_size=AT_ONCE))
@settings(
    max_examples=max(1, STRINGS // AT_ONCE),
    deadline=None,
    suppress_health_check=[
        HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.large_base_example,
        HealthCheck.data_too_large,
    ],
)  # fmt: skip
async def test_any_string_is_read_and_both_engines_find_the_same(
    both: tuple[Database, Database], typed: list[str]
) -> None:
    if typed and not await both[0].read(lambda c: candidates(c, None, Scope(rooms=(1, 2, 3, 4)))):
        corpus = some_corpus(random.Random(7), 250)
        for database in both:
            await say(database, corpus)
    readings = [parse_query(text, today=TODAY) for text in typed]

    def ask_all(connection: Connection) -> list[list[int]]:
        return [_found(connection, reading) for reading in readings]

    on_lite, on_pg = [await database.read(ask_all) for database in both]
    for text, reading, one, other in zip(typed, readings, on_lite, on_pg, strict=True):
        assert one == other, text
        again = read_again(print_query(reading.query), today=TODAY)
        assert again == reading.query, text


def _found(connection: Connection, reading: Reading) -> list[int]:
    if reading.refusal is not None:
        return []
    query = reading.query
    scope = replace(
        ROOMS,
        marks=tuple((_mark(it),) for it in query.filters if not it.negated),
        without=tuple(_mark(it) for it in query.filters if it.negated),
    )
    tree = None if query.tree is None else _marked(query.tree)
    return [row.seq for row in candidates(connection, tree, scope)]


def _mark(one: Filter) -> str:
    """Some mark of the corpus, the same for the same filter: who is meant matters to no engine."""
    return MARKS[crc32(f"{one.field}:{one.value}".encode()) % len(MARKS)]


def _marked(node: Node) -> Node:
    match node:
        case Filter():
            return Marked((_mark(node),))
        case Not(inner):
            return Not(_marked(inner))
        case And(nodes):
            return And(tuple(map(_marked, nodes)))
        case Or(nodes):
            return Or(tuple(map(_marked, nodes)))
        case _:
            return node

"""Whatever is typed is read, and both engines find the same for it.

`STRINGS=200000 make test ARGS=tests/storage/test_search_strings.py` is the long form.
"""

import os
import random
from datetime import date

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from commands.search.fields import FIELDS
from commands.search.rules import Reading, parse_query
from storage.database import Database
from storage.search import Scope, candidates
from storage.search.query import print_query
from tests.storage.test_search import VOCABULARY, both, say, some_corpus

STRINGS = int(os.environ.get("STRINGS", "200"))
AT_ONCE = 40
TODAY = date(2026, 4, 1)
SIGNS = [
    "OR",
    "AND",
    "NOT",
    "-",
    "(",
    ")",
    "|",
    '"',
    "*",
    "#",
    ":",
    "'",
    "\\",
    " ",
    " ",
    " ",
    "\x00",
]
TYPED = st.one_of(
    st.text(max_size=60),
    st.lists(
        st.sampled_from([*VOCABULARY, *SIGNS, *(f"{name}:" for name in FIELDS), "2026-03", "7d"]),
        max_size=12,
    ).map("".join),
    st.lists(st.sampled_from([*VOCABULARY, *SIGNS]), max_size=8).map(" ".join),
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
        again = parse_query(print_query(reading.query), today=TODAY)
        assert again.refusal is not None or again.query == reading.query, text


def _found(connection: Connection, reading: Reading) -> list[int]:
    if reading.refusal is not None or reading.query.tree is None:
        return []
    return [row.seq for row in candidates(connection, reading.query.tree, ROOMS)]

"""The index on both engines: the same messages, only from the asked rooms, and gone when gone."""

import random
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import product
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection, delete, insert, select, update

from commands.search.rules import parse_query
from demo.postgres import Postgres
from storage.database import Database, SqliteDatabase, open_database
from storage.search import (
    Analysed,
    IndexRow,
    Scope,
    analyse,
    analyse_as,
    candidates,
    create,
    index_row,
    index_rows,
    marks_of,
    unindex_rows,
)
from storage.search.analyser import terms_of
from storage.search.query import And, Filter, Leaf, Marked, Node, Not, Or, Phrase, Prefix, Word
from storage.search.upkeep import merge_step, start_merge
from storage.tables.archive import message
from storage.tables.base import metadata
from storage.tables.spine import meta
from tests.traces import bytes_of

ENGINES = ("sqlite", "postgresql")
EVERYWHERE = Scope(rooms=(1, 2, 3))


@dataclass(frozen=True)
class Sentence:
    number: int
    room: int
    person: int
    at: int  # seconds
    body: str
    title: str | None = None
    lang: str = ""

    @property
    def thread(self) -> int:
        return self.number - self.number % 3 % 2  # two of three stand together

    @property
    def id(self) -> int:
        return self.at * 16 + self.number % 16


async def open_one(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> Database:
    if engine == "sqlite":
        database = await open_database(f"sqlite:///{tmp_path / 'hall.sqlite'}")
    else:
        server: Postgres = request.getfixturevalue("postgres")
        database = await open_database(server.create_database(f"search_{uuid4().hex[:8]}"))

    def lay_out(connection: Connection) -> None:
        metadata.create_all(connection, tables=[message, meta])
        create(connection)
        create(connection)  # harmless when it is there

    await database.write(lay_out, alone=True)
    return database


@pytest.fixture(params=ENGINES)
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_one(request.param, tmp_path, request)
    yield opened
    await opened.close()


@pytest.fixture
async def both(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[tuple[Database, Database]]:
    lite, pg = [await open_one(engine, tmp_path, request) for engine in ENGINES]
    yield lite, pg
    await lite.close()
    await pg.close()


async def say(database: Database, sentences: Sequence[Sentence]) -> None:
    def store(connection: Connection) -> None:
        analysed = [analyse(sentence.body, sentence.lang) for sentence in sentences]
        connection.execute(insert(message), [
            {
                "id": sentence.id, "seq": sentence.number, "room_id": sentence.room,
                "thread_h": sentence.thread, "thread_fixed": False,
                "sender_id": sentence.person, "ts": sentence.at * 1000, "lang": found.language,
                "body": sentence.body, "title": sentence.title,
            }
            for sentence, found in zip(sentences, analysed, strict=True)
        ])  # fmt: skip
        index_rows(connection, [_row(*pair) for pair in zip(sentences, analysed, strict=True)])

    await database.write(store, alone=True)


def _row(sentence: Sentence, analysed: Analysed) -> IndexRow:
    title = None if sentence.title is None else analyse_as(sentence.title, analysed.language)
    marks = marks_of(sentence.body, analysed.language)
    return IndexRow(sentence.id, sentence.room, sentence.person, analysed, title, marks)


async def search(
    database: Database, typed: str, scope: Scope = EVERYWHERE, limit: int = 400
) -> list[int]:
    reading = parse_query(typed, today=date(2026, 4, 1))
    return await look(database, reading.query.tree, scope, limit)


async def look(
    database: Database, tree: Node | None, scope: Scope = EVERYWHERE, limit: int = 400
) -> list[int]:
    found = await database.read(lambda connection: candidates(connection, tree, scope, limit))
    return [row.seq for row in found]


TALK = (
    Sentence(1, 1, 1, 1000, "Two meetings about housing for new families, please bring ideas."),
    Sentence(2, 2, 2, 1001, "Wir haben ein Treffen über Wohnungen für neue Familien geplant."),
    Sentence(3, 1, 2, 1002, "The welcome-kit is ready #welcome-kit and the café opens at ten."),
    Sentence(4, 3, 3, 1003, "Η πόλη μας έχει ένα νέο καφέ για τους εθελοντές."),
    Sentence(5, 2, 1, 1004, "Write to ann@city.example or see https://city.example/housing."),
    Sentence(6, 1, 3, 1005, "Nothing of note.", title="Night of the language cafés"),
    Sentence(7, 3, 1, 1006, "東京都に住んでいます。한국어 수업이 있습니다"),
    Sentence(8, 2, 3, 1007, "L'école a reçu les bénévoles hier, c'était très bien. 👏🏽 ❤️"),
)


EXPECTED: dict[str, list[int]] = {
    "meeting": [1],
    "Wohnung": [2],
    "familien": [2, 1],  # one stem in two languages
    "families": [2, 1],
    "ecole": [8],
    "l'école": [8],
    "benevole": [8],
    "πόλεις": [4],
    "ΚΑΦΕΣ": [4],
    "cafe": [6, 3],
    "CAFÉS": [6, 3],
    "#welcome-kit": [3],
    "#welcomekit": [3],
    "#café": [],
    "welcomekit": [3],
    "welcome-kit": [3],
    "ann@city.example": [5],
    "city.example": [5],
    "https://city.example/housing": [5],
    "東京": [7],
    "都": [7],
    "수업": [7],
    "한국": [7],
    "수": [7],
    "업수": [],
    "housing -families": [5],
    "-housing -cafés": [8, 7, 4, 2],
    "housing OR école": [8, 5, 1],
    "housing (ideas OR see)": [5, 1],
    "housing -(ideas OR nothing)": [5],
    "école OR -(housing OR 東京 OR city)": [8, 6, 4, 3, 2],
    '"new families"': [1],
    '"families new"': [],
    '"meeting"': [],
    '"meetings"': [1],
    '"language cafés"': [6],
    '"cafés nothing"': [],  # a title and a text are not neighbours
    '"of the"': [6],
    "fam*": [2, 1],
    "lang*": [6],
    "👏": [8],
    "👏🏿": [8],
    "❤": [8],
    "👏 ❤": [8],
    '"bien ❤"': [],
    '"bien 👏"': [8],
    "🎉": [],
    "what's": [],
    "C++": [],
    "ـ": [],
    "housing ـ": [5, 1],
    "-ـ": [],
}


async def test_words_find_what_people_expect(database: Database) -> None:
    await say(database, TALK)
    assert {typed: await search(database, typed) for typed in EXPECTED} == EXPECTED


async def test_filters_narrow_and_never_widen(database: Database) -> None:
    await say(database, TALK)
    assert await look(database, None) == [8, 7, 6, 5, 4, 3, 2, 1]
    assert await search(database, "housing", Scope(rooms=(1,))) == [1]
    assert await search(database, "housing", Scope(rooms=(3,))) == []
    assert await search(database, "housing", Scope(rooms=())) == []
    assert await look(database, None, Scope(rooms=())) == []
    assert await look(database, None, Scope(rooms=(1, 2, 3), people=(3,))) == [8, 6, 4]
    assert await look(database, None, Scope(rooms=(1, 2), people=(3,))) == [8, 6]
    assert await look(database, Not(Word("cafés")), Scope(rooms=(1,))) == [1]
    day = Scope(rooms=(1, 2, 3), after_ms=1_002_000, before_ms=1_005_000)
    assert await look(database, None, day) == [5, 4, 3]
    assert await look(database, None, replace(EVERYWHERE, below=TALK[3].id)) == [3, 2, 1]


async def test_nobody_can_type_a_room_or_a_person(database: Database) -> None:
    await say(database, [replace(TALK[0], room=1, person=1), replace(TALK[1], room=2, person=2)])
    for typed in (
        "r1",
        "p1",
        "r2",
        "p2",
        '"r2"',
        "'=r2'",
        "=r2",
        "scope:r2",
        "r2*",
        '"r1" OR "r2"',
        "{scope}",
    ):
        assert await search(database, typed, Scope(rooms=(1,))) == []


async def test_a_page_goes_on_below_the_last_one(database: Database) -> None:
    await say(database, [Sentence(n, n % 3 + 1, 1, 2000 + n, f"kettle {n}") for n in range(50)])
    scope = Scope(rooms=(1, 3))
    first = await search(database, "kettle", scope, limit=10)
    assert first == [n for n in range(49, -1, -1) if n % 3 != 1][:10]
    below = (2000 + first[-1]) * 16 + first[-1] % 16
    second = await search(database, "kettle", replace(scope, below=below), limit=10)
    assert second == [n for n in range(49, -1, -1) if n % 3 != 1][10:20]


async def test_many_rooms_and_long_queries_are_no_trouble(database: Database) -> None:
    await say(database, TALK)
    scope = Scope(rooms=tuple(range(1, 1000)))
    words = tuple(Word(f"fam{n}ilies-bücher{n}") for n in range(15))
    assert await look(database, Or((Word("housing"), *words)), scope) == [5, 1]
    assert await look(database, And((Word("housing"), *map(Not, words))), scope) == [5, 1]


async def test_what_is_taken_out_is_not_found(database: Database) -> None:
    await say(database, TALK)
    old = TALK[2]

    def redact(connection: Connection) -> None:
        row = connection.execute(select(message).where(message.c.id == old.id)).one()
        unindex_rows(
            connection,
            [
                index_row(
                    row.id, row.room_id, row.sender_id,
                    body=row.body, title=row.title, lang=row.lang,
                )
            ],
        )  # fmt: skip
        # The row keeps its words here, so that only the index can have forgotten them.

    await database.write(redact, alone=True)
    for typed in ("café", "welcome", "#welcome-kit", "welcomekit", "ready", "cafés -language"):
        assert old.number not in await search(database, typed)
    assert old.number not in await look(database, None)
    assert await search(database, "cafés") == [6]


async def test_a_blank_message_is_not_shown_even_if_the_index_still_has_it(
    database: Database,
) -> None:
    await say(database, TALK)
    await database.write(
        lambda connection: connection.execute(
            update(message).where(message.c.id == TALK[0].id).values(body="")
        )
    )
    assert await search(database, "meetings") == []


async def test_messages_without_words_stay_out(database: Database) -> None:
    await say(database, [Sentence(1, 1, 1, 5000, "… !"), Sentence(2, 1, 1, 5001, "word")])
    assert await look(database, None) == [2]


async def test_words_survive_an_index_made_anew(database: Database) -> None:
    """Re-indexing all with the stored language gives what indexing gave."""
    await say(database, TALK)

    def again(connection: Connection) -> None:
        rows = connection.execute(select(message)).all()
        made = [
            index_row(r.id, r.room_id, r.sender_id, body=r.body, title=r.title, lang=r.lang)
            for r in rows
        ]
        unindex_rows(connection, made)
        assert candidates(connection, None, EVERYWHERE) == []
        index_rows(connection, made)

    await database.write(again, alone=True)
    assert await search(database, "cafe") == [6, 3]
    assert await look(database, None) == [8, 7, 6, 5, 4, 3, 2, 1]


# ── both engines and a third, slow one in Python, on the same corpus ──────────────────────────

WORDS = """meeting meetings city cities Stadt Städte Straße naïve l'école écoles e-mail kit
    welcome-kit #housing housing Wohnung wohnungen πόλη πόλεις křeslo být města kjøre ja ne don't
    ann@city.example 東京都 2026-03-09 the der la C++ it's 👍🏽 a-b-c 🎉"""
VOCABULARY = WORDS.split()


def some_corpus(chance: random.Random, size: int) -> list[Sentence]:
    def words(most: int) -> str:
        return " ".join(chance.choices(VOCABULARY, k=chance.randint(1, most)))

    return [
        Sentence(
            number, chance.randint(1, 4), chance.randint(1, 4), 7000 + number // 8, words(9),
            title=words(3) if chance.random() < 0.2 else None,
            lang=chance.choice(["en", "de", "el", "", "cs"]),
        )
        for number in range(size)
    ]  # fmt: skip


MARKS = ("p1", "p2", "p3", "r1", "r2", "r4", "q", "hlink", "lde", "len", "nobody")


def some_tree(chance: random.Random, depth: int = 2) -> Node:
    kind = chance.random()
    if kind < 0.12:
        return Marked(tuple(chance.sample(MARKS, chance.randint(1, 3))))
    if depth == 0 or kind < 0.45:
        word, other = chance.choices(VOCABULARY, k=2)
        either = (Word(word), Word(word), Phrase(word), Phrase(f"{word} {other}"), Prefix(word[:4]))
        return either[chance.randrange(len(either))]
    if kind < 0.6:
        return Not(some_tree(chance, depth - 1))
    two = (some_tree(chance, depth - 1), some_tree(chance, depth - 1))
    return And(two) if kind < 0.85 else Or(two)


def slow_search(
    corpus: Sequence[Sentence], tree: Node | None, scope: Scope, limit: int
) -> list[int]:
    found = []
    for sentence in corpus:
        if sentence.room not in scope.rooms or not scope.after_ms <= sentence.at * 1000:
            continue
        if sentence.at * 1000 >= scope.before_ms or sentence.id >= scope.below:
            continue
        if scope.people and sentence.person not in scope.people:
            continue
        body = analyse(sentence.body, sentence.lang)
        marks = {f"p{sentence.person}", f"r{sentence.room}"}
        marks |= set(marks_of(sentence.body, body.language))
        if not all(marks.intersection(group) for group in scope.marks):
            continue
        others = [it for it in corpus if (it.thread, it.room) == (sentence.thread, sentence.room)]
        if scope.answered is not None and scope.answered != (len(others) > 1):
            continue
        if marks.intersection(scope.without) or scope.thread not in (None, sentence.thread):
            continue
        texts = [body]
        if sentence.title:
            texts.append(analyse_as(sentence.title, body.language))
        if not any(text.surface for text in texts):
            continue
        if tree is None or _holds(tree, texts, marks):
            found.append(sentence)
    found.sort(key=lambda sentence: -sentence.id)
    return [sentence.number for sentence in found[:limit]]


def _holds(node: Node, texts: Sequence[Analysed], marks: Collection[str]) -> bool:
    match node:
        case And(nodes):
            return all(_holds(it, texts, marks) for it in nodes)
        case Or(nodes):
            return any(_holds(it, texts, marks) for it in nodes)
        case Not(inner):
            return not _holds(inner, texts, marks)
        case Marked(wanted):
            return not set(wanted).isdisjoint(marks)
        case Filter():
            raise AssertionError("no filter reaches an engine")
        case leaf:
            return any(_answers(leaf, text) for text in texts)


def _answers(leaf: Leaf, text: Analysed) -> bool:
    terms = terms_of(leaf)
    everything = {*text.surface, *text.extras, *text.tags}
    tests: list[Callable[[str], bool]] = [lambda token, it=it: token == it for it in terms.phrase]  # type: ignore[misc]
    if terms.phrase and terms.prefix:
        tests.append(terms.begins)
    starts = range(len(text.surface) - len(tests) + 1) if tests else range(0)
    return (
        not everything.isdisjoint(terms.any_of)
        or terms.tag in text.tags
        or (not terms.phrase and bool(terms.prefix) and any(map(terms.begins, everything)))
        or any(all(test(text.surface[at + n]) for n, test in enumerate(tests)) for at in starts)
    )


async def test_both_engines_find_the_same_and_nothing_else(
    both: tuple[Database, Database],
) -> None:
    chance = random.Random(20260309)
    corpus = some_corpus(chance, 400)
    for database in both:
        await say(database, corpus)
    questions = []
    for _ in range(320):
        tree = None if chance.random() < 0.05 else some_tree(chance)
        scope = Scope(
            # With rooms in which nothing was said there are too many to name.
            rooms=(
                *chance.sample(range(1, 5), chance.randint(1, 3)),
                *chance.choice([(), range(100, 104)]),
            ),
            people=tuple(chance.sample(range(1, 5), chance.choice([0, 0, 1, 2]))),
            after_ms=chance.choice([-(2**53), 7_010_000]),
            before_ms=chance.choice([2**53, 7_040_000]),
            below=chance.choice([2**53, 7_030 * 16]),
            marks=chance.choice([(), (), (("lde", "len"),), (("q", "hlink"), ("p1", "p2"))]),
            without=chance.choice([(), (), ("lel",), ("hlink", "p3")]),
            thread=chance.choice([None] * 9 + [chance.randrange(400)]),
            answered=chance.choice([None, None, None, True, False]),
        )
        questions.append((tree, scope, chance.choice([5, 30, 400])))

    def ask_all(connection: Connection) -> list[list[int]]:
        return [[row.seq for row in candidates(connection, *it)] for it in questions]

    lite, pg = [await database.read(ask_all) for database in both]
    found = 0
    for question, on_lite, on_pg in zip(questions, lite, pg, strict=True):
        expected = slow_search(corpus, *question)
        assert on_lite == expected, question
        assert on_pg == expected, question
        found += bool(expected)
    assert found > 100, "the corpus is too thin to prove anything"


async def test_a_filter_only_takes_away(both: tuple[Database, Database]) -> None:
    chance = random.Random(4)
    corpus = some_corpus(chance, 200)
    for database in both:
        await say(database, corpus)
        for tree in (some_tree(chance, 3) for _ in range(40)):
            all_rooms = set(await look(database, tree, Scope(rooms=(1, 2, 3, 4))))
            by_room = [set(await look(database, tree, Scope(rooms=(n,)))) for n in range(1, 5)]
            assert set().union(*by_room) == all_rooms
            narrowed = set(await look(database, tree, Scope(rooms=(1, 2, 3, 4), people=(1,))))
            assert narrowed <= all_rooms


# ── gone from the files ───────────────────────────────────────────────────────────────────────


async def test_a_redacted_word_leaves_the_files(tmp_path: Path) -> None:
    path = tmp_path / "hall.sqlite"
    database = await open_database(f"sqlite:///{path}")
    assert isinstance(database, SqliteDatabase)

    def lay_out(connection: Connection) -> None:
        metadata.create_all(connection, tables=[message, meta])
        create(connection)

    await database.write(lay_out, alone=True)
    secret = Sentence(3000, 1, 1, 9000, "My zyxxqvblamork must go, and zyxxqvotherthing too.")
    filler = [
        Sentence(n, 1, 1, 8000 + n // 8, f"word{n} zyxxqv{n} {VOCABULARY[n % 30]} tea")
        for n in range(2000)
    ]
    for start in range(0, 2000, 100):
        await say(database, filler[start : start + 100])
    await say(database, [secret])
    for start in range(0, 2000, 500):  # segments of after, too
        await say(
            database,
            [replace(it, number=it.number + 5000, at=it.at + 5000) for it in filler[start:][:9]],
        )

    def redact(connection: Connection) -> None:
        row = connection.execute(select(message).where(message.c.id == secret.id)).one()
        made = index_row(row.id, 1, 1, body=row.body, title=None, lang=row.lang)
        unindex_rows(connection, [made])
        connection.execute(delete(message).where(message.c.id == secret.id))

    await database.write(redact, alone=True)

    def traces() -> int:
        # Suffixes: FTS5 stores a word without what it shares with the one before.
        files = path.parent.glob(path.name + "*")
        return sum(
            bytes_of(file).count(word) for file in files for word in (b"blamork", b"otherthing")
        )

    assert traces() > 0, "a test that cannot fail"
    more, steps = await database.write(start_merge, alone=True, durable=False), 1
    while more:
        more = await database.write(merge_step, alone=True, durable=False)
        steps += 1
        assert steps < 500
    assert steps > 1
    assert len(await search(database, "tea", limit=5000)) == 2036
    await database.tidy(thoroughly=False)
    assert traces() == 0
    await database.close()


async def test_upkeep_is_quiet_where_there_is_nothing_to_do(database: Database) -> None:
    await say(database, TALK)
    await database.write(start_merge, alone=True)
    for _ in range(5):
        more = await database.write(merge_step, alone=True)
    assert not more
    assert await search(database, "housing") == [5, 1]


def test_every_pair_of_ids_and_days_is_ordered() -> None:
    """The id range never cuts off a message whose day is asked for."""
    for after, before in product((0, 86_400_000, 10**12), repeat=2):
        scope = Scope(rooms=(1,), after_ms=after, before_ms=before)
        for ts in (after, before - 1):
            if after <= ts < before:
                assert scope.lowest_id <= ts // 1000 * 16 <= scope.highest_id


# Several with the same last six bits, which are what an index on SQLite tells of a room.
NUMBERS = (1, 2, 3, 63, 64, 66, 67, 127, 131, 191)


@pytest.mark.parametrize("limit", [1, 3, 12, 400])
@pytest.mark.parametrize("apart", [1, 7, 60], ids=["every", "each 7th", "each 60th"])
async def test_many_rooms_hold_what_few_of_them_hold(
    database: Database, limit: int, apart: int
) -> None:
    """Two rooms are named in the index, more are not: the result is the same."""

    def room(n: int) -> int:
        return NUMBERS[(n + n // apart) % len(NUMBERS)]

    said = range(1, 60 * apart + 1) if apart < 60 else range(1, 1201)
    drinks = {n: "coffee" if n % apart == 0 else "tea" for n in said}
    await say(database, [Sentence(n, room(n), 1, 1000 + n, f"{drinks[n]} and {n}") for n in said])
    few, many = Scope(rooms=(3, 63)), Scope(rooms=(3, 63, *range(1000, 1030)))
    expected = [n for n in reversed(said) if drinks[n] == "coffee" and room(n) in (3, 63)]
    assert await search(database, "coffee", few, limit) == expected[:limit]
    assert await search(database, "coffee", many, limit) == expected[:limit]
    without = [n for n in expected if n != expected[0]][:limit]
    assert await search(database, f"coffee -{expected[0]}", many, limit) == without

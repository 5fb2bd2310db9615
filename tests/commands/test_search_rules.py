"""How typed searches are read, ranked and paged."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commands.past_days import read_period
from commands.search.ranking import WINDOW, Cursor, page, rank
from commands.search.rules import (
    LONGEST,
    MOST_GROUPS,
    MOST_TERMS,
    Hint,
    HintKind,
    Reading,
    Refusal,
    parse_query,
    read_again,
)
from storage.search.query import (
    And,
    Candidate,
    Field,
    Filter,
    Node,
    Not,
    Or,
    Phrase,
    Prefix,
    Query,
    Sort,
    Word,
    leaves,
    newest_first,
    print_query,
    wanted,
)

TODAY = date(2026, 4, 1)  # a Wednesday
A, B, C = Word("a"), Word("b"), Word("c")


def read(text: str) -> Reading:
    return parse_query(text, today=TODAY)


# Raw, these break FTS5 or a naive translator.
NASTY: dict[str, Node | None] = {
    "C++": Word("C++"),
    "what's": Word("what's"),
    "-foo": Not(Word("foo")),
    "foo -": Word("foo"),
    "foo - bar": And((Word("foo"), Word("bar"))),
    "--foo": Not(Word("foo")),
    "−foo": Not(Word("foo")),
    "-": None,
    '"unclosed': Phrase("unclosed"),
    '"foo': Phrase("foo"),
    'foo"': Word("foo"),
    '"': None,
    '""': None,
    '-"foo bar"': Not(Phrase("foo bar")),
    "“foo  bar”": Phrase("foo bar"),
    "„foo bar“": Phrase("foo bar"),
    "foo:bar": Word("foo:bar"),
    "#tag": Word("#tag"),
    "ann@city.example": Word("ann@city.example"),
    "@ann:city.example": Word("@ann:city.example"),
    "50%": Word("50%"),
    "https://city.example/a?b=c#d": Word("https://city.example/a?b=c#d"),
    "AND": None,
    "OR": None,
    "NOT": None,
    "a AND b": And((A, B)),
    "a OR": A,
    "OR a": A,
    "a OR OR b": Or((A, B)),
    "a or b": And((A, Word("or"), B)),
    "NEAR(a b)": And((Word("NEAR"), A, B)),
    "a|b": Or((A, B)),
    "a b OR c": Or((And((A, B)), C)),
    "a (b OR c)": And((A, Or((B, C)))),
    "a -(b c)": And((A, Not(And((B, C))))),
    "NOT a": Not(A),
    "NOT -a": A,
    "a NOT": A,
    "(a": A,
    "a)": A,
    "()": None,
    ")(": None,
    "((a)) b": And((A, B)),
    ":)": None,
    "🎉": Word("🎉"),
    "-👍🏽": Not(Word("👍🏽")),
    "*": None,
    "foo*": Prefix("foo"),
    "foo**": Prefix("foo"),
    "f*": Word("f"),
    "{title}: x": And((Word("{title}:"), Word("x"))),
    "^foo": Word("^foo"),
    "foo + bar": And((Word("foo"), Word("bar"))),
    "'; DROP TABLE message; --": And((Word("DROP"), Word("TABLE"), Word("message;"))),
    "\x00foo\x00": Word("foo"),
    "\ud800foo": Word("foo"),
    'foo"bar baz"qux': And((Word("foo"), Phrase("bar baz"), Word("qux"))),
}


@pytest.mark.parametrize("typed", NASTY)
def test_nasty_input_is_read_as_it_was_meant(typed: str) -> None:
    reading = read(typed)
    assert reading.query.tree == NASTY[typed]
    assert reading.refusal == (Refusal.EMPTY if NASTY[typed] is None else None)


def only(*filters: tuple[str, str], tree: Node | None = None, **more: Any) -> Query:
    """A query of filters: "-from" bars."""
    return Query(
        tree,
        tuple(Filter(Field(name.lstrip("-")), value, name[0] == "-") for name, value in filters),
        **more,
    )


NO_THREAD = Hint(HintKind.NEGATED_FILTER, "kind")
KIT = Word("kit")
FILTERS: dict[str, Query] = {
    "from:ann": only(("from", "ann")),
    "From:ann": only(("from", "ann")),
    "von:ann autors:bo": only(("from", "ann"), ("from", "bo")),
    "from: ann kit": only(("from", "ann"), tree=KIT),
    'from:"Ann Lee" from:@bo:hs from:"Ann Lee"': only(("from", "Ann Lee"), ("from", "@bo:hs")),
    "from:“Ann Lee”": only(("from", "Ann Lee")),
    "-from:ann kit": only(("-from", "ann"), tree=KIT),
    "NOT from:ann NOT -from:bo": only(("-from", "ann"), ("from", "bo")),
    "in:housing kit": only(("in", "housing"), tree=KIT),
    "(in:housing kit)": only(("in", "housing"), tree=KIT),
    'city:"São Bento" -city:lodz': only(("city", "São Bento"), ("-city", "lodz")),
    "has:file has:Links": only(("has", "file"), ("has", "link")),
    "-has:poll kit": only(("-has", "poll"), tree=KIT),
    "kind:question type:practices": only(("kind", "question"), ("kind", "practice")),
    "is:question": only(("is", "question")),
    "lang:de language:Norsk": only(("lang", "de"), ("lang", "no")),
    "thread:$abc": only(("thread", "$abc")),
    "tag:kit": Query(Word("#kit")),
    'tag:"welcome kit" -tag:old': Query(And((Word("#welcome-kit"), Not(Word("#old"))))),
    "before:2026-03-09": Query(before=date(2026, 3, 9)),
    "after:2026-03": Query(after=date(2026, 3, 1)),
    "since:2026": Query(after=date(2026, 1, 1)),
    "on:2026-03-09": Query(after=date(2026, 3, 9), before=date(2026, 3, 10)),
    "on:2026-02": Query(after=date(2026, 2, 1), before=date(2026, 3, 1)),
    'during:"last week"': Query(after=date(2026, 3, 23), before=date(2026, 3, 30)),
    "after:2026-03-01 after:7d after:2026-03-02": Query(after=date(2026, 3, 25)),
    "before:today before:yesterday before:today": Query(before=date(2026, 3, 31)),
    'before:"9 March 2026"': Query(before=date(2026, 3, 9)),
    "kit sort:new": Query(KIT, sort=Sort.NEW),
    "kit sort:BEST": Query(KIT, sort=Sort.BEST),
}


@pytest.mark.parametrize("typed", FILTERS)
def test_filters_stand_beside_the_words(typed: str) -> None:
    reading = read(typed)
    assert reading.query == FILTERS[typed]
    assert reading.refusal is None
    assert reading.hints == ()


@pytest.mark.parametrize(
    ("typed", "tree", "hint"),
    [
        ("colour:red", Word("colour:red"), Hint(HintKind.UNKNOWN_FIELD, "colour")),
        ("-before:May", Not(Phrase("May")), Hint(HintKind.NEGATED_FILTER, "before")),
        ("has:horns", Phrase("horns"), Hint(HintKind.UNKNOWN_VALUE, "horns", "has")),
        ("-is:late", Not(Phrase("late")), Hint(HintKind.UNKNOWN_VALUE, "late", "is")),
        ("-(thread:x kit)", Not(And((Phrase("x"), KIT))), Hint(HintKind.NEGATED_FILTER, "thread")),
        ("(a b) OR (c on:2026)", Or((And((A, B)), C)), Hint(HintKind.FOR_ALL, "on")),
        ("a OR kind:thread", A, Hint(HintKind.FOR_ALL, "kind")),
        ("-(a kind:thread)", Not(And((A, Phrase("thread")))), NO_THREAD),
        ("kit before:soon", Word("kit"), Hint(HintKind.UNREADABLE_DATE, "soon")),
        ("kit sort:random", Word("kit"), Hint(HintKind.UNKNOWN_SORT, "random")),
        ("ki*", Word("ki"), Hint(HintKind.SHORT_PREFIX, "ki")),
        ("kit after:7d before:2026-01", Word("kit"), Hint(HintKind.EMPTY_PERIOD)),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_a_word_and_a_hint(typed: str, tree: Node, hint: Hint) -> None:
    reading = read(typed)
    assert (reading.query.tree, reading.hints) == (tree, (hint,))
    assert reading.refusal is None


BY_ANN, IN_BONN, HELD = (
    Filter(Field.FROM, "ann"),
    Filter(Field.CITY, "Bonn"),
    Filter(Field.HAS, "file"),
)
BRANCHES: dict[str, Query] = {
    "(from:ann OR city:Bonn) kit": Query(And((Or((BY_ANN, IN_BONN)), KIT))),
    "from:ann OR kit": Query(Or((BY_ANN, KIT))),
    "(from:ann a) OR (city:Bonn b)": Query(Or((And((BY_ANN, A)), And((IN_BONN, B))))),
    "kit -(from:ann city:Bonn)": Query(And((KIT, Not(And((BY_ANN, IN_BONN)))))),
    "kit -(from:ann OR -city:Bonn)": Query(And((KIT, Not(Or((BY_ANN, Not(IN_BONN))))))),
    # Beside the words of one alternative alone a filter is meant for all.
    "a OR b from:ann": only(("from", "ann"), tree=Or((A, B))),
    "-from:ann a OR b": only(("-from", "ann"), tree=Or((A, B))),
    "a OR (b from:ann)": Query(Or((A, And((B, BY_ANN))))),
    "from:ann a OR city:Bonn b": Query(Or((And((BY_ANN, A)), And((IN_BONN, B))))),
    # Of one field, side by side: alternatives, wherever they stand.
    "(city:Bonn OR city:Porto) kit": only(("city", "Bonn"), ("city", "Porto"), tree=KIT),
    "a OR (city:Bonn city:Porto b)": Query(
        Or((A, And((Or((IN_BONN, Filter(Field.CITY, "Porto"))), B))))
    ),
    "city:Lodz (city:Bonn OR city:Porto)": only(
        ("city", "Lodz"), tree=Or((IN_BONN, Filter(Field.CITY, "Porto")))
    ),
    "(has:file OR has:link) kit": Query(And((Or((HELD, Filter(Field.HAS, "link"))), KIT))),
    # What bars alone stands beside the words.
    "-(in:cluster)": only(("-in", "cluster")),
    "kit -(from:ann OR city:Bonn)": only(("-from", "ann"), ("-city", "Bonn"), tree=KIT),
    "kit -(-from:ann)": only(("from", "ann"), tree=KIT),
    "-(tag:x)": Query(Not(Word("#x"))),
    "-(tag:x OR kit)": Query(Not(Or((Word("#x"), KIT)))),
}


@pytest.mark.parametrize("typed", BRANCHES)
def test_filters_stand_in_brackets_and_on_either_side_of_an_or(typed: str) -> None:
    reading = read(typed)
    assert reading.query == BRANCHES[typed]
    assert (reading.hints, reading.refusal) == ((), None)
    assert read_again(print_query(reading.query), today=TODAY) == reading.query


TIRED: dict[str, Query] = {
    "From: Ana": only(("from", "Ana")),
    "FROM:Ana": only(("from", "Ana")),
    "fRom:Ana, kit": only(("from", "Ana"), tree=KIT),
    "from：Ana": only(("from", "Ana")),
    "de : Ana kit": only(("from", "Ana"), tree=KIT),
    "from:'Ana Silva' kit": only(("from", "Ana Silva"), tree=KIT),
    "from:‘Ana Silva’": only(("from", "Ana Silva")),
    "city:'s-Hertogenbosch": only(("city", "'s-Hertogenbosch")),
    "In:#cluster kit": only(("in", "#cluster"), tree=KIT),
    "apre\u0300s: 2026-03-09": Query(after=date(2026, 3, 9)),
    "after:last week kit": Query(KIT, after=date(2026, 3, 23)),
    "kit after: last week, -a": Query(And((KIT, Not(A))), after=date(2026, 3, 23)),
    "before:1.9. kit": Query(KIT, before=date(2025, 9, 1)),
    "depuis : la semaine dernière kit": Query(KIT, after=date(2026, 3, 23)),
    "nach: 9. März 2026 kit": Query(KIT, after=date(2026, 3, 9)),
    "Seit: gestern von: Ana": only(("from", "Ana"), after=date(2026, 3, 31)),
    "before:9 March 2026 or": Query(Word("or"), before=date(2026, 3, 9)),
    "on:March 9 kit": Query(KIT, after=date(2026, 3, 9), before=date(2026, 3, 10)),
    "after: 3 days ago kit": Query(KIT, after=date(2026, 3, 29)),
    "SORT:New kit": Query(KIT, sort=Sort.NEW),
    "from: in:housing kit": only(("in", "housing"), tree=KIT),
    "Type:Threads kit": only(("kind", "thread"), tree=KIT),
    "-kind:thread kit": only(("-kind", "thread"), tree=KIT),
    "kind:visits kit": only(("kind", "visit"), tree=KIT),
}


@pytest.mark.parametrize("typed", TIRED)
def test_fields_are_read_as_tired_people_type_them(typed: str) -> None:
    reading = read(typed)
    assert reading.query == TIRED[typed]
    assert (reading.hints, reading.refusal) == ((), None)


@pytest.mark.parametrize(
    ("typed", "tree"),
    [
        ("ſort:new", Word("ſort:new")),
        ("meet from :-) now", And((Word("meet"), Word("from"), Word("now")))),
        ("from (:x)", And((Word("from"), Word("x")))),
    ],
)
def test_what_only_looks_like_a_field_is_words(typed: str, tree: Node) -> None:
    assert read(typed).query.tree == tree


def test_a_search_that_is_longer_in_print_turns_its_page_all_the_same() -> None:
    typed = "on:9.3. " + "kit " * 4 + "x" * 225
    reading = read(typed)
    assert reading.refusal is None
    assert len(print_query(reading.query)) > LONGEST
    assert read_again(print_query(reading.query), today=TODAY) == reading.query


@pytest.mark.parametrize(
    "typed", ["Note: bring tea", "10:30", "https://city.example", "mailto:ann@city.example"]
)
def test_not_every_colon_is_a_field(typed: str) -> None:
    assert read(typed).hints == ()


@pytest.mark.parametrize(
    ("most", "typed", "refusal"),
    [
        ("a" * LONGEST, "a" * (LONGEST + 1), Refusal.TOO_LONG),
        ("a " * MOST_TERMS, "a " * (MOST_TERMS + 1), Refusal.TOO_MANY_TERMS),
        ("(a)" * MOST_GROUPS, "(a)" * (MOST_GROUPS + 1), Refusal.TOO_MANY_GROUPS),
        ("from:ann", "sort:new", Refusal.EMPTY),
        ("a before:soon", "before:soon", Refusal.EMPTY),
    ],
)
def test_limits_are_refused_politely(most: str, typed: str, refusal: Refusal) -> None:
    assert read(most).refusal is None
    assert read(typed).refusal is refusal


TYPED = st.lists(
    st.sampled_from(
        [
            "a", "é", "foo", "OR", "AND", "NOT", "-", "−", "|", "(", ")", '"', "“", "*", "#", "@",
            "from:", "in:", "before:", "after:", "sort:", "new", "7d", "2026-03", "x:y", " ", " ",
            "has:", "kind:", "tag:", "thread:", "lang:", "is:", "on:", "city:", "file", "de",
            "9999", "kind:thread", "in:all", "from:ann ", "city:'Bonn' ", "last week", " : ", "：",
            " ", "\n", "'", ":", "\ud800", "\x00", "東京", "🎉", "ſort:", "ﬁn", "0",
        ]
    ),
    max_size=25,
).map("".join)  # fmt: skip


@given(st.one_of(TYPED, st.text(max_size=4000)))
def test_no_string_is_too_strange_and_every_reading_prints_as_itself(text: str) -> None:
    reading = read(text)
    printed = print_query(reading.query)
    assert read_again(printed, today=TODAY) == reading.query
    assert not any("\ud800" <= sign <= "\udfff" or sign == "\x00" for sign in printed)


SOME_TREE = st.recursive(
    st.one_of(
        st.sampled_from(["a", "C++", "#tag", "ann@city.example", "καφές"]).map(Word),
        st.sampled_from(["a", "foo bar", "OR", "from:x"]).map(Phrase),
        st.sampled_from(["foo", "straße"]).map(Prefix),
        st.sampled_from([BY_ANN, IN_BONN, HELD]),
    ),
    lambda inner: st.one_of(
        inner.filter(lambda node: not isinstance(node, Not)).map(Not),
        st.lists(inner.filter(lambda node: not isinstance(node, And)), min_size=2, max_size=3).map(
            lambda nodes: And(tuple(nodes))
        ),
        st.lists(inner.filter(lambda node: not isinstance(node, Or)), min_size=2, max_size=3).map(
            lambda nodes: Or(tuple(nodes))
        ),
    ),
    max_leaves=6,
)


@given(SOME_TREE, st.sampled_from(list(FILTERS.values())))
def test_every_tree_prints_as_itself(tree: Node, filters: Query) -> None:
    query = read_again(print_query(replace(filters, tree=tree)), today=TODAY)
    assert read_again(print_query(query), today=TODAY) == query
    if not any(isinstance(it, Filter) for it in _everything(tree)):
        assert query == replace(filters, tree=tree)


def _everything(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case And(nodes) | Or(nodes):
            for each in nodes:
                yield from _everything(each)
        case Not(inner):
            yield from _everything(inner)


def test_words_under_a_not_are_asked_for_but_not_wanted() -> None:
    tree = read("a -b (c OR -foo*)").query.tree
    assert list(leaves(tree)) == [A, B, C, Prefix("foo")]
    assert list(wanted(tree)) == [A, C]
    assert not newest_first(read("a -b").query)
    assert newest_first(read("-b").query)
    assert newest_first(read("from:ann").query)
    assert newest_first(read("a sort:new").query)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("2026-03-09", date(2026, 3, 9)),
        ("2026-3-9", date(2026, 3, 9)),
        ("2026-03", date(2026, 3, 1)),
        ("2026", date(2026, 1, 1)),
        ("9.3.2026", date(2026, 3, 9)),
        ("9 March 2026", date(2026, 3, 9)),
        ("9-March-2026", date(2026, 3, 9)),
        ("9-March", date(2026, 3, 9)),
        ("March-2026", date(2026, 3, 1)),
        ("last-week", date(2026, 3, 23)),
        ("last month", date(2026, 3, 1)),
        ("gestern", TODAY - timedelta(days=1)),
        ("9 mars 2026", date(2026, 3, 9)),
        ("9. März 2026", date(2026, 3, 9)),
        ("9 Μαρτίου 2026", date(2026, 3, 9)),
        ("9. března 2026", date(2026, 3, 9)),
        ("March 2026", date(2026, 3, 1)),
        ("9 March", date(2026, 3, 9)),
        ("9 December", date(2025, 12, 9)),  # the latest there was
        ("Today", TODAY),
        ("yesterday", TODAY - timedelta(days=1)),
        ("7d", TODAY - timedelta(days=7)),
        ("2w", TODAY - timedelta(days=14)),
        ("2026-02-30", None),
        ("2026-13", None),
        ("0000", None),
        ("9999d", TODAY - timedelta(days=9999)),
        ("9999y", None),  # before history
        ("9999", None),  # the end of it
        ("30 February", None),
        ("1.9.", date(2025, 9, 1)),
        ("1/9/25", date(2025, 9, 1)),
        ("March 9", date(2026, 3, 9)),
        ("the 9th of March", date(2026, 3, 9)),
        ("9 de marzo de 2026", date(2026, 3, 9)),
        ("Monday", date(2026, 3, 30)),
        ("last Wednesday", date(2026, 3, 25)),
        ("lundi dernier", date(2026, 3, 30)),
        ("la semaine derniere", date(2026, 3, 23)),
        ("letzte Woche", date(2026, 3, 23)),
        ("semana pasada", date(2026, 3, 23)),
        ("settimana scorsa", date(2026, 3, 23)),
        ("vorige week", date(2026, 3, 23)),
        ("την προηγούμενη εβδομάδα", date(2026, 3, 23)),
        ("pagājušajā nedēļā", date(2026, 3, 23)),
        ("minulý týden", date(2026, 3, 23)),
        ("forrige uke", date(2026, 3, 23)),
        ("letzten Monat", date(2026, 3, 1)),
        ("vor 3 Tagen", date(2026, 3, 29)),
        ("i gar", date(2026, 3, 31)),
        ("last year", date(2025, 1, 1)),
        *(
            (each, date(2026, 3, 9))
            for each in (
                "am 9. März", "le 9 mars", "il 9 marzo", "den 9. mars", "στις 9 Μαρτίου",
                "9. martā", "2026. gada 9. marts", "9-3-2026", "09-03-2026", "2026/03/09",
                "2026.3.9", "9-11 March", "9. bis 11. März", "du 9 au 11 mars",
            )
        ),
        *(
            (each, date(2026, 3, 1))
            for each in (
                "in March", "im März", "en mars", "a marzo", "in maart", "τον Μάρτιο", "martā",
                "v březnu", "i mars", "3/2026", "2026. gada martā",
            )
        ),
        *(
            (each, date(2026, 3, 25))
            for each in (
                "a week ago", "vor einer Woche", "il y a une semaine", "hace una semana",
                "una settimana fa", "een week geleden", "πριν από μια εβδομάδα", "pirms nedēļas",
                "před týdnem", "for en uke siden", "ve středu minulou", "trešdien pagājušajā",
            )
        ),
        ("two weeks ago", date(2026, 3, 18)),
        ("vor zwei Wochen", date(2026, 3, 18)),
        ("day before yesterday", date(2026, 3, 30)),
        ("pirmdien", date(2026, 3, 30)),
        ("v neděli", date(2026, 3, 29)),
        ("την προηγούμενη Δευτέρα", date(2026, 3, 30)),
        ("31-2-2026", None),
        ("11-9 March", None),
        ("soon", None),
        ("", None),
    ],
)  # fmt: skip
def test_days_are_read_as_people_type_them(typed: str, day: date | None) -> None:
    period = read_period(typed, TODAY)
    assert (None if period is None else period[0]) == day


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        *((f"has:{it}", "has:file") for it in ("Datei", "fichier", "bestand", "αρχείο", "soubor")),
        *((f"has:{it}", "has:link") for it in ("lien", "enlace", "saite", "odkaz", "lenke")),
        *((f"kind:{it}", "kind:question") for it in ("Frage", "domanda", "vraag", "jautājums")),
        *((f"kind:{it}", "kind:thread") for it in ("fil", "hilo", "draad", "vlákno", "tråd")),
        ("has:vedlegg", "has:file"),
        ("has:πρακτική", "has:practice"),
    ],
)
def test_what_is_filtered_by_may_be_named_in_any_of_the_ten_languages(
    typed: str, meant: str
) -> None:
    assert read(typed) == read(meant)
    assert not read(typed).hints


def test_several_days_of_a_month_are_one_period() -> None:
    assert read_period("9-11 March", TODAY) == (date(2026, 3, 9), date(2026, 3, 11))
    assert read("kit on:9-11 March").query == read("kit after:2026-03-09 before:2026-03-12").query


@given(st.one_of(st.text(max_size=20), st.from_regex(r"\d{1,4}[-./ dwmy]\d{0,4}", fullmatch=True)))
def test_no_day_is_too_strange(text: str) -> None:
    read_period(text, TODAY)


# ── ranking and paging ────────────────────────────────────────────────────────────────────────

NOW = datetime(2026, 4, 1, tzinfo=UTC)
NOW_MS = int(NOW.timestamp() * 1000)
DAY_MS = 86_400_000


def candidate(
    number: int, *, days: float = 1, hits: tuple[int, ...] = (1,), thread: int | None = None,
    title: tuple[int, ...] | None = None, length: int = 20,
) -> Candidate:  # fmt: skip
    return Candidate(
        number, number if thread is None else thread, int(NOW_MS - days * DAY_MS), length, hits,
        title or (0,) * len(hits),
    )  # fmt: skip


def best(*candidates: Candidate) -> list[int]:
    return [it.message_id for it in rank(candidates, NOW)]


def test_more_of_the_word_comes_first() -> None:
    assert best(candidate(2), candidate(1, hits=(3,))) == [1, 2]


def test_of_equals_the_newer_comes_first() -> None:
    assert best(candidate(2, days=1), candidate(1, days=300)) == [2, 1]


def test_all_words_beat_one_of_them_often() -> None:
    assert best(candidate(2, hits=(9, 0)), candidate(1, hits=(1, 1))) == [1, 2]


def test_words_together_beat_words_apart() -> None:
    assert best(candidate(2, hits=(1, 1)), candidate(1, hits=(1, 1))._replace(near=True)) == [1, 2]


def test_a_title_counts_more_than_a_text() -> None:
    assert best(candidate(2), candidate(1, hits=(0,), title=(1,))) == [1, 2]


def test_short_messages_beat_long_ones() -> None:
    assert best(candidate(2, length=100), candidate(1, length=5)) == [1, 2]


def test_practices_and_much_liked_messages_rise() -> None:
    assert best(candidate(2), candidate(1)._replace(weight=1.6)) == [1, 2]
    assert best(candidate(2), candidate(1)._replace(reactors=8)) == [1, 2]


def test_a_thread_shows_its_best_message_only() -> None:
    assert best(
        candidate(4), candidate(3, thread=7), candidate(2, thread=7, hits=(4,)), candidate(1)
    ) == [2, 4, 1]


def test_nothing_found_is_nothing_ranked() -> None:
    assert rank([], NOW) == []
    assert page([], [], None).more is None


def test_old_and_future_messages_have_a_score() -> None:
    assert set(best(candidate(2, days=-90_000), candidate(1, days=20_000))) == {1, 2}


def test_pages_show_every_message_once_while_people_go_on_writing() -> None:
    everything = [candidate(n, hits=(n % 7 + 1,)) for n in range(1000, 0, -1)]

    def window(below: int | None) -> list[Candidate]:
        return [it for it in everything if below is None or it.message_id < below][:WINDOW]

    shown: list[int] = []
    cursor: Cursor | None = None
    for number in range(1, 200):
        found = window(cursor.below if cursor else None)
        shown_page = page(rank(found, NOW), found, cursor)
        shown += [it.message_id for it in shown_page.hits]
        everything.insert(0, candidate(1000 + number))
        cursor = shown_page.more
        if cursor is None:
            break
    assert sorted(shown) == list(range(1, 1001))

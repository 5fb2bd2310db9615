"""What a found message shows: the words that were found, marked, and nothing invented."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search.analyser import analyse, analyse_as
from storage.search.beginnings import Beginnings
from storage.search.languages import small_words
from storage.search.matching import Matcher
from storage.search.query import And, Node, Not, Phrase, Prefix, Word
from storage.search.rows import Row
from storage.search.snippets import LENGTH, Piece, snippet
from storage.search.stemming import LANGUAGES, is_whole
from storage.search.words import forms
from tests.growth import growth
from tests.storage.test_analyser import SEAMS, pairs
from tests.storage.test_search import VOCABULARY, _answers, some_corpus


def shown(text: str, tree: Node | None, language: str = "en") -> str:
    """A snippet with its hits in brackets."""
    pieces = snippet(text, language, Matcher(tree))
    return "".join(f"[{piece.text}]" if piece.hit else piece.text for piece in pieces)


LONG = "Introduction. " * 30 + "The volunteers met in the library. " + "And so on. " * 30


@pytest.mark.parametrize(
    ("text", "tree", "expected"),
    [
        ("Two meetings today", Word("meeting"), "Two [meetings] today"),
        ("Das Café, die CAFÉS", Word("cafe"), "Das [Café], die [CAFÉS]"),
        ("L'école d'été", Word("ecole"), "L'[école] d'été"),
        ("the welcome-kit is here", Word("kit"), "the welcome-[kit] is here"),
        ("the welcome-kit is here", Word("welcomekit"), "the [welcome-kit] is here"),
        ("a #welcome-kit for all", Word("#welcome_kit"), "a #[welcome-kit] for all"),
        ("a #welcome_kit is a kit", Word("#welcome-kit"), "a #[welcome_kit] is a kit"),
        ("see https://city.example/x", Word("city.example"), "see https://[city.example]/x"),
        ("new homes, new families", Phrase("new families"), "new homes, [new families]"),
        ("housing and houses", Prefix("hous"), "[housing] and [houses]"),
        ("tea but no coffee", And((Word("tea"), Not(Word("coffee")))), "[tea] but no coffee"),
        ("東京都に住んで", Word("京都"), "東[京都]に住んで"),
        ("한국어 수업이 있습니다", Word("수업"), "한국어 [수업]이 있습니다"),
        ("one\n\n  two\tthree", Word("two"), "one [two] three"),
        ("nothing here", Word("else"), "nothing here"),
        ("nothing here", None, "nothing here"),
        ("", Word("x"), ""),
        ("<b>&amp; bold</b>", Word("bold"), "<b>&amp; [bold]</b>"),
    ],
)
def test_hits_are_marked_as_they_are_written(text: str, tree: Node, expected: str) -> None:
    assert shown(text, tree) == expected


@pytest.mark.parametrize(("unit", "word"), [("I a ", "i"), ("東京a1", "東京")])
def test_a_message_that_is_hit_again_and_again_takes_no_more_than_its_length(
    unit: str, word: str
) -> None:
    assert growth(lambda size: shown(unit * size, Word(word)), 1_000) < 8


def test_of_many_hits_those_that_stand_closest_are_shown() -> None:
    text = ("A tea here. " + "x" * 150) * 5 + " tea, tea and tea " + ("x" * 150 + " tea ") * 5
    assert "[tea], [tea] and [tea]" in shown(text, Word("tea"))


def test_a_long_message_is_shown_round_its_hits() -> None:
    text = shown(LONG, And((Word("volunteer"), Word("library"))))
    assert text.startswith("…") and text.endswith("…")  # noqa: PT018 - one fact
    assert "[volunteers] met in the [library]." in text
    assert len(text.replace("[", "").replace("]", "")) <= LENGTH


def test_a_long_message_without_hits_shows_its_beginning() -> None:
    assert shown(LONG, Not(Word("x"))).startswith("Introduction. Introduction.")


@given(st.one_of(SEAMS, st.text(max_size=500)), st.one_of(SEAMS, st.text(max_size=20)))
def test_no_text_is_too_strange(text: str, typed: str) -> None:
    pieces = snippet(text, "en", Matcher(Word(typed)))
    assert sum(len(piece.text) for piece in pieces) <= LENGTH
    words = " ".join(text.split())
    whole = "".join(piece.text for piece in pieces if piece != Piece("…", hit=False))
    assert whole.strip() in words


def test_inflected_words_are_marked() -> None:
    missed = [it for it in pairs() if "[" not in shown(f"1 2 3 {it[2]} 4 5 6", Word(it[1]), it[0])]
    assert len(missed) <= 0.10 * len(pairs()), missed


def test_whatever_the_index_finds_is_counted() -> None:
    """The matcher agrees with the index, so that a rank is never made of nothing."""
    chance = random.Random(11)
    found = 0
    for sentence in some_corpus(chance, 600):
        word, other = chance.choices(VOCABULARY, k=2)
        leaves = (Word(word), Phrase(f"{word} {other}"), Prefix(word[:4]), Phrase(word))
        body = analyse(sentence.body, sentence.lang)
        texts = [body] + ([analyse_as(sentence.title, body.language)] if sentence.title else [])
        for leaf in leaves:
            row = Row(1, 1, 1, 1, 1, 0, body.language, sentence.body, sentence.title)
            weighed = Matcher(leaf).weigh(row)
            expected = any(_answers(leaf, text) for text in texts)
            assert bool(weighed.hits[0] or weighed.title_hits[0]) == expected, (leaf, sentence)
            found += expected
    assert found > 200


def test_words_near_each_other_are_noticed() -> None:
    def near(text: str) -> bool:
        row = Row(1, 1, 1, 1, 1, 0, "en", text, None)
        return Matcher(And((Word("tea"), Word("cake")))).weigh(row).near

    assert near("tea and cake")
    assert near("cake, a b c d e f, tea")
    assert not near("cake, a b c d e f g h, tea")
    assert not near("tea tea tea")


@given(st.one_of(st.lists(st.sampled_from(VOCABULARY), max_size=12).map(" ".join), SEAMS))
def test_a_glance_sees_whatever_a_closer_look_sees(text: str) -> None:
    """The rank is made of a glance in one language; the snippet looks closer."""
    chance = random.Random(len(text))
    lang = analyse(text).language
    row = Row(1, 1, 1, 1, 1, 0, lang, text, None)
    for word in [*chance.sample(VOCABULARY, 6), *text.split()[:3]]:
        matcher = Matcher(Word(word))
        words = len(text.replace("_", " ").split())
        closely = matcher._count(matcher._read(text, lang).answers)
        (seen,) = matcher.weigh(row).hits or (0.0,)
        if seen:
            assert closely[0] > 0
        elif closely and closely[0] and words >= 4:
            # Only a second language, which a glance leaves out, can have told more.
            assert analyse_as(text, lang).extras != analyse_as(text, "").extras


def test_no_form_of_a_word_is_passed_by() -> None:
    """Words are looked at only if they begin as something asked for: each of its forms does."""
    for language, *both in pairs():
        for written in both[:2]:
            found = forms(written, language)
            for token in (*found.parts, *found.extras):
                assert not _passed_by(written, token)


def test_short_words_are_looked_for_as_they_are() -> None:
    """No short stem of another word is written like one; signs may fold into two letters."""
    ypogegrammeni = "\u037a"  # a letter to Unicode, and to nobody else
    letters = [
        it for it in map(chr, range(ord("a"), 0x530)) if it.isalpha() and it != ypogegrammeni
    ]
    small = {it for known in LANGUAGES for it in small_words(known) if it.isalpha()}
    for language in LANGUAGES:
        for written in (*letters, *map("e{}".format, letters), *map("{}o".format, letters), *small):
            found = forms(written, language)
            for token in (*found.parts, *found.extras):
                assert not _passed_by(written, token), (written, token)


def _passed_by(written: str, token: str) -> bool:
    one = Beginnings([], [token]) if is_whole(token) else Beginnings([token])
    text = f"before {written}, after"
    return one.reads(text) and written not in [it for _, it in one.words(text)]


@pytest.mark.parametrize(
    ("text", "typed", "language", "expected"),
    [
        ("many people came today", "person", "en", "many [people] came today"),
        ("zij hebben ons gevraagd of", "vragen", "nl", "zij hebben ons [gevraagd] of"),
        ("an e-mail came in today", "email", "en", "an [e-mail] came in today"),
        ("le cafe\u0301 est ouvert ici", "café", "fr", "le [cafe\u0301] est ouvert ici"),
        ("l'\u00c9cole est ouverte ici", "ecole", "fr", "l'[\u00c9cole] est ouverte ici"),
        ("an œuvre, a smørrebrød here", "oeuvre", "en", "an [œuvre], a smørrebrød here"),
        ("an œuvre, a smørrebrød here", "smorrebrod", "en", "an œuvre, a [smørrebrød] here"),
        ("東京tea and more tea here", "tea", "en", "東京[tea] and more [tea] here"),
    ],
)
def test_words_that_begin_in_other_signs_are_marked(
    text: str, typed: str, language: str, expected: str
) -> None:
    assert shown(text, Word(typed), language) == expected

"""The analyser: letters that count as one, inflected words, and what a message is found by."""

import threading
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storage.search import words
from storage.search.analyser import (
    POSITIONS,
    Terms,
    analyse,
    analyse_as,
    phrase_tokens,
    query_terms,
    topics,
)
from storage.search.languages import language_scores
from storage.search.letters import fold
from storage.search.stemming import LANGUAGES, analyser_version
from tests.storage.inflections import groups, lookalikes

ALIKE = [
    ("CAFÉ", "cafe"),
    ("cafe\u0301", "café"),
    ("Straße", "STRASSE"),
    ("ŁÓDŹ", "lodz"),
    ("Tromsø", "tromso"),
    ("œuvre", "oeuvre"),
    ("Ærø", "aero"),
    ("đak", "dak"),
    ("ılık", "ilik"),
    ("καφές", "καφες"),
    ("ΚΑΦΕΣ", "καφές"),
    ("Άρτα", "αρτα"),
    ("křeslo", "KRESLO"),
    ("ﬁnance", "finance"),
    ("Ａｂｃ", "abc"),
    ("co\u00adoperate", "cooperate"),
    ("كِتَاب", "كتاب"),
    ("أحمد", "احمد"),
    ("کتاب", "كتاب"),
    ("مدرســـة", "مدرسه"),
    ("ёлка", "елка"),
    ("Ķekava", "kekava"),
]
DIFFERENT = [("йод", "иод"), ("їжа", "іжа"), ("casa", "caso"), ("नमस्ते", "नमसत")]

# Two forms of one word, of which either should find the other.
INFLECTED = {
    "en": """meeting meetings · city cities · volunteer volunteers · housing house · families family
        · visited visit · welcoming welcome · exchange exchanges · shared sharing
        · practices practice · organised organising · arrival arrivals""",
    "de": """Wohnung Wohnungen · Stadt Städte · Treffen treffen · Ehrenamtliche Ehrenamtlichen
        · Familie Familien · Bücherei Büchereien · Schule Schulen · geplant geplante
        · Nachbarn Nachbarschaft · Sprache Sprachen · Kinder Kindern · Besuch Besuche""",
    "fr": """réunion réunions · ville villes · bénévole bénévoles · logement logements
        · famille familles · accueillir accueilli · école écoles · quartier quartiers
        · nouvel nouvelle · atelier ateliers · échange échanges · municipal municipale""",
    "es": """ciudad ciudades · vivienda viviendas · voluntario voluntarias · reunión reuniones
        · familia familias · escuela escuelas · acogida acogidas · vecino vecinos
        · aprendizaje aprendizajes · visita visitas · idioma idiomas · barrio barrios""",
    "it": """volontario volontari · incontro incontri · famiglia famiglie · scuola scuole
        · quartiere quartieri · abitazione abitazioni · accoglienza accoglienze · visita visite
        · lingua lingue · cittadino cittadini · progetto progetti · bambino bambini""",
    "nl": """stad steden · woning woningen · vrijwilliger vrijwilligers · gezin gezinnen
        · bezoek bezoeken · school scholen · wijk wijken · taal talen · buurt buurten
        · gemeente gemeenten · afspraak afspraken · nieuwkomer nieuwkomers""",
    "el": """πόλη πόλεις · εθελοντής εθελοντές · σχολείο σχολεία · οικογένεια οικογένειες
        · συνάντηση συναντήσεις · κατοικία κατοικίες · γλώσσα γλώσσες · δήμος δήμου
        · γειτονιά γειτονιές · επίσκεψη επισκέψεις · καφές καφέδες · παιδί παιδιά""",
    "lv": """pilsēta pilsētas · brīvprātīgais brīvprātīgie · skola skolas · ģimene ģimenes
        · tikšanās tikšanos · dzīvoklis dzīvokļi · valoda valodas · kaimiņš kaimiņi
        · māja mājas · bērns bērni · pieredze pieredzes · vizīte vizītes""",
    "cs": """město města · dobrovolník dobrovolníci · rodina rodiny · škola školy
        · setkání setkáních · byt byty · jazyk jazyky · soused sousedé · návštěva návštěvy
        · kavárna kavárny · bydlení bydlením · zkušenost zkušenosti""",
    "no": """by byen · frivillig frivillige · bolig boliger · familie familien · skole skoler
        · møte møter · språk språket · nabo naboer · besøk besøket · erfaring erfaringer
        · kommune kommunen · flyktning flyktninger""",
}
SENTENCES = {
    "en": "We would like to know what other cities have done about this before the next visit.",
    "de": "Wir möchten gern wissen, was die anderen Städte vor dem nächsten Besuch gemacht haben.",
    "fr": "Nous voudrions savoir ce que les autres villes ont fait avant la prochaine visite.",
    "es": "Queremos saber qué han hecho las otras ciudades antes de la próxima visita.",
    "it": "Vorremmo sapere che cosa hanno fatto le altre città prima della prossima visita.",
    "nl": "Wij willen graag weten wat de andere steden voor het volgende bezoek hebben gedaan.",
    "el": "Θέλουμε να μάθουμε τι έκαναν οι άλλες πόλεις πριν από την επόμενη επίσκεψη.",
    "lv": "Mēs gribam zināt, ko citas pilsētas ir darījušas pirms nākamās vizītes.",
    "cs": "Chtěli bychom vědět, co udělala ostatní města před příští návštěvou.",
    "no": "Vi vil gjerne vite hva de andre byene har gjort før neste besøk.",
}


# What words are cut, joined and folded by, so that Hypothesis finds the seams.
SEAMS = st.text("abCs '’-_#@.é\u0301\u200dßøÆ字東ไทبـ½ﷺ9ς🎉👍🏽️♀🇩", max_size=40)


def pairs() -> list[tuple[str, str, str]]:
    found = []
    for language, listed in INFLECTED.items():
        for pair in listed.split("·"):
            one, other = pair.split()
            found.append((language, one, other))
    return found


def finds(typed: str, text: str, prior: str) -> bool:
    """What both engines do for one word, without either."""
    terms, found = query_terms(typed), analyse(text, prior)
    assert not terms.prefix
    return not {*found.surface, *found.extras}.isdisjoint(terms.any_of)


@pytest.mark.parametrize(("one", "other"), ALIKE)
def test_letters_that_look_alike_are_one(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_letters_of_their_own_stay_apart(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


ACCENTED = st.text(st.characters(max_codepoint=0x52F, categories=["L", "N"]), max_size=12)


@given(ACCENTED)
def test_a_word_folds_alike_however_its_accents_are_written(word: str) -> None:
    assert fold(word) == fold(unicodedata.normalize("NFD", word))


@given(st.sampled_from(["ē", "Ñ", "ñ", "ß", "ẞ", "Å", "\u212b", "Ř", "?", "e"]), st.text())
def test_letters_of_one_language_tell_it_in_any_case(letter: str, text: str) -> None:
    told = {"ē": "lv", "ñ": "es", "ß": "de", "å": "no", "ř": "cs"}.get(letter.lower())
    assert told is None or language_scores(text + letter, [])[told] >= 0.75


def missed(listed: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Forms that do not find each other among words that tell no language."""
    return [
        (language, typed, said)
        for language, typed, said in listed
        if not finds(typed, f"{said} 1 2 3 4 5 6", language)
    ]


@pytest.mark.promise(
    "Whoever types one form of a word finds the others: nine in ten and more, in each of ten"
    " languages; unrelated words find each other less than once in a hundred."
)
@pytest.mark.parametrize("language", LANGUAGES)
def test_nine_in_ten_inflected_words_find_each_other(language: str) -> None:
    listed = [
        (language, typed, said)
        for forms in groups()[language]
        for typed in forms
        for said in forms
        if fold(typed) != fold(said)
    ]
    assert len(listed) > 60
    lost = missed(listed)
    assert len(lost) <= 0.10 * len(listed), lost


def test_words_that_the_analyser_was_not_tuned_to_find_each_other_too() -> None:
    listed = [*pairs(), *((language, said, typed) for language, typed, said in pairs())]
    lost = missed(listed)
    assert len(lost) <= 0.06 * len(listed), lost
    for language in LANGUAGES:
        assert len([it for it in lost if it[0] == language]) <= 0.15 * 24, lost


def test_inflected_words_are_found_without_knowing_the_language() -> None:
    """Three words tell no language: they are stemmed in all of them."""
    lost = [it for it in pairs() if not finds(it[1], it[2], "")]
    assert len(lost) <= 0.10 * len(pairs()), lost


def asked_and_held() -> tuple[list[tuple[str, object, str, set[str]]], list[set[str]]]:
    """Every word of the lists: its language, what it belongs to, itself and what it asks for;
    and the terms it is held under in a message of its language."""
    words: list[tuple[str, object, str]] = [
        (language, number, word)
        for language, listed in groups().items()
        for number, forms in enumerate(listed)
        for word in forms
    ]
    words += [
        (language, word, word)
        for language, listed in lookalikes().items()
        for alike in listed
        for word in alike
    ]
    held = []
    for language, _, word in words:
        found = analyse(f"{word} 1 2 3 4 5 6", language)
        held.append({*found.surface, *found.extras})
    return [(*it, set(query_terms(it[2]).any_of)) for it in words], held


def test_unrelated_words_seldom_find_each_other() -> None:
    """Lookalikes included; the same word in two languages is no stranger."""
    asked, held = asked_and_held()
    tried = false = 0
    for language, origin, typed, terms in asked[::7]:
        for (other, belongs, said, _), there in zip(asked, held, strict=True):
            if fold(typed) == fold(said) or (language, origin) == (other, belongs):
                continue
            tried += 1
            false += not terms.isdisjoint(there)
    assert tried > 150_000
    assert false / tried < 0.01


def test_a_stem_is_never_taken_for_a_small_word() -> None:
    assert not finds("møte", "De gikk mot den lille broen i går", "no")
    assert finds("møter", "De hadde et møte ved den lille broen", "no")
    assert not finds("παιδιά", "Θα πα στο σπίτι με τους φίλους μου", "el")


def test_languages_are_told_by_their_small_words() -> None:
    assert {it: analyse(text).language for it, text in SENTENCES.items()} == {
        it: it for it in SENTENCES
    }


def test_few_words_are_in_the_language_expected_there() -> None:
    assert analyse("Kaffe kl. 10", "no").language == "no"
    assert analyse("", "lv").language == "lv"
    assert analyse("Kaffe", "tlh").language == ""
    assert analyse(SENTENCES["de"], "fr").language == "de"


# Texts that mix languages, so that the prior and the small words disagree.
MIXED = st.lists(
    st.sampled_from([word for text in SENTENCES.values() for word in text.split()]), max_size=12
).map(" ".join)


@given(st.one_of(MIXED, SEAMS, st.text(max_size=300)), st.sampled_from(["", *LANGUAGES]))
def test_a_stored_language_gives_the_same_terms_again(text: str, prior: str) -> None:
    """Taking a message out of the index depends on it."""
    found = analyse(text, prior)
    assert analyse_as(text, found.language) == found


@given(st.one_of(SEAMS, st.text(max_size=300)), st.sampled_from(["", *LANGUAGES]))
def test_tokens_are_what_an_engine_takes_as_one_token(text: str, prior: str) -> None:
    found = analyse(text, prior)
    for token in (*found.surface, *found.extras, *found.tags):
        assert token
        assert all(sign.isalnum() or not sign.isascii() for sign in token), token
        assert not any(sign.isspace() or "\ud800" <= sign <= "\udfff" for sign in token)
        assert len(token.encode()) < 2000
    assert len(found.extras) == len(set(found.extras))


def test_a_page_written_without_spaces_is_one_word_and_not_kept() -> None:
    """Thousands of such would stay in memory: some megabytes each."""
    page = "".join(chr(0x4E00 + number) for number in range(2_000))
    kept = words._forms.cache_info().currsize
    found = analyse(page, "en")
    assert found.surface[:2] == (page[:2], page[1:3])
    assert found.extras == (page[-1],)
    assert words._forms.cache_info().currsize == kept


@given(st.one_of(SEAMS, st.text(max_size=60)), st.sampled_from(LANGUAGES))
def test_a_text_is_found_by_its_own_words(text: str, prior: str) -> None:
    for word in text.split():
        terms = query_terms(word)
        if not terms or word.startswith("#"):
            continue
        found = analyse(text, prior)
        anywhere = {*found.surface, *found.extras}
        size = len(terms.phrase)
        assert (
            not anywhere.isdisjoint(terms.any_of)
            or any(
                found.surface[at : at + size] == terms.phrase
                for at in range(len(found.surface))
                if size
            )
            or (terms.prefix and any(map(terms.begins, anywhere)))
        ), (word, terms, found)


@pytest.mark.parametrize(
    ("typed", "surface"),
    [
        ("L'école d’été dell'accoglienza", ("ecole", "ete", "accoglienza")),
        ("the city's plan, don't", ("the", "city", "plan", "don", "t")),
        ("well-known e‑mail", ("well", "known", "e", "mail")),
        ("@anna:server.org, ann@city.example", ("anna", "server", "org", "ann", "city", "example")),
        ("https://city.example/a_b?c=1", ("https", "city", "example", "a", "b", "c", "1")),
        ("東京都に x ไทย", ("東京", "京都", "都に", "x", "ไท", "ทย")),
        ("수업이 좋다", ("수업", "업이", "좋다")),
        ("½ ﷺ", ("1", "2", "صلى", "الله", "عليه", "وسلم")),
        ("— … \ud800", ()),
        ("done🎉🎉 👍🏽 👍", ("done", "🎉", "👍", "👍")),
        ("🇩🇪🇫🇷 ❤️ ☎", ("🇩🇪", "🇫🇷", "❤", "☎")),
        ("हिन्दी", ("हिन्दी",)),
    ],
)
def test_words_are_cut_as_people_read_them(typed: str, surface: tuple[str, ...]) -> None:
    assert phrase_tokens(typed) == tuple(map(fold, surface))


def test_compounds_are_found_whole_and_in_parts() -> None:
    found = analyse("Bring the welcome-kit to #Welcome_Kit and #été", "en")
    assert "welcomekit" in found.extras
    assert {"welcome", "kit"} <= set(found.surface)
    assert found.tags == ("welcomekit", "ete")
    assert query_terms("welcome-kit").phrase == ("welcome", "kit")
    assert "welcomekit" in query_terms("welcome-kit").any_of


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("🎉", "🎉🎉🎉"),
        ("👍", "👍🏽"),
        ("👍🏿", "👍"),
        ("❤", "❤️"),
        ("🤷", "🤷🏽‍♀️"),
        ("👩‍💻", "👩🏾‍💻"),
    ],
)
def test_an_emoji_is_one_word_whatever_its_skin_and_variant(typed: str, said: str) -> None:
    assert finds(typed, f"They are here {said} at last", "en")


def test_emoji_that_only_share_a_part_are_not_the_same() -> None:
    for typed, said in (("👩", "👩‍💻"), ("🇩🇪", "🇫🇷"), ("👨‍👩‍👧", "👨‍👩‍👦"), ("🎉", "🥳")):
        assert not finds(typed, said, "en")


def test_emoji_neither_hide_the_language_nor_tell_what_a_text_is_about() -> None:
    assert finds("meeting", "meetings 🎉🎉🎉🎉🎉", "")
    assert topics("The pump is mended 🎉🎉🎉", "en") == topics("The pump is mended", "en")


def test_umlauts_may_be_typed_out() -> None:
    assert "munchen" in query_terms("Muenchen").any_of
    assert finds("Staedte", "Die Stadt und die Städte der Region sind dabei", "de")


def test_typed_words_without_letters_ask_for_nothing() -> None:
    for typed in ("", "™", "#", "++", "ـ", "\u200d", "'"):
        assert query_terms(typed) == Terms()
        assert not query_terms(typed)


def test_endless_texts_are_cut() -> None:
    found = analyse("a " * 40_000 + "x" * 50_000, "en")
    assert len(found.surface) == POSITIONS
    assert max(map(len, analyse("x" * 50_000, "en").surface)) <= 64


def test_threads_do_not_share_a_stemmer() -> None:
    texts = [f"{text} {number}" for number in range(200) for text in SENTENCES.values()]
    expected = [analyse(text) for text in texts]
    wrong: list[str] = []

    def work() -> None:
        for text, should in zip(texts, expected, strict=True):
            if analyse(text) != should:
                wrong.append(text)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_the_version_is_a_number_that_holds_the_stemmers() -> None:
    assert analyser_version() > 1_00_00_00_00

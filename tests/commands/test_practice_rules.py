"""The state machines of practices and transfers: each step from each state, allowed or not."""

import pytest

from commands.practices import rules
from commands.practices.fields import cut, excess, read_form
from commands.practices.rules import Step
from commands.practices.transferring import read_degree
from commands.practices.vocabulary import control_in, verdict_in
from storage.records import (
    Degree,
    Person,
    PracticeField,
    PracticeState,
    ReviewAnswer,
    ReviewQuestion,
    TransferState,
    UserId,
    Verdict,
)

S, T, F = PracticeState, TransferState, PracticeField

# Each row a state; what AGREE, SHARE, REVIEW, ASK, SUPPLY, PUBLISH, RETIRE and WITHDRAW lead to.
LIFE = {
    S.CAPTURED: (S.DRAFT, None, None, None, None, None, None, S.WITHDRAWN),
    S.DRAFT: (None, S.SHARED, None, None, None, None, None, S.WITHDRAWN),
    S.SHARED: (None, None, S.UNDER_REVIEW, None, None, None, None, S.WITHDRAWN),
    S.UNDER_REVIEW: (None, None, None, S.NEEDS_INFO, None, S.PUBLISHED, None, S.WITHDRAWN),
    S.NEEDS_INFO: (None, None, None, None, S.UNDER_REVIEW, None, None, S.WITHDRAWN),
    S.PUBLISHED: (None, None, None, None, None, None, S.RETIRED, S.WITHDRAWN),
    S.RETIRED: (None, None, None, None, None, None, None, S.WITHDRAWN),
    S.WITHDRAWN: (None,) * 8,
}


@pytest.mark.promise("A practice goes from state to state only as its life allows.")
@pytest.mark.parametrize(
    ("state", "step", "after"),
    [
        (state, step, after)
        for state, row in LIFE.items()
        for step, after in zip(Step, row, strict=True)
    ],
)
def test_the_life_of_a_practice(
    state: PracticeState, step: Step, after: PracticeState | None
) -> None:
    assert rules.after(state, step) == after


# Each row a state; whether it may become interested, understanding, adapting, piloting, in use,
# stopped.
TAKING_UP = {
    T.INTERESTED: (0, 1, 1, 1, 1, 1),
    T.UNDERSTANDING: (0, 0, 1, 1, 1, 1),
    T.ADAPTING: (0, 0, 0, 1, 1, 1),
    T.PILOTING: (0, 0, 1, 0, 1, 1),
    T.IN_USE: (0, 0, 1, 0, 0, 1),
    T.STOPPED: (0, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize(
    ("state", "to", "allowed"),
    [
        (state, to, bool(allowed))
        for state, row in TAKING_UP.items()
        for to, allowed in zip(T, row, strict=True)
    ],
)
def test_the_life_of_a_transfer(state: TransferState, to: TransferState, allowed: bool) -> None:
    assert rules.may_move(state, to) is allowed
    assert (to in rules.moves(state)) is allowed


# ── reviews ───────────────────────────────────────────────────────────────────────────────────


def given(
    who: int, city: str | None, verdicts: str = "yyy", *, facilitator: bool = False
) -> list[ReviewAnswer]:
    person = Person(who, UserId(f"@{who}:hs"), str(who))
    meant = {"y": Verdict.YES, "n": Verdict.NO, "p": Verdict.PARTLY}
    return [
        ReviewAnswer(person, question, meant[letter], "", city, facilitator)
        for question, letter in zip(ReviewQuestion, verdicts, strict=False)
    ]


@pytest.mark.parametrize(
    ("answers", "complete", "missing"),
    [
        ([], False, 2),
        ([*given(1, "b"), *given(2, "c"), *given(3, None, facilitator=True)], True, 0),
        ([*given(1, "b"), *given(2, "c")], False, 0),
        ([*given(1, "b"), *given(2, "b"), *given(3, None, facilitator=True)], False, 1),
        ([*given(1, "a"), *given(2, "c"), *given(3, None, facilitator=True)], False, 1),
        ([*given(1, "b"), *given(2, "c", "yy"), *given(3, "d", facilitator=True)], False, 1),
        ([*given(1, "b", "nnn"), *given(2, "c"), *given(3, "a", facilitator=True)], True, 0),
    ],
)
def test_two_peers_of_two_other_cities_and_the_facilitator_make_a_review(
    answers: list[ReviewAnswer], complete: bool, missing: int
) -> None:
    reviewed = rules.reviewed(answers, "a")
    assert (reviewed.complete, reviewed.peers_missing) == (complete, missing)


def test_disagreement_is_seen_question_by_question() -> None:
    reviewed = rules.reviewed([*given(1, "b", "yyp"), *given(2, "c", "ynn")], "a")
    assert reviewed.disagree == (ReviewQuestion.CHANGE,)


# ── reading ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("said", "verdict", "rest"),
    [
        ("yes", Verdict.YES, ""),
        ("Yes, but who pays?", Verdict.YES, "but who pays?"),
        ("Ναι, αμέσως", Verdict.YES, "αμέσως"),
        ("jā", Verdict.YES, ""),
        ("nein – zu teuer", Verdict.NO, "zu teuer"),
        ("teilweise: nur im Winter", Verdict.PARTLY, "nur im Winter"),
        ("👍", Verdict.YES, ""),
        ("we could", None, ""),
    ],
)
def test_a_yes_or_no_in_any_of_the_languages(said: str, verdict: Verdict | None, rest: str) -> None:
    assert verdict_in(said) == (None if verdict is None else (verdict, rest))


@pytest.mark.parametrize("word", ["skip", "Weiter!", "passer", "saltar", "přeskočit", "hopp over"])
def test_skip_in_any_of_the_languages(word: str) -> None:
    assert control_in(word) == "skip"
    assert control_in(f"{word} the queue at the desk") is None


@pytest.mark.parametrize(
    ("told", "degree", "words"),
    [
        ("degree:adapted Two seats", Degree.ADAPTED, "Two seats"),
        ("Two seats degree: copied", Degree.COPIED, "Two seats"),
        ("inspired: the question only", Degree.INSPIRED, "the question only"),
        ("angepasst", Degree.ADAPTED, ""),
        ("Adapted rules of the club", None, "Adapted rules of the club"),
        ("", None, ""),
    ],
)
def test_how_much_was_taken_over_is_read_out_of_the_words(
    told: str, degree: Degree | None, words: str
) -> None:
    assert read_degree(told) == (degree, words)


@pytest.mark.parametrize(
    ("language", "form"),
    [
        ("en", "Title: A\nProblem: B\nWhat we do: C\nWhat changed: D\nWatch out: E"),
        ("de", "Titel: A\nProblem: B\nWas wir tun: C\nWas sich geändert hat: D\nAchtung: E"),
        ("fr", "Titre : A\nProblème : B\nCe qu’on fait : C\nCe qui a changé : D\nAttention : E"),
        ("es", "Título: A\nProblema: B\nQué hacemos: C\nQué ha cambiado: D\nCuidado: E"),
        ("it", "Titolo: A\nProblema: B\nChe cosa facciamo: C\nCosa è cambiato: D\nAttenzione: E"),
        ("nl", "Titel: A\nProbleem: B\nWat we doen: C\nWat is er veranderd: D\nLet op: E"),
        ("el", "Τίτλος: A\nΠρόβλημα: B\nΤι κάνουμε: C\nΤι άλλαξε: D\nΠροσοχή: E"),
        ("lv", "Nosaukums: A\nProblēma: B\nKo mēs darām: C\nKas mainījās: D\nUzmanību: E"),
        ("cs", "Název: A\nProblém: B\nCo děláme: C\nCo se změnilo: D\nPozor: E"),
        ("no", "Tittel: A\nProblem: B\nHva vi gjør: C\nHva har endret seg: D\nPass på: E"),
    ],
)  # fmt: skip
def test_a_form_in_any_of_the_languages(language: str, form: str) -> None:
    read = read_form(form, {})
    assert read is not None, language
    assert list(read.fields) == list(F)[:5]
    assert "".join(read.fields.values()) == "ABCDE"
    assert not read.strange


def test_a_cut_ends_with_a_sentence_or_else_a_word() -> None:
    assert cut(F.TITLE, "word " * 30) == ("word " * 12).strip()
    text = "One sentence that is long enough to be kept as it is. And more of it"
    assert cut(F.TITLE, text) == "One sentence that is long enough to be kept as it is."
    assert len(cut(F.TITLE, "x" * 100)) == 60
    assert excess(F.ENGLISH_SUMMARY, "word " * 81) == 1
    assert excess(F.ENGLISH_SUMMARY, cut(F.ENGLISH_SUMMARY, "word " * 81)) == 0

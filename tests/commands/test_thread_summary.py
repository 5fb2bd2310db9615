"""A thread's summary is made of its own sentences."""

from datetime import UTC, datetime, timedelta

import pytest

from commands.archive.rules import (
    LONGEST,
    key_points,
    open_questions,
    sentences,
    shortened,
    summarise,
)
from commands.archive.telling import decides
from storage.records import ArchivedMessage, EventId, RoomId, UserId
from tests.growth import growth

START = datetime(2026, 3, 2, 9, tzinfo=UTC)


def talk(*lines: tuple[str, str], **reactions: int) -> list[ArchivedMessage]:
    """Messages from (person, words); reactions by place: m2=3."""
    return [
        ArchivedMessage(
            event_id=EventId(f"$m{place}"),
            room_id=RoomId("!r"),
            sender=UserId(f"@{who}:hs"),
            sender_name=who.title(),
            at=START + timedelta(minutes=place),
            body=body,
            thread_root=EventId("$m0"),
            reactions={"👍": reactions.get(f"m{place}", 0)},
        )
        for place, (who, body) in enumerate(lines)
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three?", ["One.", "Two!", "Three?"]),
        ("No sign", ["No sign"]),
        ("Two\nlines", ["Two", "lines"]),
        ("Wait... what?", ["Wait...", "what?"]),
        ("Τι ώρα είναι; Δέκα.", ["Τι ώρα είναι;", "Δέκα."]),
        ("Es ist am 12. März. Dann ja.", ["Es ist am 12. März.", "Dann ja."]),
        ("Začneme 9. března v 10. patře.", ["Začneme 9. března v 10. patře."]),
        ("Sākam 2026. gada 9. martā. Labi.", ["Sākam 2026. gada 9. martā.", "Labi."]),
        ("Bring tea, z. B. Minze. Or cake.", ["Bring tea, z. B. Minze.", "Or cake."]),
        ("Vi møtes kl. 14 i dag. Ca. 20 kommer.", ["Vi møtes kl. 14 i dag.", "Ca. 20 kommer."]),
        ("It was in 2025. Then we moved.", ["It was in 2025.", "Then we moved."]),
        ("That is it. OK. Go!", ["That is it.", "OK.", "Go!"]),
        ("", [""]),
        ("!!!", ["!!!"]),
    ],
)  # fmt: skip
def test_sentences_end_where_people_end_them(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@pytest.mark.parametrize("unit", ["12. ", "a. b ", "x" * 90 + " 1. 1. 1. 1. 1. "])
def test_a_line_of_many_signs_takes_no_more_than_its_length(unit: str) -> None:
    signs = unit.count(". ")
    assert growth(lambda size: sentences(unit * (size // signs)), 250) < 8


def test_a_long_sentence_is_cut_between_words() -> None:
    cut = shortened("word " * 100)
    assert len(cut) <= LONGEST
    assert cut.endswith("word…")


def test_people_are_listed_in_the_order_they_came_in_not_by_how_much_they_wrote() -> None:
    summary = summarise(talk(("ben", "Hello all."), ("ann", "Hi."), ("ann", "And more.")))
    assert summary is not None
    assert summary.participants == (("Ben", 1), ("Ann", 2))
    assert (summary.began, summary.ended) == (START, START + timedelta(minutes=2))


def test_the_first_sentence_begins_the_summary() -> None:
    summary = summarise(talk(("ann", "We need hosts. Who can help?"), ("ben", "We can do it.")))
    assert summary is not None
    assert summary.first.sentence == "We need hosts."


def test_what_people_reacted_to_comes_before_what_is_merely_long() -> None:
    points = key_points(
        talk(
            ("ann", "A very long sentence about nothing in particular, really nothing at all."),
            ("ben", "Another long sentence that goes on and on for quite a while."),
            ("cai", "Pay the childcare, and they come."),
            ("dan", "Yet another sentence which is of middling length."),
            m2=3,
        )
    )
    assert [p.message.event_id for p in points] == ["$m0", "$m1", "$m2"]


def test_small_talk_is_no_point() -> None:
    assert not key_points(talk(("ann", "Thanks!"), ("ben", "👍👍👍")))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([("ann", "Who pays?"), ("ben", "The city does.")], []),
        ([("ann", "Who pays?"), ("ann", "I mean the travel.")], ["Who pays?"]),
        ([("ann", "We start."), ("ben", "Good. When is it?")], ["When is it?"]),
        ([("ann", "Ποιος πληρώνει;")], ["Ποιος πληρώνει;"]),
        ([("ann", "We start; then we see;")], []),
    ],
)
def test_a_question_is_open_while_nobody_else_has_spoken_since(
    lines: list[tuple[str, str]], expected: list[str]
) -> None:
    assert [point.sentence for point in open_questions(talk(*lines))] == expected


def test_days_are_told_wherever_they_stand_and_nothing_is_said_twice() -> None:
    summary = summarise(
        talk(
            ("ann", "We need a plan for the garden. It must be ready by 9 March 2026."),
            ("ben", "Wir haben beschlossen, am 12. März anzufangen. Am 14. März ist Regen."),
            ("cai", "Sākam martā, 20. aprīlī beidzam."),
        )
    )
    assert summary is not None
    assert summary.first.sentence == "We need a plan for the garden."
    assert [it.sentence for it in summary.decisions] == [
        "Wir haben beschlossen, am 12. März anzufangen."
    ]
    assert [it.sentence for it in summary.days] == [
        "Am 14. März ist Regen.",
        "Sākam martā, 20. aprīlī beidzam.",
    ]
    said = [point.sentence for point in summary.chosen]
    assert len(said) == len(set(said))


def test_words_taken_back_or_withheld_are_in_no_summary() -> None:
    from dataclasses import replace

    said = talk(("ann", "A secret that was taken back later."), ("ben", "Words of an opted-out."))
    gone = [replace(said[0], body="", redacted=True), replace(said[1], body="", withheld=True)]
    assert summarise(gone) is None
    assert summarise([]) is None


def test_the_summary_names_every_message_that_it_repeats() -> None:
    summary = summarise(
        talk(
            ("ann", "We need hosts for the spring."),
            ("ben", "Our library can host thirty people on Tuesdays."),
            ("cai", "And who pays for the travel?"),
        )
    )
    assert summary is not None
    assert [m.event_id for m in summary.quoted] == ["$m0", "$m1", "$m2"]


@pytest.mark.parametrize(
    "sentence",
    [
        "We have not decided yet who brings the tea.",
        "We haven't agreed on a date.",
        "Nothing was decided.",
        "Das ist noch nicht entschieden.",
        "Das wurde nicht so beschlossen.",
        "Wir haben noch nichts beschlossen.",
        "Nous n'avons pas encore décidé.",
        "Todavía no hemos decidido nada.",
        "Non abbiamo ancora deciso.",
        "Er is nog niets besloten.",
        "Δεν αποφασίσαμε ακόμα.",
        "Det er ikke bestemt.",
    ],
)
def test_what_is_not_settled_is_no_decision(sentence: str) -> None:
    assert not decides(sentence)


@pytest.mark.parametrize(
    "sentence", ["We decided not to start.", "Wir haben beschlossen, nicht zu kommen."]
)
def test_a_decision_against_something_is_one(sentence: str) -> None:
    assert decides(sentence)


@pytest.mark.parametrize(
    "sentence",
    [
        "No problem, we agreed on Monday.",
        "It was not easy but we decided to go by train.",
        "Nobody has a van so we agreed on the train.",
        "Das war nicht leicht aber wir haben beschlossen zu fahren.",
        "Ce n'était pas simple mais nous avons décidé de partir.",
        "Het was niet makkelijk maar we hebben besloten te gaan.",
        "Am 3. Mai haben wir beschlossen zu kommen.",
        "Noch am Montag haben wir entschieden.",
        "No pirmdienas nolēmām sākt.",
    ],
)
def test_small_words_of_other_languages_unsettle_nothing(sentence: str) -> None:
    assert decides(sentence)

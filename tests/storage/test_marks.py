"""What a message is found by besides its words."""

import pytest

from storage.search.marks import asks, marks_of


@pytest.mark.parametrize(
    ("text", "question"),
    [
        ("Who has a key?", True),
        ("Who has a key? I have.", True),
        ("«Qui a une clé ?»", True),
        ("Πού είναι το κλειδί;", True),
        ("من معه المفتاح؟", True),
        ("鍵は誰が持っていますか？", True),
        ("see https://city.example/?page=2", False),
        ("first this; then that", False),
        ("That is so.", False),
        ("", False),
    ],
)
def test_questions_are_told_by_their_sign(text: str, question: bool) -> None:
    assert asks(text) is question


@pytest.mark.parametrize(
    ("text", "kept", "marks"),
    [
        ("see https://city.example", "", {"hlink", "len"}),
        ("see www.city.example", "", {"hlink", "len"}),
        ("like P-12 and p3", "", {"hpractice", "len"}),
        ("a https: b", "", {"len"}),
        ("MP-12 SP3 P-0", "", {"len"}),
        ("photo.jpg", "file image", {"hfile", "himage", "len"}),
        ("When? https://x.y/", "poll", {"hpoll", "hlink", "q", "len"}),
    ],
)
def test_marks_follow_from_what_is_stored(text: str, kept: str, marks: set[str]) -> None:
    assert set(marks_of(text, "en", kept)) == marks


def test_a_text_in_no_language_has_no_mark_of_one() -> None:
    assert marks_of("🎉", "") == ()

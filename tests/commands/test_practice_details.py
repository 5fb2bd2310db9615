"""What in a practice looks like somebody's own: its author is told in private, and decides."""

import pytest

from commands.posts import Posts, Tell
from commands.practices.details import Detail, details_in
from tests.commands.conftest import ANN, Hall, plain
from tests.commands.test_practices import card

PHONE, EMAIL, ACCOUNT = Detail.PHONE, Detail.EMAIL, Detail.ACCOUNT


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("Call +47 22 33 44 55", [PHONE]),
        ("Ring 0049 (30) 1234-5678.", [PHONE]),
        ("Tel. 030 / 901 820", [PHONE]),
        ("06 12 34 56 78", [PHONE]),
        ("(020) 7946 0123", [PHONE]),
        ("anna.berg+hall@city.example.org, please", [EMAIL]),
        ("<ANNA@stadt.example>", [EMAIL]),
        ("pay to DE89 3704 0044 0532 0130 00", [ACCOUNT]),
        ("NO93 8601 1117 947", [ACCOUNT]),
        ("GB82WEST12345698765432", [ACCOUNT]),
        ("+351 912 345 678 or ana@camara.example", [PHONE, EMAIL]),
        # What is nothing of the kind, or may as well be something else:
        ("DE89 3704 0044 0532 0130 01", []),
        ("09.11.2027 10:00, 01/02/2027 14.30", []),
        ("since 2019, 15–30 guests, 1 200 000 euros", []),
        ("612 345 678 people", []),
        ("room 0123, postcode 01069 Dresden", []),
        ("0.123456789 of them", []),
        ("@ann:city.example is who to ask", []),
        ("https://city.example/p/0123456789?mail=a@b.example", []),
        ("version 1.0.12345678", []),
        ("", []),
    ],
)
def test_what_is_seen(text: str, seen: list[Detail]) -> None:
    assert list(details_in([text])) == seen


def test_it_ends_soon_whatever_is_written() -> None:
    for text in ("0" * 65_000, "+1 " * 20_000, "AA00 " * 13_000, "a." * 30_000 + "@"):
        details_in([text])


def told(posts: Posts) -> list[Tell]:
    return [post for post in posts if isinstance(post, Tell)]


FORM = "!practice share\nTitle: Warm rooms\nProblem: Cold\nWhat we do: Heat"


async def test_only_the_author_is_told_once_for_what_is_seen_and_nothing_is_held_back(
    hall: Hall,
) -> None:
    assert told(await hall.says(ANN, FORM)) == []
    said = hall.said(ANN, f"{FORM}, ask +47 22 33 44 55")
    posts = await hall.responds(said)
    (hint,) = told(posts)
    assert (hint.person, hint.key) == (ANN, "P-2/seen/phone")
    assert "In P-2 stands what looks like a telephone number." in plain(hint.reply)
    assert "22 33" not in plain(hint.reply), "it is not repeated"
    assert "22 33 44 55" in card(posts), "nothing is held back"
    (again,) = told(await hall.edits(said, f"{said.body} please"))
    assert again.key == hint.key, "which is said once"
    (more,) = told(await hall.edits(said, f"{said.body} or ann@city.example"))
    assert "a telephone number and an e-mail address" in plain(more.reply)
    assert more.key != hint.key
    assert told(await hall.edits(said, FORM)) == []


async def test_a_draft_that_nobody_reads_is_left_alone(hall: Hall) -> None:
    draft = "!practice share\nTitle: Warm rooms\nProblem: ask +47 22 33 44 55"
    assert told(await hall.says(ANN, draft)) == []

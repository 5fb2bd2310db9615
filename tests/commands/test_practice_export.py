"""Practices on paper: files with all that a card tells, and where each line was said."""

import csv
import io
from html.parser import HTMLParser

import pytest

from commands.posts import Attach
from tests.commands.conftest import ANN, BEN, HOUSING, WELCOME, Hall, direct
from tests.commands.test_practice_life import DORA, EVA, review, shared
from tests.commands.test_practices import FIVE

__all__ = ["shared"]
HOSTILE = "=cmd|' /C calc'!A0 <script>alert(1)</script> **bold** [x](javascript:1)"


class Reader(HTMLParser):
    """Which tags a page has, and where its links lead."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.links: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.links += [str(value) for name, value in attrs if name == "href"]


@pytest.mark.promise("A practice goes out as Markdown, a page to print and a table, with sources.")
async def test_a_practice_goes_out_with_the_source_of_each_line(shared: Hall) -> None:
    hall = shared
    await review(hall, DORA, "yes", "no, no number", "partly")
    await hall.says(BEN, "!practice transfer P-1")
    await hall.says(ANN, f"!practice edit P-1\nTags: library\nPartners: {HOSTILE}")
    files = [one for one in await hall.says(EVA, "!practice export P-1") if isinstance(one, Attach)]
    assert [(one.name, one.mime) for one in files] == [
        ("practice-1.md", "text/markdown"),
        ("practice-1.html", "text/html"),
    ]
    text, page = (one.data.decode() for one in files)
    assert text.startswith("# P-1 · Welcome coffee\n\nHavnvoll · Housing first · Ann Berg · ")
    for answer in FIVE[1:]:
        assert answer in text
        assert answer in page
    said = [line for line in text.splitlines() if line.startswith(("**", "- **"))]
    assert len(said) == 10  # four answers, two fields, three opinions, a transfer
    assert all("(https://matrix.to/#/!housing:hs/$e" in line for line in said[:9])
    assert "- **Do I believe the change?** Dora: no – no number" in text
    assert "\\*\\*bold\\*\\*" in text
    assert "<script>" not in text.replace("\\<script\\>", "")
    reader = Reader()
    reader.feed(page)
    assert "script" not in reader.tags
    assert len(reader.links) == 9
    assert all(link.startswith("https://matrix.to/#/!housing:hs/$") for link in reader.links)
    assert files[0].quotes, "taken back with the messages whose words it holds"


async def test_a_list_is_a_table_without_formulas(shared: Hall) -> None:
    hall = shared
    await hall.says(ANN, f"!practice edit P-1 Partners: {HOSTILE}")
    table, page = await hall.says(BEN, "!practice export Havnvoll")
    assert isinstance(table, Attach)
    assert isinstance(page, Attach)
    assert table.data.startswith(b"\xef\xbb\xbfnumber,state,city")
    (row,) = csv.DictReader(io.StringIO(table.data.decode("utf-8-sig")))
    assert (row["number"], row["state"], row["city"]) == ("P-1", "shared", "Havnvoll")
    assert row["title"] == FIVE[0]
    assert row["partners"] == f"'{HOSTILE}"
    assert row["source"].startswith("https://matrix.to/#/!housing:hs/$")
    again = (await hall.says(BEN, "!practice export Havnvoll"))[0]
    assert isinstance(again, Attach)
    assert again.data == table.data, "the same, byte for byte"


async def test_what_may_not_be_seen_does_not_go_out(shared: Hall) -> None:
    hall = shared
    await hall.moves(BEN, HOUSING, "leave")
    assert "no P-1 for you" in await hall.hears(BEN, "practice export P-1", direct(BEN))
    assert "No practices yet." in await hall.hears(BEN, "!practice export", WELCOME)


async def test_answers_that_begin_like_a_list_stay_lines_in_markdown(shared: Hall) -> None:
    await shared.says(ANN, "!practice edit P-1\nPartners: 1986. Founded then")
    made = await shared.says(EVA, "!practice export P-1")
    text = next(one.data.decode() for one in made if isinstance(one, Attach))
    assert "\n1986\\. Founded then\n" in text

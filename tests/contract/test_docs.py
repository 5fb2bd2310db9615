"""What the documentation says is so."""

import re
from pathlib import Path

import pytest

from tests import promises, tour

ROOT = tour.ROOT
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
LOCAL_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#]+)(?:#[^)]*)?\)")
LINKS = [(match["name"], match["path"]) for match in tour.LINK.finditer(tour.TOUR.read_text())]


@pytest.mark.parametrize(("name", "path"), LINKS)
def test_every_stop_of_the_tour_is_there(name: str, path: str) -> None:
    assert tour.line_of(ROOT / path, name) is not None, f"{path} has no {name}"


def test_the_tour_leads_to_the_right_lines() -> None:
    text = tour.TOUR.read_text(encoding="utf-8")
    assert LINKS, "the tour has no links"
    assert tour.renumbered(text) == text, "run `make docs`"


def test_the_promises_are_those_that_tests_prove() -> None:
    written = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    assert written == promises.page(), "run `make docs`"


def test_no_promise_is_made_twice() -> None:
    texts = [promise.text for promise in promises.promises()]
    assert len(texts) == len(set(texts))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in LOCAL_LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"

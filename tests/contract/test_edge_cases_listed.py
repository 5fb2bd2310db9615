"""Decision 11 says of every edge case of the archive where it is tested: and there it is."""

import re
from pathlib import Path

from tests.storage.test_edge_cases import CASES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/decisions/0011-edge-cases-of-the-archive.md").read_text()
TESTED, _, REST = PAGE.partition("What we do without")
WITHOUT = REST.partition("Where the tests show less")[0]


def numbers(text: str) -> list[int]:
    found: list[int] = []
    for first, last in re.findall(r"(\d+)(?:–(\d+))?", text):
        found += range(int(first), int(last or first) + 1)
    return found


def in_the_table() -> set[int]:
    found = re.search(r"one by one:\n([\d–, ]+)\.", TESTED)
    assert found is not None
    return set(numbers(found[1]))


def rows() -> list[tuple[str, str]]:
    return re.findall(r"^\| (\d[\d, ]*)\b.*? \| (`.*`) \|$", TESTED, re.MULTILINE)


def test_every_case_is_tested_or_done_without() -> None:
    elsewhere = {number for cases, _ in rows() for number in numbers(cases)}
    without = [
        number
        for cases in re.findall(r"^- \*\*([\d, ]+)\*\*", WITHOUT, re.MULTILINE)
        for number in numbers(cases)
    ]
    assert in_the_table() == {int(name.split()[0]) for name, _, _ in CASES}
    assert not set(without) & (in_the_table() | elsewhere)
    assert sorted({*in_the_table(), *elsewhere, *without}) == list(range(1, 69))
    assert len(without) == len(set(without))


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TESTED)
    assert len(named) >= len(rows())
    for path, name in named:
        assert re.search(rf"^(async )?def {name}\(", (ROOT / path).read_text(), re.MULTILINE), name

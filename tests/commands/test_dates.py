"""Dates as people write them, in ten languages."""

from datetime import date

import pytest

from commands.dates.reader import Span, Trouble, Why, read_dates

TODAY = date(2026, 11, 30)  # a Monday


def spans(text: str, days: int = 1) -> list[str]:
    found = read_dates(text, today=TODAY, days=days)
    assert not isinstance(found, Trouble), found
    return [f"{s.start}/{s.last}" if s.last > s.start else f"{s.start}" for s in found]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("2027-03-09", ["2027-03-09"]),
        ("2027-03-09 2027-03-16", ["2027-03-09", "2027-03-16"]),
        ("2027-03-09 - 2027-03-11", ["2027-03-09/2027-03-11"]),
        ("2027-03-09..2027-03-11", ["2027-03-09/2027-03-11"]),
        ("9 March", ["2027-03-09"]),
        ("9 March 2028", ["2028-03-09"]),
        ("9th of March", ["2027-03-09"]),
        ("March 9, 2027", ["2027-03-09"]),
        ("Mar 9-11 2027", ["2027-03-09/2027-03-11"]),
        ("9-11 March", ["2027-03-09/2027-03-11"]),
        ("9 – 11 March 2027", ["2027-03-09/2027-03-11"]),
        ("9 and 10 March", ["2027-03-09/2027-03-10"]),
        ("9 March and 16 March", ["2027-03-09", "2027-03-16"]),
        ("9-11 March, 16-18 March 23 March", [
            "2027-03-09/2027-03-11", "2027-03-16/2027-03-18", "2027-03-23"]),
        ("Tue 9 March – Thu 11 March", ["2027-03-09/2027-03-11"]),
        ("Tuesday, 9 March", ["2027-03-09"]),
        ("30 Dec – 2 Jan", ["2026-12-30/2027-01-02"]),
        ("next Tuesday", ["2026-12-01"]),
        ("next Monday", ["2026-12-07"]),
        ("Friday", ["2026-12-04"]),
        ("tomorrow", ["2026-12-01"]),
        ("29 February 2028", ["2028-02-29"]),
        ("9.3.2027", ["2027-03-09"]),
        ("9.3.", ["2027-03-09"]),
        ("9.3.27", ["2027-03-09"]),
        ("9.3.2027-11.3.2027", ["2027-03-09/2027-03-11"]),
        ("25/3/2027", ["2027-03-25"]),
        ("9. März", ["2027-03-09"]),
        ("9.-11. März 2027", ["2027-03-09/2027-03-11"]),
        ("Di 9. März", ["2027-03-09"]),
        ("nächsten Dienstag", ["2026-12-01"]),
        ("vom 9. bis 11. März", ["2027-03-09/2027-03-11"]),
        ("9 mars 2027", ["2027-03-09"]),
        ("le 1er avril", ["2027-04-01"]),
        ("mardi prochain", ["2026-12-01"]),
        ("du 9 au 11 août", ["2027-08-09/2027-08-11"]),
        ("9 de marzo", ["2027-03-09"]),
        ("9 y 10 de marzo de 2027", ["2027-03-09/2027-03-10"]),
        ("el próximo martes", ["2026-12-01"]),
        ("9 di marzo", ["2027-03-09"]),
        ("9-11 giugno", ["2027-06-09/2027-06-11"]),
        ("9 maart", ["2027-03-09"]),
        ("volgende dinsdag", ["2026-12-01"]),
        ("do 11 maart", ["2027-03-11"]),
        ("9 Μαρτίου", ["2027-03-09"]),
        ("9 έως 11 Ιουνίου", ["2027-06-09/2027-06-11"]),
        ("9. marts", ["2027-03-09"]),
        ("9. līdz 11. jūnijs", ["2027-06-09/2027-06-11"]),
        ("9. března", ["2027-03-09"]),
        ("9. až 11. června", ["2027-06-09/2027-06-11"]),
        ("9. mars 2027", ["2027-03-09"]),
        ("neste tirsdag", ["2026-12-01"]),
        ("9 марта", None),
        ("", []),
    ],
)  # fmt: skip
def test_a_date_is_read_as_people_write_it(typed: str, read: list[str] | None) -> None:
    if read is None:
        assert isinstance(read_dates(typed, today=TODAY), Trouble)
    else:
        assert spans(typed) == read


def test_a_single_day_begins_a_visit_of_the_days_that_were_named() -> None:
    assert spans("9 March, 16-17 March", days=3) == [
        "2027-03-09/2027-03-11",
        "2027-03-16/2027-03-17",
    ]


@pytest.mark.parametrize(
    ("typed", "why", "candidates"),
    [
        ("2026-11-29", Why.PAST, ["2026-11-29"]),
        ("9 March 2026", Why.PAST, ["2026-03-09"]),
        ("31 April", Why.IMPOSSIBLE, []),
        ("29 February 2027", Why.IMPOSSIBLE, []),
        ("29 Feb", Why.IMPOSSIBLE, []),
        ("2027-13-01", Why.IMPOSSIBLE, []),
        ("Mon 30 Mar 2027", Why.WEEKDAY, ["2027-03-30"]),
        ("03/04/2027", Why.AMBIGUOUS, ["2027-04-03", "2027-03-04"]),
        ("11-9 March", Why.BACKWARDS, []),
        ("1 March – 9 June", Why.LONG, []),
        ("2037-03-09", Why.FAR, ["2037-03-09"]),
        ("soon", Why.UNREADABLE, []),
        ("9 March maybe", Why.UNREADABLE, []),
        ("12", Why.UNREADABLE, []),
        ("March", Why.UNREADABLE, []),
    ],
)
def test_what_cannot_be_taken_as_it_stands_is_named(
    typed: str, why: Why, candidates: list[str]
) -> None:
    found = read_dates(typed, today=TODAY)
    assert isinstance(found, Trouble), found
    assert found.why is why
    assert [str(day) for day in found.candidates] == candidates
    assert found.typed


def test_days_overlap_when_they_share_one() -> None:
    first = Span(date(2027, 3, 9), date(2027, 3, 11))
    assert first.overlaps(Span(date(2027, 3, 11), date(2027, 3, 12)))
    assert not first.overlaps(Span(date(2027, 3, 12), date(2027, 3, 12)))
    assert len(first.days) == 3

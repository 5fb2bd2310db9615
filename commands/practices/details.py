"""Looks for what may be somebody's own in words that many will read: numbers, addresses, accounts.

It errs on the quiet side: what could as well be a date, an amount or a year is left alone.
"""

import re
from collections.abc import Iterable
from enum import StrEnum


class Detail(StrEnum):
    """What it looks like."""

    PHONE = "phone"
    EMAIL = "email"
    ACCOUNT = "account"


_DATE = r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}"
_GAP = r"[\s./()-]{0,3}"
# From abroad with its country; at home with the 0 before the area. Without either it could be an
# amount of money or a number of people.
_PHONE = re.compile(
    rf"(?<![\w.,/:-])(?!{_DATE})(?:\+|00)[1-9](?:{_GAP}\d){{7,13}}(?!\w)"
    rf"|(?<![\w.,/:-])(?!{_DATE})\(?0[1-9](?:{_GAP}\d){{7,10}}(?!\w)"
)
_ADDRESS = re.compile(r"https?://\S+")  # of a page, which may have any numbers in it
_EMAIL = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4}\b")
_ACCOUNT = re.compile(r"(?<!\w)[A-Z]{2}\d{2}(?:\s?[A-Z0-9]{4}){2,7}(?:\s?[A-Z0-9]{1,3})?(?!\w)")


def details_in(texts: Iterable[str]) -> tuple[Detail, ...]:
    """The kinds that stand in these texts, each once."""
    found: set[Detail] = set()
    for text in (_ADDRESS.sub(" ", one) for one in texts):
        if any(_is_account(one.group()) for one in _ACCOUNT.finditer(text)):
            found.add(Detail.ACCOUNT)
        if _EMAIL.search(text):
            found.add(Detail.EMAIL)
        if _PHONE.search(_ACCOUNT.sub(" ", text)):
            found.add(Detail.PHONE)
    return tuple(kind for kind in Detail if kind in found)


def _is_account(typed: str) -> bool:
    """Whether the two digits behind the country check the others (ISO 13616)."""
    plain = "".join(typed.split())
    digits = "".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])
    return int(digits) % 97 == 1

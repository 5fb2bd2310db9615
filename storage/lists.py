"""Lists of values in statements that are made once.

SQLAlchemy writes an IN with a new number of values anew each time, which costs it more than SQLite
takes to answer. Here a list has one of a few sizes; the last value stands in for what is missing.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import BindParameter, bindparam

SIZES = (5, 25, 100, 400)


def places(size: int, name: str = "it") -> list[BindParameter[Any]]:
    """So many places of a statement for values of a list."""
    return [bindparam(f"{name}{place}") for place in range(size)]


def in_sizes(values: Sequence[Any], name: str = "it") -> Iterator[tuple[int, dict[str, Any]]]:
    """A list in parts: each with the size that its statement has, and the values for its places."""
    for start in range(0, len(values), SIZES[-1]):
        part = list(values[start : start + SIZES[-1]])
        size = next(it for it in SIZES if it >= len(part))
        filled = [*part, *part[-1:] * (size - len(part))]
        yield size, {f"{name}{place}": value for place, value in enumerate(filled)}

"""What was set aside after five failures, for an operator: told without a word of what was said."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy.engine import URL

from storage import beside, inbox
from storage.inbox import Parked


async def describe(url: URL) -> list[str]:
    """A line for each entry."""
    found = await beside.look(url, inbox.parked)
    return [_line(one) for one in found] or ["Nothing is parked."]


async def retry(url: URL, numbers: Sequence[int]) -> list[str]:
    """Put entries back into the queue, as if they had never failed; all, if none is named."""
    done = await beside.change(url, lambda c: inbox.unpark(c, numbers))
    return _outcome(done, numbers, "back in the queue; a running hall sees to it in half a minute")


async def drop(url: URL, numbers: Sequence[int], now: datetime) -> list[str]:
    """Give entries up, words and all; all, if none is named."""
    done = await beside.change(url, lambda c: inbox.drop_parked(c, numbers, now))
    return _outcome(done, numbers, "dropped, and what was said is erased")


def _line(one: Parked) -> str:
    said, given_up = _moment(one.said_at), _moment(one.parked_at)
    return (
        f"{one.id}  {one.kind} {one.key} in {one.lane}, {said}; given up {given_up} after "
        f"{one.attempts} attempts: {one.failure or 'the reason was not kept'}"
    )


def _moment(moment: datetime | None) -> str:
    return (
        "at an unknown time" if moment is None else f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    )


def _outcome(done: Sequence[int], numbers: Sequence[int], what: str) -> list[str]:
    lines = [f"{number}: {what}." for number in done]
    lines += [f"{number}: not parked." for number in numbers if number not in done]
    return lines or ["Nothing is parked."]

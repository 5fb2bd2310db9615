"""`moothall erase`: an operator has somebody erased, and sees in numbers what went."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from sqlalchemy import Connection
from sqlalchemy.engine import URL

from storage import beside, erasures, people, personal, timers
from storage.erasures import DONE, Erasure
from storage.records import Person, UserId

EVERY = 1.0  # seconds between two looks


async def erase(
    url: URL, address: str, *, me: str, sure: bool, keep_practices: bool, wait: int
) -> list[str]:
    """What to tell the operator. me: the hall's own address, of which nothing can be erased."""
    user_id = UserId(address if address.startswith("@") else f"@{address}")
    if user_id == me:
        return [f"{user_id} is the hall itself. Its words go with those that they repeat."]
    who = await beside.look(url, lambda c: people.get(c, user_id))
    if who is None and ":" not in user_id:
        return [f"Whom do you mean by {address}? It takes their whole address, @name:server."]
    if who is None:
        return [f"Nothing is stored about {user_id}: the hall has never met anybody of that name."]
    if not sure:
        counts = await beside.look(url, lambda c: _would_go(c, who))
        return [
            f"Of {user_id} this would go: {_told(counts)}.",
            "Repeat it with --yes to erase it for good.",
        ]
    asked = await beside.change(url, lambda c: _ask(c, who, keep_practices))
    for _ in range(max(1, int(wait / EVERY))):
        found = await beside.look(url, lambda c: erasures.get(c, asked.id))
        if found is not None and found.state == DONE:
            return [f"Erased: {_told(found.report)}. Receipt {found.id}, mark {found.mark}."]
        await asyncio.sleep(EVERY)
    return [f"It is asked for (receipt {asked.id}), and done as soon as the hall runs."]


def _would_go(connection: Connection, who: Person) -> dict[str, int]:
    messages = people.archived_messages(connection, who.id)
    return {"messages": messages, **personal.tally(connection, who.id, who.user_id)}


def _ask(connection: Connection, who: Person, keep_practices: bool) -> Erasure:
    now = datetime.now(UTC)
    under_way = erasures.find(connection, *erasures.UNDER_WAY)
    for one in under_way:
        if one.person_id == who.id:
            return one
    asked = erasures.request(
        connection, who, now, now, by_operator=True, keep_practices=keep_practices
    )
    timers.schedule(connection, [erasures.alarm(asked, now)])
    return asked


def _told(counts: Mapping[str, int]) -> str:
    listed = [f"{name} {number}" for name, number in sorted(counts.items()) if number]
    return ", ".join(listed) or "nothing but an address and settings"

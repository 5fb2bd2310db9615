"""Check values by which those whose words were erased are known again, and by which nobody is."""

import hmac
import json
from collections.abc import Mapping

from sqlalchemy import Connection, select

from storage import meta, silences
from storage.records import UserId
from storage.tables.archive import erasure, silence


def mark_of(connection: Connection, user_id: UserId) -> str:
    """A keyed hash of an address: without this hall's id nobody can try addresses out."""
    key = meta.hall_id(connection).bytes
    return hmac.new(key, user_id.encode(), "sha256").hexdigest()[:40]


def recognise(connection: Connection, newcomers: Mapping[UserId, int]) -> None:
    """Whoever was erased and comes back is silent until they say otherwise; so is who was silent
    when the hall was restored from a backup that does not know them."""
    erased = set(connection.scalars(select(erasure.c.mark)))
    silent = strangers(connection)
    if not erased and not silent:
        return
    for user_id, number in newcomers.items():
        mark = mark_of(connection, user_id)
        if mark in erased:
            for span in _over(connection, mark):
                silences.add(connection, number, *span)
            silences.begin(connection, number, 0)
        if mark in silent:
            for one in sorted(silent[mark], key=silences.by_age):
                silences.add(connection, number, *one)
            meta.forget(connection, meta.SILENT + mark)


def _over(connection: Connection, mark: str) -> list[tuple[int, int]]:
    """When somebody who was erased and has left was silent before."""
    numbers = select(erasure.c.person_id).where(erasure.c.mark == mark)
    over = select(silence.c.since, silence.c.until).where(
        silence.c.person_id.in_(numbers), silence.c.until.is_not(None)
    )
    rows = connection.execute(over.order_by(silence.c.since))
    return [(row.since, row.until) for row in rows]


Spans = list[tuple[int, int | None]]


def strangers(connection: Connection) -> dict[str, Spans]:
    """Times of silence (ms) of those who are not known here, by their check value."""
    kept = meta.beginning_with(connection, meta.SILENT)
    return {
        key.removeprefix(meta.SILENT): [(since, until) for since, until in json.loads(spans)]
        for key, spans in sorted(kept.items())
    }


def expect(connection: Connection, mark: str, since: int, until: int | None) -> None:
    """Somebody who is not known here was silent then."""
    spans = strangers(connection).get(mark, [])
    if (since, until) not in spans:
        meta.put(connection, meta.SILENT + mark, json.dumps([*spans, (since, until)]))

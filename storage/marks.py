"""Check values by which those whose words were erased are known again, and by which nobody is."""

import hmac
import json
from collections.abc import Mapping

from sqlalchemy import Connection, select

from storage import meta, silences
from storage.records import UserId
from storage.tables.archive import erasure


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
        if mark in silent:
            for since, until in silent[mark]:
                silences.add(connection, number, since, until)
            meta.forget(connection, meta.SILENT + mark)
        if mark in erased:
            silences.begin(connection, number, 0)


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

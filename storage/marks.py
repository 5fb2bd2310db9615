"""Check values by which those whose words were erased are known again, and by which nobody is."""

import hmac
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
    """Whoever was erased and comes back is silent until they say otherwise."""
    erased = set(connection.scalars(select(erasure.c.mark)))
    if not erased:
        return
    for user_id, number in newcomers.items():
        if mark_of(connection, user_id) in erased:
            silences.begin(connection, number, 0)

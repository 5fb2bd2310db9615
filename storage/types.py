"""Column types that mean the same on SQLite and PostgreSQL."""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Dialect, Integer, Text
from sqlalchemy.types import TypeDecorator

# SQLite gives 64-bit integers under INTEGER, and only that name makes a rowid alias.
Long = BigInteger().with_variant(Integer(), "sqlite")


class Instant(TypeDecorator[datetime]):
    """An aware UTC moment, stored as milliseconds since 1970."""

    impl = Long
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else milliseconds(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        return None if value is None else instant(value)


class Json(TypeDecorator[Any]):
    """A JSON value as ASCII text: NUL and lone surrogates stay escaped, so both engines take it."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        return None if value is None else json.dumps(value, separators=(",", ":"))

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any | None:
        return None if value is None else json.loads(value)


def milliseconds(moment: datetime) -> int:
    """Milliseconds since 1970 of an aware moment."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return round(moment.timestamp() * 1000)


def instant(since_1970_ms: int) -> datetime:
    """The aware UTC moment of milliseconds since 1970, held within the years a datetime knows."""
    return datetime.fromtimestamp(min(max(since_1970_ms, 0), 253_402_300_799_000) / 1000, UTC)


def event_hash(event_id: str) -> int:
    """A signed 64-bit BLAKE2b of an event id: a quarter of the index that the text would need."""
    return int.from_bytes(hashlib.blake2b(event_id.encode(), digest_size=8).digest(), signed=True)

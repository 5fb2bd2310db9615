"""Digests: what was drafted for a week, and what became of it; and who wants one of their own."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select, update

from storage.database import insert_once, upsert
from storage.people import person_of
from storage.records import Person, UserId
from storage.tables.people import person
from storage.tables.week import digest, digest_reader

COMMUNITY = ""  # the scope of the digest about all clusters


class DigestState(StrEnum):
    DRAFT = "draft"
    SENT = "sent"
    SKIPPED = "skipped"
    REPLACED = "replaced"  # nobody sent it before the next was drafted


@dataclass(frozen=True, slots=True)
class KeptDigest:
    """A digest as it is stored; its lines as JSON, which `commands.digests.rules` reads."""

    id: int
    scope: str
    period: str
    state: DigestState
    since: datetime
    until: datetime
    due: datetime
    settled_at: datetime | None = None
    settled_by: UserId | None = None
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def draft_key(self) -> str:
        """The post in the coordinators' room."""
        return f"digest/{self.id}/draft"

    @property
    def sent_key(self) -> str:
        """The post that members read."""
        return f"digest/{self.id}/sent"


def _kept(row: Row[Any]) -> KeptDigest:
    values = dict(row._mapping)
    content = values["content"] or {}
    return KeptDigest(**{**values, "state": DigestState(values["state"]), "content": content})


def draft(
    connection: Connection,
    scope: str,
    period: str,
    *,
    since: datetime,
    until: datetime,
    due: datetime,
    content: Mapping[str, Any],
) -> KeptDigest | None:
    """A new draft; None if that week has had one: never twice."""
    made = connection.execute(
        insert_once(connection, digest),
        {
            "scope": scope, "period": period, "state": DigestState.DRAFT, "since": since,
            "until": until, "due": due, "content": dict(content),
        },
    )  # fmt: skip
    if not made.rowcount:
        return None
    row = connection.execute(
        select(digest).where(digest.c.scope == scope, digest.c.period == period)
    ).one()
    return _kept(row)


def get(connection: Connection, number: int) -> KeptDigest | None:
    """The digest of that number."""
    row = connection.execute(select(digest).where(digest.c.id == number)).first()
    return None if row is None else _kept(row)


def of_week(connection: Connection, scope: str, period: str) -> KeptDigest | None:
    """The digest of a week, whatever became of it."""
    query = select(digest).where(digest.c.scope == scope, digest.c.period == period)
    row = connection.execute(query).first()
    return None if row is None else _kept(row)


def newest(
    connection: Connection, scope: str, state: DigestState | None = None
) -> KeptDigest | None:
    """The last digest of a scope; the last in that state."""
    query = select(digest).where(digest.c.scope == scope).order_by(digest.c.id.desc()).limit(1)
    if state is not None:
        query = query.where(digest.c.state == state)
    row = connection.execute(query).first()
    return None if row is None else _kept(row)


def told_until(connection: Connection, scope: str) -> datetime | None:
    """Until when a scope was told of; before the first was sent, where the first draft began."""
    sent = newest(connection, scope, DigestState.SENT)
    if sent is not None:
        return sent.until
    since: datetime | None = connection.scalar(
        select(func.min(digest.c.since)).where(digest.c.scope == scope)
    )
    return since


def change(connection: Connection, number: int, **values: Any) -> KeptDigest:
    """Write columns of a digest, and read it again."""
    connection.execute(update(digest).where(digest.c.id == number).values(**values))
    changed = get(connection, number)
    assert changed is not None
    return changed


def settle(
    connection: Connection, number: int, state: DigestState, now: datetime, by: UserId | None
) -> KeptDigest | None:
    """A draft is sent, skipped or replaced; None if it was no draft any more: never twice."""
    settled = connection.execute(
        update(digest)
        .where(digest.c.id == number, digest.c.state == DigestState.DRAFT)
        .values(state=state, settled_at=now, settled_by=by)
    )
    return get(connection, number) if settled.rowcount else None


def with_lines(connection: Connection) -> list[KeptDigest]:
    """Digests whose lines are kept yet, oldest first."""
    query = select(digest).where(digest.c.content.is_not(None)).order_by(digest.c.id)
    return [_kept(row) for row in connection.execute(query)]


def forget_lines(connection: Connection, before: datetime) -> list[int]:
    """The lines of old digests go; returns the digests that lost them."""
    old = list(
        connection.scalars(
            select(digest.c.id).where(digest.c.until < before, digest.c.content.is_not(None))
        )
    )
    connection.execute(update(digest).where(digest.c.id.in_(old)).values(content=None))
    return old


# ── of one's own ──────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class Reader:
    """Somebody who wants a digest of their own."""

    person: Person
    at: str  # "08:00", on their clock
    since: datetime | None  # when the last one was told


def subscribe(connection: Connection, number: int, at: str) -> None:
    """From now on, at that hour."""
    connection.execute(
        upsert(connection, digest_reader, ["person_id"], ["at"]), {"person_id": number, "at": at}
    )


def unsubscribe(connection: Connection, number: int) -> None:
    """No more."""
    connection.execute(delete(digest_reader).where(digest_reader.c.person_id == number))


def reader(connection: Connection, number: int) -> Reader | None:
    """A reader, by our number for the person."""
    row = connection.execute(
        select(person, digest_reader.c.at, digest_reader.c.since)
        .join(digest_reader, digest_reader.c.person_id == person.c.id)
        .where(person.c.id == number)
    ).first()
    return None if row is None else Reader(person_of(row), row.at, row.since)


def note_told(connection: Connection, number: int, now: datetime) -> None:
    """A reader's digest was told, or there was nothing to tell."""
    connection.execute(
        update(digest_reader).where(digest_reader.c.person_id == number).values(since=now)
    )

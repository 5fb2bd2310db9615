"""Files that members sent: which are wanted, which are kept, and which nobody names any more.

The bytes lie in the data folder, each once, under the check value of what they hold. An attachment
is a reference to them; what is still to be fetched stands beside it, with what opens it, until it
was fetched or given up.
"""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, func, select, update

from storage.database import in_parts, insert_once
from storage.facts import Fact, Kind, holds_file
from storage.records import ArchiveRules, FilesHeld, KeptFile
from storage.sealed import keys_of
from storage.tables.archive import attachment, event, message, wanted_file

# Why a file is not kept, as it stands with its name.
TYPE, SIZE, FULL, REFUSED, UNREACHABLE, DAMAGED, LOST = (
    "type", "size", "full", "refused", "unreachable", "damaged", "lost",
)  # fmt: skip
OFF = "off"  # no files are kept at all; that stands with none
LEFT_OUT = (TYPE, SIZE)  # by what is configured
MEBIBYTE = 1 << 20
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file that is to be fetched."""

    event_h: int
    mxc: str
    keys: dict[str, str] | None  # of an encrypted one
    tries: int  # that have failed
    told_bytes: int = 0  # by its sender; 0: nothing was said


def is_check_value(text: object) -> bool:
    """Whether it can be the name of a kept file, and nothing else."""
    return isinstance(text, str) and _SHA256.fullmatch(text) is not None


def want(connection: Connection, facts: Iterable[Fact], rules: ArchiveRules, now: datetime) -> bool:
    """Note which files of just archived events are to be fetched; whether there are any."""
    if not rules.media:
        return False
    sent = {
        fact.hash: fact.event.content
        for fact in facts
        if fact.kind is Kind.MESSAGE and holds_file(fact.event)
    }
    some = False
    for part in in_parts(list(sent)):
        # What was taken back, or is not to be kept, has none.
        for row in connection.execute(select(attachment).where(attachment.c.event_h.in_(part))):
            content = sent[row.event_h]
            sealed, keys = isinstance(content.get("file"), dict), keys_of(content)
            if why := _refusal(row, rules) or (DAMAGED if sealed and keys is None else None):
                _say_missing(connection, row.event_h, why)
                continue
            connection.execute(
                insert_once(connection, wanted_file),
                {
                    "event_h": row.event_h, "room_id": row.room_id, "keys": keys,
                    "tries": 0, "next_try": now,
                },
            )  # fmt: skip
            some = True
    return some


def _refusal(row: Any, rules: ArchiveRules) -> str | None:
    # By the sender's word: it only saves the way. What comes is measured as it comes.
    why = unwanted(row.mime or "", row.size_bytes or 0, rules)
    return DAMAGED if why != TYPE and row.mxc is None else why


def unwanted(mime: str, size_bytes: int, rules: ArchiveRules) -> str | None:
    """Why a file of that type and size is not kept here; None: it is."""
    if not rules.media:
        return OFF
    kind = mime.partition(";")[0].strip().casefold()
    major = kind.partition("/")[0]
    if kind not in rules.media_types and f"{major}/*" not in rules.media_types:
        return TYPE
    return SIZE if size_bytes > rules.media_max_mb * MEBIBYTE else None


def next_wanted(connection: Connection) -> tuple[Wanted, datetime] | None:
    """The file that is to be fetched first, and when."""
    row = connection.execute(
        select(wanted_file, attachment.c.mxc, attachment.c.size_bytes)
        .join(attachment, attachment.c.event_h == wanted_file.c.event_h)
        .order_by(wanted_file.c.next_try, wanted_file.c.event_h)
        .limit(1)
    ).first()
    if row is None:
        return None
    wanted = Wanted(row.event_h, row.mxc or "", row.keys, row.tries, row.size_bytes or 0)
    return wanted, row.next_try


def is_wanted(connection: Connection, event_h: int) -> bool:
    """Whether it is still to be fetched: its message may have been deleted meanwhile."""
    mine = select(wanted_file.c.event_h).where(wanted_file.c.event_h == event_h)
    return connection.execute(mine).first() is not None


def keep(connection: Connection, event_h: int, sha256: str, size_bytes: int) -> bool:
    """The bytes are there; False if its message was taken back while they came."""
    wanted = connection.execute(delete(wanted_file).where(wanted_file.c.event_h == event_h))
    if not wanted.rowcount:
        return False
    kept = (
        update(attachment)
        .where(attachment.c.event_h == event_h)
        .values(sha256=sha256, kept_bytes=size_bytes, missing=None)
    )
    return bool(connection.execute(kept).rowcount)


def try_later(connection: Connection, event_h: int, at: datetime) -> None:
    """The homeserver did not give it this time."""
    connection.execute(
        update(wanted_file)
        .where(wanted_file.c.event_h == event_h)
        .values(tries=wanted_file.c.tries + 1, next_try=at)
    )


def give_up(connection: Connection, event_h: int, why: str) -> None:
    """It is not fetched any more, and what would open it goes."""
    connection.execute(delete(wanted_file).where(wanted_file.c.event_h == event_h))
    _say_missing(connection, event_h, why)


def give_all_up(connection: Connection) -> int:
    """No files are kept any more: what would open those on their way goes. Returns how many."""
    return connection.execute(delete(wanted_file)).rowcount


def _say_missing(connection: Connection, event_h: int, why: str) -> None:
    connection.execute(
        update(attachment).where(attachment.c.event_h == event_h).values(missing=why)
    )


def all_kept(connection: Connection) -> set[str]:
    """Check values of all files that something refers to."""
    named = select(attachment.c.sha256).where(attachment.c.sha256.is_not(None)).distinct()
    return {one for one in connection.scalars(named) if is_check_value(one)}


def kept_bytes(connection: Connection) -> int:
    """What all kept files take together: who sends the same one again adds nothing."""
    each = (
        select(func.max(attachment.c.kept_bytes).label("size"))
        .where(attachment.c.sha256.is_not(None))
        .group_by(attachment.c.sha256)
        .subquery()
    )
    return int(connection.scalar(select(func.sum(each.c.size))) or 0)


def without_room(connection: Connection) -> int:
    """How many files are names alone because there was no room for them."""
    full = select(func.count()).select_from(attachment).where(attachment.c.missing == FULL)
    return connection.scalar(full) or 0


def is_kept(connection: Connection, sha256: str) -> bool:
    """Whether something refers to these bytes."""
    mine = select(attachment.c.event_h).where(attachment.c.sha256 == sha256).limit(1)
    return connection.execute(mine).first() is not None


def lose(connection: Connection, gone: Collection[str]) -> None:
    """Their bytes are not there any more."""
    leave_out(connection, dict.fromkeys(gone, LOST))


def leave_out(connection: Connection, why: Mapping[str, str]) -> None:
    """Of these check values no bytes are kept, for these reasons."""
    for reason in sorted(set(why.values())):
        for part in in_parts(sorted(one for one in why if why[one] == reason)):
            connection.execute(
                update(attachment)
                .where(attachment.c.sha256.in_(part))
                .values(sha256=None, kept_bytes=None, missing=None if reason == OFF else reason)
            )


def holdings(connection: Connection, *room_numbers: int) -> FilesHeld:
    """What is kept of the files of a room, or of several together, in numbers."""
    kept, size, left_out, no_room, missing = connection.execute(
        select(
            func.count(attachment.c.sha256),
            func.coalesce(func.sum(attachment.c.kept_bytes), 0),
            func.count().filter(attachment.c.missing.in_(LEFT_OUT)),
            func.count().filter(attachment.c.missing == FULL),
            func.count().filter(
                attachment.c.missing.is_not(None), attachment.c.missing.not_in((*LEFT_OUT, FULL))
            ),
        ).where(attachment.c.room_id.in_(room_numbers))
    ).one()
    mine = select(func.count()).where(wanted_file.c.room_id.in_(room_numbers))
    coming = connection.scalar(mine) or 0
    return FilesHeld(kept, int(size), coming, left_out, missing, no_room)


def sent_by(connection: Connection, number: int) -> tuple[int, int]:
    """How many files of a person (our number) are known by their names, and of how many the bytes
    are kept."""
    known, kept = connection.execute(
        select(func.count(), func.count(attachment.c.sha256))
        .select_from(attachment)
        .join(event, event.c.event_h == attachment.c.event_h)
        .where(event.c.sender_id == number)
    ).one()
    return known, kept


@dataclass(frozen=True, slots=True)
class Reference:
    """A kept file, and when and where it was sent."""

    file: KeptFile
    name: str
    room_id: int  # ours
    ts: int  # ms


def references(
    connection: Connection, *, rooms: Sequence[int] | None = None, sender: int | None = None
) -> list[Reference]:
    """Kept files, newest first: of these rooms (our numbers), of this person, or all."""
    query = (
        select(attachment, message.c.ts)
        .join(event, event.c.event_h == attachment.c.event_h)
        .join(message, message.c.seq == event.c.seq)
        .where(attachment.c.sha256.is_not(None))
        .order_by(message.c.ts.desc(), attachment.c.event_h)
    )
    if rooms is not None:
        query = query.where(attachment.c.room_id.in_(rooms))
    if sender is not None:
        query = query.where(message.c.sender_id == sender)
    return [
        Reference(KeptFile(row.sha256, row.mime or "", row.kept_bytes or 0), row.name,
                  row.room_id, row.ts)
        for row in connection.execute(query)
    ]  # fmt: skip

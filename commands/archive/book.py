"""The archive as a book: rooms, months, threads, in the order things were said."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote
from zoneinfo import ZoneInfo

from commands.words import Words
from storage.records import ArchivedMessage, EventId, KeptFile

FIRST_WORDS = 80  # characters of a thread's name


@dataclass(frozen=True, slots=True)
class Thread:
    """What was said to one message, itself first."""

    number: int  # within its room
    messages: tuple[ArchivedMessage, ...]

    @property
    def began(self) -> datetime:
        return self.messages[0].at

    @property
    def name(self) -> str:
        """Its first words; "" if none are left."""
        said = next((" ".join(one.body.split()) for one in self.messages if one.body), "")
        cut = said[:FIRST_WORDS].rsplit(" ", 1)[0] if len(said) > FIRST_WORDS else said
        return cut + ("…" if cut != said else "")


@dataclass(frozen=True, slots=True)
class RoomBook:
    """One room, with all that was said in it and what it was upgraded from."""

    name: str
    threads: tuple[Thread, ...]
    via: tuple[str, ...] = ()

    def months(self, zone: ZoneInfo) -> dict[str, list[Thread]]:
        """Threads by the month in which they began: "2026-03"."""
        found: dict[str, list[Thread]] = {}
        for thread in self.threads:
            found.setdefault(f"{thread.began.astimezone(zone):%Y-%m}", []).append(thread)
        return found


@dataclass(frozen=True, slots=True)
class Sheet:
    """A practice, as it was put on paper."""

    number: int
    title: str
    html: str  # an article
    markdown: str
    text: str  # for the search


@dataclass(frozen=True, slots=True)
class Book:
    """All of it."""

    title: str
    made: datetime
    zone: ZoneInfo
    rooms: tuple[RoomBook, ...]
    people: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = ()  # role; names and cities
    practices: tuple[Sheet, ...] = ()


def threads_of(messages: Iterable[ArchivedMessage]) -> tuple[Thread, ...]:
    """Threads by when they began; messages in the order they were said, a root first."""
    found: dict[int | EventId, list[ArchivedMessage]] = {}
    for one in sorted(messages, key=lambda m: (m.at, m.event_id)):
        # The root may be a post of ours, or older than the archive: its check value tells.
        found.setdefault(one.thread_h or one.thread_root or one.event_id, []).append(one)
    ordered = [
        sorted(members, key=lambda m: (m.thread_root is not None, m.at, m.event_id))
        for members in found.values()
    ]
    ordered.sort(key=lambda members: (members[0].at, members[0].event_id))
    return tuple(Thread(number, tuple(said)) for number, said in enumerate(ordered, start=1))


# Endings under which nothing runs when it is opened; the rest is for programs that ask what it is.
ENDINGS = {
    "image/jpeg": ".jpg", "image/png": ".png", "image/gif": ".gif", "image/webp": ".webp",
    "application/pdf": ".pdf", "text/plain": ".txt", "text/csv": ".csv", "text/calendar": ".ics",
    "audio/ogg": ".ogg", "audio/mpeg": ".mp3", "video/mp4": ".mp4", "video/webm": ".webm",
    "application/vnd.oasis.opendocument.text": ".odt",
    "application/vnd.oasis.opendocument.spreadsheet": ".ods",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ".docx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ".xlsx",
}  # fmt: skip
FILES = "files"  # the folder of an export where the members' files lie, each once


def file_path(file: KeptFile) -> str:
    """Where a file lies in an export: no name that anybody gave is part of it."""
    kind = file.mime.partition(";")[0].strip().casefold()
    return f"{FILES}/{file.sha256}{ENDINGS.get(kind, '.bin')}"


def why_gone(words: Words, message: ArchivedMessage) -> str:
    """Why a message has no words; "" for one that has."""
    if message.withheld:
        return words.text("Not kept, as its author wished.")
    if message.expired:
        return words.text("Its time was over.")
    return words.text("Deleted.") if message.redacted else ""


def address(message: ArchivedMessage, via: Sequence[str]) -> str:
    """The matrix.to address of a message."""
    place = f"{quote(message.room_id, safe='!:')}/{quote(message.event_id, safe='$')}"
    servers = "&".join(f"via={quote(server)}" for server in via[:3])
    return f"https://matrix.to/#/{place}" + (f"?{servers}" if servers else "")

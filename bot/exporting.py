"""The archive as files: JSON Lines to take in elsewhere, Markdown, and pages to read."""

import io
import os
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from bot import files
from commands.archive import markdown, site
from commands.archive.book import FILES, Book, RoomBook, Sheet, file_path, threads_of
from commands.audience import Audience
from commands.context import Context, Settings
from commands.names import role_names
from commands.permissions import roles_of
from commands.practices import paper
from commands.practices.showing import HIDDEN, cluster_title, view_of
from commands.words import Words, words_in
from storage import archive, media, people, portable, practices, rooms
from storage.media import Reference
from storage.records import NOBODY, PracticeField, Role, Room, RoomKind, UserId

JSONL, PAGES, MARKDOWN = "jsonl", "html", "markdown"
FORMS = (JSONL, PAGES, MARKDOWN)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is to be exported, and for whom."""

    settings: Settings
    me: UserId
    now: datetime
    language: str
    forms: Sequence[str] = FORMS
    rooms: Sequence[int] | None = None  # ours; None: all, and everything beside them
    reader: int | None = None  # only what this person may read; None: an operator reads all
    folder: Path | None = None  # the data folder, where the members' files lie
    most: int | None = None  # bytes of them altogether; None: all
    present: frozenset[str] = frozenset()  # check values of those that are handed out


@dataclass(frozen=True, slots=True)
class Made:
    """An export: what was written for it, and which files go with it."""

    texts: Mapping[str, str]  # by their paths
    files: Mapping[str, str]  # check values, by their paths
    folder: Path | None

    def __len__(self) -> int:
        return len(self.texts) + len(self.files)

    def bytes_of(self, sha256: str) -> bytes | None:
        """None if it was erased since."""
        return None if self.folder is None else files.read(self.folder, sha256)


def compose_all(connection: Connection, wanted: Wanted) -> Made:
    """Every file, with the members' own: the newest of them first, as many as are allowed."""
    chosen, left_out, room = dict[str, str](), list[str](), wanted.most
    for one in _sent(connection, wanted):
        path = file_path(one.file)
        if path in chosen:
            continue
        if wanted.folder is None or not files.path_of(wanted.folder, one.file.sha256).is_file():
            continue
        if room is not None and one.file.size_bytes > room:
            left_out.append(one.name)
            continue
        room = None if room is None else room - one.file.size_bytes
        chosen[path] = one.file.sha256
    texts = compose(connection, replace(wanted, present=frozenset(chosen.values())))
    if left_out:
        words = words_in(wanted.language)
        head = words.text("Left out, as all together would be too large:")
        names = "".join(f"- {' '.join(name.split())}\n" for name in left_out)
        texts[f"{FILES}/left-out.txt"] = f"{head}\n{names}"
    return Made(texts, chosen, wanted.folder)


def _sent(connection: Connection, wanted: Wanted) -> list[Reference]:
    """The members' files that whoever asks may have."""
    asked = _rooms(connection, wanted)
    found = media.references(connection, rooms=[one.id for one in asked])
    if wanted.reader is not None:
        readable = Audience(connection, (wanted.reader,), tuple(asked)).may_read
        found = [one for one in found if readable(one.room_id, one.ts)]
    return found


def compose(connection: Connection, wanted: Wanted) -> dict[str, str]:
    """Every file, by its path."""
    words = words_in(wanted.language)
    made: dict[str, str] = {}
    asked = _rooms(connection, wanted)
    if PAGES in wanted.forms or MARKDOWN in wanted.forms:
        book = _book(connection, wanted, words, asked)
        if PAGES in wanted.forms:
            made |= {f"site/{path}": text for path, text in site.pages(words, book).items()}
        if MARKDOWN in wanted.forms:
            written = markdown.files(words, book)
            made |= {f"markdown/{path}": text for path, text in written.items()}
    if JSONL in wanted.forms:
        only = None if wanted.rooms is None else [room.id for room in asked]
        readable = None
        if wanted.reader is not None:
            readable = Audience(connection, (wanted.reader,), tuple(asked)).may_read
        told = portable.lines(connection, only, readable)
        made["archive.jsonl"] = "".join(f"{line}\n" for line in told)
    return made


def _rooms(connection: Connection, wanted: Wanted) -> list[Room]:
    known = [one for one in rooms.find(connection) if one.kind is not RoomKind.DIRECT]
    if wanted.rooms is not None:
        known = [one for one in known if one.id in wanted.rooms]
    return [one for one in known if rooms.archived_events(connection, one.id)]


def _book(connection: Connection, wanted: Wanted, words: Words, asked: Sequence[Room]) -> Book:
    community = wanted.settings.community
    zone = ZoneInfo(community.time_zone)
    return Book(
        title=community.name,
        made=wanted.now,
        zone=zone,
        rooms=tuple(_room(connection, wanted, chain) for chain in _chains(connection, asked)),
        people=_people(connection, wanted, words, asked),
        practices=tuple(_practices(connection, wanted, words, asked)),
    )


def _chains(connection: Connection, asked: Sequence[Room]) -> list[list[Room]]:
    """Rooms with what they were upgraded from: one forum."""
    left, found = {one.id: one for one in asked}, []
    while left:
        first = left[min(left)]
        chain = [left.pop(one.id) for one in rooms.chain(connection, first) if one.id in left]
        found.append(chain)
    return found


def _room(connection: Connection, wanted: Wanted, chain: Sequence[Room]) -> RoomBook:
    said = [one for room in chain for one in archive.everything(connection, room.id)]
    said = [one for one in said if one.sender != wanted.me]
    if wanted.reader is not None:
        said = Audience(connection, (wanted.reader,), tuple(chain)).readable(said)
    said = [
        one if one.kept and one.kept.sha256 in wanted.present else replace(one, kept=None)
        for one in said
    ]
    newest = chain[-1]
    return RoomBook(newest.name or newest.room_id, threads_of(said), newest.via)


def _people(
    connection: Connection, wanted: Wanted, words: Words, asked: Sequence[Room]
) -> tuple[tuple[str, tuple[tuple[str, str], ...]], ...]:
    """Who is in these rooms, by role; who does not want to be kept is not listed."""
    community = wanted.settings.community
    here = {one.id: one for room in asked for one in people.find(connection, room_number=room.id)}
    listed: dict[Role, list[tuple[str, str]]] = {}
    for one in sorted(here.values(), key=lambda person: person.display_name.casefold()):
        if not one.archive or one.user_id in (wanted.me, NOBODY):
            continue
        city = community.city(one.city) if one.city else None
        for role in roles_of(one, community):
            listed.setdefault(role, []).append((one.display_name, city.name if city else ""))
    return tuple(
        (role_names(words, frozenset({role})), tuple(listed[role]))
        for role in Role
        if role in listed
    )


def _practices(
    connection: Connection, wanted: Wanted, words: Words, asked: Sequence[Room]
) -> list[Sheet]:
    context = Context(connection, wanted.now, wanted.me, wanted.settings, "export")
    clusters = {one.cluster for one in asked}
    found = []
    for one in practices.find(connection):
        if one.state in HIDDEN or (wanted.rooms is not None and one.cluster not in clusters):
            continue
        view = view_of(one, words, context)
        sheet = paper.sheet(words, view, cluster_title(one.cluster, context))
        text = " ".join(line.text for line in sheet.lines)
        title = f"{one.name} · {one.text(PracticeField.TITLE)}"
        html = _lowered(paper.article(sheet))
        found.append(Sheet(one.number, title, html, paper.markdown(sheet), text))
    return found


def _lowered(article: str) -> str:
    """Its headings one level lower: the page has one of its own. What people wrote is escaped."""
    for level in (2, 1):
        article = article.replace(f"<h{level}>", f"<h{level + 1}>")
        article = article.replace(f"</h{level}>", f"</h{level + 1}>")
    return article


# ── onto a disk, into a zip ───────────────────────────────────────────────────────────────────


# What an export writes, and nothing else: a folder may hold other things, too.
_OURS = ("archive.jsonl", "site/*.html", "site/*.css", "site/*.js", "markdown/*.md",
         f"{FILES}/left-out.txt", f"{FILES}/{'[0-9a-f]' * 64}.*")  # fmt: skip


def write(folder: Path, made: Made) -> None:
    """Put files into a folder, readable by its owner alone, in place of an older export.

    Of that nothing stays: it may tell what was erased since.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for older in (path for pattern in _OURS for path in folder.glob(pattern)):
        older.unlink()
    for path, content in _contents(made):
        target = folder / path
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            file.write(content)


def pack(made: Made, now: datetime) -> bytes:
    """The same as a zip."""
    out = io.BytesIO()
    moment = now.astimezone(UTC).timetuple()[:6]
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as folder:
        for path, content in _contents(made):
            member = zipfile.ZipInfo(path, moment)
            member.compress_type = zipfile.ZIP_DEFLATED
            folder.writestr(member, content)
    return out.getvalue()


def _contents(made: Made) -> Iterator[tuple[str, bytes]]:
    """One after another: together the members' files may be more than fits into the memory."""
    for path, text in sorted(made.texts.items()):
        yield path, text.encode("utf-8")
    for path, sha256 in sorted(made.files.items()):
        content = made.bytes_of(sha256)
        if content is not None:
            yield path, content

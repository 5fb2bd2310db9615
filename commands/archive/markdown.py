"""The archive as Markdown: a file a room and month, what people wrote stays what they wrote."""

import re

from commands.archive.book import Book, RoomBook, Thread, address, file_path
from commands.words import Words

SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_BEGINNING = re.compile(r"\A(\d*)([-+=.)])")  # of a list, a rule, or a heading's underline


def files(words: Words, book: Book) -> dict[str, str]:
    """Every file, by its path."""
    made: dict[str, str] = {}
    for place, room in enumerate(book.rooms, start=1):
        for month, threads in room.months(book.zone).items():
            parts = [f"# {plain(room.name)}, {month}", ""]
            for thread in threads:
                parts += _thread(words, book, room, thread)
            made[f"room-{place}-{month}.md"] = "\n".join(parts).rstrip() + "\n"
    for sheet in book.practices:
        made[f"practice-{sheet.number}.md"] = sheet.markdown
    people = [f"# {words.text('People')}", ""]
    for role, names in book.people:
        people += [f"## {plain(role)}", ""]
        people += [f"- {plain(', '.join(part for part in one if part))}" for one in names]
        people.append("")
    made["people.md"] = "\n".join(people).rstrip() + "\n"
    return made


def plain(text: str) -> str:
    """Text that Markdown takes for nothing else, also at the beginning of a line."""
    return _BEGINNING.sub(r"\1\\\2", SIGNS.sub(r"\\\1", " ".join(text.split())))


def _thread(words: Words, book: Book, room: RoomBook, thread: Thread) -> list[str]:
    out = [f"## {plain(thread.name or words.text('(nothing kept)'))}", ""]
    for one in thread.messages:
        when = f"{one.at.astimezone(book.zone):%Y-%m-%d %H:%M}"
        if one.withheld or one.redacted:
            gone = (
                words.text("Not kept, as its author wished.")
                if one.withheld
                else words.text("Deleted.")
            )
            out += [f"*{when}: {gone}*", ""]
            continue
        notes = [words.text("edited")] if one.edited else []
        notes += [f"{key} {count}" for key, count in one.reactions.items()]
        about = f" ({plain(', '.join(notes))})" if notes else ""
        for name in one.files:
            told = plain(words.text("file: {name}", name=name))
            about += f" [{told}](../{file_path(one.kept)})" if one.kept else f" ({told})"
        there = f"[{when}]({address(one, room.via)})"
        out += [f"**{plain(one.sender_name)}** {there}{about}", ""]
        out += ["  \n".join(plain(line) for line in one.body.splitlines()), ""]
    return out

"""The archive as Markdown: a file a room and month, what people wrote stays what they wrote."""

from commands.archive.book import Book, RoomBook, Thread, address, file_path, why_gone
from commands.markdown import plain
from commands.words import Words


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


def _thread(words: Words, book: Book, room: RoomBook, thread: Thread) -> list[str]:
    out = [f"## {plain(thread.name or words.text('(nothing kept)'))}", ""]
    for one in thread.messages:
        when = f"{one.at.astimezone(book.zone):%Y-%m-%d %H:%M}"
        if gone := why_gone(words, one):
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

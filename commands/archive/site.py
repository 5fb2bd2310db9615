"""The archive as pages that need nothing else: they open from a stick, search, and print well."""

import json
import re
from html import escape
from importlib.resources import files as resources

from commands.archive.book import Book, RoomBook, Thread, address, file_path, why_gone
from commands.words import Words
from storage.records import ArchivedMessage

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; form-action 'none'"
)
_ADDRESS = re.compile(r"https?://[^\s<>\"']+")


def pages(words: Words, book: Book) -> dict[str, str]:
    """Every file of the site, by its path."""
    made = {
        "style.css": _asset("site.css"),
        "search.js": _asset("site.js"),
        "index.html": _index(words, book),
        "people.html": _page(words, book, words.text("People"), _people(words, book)),
        "practices.html": _page(words, book, words.text("Practices"), _practices(words, book)),
        "search.html": _page(words, book, words.text("Search"), _search(words), script=True),
        "search-data.js": _search_data(words, book),
    }
    for place, room in enumerate(book.rooms, start=1):
        for month, threads in room.months(book.zone).items():
            title = f"{room.name}, {month}"
            body = "".join(_thread(words, book, room, thread) for thread in threads)
            made[_path(place, month)] = _page(words, book, title, body)
    return made


def _asset(name: str) -> str:
    return resources("commands.archive").joinpath(name).read_text(encoding="utf-8")


def _path(place: int, month: str) -> str:
    return f"room-{place}-{month}.html"


def _page(words: Words, book: Book, title: str, body: str, *, script: bool = False) -> str:
    links = [
        ("index.html", words.text("Contents")),
        ("practices.html", words.text("Practices")),
        ("people.html", words.text("People")),
        ("search.html", words.text("Search")),
    ]
    menu = "".join(f'<li><a href="{path}">{escape(text)}</a></li>' for path, text in links)
    made = words.text("Made on {moment}.", moment=words.moment(book.made.astimezone(book.zone)))
    scripts = '<script src="search-data.js"></script><script src="search.js"></script>'
    return (
        f'<!doctype html>\n<html lang="{escape(words.language)}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="robots" content="noindex, nofollow, noarchive">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{escape(title)} · {escape(book.title)}</title>\n"
        '<link rel="stylesheet" href="style.css">\n</head>\n<body>\n'
        f'<a class="skip" href="#main">{escape(words.text("To the text"))}</a>\n'
        f'<header><p class="name">{escape(book.title)}</p>\n'
        f'<nav aria-label="{escape(words.text("Pages"))}"><ul>{menu}</ul></nav></header>\n'
        f'<main id="main" tabindex="-1">\n<h1>{escape(title)}</h1>\n{body}\n</main>\n'
        f"<footer><p>{escape(made)}</p></footer>\n{scripts if script else ''}</body>\n</html>\n"
    )


def _index(words: Words, book: Book) -> str:
    parts = []
    for place, room in enumerate(book.rooms, start=1):
        parts.append(f"<section><h2>{escape(room.name)}</h2>")
        for month, threads in room.months(book.zone).items():
            items = "".join(
                f'<li><a href="{_path(place, month)}#t{thread.number}">'
                f"{escape(thread.name or words.text('(nothing kept)'))}</a> "
                f'<span class="about">{escape(_about(words, thread))}</span></li>'
                for thread in threads
            )
            link = f'<a href="{_path(place, month)}">{month}</a>'
            parts.append(f"<h3>{link}</h3><ul>{items}</ul>")
        parts.append("</section>")
    body = "".join(parts) or f"<p>{escape(words.text('Nothing is kept.'))}</p>"
    return _page(words, book, words.text("Contents"), body)


def _about(words: Words, thread: Thread) -> str:
    names = dict.fromkeys(one.sender_name for one in thread.messages if not _is_nameless(one))
    count = "".join(
        getattr(part, "text", "")
        for part in words.plural("{number} message", "{number} messages", len(thread.messages))
    )
    return " · ".join([count, *([", ".join(names)] if names else [])])


def _is_nameless(one: ArchivedMessage) -> bool:
    """Whose words are not to be kept, and whose time is over, is not named either."""
    return one.withheld or one.redacted


def _thread(words: Words, book: Book, room: RoomBook, thread: Thread) -> str:
    name = thread.name or words.text("(nothing kept)")
    said = "".join(_message(words, book, room, one) for one in thread.messages)
    head = f'<h2 id="h{thread.number}" dir="auto">{escape(name)}</h2>'
    label = f'id="t{thread.number}" aria-labelledby="h{thread.number}"'
    return f"<article {label}>{head}<ol>{said}</ol></article>\n"


def _message(words: Words, book: Book, room: RoomBook, one: ArchivedMessage) -> str:
    moment = one.at.astimezone(book.zone)
    when = f'<time datetime="{moment.isoformat(timespec="seconds")}">{moment:%Y-%m-%d %H:%M}</time>'
    anchor = f'id="{_anchor(one)}"'
    if gone := why_gone(words, one):
        return f'<li {anchor} class="gone"><p>{when} {escape(gone)}</p></li>'
    language = f' lang="{escape(one.language)}"' if one.language else ""
    notes = [escape(words.text("edited"))] if one.edited else []
    notes += [f"{escape(key)} {count}" for key, count in one.reactions.items()]
    for name in one.files:
        told = escape(words.text("file: {name}", name=name))
        there = one.kept and escape(f"../{file_path(one.kept)}")
        notes.append(f'<a href="{there}" rel="noreferrer">{told}</a>' if there else told)
    notes.append(
        f'<a href="{escape(address(one, room.via))}" rel="noreferrer">'
        f"{escape(words.text('in the room'))}</a>"
    )
    return (
        f'<li {anchor}><p class="who"><strong>{escape(one.sender_name)}</strong> {when}</p>'
        f'<p class="said" dir="auto"{language}>{_text(one.body)}</p>'
        f'<p class="about">{" · ".join(notes)}</p></li>'
    )


def _anchor(one: ArchivedMessage) -> str:
    return "m" + re.sub(r"[^A-Za-z0-9_-]", "_", one.event_id)


def _text(body: str) -> str:
    """What somebody wrote; addresses in it can be followed, and are only then."""
    out, end = [], 0
    for match in _ADDRESS.finditer(body):
        out.append(escape(body[end : match.start()]))
        there = escape(match[0])
        out.append(f'<a href="{there}" rel="noreferrer">{there}</a>')
        end = match.end()
    out.append(escape(body[end:]))
    return "".join(out).replace("\n", "<br>")


def _people(words: Words, book: Book) -> str:
    """By role; nobody is counted or ranked."""
    parts = [
        f"<section><h2>{escape(role)}</h2><ul>"
        + "".join(
            f"<li>{escape(name)}{f', {escape(city)}' if city else ''}</li>" for name, city in names
        )
        + "</ul></section>"
        for role, names in book.people
    ]
    return "".join(parts) or f"<p>{escape(words.text('Nobody is named here.'))}</p>"


def _practices(words: Words, book: Book) -> str:
    parts = [f'<div id="p{sheet.number}">{sheet.html}</div>' for sheet in book.practices]
    return "".join(parts) or f"<p>{escape(words.text('No practice has been shared yet.'))}</p>"


def _search(words: Words) -> str:
    label, button = words.text("Words to look for"), words.text("Search")
    hint = words.text("Messages and practices in which all of the words stand.")
    told = {
        "none": words.text("Nothing found."),
        "one": words.text("1 found."),
        "many": words.text("%d found."),
        "most": words.text("%d found; the newest are shown."),
    }
    data = "".join(f' data-{name}="{escape(text)}"' for name, text in told.items())
    return (
        f'<form role="search" id="search"><label for="q">{escape(label)}</label> '
        f'<input id="q" type="search" autocomplete="off" aria-describedby="hint"> '
        f'<button type="submit">{escape(button)}</button><p id="hint">{escape(hint)}</p></form>'
        f'<p id="count" role="status" aria-live="polite"{data}></p><ol id="found"></ol>'
        f"<noscript><p>{escape(words.text('The search needs JavaScript.'))}</p></noscript>"
    )


def _search_data(words: Words, book: Book) -> str:
    """Where, by whom, when, what: newest first, practices before all."""
    found: list[list[str]] = []
    for place, room in enumerate(book.rooms, start=1):
        for month, threads in room.months(book.zone).items():
            for one in (message for thread in threads for message in thread.messages):
                if one.body and not _is_nameless(one):
                    there = f"{_path(place, month)}#{_anchor(one)}"
                    when = f"{one.at.astimezone(book.zone):%Y-%m-%d %H:%M}"
                    found.append([there, f"{one.sender_name}, {room.name}", when, one.body])
    found.sort(key=lambda row: row[2], reverse=True)
    sheets = [[f"practices.html#p{one.number}", one.title, "", one.text] for one in book.practices]
    # Within a script nothing may look like the end of one.
    rows = json.dumps([*sheets, *found], ensure_ascii=False, separators=(",", ":"))
    safe = rows.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return f"window.ARCHIVE={safe};\n"

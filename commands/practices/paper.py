"""Practices on paper: Markdown, an HTML page that prints well, and a list as CSV."""

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from commands.markdown import plain
from commands.practices.card import DEGREES, QUESTIONS, VERDICTS, View
from commands.practices.fields import CHOICES, FIVE, LABELS, OPTIONAL
from commands.practices.replies import STATES, TRANSFER_STATES
from commands.reply import MessageLink
from commands.words import Words
from storage.records import EventId, PracticeField, PracticeState, RoomId, TransferState

F = PracticeField
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets would carry out


@dataclass(frozen=True, slots=True)
class Line:
    """One line on paper, and the message that says it."""

    label: str
    text: str
    source: str = ""  # address


@dataclass(frozen=True, slots=True)
class Sheet:
    """A practice on paper."""

    title: str
    about: str
    lines: tuple[Line, ...]
    reviews: tuple[Line, ...]
    transfers: tuple[Line, ...]
    heads: tuple[str, str]  # above reviews and transfers
    source: str  # what links to a message are called
    language: str


def address(link: MessageLink) -> str:
    """The matrix.to address of a message."""
    via = "&".join(f"via={quote(server)}" for server in link.via[:3])
    path = f"{quote(link.room_id, safe='!:')}/{quote(link.event_id, safe='$')}"
    return f"https://matrix.to/#/{path}" + (f"?{via}" if via else "")


def _said_in(view: View, room_id: RoomId | None, event_id: EventId | None) -> str:
    if room_id is None or event_id is None:
        return address(view.source) if view.source else ""
    via = view.source.via if view.source and view.source.room_id == room_id else ()
    return address(MessageLink(room_id, event_id, "", via))


def sheet(words: Words, view: View, cluster: str) -> Sheet:
    """All that the card tells, line by line with its source."""
    practice = view.practice
    lines = []
    for field in (*FIVE[1:], *OPTIONAL):
        answered = practice.fields.get(field)
        if answered is None:
            continue
        text = answered.text
        if field in CHOICES:
            text = words.text(CHOICES[field].get(text, text))
        elif field is F.CHARTER:
            texts = view.commitments or {}
            text = "; ".join(f"{tag} {texts.get(tag, '')}".strip() for tag in text.split(", "))
        source = _said_in(view, answered.room_id, answered.event_id)
        lines.append(Line(words.text(LABELS[field]), text, source))
    if practice.reason and practice.state is PracticeState.RETIRED:
        source = _said_in(view, practice.source_room, practice.reason_event)
        lines.append(Line(words.text(STATES[practice.state]), practice.reason, source))
    room = view.source.room_id if view.source else None
    about = [
        view.city, cluster, practice.author.display_name, words.text(STATES[practice.state]),
        view.day.isoformat(), words.language_name(practice.language) if practice.language else "",
    ]  # fmt: skip
    return Sheet(
        title=" · ".join(part for part in (practice.name, practice.text(F.TITLE)) if part),
        about=" · ".join(part for part in about if part),
        lines=tuple(lines),
        reviews=tuple(
            Line(
                words.text(QUESTIONS[one.question]),
                " – ".join(
                    part
                    for part in (
                        f"{one.reviewer.display_name}: {words.text(VERDICTS[one.verdict])}",
                        one.text,
                    )
                    if part
                ),
                _said_in(view, room, one.event_id),
            )
            for one, _city in view.answers
        ),
        transfers=tuple(
            Line(
                f"{taken.transfer.name} · {taken.city}",
                " – ".join(
                    part
                    for part in (
                        words.text(TRANSFER_STATES[taken.transfer.state]),
                        words.text(DEGREES[taken.transfer.degree])
                        if taken.transfer.degree
                        and taken.transfer.state is not TransferState.STOPPED
                        else "",
                        taken.told,
                    )
                    if part
                ),
                address(taken.card) if taken.card else "",
            )
            for taken in view.taken
        ),
        heads=(words.text("What reviewers say:"), words.text("Where it went:")),
        source=words.text("source"),
        language=practice.language or words.language,
    )


# ── Markdown ──────────────────────────────────────────────────────────────────────────────────


def markdown(paper: Sheet) -> str:
    """The sheet as Markdown; what people wrote stays what they wrote."""
    out = [f"# {plain(paper.title)}", "", plain(paper.about), ""]
    for line in paper.lines:
        out += [f"**{plain(line.label)}** {_link(paper, line)}".rstrip(), "", _body(line.text), ""]
    for head, lines in zip(paper.heads, (paper.reviews, paper.transfers), strict=True):
        if lines:
            out += [f"## {plain(head.rstrip(':'))}", ""]
            out += [
                f"- **{plain(line.label)}** {plain(line.text)} {_link(paper, line)}".rstrip()
                for line in lines
            ]
            out.append("")
    return "\n".join(out)


def _link(paper: Sheet, line: Line) -> str:
    return f"([{paper.source}]({line.source}))" if line.source else ""


def _body(text: str) -> str:
    return "  \n".join(plain(line) for line in text.splitlines())


# ── HTML ──────────────────────────────────────────────────────────────────────────────────────

_STYLE = """
@page { size: A4; margin: 20mm }
body { font: 11pt/1.45 Georgia, serif; max-width: 42em; margin: 2em auto; padding: 0 1em }
h1 { font-size: 1.6em; line-height: 1.2; margin: 0 } h2 { font-size: 1.1em; margin: 1.6em 0 .4em }
.about { color: #555; margin: .4em 0 1.4em }
section, li { break-inside: avoid } section { margin: 0 0 1em }
section h2 { font-size: 1em; margin: 0 } p { margin: .1em 0; white-space: pre-line }
a { color: #555; font: 8pt sans-serif; overflow-wrap: anywhere }
"""


def page(papers: Sequence[Sheet]) -> str:
    """The sheets as one page that stands alone and prints well, each on paper of its own."""
    language = papers[0].language if len(papers) == 1 else "en"
    title = escape(papers[0].title) if papers else ""
    body = '\n<hr style="break-after: page; border: 0">\n'.join(map(article, papers))
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(language)}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{title}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n"
        "</html>\n"
    )


def article(paper: Sheet) -> str:
    """The sheet as a part of a page."""
    out = [
        f'<article lang="{escape(paper.language)}">',
        f"<h1>{escape(paper.title)}</h1>",
        f'<p class="about">{escape(paper.about)}</p>',
    ]
    for line in paper.lines:
        out.append(
            f"<section><h2>{escape(line.label)}</h2><p>{escape(line.text)}</p>"
            f"{_anchor(paper, line)}</section>"
        )
    for head, lines in zip(paper.heads, (paper.reviews, paper.transfers), strict=True):
        if lines:
            out.append(f"<h2>{escape(head.rstrip(':'))}</h2>\n<ul>")
            out += [
                f"<li><strong>{escape(line.label)}</strong> {escape(line.text)} "
                f"{_anchor(paper, line)}</li>"
                for line in lines
            ]
            out.append("</ul>")
    return "\n".join([*out, "</article>"])


def _anchor(paper: Sheet, line: Line) -> str:
    if not line.source:
        return ""
    return f'<a href="{escape(line.source)}">{escape(paper.source)}</a>'


# ── CSV ───────────────────────────────────────────────────────────────────────────────────────


def table(rows: Sequence[tuple[View, str]]) -> bytes:
    """The list as CSV, in UTF-8 with its mark; rows: a view and the title of its cluster."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    columns = [str(field) for field in (*FIVE, *OPTIONAL)]
    writer.writerow(
        ["number", "state", "city", "cluster", "ask", "language", "begun", "shared", "published",
         *columns, "transfers", "reason", "source"]
    )  # fmt: skip
    for view, cluster in rows:
        writer.writerow([_cell(value) for value in _row(view, cluster).values()])
    return ("\ufeff" + out.getvalue()).encode()


def _row(view: View, cluster: str) -> Mapping[str, str]:
    practice = view.practice
    dates = (practice.created_at, practice.shared_at, practice.published_at)
    begun, shared, published = ("" if one is None else one.date().isoformat() for one in dates)
    taken = "; ".join(
        f"{each.transfer.name} {each.city} {each.transfer.state}" for each in view.taken
    )
    return {
        "number": practice.name,
        "state": str(practice.state),
        "city": view.city,
        "cluster": cluster,
        "ask": practice.author.display_name,
        "language": practice.language,
        "begun": begun,
        "shared": shared,
        "published": published,
        **{str(field): practice.text(field) for field in (*FIVE, *OPTIONAL)},
        "transfers": taken,
        "reason": practice.reason,
        "source": address(view.source) if view.source else "",
    }


def _cell(value: str) -> str:
    """A cell that no spreadsheet takes for a formula."""
    return f"'{value}" if value.startswith(FORMULA) else value

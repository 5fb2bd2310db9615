"""All that is stored about one person, as files: a page to read, and JSON for another program."""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from html import escape
from typing import Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

from commands.words import N_, Words

Rows = Mapping[str, Sequence[Mapping[str, Any]]]

# What each part is called, in the order of the page; the rest comes after, under its own name.
PARTS = {
    "person": N_("You"),
    "member": N_("Rooms"),
    "message": N_("Messages"),
    "attachment": N_("Files that you sent"),
    "reaction": N_("Reactions"),
    "revision": N_("Later versions of your messages"),
    "event": N_("All events of yours, with what else is kept of them"),
    "membership_fact": N_("When you came and went"),
    "practice": N_("Practices"),
    "practice_field": N_("What you said about your practices"),
    "practice_review": N_("Your answers as a reviewer"),
    "transfer": N_("Transfers that you look after"),
    "transfer_note": N_("What you wrote about transfers"),
    "visit": N_("Visits that you proposed"),
    "visit_vote": N_("Your votes on dates"),
    "visit_line": N_("What you wrote about visits, or took on there"),
    "recommendation": N_("Recommendations"),
    "promise": N_("Promises"),
    "asked_question": N_("Questions that you asked"),
    "question_answer": N_("Your answers to questions"),
    "question_route": N_("Questions that you sent to another cluster"),
    "digest": N_("Digests that you sent or skipped"),
    "digest_reader": N_("When you get a digest of your own"),
    "silence": N_("When your words are not kept"),
    "erasure": N_("What was erased, and when"),
}
STYLE = """
body{font:1rem/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#111}
table{border-collapse:collapse;width:100%;margin:.5rem 0 2rem}
th,td{border:1px solid #777;padding:.3rem .5rem;text-align:left;vertical-align:top;
overflow-wrap:anywhere}
th{background:#eee}nav li{margin:.2rem 0}
@media print{nav{display:none}}
"""


def pack(
    words: Words,
    rows: Rows,
    *,
    name: str,
    now: datetime,
    zone: ZoneInfo,
    files: Mapping[str, bytes] | None = None,
    left_out: Sequence[str] = (),
) -> bytes:
    """The zip: `about-me.html`, `about-me.json`, and files that the person sent, by their paths.

    left_out: names of those that would make it too large.
    """
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as folder:
        about = _about_files(words, len(files or {}), left_out)
        html = page(words, rows, name=name, now=now, zone=zone, notes=about)
        contents: dict[str, str | bytes] = {
            "about-me.html": html, "about-me.json": as_json(rows, now), **(files or {})
        }  # fmt: skip
        for path, content in contents.items():
            member = zipfile.ZipInfo(path, now.astimezone(UTC).timetuple()[:6])
            member.compress_type = zipfile.ZIP_DEFLATED
            folder.writestr(member, content)
    return file.getvalue()


def _about_files(words: Words, number: int, left_out: Sequence[str]) -> list[str]:
    """What a reader should know of the folder beside the page."""
    told = []
    if number:
        told.append(
            words.text("Files that you sent are in the folder “files”, by their value in sha256.")
        )
    if left_out:
        names = ", ".join(left_out)
        told.append(
            words.text("Left out, as all together would be too large: {names}", names=names)
        )
    return told


def as_json(rows: Rows, now: datetime) -> str:
    """Table by table, column by column, as it is stored; moments as ISO 8601."""
    told = {"made": now.astimezone(UTC).isoformat(timespec="seconds"), "stored": dict(rows)}
    return json.dumps(told, default=_plain, ensure_ascii=False, indent=1)


def _plain(value: object) -> object:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return list(value) if isinstance(value, Iterable) else str(value)


def page(
    words: Words,
    rows: Rows,
    *,
    name: str,
    now: datetime,
    zone: ZoneInfo,
    notes: Sequence[str] = (),
) -> str:
    """One page that needs nothing else."""
    title = words.text("What is stored about {name}", name=name)
    known = [part for part in PARTS if rows.get(part)]
    others = [part for part in rows if part not in PARTS and rows[part]]
    headings = {part: words.text(PARTS[part]) for part in known} | {one: one for one in others}
    contents = "".join(
        f'<li><a href="#{part}">{escape(text)}</a> ({len(rows[part])})</li>'
        for part, text in headings.items()
    )
    sections = "".join(
        f'<h2 id="{part}">{escape(text)}</h2>{_table(rows[part], zone)}'
        for part, text in headings.items()
    )
    made = words.text("Made on {moment}.", moment=words.moment(now.astimezone(zone)))
    return (
        f'<!doctype html><html lang="{escape(words.language)}"><head><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width"><title>{escape(title)}</title>'
        f"<style>{STYLE}</style></head><body><h1>{escape(title)}</h1><p>{escape(made)}</p>"
        f"{''.join(f'<p>{escape(note)}</p>' for note in notes)}"
        f"<nav><ul>{contents}</ul></nav><main>{sections}</main></body></html>"
    )


HIDDEN = frozenset({"id", "seq", "event_h", "target_h", "original_h", "edit_h", "thread_h"})


def _table(rows: Sequence[Mapping[str, Any]], zone: ZoneInfo) -> str:
    """Columns in which anything stands; ids of our own are for the other file."""
    columns = [
        column
        for column in rows[0]
        if column not in HIDDEN and any(row[column] not in (None, "", [], False) for row in rows)
    ]
    head = "".join(f'<th scope="col">{escape(column)}</th>' for column in columns)
    body = "".join(
        "<tr>" + "".join(f"<td>{_cell(column, row, zone)}</td>" for column in columns) + "</tr>"
        for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(column: str, row: Mapping[str, Any], zone: ZoneInfo) -> str:
    value = row[column]
    if value is None:
        return ""
    if column in ("ts", "since", "until", "received") and isinstance(value, int):
        return escape(_moment(value, zone))
    if isinstance(value, datetime):
        return escape(f"{value.astimezone(zone):%Y-%m-%d %H:%M}")
    if column == "event_id" and row.get("room"):
        there = f"https://matrix.to/#/{quote(row['room'], safe='!:')}/{quote(value, safe='$')}"
        return f'<a href="{escape(there)}">{escape(value)}</a>'
    text = value if isinstance(value, str) else json.dumps(value, default=_plain)
    return escape(text).replace("\n", "<br>")


def _moment(since_1970_ms: int, zone: ZoneInfo) -> str:
    moment = datetime.fromtimestamp(min(max(since_1970_ms, 0), 253_402_300_799_000) / 1000, UTC)
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M}" if moment.year < 9999 else moment.isoformat()

"""What must never get out of the hall, whatever was put in."""

import html.parser
import json
import re
from collections.abc import Mapping
from typing import Any

ALLOWED = frozenset(
    {"p", "h4", "ul", "ol", "li", "br", "blockquote", "pre", "code", "strong", "em", "a"}
)
ATTRIBUTES = frozenset({("a", "href"), ("ol", "start")})
SCHEMES = ("https://", "http://", "mailto:")
UNRULY = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
LARGEST = 65_000  # bytes that a homeserver takes, less what it adds


class Tags(html.parser.HTMLParser):
    """Collects what a client would see in the HTML."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.links: list[str] = []
        self.faults: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        if tag != "br":
            self.open.append(tag)
        for name, value in attrs:
            if (tag, name) not in ATTRIBUTES:
                self.faults.append(f"attribute {name} of {tag}")
            if name == "href":
                self.links.append(value or "")

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.faults.append(f"</{tag}> closes nothing")

    def handle_comment(self, data: str) -> None:
        self.faults.append("a comment")

    def handle_decl(self, decl: str) -> None:
        self.faults.append("a declaration")


def faults_of_html(text: str) -> list[str]:
    """What of an HTML text is not our own."""
    tags = Tags()
    tags.feed(text)
    tags.close()
    faults = [*tags.faults, *(f"<{tag}>" for tag in tags.seen - ALLOWED)]
    faults += [f"{tag} stays open" for tag in tags.open]
    return faults + [
        f"link to {link}" for link in tags.links if not link.lower().startswith(SCHEMES)
    ]


def faults_of(content: Mapping[str, Any]) -> list[str]:
    """What is wrong with the content of a message: markup, pings, sizes."""
    faults = []
    if len(json.dumps(content, ensure_ascii=False).encode()) > LARGEST:
        faults.append("too large")
    for part in (content, content.get("m.new_content", content)):
        html, body = part.get("formatted_body", ""), part.get("body", "")
        faults += faults_of_html(html)
        for text in (html, body):
            if "@room" in text.lower():
                faults.append("pings the room")
            if UNRULY.search(text):
                faults.append("unruly characters")
        mentions = part.get("m.mentions")
        if not isinstance(mentions, dict) or set(mentions) - {"user_ids"}:
            faults.append(f"mentions: {mentions}")
    return faults

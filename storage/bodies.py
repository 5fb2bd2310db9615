"""The words of a message as the archive keeps them: cleaned, without what clients put in front."""

import re
from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from typing import Any

# PostgreSQL refuses NUL, UTF-8 refuses lone surrogates: neither was ever meant by anybody.
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")
POLLS = ("org.matrix.msc3381.poll.start", "m.poll.start", "m.poll")  # what a poll asks is in one
LONGEST_BODY = 65_536  # characters; an event is at most 65 kB
_FALLBACKS = ("> <@", "> * <@")  # how the quoted lines begin; the second quotes a `/me`


def clean(text: object) -> str:
    """Any JSON value as storable text; "" if it is no text at all."""
    return _UNSTORABLE.sub("�", text[:LONGEST_BODY]) if isinstance(text, str) else ""


def without_reply_fallback(body: str) -> str:
    """Drop the quoted lines that older clients put before a reply (dropped from spec 1.13)."""
    lines = body.split("\n")
    quoted = 0
    while quoted < len(lines) and lines[quoted].startswith("> "):
        quoted += 1
    if quoted == 0:
        return body
    if quoted < len(lines) and not lines[quoted].strip():
        quoted += 1
    return "\n".join(lines[quoted:])


def body_of(content: Mapping[str, Any], *, reply: bool) -> str:
    """The words of a message. reply: it answers another, so a fallback may stand first."""
    body = (
        clean(content.get("body"))
        or extensible(content)
        or _words_of_html(content.get("formatted_body"))
    )
    return without_reply_fallback(body) if reply and body.startswith(_FALLBACKS) else body


def extensible(content: Mapping[str, Any]) -> str:
    """The text of an event that has it in the new way (MSC1767), under either name."""
    text = content.get("org.matrix.msc1767.text")
    if isinstance(text, str):
        return clean(text)
    listed = content.get("m.text")
    first = listed[0] if isinstance(listed, list) and listed else {}
    return clean(first.get("body")) if isinstance(first, Mapping) else ""


def body_of_poll(content: Mapping[str, Any]) -> str:
    """The text of a poll; put together from what it asks, if it has none."""
    return extensible(content) or "\n".join(filter(None, _lines_of_poll(content)))


def _lines_of_poll(content: Mapping[str, Any]) -> Iterator[str]:
    blocks = (block for name in POLLS if isinstance(block := content.get(name), Mapping))
    asked = next(blocks, {})
    question, answers = asked.get("question"), asked.get("answers")
    if isinstance(question, Mapping):
        yield extensible(question) or clean(question.get("body"))
    for number, answer in enumerate(answers if isinstance(answers, list) else (), start=1):
        text = extensible(answer) if isinstance(answer, Mapping) else ""
        yield f"{number}. {text}" if text else ""


class _Reader(HTMLParser):
    """The text of what somebody wrote in HTML alone, without what it quotes."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag in ("mx-reply", "script", "style"):
            self._silent.append(tag)
        elif tag in ("br", "p", "div", "li", "tr"):
            self.parts.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            self._silent = self._silent[: self._silent.index(tag)]

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)


def _words_of_html(html: object) -> str:
    """A message that has no plain text; "" if there is no HTML either."""
    if not isinstance(html, str) or not html:
        return ""
    reader = _Reader()
    reader.feed(clean(html))
    reader.close()
    return "".join(reader.parts).strip()

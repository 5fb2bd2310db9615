"""A reply becomes the content of a Matrix event: plain text and HTML from one source."""

import json
import re
from base64 import b64encode
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final
from urllib.parse import quote

from commands.posts import Attach
from commands.reply import (
    Block,
    Code,
    CodeBlock,
    Emphasis,
    Heading,
    Inline,
    Items,
    Link,
    Mention,
    MessageLink,
    Paragraph,
    Part,
    Quote,
    Reply,
    RoomLink,
    Strong,
    Text,
)
from storage.records import EventId

POST_KEY: Final = "org.moothall.post"  # by this a post is found again in its room
DATA: Final = "org.moothall.data"  # a file's bytes in base64, until they are uploaded; never sent

# An event may have 65,536 bytes; an edit holds the words twice, encryption adds a third.
_MOST_BYTES: Final = 24_000
_MOST_SERVERS: Final = 3  # in a link's via
_SAFE_URL: Final = re.compile(r"(https?://|mailto:)[^\s\x00-\x1f]+", re.IGNORECASE)
# Control characters, lone surrogates, and what turns the order of what follows around: whoever
# writes from right to left needs none of it, the letters do that, and the two marks that are left.
_UNSAFE: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
# Where a word ends is for each server to say ("@roomé"), so whatever begins like it is meant, too.
_ROOM_PING: Final = re.compile("@(?=room)", re.IGNORECASE)


# ── whole events ──────────────────────────────────────────────────────────────────────────────


def message(
    reply: Reply,
    *,
    notice: bool,
    thread: EventId | None = None,
    reply_to: EventId | None = None,
    post_key: str,
) -> dict[str, Any]:
    """The content of an `m.room.message`; `thread` is the root, `reply_to` what is answered."""
    content: dict[str, Any] = {
        "msgtype": "m.notice" if notice else "m.text",
        **render(reply),
        POST_KEY: post_key,
    }
    if thread is not None:
        content["m.relates_to"] = {
            "rel_type": "m.thread",
            "event_id": thread,
            "is_falling_back": True,  # the reply is for clients that know no threads
            "m.in_reply_to": {"event_id": reply_to or thread},
        }
    elif reply_to is not None:
        content["m.relates_to"] = {"m.in_reply_to": {"event_id": reply_to}}
    return content


def attachment(file: Attach, *, post_key: str) -> dict[str, Any]:
    """The content of an `m.file` whose bytes are still to be uploaded: they wait in `DATA`."""
    caption = {} if file.caption is None else render(file.caption)
    content: dict[str, Any] = {
        "msgtype": "m.file",
        "body": _safe(file.name),
        "m.mentions": {},
        **caption,
        "filename": _safe(file.name),
        "info": {"mimetype": file.mime, "size": len(file.data)},
        DATA: b64encode(file.data).decode(),
        POST_KEY: post_key,
    }
    if file.thread is not None:
        content["m.relates_to"] = {
            "rel_type": "m.thread",
            "event_id": file.thread,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": file.thread},
        }
    return content


def in_thread(content: Mapping[str, Any], root: EventId) -> dict[str, Any]:
    """The content, in the thread under an event."""
    return {
        **content,
        "m.relates_to": {
            "rel_type": "m.thread",
            "event_id": root,
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": root},
        },
    }


def related(content: Mapping[str, Any], type_: str, target: EventId) -> dict[str, Any]:
    """A reaction, or the end of a poll, with what it is about."""
    known = content.get("m.relates_to", {})
    rel_type = "m.annotation" if type_ == "m.reaction" else "m.reference"
    return {**content, "m.relates_to": {**known, "rel_type": rel_type, "event_id": target}}


def edit(content: Mapping[str, Any], original: EventId) -> dict[str, Any]:
    """The content that replaces an earlier message's by `content`.

    Only the new content mentions people: an edit pings nobody again. Its relation stays that of
    the original, which must not be an edit itself.
    """
    outside = ("m.relates_to", POST_KEY)
    replacement: dict[str, Any] = {
        "msgtype": content["msgtype"],
        "body": f"* {content['body']}",
        "m.mentions": {},
        "m.new_content": {key: value for key, value in content.items() if key not in outside},
        "m.relates_to": {"rel_type": "m.replace", "event_id": original},
    }
    if POST_KEY in content:
        replacement[POST_KEY] = content[POST_KEY]
    return replacement


def render(reply: Reply) -> dict[str, Any]:
    """Body, formatted body and mentions; a reply too long for one event is cut at its end."""
    blocks = list(reply.blocks)
    content = _rendered(blocks)
    while _size(content) > _MOST_BYTES:
        blocks = _shorter(blocks)
        content = _rendered([*blocks, Paragraph((Text("…"),))])
    return content


def _rendered(blocks: Sequence[Block]) -> dict[str, Any]:
    parts = [part for block in blocks for part in _parts(block)]
    people = {part.user_id for part in parts if isinstance(part, Mention)}
    return {
        "body": _plain(blocks),
        "format": "org.matrix.custom.html",
        "formatted_body": "".join(_html_block(block) for block in blocks),
        "m.mentions": {"user_ids": sorted(people)} if people else {},
    }


def _size(content: Mapping[str, Any]) -> int:
    return len(json.dumps(content))  # as nio writes it before encryption: é has six bytes


def _shorter(blocks: list[Block]) -> list[Block]:
    """Without the last block, or with less of the only one."""
    if len(blocks) > 1:
        return blocks[:-1]
    match blocks[0]:
        case Items(items, ordered, start) if len(items) > 1:
            return [Items(items[: len(items) // 2], ordered, start)]
        case CodeBlock(text):
            return [CodeBlock(text[: len(text) // 2])]
        case _:
            plain = _plain(blocks)
            return [Paragraph((Text(plain[: len(plain) // 2]),))]


def _parts(block: Block) -> Sequence[Part]:
    match block:
        case Paragraph(parts) | Heading(parts) | Quote(parts):
            return parts
        case Items(items):
            return [part for item in items for line in item for part in line]
        case CodeBlock():
            return ()


# ── plain text ────────────────────────────────────────────────────────────────────────────────


def _plain(blocks: Sequence[Block]) -> str:
    # A heading stands close to what it heads; everything else has an empty line between.
    text = ""
    for block in blocks:
        text += _plain_block(block) + ("\n" if isinstance(block, Heading) else "\n\n")
    return text.strip("\n")


def _plain_block(block: Block) -> str:
    match block:
        case Paragraph(parts) | Heading(parts):
            return _plain_line(parts)
        case Quote(parts):
            return "\n".join(f"> {line}" for line in _plain_line(parts).split("\n"))
        case Items(items, ordered, start):
            return "\n".join(
                _plain_item(item, f"{number}. " if ordered else "• ")
                for number, item in enumerate(items, start)
            )
        case CodeBlock(text):
            return _safe(text)


def _plain_item(lines: tuple[Inline, ...], mark: str) -> str:
    text = "\n".join(_plain_line(line) for line in lines)
    return mark + text.replace("\n", "\n" + " " * len(mark))


def _plain_line(parts: Inline) -> str:
    # Once more over the whole: of "@room" one part may end with the "@".
    return _no_ping("".join(_plain_part(part) for part in parts))


def _plain_part(part: Part) -> str:
    match part:
        case Text(text) | Strong(text) | Emphasis(text) | Code(text):
            return _safe(text)
        case Mention(user_id, name):
            return _safe(name or user_id)
        case Link(url, text) if not _is_safe_url(url):
            return _safe(text)
        case Link(url, text):
            return _url(url) if text in ("", url) else f"{_safe(text)} ({_url(url)})"
        case MessageLink() | RoomLink():
            return f"{_safe(part.text)} ({matrix_link(part)})"


# ── HTML ──────────────────────────────────────────────────────────────────────────────────────


def _html_block(block: Block) -> str:
    match block:
        case Paragraph(parts):
            return f"<p>{_html_line(parts)}</p>"
        case Heading(parts):
            return f"<h4>{_html_line(parts)}</h4>"  # h1 and h2 shout, h5 and h6 whisper
        case Quote(parts):
            return f"<blockquote>{_html_line(parts)}</blockquote>"
        case Items(items, ordered, start):
            rows = "".join(f"<li>{'<br>'.join(map(_html_line, item))}</li>" for item in items)
            if not ordered:
                return f"<ul>{rows}</ul>"
            return f'<ol start="{start}">{rows}</ol>' if start != 1 else f"<ol>{rows}</ol>"
        case CodeBlock(text):
            return f"<pre><code>{escape(_safe(text))}</code></pre>"


def _html_line(parts: Inline) -> str:
    return "".join(_html_part(part) for part in parts)


def _html_part(part: Part) -> str:
    match part:
        case Text(text):
            return _html_text(text)
        case Strong(text):
            return f"<strong>{_html_text(text)}</strong>"
        case Emphasis(text):
            return f"<em>{_html_text(text)}</em>"
        case Code(text):
            return f"<code>{escape(_safe(text))}</code>"
        case Mention(user_id, name):
            return _anchor(f"https://matrix.to/#/{_id(user_id)}", name or user_id)
        case Link(url, text):
            return _anchor(_url(url), text or url) if _is_safe_url(url) else _html_text(text)
        case MessageLink() | RoomLink():
            return _anchor(matrix_link(part), part.text)


def _html_text(text: str) -> str:
    return escape(_safe(text)).replace("\n", "<br>")


def _anchor(url: str, text: str) -> str:
    return f'<a href="{escape(url)}">{_html_text(text)}</a>'


# ── what both share ───────────────────────────────────────────────────────────────────────────


def matrix_link(part: MessageLink | RoomLink) -> str:
    """The matrix.to address; ids of version 12 rooms name no server, so `via` tells where."""
    path = _id(part.room_id)
    if isinstance(part, MessageLink):
        path += f"/{_id(part.event_id)}"
    servers = [f"via={quote(server, safe='')}" for server in part.via[:_MOST_SERVERS]]
    return f"https://matrix.to/#/{path}" + ("?" + "&".join(servers) if servers else "")


def _id(identifier: str) -> str:
    # The sigils and the colon stay: clients look for them before they decode.
    return _url(quote(_UNSAFE.sub("", identifier), safe="!$@:"))


def _is_safe_url(url: str) -> bool:
    return bool(_SAFE_URL.fullmatch(url)) and not _UNSAFE.search(url)


def _url(address: str) -> str:
    return _ROOM_PING.sub("%40", address)


def _safe(text: str) -> str:
    """Text without control characters, in which nothing can ping a whole room."""
    return _no_ping(_UNSAFE.sub("", text))


def _no_ping(text: str) -> str:
    # A word joiner is invisible, and stops the rule that looks for "@room" in a body.
    return _ROOM_PING.sub("@\u2060", text)

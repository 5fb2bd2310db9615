"""What the demo prints: who says what where, threads, reactions and the hall's answers."""

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from typing import Final, TextIO

from rich.console import Console
from rich.text import Text

HALL: Final = "Moothall"
_WIDEST: Final = 100  # longer lines tire
_COLOURS: Final = ("cyan", "yellow", "magenta", "green", "blue", "bright_red", "bright_cyan")
_BAR: Final = "│ "
_PERSON: Final = "https://matrix.to/#/@"


class Transcript:
    """Lines for a tired reader: no colour where none is wanted, never wider than the terminal."""

    def __init__(self, file: TextIO | None = None, *, width: int | None = None) -> None:
        self.console = Console(
            file=file,
            width=width,
            color_system=None if os.environ.get("NO_COLOR") else "auto",
            highlight=False,
            emoji=False,
            markup=False,
        )
        self._coloured = self.console.color_system is not None
        self._width = min(self.console.width, _WIDEST)
        self._close = False  # whether the line above is a heading or a note
        self._people: dict[str, str] = {}  # colours

    # ── the frame ─────────────────────────────────────────────────────────────────────────────

    def title(self, text: str, under: str) -> None:
        self._lay(Text(text, "bold"))
        self._lay(Text(under, "dim"))

    def scene(self, day: str, place: str, *, encrypted: bool = False) -> None:
        """A room, or another place: what follows happens there."""
        lock = " 🔒" if encrypted else ""
        head = Text.assemble(("── ", "dim"), (day, "dim"), ("  ", ""), (place + lock, "bold"), " ")
        head.append("─" * (self._width - head.cell_len), "dim")
        self._empty()
        self.console.print(head)
        self._close = True

    def note(self, text: str) -> None:
        """The narrator: what a reader would not see otherwise."""
        self._part()
        self._lay(Text(f"· {text}", "italic dim"), hang=2)
        self._close = True

    def line(self, text: str = "", style: str = "") -> None:
        self._lay(Text(text, style))

    def row(self, label: str, text: str, style: str = "") -> None:
        """A label and what belongs to it, in two columns."""
        mark = Text.assemble((f"  {label:<12}", "dim"))
        for line in self._laid(Text.assemble((text, style)), self._width, mark):
            self.console.print(line)

    @contextmanager
    def work(self, doing: str, done: str) -> Iterator[None]:
        """Something that takes time: shown while it lasts, then what came of it and when."""
        began = time.monotonic()
        with self.waiting(f"{doing} …"):
            yield
        took = f"{time.monotonic() - began:.1f} s"
        line = Text.assemble(("✔ ", "green"), done)
        line.append(took.rjust(self._width - line.cell_len), "dim")
        self.console.print(line)

    @contextmanager
    def waiting(self, text: str) -> Iterator[None]:
        """The same without a trace."""
        with self.console.status(Text(text, "dim")):
            yield

    def trouble(self, line: str, log: Sequence[str]) -> None:
        """What did not come, and what the hall says about it."""
        self._empty()
        self._lay(Text(f"✘ {line}", "bold red"))
        if log:
            self._lay(Text("The hall's log ends:", "dim"))
            for each in log:
                self._lay(Text(each, "dim"), Text("  "), hang=2)

    # ── people and the hall ───────────────────────────────────────────────────────────────────

    def said(self, name: str, city: str | None, text: str, *, thread: bool = False) -> None:
        """Somebody's message; in a thread it is indented."""
        who = Text.assemble((name, f"bold {self._colour(name)}"))
        if city is not None:
            who.append(f", {city}", "dim")
        if not thread:
            self._part()
        self._lay(Text.assemble(who, ": ", text), self._indent(thread), hang=2)

    def reacted(self, reactions: Sequence[tuple[str, str]], *, thread: bool = False) -> None:
        """Pairs of emoji and who gave it."""
        shown = Text("   ".join(f"{emoji} {who}" for emoji, who in reactions), "dim")
        self._lay(shown, self._indent(thread) + Text("    "))

    def happened(self, text: str, *, thread: bool = False) -> None:
        """An edit, a deletion: what clients show as a remark."""
        self._lay(Text(text, "italic dim"), self._indent(thread) + Text("    "))

    def answered(self, html: str, *, thread: bool = True, most: int | None = None) -> None:
        """The hall's words, from the formatted body; at most so many of its lines."""
        indent = self._indent(thread)
        name = Text.assemble((HALL, "bold reverse" if self._coloured else ""), ": ")
        blocks = blocks_of(html, coloured=self._coloured)
        if blocks and not blocks[0][0]:
            blocks[0] = ("", name + blocks[0][1])
        else:
            blocks.insert(0, ("", name))
        shown = blocks if most is None or len(blocks) <= most + 1 else blocks[:most]
        for block, (mark, text) in enumerate(shown):
            width = self._width - indent.cell_len - 2
            for number, line in enumerate(self._laid(text, width, Text.assemble((mark, "dim")))):
                self.console.print(indent + Text("  " if block or number else "") + line)
        if len(shown) < len(blocks):
            rest = Text(f"… and {len(blocks) - len(shown)} more lines", "italic dim")
            self.console.print(indent + Text("  ") + rest)
        self._close = False

    # ── laying out ────────────────────────────────────────────────────────────────────────────

    def _colour(self, name: str) -> str:
        """A colour for each person, in the order of their first words."""
        return self._people.setdefault(name, _COLOURS[len(self._people) % len(_COLOURS)])

    def _indent(self, thread: bool) -> Text:
        return Text.assemble((f"  {_BAR}" if thread else "  ", "dim"))

    def _part(self) -> None:
        """An empty line before something new, unless its heading is right above."""
        if not self._close:
            self._empty()
        self._close = False

    def _empty(self) -> None:
        self.console.print()

    def _lay(self, text: Text, before: Text | None = None, *, hang: int = 0) -> None:
        """Print a text behind `before`, its further lines so many cells further right."""
        before = before or Text()
        for number, line in enumerate(self._wrapped(text, self._width - before.cell_len - hang)):
            self.console.print(before + Text(" " * (hang if number else 0)) + line)

    def _laid(self, text: Text, width: int, mark: Text) -> list[Text]:
        lines = self._wrapped(text, width - mark.cell_len)
        rest = Text(" " * mark.cell_len)
        return [(rest if number else mark) + line for number, line in enumerate(lines)]

    def _wrapped(self, text: Text, width: int) -> list[Text]:
        lines = list(text.wrap(self.console, width)) or [Text()]
        for line in lines:
            line.rstrip()
        return lines


# ── from HTML to lines ────────────────────────────────────────────────────────────────────────


def blocks_of(html: str, *, coloured: bool) -> list[tuple[str, Text]]:
    """Lines of a formatted body: the mark before each ("• ", "1. " or spaces), and its text.

    Links are shown shortened. Without colours, asterisks stand for bold and backticks for code.
    """
    reader = _Reader(coloured)
    reader.feed(html)
    reader.close()
    return [(mark, text) for mark, text in reader.lines if text.plain.strip()]


class _Reader(HTMLParser):
    _STYLES: Final = {"strong": "bold", "em": "italic", "code": "cyan", "h4": "bold"}
    _SIGNS: Final = {"strong": "*", "code": "`"}

    def __init__(self, coloured: bool) -> None:
        super().__init__()
        self.lines: list[tuple[str, Text]] = []
        self._coloured = coloured
        self._open: list[str] = []
        self._lists: list[int | None] = []  # the next number; None: bullets
        self._address = ""
        self._new_line("")

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        match tag:
            case "p" | "h4" | "blockquote":
                self._new_line("")
            case "ul":
                self._lists.append(None)
            case "ol":
                self._lists.append(int(given.get("start") or 1))
            case "li":
                self._new_line(self._mark())
            case "br":
                self._new_line(" " * len(self.lines[-1][0]))
            case "a":
                self._address = given.get("href") or ""
                if self._address.startswith(_PERSON):  # clients show a name, and no address
                    self._address = ""
                    self.lines[-1][1].append("@")
        self._sign(tag)
        if tag in self._STYLES:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag in self._open:
            self._open.remove(tag)
        self._sign(tag)
        if tag in ("ul", "ol"):
            self._lists.pop()
        if tag == "a" and self._address:
            address, self._address = self._address, ""
            link = f" link {address}" if self._coloured else ""
            self.lines[-1][1].append(f" ({shortened(address)})", f"dim{link}")

    def handle_data(self, data: str) -> None:
        style = " ".join(self._STYLES[tag] for tag in self._open)
        if self._address and self._coloured:
            style += f" underline link {self._address}"
        self.lines[-1][1].append(data, style.strip())

    def _sign(self, tag: str) -> None:
        if not self._coloured:
            self.lines[-1][1].append(self._SIGNS.get(tag, ""))

    def _mark(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            return "• "
        self._lists[-1] = number + 1
        return f"{number}. "

    def _new_line(self, mark: str) -> None:
        self.lines.append((mark, Text()))


def shortened(address: str) -> str:
    """An address that fits on a line: "matrix.to/$f3Ab…"."""
    event = re.search(r"/(\$.{4})", address)
    if event is not None:
        return f"matrix.to/{event[1]}…"
    bare = address.removeprefix("https://")
    return bare if len(bare) <= 30 else bare[:29] + "…"

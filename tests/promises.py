"""Writes docs/promises.md from the tests: `python -m tests.promises > docs/promises.md`."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
SECTIONS = {  # by the folder or file of the test, first match wins
    "tests/crash/": "Nothing is lost, nothing is said twice",
    "tests/journeys/test_visibility.py": "Who may see what",
    "tests/journeys/test_direct.py": "Who may see what",
    "tests/commands/test_visibility.py": "Who may see what",
    "tests/journeys/test_archive.py": "The archive",
    "tests/storage/": "The archive",
    "tests/journeys/test_provisioning.py": "Rooms",
    "tests/journeys/test_doctor.py": "Running it",
    "tests/journeys/test_safe_mode.py": "Running it",
    "tests/journeys/": "Talking to the hall",
    "tests/commands/": "Talking to the hall",
    "tests/bot/": "Running it",
    "tests/": "Running it",
}
HEAD = """# Promises

What Moothall promises to members and operators, and the test that proves each line. `make promises`
runs just these. This page is written from the tests (`make docs`), and a test fails when the two
disagree, so a promise cannot outlive its proof.
"""


@dataclass(frozen=True, slots=True)
class Promise:
    """One line of the page."""

    text: str
    test: str  # path::name

    @property
    def section(self) -> str:
        """The heading that it stands under."""
        return next(title for start, title in SECTIONS.items() if self.test.startswith(start))


def promises() -> list[Promise]:
    """Every promise that a test carries, by file and line."""
    return [
        promise
        for path in sorted((ROOT / "tests").rglob("test_*.py"))
        for promise in _promises_of(path)
    ]


def _promises_of(path: Path) -> Iterator[Promise]:
    name = path.relative_to(ROOT).as_posix()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            for decorator in node.decorator_list:
                if isinstance(decorator, ast.Call) and _is_promise(decorator):
                    text = ast.literal_eval(decorator.args[0])
                    yield Promise(_sentence(text), f"{name}::{node.name}")


def _is_promise(decorator: ast.Call) -> bool:
    return isinstance(decorator.func, ast.Attribute) and decorator.func.attr == "promise"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."


def page() -> str:
    """The whole page."""
    found = promises()
    lines = [HEAD]
    for title in dict.fromkeys(SECTIONS.values()):
        rows = [promise for promise in found if promise.section == title]
        if rows:
            lines.append(f"## {title}\n")
            for row in rows:
                path, _, test = row.test.partition("::")
                lines.append(f"- {row.text} [`{test}`](../{path})")
            lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(page())

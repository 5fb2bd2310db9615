"""Keeps the links of docs/tour.md on their lines: `python -m tests.tour` writes them anew.

A link names what it leads to: [`Intake.run`](../bot/intake.py#L69) must stand on the line of that
definition.
"""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TOUR = ROOT / "docs" / "tour.md"
LINK = re.compile(r"\[`(?P<name>[\w.]+)`\]\(\.\./(?P<path>[\w/]+\.py)#L(?P<line>\d+)\)")


def line_of(path: Path, name: str) -> int | None:
    """The line on which a function, class, method or constant is defined."""
    body: list[ast.stmt] = ast.parse(path.read_text(encoding="utf-8")).body
    found: ast.stmt | None = None
    for part in name.split("."):
        found = next((node for node in body if part in _names(node)), None)
        if found is None:
            return None
        body = found.body if isinstance(found, ast.ClassDef) else []
    return None if found is None else found.lineno


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return [node.name]
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def renumbered(text: str) -> str:
    """The page with every link on its line; a name that is gone stays as it was."""

    def number(match: re.Match[str]) -> str:
        line = line_of(ROOT / match["path"], match["name"]) or match["line"]
        return f"[`{match['name']}`](../{match['path']}#L{line})"

    return LINK.sub(number, text)


if __name__ == "__main__":
    TOUR.write_text(renumbered(TOUR.read_text(encoding="utf-8")), encoding="utf-8")

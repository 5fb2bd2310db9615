"""Words of people within Markdown, where they stay what was written."""

import re

_SIGNS = re.compile(r"([\\`*_{}\[\]<>#|~&])")
_BEGINNING = re.compile(r"\A(\d*)([-+=.)])")  # of a list, a rule, or a heading's underline


def plain(text: str) -> str:
    """Text in one line that Markdown takes for nothing else, also at the beginning of a line."""
    return _BEGINNING.sub(r"\1\\\2", _SIGNS.sub(r"\\\1", " ".join(text.split())))

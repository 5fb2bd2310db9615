"""What opens an encrypted file: read from its event once, and never kept with it."""

from collections.abc import Mapping
from typing import Any

KEYS = ("k", "iv", "sha256")
_LONGEST = 128  # characters of one of them; a real one has 43
_DEEPEST = 40  # within an event; nobody nests that deep by mistake


def keys_of(content: Mapping[str, Any]) -> dict[str, str] | None:
    """Key, start and check value of a message's encrypted file; None where one is missing."""
    file = _mapping(content.get("file"))
    told = {
        "k": _mapping(file.get("key")).get("k"),
        "iv": file.get("iv"),
        "sha256": _mapping(file.get("hashes")).get("sha256"),
    }
    found = {name: one for name, one in told.items() if isinstance(one, str)}
    return found if len(found) == len(KEYS) and max(map(len, found.values())) <= _LONGEST else None


def without_keys(content: Any, depth: int = 0) -> Any:
    """An event's content without what opens its files, wherever in it that stands.

    Thumbnails have keys of their own, and some clients repeat the file's in other forms.
    """
    if isinstance(content, Mapping):
        if depth > _DEEPEST:
            return {}
        opens = _opens(content)
        return {
            name: without_keys(one, depth + 1)
            for name, one in content.items()
            if not (opens and name in ("key", "iv", "hashes", "v"))
        }
    if isinstance(content, list):
        return [] if depth > _DEEPEST else [without_keys(one, depth + 1) for one in content]
    return content


def _opens(part: Mapping[str, Any]) -> bool:
    return isinstance(part.get("key"), Mapping) or ("iv" in part and "hashes" in part)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}

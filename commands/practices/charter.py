"""The commitments that a practice may be tagged with, from a data file."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

OURS = Path(__file__).parent / "charter.toml"


@lru_cache(maxsize=4)
def commitments(path: Path = OURS) -> Mapping[str, str]:
    """Texts by their tag: "policy_maker.1"."""
    with path.open("rb") as file:
        told: dict[str, str] = tomllib.load(file)["commitments"]
    return told

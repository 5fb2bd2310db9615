"""The commitments that a practice may be tagged with: the network's own, or those we ship."""

import tomllib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

from commands.context import Context

OURS = Path(__file__).parent / "charter.toml"


def commitments(context: Context) -> Mapping[str, str]:
    """Texts by their tag: "policy_maker.1"."""
    return context.settings.community.commitments or _ours()


@lru_cache(maxsize=1)
def _ours() -> Mapping[str, str]:
    with OURS.open("rb") as file:
        told: dict[str, str] = tomllib.load(file)["commitments"]
    return told

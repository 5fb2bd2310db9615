"""After a restore: conversations that the key store remembers have gone on, and are begun anew.

Each message between two devices turns a ratchet. The restored store would turn its own to places
where it has been before; the others would take that for a repetition, and read no key of ours.
And the homeserver hands out one-time keys that were made after the backup: what is opened with one
of them would be closed to us, and new keys under the same names would be refused for ever.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bot.matrix.http import Http, path_of

RESTORED = "restored"  # a file beside the keys: they come from a backup
_MOST_KEYS = 500  # a device has fifty
_AT_ONCE = 100  # people


def is_due(store: Path) -> bool:
    """Whether these keys were restored and not yet used since."""
    return (store / RESTORED).exists()


def done(store: Path) -> None:
    """All is new again."""
    (store / RESTORED).unlink(missing_ok=True)


async def use_up_our_keys(http: Http, user: str, device: str) -> None:
    """Claim our own one-time keys until there is none: whose secrets are lost, nobody knows."""
    seen: set[str] = set()
    request = {"one_time_keys": {user: {device: "signed_curve25519"}}}
    for _ in range(_MOST_KEYS):
        answer = await http.post(path_of("keys", "claim"), request)
        given = _within(answer, "one_time_keys", user, device)
        if not given or seen.issuperset(given):
            return  # none, or the one of last resort, which is given again and again
        seen.update(given)


def in_portions(devices: Mapping[str, Sequence[str]]) -> list[dict[str, list[str]]]:
    """Devices by person, as many as one request may well name."""
    people = sorted(devices)
    return [
        {user: list(devices[user]) for user in people[start : start + _AT_ONCE]}
        for start in range(0, len(people), _AT_ONCE)
    ]


def _within(answer: Any, *path: str) -> Mapping[str, Any]:
    for name in path:
        answer = answer.get(name) if isinstance(answer, Mapping) else None
    return answer if isinstance(answer, Mapping) else {}

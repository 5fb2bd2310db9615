"""What stands in for `MatrixClient` has all that the spine asks of it, with the same arguments."""

import ast
import inspect
from pathlib import Path

import pytest

from bot.matrix.client import MatrixClient
from storage.records import UserId
from tests.crash.fakes import FakeClient, FakeHomeserver
from tests.fuzz.wire import Wire

BOT = Path(__file__).parents[2] / "bot"
SPINE = (
    "intake", "backfill", "late_keys", "worker", "posting", "delivery", "upkeep", "timers",
    "doctor/visit",
)  # fmt: skip
ME = UserId("@moothall:hs")


def asked_of_the_client(module: str) -> set[str]:
    """The names after `….client.` in a module."""
    tree = ast.parse((BOT / f"{module}.py").read_text())
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.value.attr in ("client", "_client")
    }


ASKED = sorted(set().union(*map(asked_of_the_client, SPINE)))


def test_the_spine_asks_something_of_its_client() -> None:
    assert {"sync", "after_sync", "messages", "read", "send", "server_time"} <= set(ASKED)


@pytest.mark.parametrize("name", ASKED)
@pytest.mark.parametrize(
    "fake", [Wire(), FakeClient(FakeHomeserver(ME, timeline=9, page=9))], ids=["wire", "fake"]
)
def test_a_fake_client_has_what_the_spine_asks_for(fake: object, name: str) -> None:
    assert hasattr(fake, name)
    real = inspect.getattr_static(MatrixClient, name, None)
    if not inspect.isfunction(real):
        return
    taken = inspect.signature(getattr(fake, name)).parameters
    asked = list(inspect.signature(real).parameters)[1:]
    assert [one for one in asked if one not in taken] == []

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
    "intake", "backfill", "gathering", "late_keys", "worker", "posting", "delivery", "upkeep",
    "timers", "media", "doctor/visit",
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


FAKES = pytest.mark.parametrize(
    "fake", [Wire(), FakeClient(FakeHomeserver(ME, timeline=9, page=9))], ids=["wire", "fake"]
)


@FAKES
def test_a_fake_client_has_what_the_spine_asks_for(fake: object) -> None:
    assert [name for name in ASKED if not hasattr(fake, name)] == []


@FAKES
def test_what_a_fake_client_shares_with_the_real_one_is_called_alike(fake: object) -> None:
    alike = 0
    for name, member in inspect.getmembers(type(fake), inspect.isfunction):
        real = inspect.getattr_static(MatrixClient, name, None)
        if name.startswith("_") or not inspect.isfunction(real):
            continue
        taken = [(one.name, one.kind) for one in inspect.signature(member).parameters.values()]
        asked = [(one.name, one.kind) for one in inspect.signature(real).parameters.values()]
        assert taken == asked, name
        alike += 1
    assert alike > 10

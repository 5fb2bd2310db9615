"""The embedded homeserver starts, keeps what it was told, and never outlives us."""

import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from demo import homeserver as module
from demo.homeserver import Homeserver, HomeserverError
from demo.people import Person

ORPHAN = """
import sys, time
from pathlib import Path
from demo.homeserver import Homeserver
print(Homeserver.start(Path(sys.argv[1])).port, flush=True)
time.sleep(60)
"""


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


async def impatient_sends(person: Person, room: str, count: int) -> set[int]:
    """The statuses of that many messages by somebody who repeats nothing."""
    headers = {"Authorization": f"Bearer {person.client.access_token}"}
    statuses = set()
    for number in range(count):
        path = f"/_matrix/client/v3/rooms/{room}/send/m.room.message/{number}"
        body = '{"msgtype": "m.text", "body": "hurry"}'
        statuses.add((await person.client.send("PUT", path, body, headers)).status)
    return statuses


@pytest.fixture(scope="module")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Homeserver]:
    if not Homeserver.available():
        pytest.skip("matrix-synapse has no wheel for this platform")
    folder = tmp_path_factory.mktemp("strict")
    with Homeserver.start(folder, limits=True, room_version="11") as server:
        yield server


def test_a_taken_name_is_refused(homeserver: Homeserver) -> None:
    homeserver.register("twin", "secret")
    with pytest.raises(HomeserverError, match="M_USER_IN_USE"):
        homeserver.register("twin", "secret")


def test_an_admin_may_ask_the_admin_api_and_a_member_may_not(homeserver: Homeserver) -> None:
    def status_for(token: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", homeserver.port)
        headers = {"Authorization": f"Bearer {token}"}
        connection.request("GET", "/_synapse/admin/v2/users", headers=headers)
        status = connection.getresponse().status
        connection.close()
        return status

    admin = homeserver.register("chief", "secret", admin=True)
    member = homeserver.register("member", "secret")
    assert status_for(admin.access_token) == 200
    assert status_for(member.access_token) == 403


async def test_limits_and_room_version_are_as_asked_and_tokens_outlive_a_power_cut(
    strict: Homeserver, tmp_path: Path
) -> None:
    ann = strict.register("ann", "secret", display_name="Ann")
    async with await Person.log_in(strict.url, ann, store=tmp_path / "ann") as person:
        room = await person.create_room("Strict")
        assert (await person.state(room, "m.room.create"))["room_version"] == "11"
        assert (await person.state(room, "m.room.member", ann.user_id))["displayname"] == "Ann"
        assert await impatient_sends(person, room, 12) == {200, 429}

        port = strict.port
        strict.kill()
        assert not answers(port)
        strict.resume()
        assert strict.port == port
        await person.catch_up()


def test_a_port_taken_in_the_meantime_is_exchanged_for_another(
    strict: Homeserver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = iter([strict.port, module._free_port()])
    monkeypatch.setattr(module, "_free_port", lambda: next(ports))
    with Homeserver.start(tmp_path) as server:
        assert server.port != strict.port
        assert server.register("ann", "secret").user_id == "@ann:localhost"


def test_a_bad_setting_is_told_with_the_log(tmp_path: Path) -> None:
    with pytest.raises(HomeserverError, match="database"):
        Homeserver.start(tmp_path, config={"database": {"name": "abacus"}})


def test_a_killed_parent_leaves_no_orphan(tmp_path: Path) -> None:
    command = [sys.executable, "-c", ORPHAN, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path.cwd()) as parent:
        assert parent.stdout is not None
        port = int(parent.stdout.readline())
        assert answers(port)
        parent.kill()
    deadline = time.monotonic() + 10
    while answers(port):
        assert time.monotonic() < deadline, "Synapse outlived the process that started it"
        time.sleep(0.02)

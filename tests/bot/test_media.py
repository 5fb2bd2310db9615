"""Files are fetched one by one, survive a kill, and leave the disk with their last message."""

import asyncio
import hashlib
import os
import stat
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from aiohttp import web
from nio.crypto.attachments import encrypt_attachment
from sqlalchemy import Connection

from bot import files, media
from bot.hall import Bells, Hall
from bot.matrix.client import MatrixClient
from bot.matrix.errors import MatrixError, RateLimited, Refused, Unauthorised, Unreachable
from bot.matrix.http import Http
from bot.upkeep import Upkeep
from commands.context import Settings
from storage import folding, meta, redacting, rooms
from storage import media as stored
from storage.database import open_database
from storage.facts import read_fact
from storage.migrations import bring_up_to_date
from storage.records import (
    ArchiveRules,
    Community,
    EventId,
    FilesHeld,
    Limits,
    RoomEvent,
    RoomId,
    UserId,
)
from storage.types import event_hash, milliseconds
from tests.crash.fakes import FakeClient, FakeHomeserver

ANN, ROOM = UserId("@ann:hs"), RoomId("!hall:hs")
START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
COMMUNITY = Community("N", "n", "UTC", "en", (), (), (), ())
BYTES = b"%PDF-1.7 canary " + bytes(range(256))


class Cut(BaseException):
    """The power goes."""


@dataclass
class Place:
    """A hall that does nothing but keep files."""

    hall: Hall
    server: FakeHomeserver
    folder: Path
    now: datetime = START
    numbers: list[int] = field(default_factory=list)

    async def gets(self, data: bytes | Exception, *, sealed: bool = False, **more: Any) -> EventId:
        """Somebody sends a file."""
        self.numbers.append(1)
        name = f"f{len(self.numbers)}"
        mxc = f"mxc://hs/{name}"
        content = {"msgtype": "m.file", "body": "plan.pdf", "url": mxc,
                   "info": {"mimetype": "application/pdf"}, **more}  # fmt: skip
        if sealed and isinstance(data, bytes):
            data, keys = encrypt_attachment(data)
            content["file"] = {**keys, "url": content.pop("url")}
        self.server.media[mxc] = data
        event = RoomEvent(EventId(f"${name}"), ROOM, "m.room.message", ANN,
                          milliseconds(START), content)  # fmt: skip
        await self._archive(event)
        return event.event_id

    async def loses(self, target: EventId) -> None:
        """Its message is deleted."""
        self.numbers.append(1)
        gone = RoomEvent(EventId(f"$r{len(self.numbers)}"), ROOM, "m.room.redaction", ANN,
                         milliseconds(START), {}, redacts=target)  # fmt: skip
        await self._archive(gone)

    async def _archive(self, event: RoomEvent) -> None:
        def work(connection: Connection) -> None:
            facts = [read_fact(event, "en")]
            folding.record(connection, facts, milliseconds(START), "en")
            stored.want(connection, facts, self.hall.settings.archive, self.now)

        await self.hall.database.write(work, alone=True)

    async def works(self) -> None:
        """Until there is nothing to do now."""
        task = asyncio.create_task(media.keep_files(self.hall))
        async with asyncio.timeout(10):
            while not task.done():
                found = await self.hall.database.read(stored.next_wanted)
                if found is None or found[1] > self.now:
                    break
                await asyncio.sleep(0.01)
        async with self.hall.keeping:
            pass  # what it had begun is done
        if task.done():
            await task
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def held(self) -> FilesHeld:
        number = await self.hall.database.read(lambda c: rooms.know(c, ROOM).id)
        return await self.hall.database.read(lambda c: stored.holdings(c, number))

    @property
    def on_disk(self) -> list[Path]:
        return [path for path in (self.folder / "media").rglob("*") if path.is_file()]


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    database = await open_database(f"sqlite:///{tmp_path}/hall.db")
    await database.write(bring_up_to_date, alone=True)
    await database.write(meta.hall_id)
    await database.write(lambda c: rooms.know(c, ROOM).id)
    server = FakeHomeserver(UserId("@moothall:hs"), timeline=5, page=5)
    rules = ArchiveRules(media=True, media_max_mb=1)
    hall = SimpleNamespace(
        database=database,
        settings=Settings(COMMUNITY, Limits(), rules),
        client=FakeClient(server),
        clock=SimpleNamespace(),
        bells=Bells(),
        folder=tmp_path / "data",
        keeping=asyncio.Lock(),
        saving_ledger=asyncio.Lock(),
    )
    (tmp_path / "data").mkdir()
    made = Place(cast(Hall, hall), server, tmp_path / "data")
    hall.clock.now = lambda: made.now
    yield made
    await database.close()


@pytest.mark.parametrize("sealed", [False, True], ids=["clear", "encrypted"])
@pytest.mark.parametrize("name", ["../../../etc/passwd", "", "x" * 300, "../x\x00"])
async def test_a_file_is_kept_under_its_check_value_for_the_owner_alone(
    place: Place, sealed: bool, name: str
) -> None:
    await place.gets(BYTES, sealed=sealed, filename=name, body=name)
    await place.works()
    sha256 = hashlib.sha256(BYTES).hexdigest()
    assert place.on_disk == [place.folder / "media" / sha256[:2] / sha256]
    assert place.on_disk[0].read_bytes() == BYTES
    assert stat.S_IMODE(place.on_disk[0].stat().st_mode) == 0o600
    assert {stat.S_IMODE(one.stat().st_mode) for one in place.on_disk[0].parents[:2]} == {0o700}
    assert await place.held() == FilesHeld(files=1, size_bytes=len(BYTES))


async def test_the_same_file_twice_lies_there_once_until_the_last_message_is_deleted(
    place: Place,
) -> None:
    first = await place.gets(BYTES)
    second = await place.gets(BYTES, sealed=True)
    await place.works()
    assert (await place.held()).files == 2
    assert len(place.on_disk) == 1
    await place.loses(first)
    await media.sweep(place.hall)
    assert len(place.on_disk) == 1
    await place.loses(second)
    await media.sweep(place.hall)
    assert place.on_disk == []


@pytest.mark.promise(
    "A file that is being fetched survives a kill: it is fetched again, and what the kill left on"
    " the disk is swept away"
)
@pytest.mark.parametrize("moment", ["bytes", "draft", "row"])
async def test_a_kill_between_the_bytes_and_their_row_is_a_delay(
    place: Place, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    await place.gets(BYTES, sealed=True)
    database, put = place.hall.database, files.put

    def cut(*_: object, **__: object) -> Any:
        raise Cut

    def cut_after(folder: Path, data: bytes) -> str:
        put(folder, data)
        raise Cut

    if moment == "draft":
        monkeypatch.setattr(os, "replace", cut)
        monkeypatch.setattr(Path, "unlink", cut)  # nobody is there to tidy up
    elif moment == "bytes":
        monkeypatch.setattr(files, "put", cut_after)
    else:
        monkeypatch.setattr(stored, "keep", cut)
    found = await database.read(stored.next_wanted)
    assert found is not None
    with pytest.raises(Cut):
        await media._fetch(place.hall, found[0])
    monkeypatch.undo()
    assert len(place.on_disk) == 1
    assert await place.held() == FilesHeld(coming=1)
    await media.sweep(place.hall)
    assert place.on_disk == []
    await place.works()
    assert [path.read_bytes() for path in place.on_disk] == [BYTES]
    assert await place.held() == FilesHeld(files=1, size_bytes=len(BYTES))


async def test_a_file_whose_message_is_deleted_while_it_comes_is_not_kept(place: Place) -> None:
    sent = await place.gets(BYTES)
    client, began = place.hall.client, asyncio.Event()
    download, go_on = client.download, asyncio.Event()

    async def slow(mxc: str, most: int) -> bytes:
        began.set()
        await go_on.wait()
        return await download(mxc, most)

    client.download = slow  # type: ignore[method-assign]
    task = asyncio.create_task(media.keep_files(place.hall))
    await began.wait()
    await place.loses(sent)
    go_on.set()
    await asyncio.sleep(0.1)
    task.cancel()
    assert place.on_disk == []
    assert await place.held() == FilesHeld()


async def test_nor_is_one_whose_message_is_deleted_while_it_is_written(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent, keep = await place.gets(BYTES), stored.keep

    def too_late(connection: Connection, *more: Any) -> bool:
        redacting.erase(connection, [(event_hash(sent), rooms.know(connection, ROOM).id)], "en")
        return keep(connection, *more)

    monkeypatch.setattr(stored, "keep", too_late)
    task = asyncio.create_task(media.keep_files(place.hall))
    async with asyncio.timeout(10):
        while place.on_disk or (await place.held()).coming:
            await asyncio.sleep(0.01)
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    assert place.on_disk == []
    assert await place.held() == FilesHeld()


@pytest.mark.parametrize(
    ("trouble", "held"),
    [
        (Refused(404, "M_NOT_FOUND"), FilesHeld(missing=1)),
        (Refused(403, "M_FORBIDDEN"), FilesHeld(missing=1)),
        (b"x" * (1024 * 1024 + 1), FilesHeld(left_out=1)),
    ],
    ids=["gone", "forbidden", "too large whatever its sender said"],
)
async def test_what_will_not_come_is_given_up_and_told(
    place: Place, trouble: Exception | bytes, held: FilesHeld
) -> None:
    await place.gets(trouble, info={"mimetype": "application/pdf", "size": 5})
    await place.works()
    assert await place.held() == held
    assert place.on_disk == []


async def test_all_files_together_stay_below_their_limit_and_the_newest_stay_names(
    place: Place,
) -> None:
    settings = place.hall.settings
    rules = replace(settings.archive, media_max_mb=5, media_total_mb=1)
    place.hall.settings = replace(settings, archive=rules)  # type: ignore[misc]
    large = b"%PDF" + bytes(700_000)
    told: dict[str, Any] = {"info": {"mimetype": "application/pdf", "size": 700_001}}
    first = await place.gets(large)
    await place.works()
    await place.gets(large[:-1], **told)
    await place.works()
    asked = list(place.server.downloads)
    await place.gets(large[:-2])  # its sender says nothing of its size
    await place.gets(large, sealed=True)  # the same once more takes no room
    await place.gets(BYTES)  # and a small one fits
    await place.works()
    kept = FilesHeld(files=3, size_bytes=2 * len(large) + len(BYTES), no_room=2)
    assert await place.held() == kept
    assert asked == ["mxc://hs/f1"], "what will not fit is not even fetched"
    assert sum(path.stat().st_size for path in place.on_disk) == len(large) + len(BYTES)
    await place.loses(first)
    assert (await place.held()).no_room == 2, "what would open it is gone: it does not come later"
    exactly = (1 << 20) - len(large) - len(BYTES)
    await place.gets(b"y" * exactly)
    await place.works()
    assert sum(path.stat().st_size for path in place.on_disk) == 1 << 20
    asked = list(place.server.downloads)
    await place.gets(b"z")
    await place.works()
    assert (await place.held()).no_room == 3
    assert place.server.downloads == asked


async def test_bytes_that_were_not_sent_are_not_kept(place: Place) -> None:
    for break_it in (lambda data: data[:-1] + b"?", lambda _: b""):
        await place.gets(BYTES, sealed=True)
        mxc = f"mxc://hs/f{len(place.numbers)}"
        sent = place.server.media[mxc]
        assert isinstance(sent, bytes)
        place.server.media[mxc] = break_it(sent)
    odd = {"url": "mxc://hs/odd", "key": {"k": "é?"}, "iv": "-", "hashes": {"sha256": "!"}}
    await place.gets(BYTES, file=odd)
    place.server.media["mxc://hs/odd"] = BYTES
    await place.works()
    assert await place.held() == FilesHeld(missing=3)
    assert place.on_disk == []


async def test_a_homeserver_that_is_away_is_asked_again_later_and_not_for_ever(
    place: Place,
) -> None:
    await place.gets(Unreachable("answered 502"))
    tries = []
    while (await place.held()).coming:
        await place.works()
        found = await place.hall.database.read(stored.next_wanted)
        if found is not None:
            tries.append(found[1] - place.now)
            place.now = found[1]
    assert tries[:3] == [timedelta(seconds=30), timedelta(seconds=60), timedelta(seconds=120)]
    assert max(tries) == timedelta(hours=6)
    assert timedelta(days=1) < sum(tries, timedelta()) < timedelta(days=4)
    assert await place.held() == FilesHeld(missing=1)


async def test_a_busy_homeserver_is_no_fault_of_the_file_and_a_dead_token_ends_it(
    place: Place,
) -> None:
    await place.gets(RateLimited(0.01))
    found = await place.hall.database.read(stored.next_wanted)
    assert found is not None
    await media._fetch(place.hall, found[0])
    assert await place.hall.database.read(stored.next_wanted) == found
    place.server.media["mxc://hs/f1"] = Unauthorised("M_UNKNOWN_TOKEN")
    with pytest.raises(Unauthorised):
        await place.works()


async def test_a_full_disk_is_waited_for(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    await place.gets(BYTES)

    def full(*_: object) -> Any:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        await place.works()
    assert await place.held() == FilesHeld(coming=1)
    assert place.on_disk == []
    place.now += timedelta(minutes=1)
    await place.works()
    assert (await place.held()).files == 1


async def test_a_sweep_takes_what_nobody_names_and_tells_what_is_missing(place: Place) -> None:
    await place.gets(BYTES)
    await place.gets(b"second")
    await place.works()
    lost, kept = sorted(place.on_disk)
    lost.unlink()
    for stray in ("media/stray", "media/ab/.draft", f"media/zz/{kept.name}"):
        (place.folder / stray).parent.mkdir(exist_ok=True, parents=True)
        (place.folder / stray).write_bytes(b"x")
    outside = place.folder / "outside"
    outside.write_bytes(b"not ours")
    await media.sweep(place.hall)
    assert place.on_disk == [kept]
    assert outside.exists()
    held = await place.held()
    assert (held.files, held.missing) == (1, 1)


async def test_upkeep_sweeps_at_the_start_and_as_soon_as_something_was_erased(place: Place) -> None:
    sent = await place.gets(BYTES)
    await place.gets(b"second")
    await place.works()
    stray = place.folder / "media" / ".draft"
    stray.write_bytes(b"x")
    task = asyncio.create_task(Upkeep(place.hall).run())
    try:
        async with asyncio.timeout(10):
            while stray.exists():
                await asyncio.sleep(0.01)
            assert len(place.on_disk) == 2
            await place.loses(sent)
            place.hall.bells.erasures.ring()
            while len(place.on_disk) > 1:
                await asyncio.sleep(0.01)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def test_a_disk_that_is_not_mounted_costs_nothing(place: Place) -> None:
    await place.gets(BYTES)
    await place.gets(b"second")
    await place.works()
    away = (place.folder / "media").rename(place.folder / "away")
    await media.sweep(place.hall)
    away.rename(place.folder / "media")
    await media.sweep(place.hall)
    assert len(place.on_disk) == 2
    assert (await place.held()).files == 2


async def test_turned_off_what_is_on_its_way_is_given_up(place: Place) -> None:
    await place.gets(BYTES, sealed=True)
    place.hall.settings = Settings(COMMUNITY, Limits(), ArchiveRules())  # type: ignore[misc]
    await media.keep_files(place.hall)
    assert await place.held() == FilesHeld()
    assert place.on_disk == []


def test_only_a_check_value_is_a_place(tmp_path: Path) -> None:
    for name in ("", "..", "../" * 20, "A" * 64, "a" * 63, "a" * 64 + "\n", "a" * 62 + "/x"):
        with pytest.raises(ValueError):
            files.path_of(tmp_path, name)


# ── from a homeserver ─────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def serving() -> AsyncIterator[Any]:
    """`client = await serving(handler)`: a client of a homeserver of one's own."""
    async with AsyncExitStack() as stack:

        async def start(handler: Any) -> MatrixClient:
            application = web.Application()
            application.router.add_get("/{path:.*}", handler)
            runner = web.AppRunner(application, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            http = Http(f"http://127.0.0.1:{runner.addresses[0][1]}")
            http.use_token("secret")
            stack.push_async_callback(http.close)
            return cast(MatrixClient, SimpleNamespace(_http=http))

        yield start


async def test_it_is_measured_as_it_comes_and_no_sooner_believed(serving: Any) -> None:
    sent = 0

    async def endless(request: web.Request) -> web.StreamResponse:
        nonlocal sent
        response = web.StreamResponse()
        await response.prepare(request)
        with suppress(ConnectionError):
            for _ in range(200):
                await response.write(b"x" * 65536)
                sent += 65536
        return response

    client = await serving(endless)
    with pytest.raises(Refused, match="413 M_TOO_LARGE"):
        await MatrixClient.download(client, "mxc://hs/abc", 100_000)
    assert sent < 10_000_000

    async def told(request: web.Request) -> web.Response:
        return web.Response(body=b"y" * 100)

    client = await serving(told)
    assert await MatrixClient.download(client, "mxc://hs/abc", 100) == b"y" * 100
    with pytest.raises(Refused, match="413 M_TOO_LARGE"):
        await MatrixClient.download(client, "mxc://hs/abc", 99)


async def test_an_older_homeserver_is_asked_in_the_older_way(serving: Any) -> None:
    asked = []

    async def old(request: web.Request) -> web.Response:
        asked.append((request.path, request.headers.get("Authorization")))
        if request.path.startswith("/_matrix/client/v1"):
            return web.json_response({"errcode": "M_UNRECOGNIZED"}, status=404)
        return web.Response(body=b"old")

    client = await serving(old)
    assert await MatrixClient.download(client, "mxc://hs:8448/a_b-C", 100) == b"old"
    assert asked == [
        ("/_matrix/client/v1/media/download/hs:8448/a_b-C", "Bearer secret"),
        ("/_matrix/media/v3/download/hs:8448/a_b-C", "Bearer secret"),
    ]


@pytest.mark.parametrize(
    ("status", "text", "error"),
    [
        (404, '{"errcode":"M_NOT_FOUND"}', Refused(404, "M_NOT_FOUND")),
        (429, '{"retry_after_ms":10}', RateLimited(0.01)),
        (504, '{"errcode":"M_NOT_YET_UPLOADED"}', Unreachable("answered 504 M_NOT_YET_UPLOADED")),
        (502, "x" * 200_000, Unreachable("answered 502")),
        (302, "", Unreachable("answered 302")),
        (401, '{"errcode":"M_UNKNOWN_TOKEN"}', Unauthorised("M_UNKNOWN_TOKEN")),
    ],
)
async def test_refusals_are_sorted_as_elsewhere(
    serving: Any, status: int, text: str, error: MatrixError
) -> None:
    async def no(request: web.Request) -> web.Response:
        return web.Response(status=status, text=text, headers={"Location": "http://127.0.0.1:1/"})

    client = await serving(no)
    with pytest.raises(type(error)) as raised:
        await MatrixClient.download(client, "mxc://hs/abc", 100)
    assert str(raised.value) == str(error)


@pytest.mark.parametrize(
    "mxc", ["", "http://x/y", "mxc://x", "mxc://x/../y", "mxc://x/y?z", "mxc://x/y\n", "mxc:///y"]
)
async def test_what_is_no_address_is_not_asked_for(serving: Any, mxc: str) -> None:
    async def never(request: web.Request) -> web.Response:
        raise AssertionError

    with pytest.raises(Refused, match="M_BAD"):
        await MatrixClient.download(await serving(never), mxc, 100)

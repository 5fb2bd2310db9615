"""A hall with a real intake, worker and outbox, fed with raw JSON below HTTP, and watched."""

import asyncio
import logging
import traceback
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

from sqlalchemy import Connection

from bot.app import run_hall
from bot.clock import SystemClock
from bot.hall import Hall
from bot.matrix.answers import Page, RawEvent, RawPage, SyncAnswer, Unreadable
from bot.matrix.client import MatrixClient
from bot.matrix.errors import Refused
from bot.matrix.examining import Devices, Examiner
from bot.matrix.reading import read_event, read_page, read_sync_answer
from bot.matrix.rendering import POST_KEY
from bot.memory import give_back
from commands.context import Settings
from storage import gaps, inbox, meta, outbox, rooms
from storage.database import Database
from storage.records import ArchiveRules, EventId, Limits, RoomEvent, RoomId, UserId
from tests.commands.conftest import COMMUNITY, HOUSING, ME, WELCOME, furnish
from tests.crash.fakes import silent_examiner
from tests.markup import faults_of

T = TypeVar("T")
PAYLOAD = "org.moothall.test.payload"  # what an encrypted event of these tests turns out to hold
PATIENCE = 120.0  # seconds
SETTINGS = Settings(
    COMMUNITY,
    Limits(command_age=timedelta(days=400), commands_a_minute=10**9, quiet_days=()),
    ArchiveRules("City of Havnvoll", "privacy@havnvoll.example"),
)


def open_sealed(raw: RawEvent, room_id: RoomId) -> Mapping[str, Any] | None:
    """Decryption that anybody can do, so that what comes out of it is as hostile as the rest."""
    content = raw.get("content")
    payload = content.get(PAYLOAD) if isinstance(content, dict) else None
    return payload if isinstance(payload, dict) else None


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


@dataclass(frozen=True)
class Sent:
    """A message or a reaction of the hall's."""

    event_id: EventId
    room_id: RoomId
    type: str
    content: Mapping[str, Any]

    @property
    def cause(self) -> str:
        """The event that it answers, from its key: "reply/$event/0"."""
        parts = str(self.content.get(POST_KEY, "")).split("/")
        return parts[1] if parts[0] == "reply" and len(parts) == 3 else ""


@dataclass
class Wire:
    """What `MatrixClient` is to the hall: it tells sync answers, and checks all that is said."""

    answers: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)
    faults: list[str] = field(default_factory=list)
    sent: int = 0
    remembers: bool = True  # keeps what was sent
    said: list[Sent] = field(default_factory=list)
    on_sent: Callable[[Sent], None] = lambda sent: None
    user_id: UserId = ME
    device_id: str = "WIRE"
    server_time: datetime | None = None
    url: str = "https://hs"
    _answered: int = 0
    _waiting: asyncio.Event = field(default_factory=asyncio.Event)  # it has asked for more

    # ── hearing ───────────────────────────────────────────────────────────────────────────────

    async def sync(self, since: str | None, *, timeout_ms: int, full_state: bool) -> SyncAnswer:
        if self.answers.empty():
            self._waiting.set()
        raw = await self.answers.get()
        self._answered += 1
        raw = {**raw, "next_batch": f"s{self._answered}"}
        return read_sync_answer(raw, self.user_id, open_sealed, ())

    def tell(self, answer: dict[str, Any]) -> None:
        self._waiting.clear()
        self.answers.put_nowait(answer)

    async def heard_all(self) -> None:
        await self._waiting.wait()

    async def after_sync(self) -> None:
        """No keys to look after."""

    def try_again(self, unreadable: Unreadable) -> RoomEvent | None:
        event = read_event(unreadable.raw, unreadable.room_id, open_sealed)
        return event if isinstance(event, RoomEvent) else None

    async def messages(
        self,
        room_id: RoomId,
        *,
        start: str | None,
        end: str | None,
        backwards: bool,
        limit: int = 500,
    ) -> RawPage:
        return RawPage(room_id, (), None)

    def read(self, page: RawPage) -> Page:
        return read_page(page, open_sealed)

    async def references(self, room_id: RoomId, event_id: EventId) -> Page:
        return Page((), (), ())

    async def redaction_of(self, room_id: RoomId, event_id: EventId) -> RoomEvent | None:
        return None

    # ── saying ────────────────────────────────────────────────────────────────────────────────

    async def send(
        self, room_id: RoomId, type: str, content: Mapping[str, Any], txn_id: str
    ) -> EventId:
        self.sent += 1
        sent = Sent(EventId(f"$ours{self.sent}"), room_id, type, content)
        if type == "m.room.message":
            self.faults += [f"{content.get(POST_KEY)}: {fault}" for fault in faults_of(content)]
        self.faults += [f"{content.get(POST_KEY)}: {one}" for one in uncanonical(content)]
        self.on_sent(sent)
        if self.remembers:
            self.said.append(sent)
        return sent.event_id

    async def redact(
        self, room_id: RoomId, event_id: EventId, txn_id: str, reason: str | None = None
    ) -> EventId:
        return EventId(f"$redaction-{txn_id}")

    async def put_state(
        self, room_id: RoomId, type: str, state_key: str, content: Mapping[str, Any]
    ) -> EventId:
        return EventId(f"$state-{type}")

    async def find_post(
        self, room_id: RoomId, key: str, since_ms: int, *, txn_id: str | None = None
    ) -> EventId | None:
        return None

    async def state(self, room_id: RoomId) -> list[RawEvent]:
        return []

    async def state_event(
        self, room_id: RoomId, type: str, key: str = ""
    ) -> Mapping[str, Any] | None:
        return None

    async def create_room(self, body: Mapping[str, Any]) -> RoomId:
        return RoomId(f"!made-{uuid.uuid4().hex[:8]}:hs")

    async def joined_rooms(self) -> tuple[RoomId, ...]:
        return ()

    async def join(self, room_id_or_alias: str, via: Sequence[str] = ()) -> RoomId:
        if not room_id_or_alias.startswith("!"):
            raise Refused(404, "M_NOT_FOUND")
        return RoomId(room_id_or_alias)

    async def leave(self, room_id: RoomId, reason: str | None = None) -> None:
        """Left."""

    async def upload(self, room_id: RoomId, data: bytes, mime: str, name: str) -> Mapping[str, Any]:
        return {"url": "mxc://hs/file"}

    async def download(self, mxc: str, most: int) -> bytes:
        return b""

    def devices(self) -> Devices:
        return Devices(frozenset(), frozenset())

    def examiner(self) -> Examiner:
        return silent_examiner()


def uncanonical(value: Any) -> list[str]:
    """What no homeserver takes: floats, and integers beyond what JavaScript holds."""
    if isinstance(value, bool | str) or value is None:
        return []
    if isinstance(value, int):
        return [] if abs(value) < 2**53 else [f"integer {value}"]
    if isinstance(value, Mapping):
        return [fault for inner in value.values() for fault in uncanonical(inner)]
    if isinstance(value, list | tuple):
        return [fault for inner in value for fault in uncanonical(inner)]
    return [f"{type(value).__name__} {value}"]


# ── raw answers ───────────────────────────────────────────────────────────────────────────────


def timeline(events: Sequence[Any], room_id: str = HOUSING, **more: Any) -> dict[str, Any]:
    """An answer of /sync with these events in one room."""
    part = {"timeline": {"events": list(events)}, **more}
    return {"rooms": {"join": {room_id: part}}}


def raw_event(event_id: str, sender: str, type_: str, content: Any, **more: Any) -> dict[str, Any]:
    """An event as it stands in a sync answer."""
    return {
        "event_id": event_id,
        "sender": sender,
        "type": type_,
        "origin_server_ts": now_ms(),
        "content": content,
        **more,
    }


def raw_message(event_id: str, sender: str, body: str, **more: Any) -> dict[str, Any]:
    """A message as it stands in a sync answer."""
    return raw_event(
        event_id, sender, "m.room.message", {"msgtype": "m.text", "body": body, **more}
    )


# ── the hall ──────────────────────────────────────────────────────────────────────────────────


class Watch(logging.Handler):
    """Notes errors and tracebacks of the hall's log, and nothing else of it."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.errors: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.levelno >= logging.ERROR or record.exc_info or record.stack_info:
            where = ""
            if record.exc_info and record.exc_info[1] is not None:
                where = "".join(traceback.format_exception(record.exc_info[1])[-4:])
            self.errors.append(f"{record.name}: {record.getMessage()} {where}")


@dataclass
class WiredHall:
    """The running hall, its wire, and what its log complains about."""

    hall: Hall
    wire: Wire
    watch: Watch

    async def hears(self, *answers: dict[str, Any]) -> None:
        """Tell sync answers and wait until all that they ask for is done."""
        for answer in answers:
            self.wire.tell(answer)
        await self.is_done()

    async def is_done(self) -> None:
        async with asyncio.timeout(PATIENCE):
            while True:
                await self.wire.heard_all()
                if not await self.hall.database.read(unfinished):
                    return
                await asyncio.sleep(0.05)

    async def read(self, work: Callable[[Connection], T]) -> T:
        return await self.hall.database.read(work)


def unfinished(connection: Connection) -> dict[str, int]:
    """What stands in queues: looked at in the order in which things go through them, as PostgreSQL
    shows each question what is committed by then."""
    later = datetime.now(UTC) + timedelta(days=1000)
    counts = {
        **gaps.counts(connection),
        **{f"inbox {name}": n for name, n in inbox.counts(connection, later).items()},
        **{f"outbox {name}": n for name, n in outbox.counts(connection, later).items()},
    }
    return {
        name: count
        for name, count in counts.items()
        if count and name in ("inbox ready", "inbox waiting", "outbox queued", "gaps open")
    }


def set_aside(connection: Connection) -> dict[str, int]:
    """What was given up."""
    now = datetime.now(UTC)
    parked = inbox.counts(connection, now)["parked"]
    failed = outbox.counts(connection, now)["failed"]
    return {name: n for name, n in (("parked", parked), ("failed", failed)) if n}


@asynccontextmanager
async def wired_hall(database: Database, settings: Settings = SETTINGS) -> AsyncIterator[WiredHall]:
    """The people and rooms of tests/commands, with archives, and nothing said yet."""

    def fill(connection: Connection) -> None:
        furnish(connection)
        meta.put(connection, meta.SYNC_POSITION, "s0")
        began = datetime.now(UTC) - timedelta(days=365)
        for room_id in (HOUSING, WELCOME):
            rooms.change(connection, room_id, archive_on=True, archive_since=began)

    await database.write(fill)
    folder = TemporaryDirectory(prefix="moothall-")
    wire = Wire()
    hall = Hall(
        me=ME,
        device=wire.device_id,
        name="Moothall",
        id=uuid.UUID(int=7),
        settings=settings,
        client=cast(MatrixClient, wire),
        database=database,
        clock=SystemClock(),
        folder=Path(folder.name),
    )
    watch = Watch()
    logging.getLogger().addHandler(watch)
    stop = asyncio.Event()

    async def nothing_to_make() -> None:
        hall.ready.set()

    running = asyncio.create_task(run_hall(hall, stop, provision=nothing_to_make))
    try:
        yield WiredHall(hall, wire, watch)
    finally:
        logging.getLogger().removeHandler(watch)
        stop.set()
        await running
        folder.cleanup()


def memory_kb() -> int:
    """What this process holds once all that is free went back, in kB."""
    give_back()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * 4

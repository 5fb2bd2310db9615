"""A small scene that goes through every part of the spine, and what must have come of it."""

import asyncio
import sqlite3
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, cast

import pytest
from sqlalchemy import Connection

from bot import worker
from bot.app import run_hall
from bot.clock import ShiftedClock
from bot.hall import Hall
from bot.matrix.client import MatrixClient
from bot.matrix.rendering import POST_KEY
from bot.timers import Timers
from commands.context import Context, Settings
from commands.events import Event, Said
from commands.posts import Change, Pin, Post, Posts, React, Say, TakeBack
from commands.reply import Paragraph, Reply, Text
from commands.routing import respond
from storage import archive, gaps, inbox, meta, outbox, people, rooms, timers, waiting
from storage.database import Database, open_database
from storage.migrations import bring_up_to_date
from storage.records import (
    ArchiveRules,
    City,
    Cluster,
    Community,
    EventId,
    Limits,
    RoomEvent,
    RoomId,
    RoomKind,
    Timer,
    UserId,
)
from tests.crash.fakes import FakeClient, FakeHomeserver
from tests.crash.fuse import Fuse, FusedClient, FusedDatabase, PowerCut

ME, ANN, BEN = UserId("@moothall:hs"), UserId("@ann:hs"), UserId("@ben:hs")
SQUARE, LIBRARY = RoomId("!square:hs"), RoomId("!library:hs")
HALL = uuid.UUID(int=7)
_ONE_MIGRATION = asyncio.Lock()  # alembic keeps its context in a module
PATIENCE = 20.0  # seconds until a hall that is still busy counts as stuck

_COMMUNITY = Community(
    name="Arrival Cities",
    slug="arrival",
    time_zone="Europe/Brussels",
    language="en",
    coordinators=(ANN,),
    operators=(ANN,),
    clusters=(Cluster("square", "Square", "Talk"), Cluster("library", "Library", "Books")),
    cities=(City("havnvoll", "Havnvoll", "NO", "Europe/Oslo", ("no",), "square"),),
)
_SETTINGS = Settings(
    community=_COMMUNITY,
    limits=Limits(command_age=timedelta(days=3), commands_a_minute=600),
    archive=ArchiveRules(),
    prefix="!",
    version="test",
)


@dataclass
class Scene:
    """What people say, and what is expected of the hall."""

    server: FakeHomeserver
    messages: dict[EventId, str] = field(default_factory=dict)  # words in the end
    commands: list[EventId] = field(default_factory=list)  # answered in their threads
    looked_at: EventId | None = None  # gets a reaction, and two cards
    private: list[EventId] = field(default_factory=list)
    alarms: list[str] = field(default_factory=list)
    went_on: bool = False  # the second half has been said
    begun_at: int = 0  # position at which the hall was last there

    def first_half(self) -> None:
        """While the hall is away: more than one sync answer shows, in two rooms."""
        self._say("Does somebody have a kettle?")
        first = self._say("I have tea")
        self._ask("!whoami")
        self._say("The evening was lovely")
        self._say("Fifty came")
        self._edit(first, "I have tea and biscuits")
        self.looked_at = self._ask("!help")
        for number in range(4):
            self._say(f"Chair {number} is free")
        self._say("A sealed word", room=LIBRARY, sealed="session")
        self.private.append(self.server.say(LIBRARY, BEN, "!privacy"))
        self._say("Quiet please", room=LIBRARY)

    def second_half(self) -> None:
        """While it is there."""
        self._say("Who brings a lamp?")
        self._ask("!city Havnvoll")
        self._ask("!archive status", room=LIBRARY, sealed="session")
        reaction = {"rel_type": "m.annotation", "event_id": next(iter(self.messages)), "key": "👍"}
        self.server.tell(SQUARE, BEN, "m.reaction", {"m.relates_to": reaction})
        self.server.give_key("session")
        self._ask("!whoami")
        self.went_on = True

    def while_lost(self) -> None:
        """More commands in a row than a sync answer and a page of history hold, after a message."""
        self._say("Is anybody there?")
        for _ in range(sum(self.server.limits) + 1):
            self._ask("!whoami")

    def _say(self, text: str, *, room: RoomId = SQUARE, sealed: str | None = None) -> EventId:
        event_id = self.server.say(room, ANN, text, sealed=sealed)
        self.messages[event_id] = text
        return event_id

    def _ask(self, text: str, *, room: RoomId = SQUARE, sealed: str | None = None) -> EventId:
        self.commands.append(event_id := self.server.say(room, BEN, text, sealed=sealed))
        return event_id

    def _edit(self, event_id: EventId, text: str) -> None:
        content = {
            "msgtype": "m.text",
            "body": f"* {text}",
            "m.new_content": {"msgtype": "m.text", "body": text},
            "m.relates_to": {"rel_type": "m.replace", "event_id": event_id},
        }
        self.server.tell(SQUARE, ANN, "m.room.message", content)
        self.messages[event_id] = text


def new_scene(*, timeline: int = 5, page: int = 4) -> Scene:
    """Two rooms, three people; the hall knows the rooms and has read up to here."""
    server = FakeHomeserver(ME, timeline=timeline, page=page)
    for room_id in (SQUARE, LIBRARY):
        server.open_room(room_id, [ANN, BEN])
    scene = Scene(server, begun_at=len(server.events))
    scene.alarms = [f"announce/alarm/{number}" for number in range(3)]
    return scene


async def prepare(database: Database, scene: Scene) -> None:
    """What the hall's database held when it went away."""
    began = datetime.now(UTC) - timedelta(hours=1)

    def fill(connection: Connection) -> None:
        meta.put(connection, meta.HALL_ID, str(HALL))
        meta.put(connection, meta.SYNC_POSITION, f"s{scene.begun_at}")
        for room_id, slug in ((SQUARE, "square"), (LIBRARY, "library")):
            room = rooms.know(connection, room_id, RoomKind.CLUSTER)
            rooms.change(
                connection, room_id, cluster=slug, name=slug, archive_on=True, archive_since=began
            )
            numbers = people.numbers(connection, (ME, ANN, BEN))
            rooms.expect(connection, room.id, dict.fromkeys(numbers.values(), "join"))
        now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)
        soon = datetime.now(UTC).replace(tzinfo=None) + timedelta(seconds=0.3)
        soon = soon.replace(microsecond=soon.microsecond // 1000 * 1000)
        for place, key in enumerate(scene.alarms):
            content = {"msgtype": "m.text", "body": key, "m.mentions": {}, POST_KEY: key}
            alarm = Timer(
                key=key,
                kind="announce",
                # Two rang while the hall was away, one rings while it is there.
                wall_time=now - timedelta(minutes=1) if place else soon,
                time_zone="UTC",
                room_id=LIBRARY if place == 1 else SQUARE,
                payload={"key": key, "content": content},
            )
            timers.schedule(connection, [alarm])

    async with _ONE_MIGRATION:
        await database.write(bring_up_to_date, alone=True)
    await database.write(fill)


# ── handlers that use every kind of post ──────────────────────────────────────────────────────


def _words(text: str) -> Reply:
    return Reply((Paragraph((Text(text),)),))


def respond_richly(event: Event, context: Context) -> Posts:
    """The hall's own answers; some commands also get reactions, cards, pins, edits."""
    answers: list[Post] = list(respond(event, context))
    if not isinstance(event, Said):
        return answers
    if event.body == "!help":
        answers += [
            React(event.room_id, event.event_id, "👀"),
            Say(event.room_id, _words("The card"), key="card/kept"),
            Pin(event.room_id, "card/kept"),
            Say(event.room_id, _words("Another"), key="card/taken back"),
        ]
    if event.body == "!city Havnvoll":
        answers += [Change("card/kept", _words("The card, redrawn")), TakeBack("card/taken back")]
    return answers


@contextmanager
def rich_answers() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(worker, "respond", respond_richly)
        yield


# ── running ───────────────────────────────────────────────────────────────────────────────────


async def run(
    url: str,
    scene: Scene,
    fuse: Fuse,
    *,
    clock: ShiftedClock | None = None,
    device: str = "DEVICE",
    committed: Callable[[], None] = lambda: None,
    client: Callable[[FakeClient], Any] = lambda client: client,
) -> bool:
    """Run a hall until it has nothing left to do, or the power is cut; False if it is stuck."""
    folder = TemporaryDirectory(prefix="moothall-")
    inner = await open_database(url)
    database = FusedDatabase(inner, fuse, committed)
    fused = FusedClient(client(FakeClient(scene.server, device)), fuse)
    hall = Hall(
        me=ME,
        device=device,
        name="Moothall",
        id=HALL,
        settings=_SETTINGS,
        client=cast(MatrixClient, fused),
        database=database,
        clock=clock or ShiftedClock(),
        folder=Path(folder.name),
    )
    scene.server.read_up_to = 0  # by this hall
    stop = asyncio.Event()
    running = asyncio.create_task(run_hall(hall, stop, provision=Timers(hall).run))
    try:
        settled = await _until_settled(inner, scene, running)
    finally:
        stop.set()
        try:
            await running
        except BaseException as error:
            if fuse.blown_at is None or not _is_cut(error):
                raise
        finally:
            await inner.close()
            folder.cleanup()
    return settled


def _is_cut(error: BaseException) -> bool:
    if isinstance(error, BaseExceptionGroup):
        return all(map(_is_cut, error.exceptions))
    return isinstance(error, PowerCut)


async def _until_settled(database: Database, scene: Scene, running: asyncio.Task[None]) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            while not running.done():
                if not scene.went_on and scene.server.read_up_to > scene.begun_at:
                    scene.second_half()
                    await scene.server.ring()
                # Our own words make holes, too: it has asked for what comes after all of them.
                heard_all = scene.server.read_up_to == len(scene.server.events)
                done = scene.went_on and heard_all
                if done and not await database.read(lambda c: unfinished(c, scene)):
                    return True
                await asyncio.sleep(0.05)
            return True
    except TimeoutError:
        return False


def unfinished(connection: Connection, scene: Scene) -> list[str]:
    """What a hall has still to do.

    Looked at in the order in which things go through it: PostgreSQL shows each question what is
    committed by then.
    """
    position = int((meta.get(connection, meta.SYNC_POSITION) or "s0")[1:])
    said = max(place for place, one in enumerate(scene.server.events) if one.sender != ME)
    later = datetime.now(UTC) + timedelta(days=400)
    waits = {
        "sync": position <= said,
        "gaps": gaps.counts(connection)["gaps open"],
        "keys": waiting.counts(connection)["waiting for keys"],
        "alarms": timers.pending(connection),
        "inbox": inbox.counts(connection, later)["ready"],
        "alarms of answers": timers.pending(connection),
        "outbox": outbox.counts(connection, later)["queued"],
    }
    return [name for name, count in waits.items() if count]


# ── what came of it ───────────────────────────────────────────────────────────────────────────


async def find_faults(
    url: str, scene: Scene, *, edits_at_most: int = 1, taken_back_at_most: int = 1
) -> list[str]:
    """All that the hall said or remembered too little or too often; nothing if all is well."""
    database = await open_database(url)
    try:
        kept = await database.read(lambda c: _faults_of_memory(c, scene))
    finally:
        await database.close()
    return kept + _faults_of_speech(scene, edits_at_most, taken_back_at_most)


def _faults_of_memory(connection: Connection, scene: Scene) -> list[str]:
    faults = [f"unfinished: {name}" for name in unfinished(connection, scene)]
    if inbox.counts(connection, datetime.now(UTC))["parked"]:
        faults.append("something is parked")
    if outbox.counts(connection, datetime.now(UTC))["failed"]:
        faults.append("something was refused")
    archived: Counter[str] = Counter()
    for room_id in (SQUARE, LIBRARY):
        room = rooms.get(connection, room_id)
        assert room is not None
        for one in archive.everything(connection, room.id):
            archived[one.event_id] += 1
            if scene.messages.get(one.event_id) not in (one.body, None):
                faults.append(f"wrong words of {one.event_id}: {one.body!r}")
    return faults + _count("in the archive", archived, list(scene.messages))


def _faults_of_speech(scene: Scene, edits_at_most: int, taken_back_at_most: int) -> list[str]:
    said = [one for one in scene.server.events if one.sender == ME and one.state_key is None]
    said = [one for one in said if not one.type.startswith("org.moothall.test")]
    relations = [(one.relates_to or {}, one) for one in said]

    def targets(kind: str) -> Counter[str]:
        return Counter(r["event_id"] for r, _ in relations if r.get("rel_type") == kind)

    posts = Counter(
        str(one.content.get(POST_KEY))
        for relation, one in relations
        if one.type == "m.room.message" and relation.get("rel_type") != "m.replace"
    )
    letters = [f"reply/{command}/0" for command in scene.private]
    answers = [f"reply/{command}/0" for command in scene.commands]
    cards = ["card/kept", "card/taken back"] if not _was_never_sent(posts) else ["card/kept"]
    faults = _count("answers to", targets("m.thread"), scene.commands)
    faults += _count("posts", posts, [*answers, *letters, *scene.alarms, *cards])
    faults += _count("reactions on", targets("m.annotation"), [scene.looked_at, *scene.private])
    faults += _faults_of_cards(scene, said, edits_at_most, taken_back_at_most)
    chats = [room for room in scene.server.rooms if room not in (SQUARE, LIBRARY)]
    if len(chats) != 1:
        faults.append(f"direct chats: {len(chats)}")
    return faults + _faults_of_order(scene, said)


def _was_never_sent(posts: Counter[str]) -> bool:
    # Taken back while it was still in the outbox.
    return "card/taken back" not in posts


def _faults_of_cards(
    scene: Scene, said: list[RoomEvent], edits_at_most: int, taken_back_at_most: int
) -> list[str]:
    faults = []
    by_key = {
        str(one.content.get(POST_KEY)): one
        for one in said
        if (one.relates_to or {}).get("rel_type") != "m.replace"
    }
    kept, gone = by_key.get("card/kept"), by_key.get("card/taken back")
    if kept is not None:
        edits = [one for one in said if (one.relates_to or {}).get("rel_type") == "m.replace"]
        shown = edits[-1].content["m.new_content"] if edits else kept.content
        if shown["body"] != "The card, redrawn" or len(edits) > edits_at_most:
            faults.append(f"card: {shown['body']!r} after {len(edits)} edits")
        pins = scene.server.rooms[SQUARE].state.get(("m.room.pinned_events", ""))
        if pins is None or pins.content["pinned"] != [kept.event_id]:
            faults.append(f"pins: {pins}")
    taken_back = [one.redacts for one in said if one.redacts is not None]
    wanted = [] if gone is None else [gone.event_id]
    if taken_back[:1] != wanted or len(taken_back) > max(taken_back_at_most, len(wanted)):
        faults.append(f"taken back: {taken_back}")
    return faults


def _faults_of_order(scene: Scene, said: list[RoomEvent]) -> list[str]:
    """Answers come in the order of the questions; what was sealed is asked when its key comes."""
    answered = [(one.relates_to or {}).get("event_id") for one in said if one.room_id == SQUARE]
    places = [scene.commands.index(one) for one in answered if one in scene.commands]
    roots = [scene.commands[place] for place in places]
    in_order = sorted(dict.fromkeys(roots), key=scene.commands.index)
    return [] if list(dict.fromkeys(roots)) == in_order else [f"order of answers: {roots}"]


def _count(what: str, counted: Counter[Any], wanted: list[Any]) -> list[str]:
    faults = [f"lost: {what} {one}" for one in wanted if counted[one] == 0]
    faults += [f"twice: {what} {one}" for one in wanted if counted[one] > 1]
    return faults + [f"unasked: {what} {one}" for one in counted if one not in wanted]


# ── databases ─────────────────────────────────────────────────────────────────────────────────


def copy_sqlite(source: Path, target: Path) -> None:
    """A consistent copy of a database that is in use."""
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)

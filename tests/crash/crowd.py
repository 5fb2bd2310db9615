"""A crowd that keeps talking whatever happens to the hall, and a ledger of what it said."""

import asyncio
import random
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import aiohttp
from sqlalchemy import Connection
from sqlalchemy.engine import URL

from bot.matrix.rendering import POST_KEY
from demo.homeserver import Account
from demo.people import Person
from demo.timeline import MESSAGE, Heard
from storage import archive, inbox, outbox, rooms, timers
from storage.database import open_database
from storage.records import ArchivedMessage, EventId, RoomId, Timer

# In the room's thread, as everybody sees it.
COMMANDS = ("!whoami", "!help", "!city Havnvoll", "!archive status", "!help search", "!serach tea")
PRIVATE = "!privacy"  # answered in a direct chat, with a reaction where it was asked
LETTER = "✉️"
WORDS = ("tea", "kettle", "mentor", "bicycle", "library", "form", "evening", "harbour")


@dataclass
class Ledger:
    """What was said, by event id; the homeserver has accepted every line of it."""

    messages: dict[EventId, str] = field(default_factory=dict)
    commands: dict[EventId, str] = field(default_factory=dict)  # answered in their thread
    private: dict[EventId, Person] = field(default_factory=dict)  # answered in a direct chat
    alarms: set[str] = field(default_factory=set)  # post keys


@dataclass(frozen=True)
class Line:
    """One thing to say."""

    room: RoomId
    text: str


def script(
    chance: random.Random,
    *,
    messages: int,
    commands: int,
    private: int,
    clear: RoomId,
    sealed: RoomId,
    in_sealed: float,
    asked_in_sealed: float | None = None,
) -> list[Line]:
    """Messages and commands, shuffled, over two rooms; every message differs from all others.

    in_sealed: the share said in the encrypted room; of the commands it may be another one.
    """
    talk = [f"{chance.choice(WORDS)} {chance.choice(WORDS)} {n}" for n in range(messages)]
    asked = [chance.choice(COMMANDS) for _ in range(commands)] + [PRIVATE] * private
    shares_ = (
        (talk, in_sealed),
        (asked, in_sealed if asked_in_sealed is None else asked_in_sealed),
    )
    lines = [
        Line(sealed if chance.random() < share else clear, text)
        for texts, share in shares_
        for text in texts
    ]
    chance.shuffle(lines)
    return lines


class Voice:
    """Somebody who talks and never listens: for the homeserver, a third of a member's work."""

    def __init__(self, session: aiohttp.ClientSession, url: str, account: Account) -> None:
        self.user_id = account.user_id
        self._session = session
        self._url = f"{url}/_matrix/client/v3"
        self._headers = {"Authorization": f"Bearer {account.access_token}"}

    async def join(self, room: str) -> None:
        path = f"{self._url}/join/{quote(room)}"
        async with self._session.post(path, json={}, headers=self._headers) as answer:
            answer.raise_for_status()

    async def say(self, room: str, text: str) -> EventId:
        """In a clear room."""
        path = f"{self._url}/rooms/{quote(room)}/send/m.room.message/{uuid4().hex}"
        content = {"msgtype": "m.text", "body": text}
        async with self._session.put(path, json=content, headers=self._headers) as answer:
            answer.raise_for_status()
            return EventId((await answer.json())["event_id"])


def shares(lines: Sequence[Line], listeners: int, voices: int, clear: RoomId) -> list[list[Line]]:
    """Who says what: voices only what wants neither keys nor a direct chat."""
    everybody = listeners + voices
    parts: list[list[Line]] = [[] for _ in range(everybody)]
    for line in lines:
        able = everybody if line.room == clear and line.text != PRIVATE else listeners
        min(parts[:able], key=len).append(line)
    return parts


async def speak(
    person: Person | Voice,
    lines: Sequence[Line],
    ledger: Ledger,
    *,
    seconds: float,
    chance: random.Random,
) -> None:
    """Say the lines one after the other within about that time."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for place, line in enumerate(lines):
        due = start + seconds * (place + chance.random()) / len(lines)
        await asyncio.sleep(max(0.0, due - loop.time()))
        said = await person.say(line.room, line.text)
        if line.text == PRIVATE and isinstance(person, Person):
            ledger.private[said] = person
        elif line.text.startswith("!"):
            ledger.commands[said] = line.text
        else:
            ledger.messages[said] = line.text


async def set_alarms(
    url: URL, ledger: Ledger, rooms_: Sequence[RoomId], moments: Sequence[datetime]
) -> None:
    """Announcements that were held back and are due at these moments, rooms in turn."""
    alarms = []
    for place, moment in enumerate(moments):
        key = f"announce/alarm/{place}"
        text = f"Alarm {place}"
        content = {"msgtype": "m.text", "body": text, "m.mentions": {}, POST_KEY: key}
        alarms.append(
            Timer(
                key=key,
                kind="announce",
                wall_time=moment.replace(tzinfo=None),
                time_zone="UTC",
                room_id=rooms_[place % len(rooms_)],
                payload={"key": key, "content": content},
            )
        )
        ledger.alarms.add(key)
    database = await open_database(url)
    try:
        await database.write(lambda c: timers.schedule(c, alarms))
    finally:
        await database.close()


# ── what came of it ───────────────────────────────────────────────────────────────────────────


def _by_hall(judge: Person, hall: str, rooms_: Sequence[RoomId]) -> list[Heard]:
    said = judge.timeline.find(
        lambda one: one.sender == hall and one.room_id in rooms_ and one.state_key is None
    )
    return [one for one in said if one.type in (MESSAGE, "m.room.encrypted", "m.reaction")]


def unanswered(judge: Person, hall: str, ledger: Ledger, rooms_: Sequence[RoomId]) -> int:
    """How many answers and alarms the judge still waits for."""
    heard = _by_hall(judge, hall, rooms_)
    roots = {one.thread_root for one in heard}
    letters = {one.reacts_to for one in heard}
    keys = {one.content.get(POST_KEY) for one in heard}
    return (
        sum(command not in roots for command in ledger.commands)
        + sum(command not in letters for command in ledger.private)
        + sum(alarm not in keys for alarm in ledger.alarms)
    )


def faults_heard(
    judge: Person, hall: str, ledger: Ledger, rooms_: Sequence[RoomId], *, known: set[EventId]
) -> list[str]:
    """What the hall said too little, too often, or in clear where the room is encrypted.

    known: what it had said before it began. Its greetings come once, before or since: a room is
    open before they are said in it.
    """
    said = _by_hall(judge, hall, rooms_)
    heard = [one for one in said if one.event_id not in known]
    faults = [f"unreadable: {one.event_id}" for one in heard if one.type == "m.room.encrypted"]
    answers = Counter(one.thread_root for one in heard if one.thread_root is not None)
    letters = Counter(one.reacts_to for one in heard if one.reacts_to is not None)
    alarms = Counter(key for one in heard if (key := _own_key(one)) and not _greets(key))
    greetings = Counter(key for one in said if (key := _own_key(one)) and _greets(key))
    faults += _differences("answers to", answers, ledger.commands)
    faults += _differences("letters on", letters, ledger.private)
    faults += [
        f"{'in clear' if one.encrypted else 'encrypted'}: {one.event_id} in {one.room_id}"
        for one in heard
        if one.type == MESSAGE and one.encrypted != judge.client.rooms[one.room_id].encrypted
    ]
    faults += _differences("alarms", alarms, ledger.alarms)
    return faults + [f"greetings {key}: {times}" for key, times in greetings.items() if times > 1]


def _own_key(one: Heard) -> str | None:
    """Of what answers nobody."""
    if one.thread_root is not None or one.reacts_to is not None or POST_KEY not in one.content:
        return None
    return str(one.content[POST_KEY])


def _greets(key: str) -> bool:
    return key.startswith(("welcome/", "archive/notice/"))


def faults_in_letters(hall: str, ledger: Ledger, people: Sequence[Person]) -> list[str]:
    """Private answers: as many as were asked for, in one direct chat a person."""
    faults = []
    for person in people:
        asked = sum(asker is person for asker in ledger.private.values())
        got = person.timeline.find(
            lambda one: (
                one.sender == hall
                and one.type in (MESSAGE, "m.room.encrypted")
                and str(one.content.get(POST_KEY, "")).startswith("reply/")
                and one.thread_root is None
            )
        )
        chats = {one.room_id for one in got}
        if len(got) != asked or len(chats) > 1:
            faults.append(f"{person.user_id}: {len(got)} letters of {asked} in {len(chats)} chats")
    return faults


def _differences(what: str, counted: Mapping[Any, int], wanted: Any) -> list[str]:
    faults = [f"{what} {key}: {counted.get(key, 0)}" for key in wanted if counted.get(key) != 1]
    return faults + [f"{what} {key}: nobody asked" for key in counted if key not in wanted]


@dataclass(frozen=True)
class Remembered:
    """What a stopped hall's database holds."""

    archived: list[ArchivedMessage]
    unfinished: dict[str, int]


async def remembered(url: URL, rooms_: Sequence[RoomId], now: datetime) -> Remembered:
    """Read a stopped hall's database."""

    def read(connection: Connection) -> Remembered:
        archived = []
        for room_id in rooms_:
            room = rooms.get(connection, room_id)
            archived += [] if room is None else archive.everything(connection, room.id)
        queues = inbox.counts(connection, now + timedelta(days=1))
        queues |= outbox.counts(connection, now)
        due = timers.next_due(connection)  # others are set for days to come
        queues["alarms"] = int(due is not None and due <= now)
        return Remembered(archived, {name: count for name, count in queues.items() if count})

    database = await open_database(url)
    try:
        return await database.read(read)
    finally:
        await database.close()


def faults_in_archive(archived: Sequence[ArchivedMessage], ledger: Ledger) -> list[str]:
    """Messages that the archive holds too little or too often, or with other words."""
    counted = Counter(one.event_id for one in archived)
    faults = _differences("archived", counted, ledger.messages)
    return faults + [
        f"words of {one.event_id}: {one.body!r}"
        for one in archived
        if one.event_id in ledger.messages and one.body != ledger.messages[one.event_id]
    ]


def tail(log: Path | Sequence[str], lines: int = 40) -> str:
    """The end of a hall's log, for a failure's message."""
    listed = log.read_text().splitlines() if isinstance(log, Path) else list(log)
    return "\n".join(listed[-lines:])

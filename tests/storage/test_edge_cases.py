"""What people and their clients do to messages, case by case, in the numbers of our list.

docs/decisions/0011 says where the other cases are tested, and which ones we do without.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from demo.postgres import Postgres
from storage import archive, folding, rooms
from storage.database import Database, open_database
from storage.facts import read_fact
from storage.migrations import bring_up_to_date
from storage.records import ArchivedMessage, EventId, RoomEvent, RoomId, UserId

ANN, BEN = UserId("@ann:test"), UserId("@ben:test")
START = 1_772_438_400_000
HERE, ELSEWHERE = "here", "elsewhere"
TEXT = "m.room.message"


@dataclass(frozen=True)
class Told:
    """One event, before it has a room of its own: `$a` is `$a-<case>`."""

    name: str
    body: str = ""
    who: UserId = ANN
    at: int = 0  # seconds
    type: str = TEXT
    relation: Mapping[str, Any] | None = None
    content: Mapping[str, Any] = field(default_factory=dict)
    redacts: str | None = None
    room: str = HERE
    state_key: str | None = None


def edit(name: str, of: str, body: str, **more: Any) -> Told:
    new = {"m.new_content": {"msgtype": "m.text", "body": body}}
    relation = {"rel_type": "m.replace", "event_id": of}
    return Told(name, f"* {body}", **{"relation": relation, "content": new, **more})


def react(name: str, to: str, key: str = "👍", **more: Any) -> Told:
    hand = {"rel_type": "m.annotation", "event_id": to, "key": key}
    return Told(name, type="m.reaction", **{"relation": hand, **more})


def redact(name: str, of: str, **more: Any) -> Told:
    return Told(name, type="m.room.redaction", redacts=of, **more)


def thread(name: str, root: str, body: str, **more: Any) -> Told:
    return Told(name, body, relation={"rel_type": "m.thread", "event_id": root}, **more)


def reply(name: str, to: str, body: str, **more: Any) -> Told:
    return Told(name, body, relation={"m.in_reply_to": {"event_id": to}}, **more)


POLL = {
    "org.matrix.msc3381.poll.start": {"question": {"org.matrix.msc1767.text": "When?"}},
    "org.matrix.msc1767.text": "When? 1. Monday 2. Tuesday",
}
STABLE_POLL = {"m.poll": {"question": {}}, "m.text": [{"body": "Where? 1. Here"}]}
BARE_POLL = {
    "org.matrix.msc3381.poll.start": {
        "question": {"body": "When?"},
        "answers": [
            {"org.matrix.msc1767.text": "Monday"}, "?", {"m.text": [{"body": "Tuesday"}]},
        ],
    },
}  # fmt: skip

# Number and what it is; what happens; what is shown: words, "" if gone, reactions, the thread.
CASES: Sequence[tuple[str, Sequence[Told], Mapping[str, str]]] = (
    ("1 a child before its parent",
     [thread("$b", "$a", "b"), edit("$e", "$a", "new"), react("$r", "$a"), Told("$a", "old")],
     {"$a": "new 👍", "$b": "b in $a"}),
    ("2 an edit before its original", [edit("$e", "$a", "new"), Told("$a", "old")], {"$a": "new"}),
    ("3 a redaction before its target", [redact("$r", "$a"), Told("$a", "canary")], {"$a": ""}),
    ("4 an edit by another", [Told("$a", "a"), edit("$e", "$a", "forged", who=BEN)], {"$a": "a"}),
    ("5 an edit that changes the type",
     [Told("$a", "a"), edit("$e", "$a", "forged", type="m.sticker")], {"$a": "a"}),
    ("6 an edit of an edit",
     [Told("$a", "a"), edit("$e", "$a", "b"), edit("$f", "$e", "c")], {"$a": "b"}),
    ("7 an edit of a state event",
     [Told("$s", type="m.room.topic", state_key="", content={"topic": "t"}),
      edit("$e", "$s", "canary")], {}),
    ("8 an edit without new content",
     [Told("$a", "a"), edit("$e", "$a", "b", content={})], {"$a": "a"}),
    ("9 two edits of one moment",
     [Told("$a", "a"), edit("$f", "$a", "two", at=5), edit("$e", "$a", "one", at=5)],
     {"$a": "two"}),
    ("10 an older edit after a newer",
     [Told("$a", "a"), edit("$e", "$a", "newer", at=9), edit("$f", "$a", "older", at=5)],
     {"$a": "newer"}),
    ("11 the newest edit taken back",
     [Told("$a", "a"), edit("$e", "$a", "b", at=1), edit("$f", "$a", "c", at=2),
      redact("$r", "$f")], {"$a": "b"}),
    ("12 the original taken back, its edits with it, late ones too",
     [Told("$a", "a"), edit("$e", "$a", "canary"), redact("$r", "$a"),
      edit("$f", "$a", "late canary", at=9)], {"$a": ""}),
    ("13 a redaction that is redacted itself",
     [Told("$a", "a"), redact("$r", "$a"), redact("$q", "$r")], {"$a": ""}),
    ("14 a reaction taken back",
     [Told("$a", "a"), react("$x", "$a"), redact("$r", "$x")], {"$a": "a"}),
    ("15 the same reaction twice by one person",
     [Told("$a", "a"), react("$x", "$a", who=BEN), react("$y", "$a", who=BEN)], {"$a": "a 👍"}),
    ("16 a reaction to an edit",
     [Told("$a", "a"), edit("$e", "$a", "b"), react("$x", "$e")], {"$a": "b"}),
    ("17 a reaction as long as a letter",
     [Told("$a", "a"), react("$x", "$a", "x" * 10_000)], {"$a": "a"}),
    ("18 a thread under a plain reply",
     [Told("$a", "a"), reply("$b", "$a", "b"), thread("$c", "$b", "c")],
     {"$a": "a", "$b": "b in $a", "$c": "c in $b"}),
    ("19 a thread on what is in a thread: shown apart",
     [Told("$a", "a"), thread("$b", "$a", "b"), thread("$c", "$b", "c")],
     {"$a": "a", "$b": "b in $a", "$c": "c in $b"}),
    ("22 replies to what is gone, unknown, or in another room",
     [Told("$x", "x", room=ELSEWHERE), Told("$a", "a"), redact("$r", "$a"),
      reply("$b", "$a", "b"), reply("$c", "$never", "c"), reply("$d", "$x", "d")],
     {"$a": "", "$b": "b in $a", "$c": "c", "$d": "d"}),
    ("23 relations across rooms",
     [Told("$a", "a"), edit("$e", "$a", "forged", room=ELSEWHERE),
      react("$x", "$a", room=ELSEWHERE), redact("$r", "$a", room=ELSEWHERE)], {"$a": "a"}),
    ("25 a reference is a link only",
     [Told("$a", "a"), Told("$b", "b", relation={"rel_type": "m.reference", "event_id": "$a"})],
     {"$a": "a", "$b": "b"}),
    ("26 polls under both names, with text and without",
     [Told("$p", type="org.matrix.msc3381.poll.start", content=POLL),
      Told("$q", type="m.poll.start", content=STABLE_POLL),
      Told("$r", type="org.matrix.msc3381.poll.start", content=BARE_POLL),
      Told("$s", type="m.poll.start", content={"m.poll": {"question": "?", "answers": 3}})],
     {"$p": "When? 1. Monday 2. Tuesday", "$q": "Where? 1. Here",
      "$r": "When?\n1. Monday\n3. Tuesday", "$s": ""}),
    ("27 an edited poll",
     [Told("$p", type="org.matrix.msc3381.poll.start", content=POLL),
      edit("$e", "$p", "", type="org.matrix.msc3381.poll.start",
           content={"m.new_content": {**POLL, "org.matrix.msc1767.text": "Then when?"}})],
     {"$p": "Then when?"}),
    ("46 HTML alone, with a link that must not run",
     [Told("$a", content={"msgtype": "m.text",
                          "formatted_body": '<a href="javascript:x()">here</a>'})],
     {"$a": "here"}),
    ("47 reply fallbacks in HTML, nested and unclosed",
     [Told("$a", content={"msgtype": "m.text",
                          "formatted_body": "<mx-reply><mx-reply>c</mx-reply></mx-reply>a"}),
      Told("$b", content={"msgtype": "m.text", "formatted_body": "<mx-reply>canary"})],
     {"$a": "a", "$b": ""}),
    ("48 a quotation that is no fallback", [Told("$a", "> she said\nyes")],
     {"$a": "> she said\nyes"}),
    ("49 right to left, joined emoji, combining marks", [Told("$a", "مرحبا 👩‍👩‍👧 e\u0301")],
     {"$a": "مرحبا 👩‍👩‍👧 e\u0301"}),
    ("52 stickers, places, voice",
     [Told("$s", "a cat", type="m.sticker"),
      Told("$l", "Here", content={"msgtype": "m.location", "geo_uri": "geo:1,2"}),
      Told("$v", "Voice", content={"msgtype": "m.audio", "org.matrix.msc3245.voice": {}})],
     {"$s": "a cat", "$l": "Here", "$v": "Voice"}),
    ("53 extensible text without a body",
     [Told("$a", content={"msgtype": "m.text", "org.matrix.msc1767.text": "new ways"}),
      Told("$b", content={"msgtype": "m.text", "m.text": [{"body": "newer ways"}]})],
     {"$a": "new ways", "$b": "newer ways"}),
    ("55 what bots say", [Told("$a", "beep", content={"msgtype": "m.notice"})], {}),
)  # fmt: skip


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
async def database(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Database]:
    """One for all cases: each has rooms of its own."""
    folder: Path = tmp_path_factory.mktemp("edge")
    url = f"sqlite:///{folder}/moothall.db"
    if request.param == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = f"hall_{uuid4().hex[:12]}"
        server.create_database(name)
        url = server.url(name)
    opened = await open_database(url)
    await opened.write(bring_up_to_date, alone=True)
    yield opened
    await opened.close()


def event_of(told: Told, case: str) -> RoomEvent:
    def here(name: str) -> str:
        return f"{name}-{case}"

    relation = None if told.relation is None else dict(told.relation)
    if relation and "event_id" in relation:
        relation["event_id"] = here(relation["event_id"])
    if relation and "m.in_reply_to" in relation:
        answered = relation["m.in_reply_to"]["event_id"]
        relation["m.in_reply_to"] = {"event_id": here(answered)}
    content = {"msgtype": "m.text", "body": told.body, **told.content}
    return RoomEvent(
        EventId(here(told.name)),
        RoomId(f"!{told.room}-{case}"),
        told.type,
        told.who,
        START + told.at * 1000,
        {key: value for key, value in content.items() if key != "body" or value},
        state_key=told.state_key,
        relates_to=relation,
        redacts=None if told.redacts is None else EventId(here(told.redacts)),
    )


@pytest.mark.parametrize(("number", "told", "shown"), CASES, ids=[one[0] for one in CASES])
@pytest.mark.parametrize("at_once", [True, False], ids=["in one answer", "one by one"])
async def test_edge_cases_of_messages(
    database: Database,
    number: str,
    told: Sequence[Told],
    shown: Mapping[str, str],
    at_once: bool,
) -> None:
    case = f"{number.split()[0]}{'a' if at_once else 'b'}"
    facts = [read_fact(event_of(one, case), "en") for one in told]

    def record(connection: Connection) -> list[ArchivedMessage]:
        for part in [facts] if at_once else [[fact] for fact in facts]:
            folding.record(connection, part, START + 60_000, "en")
        room = rooms.know(connection, RoomId(f"!{HERE}-{case}"))
        return archive.everything(connection, room.id)

    found = await database.write(record, alone=True)
    assert {one.event_id.removesuffix(f"-{case}"): as_shown(one, case) for one in found} == shown


def as_shown(one: ArchivedMessage, case: str) -> str:
    """Words, reactions, and the thread, if it is in one."""
    root = one.thread_root
    parts = [one.body, *one.reactions, f"in {root.removesuffix(f'-{case}')}" if root else ""]
    return " ".join(part for part in parts if part)

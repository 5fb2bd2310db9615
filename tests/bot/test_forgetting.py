"""What was taken back, erased, edited away or too old is in no file that the hall owns."""

import asyncio
import shutil
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import pytest
from sqlalchemy import Connection, insert, select, text

from bot import backup, erasing, exporting
from bot.hall import Bells, Hall
from bot.upkeep import Upkeep
from commands.context import Settings
from demo.postgres import Postgres
from storage import (
    documents,
    erasures,
    folding,
    inbox,
    meta,
    outbox,
    people,
    practices,
    purges,
    redacting,
    rooms,
    scrubbing,
    visits,
)
from storage.database import Database, open_database
from storage.documents import Document
from storage.facts import read_fact
from storage.migrations import bring_up_to_date
from storage.outbox import Action, Row
from storage.postgres import PostgresDatabase
from storage.records import (
    Answered,
    ArchiveRules,
    Community,
    EventId,
    Limits,
    Person,
    PracticeField,
    PracticeState,
    RoomEvent,
    RoomId,
    UserId,
)
from storage.tables.archive import event, message
from storage.tables.spine import quote
from storage.types import event_hash, milliseconds
from storage.visit_records import LineKind
from tests.traces import bytes_of

ANN, BEN, ME = UserId("@ann:test"), UserId("@ben:test"), UserId("@hall:test")
ROOM, PARTY = RoomId("!hall:test"), RoomId("!party:test")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
OLD = NOW - timedelta(days=800)
COMMUNITY = Community("N", "n", "UTC", "en", (), (), (), ())
FILLING = 300  # messages of others all around
KINDS = (
    "expired", "redacted", "erased", "edited", "unsent", "file", "name", "topic", "poll",
    "reaction", "practice", "summary", "visit", "purged",
)  # fmt: skip


def canary() -> str:
    """A word whose end stands nowhere else: the index stores the beginnings of words once."""
    return "zq" + "".join("bcdfghjklmnpqrst"[int(digit, 16)] for digit in uuid4().hex[:20])


def said(event_id: str, who: UserId, body: str, at: datetime = NOW, **more: Any) -> RoomEvent:
    content = {"msgtype": "m.text", "body": body, **more.pop("content", {})}
    when = milliseconds(at)
    return RoomEvent(EventId(event_id), ROOM, "m.room.message", who, when, content, **more)


def history(words: dict[str, str]) -> list[RoomEvent]:
    long = " ".join([words["redacted"], "and so on", *map(str, range(900))])
    new = {"m.new_content": {"msgtype": "m.text", "body": "other words"}}
    return [
        *(said(f"$f{n}", BEN, f"filling {n} " + "of a page " * (n % 9)) for n in range(FILLING)),
        said("$old", BEN, f"an {words['expired']} word", OLD),
        said("$red", BEN, f"a {words['redacted']} word"),
        said("$long", BEN, long),
        said("$gone", ANN, f"an {words['erased']} word"),
        said("$edit", BEN, f"an {words['edited']} word"),
        said("$edit2", BEN, "* other words", content=new,
             relates_to={"rel_type": "m.replace", "event_id": "$edit"}),
        said("$file", ANN, "a file", content={"msgtype": "m.file", "filename": words["file"],
             "url": "mxc://hs/x", "info": {"mimetype": f"text/{words['file']}"}}),
        *(state(f"$name{n}", who, "m.room.member", ANN,
                {"membership": "join", "displayname": f"Ann {words['name']}"})
          for n, who in enumerate((ANN, BEN))),  # she herself; and whoever let her in
        state("$topic", BEN, "m.room.topic", "", {"topic": f"about {words['topic']}"}),
        poll("$poll", BEN, words["poll"]),
        poll("$poll2", ANN, words["poll"]),
        react("$react", BEN, words["reaction"]),
        react("$react2", ANN, words["reaction"]),
        *(replace(one, room_id=PARTY) for one in party(words["purged"])),
        *(said(f"$g{n}", BEN, f"more filling {n} " + "of it " * (n % 9)) for n in range(FILLING)),
    ]  # fmt: skip


def party(word: str) -> list[RoomEvent]:
    """What a room holds whose archive will be thrown away."""
    new = {"m.new_content": {"msgtype": "m.text", "body": f"a better {word}"}}
    return [
        said("$p", BEN, f"a {word} word"),
        said("$p2", ANN, f"* a better {word}", content=new,
             relates_to={"rel_type": "m.replace", "event_id": "$p"}),
        said("$p3", BEN, f"{word}.pdf", content={"msgtype": "m.file", "url": "mxc://hs/p"}),
        replace(react("$p4", BEN, word), relates_to={
            "rel_type": "m.annotation", "event_id": "$p", "key": word}),
        state("$p5", BEN, "m.room.topic", "", {"topic": f"about {word}"}),
        poll("$p6", BEN, word),
        said("$p7", BEN, f"a {word} of next year", NOW + timedelta(days=365)),
    ]  # fmt: skip


def state(event_id: str, who: UserId, kind: str, key: str, content: dict[str, Any]) -> RoomEvent:
    return RoomEvent(EventId(event_id), ROOM, kind, who, milliseconds(NOW), content, state_key=key)


def poll(event_id: str, who: UserId, word: str) -> RoomEvent:
    asked = {
        "question": {"org.matrix.msc1767.text": f"Which {word}?"},
        "answers": [{"id": word, "org.matrix.msc1767.text": f"the {word}"}],
    }
    content = {"org.matrix.msc3381.poll.start": asked, "org.matrix.msc1767.text": f"{word}?"}
    kind = "org.matrix.msc3381.poll.start"
    return RoomEvent(EventId(event_id), ROOM, kind, who, milliseconds(NOW), content)


def react(event_id: str, who: UserId, key: str) -> RoomEvent:
    relation = {"rel_type": "m.annotation", "event_id": "$f1", "key": key}
    content = {"m.relates_to": relation}
    return RoomEvent(EventId(event_id), ROOM, "m.reaction", who, milliseconds(NOW), content,
                     relates_to=relation)  # fmt: skip


def redaction(target: str) -> RoomEvent:
    return RoomEvent(EventId(f"$r{target}"), ROOM, "m.room.redaction", BEN, milliseconds(NOW), {},
                     redacts=EventId(target))  # fmt: skip


async def record(database: Database, events: Sequence[RoomEvent]) -> None:
    facts = [read_fact(one, "en") for one in events]
    moment = milliseconds(NOW)
    for start in range(0, len(facts), 100):
        part = facts[start : start + 100]
        await database.write(lambda c: folding.record(c, part, moment, "en"), alone=True)  # noqa: B023 — awaited at once


def hall_of(database: Database, folder: Path) -> Hall:
    hall = SimpleNamespace(
        database=database,
        settings=Settings(COMMUNITY, Limits(), ArchiveRules()),
        clock=SimpleNamespace(now=lambda: NOW),
        bells=Bells(),
        folder=folder,
        saving_ledger=asyncio.Lock(),
        me=ME,
    )
    return cast(Hall, hall)


def found_in(folder: Path, words: dict[str, str]) -> dict[str, list[str]]:
    """What `grep -a` finds, in every file of a folder but the server's own write-ahead log."""
    found: dict[str, list[str]] = {kind: [] for kind in words}
    for path in folder.rglob("*"):
        if path.is_file() and "pg_wal" not in path.parts:
            contents = [bytes_of(path)]
            if path.suffix == ".zip":  # a backup
                with zipfile.ZipFile(path) as packed:
                    contents += map(packed.read, packed.namelist())
            for kind, word in words.items():
                if any(word[-12:].encode() in content for content in contents):
                    found[kind].append(path.name)
    return found


@pytest.mark.promise(
    "Words that were deleted, erased, thrown away, edited away or too old stand in no file of the"
    " hall: not in the database, its log or its index; a quarter of an hour later on SQLite, the"
    " next day on PostgreSQL, in the free space of whose pages they would stay"
)
@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_no_canary_is_left_in_any_file(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = {kind: canary() for kind in KINDS}
    files, url = tmp_path, f"sqlite:///{tmp_path}/moothall.db"
    if engine == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = f"hall_{uuid4().hex[:12]}"
        server.create_database(name)
        files, url = server.folder, server.url(name)
    database = await open_database(url)
    await database.write(bring_up_to_date, alone=True)
    await database.write(lambda c: _stand(c, words))
    await record(database, history(words))
    if isinstance(database, PostgresDatabase):
        # As the server does by itself: samples of each column go into its statistics.
        await _by_itself(database, "ANALYZE")
        await _by_itself(database, "CHECKPOINT")
    assert all(found_in(files, words).values())

    await database.study(partial(_export, tmp_path / "before"))
    assert found_in(tmp_path / "before", words)["practice"]
    shutil.rmtree(tmp_path / "before")

    gone = ("$red", "$long", "$edit", "$topic", "$poll", "$react")
    await record(database, [redaction(target) for target in gone])
    await database.write(_erase_ann)
    await database.write(_purge_the_party, alone=True)
    hall = hall_of(database, tmp_path)
    await erasing.carry_out(hall)
    await database.write(_tell_ann)
    await erasing.carry_out(hall)  # she is in no room any more
    upkeep = Upkeep(hall)
    await upkeep.expire()
    # Large tables are filled up in place of being written anew: here all count as large.
    monkeypatch.setattr(scrubbing, "SMALL", 0)
    await upkeep.clean(thoroughly=True)
    if isinstance(database, PostgresDatabase):
        await _by_itself(database, "CHECKPOINT")

    # What is made of it afterwards, too: an export, the ledger, a backup.
    await database.study(partial(_export, tmp_path / "after"))
    assert (tmp_path / "erasures.jsonl").stat().st_size
    await database.study(partial(_back_up, tmp_path / "after.zip"))
    for folder in {files, tmp_path}:
        assert found_in(folder, words) == {kind: [] for kind in words}
    await database.close()


async def test_what_is_erased_leaves_one_old_version_of_its_row(postgres: Postgres) -> None:
    """A version between, with words still in it, stood among tombstones, in holes too small to
    be filled up."""
    name = f"hall_{uuid4().hex[:12]}"
    postgres.create_database(name)
    database = await open_database(postgres.url(name))
    await database.write(bring_up_to_date, alone=True)
    await record(database, [said(f"$a{n}", ANN, f"what Ann said {n}") for n in range(3)])

    def erase(connection: Connection) -> int:
        rows = connection.execute(
            select(event.c.event_h, event.c.room_id).join(message, message.c.seq == event.c.seq)
        ).all()
        versions = text("SELECT n_tup_upd FROM pg_stat_xact_user_tables WHERE relname = 'message'")
        before = connection.execute(versions).scalar_one()
        redacting.erase(connection, [(row.event_h, row.room_id) for row in rows], "en")
        return int(connection.execute(versions).scalar_one() - before)

    assert await database.write(erase, alone=True) == 3
    left = text("SELECT count(*) FROM message WHERE body <> '' OR tsv <> ''")
    assert await database.read(lambda c: c.execute(left).scalar_one()) == 0
    await database.close()


def _export(folder: Path, connection: Connection) -> None:
    settings = Settings(COMMUNITY, Limits(), ArchiveRules())
    texts = exporting.compose(connection, exporting.Wanted(settings, ME, NOW, "en"))
    exporting.write(folder, exporting.Made(texts, {}, None))


def _back_up(target: Path, connection: Connection) -> None:
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as file:
        backup._write_tables(connection, file)


def _stand(connection: Connection, words: dict[str, str]) -> None:
    hall = meta.hall_id(connection)
    rooms.know(connection, ROOM)
    rooms.change(connection, ROOM, archive_on=True, archive_since=OLD)
    # An answer that quotes, and a command not answered yet, both still on their way.
    said_ = Row("reply/$q/0", ROOM, Action.MESSAGE, {"body": words["unsent"]}, "m.room.message")
    outbox.add(connection, hall, [said_], NOW)
    payload = {"event_id": "$c", "sender": ANN, "content": {"body": words["erased"]}}
    inbox.add(connection, [inbox.Entry("$c", ROOM, "event", 1, payload)], NOW)
    ann = people.know(connection, ANN)
    people.record_names(connection, {ANN: f"Ann {words['name']}"})
    _make_documents(connection, ann, words)


def _make_documents(connection: Connection, ann: Person, words: dict[str, str]) -> None:
    """What search reads beside messages: a practice of Ann's, a summary that quotes, a visit."""
    made = practices.start(connection, ann, PracticeState.DRAFT, NOW, cluster="housing")
    for field in (PracticeField.TITLE, PracticeField.PROBLEM):
        answered = Answered(f"A {words['practice']} of Ann", ROOM, EventId(f"${field}"))
        practices.answer(connection, made.number, field, answered, NOW)
    practices.step(connection, made.number, PracticeState.SHARED, ann, NOW)
    summary = Document(documents.SUMMARY, "reply/a/0", words["summary"], f"so {words['summary']}",
                       milliseconds(NOW), room_id=rooms.know(connection, ROOM).id)  # fmt: skip
    documents.put(connection, summary)
    connection.execute(insert(quote).values(event_h=event_hash("$red"), post="reply/a/0"))
    of_the_party = replace(summary, subject="summary/$p/$q", title=words["purged"],
                           room_id=rooms.know(connection, PARTY).id)  # fmt: skip
    documents.put(connection, of_the_party)
    visit = visits.add(
        connection, cluster="housing", room_id=ROOM, host="oslo", title=f"to {words['visit']}",
        days=1, state="draft", proposer=ANN, source="$visit", created_at=NOW, deadline=NOW,
        time_zone="UTC", quorum=1,
    )  # fmt: skip
    visits.add_line(connection, visit=visit.id, kind=LineKind.NOTE, author=ANN, created_at=NOW,
                    text=f"bring {words['visit']}", source="$line")  # fmt: skip


def _erase_ann(connection: Connection) -> None:
    outbox.drop_unsent(connection, "reply/$q/0", NOW)
    one = erasures.request(connection, people.know(connection, ANN), NOW, NOW)
    erasures.begin(connection, one)


def _purge_the_party(connection: Connection) -> None:
    one = purges.request(connection, rooms.know(connection, PARTY), NOW, "en")
    purges.begin(connection, one)


def _tell_ann(connection: Connection) -> None:
    for practice in practices.find(connection):  # as the listener of practices does
        practices.erase(connection, practice.number, None, NOW)
    (one,) = erasures.find(connection, erasures.SWEPT)
    erasures.finish(connection, one, NOW)


async def _by_itself(database: PostgresDatabase, what: str) -> None:
    engine = database._engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(text(what))

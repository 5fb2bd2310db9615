"""A database from an older backup follows what was erased after it, before anybody is answered."""

import json
import re
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, insert, select
from sqlalchemy.event import listen, remove

from bot import ledger as kept
from storage import (
    archive,
    documents,
    erasures,
    folding,
    ledger,
    marks,
    meta,
    people,
    practices,
    redacting,
    rooms,
    search,
    silences,
)
from storage.database import Database, SqliteDatabase
from storage.documents import Document
from storage.facts import read_fact
from storage.records import (
    Answered,
    EventId,
    PracticeField,
    PracticeState,
    RoomEvent,
    RoomId,
    UserId,
)
from storage.search import Reach, Scope
from storage.search.query import Word
from storage.tables.base import metadata
from storage.tables.spine import quote
from storage.types import event_hash, instant

ANN, BEN, ROOM = UserId("@ann:test"), UserId("@ben:test"), RoomId("!hall:test")
START = 1_772_438_400_000
NOW = instant(START + 20_000)


def said(number: int, who: UserId, body: str) -> RoomEvent:
    content = {"msgtype": "m.text", "body": body}
    return RoomEvent(
        EventId(f"$e{number}"), ROOM, "m.room.message", who, START + number * 1000, content
    )


async def tell(database: Database, *events: RoomEvent) -> None:
    facts = [read_fact(one, "en") for one in events]
    await database.write(lambda c: folding.record(c, facts, START + 60_000, "en"), alone=True)


async def bodies(database: Database) -> list[str]:
    def read(connection: Connection) -> list[str]:
        room = rooms.know(connection, ROOM)
        return [one.body for one in archive.everything(connection, room.id)]

    return await database.write(read)


def wipe(connection: Connection) -> None:
    """As if an older backup had been put back: same hall, nothing of what came since."""
    for table in metadata.sorted_tables:
        if table.name != "meta":
            connection.execute(table.delete())
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("INSERT INTO ft(ft) VALUES ('delete-all')")


@pytest.mark.promise(
    "A backup that is put back undoes no erasure, no opt-out and no deletion: the ledger, which"
    " holds neither names nor words, is played again before anybody is answered"
)
async def test_the_ledger_is_played_again_over_an_older_database(
    database: Database, tmp_path: Path
) -> None:
    talk = [said(1, ANN, "canary of ann"), said(2, BEN, "of ben"), said(3, BEN, "later of ben")]
    await tell(database, *talk)

    def erase(connection: Connection) -> None:
        meta.hall_id(connection)
        ann, ben = people.know(connection, ANN), people.know(connection, BEN)
        erasures.request(connection, ann, instant(START + 9_000), instant(START + 9_000))
        silences.begin(connection, ben.id, START + 3_000)
        room = rooms.know(connection, ROOM)
        gone = RoomEvent(EventId("$r"), ROOM, "m.room.redaction", BEN, START + 5_000, {},
                         redacts=EventId("$e2"))  # fmt: skip
        folding.record(connection, [read_fact(gone, "en")], START, "en")
        assert room.id

    await database.write(erase, alone=True)
    await kept.save(database, tmp_path)
    text = (tmp_path / kept.NAME).read_text()
    assert (tmp_path / kept.NAME).stat().st_mode & 0o777 == 0o600
    for word in ("canary", "ann", "@"):
        assert word not in text

    await database.write(wipe, alone=True)
    await tell(database, *talk)
    assert await bodies(database) == ["canary of ann", "of ben", "later of ben"]

    again = await kept.replay(database, tmp_path, instant(START + 20_000), "en")
    assert again == 1
    assert await bodies(database) == ["", "", ""]
    await tell(database, said(4, BEN, "canary still silent"), said(5, ANN, "canary as well"))
    assert await bodies(database) == [""] * 5
    assert await kept.replay(database, tmp_path, instant(START + 30_000), "en") == 0


async def test_the_ledger_takes_documents_out_of_search_too(
    database: Database, tmp_path: Path
) -> None:
    """A practice of somebody erased, one made of a deleted message, a summary that quotes one."""
    talk = [said(1, ANN, "of ann"), said(2, BEN, "of ben")]

    def restored(connection: Connection) -> None:
        for who, source in ((ANN, "$other"), (BEN, "$e2"), (BEN, "$kept")):
            author = people.know(connection, who)
            made = practices.start(connection, author, PracticeState.DRAFT, NOW, cluster="housing")
            title = Answered("canary", ROOM, EventId(source))
            practices.answer(connection, made.number, PracticeField.TITLE, title, NOW)
            practices.step(connection, made.number, PracticeState.SHARED, author, NOW)
        for key, quoted in (("reply/a/0", "$e2"), ("reply/b/0", "$e1"), ("reply/c/0", "$kept")):
            room = rooms.know(connection, ROOM).id
            told = Document(documents.SUMMARY, key, "canary", "canary", 5, room_id=room)
            documents.put(connection, told)
            connection.execute(insert(quote).values(event_h=event_hash(quoted), post=key))

    def found(connection: Connection) -> set[str]:
        reach = Reach(rooms=(1, 2), clusters=("housing",), everyone=True)
        rows = search.documents(connection, Word("canary"), Scope(rooms=()), reach)
        return {row.subject for row in rows}

    def lines(connection: Connection) -> list[str]:
        erased = {"mark": marks.mark_of(connection, ANN), "until": START + 9_000}
        redacted = {"event": event_hash("$e2"), "room": ROOM, "at": START + 5_000}
        return [
            json.dumps({"kind": "erased", **erased}),
            json.dumps({"kind": "redacted", **redacted}),
        ]

    await tell(database, *talk)
    await database.write(restored, alone=True)
    assert len(await database.read(found)) == 6
    kept.write(tmp_path, await database.write(lines))
    assert await kept.replay(database, tmp_path, NOW, "en") == 1
    assert await database.read(found) == {"P-3", "reply/c/0"}
    assert await bodies(database) == ["", ""]


@pytest.mark.parametrize("keeps", [True, False])
async def test_the_choice_about_practices_is_played_again_too(
    database: Database, tmp_path: Path, keeps: bool
) -> None:
    """Of somebody whom the backup knows, and of somebody whom it does not."""

    def erase(connection: Connection) -> None:
        for who in (ANN, BEN):
            person = people.know(connection, who)
            erasures.request(connection, person, NOW, NOW, keep_practices=keeps)

    def know_ann(connection: Connection) -> None:
        author = people.know(connection, ANN)
        made = practices.start(connection, author, PracticeState.DRAFT, NOW, cluster="housing")
        title = Answered("canary", ROOM, EventId("$e1"))
        practices.answer(connection, made.number, PracticeField.TITLE, title, NOW)
        practices.step(connection, made.number, PracticeState.SHARED, author, NOW)

    def found(connection: Connection) -> int:
        reach = Reach(rooms=(1, 2), clusters=("housing",), everyone=True)
        return len(search.documents(connection, Word("canary"), Scope(rooms=()), reach))

    await database.write(meta.hall_id)
    await database.write(erase)
    await kept.save(database, tmp_path)
    written = (tmp_path / kept.NAME).read_text()
    await database.write(wipe, alone=True)
    await database.write(know_ann, alone=True)
    assert await kept.replay(database, tmp_path, NOW, "en") == 1
    again = await database.read(erasures.find)
    assert [one.keep_practices for one in again] == [keeps, keeps]
    assert {one.state for one in again} == {erasures.ASKED, erasures.DONE}
    assert await database.read(found) == int(keeps), "what stays is not hidden meanwhile"
    await kept.save(database, tmp_path)
    again_written = (tmp_path / kept.NAME).read_text()
    assert sorted(again_written.splitlines()) == sorted(written.splitlines()), "nor lost next time"


async def test_who_opted_out_is_silent_though_the_backup_does_not_know_them(
    database: Database, tmp_path: Path
) -> None:
    def opt_out(connection: Connection) -> None:
        ann, ben = people.know(connection, ANN), people.know(connection, BEN)
        silences.begin(connection, ann.id, START + 1_000)
        silences.begin(connection, ben.id, START + 1_500)
        silences.end(connection, ben.id, START + 2_500)

    def restored(connection: Connection) -> None:
        wipe(connection)
        for key in meta.beginning_with(connection, meta.SILENT):
            meta.forget(connection, key)

    await database.write(meta.hall_id)
    await database.write(opt_out)
    await kept.save(database, tmp_path)
    for _ in range(2):  # what is written down after the first time tells of it again
        await database.write(restored, alone=True)
        assert await kept.replay(database, tmp_path, NOW, "en") == 0
        await kept.save(database, tmp_path)
    text = (tmp_path / kept.NAME).read_text()
    assert "@" not in text
    await tell(database, *(said(number, BEN, f"of ben {number}") for number in range(1, 4)))
    await tell(database, said(4, ANN, "canary"))
    assert await bodies(database) == ["of ben 1", "", "of ben 3", ""]
    assert await database.read(marks.strangers) == {}
    await kept.save(database, tmp_path)
    again = (tmp_path / kept.NAME).read_text()
    assert sorted(again.splitlines()) == sorted(text.splitlines())


async def test_of_somebody_the_backup_does_not_know_the_ledger_still_knows(
    database: Database, tmp_path: Path
) -> None:
    def mark(connection: Connection) -> str:
        return marks.mark_of(connection, ANN)

    known = await database.write(mark)
    line = json.dumps({"kind": "erased", "mark": known, "until": START, "asked": START})
    kept.write(tmp_path, [line, "{cut o", '{"kind":"what"}'])
    assert await kept.replay(database, tmp_path, instant(START), "en") == 0
    await tell(database, said(1, ANN, "canary"))
    assert await bodies(database) == [""]


async def test_words_said_in_silence_are_not_stored_however_late_they_come(
    database: Database,
) -> None:
    def consent(connection: Connection) -> None:
        ann = people.know(connection, ANN)
        silences.begin(connection, ann.id, START + 2_000)
        silences.end(connection, ann.id, START + 4_000)

    await database.write(consent)
    told = [said(number, ANN, f"word {number}") for number in range(1, 6)]
    await tell(database, *reversed(told))
    assert await bodies(database) == ["word 1", "", "", "word 4", "word 5"]


async def test_words_said_in_a_second_silence_are_not_stored_either(database: Database) -> None:
    """Erased, back, erased again: both times begin with all that was said before."""

    def consent(connection: Connection) -> None:
        ann = people.know(connection, ANN)
        silences.begin(connection, ann.id, 0)
        silences.end(connection, ann.id, START + 2_000)
        silences.begin(connection, ann.id, 0)
        silences.end(connection, ann.id, START + 4_000)

    await database.write(consent)
    await tell(database, *(said(number, ANN, f"word {number}") for number in range(1, 6)))
    assert await bodies(database) == ["", "", "", "word 4", "word 5"]


def silence_of(connection: Connection, who: UserId) -> tuple[bool, silences.Spans]:
    """Whether somebody is silent now, and all times."""
    number, everybody = people.know(connection, who).id, silences.all_of(connection)
    return number in everybody.now, everybody.spans.get(number, ())


@pytest.mark.parametrize("erased", [True, False])
@pytest.mark.parametrize("backed_up", ["before", "in the silence", "unknown"])
async def test_who_had_opted_in_again_is_not_silent_after_a_restore(
    database: Database, tmp_path: Path, backed_up: str, erased: bool
) -> None:
    talk = [said(number, ANN, f"word {number}") for number in (1, 3, 5)]
    since, until = (0 if erased else START + 2_000), START + 4_000

    def silent(connection: Connection) -> None:
        ann = people.know(connection, ANN)
        if erased:
            erasures.request(connection, ann, instant(START + 2_000), NOW)
        else:
            silences.begin(connection, ann.id, since)

    await database.write(meta.hall_id)
    await database.write(silent)
    stale = await database.read(lambda c: list(ledger.lines(c)))
    await database.write(lambda c: silences.end(c, people.know(c, ANN).id, until))
    lines = await database.read(lambda c: list(ledger.lines(c)))
    await database.write(wipe, alone=True)
    if backed_up != "unknown":
        await tell(database, *talk)
    if backed_up == "in the silence":
        await database.write(silent)

    # A ledger that holds what the older database knew, too.
    kept.write(tmp_path, [*lines, *(line for line in stale if line not in lines)])
    for _ in range(2):
        await kept.replay(database, tmp_path, NOW, "en")
    if backed_up == "unknown":
        await tell(database, *talk)
    state = await database.write(lambda c: silence_of(c, ANN))
    assert state == (False, ((since, until),))
    assert await bodies(database) == ["" if erased else "word 1", "", "word 5"]


async def test_a_ledger_that_was_not_written_since_makes_nobody_silent(
    database: Database, tmp_path: Path
) -> None:
    await database.write(meta.hall_id)
    await database.write(lambda c: silences.begin(c, people.know(c, ANN).id, START + 2_000))
    await kept.save(database, tmp_path)
    await database.write(lambda c: silences.end(c, people.know(c, ANN).id, START + 4_000))
    await tell(database, said(5, ANN, "word 5"))
    await kept.replay(database, tmp_path, NOW, "en")
    assert await bodies(database) == ["word 5"]
    assert not (await database.write(lambda c: silence_of(c, ANN)))[0]


async def test_who_came_back_after_an_erasure_is_silent_though_the_backup_is_of_before(
    database: Database, tmp_path: Path
) -> None:
    """They had opted in again when it was made; then they opted out, left, and came back."""

    def opted_in(connection: Connection) -> None:
        ann = people.know(connection, ANN)
        one = erasures.request(connection, ann, instant(START), NOW)
        erasures.change(connection, one.id, state=erasures.DONE)
        silences.end(connection, ann.id, START + 2_000)

    await database.write(meta.hall_id)
    await database.write(opted_in)
    assert await database.write(erasures.forget_gone) == 0, "they have begun anew"
    await database.write(lambda c: silences.begin(c, people.know(c, ANN).id, START + 3_000))
    assert await database.write(erasures.forget_gone) == 1
    await tell(database, said(4, ANN, "canary"))
    assert await bodies(database) == [""]
    await kept.save(database, tmp_path)
    await database.write(wipe, alone=True)
    await database.write(opted_in)
    await kept.replay(database, tmp_path, NOW, "en")
    await tell(database, said(4, ANN, "canary"))
    assert await bodies(database) == [""]
    assert (await database.write(lambda c: silence_of(c, ANN)))[0]


async def test_a_quoted_fallback_and_html_are_not_kept_beside_the_words(
    database: Database,
) -> None:
    quoting = "<mx-reply><blockquote>canary of ann</blockquote></mx-reply>my answer"
    event = said(1, BEN, "> <@ann:test> canary of ann\n\nmy answer")
    content = {**event.content, "format": "org.matrix.custom.html", "formatted_body": quoting}
    reply = {"m.in_reply_to": {"event_id": "$e0"}}
    html = said(2, BEN, "")
    alone = {"msgtype": "m.text", "formatted_body": f"{quoting}<br>only <b>here</b>"}
    emote = said(3, BEN, "> * <@ann:test> hides the canary\n\nmy own words")
    events: list[Any] = [
        RoomEvent(event.event_id, ROOM, event.type, BEN, event.at, content, relates_to=reply),
        RoomEvent(html.event_id, ROOM, html.type, BEN, html.at, alone),
        RoomEvent(emote.event_id, ROOM, emote.type, BEN, emote.at, emote.content, relates_to=reply),
    ]
    await tell(database, *events)
    assert await bodies(database) == ["my answer", "my answer\nonly here", "my own words"]

    def read(connection: Connection) -> str:
        return repr([connection.execute(select(t)).all() for t in metadata.sorted_tables])

    assert "canary" not in await database.read(read)


async def test_taking_back_reads_no_table_from_end_to_end(database: Database) -> None:
    if not isinstance(database, SqliteDatabase):
        return  # PostgreSQL looks pairs up in an index by itself
    await tell(database, said(1, ANN, "canary"))
    seen: list[tuple[str, Any]] = []
    heard = partial(_note, seen)
    listen(database._engine, "before_cursor_execute", heard)

    def erase(connection: Connection) -> None:
        room = rooms.know(connection, ROOM)
        redacting.erase(connection, [(event_hash("$e1"), room.id), (5, room.id)], "en")
        who = people.know(connection, ANN)
        one = erasures.request(connection, who, instant(START), instant(START))
        erasures.step(connection, one, "en", 5)

    await database.write(erase, alone=True)
    remove(database._engine, "before_cursor_execute", heard)

    def scans(connection: Connection) -> list[str]:
        plans = [
            (row[-1], statement)
            for statement, values in seen
            if statement.startswith(("SELECT", "UPDATE", "DELETE"))
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
        ]
        large = re.compile(r"SCAN (event|message|reaction|revision|attachment)\b")
        return [statement for plan, statement in plans if large.match(plan)]

    assert await database.write(scans) == []
    assert len(seen) > 8


def _note(
    seen: list[tuple[str, Any]], _c: object, _u: object, statement: str, values: Any, *_: object
) -> None:
    seen.append((statement, values))

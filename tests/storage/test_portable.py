"""The archive as lines: out, in and out again gives the same bytes, and nothing erased returns."""

import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, delete, select, update

from demo.postgres import Postgres
from storage import (
    archive,
    erasures,
    folding,
    meta,
    people,
    portable,
    practices,
    rooms,
    search,
    silences,
)
from storage.database import Database, open_database
from storage.facts import read_fact
from storage.migrations import bring_up_to_date
from storage.portable_lines import Unreadable
from storage.records import (
    Answered,
    EventId,
    PracticeField,
    PracticeState,
    RoomEvent,
    RoomId,
    UserId,
)
from storage.search.marks import FILE, holds
from storage.search.query import Word
from storage.tables.archive import attachment, event, message
from storage.tables.visits import visit_line
from storage.types import instant
from tests.storage.histories import PEOPLE, ROOMS, START, Step, events_of

CAI = UserId("@cai:test")


@pytest.fixture
async def other(tmp_path: Path, postgres: Postgres) -> AsyncIterator[Database]:
    """Another hall's database, on the other engine."""
    name = f"hall_{uuid4().hex[:12]}"
    postgres.create_database(name)
    opened = await open_database(postgres.url(name))
    await opened.write(bring_up_to_date, alone=True)
    yield opened
    await opened.close()


@pytest.fixture
async def mine(tmp_path: Path) -> AsyncIterator[Database]:
    opened = await open_database(f"sqlite:///{tmp_path}/mine.db")
    await opened.write(bring_up_to_date, alone=True)
    yield opened
    await opened.close()


STORY = [
    Step("say", 0, 0, 0, 0, ("coffee", "Straße")),
    Step("thread", 0, 1, 1, 0, ("library",)),
    Step("reply", 0, 2, 1, 1, ("καφές",)),
    Step("edit", 0, 0, 2, 0, ("visit", "volunteer")),
    Step("react", 0, 1, 2, 0, ()),
    Step("say", 1, 1, 3, 0, ("rodzina",)),
    Step("redact", 1, 1, 4, 5, ()),
    Step("edit", 0, 2, 4, 11, ("bērni",)),  # of what never came
]


def tell(connection: Connection) -> None:
    meta.hall_id(connection)
    facts = [read_fact(one, "en") for one in events_of(STORY)]
    folding.record(connection, facts, START + 60_000, "en")
    file = {"msgtype": "m.file", "body": "The plan", "url": "mxc://x/y", "info": {"size": 7}}
    file["filename"] = "plan.pdf"
    sent = RoomEvent(EventId("$file"), ROOMS[0], "m.room.message", PEOPLE[1], START, file)
    place = {"geo_uri": "geo:1,2"}
    relation = {"rel_type": "m.replace", "event_id": "$file"}
    new = {"m.new_content": {**file, "filename": "map.pdf"}}
    named = RoomEvent(EventId("$named"), ROOMS[0], "m.room.message", PEOPLE[1], START + 1, new,
                      relates_to=relation)  # fmt: skip
    there = RoomEvent(EventId("$geo"), ROOMS[0], "m.location", PEOPLE[1], 2**60, place)
    both = [read_fact(one, "en") for one in (sent, named, there)]
    folding.record(connection, both, START + 60_000, "en")
    for who in PEOPLE:
        people.change(connection, who, display_name=f"Name of {who}", roles=["city-lead"])
    rooms.change(connection, ROOMS[0], name="Hall", cluster="housing", archive_on=True)
    ann = people.know(connection, PEOPLE[0])
    made = practices.start(connection, ann, PracticeState.DRAFT, instant(START), cluster="housing")
    told = Answered("Warm rooms", ROOMS[0], EventId("$p"))
    practices.answer(connection, made.number, PracticeField.TITLE, told, instant(START))
    silences.begin(connection, people.know(connection, PEOPLE[2]).id, START + 90_000)


async def out(database: Database) -> list[str]:
    return await database.read(lambda c: list(portable.lines(c)))


@pytest.mark.promise(
    "The archive as JSON Lines, taken in by another hall on another database, gives the same"
    " bytes again; taken in twice, nothing is there twice"
)
async def test_export_import_export_gives_the_same_bytes(mine: Database, other: Database) -> None:
    await mine.write(tell, alone=True)
    told = await out(mine)
    taken = await other.write(lambda c: portable.take_in(c, told), alone=True)
    assert (taken.events, taken.messages, taken.withheld) == (11, 5, 0)
    assert await out(other) == told
    again = await other.write(lambda c: portable.take_in(c, told), alone=True)
    assert (again.events, again.known, again.rows) == (0, 11, 0)
    assert await out(other) == told
    assert not await other.read(lambda c: rooms.archive_since(c, ROOMS[0]))
    hits = await other.read(_found)
    assert hits == ["visit volunteer"]
    assert await other.read(_with_file) == ["The plan"]
    assert not [one for one in told if "plan.pdf" in one and "first_name" not in one]
    gone = RoomEvent(EventId("$r"), ROOMS[0], "m.room.redaction", PEOPLE[1], START, {},
                     redacts=EventId("$named"))  # fmt: skip
    facts = [read_fact(gone, "en")]
    await other.write(lambda c: folding.record(c, facts, START + 60_000, "en"), alone=True)
    assert '"name":"plan.pdf"' in "".join(await out(other))


def _found(connection: Connection) -> list[str]:
    room = rooms.get(connection, ROOMS[0])
    assert room is not None
    rows = search.candidates(connection, Word("volunteer"), search.Scope(rooms=(room.id,)))
    return [one.body for one in archive.by_ids(connection, [row.message_id for row in rows])]


def _with_file(connection: Connection) -> list[str]:
    room = rooms.get(connection, ROOMS[0])
    assert room is not None
    scope = search.Scope(rooms=(room.id,), marks=((holds(FILE),),))
    rows = search.candidates(connection, Word("pdf"), scope)  # of its name
    return [one.body for one in archive.by_ids(connection, [row.message_id for row in rows])]


async def test_what_a_message_holds_comes_along_and_leaves_the_index_with_it(
    mine: Database, other: Database
) -> None:
    """Also from exports that did not say it; what opens a file does not come back with them."""
    await mine.write(tell, alone=True)
    told = [json.loads(one) for one in await out(mine)]
    (file,) = (one for one in told if "file" in one)
    assert file["message"].pop("marks") == "file"
    secret = {"key": {"k": "secret"}, "iv": "x", "hashes": {}, "url": "mxc://x/y"}
    file["content"] = {"file": secret}
    file["file"] |= {"sha256": "../../../etc/passwd", "kept_bytes": 7}
    old = [json.dumps(one) for one in told]
    await other.write(lambda c: portable.take_in(c, old), alone=True)
    assert await other.read(_with_file) == ["The plan"]
    again = "\n".join(await out(other))
    assert "secret" not in again
    assert "passwd" not in again
    gone = RoomEvent(EventId("$r"), ROOMS[0], "m.room.redaction", PEOPLE[1], START, {},
                     redacts=EventId("$file"))  # fmt: skip
    fact = read_fact(gone, "en")
    await other.write(lambda c: folding.record(c, [fact], START + 60_000, "en"), alone=True)
    assert await other.read(_with_file) == []


@pytest.mark.parametrize("block", ["org.matrix.msc3381.poll.start", "m.poll"])
async def test_what_a_poll_asked_before_it_was_edited_is_in_its_message_alone(
    mine: Database, other: Database, block: str
) -> None:
    """Neither the log has it beside the message, nor an export, nor what an older one brings."""
    kind = "m.poll.start" if block == "m.poll" else block

    def content(question: str) -> dict[str, Any]:
        return {block: {"question": {"m.text": [{"body": question}]}},
                "m.text": [{"body": question}], "msgtype": "m.text"}  # fmt: skip

    poll = RoomEvent(EventId("$p"), ROOMS[0], kind, PEOPLE[0], START, content("canary?"))
    relation = {"rel_type": "m.replace", "event_id": "$p"}
    new = {"m.new_content": content("Shall he move?")}
    edit = RoomEvent(
        EventId("$e"), ROOMS[0], kind, PEOPLE[0], START + 1_000, new, relates_to=relation
    )

    def tell_of_polls(connection: Connection) -> None:
        facts = [read_fact(one, "en") for one in (poll, edit)]
        folding.record(connection, facts, START + 60_000, "en")

    def for_members(connection: Connection) -> list[str]:
        number = rooms.know(connection, ROOMS[0]).id
        return list(portable.lines(connection, [number], lambda _room, _at: True))

    await mine.write(tell_of_polls, alone=True)
    told = await mine.read(for_members)
    assert not [line for line in told if "canary" in line]
    assert [line for line in told if "Shall he move?" in line]
    asked = f'"content":{json.dumps({block: {"question": "canary?"}})},"message":'
    older = [line.replace('"message":', asked) if "$p" in line else line for line in told[:-1]]
    assert "canary" in "".join(older)
    await other.write(lambda c: portable.take_in(c, older), alone=True)
    assert "canary" not in "".join(await other.read(for_members))


async def test_a_poll_that_has_no_text_beside_the_log_keeps_what_it_asks(
    mine: Database, database: Database
) -> None:
    """Such as an older hall kept; deleted, it is empty all the same."""
    kind = "org.matrix.msc3381.poll.start"
    asked = {kind: {"question": {"m.text": "Which day?"}, "answers": []}}
    poll = RoomEvent(EventId("$p"), ROOMS[0], kind, PEOPLE[0], START, {})
    gone = RoomEvent(EventId("$r"), ROOMS[0], "m.room.redaction", PEOPLE[0], START, {},
                     redacts=EventId("$p"))  # fmt: skip
    await _hears(mine, poll)
    await mine.write(lambda c: c.execute(update(event).values(content=asked)))
    await mine.write(lambda c: meta.hall_id(c))
    told = await out(mine)
    assert "Which day?" in "".join(told)
    await database.write(lambda c: portable.take_in(c, told), alone=True)
    assert await out(database) == told
    await _hears(database, gone)
    await database.write(lambda c: portable.take_in(c, told), alone=True)
    assert "Which day?" not in "".join(await out(database))


@pytest.mark.promise("What was erased, deleted or is not to be kept does not return with an import")
async def test_an_older_export_brings_nothing_erased_back(database: Database) -> None:
    await database.write(tell, alone=True)
    told = await out(database)

    def forget(connection: Connection) -> None:
        one = erasures.request(
            connection, people.know(connection, PEOPLE[0]), instant(START + 50_000), instant(START)
        )
        last: int | None = -1
        while last is not None:
            last = erasures.step(connection, one, "en", 10, last)
        erasures.begin(connection, one)
        gone = RoomEvent(EventId("$r1"), ROOMS[0], "m.room.redaction", PEOPLE[1], START + 9_000,
                         {}, redacts=EventId("$event-01"))  # fmt: skip
        folding.record(connection, [read_fact(gone, "en")], START + 60_000, "en")

    await database.write(forget, alone=True)
    before = await out(database)
    await database.write(lambda c: portable.take_in(c, told), alone=True)
    after = await out(database)
    words = ("coffee", "volunteer", "library", "plan.pdf")
    assert [w for w in words if w in "".join(before)] == ["plan.pdf"]
    assert [w for w in words if w in "".join(after)] == ["plan.pdf"]

    # Also where their rows are gone, as if the lines came from a hall that had been here longer.
    def lose(connection: Connection) -> None:
        for table in (message, event, attachment):
            connection.execute(delete(table))

    await database.write(lose, alone=True)
    taken = await database.write(lambda c: portable.take_in(c, told), alone=True)
    assert taken.withheld == 3  # erased, deleted, and of somebody who is silent now
    assert [w for w in words if w in "".join(await out(database))] == ["plan.pdf"]


@pytest.mark.parametrize("older", [False, True])
async def test_what_belongs_to_a_visit_comes_along(database: Database, older: bool) -> None:
    """Also from exports that told its kind in place of what the line is."""
    told = [json.loads(one) for one in _rows(PEOPLE[0], START)]
    (note,) = (one for one in told if one["kind"] == "visit_line")
    if older:
        note["kind"] = note.pop("its_kind")
    lines = [json.dumps(one) for one in told]
    await database.write(lambda c: portable.take_in(c, lines), alone=True)
    (kept,) = await database.read(lambda c: c.execute(select(visit_line)).all())
    assert (kept.kind, kept.text, kept.author) == ("note", "canary", PEOPLE[0])
    (line,) = [one for one in await out(database) if '"visit_line"' in one]
    assert json.loads(line)["its_kind"] == "note"


def _says(event_id: str, body: str, at: int, edits: str = "", by: UserId = PEOPLE[0]) -> RoomEvent:
    """Somebody says something, or edits it; at: seconds after the start."""
    new = {"msgtype": "m.text", "body": body}
    moment = START + at * 1000
    if not edits:
        return RoomEvent(EventId(event_id), ROOMS[0], "m.room.message", by, moment, new)
    relation = {"rel_type": "m.replace", "event_id": edits}
    content = {**new, "m.new_content": new}
    return RoomEvent(
        EventId(event_id), ROOMS[0], "m.room.message", by, moment, content, relates_to=relation
    )


async def _hears(database: Database, *events: RoomEvent) -> None:
    facts = [read_fact(one, "en") for one in events]
    await database.write(lambda c: folding.record(c, facts, START + 900_000, "en"), alone=True)


async def _worded(database: Database, word: str) -> list[str]:
    """What is found by a word."""

    def find(connection: Connection) -> list[str]:
        scope = search.Scope(rooms=(rooms.know(connection, ROOMS[0]).id,))
        rows = search.candidates(connection, Word(word), scope)
        return [one.body for one in archive.by_ids(connection, [row.message_id for row in rows])]

    return await database.read(find)


SAID, EDIT = _says("$1", "the secret flat", 0), _says("$2", "a flat", 1, edits="$1")


@pytest.mark.parametrize("known", ["the message", "its edit", "a deletion of the edit"])
async def test_a_message_that_was_here_before_its_edit_or_after_it_shows_what_counts(
    mine: Database, database: Database, known: str
) -> None:
    gone = RoomEvent(
        EventId("$r"), ROOMS[0], "m.room.redaction", PEOPLE[0], START + 2_000, {},
        redacts=EDIT.event_id,
    )  # fmt: skip
    await _hears(mine, SAID)
    earlier = await out(mine)
    await _hears(mine, EDIT)
    told = earlier if known == "its edit" else await out(mine)
    here = {"the message": SAID, "its edit": EDIT, "a deletion of the edit": gone}
    await _hears(database, here[known])
    for _ in range(2):
        await database.write(lambda c: portable.take_in(c, told), alone=True)
        left = SAID if known == "a deletion of the edit" else EDIT
        assert await _worded(database, "flat") == [left.content["body"]]
    assert bool(await _worded(database, "secret")) is (known == "a deletion of the edit")


async def test_an_edit_of_who_is_silent_takes_the_old_words_away_and_brings_none(
    mine: Database, database: Database
) -> None:
    """As it does when it is heard; somebody else's edit does not bring them back."""
    await _hears(mine, SAID, EDIT)
    told = await out(mine)

    def was_silent(connection: Connection) -> None:
        ann = people.know(connection, PEOPLE[0]).id
        silences.begin(connection, ann, START + 500)
        silences.end(connection, ann, START + 5_000)

    await database.write(was_silent, alone=True)
    await database.write(lambda c: portable.take_in(c, told), alone=True)
    await _hears(database, _says("$3", "a flat, they say", 9, edits="$1", by=PEOPLE[1]))
    assert await _worded(database, "flat") == []
    assert '"body":"a flat"' not in "".join(await out(database))


def _rows(author: UserId, at: int) -> list[str]:
    """Of every other table a line with words, by the same person at the same moment (ms)."""
    by_number = {"person_id": author, "at": at}
    by_address = {"author": author, "created_at": at, "text": "canary"}
    voice = {"key": author, "people": [author, PEOPLE[1]], "contact": author}
    said = {"room_id": ROOMS[0], "event_id": "$said"}
    told: list[dict[str, Any]] = [
        {"kind": "moothall archive", "format": 1},
        {"kind": "practice", "id": 1, "state": "shared", "author_id": PEOPLE[1], "created_at": at,
         "changed_at": at, "reason": "", "card": 0, "language": ""},
        {"kind": "practice_step", "id": 1, "practice_id": 1, "state": "shared", **by_number},
        {"kind": "practice_review", "practice_id": 1, "question": "clear", "verdict": "yes",
         "facilitator": False, "text": "canary", "event_id": "$said", **by_number},
        {"kind": "transfer", "id": 1, "practice_id": 1, "city": "lipohrad", "person_id": author,
         "state": "adapting", "room_id": ROOMS[0], "created_at": at, "heard_at": at,
         "changed_at": at},
        {"kind": "transfer_note", "id": 1, "transfer_id": 1, "state": "adapting",
         "text": "canary", **by_number, **said},
        {"kind": "transfer_note", "id": 2, "transfer_id": 1, "text": "canary", **by_number,
         **said, "event_id": "$diary"},
        {"kind": "visit", "id": 1, "cluster": "housing", "room_id": ROOMS[0], "host": "oslo",
         "title": "canary", "days": 2, "state": "draft", "proposer": author, "source": "$said",
         "created_at": at, "deadline": at, "time_zone": "UTC", "quorum": 1,
         "electorate": [voice]},
        {"kind": "visit_vote", "event_h": 7, "visit": 1, "option": 1, "event_id": "$vote",
         "person": author, "at": at, "value": "yes", "channel": "word"},
        {"kind": "visit_line", "id": 1, "visit": 1, "its_kind": "note", "source": "$said",
         "owner": author, **by_address},
        {"kind": "recommendation", "id": 1, "visit": 1, "city": "oslo", "source": "$said",
         "verdict": "open", "why": "canary", "why_source": "$said", **by_address},
        {"kind": "promise", "id": 1, "cluster": "housing", "source": "$said", "owner": author,
         "progress": "open", "why": "canary", "why_source": "$said", **by_address},
    ]  # fmt: skip
    return [json.dumps(one) for one in told]


async def test_a_practice_or_a_visit_that_was_here_before_gets_no_parts_of_another_s(
    database: Database,
) -> None:
    """Two halls count from 1, each; nor does an answer come back that was deleted here."""

    def of_our_own(connection: Connection) -> None:
        meta.hall_id(connection)
        ben = people.know(connection, PEOPLE[1])
        made = practices.start(
            connection, ben, PracticeState.DRAFT, instant(START), cluster="housing"
        )
        told = Answered("Warm rooms", ROOMS[0], EventId("$p"))
        practices.answer(connection, made.number, PracticeField.TITLE, told, instant(START))

    theirs = [json.loads(line) for line in _rows(PEOPLE[0], START)]
    field = {"kind": "practice_field", "practice_id": 1, "field": "problem", "text": "canary",
             "at": START}  # fmt: skip
    lines = [json.dumps(one) for one in (*theirs, field) if one["kind"] != "promise"]
    (visit,) = [{**one, "title": "Ours"} for one in theirs if one["kind"] == "visit"]
    await database.write(of_our_own)
    await database.write(lambda c: portable.take_in(c, [lines[0], json.dumps(visit)]), alone=True)
    before = await out(database)
    taken = await database.write(lambda c: portable.take_in(c, lines), alone=True)
    assert taken.rows == 0
    assert await out(database) == before


async def test_a_transfer_of_a_number_that_was_given_here_leaves_its_diary_out(
    database: Database,
) -> None:
    """Also where its practice comes in."""
    told = [json.loads(line) for line in _rows(PEOPLE[0], START)]
    ours = [{**one, "text": "ours"} for one in told if "transfer" in one["kind"]]
    ours = [{**one, "practice_id": 7} if one["kind"] == "transfer" else one for one in ours[:2]]
    first = [json.dumps(one) for one in (told[0], *ours)]
    await database.write(lambda c: portable.take_in(c, first), alone=True)
    lines = [json.dumps(one) for one in told]
    for _ in range(2):
        await database.write(lambda c: portable.take_in(c, lines), alone=True)
        notes = [one for one in await out(database) if '"transfer_note"' in one]
        assert [json.loads(one)["text"] for one in notes] == ["ours"]
    assert len([one for one in await out(database) if '"practice_review"' in one]) == 1


@pytest.mark.parametrize("later", [False, True])
async def test_an_older_export_brings_no_row_of_who_was_erased_back(
    database: Database, later: bool
) -> None:
    """Table by table; what they made after they were erased comes in."""

    def erase(connection: Connection) -> None:
        ann = people.know(connection, PEOPLE[0])
        erasures.request(connection, ann, instant(START), instant(START))

    await database.write(erase)
    lines = _rows(PEOPLE[0], START + 1000 if later else START)
    await database.write(lambda c: portable.take_in(c, lines), alone=True)
    told = [line for line in await out(database) if '"kind":"person"' not in line]
    assert bool([line for line in told if "canary" in line]) is later
    assert bool([line for line in told if PEOPLE[0] in line and '"silence"' not in line]) is later
    kinds = [json.loads(line)["kind"] for line in told]
    rows = {kind: kinds.count(kind) for kind in ("practice_review", "transfer_note", "visit_vote")}
    left = (1, 2, 1) if later else (0, 1, 0)
    assert tuple(rows.values()) == left
    assert kinds.count("transfer") == kinds.count("visit") == kinds.count("promise") == 1


async def test_an_older_export_brings_no_row_back_whose_message_was_deleted(
    database: Database,
) -> None:
    def delete_them(connection: Connection) -> None:
        gone = [
            RoomEvent(EventId(f"$gone{target}"), ROOMS[0], "m.room.redaction", PEOPLE[0], START,
                      {}, redacts=EventId(target))
            for target in ("$said", "$diary")
        ]  # fmt: skip
        folding.record(connection, [read_fact(one, "en") for one in gone], START, "en")

    await database.write(delete_them, alone=True)
    lines = _rows(PEOPLE[0], START)
    for _ in range(2):
        await database.write(lambda c: portable.take_in(c, lines), alone=True)
        told = await out(database)
        assert "canary" not in "".join(told)
        kinds = [json.loads(line)["kind"] for line in told]
        assert kinds.count("transfer_note") == kinds.count("visit") == kinds.count("promise") == 1


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (["{}"], "line 1 is no line"),
        (['{"kind":"event"}'], "line 1 does not say"),
        (['{"kind":"moothall archive","format":9}'], "line 1 does not say"),
        (['{"kind":"moothall archive","format":1}', "[]"], "line 2"),
        (['{"kind":"moothall archive","format":1}', '{"kind":[]}'], "line 2"),
        (['{"kind":"moothall archive","format":1}', '{"kind":"room"}'], "line 2.* room_id"),
        (
            ['{"kind":"moothall archive","format":1}', '{"kind":"end","lines":7}'],
            "some are missing",
        ),
        ([], "empty"),
    ],
)
async def test_what_is_no_archive_is_told_by_its_line(
    mine: Database, lines: list[str], says: str
) -> None:
    with pytest.raises(Unreadable, match=says):
        await mine.write(lambda c: portable.take_in(c, lines), alone=True)


class _NotNow(Exception):
    """Nothing of a try is to stay."""


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_whatever_is_damaged_in_a_line_is_told_or_taken_in(
    mine: Database, other: Database, engine: str
) -> None:
    here, there = (other, mine) if engine == "sqlite" else (mine, other)
    await here.write(tell, alone=True)
    told = [json.loads(one) for one in await out(here)]
    refused = 0
    for lines in _damaged(told):

        def take(connection: Connection, lines: list[str] = lines) -> None:
            portable.take_in(connection, lines)
            raise _NotNow

        with pytest.raises((Unreadable, _NotNow)) as outcome:
            await there.write(take, alone=True)
        refused += outcome.type is Unreadable
    assert refused > 100


def _damaged(told: list[dict[str, Any]]) -> Iterator[list[str]]:
    """The same lines with one field of the longest line of each kind missing, or strange."""
    longest = {one["kind"]: one for one in sorted(told, key=lambda one: len(json.dumps(one)))}
    parts = [(one, one) for one in longest.values()]
    for one in told:
        parts += [(one, one[name]) for name in ("message", "file") if "file" in one]
    for _line, part in parts:
        for name in [name for name in part if name not in ("kind", "format", "lines")]:
            kept = part.pop(name)
            strange: Any
            for strange in (None, [1], "\0", "\ud800", 1 << 70, True):
                part[name] = strange
                yield [json.dumps(one) for one in told]
            del part[name]
            yield [json.dumps(one) for one in told]
            part[name] = kept


async def test_lines_that_were_cut_short_are_noticed(mine: Database, other: Database) -> None:
    await mine.write(tell, alone=True)
    told = await out(mine)
    whole = await other.write(lambda c: portable.take_in(c, told), alone=True)
    cut = await other.write(lambda c: portable.take_in(c, told[:-4]), alone=True)
    assert (whole.whole, cut.whole) == (True, False)
    with pytest.raises(Unreadable, match="some are missing"):
        await other.write(lambda c: portable.take_in(c, told[:3] + told[4:]), alone=True)


async def test_of_one_room_nothing_of_another_is_told(mine: Database) -> None:
    await mine.write(tell, alone=True)

    def one(connection: Connection) -> list[str]:
        room = rooms.get(connection, RoomId(ROOMS[1]))
        assert room is not None
        return list(portable.lines(connection, [room.id]))

    told = "\n".join(await mine.read(one))
    assert ROOMS[0] not in told
    assert CAI not in told
    assert "Warm rooms" not in told
    assert await mine.read(lambda c: c.scalar(select(message.c.id).limit(1))) is not None

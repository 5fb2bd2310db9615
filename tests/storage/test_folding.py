"""The archive is what was said, in whatever order and how often it was told."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from storage import archive, folding, people, rooms, search, silences
from storage.database import Database
from storage.facts import Fact, read_fact
from storage.records import ArchivedMessage, EventId, RoomEvent, RoomId, UserId
from storage.search.query import Word
from storage.tables.archive import message
from storage.tables.base import metadata
from storage.types import event_hash
from tests.storage.histories import (
    PEOPLE,
    ROOMS,
    START,
    WORDS,
    Step,
    event_id,
    events_of,
    histories,
)

RECEIVED = START + 3_600_000


async def fold(database: Database, events: Sequence[RoomEvent], batches: Sequence[int]) -> None:
    """Tell events in batches of these sizes, the rest at the end."""
    facts = [read_fact(event, "en") for event in events]
    at = 0
    for size in [*batches, len(facts)]:
        part = facts[at : at + size]
        at += size
        if part:
            await database.write(partial(_record, part), alone=True)


def _record(part: Sequence[Fact], connection: Any) -> None:
    folding.record(connection, part, RECEIVED, "en")


async def empty(database: Database) -> None:
    def wipe(connection: Any) -> None:
        for table in metadata.sorted_tables:
            connection.execute(table.delete())
        if connection.dialect.name == "sqlite":
            connection.exec_driver_sql("INSERT INTO ft(ft) VALUES ('delete-all')")

    await database.write(wipe, alone=True)


Shown = list[
    tuple[
        str,
        str,
        str,
        datetime,
        str | None,
        bool,
        bool,
        tuple[tuple[str, int], ...],
        tuple[str, ...],
    ]
]


async def show(database: Database) -> tuple[Shown, dict[str, list[EventId]]]:
    """What readers see: every message, and who finds what by which word."""

    def read(connection: Any) -> tuple[Shown, dict[str, list[EventId]]]:
        known = [room for room_id in ROOMS if (room := rooms.get(connection, room_id))]
        messages = [one for room in known for one in archive.everything(connection, room.id)]
        numbers = tuple(room.id for room in known)
        found = {
            word: sorted(row.event_id for row in _hits(connection, word, numbers)) for word in WORDS
        }
        return [_facts_of(one) for one in messages], found

    return await database.read(read)


def _hits(connection: Any, word: str, numbers: tuple[int, ...]) -> list[ArchivedMessage]:
    rows = search.candidates(connection, Word(word), search.Scope(rooms=numbers))
    return archive.by_ids(connection, [row.message_id for row in rows])


def _facts_of(one: ArchivedMessage) -> Any:
    return (
        one.event_id,
        one.sender,
        one.body,
        one.at,
        one.thread_root,
        one.edited,
        one.redacted,
        tuple(one.reactions.items()),
        one.files,
    )


@pytest.mark.promise("The archive does not depend on the order in which events arrive")
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data(), history=histories)
async def test_any_order_and_repetition_gives_the_same_archive_and_the_same_hits(
    database: Database, data: st.DataObject, history: list[Step]
) -> None:
    events = events_of(history)
    await empty(database)
    await fold(database, events, [])
    straight = await show(database)
    told = data.draw(st.permutations(events + events[: len(events) // 2]))
    batches = data.draw(st.lists(st.integers(1, 4), max_size=8))
    await empty(database)
    await fold(database, told, batches)
    assert await show(database) == straight


def said(number: int, body: str, *, by: int = 0, **more: Any) -> RoomEvent:
    content = {"msgtype": "m.text", "body": body, **more.pop("content", {})}
    return RoomEvent(
        event_id(number),
        ROOMS[0],
        "m.room.message",
        PEOPLE[by],
        START + number * 1000,
        content,
        **more,
    )


def edit(
    number: int,
    of: int,
    body: str,
    *,
    by: int = 0,
    at: int | None = None,
    new: dict[str, Any] | None = None,
) -> RoomEvent:
    """new: its content, where it is more than words."""
    return RoomEvent(
        event_id(number),
        ROOMS[0],
        "m.room.message",
        PEOPLE[by],
        START + (number if at is None else at) * 1000,
        {"body": f"* {body}", "m.new_content": new or {"msgtype": "m.text", "body": body}},
        relates_to={"rel_type": "m.replace", "event_id": event_id(of)},
    )


def redaction(number: int, of: int) -> RoomEvent:
    return RoomEvent(
        event_id(number),
        ROOMS[0],
        "m.room.redaction",
        PEOPLE[0],
        START + number * 1000,
        {},
        redacts=event_id(of),
    )


async def bodies(database: Database) -> dict[EventId, str]:
    return {row[0]: row[2] for row in (await show(database))[0]}  # type: ignore[misc]


async def test_an_edit_by_somebody_else_changes_nothing(database: Database) -> None:
    await fold(database, [said(0, "coffee"), edit(1, 0, "visit", by=1)], [])
    assert await bodies(database) == {event_id(0): "coffee"}


async def test_the_old_words_of_an_edited_message_are_not_found(database: Database) -> None:
    await fold(database, [said(0, "coffee"), edit(1, 0, "library")], [1])
    _, found = await show(database)
    assert found["coffee"] == []
    assert found["library"] == [event_id(0)]


async def test_a_file_with_a_caption_is_found_by_its_name_until_it_is_deleted(
    database: Database,
) -> None:
    sent = said(0, "Our coffee", content={"msgtype": "m.file", "filename": "library_visit.pdf"})
    await fold(database, [sent, said(1, "visit")], [])
    for words, hits in (("coffee", [0]), ("library", [0]), ("visit", [0, 1])):
        assert (await show(database))[1][words] == [event_id(number) for number in hits]
    await fold(database, [edit(2, 0, "Our tea")], [])
    for words, hits in (("coffee", []), ("library", [0]), ("visit", [0, 1])):
        assert (await show(database))[1][words] == [event_id(number) for number in hits]
    await fold(database, [redaction(3, 0)], [])
    for words, hits in (("coffee", []), ("library", []), ("visit", [1])):
        assert (await show(database))[1][words] == [event_id(number) for number in hits]
    titles = await database.read(lambda c: list(c.scalars(select(message.c.title))))
    assert titles == [None, None]


RENAMED = {"msgtype": "m.file", "body": "Our coffee", "filename": "visit.pdf"}
CAPTIONED = {"msgtype": "m.file", "body": "Our tea", "filename": "library.pdf"}


@pytest.mark.promise("A file is found and shown by the name that it has now, whatever came first.")
@pytest.mark.parametrize("batches", [[1, 1], [2], []])
@pytest.mark.parametrize("edit_first", [False, True])
async def test_a_file_has_the_name_that_its_newest_edit_gives_it(
    database: Database, batches: list[int], edit_first: bool
) -> None:
    first = {"msgtype": "m.file", "filename": "library.pdf"}
    told = [said(0, "Our coffee", content=first), edit(1, 0, "Our coffee", new=RENAMED)]
    await fold(database, told[::-1] if edit_first else told, batches)
    for words, hits in (("coffee", [0]), ("library", []), ("visit", [0])):
        assert (await show(database))[1][words] == [event_id(number) for number in hits]
    assert await names(database) == ["visit.pdf"]
    await fold(database, [redaction(2, 1)], [])
    for words, hits in (("coffee", [0]), ("library", [0]), ("visit", [])):
        assert (await show(database))[1][words] == [event_id(number) for number in hits]
    assert await names(database) == ["library.pdf"]


async def test_a_file_that_gets_a_caption_later_is_found_by_both(database: Database) -> None:
    bare = said(0, "library.pdf", content={"msgtype": "m.file"})
    await fold(database, [bare, edit(1, 0, "Our tea", new=CAPTIONED)], [1])
    assert (await show(database))[1]["library"] == [event_id(0)]
    assert await names(database) == ["library.pdf"]
    assert await database.read(lambda c: c.scalar(select(message.c.title))) == "library.pdf"


async def names(database: Database) -> list[str]:
    room = await database.read(lambda c: rooms.know(c, ROOMS[0]).id)
    shown = await database.read(lambda c: archive.everything(c, room))
    return [name for one in shown for name in one.files]


async def test_a_redacted_edit_brings_the_words_before_it_back(database: Database) -> None:
    events = [said(0, "coffee"), edit(1, 0, "library"), edit(2, 0, "visit"), redaction(3, 2)]
    await fold(database, events, [1, 1, 1])
    assert await bodies(database) == {event_id(0): "library"}


async def test_what_was_redacted_before_it_came_is_never_stored(database: Database) -> None:
    await fold(database, [redaction(1, 0), said(0, "coffee"), edit(2, 0, "visit")], [1, 1])
    shown, found = await show(database)
    assert [(row[0], row[2], row[6]) for row in shown] == [(event_id(0), "", True)]
    assert found["coffee"] == found["visit"] == []


async def test_of_two_edits_at_the_same_moment_the_larger_event_id_counts(
    database: Database,
) -> None:
    await fold(database, [said(0, "a"), edit(2, 0, "two", at=5), edit(1, 0, "one", at=5)], [1, 1])
    assert await bodies(database) == {event_id(0): "two"}


async def test_a_plain_reply_into_a_thread_belongs_to_it_even_if_it_came_first(
    database: Database,
) -> None:
    in_thread = said(1, "b", relates_to={"rel_type": "m.thread", "event_id": event_id(0)})
    reply = said(2, "c", relates_to={"m.in_reply_to": {"event_id": event_id(1)}})
    await fold(database, [reply, in_thread, said(0, "a")], [1, 1])
    roots = {row[0]: row[4] for row in (await show(database))[0]}
    assert roots == {event_id(0): None, event_id(1): event_id(0), event_id(2): event_id(0)}


async def test_a_fallback_in_a_thread_is_no_reply(database: Database) -> None:
    elsewhere = said(1, "b", relates_to={"m.in_reply_to": {"event_id": event_id(0)}})
    falling_back = said(
        2,
        "c",
        relates_to={
            "rel_type": "m.thread",
            "event_id": event_id(5),
            "is_falling_back": True,
            "m.in_reply_to": {"event_id": event_id(1)},
        },
    )
    await fold(database, [said(0, "a"), elsewhere, falling_back, said(5, "root")], [])
    roots = {row[0]: row[4] for row in (await show(database))[0]}
    assert roots[event_id(2)] == event_id(5)


@pytest.mark.parametrize(
    "relation",
    [
        {"rel_type": "m.thread"},
        {"rel_type": None, "event_id": 7},
        {"m.in_reply_to": None},
        {"m.in_reply_to": {"event_id": 3.5}},
        {"rel_type": "m.replace", "event_id": "$event-00"},
        {"rel_type": "m.annotation", "event_id": "$event-00", "key": ["👍"]},
    ],
)
async def test_a_broken_relation_harms_nobody(database: Database, relation: Any) -> None:
    await fold(database, [said(0, "coffee"), said(1, "visit", relates_to=relation)], [])
    assert (await bodies(database))[event_id(0)] == "coffee"


@pytest.mark.parametrize("body", [None, 7, "", "\x00", "\ud800", "x" * 100_000, ["a"]])
async def test_any_body_can_be_stored(database: Database, body: Any) -> None:
    event = said(0, "", content={"body": body})
    await fold(database, [event], [])
    assert event_id(0) in await bodies(database)


@pytest.mark.parametrize("at", [-5, 0, 4_102_444_800_000, 2**62])
async def test_any_timestamp_can_be_stored_and_shown(database: Database, at: int) -> None:
    event = RoomEvent(
        EventId("$t"),
        RoomId("!r"),
        "m.room.message",
        UserId("@a:x"),
        at,
        {"msgtype": "m.text", "body": "visit"},
    )
    await fold(database, [event], [])

    def read(connection: Any) -> list[ArchivedMessage]:
        known = rooms.get(connection, RoomId("!r"))
        return [] if known is None else archive.everything(connection, known.id)

    assert [one.body for one in await database.read(read)] == ["visit"]


async def test_messages_of_one_second_all_find_a_place(database: Database) -> None:
    flood = [said(0, f"coffee {n}") for n in range(40)]
    events = [
        RoomEvent(EventId(f"$flood-{n}"), e.room_id, e.type, e.sender, START, e.content)
        for n, e in enumerate(flood)
    ]
    await fold(database, events, [7, 9, 11])
    assert len((await show(database))[0]) == 40


async def test_words_of_somebody_who_opted_out_are_not_stored(database: Database) -> None:
    def opt_out(connection: Any) -> None:
        people.know(connection, PEOPLE[0])
        people.change(connection, PEOPLE[0], archive=False)

    await database.write(opt_out)
    await fold(database, [said(0, "coffee"), edit(1, 0, "visit"), said(2, "library", by=1)], [1])

    def read(connection: Any) -> list[tuple[str, bool]]:
        known = rooms.get(connection, ROOMS[0])
        number = 0 if known is None else known.id
        return [(one.body, one.withheld) for one in archive.everything(connection, number)]

    assert await database.read(read) == [("", True), ("library", False)]


@pytest.mark.parametrize("edit_first", [False, True])
async def test_an_edit_said_in_silence_takes_the_words_away_and_brings_none(
    database: Database, edit_first: bool
) -> None:
    def was_silent(connection: Any) -> None:
        silences.add(connection, people.know(connection, PEOPLE[0]).id, START + 500, START + 5_000)

    await database.write(was_silent)
    events = [said(0, "coffee"), edit(1, 0, "library")]
    await fold(database, events[::-1] if edit_first else events, [1])
    shown, found = await show(database)
    assert [(row[0], row[2]) for row in shown] == [(event_id(0), "")]
    assert found["coffee"] == found["library"] == []
    await fold(database, [edit(6, 0, "visit")], [])
    assert await bodies(database) == {event_id(0): "visit"}


def test_event_hashes_are_signed_64_bit() -> None:
    assert all(-(2**63) <= event_hash(f"$e{n}") < 2**63 for n in range(200))


async def test_received_moments_bound_the_ids_but_not_the_times(database: Database) -> None:
    tomorrow = said(0, "coffee")
    late = RoomEvent(
        EventId("$future"),
        tomorrow.room_id,
        tomorrow.type,
        tomorrow.sender,
        RECEIVED + 86_400_000,
        tomorrow.content,
    )
    await fold(database, [late], [])
    shown, _ = await show(database)
    assert shown[0][3] == datetime.fromtimestamp((RECEIVED + 86_400_000) / 1000, UTC)

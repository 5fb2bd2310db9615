"""Which files are wanted, what opens them while they come, and what goes with their messages."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from demo.postgres import Postgres
from storage import folding, media, meta, migrations, rooms
from storage.database import Database, open_database
from storage.facts import read_fact
from storage.records import ArchiveRules, EventId, FilesHeld, RoomEvent, RoomId, UserId
from storage.sealed import keys_of, without_keys
from storage.types import event_hash, milliseconds

ANN, ROOM = UserId("@ann:test"), RoomId("!hall:test")
NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
RULES = ArchiveRules(media=True, media_types=("application/pdf", "image/*"), media_max_mb=1)
SECRET = "c2VjcmV0LWtleS1vZi10aGUtZmlsZQ"
SEALED: Mapping[str, Any] = {
    "url": "mxc://x/sealed",
    "v": "v2",
    "key": {"k": SECRET, "alg": "A256CTR", "kty": "oct", "ext": True, "key_ops": ["decrypt"]},
    "iv": "aXYtb2YtdGhlLWZpbGU",
    "hashes": {"sha256": "aGFzaC1vZi10aGUtZmlsZQ"},
}


def sent(
    event_id: str, name: str = "plan.pdf", mime: object = "application/pdf", **more: Any
) -> RoomEvent:
    info = {"mimetype": mime, "size": more.pop("size", 7)}
    content = {"msgtype": more.pop("kind", "m.file"), "body": name, "info": info, **more}
    if not {"url", "file"} & content.keys():
        content["url"] = f"mxc://x/{event_id[1:]}"
    return RoomEvent(EventId(event_id), ROOM, "m.room.message", ANN, milliseconds(NOW), content)


async def archive(
    database: Database, events: Sequence[RoomEvent], rules: ArchiveRules = RULES
) -> bool:
    def work(connection: Connection) -> bool:
        meta.hall_id(connection)
        facts = [read_fact(one, "en") for one in events]
        folding.record(connection, facts, milliseconds(NOW), "en")
        return media.want(connection, facts, rules, NOW)

    return await database.write(work, alone=True)


async def holdings(database: Database) -> FilesHeld:
    return await database.read(lambda c: media.holdings(c, rooms.know(c, ROOM).id))


async def column(database: Database, query: str) -> list[Any]:
    return list(await database.read(lambda c: c.execute(text(query)).scalars().all()))


async def test_of_what_is_allowed_the_bytes_are_wanted_and_of_the_rest_the_name_stays(
    database: Database,
) -> None:
    events = [
        sent("$pdf"),
        sent("$png", "a.png", "IMAGE/PNG; charset=x", kind="m.image"),
        sent("$html", "a.html", "text/html"),
        sent("$none", "a", None),
        sent("$odd", "b", ["image/png"]),
        sent("$large", "c.pdf", size=1024 * 1024 + 1),
        sent("$liar", "d.pdf", size=-5),
        sent("$sealed", "e.pdf", file=SEALED),
        sent("$broken", "f.pdf", file={**SEALED, "key": {"k": 3}}),
        sent("$nowhere", "g.pdf", url=5),
    ]
    assert not await archive(database, events[:1], ArchiveRules())
    assert await archive(database, events)
    assert await holdings(database) == FilesHeld(coming=4, left_out=4, missing=2)
    wanted = await column(database, "SELECT event_h FROM wanted_file")
    assert set(wanted) == {event_hash(one) for one in ("$pdf", "$png", "$liar", "$sealed")}
    assert not await archive(database, events[2:4])


async def test_of_stickers_names_and_types_are_kept_like_those_of_pictures_and_no_bytes(
    database: Database,
) -> None:
    told = sent("$s", "a waving cat", "image/png", kind="m.image")  # whatever its sender adds
    sticker = replace(told, type="m.sticker")
    picture = sent("$p", "a cat.png", "image/png", kind="m.image")
    assert not await archive(database, [sticker])
    assert await archive(database, [picture])
    names = await column(database, "SELECT name FROM attachment ORDER BY name")
    assert names == ["a cat.png", "a waving cat"]
    assert await column(database, "SELECT mime FROM attachment") == ["image/png"] * 2
    assert await column(database, "SELECT event_h FROM wanted_file") == [event_hash("$p")]
    marks = await column(database, "SELECT marks FROM message ORDER BY seq")
    assert marks == ["image", "file image"]
    assert await holdings(database) == FilesHeld(coming=1)
    gone = RoomEvent(EventId("$r"), ROOM, "m.room.redaction", ANN, milliseconds(NOW), {},
                     redacts=sticker.event_id)  # fmt: skip
    await archive(database, [gone])
    assert await column(database, "SELECT name FROM attachment") == ["a cat.png"]


@pytest.mark.promise(
    "What opens an encrypted file is never kept with its message, and goes as soon as the file is"
    " fetched or given up"
)
async def test_the_keys_of_a_file_stand_beside_the_log_and_go_with_the_work(
    database: Database,
) -> None:
    thumbnail = {"thumbnail_file": {**SEALED, "url": "mxc://x/small"}, "mimetype": "image/png"}
    event = sent("$one", "a.png", "image/png", kind="m.image", file=SEALED)
    again = {"org.matrix.msc1767.file": {"name": "a.png", "file": SEALED}}
    content = {**event.content, "info": thumbnail, **again}
    two = sent("$two", file=SEALED)
    await archive(database, [replace(event, content=content), two])
    (log, _) = await column(database, "SELECT content FROM event ORDER BY seq")
    assert SECRET not in log
    assert json.loads(log)["info"]["thumbnail_file"] == {"url": "mxc://x/small"}
    kept = await column(database, "SELECT keys FROM wanted_file")
    assert all(SECRET in one for one in kept)
    assert len(kept) == 2
    await database.write(lambda c: media.keep(c, event_hash("$one"), "a" * 64, 3))
    await database.write(lambda c: media.give_up(c, event_hash("$two"), media.REFUSED))
    assert await column(database, "SELECT keys FROM wanted_file") == []
    assert await holdings(database) == FilesHeld(files=1, size_bytes=3, missing=1)


async def test_what_was_taken_back_is_wanted_no_more_and_keeps_no_bytes(database: Database) -> None:
    await archive(database, [sent("$one"), sent("$two"), sent("$three")])
    for name in ("$two", "$three"):
        await database.write(lambda c: media.keep(c, event_hash(name), "a" * 64, 3))  # noqa: B023 — awaited at once
    assert await database.read(media.all_kept) == {"a" * 64}
    gone = [
        RoomEvent(EventId(f"$r{n}"), ROOM, "m.room.redaction", ANN, milliseconds(NOW), {},
                  redacts=EventId(target))
        for n, target in enumerate(("$one", "$two"))
    ]  # fmt: skip
    await archive(database, gone)
    assert await column(database, "SELECT keys FROM wanted_file") == []
    assert await database.read(media.all_kept) == {"a" * 64}, "another message names it, too"
    assert await database.read(media.next_wanted) is None
    assert not await database.write(lambda c: media.keep(c, event_hash("$one"), "b" * 64, 3))
    last = replace(gone[0], event_id=EventId("$r9"), redacts=EventId("$three"))
    await archive(database, [last])
    assert await database.read(media.all_kept) == set()
    late = sent("$late")
    await archive(database, [replace(last, event_id=EventId("$r8"), redacts=late.event_id), late])
    assert await database.read(media.next_wanted) is None


async def test_what_fails_is_tried_again_when_its_time_comes(database: Database) -> None:
    await archive(database, [sent("$one"), sent("$two")])
    found = await database.read(media.next_wanted)
    assert found is not None
    first, at = found
    assert (at, first.tries, first.keys) == (NOW, 0, None)
    later = NOW + timedelta(hours=1)
    await database.write(lambda c: media.try_later(c, first.event_h, later))
    found = await database.read(media.next_wanted)
    assert found is not None
    assert (found[0].event_h != first.event_h, found[1]) == (True, NOW)
    assert await database.write(media.give_all_up) == 2


def test_keys_are_found_wherever_they_stand_and_nothing_else_is_touched() -> None:
    plain = {"body": "x", "key": "of the house", "info": {"v": 2, "iv": "roman four"}, "l": [1, {}]}
    assert without_keys(plain) == plain
    assert SECRET not in json.dumps(without_keys({"a": [{"b": [SEALED]}]}))
    deep: Any = SEALED
    for _ in range(200):
        deep = {"x": [deep]}
    assert SECRET not in json.dumps(without_keys(deep))
    assert keys_of({"file": SEALED}) is not None
    long, odd = {**SEALED, "iv": "x" * 500}, {**SEALED, "hashes": 1}
    broken: Any
    for broken in (None, [], {}, {"key": []}, long, odd):
        assert keys_of({"file": broken}) is None


@pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
async def test_keys_that_were_stored_before_leave_the_log(
    engine: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    url = f"sqlite:///{tmp_path}/hall.db"
    if engine == "postgresql":
        server: Postgres = request.getfixturevalue("postgres")
        name = f"hall_{uuid4().hex[:12]}"
        server.create_database(name)
        url = server.url(name)
    database = await open_database(url)
    contents = [{"body": "a", "file": SEALED}, {"url": "mxc://x/y"}, {"key": "of the house"}, None]

    def before(connection: Connection) -> None:
        migrations.bring_to(connection, "0009")
        for seq, content in enumerate(contents):
            told = None if content is None else json.dumps(content, separators=(",", ":"))
            connection.execute(
                text(
                    "INSERT INTO event (seq, event_id, event_h, room_id, type, sender_id, ts,"
                    " received, content) VALUES (:n, :id, :n, 1, 'm.room.message', 1, 1, 1, :told)"
                ),
                {"n": seq, "id": f"$e{seq}", "told": told},
            )

    await database.write(before, alone=True)
    await database.write(migrations.bring_up_to_date, alone=True)
    kept = await column(database, "SELECT content FROM event ORDER BY seq")
    assert [one and json.loads(one) for one in kept] == [
        {"body": "a", "file": {"url": "mxc://x/sealed"}}, *contents[1:],
    ]  # fmt: skip
    await database.close()

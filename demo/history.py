"""Gives a room a long past: writes thousands of events straight into a stopped Synapse's SQLite.

Real sends take five minutes per 20,000; this takes a few seconds, with any timestamps. It knows
the tables of Synapse 1.150 to 1.163, and needs each event id to be the event's reference hash:
else Synapse calls the database corrupt.
"""

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from canonicaljson import encode_canonical_json
from unpaddedbase64 import encode_base64

from storage.records import EventId

_BATCH = 5_000
# Redaction leaves something of these, so their reference hash would need the room's rules.
_KEEP_SOMETHING = {
    "m.room.create",
    "m.room.member",
    "m.room.join_rules",
    "m.room.power_levels",
    "m.room.history_visibility",
    "m.room.redaction",
    "m.room.aliases",
}
_ROOM_VERSIONS = {"11", "12"}


@dataclass(frozen=True, slots=True)
class PastMessage:
    """An event to be written. Relations name an earlier one by its index in the same call."""

    sender: str  # a joined member
    body: str
    origin_ts_ms: int
    thread_root: int | None = None
    edits: int | None = None
    reacts_to: int | None = None  # makes it a reaction: `body` is the key
    refers_to: int | None = None  # m.reference, such as a vote's poll
    type: str = "m.room.message"
    content: Mapping[str, Any] | None = None  # instead of the plain text made from `body`


def write_history(folder: Path, room_id: str, messages: Iterable[PastMessage]) -> list[EventId]:
    """Append `messages` to the room's timeline, in this order; their event ids come back.

    `folder` is that of a stopped `Homeserver`; the room has version 11 or 12.
    """
    with closing(sqlite3.connect(folder / "homeserver.db", timeout=1.0)) as database:
        # Fails at once while Synapse still has the database open.
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        with database:
            database.execute("BEGIN IMMEDIATE")
            writer = _Writer(database, room_id)
            for message in messages:
                writer.add(message)
            writer.finish()
        # Without statistics the lookup of edits scans the whole room: a second a page.
        database.execute("ANALYZE")
    return writer.event_ids


class _Writer:
    """Chains events to the end of one room and writes them in batches."""

    def __init__(self, database: sqlite3.Connection, room_id: str) -> None:
        self.event_ids: list[EventId] = []
        self._database = database
        self._room_id = room_id
        found = database.execute("SELECT room_version FROM rooms WHERE room_id = ?", (room_id,))
        (version,) = found.fetchone() or (None,)
        if version not in _ROOM_VERSIONS:
            raise ValueError(f"Expected a room of version 11 or 12, got {room_id}: {version}")
        self._state = {
            (event_type, state_key): event_id
            for event_type, state_key, event_id in database.execute(
                "SELECT type, state_key, event_id FROM current_state_events WHERE room_id = ?",
                (room_id,),
            )
        }
        # Room version 12: the room id itself stands for the create event.
        self._names_create = version == "11"
        ends = database.execute(
            "SELECT e.event_id, e.depth, g.state_group, j.format_version"
            " FROM event_forward_extremities x JOIN events e USING (event_id)"
            " JOIN event_to_state_groups g USING (event_id) JOIN event_json j USING (event_id)"
            " WHERE x.room_id = ? ORDER BY e.stream_ordering",
            (room_id,),
        ).fetchall()
        self._prev_events = [event_id for event_id, *_ in ends]
        self._depth = max(depth for _, depth, *_ in ends)
        *_, self._state_group, self._format = ends[-1]
        (self._stream_ordering,) = database.execute(
            "SELECT max(stream_ordering) FROM events"
        ).fetchone()
        self._last_in_thread: dict[EventId, tuple[EventId, int, int]] = {}
        self._rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in _INSERTS}

    def add(self, message: PastMessage) -> None:
        if message.type in _KEEP_SOMETHING:
            raise ValueError(f"{message.type} cannot be written into a history")
        self._depth += 1
        self._stream_ordering += 1
        event_type = "m.reaction" if message.reacts_to is not None else message.type
        content = self._content(message)
        event = {
            "type": event_type,
            "room_id": self._room_id,
            "sender": message.sender,
            "content": content,
            "depth": self._depth,
            "origin_server_ts": message.origin_ts_ms,
            "prev_events": self._prev_events,
            "auth_events": self._auth_events(message.sender),
        }
        event["hashes"] = {"sha256": encode_base64(_sha256(event))}
        event_id = EventId("$" + encode_base64(_sha256(event | {"content": {}}), urlsafe=True))
        self._prepare(event_id, event)
        self._prev_events = [event_id]
        self.event_ids.append(event_id)
        if len(self._rows["events"]) >= _BATCH:
            self._flush()

    def finish(self) -> None:
        self._flush()
        if not self.event_ids:
            return
        end, room = self._prev_events[0], self._room_id
        run = self._database.execute
        run("DELETE FROM event_forward_extremities WHERE room_id = ?", (room,))
        run("INSERT INTO event_forward_extremities (event_id, room_id) VALUES (?, ?)", (end, room))
        run(
            "INSERT INTO stream_ordering_to_exterm (stream_ordering, room_id, event_id)"
            " VALUES (?, ?, ?)",
            (self._stream_ordering, room, end),
        )
        run(
            "UPDATE stream_positions SET stream_id = ? WHERE stream_name = 'events'",
            (self._stream_ordering,),
        )
        self._database.executemany(
            "INSERT INTO threads VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET"
            " latest_event_id = excluded.latest_event_id,"
            " topological_ordering = excluded.topological_ordering,"
            " stream_ordering = excluded.stream_ordering",
            [(room, root, *latest) for root, latest in self._last_in_thread.items()],
        )

    def _content(self, message: PastMessage) -> dict[str, Any]:
        plain = {"msgtype": "m.text", "body": message.body}
        content = dict(plain if message.content is None else message.content)
        match message:
            case PastMessage(thread_root=int(index)):
                root = self.event_ids[index]
                latest, *_ = self._last_in_thread.get(root, (root, 0, 0))
                relation = _relation("m.thread", root)
                fallback = {"is_falling_back": True, "m.in_reply_to": {"event_id": latest}}
                return content | {"m.relates_to": relation | fallback}
            case PastMessage(edits=int(index)):
                edit = {"m.new_content": content, "body": f"* {message.body}"}
                relation = _relation("m.replace", self.event_ids[index])
                return content | edit | {"m.relates_to": relation}
            case PastMessage(reacts_to=int(index)):
                relation = _relation("m.annotation", self.event_ids[index])
                return {"m.relates_to": relation | {"key": message.body}}
            case PastMessage(refers_to=int(index)):
                return content | {"m.relates_to": _relation("m.reference", self.event_ids[index])}
        return content

    def _auth_events(self, sender: str) -> list[str]:
        member = self._state.get(("m.room.member", sender))
        if member is None:
            raise ValueError(f"{sender} is not a member of {self._room_id}")
        create = [self._state["m.room.create", ""]] if self._names_create else []
        return [*create, self._state["m.room.power_levels", ""], member]

    def _prepare(self, event_id: EventId, event: Mapping[str, Any]) -> None:
        """Spread one event over Synapse's tables."""
        room, ts, stream = self._room_id, event["origin_server_ts"], self._stream_ordering
        stored = {**event, "signatures": {}, "unsigned": {"age_ts": ts}}
        rows = self._rows
        place = (stream, self._depth, event_id, event["type"], room, self._depth)
        rows["events"].append((*place, ts, ts, event["sender"], "url" in event["content"]))
        text = json.dumps(stored, ensure_ascii=False, separators=(",", ":"))
        rows["event_json"].append((event_id, room, text, self._format))
        rows["event_to_state_groups"].append((event_id, self._state_group))
        rows["event_edges"] += [(event_id, earlier) for earlier in self._prev_events]
        if event["type"] == "m.room.message":
            body = str(event["content"].get("body", ""))
            rows["event_search"].append((event_id, room, body))
        relation = event["content"].get("m.relates_to", {})
        if "rel_type" in relation:
            root, kind = relation["event_id"], relation["rel_type"]
            rows["event_relations"].append((event_id, root, kind, relation.get("key")))
            if kind == "m.thread":
                self._last_in_thread[root] = (event_id, self._depth, stream)

    def _flush(self) -> None:
        for table, rows in self._rows.items():
            self._database.executemany(_INSERTS[table], rows)
            rows.clear()


_INSERTS = {
    "events": "INSERT INTO events (stream_ordering, topological_ordering, event_id, type, room_id,"
    " depth, origin_server_ts, received_ts, sender, contains_url,"
    " processed, outlier, instance_name)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1, 0, 'master')",
    "event_json": "INSERT INTO event_json (event_id, room_id, json, format_version,"
    " internal_metadata) VALUES (?, ?, ?, ?, '{}')",
    "event_to_state_groups": "INSERT INTO event_to_state_groups VALUES (?, ?)",
    "event_edges": "INSERT INTO event_edges (event_id, prev_event_id, is_state) VALUES (?, ?, 0)",
    "event_relations": "INSERT INTO event_relations VALUES (?, ?, ?, ?)",
    "event_search": "INSERT INTO event_search (event_id, room_id, key, value)"
    " VALUES (?, ?, 'content.body', ?)",
}


def _relation(rel_type: str, event_id: EventId) -> dict[str, Any]:
    return {"rel_type": rel_type, "event_id": event_id}


def _sha256(event: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(encode_canonical_json(event)).digest()

"""Rooms, and who is or was in them."""

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
    false,
    true,
)

from storage.tables.base import metadata
from storage.types import Instant, Json, Long

room = Table(
    "room",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("room_id", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("cluster", String),
    Column("name", Text, nullable=False, server_default=""),
    Column("version", String, nullable=False, server_default="1"),
    Column("encrypted", Boolean, nullable=False, server_default=false()),
    Column("history_visibility", String, nullable=False, server_default="shared"),
    Column("archive_on", Boolean, nullable=False, server_default=false()),
    Column("archive_since", Instant),  # nothing older is stored
    Column("joined", Boolean, nullable=False, server_default=true()),
    Column("direct_with", String),
    Column("via", Json, nullable=False, server_default="[]"),
    Column("retention_ms", Long),  # what the room itself asks for, by m.room.retention
    Column("predecessor", String),
    Column("replacement", String),  # what a tombstone claims, before the link is verified
    Column("successor", String),  # verified both ways
    Column("create_event", Json),  # for power: creators count in version 12
    Column("power_levels", Json),
    UniqueConstraint("room_id", name="room_known_once"),
)

person = Table(
    "person",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("user_id", String, nullable=False),
    Column("display_name", Text, nullable=False, server_default=""),
    Column("city", String),
    Column("organisation", Text, nullable=False, server_default=""),
    Column("roles", Json, nullable=False, server_default="[]"),
    Column("language", String),
    Column("time_zone", String),
    Column("digest", Boolean, nullable=False, server_default=false()),
    Column("archive", Boolean, nullable=False, server_default=true()),
    UniqueConstraint("user_id", name="person_known_once"),
)

# Who is in a room now.
member = Table(
    "member",
    metadata,
    Column("room_id", Integer, primary_key=True),
    Column("person_id", Integer, primary_key=True),
    Column("membership", String, nullable=False),
    Index("member_person", "person_id"),
)

# Every membership change, so that history visibility can be judged at a message's time.
membership_fact = Table(
    "membership_fact",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("room_id", Integer, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("ts", Long, nullable=False),
    Column("membership", String, nullable=False),
    Index("membership_fact_room", "room_id", "person_id", "ts"),
)

visibility_fact = Table(
    "visibility_fact",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("room_id", Integer, nullable=False),
    Column("ts", Long, nullable=False),
    Column("visibility", String, nullable=False),
    Index("visibility_fact_room", "room_id", "ts"),
)

# How many commands a person sent in the current window; one kind refusal, then quiet.
command_count = Table(
    "command_count",
    metadata,
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("window_start", Instant, nullable=False),
    Column("commands", Integer, nullable=False),
)

# A command that lacks one argument: the next words of this person in this thread are the answer.
open_question = Table(
    "open_question",
    metadata,
    Column("thread", String, primary_key=True),  # root event id
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("command", String, nullable=False),
    Column("given", Text, nullable=False),  # what was typed after the command's name
    Column("asked_at", Instant, nullable=False),
)

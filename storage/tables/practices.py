"""Practices, their reviews and transfers."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, false

from storage.tables.base import metadata
from storage.types import Instant

practice = Table(
    "practice",
    metadata,
    Column("id", Integer, primary_key=True),  # P-12; a number is never given twice
    Column("state", String, nullable=False),
    Column("author_id", Integer, nullable=False),
    Column("city", String),  # slug; None: the author's, as of now
    Column("cluster", String),  # slug; None: nobody has said in which it belongs
    Column("language", String, nullable=False, server_default=""),
    Column("source_room", String),  # the message that it began with
    Column("source_event", String),
    Column("asking", String),  # the field that its author is asked for
    Column("card", Integer, nullable=False, server_default="0"),  # how many cards it has had
    Column("reason", Text, nullable=False, server_default=""),  # of the state that it is in
    Column("reason_event", String),
    Column("created_at", Instant, nullable=False),
    Column("shared_at", Instant),
    Column("published_at", Instant),
    Column("changed_at", Instant, nullable=False),
    Index("practice_author", "author_id"),
)

# One answer a field, as written; with the message that it came in.
practice_field = Table(
    "practice_field",
    metadata,
    Column("practice_id", Integer, primary_key=True, autoincrement=False),
    Column("field", String, primary_key=True),
    Column("text", Text, nullable=False),
    Column("room_id", String),
    Column("event_id", String),
)

# Which states a practice went through, when, and by whose word.
practice_step = Table(
    "practice_step",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("practice_id", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("person_id", Integer),
    Column("at", Instant, nullable=False),
    Index("practice_step_practice", "practice_id", "id"),
)

# What a reviewer answered to one of the three questions.
practice_review = Table(
    "practice_review",
    metadata,
    Column("practice_id", Integer, primary_key=True, autoincrement=False),
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("question", String, primary_key=True),
    Column("city", String),  # the reviewer's, as of then
    Column("facilitator", Boolean, nullable=False, server_default=false()),
    Column("verdict", String, nullable=False),  # yes, partly, no
    Column("text", Text, nullable=False),
    Column("event_id", String),
    Column("at", Instant, nullable=False),
)

# A city that looks at a practice of another, tries it, adapts it.
transfer = Table(
    "transfer",
    metadata,
    Column("id", Integer, primary_key=True),  # T-4
    Column("practice_id", Integer, nullable=False),
    Column("city", String, nullable=False),  # slug
    Column("person_id", Integer, nullable=False),  # who began it, and is asked
    Column("state", String, nullable=False),
    Column("degree", String),
    Column("room_id", String, nullable=False),  # where its card is
    Column("created_at", Instant, nullable=False),
    Column("heard_at", Instant, nullable=False),  # the last sign of life
    Column("changed_at", Instant, nullable=False),
    Index("transfer_practice", "practice_id"),
)

# Its diary: each step, with the words that came with it, and what was said in its thread.
transfer_note = Table(
    "transfer_note",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("transfer_id", Integer, nullable=False),
    Column("person_id", Integer, nullable=False),
    Column("state", String),  # the step that it tells of; None: a diary entry
    Column("text", Text, nullable=False),
    Column("room_id", String, nullable=False),
    Column("event_id", String, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("event_id", name="noted_once"),
    Index("transfer_note_transfer", "transfer_id", "id"),
)

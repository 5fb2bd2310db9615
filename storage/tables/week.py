"""The week: digests, questions that were asked, newcomers greeted."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, false

from storage.tables.base import metadata
from storage.types import Instant, Json, Long

digest = Table(
    "digest",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("scope", String, nullable=False),  # slug of a cluster; "": the community
    Column("period", String, nullable=False),  # "2026-W14"
    Column("state", String, nullable=False),  # draft, sent, skipped, replaced
    Column("since", Instant, nullable=False),
    Column("until", Instant, nullable=False),
    Column("due", Instant, nullable=False),  # when it was to be drafted
    Column("settled_at", Instant),
    Column("settled_by", String),  # user id; none: it sent itself
    Column("content", Json),  # its lines; none once they are too old to be kept
    UniqueConstraint("scope", "period", name="one_digest_a_week"),
)

# Who wants a digest of their own, and when.
digest_reader = Table(
    "digest_reader",
    metadata,
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("at", String, nullable=False),  # "08:00", on their clock
    Column("since", Instant),  # when the last one was told
)

asked_question = Table(
    "asked_question",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cluster", String, nullable=False),  # slug
    Column("room_id", String, nullable=False),
    Column("source", String, nullable=False),  # the message that asks
    Column("root", String, nullable=False),  # of the thread in which it is answered
    Column("asker", String, nullable=False),
    Column("city", String),  # slug, as of then
    Column("text", Text, nullable=False),  # "" once it was taken back
    Column("state", String, nullable=False),
    Column("asked_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    Column("offered_at", Instant),
    UniqueConstraint("source", name="asked_once"),
    Index("asked_question_cluster", "cluster", "state"),
)

# Where a question was asked besides its own room.
question_route = Table(
    "question_route",
    metadata,
    Column("question", Integer, primary_key=True, autoincrement=False),
    Column("cluster", String, primary_key=True),
    Column("by", String, nullable=False),  # the coordinator who sent it there
    Column("at", Instant, nullable=False),
)

# Which messages answer it; where one was carried back, under which key. No words.
question_answer = Table(
    "question_answer",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("question", Integer, primary_key=True, autoincrement=False),
    Column("event_id", String, nullable=False),
    Column("author", String, nullable=False),
    Column("city", String),
    Column("cluster", String, nullable=False),
    Column("at", Instant, nullable=False),
    Column("carried", String),  # key of the copy in the asker's room
    Column("accepted", Boolean, nullable=False, server_default=false()),
    Index("question_answer_question", "question"),
)

# Who was greeted in which cluster, or was there before anybody was.
greeted = Table(
    "greeted",
    metadata,
    Column("person_id", Integer, primary_key=True, autoincrement=False),
    Column("cluster", String, primary_key=True),
)

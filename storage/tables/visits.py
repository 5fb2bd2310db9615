"""Visits, their dates and votes, and what was promised there."""

from sqlalchemy import Boolean, Column, Index, Integer, String, Table, Text, UniqueConstraint, false

from storage.tables.base import metadata
from storage.types import Instant, Json, Long

visit = Table(
    "visit",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cluster", String, nullable=False),
    Column("room_id", String, nullable=False),
    Column("host", String, nullable=False),
    Column("title", Text, nullable=False),
    Column("days", Integer, nullable=False),
    Column("state", String, nullable=False),
    Column("proposer", String, nullable=False),
    Column("source", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("deadline", Instant, nullable=False),
    Column("time_zone", String, nullable=False),
    Column("quorum", Integer, nullable=False),
    Column("first", Boolean, nullable=False, server_default=false()),
    Column("electorate", Json, nullable=False, server_default="[]"),  # as it was at opening
    Column("round", Integer, nullable=False, server_default="1"),
    Column("extended", Boolean, nullable=False, server_default=false()),
    Column("closing_since", Instant),
    Column("start", String),  # local days, ISO: never instants
    Column("last", String),
    Column("override", Text, nullable=False, server_default=""),
    Column("place", Text, nullable=False, server_default=""),
    Column("online_at", Instant),
    Column("sequence", Integer, nullable=False, server_default="0"),
    Column("stamp", Instant),
    Column("card", Integer, nullable=False, server_default="1"),
    Column("report", Integer, nullable=False, server_default="1"),
    Column("override_source", String),
    Column("place_source", String),
    UniqueConstraint("source", name="visit_proposed_once"),
    Index("visit_cluster", "cluster", "state"),
)

visit_option = Table(
    "visit_option",
    metadata,
    Column("visit", Integer, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("start", String, nullable=False),
    Column("last", String, nullable=False),
    Column("refused_by", String),
    Column("withdrawn", Boolean, nullable=False, server_default=false()),
    Column("closed_at", Instant),  # when the end of its poll was sent: clients go by it, too
)

# The ledger: what each person said to each date, by whatever way; folded, never overwritten.
visit_vote = Table(
    "visit_vote",
    metadata,
    Column("event_h", Long, primary_key=True, autoincrement=False),
    Column("visit", Integer, primary_key=True, autoincrement=False),
    Column("option", Integer, primary_key=True, autoincrement=False),
    Column("event_id", String, nullable=False),
    Column("person", String, nullable=False),
    Column("party", String),  # said for that party by somebody who stands in
    Column("at", Instant, nullable=False),
    Column("value", String, nullable=False),  # yes, maybe, no; "" where it was taken back
    Column("channel", String, nullable=False),
    Index("visit_vote_visit", "visit"),
)

# What people wrote about a visit: agenda, delegations, travel, tasks, notes, the report.
visit_line = Table(
    "visit_line",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("visit", Integer, nullable=False),
    Column("kind", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", String, nullable=False),
    Column("source", String),  # event id
    Column("created_at", Instant, nullable=False),
    Column("city", String),
    Column("owner", String),
    Column("day", String),
    Column("count", Integer),
    Column("done_at", Instant),
    Column("cites", String),
    Index("visit_line_visit", "visit", "kind"),
)

recommendation = Table(
    "recommendation",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("visit", Integer, nullable=False),
    Column("city", String, nullable=False),
    Column("text", Text, nullable=False),
    Column("author", String, nullable=False),
    Column("source", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("verdict", String, nullable=False),
    Column("why", Text, nullable=False, server_default=""),
    Column("why_source", String),
    UniqueConstraint("source", name="recommended_once"),
    Index("recommendation_visit", "visit"),
)

# What somebody took on.
promise = Table(
    "promise",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("cluster", String, nullable=False),
    Column("city", String),
    Column("text", Text, nullable=False),
    Column("owner", String, nullable=False),
    Column("author", String, nullable=False),
    Column("source", String, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("progress", String, nullable=False),
    Column("due", String),
    Column("why", Text, nullable=False, server_default=""),
    Column("visit", Integer),
    Column("recommendation", Integer),
    Column("changed_at", Instant),
    Column("why_source", String),
    Column("muted", Boolean, nullable=False, server_default=false()),
    UniqueConstraint("source", name="promised_once"),
    Index("promise_city", "city"),
    Index("promise_visit", "visit"),
)

"""Visits: dates and votes, what was written about them, recommendations and promises."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "visit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster", sa.String(), nullable=False),
        sa.Column("room_id", sa.String(), nullable=False),
        sa.Column("host", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("proposer", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("deadline", types.Instant(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("first", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("electorate", types.Json(), server_default="[]", nullable=False),
        sa.Column("round", sa.Integer(), server_default="1", nullable=False),
        sa.Column("extended", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("closing_since", types.Instant(), nullable=True),
        sa.Column("start", sa.String(), nullable=True),
        sa.Column("last", sa.String(), nullable=True),
        sa.Column("override", sa.Text(), server_default="", nullable=False),
        sa.Column("place", sa.Text(), server_default="", nullable=False),
        sa.Column("online_at", types.Instant(), nullable=True),
        sa.Column("sequence", sa.Integer(), server_default="0", nullable=False),
        sa.Column("stamp", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", name="visit_proposed_once"),
    )
    op.create_index("visit_cluster", "visit", ["cluster", "state"], unique=False)
    op.create_table(
        "visit_option",
        sa.Column("visit", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("start", sa.String(), nullable=False),
        sa.Column("last", sa.String(), nullable=False),
        sa.Column("refused_by", sa.String(), nullable=True),
        sa.Column("withdrawn", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("closed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("visit", "number"),
    )
    op.create_table(
        "visit_vote",
        sa.Column("event_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("visit", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("option", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("party", sa.String(), nullable=True),
        sa.Column("at", types.Instant(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("event_h", "visit", "option"),
    )
    op.create_index("visit_vote_visit", "visit_vote", ["visit"], unique=False)
    op.create_table(
        "visit_line",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=True),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("owner", sa.String(), nullable=True),
        sa.Column("day", sa.String(), nullable=True),
        sa.Column("count", sa.Integer(), nullable=True),
        sa.Column("done_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("visit_line_visit", "visit_line", ["visit", "kind"], unique=False)
    op.create_table(
        "recommendation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("visit", sa.Integer(), nullable=False),
        sa.Column("city", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("verdict", sa.String(), nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", name="recommended_once"),
    )
    op.create_index("recommendation_visit", "recommendation", ["visit"], unique=False)
    op.create_table(
        "promise",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("cluster", sa.String(), nullable=False),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("author", sa.String(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("progress", sa.String(), nullable=False),
        sa.Column("due", sa.String(), nullable=True),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("visit", sa.Integer(), nullable=True),
        sa.Column("recommendation", sa.Integer(), nullable=True),
        sa.Column("changed_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("source", name="promised_once"),
    )
    op.create_index("promise_city", "promise", ["city"], unique=False)
    op.create_index("promise_visit", "promise", ["visit"], unique=False)

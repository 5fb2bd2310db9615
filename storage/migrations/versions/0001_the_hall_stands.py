"""The hall stands: rooms, people, archive, inbox, outbox, timers and the search index."""

import sqlalchemy as sa
from alembic import op

from storage import search, types

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "attachment",
        sa.Column("event_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("mime", sa.Text(), nullable=True),
        sa.Column("size_bytes", types.Long, nullable=True),
        sa.Column("mxc", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("event_h"),
    )
    op.create_table(
        "command_count",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("window_start", types.Instant(), nullable=False),
        sa.Column("commands", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "event",
        sa.Column("seq", types.Long, autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("event_h", types.Long, nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("ts", types.Long, nullable=False),
        sa.Column("received", types.Long, nullable=False),
        sa.Column("content", types.Json(), nullable=True),
        sa.PrimaryKeyConstraint("seq"),
        sa.UniqueConstraint("event_h", name="event_stored_once"),
    )
    op.create_table(
        "gap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.String(), nullable=False),
        sa.Column("from_token", sa.String(), nullable=True),
        sa.Column("next_token", sa.String(), nullable=False),
        sa.Column("opened_at", types.Instant(), nullable=False),
        sa.Column("events", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("retry_at", types.Instant(), nullable=True),
        sa.Column("closed_at", types.Instant(), nullable=True),
        sa.Column("abandoned", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("gap_open", "gap", ["closed_at", "room_id"], unique=False)
    op.create_table(
        "inbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("position", types.Long, nullable=False),
        sa.Column("payload", types.Json(), nullable=True),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.Column("ready_at", types.Instant(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("handled_at", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key", name="inbox_entered_once"),
    )
    op.create_index("inbox_ready", "inbox", ["state", "lane", "position"], unique=False)
    op.create_table(
        "malformed_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.String(), nullable=False),
        sa.Column("raw", types.Json(), nullable=False),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "member",
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("membership", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("room_id", "person_id"),
    )
    op.create_index("member_person", "member", ["person_id"], unique=False)
    op.create_table(
        "membership_fact",
        sa.Column("event_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("ts", types.Long, nullable=False),
        sa.Column("membership", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("event_h"),
    )
    op.create_index(
        "membership_fact_room", "membership_fact", ["room_id", "person_id", "ts"], unique=False
    )
    op.create_table(
        "message",
        sa.Column("id", types.Long, autoincrement=False, nullable=False),
        sa.Column("seq", types.Long, nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("thread_h", types.Long, nullable=False),
        sa.Column("thread_fixed", sa.Boolean(), nullable=False),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("ts", types.Long, nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("original_body", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=True),
        sa.Column("redacted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("withheld", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("seq", name="message_once_per_event"),
    )
    op.create_index("message_room", "message", ["room_id", "id"], unique=False)
    op.create_index("message_sender", "message", ["sender_id", "id"], unique=False)
    op.create_index("message_thread", "message", ["thread_h", "id"], unique=False)
    op.create_table(
        "meta",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_table(
        "open_question",
        sa.Column("thread", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("command", sa.String(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("asked_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("thread", "person_id"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("type", sa.String(), server_default="", nullable=False),
        sa.Column("state_key", sa.String(), nullable=True),
        sa.Column("content", types.Json(), nullable=True),
        sa.Column("changes", sa.String(), nullable=True),
        sa.Column("txn_id", sa.String(), nullable=False),
        sa.Column("created_at", types.Instant(), nullable=False),
        sa.Column("not_before", types.Instant(), nullable=True),
        sa.Column("attempted_at", types.Instant(), nullable=True),
        sa.Column("device", sa.String(), nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("settled_at", types.Instant(), nullable=True),
        sa.Column("event_id", sa.String(), nullable=True),
        sa.Column("failure", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key", name="posted_once"),
    )
    op.create_index("outbox_changes", "outbox", ["changes"], unique=False)
    op.create_index("outbox_event", "outbox", ["event_id"], unique=False)
    op.create_index("outbox_queued", "outbox", ["settled_at", "lane", "id"], unique=False)
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(), nullable=False),
        sa.Column("display_name", sa.Text(), server_default="", nullable=False),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("roles", types.Json(), server_default="[]", nullable=False),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("time_zone", sa.String(), nullable=True),
        sa.Column("digest", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("archive", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("user_id", name="person_known_once"),
    )
    op.create_table(
        "quote",
        sa.Column("event_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("post", sa.String(), nullable=False),
        sa.Column("thread", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("event_h", "post"),
    )
    op.create_table(
        "reaction",
        sa.Column("event_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("target_h", types.Long, nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_h"),
    )
    op.create_index("reaction_target", "reaction", ["target_h"], unique=False)
    op.create_table(
        "redaction",
        sa.Column("target_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("room_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("ts", types.Long, nullable=False),
        sa.PrimaryKeyConstraint("target_h", "room_id"),
    )
    op.create_table(
        "revision",
        sa.Column("edit_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("edit_id", sa.Text(), nullable=False),
        sa.Column("original_h", types.Long, nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("sender_id", sa.Integer(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("ts", types.Long, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("edit_h"),
    )
    op.create_index("revision_original", "revision", ["original_h"], unique=False)
    op.create_table(
        "room",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("room_id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("cluster", sa.String(), nullable=True),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("version", sa.String(), server_default="1", nullable=False),
        sa.Column("encrypted", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("history_visibility", sa.String(), server_default="shared", nullable=False),
        sa.Column("archive_on", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("archive_since", types.Instant(), nullable=True),
        sa.Column("joined", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("direct_with", sa.String(), nullable=True),
        sa.Column("via", types.Json(), server_default="[]", nullable=False),
        sa.Column("predecessor", sa.String(), nullable=True),
        sa.Column("replacement", sa.String(), nullable=True),
        sa.Column("successor", sa.String(), nullable=True),
        sa.Column("create_event", types.Json(), nullable=True),
        sa.Column("power_levels", types.Json(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("room_id", name="room_known_once"),
    )
    op.create_table(
        "search_page",
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("room_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("asked_in", sa.String(), nullable=False),
        sa.Column("query", sa.Text(), nullable=False),
        sa.Column("below", types.Long, nullable=True),
        sa.Column("shown", sa.Integer(), nullable=False),
        sa.Column("asked_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("person_id", "room_id"),
    )
    op.create_table(
        "timer",
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("room_id", sa.String(), nullable=True),
        sa.Column("payload", types.Json(), nullable=False),
        sa.Column("wall_time", sa.String(), nullable=False),
        sa.Column("time_zone", sa.String(), nullable=False),
        sa.Column("due", types.Instant(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("timer_due", "timer", ["state", "due"], unique=False)
    op.create_table(
        "visibility_fact",
        sa.Column("event_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=False),
        sa.Column("ts", types.Long, nullable=False),
        sa.Column("visibility", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("event_h"),
    )
    op.create_index("visibility_fact_room", "visibility_fact", ["room_id", "ts"], unique=False)
    op.create_table(
        "waiting_event",
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("room_id", sa.String(), nullable=False),
        sa.Column("session_id", sa.String(), nullable=True),
        sa.Column("raw", types.Json(), nullable=False),
        sa.Column("received_at", types.Instant(), nullable=False),
        sa.Column("tries", sa.Integer(), server_default="0", nullable=False),
        sa.Column("next_try", types.Instant(), nullable=True),
        sa.PrimaryKeyConstraint("event_id"),
    )
    op.create_index(
        "waiting_event_session", "waiting_event", ["room_id", "session_id"], unique=False
    )
    search.create(op.get_bind())

"""Search: what a message holds besides words, and documents beside the messages."""

import sqlalchemy as sa
from alembic import op

from storage import search, types

revision = "0008"
down_revision = "0007"

_POLLS = "('org.matrix.msc3381.poll.start', 'm.poll.start')"


def upgrade() -> None:
    op.add_column(
        "message", sa.Column("marks", sa.String(), server_default="", nullable=False)
    )
    files = "SELECT e.seq FROM event e JOIN attachment a ON a.event_h = e.event_h"
    op.execute(f"UPDATE message SET marks = 'file' WHERE body <> '' AND seq IN ({files})")
    op.execute(
        "UPDATE message SET marks = 'file image' WHERE body <> '' AND seq IN"
        f" ({files} WHERE a.mime LIKE 'image/%')"
    )
    op.execute(
        "UPDATE message SET marks = 'poll' WHERE body <> '' AND seq IN"
        f" (SELECT seq FROM event WHERE type IN {_POLLS})"
    )
    op.create_table(
        "document",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("room_id", sa.Integer(), nullable=True),
        sa.Column("cluster", sa.String(), nullable=True),
        sa.Column("everyone", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("city", sa.String(), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("ts", types.Long, nullable=False),
        sa.Column("lang", sa.String(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("kind", "subject", name="document_once"),
    )
    op.add_column(
        "search_page",
        sa.Column("documents", sa.Boolean(), server_default=sa.true(), nullable=False),
    )
    search.create(op.get_bind())

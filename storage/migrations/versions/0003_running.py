"""A restored hall knows what it has said since its backup; parked entries tell why."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.create_table(
        "echo",
        sa.Column("txn_id", sa.String(), nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("seen_at", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("txn_id"),
    )
    op.add_column("inbox", sa.Column("failure", sa.String(), nullable=True))

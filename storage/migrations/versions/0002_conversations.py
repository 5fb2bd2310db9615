"""Features listen: to words, to reactions, and to what becomes of messages they were made from."""

import sqlalchemy as sa
from alembic import op

from storage import types

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "listening",
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("person_id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("talk", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("since", types.Instant(), nullable=False),
        sa.PrimaryKeyConstraint("place", "person_id", "kind"),
    )
    op.create_index("listening_subject", "listening", ["kind", "subject"], unique=False)
    op.create_table(
        "source",
        sa.Column("event_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("talk", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.PrimaryKeyConstraint("event_h", "kind", "subject"),
    )
    op.create_index("source_subject", "source", ["kind", "subject"], unique=False)
    op.create_table(
        "heeded_reaction",
        sa.Column("event_h", types.Long, autoincrement=False, nullable=False),
        sa.Column("event_id", sa.String(), nullable=False),
        sa.Column("room_id", sa.String(), nullable=False),
        sa.Column("sender", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("event_h"),
    )
